// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of nodes: its shape, and ways to walk it.
 *
 * A node whose parent is not given finds it by walking up struct device. Of
 * the nodes of one device at most one is its anchor, the one that others find
 * on that walk; members are not (they hang below their device's anchor), nor
 * are nodes whose parent was given, but for a provider's: on its bus something
 * may be above a device that the device model has beside it.
 */
#include <linux/bitmap.h>
#include <linux/devreset.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include "core.h"

/* See core.h for what they protect. */
DEFINE_MUTEX(dr_mutex);
DEFINE_SPINLOCK(dr_lock);
DECLARE_WAIT_QUEUE_HEAD(dr_wait);
LIST_HEAD(dr_nodes);
unsigned int dr_generation = 1;
static DEFINE_HASHTABLE(by_hw, 10);
static u64 serial;

/*
 * Devices that had no anchor when a node looked there for its parent, by hash:
 * those that a later anchor may have to adopt nodes at. The driver core is no
 * help: it lists a device below its parent only when that has been probed.
 */
#define PASSED_BITS	12
static DECLARE_BITMAP(passed, 1 << PASSED_BITS);

/* --- walking; hold dr_mutex or dr_lock ------------------------------------ */

static bool is_anchor(const struct dr_node *node)
{
	return node->scope != DEVRESET_MEMBER && (!node->fixed_parent || node->provider);
}

static struct dr_node *find_at(struct device *dev, bool anchor)
{
	struct dr_node *node;

	hash_for_each_possible(by_hw, node, hash, (unsigned long)dev)
		if (node->hw == dev && !node->dying && (!anchor || is_anchor(node)))
			return node;
	return NULL;
}

/* The node of @dev with a reference: its anchor, else any other on it. */
struct dr_node *dr_find(struct device *dev)
{
	struct dr_node *node;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	node = find_at(dev, true) ?: find_at(dev, false);
	if (node)
		dr_get(node);
	spin_unlock_irqrestore(&dr_lock, flags);
	return node;
}

/* The nearest node from @node up that can be reset, or NULL. */
struct dr_node *dr_rung(struct dr_node *node)
{
	while (node && (node->scope == DEVRESET_MEMBER || node->dying))
		node = node->parent;
	return node;
}

/* The node of the device that @node is a part of: see "scope" in the docs. */
struct dr_node *dr_device_of(struct dr_node *node)
{
	struct dr_node *n, *top = node;

	for (n = node; n; n = n->parent) {
		if (n->scope == DEVRESET_FUNCTION)
			return n;
		if (n->scope == DEVRESET_COMPONENT)
			top = n;
	}
	return top;
}

bool dr_is_below(struct dr_node *node, struct dr_node *above)
{
	while (node && node != above)
		node = node->parent;
	return node;
}

/* What a reset of @node, which is @origin or above it, is for @origin. */
enum devreset_scope dr_relative_scope(struct dr_node *origin, struct dr_node *node)
{
	struct dr_node *n;

	for (n = origin; n && n != node; n = n->parent)
		if (n->scope == DEVRESET_FUNCTION)
			return DEVRESET_PLATFORM;
	return node->scope;
}

/* Rungs of the ladder of @origin below that of @node, which is above it or it. */
unsigned int dr_rungs_between(struct dr_node *origin, struct dr_node *node)
{
	unsigned int rungs = 0;

	for (; origin && origin != node; origin = origin->parent)
		rungs += origin->scope != DEVRESET_MEMBER;
	return rungs;
}

/* The nearest node from @origin up with that scope, or NULL. */
struct dr_node *dr_by_scope(struct dr_node *origin, enum devreset_scope scope)
{
	bool above_device = false;
	struct dr_node *n;

	for (n = origin; n; n = n->parent) {
		if (n->scope != DEVRESET_MEMBER && !n->dying &&
		    (above_device ? DEVRESET_PLATFORM : n->scope) == scope)
			return n;
		if (n->scope == DEVRESET_FUNCTION)
			above_device = true;
	}
	return NULL;
}

/* --- the shape ------------------------------------------------------------- */

/* A claim on, or below, a node that gains or loses ancestors moves with it. */
static void count_claims(struct dr_node *parent, int claims)
{
	for (; parent && claims; parent = parent->parent)
		parent->claims_below += claims;
}

static int claims_in(struct dr_node *node)
{
	return node->claims_below + !!node->claim;
}

/*
 * Siblings are in order of registration, the newest first: it may need those
 * before it, and is stopped before and started after them, as the device core
 * does at a suspend.
 */
static void link_to(struct dr_node *node, struct dr_node *parent)
{
	struct dr_node *older;
	unsigned long flags;

	lockdep_assert_held(&dr_mutex);
	spin_lock_irqsave(&dr_lock, flags);
	if (node->parent) {
		count_claims(node->parent, -claims_in(node));
		list_del_init(&node->sibling);
	}
	node->parent = parent;
	if (parent) {
		list_for_each_entry(older, &parent->children, sibling)
			if (older->serial < node->serial)
				break;
		list_add_tail(&node->sibling, &older->sibling);
		count_claims(parent, claims_in(node));
	}
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* Symlinks are for people: one that could not be made harms nothing. */
static void show_parent(struct dr_node *node)
{
	sysfs_remove_link(&node->dev.kobj, "reset_parent");
	if (node->parent &&
	    sysfs_create_link(&node->dev.kobj, &node->parent->dev.kobj, "reset_parent"))
		dr_warn(node, "no link to the node above\n");
}

static struct dr_node *find_parent(struct dr_node *node)
{
	struct device *dev = is_anchor(node) ? node->hw->parent : node->hw;
	struct dr_node *parent;

	for (; dev; dev = dev->parent) {
		parent = find_at(dev, true);
		if (parent)
			return parent;
		__set_bit(hash_ptr(dev, PASSED_BITS), passed);
	}
	return NULL;
}

bool dr_device_is_below(struct device *dev, struct device *above)
{
	for (dev = dev->parent; dev && dev != above; dev = dev->parent)
		;
	return dev;
}

static void adopt(struct dr_node *node, struct dr_node *parent)
{
	/* A parent that was given need not be where the device model has it. */
	if (node->fixed_parent || node->dying || dr_is_below(parent, node))
		return;
	/* What is above it must be above @parent, too. */
	if (node->parent && !dr_is_below(parent->parent, node->parent))
		return;
	if (node->hw != parent->hw && !dr_device_is_below(node->hw, parent->hw))
		return;
	link_to(node, parent);
	show_parent(node);
}

/* Take over, from the node above @parent, what @parent now stands between. */
static void adopt_all(struct dr_node *parent)
{
	struct dr_node *node, *next, *above = parent->parent;
	struct hlist_node *tmp;

	/* Others in its bucket would be a walk to the root each. */
	hash_for_each_possible_safe(by_hw, node, tmp, hash, (unsigned long)parent->hw)
		if (node->hw == parent->hw)
			adopt(node, parent);
	if (!test_bit(hash_ptr(parent->hw, PASSED_BITS), passed))
		return;
	if (above && !parent->fixed_parent) {
		list_for_each_entry_safe_reverse(node, next, &above->children, sibling)
			adopt(node, parent);
	} else {
		list_for_each_entry(node, &dr_nodes, all)
			adopt(node, parent);
	}
}

/*
 * Called with dr_mutex held. @parent: given, or NULL to look for one. A new
 * anchor takes over from the node above it all that it now stands between.
 */
int dr_link(struct dr_node *node, struct dr_node *parent)
{
	unsigned long flags;

	if (parent && parent->dying)
		return -ENODEV;
	if (is_anchor(node) && find_at(node->hw, true))
		return -EEXIST;

	node->serial = ++serial;
	dr_generation++;
	link_to(node, parent ?: find_parent(node));
	spin_lock_irqsave(&dr_lock, flags);
	list_add_tail(&node->all, &dr_nodes);
	if (!node->fixed_parent || is_anchor(node))
		hash_add(by_hw, &node->hash, (unsigned long)node->hw);
	spin_unlock_irqrestore(&dr_lock, flags);
	show_parent(node);
	if (is_anchor(node))
		adopt_all(node);
	return 0;
}

/* Called with dr_mutex held. Its children go to the node above. */
void dr_unlink(struct dr_node *node)
{
	struct dr_node *child, *next;
	unsigned long flags;

	claim_forget(node);
	list_for_each_entry_safe_reverse(child, next, &node->children, sibling) {
		link_to(child, child->fixed_parent ? node->parent : find_parent(child));
		show_parent(child);
	}
	link_to(node, NULL);
	spin_lock_irqsave(&dr_lock, flags);
	hash_del(&node->hash);
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}
