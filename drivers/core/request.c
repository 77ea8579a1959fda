// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: one reset, or the ladder, asked for at a node.
 *
 * A request is aimed at its target when it is made, in any context, and run by
 * a worker. What covers it already takes it in (rule 2). Its waiters are told
 * when it is over, or when the node at which they asked is unregistered.
 */
#include <linux/devreset.h>
#include <linux/freezer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "core.h"
#include <trace/events/devreset.h>

static void request_work(struct work_struct *work);

static void request_init(struct request *req, struct dr_node *origin)
{
	INIT_WORK(&req->work, request_work);
	claim_init(&req->claim);
	req->origin = origin;
}

void request_init_node(struct dr_node *node)
{
	request_init(&node->recovery, node);
	node->recovery.embedded = true;
}

/* --- waiters ---------------------------------------------------------------- */

/* Someone who waits right here */
struct sleeper {
	bool done;
	int status;
};

static void wake_sleeper(struct devreset_node *node, void *context, int status)
{
	struct sleeper *sleeper = context;

	sleeper->status = status;
	/* Pairs with the acquire of who sleeps: the sleeper is on its stack. */
	smp_store_release(&sleeper->done, true);
}

static bool is_sleeper(const struct waiter *waiter)
{
	return waiter->params.complete == wake_sleeper;
}

static void waiter_add(struct waiter *waiter, struct claim *claim)
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

/*
 * Who takes a waiter out of its lists calls it: exactly once (DR4). A
 * completion is a callback into its node like any other: it has the slot.
 */
static bool waiter_take(struct waiter *waiter, bool *slot)
{
	struct dr_node *node = waiter->node;

	lockdep_assert_held(&dr_lock);
	*slot = false;
	if (!is_sleeper(waiter) && node->cb_task != current) {
		if (node->cb_task)
			return false;
		node->cb_task = current;
		*slot = true;
	}
	waiter_del(waiter);
	return true;
}

static void waiter_call(struct waiter *waiter, bool slot, int status)
{
	struct dr_node *node = waiter->node;
	struct devreset_params params = waiter->params;

	if (is_sleeper(waiter)) {
		/* Its memory is gone once it is awake. */
		params.complete(&node->pub, params.context, status);
	} else {
		kfree(waiter);
		params.complete(&node->pub, params.context, status);
		if (slot)
			node_leave(node);
	}
	dr_put(node);
	dr_changed();
}

/* Tells waiters until there is none (true), or one has to be waited for. */
static bool call_some(struct list_head *waiters, bool by_node, int status)
{
	struct waiter *waiter;
	unsigned long flags;
	bool slot, ours;

	for (;;) {
		spin_lock_irqsave(&dr_lock, flags);
		if (list_empty(waiters))
			break;
		waiter = by_node ?
			list_first_entry(waiters, struct waiter, by_node) :
			list_first_entry(waiters, struct waiter, by_claim);
		ours = waiter_take(waiter, &slot);
		spin_unlock_irqrestore(&dr_lock, flags);
		if (!ours)
			return false;
		waiter_call(waiter, slot, status);
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	return true;
}

/* Tell all of @waiters; as these are callbacks, wait for those in hand. */
void waiters_call(struct list_head *waiters, bool by_node, int status)
{
	dr_wait_for(call_some(waiters, by_node, status), MAX_SCHEDULE_TIMEOUT);
}

/* --- aiming ------------------------------------------------------------------ */

/* Aim @claim at @target, unless that is covered. Hold dr_lock. */
static bool aim(struct claim *claim, struct dr_node *target)
{
	lockdep_assert_held(&dr_lock);
	if (target && claim_covering(target))
		return false;
	if (claim->target) {
		if (claim->target->active == claim)
			claim->target->active = NULL;
	}
	claim->target = target;
	if (target) {
		dr_get(target);
		target->active = claim;
	}
	return true;
}

/* The rung above the one that @req is aimed at. Hold dr_lock. */
static struct dr_node *rung_above(struct request *req)
{
	struct dr_node *here = req->claim.target, *n;

	if (!here)
		return NULL;
	if (here->parent)
		return dr_rung(here->parent);
	if (!here->dying)
		return NULL;
	/* It has left the tree: what is above where it was. */
	for (n = dr_rung(req->origin); n; n = dr_rung(n->parent))
		if (dr_relative_scope(req->origin, n) >= req->done_scope)
			return n;
	return NULL;
}

/* Take @req in, or let it join. Hold dr_lock. 0, or why not. */
static int request_admit(struct request *req, struct waiter *waiter)
{
	struct dr_node *origin = req->origin, *target;
	struct claim *cover;

	if (origin->dying)
		return -ENODEV;
	if (!req->automatic && claim_frozen())
		return -EBUSY;
	target = req->scope == DEVRESET_MEMBER ? dr_rung(origin) :
						 dr_by_scope(origin, req->scope);
	dr_count(origin, STAT_REQUESTS);
	cover = target ? claim_covering(target) : NULL;
	if (cover) {
		dr_count(origin, STAT_JOINED);
		if (!waiter || is_sleeper(waiter))
			return -EALREADY;
		waiter_add(waiter, cover);
		return -EINPROGRESS;
	}
	aim(&req->claim, target);
	if (waiter)
		waiter_add(waiter, &req->claim);
	if (!origin->requests++)
		origin->settled = origin->hist.state;
	policy_begin(&req->ladder, &origin->hist);
	dr_set_state(origin, DEVRESET_RECOVERING);
	dr_get(origin);
	return 0;
}

static struct request *request_alloc(struct dr_node *origin, enum devreset_scope scope,
				     const char *reason)
{
	struct request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	request_init(req, origin);
	req->scope = scope;
	strscpy(req->reason, reason, sizeof(req->reason));
	return req;
}

static int request_start(struct dr_node *origin, enum devreset_scope scope,
			 const char *reason, struct waiter *waiter)
{
	struct request *req = request_alloc(origin, scope, reason);
	unsigned long flags;
	int ret;

	if (!req)
		return -ENOMEM;
	spin_lock_irqsave(&dr_lock, flags);
	ret = request_admit(req, waiter);
	spin_unlock_irqrestore(&dr_lock, flags);
	trace_devreset_request(origin, scope, ret, req->reason);
	if (ret)
		kfree(req);
	else
		queue_work(dr_wq, &req->work);
	return ret;
}

/*
 * Ask for one reset of @scope (DEVRESET_MEMBER: for the ladder) and have
 * @params called with the result. 0: it will be.
 */
int request_reset(struct dr_node *origin, enum devreset_scope scope,
		  const char *reason, const struct devreset_params *params)
{
	struct waiter *waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	int ret;

	if (!waiter)
		return -ENOMEM;
	waiter->node = origin;
	waiter->params = *params;
	ret = request_start(origin, scope, reason, waiter);
	if (ret == -EINPROGRESS)
		return 0;
	if (ret)
		kfree(waiter);
	return ret;
}

/* The same, and wait. A signal ends the wait (-EINTR), not the reset. */
int request_and_wait(struct dr_node *origin, enum devreset_scope scope,
		     const char *reason)
{
	struct sleeper sleeper = { };
	struct waiter waiter = {
		.node = origin,
		.params = { wake_sleeper, &sleeper },
	};
	unsigned long flags;
	bool mine;
	int ret;

	ret = request_start(origin, scope, reason, &waiter);
	if (ret)
		return ret;
	/* Freezable: a suspend must not wait for a ladder that waits for it. */
	ret = wait_event_freezable(dr_wait, smp_load_acquire(&sleeper.done));
	if (!ret)
		return sleeper.status;

	spin_lock_irqsave(&dr_lock, flags);
	mine = !list_empty(&waiter.by_node);
	if (mine)
		waiter_del(&waiter);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!mine) {
		wait_event_idle(dr_wait, smp_load_acquire(&sleeper.done));
		return sleeper.status;
	}
	dr_put(origin);
	return -EINTR;
}

/* Hold dr_lock. 0: queue it. */
static int recover_admit(struct dr_node *node, const char *reason)
{
	struct request *req = &node->recovery;
	enum verdict verdict;

	if (node->dying)
		return -ENODEV;
	if (!node->hung) {
		node->hung = true;
		dr_count(node, STAT_HANGS);
	}
	if (node->recovery_queued)
		return -EALREADY;
	if (dr_rung(node) && claim_covering(dr_rung(node))) {
		dr_count(node, STAT_REQUESTS);
		dr_count(node, STAT_JOINED);
		return -EALREADY;
	}
	verdict = policy_hang(&node->policy, &node->hist, ktime_to_ms(ktime_get()));
	if (verdict == VERDICT_IGNORE)
		return node->hist.state == DEVRESET_FAILED ? -EIO :
		       node->policy.automatic ? -EALREADY : -EPERM;

	req->scope = DEVRESET_MEMBER;
	req->automatic = true;
	req->limited = verdict == VERDICT_FAIL;
	strscpy(req->reason, reason ?: "unspecified", sizeof(req->reason));
	node->recovery_queued = true;
	return request_admit(req, NULL);
}

/* A hang of @node was detected. Any context. */
int request_recover(struct dr_node *node, const char *reason)
{
	unsigned long flags;
	bool news;
	int ret;

	spin_lock_irqsave(&dr_lock, flags);
	news = !node->hung;
	ret = recover_admit(node, reason);
	spin_unlock_irqrestore(&dr_lock, flags);
	trace_devreset_request(node, DEVRESET_MEMBER, ret, reason ?: "unspecified");
	if (!ret)
		queue_work(dr_wq, &node->recovery.work);
	if (news && ret != -ENODEV)
		dev_warn(&node->dev, "hang: %s\n", reason ?: "unspecified");
	return ret;
}

/* --- running ------------------------------------------------------------------ */

static bool origin_gone(struct request *req)
{
	return READ_ONCE(req->origin->dying);
}

/* A failed node that works again after somebody asked for a reset is back. */
static void revive(struct request *req)
{
	struct dr_node *node;
	unsigned long flags;
	bool back;

	list_for_each_entry(node, &req->claim.nodes, step) {
		spin_lock_irqsave(&dr_lock, flags);
		back = !node->hung && node->hist.state == DEVRESET_FAILED;
		if (back) {
			dr_set_state(node, DEVRESET_RECOVERING);
			dr_set_state(node, DEVRESET_HEALTHY);
			node->hist.recoveries = 0;
		}
		spin_unlock_irqrestore(&dr_lock, flags);
		if (back)
			dr_state_changed(node);
	}
}

/* Claim what @req is aimed at and reset it once. @touched: see attempt_run(). */
static int run_attempt(struct request *req, bool *touched)
{
	struct claim *claim = &req->claim;
	struct attempt attempt = {
		.origin = req->origin,
		.target = claim->target,
		.claim = claim,
		.automatic = req->automatic,
	};
	unsigned long flags;
	int ret;

	*touched = false;
	if (req->scope == DEVRESET_MEMBER)
		wait_event_idle(dr_wait, !claim_frozen() || origin_gone(req));
	if (origin_gone(req))
		return -ENODEV;
	ret = claim_wait(claim, dr_deadline(claim->target));
	if (ret)
		return ret;
	if (req->scope == DEVRESET_MEMBER && !req->dumped) {
		req->dumped = true;
		dr_dump(req->origin, dr_deadline(claim->target));
	}
	ret = attempt_run(&attempt);
	*touched = attempt.touched;
	if (attempt.touched) {
		req->attempts++;
		spin_lock_irqsave(&dr_lock, flags);
		req->done_scope = dr_relative_scope(req->origin, claim->target);
		spin_unlock_irqrestore(&dr_lock, flags);
	}
	if (!ret) {
		strscpy(req->cured_by, dr_name(claim->target), sizeof(req->cured_by));
		if (!req->automatic)
			revive(req);
	}
	claim_drop(claim);
	return ret;
}

static int run_once(struct request *req)
{
	bool touched;

	return req->claim.target ? run_attempt(req, &touched) : -EOPNOTSUPP;
}

/* Has somebody else's reset, since @seen, cured it? */
static bool cured_meanwhile(struct request *req, unsigned int seen)
{
	struct dr_node *origin = req->origin;
	const char *reason;
	unsigned long flags;

	if (READ_ONCE(origin->covered) == seen || claim_frozen() ||
	    node_check(origin, &reason, dr_deadline(origin)))
		return false;
	spin_lock_irqsave(&dr_lock, flags);
	strscpy(req->cured_by, origin->covered_by, sizeof(req->cured_by));
	spin_unlock_irqrestore(&dr_lock, flags);
	return true;
}

static enum ladder_event ladder_attempt(struct request *req, int *status)
{
	bool touched;
	int ret = run_attempt(req, &touched);

	/* What was tried says more than what could not be. */
	if (touched || !req->touched)
		*status = ret;
	req->touched |= touched;
	if (origin_gone(req))
		return LADDER_GONE;
	if (!ret)
		return LADDER_CURED;
	return touched || ret == -ETIMEDOUT ? LADDER_NOT_CURED : LADDER_REFUSED;
}

static enum ladder_event ladder_wait(struct request *req, u32 ms)
{
	unsigned int seen = READ_ONCE(req->origin->covered);

	wait_event_idle_timeout(dr_wait, origin_gone(req) ||
				READ_ONCE(req->origin->covered) != seen,
				msecs_to_jiffies(ms));
	if (origin_gone(req))
		return LADDER_GONE;
	return cured_meanwhile(req, seen) ? LADDER_CURED : LADDER_WAITED;
}

static bool try_climb(struct request *req)
{
	unsigned long flags;
	bool climbed;

	spin_lock_irqsave(&dr_lock, flags);
	climbed = aim(&req->claim, rung_above(req));
	spin_unlock_irqrestore(&dr_lock, flags);
	return climbed;
}

/*
 * Aim at the next rung. If that is covered, what covers it will reset it: wait
 * for that. It has deadlines of its own, so this needs none.
 */
static enum ladder_event ladder_climb(struct request *req)
{
	unsigned int seen = READ_ONCE(req->origin->covered);
	struct dr_node *old = req->claim.target;

	dr_count(req->origin, STAT_ESCALATIONS);
	wait_event_idle(dr_wait, try_climb(req) || origin_gone(req));
	if (req->claim.target != old) {
		dr_reap(old);
		dr_put(old);
	}
	if (origin_gone(req))
		return LADDER_GONE;
	return cured_meanwhile(req, seen) ? LADDER_CURED : LADDER_ARRIVED;
}

static void fill_rung(struct request *req, struct dr_node *node, struct rung *rung)
{
	*rung = (struct rung) { };
	if (!node)
		return;
	rung->scope = dr_relative_scope(req->origin, node);
	rung->max_attempts = READ_ONCE(node->policy.max_attempts);
	rung->retry_ms = READ_ONCE(node->policy.retry_interval_ms);
}

static int run_ladder(struct request *req)
{
	enum ladder_event event = LADDER_ARRIVED;
	struct rung here, above;
	unsigned long flags;
	int status = -EOPNOTSUPP;

	if (req->limited)
		return -EBUSY;
	for (;;) {
		spin_lock_irqsave(&dr_lock, flags);
		fill_rung(req, req->claim.target, &here);
		fill_rung(req, rung_above(req), &above);
		spin_unlock_irqrestore(&dr_lock, flags);

		switch (policy_next(&req->ladder, event,
				    READ_ONCE(req->origin->policy.ceiling),
				    &here, &above)) {
		case STEP_ATTEMPT:
			event = ladder_attempt(req, &status);
			break;
		case STEP_WAIT:
			event = ladder_wait(req, here.retry_ms);
			break;
		case STEP_CLIMB:
			event = ladder_climb(req);
			break;
		case STEP_DONE:
			return 0;
		case STEP_GIVE_UP:
			return origin_gone(req) ? -ENODEV : status;
		}
	}
}

/* --- the end ------------------------------------------------------------------- */

static void remember(struct request *req, int status)
{
	struct last *last = &req->origin->last;

	last->status = status;
	last->scope = req->done_scope;
	last->attempts = req->attempts;
	last->duration_us = div_u64(ktime_get_ns() - req->began, NSEC_PER_USEC);
	strscpy(last->reason, req->reason, sizeof(last->reason));
	strscpy(last->cured_by, status ? "" : req->cured_by, sizeof(last->cured_by));
}

/* What the node will be when no request runs there any more. Hold dr_lock. */
static void settle(struct request *req, int status)
{
	struct dr_node *origin = req->origin;
	bool ladder = req->scope == DEVRESET_MEMBER;

	if (!status)
		origin->hung = false;
	if (!status && ladder) {
		origin->settled = origin->policy.probation_ms ? DEVRESET_PROBATION :
								DEVRESET_HEALTHY;
		origin->hist.cured_rung = req->ladder.rung;
	} else if (!status) {
		origin->settled = DEVRESET_HEALTHY;
		origin->hist.cured_rung = POLICY_NO_RUNG;
		origin->hist.recoveries = 0;
	} else if (ladder) {
		origin->settled = DEVRESET_FAILED;
		origin->hist.cured_rung = POLICY_NO_RUNG;
	}
	dr_count(origin, status ? STAT_FAILURES : STAT_SUCCESSES);
	remember(req, status);
	if (!--origin->requests)
		dr_set_state(origin, origin->settled);
	if (origin->hist.state == DEVRESET_PROBATION && !origin->dying)
		mod_delayed_work(dr_wq, &origin->probation,
				 msecs_to_jiffies(origin->policy.probation_ms));
}

static void report(struct request *req, int status)
{
	struct dr_node *origin = req->origin;

	dr_state_changed(origin);
	dr_uevent(origin, req->done_scope, status, req->reason);
	trace_devreset_done(origin, req->done_scope, status, req->attempts);
	if (req->scope != DEVRESET_MEMBER || status == -ENODEV)
		return;
	if (!status)
		dev_info(&origin->dev, "cured by %s after %u attempts\n",
			 req->cured_by, req->attempts);
	else
		dev_err(&origin->dev, "recovery failed (%d) after %u attempts%s\n",
			status, req->attempts,
			req->limited ? ": too many recoveries" : "");
}

static void request_finish(struct request *req, int status)
{
	struct dr_node *origin = req->origin, *target = req->claim.target;
	LIST_HEAD(waiters);
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	settle(req, status);
	aim(&req->claim, NULL);
	list_splice_init(&req->claim.waiters, &waiters);
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
	report(req, status);
	waiters_call(&waiters, false, status);

	if (req->embedded) {
		spin_lock_irqsave(&dr_lock, flags);
		origin->recovery_queued = false;
		spin_unlock_irqrestore(&dr_lock, flags);
	} else {
		kfree(req);
	}
	if (target) {
		dr_reap(target);
		dr_put(target);
	}
	dr_reap(origin);
	dr_put(origin);
}

static void request_work(struct work_struct *work)
{
	struct request *req = container_of(work, struct request, work);

	req->began = ktime_get_ns();
	req->attempts = 0;
	req->done_scope = DEVRESET_MEMBER;
	req->touched = false;
	req->dumped = false;
	req->cured_by[0] = '\0';
	dr_state_changed(req->origin);
	dr_uevent(req->origin, req->scope, -EINPROGRESS, req->reason);
	request_finish(req, req->scope == DEVRESET_MEMBER ? run_ladder(req) :
							    run_once(req));
}

/**
 * devreset_cancel - do not wait for a reset any more
 * @node: the node at which it was asked for
 * @params: as given to devreset_reset()
 *
 * The reset goes on. When this returns, the completion has been called, with
 * -ECANCELED or with the reset's own status, and will not be again.
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT when it was called already, or never asked for.
 * Contract: DR4.
 */
int devreset_cancel(struct devreset_node *node, const struct devreset_params *params)
{
	struct dr_node *n = to_dr(node);
	struct waiter *waiter;
	LIST_HEAD(found);
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(waiter, &n->waiters, by_node) {
		if (waiter->params.complete == params->complete &&
		    waiter->params.context == params->context) {
			list_move(&waiter->by_claim, &found);
			break;
		}
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!list_empty(&found)) {
		waiters_call(&found, false, -ECANCELED);
		return 0;
	}
	/* It may be running just now. */
	wait_event_idle(dr_wait, !READ_ONCE(n->cb_task) ||
			READ_ONCE(n->cb_task) == current);
	return -ENOENT;
}
EXPORT_SYMBOL_GPL(devreset_cancel);
