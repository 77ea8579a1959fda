// SPDX-License-Identifier: GPL-2.0
/*
 * log: the last requests of each node. debugfs has them with each attempt and the
 * time of each phase, for root; sysfs has the last of each node, for all.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

#define LOG_FILE	"kernel/debug/devreset/log"

static FILE *log_open(void)
{
	char *path = format("%s/" LOG_FILE, ctl.sys);
	FILE *file = fopen(path, "re");

	free(path);
	return file;
}

/* "key=value" or "key=\"value\"", in its place. NULL: no more, or no such thing */
static char *next_pair(char **rest, char **value)
{
	char *key = *rest + strspn(*rest, " "), *end;

	end = strchr(key, '=');
	if (!end)
		return NULL;
	*end++ = '\0';
	if (*end == '"') {
		/* The last of a line; there may be any character in it. */
		*value = end + 1;
		end = strrchr(end + 1, '"');
	} else {
		*value = end;
		end = strchr(end, ' ');
	}
	*rest = end ? end + 1 : *value + strlen(*value);
	if (end)
		*end = '\0';
	return key;
}

static void add_value(struct json_object *object, const char *key, const char *value)
{
	char *end;
	long long number = strtoll(value, &end, 10);

	if (*value && !*end)
		json_add_int(object, key, number);
	else
		json_add(object, key, value);
}

/*
 * NODE #SEQ TIME asked=... requester=... ... reason="...": a requester is the name of a
 * process, which may have blanks in it. NULL: it is none.
 */
static struct json_object *parse_entry(char *line)
{
	char *node = strsep(&line, " "), *seq = strsep(&line, " "), *time = strsep(&line, " ");
	char *requester, *status, *key, *value;
	struct json_object *entry;

	if (!line || seq[0] != '#')
		return NULL;
	entry = json_object_new_object();
	json_add(entry, "node", node);
	json_add_int(entry, "seq", atoll(seq + 1));
	json_object_object_add(entry, "time", json_object_new_double_s(atof(time), time));
	requester = strstr(line, " requester=");
	status = requester ? strstr(requester, " status=") : NULL;
	if (status) {
		*status = '\0';
		json_add(entry, "requester", requester + strlen(" requester="));
		*requester = '\0';
		while ((key = next_pair(&line, &value)))
			add_value(entry, key, value);
		line = status + 1;
	}
	while ((key = next_pair(&line, &value)))
		add_value(entry, key, value);
	json_object_object_add(entry, "tries", json_object_new_array());
	return entry;
}

/* "  NODE status=... method=... PHASE=US...": the time of a phase is that of its end. */
static void parse_try(struct json_object *entry, char *line)
{
	struct json_object *try = json_object_new_object(), *phases = json_object_new_array();
	char *key, *value;

	line += strspn(line, " ");
	json_add(try, "node", strsep(&line, " "));
	while (line && (key = next_pair(&line, &value))) {
		struct json_object *phase;

		if (!strcmp(key, "status") || !strcmp(key, "method")) {
			add_value(try, key, value);
			continue;
		}
		phase = json_object_new_object();
		json_add(phase, "phase", key);
		json_add_int(phase, "end_us", atoll(value));
		json_object_array_add(phases, phase);
	}
	json_object_object_add(try, "phases", phases);
	json_object_array_add(json_get(entry, "tries"), try);
}

static struct json_object *parse_log(FILE *file, const char *node)
{
	struct json_object *entries = json_object_new_array(), *entry = NULL;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == ' ') {
			if (entry)
				parse_try(entry, line);
			continue;
		}
		entry = parse_entry(line);
		if (!entry)
			continue;
		if (node && strcmp(node, json_str(entry, "node"))) {
			json_object_put(entry);
			entry = NULL;
		} else {
			json_object_array_add(entries, entry);
		}
	}
	free(line);
	return entries;
}

/* Of each node the last, without its attempts; "last/time" is when it ended. */
static struct json_object *log_of_last(const char *name)
{
	struct json_object *entries = json_object_new_array(), *nodes = node_list(true);
	size_t i;

	for (i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);
		struct json_object *last = json_get(node, "last"), *entry = NULL;
		double time = json_object_get_double(json_get(last, "time"));

		if ((name && strcmp(name, json_str(node, "node"))) || time <= 0)
			continue;
		json_object_deep_copy(last, &entry, json_c_shallow_copy_default);
		json_add(entry, "node", json_str(node, "node"));
		json_add_time(entry, "time", time - json_int(last, "duration_us") / 1e6);
		json_object_array_add(entries, entry);
	}
	json_object_put(nodes);
	return entries;
}

static int by_time(const void *a, const void *b)
{
	double first = json_object_get_double(json_get(*(struct json_object * const *)a, "time"));
	double second = json_object_get_double(json_get(*(struct json_object * const *)b, "time"));

	return (first > second) - (first < second);
}

/*
 * What is logged of @node, or of all (NULL), the oldest first. Returns an exit status;
 * *@entries is to be put in any case.
 */
int log_read(const char *node, struct json_object **entries)
{
	int ret, status;
	FILE *file;

	*entries = NULL;
	status = module_check();
	if (status)
		return status;
	if (family_present()) {
		ret = family_log(node, entries);
		if (ret && ret != -ENODEV && ret != -ENOENT)
			return fail_errno(-ret, "the log");
		goto sort;
	}
	file = log_open();
	if (!file && errno != EACCES && errno != EPERM && errno != ENOENT)
		return fail_errno(errno, "%s/" LOG_FILE, ctl.sys);
	if (file) {
		*entries = parse_log(file, node);
		fclose(file);
	} else {
		*entries = log_of_last(node);
	}
sort:
	/* The log of a node outlives it. */
	if (node && !json_object_array_length(*entries))
		status = node_check(node);
	json_object_array_sort(*entries, by_time);
	return status;
}

/* --- as text ------------------------------------------------------------------------ */

static void print_try(struct json_object *try)
{
	struct json_object *phases = json_get(try, "phases");
	int err = -json_int(try, "status");
	uint64_t before = 0, end;
	char took[32];
	size_t i;

	printf("    %s by %s: %s%s%s", json_str(try, "node"), json_str(try, "method"),
	       err ? color("red") : color("green"), err ? strerror(err) : "success", color("off"));
	for (i = 0; i < json_object_array_length(phases); i++) {
		struct json_object *phase = json_object_array_get_idx(phases, i);

		end = json_int(phase, "end_us");
		/* When the first phase of a later attempt began is not known. */
		printf(", %s %s%s", json_str(phase, "phase"), i ? "" : "until ",
		       format_us(i ? end - before : end, took, sizeof(took)));
		before = end;
	}
	putchar('\n');
}

static void print_entry(struct json_object *entry)
{
	struct json_object *tries = json_get(entry, "tries");
	int err = -json_int(entry, "status");
	char time[64], took[32];
	size_t i;

	format_time(json_object_get_double(json_get(entry, "time")), time, sizeof(time));
	printf("%s%s%s %s%s%s", color("dim"), time, color("off"), color("bold"),
	       json_str(entry, "node"), color("off"));
	if (json_get(entry, "seq"))
		printf(" #%s", json_str(entry, "seq"));
	if (json_get(entry, "asked"))
		printf(" %s", json_str(entry, "asked"));
	printf(" for %s (%s): %s%s%s, %s attempt%s, %s, cured by %s\n",
	       json_str(entry, "requester"), json_str(entry, "reason"), err ? color("red") : color("green"),
	       err ? strerror(err) : "success", color("off"), json_str(entry, "attempts"),
	       plural(json_int(entry, "attempts")),
	       format_us(json_int(entry, "duration_us"), took, sizeof(took)),
	       json_str(entry, "cured_by"));
	for (i = 0; tries && i < json_object_array_length(tries); i++)
		print_try(json_object_array_get_idx(tries, i));
}

int cmd_log(int argc, char **argv)
{
	struct json_object *entries;
	size_t i;
	int status = log_read(argc ? argv[0] : NULL, &entries);

	if (status) {
		json_object_put(entries);
		return status;
	}
	if (ctl.json)
		return print_json(entries);
	for (i = 0; i < json_object_array_length(entries); i++)
		print_entry(json_object_array_get_idx(entries, i));
	json_object_put(entries);
	return EXIT_DONE;
}
