// SPDX-License-Identifier: GPL-2.0
/*
 * The clauses of the contract that are the core's, but for the ladder and the
 * hang clock (recovery_test.c): one case each, named after its clause.
 */
#include <kunit/test.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include "fake.h"

static struct fake *add_one(struct fake_tree *tree)
{
	return fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
}

static int reset_one(struct fake *fake)
{
	return devreset_reset(fake->node, fake->desc.scope, 0, NULL);
}

static void expect_untouched(struct kunit *test, struct fake *fake)
{
	int i;

	for (i = 0; i < FAKE_OPS; i++)
		KUNIT_EXPECT_EQ_MSG(test, fake->op[i].calls, 0, "%s: callback %d",
				    fake->name, i);
	for (i = 0; i < STATS; i++)
		KUNIT_EXPECT_EQ_MSG(test, fake_stat(fake, i), 0, "%s: counter %d",
				    fake->name, i);
}

static void dr1_function_reset_is_not_felt_by_siblings(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.x->node, DEVRESET_FUNCTION, 0, NULL), 0);
	expect_untouched(test, f.q);
	expect_untouched(test, f.g);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_ATTEMPTS), 2);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_ATTEMPTS), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.b, STAT_QUIESCED), 2);
	/* Nor a component's by the device */
	KUNIT_EXPECT_EQ(test, reset_one(f.b), 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_QUIESCE].calls, 2);
}

static void dr2_platform_reset_stops_and_restores_all_below(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_PLATFORM, 0, NULL), 0);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "quiesce:q quiesce:b quiesce:x quiesce:a quiesce:p quiesce:g reset:g restore:p restore:a restore:x restore:b restore:q resume:g resume:p resume:a resume:x resume:b resume:q");
	KUNIT_EXPECT_EQ(test, fake_stat(f.g, STAT_ATTEMPTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.q, STAT_QUIESCED), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.b, STAT_SUCCESSES), 1);
}

/* As the PCI function is of a controller with USB devices behind it */
static void dr2_a_function_above_the_device_is_platform(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;
	struct fake *c;

	fake_family(tree, &f);
	c = fake_add(tree, "c", DEVRESET_FUNCTION, f.p);
	tree->traced = BIT(FAKE_RESET);
	KUNIT_EXPECT_EQ(test, devreset_supported(c->node),
			BIT(DEVRESET_FUNCTION) | BIT(DEVRESET_PLATFORM));
	KUNIT_EXPECT_EQ(test, reset_one(c), 0);
	KUNIT_EXPECT_EQ(test, devreset_reset(c->node, DEVRESET_PLATFORM, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, (int)to_dr(c->node)->last.scope, (int)DEVRESET_PLATFORM);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:c reset:p");
	/* Others feel it, so a ladder does not go there unless it may. */
	fake_policy(c)->ceiling = DEVRESET_FUNCTION;
	c->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_recover(c->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:c reset:p reset:c reset:c");
	KUNIT_EXPECT_EQ(test, (int)devreset_state(c->node), (int)DEVRESET_FAILED);
}

static void dr3_flags_must_be_zero(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_params params = { };
	struct fake *n = add_one(tree);
	int i;

	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION,
						     BIT(i), NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_MEMBER, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_PLATFORM + 1, 0, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, &params),
			-EINVAL);
	expect_untouched(test, n);
}

static void dr4_completion_comes_once_whatever_happens(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ok, *failed, *refused, *removed, *unsupported;
	struct family f;

	fake_family(tree, &f);
	ok = fake_ask(f.p, DEVRESET_FUNCTION);
	fake_expect_rest(tree);
	f.p->op[FAKE_RESET].ret = -EIO;
	failed = fake_ask(f.p, DEVRESET_FUNCTION);
	fake_expect_rest(tree);
	f.p->op[FAKE_MAY_RESET].ret = -EBUSY;
	refused = fake_ask(f.p, DEVRESET_FUNCTION);
	unsupported = fake_ask(f.g, DEVRESET_FUNCTION);
	fake_expect_rest(tree);
	f.p->op[FAKE_MAY_RESET].ret = 0;
	f.p->op[FAKE_RESET].ret = -EINPROGRESS;
	removed = fake_ask(f.p, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ok->status, 0);
	KUNIT_EXPECT_EQ(test, failed->status, -EIO);
	KUNIT_EXPECT_EQ(test, refused->status, -EBUSY);
	KUNIT_EXPECT_EQ(test, unsupported->status, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, removed->status, -ENODEV);
}

static void dr4_completion_of_what_was_cancelled(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask, *joined;
	struct fake *n = add_one(tree);

	n->op[FAKE_RESET].ret = -EINPROGRESS;
	ask = fake_ask(n, DEVRESET_FUNCTION);
	joined = fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(n->op[FAKE_RESET].calls) && !READ_ONCE(n->inside));
	KUNIT_EXPECT_EQ(test, devreset_cancel(n->node, &ask->params), 0);
	KUNIT_EXPECT_EQ(test, ask->calls, 1);
	KUNIT_EXPECT_EQ(test, devreset_cancel(n->node, &ask->params), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask->status, -ECANCELED);
	KUNIT_EXPECT_EQ(test, joined->calls, 0);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), 0);
	fake_expect_rest(tree);
	/* The reset went on, for others. */
	KUNIT_EXPECT_EQ(test, joined->status, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SUCCESSES), 1);
	KUNIT_EXPECT_EQ(test, devreset_cancel(n->node, &joined->params), -ENOENT);
}

static void dr5_errors_as_the_bus_said(struct kunit *test)
{
	static const struct {
		int reset, status, resumed;
		bool touched;
	} cases[] = {
		{ 0, 0, 0, true },
		{ -EIO, -EIO, -EIO, true },
		{ -ENXIO, -ENXIO, -EIO, true },
		{ -EPROTO, -EPROTO, -EIO, true },
		{ -ETIMEDOUT, -ETIMEDOUT, -EIO, true },
		/* Nothing was touched. */
		{ -EOPNOTSUPP, -EOPNOTSUPP, 0, false },
		{ -ENOTTY, -EOPNOTSUPP, 0, false },
		{ -EBUSY, -EBUSY, 0, false },
	};
	struct fake_tree *tree = test->priv;
	struct fake *n = add_one(tree);
	int i, touched = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		n->op[FAKE_RESET].ret = cases[i].reset;
		n->resumed = 1;
		KUNIT_EXPECT_EQ(test, reset_one(n), cases[i].status);
		KUNIT_EXPECT_EQ(test, n->resumed, cases[i].resumed);
		touched += cases[i].touched;
		KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_ATTEMPTS), touched);
		KUNIT_EXPECT_EQ(test, to_dr(n->node)->last.status, cases[i].status);
	}
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_FAILURES), ARRAY_SIZE(cases) - 1);
	n->op[FAKE_RESET].ret = 0;
	n->op[FAKE_MAY_RESET].ret = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, reset_one(n), -EOPNOTSUPP);
	n->op[FAKE_MAY_RESET].ret = -EBUSY;
	KUNIT_EXPECT_EQ(test, reset_one(n), -EBUSY);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_QUIESCE].calls, ARRAY_SIZE(cases));
	/* It came back, but does not work. */
	n->op[FAKE_MAY_RESET].ret = 0;
	n->op[FAKE_CHECK].ret = -ENOLINK;
	KUNIT_EXPECT_EQ(test, reset_one(n), -ENOLINK);
}

/* What is broken beside it is no failure of the reset, but a hang of its own. */
static void dr5_only_what_was_asked_for_counts(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.q->op[FAKE_CHECK].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_PLATFORM, 0, NULL), 0);
	f.x->op[FAKE_CHECK].ret = -EPIPE;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_PLATFORM, 0, NULL), -EPIPE);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_PLATFORM, 0, NULL), 0);
}

static void dr7_only_where_one_may_sleep(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	static DEFINE_SPINLOCK(lock);
	struct fake *n = add_one(tree);
	unsigned long flags;

	local_irq_save(flags);
	KUNIT_EXPECT_EQ(test, reset_one(n), -EWOULDBLOCK);
	local_irq_restore(flags);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, reset_one(n), -EWOULDBLOCK);
	local_bh_enable();
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT)) {
		rcu_read_lock();
		KUNIT_EXPECT_EQ(test, reset_one(n), -EWOULDBLOCK);
		rcu_read_unlock();
		spin_lock(&lock);
		KUNIT_EXPECT_EQ(test, reset_one(n), -EWOULDBLOCK);
		spin_unlock(&lock);
	}
	expect_untouched(test, n);
}

static void dr8_says_what_it_can_and_what_it_does(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_node *node;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_supported(f.x->node), BIT(DEVRESET_COMPONENT) |
			BIT(DEVRESET_FUNCTION) | BIT(DEVRESET_PLATFORM));
	KUNIT_EXPECT_EQ(test, devreset_supported(f.p->node),
			BIT(DEVRESET_FUNCTION) | BIT(DEVRESET_PLATFORM));
	KUNIT_EXPECT_EQ(test, devreset_supported(f.g->node), BIT(DEVRESET_PLATFORM));
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.p->node), (int)DEVRESET_HEALTHY);
	f.p->op[FAKE_RESET].gate = true;
	fake_ask(f.a, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.a->node), (int)DEVRESET_RECOVERING);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.p->node), (int)DEVRESET_HEALTHY);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.a->node), (int)DEVRESET_HEALTHY);

	node = devreset_find(f.p->dev);
	KUNIT_ASSERT_PTR_EQ(test, node, f.p->node);
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	/* The reference holds the node, not the device. */
	KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_FUNCTION, 0, NULL), -ENODEV);
	KUNIT_EXPECT_EQ(test, devreset_recover(node, "hang"), -ENODEV);
	KUNIT_EXPECT_STREQ(test, devreset_name(node), f.p->full_name);
	KUNIT_EXPECT_NULL(test, devreset_find(f.p->dev));
	devreset_put(node);
}

static void dr9_supported_tells_the_truth(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.p->op[FAKE_MAY_RESET].ret = -EOPNOTSUPP;
	f.g->op[FAKE_MAY_RESET].ret = -EBUSY;
	/* Not now is not never. */
	KUNIT_EXPECT_EQ(test, devreset_supported(f.a->node),
			BIT(DEVRESET_COMPONENT) | BIT(DEVRESET_PLATFORM));
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_FUNCTION, 0, NULL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_QUIESCE].calls, 0);
}

static void dr11_quiesce_failure_does_not_stop_the_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_QUIESCE].ret = -EIO;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, f.x->resumed, 0);
	KUNIT_EXPECT_EQ(test, f.b->resumed, 0);
	/* Told once; the next one is a reset like any other. */
	f.a->op[FAKE_QUIESCE].ret = 0;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, f.a->resumed, 0);
	/* Restore, and resume, that fail */
	f.a->op[FAKE_RESTORE].ret = -EIO;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, f.a->resumed, -EIO);
	f.a->op[FAKE_RESTORE].ret = 0;
	f.a->op[FAKE_RESUME].ret = -EIO;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), -EIO);
	KUNIT_EXPECT_EQ(test, f.x->resumed, 0);
}

static void dr12_one_platform_reset_at_a_time(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.g->op[FAKE_RESET].gate = true;
	fake_ask(f.p, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.g, FAKE_RESET);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.q->node, DEVRESET_PLATFORM, 0, NULL),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.q->node, DEVRESET_FUNCTION, 0, NULL),
			-EALREADY);
	fake_open(f.g, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_RESET].calls, 1);
}

static int job_suspend(struct fake_job *job)
{
	return fake_pm_notify(PM_SUSPEND_PREPARE);
}

/* Has a suspend begun? Until then, what @fake has none of is refused as such. */
static bool is_frozen(struct fake *fake)
{
	return devreset_reset(fake->node, DEVRESET_COMPONENT, 0, NULL) == -EBUSY;
}

static void dr12_none_between_suspend_and_resume(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *suspend;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	KUNIT_ASSERT_EQ(test, fake_pm_notify(PM_SUSPEND_PREPARE), 0);
	KUNIT_EXPECT_EQ(test, reset_one(f.p), -EBUSY);
	KUNIT_EXPECT_EQ(test, fake_ask(f.a, DEVRESET_COMPONENT)->ret, -EBUSY);
	expect_untouched(test, f.p);
	/* A hang is handled after. */
	KUNIT_EXPECT_EQ(test, devreset_recover(f.p->node, "hang"), 0);
	schedule_timeout_idle(msecs_to_jiffies(10));
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_pm_notify(PM_POST_SUSPEND), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 1);

	/* A suspend waits for the reset that runs. */
	f.p->op[FAKE_RESET].gate = true;
	ask = fake_ask(f.p, DEVRESET_FUNCTION);
	KUNIT_EXPECT_TRUE(test, fake_wait(READ_ONCE(f.p->op[FAKE_RESET].inside)));
	suspend = fake_job(f.p, job_suspend, 0);
	KUNIT_EXPECT_TRUE(test, fake_wait(is_frozen(f.q)));
	schedule_timeout_idle(msecs_to_jiffies(10));
	KUNIT_EXPECT_FALSE(test, suspend->done);
	fake_open(f.p, FAKE_RESET);
	KUNIT_EXPECT_TRUE(test, fake_wait(fake_job_done(suspend)));
	KUNIT_EXPECT_EQ(test, suspend->ret, 0);
	KUNIT_EXPECT_TRUE(test, fake_wait(READ_ONCE(ask->calls)));
	KUNIT_EXPECT_EQ(test, ask->status, 0);
	KUNIT_EXPECT_EQ(test, fake_pm_notify(PM_POST_SUSPEND), 0);
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
}

/* Who waits for a claim then is told at once, and that is the end of it. */
static void dr12_who_waits_is_told(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *waits, *suspend;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.p)->reset_timeout_ms = 60000;
	f.x->op[FAKE_RESET].gate = true;
	fake_ask(f.x, DEVRESET_COMPONENT);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESET);
	waits = fake_job(f.p, fake_job_reset, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.p->node)->active));
	suspend = fake_job(f.q, job_suspend, 0);
	KUNIT_EXPECT_TRUE(test, fake_wait(is_frozen(f.q)));
	fake_open(f.x, FAKE_RESET);
	KUNIT_EXPECT_TRUE(test, fake_wait(fake_job_done(suspend)));
	KUNIT_EXPECT_EQ(test, suspend->ret, 0);
	KUNIT_EXPECT_TRUE(test, fake_wait(fake_job_done(waits)));
	KUNIT_EXPECT_EQ(test, waits->ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_pm_notify(PM_POST_SUSPEND), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_FAILURES), 1);
}

static void nd1_all_five_statuses(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_one(tree);
	struct fake_ask *ask;

	/* SUCCESS */
	KUNIT_EXPECT_EQ(test, reset_one(n), 0);
	/* PENDING, and RESET_IN_PROGRESS for whoever comes meanwhile */
	n->op[FAKE_RESET].ret = -EINPROGRESS;
	ask = fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(n->op[FAKE_RESET].calls) == 2 &&
			 !READ_ONCE(n->inside));
	KUNIT_EXPECT_EQ(test, ask->calls, 0);
	KUNIT_EXPECT_EQ(test, reset_one(n), -EALREADY);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SOFT_ERRORS), 0);
	/* SOFT_ERRORS */
	n->op[FAKE_RESET].ret = DEVRESET_SOFT_ERROR;
	KUNIT_EXPECT_EQ(test, reset_one(n), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SOFT_ERRORS), 1);
	/* HARD_ERRORS */
	n->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, reset_one(n), -EIO);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SOFT_ERRORS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_REQUESTS), 5);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_JOINED), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SUCCESSES), 3);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_FAILURES), 1);
}

/* The completion comes before ops->reset returns, with each result. */
static int hook_complete(struct fake *fake)
{
	int result = fake->data;

	devreset_complete(fake->node, fake->gen, min(result, 0), max(result, 0));
	return -EINPROGRESS;
}

static void nd1_completion_before_the_return(struct kunit *test)
{
	static const int results[] = {
		0, DEVRESET_RESTORE, DEVRESET_SOFT_ERROR, -EIO, -ENODEV,
	};
	struct fake_tree *tree = test->priv;
	struct fake *n = add_one(tree);
	int i;

	n->op[FAKE_RESET].hook = hook_complete;
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		n->data = results[i];
		KUNIT_EXPECT_EQ(test, reset_one(n), min(results[i], 0));
	}
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SOFT_ERRORS), 1);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESTORE].calls, 1);
}

static void nd2_restore_when_the_reset_says_so(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESTORE].calls, 0);
	/* What is below was wiped in any case. */
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESTORE].calls, 1);
	f.p->op[FAKE_RESET].ret = DEVRESET_RESTORE | DEVRESET_SOFT_ERROR;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), 0);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESTORE].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESTORE].calls, 2);
	f.p->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, reset_one(f.p), -EIO);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESTORE].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESTORE].calls, 2);
}

static struct kunit_case contract_cases[] = {
	KUNIT_CASE(dr1_function_reset_is_not_felt_by_siblings),
	KUNIT_CASE(dr2_platform_reset_stops_and_restores_all_below),
	KUNIT_CASE(dr2_a_function_above_the_device_is_platform),
	KUNIT_CASE(dr3_flags_must_be_zero),
	KUNIT_CASE(dr4_completion_comes_once_whatever_happens),
	KUNIT_CASE(dr4_completion_of_what_was_cancelled),
	KUNIT_CASE(dr5_errors_as_the_bus_said),
	KUNIT_CASE(dr5_only_what_was_asked_for_counts),
	KUNIT_CASE(dr7_only_where_one_may_sleep),
	KUNIT_CASE(dr8_says_what_it_can_and_what_it_does),
	KUNIT_CASE(dr9_supported_tells_the_truth),
	KUNIT_CASE(dr11_quiesce_failure_does_not_stop_the_reset),
	KUNIT_CASE(dr12_one_platform_reset_at_a_time),
	KUNIT_CASE(dr12_none_between_suspend_and_resume),
	KUNIT_CASE(dr12_who_waits_is_told),
	KUNIT_CASE(nd1_all_five_statuses),
	KUNIT_CASE(nd1_completion_before_the_return),
	KUNIT_CASE(nd2_restore_when_the_reset_says_so),
	{}
};

static struct kunit_suite contract_suite = {
	.name = "devreset_contract",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = contract_cases,
};

kunit_test_suite(contract_suite);
