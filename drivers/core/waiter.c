// SPDX-License-Identifier: GPL-2.0
/*
 * Waiters: completions, and sleeping tasks, that get the result of a request exactly
 * once (DR4): when it is over, when the node at which was asked is unregistered, or on
 * cancellation. Each is listed by claim and by node; the task that takes it out of both
 * calls it.
 */
#include <linux/devreset.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "core.h"

static void wake_sleeper(struct devreset_node *node, void *context, int status)
{
	struct sleeper *sleeper = context;

	sleeper->status = status;
	/* Pairs with the acquire in sleeper_done(): the sleeper is on that task's stack. */
	smp_store_release(&sleeper->done, true);
}

bool waiter_sleeps(const struct waiter *waiter)
{
	return waiter->params.complete == wake_sleeper;
}

void waiter_add(struct waiter *waiter, struct claim *claim)
{
	lockdep_assert_held(&dr_lock);
	dr_get(waiter->node);
	list_add_tail(&waiter->by_claim, &claim->waiters);
	list_add_tail(&waiter->by_node, &waiter->node->waiters);
}

static void waiter_del(struct waiter *waiter)
{
	lockdep_assert_held(&dr_lock);
	list_del_init(&waiter->by_claim);
	list_del_init(&waiter->by_node);
}

/* The completion is about to be called: devreset_cancel() and the node's end wait for it. */
static void waiter_begin(struct waiter *waiter)
{
	lockdep_assert_held(&dr_lock);
	/* A sleeper's memory is gone once it is awake. */
	if (waiter_sleeps(waiter))
		return;
	waiter->task = current;
	list_add(&waiter->by_node, &waiter->node->calls);
}

static void waiter_end(struct waiter *waiter)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_del(&waiter->by_node);
	spin_unlock_irqrestore(&dr_lock, flags);
	kfree(waiter);
}

/* Does this task call a completion at @node just now? Hold dr_lock. */
bool waiter_calls_here(struct dr_node *node)
{
	struct waiter *waiter;

	lockdep_assert_held(&dr_lock);
	list_for_each_entry(waiter, &node->calls, by_node)
		if (waiter->task == current)
			return true;
	return false;
}

/*
 * The task that takes a waiter out of its lists calls it: exactly once (DR4). A
 * completion is a callback into its node like any other: it has the slot.
 */
static bool waiter_take(struct waiter *waiter, bool *slot)
{
	struct dr_node *node = waiter->node;

	lockdep_assert_held(&dr_lock);
	*slot = false;
	if (!waiter_sleeps(waiter) && node->cb_task != current) {
		if (node->cb_task)
			return false;
		slot_take(node);
		*slot = true;
	}
	waiter_del(waiter);
	waiter_begin(waiter);
	return true;
}

static void waiter_call(struct waiter *waiter, bool slot, int status)
{
	struct dr_node *node = waiter->node;
	struct devreset_params params = waiter->params;
	bool sleeps = waiter_sleeps(waiter);

	params.complete(&node->pub, params.context, status);
	/* A sleeper's memory is gone once it is awake. */
	if (!sleeps)
		waiter_end(waiter);
	if (slot)
		node_leave(node);
	dr_put(node);
	dr_changed();
}

/* The first of @waiters that need not be waited for, out of the lists. */
static struct waiter *take_next(struct list_head *waiters, bool by_node, bool *slot)
{
	struct list_head *pos;
	struct waiter *waiter;

	list_for_each(pos, waiters) {
		waiter = by_node ? list_entry(pos, struct waiter, by_node) :
				   list_entry(pos, struct waiter, by_claim);
		if (waiter_take(waiter, slot))
			return waiter;
	}
	return NULL;
}

/* Tells all that need not be waited for. True when there are no others. */
static bool call_some(struct list_head *waiters, bool by_node, int status)
{
	struct waiter *waiter;
	unsigned long flags;
	bool slot, empty;
	int told;

	do {
		spin_lock_irqsave(&dr_lock, flags);
		waiter = take_next(waiters, by_node, &slot);
		/* Rule 3: waiters at a node that goes are told that. */
		told = waiter && waiter->node->dying && !waiter->stays ? -ENODEV : status;
		empty = list_empty(waiters);
		spin_unlock_irqrestore(&dr_lock, flags);
		if (waiter)
			waiter_call(waiter, slot, told);
	} while (waiter);
	return empty;
}

/*
 * @node goes. An operator's waiters stay until the end of the request: the device may
 * come back, and is the same to an operator.
 */
void waiters_stay(struct dr_node *node)
{
	struct waiter *waiter, *next;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry_safe(waiter, next, &node->waiters, by_node)
		if (waiter->stays)
			list_del_init(&waiter->by_node);
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* Tell all of @waiters; as these are callbacks, wait for those in hand. */
void waiters_call(struct list_head *waiters, bool by_node, int status)
{
	dr_wait_for(call_some(waiters, by_node, status), MAX_SCHEDULE_TIMEOUT);
}

void waiter_init(struct waiter *waiter, struct dr_node *node,
		 const struct devreset_params *params)
{
	INIT_LIST_HEAD(&waiter->by_claim);
	INIT_LIST_HEAD(&waiter->by_node);
	waiter->node = node;
	if (params)
		waiter->params = *params;
}

void sleeper_init(struct waiter *waiter, struct sleeper *sleeper, struct dr_node *node)
{
	struct devreset_params params = { wake_sleeper, sleeper };

	*sleeper = (struct sleeper) { };
	waiter_init(waiter, node, &params);
}

static bool sleeper_done(struct sleeper *sleeper)
{
	/* Pairs with the release in wake_sleeper(). */
	return smp_load_acquire(&sleeper->done);
}

/*
 * Wait for the result. A fatal signal ends the wait (-EINTR), not the reset;
 * others, such as a shell's SIGCHLD, do not. So does a suspend (-EBUSY): what
 * has not been reset by then waits for its end, and a task that waits with
 * locks of sysfs held must not be frozen.
 */
int sleeper_wait(struct waiter *waiter, struct sleeper *sleeper)
{
	unsigned long flags;
	bool mine;
	int ret;

	ret = wait_event_killable(dr_wait, sleeper_done(sleeper) || claim_asleep());
	if (sleeper_done(sleeper))
		return sleeper->status;

	spin_lock_irqsave(&dr_lock, flags);
	mine = !list_empty(&waiter->by_claim);
	if (mine)
		waiter_del(waiter);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (mine) {
		dr_put(waiter->node);
		return ret ? -EINTR : -EBUSY;
	}
	/* The completion is in progress: the sleeper must stay valid until it is done. */
	wait_event_idle(dr_wait, sleeper_done(sleeper));
	return sleeper->status;
}

/* Hold dr_lock. */
static struct waiter *find_waiter(struct list_head *waiters,
				  const struct devreset_params *params)
{
	struct waiter *waiter;

	list_for_each_entry(waiter, waiters, by_node)
		if (waiter->params.complete == params->complete &&
		    waiter->params.context == params->context)
			return waiter;
	return NULL;
}

/* Is that completion being called, by another task? */
static bool is_called(struct dr_node *node, const struct devreset_params *params)
{
	struct waiter *waiter;
	unsigned long flags;
	bool called;

	spin_lock_irqsave(&dr_lock, flags);
	waiter = find_waiter(&node->calls, params);
	called = waiter && waiter->task != current;
	spin_unlock_irqrestore(&dr_lock, flags);
	return called;
}

/**
 * devreset_cancel - do not wait for a reset any more
 * @node: the node at which it was asked for
 * @params: as given to devreset_reset()
 *
 * The reset goes on. When this returns, the completion has been called, with
 * -ECANCELED (by this very task, beside whatever callback into @node is in hand) or
 * with the reset's own status, and will not be again.
 *
 * Context: process, may sleep; waits for nothing but the completion, if that is being
 * called.
 * Return: 0; -ENOENT when it was called already, or never asked for.
 * Contract: DR4.
 */
int devreset_cancel(struct devreset_node *node, const struct devreset_params *params)
{
	struct dr_node *n = to_dr(node);
	struct waiter *waiter;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	waiter = find_waiter(&n->waiters, params);
	if (waiter) {
		waiter_del(waiter);
		waiter_begin(waiter);
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (waiter) {
		waiter_call(waiter, false, -ECANCELED);
		return 0;
	}
	wait_event_idle(dr_wait, !is_called(n, params));
	return -ENOENT;
}
EXPORT_SYMBOL_GPL(devreset_cancel);
