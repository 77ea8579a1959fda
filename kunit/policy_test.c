// SPDX-License-Identifier: GPL-2.0
/*
 * The policy's small decisions: ranges, states, rate limit, where a ladder
 * starts. How ladders go on and end is in ladder_test.c. Time is an argument,
 * so nothing here sleeps.
 *
 * What is expected is written down a second time here, from the documentation
 * and not from the code.
 */
#include <kunit/test.h>
#include <linux/devreset.h>
#include <linux/limits.h>
#include "../drivers/core/policy.h"

/* --- ranges (DR10, ND9) ----------------------------------------------------- */

static const struct {
	const char *name;
	u32 min, max;
	bool or_zero;
	u32 initial;
} documented[POLICY_FIELDS] = {
	[POLICY_AUTOMATIC]	   = { "auto", 0, 1, false, 1 },
	[POLICY_CEILING]	   = { "ceiling", 1, 3, false, 2 },
	[POLICY_MAX_ATTEMPTS]	   = { "max_attempts", 1, 100, false, 2 },
	[POLICY_RETRY_INTERVAL_MS] = { "retry_interval_ms", 100, 30000, false, 3000 },
	[POLICY_RESET_TIMEOUT_MS]  = { "reset_timeout_ms", 100, 600000, false, 10000 },
	[POLICY_CHECK_INTERVAL_MS] = { "check_interval_ms", 100, 3600000, true, 2000 },
	[POLICY_CHECK_IDLE]	   = { "check_idle", 0, 1, false, 0 },
	[POLICY_PROBATION_MS]	   = { "probation_ms", 0, 3600000, false, 10000 },
	[POLICY_MAX_RECOVERIES]	   = { "max_recoveries", 1, 100, false, 5 },
	[POLICY_WINDOW_MS]	   = { "window_ms", 1000, 86400000, false, 600000 },
	[POLICY_REBIND]		   = { "rebind", 0, 3, false, 0 },
	[POLICY_FINAL]		   = { "final", 0, 1, false, 0 },
	[POLICY_RETURN_MS]	   = { "return_ms", 100, 600000, false, 30000 },
};

static void check_value(struct kunit *test, int field, u32 value)
{
	struct devreset_policy policy = devreset_default_policy;
	bool ok = (value >= documented[field].min && value <= documented[field].max) ||
		  (documented[field].or_zero && !value);

	KUNIT_EXPECT_EQ_MSG(test, policy_value_ok(field, value), ok, "%s=%u",
			    documented[field].name, value);
	((u32 *)&policy)[field] = value;
	KUNIT_EXPECT_EQ_MSG(test, policy_ok(&policy), ok, "%s=%u in a policy",
			    documented[field].name, value);
}

/* DR10: out of range is refused, by every bound of every field */
static void policy_ranges(struct kunit *test)
{
	int i, j;

	for (i = 0; i < POLICY_FIELDS; i++) {
		u32 values[] = {
			0, 1, 2, documented[i].min - 1, documented[i].min,
			documented[i].min + 1, documented[i].max - 1,
			documented[i].max, documented[i].max + 1,
			S32_MAX, (u32)S32_MAX + 1, U32_MAX - 1, U32_MAX,
		};

		for (j = 0; j < ARRAY_SIZE(values); j++)
			check_value(test, i, values[j]);
	}
}

static void policy_defaults(struct kunit *test)
{
	const u32 *value = (const u32 *)&devreset_default_policy;
	int i;

	KUNIT_EXPECT_TRUE(test, policy_ok(&devreset_default_policy));
	for (i = 0; i < POLICY_FIELDS; i++)
		KUNIT_EXPECT_EQ_MSG(test, value[i], documented[i].initial, "%s",
				    documented[i].name);
}

/* The fields, by the names that drivers use, are those that are tested above. */
static void policy_field_order(struct kunit *test)
{
	static const struct {
		int field;
		size_t offset;
	} order[] = {
#define FIELD(_field, _name) { _field, offsetof(struct devreset_policy, _name) }
		FIELD(POLICY_AUTOMATIC, automatic),
		FIELD(POLICY_CEILING, ceiling),
		FIELD(POLICY_MAX_ATTEMPTS, max_attempts),
		FIELD(POLICY_RETRY_INTERVAL_MS, retry_interval_ms),
		FIELD(POLICY_RESET_TIMEOUT_MS, reset_timeout_ms),
		FIELD(POLICY_CHECK_INTERVAL_MS, check_interval_ms),
		FIELD(POLICY_CHECK_IDLE, check_idle),
		FIELD(POLICY_PROBATION_MS, probation_ms),
		FIELD(POLICY_MAX_RECOVERIES, max_recoveries),
		FIELD(POLICY_WINDOW_MS, window_ms),
		FIELD(POLICY_REBIND, rebind),
		FIELD(POLICY_FINAL, final),
		FIELD(POLICY_RETURN_MS, return_ms),
#undef FIELD
	};
	int i;

	KUNIT_ASSERT_EQ(test, (int)ARRAY_SIZE(order), (int)POLICY_FIELDS);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, order[i].offset, order[i].field * sizeof(u32));
}

/* --- states ------------------------------------------------------------------- */

/* Columns and rows: healthy, recovering, probation, failed */
static const bool transitions[4][4] = {
	{ false, true,  false, true  },
	{ true,  false, true,  true  },
	{ true,  true,  false, true  },
	{ false, true,  false, false },
};

static void policy_transitions(struct kunit *test)
{
	unsigned int from, to;

	for (from = 0; from < 8; from++)
		for (to = 0; to < 8; to++)
			KUNIT_EXPECT_EQ_MSG(test, policy_may_move(from, to),
					    from < 4 && to < 4 && transitions[from][to],
					    "from %u to %u", from, to);
}

/* Whatever the state: every other can be reached, so no node is stuck. */
static void policy_no_dead_end(struct kunit *test)
{
	unsigned int from, to, via;
	bool seen[4][4];

	for (from = 0; from < 4; from++)
		for (to = 0; to < 4; to++)
			seen[from][to] = policy_may_move(from, to);
	for (via = 0; via < 4; via++)
		for (from = 0; from < 4; from++)
			for (to = 0; to < 4; to++)
				seen[from][to] |= seen[from][via] && seen[via][to];
	for (from = 0; from < 4; from++)
		for (to = 0; to < 4; to++)
			KUNIT_EXPECT_TRUE_MSG(test, seen[from][to], "from %u to %u",
					      from, to);
}

static void policy_clean_slate(struct kunit *test)
{
	struct history hist;

	memset(&hist, 0xa5, sizeof(hist));
	policy_init(&hist);
	KUNIT_EXPECT_EQ(test, (int)hist.state, (int)DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, (int)hist.cured_rung, POLICY_NO_RUNG);
	KUNIT_EXPECT_EQ(test, (int)hist.recoveries, 0);
}

/* --- rate limit ------------------------------------------------------------------ */

struct hang_case {
	u32 automatic, max, window;
	u8 state;
	u16 recoveries;
	u64 start, elapsed;
};

/* One hang, against what the words say. */
static void check_hang(struct kunit *test, const struct hang_case *c)
{
	struct devreset_policy policy = devreset_default_policy;
	struct history hist = {
		.state = c->state, .cured_rung = 7,
		.recoveries = c->recoveries, .window_start = c->start,
	};
	struct history want = hist;
	u64 now = c->start + c->elapsed;
	enum verdict verdict, expected;

	policy.automatic = c->automatic;
	policy.max_recoveries = c->max;
	policy.window_ms = c->window;
	if (!c->automatic || c->state == DEVRESET_RECOVERING ||
	    c->state == DEVRESET_FAILED) {
		expected = VERDICT_IGNORE;
	} else if (!c->recoveries || c->elapsed >= c->window) {
		expected = VERDICT_START;
		want.recoveries = 1;
		want.window_start = now;
	} else if (c->recoveries < c->max) {
		expected = VERDICT_START;
		want.recoveries++;
	} else {
		expected = VERDICT_FAIL;
	}

	verdict = policy_hang(&policy, &hist, now);
	if (verdict != expected || hist.state != want.state ||
	    hist.cured_rung != want.cured_rung || hist.recoveries != want.recoveries ||
	    hist.window_start != want.window_start)
		KUNIT_FAIL(test,
			   "auto %u state %u %u of %u, %llu ms into %u from %llx: verdict %d for %d, count %u for %u, window %llx for %llx",
			   c->automatic, c->state, c->recoveries, c->max, c->elapsed,
			   c->window, c->start, verdict, expected, hist.recoveries,
			   want.recoveries, hist.window_start, want.window_start);
}

static void check_hangs_at(struct kunit *test, struct hang_case *c)
{
	const u64 elapsed[] = {
		0, 1, c->window - 1, c->window, c->window + 1ULL,
		U32_MAX, 1ULL << 32, S64_MAX, U64_MAX,
	};
	const u64 starts[] = {
		0, 1, U32_MAX, S64_MAX, U64_MAX, U64_MAX - c->window,
		U64_MAX - c->window + 1, U64_MAX - c->window / 2,
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		for (j = 0; j < ARRAY_SIZE(elapsed); j++) {
			/* One is enough; there may be thousands. */
			if (test->status == KUNIT_FAILURE)
				return;
			c->start = starts[i];
			c->elapsed = elapsed[j];
			check_hang(test, c);
		}
}

/* Every state, every counter at its bounds, both edges of the window, wrapping. */
static void policy_every_hang(struct kunit *test)
{
	static const u32 maxima[] = { 1, 2, 5, 99, 100 };
	static const u32 windows[] = { 1000, 1001, 600000, 86400000 };
	struct hang_case c;
	int i, j, k;

	for (c.automatic = 0; c.automatic <= 1; c.automatic++)
		for (c.state = DEVRESET_HEALTHY; c.state <= DEVRESET_FAILED; c.state++)
			for (i = 0; i < ARRAY_SIZE(maxima); i++)
				for (j = 0; j < ARRAY_SIZE(windows); j++) {
					u16 counts[] = { 0, 1, maxima[i] - 1, maxima[i],
							 maxima[i] + 1, U16_MAX };

					c.max = maxima[i];
					c.window = windows[j];
					for (k = 0; k < ARRAY_SIZE(counts); k++) {
						c.recoveries = counts[k];
						check_hangs_at(test, &c);
					}
				}
}

/* Hangs every @gap ms: never more than the maximum are started in one window. */
static void check_rate(struct kunit *test, u32 max, u32 window, u32 gap, u64 now)
{
	struct devreset_policy policy = devreset_default_policy;
	u64 began = 0;
	u32 i, started = 0, failed = 0, most = 0;
	struct history hist;

	policy.max_recoveries = max;
	policy.window_ms = window;
	policy_init(&hist);
	for (i = 0; i < 3 * (max + 2); i++, now += gap) {
		enum verdict verdict = policy_hang(&policy, &hist, now);

		if (!i || now - began >= window) {
			began = now;
			started = 0;
		}
		started += verdict == VERDICT_START;
		failed += verdict == VERDICT_FAIL;
		most = max(most, started);
	}
	KUNIT_EXPECT_LE_MSG(test, most, max, "window %u, gap %u", window, gap);
	/* As many as fit into a window are tolerated, and no more. */
	KUNIT_EXPECT_EQ_MSG(test, failed > 0, (u64)gap * max < window,
			    "max %u, window %u, gap %u", max, window, gap);
}

static void policy_rate(struct kunit *test)
{
	static const u32 maxima[] = { 1, 2, 5, 100 };
	static const u32 windows[] = { 1000, 600000 };
	int i, j, k;

	for (i = 0; i < ARRAY_SIZE(maxima); i++)
		for (j = 0; j < ARRAY_SIZE(windows); j++) {
			u32 per = windows[j] / maxima[i];
			u32 gaps[] = { 0, 1, per - 1, per, per + 1,
				       windows[j] - 1, windows[j], windows[j] + 1 };

			for (k = 0; k < ARRAY_SIZE(gaps); k++) {
				check_rate(test, maxima[i], windows[j], gaps[k], 0);
				check_rate(test, maxima[i], windows[j], gaps[k],
					   U64_MAX - windows[j] / 2);
			}
		}
}

/* --- where a ladder starts --------------------------------------------------------- */

/* A hang in probation begins one rung above the cure; any other at the first. */
static void policy_start_rung(struct kunit *test)
{
	unsigned int state, rung;

	for (state = DEVRESET_HEALTHY; state <= DEVRESET_FAILED; state++)
		for (rung = 0; rung <= U8_MAX && test->status != KUNIT_FAILURE; rung++) {
			struct history hist = { .state = state, .cured_rung = rung };
			struct ladder ladder;
			unsigned int skip = 0;

			if (state == DEVRESET_PROBATION && rung != POLICY_NO_RUNG)
				skip = rung + 1;
			memset(&ladder, 0xa5, sizeof(ladder));
			policy_begin(&ladder, &hist);
			if (ladder.skip != skip || ladder.rung || ladder.attempts ||
			    ladder.total)
				KUNIT_FAIL(test, "state %u, cured by %u: skip %u",
					   state, rung, ladder.skip);
		}
}

/* A cure stays in doubt while its node is away; the window's count is kept. */
static void policy_return_dr16(struct kunit *test)
{
	static const struct history before = {
		.state = DEVRESET_FAILED, .cured_rung = 2, .recoveries = 4,
		.window_start = 5, .probation_until = 100, .cured_step = 1, .cured_more = true,
	};
	struct history hist = before;

	policy_return(&hist, 99);
	KUNIT_EXPECT_EQ(test, (int)hist.state, DEVRESET_PROBATION);
	KUNIT_EXPECT_EQ(test, (int)hist.cured_rung, 2);
	hist = before;
	policy_return(&hist, 100);
	KUNIT_EXPECT_EQ(test, (int)hist.state, DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, (int)hist.cured_rung, POLICY_NO_RUNG);
	KUNIT_EXPECT_EQ(test, (int)hist.recoveries, 4);
	KUNIT_EXPECT_EQ(test, hist.window_start, 5);
	hist = before;
	hist.cured_rung = POLICY_NO_RUNG;
	policy_return(&hist, 0);
	KUNIT_EXPECT_EQ(test, (int)hist.state, DEVRESET_HEALTHY);
}

/* A hang in probation: the next method of the rung that seemed to cure, if it has one. */
static void policy_next_method_dr14(struct kunit *test)
{
	struct history hist = {
		.state = DEVRESET_PROBATION, .cured_rung = 1, .cured_step = 2, .cured_more = true,
	};
	const struct rung rung = { DEVRESET_FUNCTION, 1, 100 };
	struct ladder ladder;

	policy_begin(&ladder, &hist);
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_ARRIVED, DEVRESET_PLATFORM,
					       &rung, &rung), STEP_CLIMB);
	KUNIT_EXPECT_EQ(test, (int)ladder.step, 3);
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_ARRIVED, DEVRESET_PLATFORM,
					       &rung, &rung), STEP_ATTEMPT);
	KUNIT_EXPECT_EQ(test, (int)ladder.step, 3);
	/* The rungs above begin with their first. */
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_NOT_CURED, DEVRESET_PLATFORM,
					       &rung, &rung), STEP_CLIMB);
	KUNIT_EXPECT_EQ(test, (int)ladder.step, 0);

	hist.cured_more = false;
	policy_begin(&ladder, &hist);
	KUNIT_EXPECT_EQ(test, (int)ladder.skip, 2);
	KUNIT_EXPECT_EQ(test, (int)ladder.step, 0);
	hist.state = DEVRESET_HEALTHY;
	hist.cured_more = true;
	policy_begin(&ladder, &hist);
	KUNIT_EXPECT_EQ(test, (int)ladder.skip, 0);
	KUNIT_EXPECT_EQ(test, (int)ladder.step, 0);
}

/* What is refused is refused with the range: as it is checked, so it is told. */
static void policy_range_texts(struct kunit *test)
{
	char want[64];
	int i;

	for (i = 0; i < POLICY_FIELDS; i++) {
		KUNIT_ASSERT_NOT_NULL(test, policy_range(i));
		if (i == POLICY_CEILING || i == POLICY_REBIND || i == POLICY_FINAL)
			continue;
		snprintf(want, sizeof(want), "%s%u to %u", documented[i].or_zero ? "0, or " : "",
			 documented[i].min, documented[i].max);
		KUNIT_EXPECT_STREQ(test, policy_range(i), want);
	}
}

#define RUNGS	4

/*
 * @scopes: of the rungs, by two bits each. What is at or below the ceiling is attempted,
 * from the rung above the one that cured last, or the highest that there is.
 */
static void check_explained(struct kunit *test, unsigned int n, unsigned int scopes, u32 ceiling,
			    const struct history *hist)
{
	bool doubted = hist->state == DEVRESET_PROBATION && hist->cured_rung != POLICY_NO_RUNG;
	unsigned int first = doubted ? hist->cured_rung + !hist->cured_more : 0;
	unsigned int passed = doubted && hist->cured_more ? hist->cured_step + 1 : 0;
	struct rung rungs[RUNGS];
	struct rung_plan plans[RUNGS];
	enum devreset_step want;
	unsigned int i, top;

	for (i = 0; i < n; i++)
		rungs[i] = (struct rung) {
			.scope = (scopes >> 2 * i & 3) ?: 1, .max_attempts = 1 + i, .retry_ms = 100,
		};
	for (top = 0; top < n && rungs[top].scope <= ceiling; top++)
		;
	if (top && first > top - 1)
		first = top - 1;
	policy_explain(hist, ceiling, rungs, n, plans);
	for (i = 0; i < n; i++) {
		want = i >= top ? DEVRESET_STEP_CEILING : i < first ? DEVRESET_STEP_SKIP :
		       DEVRESET_STEP_ATTEMPT;
		KUNIT_EXPECT_EQ_MSG(test, (int)plans[i].step, (int)want,
				    "rung %u of %u, scopes 0x%x, ceiling %u, cured %u", i, n,
				    scopes, ceiling, hist->cured_rung);
		if (want == DEVRESET_STEP_ATTEMPT)
			KUNIT_EXPECT_EQ(test, plans[i].passed, i == first ? passed : 0);
	}
}

/* With every history */
static void check_explained_after(struct kunit *test, unsigned int n, unsigned int scopes,
				  u32 ceiling)
{
	static const u8 cured[] = { 0, 1, 2, 5, POLICY_NO_RUNG };
	struct history hist = { .cured_step = 1 };
	unsigned int i;

	for (hist.state = 0; hist.state <= DEVRESET_FAILED; hist.state++)
		for (i = 0; i < 2 * ARRAY_SIZE(cured); i++) {
			hist.cured_rung = cured[i / 2];
			hist.cured_more = i & 1;
			check_explained(test, n, scopes, ceiling, &hist);
		}
}

/* DR6, DR14: what is told of a ladder is what it does */
static void policy_explain_dr14(struct kunit *test)
{
	unsigned int n, scopes;
	u32 ceiling;

	for (n = 0; n <= RUNGS; n++)
		for (scopes = 0; scopes < 1 << 2 * n; scopes++)
			for (ceiling = DEVRESET_COMPONENT; ceiling <= DEVRESET_PLATFORM; ceiling++)
				check_explained_after(test, n, scopes, ceiling);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(policy_ranges),
	KUNIT_CASE(policy_defaults),
	KUNIT_CASE(policy_field_order),
	KUNIT_CASE(policy_transitions),
	KUNIT_CASE(policy_no_dead_end),
	KUNIT_CASE(policy_clean_slate),
	KUNIT_CASE(policy_every_hang),
	KUNIT_CASE(policy_rate),
	KUNIT_CASE(policy_start_rung),
	KUNIT_CASE(policy_return_dr16),
	KUNIT_CASE(policy_next_method_dr14),
	KUNIT_CASE(policy_range_texts),
	KUNIT_CASE(policy_explain_dr14),
	{ }
};

static struct kunit_suite policy_suite = {
	.name = "devreset_policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
MODULE_DESCRIPTION("KUnit: devreset, the policy");
MODULE_LICENSE("GPL");
