// SPDX-License-Identifier: GPL-2.0
/*
 * The histogram of durations. The log holds the last requests of a node only, and a
 * histogram never shrinks: so it goes on from the one that was written the last time, with
 * the requests that are new since then.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "metrics.h"

#define NAME	"devreset_node_recovery_duration_seconds"

static const char * const bounds[HISTOGRAM_BOUNDS] = {
	"0.01", "0.05", "0.1", "0.5", "1.0", "2.0", "5.0", "10.0", "30.0", "60.0", "120.0", "300.0",
	"600.0", "+Inf",
};

static struct histogram *find(struct histograms *all, const char *node)
{
	struct histogram *one;
	size_t i;

	for (i = 0; i < all->count; i++)
		if (!strcmp(all->list[i].node, node))
			return &all->list[i];
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 16;
		all->list = realloc(all->list, all->room * sizeof(*all->list));
		if (!all->list)
			abort();
	}
	one = &all->list[all->count++];
	*one = (struct histogram) { .seq = 0 };
	snprintf(one->node, sizeof(one->node), "%s", node);
	return one;
}

/*
 * The text in quotes that follows @prefix in @line, as put_label() writes it. Returns what
 * comes after it, or NULL.
 */
static const char *take_label(const char *line, const char *prefix, char *value, size_t size)
{
	size_t len = 0;

	if (strncmp(line, prefix, strlen(prefix)))
		return NULL;
	for (line += strlen(prefix); *line && *line != '"'; line++) {
		if (*line == '\\' && line[1])
			line++;
		if (len < size - 1)
			value[len++] = *line;
	}
	value[len] = '\0';
	return *line ? line + 1 : NULL;
}

/* A line of what histograms_print() wrote; others are passed by. */
static void take_line(struct histograms *all, const char *line)
{
	char node[NAME_LEN], bound[16];
	const char *rest;
	size_t i;

	rest = take_label(line, NAME "_bucket{node=\"", node, sizeof(node));
	if (rest)
		rest = take_label(rest, ",le=\"", bound, sizeof(bound));
	if (rest && *rest == '}') {
		for (i = 0; i < HISTOGRAM_BOUNDS; i++)
			if (!strcmp(bounds[i], bound))
				find(all, node)->below[i] = atof(rest + 1);
		return;
	}
	rest = take_label(line, NAME "_sum{node=\"", node, sizeof(node));
	if (rest && *rest == '}') {
		find(all, node)->sum = atof(rest + 1);
		return;
	}
	rest = take_label(line, "devreset_node_log_seq{node=\"", node, sizeof(node));
	if (rest && *rest == '}')
		find(all, node)->seq = atof(rest + 1);
}

/* What file @name holds from the last time; nothing, if there is none */
void histograms_read(struct histograms *all, const char *name)
{
	struct stat there;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	/* Nothing can be read of what was written to a terminal or a pipe. */
	if (!strcmp(name, "-") || stat(name, &there) || !S_ISREG(there.st_mode))
		return;
	file = fopen(name, "re");
	while (file && getline(&line, &size, file) >= 0)
		take_line(all, line);
	free(line);
	if (file)
		fclose(file);
}

static void add_entry(struct histogram *one, struct json_object *entry)
{
	double seconds = json_int(entry, "duration_us") / 1e6;
	size_t i;

	one->sum += seconds;
	for (i = 0; i < HISTOGRAM_BOUNDS; i++)
		one->below[i] += i == HISTOGRAM_BOUNDS - 1 || seconds <= atof(bounds[i]);
}

static int64_t last_seq(struct json_object *entries)
{
	size_t i, count = json_object_array_length(entries);
	int64_t seq, last = 0;

	/* Their order is that in which they began, but the numbers are given at the end. */
	for (i = 0; i < count; i++) {
		seq = json_int(json_object_array_get_idx(entries, i), "seq");
		if (seq > last)
			last = seq;
	}
	return last;
}

/* The requests of node @name in the log, some of which may be in the histogram already */
void histograms_add(struct histograms *all, const char *name, struct json_object *entries)
{
	struct histogram *one = find(all, name);
	int64_t last = last_seq(entries), seq = one->seq;
	bool first = !one->below[HISTOGRAM_BOUNDS - 1];
	size_t i, count = json_object_array_length(entries);

	/* The numbers begin anew with the kernel, and with a device that is another one. */
	if (last < seq)
		seq = 0;
	for (i = 0; i < count; i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		/* For other users than root there may be no number: not to be counted twice. */
		if (json_get(entry, "seq") ? json_int(entry, "seq") > seq : first)
			add_entry(one, entry);
	}
	one->seq = last;
}

void histograms_print(const struct histograms *all, FILE *file)
{
	const struct histogram *one;
	size_t i;

	for (one = all->list; one < all->list + all->count; one++) {
		for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
			fputs(NAME "_bucket{", file);
			put_label(file, "node", one->node);
			fprintf(file, ",le=\"%s\"} %.0f\n", bounds[i], one->below[i]);
		}
		fputs(NAME "_sum{", file);
		put_label(file, "node", one->node);
		fprintf(file, "} %.15g\n" NAME "_count{", one->sum);
		put_label(file, "node", one->node);
		fprintf(file, "} %.0f\n", one->below[HISTOGRAM_BOUNDS - 1]);
	}
}
