// SPDX-License-Identifier: GPL-2.0
/*
 * What comes or goes at the wrong moment: devices under a provider's hands, nodes
 * that are not in the tree yet, and slots that are not free.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../drivers/compat.h"
#include "fake.h"

static struct {
	struct fake *node;	/* below the device that is asked for first */
	struct device *dev;
	unsigned int calls;
	int ret;
} provided;

static struct device *find_none(const char *name)
{
	return ERR_PTR(-ENODEV);
}

/* Asked for a device, it removes that and what is below it. */
static int probe_removes(struct devreset_provider *provider, struct device *dev)
{
	if (dev == provided.dev && !provided.calls++) {
		fake_unregister(provided.node);
		device_unregister(provided.node->dev);
		provided.node->dev = NULL;
		device_unregister(provided.dev);
	}
	return -ENODEV;
}

static void free_poisoned(struct device *dev)
{
	memset(dev, 0x6b, sizeof(*dev));
	kfree(dev);
}

static void ancestors_go_while_they_are_asked_for(struct kunit *test)
{
	static struct devreset_provider removes = {
		.name = "removes", .probe = probe_removes, .find = find_none,
	};
	struct fake_tree *tree = test->priv;
	struct fake *above, *mid, *low;

	above = fake_alloc(tree, "t", DEVRESET_FUNCTION, NULL);
	mid = fake_alloc(tree, "m", DEVRESET_FUNCTION, above);
	low = fake_add(tree, "l", DEVRESET_FUNCTION, mid);
	mid->dev->release = free_poisoned;
	provided.node = low;
	provided.dev = mid->dev;
	provided.calls = 0;
	KUNIT_EXPECT_EQ(test, devreset_provider_register(&removes), 0);
	mid->dev = NULL;
	KUNIT_EXPECT_GE(test, provided.calls, 1);
	KUNIT_EXPECT_NULL(test, low->node);
	devreset_provider_unregister(&removes);
}

static struct devreset_provider misused = {
	.name = "misused", .probe = probe_removes, .find = find_none,
};

static int hook_provider_goes(struct fake *fake)
{
	devreset_provider_unregister(&misused);
	return 0;
}

/* A driver bug, told of once; it must not take the thread with it. */
static void a_provider_goes_within_a_callback(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_alloc(tree, "n", DEVRESET_FUNCTION, NULL);

	provided.dev = NULL;
	KUNIT_ASSERT_EQ(test, devreset_provider_register(&misused), 0);
	n->desc.provider = &misused;
	KUNIT_ASSERT_EQ(test, fake_register(n), 0);
	/* So that it does not go by itself */
	to_dr(n->node)->managed = true;
	n->op[FAKE_RESET].hook = hook_provider_goes;
	fake_announce("provider unregistered by a callback of its node");
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
	fake_expect_rest(tree);
}

/* A node that is in sysfs, and not yet in the tree */
static int ask_early(COMPAT_ADD_DEV_ARGS)
{
	struct dr_node *node = container_of(dev, struct dr_node, dev);

	provided.calls++;
	provided.ret = devreset_reset(&node->pub, DEVRESET_FUNCTION, 0, NULL);
	return 0;
}

static void asked_before_it_is_in_the_tree(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *first = fake_add(tree, "n", DEVRESET_FUNCTION, NULL), *n;
	struct class_interface early = {
		.class = to_dr(first->node)->dev.class, .add_dev = ask_early,
	};

	n = fake_alloc(tree, "e", DEVRESET_FUNCTION, NULL);
	KUNIT_ASSERT_EQ(test, class_interface_register(&early), 0);
	provided.calls = 0;
	KUNIT_EXPECT_EQ(test, fake_register(n), 0);
	class_interface_unregister(&early);
	KUNIT_EXPECT_EQ(test, provided.calls, 1);
	KUNIT_EXPECT_EQ(test, provided.ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_QUIESCE].calls, 0);
	/* From now on it can be. */
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
}

static int hook_dump(struct fake *fake)
{
	provided.ret = devreset_dump_printf((struct devreset_dump *)fake->data, "text");
	return 0;
}

/* The three seconds are the driver's, not those for which its slot is waited. */
static void dr13_a_dump_that_has_to_wait(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_alloc(tree, "n", DEVRESET_FUNCTION, NULL);

	n->dumps = true;
	KUNIT_ASSERT_EQ(test, fake_register(n), 0);
	n->op[FAKE_DUMP].hook = hook_dump;
	provided.ret = 1;
	fake_hold(n);
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(n->node)->claim));
	schedule_timeout_idle(3 * HZ + HZ / 2);
	fake_open(n, FAKE_CHECK);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_DUMP].calls, 1);
	KUNIT_EXPECT_EQ(test, provided.ret, 0);
}

/* The rung above goes while a ladder waits for what resets it: there is none, then. */
static void dr6_the_next_rung_goes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *p = fake_add(tree, "p", DEVRESET_FUNCTION, NULL);
	struct fake *a = fake_add(tree, "a", DEVRESET_COMPONENT, p);
	struct devreset_node *node;
	struct fake_job *gone;
	struct fake_ask *ask;

	fake_policy(a)->max_attempts = 1;
	a->op[FAKE_RESET].ret = -EIO;
	a->op[FAKE_RESET].gate = true;
	p->op[FAKE_RESET].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_recover(a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, a, FAKE_RESET);
	ask = fake_ask(p, DEVRESET_FUNCTION);
	fake_open(a, FAKE_RESET);
	FAKE_ASSERT_INSIDE(test, p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_stat(a, STAT_ESCALATIONS));
	tree->strict = false;
	node = devreset_get(p->node);
	gone = fake_job(p, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, !READ_ONCE(to_dr(a->node)->requests));
	KUNIT_EXPECT_EQ(test, (int)devreset_state(a->node), DEVRESET_FAILED);
	fake_open(p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_job_done(gone));
	devreset_put(node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, to_dr(a->node)->last.status, -EIO);
}

static struct kunit_case lifetime_cases[] = {
	KUNIT_CASE(ancestors_go_while_they_are_asked_for),
	KUNIT_CASE(a_provider_goes_within_a_callback),
	KUNIT_CASE(asked_before_it_is_in_the_tree),
	KUNIT_CASE(dr13_a_dump_that_has_to_wait),
	KUNIT_CASE(dr6_the_next_rung_goes),
	{}
};

static struct kunit_suite lifetime_suite = {
	.name = "devreset_lifetimes",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = lifetime_cases,
};

kunit_test_suite(lifetime_suite);
