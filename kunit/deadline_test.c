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
	KUNIT_CASE(rule5_deadlines_do_not_add_up),
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
