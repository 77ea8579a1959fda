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

/* --- what covers the rung of a request whose origin is back ------------------------ */

struct cover {
	const char *name;
	bool ladder;
	bool reaches;	/* the node that came back was stopped for it, and reset by it */
	unsigned int resets;	/* that are made at the origin itself, then */
};

static const struct cover covers[] = {
	{ "ladder", true, false, 0 },
	{ "ladder, reached", true, true, 0 },
	{ "one reset", false, false, 1 },
	{ "one reset, reached", false, true, 0 },
};

static void cover_desc(const struct cover *cover, char *desc)
{
	strscpy(desc, cover->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cover, covers, cover_desc);

/* Its device comes back while the reset of p, asked for at b, takes its time. */
static void dr16_waits_for_what_covers_it(struct kunit *test)
{
	const struct cover *cover = test->param_value;
	struct fake_tree *tree = test->priv;
	struct fake_job *gone;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	fake_unregister(f.x);
	f.a->op[FAKE_MAY_RESET].gate = true;
	f.p->op[FAKE_RESET].gate = true;
	if (cover->reaches)
		fake_returns(f.p, FAKE_RESET, -EAGAIN, 0);
	if (cover->ladder)
		KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	else
		fake_ask(f.a, DEVRESET_COMPONENT);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_MAY_RESET);
	ask = fake_ask(f.b, DEVRESET_FUNCTION);
	fake_policy(f.a)->reset_timeout_ms = 20;
	f.a->desc.policy = &devreset_default_policy;	/* not fast_policy() */
	gone = fake_job(f.a, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->going) && to_dr(f.a->node)->dying);
	fake_open(f.a, FAKE_MAY_RESET);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_job_done(gone));
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.a->node)->requests));
	/* Longer than a reset of a may take */
	schedule_timeout_idle(msecs_to_jiffies(200));
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->requests, 1);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);

	KUNIT_EXPECT_EQ(test, ask->status, 0);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls, cover->resets);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.cured_by,
			   cover->reaches ? f.p->full_name :
			   cover->resets ? f.a->full_name : "");
}

/* What covers a rung, and is in no list of the core's: it ends when the test says so. */
static struct request never;

static void cover_by(struct request *req, struct fake *fake)
{
	INIT_LIST_HEAD(&req->claim.link);
	INIT_LIST_HEAD(&req->claim.nodes);
	INIT_LIST_HEAD(&req->claim.waiters);
	req->claim.target = to_dr(fake->node);
	WRITE_ONCE(to_dr(fake->node)->active, &req->claim);
}

static void uncover(struct fake *fake)
{
	WRITE_ONCE(to_dr(fake->node)->active, NULL);
}

static void wait_longer_than_a_ladder(struct kunit *test, struct fake *fake, bool ends)
{
	int i;

	/* CLIMB_PATIENCE is two minutes, and a case may last five. */
	for (i = 0; i < 130 && READ_ONCE(to_dr(fake->node)->requests); i++)
		schedule_timeout_idle(HZ);
	KUNIT_EXPECT_EQ(test, to_dr(fake->node)->requests, ends ? 0 : 1);
}

/* What covers the next rung is waited for while it runs, but not to run at all. */
static void dr6_waits_for_a_cover_that_runs(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	if (!IS_ENABLED(CONFIG_UML_TIME_TRAVEL_SUPPORT))
		kunit_skip(test, "takes minutes; runs natively");
	fake_family(tree, &f);
	f.a->op[FAKE_RESET].ret = -EIO;
	f.a->op[FAKE_RESET].gate = true;
	fake_policy(f.a)->max_attempts = 1;
	never = (struct request) { .running = true };
	KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_RESET);
	cover_by(&never, f.p);
	fake_open(f.a, FAKE_RESET);
	wait_longer_than_a_ladder(test, f.a, false);
	never.running = false;
	wait_longer_than_a_ladder(test, f.a, true);
	uncover(f.p);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, -EIO);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 0);
}

/* The same of one whose origin came back: what covers that never runs. */
static void dr16_waits_for_a_cover_not_for_ever(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *gone;
	struct family f;

	if (!IS_ENABLED(CONFIG_UML_TIME_TRAVEL_SUPPORT))
		kunit_skip(test, "takes minutes; runs natively");
	fake_family(tree, &f);
	f.a->op[FAKE_MAY_RESET].gate = true;
	never = (struct request) { };
	KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_MAY_RESET);
	cover_by(&never, f.p);
	gone = fake_job(f.a, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->going) && to_dr(f.a->node)->dying);
	fake_open(f.a, FAKE_MAY_RESET);
	FAKE_ASSERT_SOON(test, fake_job_done(gone));
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.a->node)->requests));
	wait_longer_than_a_ladder(test, f.a, true);
	uncover(f.p);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(f.a->node), DEVRESET_FAILED);
}

/* --- what is said of it ------------------------------------------------------------- */

/* While p is reset for a part of a device below it, the part goes, and the device. */
static void dr16_scope_when_the_tree_changes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *p, *d, *o;

	p = fake_add(tree, "p", DEVRESET_FUNCTION, NULL);
	d = fake_add(tree, "d", DEVRESET_FUNCTION, p);
	o = fake_add(tree, "o", DEVRESET_COMPONENT, d);
	fake_policy(o)->max_attempts = 1;
	fake_policy(d)->max_attempts = 1;
	o->op[FAKE_RESET].ret = -EIO;
	d->op[FAKE_RESET].ret = -EIO;
	p->op[FAKE_RESET].gate = true;
	KUNIT_ASSERT_EQ(test, devreset_recover(o->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, p, FAKE_RESET);
	KUNIT_ASSERT_EQ(test, fake_unregister(o), 0);
	KUNIT_ASSERT_EQ(test, fake_unregister(d), 0);
	KUNIT_ASSERT_EQ(test, fake_register(d), 0);
	KUNIT_ASSERT_EQ(test, fake_register(o), 0);
	tree->strict = false;
	fake_open(p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, fake_stat(o, STAT_SUCCESSES) == 1);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, (int)to_dr(o->node)->last.scope, DEVRESET_PLATFORM);
}

/* The record of a device that came back and went again knows more than a request's end. */
static void dr16_an_old_request_ends(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_node *old;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->return_ms = 100;
	f.p->op[FAKE_RESET].gate = true;
	old = devreset_get(f.a->node);
	fake_ask(f.a, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	f.a->desc.policy = &devreset_default_policy;	/* not fast_policy() */
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	fake_policy(f.a)->max_recoveries = 17;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), -EALREADY);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	fake_open(f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(old)->last.status) == -ENODEV);
	devreset_put(old);
	fake_expect_rest(tree);

	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	KUNIT_EXPECT_EQ(test, fake_policy(f.a)->max_recoveries, 17);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_REQUESTS), 2);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_FAILURES), 1);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, -ENODEV);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->logged, 1);
}

/* --- what goes again ----------------------------------------------------------------- */

/* The check of a node that is gone again finds nothing wrong, which is no success. */
static void dr16_goes_again_before_its_check(struct kunit *test)
{
	const struct cover *cover = test->param_value;
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->return_ms = 100;
	fake_policy(f.a)->max_attempts = 1;
	f.a->desc.policy = &devreset_default_policy;	/* not fast_policy() */
	f.p->op[FAKE_RESET].gate = true;
	f.a->op[FAKE_CHECK].ret = -EIO;
	if (cover->ladder)
		KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	else
		fake_ask(f.a, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	/* Asked again and again, until it is gone */
	f.a->op[FAKE_CHECK] = (struct fake_op) { .ret = -EAGAIN };
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	fake_open(f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->op[FAKE_CHECK].calls));
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	fake_expect_rest(tree);
	f.a->op[FAKE_CHECK].ret = 0;
	schedule_timeout_idle(msecs_to_jiffies(200));
	KUNIT_ASSERT_EQ(test, fake_register(f.a), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_SUCCESSES), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_FAILURES), 1);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, -ENODEV);
}

/* A node in probation goes during a reset: no probation begins anew at what is gone. */
static void dr16_no_probation_of_what_is_gone(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_node *old;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->probation_ms = 1000000;
	fake_policy(f.a)->return_ms = 100;
	KUNIT_ASSERT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, devreset_state(f.a->node) == DEVRESET_PROBATION);
	fake_expect_rest(tree);
	f.p->op[FAKE_RESET].gate = true;
	fake_ask(f.a, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	old = devreset_get(f.a->node);
	KUNIT_ASSERT_EQ(test, fake_unregister(f.a), 0);
	fake_open(f.p, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(old)->last.status) == -ENODEV);
	FAKE_ASSERT_SOON(test, !READ_ONCE(to_dr(old)->requests));
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&to_dr(old)->probation));
	devreset_put(old);
	fake_expect_rest(tree);
}

static struct kunit_case return_cases[] = {
	KUNIT_CASE_PARAM(dr16_request_goes_on, trip_gen_params),
	KUNIT_CASE(dr16_request_of_what_does_not_come_back),
	KUNIT_CASE(dr4_completion_does_not_wait),
	KUNIT_CASE_PARAM(dr16_waits_for_what_covers_it, cover_gen_params),
	KUNIT_CASE(dr6_waits_for_a_cover_that_runs),
	KUNIT_CASE(dr16_waits_for_a_cover_not_for_ever),
	KUNIT_CASE(dr16_scope_when_the_tree_changes),
	KUNIT_CASE(dr16_an_old_request_ends),
	KUNIT_CASE_PARAM(dr16_goes_again_before_its_check, cover_gen_params),
	KUNIT_CASE(dr16_no_probation_of_what_is_gone),
	{}
};

static struct kunit_suite return_suite = {
	.name = "devreset_return",
	.init = fake_init_known,
	.exit = fake_exit_known,
	.test_cases = return_cases,
};

kunit_test_suite(return_suite);
