// SPDX-License-Identifier: GPL-2.0
/*
 * Rules 1 to 6 of the design, one by one, on trees of fake nodes. Rule 7 is in
 * external_test.c; what two requests do to each other in general, in
 * pair_test.c.
 */
#include <kunit/test.h>
#include "fake.h"

/* Long enough for a worker to do what it must not */
static void linger(void)
{
	schedule_timeout_idle(msecs_to_jiffies(5));
}

/* Start a reset at @fake of its own scope that stays inside its reset callback. */
static struct fake_ask *block_reset(struct kunit *test, struct fake *fake)
{
	struct fake_ask *ask;

	fake->op[FAKE_RESET].gate = true;
	ask = fake_ask(fake, fake->desc.scope);
	KUNIT_ASSERT_EQ(test, ask->ret, 0);
	FAKE_ASSERT_INSIDE(test, fake, FAKE_RESET);
	return ask;
}

static int hook_unregister(struct fake *fake)
{
	struct fake *other = (struct fake *)fake->data;

	fake->op[FAKE_RESET].hook = NULL;
	return fake_unregister(other);
}

/* --- what a reset is ------------------------------------------------------------- */

static void a_reset_goes_in_order(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "quiesce:b quiesce:x quiesce:a quiesce:p reset:p restore:a restore:x restore:b resume:p resume:a resume:x resume:b");
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_CHECK].calls, 0);
	KUNIT_EXPECT_EQ(test, f.q->op[FAKE_CHECK].calls, 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_CHECK].calls, 1);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_CHECK].calls, 1);
}

/* --- rule 1 ------------------------------------------------------------------------ */

static void rule1_waits_for_a_claim_below(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *low, *high;
	struct family f;

	fake_family(tree, &f);
	low = block_reset(test, f.x);
	high = fake_ask(f.p, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, high->ret, 0);
	linger();
	KUNIT_EXPECT_NULL(test, READ_ONCE(to_dr(f.p->node)->claim));
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_QUIESCE].calls, 0);
	fake_open(f.x, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, low->status, 0);
	KUNIT_EXPECT_EQ(test, high->status, 0);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_QUIESCE].calls, 2);
}

static void rule1_disjoint_subtrees_in_parallel(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask[3];
	struct family f;

	fake_family(tree, &f);
	ask[0] = block_reset(test, f.x);
	ask[1] = block_reset(test, f.b);
	ask[2] = block_reset(test, f.q);
	/* All three are inside at once. */
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESET].inside, 1);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_RESET].inside, 1);
	KUNIT_EXPECT_EQ(test, f.q->op[FAKE_RESET].inside, 1);
	KUNIT_EXPECT_EQ(test, to_dr(f.g->node)->claims_below, 3);
	KUNIT_EXPECT_EQ(test, to_dr(f.p->node)->claims_below, 2);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->claims_below, 1);
	/* They end in any order. */
	fake_open(f.b, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(ask[1]->calls));
	KUNIT_EXPECT_EQ(test, ask[0]->calls + ask[2]->calls, 0);
	fake_open(f.q, FAKE_RESET);
	fake_open(f.x, FAKE_RESET);
	fake_expect_rest(tree);
}

/* Those below that wait already let it pass, and new ones join it. */
static void rule1_waiting_ancestor_is_not_starved(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *x, *a, *b, *p;
	struct fake *c;
	struct family f;

	fake_family(tree, &f);
	c = fake_add(tree, "c", DEVRESET_COMPONENT, f.p);
	tree->traced = BIT(FAKE_RESET);
	x = block_reset(test, f.x);
	block_reset(test, c);
	a = fake_ask(f.a, DEVRESET_COMPONENT);
	p = fake_ask(f.p, DEVRESET_FUNCTION);
	b = fake_ask(f.b, DEVRESET_COMPONENT);
	KUNIT_EXPECT_EQ(test, a->ret, 0);
	KUNIT_EXPECT_EQ(test, p->ret, 0);
	KUNIT_EXPECT_EQ(test, b->ret, 0);
	linger();
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x reset:c");
	/* Nothing but p keeps a from going on now; and p has to wait for c. */
	fake_open(f.x, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(x->calls));
	linger();
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x reset:c");
	f.p->op[FAKE_RESET].gate = true;
	fake_open(c, FAKE_RESET);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_EXPECT_EQ(test, a->calls, 0);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	/* b has joined p; a, which waited when p came, needs no more than that. */
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x reset:c reset:p");
	KUNIT_EXPECT_EQ(test, a->status, 0);
	KUNIT_EXPECT_EQ(test, b->status, 0);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.cured_by, f.p->full_name);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.scope, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, fake_stat(f.b, STAT_JOINED), 1);
}

static void rule1_claims_move_with_the_tree(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	block_reset(test, f.x);
	/* Out of, and into, the way from the claim to the root */
	KUNIT_ASSERT_EQ(test, fake_unregister(f.p), 0);
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.a->node)->parent, to_dr(f.g->node));
	KUNIT_EXPECT_EQ(test, to_dr(f.g->node)->claims_below, 1);
	KUNIT_ASSERT_EQ(test, fake_register(f.p), 0);
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.a->node)->parent, to_dr(f.p->node));
	KUNIT_EXPECT_EQ(test, to_dr(f.p->node)->claims_below, 1);
	KUNIT_EXPECT_EQ(test, to_dr(f.g->node)->claims_below, 1);
	ask = fake_ask(f.p, DEVRESET_FUNCTION);
	linger();
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 0);
	fake_open(f.x, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, 0);
}

/* A claimed node goes: its former children are resumed before others claim them. */
static void rule1_orphans_of_a_claim(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *p, *g, *x;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	tree->traced = BIT(FAKE_RESET);
	f.p->op[FAKE_RESET].ret = -EINPROGRESS;
	f.x->op[FAKE_RESUME].gate = true;
	p = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls) &&
			 !READ_ONCE(f.p->inside));
	KUNIT_ASSERT_EQ(test, fake_unregister(f.p), 0);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESUME);
	KUNIT_EXPECT_EQ(test, p->status, -ENODEV);
	g = fake_ask(f.g, DEVRESET_PLATFORM);
	linger();
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, f.q->op[FAKE_QUIESCE].calls, 0);
	x = fake_ask(f.x, DEVRESET_COMPONENT);
	fake_open(f.x, FAKE_RESUME);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, g->status, 0);
	KUNIT_EXPECT_EQ(test, x->status, 0);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:p reset:g");
}

/* --- rule 2 ---------------------------------------------------------------------------- */

static void rule2_joins_the_same_node(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *first, *second;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_RESET].ret = -EIO;
	first = block_reset(test, f.a);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), -EALREADY);
	second = fake_ask(f.a, DEVRESET_COMPONENT);
	KUNIT_EXPECT_EQ(test, second->ret, 0);
	linger();
	KUNIT_EXPECT_EQ(test, second->calls, 0);
	fake_open(f.a, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, first->status, -EIO);
	KUNIT_EXPECT_EQ(test, second->status, -EIO);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_REQUESTS), 4);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_JOINED), 3);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_FAILURES), 1);
}

static void rule2_joins_a_running_ancestor(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask[3];
	struct family f;

	fake_family(tree, &f);
	f.g->op[FAKE_RESET].ret = -ENXIO;
	block_reset(test, f.g);
	ask[0] = fake_ask(f.x, DEVRESET_COMPONENT);
	ask[1] = fake_ask(f.a, DEVRESET_FUNCTION);
	ask[2] = fake_ask(f.q, DEVRESET_PLATFORM);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_COMPONENT, 0, NULL),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.b->node, "hang"), -EALREADY);
	fake_open(f.g, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask[0]->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, ask[1]->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, ask[2]->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESET].calls + f.p->op[FAKE_RESET].calls, 0);
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_RESET].calls, 1);
}

static void rule2_joins_a_waiting_ancestor(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *g, *a, *q;
	struct family f;

	fake_family(tree, &f);
	f.g->op[FAKE_RESET].ret = -ENXIO;
	block_reset(test, f.x);
	g = fake_ask(f.g, DEVRESET_PLATFORM);
	a = fake_ask(f.a, DEVRESET_COMPONENT);
	q = fake_ask(f.q, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_FUNCTION, 0, NULL),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, g->calls + a->calls + q->calls, 0);
	fake_open(f.x, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, g->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, a->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, q->status, -ENXIO);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls + f.q->op[FAKE_RESET].calls, 0);
}

static void rule2_a_request_above_waits_its_turn(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *high;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET) | BIT(FAKE_CHECK);
	fake_unregister(f.x);
	fake_unregister(f.b);
	fake_unregister(f.q);
	block_reset(test, f.a);
	high = fake_job(f.a, fake_job_reset, DEVRESET_PLATFORM);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.g->node)->active));
	linger();
	KUNIT_EXPECT_FALSE(test, high->done);
	fake_open(f.a, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, high->ret, 0);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "reset:a check:a reset:g check:g check:p check:a");
}

/* --- rule 3 ------------------------------------------------------------------------------ */

static void rule3_a_child_goes_while_its_parent_is_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *p, *a;
	struct family f;

	fake_family(tree, &f);
	p = block_reset(test, f.p);
	a = fake_ask(f.a, DEVRESET_COMPONENT);
	KUNIT_ASSERT_EQ(test, a->ret, 0);
	KUNIT_EXPECT_EQ(test, fake_unregister(f.a), 0);
	/* Both at once, while the reset is where it was */
	KUNIT_EXPECT_EQ(test, a->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, p->calls, 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].inside, 1);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, p->status, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 0);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESUME].calls, 1);
}

static void rule3_waits_for_the_callback_in_hand(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask, *high;
	struct fake_job *job;
	struct family f;

	fake_family(tree, &f);
	ask = block_reset(test, f.a);
	high = fake_ask(f.a, DEVRESET_FUNCTION);
	job = fake_job(f.a, fake_job_unregister, 0);
	/* Who waits at the node is told at once. */
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.a->node)->dying));
	linger();
	KUNIT_EXPECT_FALSE(test, job->done);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RELEASE].calls, 0);
	fake_open(f.a, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, job->ret, 0);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, high->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RELEASE].calls, 1);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESUME].calls,
			f.x->op[FAKE_QUIESCE].calls);
}

static void rule3_the_target_goes_while_it_is_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *waits, *goes;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	/* Both are asked at a, whose function p is the target that goes. */
	f.p->op[FAKE_RESET].gate = true;
	f.p->op[FAKE_RESET].ret = -EIO;
	waits = fake_job(f.a, fake_job_reset, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	ask = fake_ask(f.a, DEVRESET_FUNCTION);
	goes = fake_job(f.p, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.p->node)->dying));
	linger();
	KUNIT_EXPECT_FALSE(test, goes->done);
	f.p->op[FAKE_RESET].ret = -EINPROGRESS;
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, goes->ret, 0);
	KUNIT_EXPECT_EQ(test, ask->status, waits->ret);
	KUNIT_EXPECT_LT(test, waits->ret, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESUME].calls, 0);
}

static void rule3_goes_while_a_completion_is_awaited(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *waits;
	struct family f;

	fake_family(tree, &f);
	f.p->op[FAKE_RESET].ret = -EINPROGRESS;
	waits = fake_job(f.a, fake_job_reset, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls) &&
			 !READ_ONCE(f.p->inside));
	/* No callback is in hand: at once. */
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, waits->ret, -ENODEV);
}

static void rule3_a_reset_removes_what_is_below(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	/* In the same thread, from within the callback, below and beside */
	f.g->op[FAKE_RESET].hook = hook_unregister;
	f.g->data = (unsigned long)f.p;
	ask = fake_ask(f.p, DEVRESET_PLATFORM);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 1);
	KUNIT_EXPECT_EQ(test, f.q->op[FAKE_RESUME].calls, 1);
	KUNIT_ASSERT_EQ(test, fake_register(f.p), 0);

	f.p->op[FAKE_RESET].hook = hook_unregister;
	f.p->data = (unsigned long)f.g;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_NULL(test, f.g->node);
	fake_expect_rest(tree);
}

/* Whatever the callback: none begins once the node is dying, and all is undone. */
static void rule3_goes_between_any_two_callbacks(struct kunit *test)
{
	static const enum fake_what blocked[] = {
		FAKE_MAY_RESET, FAKE_QUIESCE, FAKE_RESET, FAKE_RESTORE, FAKE_RESUME,
		FAKE_CHECK,
	};
	struct fake_tree *tree = test->priv;
	struct fake *goes[4];
	struct fake_ask *ask;
	struct family f;
	int i, j;

	fake_family(tree, &f);
	tree->strict = false;
	goes[0] = f.x;
	goes[1] = f.a;
	goes[2] = f.b;
	goes[3] = f.g;
	for (i = 0; i < ARRAY_SIZE(blocked); i++) {
		for (j = 0; j < ARRAY_SIZE(goes); j++) {
			fake_rewind(tree);
			f.p->op[FAKE_RESET].ret = DEVRESET_RESTORE;
			f.p->op[blocked[i]].gate = true;
			ask = fake_ask(f.p, DEVRESET_FUNCTION);
			FAKE_ASSERT_INSIDE(test, f.p, blocked[i]);
			KUNIT_EXPECT_EQ(test, fake_unregister(goes[j]), 0);
			KUNIT_EXPECT_EQ(test, f.p->op[blocked[i]].inside, 1);
			fake_open(f.p, blocked[i]);
			fake_expect_rest(tree);
			KUNIT_EXPECT_EQ(test, ask->status, 0);
			KUNIT_ASSERT_EQ(test, fake_register(goes[j]), 0);
		}
	}
}

/* A provider's node goes with its last child, but the child does not wait for it. */
static void rule3_does_not_wait_for_a_callback_above(struct kunit *test)
{
	static struct devreset_provider provider;
	struct fake_tree *tree = test->priv;
	struct fake_job *goes;
	struct fake *p, *c;

	p = fake_alloc(tree, "p", DEVRESET_FUNCTION, NULL);
	p->desc.provider = &provider;
	KUNIT_ASSERT_EQ(test, fake_register(p), 0);
	c = fake_add(tree, "c", DEVRESET_COMPONENT, p);
	fake_hold(p);
	goes = fake_job(c, fake_job_unregister, 0);
	if (!fake_wait(fake_job_done(goes)))
		KUNIT_FAIL(test, "waits for a callback above");
	KUNIT_EXPECT_EQ(test, p->op[FAKE_CHECK].inside, 1);
	fake_open(p, FAKE_CHECK);
	FAKE_ASSERT_SOON(test, fake_job_done(goes));
	FAKE_ASSERT_SOON(test, READ_ONCE(p->op[FAKE_RELEASE].calls) &&
			 !READ_ONCE(p->inside));
	fake_gone(p);
}

/* What anybody may read takes no slot, whatever is in hand, and keeps nothing up. */
static void rule3_questions_influence_nothing(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *asks[2];
	struct family f;

	fake_family(tree, &f);
	fake_hold(f.a);
	KUNIT_EXPECT_EQ(test, devreset_supported(f.a->node), BIT(DEVRESET_COMPONENT) |
			BIT(DEVRESET_FUNCTION) | BIT(DEVRESET_PLATFORM));
	fake_open(f.a, FAKE_CHECK);
	fake_expect_rest(tree);

	f.a->op[FAKE_ASKED].gate = true;
	asks[0] = fake_job(f.a, fake_job_supported, 0);
	asks[1] = fake_job(f.a, fake_job_supported, 0);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_ASKED);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_MAY_RESET].calls, 1);
	KUNIT_EXPECT_FALSE(test, asks[0]->done);
	fake_open(f.a, FAKE_ASKED);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, asks[1]->ret, asks[0]->ret);
}

/* ... but for the end of the node, whose answer would come from what is gone. */
static void rule3_waits_for_an_answer(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *asks, *goes;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_ASKED].gate = true;
	asks = fake_job(f.a, fake_job_supported, 0);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_ASKED);
	goes = fake_job(f.a, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.a->node)->dying));
	linger();
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RELEASE].calls, 0);
	KUNIT_EXPECT_EQ(test, devreset_supported(f.b->node), BIT(DEVRESET_COMPONENT) |
			BIT(DEVRESET_FUNCTION) | BIT(DEVRESET_PLATFORM));
	fake_open(f.a, FAKE_ASKED);
	FAKE_ASSERT_SOON(test, fake_job_done(goes));
	fake_expect_rest(tree);
	KUNIT_EXPECT_TRUE(test, asks->ret & BIT(DEVRESET_COMPONENT));
}

/* --- rule 4 ---------------------------------------------------------------------------------- */

static void rule4_a_busy_lock_is_tried_again(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);

	n->op[FAKE_RESET].listed = 4;
	n->op[FAKE_RESET].list[0] = -EAGAIN;
	n->op[FAKE_RESET].list[1] = -EAGAIN;
	n->op[FAKE_RESET].list[2] = -EAGAIN;
	fake_returns(n, FAKE_MAY_RESET, -EAGAIN, 0);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
	/* Who had the lock may have changed what may be reset. */
	KUNIT_EXPECT_EQ(test, n->op[FAKE_MAY_RESET].calls, 5);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 4);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_QUIESCE].calls, 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_ATTEMPTS), 1);

	fake_returns(n, FAKE_RESET, -EAGAIN, 0);
	fake_returns(n, FAKE_MAY_RESET, 0, -EBUSY);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 5);
	KUNIT_EXPECT_EQ(test, n->resumed, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_ATTEMPTS), 1);
}

static void rule4_until_the_deadline(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);

	fake_policy(n)->reset_timeout_ms = 200;
	n->op[FAKE_RESET].ret = -EAGAIN;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL),
			-ETIMEDOUT);
	KUNIT_EXPECT_GT(test, n->op[FAKE_RESET].calls, 2);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_TIMEOUTS), 1);
	n->op[FAKE_RESET].ret = 0;
	n->op[FAKE_MAY_RESET].ret = -EAGAIN;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_QUIESCE].calls, 1);
}

static void rule4_gives_up_at_once_when_a_node_goes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	unsigned long began;
	struct fake_ask *ask;
	struct family f;
	int i;

	fake_family(tree, &f);
	for (i = 0; i < 2; i++) {
		fake_policy(f.p)->reset_timeout_ms = 600000;
		f.p->op[FAKE_RESET].ret = -EAGAIN;
		f.p->op[FAKE_RESET].calls = 0;
		ask = fake_ask(f.a, DEVRESET_FUNCTION);
		FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls) > 2);
		began = jiffies;
		/* Once who asked, once what is reset */
		KUNIT_EXPECT_EQ(test, fake_unregister(i ? f.p : f.a), 0);
		fake_expect_rest(tree);
		KUNIT_EXPECT_TRUE(test, time_before(jiffies, began + 10 * HZ));
		KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
		KUNIT_ASSERT_EQ(test, fake_register(i ? f.p : f.a), 0);
	}
}

static struct kunit_case rules_cases[] = {
	KUNIT_CASE(a_reset_goes_in_order),
	KUNIT_CASE(rule1_waits_for_a_claim_below),
	KUNIT_CASE(rule1_disjoint_subtrees_in_parallel),
	KUNIT_CASE(rule1_waiting_ancestor_is_not_starved),
	KUNIT_CASE(rule1_claims_move_with_the_tree),
	KUNIT_CASE(rule1_orphans_of_a_claim),
	KUNIT_CASE(rule2_joins_the_same_node),
	KUNIT_CASE(rule2_joins_a_running_ancestor),
	KUNIT_CASE(rule2_joins_a_waiting_ancestor),
	KUNIT_CASE(rule2_a_request_above_waits_its_turn),
	KUNIT_CASE(rule3_a_child_goes_while_its_parent_is_reset),
	KUNIT_CASE(rule3_waits_for_the_callback_in_hand),
	KUNIT_CASE(rule3_the_target_goes_while_it_is_reset),
	KUNIT_CASE(rule3_goes_while_a_completion_is_awaited),
	KUNIT_CASE(rule3_a_reset_removes_what_is_below),
	KUNIT_CASE(rule3_goes_between_any_two_callbacks),
	KUNIT_CASE(rule3_does_not_wait_for_a_callback_above),
	KUNIT_CASE(rule3_questions_influence_nothing),
	KUNIT_CASE(rule3_waits_for_an_answer),
	KUNIT_CASE(rule4_a_busy_lock_is_tried_again),
	KUNIT_CASE(rule4_until_the_deadline),
	KUNIT_CASE(rule4_gives_up_at_once_when_a_node_goes),
	{}
};

static struct kunit_suite rules_suite = {
	.name = "devreset_rules",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = rules_cases,
};

kunit_test_suite(rules_suite);
