// SPDX-License-Identifier: GPL-2.0
/*
 * Any two requests, the second made while the first waits, dumps, asks, stops,
 * resets, restores, resumes or checks. What may come of them is spelled out in expect_first() and
 * expect_second(); besides, the fakes watch the order of callbacks, and in the
 * end all completions must have come, once, and no claim must be left.
 */
#include <kunit/test.h>
#include "fake.h"

enum kind {
	RESET_SELF,
	RESET_PARENT,
	RESET_GRANDPARENT,
	RECOVER,
	EXTERNAL,
	UNREGISTER,
	KINDS,
};

static const char * const kinds[KINDS] = {
	"reset self", "reset parent", "reset grandparent", "recover", "external",
	"unregister",
};

/* Where the first is held */
enum phase {
	WAITING,	/* for a claim below to go */
	DUMPING,
	ASKING,		/* may it be reset? */
	QUIESCING,
	RESETTING,	/* external: between begin and end; unregister: a callback is in hand */
	PENDING,	/* the completion is awaited */
	BACKING_OFF,	/* a bus lock is busy */
	RESTORING,
	RESUMING,
	CHECKING,
	PAIR_PHASES,
};

/* One of the two */
struct side {
	enum kind kind;
	struct fake *at;
	struct fake *target;	/* what it resets, or unregisters */
	struct fake_ask *ask;
	struct fake_job *job;
	int ret;
};

struct pair {
	struct kunit *test;
	struct family f;
	enum phase phase;
	struct side first, second;
	struct devreset_node *pending;	/* reference */
};

/* --- the two ------------------------------------------------------------------- */

static bool possible(struct pair *pair, const struct side *side)
{
	return (int)side->at->desc.scope + (int)side->kind <= DEVRESET_PLATFORM ||
	       side->kind > RESET_GRANDPARENT;
}

/* Does the first go through that phase at all? */
static bool has_phase(enum kind kind, enum phase phase)
{
	if (kind == UNREGISTER)
		return phase == RESETTING;
	if (phase == DUMPING)
		return kind == RECOVER;
	if (kind == EXTERNAL)
		return phase != ASKING && phase != PENDING && phase != BACKING_OFF &&
		       phase != CHECKING;
	return true;
}

static void aim_side(struct pair *pair, struct side *side)
{
	side->target = side->at;
	if (side->kind == EXTERNAL)
		side->target = pair->f.p;
	if (side->kind == RESET_PARENT || side->kind == RESET_GRANDPARENT)
		side->target = side->at->parent;
	if (side->kind == RESET_GRANDPARENT)
		side->target = side->target->parent;
	side->ask = NULL;
	side->job = NULL;
}

static void start_side(struct side *side, bool hold)
{
	switch (side->kind) {
	case RECOVER:
		side->ret = devreset_recover(side->at->node, "hang");
		break;
	case EXTERNAL:
		side->job = fake_job(side->at, fake_job_external, 0);
		if (!hold)
			fake_job_go_on(side->job);
		break;
	case UNREGISTER:
		side->job = fake_job(side->at, fake_job_unregister, 0);
		break;
	default:
		side->ask = fake_ask(side->at, (int)side->at->desc.scope + (int)side->kind);
	}
}

static int status_of(const struct side *side)
{
	if (side->ask)
		return side->ask->ret ?: side->ask->status;
	return side->job ? side->job->ret : side->ret;
}

/* --- holding the first ------------------------------------------------------------ */

static const enum fake_what gates[PAIR_PHASES] = {
	[DUMPING] = FAKE_DUMP,
	[ASKING] = FAKE_MAY_RESET,
	[QUIESCING] = FAKE_QUIESCE,
	[RESETTING] = FAKE_RESET,
	[RESTORING] = FAKE_RESTORE,
	[RESUMING] = FAKE_RESUME,
	[CHECKING] = FAKE_CHECK,
};

static void prepare_first(struct pair *pair)
{
	struct fake *target = pair->first.target;

	switch (pair->phase) {
	case WAITING:
		pair->f.x->op[FAKE_RESET].gate = true;
		fake_ask(pair->f.x, DEVRESET_COMPONENT);
		FAKE_ASSERT_INSIDE(pair->test, pair->f.x, FAKE_RESET);
		return;
	case PENDING:
		fake_returns(target, FAKE_RESET, -EINPROGRESS, 0);
		return;
	case BACKING_OFF:
		target->op[FAKE_RESET].ret = -EAGAIN;
		return;
	case RESTORING:
		fake_returns(target, FAKE_RESET, DEVRESET_RESTORE, 0);
		break;
	default:
		break;
	}
	if (pair->first.kind == UNREGISTER)
		fake_hold(pair->first.at);
	else if (pair->first.kind != EXTERNAL || pair->phase != RESETTING)
		target->op[gates[pair->phase]].gate = true;
}

static bool first_is_held(struct pair *pair)
{
	struct fake *target = pair->first.target;

	if (pair->first.kind == UNREGISTER)
		return READ_ONCE(to_dr(target->node)->dying);
	switch (pair->phase) {
	case WAITING:
		return pair->first.kind != EXTERNAL ||
		       fake_stat(target, STAT_EXTERNAL) == pair->first.ret + 1;
	case PENDING:
		return READ_ONCE(target->op[FAKE_RESET].calls) && !READ_ONCE(target->inside);
	case BACKING_OFF:
		return READ_ONCE(target->op[FAKE_RESET].calls) > 1;
	case RESETTING:
		if (pair->first.kind == EXTERNAL)
			return READ_ONCE(pair->first.job->began);
		fallthrough;
	default:
		return READ_ONCE(target->op[gates[pair->phase]].inside);
	}
}

static void release_first(struct pair *pair)
{
	struct fake *target = pair->first.target;

	switch (pair->phase) {
	case WAITING:
		fake_open(pair->f.x, FAKE_RESET);
		break;
	case PENDING:
		devreset_complete(pair->pending, target->gen, 0, 0);
		break;
	case BACKING_OFF:
		WRITE_ONCE(target->op[FAKE_RESET].ret, 0);
		break;
	default:
		fake_open(target, gates[pair->phase]);
		fake_open(target, FAKE_CHECK);
	}
	if (pair->first.job)
		fake_job_go_on(pair->first.job);
}

/* Is the first held within a callback into @fake? */
static bool held_in(struct pair *pair, struct fake *fake)
{
	if (fake != pair->first.target || pair->phase == WAITING ||
	    pair->phase == PENDING || pair->phase == BACKING_OFF)
		return false;
	return pair->first.kind != EXTERNAL || pair->phase != RESETTING;
}

/* --- what may come of it ------------------------------------------------------------- */

static bool covers(struct fake *above, struct fake *fake)
{
	while (fake && fake != above)
		fake = fake->parent;
	return fake;
}

static void expect_status(struct pair *pair, const struct side *side, int one, int other)
{
	int status = status_of(side);

	KUNIT_EXPECT_TRUE_MSG(pair->test, status == one || status == other,
			      "%s at %s ended with %d, not %d or %d", kinds[side->kind],
			      side->at->name, status, one, other);
}

static void expect_first(struct pair *pair)
{
	const struct side *first = &pair->first, *second = &pair->second;
	struct fake *gone = second->kind == UNREGISTER ? second->at : NULL;

	if (gone && first->ask && gone == first->at)
		/* Rule 3: who waits for it there is told. */
		expect_status(pair, first, -ENODEV, -ENODEV);
	else if (gone == first->target && first->kind == EXTERNAL)
		/* Its begin ended before, or does not find it any more. */
		expect_status(pair, first, -ENODEV, pair->phase == WAITING ? -ENODEV : 0);
	else if (gone == first->target && first->ask)
		/* What was to be reset has gone, perhaps after its reset. */
		expect_status(pair, first, -ENODEV, held_in(pair, gone) ? 0 : -ENODEV);
	else
		expect_status(pair, first, 0, 0);
}

/* Who comes after a node began to go */
static void expect_after_unregister(struct pair *pair)
{
	const struct side *second = &pair->second;
	struct fake *gone = pair->first.at;

	if (second->at == gone && second->kind != EXTERNAL)
		expect_status(pair, second, -ENODEV, -ENODEV);
	else if (second->target == gone && second->ask)
		/* It cannot be reset any more, and nothing else has that scope. */
		expect_status(pair, second, -EOPNOTSUPP, -EOPNOTSUPP);
	else if (second->target == gone)
		expect_status(pair, second, -ENODEV, -ENODEV);
	else
		expect_status(pair, second, 0, 0);
}

static void expect_second(struct pair *pair)
{
	const struct side *first = &pair->first, *second = &pair->second;
	bool joins = covers(first->target, second->target);

	/* It claims nothing before it is let in. */
	if (first->kind == EXTERNAL && pair->phase == WAITING)
		joins = false;
	if (first->kind == UNREGISTER)
		expect_after_unregister(pair);
	else if (second->kind == RECOVER && joins)
		expect_status(pair, second, -EALREADY, -EALREADY);
	else if (second->ask && joins)
		/* Rule 2: that reset's result */
		expect_status(pair, second, status_of(first), status_of(first));
	else
		expect_status(pair, second, 0, 0);
	if (second->ask && joins && first->kind != UNREGISTER)
		KUNIT_EXPECT_EQ_MSG(pair->test, second->target->op[FAKE_RESET].calls,
				    second->target == first->target &&
				    first->kind != EXTERNAL ?
				    (pair->phase == BACKING_OFF ?
				     first->target->op[FAKE_RESET].calls : 1) : 0,
				    "%s was reset for who joined", second->target->name);
}

/* --- a pair ----------------------------------------------------------------------------- */

/* As at the beginning, but that all have diagnostics if these are what holds. */
static void restart(struct pair *pair)
{
	struct fake_tree *tree = pair->test->priv;
	struct fake *fake;

	fake_forget(tree);
	fake_rewind(tree);
	list_for_each_entry(fake, &tree->fakes, link) {
		if (pair->phase == DUMPING && !fake->dumps && fake->node)
			KUNIT_ASSERT_EQ(pair->test, fake_unregister(fake), 0);
		fake->dumps = pair->phase == DUMPING;
		if (!fake->node)
			KUNIT_ASSERT_EQ(pair->test, fake_register(fake), 0);
	}
	tree->strict = pair->second.kind != UNREGISTER && pair->first.kind != UNREGISTER;
}

static void run_pair(struct pair *pair)
{
	struct fake_tree *tree = pair->test->priv;
	struct side *first = &pair->first, *second = &pair->second;

	restart(pair);
	aim_side(pair, first);
	aim_side(pair, second);
	prepare_first(pair);
	pair->pending = devreset_get(first->target->node);
	first->ret = first->kind == EXTERNAL ? fake_stat(first->target, STAT_EXTERNAL) : 0;
	start_side(first, pair->phase == RESETTING);
	FAKE_ASSERT_SOON(pair->test, first_is_held(pair));

	start_side(second, false);
	/* Rule 3 */
	if (second->kind == UNREGISTER && first->kind != UNREGISTER) {
		if (held_in(pair, second->at))
			FAKE_ASSERT_SOON(pair->test,
					 READ_ONCE(to_dr(pair->pending)->dying));
		else if (!fake_wait(fake_job_done(second->job)))
			KUNIT_FAIL(pair->test, "unregistering waits");
	} else {
		schedule_timeout_idle(1);
	}
	release_first(pair);
	fake_expect_rest(tree);
	expect_first(pair);
	expect_second(pair);
	devreset_put(pair->pending);
}

static void run_phase(struct kunit *test, enum phase phase)
{
	struct pair pair = { .test = test, .phase = phase };
	/* a a, p p, a p, p a, a b */
	struct fake *relations[5][2];
	unsigned int ran = 0;
	int i;

	fake_family(test->priv, &pair.f);
	for (i = 0; i < ARRAY_SIZE(relations); i++) {
		relations[i][0] = i == 1 || i == 3 ? pair.f.p : pair.f.a;
		relations[i][1] = i == 1 || i == 2 ? pair.f.p : pair.f.a;
	}
	relations[4][1] = pair.f.b;
	for (i = 0; i < ARRAY_SIZE(relations) * KINDS * KINDS; i++) {
		pair.first.at = relations[i / (KINDS * KINDS)][0];
		pair.second.at = relations[i / (KINDS * KINDS)][1];
		pair.first.kind = i / KINDS % KINDS;
		pair.second.kind = i % KINDS;
		if (!possible(&pair, &pair.first) || !possible(&pair, &pair.second) ||
		    !has_phase(pair.first.kind, phase))
			continue;
		run_pair(&pair);
		ran++;
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "in: %s at %s, then %s at %s",
				   kinds[pair.first.kind], pair.first.at->name,
				   kinds[pair.second.kind], pair.second.at->name);
			break;
		}
	}
	kunit_info(test, "%u pairs", ran);
	fake_rewind(test->priv);
}

static void pair_while_waiting(struct kunit *test)
{
	run_phase(test, WAITING);
}

static void pair_while_dumping(struct kunit *test)
{
	run_phase(test, DUMPING);
}

static void pair_while_asking(struct kunit *test)
{
	run_phase(test, ASKING);
}

static void pair_while_quiescing(struct kunit *test)
{
	run_phase(test, QUIESCING);
}

static void pair_while_resetting(struct kunit *test)
{
	run_phase(test, RESETTING);
}

static void pair_while_pending(struct kunit *test)
{
	run_phase(test, PENDING);
}

static void pair_while_backing_off(struct kunit *test)
{
	run_phase(test, BACKING_OFF);
}

static void pair_while_restoring(struct kunit *test)
{
	run_phase(test, RESTORING);
}

static void pair_while_resuming(struct kunit *test)
{
	run_phase(test, RESUMING);
}

static void pair_while_checking(struct kunit *test)
{
	run_phase(test, CHECKING);
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE(pair_while_waiting),
	KUNIT_CASE(pair_while_dumping),
	KUNIT_CASE(pair_while_asking),
	KUNIT_CASE(pair_while_quiescing),
	KUNIT_CASE(pair_while_resetting),
	KUNIT_CASE(pair_while_pending),
	KUNIT_CASE(pair_while_backing_off),
	KUNIT_CASE(pair_while_restoring),
	KUNIT_CASE(pair_while_resuming),
	KUNIT_CASE(pair_while_checking),
	{}
};

static struct kunit_suite pair_suite = {
	.name = "devreset_pairs",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = pair_cases,
};

kunit_test_suite(pair_suite);
