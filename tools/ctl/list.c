// SPDX-License-Identifier: GPL-2.0
/* list and show: nodes as they are now. */
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

/* --- list ------------------------------------------------------------------------- */

#define DEPTH_LIMIT	32

struct tree {
	struct json_object *nodes;
	size_t count;
	size_t *first, *next;	/* child and sibling of a node; count: none */
	bool *shown;
	int width;
	bool print;
};

static bool is_failed(struct json_object *node)
{
	const char *state = json_str(node, "state");

	return !strcmp(state, "failed") || !strcmp(state, "stuck");
}

static void list_row(struct tree *tree, const char *indent, int indent_width,
		     struct json_object *node)
{
	int width = indent_width + strlen(json_str(node, "node"));
	const char *state = json_str(node, "state"), *driver = json_str(node, "driver");

	if (!tree->print) {
		if (width > tree->width)
			tree->width = width;
		return;
	}
	printf("%s%s%s%s%s%*s  %-9s  %s%-10s%s", color("dim"), indent, color("off"),
	       json_str(node, "node"), "", tree->width - width, "", json_str(node, "scope"),
	       state_color(state), state, color("off"));
	if (json_get(node, "device"))
		printf("  %s", json_str(node, "device"));
	if (driver[0])
		printf(" (%s)", driver);
	putchar('\n');
}

/* @indent: what is before it; @last: no sibling follows */
static void list_node(struct tree *tree, size_t i, const char *indent, int depth, bool last)
{
	static const char * const branches[2][4] = {
		{ "|- ", "`- ", "|  ", "   " },
		{ "\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ", "   " },
	};
	const char * const *branch = branches[ctl.utf8];
	char *own, *below;
	size_t child;

	if (tree->shown[i] || depth > DEPTH_LIMIT)
		return;
	tree->shown[i] = true;
	own = format("%s%s", indent, depth ? branch[last] : "");
	below = format("%s%s", indent, depth ? branch[2 + last] : "");
	list_row(tree, own, 3 * depth, json_object_array_get_idx(tree->nodes, i));
	for (child = tree->first[i]; child < tree->count; child = tree->next[child])
		list_node(tree, child, below, depth + 1, tree->next[child] == tree->count);
	free(own);
	free(below);
}

/* The index of the node that is the parent of node @i, or tree->count */
static size_t parent_of(struct tree *tree, size_t i)
{
	const char *parent = json_str(json_object_array_get_idx(tree->nodes, i), "parent");
	size_t low = 0, high = tree->count;

	while (parent[0] && low < high) {
		size_t mid = (low + high) / 2;
		const char *name = json_str(json_object_array_get_idx(tree->nodes, mid), "node");
		int order = strverscmp(parent, name);

		if (!order)
			return mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return tree->count;
}

static void list_walk(struct tree *tree)
{
	size_t i;

	memset(tree->shown, 0, tree->count * sizeof(*tree->shown));
	for (i = 0; i < tree->count; i++)
		if (parent_of(tree, i) == tree->count)
			list_node(tree, i, "", 0, true);
}

/* Twice: to find the width of the first column, and to print */
static void list_tree(struct json_object *nodes)
{
	struct tree tree = { .nodes = nodes, .count = json_object_array_length(nodes) };
	size_t i, parent;

	tree.first = calloc(tree.count + 1, sizeof(*tree.first));
	tree.next = calloc(tree.count + 1, sizeof(*tree.next));
	tree.shown = calloc(tree.count + 1, sizeof(*tree.shown));
	if (!tree.first || !tree.next || !tree.shown)
		abort();
	for (i = 0; i < tree.count; i++) {
		tree.first[i] = tree.count;
		tree.next[i] = tree.count;
	}
	/* From the end, as each is put before the siblings that are there */
	for (i = tree.count; i--;) {
		parent = parent_of(&tree, i);
		if (parent == tree.count)
			continue;
		tree.next[i] = tree.first[parent];
		tree.first[parent] = i;
	}
	list_walk(&tree);
	tree.print = true;
	list_walk(&tree);
	free(tree.first);
	free(tree.next);
	free(tree.shown);
}

static struct json_object *only_failed(struct json_object *nodes)
{
	struct json_object *failed = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(nodes); i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);

		if (is_failed(node))
			json_object_array_add(failed, json_object_get(node));
	}
	json_object_put(nodes);
	return failed;
}

int cmd_list(int argc, char **argv)
{
	struct json_object *nodes;
	int status = module_check();

	(void)argc;
	(void)argv;
	if (status)
		return status;
	nodes = node_list(false);
	if (ctl.value[OPT_FAILED])
		nodes = only_failed(nodes);
	if (ctl.json)
		return print_json(nodes);
	list_tree(nodes);
	json_object_put(nodes);
	return EXIT_DONE;
}

/* --- show ---------------------------------------------------------------------------- */

static void show_word(const char *label, const char *text)
{
	if (text[0])
		printf("  %s%-10s%s %s\n", color("dim"), label, color("off"), text);
}

/* An array of words, or the members of an object: as many in a line as fit */
static void show_members(const char *label, struct json_object *object, bool all)
{
	int column = 0;

	json_object_object_foreach(object, key, value) {
		const char *text = json_object_get_string(value);

		if (!all && !strcmp(text ? text : "", "0"))
			continue;
		if (column > 80)
			column = printf("\n  %-10s", "") * 0;
		else if (!column)
			printf("  %s%-10s%s", color("dim"), label, color("off"));
		column += printf(" %s=%s", key, text);
	}
	if (column)
		putchar('\n');
}

static void show_supported(struct json_object *array)
{
	size_t i;

	printf("  %s%-10s%s", color("dim"), "supported", color("off"));
	for (i = 0; i < json_object_array_length(array); i++)
		printf(" %s", json_object_get_string(json_object_array_get_idx(array, i)));
	putchar('\n');
}

static void show_methods(struct json_object *array)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++) {
		struct json_object *device = json_object_array_get_idx(array, i);
		const char *driver = json_str(device, "driver"), *why = json_str(device, "refused");

		printf("  %s%-10s%s %s%s%s%s: %s%s%s%s\n", color("dim"), i ? "" : "methods",
		       color("off"), json_str(device, "device"), driver[0] ? " (" : "", driver,
		       driver[0] ? ")" : "", why[0] ? color("red") : "",
		       why[0] ? "refused: " : json_str(device, "method"), why, color("off"));
	}
}

static void show_last(struct json_object *last)
{
	char time[64], took[32];
	int err = -json_int(last, "status");

	/* The kernel says "none", and 0.000, before the first. */
	if (!strcmp(json_str(last, "reason"), "none") || !last)
		return;
	format_time(json_object_get_double(json_get(last, "time")), time, sizeof(time));
	printf("  %s%-10s%s %s: %s%s%s, scope %s, method %s, %s attempt%s, %s\n", color("dim"), "last",
	       color("off"), time, err ? color("red") : color("green"), err ? strerror(err) : "success",
	       color("off"), json_str(last, "scope"), json_str(last, "method"),
	       json_str(last, "attempts"), plural(json_int(last, "attempts")),
	       format_us(json_int(last, "duration_us"), took, sizeof(took)));
	printf("  %-10s asked for by %s: %s; cured by %s\n", "", json_str(last, "requester"),
	       json_str(last, "reason"), json_str(last, "cured_by"));
}

int cmd_show(int argc, char **argv)
{
	struct json_object *node;
	int status = node_check(argv[0]);

	(void)argc;
	if (status)
		return status;
	node = node_full(argv[0]);
	if (!node)
		return fail(EXIT_NONE, "node \"%s\" has gone", argv[0]);
	if (ctl.json)
		return print_json(node);
	printf("%s%s%s  %s  %s%s%s\n", color("bold"), argv[0], color("off"),
	       json_str(node, "scope"), state_color(json_str(node, "state")),
	       json_str(node, "state"), color("off"));
	show_word("parent", json_str(node, "parent"));
	show_word("device", json_str(node, "device"));
	show_word("driver", json_str(node, "driver"));
	show_supported(json_get(node, "supported"));
	show_methods(json_get(node, "methods"));
	show_members("policy", json_get(node, "policy"), true);
	show_members("stats", json_get(node, "stats"), false);
	show_last(json_get(node, "last"));
	json_object_put(node);
	return EXIT_DONE;
}
