// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail: one after the other is made to, until an operation
 * gets through without meeting the one that would. Each time it succeeds all
 * the same, or says -ENOMEM and leaves nothing behind.
 *
 * That the failures do happen is part of the test. The kernel only lets them
 * happen to GFP_KERNEL after
 *
 *	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
 */
#include <linux/completion.h>
#include <linux/fault-inject.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "hw.h"

#define MOST	500

/* Let the @nth allocation of this task fail. */
static void arm(unsigned int nth)
{
	current->fail_nth = nth;
}

/* True: it has. */
static bool disarm(void)
{
	bool hit = !current->fail_nth;

	current->fail_nth = 0;
	return hit;
}

static int failnth_init(struct kunit *test)
{
	void *p;
	bool hit;

	arm(1);
	p = kmalloc(32, GFP_KERNEL);
	hit = disarm();
	kfree(p);
	KUNIT_ASSERT_TRUE_MSG(test, hit && !p,
			      "no faults: echo N >/sys/kernel/debug/failslab/ignore-gfp-wait");
	return hw_init(test);
}

/**
 * struct action - what is to be tried
 * @act: do it; a fault may hit, and nothing else may be done here
 * @check: look at what came of it, and undo it
 * @least: faults that must have hit at the least
 * @fatal: of those, how many must have failed it
 * @hw: a device for it
 * @above: one above it, with a node
 * @below: one below it, with a node
 * @nodes: how many there are in all
 * @group: of the device's resources
 */
struct action {
	int (*act)(struct action *action);
	void (*check)(struct kunit *test, struct action *action, int ret);
	unsigned int least, fatal;
	struct hw *hw, *above, *below;
	unsigned int nodes;
	void *group;
};

static unsigned int children_of(struct hw *hw)
{
	struct dr_node *child;
	unsigned int count = 0;

	list_for_each_entry(child, &to_dr(hw->node)->children, sibling)
		count++;
	return count;
}

static void try_all(struct kunit *test, struct action *action)
{
	unsigned int nth, fatal = 0;
	bool hit = true;
	int ret = -ENOMEM;

	action->nodes = hw_nodes(test);
	for (nth = 1; hit && nth < MOST && test->status != KUNIT_FAILURE; nth++) {
		arm(nth);
		ret = action->act(action);
		hit = disarm();
		KUNIT_EXPECT_TRUE_MSG(test, !ret || (hit && ret == -ENOMEM),
				      "allocation %u, %s: %d", nth,
				      hit ? "failed" : "not reached", ret);
		fatal += ret == -ENOMEM;
		action->check(test, action, ret);
		KUNIT_EXPECT_EQ_MSG(test, hw_nodes(test), action->nodes, "allocation %u", nth);
		if (action->above)
			KUNIT_EXPECT_EQ(test, children_of(action->above), 1U);
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	kunit_info(test, "%u allocations failed, %u of them for good\n", nth - 2, fatal);
	KUNIT_EXPECT_GE(test, nth - 2, action->least);
	KUNIT_EXPECT_GE(test, fatal, action->fatal);
}

static void make_hw(struct kunit *test, struct action *action)
{
	action->above = hw_add(test, "drt-above", NULL);
	action->hw = hw_add(test, "drt-bus", action->above);
	action->below = hw_add(test, "drt-below", action->hw);
	hw_register(test, action->above, DEVRESET_PLATFORM);
	hw_register(test, action->below, DEVRESET_FUNCTION);
}

/* --- registering -------------------------------------------------------------------- */

static int act_register(struct action *action)
{
	action->hw->node = hw_try(action->hw, DEVRESET_PLATFORM);
	return PTR_ERR_OR_ZERO(action->hw->node);
}

static void check_register(struct kunit *test, struct action *action, int ret)
{
	struct hw *hw = action->hw;

	if (!ret) {
		KUNIT_EXPECT_PTR_EQ(test, hw_above(hw->node), action->above->node);
		KUNIT_EXPECT_PTR_EQ(test, hw_above(action->below->node), hw->node);
		KUNIT_EXPECT_EQ(test, devreset_unregister(hw->node), 0);
	}
	hw->node = NULL;
	KUNIT_EXPECT_PTR_EQ(test, hw_above(action->below->node), action->above->node);
	KUNIT_EXPECT_EQ(test, atomic_xchg(&hw->calls[CALL_RELEASE], 0), ret ? 0 : 1);
	KUNIT_EXPECT_EQ(test, hw_calls(hw), 0U);
	expect_no_node(test, hw, dev_name(&hw->dev));
}

static void failnth_register(struct kunit *test)
{
	struct action action = {
		.act = act_register, .check = check_register, .least = 10, .fatal = 5,
	};

	make_hw(test, &action);
	try_all(test, &action);
	expect_untouched(test, action.above);
	expect_untouched(test, action.below);
}

static int act_devm(struct action *action)
{
	struct hw *hw = action->hw;
	const struct devreset_desc desc = {
		.name = dev_name(&hw->dev), .ops = &hw_ops,
		.scope = DEVRESET_PLATFORM, .data = hw,
	};

	action->group = devres_open_group(&hw->dev, NULL, GFP_KERNEL);
	if (!action->group)
		return -ENOMEM;
	hw->node = devm_devreset_register(&hw->dev, &desc);
	devres_close_group(&hw->dev, action->group);
	return PTR_ERR_OR_ZERO(hw->node);
}

static void check_devm(struct kunit *test, struct action *action, int ret)
{
	if (action->group)
		devres_release_group(&action->hw->dev, action->group);
	action->hw->node = NULL;
	atomic_set(&action->hw->calls[CALL_RELEASE], 0);
	expect_no_node(test, action->hw, dev_name(&action->hw->dev));
}

static void failnth_devm(struct kunit *test)
{
	struct action action = {
		.act = act_devm, .check = check_devm, .least = 10, .fatal = 5,
	};

	make_hw(test, &action);
	try_all(test, &action);
}

/* --- asking for a reset -------------------------------------------------------------- */

static int act_reset(struct action *action)
{
	return devreset_reset(action->hw->node, DEVRESET_PLATFORM, 0, NULL);
}

static int act_reset_async(struct action *action)
{
	const struct devreset_params params = { hw_complete, action->hw };

	return devreset_reset(action->hw->node, DEVRESET_PLATFORM, 0, &params);
}

static int act_recover(struct action *action)
{
	return devreset_recover(action->hw->node, "a test");
}

/* Not taken in: nothing was touched, and the completion never comes (DR4). */
static void check_reset(struct kunit *test, struct action *action, int ret)
{
	struct hw *hw = action->hw;

	if (ret) {
		expect_untouched(test, hw);
		expect_untouched(test, action->below);
		KUNIT_EXPECT_EQ(test, kref_read(&to_dr(hw->node)->dev.kobj.kref),
				hw->node_refs);
	}
	hw_settle(test, hw);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESET]), ret ? 0 : 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]),
			!ret && action->act == act_reset_async ? 1 : 0);
	hw_forget(hw);
	hw_forget(action->below);
}

static void failnth_reset(struct kunit *test)
{
	struct action action = { .check = check_reset };

	make_hw(test, &action);
	action.above = NULL;
	hw_register(test, action.hw, DEVRESET_PLATFORM);
	action.act = act_reset;
	action.least = 1;
	action.fatal = 1;
	try_all(test, &action);
}

static void failnth_reset_async_dr4(struct kunit *test)
{
	struct action action = { .check = check_reset };

	make_hw(test, &action);
	action.above = NULL;
	hw_register(test, action.hw, DEVRESET_PLATFORM);
	action.act = act_reset_async;
	action.least = 2;
	action.fatal = 2;
	try_all(test, &action);
	KUNIT_EXPECT_EQ(test, action.hw->status, 0);
}

/* A hang is reported where nothing can be allocated: so nothing needs to be. */
static void failnth_recover_nd11(struct kunit *test)
{
	struct action action = { };

	make_hw(test, &action);
	hw_register(test, action.hw, DEVRESET_FUNCTION);
	arm(1);
	KUNIT_EXPECT_EQ(test, act_recover(&action), 0);
	disarm();
	hw_settle(test, action.hw);
	KUNIT_EXPECT_EQ(test, atomic_read(&action.hw->calls[CALL_RESET]), 1);
	KUNIT_EXPECT_EQ(test, hw_stat(action.hw, STAT_SUCCESSES), 1UL);
}

/* --- providers ------------------------------------------------------------------------ */

static struct hw *toy_hw;

static int toy_probe(struct devreset_provider *provider, struct device *dev)
{
	const struct devreset_desc desc = {
		.name = dev_name(dev), .ops = &hw_ops, .provider = provider,
		.scope = DEVRESET_PLATFORM, .data = toy_hw,
	};

	if (dev != &toy_hw->dev)
		return -ENODEV;
	return PTR_ERR_OR_ZERO(devreset_register(dev, &desc));
}

static struct device *toy_find(const char *name)
{
	return get_device(&toy_hw->dev);
}

static struct devreset_provider toy = {
	.name = "toy", .owner = THIS_MODULE, .probe = toy_probe, .find = toy_find,
};

static bool toy_there;

static int act_provider(struct action *action)
{
	int ret = devreset_provider_register(&toy);

	toy_there = !ret;
	return ret;
}

/* It cannot fail, but it may have to do without a node. */
static void check_provider(struct kunit *test, struct action *action, int ret)
{
	struct devreset_node *node = devreset_find(&action->hw->dev);

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(action->below->node),
			    node ?: action->above->node);
	devreset_put(node);
	devreset_provider_unregister(&toy);
	toy_there = false;
	expect_no_node(test, action->hw, dev_name(&action->hw->dev));
}

static void failnth_provider(struct kunit *test)
{
	struct action action = {
		.act = act_provider, .check = check_provider, .least = 10,
	};

	make_hw(test, &action);
	toy_hw = action.hw;
	try_all(test, &action);
}

/* --- managing --------------------------------------------------------------------------- */

static struct file *manage, *unmanage;

static int write_to(struct file *file, const char *text)
{
	loff_t pos = 0;
	ssize_t ret = kernel_write(file, text, strlen(text), &pos);

	return ret < 0 ? ret : 0;
}

static int act_manage(struct action *action)
{
	return write_to(manage, "toy drt-bus\n");
}

static void check_manage(struct kunit *test, struct action *action, int ret)
{
	struct devreset_node *node = devreset_find(&action->hw->dev);

	KUNIT_EXPECT_EQ(test, !node, !!ret);
	if (node)
		KUNIT_EXPECT_TRUE(test, to_dr(node)->managed);
	devreset_put(node);
	KUNIT_EXPECT_EQ(test, write_to(unmanage, "toy drt-bus"), ret ? -ENOENT : 0);
	expect_no_node(test, action->hw, dev_name(&action->hw->dev));
}

static void failnth_manage(struct kunit *test)
{
	struct action action = {
		.act = act_manage, .check = check_manage, .least = 10, .fatal = 5,
	};

	action.hw = hw_add(test, "drt-bus", NULL);
	toy_hw = action.hw;
	manage = filp_open("/sys/class/devreset/manage", O_WRONLY, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(manage));
	unmanage = filp_open("/sys/class/devreset/unmanage", O_WRONLY, 0);
	if (!IS_ERR(unmanage) && !act_provider(&action)) {
		try_all(test, &action);
		devreset_provider_unregister(&toy);
		toy_there = false;
	} else {
		KUNIT_FAIL(test, "no unmanage, or no provider");
	}
	if (!IS_ERR(unmanage))
		filp_close(unmanage, NULL);
	filp_close(manage, NULL);
}

/* --- running a request ------------------------------------------------------------------- */

/*
 * What the core's worker allocates (events, dumps) is none of this task's, so
 * arm it there. Nothing of that is worth a recovery that fails.
 */
static unsigned int worker_nth;
static bool worker_hit;
static DECLARE_COMPLETION(worker_done);

static int worker_begins(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	arm(worker_nth);
	return 0;
}

NOKPROBE_SYMBOL(worker_begins);

static int worker_ends(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	worker_hit = disarm();
	complete(&worker_done);
	return 0;
}

NOKPROBE_SYMBOL(worker_ends);

/*
 * Not in the device coredump itself: when it cannot add its device, 6.1 frees
 * the dump twice. The next callback is after that.
 */
static unsigned int saved_nth;

static void worker_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	devreset_dump_printf(dump, "nothing to see\n");
	saved_nth = current->fail_nth;
	arm(0);
}

static void worker_rearm(struct hw *hw, enum call call)
{
	if (saved_nth)
		arm(saved_nth);
	saved_nth = 0;
}

/* The device coredump of @hw, if there is one, holds it for minutes otherwise. */
static void drop_coredump(struct hw *hw)
{
	char path[64];
	struct file *file;

	snprintf(path, sizeof(path), "/sys/devices/%s/devcoredump/data", dev_name(&hw->dev));
	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file))
		return;
	write_to(file, "1");
	filp_close(file, NULL);
}

static void run_request(struct kunit *test, struct hw *hw, bool recover)
{
	struct devreset_params params = { hw_complete, hw };
	static struct devreset_ops ops;
	const struct devreset_desc desc = {
		.name = dev_name(&hw->dev), .ops = &ops,
		.scope = DEVRESET_FUNCTION, .data = hw,
	};
	int ret;

	ops = hw_ops;
	ops.dump = worker_dump;
	memset(hw->calls, 0, sizeof(hw->calls));
	hw->hook = worker_rearm;
	hw->node = devreset_register(&hw->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(hw->node));
	hw->node_refs = kref_read(&to_dr(hw->node)->dev.kobj.kref);
	ret = recover ? devreset_recover(hw->node, "a test") :
			devreset_reset(hw->node, DEVRESET_FUNCTION, 0, &params);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&worker_done, 20 * HZ));
	hw_settle(test, hw);
	KUNIT_EXPECT_EQ(test, to_dr(hw->node)->last.status, 0);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_SUCCESSES), 1UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESET]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESUME]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]), recover ? 0 : 1);
	drop_coredump(hw);
	hw_unregister(test, hw);
}

static void failnth_worker(struct kunit *test, bool recover)
{
	static struct kretprobe worker;
	struct hw *hw = hw_add(test, "drt-worker", NULL);
	int ret;

	worker = (struct kretprobe) {
		.kp.symbol_name = "devreset:request_work",
		.entry_handler = worker_begins,
		.handler = worker_ends,
	};
	ret = register_kretprobe(&worker);
	KUNIT_ASSERT_EQ(test, ret, 0);
	worker_nth = 0;
	do {
		worker_nth++;
		run_request(test, hw, recover);
	} while (worker_hit && worker_nth < MOST && test->status != KUNIT_FAILURE);
	unregister_kretprobe(&worker);
	kunit_info(test, "%u allocations failed\n", worker_nth - 1);
	KUNIT_EXPECT_GT(test, worker_nth, 10U);
	KUNIT_EXPECT_LT(test, worker_nth, MOST + 0U);
}

static void failnth_run_reset_dr4(struct kunit *test)
{
	failnth_worker(test, false);
}

static void failnth_run_recovery_dr13(struct kunit *test)
{
	failnth_worker(test, true);
}

static void failnth_exit(struct kunit *test)
{
	arm(0);
	if (toy_there)
		devreset_provider_unregister(&toy);
	toy_there = false;
	hw_exit(test);
}

static struct kunit_case failnth_cases[] = {
	KUNIT_CASE(failnth_register),
	KUNIT_CASE(failnth_devm),
	KUNIT_CASE(failnth_reset),
	KUNIT_CASE(failnth_reset_async_dr4),
	KUNIT_CASE(failnth_recover_nd11),
	KUNIT_CASE(failnth_provider),
	KUNIT_CASE(failnth_manage),
	KUNIT_CASE(failnth_run_reset_dr4),
	KUNIT_CASE(failnth_run_recovery_dr13),
	{ }
};

static struct kunit_suite failnth_suite = {
	.name = "devreset_failnth",
	.init = failnth_init,
	.exit = failnth_exit,
	.test_cases = failnth_cases,
};

kunit_test_suite(failnth_suite);
