// SPDX-License-Identifier: GPL-2.0
/*
 * A node from its registration to its end, its state, and the callback in hand.
 */
#include <linux/devreset.h>
#include <linux/hashtable.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include "core.h"
#include "netlink.h"

#define CREATE_TRACE_POINTS
#include <trace/events/devreset.h>

DEFINE_HASHTABLE(dr_names, DR_NAMES_BITS);
static_assert(REASON_LEN <= DEVRESET_TRACE_NAME);

const char *dr_scope_name(enum devreset_scope scope)
{
	static const char * const names[] = {
		[DEVRESET_MEMBER] = "member",
		[DEVRESET_COMPONENT] = "component",
		[DEVRESET_FUNCTION] = "function",
		[DEVRESET_PLATFORM] = "platform",
	};

	return names[scope];
}

const char *dr_state_name(enum devreset_state state)
{
	static const char * const names[] = {
		[DEVRESET_HEALTHY] = "healthy",
		[DEVRESET_RECOVERING] = "recovering",
		[DEVRESET_PROBATION] = "probation",
		[DEVRESET_FAILED] = "failed",
	};

	return names[state];
}

const char *dr_method_name(enum devreset_method method)
{
	static const char * const names[] = {
		[DEVRESET_METHOD_ANY] = "none",
		[DEVRESET_METHOD_NONE] = "none",
		[DEVRESET_METHOD_RESET_DONE] = "reset_done",
		[DEVRESET_METHOD_ERROR_HANDLERS] = "error_handlers",
		[DEVRESET_METHOD_REBIND] = "rebind",
		[DEVRESET_METHOD_REPAIR] = "repair",
	};

	return names[method];
}

/* A hang was detected, or has been cured; the time between is stats/downtime_ms. Hold dr_lock. */
void dr_set_hung(struct dr_node *node, bool hung)
{
	u64 now = ktime_to_ms(ktime_get());

	lockdep_assert_held(&dr_lock);
	if (hung && !node->hung)
		node->hung_since = now;
	else if (!hung && node->hung)
		atomic_long_add(now - node->hung_since, &node->stats[STAT_DOWNTIME_MS]);
	node->hung = hung;
}

/*
 * The only function that changes a node's state. Called with dr_lock held;
 * the caller tells user space after dropping it (dr_uevent(), sysfs_notify()).
 */
int dr_set_state(struct dr_node *node, enum devreset_state state)
{
	enum devreset_state old = node->hist.state;

	lockdep_assert_held(&dr_lock);
	if (old == state)
		return 0;
	if (WARN_ON_ONCE(!policy_may_move(old, state)))
		return -EINVAL;
	WRITE_ONCE(node->hist.state, state);
	trace_devreset_state(node, old, state);
	dr_notify_state(node, old, state);
	return 0;
}

/* Has a provider's node lost the last that needs it? Hold dr_lock. */
bool dr_is_needless(struct dr_node *node)
{
	return node->provider && !node->managed && !node->dying &&
	       list_empty(&node->children) && !node->active && !node->claim &&
	       !node->requests && !node->cb_task && !list_empty(&node->all);
}

/* --- registering ------------------------------------------------------------ */

/* It will be a folder beside the files of the class. */
static bool name_ok(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) < REASON_LEN &&
	       !strchr(name, '/') && strcmp(name, "manage") && strcmp(name, "unmanage");
}

static bool desc_ok(struct device *dev, const struct devreset_desc *desc)
{
	const struct devreset_ops *ops = desc ? desc->ops : NULL;

	if (!dev || !ops || !desc->name || !name_ok(desc->name))
		return false;
	if (desc->scope > DEVRESET_PLATFORM)
		return false;
	/* A member has no reset of its own, and everything else has one. */
	if (desc->scope == DEVRESET_MEMBER ? !!ops->reset : !ops->reset)
		return false;
	if (!ops->quiesce != !ops->resume)
		return false;
	return !desc->policy || policy_ok(desc->policy);
}

static void release_node(struct device *dev)
{
	struct dr_node *node = container_of(dev, struct dr_node, dev);

	log_free(&node->log);
	put_device(node->hw);
	kmem_cache_free(dr_cache, node);
}

static void reap_work(struct work_struct *work);

static struct dr_node *alloc_node(struct device *dev, const struct devreset_desc *desc)
{
	struct dr_node *node = kmem_cache_zalloc(dr_cache, GFP_KERNEL);

	if (!node)
		return NULL;
	node->pub.data = desc->data;
	strscpy(node->names[0], desc->name, REASON_LEN);
	node->label = node->names[0];
	node->hw = get_device(dev);
	node->ops = desc->ops;
	node->provider = desc->provider;
	node->scope = desc->scope;
	node->stall = msecs_to_jiffies(desc->stall_ms);
	node->fixed_parent = desc->parent;
	node->policy = desc->policy ? *desc->policy : devreset_default_policy;
	policy_init(&node->hist);
	INIT_HLIST_NODE(&node->hash);
	INIT_HLIST_NODE(&node->name);
	INIT_LIST_HEAD(&node->all);
	INIT_LIST_HEAD(&node->children);
	INIT_LIST_HEAD(&node->sibling);
	INIT_LIST_HEAD(&node->step);
	INIT_LIST_HEAD(&node->waiters);
	INIT_LIST_HEAD(&node->calls);
	INIT_LIST_HEAD(&node->log);
	INIT_WORK(&node->reap, reap_work);
	slot_init(node);
	request_init_node(node);
	external_init(node);
	clock_init(node);

	device_initialize(&node->dev);
	node->dev.class = &dr_class;
	node->dev.release = release_node;
	node->dev.groups = dr_groups;
	device_set_pm_not_required(&node->dev);
	dev_set_uevent_suppress(&node->dev, true);
	return node;
}

static u32 name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct dr_node *find_name(const char *name)
{
	struct dr_node *n;

	lockdep_assert_held(&dr_mutex);
	hash_for_each_possible(dr_names, n, name, name_hash(name))
		if (!strcmp(dr_name(n), name))
			return n;
	return NULL;
}

/* -EAGAIN: a node that has the name now is dying, and will be gone soon. */
static int try_take_name(struct dr_node *node)
{
	struct dr_node *n;
	int ret = 0;

	mutex_lock(&dr_mutex);
	n = find_name(dr_name(node));
	if (n)
		ret = READ_ONCE(n->dying) && n->cb_task != current ? -EAGAIN : -EEXIST;
	else
		hash_add(dr_names, &node->name, name_hash(dr_name(node)));
	/* A dump that has paused finds its place by the order of names. */
	dr_generation++;
	mutex_unlock(&dr_mutex);
	return ret;
}

/* The very last: a search for the nodes that are left finds this one until now. */
static void free_name(struct dr_node *node)
{
	unsigned long flags;

	/* The last devreset_busy() was before this, and starts no clock any more. */
	irq_work_sync(&node->wake);
	mutex_lock(&dr_mutex);
	dr_generation++;
	if (!list_empty(&node->all))
		dr_notify_node(node, false);
	record_keep(node);
	hash_del(&node->name);
	spin_lock_irqsave(&dr_lock, flags);
	list_del_init(&node->all);
	spin_unlock_irqrestore(&dr_lock, flags);
	mutex_unlock(&dr_mutex);
	dr_changed();
}

/*
 * The node that has come in the place of @node, which has gone, for the same device;
 * with a reference, or NULL.
 */
struct dr_node *dr_find_again(struct dr_node *node)
{
	struct dr_node *n;

	if (!node->identity[0])
		return NULL;
	mutex_lock(&dr_mutex);
	n = find_name(dr_name(node));
	if (n && (!READ_ONCE(n->ready) || READ_ONCE(n->dying) ||
		  strcmp(n->identity, node->identity)))
		n = NULL;
	if (n)
		dr_get(n);
	mutex_unlock(&dr_mutex);
	return n;
}

static int take_name(struct dr_node *node)
{
	int ret;

	dr_wait_for((ret = try_take_name(node)) != -EAGAIN, 10 * HZ);
	return ret == -EAGAIN ? -EEXIST : ret;
}

static int start_dying(struct dr_node *node)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&dr_lock, flags);
	if (node->cb_task == current || waiter_calls_here(node))
		ret = -EDEADLK;
	else if (node->dying)
		ret = -ENODEV;
	else
		WRITE_ONCE(node->dying, true);
	spin_unlock_irqrestore(&dr_lock, flags);
	return ret;
}

/* Once it is dying: no callback, no clock and no waiter from here on (rule 3). */
static void cut_off(struct dr_node *node)
{
	dr_changed();
	waiters_stay(node);
	/* Waiters are told first: what they wait for may wait for us. */
	waiters_call(&node->waiters, true, -ENODEV);
	/* Only callbacks into this very node are waited for. */
	wait_event_idle(dr_wait, !READ_ONCE(node->cb_task) &&
			!READ_ONCE(node->telling) && list_empty_careful(&node->calls));
	/* ... and answers to DEVRESET_MAY_ASK, which wait for nothing. */
	synchronize_srcu_expedited(&dr_ask_srcu);
	external_forget(node);
	clock_stop(node);
}

/* Registering it failed; its files may have been used already. */
static void undo(struct dr_node *node)
{
	start_dying(node);
	cut_off(node);
	claim_forget(node);
}

/*
 * To change what is in sysfs, which allocates. A reset takes that lock, too, and
 * must not have to wait for I/O to what it is to reset.
 */
static unsigned int lock_noio(void)
{
	mutex_lock(&dr_mutex);
	return memalloc_noio_save();
}

static void unlock_noio(unsigned int noio)
{
	memalloc_noio_restore(noio);
	mutex_unlock(&dr_mutex);
}

static int add_node(struct dr_node *node, struct dr_node *parent)
{
	unsigned int noio;
	int ret;

	ret = take_name(node);
	if (ret)
		return ret;
	ret = record_attach(node);
	if (ret)
		goto free_name;
	ret = device_add(&node->dev);
	if (ret) {
		undo(node);
		goto free_name;
	}
	ret = sysfs_create_link(&node->dev.kobj, &node->hw->kobj, "device");
	if (ret)
		goto del;
	noio = lock_noio();
	ret = dr_link(node, parent);
	if (!ret)
		dr_notify_node(node, true);
	unlock_noio(noio);
	if (ret)
		goto del;
	return 0;

del:
	undo(node);
	device_del(&node->dev);
free_name:
	free_name(node);
	return ret;
}

/**
 * devreset_register - put a device under devreset
 * @dev: the device; must stay registered while the node is
 * @desc: what the node is
 *
 * The node's parent is @desc->parent, or the node of @dev or of its nearest
 * ancestor that has one; missing ancestors are made by the providers that are
 * loaded, and nodes below @dev are taken over. The node is healthy, and
 * nothing looks at it before devreset_busy() (unless policy/check_idle). A node
 * that a provider made may be gone again when this returns: it is not for use.
 *
 * Context: process, may sleep; not from a callback of the node above.
 * Return: the node, or an ERR_PTR: -EINVAL (bad @desc, a driver bug),
 * -EEXIST (@dev has such a node already, or the name is taken), -ELOOP (the
 * parent is below @dev), -ENODEV (the parent is going away), -EWOULDBLOCK (the
 * caller may not sleep), -ENOMEM.
 * Contract: DR8.
 */
struct devreset_node *devreset_register(struct device *dev,
					const struct devreset_desc *desc)
{
	struct dr_node *node, *parent;
	unsigned int noio;
	int ret;

	if (WARN_ONCE(!desc_ok(dev, desc), "devreset: bad description of a node\n"))
		return ERR_PTR(-EINVAL);
	parent = desc->parent ? to_dr(desc->parent) : NULL;
	if (WARN_ONCE(parent && dr_device_is_below(parent->hw, dev),
		      "devreset: %s would be its own parent\n", desc->name))
		return ERR_PTR(-ELOOP);

	if (WARN_ONCE(!dr_may_sleep(), "devreset: %s registered in atomic context\n",
		      desc->name))
		return ERR_PTR(-EWOULDBLOCK);
	node = alloc_node(dev, desc);
	if (!node) {
		ret = -ENOMEM;
		goto reap;
	}
	ret = dev_set_name(&node->dev, "%s", desc->name);
	/* Once it is in the tree, a provider's node may go at any moment. */
	dr_get(node);
	if (!ret)
		ret = add_node(node, parent);
	if (ret) {
		dr_put(node);
		dr_put(node);
		goto reap;
	}
	/* Those of a provider's node are made by the caller of the provider. */
	if (!node->provider)
		dr_provide(node);
	/* The provider that knows its device may have come since it was asked for. */
	record_attach(node);
	if (dr_tell_begin(node)) {
		noio = lock_noio();
		dev_set_uevent_suppress(&node->dev, false);
		kobject_uevent(&node->dev.kobj, KOBJ_ADD);
		unlock_noio(noio);
		dr_tell_end(node);
	}
	if (node->policy.check_idle)
		clock_policy_changed(node);
	clock_probation(node);
	/* A request that its device has left waits for this. */
	WRITE_ONCE(node->ready, true);
	dr_changed();
	dr_put(node);
	return &node->pub;

reap:
	/* It may have been made for this one alone. */
	if (parent)
		dr_reap(parent);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(devreset_register);

/* Both names are taken meanwhile, as dr_mutex is held. */
static int rename_node(struct dr_node *node, const char *name, bool *adopted)
{
	char *to = node->names[node->label == node->names[0]];
	struct dr_node *other = find_name(name);
	int ret;

	if (other)
		return other == node ? 0 : -EEXIST;
	ret = device_rename(&node->dev, name);
	if (ret)
		return ret;
	dr_generation++;
	dr_notify_node(node, false);
	/* A reader of the name before the last sees a mixture, but an end. */
	strscpy(to, name, REASON_LEN);
	hash_del(&node->name);
	/* The name is there before it is the name. */
	smp_store_release(&node->label, to);
	hash_add(dr_names, &node->name, name_hash(to));
	*adopted = record_rename(node);
	dr_notify_node(node, true);
	return 0;
}

/**
 * devreset_rename - call a node differently
 * @node: the node
 * @name: as for devreset_register()
 *
 * For devices that change their names, as network interfaces do. In sysfs the
 * folder moves; user space gets a "move" event. A name that was read before
 * stays valid memory until @node is gone, and may read as another one after
 * the next change. A node at which nothing was asked for yet takes over what is
 * kept under the new name of the same device: a record is found by the name that
 * the device had when it went, and an interface may get that only after it was
 * registered.
 *
 * Context: process, may sleep; with any lock that is not needed to register.
 * Return: 0, also when it has that name; -EINVAL (no name), -EEXIST (it is
 * taken, be it by a node that is going), -ENODEV (@node is being unregistered),
 * -EWOULDBLOCK (the caller may not sleep): nothing was changed; -ENOMEM: the
 * name was not, but the class may have a link of the new one (6.1).
 */
int devreset_rename(struct devreset_node *node, const char *name)
{
	bool adopted = false;
	struct dr_node *dr;
	unsigned int noio;
	int ret;

	if (IS_ERR_OR_NULL(node) || !name || !name_ok(name))
		return -EINVAL;
	if (!dr_may_sleep())
		return -EWOULDBLOCK;
	dr = to_dr(node);
	/* So that it stays in sysfs. */
	if (!dr_tell_begin(dr))
		return -ENODEV;
	noio = lock_noio();
	ret = rename_node(dr, name, &adopted);
	unlock_noio(noio);
	if (adopted)
		clock_adopted(dr);
	dr_tell_end(dr);
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_rename);

/* The rest of unregistering. */
static void finish_dying(struct dr_node *node)
{
	struct dr_node *parent;
	unsigned int noio;

	cut_off(node);
	noio = lock_noio();
	parent = node->parent;
	if (parent)
		dr_get(parent);
	dr_unlink(node);
	unlock_noio(noio);

	device_del(&node->dev);
	if (node->ops->release)
		node->ops->release(&node->pub);
	/* Once the name is free, the module of these ops may be gone too. */
	free_name(node);
	dr_put(node);
	if (parent) {
		dr_reap(parent);
		dr_put(parent);
	}
}

int dr_unregister(struct dr_node *node)
{
	int ret = start_dying(node);

	if (!ret)
		finish_dying(node);
	return ret;
}

/**
 * devreset_unregister - take a device out again
 * @node: the node, or NULL or an ERR_PTR, which is ignored
 *
 * When it returns, no callback of @node runs or will run. It waits for the
 * callback in hand, and for nothing else: never for the reset of an ancestor,
 * which may well be what removes the device (rule 3). Waiters for a request
 * made at @node get -ENODEV. Nodes below @node go to the node above.
 *
 * Context: process, may sleep; with any lock that the callbacks of @node do
 * not take.
 * Return: 0; -EDEADLK from inside a callback of @node and -EWOULDBLOCK when the
 * caller may not sleep (driver bugs; nothing is changed); -ENODEV when it is
 * being unregistered already.
 * Contract: DR4, DR8.
 */
int devreset_unregister(struct devreset_node *node)
{
	int ret;

	if (IS_ERR_OR_NULL(node))
		return 0;
	if (WARN_ONCE(!dr_may_sleep(), "devreset: %s unregistered in atomic context\n",
		      devreset_name(node)))
		return -EWOULDBLOCK;
	ret = dr_unregister(to_dr(node));
	WARN_ONCE(ret == -EDEADLK, "devreset: %s unregistered by its own callback\n",
		  devreset_name(node));
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_unregister);

static void devm_unregister(void *node)
{
	devreset_unregister(node);
}

/**
 * devm_devreset_register - devreset_register(), undone when @dev is unbound
 * @dev: the device
 * @desc: what the node is
 *
 * Context and errors: as devreset_register().
 * Return: the node, or an ERR_PTR.
 */
struct devreset_node *devm_devreset_register(struct device *dev,
					     const struct devreset_desc *desc)
{
	struct devreset_node *node = devreset_register(dev, desc);
	int ret;

	if (IS_ERR(node))
		return node;
	ret = devm_add_action_or_reset(dev, devm_unregister, node);
	return ret ? ERR_PTR(ret) : node;
}
EXPORT_SYMBOL_GPL(devm_devreset_register);

/*
 * A provider's node that is not needed any more goes, and so may the one above
 * it. Not while it is being reset or aimed at, nor while a callback into it is
 * in hand: then this is called again when that is over (rule 3). So a node that
 * goes this way goes at once.
 */
void dr_reap(struct dr_node *node)
{
	unsigned long flags;
	bool reap;

	mutex_lock(&dr_mutex);
	spin_lock_irqsave(&dr_lock, flags);
	reap = dr_is_needless(node);
	if (reap)
		WRITE_ONCE(node->dying, true);
	spin_unlock_irqrestore(&dr_lock, flags);
	mutex_unlock(&dr_mutex);
	if (reap)
		finish_dying(node);
}

static void reap_work(struct work_struct *work)
{
	struct dr_node *node = container_of(work, struct dr_node, reap);

	dr_reap(node);
	dr_put(node);
}
