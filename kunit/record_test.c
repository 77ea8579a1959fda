// SPDX-License-Identifier: GPL-2.0
/*
 * Records: what outlives a node, and requests whose node goes and comes back (DR16).
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fake.h"

/* --- a provider that can tell one device from another ------------------------------ */

static const char *serial_number = "1";

static int known_probe(struct devreset_provider *provider, struct device *dev)
{
	return -ENODEV;
}

static struct device *known_find(const char *name)
{
	return ERR_PTR(-ENODEV);
}

static int known_identity(struct device *dev, char *buf, size_t size)
{
	if (!strstarts(dev_name(dev), "fake"))
		return -ENODEV;
	strscpy(buf, serial_number, size);
	return 0;
}

static struct devreset_provider known = {
	.name = "known", .owner = THIS_MODULE, .probe = known_probe, .find = known_find,
	.identity = known_identity,
};

static int record_init(struct kunit *test)
{
	int ret = fake_init(test);

	serial_number = "1";
	return ret ?: devreset_provider_register(&known);
}

static void record_exit_test(struct kunit *test)
{
	fake_exit(test);
	devreset_provider_unregister(&known);
}

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
	serial_number = "2";
	KUNIT_ASSERT_EQ(test, fake_register(fake), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(fake, STAT_REQUESTS), 0);
	/* ... and the first one, when it is back, too: it was forgotten. */
	KUNIT_ASSERT_EQ(test, fake_unregister(fake), 0);
	serial_number = "1";
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

/* --- requests whose origin goes and comes back ------------------------------------- */

/*
 * A ladder of @a, which its own reset does not cure, stands at a gate of @at when @a
 * goes; @a comes back before or after that, and is cured or not by the reset of p.
 */
struct trip {
	const char *name;
	enum fake_what what;
	bool at_p;
	bool late;	/* comes back after the gate was opened */
	int check;	/* of the one that came back, until p was reset */
};

static const struct trip trips[] = {
	{ "own check, works", FAKE_CHECK, false, true, 0 },
	{ "may_reset of p", FAKE_MAY_RESET, true, false, 0 },
	{ "may_reset of p, late", FAKE_MAY_RESET, true, true, 0 },
	{ "reset of p", FAKE_RESET, true, false, 0 },
	{ "reset of p, late", FAKE_RESET, true, true, 0 },
	{ "resume of p, late", FAKE_RESUME, true, true, 0 },
	{ "may_reset of p, hangs", FAKE_MAY_RESET, true, true, -EIO },
	{ "reset of p, hangs", FAKE_RESET, true, true, -EIO },
};

static void trip_desc(const struct trip *trip, char *desc)
{
	strscpy(desc, trip->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(trip, trips, trip_desc);

static void dr16_request_goes_on(struct kunit *test)
{
	const struct trip *trip = test->param_value;
	struct fake_tree *tree = test->priv;
	struct fake_job *gone;
	struct fake *at;
	struct family f;

	fake_family(tree, &f);
	fake_unregister(f.x);
	at = trip->at_p ? f.p : f.a;
	fake_policy(f.a)->max_attempts = 1;
	fake_policy(f.p)->max_attempts = 2;
	fake_policy(f.a)->ceiling = DEVRESET_FUNCTION;
	f.a->op[FAKE_CHECK].ret = -EIO;
	at->op[trip->what].gate = true;
	KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, at, trip->what);

	gone = fake_job(f.a, fake_job_unregister, 0);
	if (!trip->at_p)
		fake_open(at, trip->what);
	FAKE_ASSERT_SOON(test, fake_job_done(gone));
	KUNIT_ASSERT_EQ(test, gone->ret, 0);
	if (trip->late && trip->at_p)
		fake_open(at, trip->what);
	fake_returns(f.a, FAKE_CHECK, trip->check, 0);
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	if (!trip->late)
		fake_open(at, trip->what);
	FAKE_ASSERT_SOON(test, fake_stat(f.a, STAT_SUCCESSES) == 1);
	fake_expect_rest(tree);

	KUNIT_EXPECT_NE(test, (int)devreset_state(f.a->node), DEVRESET_FAILED);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_HANGS), 1);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.reason, "hang");
}

static void dr16_request_of_what_does_not_come_back(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_node *old;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->return_ms = 100;
	old = devreset_get(f.a->node);
	f.p->op[FAKE_RESET].gate = true;
	f.a->op[FAKE_CHECK].ret = -EIO;
	KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	fake_open(f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(old)->last.status) == -ENODEV);
	devreset_put(old);
	fake_expect_rest(tree);
	/* Its record tells. */
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_FAILURES), 1);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, -ENODEV);
}

/* DR4: a driver's completion is not kept from a node that goes, come back or not. */
static void dr4_completion_does_not_wait(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	f.p->op[FAKE_RESET].gate = true;
	ask = fake_ask(f.a, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	KUNIT_EXPECT_EQ(test, ask->calls, 1);
	KUNIT_EXPECT_EQ(test, ask->status, -ENODEV);
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	fake_open(f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_stat(f.a, STAT_SUCCESSES) == 1);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->calls, 1);
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(dr16_numbers_outlive_the_node),
	KUNIT_CASE(dr16_another_device_begins_anew),
	KUNIT_CASE(dr16_probation_outlives_the_node),
	KUNIT_CASE(dr16_rename),
	KUNIT_CASE(dr16_five_thousand_names),
	KUNIT_CASE(dr16_window_over),
	KUNIT_CASE_PARAM(dr16_request_goes_on, trip_gen_params),
	KUNIT_CASE(dr16_request_of_what_does_not_come_back),
	KUNIT_CASE(dr4_completion_does_not_wait),
	{ }
};

static struct kunit_suite record_suite = {
	.name = "devreset_record",
	.init = record_init,
	.exit = record_exit_test,
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
