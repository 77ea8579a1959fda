// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the netlink family as JSON, by tables: the names and units are those that
 * are read from sysfs. What a newer kernel has beside that is left out.
 */
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include "netlink.h"

enum kind {
	SKIP,
	STRING,
	FLAG,
	S32,
	U32,
	U64,
	MICROSECONDS,	/* u64, in ns */
	SECONDS,	/* the same, with its milliseconds */
	WORD,		/* u32, index into words */
	NEST,
	LIST,		/* nest that may be there several times */
};

struct desc {
	const char *name;
	enum kind kind;
	const char * const *words;
	const struct desc *nested;
	unsigned int max;
};

static const char * const scopes[] = { "member", "component", "function", "platform", NULL };
/* Of a reset that was made, where "member" stands for none */
static const char * const made[] = { "none", "component", "function", "platform", NULL };
static const char * const states[] = { "healthy", "recovering", "probation", "failed", NULL };
static const char * const methods[] = {
	"none", "none", "reset_done", "error_handlers", "rebind", "repair", NULL
};

static const char * const rebinds[] = { "never", "asked", "auto", "always", NULL };
static const char * const finals[] = { "keep", "isolate", NULL };
static const char * const edges[] = { "begin", "end", NULL };
static const char * const phases[] = {
	"claim", "quiesce", "reset", "restore", "resume", "check", NULL
};

static const char * const steps[] = { "attempt", "skip", "refused", "ceiling", NULL };
static const char * const answers[] = { "ignore", "start", "limit", NULL };

static const struct desc policy_set[] = {
	[DEVRESET_A_POLICY_AUTO] = { "auto", U32 },
	[DEVRESET_A_POLICY_CEILING] = { "ceiling", WORD, scopes },
	[DEVRESET_A_POLICY_MAX_ATTEMPTS] = { "max_attempts", U32 },
	[DEVRESET_A_POLICY_RETRY_INTERVAL_MS] = { "retry_interval_ms", U32 },
	[DEVRESET_A_POLICY_RESET_TIMEOUT_MS] = { "reset_timeout_ms", U32 },
	[DEVRESET_A_POLICY_CHECK_INTERVAL_MS] = { "check_interval_ms", U32 },
	[DEVRESET_A_POLICY_CHECK_IDLE] = { "check_idle", U32 },
	[DEVRESET_A_POLICY_PROBATION_MS] = { "probation_ms", U32 },
	[DEVRESET_A_POLICY_MAX_RECOVERIES] = { "max_recoveries", U32 },
	[DEVRESET_A_POLICY_WINDOW_MS] = { "window_ms", U32 },
	[DEVRESET_A_POLICY_REBIND] = { "rebind", WORD, rebinds },
	[DEVRESET_A_POLICY_FINAL] = { "final", WORD, finals },
	[DEVRESET_A_POLICY_RETURN_MS] = { "return_ms", U32 },
};

static const struct desc last_set[] = {
	[DEVRESET_A_LAST_STATUS] = { "status", S32 },
	[DEVRESET_A_LAST_SCOPE] = { "scope", WORD, made },
	[DEVRESET_A_LAST_METHOD] = { "method", WORD, methods },
	[DEVRESET_A_LAST_ATTEMPTS] = { "attempts", U32 },
	[DEVRESET_A_LAST_DURATION] = { "duration_us", MICROSECONDS },
	[DEVRESET_A_LAST_TIME] = { "time", SECONDS },
	[DEVRESET_A_LAST_REQUESTER] = { "requester", STRING },
	[DEVRESET_A_LAST_REASON] = { "reason", STRING },
	[DEVRESET_A_LAST_CURED_BY] = { "cured_by", STRING },
};

static const struct desc stats_set[] = {
	[DEVRESET_A_STATS_REQUESTS] = { "requests", U64 },
	[DEVRESET_A_STATS_JOINED] = { "joined", U64 },
	[DEVRESET_A_STATS_SUCCESSES] = { "successes", U64 },
	[DEVRESET_A_STATS_FAILURES] = { "failures", U64 },
	[DEVRESET_A_STATS_ESCALATIONS] = { "escalations", U64 },
	[DEVRESET_A_STATS_HANGS] = { "hangs", U64 },
	[DEVRESET_A_STATS_ATTEMPTS] = { "attempts", U64 },
	[DEVRESET_A_STATS_TIMEOUTS] = { "timeouts", U64 },
	[DEVRESET_A_STATS_SOFT_ERRORS] = { "soft_errors", U64 },
	[DEVRESET_A_STATS_EXTERNAL] = { "external", U64 },
	[DEVRESET_A_STATS_QUIESCED] = { "quiesced", U64 },
	[DEVRESET_A_STATS_DOWNTIME_MS] = { "downtime_ms", U64 },
};

static const struct desc attempt_set[] = {
	[DEVRESET_A_ATTEMPT_TARGET] = { "node", STRING },
	[DEVRESET_A_ATTEMPT_STATUS] = { "status", S32 },
	[DEVRESET_A_ATTEMPT_METHOD] = { "method", WORD, methods },
	[DEVRESET_A_ATTEMPT_BEGAN] = { "began_us", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_CLAIM] = { "claim", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_QUIESCE] = { "quiesce", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_RESET] = { "reset", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_RESTORE] = { "restore", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_RESUME] = { "resume", MICROSECONDS },
	[DEVRESET_A_ATTEMPT_CHECK] = { "check", MICROSECONDS },
};

static const struct desc rung_set[] = {
	[DEVRESET_A_RUNG_NODE] = { "node", STRING },
	[DEVRESET_A_RUNG_SCOPE] = { "scope", WORD, scopes },
	[DEVRESET_A_RUNG_STEP] = { "step", WORD, steps },
	[DEVRESET_A_RUNG_MAX_ATTEMPTS] = { "max_attempts", U32 },
	[DEVRESET_A_RUNG_RETRY_INTERVAL_MS] = { "retry_interval_ms", U32 },
	[DEVRESET_A_RUNG_TEXT] = { "why", STRING },
	[DEVRESET_A_RUNG_METHODS] = { "methods", STRING },
};

#define NESTED(set)	NULL, set, ARRAY_SIZE(set) - 1

static const struct desc devreset_set[] = {
	[DEVRESET_A_NODE] = { "node", STRING },
	[DEVRESET_A_PARENT] = { "parent", STRING },
	[DEVRESET_A_BUS] = { "bus", STRING },
	[DEVRESET_A_DEVICE] = { "device", STRING },
	[DEVRESET_A_DRIVER] = { "driver", STRING },
	[DEVRESET_A_IDENTITY] = { "identity", STRING },
	[DEVRESET_A_SCOPE] = { "scope", WORD, scopes },
	[DEVRESET_A_STATE] = { "state", WORD, states },
	[DEVRESET_A_OLD_STATE] = { "old_state", WORD, states },
	[DEVRESET_A_MANAGED] = { "managed", FLAG },
	[DEVRESET_A_STUCK] = { "stuck", FLAG },
	[DEVRESET_A_HUNG] = { "hung", FLAG },
	[DEVRESET_A_AWAY] = { "away", FLAG },
	[DEVRESET_A_POLICY] = { "policy", NEST, NESTED(policy_set) },
	[DEVRESET_A_LAST] = { "last", NEST, NESTED(last_set) },
	[DEVRESET_A_STATS] = { "stats", NEST, NESTED(stats_set) },
	[DEVRESET_A_METHOD] = { "method", WORD, methods },
	[DEVRESET_A_FORCE] = { "force", FLAG },
	[DEVRESET_A_COOKIE] = { "cookie", U64 },
	[DEVRESET_A_EVENT_SEQ] = { "event_seq", U64 },
	[DEVRESET_A_TIME] = { "monotonic_us", MICROSECONDS },
	[DEVRESET_A_STATUS] = { "status", S32 },
	[DEVRESET_A_TEXT] = { "text", STRING },
	[DEVRESET_A_REASON] = { "reason", STRING },
	[DEVRESET_A_REQUESTER] = { "requester", STRING },
	[DEVRESET_A_TARGET] = { "target", STRING },
	[DEVRESET_A_EDGE] = { "edge", WORD, edges },
	[DEVRESET_A_PHASE] = { "phase", WORD, phases },
	[DEVRESET_A_ATTEMPTS] = { "attempts", U32 },
	[DEVRESET_A_DURATION] = { "duration_us", MICROSECONDS },
	[DEVRESET_A_CURED_BY] = { "cured_by", STRING },
	[DEVRESET_A_LENGTH] = { "length", U32 },
	[DEVRESET_A_TRUNCATED] = { "truncated", FLAG },
	[DEVRESET_A_EXPIRES_IN] = { "expires_in_ms", U64 },
	[DEVRESET_A_LOG_SEQ] = { "seq", U32 },
	[DEVRESET_A_WALL_TIME] = { "time", SECONDS },
	[DEVRESET_A_ATTEMPT] = { "attempt", LIST, NESTED(attempt_set) },
	[DEVRESET_A_ANSWER] = { "answer", WORD, answers },
	[DEVRESET_A_RUNG] = { "rungs", LIST, NESTED(rung_set) },
};

static struct json_object *decode_word(const struct desc *desc, uint32_t value)
{
	uint32_t i;

	for (i = 0; i < value && desc->words[i]; i++)
		;
	/* A newer kernel has more. */
	return desc->words[i] ? json_object_new_string(desc->words[i]) :
			      json_object_new_int64(value);
}

static struct json_object *decode_seconds(uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(ns / 1000000000),
		 (unsigned long long)(ns / 1000000 % 1000));
	return json_object_new_double_s(ns / 1e9, text);
}

static size_t size_of(enum kind kind)
{
	switch (kind) {
	case S32:
	case U32:
	case WORD:
		return sizeof(uint32_t);
	case U64:
	case MICROSECONDS:
	case SECONDS:
		return sizeof(uint64_t);
	default:
		return 0;
	}
}

static void decode_nest(struct json_object *object, const struct desc *set, unsigned int max,
			const struct nlattr *nest);

static void decode_list(struct json_object *object, const struct desc *desc,
			const struct nlattr *attr)
{
	struct json_object *list = json_get(object, desc->name);
	struct json_object *item = json_object_new_object();

	if (!list) {
		list = json_object_new_array();
		json_object_object_add(object, desc->name, list);
	}
	decode_nest(item, desc->nested, desc->max, attr);
	json_object_array_add(list, item);
}

static struct json_object *decode_value(const struct desc *desc, const struct nlattr *attr)
{
	struct json_object *nest;

	switch (desc->kind) {
	case STRING:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			return NULL;
		return json_string(mnl_attr_get_str(attr));
	case FLAG:
		return json_object_new_boolean(true);
	case S32:
		return json_object_new_int64((int32_t)mnl_attr_get_u32(attr));
	case U32:
		return json_object_new_int64(mnl_attr_get_u32(attr));
	case U64:
		return json_object_new_int64(mnl_attr_get_u64(attr));
	case MICROSECONDS:
		return json_object_new_int64(mnl_attr_get_u64(attr) / 1000);
	case SECONDS:
		return decode_seconds(mnl_attr_get_u64(attr));
	case WORD:
		return decode_word(desc, mnl_attr_get_u32(attr));
	case NEST:
		nest = json_object_new_object();
		decode_nest(nest, desc->nested, desc->max, attr);
		return nest;
	default:
		return NULL;
	}
}

static void decode_attr(struct json_object *object, const struct desc *set, unsigned int max,
			const struct nlattr *attr)
{
	unsigned int type = mnl_attr_get_type(attr);
	struct json_object *value;

	if (type > max || !set[type].name ||
	    mnl_attr_get_payload_len(attr) < size_of(set[type].kind))
		return;
	if (set[type].kind == LIST) {
		decode_list(object, &set[type], attr);
		return;
	}
	value = decode_value(&set[type], attr);
	if (value)
		json_object_object_add(object, set[type].name, value);
}

static void decode_nest(struct json_object *object, const struct desc *set, unsigned int max,
			const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		decode_attr(object, set, max, attr);
}

struct json_object *decode_message(const struct nlmsghdr *message)
{
	struct json_object *object = json_object_new_object();
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
		decode_attr(object, devreset_set, ARRAY_SIZE(devreset_set) - 1, attr);
	return object;
}

/* The name of an event; NULL: it is none that is known */
const char *decode_command(const struct nlmsghdr *message)
{
	static const char * const names[] = {
		[DEVRESET_CMD_NODE_ADD_NTF] = "add",
		[DEVRESET_CMD_NODE_DEL_NTF] = "remove",
		[DEVRESET_CMD_STATE_NTF] = "state",
		[DEVRESET_CMD_HANG_NTF] = "hang",
		[DEVRESET_CMD_BEGIN_NTF] = "begin",
		[DEVRESET_CMD_ATTEMPT_NTF] = "attempt",
		[DEVRESET_CMD_PHASE_NTF] = "phase",
		[DEVRESET_CMD_REFUSAL_NTF] = "refusal",
		[DEVRESET_CMD_DUMP_NTF] = "dump",
		[DEVRESET_CMD_DONE_NTF] = "done",
	};
	const struct genlmsghdr *head = mnl_nlmsg_get_payload(message);

	return head->cmd < ARRAY_SIZE(names) ? names[head->cmd] : NULL;
}

/* The attribute for a key of the policy, as in sysfs; 0: there is none */
unsigned int encode_key(const char *key)
{
	unsigned int type;

	for (type = 1; type < ARRAY_SIZE(policy_set); type++)
		if (!strcmp(policy_set[type].name, key))
			return type;
	return 0;
}

/* The number for a value of such an attribute */
int encode_word(unsigned int type, const char *value, uint32_t *number)
{
	const char * const *words = policy_set[type].words;
	char *end;

	if (!words) {
		*number = strtoul(value, &end, 10);
		return *value && !*end;
	}
	for (*number = 0; words[*number]; ++*number)
		if (!strcmp(words[*number], value))
			return true;
	return false;
}
