// SPDX-License-Identifier: GPL-2.0
/*
 * devreset, the core: read <linux/devreset.h> and Documentation/ first.
 *
 *	core.c		this file: the module, and what drivers call
 *	tree.c		the tree: its shape, finding the parent, adopting
 *	node.c		a node: registering, removing, state
 *	slot.c		the callback in hand
 *	provider.c	nodes that no driver registers, and managed devices
 *	claim.c		the right to reset a subtree
 *	request.c	requests: taken in, joined, ended
 *	waiter.c	completions, and tasks that wait for a result
 *	ladder.c	what a request does
 *	attempt.c	one reset of one node
 *	external.c	resets by others
 *	record.c	what outlives a node
 *	log.c		what a node's last requests did, and when
 *	policy.c	what to do next; pure
 *	clock.c		finds hangs
 *	in_use.c, io.c	what is below a device, and what it does
 *	netlink.c, netlink_dump.c, netlink_event.c	the generic netlink family
 *	sysfs.c, event.c, pm.c
 *
 * It knows no bus.
 */
#include <linux/devreset.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "core.h"
#include "netlink.h"
#include <trace/events/devreset.h>

/* What runs requests, and what must go on however many of those there are */
struct workqueue_struct *dr_wq;
struct workqueue_struct *dr_aux_wq;
/* What checks nodes; a check may be slow, and must not keep up the former. */
struct workqueue_struct *dr_check_wq;
/* See core.h: a node that is dying is out of use after a grace period. */
DEFINE_SRCU(dr_ask_srcu);
/* A node is a little too large for the next smaller kmalloc() size. */
struct kmem_cache *dr_cache;

struct class dr_class = {
	.name = "devreset",
};

/* For the tracepoints, which see nodes from outside. */
const char *dr_trace_name(const struct dr_node *node)
{
	return dr_name(node);
}

static bool exiting;

/* No node will come any more. */
bool dr_is_exiting(void)
{
	return READ_ONCE(exiting);
}

/* As well as this kernel can tell (DR7, US1). */
bool dr_may_sleep(void)
{
	if (irqs_disabled() || in_interrupt() || rcu_preempt_depth())
		return false;
	return !IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible();
}

/**
 * devreset_reset - exactly one reset
 * @node: the node
 * @scope: of the nearest node from @node up that has this scope, relative to
 *	@node; DEVRESET_PLATFORM: of the nearest above the device
 * @flags: 0
 * @params: NULL: wait for the end; else whom to call at the end
 *
 * With @params, 0 means that the reset was taken in, and @params->complete is
 * called exactly once: with the status, with -ENODEV when @node is
 * unregistered, with -ECANCELED by devreset_cancel(). Any other return means
 * that it is never called. A request that a running or waiting reset covers
 * joins that one: its completion gets that one's status.
 *
 * Context: process, may sleep, no lock held that the reset needs. Without
 * @params a fatal signal ends the wait, not the reset.
 * Return: 0; -EINVAL (@node NULL, @scope, @flags not 0, no @params->complete)
 * and -EWOULDBLOCK (the caller may not sleep): nothing was touched;
 * -EOPNOTSUPP (no such reset here); -EALREADY (one that covers it is running
 * or waiting); -EBUSY (suspending, going down, or a driver would not survive
 * it); -ENODEV (the device has gone); -ETIMEDOUT; -EIO and what the bus
 * said: it failed; -EINTR; -ENOMEM.
 * Contract: DR1 to DR8, DR12, US1, US5.
 */
int devreset_reset(struct devreset_node *node, enum devreset_scope scope,
		   unsigned int flags, const struct devreset_params *params)
{
	const struct ask ask = { .scope = scope };

	if (WARN_ONCE(IS_ERR_OR_NULL(node), "devreset: reset of no node\n"))
		return -EINVAL;
	if (flags || scope < DEVRESET_COMPONENT || scope > DEVRESET_PLATFORM ||
	    (params && !params->complete))
		return -EINVAL;
	if (!dr_may_sleep())
		return -EWOULDBLOCK;
	if (params)
		return request_reset(to_dr(node), &ask, params);
	return request_and_wait(to_dr(node), &ask);
}
EXPORT_SYMBOL_GPL(devreset_reset);

/**
 * devreset_recover - a hang was detected: start the ladder
 * @node: the node that hangs
 * @reason: why, for people and the log; copied
 *
 * Returns at once. The ladder runs as policy/ says; whatever comes of it
 * reaches the driver through its callbacks.
 *
 * Context: any, hard interrupts included. Between suspend and resume it is
 * noted, and handled after.
 * Return: 0 (the ladder will run), -EALREADY (a running or waiting reset covers
 * it; one that does not cure it, nor finds it by ops->check, leaves it to the
 * driver to report it again), -EPERM (policy/auto is 0), -EIO (the node is failed: only an
 * operator's reset brings it back), -ENODEV, -EINVAL (@node NULL).
 * Contract: ND11, DR6.
 */
int devreset_recover(struct devreset_node *node, const char *reason)
{
	if (WARN_ONCE(IS_ERR_OR_NULL(node), "devreset: recovery of no node\n"))
		return -EINVAL;
	return request_recover(to_dr(node), reason);
}
EXPORT_SYMBOL_GPL(devreset_recover);

/* The node from @origin up whose reset has @scope: does it support that? */
static bool scope_supported(struct dr_node *origin, enum devreset_scope scope)
{
	struct dr_node *n;
	unsigned long flags;
	bool supported;
	int srcu;

	/* A node that is not dying in here is not released before the end. */
	srcu = srcu_read_lock(&dr_ask_srcu);
	spin_lock_irqsave(&dr_lock, flags);
	n = dr_by_scope(origin, scope);
	spin_unlock_irqrestore(&dr_lock, flags);
	/* Not now is not never. */
	supported = n && (!n->ops->may_reset ||
			  n->ops->may_reset(&n->pub, DEVRESET_MAY_ASK) != -EOPNOTSUPP);
	srcu_read_unlock(&dr_ask_srcu, srcu);
	return supported;
}

/**
 * devreset_supported - which resets can be asked for here
 * @node: the node
 *
 * Asks ops->may_reset of the nodes from @node up, with DEVRESET_MAY_ASK, beside
 * whatever callback is in hand.
 *
 * Context: process, may sleep; not from ops->may_reset with DEVRESET_MAY_ASK.
 * Return: a mask of BIT(scope), relative to @node.
 * Contract: DR8, DR9.
 */
unsigned int devreset_supported(struct devreset_node *node)
{
	unsigned int scopes = 0;
	enum devreset_scope scope;

	for (scope = DEVRESET_COMPONENT; scope <= DEVRESET_PLATFORM; scope++)
		if (scope_supported(to_dr(node), scope))
			scopes |= BIT(scope);
	return scopes;
}
EXPORT_SYMBOL_GPL(devreset_supported);

/**
 * devreset_find - the node of a device
 * @dev: the device
 *
 * The node that resets @dev, else any node of @dev whose parent was not given.
 *
 * Context: any.
 * Return: the node with a reference (devreset_put()), or NULL.
 * Contract: DR8.
 */
struct devreset_node *devreset_find(struct device *dev)
{
	struct dr_node *node = dr_find(dev);

	return node ? &node->pub : NULL;
}
EXPORT_SYMBOL_GPL(devreset_find);

/**
 * devreset_get - hold a node
 * @node: the node
 *
 * Keeps the memory, not the device: calls answer -ENODEV once it has gone.
 *
 * Context: any.
 * Return: @node.
 * Contract: DR8.
 */
struct devreset_node *devreset_get(struct devreset_node *node)
{
	dr_get(to_dr(node));
	return node;
}
EXPORT_SYMBOL_GPL(devreset_get);

/**
 * devreset_put - let go of a node
 * @node: the node, or NULL
 *
 * Context: any that may free memory; the last one may sleep.
 * Contract: DR8.
 */
void devreset_put(struct devreset_node *node)
{
	if (node)
		dr_put(to_dr(node));
}
EXPORT_SYMBOL_GPL(devreset_put);

/**
 * devreset_name - as in sysfs
 * @node: the node
 *
 * Context: any.
 */
const char *devreset_name(const struct devreset_node *node)
{
	return dr_name(to_dr(node));
}
EXPORT_SYMBOL_GPL(devreset_name);

/**
 * devreset_device - what it is a node of
 * @node: the node
 *
 * Context: any. No reference is taken.
 */
struct device *devreset_device(const struct devreset_node *node)
{
	return to_dr(node)->hw;
}
EXPORT_SYMBOL_GPL(devreset_device);

/**
 * devreset_state - as in sysfs
 * @node: the node
 *
 * Context: any. It may change at any moment.
 * Contract: DR8.
 */
enum devreset_state devreset_state(const struct devreset_node *node)
{
	return READ_ONCE(to_dr(node)->hist.state);
}
EXPORT_SYMBOL_GPL(devreset_state);

/**
 * devreset_policy_of - the numbers of a node's policy
 * @node: the node
 *
 * Context: any. They change at any moment: read each by READ_ONCE().
 */
const struct devreset_policy *devreset_policy_of(const struct devreset_node *node)
{
	return &container_of(node, struct dr_node, pub)->policy;
}
EXPORT_SYMBOL_GPL(devreset_policy_of);

static bool dr_consents(const struct dr_node *node, enum devreset_scope scope)
{
	return (!node->provider || READ_ONCE(node->managed)) &&
	       READ_ONCE(node->policy.ceiling) >= scope;
}

/**
 * devreset_consents - may this node's device be hit by an automatic reset of that scope
 * @node: the node
 * @scope: of the reset, relative to @node
 *
 * It may if it is under policy (managed by an operator, or registered by the driver
 * of its device) with a ceiling that allows it. A node that exists only because
 * something is below it is not under policy; but then that may be a part of the very
 * device, registered by its driver.
 *
 * Context: any.
 */
bool devreset_consents(const struct devreset_node *node, enum devreset_scope scope)
{
	const struct dr_node *n = container_of(node, struct dr_node, pub), *child;
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&dr_lock, flags);
	ret = dr_consents(n, scope);
	if (!ret && n->provider && !READ_ONCE(n->managed))
		list_for_each_entry(child, &n->children, sibling)
			if (child->scope < n->scope && dr_consents(child, scope))
				ret = true;
	spin_unlock_irqrestore(&dr_lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_consents);

static int __init devreset_init(void)
{
	int ret;

	dr_cache = kmem_cache_create("devreset_node", sizeof(struct dr_node),
				     __alignof__(struct dr_node), SLAB_HWCACHE_ALIGN,
				     NULL);
	if (!dr_cache)
		return -ENOMEM;
	/*
	 * Not freezable: a hang seen during a suspend is queued, and waits. No
	 * WQ_MEM_RECLAIM: when threads are slow to come, its rescuer runs one
	 * work after the other, and requests wait for each other.
	 */
	ret = -ENOMEM;
	dr_wq = alloc_workqueue("devreset", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!dr_wq)
		goto free;
	dr_aux_wq = alloc_workqueue("devreset_aux", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!dr_aux_wq)
		goto destroy_wq;
	dr_check_wq = alloc_workqueue("devreset_check", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!dr_check_wq)
		goto destroy_aux;
	dr_sysfs_init();
	dr_class.class_groups = dr_class_groups;
	ret = class_register(&dr_class);
	if (ret)
		goto destroy;
	ret = dr_netlink_init();
	if (ret)
		goto unregister;
	ret = dr_pm_init();
	if (ret)
		goto unregister_netlink;
	dr_debugfs_init();
	return 0;

unregister_netlink:
	dr_netlink_exit();
unregister:
	class_unregister(&dr_class);
destroy:
	destroy_workqueue(dr_check_wq);
destroy_aux:
	destroy_workqueue(dr_aux_wq);
destroy_wq:
	destroy_workqueue(dr_wq);
free:
	kmem_cache_destroy(dr_cache);
	return ret;
}

static void __exit devreset_exit(void)
{
	WRITE_ONCE(exiting, true);
	dr_changed();
	dr_netlink_exit();
	dr_debugfs_exit();
	dr_pm_exit();
	external_exit();
	/* Its users are gone, but not what they last queued. */
	destroy_workqueue(dr_wq);
	destroy_workqueue(dr_check_wq);
	destroy_workqueue(dr_aux_wq);
	record_exit();
	class_unregister(&dr_class);
	kmem_cache_destroy(dr_cache);
	/* A task that has put its reference to this module in its code may be preempted there. */
	synchronize_rcu_tasks();
}

module_init(devreset_init);
module_exit(devreset_exit);
MODULE_DESCRIPTION("Bring malfunctioning devices back: the core");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
