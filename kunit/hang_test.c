// SPDX-License-Identifier: GPL-2.0
/*
 * The clauses about hangs: the clock that finds them, and the contexts in which
 * a driver may tell of one.
 */
#include <kunit/test.h>
#include <linux/irq_work.h>
#include <linux/suspend.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "fake.h"

/* A node that is looked at every few ms while it is busy */
static struct fake *add_watched(struct fake_tree *tree, unsigned int stall_ms)
{
	struct fake *n = fake_alloc(tree, "n", DEVRESET_FUNCTION, NULL);

	n->desc.stall_ms = stall_ms;
	KUNIT_ASSERT_EQ(tree->test, fake_register(n), 0);
	fake_policy(n)->check_interval_ms = 4;
	return n;
}

static bool clock_stopped(struct fake *fake)
{
	struct dr_node *n = to_dr(fake->node);

	return !irq_work_is_busy(&n->wake) && !delayed_work_pending(&n->tick) &&
	       !work_busy(&n->tick.work) && !READ_ONCE(fake->node->ticking);
}

static unsigned int checks(struct fake *fake)
{
	return READ_ONCE(fake->op[FAKE_CHECK].calls);
}

static void nd9_looks_while_work_is_outstanding(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);

	/* Not before there is work */
	schedule_timeout_idle(msecs_to_jiffies(20));
	KUNIT_EXPECT_EQ(test, checks(n), 0);
	devreset_busy(n->node);
	FAKE_ASSERT_SOON(test, checks(n) > 2);
	/* Nor at an interval of 0 */
	fake_policy(n)->check_interval_ms = 0;
	FAKE_ASSERT_SOON(test, !delayed_work_pending(&to_dr(n->node)->tick));
	devreset_idle(n->node);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 0);
}

static void nd10_a_hang_that_check_finds_starts_the_ladder(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);

	fake_returns(n, FAKE_CHECK, -EIO, 0);
	devreset_busy(n->node);
	FAKE_ASSERT_SOON(test, READ_ONCE(n->op[FAKE_RESET].calls));
	devreset_idle(n->node);
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_SUCCESSES), 1);
	KUNIT_EXPECT_STREQ(test, to_dr(n->node)->last.reason, "scripted");
}

static void nd14_no_progress_is_a_hang(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 20);
	unsigned long began = jiffies;

	devreset_busy(n->node);
	/* To feed a queue is no progress. */
	while (!READ_ONCE(n->op[FAKE_RESET].calls) &&
	       time_before(jiffies, began + FAKE_PATIENCE)) {
		devreset_busy(n->node);
		schedule_timeout_idle(1);
	}
	KUNIT_EXPECT_GE(test, jiffies_to_msecs(jiffies - began), 20);
	devreset_idle(n->node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_GE(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_STREQ(test, to_dr(n->node)->last.reason, "no progress");
}

static void nd14_progress_is_none(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 1000);
	unsigned int until;

	devreset_busy(n->node);
	until = checks(n) + 8;
	/* However long ago it began */
	n->node->stamp = jiffies - 2 * HZ;
	devreset_progress(n->node);
	FAKE_ASSERT_SOON(test, checks(n) >= until);
	devreset_idle(n->node);
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
	/* Nor is to be idle, however long */
	n->node->stamp = jiffies - 2 * HZ;
	devreset_busy(n->node);
	until = checks(n) + 2;
	FAKE_ASSERT_SOON(test, checks(n) >= until);
	devreset_idle(n->node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
}

/* Neither is what was outstanding when the machine slept, or during a reset. */
static void nd14_time_asleep_is_none(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 60000);
	unsigned int until;

	devreset_busy(n->node);
	KUNIT_ASSERT_EQ(test, fake_pm_notify(PM_SUSPEND_PREPARE), 0);
	n->node->stamp = jiffies - 120 * HZ;
	until = checks(n) + 2;
	KUNIT_EXPECT_EQ(test, fake_pm_notify(PM_POST_SUSPEND), 0);
	FAKE_ASSERT_SOON(test, checks(n) >= until);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);

	n->op[FAKE_RESET].gate = true;
	fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, n, FAKE_RESET);
	n->node->stamp = jiffies - 120 * HZ;
	until = checks(n) + 3;
	fake_open(n, FAKE_RESET);
	FAKE_ASSERT_SOON(test, checks(n) >= until);
	devreset_idle(n->node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
}

/* Have the pending tick of @n come now, @late after it was due. */
static void tick_now(struct kunit *test, struct fake *n, unsigned long late)
{
	struct dr_node *dr = to_dr(n->node);
	unsigned int seen = checks(n);

	dr->tick_due = jiffies - late;
	flush_delayed_work(&dr->tick);
	KUNIT_EXPECT_GE(test, checks(n), seen + 1);
}

/* Nor is time in which the clock could not run: then no driver could, either. */
static void nd14_time_stopped_is_none(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 10000);

	/* It comes by itself only when this test is long over. */
	fake_policy(n)->check_interval_ms = 100000;
	devreset_busy(n->node);
	FAKE_ASSERT_SOON(test, delayed_work_pending(&to_dr(n->node)->tick));
	n->node->stamp = jiffies - 62 * HZ;
	tick_now(test, n, 60 * HZ);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
	/* Two of the ten are over, and count. */
	KUNIT_EXPECT_TRUE(test, time_before_eq(n->node->stamp, jiffies - 2 * HZ));
	/* Progress since it was due is not put off. */
	n->node->stamp = jiffies - 30 * HZ;
	tick_now(test, n, 60 * HZ);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
	/* A little late is not stopped. */
	n->node->stamp = jiffies - 62 * HZ;
	tick_now(test, n, 40 * HZ);
	devreset_idle(n->node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_STREQ(test, to_dr(n->node)->last.reason, "no progress");
}

/* What cannot be checked now is not hung; nor is it taken for healthy. */
static void nd10_cannot_be_checked_now(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);

	n->op[FAKE_CHECK].ret = -EAGAIN;
	fake_policy(n)->automatic = 0;
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), -EPERM);
	WRITE_ONCE(to_dr(n->node)->suspect, true);
	devreset_busy(n->node);
	FAKE_ASSERT_SOON(test, checks(n) > 2);
	devreset_idle(n->node);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_TRUE(test, to_dr(n->node)->hung);
	/* It is asked until it says. */
	n->op[FAKE_CHECK].ret = 0;
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	KUNIT_EXPECT_FALSE(test, to_dr(n->node)->hung || to_dr(n->node)->suspect);
}

/* Checks that do not return keep nothing up that ends something else. */
static void rule5_checks_do_not_delay_time_outs(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *p = fake_add(tree, "p", DEVRESET_FUNCTION, NULL), *n;
	unsigned int i;

	tree->strict = false;
	/* More than the works that a queue runs at once unless told otherwise */
	for (i = 0; i < WQ_DFL_ACTIVE + 1; i++)
		fake_hold_soon(fake_add(tree, "n", DEVRESET_FUNCTION, NULL));
	i = 0;
	list_for_each_entry(n, &tree->fakes, link)
		if (n != p && i++ < WQ_DFL_ACTIVE)
			FAKE_ASSERT_INSIDE(test, n, FAKE_CHECK);
	fake_policy(p)->reset_timeout_ms = 20;
	KUNIT_EXPECT_EQ(test, devreset_external_begin(p->node), 0);
	/* Rule 5 */
	FAKE_ASSERT_SOON(test, fake_stat(p, STAT_TIMEOUTS) && !READ_ONCE(p->stopped));
	list_for_each_entry(n, &tree->fakes, link) {
		WRITE_ONCE(fake_policy(n)->check_interval_ms, 0);
		fake_open(n, FAKE_CHECK);
	}
	fake_expect_rest(tree);
}

static void nd15_no_tick_on_an_idle_node(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 60000);
	unsigned int seen;
	int i;

	KUNIT_EXPECT_TRUE(test, clock_stopped(n));
	for (i = 0; i < 5; i++) {
		devreset_busy(n->node);
		FAKE_ASSERT_SOON(test, READ_ONCE(n->node->ticking));
		seen = checks(n);
		FAKE_ASSERT_SOON(test, checks(n) > seen);
		devreset_idle(n->node);
		FAKE_ASSERT_SOON(test, clock_stopped(n));
	}
	seen = checks(n);
	schedule_timeout_idle(msecs_to_jiffies(40));
	KUNIT_EXPECT_EQ(test, checks(n), seen);
	KUNIT_EXPECT_TRUE(test, clock_stopped(n));
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
}

/* Busy again while the clock is about to stop: that is seen. */
static void nd15_busy_while_the_clock_lingers(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);
	unsigned int seen;
	int i;

	for (i = 0; i < 20; i++) {
		devreset_busy(n->node);
		FAKE_ASSERT_SOON(test, READ_ONCE(n->node->ticking));
		devreset_idle(n->node);
		FAKE_ASSERT_SOON(test, !READ_ONCE(n->node->ticking));
		devreset_busy(n->node);
		seen = checks(n);
		FAKE_ASSERT_SOON(test, checks(n) > seen);
		devreset_idle(n->node);
	}
	FAKE_ASSERT_SOON(test, clock_stopped(n));
}

/* Work that is always short, and then is not */
static void nd15_short_work_does_not_stop_the_clock(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);
	unsigned int seen;
	int i;

	fake_policy(n)->check_interval_ms = 10;
	for (i = 0; i < 40; i++) {
		devreset_busy(n->node);
		devreset_idle(n->node);
		schedule_timeout_idle(msecs_to_jiffies(i % 4 + 1));
	}
	devreset_busy(n->node);
	seen = checks(n);
	FAKE_ASSERT_SOON(test, checks(n) > seen);
	devreset_idle(n->node);
	FAKE_ASSERT_SOON(test, clock_stopped(n));
}

static void check_idle(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 60000);

	fake_policy(n)->check_idle = 1;
	__devreset_tick(n->node);
	/* Idle is never a stall. */
	n->node->stamp = jiffies - 120 * HZ;
	FAKE_ASSERT_SOON(test, checks(n) > 3);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);
	fake_returns(n, FAKE_CHECK, -EIO, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(n->op[FAKE_RESET].calls));
	fake_policy(n)->check_idle = 0;
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
}

/* What is stopped is not looked at, nor what has failed. */
static void no_tick_into_a_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 60000);
	unsigned int seen;

	n->op[FAKE_RESET].gate = true;
	fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, n, FAKE_RESET);
	devreset_busy(n->node);
	schedule_timeout_idle(msecs_to_jiffies(30));
	KUNIT_EXPECT_EQ(test, checks(n), 0);
	fake_open(n, FAKE_RESET);
	devreset_idle(n->node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 0);

	n->op[FAKE_CHECK].ret = -EIO;
	devreset_busy(n->node);
	FAKE_ASSERT_SOON(test, devreset_state(n->node) == DEVRESET_FAILED);
	/* What had begun before may still look. */
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	seen = checks(n);
	schedule_timeout_idle(msecs_to_jiffies(30));
	KUNIT_EXPECT_EQ(test, checks(n), seen);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_REQUESTS), 2);
	devreset_idle(n->node);
}

/* What turns out broken beside what was reset is a hang of its own. */
static void a_broken_sibling_is_looked_at(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.q)->check_interval_ms = 4;
	fake_policy(f.q)->ceiling = DEVRESET_FUNCTION;
	fake_returns(f.q, FAKE_CHECK, -EIO, 0);
	f.q->op[FAKE_CHECK].list[1] = -EIO;
	f.q->op[FAKE_CHECK].listed = 2;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_PLATFORM, 0, NULL), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.q->op[FAKE_RESET].calls));
	FAKE_ASSERT_SOON(test, clock_stopped(f.q));
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, fake_stat(f.q, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.q, STAT_SUCCESSES), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_REQUESTS), 1);
}

/* What was stopped, and could not go on, neither. Others may have reset it. */
static void who_does_not_resume_is_a_hang(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;
	int i;

	fake_family(tree, &f);
	for (i = 0; i < 2; i++) {
		fake_returns(f.q, FAKE_RESUME, -EIO, 0);
		if (i) {
			KUNIT_EXPECT_EQ(test, devreset_external_begin(f.g->node), 0);
			devreset_external_end(f.g->node, 0);
		} else {
			KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_PLATFORM, 0,
							     NULL), 0);
		}
		KUNIT_EXPECT_EQ(test, f.q->op[FAKE_RESET].calls, i);
		fake_policy(f.q)->check_interval_ms = 4;
		__devreset_tick(f.q->node);
		FAKE_ASSERT_SOON(test, READ_ONCE(f.q->op[FAKE_RESET].calls) == i + 1);
		FAKE_ASSERT_SOON(test, clock_stopped(f.q));
		fake_expect_rest(tree);
		fake_policy(f.q)->check_interval_ms = 0;
		KUNIT_EXPECT_EQ(test, fake_stat(f.q, STAT_HANGS), i + 1);
		KUNIT_EXPECT_STREQ(test, to_dr(f.q->node)->last.reason, "not resumed");
	}
}

/* --- any context --------------------------------------------------------------------- */

static struct {
	struct timer_list timer;
	struct irq_work work;
	struct fake *fake;
	int ret;
	bool done;
} from_irq;

static void tell(bool hard)
{
	struct fake *fake = from_irq.fake;

	if (!(hard ? in_hardirq() : in_serving_softirq()))
		fake_broke(fake->tree, "not in that context");
	devreset_busy(fake->node);
	devreset_progress(fake->node);
	from_irq.ret = devreset_recover(fake->node, "from an interrupt");
	devreset_idle(fake->node);
	/* Pairs with the test's acquire. */
	smp_store_release(&from_irq.done, true);
}

static bool told(void)
{
	/* Pairs with tell(). */
	return smp_load_acquire(&from_irq.done);
}

static void in_timer(struct timer_list *timer)
{
	tell(false);
}

static void in_hard_irq(struct irq_work *work)
{
	tell(true);
}

static void nd11_recover_from_softirq(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);

	from_irq.fake = n;
	from_irq.done = false;
	timer_setup(&from_irq.timer, in_timer, 0);
	mod_timer(&from_irq.timer, jiffies + 1);
	FAKE_ASSERT_SOON(test, told());
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, from_irq.ret, 0);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_STREQ(test, to_dr(n->node)->last.reason, "from an interrupt");
}

static void nd11_recover_from_hardirq(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);

	from_irq.fake = n;
	from_irq.done = false;
	from_irq.work = IRQ_WORK_INIT_HARD(in_hard_irq);
	irq_work_queue(&from_irq.work);
	FAKE_ASSERT_SOON(test, told());
	irq_work_sync(&from_irq.work);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, from_irq.ret, 0);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 1);
}

/*
 * A busy device may be what a message under any lock is printed to (netconsole): the
 * clock is started where that lock cannot be held.
 */
static void nd14_busy_takes_no_lock(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_watched(tree, 0);
	unsigned long flags;
	bool started;

	local_irq_save(flags);
	devreset_busy(n->node);
	started = delayed_work_pending(&to_dr(n->node)->tick);
	local_irq_restore(flags);
	KUNIT_EXPECT_FALSE(test, started);
	FAKE_ASSERT_SOON(test, checks(n));
	devreset_idle(n->node);
	FAKE_ASSERT_SOON(test, clock_stopped(n));
	fake_expect_rest(tree);
}

static struct kunit_case hang_cases[] = {
	KUNIT_CASE(nd9_looks_while_work_is_outstanding),
	KUNIT_CASE(nd10_a_hang_that_check_finds_starts_the_ladder),
	KUNIT_CASE(nd14_no_progress_is_a_hang),
	KUNIT_CASE(nd14_progress_is_none),
	KUNIT_CASE(nd14_time_asleep_is_none),
	KUNIT_CASE(nd14_time_stopped_is_none),
	KUNIT_CASE(nd14_busy_takes_no_lock),
	KUNIT_CASE(nd10_cannot_be_checked_now),
	KUNIT_CASE(rule5_checks_do_not_delay_time_outs),
	KUNIT_CASE(nd15_no_tick_on_an_idle_node),
	KUNIT_CASE(nd15_busy_while_the_clock_lingers),
	KUNIT_CASE(nd15_short_work_does_not_stop_the_clock),
	KUNIT_CASE(check_idle),
	KUNIT_CASE(no_tick_into_a_reset),
	KUNIT_CASE(a_broken_sibling_is_looked_at),
	KUNIT_CASE(who_does_not_resume_is_a_hang),
	KUNIT_CASE(nd11_recover_from_softirq),
	KUNIT_CASE(nd11_recover_from_hardirq),
	{}
};

static struct kunit_suite hang_suite = {
	.name = "devreset_hangs",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = hang_cases,
};

kunit_test_suite(hang_suite);
