// SPDX-License-Identifier: GPL-2.0
/*
 * Records: what outlives a node (DR16). The requests that do are in return_test.c.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/string.h>
#include "../drivers/compat.h"
#include "fake.h"

/* --- what is kept ------------------------------------------------------------------ */

static int cycle(struct fake *fake)
{
	return fake_unregister(fake) ?: fake_register(fake);
}

static void dr16_numbers_outlive_the_node(struct kunit *test)
{
	struct fake *fake = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);
	struct history *hist;

	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), 0);
	fake->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	fake_policy(fake)->max_recoveries = 17;
	to_dr(fake->node)->hist.recoveries = 3;
	to_dr(fake->node)->hist.window_start = 99;
	fake->desc.policy = &devreset_default_policy;	/* not fast_policy() */
	KUNIT_ASSERT_EQ(test, cycle(fake), 0);

	hist = &to_dr(fake->node)->hist;
	KUNIT_EXPECT_EQ(test, fake_policy(fake)->max_recoveries, 17);
	KUNIT_EXPECT_EQ(test, (int)hist->recoveries, 3);
	KUNIT_EXPECT_EQ(test, hist->window_start, 99);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 2);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_SUCCESSES), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_FAILURES), 1);
	KUNIT_EXPECT_EQ(test, to_dr(fake->node)->last.status, -EIO);
	KUNIT_EXPECT_EQ(test, to_dr(fake->node)->logged, 2);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(fake->node), DEVRESET_HEALTHY);
}

static void dr16_another_device_begins_anew(struct kunit *test)
{
	struct fake *fake = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);

	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	fake_serial_number = "2";
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
	/* ... and the first one, when it is back, too: it was forgotten. */
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	fake_serial_number = "1";
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
}

static void dr16_probation_outlives_the_node(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->probation_ms = 100000;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, devreset_state(f.a->node) == DEVRESET_PROBATION);
	KUNIT_ASSERT_EQ(test, cycle(f.a), 0);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.a->node), DEVRESET_PROBATION);
	/* The hang in probation begins above the rung that seemed to cure. */
	fake_rewind(tree);
	tree->traced = BIT(FAKE_RESET);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:p");
}

/* A rename takes the record along, also when two swap their names. */
static void dr16_rename(struct kunit *test)
{
	struct fake *a = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);
	struct fake *b = fake_add(test->priv, "b", DEVRESET_FUNCTION, NULL);
	char name[REASON_LEN];

	KUNIT_EXPECT_EQ(test, devreset_reset(a->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, devreset_rename(a->node, "fake-between"), 0);
	KUNIT_EXPECT_EQ(test, devreset_rename(b->node, a->full_name), 0);
	KUNIT_EXPECT_EQ(test, devreset_rename(a->node, b->full_name), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(a), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(b), 0);
	strscpy(name, a->full_name, sizeof(name));
	strscpy(a->full_name, b->full_name, sizeof(a->full_name));
	strscpy(b->full_name, name, sizeof(b->full_name));
	KUNIT_ASSERT_EQ(test, fake_register(a), 0);
	KUNIT_ASSERT_EQ(test, fake_register(b), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(a, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(b, STAT_REQUESTS), 0);
}

/* Names that come and go: the last 4,096 are kept, and no more. */
static void dr16_five_thousand_names(struct kunit *test)
{
	static const int probes[] = { 4999, 4999 - 4095 + 1, 4999 - 4096 - 1, 0 };
	const int names = 5000, kept = 4096;
	struct fake *fake;
	int i;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "takes minutes with checkers; runs natively");
	fake = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);
	for (i = 0; i < names; i++) {
		KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
		snprintf(fake->full_name, sizeof(fake->full_name), "fake-n%d", i);
		KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
		atomic_long_set(&to_dr(fake->node)->stats[STAT_HANGS], i + 1);
	}
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	/* Each question makes the youngest of what it asks for. */
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		snprintf(fake->full_name, sizeof(fake->full_name), "fake-n%d", probes[i]);
		KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
		KUNIT_EXPECT_EQ_MSG(test, fake_stat(fake, STAT_HANGS),
				    probes[i] > names - kept ? probes[i] + 1 : 0,
				    "name %d", probes[i]);
		KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	}
}

static void dr16_window_over(struct kunit *test)
{
	struct fake *fake = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);

	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), 0);
	fake_policy(fake)->window_ms = 1;
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	schedule_timeout_idle(msecs_to_jiffies(2) + 1);
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
}

/* A fake that has been asked for one reset, and is away since; @name is what it was called. */
static struct fake *keep_one(struct kunit *test, char *name)
{
	struct fake *fake = fake_alloc(test->priv, "a", DEVRESET_FUNCTION, NULL);

	fake->desc.policy = &devreset_default_policy;
	strscpy(name, fake->full_name, REASON_LEN);
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	fake_policy(fake)->max_recoveries = 17;
	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	return fake;
}

static void register_as(struct kunit *test, struct fake *fake, const char *name)
{
	strscpy(fake->full_name, name, sizeof(fake->full_name));
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
}

/* An interface gets the name under which it is known after its node was registered. */
static void dr16_renamed_after_it_was_registered(struct kunit *test)
{
	char name[REASON_LEN];
	struct fake *fake = keep_one(test, name);

	register_as(test, fake, "fake-eth0");
	KUNIT_EXPECT_EQ(test, devreset_rename(fake->node, name), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, to_dr(fake->node)->logged, 1);
	KUNIT_EXPECT_EQ(test, fake_policy(fake)->max_recoveries, 17);

	/* A policy that was written meanwhile stays. */
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	register_as(test, fake, "fake-eth1");
	fake_policy(fake)->max_recoveries = 18;
	KUNIT_EXPECT_EQ(test, devreset_rename(fake->node, name), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_policy(fake)->max_recoveries, 18);
}

/* Not with a history of its own, nor that of another device */
static void dr16_renamed_too_late(struct kunit *test)
{
	char name[REASON_LEN];
	struct fake *fake = keep_one(test, name);

	register_as(test, fake, "fake-eth0");
	fake->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_reset(fake->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	KUNIT_EXPECT_EQ(test, devreset_rename(fake->node, name), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_SUCCESSES), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_FAILURES), 1);

	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	fake_serial_number = "2";
	register_as(test, fake, "fake-eth1");
	KUNIT_EXPECT_EQ(test, devreset_rename(fake->node, name), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
}

/* A cure that was in doubt when the device went is so under the new name. */
static void dr16_renamed_in_probation(struct kunit *test)
{
	struct fake *fake = fake_add(test->priv, "a", DEVRESET_FUNCTION, NULL);
	char name[REASON_LEN];

	strscpy(name, fake->full_name, sizeof(name));
	fake_policy(fake)->probation_ms = 1000;
	KUNIT_EXPECT_EQ(test, devreset_recover(fake->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, devreset_state(fake->node) == DEVRESET_PROBATION);
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	register_as(test, fake, "fake-eth0");
	KUNIT_EXPECT_EQ(test, devreset_rename(fake->node, name), 0);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(fake->node), DEVRESET_PROBATION);
	FAKE_ASSERT_SOON(test, devreset_state(fake->node) == DEVRESET_HEALTHY);
}

/* The provider that knows a device may come after its node. */
static void dr16_a_provider_comes_later(struct kunit *test)
{
	char name[REASON_LEN];
	struct fake *fake = keep_one(test, name), *used;

	devreset_provider_unregister(&fake_known);
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
	used = fake_add(test->priv, "b", DEVRESET_FUNCTION, NULL);
	KUNIT_EXPECT_EQ(test, devreset_reset(used->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, devreset_provider_register(&fake_known), 0);
	/* What was kept is taken over, */
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_policy(fake)->max_recoveries, 17);
	/* ... and what happened without a record is kept. */
	KUNIT_ASSERT_EQ(test, cycle(used), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(used, STAT_REQUESTS), 1);
}

/* --- managed devices ---------------------------------------------------------------- */

static struct {
	struct fake *fake;
	bool away;
	unsigned int asked;
} place;

static struct device *place_find(const char *name)
{
	return place.away ? ERR_PTR(-ENODEV) : get_device(place.fake->dev);
}

static int place_probe(struct devreset_provider *provider, struct device *dev)
{
	return dev == place.fake->dev ? fake_register(place.fake) : -ENODEV;
}

static int place_identity(struct device *dev, char *buf, size_t size)
{
	if (dev != place.fake->dev)
		return -ENODEV;
	strscpy(buf, fake_serial_number, size);
	WRITE_ONCE(place.asked, place.asked + 1);
	return 0;
}

static struct devreset_provider places = {
	.name = "place", .owner = THIS_MODULE, .probe = place_probe, .find = place_find,
	.identity = place_identity,
};

/* Write "place 1" to a file of the class. */
static int write_place(struct kunit *test, struct fake *any, const char *file)
{
	COMPAT_CLASS_CONST struct class *class = to_dr(any->node)->dev.class;
	struct attribute **attr = class->class_groups[0]->attrs;
	struct class_attribute *attribute;
	int ret;

	while (*attr && strcmp((*attr)->name, file))
		attr++;
	KUNIT_ASSERT_NOT_NULL(test, *attr);
	attribute = container_of(*attr, struct class_attribute, attr);
	ret = attribute->store(class, attribute, "place 1", 7);
	return ret == 7 ? 0 : ret;
}

/* It went while it was managed. */
static void place_returns(struct kunit *test, const char *serial)
{
	unsigned int asked = READ_ONCE(place.asked);

	KUNIT_ASSERT_EQ(test, fake_unregister(place.fake), 0);
	fake_serial_number = serial;
	devreset_device_added(&places, "1");
	FAKE_ASSERT_SOON(test, READ_ONCE(place.asked) > asked);
}

static void dr16_managed_comes_back(struct kunit *test)
{
	struct fake *other = fake_add(test->priv, "b", DEVRESET_FUNCTION, NULL), *child;
	struct fake *fake = fake_alloc(test->priv, "a", DEVRESET_FUNCTION, NULL);

	place.fake = fake;
	place.away = false;
	fake->desc.provider = &places;
	fake->desc.policy = &devreset_default_policy;
	KUNIT_ASSERT_EQ(test, devreset_provider_register(&places), 0);
	KUNIT_ASSERT_EQ(test, write_place(test, other, "manage"), 0);
	fake_policy(fake)->max_recoveries = 17;
	/* Unmanaged and managed again, it is not forgotten. */
	child = fake_add(test->priv, "c", DEVRESET_COMPONENT, fake);
	KUNIT_EXPECT_EQ(test, write_place(test, other, "unmanage"), 0);
	KUNIT_EXPECT_EQ(test, write_place(test, other, "manage"), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(child), 0);
	place_returns(test, "1");
	FAKE_ASSERT_SOON(test, READ_ONCE(fake->node) && to_dr(fake->node)->managed);
	KUNIT_EXPECT_EQ(test, fake_policy(fake)->max_recoveries, 17);
	/* Another device at the same place begins unmanaged. */
	place_returns(test, "2");
	schedule_timeout_idle(HZ / 10);
	KUNIT_EXPECT_NULL(test, fake->node);
	place.away = true;
	KUNIT_EXPECT_EQ(test, write_place(test, other, "unmanage"), 0);
	KUNIT_EXPECT_EQ(test, write_place(test, other, "unmanage"), -ENODEV);
	devreset_provider_unregister(&places);
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(dr16_numbers_outlive_the_node),
	KUNIT_CASE(dr16_another_device_begins_anew),
	KUNIT_CASE(dr16_probation_outlives_the_node),
	KUNIT_CASE(dr16_rename),
	KUNIT_CASE(dr16_five_thousand_names),
	KUNIT_CASE(dr16_window_over),
	KUNIT_CASE(dr16_renamed_after_it_was_registered),
	KUNIT_CASE(dr16_renamed_too_late),
	KUNIT_CASE(dr16_renamed_in_probation),
	KUNIT_CASE(dr16_a_provider_comes_later),
	KUNIT_CASE(dr16_managed_comes_back),
	{ }
};

static struct kunit_suite record_suite = {
	.name = "devreset_record",
	.init = fake_init_known,
	.exit = fake_exit_known,
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
