// SPDX-License-Identifier: GPL-2.0
/*
 * devresetctl: see, ask for and set up resets of devices. This file: the table of
 * commands and options, from which help and completion are made, too.
 */
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define BATCH_WORDS	64

struct ctl ctl;

const struct option_desc option_descs[OPTIONS] = {
	[OPT_JSON] = { "json", 'j', NULL, "print JSON" },
	[OPT_PRETTY] = { "pretty", 'p', NULL, "print JSON that is easy to read" },
	[OPT_BATCH] = { "batch", 'b', "FILE", "run a command for each line of FILE, - for stdin" },
	[OPT_VERSION] = { "version", 'V', NULL, "print the version" },
	[OPT_HELP] = { "help", 'h', NULL, "print how it is used" },
	[OPT_COLOR] = { "color", 0, "WHEN", "auto, always or never" },
	[OPT_SYSFS] = { "sysfs", 0, "DIR", "for tests: DIR instead of /sys, and no netlink" },
	[OPT_COMPLETION] = { "completion", 0, NULL, "print the completion for bash" },
	[OPT_FAILED] = { "failed", 0, NULL, "only nodes that are failed or stuck" },
	[OPT_METHOD] = { "method", 0, "METHOD",
		"by this method or not at all: none, reset_done, error_handlers, rebind" },
	[OPT_FORCE] = { "force", 0, NULL, "also when a device is in use" },
	[OPT_NO_WAIT] = { "no-wait", 0, NULL, "return when the request is accepted" },
	[OPT_SVG] = { "svg", 0, "FILE", "write a picture" },
	[OPT_PERFETTO] = { "perfetto", 0, "FILE", "write a trace for ui.perfetto.dev" },
	[OPT_OUTPUT] = { "output", 0, "FILE", "write beside FILE, and rename" },
	[OPT_OPENMETRICS] = { "openmetrics", 0, NULL,
		"as OpenMetrics 1.0, not for node_exporter's textfile collector" },
	[OPT_DRY_RUN] = { "dry-run", 0, NULL, "tell what would be done, and do nothing" },
	[OPT_DEVICE] = { "device", 0, "DEVPATH",
		"only the device at /sys/DEVPATH, for udev rules" },
};

const struct command commands[] = {
	{ "list", "", "the tree of nodes", 0, 0, BIT(OPT_FAILED), "", cmd_list },
	{ "show", "NODE", "all that is known of a node", 1, 1, 0, "node", cmd_show },
	{ "reset", "NODE [SCOPE]", "reset it once: component, function (default) or platform", 1, 2,
		BIT(OPT_METHOD) | BIT(OPT_FORCE) | BIT(OPT_NO_WAIT), "node scope", cmd_reset },
	{ "recover", "NODE", "reset it, and what is above it, until it works", 1, 1,
		BIT(OPT_FORCE) | BIT(OPT_NO_WAIT), "node", cmd_recover },
	{ "set", "NODE KEY=VALUE...", "set its policy: all values or none", 2, -1, 0,
		"node policy", cmd_set },
	{ "manage", "BUS NAME", "put a device under policy", 2, 2, 0, "bus device", cmd_manage },
	{ "unmanage", "BUS NAME", "take a device out again", 2, 2, 0, "bus device", cmd_unmanage },
	{ "monitor", "", "print events as they come", 0, 0, 0, "", cmd_monitor },
	{ "log", "[NODE]", "the last requests", 0, 1, 0, "node", cmd_log },
	{ "timeline", "[NODE] [#N]", "a recovery as bars: the last one, or number N", 0, 2,
		BIT(OPT_SVG) | BIT(OPT_PERFETTO), "node", cmd_timeline },
	{ "explain", "NODE", "what a ladder would do now; touches nothing", 1, 1, 0, "node",
		cmd_explain },
	{ "metrics", "", "numbers for Prometheus", 0, 0, BIT(OPT_OUTPUT) | BIT(OPT_OPENMETRICS), "",
		cmd_metrics },
	{ "apply", "[FILE...]", "do what /etc/devreset/*.conf say", 0, -1,
		BIT(OPT_DRY_RUN) | BIT(OPT_DEVICE), "file", cmd_apply },
	{ "selftest", "", "reset and recover a simulated node", 0, 0, 0, "", cmd_selftest },
};

const size_t command_count = ARRAY_SIZE(commands);

#define GLOBAL_OPTIONS	(BIT(OPT_JSON) | BIT(OPT_PRETTY) | BIT(OPT_BATCH) | BIT(OPT_VERSION) | \
			 BIT(OPT_HELP) | BIT(OPT_COLOR) | BIT(OPT_SYSFS) | BIT(OPT_COMPLETION))

static void help_option(FILE *out, int id)
{
	const struct option_desc *desc = &option_descs[id];
	char text[64], letter[] = "-x, ";

	letter[1] = desc->letter;
	snprintf(text, sizeof(text), "--%s%s%s", desc->name, desc->arg ? " " : "",
		 desc->arg ? desc->arg : "");
	fprintf(out, "  %4s%-22s %s\n", desc->letter ? letter : "", text, desc->help);
}

static void help_options(FILE *out, unsigned int options)
{
	int id;

	for (id = 0; id < OPTIONS; id++)
		if (options & BIT(id))
			help_option(out, id);
}

static void help(FILE *out, const struct command *command)
{
	size_t i;

	if (command) {
		fprintf(out, "Usage: devresetctl [options] %s %s\n\n%s\n", command->name,
			command->args, command->help);
		if (command->options) {
			fputs("\nOptions:\n", out);
			help_options(out, command->options);
		}
		return;
	}
	fputs("Usage: devresetctl [options] COMMAND ...\n\nCommands:\n", out);
	for (i = 0; i < command_count; i++)
		fprintf(out, "  %-10s%-18s %s\n", commands[i].name, commands[i].args,
			commands[i].help);
	fputs("\nOptions:\n", out);
	help_options(out, GLOBAL_OPTIONS);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* What getopt_long() takes, of @options; @first: stop at what is none. */
static void make_options(unsigned int options, bool first, char *letters, struct option *table)
{
	int id;

	if (first)
		*letters++ = '+';
	for (id = 0; id < OPTIONS; id++) {
		const struct option_desc *desc = &option_descs[id];

		if (!(options & BIT(id)))
			continue;
		*table++ = (struct option) { desc->name, desc->arg != NULL, NULL, 256 + id };
		if (desc->letter)
			*letters++ = desc->letter;
		if (desc->letter && desc->arg)
			*letters++ = ':';
	}
	*letters = '\0';
	*table = (struct option) { };
}

/* The arguments that are no options end up from optind on. */
static int take_options(int argc, char **argv, unsigned int options, bool first)
{
	struct option table[OPTIONS + 1];
	char letters[2 * OPTIONS + 2];
	int c, id;

	make_options(options, first, letters, table);
	/* 0, not 1: getopt() is to forget what it had begun with, too. */
	optind = 0;
	while ((c = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (c == '?')
			return EXIT_USAGE;
		for (id = 0; id < OPTIONS; id++)
			if (c == 256 + id || (c == option_descs[id].letter && c < 256))
				ctl.value[id] = optarg ? optarg : "";
	}
	return EXIT_DONE;
}

/* What the global options mean */
static int settle(void)
{
	const char *when = ctl.value[OPT_COLOR] ? ctl.value[OPT_COLOR] : "auto";
	const char *none = getenv("NO_COLOR");

	ctl.json = ctl.value[OPT_JSON] || ctl.value[OPT_PRETTY];
	ctl.pretty = ctl.value[OPT_PRETTY];
	ctl.faked = ctl.value[OPT_SYSFS];
	ctl.sys = ctl.faked ? ctl.value[OPT_SYSFS] : "/sys";
	ctl.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!strcmp(when, "auto"))
		ctl.color = isatty(STDOUT_FILENO) && !(none && none[0]);
	else if (!strcmp(when, "always") || !strcmp(when, "never"))
		ctl.color = when[0] == 'a';
	else
		return fail(EXIT_USAGE, "--color: auto, always or never, not \"%s\"", when);
	return EXIT_DONE;
}

/* argv[0] is the name of the command. */
static int run_command(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	int status;

	if (!command)
		return fail(EXIT_USAGE, "no command \"%s\"; see devresetctl --help", argv[0]);
	status = take_options(argc, argv, GLOBAL_OPTIONS | command->options, false);
	if (!status)
		status = settle();
	if (status)
		return status;
	if (ctl.value[OPT_BATCH])
		return fail(EXIT_USAGE, "--batch is not for a command");
	if (ctl.value[OPT_HELP]) {
		help(stdout, command);
		return EXIT_DONE;
	}
	argc -= optind;
	argv += optind;
	if (argc < command->min || (command->max >= 0 && argc > command->max)) {
		help(stderr, command);
		return EXIT_USAGE;
	}
	return command->run(argc, argv);
}

/* Options, then a command */
static int run_line(int argc, char **argv)
{
	int status = take_options(argc, argv, GLOBAL_OPTIONS, true);

	if (status)
		return status;
	if (optind == argc)
		return fail(EXIT_USAGE, "options, and no command");
	return run_command(argc - optind, argv + optind);
}

static int split(char *line, char **words)
{
	static const char blanks[] = " \t\r\n";
	int count = 1;
	char *word;

	words[0] = "devresetctl";
	for (word = strtok(line, blanks); word && word[0] != '#'; word = strtok(NULL, blanks)) {
		if (count == BATCH_WORDS)
			return -1;
		words[count++] = word;
	}
	return count;
}

/* Ends with the first command that fails. */
static int run_batch(const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "r") : stdin;
	struct ctl given = ctl;
	int number = 0, status = EXIT_DONE, count;
	char *line = NULL, *words[BATCH_WORDS + 1];
	size_t size = 0;

	if (!file)
		return fail(EXIT_USAGE, "%s: %m", name);
	while (!status && getline(&line, &size, file) >= 0) {
		number++;
		count = split(line, words);
		if (count == 1)
			continue;
		if (count < 0) {
			status = fail(EXIT_USAGE, "too many words");
		} else {
			words[count] = NULL;
			ctl = given;
			status = run_line(count, words);
		}
		fflush(stdout);
		if (status)
			warn("%s:%d: ended with status %d", name, number, status);
	}
	free(line);
	if (file != stdin)
		fclose(file);
	return status;
}

static int run(int argc, char **argv)
{
	const char *batch;
	int status;

	status = take_options(argc, argv, GLOBAL_OPTIONS, true);
	if (!status)
		status = settle();
	if (status)
		return status;
	argc -= optind;
	argv += optind;
	if (ctl.value[OPT_VERSION]) {
		printf("devresetctl %s\n", VERSION);
		return EXIT_DONE;
	}
	if (ctl.value[OPT_COMPLETION])
		return print_completion();
	batch = ctl.value[OPT_BATCH];
	if (batch && argc)
		return fail(EXIT_USAGE, "--batch takes its commands from the file");
	ctl.value[OPT_BATCH] = NULL;
	if (batch)
		return run_batch(batch);
	if (argc)
		return run_command(argc, argv);
	help(ctl.value[OPT_HELP] ? stdout : stderr, NULL);
	return ctl.value[OPT_HELP] ? EXIT_DONE : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int status;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	status = run(argc, argv);
	if (fflush(stdout) || ferror(stdout))
		return fail(EXIT_FAILED, "stdout: %m");
	return status;
}
