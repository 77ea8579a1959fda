// SPDX-License-Identifier: GPL-2.0
/*
 * One reset of one node, with its subtree claimed:
 *
 *	quiesce, children first -> reset -> restore and resume, parents first
 *	-> check
 *
 * No lock is held (rule 6). Each callback is entered for itself, so that any
 * node can be unregistered between any two of them (rule 3).
 */
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include "core.h"
#include <trace/events/devreset.h>

/*
 * Stop @node for the claim @serial, unless that has begun to resume by now. Within its
 * slot: no check runs on a quiesced node, and resume_one() comes before or after.
 */
static void node_quiesce(struct dr_node *node, u64 serial, unsigned long deadline)
{
	int ret = node_enter(node, deadline);

	if (ret == -ENODEV)
		return;
	if (!claim_quiesces(serial, node)) {
		if (!ret)
			node_leave(node);
		return;
	}
	if (!ret) {
		if (node->ops->quiesce)
			ret = node->ops->quiesce(&node->pub);
		node_leave(node);
	}
	/* DR11: it does not stop the others; its resume is told. */
	node->lost = ret;
	dr_count(node, STAT_QUIESCED);
	trace_devreset_quiesce(node, ret);
	if (ret)
		dr_warn(node, "not stopped before the reset (%d)\n", ret);
}

void subtree_quiesce(struct claim *claim, unsigned long deadline)
{
	struct dr_node *node;

	list_for_each_entry(node, &claim->nodes, step)
		node_quiesce(node, claim->serial, deadline);
}

/* What was registered at or below @root since that was claimed, see claim_add_late(). */
void subtree_quiesce_late(u64 serial, struct dr_node *root, unsigned long deadline)
{
	struct dr_node *node;

	while ((node = claim_add_late(serial, root))) {
		node_quiesce(node, serial, deadline);
		dr_put(node);
	}
}

static void restore_one(struct dr_node *node, unsigned long deadline)
{
	int ret;

	ret = node_enter(node, deadline);
	if (ret == -ENODEV)
		return;
	if (!ret) {
		if (node->ops->restore)
			ret = node->ops->restore(&node->pub);
		node_leave(node);
	}
	if (ret)
		node->lost = true;
	trace_devreset_restore(node, ret);
	if (ret)
		dr_warn(node, "not restored after the reset (%d)\n", ret);
}

static void resume_one(struct dr_node *node, int status, unsigned long deadline)
{
	int ret, entered;

	entered = node_enter(node, deadline);
	if (entered == -ENODEV)
		return;
	if (!node->quiesced) {
		if (!entered)
			node_leave(node);
		return;
	}
	if (node->lost)
		status = -EIO;
	ret = entered;
	node->quiesced = false;
	/* What was outstanding before says nothing about the device now. */
	devreset_progress(&node->pub);
	if (!ret && node->ops->resume)
		ret = node->ops->resume(&node->pub, status);
	/* Within the slot, like the above: the next check is told. */
	WRITE_ONCE(node->unsound, ret);
	if (!entered)
		node_leave(node);
	trace_devreset_resume(node, status, ret);
	if (ret) {
		dr_warn(node, "not resumed after the reset (%d)\n", ret);
		node_suspect(node);
	}
}

/* All of the subtree was reset. */
static void count_covered(struct claim *claim)
{
	struct dr_node *node;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(node, &claim->nodes, step) {
		WRITE_ONCE(node->covered, node->covered + 1);
		strscpy(node->covered_by, dr_name(claim->target),
			sizeof(node->covered_by));
		node->covered_scope = dr_relative_scope(node, claim->target);
		node->covered_rung = dr_rungs_between(node, claim->target);
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

/*
 * Restore (unless the reset failed, @status) and resume, parents first. All
 * are restored before the first is resumed. Each step has time of its own: a
 * slow one is no reason to skip the next. @req: NULL for a reset by others.
 */
void subtree_resume(struct request *req, struct claim *claim, int status,
		    bool restore_target)
{
	unsigned long deadline = dr_deadline(claim->target);
	struct dr_node *node;

	phase_begin(claim->target, PHASE_RESTORE);
	if (!status)
		list_for_each_entry_reverse(node, &claim->nodes, step)
			if (node != claim->target || restore_target)
				restore_one(node, deadline);
	phase_end(req, claim->target, PHASE_RESTORE);
	phase_begin(claim->target, PHASE_RESUME);
	deadline = dr_deadline(claim->target);
	list_for_each_entry_reverse(node, &claim->nodes, step)
		resume_one(node, status, deadline);
	phase_end(req, claim->target, PHASE_RESUME);
	if (!status)
		count_covered(claim);
}

/*
 * We have reset nothing: all go on where quiesce stopped them. But for those
 * that could not go on the last time, nor if others have reset something.
 */
static void subtree_go_on(struct claim *claim)
{
	unsigned long deadline = dr_deadline(claim->target);
	struct dr_node *node;

	list_for_each_entry_reverse(node, &claim->nodes, step) {
		resume_one(node, claim->shared || node->unsound ? -EIO : 0, deadline);
		if (claim->shared)
			node_suspect(node);
	}
}

/*
 * Ask @node whether it works. 0 also when it has no way to tell; -EIO also when
 * it was not resumed; -EAGAIN when it cannot be checked now: the driver says so,
 * or it is quiesced for a reset.
 */
static int node_check(struct dr_node *node, const char **reason, unsigned long deadline)
{
	int ret;

	ret = node_enter(node, deadline);
	if (ret == -ENODEV)
		return 0;
	if (!ret) {
		if (node->quiesced)
			ret = -EAGAIN;
		else if (node->ops->check)
			ret = node->ops->check(&node->pub, reason);
		if ((!ret || ret == -EAGAIN) && node->unsound && !node->quiesced) {
			*reason = "not resumed";
			ret = -EIO;
		}
		node_leave(node);
	}
	trace_devreset_check(node, ret);
	return ret;
}

/*
 * The same, and again until @deadline while the driver cannot check it now. Not while
 * a reset by others waits for the claim: it may hold the lock that the check needs.
 */
static int node_check_again(struct dr_node *node, const char **reason,
			    unsigned long deadline)
{
	unsigned long backoff = 0;
	int ret;

	do {
		ret = node_check(node, reason, deadline);
	} while (ret == -EAGAIN && !READ_ONCE(node->quiesced) && !external_waits(node) &&
		 !dr_back_off(&backoff, deadline, READ_ONCE(node->dying)));
	return ret;
}

/*
 * The same without a claim, once or (@again) until the deadline of a reset. -EAGAIN also
 * when a suspend has begun.
 */
int node_check_unclaimed(struct dr_node *node, const char **reason, bool again)
{
	int ret;

	if (section_enter())
		return -EAGAIN;
	ret = again ? node_check_again(node, reason, dr_deadline(node)) :
		      node_check(node, reason, dr_deadline(node));
	section_leave();
	return ret;
}

/* Nothing could be found wrong with @node, as it could not be checked: later, then. */
void node_unverified(struct dr_node *node)
{
	dr_warn(node, "reset, but not verified: it cannot be checked now\n");
	node_suspect(node);
}

/* Is @node of the device of @origin? What is below it, and between it and the target. */
static bool is_ours(struct dr_node *node, struct dr_node *origin)
{
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&dr_lock, flags);
	ours = dr_is_below(node, origin) || dr_is_below(origin, node);
	spin_unlock_irqrestore(&dr_lock, flags);
	return ours;
}

/*
 * Does the device of @origin work? The others are looked at too, for their own
 * sake. A success is what was checked, or is said not to have been.
 */
static int subtree_check(struct claim *claim, struct dr_node *origin,
			 unsigned long deadline)
{
	struct dr_node *node;
	int ret, result = 0;
	unsigned long flags;

	list_for_each_entry_reverse(node, &claim->nodes, step) {
		bool ours = is_ours(node, origin);
		const char *reason;

		/* One that may still be in its resume would only be waited for. */
		if (node->unsound)
			ret = -EIO;
		else if (ours)
			ret = node_check_again(node, &reason, deadline);
		else
			ret = node_check(node, &reason, deadline);
		if (!ret) {
			spin_lock_irqsave(&dr_lock, flags);
			dr_set_hung(node, false);
			spin_unlock_irqrestore(&dr_lock, flags);
		} else if (!ours) {
			node_suspect(node);
		} else if (ret == -EAGAIN) {
			node_unverified(node);
		} else {
			result = ret;
		}
	}
	return result;
}

static bool gone(struct attempt *a)
{
	return READ_ONCE(a->origin->dying) || READ_ONCE(a->target->dying);
}

static bool pending_over(struct dr_node *node, u32 gen, int *result)
{
	unsigned long flags;
	bool over = true;

	spin_lock_irqsave(&dr_lock, flags);
	if (node->completed == gen)
		*result = node->result;
	else if (node->dying)
		*result = -ENODEV;
	else
		over = false;
	spin_unlock_irqrestore(&dr_lock, flags);
	return over;
}

/* From here on devreset_complete() for that attempt is late (rule 5). */
static void pending_forget(struct dr_node *node, u32 gen, int *result)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	node->pending = 0;
	if (node->completed == gen)
		*result = node->result;
	spin_unlock_irqrestore(&dr_lock, flags);
}

static u32 pending_begin(struct attempt *a)
{
	struct dr_node *node = a->target;
	unsigned long flags;
	u32 gen;

	spin_lock_irqsave(&dr_lock, flags);
	if (!++node->gen)
		node->gen = 1;
	gen = node->gen;
	node->pending = gen;
	/* That of a try that has ended */
	claim_set_worker(a->claim, NULL);
	spin_unlock_irqrestore(&dr_lock, flags);
	return gen;
}

/* -EAGAIN, -EOPNOTSUPP and -EBUSY from a reset mean that nothing was touched. */
static bool refused(int status)
{
	return status == -EAGAIN || status == -EOPNOTSUPP || status == -EBUSY ||
	       status == -ENOTTY;
}

/*
 * Wait for the completion of attempt @gen. A driver that is bound anew, and what is
 * enumerated for it, has as long as a device may take to come back.
 */
static void await_completion(struct dr_node *node, u32 gen, int *result,
			     unsigned long deadline)
{
	unsigned long limit = jiffies + msecs_to_jiffies(READ_ONCE(node->policy.return_ms));

	wait_event_idle_timeout(dr_wait, pending_over(node, gen, result),
				dr_left(deadline) + 1);
	if (READ_ONCE(node->used) == DEVRESET_METHOD_REBIND)
		wait_event_idle_timeout(dr_wait, pending_over(node, gen, result),
					dr_left(limit) + 1);
}

/* Attempt @gen goes on after its deadline, in what devreset_run_as() was called from. */
static void report_worker(struct attempt *a, u32 gen)
{
	struct task_struct *task = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (a->target->completed != gen && a->claim->worker)
		task = get_task_struct(a->claim->worker);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!task)
		return;
	dr_warn(a->target, "the reset goes on after its deadline, in %s[%d]:\n",
		task->comm, task_pid_nr(task));
	sched_show_task(task);
	put_task_struct(task);
}

/* Call ops->reset once, and wait for its completion if it says so (ND1). */
static int reset_once(struct attempt *a, unsigned long deadline)
{
	int ret, result = -ETIMEDOUT;
	struct dr_node *node = a->target;
	u32 gen;

	ret = node_enter(node, deadline);
	if (ret)
		return ret;
	gen = pending_begin(a);
	ret = node->ops->reset(&node->pub, gen);
	node_leave(node);
	a->touched = !refused(ret);
	if (ret == -EINPROGRESS) {
		await_completion(node, gen, &result, deadline);
		report_worker(a, gen);
	}
	pending_forget(node, gen, &result);
	if (ret == -EINPROGRESS) {
		ret = result;
		a->touched = !refused(ret);
	}
	return ret;
}

/*
 * Ask ops->may_reset, once. -EAGAIN: a lock was busy. Its holder may be waiting for
 * the claim (rule 7): ask again without it, or in CLAIM_RESET.
 */
static int may_reset_now(struct attempt *a, unsigned long deadline)
{
	struct dr_node *node = a->target;
	int ret = node_enter(node, deadline);

	if (ret)
		return ret;
	if (node->ops->may_reset)
		ret = node->ops->may_reset(&node->pub, a->how.flags);
	node_leave(node);
	return ret;
}

/*
 * Rule 4: a busy lock is tried again until the deadline, or the end of a node.
 * Its holder may have changed what may be reset, or have bound a driver: asked
 * again, too, and stopped. -EAGAIN: the holder waits for a claim above ours
 * (rule 7), so let go of ours.
 */
static int reset_or_back_off(struct attempt *a, unsigned long deadline)
{
	unsigned long backoff = 0;
	int ret;

	for (;;) {
		subtree_quiesce_late(a->claim->serial, a->target, deadline);
		ret = reset_once(a, deadline);
		if (ret != -EAGAIN)
			return ret;
		do {
			if (external_waits_above(a->target))
				return -EAGAIN;
			ret = dr_back_off(&backoff, deadline, gone(a));
			if (!ret)
				ret = may_reset_now(a, deadline);
		} while (ret == -EAGAIN);
		if (ret)
			return ret;
	}
}

static int account(struct attempt *a, int ret)
{
	struct dr_node *target = a->target;

	if (ret == -ENOTTY)
		ret = -EOPNOTSUPP;
	if (ret > 0) {
		a->flags = ret & DEVRESET_RESULT_FLAGS;
		ret = 0;
	}
	if (a->touched)
		dr_count(target, STAT_ATTEMPTS);
	if (ret == -ETIMEDOUT)
		dr_count(target, STAT_TIMEOUTS);
	if (a->flags & DEVRESET_SOFT_ERROR) {
		dr_count(target, STAT_SOFT_ERRORS);
		dr_warn(target, "reset, with soft errors\n");
	}
	if (ret && a->touched && ret != -EALREADY)
		dr_err(target, "reset failed (%d)\n", ret);
	trace_devreset_reset(target, ret, a->flags);
	return ret;
}

/*
 * Reset a->target, once. The caller has claimed it. 0: reset, resumed and
 * checked. Else an errno, with a->touched false if nothing was touched at all;
 * -EAGAIN: a lock was busy, let go of the claim and come again.
 */
int attempt_run(struct attempt *a)
{
	struct claim *claim = a->claim;
	int ret;

	a->touched = false;
	a->flags = 0;
	/* Read by may_reset and reset of this attempt, which the claim is held for. */
	a->target->attempt = a->how;
	a->target->used = DEVRESET_METHOD_NONE;
	a->target->used_more = false;
	ret = may_reset_now(a, dr_deadline(a->target));
	if (!ret && gone(a))
		ret = -ENODEV;
	if (ret)
		return ret;

	/* Each step has time of its own: a slow one leaves the next its own (DR11). */
	phase_begin(a->target, PHASE_QUIESCE);
	subtree_quiesce(claim, dr_deadline(a->target));
	claim_stopped(claim);
	phase_end(a->req, a->target, PHASE_QUIESCE);
	phase_begin(a->target, PHASE_RESET);
	ret = account(a, reset_or_back_off(a, dr_deadline(a->target)));
	phase_end(a->req, a->target, PHASE_RESET);
	if (claim_resume(claim, dr_deadline(a->target)))
		ret = -ETIMEDOUT;

	if (!a->touched || ret == -EALREADY)
		subtree_go_on(claim);
	else
		subtree_resume(a->req, claim, ret ? -EIO : 0, a->flags & DEVRESET_RESTORE);
	if (ret)
		return ret;
	phase_begin(a->target, PHASE_CHECK);
	ret = subtree_check(claim, a->origin, dr_deadline(a->target));
	phase_end(a->req, a->target, PHASE_CHECK);
	return ret;
}

/**
 * devreset_attempt - what the reset is made for
 * @node: the node
 *
 * Context: from @node's own may_reset (without DEVRESET_MAY_ASK) and reset only.
 * Return: flags, step and method of the attempt in hand.
 * Contract: DR14.
 */
const struct devreset_attempt *devreset_attempt(const struct devreset_node *node)
{
	return &container_of(node, struct dr_node, pub)->attempt;
}
EXPORT_SYMBOL_GPL(devreset_attempt);

/**
 * devreset_used - say how a reset was made
 * @node: the node
 * @method: for last/method
 * @more: a more invasive method is possible here: the next attempt, or a hang in
 *	probation, goes on with that before the ladder climbs
 *
 * Context: any, from ops->reset until that attempt's devreset_complete().
 * Contract: DR14, DR15.
 */
void devreset_used(struct devreset_node *node, enum devreset_method method, bool more)
{
	struct dr_node *n = to_dr(node);

	WRITE_ONCE(n->used, method);
	WRITE_ONCE(n->used_more, more);
}
EXPORT_SYMBOL_GPL(devreset_used);

/**
 * devreset_complete - end a reset that was left in progress
 * @node: the node
 * @gen: the attempt, as given to ops->reset
 * @status: 0 or an errno
 * @flags: DEVRESET_RESTORE, DEVRESET_SOFT_ERROR
 *
 * For a driver whose ops->reset returned, or is about to return, -EINPROGRESS.
 *
 * Context: any, hard interrupts included. @node must be alive: between
 * devreset_register() and devreset_unregister(), or a reference is held.
 * Return: 0; -ESTALE when it comes too late (the deadline has passed, a new
 * attempt has begun, the node has gone), which is no error of the driver's;
 * -EALREADY when that attempt was completed already, -EINVAL when there never
 * was one or @flags or @status are none: driver bugs.
 * Contract: ND1, ND2.
 */
int devreset_complete(struct devreset_node *node, u32 gen, int status,
		      unsigned int flags)
{
	struct dr_node *n = to_dr(node);
	unsigned long irq;
	int ret = 0;

	if (WARN_ONCE(status > 0 || status == -EINPROGRESS || status == -EAGAIN ||
		      flags & ~DEVRESET_RESULT_FLAGS,
		      "devreset: %s completed with nonsense\n", dr_name(n)))
		return -EINVAL;

	spin_lock_irqsave(&dr_lock, irq);
	if (gen && gen == n->completed) {
		ret = -EALREADY;
	} else if (gen && gen == n->pending) {
		n->completed = gen;
		n->result = status ?: (int)flags;
	} else if (!gen || (s32)(gen - n->gen) > 0) {
		ret = -EINVAL;
	} else {
		ret = -ESTALE;
	}
	spin_unlock_irqrestore(&dr_lock, irq);
	dr_changed();
	WARN_ONCE(ret == -EALREADY || ret == -EINVAL,
		  "devreset: %s completed %s\n", dr_name(n),
		  ret == -EALREADY ? "twice" : "without a reset");
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_complete);
