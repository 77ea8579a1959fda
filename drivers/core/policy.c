// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: decides and does nothing else. See policy.h.
 */
#ifdef __KERNEL__
#include <linux/export.h>
#include <linux/kernel.h>
#endif
#include "policy.h"

const struct devreset_policy devreset_default_policy = {
	.automatic = 1,
	.ceiling = DEVRESET_FUNCTION,
	.max_attempts = 2,
	.retry_interval_ms = 3000,
	.reset_timeout_ms = 10000,
	.check_interval_ms = 2000,
	.check_idle = 0,
	.probation_ms = 10000,
	.max_recoveries = 5,
	.window_ms = 600000,
	.rebind = DEVRESET_REBIND_NEVER,
	.final = DEVRESET_FINAL_KEEP,
	.return_ms = 30000,
};
EXPORT_SYMBOL_GPL(devreset_default_policy);

static const struct {
	u32 min, max;
	bool or_zero;
	const char *text;
} ranges[POLICY_FIELDS] = {
#define RANGE(min, max)		{ min, max, false, #min " to " #max }
	[POLICY_AUTOMATIC]		= RANGE(0, 1),
	[POLICY_CEILING]		= { DEVRESET_COMPONENT, DEVRESET_PLATFORM, false,
					    "component, function or platform" },
	[POLICY_MAX_ATTEMPTS]		= RANGE(1, 100),
	[POLICY_RETRY_INTERVAL_MS]	= RANGE(100, 30000),
	[POLICY_RESET_TIMEOUT_MS]	= RANGE(100, 600000),
	[POLICY_CHECK_INTERVAL_MS]	= { 100, 3600000, true, "0, or 100 to 3600000" },
	[POLICY_CHECK_IDLE]		= RANGE(0, 1),
	[POLICY_PROBATION_MS]		= RANGE(0, 3600000),
	[POLICY_MAX_RECOVERIES]		= RANGE(1, 100),
	[POLICY_WINDOW_MS]		= RANGE(1000, 86400000),
	[POLICY_REBIND]			= { DEVRESET_REBIND_NEVER, DEVRESET_REBIND_ALWAYS, false,
					    "never, asked, auto or always" },
	[POLICY_FINAL]			= { DEVRESET_FINAL_KEEP, DEVRESET_FINAL_ISOLATE, false,
					    "keep or isolate" },
	[POLICY_RETURN_MS]		= RANGE(100, 600000),
#undef RANGE
};

/* For people: what @field can be set to */
const char *policy_range(enum policy_field field)
{
	return ranges[field].text;
}

/* May @field be set to @value? DR10. */
bool policy_value_ok(enum policy_field field, u32 value)
{
	if (!value && ranges[field].or_zero)
		return true;
	return value >= ranges[field].min && value <= ranges[field].max;
}

/* Are all the numbers of @policy in their ranges? */
bool policy_ok(const struct devreset_policy *policy)
{
	const u32 *value = (const u32 *)policy;
	int i;

	BUILD_BUG_ON(sizeof(*policy) != POLICY_FIELDS * sizeof(u32));
	for (i = 0; i < POLICY_FIELDS; i++)
		if (!policy_value_ok(i, value[i]))
			return false;
	return true;
}

/*
 * The transitions that there are. A request ends in the state that it began
 * in when it changed nothing, hence recovering -> anything.
 */
bool policy_may_move(enum devreset_state from, enum devreset_state to)
{
	switch (from) {
	case DEVRESET_HEALTHY:
		return to == DEVRESET_RECOVERING || to == DEVRESET_FAILED;
	case DEVRESET_RECOVERING:
		return to == DEVRESET_HEALTHY || to == DEVRESET_PROBATION ||
		       to == DEVRESET_FAILED;
	case DEVRESET_PROBATION:
		return to == DEVRESET_HEALTHY || to == DEVRESET_RECOVERING ||
		       to == DEVRESET_FAILED;
	case DEVRESET_FAILED:
		return to == DEVRESET_RECOVERING;
	}
	return false;
}

/* A clean slate: at registration, and after an operator's successful reset. */
void policy_init(struct history *hist)
{
	*hist = (struct history) {
		.state = DEVRESET_HEALTHY,
		.cured_rung = POLICY_NO_RUNG,
	};
}

/*
 * The node was away, and is registered again at @now: nothing is known to be wrong
 * with it, but what it did in the window counts on, and a cure stays in doubt.
 */
void policy_return(struct history *hist, u64 now)
{
	if (hist->cured_rung != POLICY_NO_RUNG && now < hist->probation_until) {
		hist->state = DEVRESET_PROBATION;
		return;
	}
	hist->state = DEVRESET_HEALTHY;
	hist->cured_rung = POLICY_NO_RUNG;
}

/*
 * A hang was detected at @now. Counts the recovery that VERDICT_START begins.
 * The window begins with its first recovery.
 */
enum verdict policy_hang(const struct devreset_policy *policy,
			 struct history *hist, u64 now)
{
	if (!policy->automatic)
		return VERDICT_IGNORE;
	if (hist->state != DEVRESET_HEALTHY && hist->state != DEVRESET_PROBATION)
		return VERDICT_IGNORE;
	if (!hist->recoveries || now - hist->window_start >= policy->window_ms) {
		hist->window_start = now;
		hist->recoveries = 0;
	}
	if (hist->recoveries >= policy->max_recoveries)
		return VERDICT_FAIL;
	hist->recoveries++;
	return VERDICT_START;
}

/*
 * A ladder starts at the first rung. When the last cure did not last (hang in
 * probation) it starts at the next method of the rung that seemed to cure, or one
 * rung above if that has no other.
 */
void policy_begin(struct ladder *ladder, const struct history *hist)
{
	*ladder = (struct ladder) { };
	if (hist->state != DEVRESET_PROBATION || hist->cured_rung == POLICY_NO_RUNG)
		return;
	ladder->skip = hist->cured_rung + !hist->cured_more;
	ladder->step = hist->cured_more ? hist->cured_step + 1 : 0;
}

static bool may_climb(u32 ceiling, const struct rung *above)
{
	return above && above->scope && above->scope <= ceiling;
}

static enum ladder_step climb(struct ladder *ladder, u32 ceiling,
			      const struct rung *above)
{
	if (!may_climb(ceiling, above))
		return STEP_GIVE_UP;
	/* Beyond what can be counted there are no rungs. */
	if (ladder->rung == POLICY_NO_RUNG - 1)
		return STEP_GIVE_UP;
	ladder->rung++;
	ladder->attempts = 0;
	if (ladder->skip)
		ladder->skip--;
	else
		ladder->step = 0;
	return STEP_CLIMB;
}

/*
 * What to do after @event on the rung @here, with the rung @above it (NULL:
 * none). A rung that would be skipped is used all the same when there is none
 * above it: the highest that the ladder may reach is better than nothing, and
 * the rate limit ends it. DR6, DR10.
 */
enum ladder_step policy_next(struct ladder *ladder, enum ladder_event event,
			     u32 ceiling, const struct rung *here,
			     const struct rung *above)
{
	switch (event) {
	case LADDER_CURED:
		return STEP_DONE;
	case LADDER_GONE:
		return STEP_GIVE_UP;
	case LADDER_ARRIVED:
		if (!here || !here->scope || here->scope > ceiling)
			return STEP_GIVE_UP;
		if (ladder->skip && may_climb(ceiling, above))
			return climb(ladder, ceiling, above);
		break;
	case LADDER_WAITED:
		break;
	case LADDER_NOT_CURED:
		if (ladder->attempts < here->max_attempts)
			return STEP_WAIT;
		return climb(ladder, ceiling, above);
	case LADDER_REFUSED:
		return climb(ladder, ceiling, above);
	}
	ladder->attempts++;
	ladder->total++;
	return STEP_ATTEMPT;
}

/*
 * What a ladder that begins now would do at each of its @n rungs, the lowest first, if no
 * attempt cured. DR6, DR14.
 */
void policy_explain(const struct history *hist, u32 ceiling, const struct rung *rungs,
		    unsigned int n, struct rung_plan *plans)
{
	const struct rung *here, *above;
	struct ladder ladder;
	bool over = false;
	unsigned int i;

	policy_begin(&ladder, hist);
	for (i = 0; i < n; i++) {
		here = &rungs[i];
		above = i + 1 < n ? here + 1 : NULL;
		plans[i] = (struct rung_plan) { .step = DEVRESET_STEP_CEILING };
		if (over)
			continue;
		switch (policy_next(&ladder, LADDER_ARRIVED, ceiling, here, above)) {
		case STEP_ATTEMPT:
			plans[i].step = DEVRESET_STEP_ATTEMPT;
			plans[i].passed = ladder.step;
			over = policy_next(&ladder, LADDER_REFUSED, ceiling, here, above) !=
			       STEP_CLIMB;
			break;
		case STEP_CLIMB:
			plans[i].step = DEVRESET_STEP_SKIP;
			break;
		default:
			over = true;
		}
	}
}
