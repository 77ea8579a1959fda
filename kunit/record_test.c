// SPDX-License-Identifier: GPL-2.0
/*
 * Records: what outlives a node (DR16). The requests that do are in return_test.c.
 */
#include <kunit/test.h>
#include <linux/string.h>
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

static struct kunit_case record_cases[] = {
	KUNIT_CASE(dr16_numbers_outlive_the_node),
	KUNIT_CASE(dr16_another_device_begins_anew),
	KUNIT_CASE(dr16_probation_outlives_the_node),
	KUNIT_CASE(dr16_rename),
	KUNIT_CASE(dr16_five_thousand_names),
	KUNIT_CASE(dr16_window_over),
	{ }
};

static struct kunit_suite record_suite = {
	.name = "devreset_record",
	.init = fake_init_known,
	.exit = fake_exit_known,
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
