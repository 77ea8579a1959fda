// SPDX-License-Identifier: GPL-2.0
/*
 * The clauses about recovery: the ladder, diagnostics, and the hang clock.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "fake.h"

static int state_of(struct fake *fake)
{
	return devreset_state(fake->node);
}

/* --- the ladder ------------------------------------------------------------------- */

static void dr6_climbs_only_when_the_lower_did_not_help(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET);
	/* One fails, the other does not cure. */
	f.a->op[FAKE_RESET].ret = -EIO;
	f.x->op[FAKE_CHECK].ret = -EIO;
	fake_policy(f.x)->max_attempts = 1;
	fake_policy(f.p)->max_attempts = 3;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.x->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "reset:x reset:a reset:a reset:p reset:p reset:p reset:g reset:g");
	KUNIT_EXPECT_EQ(test, state_of(f.x), DEVRESET_FAILED);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_ESCALATIONS), 3);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_ATTEMPTS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.p, STAT_ATTEMPTS), 3);
	KUNIT_EXPECT_EQ(test, to_dr(f.x->node)->last.attempts, 8);
	KUNIT_EXPECT_EQ(test, state_of(f.p), DEVRESET_HEALTHY);

	/* Failed is failed ... */
	KUNIT_EXPECT_EQ(test, devreset_recover(f.x->node, "hang"), -EIO);
	KUNIT_EXPECT_EQ(test, fake_stat(f.x, STAT_REQUESTS), 1);
	/* ... until an operator's reset helps. */
	KUNIT_EXPECT_EQ(test, devreset_reset(f.x->node, DEVRESET_COMPONENT, 0, NULL), -EIO);
	KUNIT_EXPECT_EQ(test, state_of(f.x), DEVRESET_FAILED);
	f.x->op[FAKE_CHECK].ret = 0;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.x->node, DEVRESET_COMPONENT, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, state_of(f.x), DEVRESET_HEALTHY);
}

static void dr6_stops_where_it_is_cured(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct last *last;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET);
	f.a->op[FAKE_RESET].ret = -EOPNOTSUPP;
	fake_returns(f.p, FAKE_RESET, -EIO, 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "the reason"), 0);
	fake_expect_rest(tree);
	/* Who cannot is not tried twice. */
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:a reset:p reset:p");
	last = &to_dr(f.a->node)->last;
	KUNIT_EXPECT_EQ(test, last->status, 0);
	KUNIT_EXPECT_EQ(test, (int)last->scope, (int)DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, last->attempts, 2);
	KUNIT_EXPECT_STREQ(test, last->reason, "the reason");
	KUNIT_EXPECT_STREQ(test, last->cured_by, f.p->full_name);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_ATTEMPTS), 0);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_ESCALATIONS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_SUCCESSES), 1);
}

static void dr16_isolated_when_it_has_failed(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_isolates(f.p);
	fake_isolates(f.g);
	tree->traced = BIT(FAKE_RESET) | BIT(FAKE_ISOLATE);
	f.x->op[FAKE_CHECK].ret = -EIO;
	fake_policy(f.x)->ceiling = DEVRESET_COMPONENT;
	fake_policy(f.x)->max_attempts = 1;
	fake_policy(f.a)->max_attempts = 1;
	fake_policy(f.x)->final = DEVRESET_FINAL_ISOLATE;
	/* Its device, though above the ceiling. A busy lock is tried again. */
	fake_returns(f.p, FAKE_ISOLATE, -EAGAIN, 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.x->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x reset:a isolate:p isolate:p");
	KUNIT_EXPECT_EQ(test, state_of(f.x), DEVRESET_FAILED);

	/* A reset that does not cure it may have ended that. */
	fake_rewind(tree);
	f.x->op[FAKE_CHECK].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.x->node, DEVRESET_COMPONENT, 0, NULL), -EIO);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x isolate:p");
	fake_rewind(tree);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.x->node, DEVRESET_COMPONENT, 0, NULL), 0);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x");

	fake_rewind(tree);
	fake_policy(f.x)->final = DEVRESET_FINAL_KEEP;
	f.x->op[FAKE_CHECK].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.x->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:x reset:a");
	KUNIT_EXPECT_EQ(test, state_of(f.x), DEVRESET_FAILED);
}

static void dr6_not_above_the_ceiling(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET);
	f.a->op[FAKE_CHECK].ret = -EIO;
	fake_policy(f.a)->ceiling = DEVRESET_FUNCTION;
	fake_policy(f.a)->max_attempts = 1;
	fake_policy(f.p)->max_attempts = 1;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:a reset:p");
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_FAILED);
	/* An operator is not bound by it. */
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_PLATFORM, 0, NULL), -EIO);
	KUNIT_EXPECT_EQ(test, f.g->op[FAKE_RESET].calls, 1);
}

static void dr6_probation(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET);
	fake_policy(f.a)->probation_ms = 600000;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_PROBATION);
	/* Not cured after all: one rung higher, each time */
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	fake_policy(f.a)->probation_ms = 20;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, state_of(f.a) == DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:a reset:p reset:g reset:a");
	KUNIT_EXPECT_EQ(test, fake_stat(f.a, STAT_HANGS), 4);
}

static void dr10_attempts_and_the_interval_between(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	unsigned long began = jiffies;

	n->op[FAKE_RESET].ret = -EIO;
	fake_policy(n)->max_attempts = 4;
	fake_policy(n)->retry_interval_ms = 20;
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 4);
	KUNIT_EXPECT_GE(test, jiffies_to_msecs(jiffies - began), 60);
	KUNIT_EXPECT_EQ(test, state_of(n), DEVRESET_FAILED);
}

/* As from a shell */
static void operator_recovers(struct kunit *test, struct fake *fake)
{
	char path[64];
	struct file *file;
	loff_t pos = 0;

	snprintf(path, sizeof(path), "/sys/class/devreset/%s/reset", devreset_name(fake->node));
	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file) && !IS_MODULE(CONFIG_DEVRESET_KUNIT_TEST))
		kunit_skip(test, "built in: sysfs is not mounted yet");
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, kernel_write(file, "recover", 7, &pos), 7);
	fput(file);
}

static void rate_limit(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	int i;

	fake_policy(n)->max_recoveries = 3;
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
		fake_expect_rest(tree);
		KUNIT_EXPECT_EQ(test, state_of(n), i < 3 ? DEVRESET_HEALTHY : DEVRESET_FAILED);
	}
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 3);
	KUNIT_EXPECT_EQ(test, to_dr(n->node)->last.status, -EBUSY);
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), -EIO);
	/* An operator's successful reset brings it back, with a clean slate, */
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
	fake_policy(n)->max_recoveries = 1;
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
		fake_expect_rest(tree);
		KUNIT_EXPECT_EQ(test, state_of(n), i ? DEVRESET_FAILED : DEVRESET_HEALTHY);
	}
	/* and so does a ladder of an operator's. */
	operator_recovers(test, n);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, state_of(n), DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 7);
}

/* One that was failed below an operator's reset that cures it, is back as well. */
static void a_reset_above_revives(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->ceiling = DEVRESET_COMPONENT;
	f.a->op[FAKE_CHECK].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_FAILED);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_FAILED);
	/* Not one by others, which proves nothing, nor one that was for a neighbour */
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	devreset_external_end(f.p->node, 0);
	KUNIT_EXPECT_EQ(test, devreset_reset(f.b->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_FAILED);
	f.a->op[FAKE_CHECK].ret = 0;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.p->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_HEALTHY);
}

static void not_by_itself_when_auto_is_off(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);

	fake_policy(n)->automatic = 0;
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), -EPERM);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_QUIESCE].calls, 0);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_REQUESTS), 0);
}

/* A ladder that waits for its next attempt is cured by who resets above. */
static void ladder_is_cured_by_a_reset_above(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->retry_interval_ms = 30000;
	f.a->op[FAKE_RESET].ret = -EIO;
	f.b->op[FAKE_RESTORE].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->op[FAKE_RESUME].calls));
	FAKE_ASSERT_SOON(test, !READ_ONCE(to_dr(f.a->node)->claim));
	fake_ask(f.p, DEVRESET_FUNCTION);
	FAKE_ASSERT_INSIDE(test, f.b, FAKE_RESTORE);
	/* It must not look while all are stopped: the fakes watch. */
	schedule_timeout_idle(msecs_to_jiffies(10));
	fake_open(f.b, FAKE_RESTORE);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_HEALTHY);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.cured_by, f.p->full_name);
}

/* Two ladders meet: who comes second waits, and then goes on. */
static void ladders_meet(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	tree->traced = BIT(FAKE_RESET);
	fake_policy(f.a)->max_attempts = 1;
	fake_policy(f.b)->max_attempts = 1;
	f.a->op[FAKE_RESET].ret = -EIO;
	f.b->op[FAKE_RESET].ret = -EIO;
	f.p->op[FAKE_RESET].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	/* Covered now: joins. */
	KUNIT_EXPECT_EQ(test, devreset_recover(f.b->node, "hang"), -EALREADY);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace, "reset:a reset:p");

	/* Both are on their way up. */
	fake_rewind(tree);
	f.a->op[FAKE_RESET].ret = -EIO;
	f.b->op[FAKE_RESET].ret = -EIO;
	f.a->op[FAKE_RESET].gate = true;
	f.b->op[FAKE_RESET].gate = true;
	f.p->op[FAKE_RESET].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.b->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, f.a, FAKE_RESET);
	FAKE_ASSERT_INSIDE(test, f.b, FAKE_RESET);
	fake_open(f.a, FAKE_RESET);
	FAKE_ASSERT_SOON(test, READ_ONCE(to_dr(f.p->node)->active));
	fake_open(f.b, FAKE_RESET);
	FAKE_ASSERT_INSIDE(test, f.p, FAKE_RESET);
	fake_open(f.p, FAKE_RESET);
	fake_expect_rest(tree);
	/* One reset of p was enough for both. */
	KUNIT_EXPECT_EQ(test, f.p->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, state_of(f.a), DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, state_of(f.b), DEVRESET_HEALTHY);
	KUNIT_EXPECT_STREQ(test, to_dr(f.b->node)->last.cured_by, f.p->full_name);
}

static void complete_with_a_hang(struct devreset_node *node, void *context, int status)
{
	int *ret = context;

	*ret = devreset_recover(node, "again");
}

/* A hang that is seen when the recovery is over, but for telling, is not lost. */
static void a_hang_at_the_end_of_a_recovery(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);
	int ret = 1;
	const struct devreset_params params = { complete_with_a_hang, &ret };

	n->op[FAKE_RESET].gate = true;
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	FAKE_ASSERT_INSIDE(test, n, FAKE_RESET);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, &params), 0);
	fake_open(n, FAKE_RESET);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 2);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_HANGS), 2);
	KUNIT_EXPECT_EQ(test, state_of(n), DEVRESET_HEALTHY);
}

/* --- diagnostics -------------------------------------------------------------------- */

static struct fake *add_dumper(struct fake_tree *tree, int (*hook)(struct fake *fake))
{
	struct fake *n = fake_alloc(tree, "n", DEVRESET_FUNCTION, NULL);

	n->dumps = true;
	n->op[FAKE_DUMP].hook = hook;
	KUNIT_ASSERT_EQ(tree->test, fake_register(n), 0);
	tree->traced |= BIT(FAKE_DUMP);
	return n;
}

static int hook_dump(struct fake *fake)
{
	return devreset_dump_printf((void *)fake->data, "%s", fake->name);
}

static void dr13_dump_comes_first_and_once(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_dumper(tree, hook_dump), *c;

	fake_returns(n, FAKE_RESET, -EIO, 0);
	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_STREQ(test, tree->trace,
			   "dump:n quiesce:n reset:n resume:n! quiesce:n reset:n resume:n");
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_DUMPS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_DUMPS_CUT), 0);
	/* Who has nothing to say leaves it to what it is a part of. */
	c = fake_add(tree, "c", DEVRESET_COMPONENT, n);
	KUNIT_EXPECT_EQ(test, devreset_recover(c->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_DUMP].calls, 2);
}

static int hook_dump_too_much(struct fake *fake)
{
	struct devreset_dump *dump = (void *)fake->data;
	void *page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	size_t written = 0;
	int ret = 0;

	if (!page)
		return 0;
	while (!ret && written < SZ_2M) {
		ret = devreset_dump_write(dump, page, PAGE_SIZE - 1);
		written += PAGE_SIZE - 1;
	}
	kfree(page);
	if (ret != -ENOSPC || written < SZ_1M || written > SZ_1M + PAGE_SIZE)
		fake_broke(fake->tree, "dump ended with %d after %zu", ret, written);
	if (devreset_dump_printf(dump, "more") != -ENOSPC)
		fake_broke(fake->tree, "there was room for more");
	return 0;
}

static void dr13_dump_of_a_mebibyte(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_dumper(tree, hook_dump_too_much);

	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_DUMPS), 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_DUMPS_CUT), 1);
}

static int hook_dump_too_long(struct fake *fake)
{
	unsigned long began = jiffies;

	while (!devreset_dump_write((void *)fake->data, "x", 1) &&
	       time_before(jiffies, began + 10 * HZ))
		schedule_timeout_idle(msecs_to_jiffies(10));
	fake->data = jiffies_to_msecs(jiffies - began);
	return 0;
}

/* The slow one: these three seconds are nobody's to set. */
static void dr13_dump_of_three_seconds(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = add_dumper(tree, hook_dump_too_long);

	KUNIT_EXPECT_EQ(test, devreset_recover(n->node, "hang"), 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_GE(test, n->data, 2900);
	KUNIT_EXPECT_LE(test, n->data, 6000);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, fake_stat(n, STAT_DUMPS_CUT), 1);
}

/* A reset from above that comes while a ladder waits is the cure, however late that can be seen. */
static void a_cure_that_cannot_be_checked_at_once(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct family f;

	fake_family(tree, &f);
	fake_policy(f.a)->retry_interval_ms = 2000;
	f.a->op[FAKE_CHECK].list[0] = -EIO;
	f.a->op[FAKE_CHECK].list[1] = -EAGAIN;
	f.a->op[FAKE_CHECK].listed = 2;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	/* The first attempt was no cure. */
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->op[FAKE_CHECK].calls) &&
			 !READ_ONCE(to_dr(f.a->node)->claim));
	KUNIT_EXPECT_EQ(test, devreset_external_begin(f.p->node), 0);
	devreset_external_end(f.p->node, 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_RESET].calls, 1);
	KUNIT_EXPECT_EQ(test, f.a->op[FAKE_CHECK].calls, 3);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.cured_by, f.p->full_name);
}

/* -EAGAIN of a check is neither healthy nor hung. */
static void a_check_that_cannot_be_made_now(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *n = fake_add(tree, "n", DEVRESET_FUNCTION, NULL);

	/* It is made, within the deadline. */
	n->op[FAKE_CHECK].list[0] = -EAGAIN;
	n->op[FAKE_CHECK].list[1] = -EAGAIN;
	n->op[FAKE_CHECK].listed = 2;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, n->op[FAKE_CHECK].calls, 3);
	KUNIT_EXPECT_FALSE(test, to_dr(n->node)->suspect);
	fake_returns(n, FAKE_CHECK, -EAGAIN, -EIO);
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), -EIO);
	/* It cannot be made at all: later, then. */
	fake_policy(n)->reset_timeout_ms = 100;
	n->op[FAKE_CHECK].ret = -EAGAIN;
	KUNIT_EXPECT_EQ(test, devreset_reset(n->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_TRUE(test, to_dr(n->node)->suspect);
	fake_expect_rest(tree);
}

static int hook_used(struct fake *fake)
{
	devreset_used(fake->node, DEVRESET_METHOD_REBIND, false);
	return 0;
}

/* The method is said of attempts, and of requests, that have used it. */
static void dr15_method_of_what_was_touched(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct log_entry *entry;
	struct family f;

	fake_family(tree, &f);
	f.a->op[FAKE_RESET].hook = hook_used;
	f.a->op[FAKE_RESET].ret = -EIO;
	fake_policy(f.a)->ceiling = DEVRESET_COMPONENT;
	fake_returns(f.a, FAKE_MAY_RESET, 0, -EBUSY);
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	fake_expect_rest(tree);
	entry = list_last_entry(&to_dr(f.a->node)->log, struct log_entry, link);
	KUNIT_ASSERT_EQ(test, entry->count, 2);
	KUNIT_EXPECT_EQ(test, (int)entry->attempts[0].method, DEVRESET_METHOD_REBIND);
	KUNIT_EXPECT_EQ(test, entry->attempts[1].status, -EBUSY);
	KUNIT_EXPECT_EQ(test, (int)entry->attempts[1].method, DEVRESET_METHOD_ANY);
	KUNIT_EXPECT_EQ(test, (int)to_dr(f.a->node)->last.method, DEVRESET_METHOD_REBIND);

	/* What has cured was a reset by others: nobody knows how. */
	f.a->op[FAKE_MAY_RESET].ret = 0;
	f.a->op[FAKE_RESET].calls = 0;
	fake_policy(f.a)->retry_interval_ms = 60000;
	f.a->op[FAKE_RESET].ret = 0;
	KUNIT_EXPECT_EQ(test, devreset_reset(f.a->node, DEVRESET_COMPONENT, 0, NULL), 0);
	f.a->op[FAKE_RESET].ret = -EIO;
	KUNIT_EXPECT_EQ(test, devreset_recover(f.a->node, "hang"), 0);
	FAKE_ASSERT_SOON(test, READ_ONCE(f.a->op[FAKE_RESET].calls) == 2);
	KUNIT_ASSERT_EQ(test, devreset_external_begin(f.p->node), 0);
	devreset_external_end(f.p->node, 0);
	fake_expect_rest(tree);
	KUNIT_EXPECT_EQ(test, to_dr(f.a->node)->last.status, 0);
	KUNIT_EXPECT_STREQ(test, to_dr(f.a->node)->last.cured_by, f.p->full_name);
	KUNIT_EXPECT_EQ(test, (int)to_dr(f.a->node)->last.method, DEVRESET_METHOD_ANY);
}

static struct kunit_case recovery_cases[] = {
	KUNIT_CASE(a_cure_that_cannot_be_checked_at_once),
	KUNIT_CASE(a_check_that_cannot_be_made_now),
	KUNIT_CASE(dr6_climbs_only_when_the_lower_did_not_help),
	KUNIT_CASE(dr6_stops_where_it_is_cured),
	KUNIT_CASE(dr16_isolated_when_it_has_failed),
	KUNIT_CASE(dr6_not_above_the_ceiling),
	KUNIT_CASE(dr6_probation),
	KUNIT_CASE(dr15_method_of_what_was_touched),
	KUNIT_CASE(dr10_attempts_and_the_interval_between),
	KUNIT_CASE(rate_limit),
	KUNIT_CASE(a_reset_above_revives),
	KUNIT_CASE(not_by_itself_when_auto_is_off),
	KUNIT_CASE(ladder_is_cured_by_a_reset_above),
	KUNIT_CASE(ladders_meet),
	KUNIT_CASE(a_hang_at_the_end_of_a_recovery),
	KUNIT_CASE(dr13_dump_comes_first_and_once),
	KUNIT_CASE(dr13_dump_of_a_mebibyte),
	KUNIT_CASE(dr13_dump_of_three_seconds),
	{}
};

static struct kunit_suite recovery_suite = {
	.name = "devreset_recovery",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = recovery_cases,
};

kunit_test_suite(recovery_suite);
