// SPDX-License-Identifier: GPL-2.0
/*
 * A node's policy: its keys, and the values that they take. The kernel has the last
 * word; that a value is known to be wrong before anything is written is what makes
 * "all or none" hold, and lets apply complain with a line number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

static const char * const scope_words[] = { "component", "function", "platform", NULL };
static const char * const rebind_words[] = { "never", "asked", "auto", "always", NULL };
static const char * const final_words[] = { "keep", "isolate", NULL };

const struct policy_key policy_keys[] = {
	{ "auto", NULL, 0, 1, false },
	{ "ceiling", scope_words, 0, 0, false },
	{ "max_attempts", NULL, 1, 100, false },
	{ "retry_interval_ms", NULL, 100, 30000, false },
	{ "reset_timeout_ms", NULL, 100, 600000, false },
	{ "check_interval_ms", NULL, 100, 3600000, true },
	{ "check_idle", NULL, 0, 1, false },
	{ "probation_ms", NULL, 0, 3600000, false },
	{ "max_recoveries", NULL, 1, 100, false },
	{ "window_ms", NULL, 1000, 86400000, false },
	{ "rebind", rebind_words, 0, 0, false },
	{ "final", final_words, 0, 0, false },
	{ "return_ms", NULL, 100, 600000, false },
};

const size_t policy_key_count = ARRAY_SIZE(policy_keys);

const struct policy_key *policy_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < policy_key_count; i++)
		if (strlen(policy_keys[i].name) == len && !strncmp(policy_keys[i].name, name, len))
			return &policy_keys[i];
	return NULL;
}

static bool word_ok(const struct policy_key *key, const char *value)
{
	const char * const *word;

	for (word = key->words; *word; word++)
		if (!strcmp(*word, value))
			return true;
	return false;
}

static bool number_ok(const struct policy_key *key, const char *value)
{
	unsigned long number;
	char *end;

	/* strtoul() takes a sign and blanks. */
	if (value[0] < '0' || value[0] > '9' || strlen(value) > 9)
		return false;
	number = strtoul(value, &end, 10);
	return !*end && ((!number && key->or_zero) || (number >= key->min && number <= key->max));
}

static char *join_words(const char * const *words)
{
	char *text = format("%s", *words);

	while (*++words) {
		char *longer = format("%s, %s", text, *words);

		free(text);
		text = longer;
	}
	return text;
}

/* What is wrong with "@name=@value", to be freed; NULL: nothing */
char *policy_complaint(const char *name, const char *value)
{
	const struct policy_key *key = policy_find(name, strlen(name));
	char *words, *text;

	if (!key)
		return format("no policy \"%s\"", name);
	if (key->words) {
		if (word_ok(key, value))
			return NULL;
		words = join_words(key->words);
		text = format("%s: one of %s, not \"%s\"", name, words, value);
		free(words);
		return text;
	}
	if (number_ok(key, value))
		return NULL;
	return format("%s: %s%u to %u, not \"%s\"", name, key->or_zero ? "0, or " : "", key->min,
		      key->max, value);
}

/*
 * Write all values, or none: what had been written before one was refused is put
 * back. Returns 0 or a negative errno.
 */
int policy_write(const char *node, char **keys, char **values, int count)
{
	char (*old)[NAME_LEN];
	int i, ret = 0;

	if (family_present())
		return family_set(node, keys, values, count);
	old = calloc(count, sizeof(*old));
	if (!old)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		if (!sys_read(old[i], sizeof(old[i]), "class/devreset/%s/policy/%s", node,
			      keys[i])) {
			ret = -errno;
			goto out;
		}
	}
	for (i = 0; i < count && !ret; i++)
		ret = sys_write(values[i], "class/devreset/%s/policy/%s", node, keys[i]);
	if (!ret)
		goto out;
	/* The last one was not written. */
	for (i -= 2; i >= 0; i--)
		sys_write(old[i], "class/devreset/%s/policy/%s", node, keys[i]);
out:
	free(old);
	return ret;
}

/* Returns 0 or a negative errno. */
int manage_write(bool on, const char *bus, const char *device)
{
	char *line;
	int ret;

	if (family_present())
		return family_manage(on, bus, device);
	line = format("%s %s", bus, device);
	ret = sys_write(line, "class/devreset/%smanage", on ? "" : "un");
	free(line);
	return ret;
}

/* From the least to the most invasive; -1: "member", or no scope */
int scope_rank(const char *scope)
{
	int i;

	for (i = 0; scope_words[i]; i++)
		if (!strcmp(scope_words[i], scope))
			return i;
	return -1;
}

/* The scope of node @name for @origin: what is above the device of that is platform. */
const char *scope_relative(struct json_object *nodes, const char *origin, const char *name)
{
	struct json_object *node;
	size_t left = json_object_array_length(nodes);

	for (node = node_find(nodes, origin); node && left--;
	     node = node_find(nodes, json_str(node, "parent"))) {
		if (!strcmp(json_str(node, "node"), name))
			break;
		if (!strcmp(json_str(node, "scope"), "function"))
			return "platform";
	}
	node = node_find(nodes, name);
	return node ? json_str(node, "scope") : "";
}
