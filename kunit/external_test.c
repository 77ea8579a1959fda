// SPDX-License-Identifier: GPL-2.0
/*
 * Rule 7: someone else's reset is a reset too, in whatever phase a reset of the
 * core's own is.
 */
#include <kunit/test.h>
#include "fake.h"

static void linger(void)
{
	schedule_timeout_idle(msecs_to_jiffies(5));
}

static struct fake_job *begin(struct kunit *test, struct fake *fake)
{
	struct fake_job *job = fake_job(fake, fake_job_external, 0);

	KUNIT_ASSERT_NOT_NULL(test, job);
	return job;
}

static void rule7_stops_and_restores_the_device(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.a->node), 0);
	KUNIT_EXPECT_STREQ(test, tree->trace, "quiesce:b quiesce:x quiesce:a quiesce:p");
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_EXTERNAL), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.b, STAT_EXTERNAL), 0);
	tree->trace[0] = '\0';
	devreset_external_end(f.a->node, 0);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "restore:p restore:a restore:x restore:b resume:p resume:a resume:x resume:b");
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_ATTEMPTS), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_REQUESTS), 0);
}

static void rule7_a_failed_one_is_not_restored(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	devreset_external_end(f.p->node, -EIO);
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_RESTORE].calls, 0);
	KUNIT_EXPECT_EQ(test, f.x->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, f.p->resumed, -EIO);
}

static void rule7_requests_join_it(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ask, *above;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	ask = fake_ask(f.a, DEVRESET_COMPONENT);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_FUNCTION, 0, NULL),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.b->node, "hang"), -EALREADY);
	above = fake_ask(f.a, DEVRESET_PLATFORM);
	linger();
	KUNIT_EXPECT_EQ(test, ask->calls, 0);
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_QUIESCE].calls, 0);
	devreset_external_end(f.p->node, -EIO);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, -EIO);
	KUNIT_EXPECT_EQ(test, above->status, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls + f.p->op[FAKE_RESET].calls, 0);
}

/* Who has the lock that a reset of ours needs may be about to reset: ours waits. */
static void rule7_is_let_through_by_who_waits_for_a_lock(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	f.p->op[FAKE_MAY_RESET].ret = -EAGAIN;
	ours = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_MAY_RESET].calls));
	other = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 1);
	KUNIT_EXPECT_EQ(test, ours->calls, 0);
	f.p->op[FAKE_MAY_RESET].ret = 0;
	fake_job_go_on(other);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, other->ret, 0);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	/* It has done what ours was to do. */
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 1);
}

/* Nor do those go on as if nothing had been, which such a one has reset. */
static void rule7_is_told_when_ours_does_nothing(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	f.p->op[FAKE_RESET].ret = -EAGAIN;
	ours = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls));
	other = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	fake_job_go_on(other);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->done));
	f.p->op[FAKE_RESET].ret = -EBUSY;
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ours->status, -EBUSY);
	KUNIT_EXPECT_EQ(test, f.a->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, f.p->resumed, -EIO);
	KUNIT_EXPECT_TRUE(test, to_dr(f.b->node)->suspect);
	/* Without it, all go on where they were stopped; */
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, f.a->resumed, 0);
	/* but for one that could not before. */
	f.p->op[FAKE_RESET].ret = 0;
	fake_returns(f.a, FAKE_RESUME, -EIO, 0);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	f.p->op[FAKE_RESET].ret = -EBUSY;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, f.a->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, f.b->resumed, 0);
}

/* A hang that somebody else's reset has cured is over: the next is news. */
static void rule7_ends_a_hang(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.p->node, "hang"), -EALREADY);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_HANGS), 1);
	devreset_external_end(f.p->node, 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.p->node, "hang"), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_HANGS), 2);
	fake_expect_rest(tree);
}

static int hook_external(struct fake *fake)
{
	struct fake *at = (struct fake *)fake->data;

	if (devreset_external_begin(at->node))
		fake_broke(fake->tree, "begin of our own reset failed");
	devreset_external_end(at->node, 0);
	return 0;
}

/* The bus calls the driver for our own resets too. */
static void rule7_our_own_is_not_someone_elses(struct kunit *test)
{
	static const enum fake_what whats[] = {
		FAKE_QUIESCE, FAKE_RESET, FAKE_RESTORE, FAKE_RESUME,
	};
	struct fake_tree *tree = test->priv;
	struct family f;
	int i;

	fake_family(tree, &f);
	f.g->data = (unsigned long)f.a;
	for (i = 0; i < ARRAY_SIZE(whats); i++) {
		fake_rewind(tree);
		f.g->op[FAKE_RESET].ret = DEVRESET_RESTORE;
		f.g->op[whats[i]].hook = hook_external;
		KUNIT_EXPECT_EQ(test, devreset_reset(f.g->node, DEVRESET_PLATFORM, 0, NULL), 0);
		KUNIT_EXPECT_EQ(test, f.a->op[FAKE_QUIESCE].calls, 1);
		KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 1);
	}
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_EXTERNAL), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 0);
}

/* Ours is quiescing: wait, then take shelter; ours resumes when both are over. */
static void rule7_during_our_quiesce(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	f.b->op[FAKE_QUIESCE].gate = true;
	f.g->op[FAKE_RESET].gate = true;
	ours = fake_ask(f.g, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.b, FAKE_QUIESCE);
	other = begin(test, f.a);
	linger();
	KUNIT_EXPECT_FALSE(test, other->began);
	fake_open(f.b, FAKE_QUIESCE);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	KUNIT_EXPECT_TRUE(test, f.a->stopped);
	fake_open(f.g, FAKE_RESET);
	linger();
	KUNIT_EXPECT_EQ(test, ours->calls, 0);
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_RESUME].calls, 0);
	KUNIT_EXPECT_TRUE(test, f.a->stopped);
	fake_job_go_on(other);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	KUNIT_EXPECT_EQ(test, other->ret, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_QUIESCE].calls, 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 1);
}

/* Of several devices below */
static void rule7_during_our_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *others[2];
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	f.g->op[FAKE_RESET].gate = true;
	ours = fake_ask(f.g, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.g, FAKE_RESET);
	others[0] = begin(test, f.a);
	others[1] = begin(test, f.q);
	FAKE_ASSERT_SOON(test, READ_ONCE(others[0]->began) && READ_ONCE(others[1]->began));
	KUNIT_EXPECT_EQ(test, ours->calls, 0);
	fake_open(f.g, FAKE_RESET);
	fake_job_go_on(others[0]);
	FAKE_ASSERT_SOON(test, fake_job_done(others[0]));
	linger();
	KUNIT_EXPECT_TRUE(test, f.q->stopped && f.p->stopped);
	fake_job_go_on(others[1]);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.q, STAT_EXTERNAL), 1);
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_QUIESCE].calls, 1);
}

static void rule7_during_our_resume(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct family f;

	fake_family(tree, &f);
	f.x->op[FAKE_RESUME].gate = true;
	fake_ask(f.g, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESUME);
	other = begin(test, f.a);
	linger();
	KUNIT_EXPECT_FALSE(test, other->began);
	fake_open(f.x, FAKE_RESUME);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	KUNIT_EXPECT_EQ(test, f.x->op[FAKE_QUIESCE].calls, 2);
	KUNIT_EXPECT_TRUE(test, f.x->stopped && f.p->stopped);
	KUNIT_EXPECT_FALSE(test, f.g->stopped);
	fake_job_go_on(other);
	fake_expect_rest(tree);
}

/* It happens anyway: who merely waits above does not keep it out. */
static void rule7_passes_who_waits_above(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *above;
	struct family f;

	fake_family(tree, &f);
	f.q->op[FAKE_RESET].gate = true;
	fake_ask(f.q, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.q, FAKE_RESET);
	above = fake_ask(f.g, DEVRESET_PLATFORM);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.a->node), 0);
	KUNIT_EXPECT_TRUE(test, f.p->stopped);
	devreset_external_end(f.a->node, 0);
	KUNIT_EXPECT_FALSE(test, f.p->stopped);
	fake_open(f.q, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, above->status, 0);
}

static void rule7_begins_can_be_nested(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.g->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.a->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.b->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.g->node), 0);
	devreset_external_end(f.a->node, 0);
	devreset_external_end(f.b->node, 0);
	devreset_external_end(f.g->node, 0);
	KUNIT_EXPECT_TRUE(test, f.g->stopped && f.p->stopped && f.x->stopped);
	devreset_external_end(f.g->node, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_QUIESCE].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 1);
	/* One end too many is harmless. */
	devreset_external_end(f.g->node, 0);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESUME].calls, 1);
}

static void rule7_two_of_one_device(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *first, *second;
	struct family f;

	fake_family(tree, &f);
	first = begin(test, f.p);
	FAKE_ASSERT_SOON(test, READ_ONCE(first->began));
	second = begin(test, f.a);
	linger();
	fake_job_go_on(first);
	FAKE_ASSERT_SOON(test, READ_ONCE(second->began));
	KUNIT_EXPECT_TRUE(test, f.p->stopped);
	fake_job_go_on(second);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, first->ret, 0);
	KUNIT_EXPECT_EQ(test, second->ret, 0);
}

static void rule7_an_end_that_never_comes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *job;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	fake_policy(f.p)->reset_timeout_ms = 20;
	job = begin(test, f.p);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.x->op[FAKE_RESUME].calls));
	KUNIT_EXPECT_FALSE(test, job->done);
	KUNIT_EXPECT_EQ(test, f.x->resumed, -EIO);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_TIMEOUTS), 1);
	FAKE_ASSERT_SOON(test, !READ_ONCE(to_dr(f.p->node)->claim));
	/* It comes after all: of what has gone by. */
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	fake_job_go_on(job);
	FAKE_ASSERT_SOON(test, fake_job_done(job));
	KUNIT_EXPECT_TRUE(test, f.p->stopped || f.x->op[FAKE_RESUME].calls == 2);
	devreset_external_end(f.p->node, 0);
	fake_expect_rest(tree);
}

static void rule7_ours_does_not_wait_for_ever(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *late, *other;
	struct fake_ask *ours;
	struct family f;
	int i;

	fake_family(tree, &f);
	tree->strict = false;
	for (i = 0; i < 2; i++) {
		fake_policy(f.p)->reset_timeout_ms = 50;
		f.p->op[FAKE_RESET].gate = true;
		ours = fake_ask(f.p, DEVRESET_FUNCTION);
		FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
		late = begin(test, f.p);
		FAKE_ASSERT_SOON(test, READ_ONCE(late->began));
		fake_open(f.p, FAKE_RESET);
		FAKE_ASSERT_SOON(test, READ_ONCE(ours->calls));
		KUNIT_EXPECT_EQ(test, ours->status, -ETIMEDOUT);
		KUNIT_EXPECT_EQ(test, f.p->resumed, -EIO);

		/* The next takes in others all the same, and may see the end of that. */
		fake_policy(f.p)->reset_timeout_ms = 10000;
		f.p->op[FAKE_RESET].gate = true;
		ours = fake_ask(f.p, DEVRESET_FUNCTION);
		FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
		other = i ? late : begin(test, f.p);
		FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
		to_dr(f.a->node)->suspect = false;
		fake_job_go_on(other);
		FAKE_ASSERT_SOON(test, fake_job_done(other));
		KUNIT_EXPECT_EQ(test, other->ret, 0);
		/* Nobody waited for the end of that one. */
		KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->suspect, i == 1);
		fake_open(f.p, FAKE_RESET);
		FAKE_ASSERT_SOON(test, READ_ONCE(ours->calls));
		KUNIT_EXPECT_EQ(test, ours->status, 0);
		fake_job_go_on(late);
		fake_expect_rest(tree);
		KUNIT_EXPECT_TRUE(test, to_dr(f.a->node)->suspect);
	}
}

/* Who was not let in has nothing to end; least of all what others have begun. */
static void rule7_the_end_of_a_failed_begin(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *failed, *sheltered;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.p)->reset_timeout_ms = 20;
	f.b->op[FAKE_QUIESCE].gate = true;
	f.g->op[FAKE_RESET].gate = true;
	fake_ask(f.g, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.b, FAKE_QUIESCE);
	failed = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(failed->began));
	fake_open(f.b, FAKE_QUIESCE);
	FAKE_ASSERT_INSIDE(test, f.g, FAKE_RESET);
	sheltered = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(sheltered->began));
	/* What it did to the device is to be looked at, when it has. */
	to_dr(f.b->node)->suspect = false;
	fake_job_go_on(failed);
	FAKE_ASSERT_SOON(test, fake_job_done(failed));
	KUNIT_EXPECT_EQ(test, failed->ret, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, to_dr(f.b->node)->suspect);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 2);
	fake_open(f.g, FAKE_RESET);
	linger();
	KUNIT_EXPECT_TRUE_MSG(test, f.a->stopped, "resumed while another reset runs");
	fake_job_go_on(sheltered);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, sheltered->ret, 0);
}

static void rule7_the_device_goes_before_the_end(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct devreset_node *node;
	struct fake_ask *ask;
	struct family f;

	fake_family(tree, &f);
	node = devreset_get(f.p->node);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(node), 0);
	ask = fake_ask(f.a, DEVRESET_FUNCTION);
	/* Nobody else is resumed, or waited for: that reset is still under way. */
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	KUNIT_EXPECT_TRUE(test, f.a->stopped && f.x->stopped && f.b->stopped);
	devreset_external_end(node, 0);
	KUNIT_EXPECT_FALSE(test, f.a->stopped || f.x->stopped || f.b->stopped);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(node), -ENODEV);
	devreset_external_end(node, 0);
	devreset_put(node);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ask->status, 0);
}

/* ... and the end never comes: it expires, as if the device were there. */
static void rule7_the_device_goes_and_the_end_never_comes(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *goes;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.p)->reset_timeout_ms = 50;
	f.x->op[FAKE_RESUME].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	goes = fake_job(f.p, fake_job_unregister, 0);
	FAKE_ASSERT_SOON(test, fake_job_done(goes));
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESUME);
	fake_open(f.x, FAKE_RESUME);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.x->resumed, -EIO);
}

/* ... or while it is being stopped */
static void rule7_the_device_goes_while_it_begins(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *job;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	f.x->op[FAKE_QUIESCE].gate = true;
	job = begin(test, f.p);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_QUIESCE);
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	fake_open(f.x, FAKE_QUIESCE);
	FAKE_ASSERT_SOON(test, READ_ONCE(job->began));
	KUNIT_EXPECT_TRUE(test, f.x->stopped && f.a->stopped && f.b->stopped);
	fake_job_go_on(job);
	fake_expect_rest(tree);
}

/* The part goes at which it was begun: the device is not forgotten. */
static void rule7_a_part_goes_before_the_end(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *job;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	job = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(job->began));
	KUNIT_EXPECT_EQ(test, fake_unregister(f.a), 0);
	KUNIT_EXPECT_TRUE(test, f.b->stopped);
	fake_job_go_on(job);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_RESUME].calls, 1);
}

/* A reset of a part of the device that the bus makes one of all of it */
static void rule7_our_own_of_a_part(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_RESET].hook = hook_external;
	f.a->data = (unsigned long)f.p;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL), 0);
	f.a->data = (unsigned long)f.b;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_EXTERNAL), 0);
	KUNIT_EXPECT_EQ(test, f.b->op[FAKE_QUIESCE].calls, 0);
}

static struct kunit_case external_cases[] = {
	KUNIT_CASE(rule7_stops_and_restores_the_device),
	KUNIT_CASE(rule7_a_failed_one_is_not_restored),
	KUNIT_CASE(rule7_requests_join_it),
	KUNIT_CASE(rule7_is_let_through_by_who_waits_for_a_lock),
	KUNIT_CASE(rule7_is_told_when_ours_does_nothing),
	KUNIT_CASE(rule7_ends_a_hang),
	KUNIT_CASE(rule7_our_own_is_not_someone_elses),
	KUNIT_CASE(rule7_during_our_quiesce),
	KUNIT_CASE(rule7_during_our_reset),
	KUNIT_CASE(rule7_during_our_resume),
	KUNIT_CASE(rule7_passes_who_waits_above),
	KUNIT_CASE(rule7_begins_can_be_nested),
	KUNIT_CASE(rule7_two_of_one_device),
	KUNIT_CASE(rule7_an_end_that_never_comes),
	KUNIT_CASE(rule7_ours_does_not_wait_for_ever),
	KUNIT_CASE(rule7_the_end_of_a_failed_begin),
	KUNIT_CASE(rule7_the_device_goes_before_the_end),
	KUNIT_CASE(rule7_the_device_goes_while_it_begins),
	KUNIT_CASE(rule7_the_device_goes_and_the_end_never_comes),
	KUNIT_CASE(rule7_a_part_goes_before_the_end),
	KUNIT_CASE(rule7_our_own_of_a_part),
	{}
};

static struct kunit_suite external_suite = {
	.name = "devreset_external",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = external_cases,
};

kunit_test_suite(external_suite);
