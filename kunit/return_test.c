// SPDX-License-Identifier: GPL-2.0
/*
 * Requests whose origin goes and comes back (DR16).
 */
#include <kunit/test.h>
#include <linux/string.h>
#include "fake.h"

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

static struct kunit_case return_cases[] = {
	KUNIT_CASE_PARAM(dr16_request_goes_on, trip_gen_params),
	KUNIT_CASE(dr16_request_of_what_does_not_come_back),
	KUNIT_CASE(dr4_completion_does_not_wait),
	{}
};

static struct kunit_suite return_suite = {
	.name = "devreset_return",
	.init = fake_init_known,
	.exit = fake_exit_known,
	.test_cases = return_cases,
};

kunit_test_suite(return_suite);
