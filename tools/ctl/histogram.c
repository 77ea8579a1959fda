// SPDX-License-Identifier: GPL-2.0
/*
 * The histogram of durations. The log holds the last requests of a node only, and a
 * histogram never shrinks: so it goes on from the one that was written the last time, with
 * the requests that are new since then.
 */
#include <stdlib.h>
#include <string.h>
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

/* A line of what histograms_print() wrote; others are passed by. */
static void take_line(struct histograms *all, const char *line)
{
	char node[NAME_LEN], bound[16];
	struct histogram *one;
	double value;
	size_t i;

	if (sscanf(line, NAME "_bucket{node=\"%127[^\"]\",le=\"%15[^\"]\"} %lf", node, bound,
		   &value) == 3) {
		one = find(all, node);
		for (i = 0; i < HISTOGRAM_BOUNDS; i++)
			if (!strcmp(bounds[i], bound))
				one->below[i] = value;
	} else if (sscanf(line, NAME "_sum{node=\"%127[^\"]\"} %lf", node, &value) == 2) {
		find(all, node)->sum = value;
	} else if (sscanf(line, "devreset_node_log_seq{node=\"%127[^\"]\"} %lf", node, &value) == 2) {
		find(all, node)->seq = value;
	}
}

/* What file @name holds from the last time; nothing, if there is none */
void histograms_read(struct histograms *all, const char *name)
{
	FILE *file = fopen(name, "re");
	char *line = NULL;
	size_t size = 0;

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
	size_t i, count = json_object_array_length(entries);

	/* The numbers begin anew with the kernel, and with a device that is another one. */
	if (last < seq)
		seq = 0;
	for (i = 0; i < count; i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		/* For other users than root there may be no number. */
		if (!json_get(entry, "seq") || json_int(entry, "seq") > seq)
			add_entry(one, entry);
	}
	one->seq = last;
}

void histograms_print(const struct histograms *all, FILE *file)
{
	const struct histogram *one;
	size_t i;

	for (one = all->list; one < all->list + all->count; one++) {
		for (i = 0; i < HISTOGRAM_BOUNDS; i++)
			fprintf(file, NAME "_bucket{node=\"%s\",le=\"%s\"} %.0f\n", one->node, bounds[i],
				one->below[i]);
		fprintf(file, NAME "_sum{node=\"%s\"} %.15g\n", one->node, one->sum);
		fprintf(file, NAME "_count{node=\"%s\"} %.0f\n", one->node,
			one->below[HISTOGRAM_BOUNDS - 1]);
	}
}
