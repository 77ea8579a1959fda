// SPDX-License-Identifier: GPL-2.0
/*
 * Claims: the right to reset a subtree.
 *
 * A reset claims its target's subtree. A claim is refused while any node of
 * the subtree, or any ancestor, is claimed (rule 1). A request is aimed at its
 * target (dr_node.active) from the moment it is made; what is aimed at, or
 * claimed, covers all below it, and requests for that join instead (rule 2).
 *
 * A task that holds a claim never waits for another, and one that waits for a claim
 * holds none: so there are no cycles.
 *
 * A node that is registered meanwhile may bring a claimed node below another
 * (adopt_all()): both had begun when neither was above the other, and go on so.
 */
#include <linux/devreset.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include "core.h"
#include <trace/events/devreset.h>

/* Sections in which the hardware is touched: claims held, checks running. */
static unsigned int sections;
static bool frozen, frozen_forever, asleep;
static u64 serial;
/* Claims that are held; dr_lock */
static LIST_HEAD(held);

void claim_init(struct claim *claim)
{
	INIT_LIST_HEAD(&claim->link);
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

/*
 * The claim that this very task holds at @node, above or below it, or NULL: its
 * reset reaches drivers from there. Hold dr_lock.
 */
struct claim *claim_owned(struct dr_node *node)
{
	struct claim *claim;

	lockdep_assert_held(&dr_lock);
	list_for_each_entry(claim, &held, link)
		if ((claim->owner == current || claim->worker == current) &&
		    (dr_is_below(node, claim->target) || dr_is_below(claim->target, node)))
			return claim;
	return NULL;
}

/* @task, or NULL for none, runs the reset that @claim is held for. Hold dr_lock. */
void claim_set_worker(struct claim *claim, struct task_struct *task)
{
	lockdep_assert_held(&dr_lock);
	if (claim->worker)
		put_task_struct(claim->worker);
	claim->worker = task ? get_task_struct(task) : NULL;
}

/* The claim @serial, if it is held. Hold dr_lock. */
struct claim *claim_find(u64 serial)
{
	struct claim *claim;

	lockdep_assert_held(&dr_lock);
	list_for_each_entry(claim, &held, link)
		if (claim->serial == serial)
			return claim;
	return NULL;
}

/* Of a reset that did not come from the core? */
bool claim_is_external(const struct claim *claim)
{
	return claim == &claim->target->ext;
}

/* The target of an external claim that is held, with a reference, or NULL. */
struct dr_node *claim_external_left(void)
{
	struct dr_node *target = NULL;
	struct claim *claim;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(claim, &held, link)
		if (claim_is_external(claim))
			target = claim->target;
	if (target)
		dr_get(target);
	spin_unlock_irqrestore(&dr_lock, flags);
	return target;
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
 * 0, -EBUSY (not yet), -ENODEV (the target has gone), -ECANCELED. Rule 1: for a request,
 * strict ancestors that are aimed at count like claimed ones, so that a
 * waiting ancestor is not starved; and -EALREADY (a reset has reached the target
 * since), -ECANCELED (suspended). An external reset happens anyway: it only
 * keeps out of what is claimed.
 */
int claim_try(struct claim *claim)
{
	struct dr_node *target = claim->target, *n;
	bool external = claim_is_external(claim);
	unsigned long flags;
	int ret = -EBUSY;

	spin_lock_irqsave(&dr_lock, flags);
	/* Under the lock of count_covered(): no reset is missed before the claim is taken. */
	if (!external && target->covered != claim->seen) {
		ret = -EALREADY;
		goto out;
	}
	if (!external && claim_asleep()) {
		ret = -ECANCELED;
		goto out;
	}
	if (target->dying) {
		ret = -ENODEV;
		goto out;
	}
	if (claim->cancelled) {
		ret = -ECANCELED;
		goto out;
	}
	if (target->claim || target->claims_below || (!external && claim_frozen()))
		goto out;
	for (n = target->parent; n; n = n->parent)
		if (n->claim || (n->active && !external))
			goto out;
	target->claim = claim;
	claim->serial = ++serial;
	claim->shared = false;
	claim->users = 0;
	list_add(&claim->link, &held);
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

/* The node of the subtree @root that a walk, children first, comes to after @n. */
static struct dr_node *next_up(struct dr_node *n, struct dr_node *root)
{
	if (n == root)
		return NULL;
	if (list_is_last(&n->sibling, &n->parent->children))
		return n->parent;
	return deepest_first(list_next_entry(n, sibling));
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
	for (n = deepest_first(target); n; n = next_up(n, target)) {
		if (!list_empty(&n->step)) {
			ret = -EBUSY;
			break;
		}
		list_add_tail(&dr_get(n)->step, &claim->nodes);
	}
	mutex_unlock(&dr_mutex);
	if (ret)
		claim_release_nodes(claim);
	return ret;
}

/* First, as the newest, but after what is below it. Hold dr_mutex. */
static void list_late(struct claim *claim, struct dr_node *node)
{
	struct list_head *after = &claim->nodes;
	struct dr_node *n;

	list_for_each_entry_reverse(n, &claim->nodes, step) {
		if (dr_is_below(n, node)) {
			after = &n->step;
			break;
		}
	}
	list_add(&dr_get(node)->step, after);
}

/*
 * May what is listed in @claim still be stopped for it, and more be listed? Its owner
 * walks the list in CLAIM_QUIESCE, and in CLAIM_RESUME the other way. Hold dr_lock.
 */
static bool claim_stops(const struct claim *claim)
{
	return claim && (claim->phase == CLAIM_RESET ||
			 (claim->phase == CLAIM_QUIESCE && claim->owner == current));
}

/* @node is being stopped for the claim @serial, from here on. False: that is too late. */
bool claim_quiesces(u64 serial, struct dr_node *node)
{
	unsigned long flags;
	bool stops;

	spin_lock_irqsave(&dr_lock, flags);
	stops = claim_stops(claim_find(serial));
	if (stops)
		node->quiesced = true;
	spin_unlock_irqrestore(&dr_lock, flags);
	return stops;
}

/*
 * A node at or below @root that was registered after the subtree was listed is
 * added to the claim @serial: children first, one with each call. Returns it, with
 * a reference, or NULL. The caller owns the claim, or uses it.
 */
struct dr_node *claim_add_late(u64 serial, struct dr_node *root)
{
	struct dr_node *n = NULL;
	struct claim *claim;
	unsigned long flags;

	mutex_lock(&dr_mutex);
	spin_lock_irqsave(&dr_lock, flags);
	claim = claim_find(serial);
	if (claim_stops(claim))
		for (n = deepest_first(root); n; n = next_up(n, root))
			if (list_empty(&n->step) && !n->dying)
				break;
	if (n) {
		list_late(claim, n);
		dr_get(n);
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	mutex_unlock(&dr_mutex);
	return n;
}

/*
 * List the subtree of @claim, which the caller has got by claim_try(), until
 * @deadline: -ETIMEDOUT, and the claim is dropped.
 */
int claim_list(struct claim *claim, unsigned long deadline)
{
	LIST_HEAD(waiters);
	int ret = 0;

	if (!dr_wait_for(!claim_collect(claim), dr_left(deadline) + 1)) {
		/* An external one may have been joined meanwhile. */
		claim_drop(claim, claim_is_external(claim) ? &waiters : NULL);
		waiters_call(&waiters, false, -ETIMEDOUT);
		ret = -ETIMEDOUT;
	}
	trace_devreset_claim(claim->target, ret);
	return ret;
}

/*
 * For a request: claim claim->target's subtree, waiting until @deadline. 0,
 * -ETIMEDOUT, -ENODEV; -ECANCELED when it is, or the machine is suspended; -EALREADY when
 * a reset from above came first, and covered what this one was to do: the
 * request joins that, and is not starved by it. The caller holds a reference on
 * the target, and ends the claim with claim_drop().
 */
int claim_wait(struct claim *claim, unsigned long deadline)
{
	int ret;

	might_sleep();
	wait_event_idle_timeout(dr_wait, (ret = claim_try(claim)) != -EBUSY,
				dr_left(deadline) + 1);
	if (!ret)
		return claim_list(claim, deadline);
	if (ret == -EBUSY)
		ret = -ETIMEDOUT;
	trace_devreset_claim(claim->target, ret);
	return ret;
}

/* Enter CLAIM_RESET: all has stopped; resets by others may use the claim. */
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
	resume = force || !claim->users;
	if (resume)
		claim->phase = CLAIM_RESUME;
	spin_unlock_irqrestore(&dr_lock, flags);
	return resume;
}

/*
 * Enter CLAIM_RESUME, for a reset of the core's own: the resets by others that
 * use the claim must end first, and none may from then on. -ETIMEDOUT when they
 * do not.
 */
int claim_resume(struct claim *claim, unsigned long deadline)
{
	int ret = 0;

	if (!wait_event_idle_timeout(dr_wait, try_resume(claim, false),
				     dr_left(deadline) + 1)) {
		dr_err(claim->target, "a reset by others does not end\n");
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
 * End @claim. @waiters: gets the waiters that joined, under the same lock, so that
 * none is forgotten; NULL: they stay with the request, which goes on.
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
	list_del_init(&claim->link);
	claim->phase = CLAIM_NONE;
	claim->owner = NULL;
	claim_set_worker(claim, NULL);
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
