// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that exist in software only. See hw.h.
 */
#include <linux/delay.h>
#include <linux/kernfs.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include "hw.h"

/* --- callbacks ------------------------------------------------------------------- */

static int call(struct hw *hw, enum call call)
{
	atomic_inc(&hw->calls[call]);
	if (hw->hook)
		hw->hook(hw, call);
	return hw->returns[call];
}

static int hw_may_reset(struct devreset_node *node, unsigned int flags)
{
	return call(node->data, CALL_MAY_RESET);
}

static int hw_reset(struct devreset_node *node, u32 gen)
{
	struct hw *hw = node->data;
	int ret;

	hw->gen = gen;
	ret = call(hw, CALL_RESET);
	complete(&hw->in_reset);
	return ret;
}

static int hw_check(struct devreset_node *node, const char **reason)
{
	return call(node->data, CALL_CHECK);
}

static int hw_quiesce(struct devreset_node *node)
{
	return call(node->data, CALL_QUIESCE);
}

static int hw_restore(struct devreset_node *node)
{
	return call(node->data, CALL_RESTORE);
}

static int hw_resume(struct devreset_node *node, int status)
{
	return call(node->data, CALL_RESUME);
}

static void hw_release_node(struct devreset_node *node)
{
	call(node->data, CALL_RELEASE);
}

void hw_complete(struct devreset_node *node, void *context, int status)
{
	struct hw *hw = context;

	hw->status = status;
	call(hw, CALL_COMPLETE);
	complete(&hw->completed);
}

const struct devreset_ops hw_ops = {
	.may_reset = hw_may_reset,
	.reset = hw_reset,
	.check = hw_check,
	.quiesce = hw_quiesce,
	.restore = hw_restore,
	.resume = hw_resume,
	.release = hw_release_node,
};

const struct devreset_ops hw_member_ops = {
	.check = hw_check,
	.quiesce = hw_quiesce,
	.restore = hw_restore,
	.resume = hw_resume,
	.release = hw_release_node,
};

/* --- devices ---------------------------------------------------------------------- */

static void hw_free(struct device *dev)
{
	kfree(to_hw(dev));
}

static unsigned int refs(struct hw *hw)
{
	return kref_read(&hw->dev.kobj.kref);
}

/* A device called @name, below @parent and on @bus, if they are not NULL */
struct hw *hw_add_to(struct kunit *test, const char *name, struct hw *parent,
		     struct bus_type *bus)
{
	struct hw_all *all = test->priv;
	struct hw *hw = kzalloc(sizeof(*hw), GFP_KERNEL);
	unsigned int before = parent ? refs(parent) : 0;

	KUNIT_ASSERT_NOT_NULL(test, hw);
	init_completion(&hw->in_reset);
	init_completion(&hw->completed);
	device_initialize(&hw->dev);
	hw->dev.release = hw_free;
	hw->dev.bus = bus;
	hw->dev.parent = parent ? &parent->dev : NULL;
	if (dev_set_name(&hw->dev, "%s", name) || device_add(&hw->dev)) {
		put_device(&hw->dev);
		KUNIT_ASSERT_TRUE_MSG(test, false, "no device %s", name);
	}
	hw->refs = refs(hw);
	if (parent)
		parent->refs += refs(parent) - before;
	list_add(&hw->link, &all->list);
	return hw;
}

struct hw *hw_add(struct kunit *test, const char *name, struct hw *parent)
{
	return hw_add_to(test, name, parent, NULL);
}

/* The device goes, before the end of the test. It has no node any more. */
void hw_remove(struct hw *hw)
{
	list_del(&hw->link);
	device_unregister(&hw->dev);
}

int hw_init(struct kunit *test)
{
	struct hw_all *all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	INIT_LIST_HEAD(&all->list);
	test->priv = all;
	all->keeper = hw_add(test, "drt-keeper", NULL);
	hw_register(test, all->keeper, DEVRESET_FUNCTION);
	return 0;
}

void hw_exit(struct kunit *test)
{
	struct hw_all *all = test->priv;
	struct hw *hw, *next;

	if (!all)
		return;
	list_for_each_entry_safe(hw, next, &all->list, link) {
		hw->hook = NULL;
		devreset_unregister(hw->node);
		hw_remove(hw);
	}
}

/* --- nodes --------------------------------------------------------------------------- */

/* The node has the name of its device. */
struct devreset_node *hw_try(struct hw *hw, enum devreset_scope scope)
{
	const struct devreset_desc desc = {
		.name = dev_name(&hw->dev),
		.ops = scope == DEVRESET_MEMBER ? &hw_member_ops : &hw_ops,
		.scope = scope,
		.data = hw,
	};

	return devreset_register(&hw->dev, &desc);
}

void hw_register(struct kunit *test, struct hw *hw, enum devreset_scope scope)
{
	hw->node = hw_try(hw, scope);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(hw->node), "%s: %ld", dev_name(&hw->dev),
			       PTR_ERR(hw->node));
	hw->node_refs = kref_read(&to_dr(hw->node)->dev.kobj.kref);
}

void hw_unregister(struct kunit *test, struct hw *hw)
{
	struct devreset_node *node = hw->node;

	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_unregister(node), 0);
	expect_no_node(test, hw, dev_name(&hw->dev));
}

/* The status that hw_complete() was called with */
int hw_wait(struct kunit *test, struct hw *hw)
{
	KUNIT_ASSERT_TRUE_MSG(test, wait_for_completion_timeout(&hw->completed, 20 * HZ),
			      "%s: never completed", dev_name(&hw->dev));
	return hw->status;
}

/* --- looking --------------------------------------------------------------------------- */

unsigned int hw_calls(struct hw *hw)
{
	unsigned int i, sum = 0;

	for (i = 0; i < CALLS; i++)
		sum += atomic_read(&hw->calls[i]);
	return sum;
}

unsigned long hw_stat(struct hw *hw, enum dr_stat stat)
{
	return atomic_long_read(&to_dr(hw->node)->stats[stat]);
}

/* Tests change the tree in one task only, so it stands still. */
struct devreset_node *hw_above(struct devreset_node *node)
{
	struct dr_node *parent = to_dr(node)->parent;

	return parent ? &parent->pub : NULL;
}

/* As if nothing had ever happened to the node of @hw */
void hw_forget(struct hw *hw)
{
	struct dr_node *n = to_dr(hw->node);
	int i;

	for (i = 0; i < CALLS; i++)
		atomic_set(&hw->calls[i], 0);
	for (i = 0; i < STATS; i++)
		atomic_long_set(&n->stats[i], 0);
	n->gen = 0;
}

static bool wait_for(bool (*cond)(struct hw *), struct hw *hw)
{
	ktime_t end = ktime_add_ms(ktime_get(), 5000);

	while (!cond(hw) && ktime_before(ktime_get(), end))
		usleep_range(100, 200);
	return cond(hw);
}

static bool is_quiet(struct hw *hw)
{
	struct dr_node *n = to_dr(hw->node);

	return !READ_ONCE(n->requests) && !READ_ONCE(n->claim) &&
	       !READ_ONCE(n->cb_task) && kref_read(&n->dev.kobj.kref) == hw->node_refs;
}

/* Who asked is told before the request's last reference has gone. */
void hw_settle(struct kunit *test, struct hw *hw)
{
	struct dr_node *n = to_dr(hw->node);

	KUNIT_EXPECT_TRUE_MSG(test, wait_for(is_quiet, hw),
			      "%s: requests %u, %sclaimed, references %u of %u",
			      dev_name(&hw->dev), n->requests, n->claim ? "" : "not ",
			      kref_read(&n->dev.kobj.kref), hw->node_refs);
}

/* All nodes that there are; none comes or goes while a test looks. */
unsigned int hw_nodes(struct kunit *test)
{
	struct hw_all *all = test->priv;
	struct list_head *keeper = &to_dr(all->keeper->node)->all, *p;
	unsigned int count = 0;

	/* One on the way round is the head of the list. */
	list_for_each(p, keeper)
		count++;
	return count;
}

static bool has_old_refs(struct hw *hw)
{
	return refs(hw) == hw->refs;
}

/* Wait until @hw has no node any more, which goes by itself. */
void hw_wait_gone(struct kunit *test, struct hw *hw)
{
	KUNIT_EXPECT_TRUE_MSG(test, wait_for(has_old_refs, hw), "%s has a node still",
			      dev_name(&hw->dev));
}

void expect_no_node(struct kunit *test, struct hw *hw, const char *name)
{
	struct hw_all *all = test->priv;
	struct device *keeper = &to_dr(all->keeper->node)->dev, *dev;
	struct devreset_node *node = devreset_find(&hw->dev);
	struct kernfs_node *dir;

	KUNIT_EXPECT_TRUE(test, !node);
	devreset_put(node);
	dev = class_find_device_by_name(keeper->class, name);
	KUNIT_EXPECT_TRUE_MSG(test, !dev, "%s is in the class still", name);
	put_device(dev);
	dir = kernfs_find_and_get(keeper->kobj.parent->sd, name);
	KUNIT_EXPECT_TRUE_MSG(test, !dir, "%s is in sysfs still", name);
	kernfs_put(dir);
	KUNIT_EXPECT_TRUE_MSG(test, wait_for(has_old_refs, hw),
			      "%s: %u references, %u before", dev_name(&hw->dev),
			      refs(hw), hw->refs);
}

/* What the link reset_parent of @hw's node says: is it the node @above? */
void expect_link(struct kunit *test, struct hw *hw, struct devreset_node *above)
{
	struct kernfs_node *link;

	link = kernfs_find_and_get(to_dr(hw->node)->dev.kobj.sd, "reset_parent");
	KUNIT_EXPECT_EQ_MSG(test, !!link, !!above, "%s", dev_name(&hw->dev));
	if (link && above)
		KUNIT_EXPECT_PTR_EQ(test, link->symlink.target_kn,
				    to_dr(above)->dev.kobj.sd);
	kernfs_put(link);
}

void expect_untouched(struct kunit *test, struct hw *hw)
{
	struct dr_node *n = to_dr(hw->node);
	int i;

	KUNIT_EXPECT_EQ_MSG(test, hw_calls(hw), 0U, "%s", dev_name(&hw->dev));
	for (i = 0; i < STATS; i++)
		KUNIT_EXPECT_EQ_MSG(test, hw_stat(hw, i), 0UL, "%s: counter %d",
				    dev_name(&hw->dev), i);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_HEALTHY);
	KUNIT_EXPECT_EQ(test, n->gen, 0U);
	KUNIT_EXPECT_EQ(test, n->requests, 0U);
	KUNIT_EXPECT_TRUE(test, !n->claim && !n->active && !n->hung);
	KUNIT_EXPECT_TRUE(test, list_empty(&n->waiters));
}

/* --- what is about to go wrong ------------------------------------------------------------ */

void announce(enum warning warning)
{
	static const char * const texts[WARNINGS] = {
		[WARN_DESC] = "devreset: bad description of a node",
		[WARN_LOOP] = "devreset: .* would be its own parent",
		[WARN_OWN_CALLBACK] = "devreset: .* unregistered by its own callback",
		[WARN_ATOMIC] = "devreset: [^ ]* unregistered in atomic context",
		[WARN_ATOMIC_TOO] = "devreset: [^ ]* registered in atomic context",
		[WARN_NO_RESET] = "devreset: reset of no node",
		[WARN_NO_RECOVERY] = "devreset: recovery of no node",
		[WARN_NONSENSE] = "devreset: .* completed with nonsense",
		[WARN_COMPLETED] = "devreset: .* completed (twice|without a reset)",
		[WARN_PROVIDER] = "devreset: bad provider",
	};
	static bool announced[WARNINGS];

	if (!announced[warning])
		pr_info("devreset-expect-warn: %s\n", texts[warning]);
	announced[warning] = true;
}
