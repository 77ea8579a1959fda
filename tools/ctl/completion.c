// SPDX-License-Identifier: GPL-2.0
/*
 * The completion for bash, made from the tables in main.c. It needs no bash-completion:
 * it splits the line by itself, as bash takes ":" and "=" for the ends of words.
 */
#include <string.h>
#include "ctl.h"

static void put_options(unsigned int options)
{
	int id;

	for (id = 0; id < OPTIONS; id++)
		if (options & BIT(id))
			printf(" --%s", option_descs[id].name);
}

/* Of the options that take a value, what to offer */
static void put_values(void)
{
	int id;

	puts("\tcase $previous in");
	for (id = 0; id < OPTIONS; id++) {
		if (!option_descs[id].arg)
			continue;
		printf("\t--%s", option_descs[id].name);
		if (option_descs[id].letter)
			printf(" | -%c", option_descs[id].letter);
		if (id == OPT_METHOD)
			puts(") _devresetctl_offer \"none reset_done error_handlers rebind\"; return ;;");
		else if (id == OPT_COLOR)
			puts(") _devresetctl_offer \"auto always never\"; return ;;");
		else
			puts(") mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;");
	}
	puts("\tesac");
}

static void put_policy(void)
{
	const char * const *word;
	size_t i;

	printf("\tpolicy) _devresetctl_offer \"");
	for (i = 0; i < policy_key_count; i++) {
		printf("%s%s=", i ? " " : "", policy_keys[i].name);
		for (word = policy_keys[i].words; word && *word; word++)
			printf(" %s=%s", policy_keys[i].name, *word);
	}
	puts("\" ;;");
}

static void put_kinds(void)
{
	puts("\tcase $kind in\n"
	     "\tnode) _devresetctl_offer \"$(cd /sys/class/devreset 2>/dev/null && printf '%s ' */)\" / ;;\n"
	     "\tscope) _devresetctl_offer \"component function platform\" ;;\n"
	     "\tbus) _devresetctl_offer \"pci usb net\" ;;\n"
	     "\tdevice) _devresetctl_offer \"$(cd \"/sys/bus/${words[at - 1]}/devices\" 2>/dev/null ||\n"
	     "\t\tcd /sys/class/net 2>/dev/null && printf '%s ' *)\" ;;\n"
	     "\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;");
	put_policy();
	puts("\tesac");
}

static void put_commands(void)
{
	size_t i;

	puts("\tcase $command in");
	for (i = 0; i < command_count; i++) {
		printf("\t%s) kinds=\"%s\" options+=\"", commands[i].name, commands[i].complete);
		put_options(commands[i].options);
		puts("\" ;;");
	}
	printf("\t'') _devresetctl_offer \"");
	for (i = 0; i < command_count; i++)
		printf("%s ", commands[i].name);
	puts("$options\"; return ;;\n\tesac");
}

int print_completion(void)
{
	unsigned int global = BIT(OPT_JSON) | BIT(OPT_PRETTY) | BIT(OPT_BATCH) | BIT(OPT_VERSION) |
			      BIT(OPT_HELP) | BIT(OPT_COLOR);

	puts("# bash completion for devresetctl: made by devresetctl --completion\n"
	     "# shellcheck shell=bash\n"
	     "_devresetctl_offer() {\n"
	     "\tlocal word offered prefix=${current%\"${current##*[:=]}\"}\n"
	     "\t# Not by compgen -W, which expands: names are of devices, and may hold anything.\n"
	     "\tread -ra offered <<<\"${1//$2 / }\"\n"
	     "\tCOMPREPLY=()\n"
	     "\tfor word in \"${offered[@]}\"; do\n"
	     "\t\t[[ $word == \"$current\"* ]] || continue\n"
	     "\t\tprintf -v word %q \"$word\"\n"
	     "\t\tCOMPREPLY+=(\"$word\")\n"
	     "\tdone\n"
	     "\t# What bash takes for words of their own is there already.\n"
	     "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$prefix\"}\")\n"
	     "\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
	     "}\n"
	     "_devresetctl() {\n"
	     "\tlocal line=${COMP_LINE:0:COMP_POINT} words current previous command='' kinds='' kind list i at\n"
	     "\tread -ra words <<<\"$line\"\n"
	     "\t[[ $line != *[[:space:]] ]] || words+=('')\n"
	     "\tat=$((${#words[@]} - 1)) current=${words[-1]} previous=${words[-2]-}\n"
	     "\tCOMPREPLY=()");
	printf("\tlocal options=\"");
	put_options(global);
	puts("\" number=0");
	put_values();
	puts("\tfor ((i = 1; i < at; i++)); do\n"
	     "\t\tcase ${words[i]} in\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) [[ $command ]] && number=$((number + 1)) || command=${words[i]} ;;\n"
	     "\t\tesac\n"
	     "\tdone");
	put_commands();
	puts("\tif [[ $current == -* ]]; then _devresetctl_offer \"$options\"; return; fi\n"
	     "\tread -ra list <<<\"$kinds\"\n"
	     "\tkind=${list[number]-}\n"
	     "\t# The last kind repeats where there is no end of them.\n"
	     "\tif [[ ! $kind && ${kinds##* } =~ ^(policy|file)$ ]]; then kind=${kinds##* }; fi");
	put_kinds();
	puts("}\ncomplete -F _devresetctl devresetctl");
	return EXIT_DONE;
}
