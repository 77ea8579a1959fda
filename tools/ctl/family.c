// SPDX-License-Identifier: GPL-2.0
/*
 * What the netlink family is asked, and its answers in the form that sysfs.c gives to what
 * it reads: the commands need not know where it came from.
 */
#include <errno.h>
#include <linux/devreset.h>
#include <stdlib.h>
#include <string.h>
#include "netlink.h"

/* A dump that was not of one moment is made again, some times. */
#define DUMP_TRIES	4

/* --- nodes ------------------------------------------------------------------------- */

static void settle_last(struct json_object *last)
{
	if (last && !json_get(last, "cured_by"))
		json_add(last, "cured_by", "none");
}

static void settle_node(struct json_object *node)
{
	bool managed = json_get(node, "managed");

	if (json_get(node, "stuck"))
		json_add(node, "state", "stuck");
	json_object_object_del(node, "stuck");
	settle_last(json_get(node, "last"));
	json_object_object_add(node, "managed", json_object_new_boolean(managed));
}

static void take_node(struct json_object *node, void *arg)
{
	settle_node(node);
	json_object_array_add(arg, node);
}

/* All nodes, or NULL */
struct json_object *family_nodes(void)
{
	struct json_object *nodes;
	char buf[REQUEST_BYTES];
	int ret, tries = DUMP_TRIES;

	do {
		nodes = json_object_new_array();
		ret = family_talk(family_request(buf, DEVRESET_CMD_NODE_GET, NLM_F_DUMP), take_node,
				  nodes);
		if (ret)
			json_object_put(nodes);
	} while (ret == -EINTR && --tries);
	return ret ? NULL : nodes;
}

static void take_one(struct json_object *reply, void *arg)
{
	struct json_object **one = arg;

	json_object_put(*one);
	*one = reply;
}

/* NULL: there is none */
struct json_object *family_node(const char *name)
{
	struct json_object *node = NULL;
	struct nlmsghdr *request;
	char buf[REQUEST_BYTES];

	request = family_request(buf, DEVRESET_CMD_NODE_GET, NLM_F_ACK);
	mnl_attr_put_strz(request, DEVRESET_A_NODE, name);
	if (family_talk(request, take_one, &node) || !node) {
		json_object_put(node);
		return NULL;
	}
	settle_node(node);
	return node;
}

/* --- the log ---------------------------------------------------------------------------- */

static void settle_try(struct json_object *try)
{
	static const char * const names[] = {
		"claim", "quiesce", "reset", "restore", "resume", "check",
	};
	struct json_object *phases = json_object_new_array(), *phase;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!json_get(try, names[i]))
			continue;
		phase = json_object_new_object();
		json_add(phase, "phase", names[i]);
		json_add_int(phase, "end_us", json_int(try, names[i]));
		json_object_array_add(phases, phase);
		json_object_object_del(try, names[i]);
	}
	json_object_object_add(try, "phases", phases);
}

/* What is in "last" is beside it in the log; but the time is when it began. */
static void take_entry(struct json_object *entry, void *arg)
{
	struct json_object *last = json_object_get(json_get(entry, "last"));
	struct json_object *tries = json_object_get(json_get(entry, "attempt"));
	const char *asked = json_str(entry, "scope");
	size_t i;

	json_add(entry, "asked", !asked[0] || !strcmp(asked, "member") ? "recover" : asked);
	settle_last(last);
	if (last) {
		json_object_object_foreach(last, key, value)
			if (strcmp(key, "time"))
				json_object_object_add(entry, key, json_object_get(value));
	}
	json_object_object_del(entry, "last");
	json_object_object_del(entry, "attempt");
	json_object_object_del(entry, "monotonic_us");
	if (!tries)
		tries = json_object_new_array();
	for (i = 0; i < json_object_array_length(tries); i++)
		settle_try(json_object_array_get_idx(tries, i));
	json_object_object_add(entry, "tries", tries);
	json_object_put(last);
	json_object_array_add(arg, entry);
}

/* Of @node, or of all (NULL). Returns 0 or a negative errno. */
int family_log(const char *node, struct json_object **entries)
{
	struct nlmsghdr *request;
	char buf[REQUEST_BYTES];
	int ret, tries = DUMP_TRIES;

	do {
		*entries = json_object_new_array();
		request = family_request(buf, DEVRESET_CMD_LOG_GET, NLM_F_DUMP);
		if (node && !mnl_attr_put_strz_check(request, sizeof(buf), DEVRESET_A_NODE, node))
			return -ENODEV;
		ret = family_talk(request, take_entry, *entries);
		if (ret == -EINTR) {
			json_object_put(*entries);
			*entries = NULL;
		}
	} while (ret == -EINTR && --tries);
	return ret;
}

/* --- explain ------------------------------------------------------------------------------ */

static void settle_rung(struct json_object *rung)
{
	char *text = format("%s", json_str(rung, "methods"));

	json_object_object_add(rung, "devices", parse_methods(text));
	json_object_object_del(rung, "methods");
	if (!strcmp(json_str(rung, "step"), "ceiling") && !json_get(rung, "why"))
		json_add(rung, "why", "above policy/ceiling, or it cannot be reset");
	free(text);
}

/* As explain() in explain.c makes it; NULL: there is no such node */
struct json_object *family_explain(const char *name)
{
	struct json_object *out = NULL, *rungs;
	struct nlmsghdr *request;
	char buf[REQUEST_BYTES];
	size_t i;

	request = family_request(buf, DEVRESET_CMD_EXPLAIN, NLM_F_ACK);
	if (!mnl_attr_put_strz_check(request, sizeof(buf), DEVRESET_A_NODE, name) ||
	    family_talk(request, take_one, &out) || !out) {
		json_object_put(out);
		return NULL;
	}
	rungs = json_get(out, "rungs");
	if (!rungs)
		json_object_object_add(out, "rungs", json_object_new_array());
	for (i = 0; rungs && i < json_object_array_length(rungs); i++)
		settle_rung(json_object_array_get_idx(rungs, i));
	return out;
}

/* --- what acts ------------------------------------------------------------------------------- */

/* Values that the tables know to be good. Returns 0 or a negative errno. */
int family_set(const char *node, char **keys, char **values, int count)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *request = family_request(buf, DEVRESET_CMD_POLICY_SET, NLM_F_ACK);
	struct nlattr *nest;
	uint32_t number;
	int i;

	mnl_attr_put_strz(request, DEVRESET_A_NODE, node);
	nest = mnl_attr_nest_start(request, DEVRESET_A_POLICY);
	for (i = 0; i < count; i++) {
		unsigned int type = encode_key(keys[i]);

		if (!type || !encode_word(type, values[i], &number))
			return -EINVAL;
		if (!mnl_attr_put_u32_check(request, sizeof(buf), type, number))
			return -E2BIG;
	}
	mnl_attr_nest_end(request, nest);
	return family_talk(request, NULL, NULL);
}

int family_manage(bool on, const char *bus, const char *device)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *request;

	request = family_request(buf, on ? DEVRESET_CMD_MANAGE : DEVRESET_CMD_UNMANAGE, NLM_F_ACK);
	if (!mnl_attr_put_strz_check(request, sizeof(buf), DEVRESET_A_BUS, bus) ||
	    !mnl_attr_put_strz_check(request, sizeof(buf), DEVRESET_A_DEVICE, device))
		return -EINVAL;
	return family_talk(request, NULL, NULL);
}

/* 0: it is the name of none */
int method_number(const char *name)
{
	static const char * const names[] = {
		[DEVRESET_METHOD_NONE] = "none",
		[DEVRESET_METHOD_RESET_DONE] = "reset_done",
		[DEVRESET_METHOD_ERROR_HANDLERS] = "error_handlers",
		[DEVRESET_METHOD_REBIND] = "rebind",
	};
	size_t i;

	for (i = 1; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return i;
	return 0;
}

static void take_cookie(struct json_object *reply, void *arg)
{
	*(int64_t *)arg = json_int(reply, "cookie");
	json_object_put(reply);
}

/* @scope "recover": the ladder. @method: NULL for any. Sets *@cookie, by which it is told of. */
int family_ask(const char *node, const char *scope, const char *method, bool force, int64_t *cookie)
{
	bool ladder = !strcmp(scope, "recover");
	char buf[REQUEST_BYTES];
	struct nlmsghdr *request;

	request = family_request(buf, ladder ? DEVRESET_CMD_RECOVER : DEVRESET_CMD_RESET,
				 NLM_F_ACK);
	mnl_attr_put_strz(request, DEVRESET_A_NODE, node);
	if (!ladder)
		mnl_attr_put_u32(request, DEVRESET_A_SCOPE, scope_rank(scope) + DEVRESET_COMPONENT);
	if (method)
		mnl_attr_put_u32(request, DEVRESET_A_METHOD, method_number(method));
	if (force)
		mnl_attr_put(request, DEVRESET_A_FORCE, 0, NULL);
	return family_talk(request, take_cookie, cookie);
}
