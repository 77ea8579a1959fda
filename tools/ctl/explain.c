// SPDX-License-Identifier: GPL-2.0
/*
 * explain: what a ladder that starts at a node would do, rung by rung. All of it is
 * read: a driver is asked nothing, and no device is touched.
 */
#include <string.h>
#include "ctl.h"

/* What a hang that is found now would lead to */
static const char *answer_of(struct json_object *node, const char **why)
{
	const char *state = json_str(node, "state");

	*why = "";
	if (!json_int(json_get(node, "policy"), "auto")) {
		*why = "policy/auto is 0: a hang is counted, and left alone";
		return "ignore";
	}
	if (!strcmp(state, "failed")) {
		*why = "it is failed, until a reset that is asked for succeeds";
		return "ignore";
	}
	if (!strcmp(state, "recovering")) {
		*why = "a request runs already";
		return "ignore";
	}
	return "start";
}

static bool can_reset(struct json_object *node)
{
	struct json_object *supported = json_get(node, "supported");
	size_t i;

	for (i = 0; i < json_object_array_length(supported); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(supported, i)),
			    json_str(node, "scope")))
			return true;
	return false;
}

static const char *first_refusal(struct json_object *methods)
{
	size_t i;

	for (i = 0; i < json_object_array_length(methods); i++) {
		const char *why = json_str(json_object_array_get_idx(methods, i), "refused");

		if (why[0])
			return why;
	}
	return NULL;
}

/* @ceiling, and what @scope is for the node that is recovered */
static struct json_object *make_rung(struct json_object *node, const char *scope,
				     const char *ceiling)
{
	struct json_object *rung = json_object_new_object(), *policy = json_get(node, "policy");
	struct json_object *methods = json_get(node, "methods");
	const char *refusal = first_refusal(methods), *step = "attempt", *why = "";

	if (scope_rank(scope) > scope_rank(ceiling)) {
		step = "ceiling";
		why = "above policy/ceiling";
	} else if (!can_reset(node)) {
		step = "refused";
		why = "the hardware has no such reset here";
	} else if (refusal) {
		step = "refused";
		why = refusal;
	}
	json_add(rung, "node", json_str(node, "node"));
	json_add(rung, "scope", scope);
	json_add(rung, "step", step);
	if (why[0])
		json_add(rung, "why", why);
	json_add_int(rung, "max_attempts", json_int(policy, "max_attempts"));
	json_add_int(rung, "retry_interval_ms", json_int(policy, "retry_interval_ms"));
	json_object_object_add(rung, "devices", json_object_get(methods));
	return rung;
}

static struct json_object *explain(struct json_object *nodes, const char *name)
{
	struct json_object *out = json_object_new_object(), *rungs = json_object_new_array();
	struct json_object *node = node_find(nodes, name), *up;
	const char *scope;
	const char *ceiling = json_str(json_get(node, "policy"), "ceiling"), *why;
	size_t left = json_object_array_length(nodes);

	json_add(out, "node", name);
	json_add(out, "state", json_str(node, "state"));
	json_add(out, "ceiling", ceiling);
	json_add(out, "answer", answer_of(node, &why));
	json_add(out, "why", why);
	for (up = node; up && left--; up = node_find(nodes, json_str(up, "parent"))) {
		scope = scope_relative(nodes, name, json_str(up, "node"));
		if (scope_rank(scope) >= 0)
			json_object_array_add(rungs, make_rung(up, scope, ceiling));
	}
	json_object_object_add(out, "rungs", rungs);
	return out;
}

static void print_devices(struct json_object *devices)
{
	size_t i;

	for (i = 0; devices && i < json_object_array_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i);
		const char *driver = json_str(device, "driver"), *why = json_str(device, "refused");

		printf("       %s%s%s%s: %s%s%s%s\n", json_str(device, "device"),
		       driver[0] ? " (" : "", driver, driver[0] ? ")" : "",
		       why[0] ? color("red") : "",
		       why[0] ? "refused: " : json_str(device, "method"), why, color("off"));
	}
}

static void print_rung(struct json_object *rung, size_t number)
{
	const char *step = json_str(rung, "step"), *why = json_str(rung, "why");

	printf("  %zu. %s%s%s (%s): ", number, color("bold"), json_str(rung, "node"), color("off"),
	       json_str(rung, "scope"));
	if (!strcmp(step, "attempt"))
		printf("%sup to %s attempt%s%s, %s ms apart\n", color("green"),
		       json_str(rung, "max_attempts"), plural(json_int(rung, "max_attempts")),
		       color("off"), json_str(rung, "retry_interval_ms"));
	else if (!strcmp(step, "skip"))
		printf("%spassed by%s: its last cure did not last\n", color("yellow"),
		       color("off"));
	else
		printf("%s%s%s: %s\n", !strcmp(step, "refused") ? color("red") : color("yellow"),
		       !strcmp(step, "refused") ? "refused" : "not reached", color("off"), why);
	print_devices(json_get(rung, "devices"));
}

/* What the kernel says of it, which knows the history of the node, too */
static struct json_object *explain_by_family(const char *name)
{
	struct json_object *out = family_explain(name), *node = node_full(name);
	const char *why = "";

	if (out && node) {
		json_add(out, "ceiling", json_str(json_get(node, "policy"), "ceiling"));
		answer_of(node, &why);
		if (!strcmp(json_str(out, "answer"), "limit"))
			why = "there were too many recoveries in policy/window_ms: it fails";
		json_add(out, "why", why);
	}
	json_object_put(node);
	return out;
}

static struct json_object *explain_by_sysfs(const char *name)
{
	struct json_object *nodes = node_list(true), *out = NULL;

	if (node_find(nodes, name))
		out = explain(nodes, name);
	json_object_put(nodes);
	return out;
}

int cmd_explain(int argc, char **argv)
{
	struct json_object *out, *rungs;
	int status = node_check(argv[0]);
	size_t i;

	(void)argc;
	if (status)
		return status;
	out = family_present() ? explain_by_family(argv[0]) : explain_by_sysfs(argv[0]);
	if (!out)
		return fail(EXIT_NONE, "node \"%s\" has gone", argv[0]);
	if (ctl.json)
		return print_json(out);
	printf("%s is %s%s%s, ceiling %s.\n", argv[0], state_color(json_str(out, "state")),
	       json_str(out, "state"), color("off"), json_str(out, "ceiling"));
	if (strcmp(json_str(out, "answer"), "start"))
		printf("A hang that is found now starts nothing: %s.\n", json_str(out, "why"));
	else
		puts("A hang that is found now starts the ladder.");
	rungs = json_get(out, "rungs");
	for (i = 0; i < json_object_array_length(rungs); i++)
		print_rung(json_object_array_get_idx(rungs, i), i + 1);
	if (!i)
		puts("There is nothing that can be reset.");
	json_object_put(out);
	return EXIT_DONE;
}
