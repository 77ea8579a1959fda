// SPDX-License-Identifier: GPL-2.0
/*
 * A reset by others is a reset too (rule 7): sysfs, AER, VFIO, another
 * driver. Their bus tells the driver before and after, the driver tells the
 * core, and the core does what it does for its own: claim, quiesce, and then
 * restore and resume.
 *
 * The core's own resets come along here as well, as the bus calls the driver
 * for them too: they are recognised by the task that runs them, and ignored.
 */
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include "core.h"
#include <trace/events/devreset.h>

/* What a task that begins such a reset has to do with the claim over the device */
enum entry {
	ENTRY_FIRST,	/* it has claimed the device */
	ENTRY_JOINED,	/* it uses a claim, under which all is quiesced already */
	ENTRY_NESTED,	/* it has begun this very reset before */
	ENTRY_OWN,	/* the reset is one of the core's own */
};

/* The claim held over @node, if any. Hold dr_lock. */
static struct claim *held_over(struct dr_node *node)
{
	for (; node; node = node->parent)
		if (node->claim)
			return node->claim;
	return NULL;
}

/* The claim that a reset begun at @node uses; NULL once the core has ended it. Hold dr_lock. */
static struct claim *claim_used(struct dr_node *node)
{
	struct claim *claim = node->ext_depth ? claim_find(node->ext_serial) : NULL;

	return claim && claim->phase == CLAIM_RESET ? claim : NULL;
}

/* @claim is not resumed before this task has ended what it begins at @node. Hold dr_lock. */
static void claim_use(struct claim *claim, struct dr_node *node)
{
	node->ext_task = current;
	node->ext_depth = 1;
	node->ext_serial = claim->serial;
	claim->users++;
	claim->shared = true;
}

/* Hold dr_lock. -EAGAIN: no claim is in the way; -EBUSY: wait. */
static int external_join(struct dr_node *device, struct dr_node *node,
			 enum entry *entry, u64 *serial)
{
	struct claim *own, *over;

	if (claim_used(node)) {
		*entry = ENTRY_NESTED;
		if (node->ext_task != current)
			return -EBUSY;
		node->ext_depth++;
		return 0;
	}
	own = claim_owned(device);
	over = held_over(device);
	if (own && (!claim_is_external(own) || own->phase != CLAIM_RESET)) {
		*entry = ENTRY_OWN;
		/* Of a reset of a part: it alone is stopped. */
		*serial = own == over ? own->serial : 0;
		return 0;
	}
	/* It would wait for itself. */
	if (own && own != over)
		return -EDEADLK;
	if (!over)
		return -EAGAIN;
	if (over->phase != CLAIM_RESET)
		return -EBUSY;
	claim_use(over, node);
	/* A driver of another part of the device is told by the task that has claimed it. */
	*entry = own ? ENTRY_NESTED : ENTRY_JOINED;
	*serial = over->serial;
	return 0;
}

/* Join the claim over @device, or claim it. -EBUSY: wait. */
static int external_enter(struct dr_node *device, struct dr_node *node,
			  enum entry *entry, u64 *serial)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&dr_lock, flags);
	ret = external_join(device, node, entry, serial);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (ret != -EAGAIN)
		return ret;
	*entry = ENTRY_FIRST;
	device->ext.target = device;
	return claim_try(&device->ext);
}

/* Nothing was restored after what others did to the device: have all of it checked. */
static void device_suspect(struct dr_node *node)
{
	struct dr_node *n, *device;

	mutex_lock(&dr_mutex);
	device = dr_device_of(node);
	list_for_each_entry(n, &dr_nodes, all)
		if (dr_is_below(n, device))
			node_suspect(n);
	mutex_unlock(&dr_mutex);
}

static struct dr_node *get_device_of(struct dr_node *node)
{
	struct dr_node *device;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	device = dr_get(dr_device_of(node));
	spin_unlock_irqrestore(&dr_lock, flags);
	return device;
}

/*
 * What was wrong before is history if the reset worked, but for what was given
 * up, or is in hand. Whether all is well now is to be seen.
 */
static void look_again(struct claim *claim, int status)
{
	struct dr_node *node;
	unsigned long flags;

	list_for_each_entry(node, &claim->nodes, step) {
		spin_lock_irqsave(&dr_lock, flags);
		if (!status && !node->recovery_queued &&
		    node->hist.state != DEVRESET_FAILED)
			dr_set_hung(node, false);
		spin_unlock_irqrestore(&dr_lock, flags);
		node_suspect(node);
	}
}

/* The reset is over, and the claim in CLAIM_RESUME by this task. */
static void external_finish(struct dr_node *device, int status)
{
	struct claim *claim = &device->ext;
	LIST_HEAD(waiters);

	dr_changed();
	subtree_resume(NULL, claim, status ? -EIO : 0, true);
	look_again(claim, status);
	claim_drop(claim, &waiters);
	waiters_call(&waiters, false, status);
	dr_reap(device);
	dr_put(device);
}

/* Hold dr_lock. What is returned is to be finished by the caller. */
static struct dr_node *external_take(struct claim *claim)
{
	claim->phase = CLAIM_RESUME;
	claim->owner = current;
	return claim->target;
}

/* Rule 5: the task that began it has not ended it. */
static void external_expired(struct work_struct *work)
{
	struct dr_node *device = container_of(to_delayed_work(work),
					      struct dr_node, ext_expire);
	/* To allocate must not wait for I/O to what is quiesced. */
	unsigned int noio = memalloc_noio_save();
	struct claim *claim = &device->ext;
	struct dr_node *taken = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	/* Not the claim after the one that the timer was for. */
	if (claim->phase == CLAIM_RESET && time_after_eq(jiffies, claim->expires))
		taken = external_take(claim);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (taken) {
		dr_err(device, "a reset by others does not end\n");
		dr_count(device, STAT_TIMEOUTS);
		external_finish(device, -ETIMEDOUT);
	}
	dr_put(device);
	memalloc_noio_restore(noio);
}

void external_init(struct dr_node *node)
{
	claim_init(&node->ext);
	INIT_DELAYED_WORK(&node->ext_expire, external_expired);
}

/*
 * @node is being unregistered. A reset of the core's own need not wait for the
 * end of what was begun there. But what was stopped for a reset by others
 * alone stays so until that ends, or expires, for all that are left: rule 3, and
 * it may be under way.
 */
void external_forget(struct dr_node *node)
{
	unsigned long flags;
	struct claim *claim;

	spin_lock_irqsave(&dr_lock, flags);
	claim = claim_used(node);
	if (claim && !claim_is_external(claim)) {
		claim->users--;
		node->ext_depth = 0;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

static bool external_waits_from(struct dr_node *node, bool above)
{
	unsigned long flags;
	bool waits = false;

	spin_lock_irqsave(&dr_lock, flags);
	for (node = above ? node->parent : node; node; node = node->parent)
		waits |= node->ext_waiting;
	spin_unlock_irqrestore(&dr_lock, flags);
	return waits;
}

/* Does a reset by others wait for the claim at @node, or above it? Rule 7. */
bool external_waits(struct dr_node *node)
{
	return external_waits_from(node, false);
}

/* Does one wait for claims at and beside @node? Rule 7. */
bool external_waits_above(struct dr_node *node)
{
	return external_waits_from(node, true);
}

static void external_waiting(struct dr_node *device, int change)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	device->ext_waiting += change;
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* All has been stopped: from here on others may join, until the last end. */
static void external_stopped(struct dr_node *device, struct dr_node *node)
{
	struct claim *claim = &device->ext;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	claim_use(claim, node);
	claim->expires = dr_deadline(device);
	spin_unlock_irqrestore(&dr_lock, flags);
	claim_stopped(claim);
	dr_get(device);		/* for external_expired() */
	if (!queue_delayed_work(dr_aux_wq, &device->ext_expire,
				dr_left(claim->expires)))
		dr_put(device);
}

/* Join a claim, or claim @device, waiting until @deadline. */
static int external_wait(struct dr_node *device, struct dr_node *node,
			 enum entry *entry, u64 *serial, unsigned long deadline)
{
	int ret;

	external_waiting(device, 1);
	wait_event_idle_timeout(dr_wait, (ret = external_enter(device, node, entry,
							       serial)) != -EBUSY,
				dr_left(deadline) + 1);
	external_waiting(device, -1);
	return ret == -EBUSY ? -ETIMEDOUT : ret;
}

static int external_begin(struct dr_node *device, struct dr_node *node)
{
	unsigned long deadline = dr_deadline(device);
	enum entry entry = ENTRY_FIRST;
	u64 serial = 0;
	int ret;

	ret = external_enter(device, node, &entry, &serial);
	if (!ret && (entry == ENTRY_NESTED || entry == ENTRY_OWN)) {
		/* A driver may have been bound since: it is stopped, too. */
		if (serial)
			subtree_quiesce_late(serial, device, deadline);
		return 0;
	}
	dr_count(device, STAT_EXTERNAL);
	if (node != device)
		dr_count(node, STAT_EXTERNAL);
	if (ret == -EBUSY)
		ret = external_wait(device, node, &entry, &serial, deadline);
	if (ret)
		return ret;
	/* To stop has time of its own, however long it was waited. */
	if (entry == ENTRY_JOINED) {
		subtree_quiesce_late(serial, device, dr_deadline(device));
		return 0;
	}
	ret = claim_list(&device->ext, deadline);
	if (ret)
		return ret;
	dr_get(device);		/* for external_finish() */
	subtree_quiesce(&device->ext, dr_deadline(device));
	external_stopped(device, node);
	return 0;
}

/**
 * devreset_run_as - say that the calling task runs the reset in hand
 * @node: the node whose ops->reset has returned, or is about to return, -EINPROGRESS
 *
 * For a reset that goes on in a worker: what reaches drivers from this task, until
 * the reset has ended, is the core's own and no reset by others (rule 7). If it has not
 * ended by its deadline, the log shows where that task waits.
 *
 * Context: any, with a reference to @node.
 */
void devreset_run_as(struct devreset_node *node)
{
	struct dr_node *n = to_dr(node);
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (n->claim && n->claim->phase == CLAIM_RESET)
		claim_set_worker(n->claim, current);
	spin_unlock_irqrestore(&dr_lock, flags);
}
EXPORT_SYMBOL_GPL(devreset_run_as);

/**
 * devreset_external_begin - the device is about to be reset by others
 * @node: a node of that device
 *
 * For reset_prepare(), error_detected(), pre_reset() and the like. Claims the
 * device's node and stops all below it. Does nothing when the reset is one of
 * the core's own. Each call that succeeds needs its devreset_external_end(), by
 * the same task (one after a call that failed does no harm); the core ends
 * what has not been ended after the reset_timeout_ms of the device's node.
 * A driver that is not told of the end of a recovery that failed (AER) calls
 * devreset_external_end() with an error before the next begin, or its end
 * will be taken for that of a nested one.
 *
 * Context: process, may sleep; bus locks may be held, as callbacks only try
 * those (rule 4).
 * Return: 0; -ETIMEDOUT when a reset of the core's own, or the callback in
 * hand, did not end in time, -EDEADLK when this task has begun one below that
 * device, and not ended: the device was not stopped; -ENODEV.
 */
int devreset_external_begin(struct devreset_node *node)
{
	struct dr_node *n = to_dr(node), *device = get_device_of(n);
	/* To allocate must not wait for I/O to what is quiesced. */
	unsigned int noio = memalloc_noio_save();
	int ret = external_begin(device, n);

	if (ret) {
		dr_warn(n, "not stopped for a reset by others (%d)\n", ret);
		device_suspect(n);
	}
	memalloc_noio_restore(noio);
	dr_put(device);
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_external_begin);

/*
 * This task's reset at @node ends: the external claim's device if it was the last
 * under that, for the caller to finish. *@unseen: it was not known to the core
 * any more, nor is it one of the core's own.
 */
static struct dr_node *external_leave(struct dr_node *node, bool *unseen)
{
	struct dr_node *taken = NULL;
	struct claim *claim;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	claim = node->ext_task == current ? claim_used(node) : NULL;
	*unseen = !claim && !claim_owned(dr_device_of(node));
	if (claim && !--node->ext_depth && !--claim->users && claim_is_external(claim))
		taken = external_take(claim);
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
	return taken;
}

/**
 * devreset_external_end - that reset is over
 * @node: as given to devreset_external_begin()
 * @status: 0, or an errno when the device was not reset
 *
 * Restores and resumes what was stopped, and lets others claim it again.
 *
 * Context: process, may sleep; as devreset_external_begin(). @node is alive, or a
 * reference is held.
 */
void devreset_external_end(struct devreset_node *node, int status)
{
	unsigned int noio = memalloc_noio_save();
	struct dr_node *device;
	bool unseen;

	device = external_leave(to_dr(node), &unseen);
	if (device) {
		if (cancel_delayed_work(&device->ext_expire))
			dr_put(device);
		external_finish(device, status);
	} else if (unseen) {
		device_suspect(to_dr(node));
	}
	memalloc_noio_restore(noio);
}
EXPORT_SYMBOL_GPL(devreset_external_end);

/* The module goes: no task ends what was begun at nodes that are gone. */
void external_exit(void)
{
	struct dr_node *device;

	while ((device = claim_external_left())) {
		WRITE_ONCE(device->ext.expires, jiffies);
		dr_get(device);		/* for external_expired() */
		if (mod_delayed_work(dr_aux_wq, &device->ext_expire, 0))
			dr_put(device);
		flush_delayed_work(&device->ext_expire);
		dr_put(device);
	}
}
