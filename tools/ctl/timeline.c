// SPDX-License-Identifier: GPL-2.0
/*
 * timeline: one request of the log as bars, an attempt a row. The log says when each
 * phase ended; it began when the one before it ended. What is before a later attempt is the
 * retry interval, or the way up to the next rung; only the netlink family tells when that
 * ends, and the first phase begins.
 */
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

static void add_bar(struct timeline *line, const struct bar *bar)
{
	line->bars = realloc(line->bars, (line->count + 1) * sizeof(*line->bars));
	if (!line->bars)
		abort();
	line->bars[line->count++] = *bar;
}

static void add_try(struct timeline *line, struct json_object *try)
{
	struct json_object *phases = json_get(try, "phases");
	struct bar bar = {
		.node = json_str(try, "node"),
		.attempt = line->attempts++,
		.status = json_int(try, "status"),
		.from = line->end,
	};
	struct json_object *began = json_get(try, "began_us");
	uint64_t start = json_object_get_int64(began);
	size_t i;

	if (began && start > bar.from) {
		bar.phase = "wait";
		bar.to = start;
		add_bar(line, &bar);
		bar.from = start;
	}
	for (i = 0; i < json_object_array_length(phases); i++) {
		struct json_object *phase = json_object_array_get_idx(phases, i);

		bar.phase = !began && !i && line->attempts > 1 ? "wait" : json_str(phase, "phase");
		bar.to = json_int(phase, "end_us");
		if (bar.to < bar.from)
			bar.to = bar.from;
		add_bar(line, &bar);
		bar.from = bar.to;
	}
	line->end = bar.from;
}

static void make_timeline(struct timeline *line, struct json_object *entry)
{
	struct json_object *tries = json_get(entry, "tries");
	uint64_t duration = json_int(entry, "duration_us");
	size_t i;

	*line = (struct timeline) { .entry = entry };
	for (i = 0; tries && i < json_object_array_length(tries); i++)
		add_try(line, json_object_array_get_idx(tries, i));
	if (line->end < duration)
		line->end = duration;
}

/* "#7", "7" */
static bool is_number(const char *text, long *number)
{
	char *end;

	text += text[0] == '#';
	if (text[0] < '0' || text[0] > '9')
		return false;
	*number = strtol(text, &end, 10);
	return !*end;
}

/* "NODE", "#N", "NODE #N", "NODE#N" */
static int take_arguments(int argc, char **argv, char **node, long *number)
{
	char *sign;

	*node = NULL;
	*number = 0;
	if (argc && is_number(argv[0], number))
		return argc == 1 ? EXIT_DONE : fail(EXIT_USAGE, "NODE, then #N");
	if (!argc)
		return EXIT_DONE;
	*node = argv[0];
	if (argc == 2)
		return is_number(argv[1], number) ? EXIT_DONE :
		       fail(EXIT_USAGE, "#N, a number of the log, not \"%s\"", argv[1]);
	sign = strrchr(argv[0], '#');
	if (sign && is_number(sign, number))
		*sign = '\0';
	return EXIT_DONE;
}

/* The last that fits */
static struct json_object *find_entry(struct json_object *entries, long number)
{
	size_t i = json_object_array_length(entries);

	while (i--) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		if (!number || json_int(entry, "seq") == number)
			return entry;
	}
	return NULL;
}

static struct json_object *timeline_json(const struct timeline *line)
{
	struct json_object *out = json_object_new_object(), *bars = json_object_new_array();
	size_t i;

	json_add(out, "node", json_str(line->entry, "node"));
	json_add_int(out, "seq", json_int(line->entry, "seq"));
	json_add_int(out, "status", json_int(line->entry, "status"));
	json_add_int(out, "end_us", line->end);
	for (i = 0; i < line->count; i++) {
		struct json_object *bar = json_object_new_object();

		json_add(bar, "node", line->bars[i].node);
		json_add_int(bar, "attempt", line->bars[i].attempt + 1);
		json_add(bar, "phase", line->bars[i].phase);
		json_add_int(bar, "from_us", line->bars[i].from);
		json_add_int(bar, "to_us", line->bars[i].to);
		json_object_array_add(bars, bar);
	}
	json_object_object_add(out, "bars", bars);
	return out;
}

static int draw(const struct timeline *line)
{
	const char *svg = ctl.value[OPT_SVG], *perfetto = ctl.value[OPT_PERFETTO];
	int status = EXIT_DONE;

	if (svg)
		status = draw_svg(line, svg);
	if (perfetto && !status)
		status = draw_perfetto(line, perfetto);
	if (svg || perfetto)
		return status;
	return ctl.json ? print_json(timeline_json(line)) : draw_terminal(line);
}

int cmd_timeline(int argc, char **argv)
{
	struct json_object *entries, *entry;
	struct timeline line;
	char *node;
	long number;
	int status = take_arguments(argc, argv, &node, &number);

	if (status)
		return status;
	status = log_read(node, &entries);
	if (status) {
		json_object_put(entries);
		return status;
	}
	entry = find_entry(entries, number);
	if (!entry) {
		status = fail(EXIT_NONE, "there is no such request in the log");
	} else {
		make_timeline(&line, entry);
		if (!line.count)
			warn("this request has no phases, or only root may read them");
		status = draw(&line);
		free(line.bars);
	}
	json_object_put(entries);
	return status;
}
