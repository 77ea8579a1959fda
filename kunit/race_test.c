// SPDX-License-Identifier: GPL-2.0
/*
 * Races: several threads do what they like to a tree of fakes, each so many
 * times. Nothing may be lost, nothing may be left over; the checkers of the
 * kernel and those of the fakes watch.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "fake.h"
#include "race.h"

static unsigned int iterations = 250;
module_param(iterations, uint, 0444);
MODULE_PARM_DESC(iterations, "turns of each thread of a race; KUnit allows a race five minutes");

/* --- running them ------------------------------------------------------------------ */

static struct racer *all;
static int all_count;
static unsigned long all_end;

static int goal(struct racer *racer)
{
	return max(iterations / (racer->share ?: 1), 1U);
}

/* Nobody stops before all have done enough: the others are what it races with. */
static bool all_have_done(void)
{
	int i;

	if (READ_ONCE(all->fake->tree->broken) || time_after(jiffies, all_end))
		return true;
	for (i = 0; i < all_count; i++)
		if (atomic_read(&all[i].good) < goal(&all[i]))
			return false;
	return true;
}

static int racer_thread(void *data)
{
	struct racer *racer = data;
	unsigned int i;
	int laps;

	for (i = 0; !all_have_done(); i++) {
		if (racer->turn(racer, i))
			atomic_inc(&racer->good);
		/* Let the others have it now and then, and who lags behind ever more often. */
		laps = atomic_read(&racer->good) / goal(racer);
		if (laps)
			schedule_timeout_idle(min(3 * laps, HZ / 4));
		else if (i % 2)
			schedule_timeout_idle(1);
		else
			cond_resched();
	}
	/* Pairs with race(): all it did is to be seen. */
	smp_store_release(&racer->done, true);
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void expect_end(struct kunit *test, struct racer *racer)
{
	/* Pairs with racer_thread(). */
	while (!smp_load_acquire(&racer->done))
		schedule_timeout_idle(1);
	kthread_stop(racer->task);
	fake_wait(atomic_read(&racer->completed) == atomic_read(&racer->accepted));
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&racer->completed),
			    atomic_read(&racer->accepted),
			    "completions were lost, or came twice");
	kunit_info(test, "%s, scope %d: %d were good, of at least %d", racer->fake->name,
		   racer->scope, atomic_read(&racer->good), goal(racer));
	KUNIT_EXPECT_GE_MSG(test, atomic_read(&racer->good), goal(racer),
			    "not done in the time that KUnit gives a case");
}

void race(struct kunit *test, struct racer *racers, int count)
{
	struct fake_tree *tree = test->priv;
	int i;

	all = racers;
	all_count = count;
	/* KUnit gives a case five minutes. */
	all_end = jiffies + 280 * HZ;
	for (i = 0; i < count; i++) {
		racers[i].task = kthread_run(racer_thread, &racers[i], "racer%d", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(racers[i].task));
	}
	for (i = 0; i < count; i++)
		if (!IS_ERR(racers[i].task))
			expect_end(test, &racers[i]);
	fake_expect_rest(tree);
}

/* --- what they do ----------------------------------------------------------------------- */

static void expect_status(struct fake *fake, int status)
{
	switch (status) {
	case 0:
	case -EALREADY:
	case -EIO:
		return;
	case -ENODEV:
	case -EOPNOTSUPP:
		if (!fake->tree->strict)
			return;
	}
	fake_broke(fake->tree, "reset at %s: %d", fake->name, status);
}

/* The racer's node, with a reference, as soon as there is one; NULL: give up. */
struct devreset_node *racer_find(struct racer *racer)
{
	struct devreset_node *node;

	while (!(node = devreset_find(racer->fake->dev)) &&
	       !READ_ONCE(racer->fake->tree->broken))
		schedule_timeout_idle(1);
	return node;
}

bool turn_reset(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);
	int ret;

	if (!node)
		return false;
	ret = devreset_reset(node, racer->scope, 0, NULL);
	expect_status(racer->fake, ret);
	devreset_put(node);
	return !ret;
}

static void count_completion(struct devreset_node *node, void *context, int status)
{
	struct racer *racer = context;

	if (status != -ECANCELED)
		expect_status(racer->fake, status);
	if (!status)
		atomic_inc(&racer->good);
	atomic_inc(&racer->completed);
}

/* Good are those that are completed well. */
static bool turn_ask(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);
	struct devreset_params params = { count_completion, racer };
	int ret;

	if (!node)
		return false;
	ret = devreset_reset(node, racer->scope, 0, &params);
	if (!ret)
		atomic_inc(&racer->accepted);
	else
		expect_status(racer->fake, ret);
	devreset_put(node);
	/* Not all at once */
	fake_wait(atomic_read(&racer->accepted) - atomic_read(&racer->completed) < 8);
	return false;
}

static bool turn_recover(struct racer *racer, unsigned int i)
{
	struct devreset_node *node;

	/* Each is several lines in the log, which takes longer than all else. */
	if (i % 8)
		return turn_ask(racer, i);
	node = racer_find(racer);
	if (!node)
		return false;
	devreset_recover(node, "race");
	devreset_put(node);
	return false;
}

bool turn_external(struct racer *racer, unsigned int i)
{
	struct devreset_node *node = racer_find(racer);
	struct fake_tree *tree = racer->fake->tree;
	int ret;

	if (!node)
		return false;
	ret = devreset_external_begin(node);
	if (!ret && tree->strict && !READ_ONCE(racer->fake->stopped))
		fake_broke(tree, "%s runs when an external reset begins", racer->fake->name);
	if (i % 4 == 0)
		schedule_timeout_idle(1);
	else
		cond_resched();
	if (!ret && tree->strict && !READ_ONCE(racer->fake->stopped))
		fake_broke(tree, "%s runs before an external reset ends", racer->fake->name);
	devreset_external_end(node, i % 5 ? 0 : -EIO);
	devreset_put(node);
	return !ret;
}

bool turn_register(struct racer *racer, unsigned int i)
{
	if (fake_unregister(racer->fake))
		fake_broke(racer->fake->tree, "not unregistered");
	if (i % 3 == 0)
		schedule_timeout_idle(1);
	if (fake_register(racer->fake))
		fake_broke(racer->fake->tree, "not registered");
	return true;
}

/* --- resets ------------------------------------------------------------------------------ */

static void race_resets_of_one_node(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	{
		struct racer racers[] = {
			{ turn_reset, f.p, DEVRESET_FUNCTION },
			{ turn_reset, f.p, DEVRESET_FUNCTION },
			{ turn_ask, f.p, DEVRESET_FUNCTION },
			{ turn_recover, f.p, DEVRESET_FUNCTION },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

static void race_parent_and_child(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	{
		struct racer racers[] = {
			{ turn_reset, f.x, DEVRESET_COMPONENT },
			{ turn_ask, f.b, DEVRESET_COMPONENT },
			{ turn_reset, f.x, DEVRESET_FUNCTION },
			{ turn_ask, f.q, DEVRESET_PLATFORM },
			{ turn_recover, f.a, DEVRESET_COMPONENT },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

static void race_with_unregistering(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	tree->strict = false;
	{
		struct racer racers[] = {
			{ turn_register, f.a },
			{ turn_reset, f.p, DEVRESET_FUNCTION },
			{ turn_reset, f.a, DEVRESET_COMPONENT, .share = 4 },
			{ turn_ask, f.a, DEVRESET_FUNCTION },
			{ turn_recover, f.a, DEVRESET_COMPONENT },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

/* A node in the middle comes and goes: it takes over, and gives back, what is below. */
static void race_with_adoption(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	tree->strict = false;
	{
		struct racer racers[] = {
			{ turn_register, f.p, .share = 8 },
			{ turn_register, f.a, .share = 8 },
			{ turn_reset, f.g, DEVRESET_PLATFORM, .share = 4 },
			{ turn_reset, f.x, DEVRESET_COMPONENT, .share = 8 },
			{ turn_ask, f.b, DEVRESET_FUNCTION, .share = 8 },
			{ turn_recover, f.x, DEVRESET_COMPONENT, .share = 4 },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.x->node)->parent, to_dr(f.a->node));
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.a->node)->parent, to_dr(f.p->node));
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.b->node)->parent, to_dr(f.p->node));
	KUNIT_EXPECT_PTR_EQ(test, to_dr(f.p->node)->parent, to_dr(f.g->node));
}

static void race_with_external(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = 0;
	{
		struct racer racers[] = {
			{ turn_external, f.a },
			{ turn_external, f.q },
			{ turn_reset, f.g, DEVRESET_PLATFORM, .share = 2 },
			{ turn_reset, f.p, DEVRESET_FUNCTION, .share = 4 },
			{ turn_ask, f.x, DEVRESET_COMPONENT },
			{ turn_external, f.p },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
}

/* --- providers ------------------------------------------------------------------------------ */

static int nothing(struct devreset_node *node)
{
	return 0;
}

static int nothing_more(struct devreset_node *node, int status)
{
	return 0;
}

static int no_reset(struct devreset_node *node, u32 gen)
{
	return 0;
}

static atomic_t provided;

static void unprovided(struct devreset_node *node)
{
	atomic_dec(&provided);
}

static const struct devreset_ops provider_ops = {
	.reset = no_reset,
	.quiesce = nothing,
	.resume = nothing_more,
	.restore = nothing,
	.release = unprovided,
};

/* Has nodes for all devices of a tree that have no parent */
static struct fake_tree *provider_tree;

static int provide(struct devreset_provider *provider, struct device *dev)
{
	struct devreset_desc desc = {
		.ops = &provider_ops,
		.scope = DEVRESET_PLATFORM,
		.provider = provider,
	};
	struct devreset_node *node;
	char name[32];

	if (dev->parent || strncmp(dev_name(dev), "fake", 4))
		return -ENODEV;
	snprintf(name, sizeof(name), "prov-%s", dev_name(dev));
	desc.name = name;
	/* As it may be unregistered as soon as it is there */
	atomic_inc(&provided);
	node = devreset_register(dev, &desc);
	if (IS_ERR(node))
		atomic_dec(&provided);
	return PTR_ERR_OR_ZERO(node);
}

static struct device *find_none(const char *name)
{
	return ERR_PTR(-ENODEV);
}

static struct devreset_provider race_provider = {
	.name = "race",
	.owner = THIS_MODULE,
	.probe = provide,
	.find = find_none,
};

static bool turn_provider(struct racer *racer, unsigned int i)
{
	if (devreset_provider_register(&race_provider))
		fake_broke(provider_tree, "provider not registered");
	/* Its node is there long enough to be reset, now and then. */
	schedule_timeout_idle(i % 4);
	devreset_provider_unregister(&race_provider);
	return true;
}

static void race_with_a_provider(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *top, *a, *b;

	tree->traced = 0;
	tree->strict = false;
	provider_tree = tree;
	top = fake_alloc(tree, "top", DEVRESET_PLATFORM, NULL);
	a = fake_add(tree, "a", DEVRESET_FUNCTION, top);
	b = fake_add(tree, "b", DEVRESET_FUNCTION, top);
	{
		struct racer racers[] = {
			{ turn_provider, top },
			{ turn_register, a, .share = 10 },
			{ turn_register, b, .share = 10 },
			{ turn_reset, a, DEVRESET_PLATFORM, .share = 20 },
			{ turn_ask, b, DEVRESET_PLATFORM, .share = 20 },
			{ turn_recover, a, DEVRESET_FUNCTION, .share = 4 },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
	KUNIT_EXPECT_NULL(test, to_dr(a->node)->parent);
	KUNIT_EXPECT_EQ(test, atomic_read(&provided), 0);
}

/* Its node goes with the last that needs it, and comes with the next. */
static void race_with_the_last_child(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *top, *a, *b;

	tree->traced = 0;
	tree->strict = false;
	provider_tree = tree;
	KUNIT_ASSERT_EQ(test, devreset_provider_register(&race_provider), 0);
	top = fake_alloc(tree, "top", DEVRESET_PLATFORM, NULL);
	a = fake_add(tree, "a", DEVRESET_FUNCTION, top);
	b = fake_add(tree, "b", DEVRESET_FUNCTION, top);
	{
		struct racer racers[] = {
			{ turn_register, a, .share = 10 },
			{ turn_register, b, .share = 10 },
			{ turn_reset, a, DEVRESET_PLATFORM, .share = 10 },
			{ turn_ask, b, DEVRESET_PLATFORM, .share = 10 },
		};

		race(test, racers, ARRAY_SIZE(racers));
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&provided), 1);
	KUNIT_EXPECT_EQ(test, fake_unregister(a), 0);
	KUNIT_EXPECT_EQ(test, fake_unregister(b), 0);
	KUNIT_EXPECT_TRUE(test, fake_wait(!atomic_read(&provided)));
	devreset_provider_unregister(&race_provider);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_resets_of_one_node),
	KUNIT_CASE(race_parent_and_child),
	KUNIT_CASE(race_with_unregistering),
	KUNIT_CASE(race_with_adoption),
	KUNIT_CASE(race_with_external),
	KUNIT_CASE(race_with_a_provider),
	KUNIT_CASE(race_with_the_last_child),
	{}
};

static struct kunit_suite race_suite = {
	.name = "devreset_races",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
