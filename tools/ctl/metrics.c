// SPDX-License-Identifier: GPL-2.0
/*
 * metrics: for Prometheus. node_exporter's textfile collector reads the text format, in
 * which a StateSet and an Info are gauges, and a counter's family has the name of its
 * samples; --openmetrics has them as what they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "metrics.h"

static const char * const states[] = { "healthy", "recovering", "probation", "failed", "stuck" };

static const struct {
	const char *file, *name, *unit, *help;
	double scale;
} counters[] = {
	{ "requests", "requests", "", "Requests made at this node", 1 },
	{ "joined", "joined", "", "Requests that a running reset covered already", 1 },
	{ "successes", "successes", "", "Requests that succeeded", 1 },
	{ "failures", "failures", "", "Requests that failed", 1 },
	{ "escalations", "escalations", "", "Rungs climbed", 1 },
	{ "hangs", "hangs", "", "Hangs detected", 1 },
	{ "downtime_ms", "downtime_seconds", "seconds",
		"Time from the detection of hangs to their cure", 0.001 },
	{ "attempts", "attempts", "", "Resets of this node", 1 },
	{ "timeouts", "timeouts", "", "Resets of this node that did not end in time", 1 },
	{ "soft_errors", "soft_errors", "", "Resets of this node that worked, with trouble", 1 },
	{ "external", "external", "", "Resets of this node that others made", 1 },
	{ "quiesced", "quiesced", "", "Times that this node was stopped for a reset", 1 },
};

struct output {
	FILE *file;
	struct json_object *nodes;
	bool openmetrics;
};

void put_label(FILE *file, const char *name, const char *value)
{
	fprintf(file, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', file);
		if (*value == '\n')
			fputs("\\n", file);
		else
			fputc(*value, file);
	}
	fputc('"', file);
}

/* @suffix: of the samples, which the text format has in the family's name, too */
static void family(struct output *out, const char *name, const char *suffix, const char *type,
		   const char *unit, const char *help)
{
	const char *own = out->openmetrics ? "" : suffix;

	if (!out->openmetrics && (!strcmp(type, "stateset") || !strcmp(type, "info")))
		type = "gauge";
	fprintf(out->file, "# TYPE devreset_%s%s %s\n", name, own, type);
	if (out->openmetrics && unit[0])
		fprintf(out->file, "# UNIT devreset_%s%s %s\n", name, own, unit);
	fprintf(out->file, "# HELP devreset_%s%s %s.\n", name, own, help);
}

static void sample(struct output *out, const char *name, const char *node, double value)
{
	fprintf(out->file, "devreset_%s{", name);
	put_label(out->file, "node", node);
	fprintf(out->file, "} %.15g\n", value);
}

#define for_each_node(node, out, i)							\
	for (i = 0; i < json_object_array_length((out)->nodes) &&			\
	     (node = json_object_array_get_idx((out)->nodes, i)); i++)

static void put_info(struct output *out)
{
	static const char * const labels[] = { "node", "scope", "parent", "device", "driver" };
	struct json_object *node;
	size_t i, label;

	family(out, "node", "_info", "info", "", "What a node is");
	for_each_node(node, out, i) {
		fputs("devreset_node_info{", out->file);
		for (label = 0; label < ARRAY_SIZE(labels); label++) {
			if (label)
				fputc(',', out->file);
			put_label(out->file, labels[label], json_str(node, labels[label]));
		}
		fputs("} 1\n", out->file);
	}
}

static void put_states(struct output *out)
{
	struct json_object *node;
	size_t i, state;

	family(out, "node_state", "", "stateset", "", "What is known of a node");
	for_each_node(node, out, i) {
		for (state = 0; state < ARRAY_SIZE(states); state++) {
			fputs("devreset_node_state{", out->file);
			put_label(out->file, "node", json_str(node, "node"));
			fprintf(out->file, ",devreset_node_state=\"%s\"} %d\n", states[state],
				!strcmp(json_str(node, "state"), states[state]));
		}
	}
}

static void put_counters(struct output *out)
{
	struct json_object *node;
	char name[64], total[80];
	size_t i, counter;

	for (counter = 0; counter < ARRAY_SIZE(counters); counter++) {
		snprintf(name, sizeof(name), "node_%s", counters[counter].name);
		snprintf(total, sizeof(total), "%s_total", name);
		family(out, name, "_total", "counter", counters[counter].unit,
		       counters[counter].help);
		for_each_node(node, out, i)
			sample(out, total, json_str(node, "node"),
			       json_int(json_get(node, "stats"), counters[counter].file) *
			       counters[counter].scale);
	}
}

static void put_last(struct output *out)
{
	struct json_object *node, *time;
	size_t i;

	family(out, "node_last_request_timestamp_seconds", "", "gauge", "seconds",
	       "When the last request made at this node ended");
	for_each_node(node, out, i) {
		time = json_get(json_get(node, "last"), "time");
		if (time && json_object_get_double(time) > 0)
			sample(out, "node_last_request_timestamp_seconds", json_str(node, "node"),
			       json_object_get_double(time));
	}
	family(out, "node_last_request_success", "", "gauge", "",
	       "Whether the last request made at this node succeeded");
	for_each_node(node, out, i) {
		time = json_get(json_get(node, "last"), "time");
		if (time && json_object_get_double(time) > 0)
			sample(out, "node_last_request_success", json_str(node, "node"),
			       !json_int(json_get(node, "last"), "status"));
	}
}

/* The entries of each node, by its name */
static struct json_object *log_by_node(struct json_object *log)
{
	struct json_object *map = json_object_new_object(), *entry, *own;
	size_t i;

	for (i = 0; i < json_object_array_length(log); i++) {
		entry = json_object_array_get_idx(log, i);
		own = json_get(map, json_str(entry, "node"));
		if (!own) {
			own = json_object_new_array();
			json_object_object_add(map, json_str(entry, "node"), own);
		}
		json_object_array_add(own, json_object_get(entry));
	}
	return map;
}

/* Of nodes that have gone, too, as long as the file is kept */
static void put_durations(struct output *out, struct json_object *log, const char *name)
{
	struct json_object *map = log_by_node(log);
	struct histograms all = { NULL };
	size_t i;

	histograms_read(&all, name);
	json_object_object_foreach(map, node, entries)
		histograms_add(&all, node, entries);
	family(out, "node_recovery_duration_seconds", "", "histogram", "seconds",
	       "How long requests took");
	histograms_print(&all, out->file);
	family(out, "node_log_seq", "", "gauge", "",
	       "Number of the last request that is in the histogram");
	for (i = 0; i < all.count; i++)
		sample(out, "node_log_seq", all.list[i].node, all.list[i].seq);
	free(all.list);
	json_object_put(map);
}

int cmd_metrics(int argc, char **argv)
{
	const char *name = ctl.value[OPT_OUTPUT] ? ctl.value[OPT_OUTPUT] : "-";
	struct output out = { .openmetrics = ctl.value[OPT_OPENMETRICS] };
	struct json_object *log;
	char *tmp;
	int status = log_read(NULL, &log);

	(void)argc;
	(void)argv;
	if (status)
		goto put;
	if (ctl.json) {
		status = fail(EXIT_USAGE, "metrics are no JSON: see show and list");
		goto put;
	}
	out.file = replace_begin(name, &tmp);
	if (!out.file) {
		status = fail_errno(errno, "%s", name);
		if (status != EXIT_DENIED)
			status = EXIT_FAILED;
		goto put;
	}
	out.nodes = node_list(true);
	put_info(&out);
	put_states(&out);
	put_counters(&out);
	put_last(&out);
	put_durations(&out, log, name);
	if (out.openmetrics)
		fputs("# EOF\n", out.file);
	json_object_put(out.nodes);
	status = replace_end(out.file, name, tmp);
put:
	json_object_put(log);
	return status;
}
