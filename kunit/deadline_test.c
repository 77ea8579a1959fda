// SPDX-License-Identifier: GPL-2.0
/*
 * Rules 5 and 6: every wait has a deadline, and the core calls back with no
 * lock held. That a callback has none is checked in every callback of every
 * suite (see fake.c); here callbacks call the core.
 */
#include <kunit/test.h>
#include "fake.h"

static bool pending(struct fake *fake)
{
	return READ_ONCE(to_dr(fake->node)->pending) &&
	       READ_ONCE(fake->op[FAKE_RESET].calls) && !READ_ONCE(fake->inside);
}

static void rule5_a_reset_that_is_never_completed(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);

	fake_policy(n)->reset_timeout_ms = 20;
	n->op[FAKE_RESET].ret = -EINPROGRESS;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, n->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_ATTEMPTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_TIMEOUTS), 1);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, -EIO, 0), -ESTALE);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SUCCESSES), 0);
}

static void rule5_a_late_completion_is_for_no_other_attempt(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	struct fake_ask *ask;
	u32 late;

	to_dr(n->node)->gen = U32_MAX - 1;
	fake_policy(n)->reset_timeout_ms = 20;
	n->op[FAKE_RESET].ret = -EINPROGRESS;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL),
			-ETIMEDOUT);
	late = n->gen;
	n->op[FAKE_RESET].calls = 0;
	fake_policy(n)->reset_timeout_ms = 10000;
	ask = fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, pending(n));
	/* Numbers go round, but never name nothing. */
	KUNIT_EXPECT_EQ(test, late, U32_MAX);
	KUNIT_EXPECT_EQ(test, n->gen, 1);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, late, -EIO, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, ask->calls, 0);
	KUNIT_EXPECT_TRUE(test, pending(n));
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, 0);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, late, 0, 0), -ESTALE);
}

static void rule5_a_claim_that_is_not_granted(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *low, *high;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.p)->reset_timeout_ms = 20;
	f.x->op[FAKE_RESET].gate = true;
	low = fake_ask(f.x, DEVRESET_COMPONENT);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESET);
	high = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(high->calls));
	KUNIT_EXPECT_EQ(test, high->status, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, low->calls, 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_ATTEMPTS), 0);
	/* It is aimed at no more. */
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_COMPONENT, 0, NULL), 0);
	fake_open(f.x, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, low->status, 0);
}

/* A callback that hangs loses its own node only. */
static void rule5_a_callback_that_does_not_end(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	fake_policy(f.p)->reset_timeout_ms = 20;
	fake_hold(f.b);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_CHECK].inside, 1);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESUME].calls, 1);
	KUNIT_EXPECT_EQ(test, f.x->resumed, 0);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_QUIESCE].calls, 0);
	fake_open(f.b, FAKE_CHECK);
	fake_expect_rest(tree);
	/* It is told when it can be. */
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_RESUME].calls, 1);
}

/* DR11: what a slow child costs is not taken from the reset of the others. */
static void dr11_a_slow_child_leaves_the_reset_its_time(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ask;
	struct family f;
	int i;

	fake_family(tree, &f);
	tree->strict = false;
	for (i = 0; i < 3; i++) {
		fake_rewind(tree);
		fake_policy(f.p)->reset_timeout_ms = 500;
		fake_hold(f.b);
		if (i == 0)
			fake_returns(f.p, FAKE_RESET, -EINPROGRESS, 0);
		else if (i == 1)
			fake_returns(f.p, FAKE_RESET, -EAGAIN, 0);
		else
			f.p->op[FAKE_RESET].gate = true;
		ask = fake_ask(f.p, DEVRESET_FUNCTION);
		FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls));
		if (i == 0) {
			FAKE_ASSERT_SOON(test, pending(f.p));
			schedule_timeout_idle(2);
			KUNIT_EXPECT_EQ(test, devreset_complete(f.p->node, f.p->gen, 0, 0), 0);
		} else if (i == 2) {
			/* Somebody else's, which outlasts ours by a few ms */
			other = fake_job(f.a, fake_job_external, 0);
			FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
			fake_open(f.p, FAKE_RESET);
			schedule_timeout_idle(2);
			fake_job_go_on(other);
		}
		FAKE_ASSERT_SOON(test, READ_ONCE(ask->calls));
		KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_TIMEOUTS), 0);
		KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESTORE].calls, 1);
		KUNIT_EXPECT_EQ(test, f.x->resumed, 0);
		/* It is lost, and says so. */
		KUNIT_EXPECT_EQ(test, ask->status, -EIO);
		fake_open(f.b, FAKE_CHECK);
		fake_expect_rest(tree);
	}
}

/* Several slow nodes: their waits share one deadline, they do not add up. */
static void rule5_deadlines_do_not_add_up(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *p, *c[32];
	unsigned long began;
	char name[8];
	int i;

	tree->strict = false;
	p = fake_add(tree, "p", DEVRESET_FUNCTION, NULL);
	fake_policy(p)->reset_timeout_ms = 200;
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		snprintf(name, sizeof(name), "c%d", i);
		c[i] = fake_add(tree, name, DEVRESET_COMPONENT, p);
		fake_hold(c[i]);
	}
	began = jiffies;
	KUNIT_EXPECT_EQ(test, devreset_reset(p->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	/* Two of them, and time for a slow machine; not two for each node */
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - began), 6000);
	for (i = 0; i < ARRAY_SIZE(c); i++)
		fake_open(c[i], FAKE_CHECK);
	fake_expect_rest(tree);
}

/* To cancel waits for no callback, least of all for the reset itself. */
static void rule5_cancel_does_not_wait_for_the_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_RESET].gate = true;
	ask = fake_ask(f.a, DEVRESET_COMPONENT);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_RESET);
	KUNIT_EXPECT_EQ(test, devreset_cancel(f.a->node, &ask->params), 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].inside, 1);
	KUNIT_EXPECT_EQ(test, ask->status, -ECANCELED);
	KUNIT_EXPECT_EQ(test, devreset_cancel(f.a->node, &ask->params), -ENOENT);
	fake_open(f.a, FAKE_RESET);
	fake_expect_rest(tree);
}

/* A callback that does not return is told of once; when it does, all goes on. */
static void rule5_a_callback_that_is_stuck(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	struct dr_node *dr = to_dr(n->node);
	struct fake_ask *ask;

	fake_policy(n)->reset_timeout_ms = 20;
	n->op[FAKE_RESET].gate = true;
	ask = fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(dr->stuck));
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].inside, 1);
	KUNIT_EXPECT_GE(test, jiffies_to_msecs(jiffies - dr->cb_since), 60);
	fake_policy(n)->reset_timeout_ms = 10000;
	fake_open(n, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, 0);
	KUNIT_EXPECT_FALSE(test, dr->stuck);
	/* Nor is one that returned in time. */
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&dr->stuck_work));
}

/* A node that goes meanwhile waits for it, and takes no harm. */
static void rule5_stuck_while_the_node_goes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	struct dr_node *dr = to_dr(devreset_get(n->node));
	struct fake_job *goes;
	struct fake_ask *ask;

	fake_policy(n)->reset_timeout_ms = 20;
	n->op[FAKE_RESET].gate = true;
	ask = fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, n, FAKE_RESET);
	goes = fake_job(n, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(dr->dying) && READ_ONCE(dr->stuck));
	KUNIT_EXPECT_FALSE(test, goes->done);
	fake_open(n, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_job_done(goes));
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	devreset_put(&dr->pub);
}

/* What was not reset at all is not told that it was. */
static void rule5_a_target_that_cannot_be_entered(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *p, *c;
	struct fake_ask *ask;

	tree->strict = false;
	p = fake_add(tree, "p", DEVRESET_FUNCTION, NULL);
	c = fake_add(tree, "c", DEVRESET_COMPONENT, p);
	c->op[FAKE_QUIESCE].gate = true;
	ask = fake_ask(c, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, c, FAKE_QUIESCE);
	KUNIT_EXPECT_EQ(test, fake_unregister(p), 0);
	fake_open(c, FAKE_QUIESCE);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, p->op[FAKE_RESET].calls, 0);
	KUNIT_EXPECT_EQ(test, c->op[FAKE_RESUME].calls, 1);
	KUNIT_EXPECT_EQ(test, c->resumed, 0);
	KUNIT_EXPECT_EQ(test, to_dr(c->node)->last.attempts, 0);
}

/* --- rule 6 ---------------------------------------------------------------------------- */

static int hook_use_the_core(struct fake *fake)
{
	struct fake *other = (struct fake *)fake->data;
	struct devreset_node *found;

	found = devreset_find(other->dev);
	if (found != other->node)
		fake_broke(fake->tree, "found another node");
	devreset_put(found);
	if (!devreset_supported(other->node) || !devreset_supported(fake->node))
		fake_broke(fake->tree, "nothing is supported within a callback");
	devreset_state(fake->node);
	devreset_recover(fake->node, "within a callback");
	devreset_busy(fake->node);
	devreset_idle(fake->node);
	fake_unregister(other);
	if (fake_register(other))
		fake_broke(fake->tree, "not registered within a callback");
	return 0;
}

static void rule6_callbacks_may_use_the_core(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;
	int i;

	fake_family(tree, &f);
	fake_policy(f.a)->automatic = 0;
	/* But for FAKE_ASKED, which may not: unregistering waits for it. */
	for (i = 0; i < FAKE_ASKED; i++) {
		fake_rewind(tree);
		f.a->op[FAKE_RESET].ret = DEVRESET_RESTORE;
		f.a->op[i].hook = hook_use_the_core;
		f.a->data = (unsigned long)f.q;
		if (i != FAKE_DUMP && i != FAKE_RELEASE)
			KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT,
							     0, NULL), 0);
		fake_expect_rest(tree);
	}
}

/* A node resets another, from within its own callback, and waits for it. */
static int hook_reset_other(struct fake *fake)
{
	struct fake *other = (struct fake *)fake->data;

	return devreset_reset(other->node, other->desc.scope, 0, NULL);
}

static void rule6_a_callback_may_reset_what_is_beside(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_RESET].hook = hook_reset_other;
	f.a->data = (unsigned long)f.b;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_RESET].calls, 1);
	/* What is below is covered by this very reset. */
	f.a->data = (unsigned long)f.x;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL),
			-EALREADY);
}

static struct kunit_case deadline_cases[] = {
	KUNIT_CASE(rule5_a_reset_that_is_never_completed),
	KUNIT_CASE(rule5_a_late_completion_is_for_no_other_attempt),
	KUNIT_CASE(rule5_a_claim_that_is_not_granted),
	KUNIT_CASE(rule5_a_callback_that_does_not_end),
	KUNIT_CASE(dr11_a_slow_child_leaves_the_reset_its_time),
	KUNIT_CASE(rule5_deadlines_do_not_add_up),
	KUNIT_CASE(rule5_cancel_does_not_wait_for_the_reset),
	KUNIT_CASE(rule5_a_callback_that_is_stuck),
	KUNIT_CASE(rule5_stuck_while_the_node_goes),
	KUNIT_CASE(rule5_a_target_that_cannot_be_entered),
	KUNIT_CASE(rule6_callbacks_may_use_the_core),
	KUNIT_CASE(rule6_a_callback_may_reset_what_is_beside),
	{}
};

static struct kunit_suite deadline_suite = {
	.name = "devreset_deadlines",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = deadline_cases,
};

kunit_test_suite(deadline_suite);
