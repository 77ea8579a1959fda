// SPDX-License-Identifier: GPL-2.0
/*
 * Claims: who may reset what, now.
 *
 * A reset claims its target's subtree. A claim is refused while any node of
 * the subtree, or any ancestor, is claimed (rule 1). A request is aimed at its
 * target (dr_node.active) from the moment it is made; what is aimed at, or
 * claimed, covers all below it, and requests for that join instead (rule 2).
 *
 * Who holds a claim never waits for another claim, and who waits for one holds
 * none: so there are no cycles.
 *
 * A node that is registered meanwhile may bring a claimed node below another
 * (adopt_all()): both had begun when neither was above the other, and go on so.
 */
#include <linux/devreset.h>
#include <linux/sched.h>
#include "core.h"
#include <trace/events/devreset.h>

/* Sections in which the hardware is touched: claims held, checks running. */
static unsigned int sections;
static bool frozen, frozen_forever, asleep;
static u64 serial;

void claim_init(struct claim *claim)
{
	INIT_LIST_HEAD(&claim->nodes);
	INIT_LIST_HEAD(&claim->waiters);
}

/*
 * The claim or request that covers a reset of @node, or NULL. Hold dr_lock.
 */
struct claim *claim_covering(struct dr_node *node)
{
	lockdep_assert_held(&dr_lock);
	for (; node; node = node->parent) {
		if (node->claim)
			return node->claim;
		if (node->active)
			return node->active;
	}
	return NULL;
}

bool claim_frozen(void)
{
	return READ_ONCE(frozen) || READ_ONCE(frozen_forever);
}

/* From the end of the last reset before a suspend to its end. */
bool claim_asleep(void)
{
	return READ_ONCE(asleep);
}

/*
 * 0, -EBUSY (not yet), -ENODEV (the target has gone). Rule 1: for a request,
 * strict ancestors that are aimed at count like claimed ones, so that a
 * waiting ancestor is not starved. An external reset happens anyway: it only
 * keeps out of what is claimed.
 */
static int claim_try(struct claim *claim)
{
	struct dr_node *target = claim->target, *n;
	bool external = claim == &target->ext;
	unsigned long flags;
	int ret = -EBUSY;

	spin_lock_irqsave(&dr_lock, flags);
	if (target->dying) {
		ret = -ENODEV;
		goto out;
	}
	if (target->claim || target->claims_below || (!external && claim_frozen()))
		goto out;
	for (n = target->parent; n; n = n->parent)
		if (n->claim || (n->active && !external))
			goto out;
	target->claim = claim;
	claim->serial = ++serial;
	claim->sheltered = false;
	claim->foreign = 0;
	claim->owner = current;
	claim->worker = NULL;
	claim->phase = CLAIM_QUIESCE;
	for (n = target->parent; n; n = n->parent)
		n->claims_below++;
	sections++;
	ret = 0;
out:
	spin_unlock_irqrestore(&dr_lock, flags);
	return ret;
}

/* The last node of the first branch: where a walk, children first, begins. */
static struct dr_node *deepest_first(struct dr_node *node)
{
	while (!list_empty(&node->children))
		node = list_first_entry(&node->children, struct dr_node, sibling);
	return node;
}

static void claim_release_nodes(struct claim *claim)
{
	struct dr_node *node;

	for (;;) {
		mutex_lock(&dr_mutex);
		node = list_first_entry_or_null(&claim->nodes, struct dr_node, step);
		if (node)
			list_del_init(&node->step);
		mutex_unlock(&dr_mutex);
		if (!node)
			break;
		dr_put(node);
	}
}

/*
 * List the subtree, children first, the newest first among them. A node is in
 * one claim at a time, so its link is its own; only when a claimed target was
 * unregistered may its former children still be listed in the claim that is
 * about to end: -EBUSY. What is registered below later has not been stopped
 * and is left alone.
 */
static int claim_collect(struct claim *claim)
{
	struct dr_node *n, *target = claim->target;
	int ret = 0;

	mutex_lock(&dr_mutex);
	for (n = deepest_first(target); ; ) {
		if (!list_empty(&n->step)) {
			ret = -EBUSY;
			break;
		}
		list_add_tail(&dr_get(n)->step, &claim->nodes);
		if (n == target)
			break;
		if (list_is_last(&n->sibling, &n->parent->children))
			n = n->parent;
		else
			n = deepest_first(list_next_entry(n, sibling));
	}
	mutex_unlock(&dr_mutex);
	if (ret)
		claim_release_nodes(claim);
	return ret;
}

/* @node joins the subtree that @claim, of this very task, has listed. */
bool claim_add(struct claim *claim, struct dr_node *node)
{
	bool added;

	mutex_lock(&dr_mutex);
	added = list_empty(&node->step);
	if (added)
		list_add(&dr_get(node)->step, &claim->nodes);
	mutex_unlock(&dr_mutex);
	return added;
}

/* What is waited for: the claim, or that it is not needed any more. */
static int claim_or_join(struct claim *claim)
{
	bool external = claim == &claim->target->ext;

	if (!external && READ_ONCE(claim->target->covered) != claim->seen)
		return -EALREADY;
	if (!external && claim_asleep())
		return -ECANCELED;
	return claim_try(claim);
}

/*
 * Claim claim->target's subtree, waiting until @deadline. 0, -ETIMEDOUT,
 * -ENODEV; -ECANCELED for a request when the machine is suspended; -EALREADY
 * for one when a reset from above came first, and covered what this one was to
 * do: whoever waits joins that, and is not starved by it. The caller holds a
 * reference on the target, and ends the claim with claim_drop().
 */
int claim_wait(struct claim *claim, unsigned long deadline)
{
	bool external = claim == &claim->target->ext;
	LIST_HEAD(waiters);
	int ret;

	might_sleep();
	wait_event_idle_timeout(dr_wait, (ret = claim_or_join(claim)) != -EBUSY,
				dr_left(deadline) + 1);
	if (ret == -EBUSY)
		ret = -ETIMEDOUT;
	if (!ret && !dr_wait_for(!claim_collect(claim), dr_left(deadline) + 1)) {
		/* An external one may have been joined meanwhile. */
		claim_drop(claim, external ? &waiters : NULL);
		waiters_call(&waiters, false, -ETIMEDOUT);
		ret = -ETIMEDOUT;
	}
	trace_devreset_claim(claim->target, ret);
	return ret;
}

/* Enter CLAIM_RESET: all has stopped; resets by others find shelter. */
void claim_stopped(struct claim *claim)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	claim->phase = CLAIM_RESET;
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

static bool try_resume(struct claim *claim, bool force)
{
	unsigned long flags;
	bool resume;

	spin_lock_irqsave(&dr_lock, flags);
	resume = force || !claim->foreign;
	if (resume)
		claim->phase = CLAIM_RESUME;
	spin_unlock_irqrestore(&dr_lock, flags);
	return resume;
}

/*
 * Enter CLAIM_RESUME: no shelter is given from then on, and the resets by
 * others that have it now must end first. -ETIMEDOUT when they do not.
 */
int claim_resume(struct claim *claim, unsigned long deadline)
{
	int ret = 0;

	if (!wait_event_idle_timeout(dr_wait, try_resume(claim, false),
				     dr_left(deadline) + 1)) {
		dr_err(claim->target, "somebody else's reset does not end\n");
		try_resume(claim, true);
		ret = -ETIMEDOUT;
	}
	dr_changed();
	return ret;
}

/* Take @node's claim out of the counts above it. Hold dr_lock. */
static void claim_uncount(struct dr_node *node)
{
	struct dr_node *n;

	node->claim = NULL;
	for (n = node->parent; n; n = n->parent)
		n->claims_below--;
}

/*
 * End @claim. @waiters: gets those who joined, in the same moment, so that no
 * one is forgotten; NULL: they stay with the request, which goes on.
 */
void claim_drop(struct claim *claim, struct list_head *waiters)
{
	unsigned long flags;

	claim_release_nodes(claim);
	spin_lock_irqsave(&dr_lock, flags);
	/* Not if the target was unregistered meanwhile. */
	if (claim->target->claim == claim)
		claim_uncount(claim->target);
	if (waiters)
		list_splice_init(&claim->waiters, waiters);
	claim->phase = CLAIM_NONE;
	claim->owner = NULL;
	claim->worker = NULL;
	sections--;
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

/* @node is leaving the tree: nothing is aimed at it any more. */
void claim_forget(struct dr_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (node->claim)
		claim_uncount(node);
	node->active = NULL;
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* A section is what a suspend waits for: -EBUSY once one has begun. */
int section_enter(void)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&dr_lock, flags);
	if (claim_frozen())
		ret = -EBUSY;
	else
		sections++;
	spin_unlock_irqrestore(&dr_lock, flags);
	return ret;
}

void section_leave(void)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	sections--;
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

static bool set_frozen(bool on)
{
	unsigned long flags;
	bool quiet;

	spin_lock_irqsave(&dr_lock, flags);
	frozen = on;
	quiet = !sections;
	spin_unlock_irqrestore(&dr_lock, flags);
	return quiet;
}

/* No reset starts from here on, and none runs when this returns 0. DR12. */
int dr_freeze(unsigned long deadline)
{
	if (wait_event_idle_timeout(dr_wait, set_frozen(true), dr_left(deadline) + 1)) {
		WRITE_ONCE(asleep, true);
		dr_changed();
		return 0;
	}
	dr_thaw();
	return -EBUSY;
}

void dr_thaw(void)
{
	WRITE_ONCE(asleep, false);
	set_frozen(false);
	dr_changed();
}

/* The machine goes down. */
void dr_freeze_forever(void)
{
	WRITE_ONCE(frozen_forever, true);
}
