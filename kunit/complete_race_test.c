// SPDX-License-Identifier: GPL-2.0
/*
 * Races with what comes from interrupts and by the clock: completions that are
 * late, come twice, or after the removal; cancelling; the hang clock.
 */
#include <kunit/test.h>
#include <linux/irq_work.h>
#include <linux/timer.h>
#include "fake.h"
#include "race.h"

/* --- completions ------------------------------------------------------------------------------ */

/* An engine that completes its resets when it likes, from interrupts */
static struct {
	struct timer_list timer;
	struct irq_work work;
	struct devreset_node *node;
	u32 gen;
	unsigned int resets;
	atomic_t good, late, twice, odd;
} engine;

static void engine_complete(void)
{
	u32 gen = READ_ONCE(engine.gen);

	switch (devreset_complete(READ_ONCE(engine.node), gen, 0, 0)) {
	case 0:
		atomic_inc(&engine.good);
		break;
	case -ESTALE:
		atomic_inc(&engine.late);
		break;
	case -EALREADY:
		atomic_inc(&engine.twice);
		break;
	default:
		atomic_inc(&engine.odd);
	}
}

static void engine_timer(struct timer_list *timer)
{
	engine_complete();
}

static void engine_irq(struct irq_work *work)
{
	engine_complete();
}

/* Once from a timer, and now and then once more from a hard interrupt */
static int hook_engine(struct fake *fake)
{
	WRITE_ONCE(engine.gen, fake->gen);
	engine.resets++;
	mod_timer(&engine.timer, jiffies + engine.resets % 6);
	if (engine.resets % 7 == 0)
		irq_work_queue(&engine.work);
	return -EINPROGRESS;
}

static void stop_engine(void)
{
	timer_delete_sync(&engine.timer);
	irq_work_sync(&engine.work);
}

static void start_engine(struct fake *fake)
{
	WRITE_ONCE(engine.node, devreset_get(fake->node));
	fake_policy(fake)->reset_timeout_ms = 3;
	WRITE_ONCE(fake->op[FAKE_RESET].hook, hook_engine);
}

/* Goes while it is in use: what comes after that has a reference still. */
static bool turn_engine(struct racer *racer, unsigned int i)
{
	struct fake *fake = racer->fake;

	schedule_timeout_idle(i % 4);
	if (i % 2)
		return false;
	WRITE_ONCE(fake->op[FAKE_RESET].hook, NULL);
	if (fake_unregister(fake))
		fake_broke(fake->tree, "not unregistered");
	schedule_timeout_idle(i % 3);
	stop_engine();
	devreset_put(engine.node);
	if (fake_register(fake))
		fake_broke(fake->tree, "not registered");
	start_engine(fake);
	return true;
}

static bool turn_slow_reset(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);
	int ret;

	if (!node)
		return false;
	ret = devreset_reset(node, DEVRESET_FUNCTION, 0, NULL);
	if (ret && ret != -EALREADY && ret != -ETIMEDOUT && ret != -ENODEV)
		fake_broke(racer->fake->tree, "reset: %d", ret);
	devreset_put(node);
	return !ret || ret == -ETIMEDOUT;
}

static void race_of_completions(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n;

	fake_announce("devreset: .* completed twice");
	memset(&engine, 0, sizeof(engine));
	timer_setup(&engine.timer, engine_timer, 0);
	engine.work = IRQ_WORK_INIT_HARD(engine_irq);
	n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	tree->traced = 0;
	tree->strict = false;
	start_engine(n);
	{
		struct racer racers[] = {
			{ turn_engine, n },
			{ turn_slow_reset, n },
			{ turn_slow_reset, n },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
	/* For whoever announced it: one certainly comes twice. */
	n->op[FAKE_RESET].hook = NULL;
	stop_engine();
	n->op[FAKE_RESET].ret = -EINPROGRESS;
	fake_policy(n)->reset_timeout_ms = 10000;
	fake_ask(n, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(n->node)->pending) && !READ_ONCE(n->inside));
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, devreset_complete(n->node, n->gen, 0, 0), -EALREADY);
	fake_expect_rest(tree);
	devreset_put(engine.node);
	kunit_info(test, "%d in time, %d late, %d twice", atomic_read(&engine.good),
		   atomic_read(&engine.late), atomic_read(&engine.twice));
	KUNIT_EXPECT_GT(test, atomic_read(&engine.good), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&engine.late), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&engine.odd), 0);
}

struct cancelled {
	atomic_t calls;
	int status;
};

static void cancelled(struct devreset_node *node, void *context, int status)
{
	struct cancelled *c = context;

	c->status = status;
	atomic_inc(&c->calls);
}

/* Whatever it returns: the completion was called, and it may go from the stack. */
static bool turn_cancel(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);
	struct cancelled c = { };
	struct devreset_params params = { cancelled, &c };
	bool admitted;
	int ret;

	if (!node)
		return false;
	admitted = !devreset_reset(node, racer->scope, 0, &params);
	if (admitted) {
		if (i % 4 == 0)
			schedule_timeout_idle(i % 3);
		ret = devreset_cancel(node, &params);
		if (atomic_read(&c.calls) != 1)
			fake_broke(racer->fake->tree, "cancel returned %d, %d completions",
				   ret, atomic_read(&c.calls));
		if (ret && ret != -ENOENT)
			fake_broke(racer->fake->tree, "cancel returned %d", ret);
	}
	devreset_put(node);
	return admitted;
}

static void race_of_cancel_and_completion(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	tree->strict = false;
	{
		struct racer racers[] = {
			{ turn_cancel, f.a, DEVRESET_COMPONENT },
			{ turn_cancel, f.a, DEVRESET_FUNCTION },
			{ turn_cancel, f.b, DEVRESET_FUNCTION },
			{ turn_register, f.a, .share = 4 },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

/* --- the hang clock ------------------------------------------------------------- */

static int hook_now_and_then(struct fake *fake)
{
	return ++fake->data % 50 ? 0 : -EIO;
}

static bool turn_io(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);

	if (!node)
		return false;
	to_dr(node)->policy.check_interval_ms = 1;
	devreset_busy(node);
	if (i % 3 == 0)
		schedule_timeout_idle(i % 7);
	devreset_progress(node);
	if (i % 2)
		devreset_idle(node);
	else if (i % 8 == 0)
		node->stamp = jiffies - HZ;
	devreset_put(node);
	return true;
}

static void race_of_the_hang_clock(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	tree->strict = false;
	f.a->desc.stall_ms = 5;
	f.a->op[FAKE_CHECK].hook = hook_now_and_then;
	{
		struct racer racers[] = {
			{ turn_io, f.a },
			{ turn_io, f.b },
			{ turn_register, f.a, .share = 4 },
			{ turn_reset, f.a, DEVRESET_COMPONENT, .share = 4 },
			{ turn_reset, f.b, DEVRESET_FUNCTION },
			{ turn_external, f.p },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

static struct kunit_case complete_race_cases[] = {
	KUNIT_CASE(race_of_completions),
	KUNIT_CASE(race_of_cancel_and_completion),
	KUNIT_CASE(race_of_the_hang_clock),
	{}
};

static struct kunit_suite complete_race_suite = {
	.name = "devreset_completion_races",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = complete_race_cases,
};

kunit_test_suite(complete_race_suite);
