/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policy: what to do next. Pure: no clock, no lock, no allocation; time is an
 * argument, in milliseconds of any monotonic clock. Compiles in user space,
 * too: tools/policy_fuzz.c.
 */
#ifndef _DEVRESET_POLICY_H
#define _DEVRESET_POLICY_H

#include <linux/devreset_policy.h>
#include <uapi/linux/devreset_netlink.h>

/* No rung has cured the last hang */
#define POLICY_NO_RUNG	0xff

/**
 * struct history - what the policy remembers about a node
 * @state: &enum devreset_state
 * @cured_rung: the rung that seemed to cure the last hang; POLICY_NO_RUNG
 *	outside of probation
 * @recoveries: automatic recoveries begun in the current window
 * @window_start: when that window began, in ms
 * @probation_until: end of the last probation, in ms
 * @cured_step: with how many of that rung's methods before it (see &struct ladder)
 * @cured_more: that rung has a more invasive method
 */
struct history {
	u8 state;
	u8 cured_rung;
	u16 recoveries;
	u64 window_start;
	u64 probation_until;
	u8 cured_step;
	bool cured_more;
};

/**
 * enum verdict - what a detected hang leads to
 * @VERDICT_IGNORE: nothing: the policy is not automatic, or it is known already
 * @VERDICT_START: start the ladder
 * @VERDICT_FAIL: too many recoveries in the window: the node is failed
 */
enum verdict {
	VERDICT_IGNORE,
	VERDICT_START,
	VERDICT_FAIL,
};

/**
 * struct rung - one node of a ladder, as the policy sees it
 * @scope: its scope relative to the node that is being recovered; 0: no rung
 * @max_attempts: its own budget
 * @retry_ms: its own interval between attempts
 */
struct rung {
	u32 scope;
	u32 max_attempts;
	u32 retry_ms;
};

/**
 * struct ladder - where a recovery stands
 * @rung: rungs climbed since the first
 * @skip: rungs still to be passed by without an attempt
 * @attempts: attempts made on this rung
 * @total: attempts made in all
 * @step: methods of this rung to pass by: those that cured before, and did not last
 */
struct ladder {
	u8 rung;
	u8 skip;
	u16 attempts;
	u16 total;
	u8 step;
};

/**
 * enum ladder_event - what happened
 * @LADDER_ARRIVED: the ladder starts, or it has climbed to this rung
 * @LADDER_CURED: the check after an attempt (or a wait) found nothing wrong
 * @LADDER_NOT_CURED: an attempt failed, or the hang is still there after it
 * @LADDER_REFUSED: this rung cannot be reset now; nothing was touched
 * @LADDER_WAITED: the retry interval is over and the hang is still there
 * @LADDER_GONE: the node that is being recovered was removed
 */
enum ladder_event {
	LADDER_ARRIVED,
	LADDER_CURED,
	LADDER_NOT_CURED,
	LADDER_REFUSED,
	LADDER_WAITED,
	LADDER_GONE,
};

/**
 * enum ladder_step - what to do next
 * @STEP_ATTEMPT: reset this rung
 * @STEP_WAIT: wait for the rung's retry interval
 * @STEP_CLIMB: go one rung up, then say LADDER_ARRIVED
 * @STEP_GIVE_UP: the ladder is exhausted
 * @STEP_DONE: the node is cured
 */
enum ladder_step {
	STEP_ATTEMPT,
	STEP_WAIT,
	STEP_CLIMB,
	STEP_GIVE_UP,
	STEP_DONE,
};

/**
 * struct rung_plan - what a ladder would do at a rung
 * @step: that
 * @passed: with how many of its methods passed by
 */
struct rung_plan {
	enum devreset_step step;
	unsigned int passed;
};

/* The fields of struct devreset_policy, in their order */
enum policy_field {
	POLICY_AUTOMATIC,
	POLICY_CEILING,
	POLICY_MAX_ATTEMPTS,
	POLICY_RETRY_INTERVAL_MS,
	POLICY_RESET_TIMEOUT_MS,
	POLICY_CHECK_INTERVAL_MS,
	POLICY_CHECK_IDLE,
	POLICY_PROBATION_MS,
	POLICY_MAX_RECOVERIES,
	POLICY_WINDOW_MS,
	POLICY_REBIND,
	POLICY_FINAL,
	POLICY_RETURN_MS,
	POLICY_FIELDS,
};

bool policy_value_ok(enum policy_field field, u32 value);
const char *policy_range(enum policy_field field);
bool policy_ok(const struct devreset_policy *policy);
bool policy_may_move(enum devreset_state from, enum devreset_state to);
void policy_init(struct history *hist);
void policy_return(struct history *hist, u64 now);
enum verdict policy_hang(const struct devreset_policy *policy,
			 struct history *hist, u64 now);
void policy_begin(struct ladder *ladder, const struct history *hist);
enum ladder_step policy_next(struct ladder *ladder, enum ladder_event event,
			     u32 ceiling, const struct rung *here,
			     const struct rung *above);
void policy_explain(const struct history *hist, u32 ceiling, const struct rung *rungs,
		    unsigned int n, struct rung_plan *plans);

#endif
