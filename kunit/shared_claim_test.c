// SPDX-License-Identifier: GPL-2.0
/*
 * Rule 7: claims that a reset of the core's own and resets by others use at once, and
 * what is registered or unregistered meanwhile. The rest is in external_test.c.
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

/* The part goes at which it was begun under our reset, which waits for it no more. */
static void rule7_a_part_goes_during_our_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other, *left;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	f.g->op[FAKE_RESET].gate = true;
	ours = fake_ask(f.g, DEVRESET_PLATFORM);
	FAKE_ASSERT_INSIDE(test, f.g, FAKE_RESET);
	other = begin(test, f.p);
	left = begin(test, f.b);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began) && READ_ONCE(left->began));
	/* Of the one the node goes, of the other only the device's */
	tree->strict = false;
	KUNIT_EXPECT_EQ(test, fake_unregister(f.p), 0);
	fake_open(f.g, FAKE_RESET);
	linger();
	KUNIT_EXPECT_TRUE(test, f.b->stopped && f.q->stopped);
	fake_job_go_on(left);
	FAKE_ASSERT_SOON(test, READ_ONCE(ours->calls));
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	KUNIT_EXPECT_EQ(test, f.b->resumed, 0);
	fake_job_go_on(other);
	fake_expect_rest(tree);
}

/* What was registered below while our reset goes on is stopped for others, too. */
static void rule7_stops_what_came_during_our_reset(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *c, *d, *e;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	f.p->op[FAKE_RESET].gate = true;
	ours = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	c = fake_add(tree, "c", DEVRESET_COMPONENT, f.p);
	d = fake_add(tree, "d", DEVRESET_COMPONENT, c);
	tree->trace[0] = '\0';
	other = begin(test, c);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	KUNIT_EXPECT_TRUE(test, c->stopped && d->stopped);
	/* One that has begun, too, and meets the next */
	e = fake_add(tree, "e", DEVRESET_COMPONENT, f.a);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	KUNIT_EXPECT_TRUE(test, e->stopped);
	devreset_external_end(f.p->node, 0);
	KUNIT_EXPECT_TRUE(test, e->stopped && c->stopped);
	fake_job_go_on(other);
	FAKE_ASSERT_SOON(test, fake_job_done(other));
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "quiesce:d quiesce:c quiesce:e restore:a restore:x restore:b restore:c restore:d restore:e resume:p resume:a resume:x resume:b resume:c resume:d resume:e");
}

/* ... and for ours, as long as that has not touched the device */
static void rule7_our_own_stops_what_came_since(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *ours;
	struct family f;
	struct fake *c;

	fake_family(tree, &f);
	f.p->op[FAKE_RESET].ret = -EAGAIN;
	ours = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls));
	tree->strict = false;
	c = fake_add(tree, "c", DEVRESET_COMPONENT, f.p);
	f.p->op[FAKE_RESET].calls = 0;
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_RESET].calls) > 1);
	KUNIT_EXPECT_TRUE(test, c->stopped);
	f.p->op[FAKE_RESET].ret = 0;
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	KUNIT_EXPECT_EQ(test, c->op[FAKE_QUIESCE].calls, 1);
	KUNIT_EXPECT_EQ(test, c->op[FAKE_RESTORE].calls, 1);
}

/* A reset of a part lets go of it for the task that has the lock it needs. */
static void rule7_a_part_lets_the_device_through(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	fake_policy(f.p)->reset_timeout_ms = 600000;
	fake_policy(f.a)->reset_timeout_ms = 600000;
	f.a->op[FAKE_RESET].ret = -EAGAIN;
	ours = fake_ask(f.a, DEVRESET_COMPONENT);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->op[FAKE_RESET].calls));
	other = begin(test, f.p);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	KUNIT_EXPECT_EQ(test, ours->calls, 0);
	KUNIT_EXPECT_TRUE(test, f.a->stopped && f.b->stopped);
	f.a->op[FAKE_RESET].ret = 0;
	f.a->op[FAKE_RESET].calls = 0;
	fake_job_go_on(other);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, other->ret, 0);
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	/* It has done what ours was to do. */
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls, 0);
}

/* One task begins below, then above: it is told at once. */
static void rule7_begins_from_below(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.a->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.g->node), -EDEADLK);
	devreset_external_end(f.g->node, 0);
	KUNIT_EXPECT_TRUE(test, f.p->stopped && f.a->stopped);
	devreset_external_end(f.a->node, 0);
	KUNIT_EXPECT_FALSE(test, f.p->stopped || f.a->stopped);
	KUNIT_EXPECT_TRUE(test, to_dr(f.q->node)->suspect);
}

/* A begin that waits for a claim below takes what comes first: that of ours above. */
static void rule7_joins_what_comes_while_it_waits(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_ask *low, *high;
	struct fake_job *other;
	struct family f;

	fake_family(tree, &f);
	f.x->op[FAKE_RESET].gate = true;
	f.g->op[FAKE_RESET].gate = true;
	low = fake_ask(f.x, DEVRESET_COMPONENT);
	FAKE_ASSERT_INSIDE(test, f.x, FAKE_RESET);
	high = fake_ask(f.g, DEVRESET_PLATFORM);
	other = begin(test, f.p);
	linger();
	KUNIT_EXPECT_FALSE(test, other->began);
	fake_open(f.x, FAKE_RESET);
	/* Before or under ours, but not after it */
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began));
	fake_job_go_on(other);
	fake_open(f.g, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, low->status, 0);
	KUNIT_EXPECT_EQ(test, high->status, 0);
	KUNIT_EXPECT_EQ(test, other->ret, 0);
}

/* Our check gives way to a reset by others, which may hold the lock that it needs. */
static void rule7_our_check_gives_way(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake_job *other;
	struct fake_ask *ours;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.p)->reset_timeout_ms = 600000;
	f.p->op[FAKE_CHECK].ret = -EAGAIN;
	ours = fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.p->op[FAKE_CHECK].calls) > 1);
	other = begin(test, f.a);
	FAKE_ASSERT_SOON(test, READ_ONCE(other->began) && READ_ONCE(ours->calls));
	KUNIT_EXPECT_EQ(test, ours->status, 0);
	fake_job_go_on(other);
	f.p->op[FAKE_CHECK].ret = 0;
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, other->ret, 0);
	KUNIT_EXPECT_TRUE(test, to_dr(f.p->node)->suspect);
}

/* What a bus does in the worker of our reset: it tells the driver. */
static int job_worker(struct fake_job *job)
{
	int ret;

	devreset_run_as(job->at->node);
	ret = devreset_external_begin(job->at->node);
	devreset_external_end(job->at->node, 0);
	return ret;
}

/*
 * A node that is checked comes below what is reset, when that ends: it is not stopped by
 * then, and is not stopped after that.
 */
static void rule7_too_late_to_be_stopped(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *top, *mid, *low;
	struct fake_job *worker;
	struct fake_ask *ours;

	top = fake_add(tree, "t", DEVRESET_FUNCTION, NULL);
	mid = fake_alloc(tree, "m", DEVRESET_FUNCTION, NULL);
	low = fake_add(tree, "l", DEVRESET_FUNCTION, mid);
	fake_hold(low);
	tree->strict = false;
	top->op[FAKE_RESET].ret = -EINPROGRESS;
	ours = fake_ask(top, DEVRESET_FUNCTION);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(top->node)->pending) &&
			 !READ_ONCE(to_dr(top->node)->cb_task));
	/* Something on its bus is above the device that the device model has beside it. */
	mid->parent = top;
	mid->fixed = true;
	mid->desc.provider = &fake_known;
	KUNIT_ASSERT_EQ(test, fake_register(mid), 0);
	/* So that it does not go by itself */
	to_dr(mid->node)->managed = true;
	KUNIT_ASSERT_PTR_EQ(test, to_dr(low->node)->parent, to_dr(mid->node));
	worker = fake_job(top, job_worker, 0);
	FAKE_ASSERT_SOON(test, !list_empty_careful(&to_dr(low->node)->step));
	KUNIT_EXPECT_EQ(test, devreset_complete(top->node, top->gen, -EIO, 0), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(top->op[FAKE_RESUME].calls));
	linger();
	fake_open(low, FAKE_CHECK);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, worker->ret, 0);
	KUNIT_EXPECT_EQ(test, ours->status, -EIO);
	KUNIT_EXPECT_EQ(test, low->op[FAKE_QUIESCE].calls, low->op[FAKE_RESUME].calls);
}

/* While our reset resumes, a part is put above others that go on already, and the bus ... */
static int hook_comes_late(struct fake *fake)
{
	struct fake *late = (struct fake *)fake->data;

	if (fake_register(late) || devreset_external_begin(late->parent->node))
		fake_broke(fake->tree, "%s was not let in", late->name);
	devreset_external_end(late->parent->node, 0);
	return 0;
}

static void rule7_comes_while_we_resume(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *mid, *low;
	struct family f;

	fake_family(tree, &f);
	tree->strict = false;
	mid = fake_alloc(tree, "m", DEVRESET_COMPONENT, f.a);
	low = fake_add(tree, "l", DEVRESET_COMPONENT, mid);
	f.b->data = (unsigned long)mid;
	f.b->op[FAKE_RESUME].hook = hook_comes_late;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_PTR_EQ(test, to_dr(low->node)->parent, to_dr(mid->node));
	KUNIT_EXPECT_EQ(test, low->op[FAKE_RESUME].calls, 1);
	KUNIT_EXPECT_FALSE(test, mid->stopped || low->stopped);
	fake_expect_rest(tree);
}

static struct kunit_case shared_claim_cases[] = {
	KUNIT_CASE(rule7_a_part_goes_during_our_reset),
	KUNIT_CASE(rule7_stops_what_came_during_our_reset),
	KUNIT_CASE(rule7_our_own_stops_what_came_since),
	KUNIT_CASE(rule7_a_part_lets_the_device_through),
	KUNIT_CASE(rule7_begins_from_below),
	KUNIT_CASE(rule7_joins_what_comes_while_it_waits),
	KUNIT_CASE(rule7_our_check_gives_way),
	KUNIT_CASE(rule7_too_late_to_be_stopped),
	KUNIT_CASE(rule7_comes_while_we_resume),
	{}
};

static struct kunit_suite shared_claim_suite = {
	.name = "devreset_shared_claims",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = shared_claim_cases,
};

kunit_test_suite(shared_claim_suite);
