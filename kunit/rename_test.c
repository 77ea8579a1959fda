// SPDX-License-Identifier: GPL-2.0
/*
 * Renaming a node, as network interfaces are: in sysfs and for all who look for
 * it, and while it is looked at and reset.
 */
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include "hw.h"

static void expect_name(struct kunit *test, struct hw *hw, const char *name)
{
	struct device *dev = &to_dr(hw->node)->dev, *found;
	struct kernfs_node *dir;

	KUNIT_EXPECT_STREQ(test, devreset_name(hw->node), name);
	found = class_find_device_by_name(dev->class, name);
	KUNIT_EXPECT_PTR_EQ(test, found, dev);
	put_device(found);
	dir = kernfs_find_and_get(dev->kobj.parent->sd, name);
	KUNIT_EXPECT_PTR_EQ(test, dir, dev->kobj.sd);
	kernfs_put(dir);
}

static void rename_node(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-name", NULL);
	struct hw *other = hw_add(test, "drt-other", NULL);
	struct devreset_desc desc = {
		.name = "drt-new",
		.ops = &hw_ops,
		.scope = DEVRESET_FUNCTION,
		.data = other,
	};
	const char *old;

	hw_register(test, hw, DEVRESET_FUNCTION);
	old = devreset_name(hw->node);
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, "drt-new"), 0);
	expect_name(test, hw, "drt-new");
	KUNIT_EXPECT_STREQ(test, old, "drt-name");
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, "drt-new"), 0);
	expect_name(test, hw, "drt-new");

	/* The old one is free, the new one is not. */
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(devreset_register(&other->dev, &desc)), -EEXIST);
	desc.name = "drt-name";
	other->node = devreset_register(&other->dev, &desc);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(other->node), 0);
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, "drt-name"), -EEXIST);
	expect_name(test, hw, "drt-new");
	expect_name(test, other, "drt-name");
	KUNIT_EXPECT_EQ(test, devreset_unregister(other->node), 0);
	other->node = NULL;
	expect_no_node(test, other, "drt-name");

	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_STREQ(test, to_dr(hw->node)->last.cured_by, "drt-new");
	hw_unregister(test, hw);
	expect_no_node(test, hw, "drt-new");
}

static void rename_badly(struct kunit *test)
{
	static const char * const bad[] = { "", ".", "a/b", "manage", "unmanage" };
	struct hw *hw = hw_add(test, "drt-name", NULL);
	char longest[REASON_LEN + 1] = { };
	struct devreset_node *gone;
	int i;

	hw_register(test, hw, DEVRESET_FUNCTION);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, bad[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_rename(NULL, "drt-new"), -EINVAL);
	memset(longest, 'x', REASON_LEN);
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, longest), -EINVAL);
	expect_name(test, hw, "drt-name");
	longest[REASON_LEN - 1] = '\0';
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, longest), 0);
	expect_name(test, hw, longest);

	hw_atomic_begin();
	KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, "drt-atomic"), -EWOULDBLOCK);
	hw_atomic_end();
	gone = devreset_get(hw->node);
	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_unregister(gone), 0);
	KUNIT_EXPECT_EQ(test, devreset_rename(gone, "drt-late"), -ENODEV);
	devreset_put(gone);
	expect_no_node(test, hw, "drt-late");
}

static DECLARE_COMPLETION(reading);

/* All that is read without a lock while the name changes, and changes back */
static int read_names(void *data)
{
	struct devreset_node *node = data;

	complete(&reading);
	while (!kthread_should_stop()) {
		if (strnlen(devreset_name(node), REASON_LEN) == REASON_LEN)
			return -EIO;
		cond_resched();
	}
	return 0;
}

static void rename_under_way(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-name", NULL);
	struct devreset_params params = { hw_complete, hw };
	struct task_struct *reader;
	int i;

	hw_register(test, hw, DEVRESET_FUNCTION);
	reader = kthread_run(read_names, hw->node, "drt-reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	get_task_struct(reader);
	wait_for_completion(&reading);
	for (i = 0; i < 300; i++) {
		KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, &params), 0);
		KUNIT_EXPECT_EQ(test, devreset_rename(hw->node, i % 2 ? "a" :
						      "a-much-longer-name-than-that"), 0);
		KUNIT_EXPECT_EQ(test, hw_wait(test, hw), 0);
	}
	KUNIT_EXPECT_EQ(test, kthread_stop(reader), 0);
	put_task_struct(reader);
	expect_name(test, hw, "a");
	hw_unregister(test, hw);
	expect_no_node(test, hw, "a");
}

static struct kunit_case rename_cases[] = {
	KUNIT_CASE(rename_node),
	KUNIT_CASE(rename_badly),
	KUNIT_CASE(rename_under_way),
	{ }
};

static struct kunit_suite rename_suite = {
	.name = "devreset_rename",
	.init = hw_init,
	.exit = hw_exit,
	.test_cases = rename_cases,
};

kunit_test_suite(rename_suite);
