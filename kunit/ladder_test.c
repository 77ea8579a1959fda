// SPDX-License-Identifier: GPL-2.0
/*
 * Ladders: a proof by enumeration that every one ends, in at most the attempts
 * that the policy allows, and in the right order (DR6, DR10).
 *
 * Where a ladder stands is said by the rung, the attempts made on it, and what
 * happened last. Every step must lead to a later place in that order, whatever
 * comes of it, and there are only so many places: so it ends. Each place that
 * can be reached is looked at once, with the most attempts in all that can have
 * been made by then.
 */
#include <kunit/test.h>
#include <linux/devreset.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include "../drivers/core/policy.h"

#define RUNGS		4
#define ATTEMPTS	100
#define EVENTS		(LADDER_GONE + 1)

/* How a ladder is set up, and what must hold for it */
struct course {
	struct rung rung[RUNGS];
	int len;
	u32 ceiling;
	u8 skip;

	int top;	/* highest rung that may be reached, or -1 */
	int first;	/* rung of the first attempt */
	unsigned int allowed;	/* attempts on all rungs that may be reached */
	unsigned int budget;	/* and of those on the first and above */
};

struct situation {
	struct ladder ladder;
	enum ladder_event event;
	int pos;
	unsigned int tried;	/* attempts on this rung, */
	unsigned int total;	/* and in all: our own count */
	u32 epoch;
};

struct proof {
	struct course course;
	struct situation places[RUNGS][ATTEMPTS + 1][EVENTS];
	unsigned int most;
	u32 epoch;
	unsigned long courses, steps;
	const char *wrong;
};

/* What happens to a ladder on one rung between two attempts, in order */
static const int order[EVENTS] = {
	[LADDER_ARRIVED] = 0,
	[LADDER_NOT_CURED] = 1,
	[LADDER_REFUSED] = 2,
	[LADDER_WAITED] = 3,
	[LADDER_CURED] = 4,
	[LADDER_GONE] = 5,
};

/* --- what must hold ------------------------------------------------------------ */

static void describe(struct course *c)
{
	int i;

	c->top = -1;
	c->allowed = 0;
	c->budget = 0;
	while (c->top + 1 < c->len && c->rung[c->top + 1].scope <= c->ceiling)
		c->top++;
	c->first = min_t(int, c->skip, c->top);
	for (i = 0; i <= c->top; i++) {
		c->allowed += c->rung[i].max_attempts;
		if (i >= c->first)
			c->budget += c->rung[i].max_attempts;
	}
}

static const char *check_attempt(const struct course *c, const struct situation *s)
{
	if (s->event != LADDER_ARRIVED && s->event != LADDER_WAITED)
		return "attempt without having arrived or waited";
	if (s->pos > c->top)
		return "attempt on a rung above the ceiling (DR6)";
	if (s->pos < c->first)
		return "attempt on a rung below the one to start at";
	if (s->tried >= c->rung[s->pos].max_attempts)
		return "more attempts on a rung than its budget (DR10)";
	if (s->total >= c->budget)
		return "more attempts than all budgets together (DR10)";
	return NULL;
}

static const char *check_climb(const struct course *c, const struct situation *s)
{
	if (s->pos >= c->top)
		return "climb to where the ladder may not go";
	switch (s->event) {
	case LADDER_ARRIVED:
		return s->pos < c->first ? NULL : "rung passed by without an attempt (DR6)";
	case LADDER_NOT_CURED:
		return s->tried == c->rung[s->pos].max_attempts ? NULL :
			"climb before the budget was used up (DR6, DR10)";
	case LADDER_REFUSED:
		return NULL;
	default:
		return "climb for no reason";
	}
}

static const char *check_give_up(const struct course *c, const struct situation *s)
{
	switch (s->event) {
	case LADDER_GONE:
		return NULL;
	case LADDER_ARRIVED:
		return c->top < 0 ? NULL : "gave up without an attempt";
	case LADDER_NOT_CURED:
		if (s->tried != c->rung[s->pos].max_attempts)
			return "gave up before the budget was used up (DR10)";
		fallthrough;
	case LADDER_REFUSED:
		return s->pos == c->top ? NULL : "gave up with a rung left (DR6)";
	default:
		return "gave up for no reason";
	}
}

static const char *check_step(const struct course *c, const struct situation *s,
			      enum ladder_step step)
{
	if (s->event == LADDER_CURED && step != STEP_DONE)
		return "cured, and goes on";
	if (s->event == LADDER_GONE && step != STEP_GIVE_UP)
		return "gone, and goes on";
	switch (step) {
	case STEP_ATTEMPT:
		return check_attempt(c, s);
	case STEP_WAIT:
		return s->event == LADDER_NOT_CURED &&
		       s->tried < c->rung[s->pos].max_attempts ? NULL :
			"waits for no reason";
	case STEP_CLIMB:
		return check_climb(c, s);
	case STEP_GIVE_UP:
		return check_give_up(c, s);
	case STEP_DONE:
		return s->event == LADDER_CURED ? NULL : "done, and not cured";
	}
	return "no such step";
}

/* --- following it -------------------------------------------------------------- */

static bool is_later(const struct situation *s, const struct situation *than)
{
	if (s->pos != than->pos)
		return s->pos > than->pos;
	if (s->tried != than->tried)
		return s->tried > than->tried;
	return order[s->event] > order[than->event];
}

/* @event is one of the things that can come of a step made at @from. */
static void reach(struct proof *p, const struct situation *from, struct situation now,
		  enum ladder_event event)
{
	struct situation *place = &p->places[now.pos][now.tried][event];

	now.event = event;
	if (!is_later(&now, from))
		p->wrong = "does not end";
	if (place->epoch != p->epoch) {
		now.epoch = p->epoch;
		*place = now;
		return;
	}
	if (place->ladder.rung != now.ladder.rung || place->ladder.skip != now.ladder.skip ||
	    place->ladder.attempts != now.ladder.attempts)
		p->wrong = "the past matters more than it may";
	if (now.total > place->total)
		*place = now;
}

/* @from: before the step, @s: after it, with the ladder's own count */
static void go_on(struct proof *p, const struct situation *from, struct situation *s,
		  enum ladder_step step)
{
	enum ladder_event next = LADDER_WAITED;

	if (step == STEP_DONE || step == STEP_GIVE_UP)
		return;
	if (step == STEP_ATTEMPT) {
		next = LADDER_NOT_CURED;
		s->tried++;
		p->most = max(p->most, ++s->total);
		reach(p, from, *s, LADDER_REFUSED);
	} else if (step == STEP_CLIMB) {
		next = LADDER_ARRIVED;
		s->pos++;
		s->tried = 0;
	}
	reach(p, from, *s, next);
	reach(p, from, *s, LADDER_CURED);
	reach(p, from, *s, LADDER_GONE);
	if (s->ladder.rung != s->pos || s->ladder.attempts != s->tried ||
	    s->ladder.total != s->total)
		p->wrong = "the ladder has lost count";
}

static void follow(struct proof *p, const struct situation *from)
{
	static const struct rung none;
	const struct course *c = &p->course;
	struct situation s = *from;
	const struct rung *here = s.pos < c->len ? &c->rung[s.pos] : &none;
	/* No rung above is said in two ways. */
	const struct rung *above = s.pos + 1 < c->len ? &c->rung[s.pos + 1] :
				   c->len & 1 ? &none : NULL;
	enum ladder_step step;

	step = policy_next(&s.ladder, s.event, c->ceiling, here, above);
	p->steps++;
	p->wrong = check_step(c, from, step);
	if (!p->wrong)
		go_on(p, from, &s, step);
}

/* Follow p->course to its end. NULL, or what is wrong with it. */
static const char *prove(struct proof *p)
{
	static const enum ladder_event by_order[EVENTS] = {
		LADDER_ARRIVED, LADDER_NOT_CURED, LADDER_REFUSED,
		LADDER_WAITED, LADDER_CURED, LADDER_GONE,
	};
	struct situation start = { .epoch = ++p->epoch };
	struct situation *place;
	int pos, i;
	u32 tried;

	describe(&p->course);
	p->wrong = NULL;
	p->most = 0;
	start.ladder.skip = p->course.skip;
	p->places[0][0][LADDER_ARRIVED] = start;
	for (pos = 0; pos < max(p->course.len, 1); pos++)
		for (tried = 0; tried <= p->course.rung[pos].max_attempts; tried++)
			for (i = 0; i < EVENTS; i++) {
				place = &p->places[pos][tried][by_order[i]];
				if (place->epoch == p->epoch)
					follow(p, place);
				if (p->wrong)
					return p->wrong;
			}
	if (p->most != p->course.budget)
		return "fewer attempts than it may make (DR10)";
	p->courses++;
	return NULL;
}

/* --- every ladder ----------------------------------------------------------------- */

static const u32 budgets[] = { 1, 2, 3, 100 };
static const u8 skips[] = { 0, 1, 2, 3, 4, 5, 255 };

static bool prove_here(struct kunit *test, struct proof *p)
{
	struct course *c = &p->course;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(skips); i++)
		for (c->ceiling = DEVRESET_COMPONENT; c->ceiling <= DEVRESET_PLATFORM;
		     c->ceiling++) {
			const char *wrong;

			c->skip = skips[i];
			wrong = prove(p);
			if (!wrong)
				continue;
			for (j = 0; j < c->len; j++)
				kunit_info(test, "rung %d: scope %u, %u attempts\n", j,
					   c->rung[j].scope, c->rung[j].max_attempts);
			KUNIT_FAIL(test, "%d rungs, ceiling %u, skip %u: %s", c->len,
				   c->ceiling, c->skip, wrong);
			return false;
		}
	return true;
}

static bool ascends(const struct rung *rung, int len)
{
	int i;

	for (i = 1; i < len; i++)
		if (rung[i].scope < rung[i - 1].scope)
			return false;
	return true;
}

/*
 * Ladders of @len rungs: every scope on every rung, in any order, as the tree is
 * the drivers'; every budget. Those with the largest on more than @large rungs
 * are left out, and also on any, if the scopes are not in order and @len is 4:
 * they take long, and say nothing new.
 */
static void prove_length(struct kunit *test, int len, int large)
{
	struct proof *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned int set, sets = 1, rest;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < len; i++)
		sets *= 3 * ARRAY_SIZE(budgets);
	p->course.len = len;
	for (set = 0; set < sets; set++) {
		struct rung *rung = p->course.rung;
		int many = 0;

		for (i = 0, rest = set; i < len; i++, rest /= 12) {
			rung[i].scope = DEVRESET_COMPONENT + rest % 3;
			rung[i].max_attempts = budgets[rest % 12 / 3];
			rung[i].retry_ms = 100;
			many += rung[i].max_attempts == ATTEMPTS;
		}
		if (many > (len < 4 || ascends(rung, len) ? large : 0))
			continue;
		if (!prove_here(test, p))
			return;
		cond_resched();
	}
	kunit_info(test, "%lu ladders, %lu places\n", p->courses, p->steps);
}

static void ladder_ends_0_rungs(struct kunit *test)
{
	prove_length(test, 0, 0);
}

static void ladder_ends_1_rung_dr10(struct kunit *test)
{
	prove_length(test, 1, 1);
}

static void ladder_ends_2_rungs_dr6_dr10(struct kunit *test)
{
	prove_length(test, 2, 2);
}

static void ladder_ends_3_rungs_dr6_dr10(struct kunit *test)
{
	prove_length(test, 3, 3);
}

static void ladder_ends_4_rungs_dr6_dr10(struct kunit *test)
{
	prove_length(test, 4, 1);
}

/* The rung that a hang in probation starts at: above the cure, or the highest. */
static void ladder_starts_above_the_cure(struct kunit *test)
{
	static const struct rung none;
	struct rung rung = { DEVRESET_FUNCTION, 1, 100 };
	unsigned int cured, len, pos;

	for (cured = 0; cured <= U8_MAX && test->status != KUNIT_FAILURE; cured++)
		for (len = 1; len <= 300; len += len < 6 ? 1 : 49) {
			struct history hist = { DEVRESET_PROBATION, cured };
			unsigned int want = cured == POLICY_NO_RUNG ? 0 :
					    min(cured + 1, len - 1);
			struct ladder ladder;

			policy_begin(&ladder, &hist);
			for (pos = 0; pos < len; pos++)
				if (policy_next(&ladder, LADDER_ARRIVED,
						DEVRESET_PLATFORM, &rung,
						pos + 1 < len ? &rung : &none) != STEP_CLIMB)
					break;
			/* More rungs than can be counted are no rungs. */
			if (want < POLICY_NO_RUNG && (pos != want || ladder.attempts != 1))
				KUNIT_FAIL(test, "cured by %u of %u: starts at %u",
					   cured, len, pos);
		}
}

/* --- one step at a time -------------------------------------------------------------- */

struct moment {
	enum ladder_event event;
	u32 ceiling;
	struct rung here, above;
	struct ladder ladder;
};

/* The same rules once more, as a table of one row for each event */
static enum ladder_step expected(const struct moment *m, bool *climbs)
{
	bool more = m->above.scope && m->above.scope <= m->ceiling &&
		    m->ladder.rung < POLICY_NO_RUNG - 1;
	enum ladder_step up = more ? STEP_CLIMB : STEP_GIVE_UP;
	bool allowed = m->here.scope && m->here.scope <= m->ceiling;
	bool spent = m->ladder.attempts >= m->here.max_attempts;
	bool pass = m->ladder.skip && m->above.scope && m->above.scope <= m->ceiling;
	const enum ladder_step steps[EVENTS] = {
		[LADDER_ARRIVED] = !allowed ? STEP_GIVE_UP : pass ? up : STEP_ATTEMPT,
		[LADDER_CURED] = STEP_DONE,
		[LADDER_NOT_CURED] = spent ? up : STEP_WAIT,
		[LADDER_REFUSED] = up,
		[LADDER_WAITED] = STEP_ATTEMPT,
		[LADDER_GONE] = STEP_GIVE_UP,
	};

	*climbs = steps[m->event] == STEP_CLIMB;
	return steps[m->event];
}

static void check_moment(struct kunit *test, const struct moment *m)
{
	struct ladder ladder = m->ladder, want = m->ladder;
	enum ladder_step step, right;
	bool climbs;

	right = expected(m, &climbs);
	if (climbs) {
		want.rung++;
		want.attempts = 0;
		want.skip -= !!want.skip;
	} else if (right == STEP_ATTEMPT) {
		want.attempts++;
		want.total++;
	}
	step = policy_next(&ladder, m->event, m->ceiling, &m->here,
			   m->above.scope ? &m->above : NULL);
	if (step != right || ladder.rung != want.rung || ladder.skip != want.skip ||
	    ladder.attempts != want.attempts || ladder.total != want.total)
		KUNIT_FAIL(test,
			   "event %d ceiling %u here %u above %u rung %u skip %u attempts %u of %u: step %d for %d",
			   m->event, m->ceiling, m->here.scope, m->above.scope,
			   m->ladder.rung, m->ladder.skip,
			   m->ladder.attempts, m->here.max_attempts, step, right);
}

static void check_counters(struct kunit *test, struct moment *m)
{
	static const u8 rungs[] = { 0, 1, 127, 253, 254 };
	static const u8 skip[] = { 0, 1, 2, 254, 255 };
	const u16 attempts[] = {
		0, 1, m->here.max_attempts - 1, m->here.max_attempts,
		m->here.max_attempts + 1, U16_MAX - 1,
	};
	static const u16 totals[] = { 0, 1, U8_MAX, U16_MAX - 1 };
	int i, j, k, l;

	for (i = 0; i < ARRAY_SIZE(rungs); i++)
		for (j = 0; j < ARRAY_SIZE(skip); j++)
			for (k = 0; k < ARRAY_SIZE(attempts); k++)
				for (l = 0; l < ARRAY_SIZE(totals); l++) {
					/* One is enough; there may be thousands. */
					if (test->status == KUNIT_FAILURE)
						return;
					m->ladder = (struct ladder) {
						rungs[i], skip[j], attempts[k], totals[l],
					};
					check_moment(test, m);
				}
}

/* Every event at every scope, ceiling and counter at its bounds */
static void ladder_every_step(struct kunit *test)
{
	struct moment m = { };
	u32 budget;

	for (m.event = 0; m.event < EVENTS; m.event++)
		for (m.ceiling = 1; m.ceiling <= 3; m.ceiling++)
			for (m.here.scope = 0; m.here.scope <= 3; m.here.scope++)
				for (m.above.scope = 0; m.above.scope <= 3; m.above.scope++)
					for (budget = 1; budget <= 100; budget += 33) {
						m.here.max_attempts = budget;
						check_counters(test, &m);
					}
}

/* No origin, no rung: nothing is looked at that is not there. */
static void ladder_of_nothing(struct kunit *test)
{
	struct ladder ladder = { };

	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_ARRIVED, DEVRESET_PLATFORM,
					       NULL, NULL), (int)STEP_GIVE_UP);
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_CURED, DEVRESET_PLATFORM,
					       NULL, NULL), (int)STEP_DONE);
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_GONE, DEVRESET_PLATFORM,
					       NULL, NULL), (int)STEP_GIVE_UP);
	KUNIT_EXPECT_EQ(test, (int)policy_next(&ladder, LADDER_REFUSED, DEVRESET_PLATFORM,
					       NULL, NULL), (int)STEP_GIVE_UP);
	KUNIT_EXPECT_EQ(test, (int)ladder.total, 0);
}

/*
 * The tree and the numbers may change while a ladder runs: it has an end even
 * then, on a tree that grows as fast as it climbs, with budgets at their limit.
 */
static void ladder_ends_on_a_growing_tree(struct kunit *test)
{
	const struct rung rung = { DEVRESET_FUNCTION, ATTEMPTS, 100 };
	enum ladder_event event = LADDER_ARRIVED;
	unsigned int steps, attempts = 0, climbs = 0;
	const unsigned int rungs = POLICY_NO_RUNG;
	enum ladder_step step = STEP_WAIT;
	struct ladder ladder = { };

	for (steps = 0; steps < 3 * rungs * ATTEMPTS; steps++) {
		step = policy_next(&ladder, event, DEVRESET_PLATFORM, &rung, &rung);
		if (step == STEP_GIVE_UP || step == STEP_DONE)
			break;
		attempts += step == STEP_ATTEMPT;
		climbs += step == STEP_CLIMB;
		event = step == STEP_ATTEMPT ? LADDER_NOT_CURED :
			step == STEP_CLIMB ? LADDER_ARRIVED : LADDER_WAITED;
	}
	KUNIT_EXPECT_EQ(test, (int)step, (int)STEP_GIVE_UP);
	KUNIT_EXPECT_EQ(test, attempts, rungs * ATTEMPTS);
	KUNIT_EXPECT_EQ(test, climbs, rungs - 1);
	/* And its counters can count that far. */
	KUNIT_EXPECT_EQ(test, (unsigned int)ladder.total, attempts);
}

static struct kunit_case ladder_cases[] = {
	KUNIT_CASE(ladder_ends_0_rungs),
	KUNIT_CASE(ladder_ends_1_rung_dr10),
	KUNIT_CASE(ladder_ends_2_rungs_dr6_dr10),
	KUNIT_CASE(ladder_ends_3_rungs_dr6_dr10),
	KUNIT_CASE(ladder_ends_4_rungs_dr6_dr10),
	KUNIT_CASE(ladder_starts_above_the_cure),
	KUNIT_CASE(ladder_every_step),
	KUNIT_CASE(ladder_of_nothing),
	KUNIT_CASE(ladder_ends_on_a_growing_tree),
	{ }
};

static struct kunit_suite ladder_suite = {
	.name = "devreset_ladder",
	.test_cases = ladder_cases,
};

kunit_test_suite(ladder_suite);
