// SPDX-License-Identifier: GPL-2.0
/*
 * Someone else's reset is a reset too (rule 7): sysfs, AER, VFIO, another
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
#include "core.h"
#include <trace/events/devreset.h>

enum shelter {
	SHELTER_NONE,	/* claim it */
	SHELTER_OWN,	/* a reset of our own, or this very reset once more */
	SHELTER_LATE,	/* our own, but this node came after it was claimed */
	SHELTER_OTHER,	/* all is quiesced already, and kept so until the end */
	SHELTER_WAIT,	/* it is being stopped or started just now */
};

/* The claim held over @node, if any. Hold dr_lock. */
static struct claim *held_over(struct dr_node *node)
{
	for (; node; node = node->parent)
		if (node->claim)
			return node->claim;
	return NULL;
}

/* A guest of @held: it does not resume before the guest has left. */
static bool take_in(struct dr_node *device, struct claim *held)
{
	/* One that did not leave an earlier claim never will. */
	if (device->guest_of != held->serial)
		device->guest_depth = 0;
	if (device->guest_depth && device->guest != current)
		return false;
	if (device->guest_depth++)
		return true;
	device->guest = current;
	device->guest_of = held->serial;
	held->foreign++;
	held->sheltered = true;
	return true;
}

static enum shelter shelter_for(struct dr_node *device, struct dr_node *node)
{
	struct claim *held;
	unsigned long flags;
	enum shelter shelter = SHELTER_NONE;

	spin_lock_irqsave(&dr_lock, flags);
	held = held_over(device);
	if (held && held->owner == current) {
		if (held == &held->target->ext)
			held->nested++;
		shelter = list_empty(&node->step) ? SHELTER_LATE : SHELTER_OWN;
	} else if (held && held->phase == CLAIM_RESET && take_in(device, held)) {
		shelter = SHELTER_OTHER;
	} else if (held) {
		shelter = SHELTER_WAIT;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	return shelter;
}

/* Nobody has restored what others did to the device: have all of it looked at. */
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

/*
 * The guest leaves, if @current is one. True: nobody has waited for it, nor is
 * its reset one of the core's own, so nobody has seen to what it has done.
 */
static bool guest_leave(struct dr_node *device)
{
	struct claim *held;
	unsigned long flags;
	bool left, late = false;

	spin_lock_irqsave(&dr_lock, flags);
	held = held_over(device);
	left = device->guest == current && device->guest_depth;
	if (!left)
		late = !held || held->owner != current;
	if (left && !--device->guest_depth) {
		device->guest = NULL;
		/* Not if that claim has given up on it, and this is another. */
		late = !held || held->serial != device->guest_of ||
		       held->phase != CLAIM_RESET;
		if (held && held->serial == device->guest_of)
			held->foreign--;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (left)
		dr_changed();
	return late;
}

/*
 * Where this task's begin has left its mark: the device's node of that time,
 * which need not be that of now.
 */
static struct dr_node *get_begun_at(struct dr_node *node)
{
	struct dr_node *n, *begun = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	/* A claim of its own goes before a stay that it may have never ended. */
	for (n = node; n; n = n->parent)
		if (n->ext.owner == current || (!begun && n->guest == current))
			begun = n;
	if (!begun)
		begun = node;
	dr_get(begun);
	spin_unlock_irqrestore(&dr_lock, flags);
	return begun;
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
 * A driver was bound while our own reset waited for its device's lock: its node
 * takes part from here on.
 */
static void stop_late(struct dr_node *device, struct dr_node *node,
		      unsigned long deadline)
{
	struct claim *held;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	held = held_over(device);
	spin_unlock_irqrestore(&dr_lock, flags);
	/* It is this task's, so it stays. */
	if (held && claim_add(held, node))
		node_quiesce(node, deadline);
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

/* The reset is over, one way or another. Whoever took it does this. */
static void external_finish(struct dr_node *device, int status)
{
	struct claim *claim = &device->ext;
	LIST_HEAD(waiters);

	if (claim_resume(claim, dr_deadline(device)))
		status = -ETIMEDOUT;
	subtree_resume(NULL, claim, status ? -EIO : 0, true, dr_deadline(device));
	look_again(claim, status);
	claim_drop(claim, &waiters);
	waiters_call(&waiters, false, status);
	dr_reap(device);
	dr_put(device);
}

/* Does the phase tell that somebody has to end it? Then the caller will. */
static bool external_take(struct dr_node *device, bool (*mine)(struct claim *claim))
{
	struct claim *claim = &device->ext;
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&dr_lock, flags);
	taken = claim->phase == CLAIM_RESET && !claim->taken && mine(claim);
	claim->taken |= taken;
	if (taken)
		claim->owner = current;
	spin_unlock_irqrestore(&dr_lock, flags);
	return taken;
}

/* This very task began it, and this is the last end for its begins, below too. */
static bool is_last_end(struct claim *claim)
{
	return claim->owner == current && !--claim->nested;
}

/* Not the one that came after the one that the timer was for. */
static bool is_expired(struct claim *claim)
{
	return time_after_eq(jiffies, claim->expires);
}

static bool is_any(struct claim *claim)
{
	return true;
}

/* Rule 5: whoever began it has not ended it. */
static void external_expired(struct work_struct *work)
{
	struct dr_node *device = container_of(to_delayed_work(work),
					      struct dr_node, ext_expire);

	if (external_take(device, is_expired)) {
		dr_err(device, "somebody else's reset does not end\n");
		dr_count(device, STAT_TIMEOUTS);
		external_finish(device, -ETIMEDOUT);
	}
	dr_put(device);
}

void external_init(struct dr_node *node)
{
	claim_init(&node->ext);
	INIT_DELAYED_WORK(&node->ext_expire, external_expired);
}

static void external_disarm(struct dr_node *device)
{
	if (cancel_delayed_work(&device->ext_expire))
		dr_put(device);
}

/* @node is being unregistered: what was begun for it will not be ended. */
void external_abort(struct dr_node *node)
{
	external_disarm(node);
	if (external_take(node, is_any))
		external_finish(node, -ENODEV);
}

/**
 * devreset_external_begin - somebody else is about to reset the device
 * @node: a node of that device
 *
 * For reset_prepare(), error_detected(), pre_reset() and the like. Claims the
 * device's node and stops all below it. Does nothing when the reset is one of
 * the core's own. Each call that succeeds needs its devreset_external_end(), by
 * the same task (one after a call that failed does no harm); the core ends
 * what nobody else has ended after the reset_timeout_ms of the device's node.
 *
 * Context: process, may sleep; bus locks may be held, as callbacks only try
 * those (rule 4).
 * Return: 0; -ETIMEDOUT when a reset of the core's own, or the callback in
 * hand, did not end in time: the device was not stopped; -ENODEV.
 */
int devreset_external_begin(struct devreset_node *node)
{
	struct dr_node *n = to_dr(node), *device = get_device_of(n);
	unsigned long deadline = dr_deadline(device);
	enum shelter shelter;
	int ret = 0;

	wait_event_idle_timeout(dr_wait,
				(shelter = shelter_for(device, n)) != SHELTER_WAIT,
				dr_left(deadline) + 1);
	if (shelter == SHELTER_WAIT)
		ret = -ETIMEDOUT;
	if (shelter == SHELTER_LATE)
		stop_late(device, n, deadline);
	if (ret || shelter == SHELTER_OWN || shelter == SHELTER_LATE)
		goto out;
	dr_count(device, STAT_EXTERNAL);
	if (n != device)
		dr_count(n, STAT_EXTERNAL);
	if (shelter == SHELTER_OTHER)
		goto out;

	device->ext.target = device;
	ret = claim_wait(&device->ext, deadline);
	if (ret)
		goto out;
	dr_get(device);		/* for external_finish() */
	subtree_quiesce(&device->ext, deadline);
	device->ext.nested = 1;
	device->ext.taken = false;
	device->ext.expires = dr_deadline(device);
	claim_stopped(&device->ext);
	dr_get(device);		/* for external_expired() */
	if (!queue_delayed_work(dr_aux_wq, &device->ext_expire,
				dr_left(device->ext.expires)))
		dr_put(device);
	/* The unregistering of the device's n may have missed it. */
	if (READ_ONCE(device->dying))
		external_abort(device);
out:
	if (ret) {
		dr_warn(n, "not stopped for somebody else's reset (%d)\n", ret);
		device_suspect(n);
	}
	dr_put(device);
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_external_begin);

/**
 * devreset_external_end - that reset is over
 * @node: as given to devreset_external_begin()
 * @status: 0, or an errno when the device was not reset
 *
 * Restores and resumes what was stopped, and lets others claim it again.
 *
 * Context: process, may sleep; as devreset_external_begin().
 */
void devreset_external_end(struct devreset_node *node, int status)
{
	struct dr_node *device = get_begun_at(to_dr(node));

	if (external_take(device, is_last_end)) {
		external_disarm(device);
		external_finish(device, status);
	} else if (guest_leave(device)) {
		device_suspect(to_dr(node));
	}
	dr_put(device);
}
EXPORT_SYMBOL_GPL(devreset_external_end);
