// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: one reset, or the ladder, asked for at a node.
 *
 * A request is aimed at its target when it is made, in any context, and run by
 * a worker. What covers it already takes it in (rule 2). Its waiters are told
 * when it is over, or when the node at which they asked is unregistered.
 */
#include <linux/devreset.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "core.h"
#include "netlink.h"
#include <trace/events/devreset.h>

static void request_work(struct work_struct *work);

/* Those that have a cookie; under dr_lock */
static LIST_HEAD(by_cookie);

static void request_init(struct request *req, struct dr_node *origin)
{
	INIT_WORK(&req->work, request_work);
	claim_init(&req->claim);
	INIT_LIST_HEAD(&req->by_cookie);
	req->origin = origin;
}

void request_init_node(struct dr_node *node)
{
	request_init(&node->recovery, node);
	node->recovery.embedded = true;
}

/* Aim @claim at @target, unless that is covered. Hold dr_lock. */
bool request_aim(struct claim *claim, struct dr_node *target)
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
		claim->seen = target->covered;
	}
	return true;
}

/*
 * The device of @req's origin has come back as @node, whose reference this takes: go on
 * there. -ENODEV: it has gone again.
 */
int request_move(struct request *req, struct dr_node *node)
{
	struct dr_node *old = req->origin;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (node->dying) {
		spin_unlock_irqrestore(&dr_lock, flags);
		return -ENODEV;
	}
	if (!node->requests++)
		node->settled = node->hist.state;
	old->requests--;
	if (old->hung && !node->hung) {
		node->hung = true;
		node->hung_since = old->hung_since;
	}
	dr_set_state(node, DEVRESET_RECOVERING);
	req->origin = node;
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_state_changed(node);
	/* An embedded request stays in the node in which it began, until its end. */
	if (!req->embedded || old != container_of(req, struct dr_node, recovery))
		dr_put(old);
	return 0;
}

/* Take @req in, or let it join. Hold dr_lock. 0, or why not. */
static int request_admit(struct request *req, struct waiter *waiter)
{
	struct dr_node *origin = req->origin, *target;
	struct claim *cover;

	if (origin->dying)
		return -ENODEV;
	/* It has files, but no place in the tree yet. */
	if (list_empty(&origin->all))
		return -EBUSY;
	if (!req->automatic && claim_frozen())
		return -EBUSY;
	target = req->scope == DEVRESET_MEMBER ? dr_rung(origin) :
						 dr_by_scope(origin, req->scope);
	dr_count(origin, STAT_REQUESTS);
	cover = target ? claim_covering(target) : NULL;
	if (cover) {
		dr_count(origin, STAT_JOINED);
		if (!waiter || waiter_sleeps(waiter))
			return -EALREADY;
		waiter_add(waiter, cover);
		return -EINPROGRESS;
	}
	request_aim(&req->claim, target);
	if (waiter)
		waiter_add(waiter, &req->claim);
	if (!origin->requests++)
		origin->settled = origin->hist.state;
	req->over = false;
	req->running = false;
	req->seen = origin->covered;
	policy_begin(&req->ladder, &origin->hist);
	dr_set_state(origin, DEVRESET_RECOVERING);
	dr_get(origin);
	return 0;
}

static struct request *request_alloc(struct dr_node *origin, const struct ask *ask)
{
	struct request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	request_init(req, origin);
	req->scope = ask->scope;
	req->method = ask->method;
	req->cookie = ask->cookie;
	req->force = ask->force;
	strscpy(req->reason, ask->operator ? "operator" : "driver", sizeof(req->reason));
	if (ask->operator)
		snprintf(req->requester, sizeof(req->requester), "%s[%d]",
			 current->comm, task_pid_nr(current));
	else
		strscpy(req->requester, "driver", sizeof(req->requester));
	return req;
}

static int request_start(struct dr_node *origin, const struct ask *ask,
			 struct waiter *waiter)
{
	struct request *req = request_alloc(origin, ask);
	unsigned long flags;
	int ret;

	if (!req)
		return -ENOMEM;
	spin_lock_irqsave(&dr_lock, flags);
	ret = request_admit(req, waiter);
	if (!ret && req->cookie)
		list_add(&req->by_cookie, &by_cookie);
	spin_unlock_irqrestore(&dr_lock, flags);
	trace_devreset_request(origin, ask->scope, ret, req->reason);
	if (ret)
		kfree(req);
	else
		queue_work(dr_wq, &req->work);
	return ret;
}

/* Make a request and have @params called with the result. 0: it will be. */
int request_reset(struct dr_node *origin, const struct ask *ask,
		  const struct devreset_params *params)
{
	struct waiter *waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	int ret;

	if (!waiter)
		return -ENOMEM;
	waiter_init(waiter, origin, params);
	ret = request_start(origin, ask, waiter);
	if (ret == -EINPROGRESS)
		return 0;
	if (ret)
		kfree(waiter);
	return ret;
}

/* The same, and wait. A signal ends the wait (-EINTR), not the reset. */
int request_and_wait(struct dr_node *origin, const struct ask *ask)
{
	struct sleeper sleeper;
	struct waiter waiter;
	int ret;

	sleeper_init(&waiter, &sleeper, origin);
	waiter.stays = ask->operator;
	ret = request_start(origin, ask, &waiter);
	return ret ?: sleeper_wait(&waiter, &sleeper);
}

/* The same, and do not wait, nor have anybody called. -EALREADY: it is covered. */
int request_async(struct dr_node *origin, const struct ask *ask)
{
	return request_start(origin, ask, NULL);
}

/*
 * Have the request with that @cookie end with -ECANCELED, unless it has reset something, or
 * is about to: -EBUSY. -ENOENT: there is none.
 */
int request_cancel(u64 cookie)
{
	struct request *req;
	unsigned long flags;
	int ret = -ENOENT;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(req, &by_cookie, by_cookie) {
		if (req->cookie != cookie)
			continue;
		ret = req->attempts || req->claim.phase != CLAIM_NONE ? -EBUSY : 0;
		if (!ret)
			WRITE_ONCE(req->claim.cancelled, true);
		break;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!ret)
		dr_changed();
	return ret;
}

/* Hold dr_lock. 0: queue it. */
static int recover_admit(struct dr_node *node, const char *reason)
{
	struct request *req = &node->recovery;
	enum verdict verdict;
	int ret;

	if (node->dying)
		return -ENODEV;
	if (!node->hung) {
		dr_set_hung(node, true);
		dr_count(node, STAT_HANGS);
	}
	if (node->recovery_queued) {
		/* One that is over does not take care of it. */
		node->recover_again |= req->over;
		return req->over ? 0 : -EALREADY;
	}
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
	strscpy(req->requester, "hang", sizeof(req->requester));
	ret = request_admit(req, NULL);
	node->recovery_queued = !ret;
	return ret;
}

/* A hang of @node was detected. Any context. */
int request_recover(struct dr_node *node, const char *reason)
{
	unsigned long flags;
	bool news, again;
	int ret;

	spin_lock_irqsave(&dr_lock, flags);
	news = !node->hung;
	ret = recover_admit(node, reason);
	again = node->recover_again;
	spin_unlock_irqrestore(&dr_lock, flags);
	trace_devreset_request(node, DEVRESET_MEMBER, ret, reason ?: "unspecified");
	/* Before the events of the recovery. */
	if (news && ret != -ENODEV) {
		dr_warn(node, "hang: %s\n", reason ?: "unspecified");
		dr_notify_hang(node, reason ?: "unspecified");
	}
	if (!ret && !again)
		queue_work(dr_wq, &node->recovery.work);
	return ret;
}

/* --- the end ------------------------------------------------------------------- */

static void remember(struct request *req, int status)
{
	struct last *last = &req->origin->last;

	last->status = status;
	last->scope = req->done_scope;
	last->attempts = req->attempts;
	last->method = req->used;
	ktime_get_real_ts64(&last->time);
	strscpy(last->requester, req->requester, sizeof(last->requester));
	last->duration_us = div_u64(ktime_get_ns() - req->began, NSEC_PER_USEC);
	strscpy(last->reason, req->reason, sizeof(last->reason));
	strscpy(last->cured_by, status ? "" : req->cured_by, sizeof(last->cured_by));
}

/* A reset in between that failed does not prolong it. */
static void begin_probation(struct dr_node *origin, bool anew)
{
	unsigned long time = msecs_to_jiffies(origin->policy.probation_ms);

	/* While another request runs, the state comes later; the time begins now. */
	if ((anew ? origin->settled : origin->hist.state) != DEVRESET_PROBATION ||
	    origin->dying)
		return;
	if (anew)
		mod_delayed_work(dr_aux_wq, &origin->probation, time);
	else
		queue_delayed_work(dr_aux_wq, &origin->probation, time);
}

/* What the node will be when no request runs there any more. Hold dr_lock. */
static void settle(struct request *req, int status, struct list_head *old)
{
	struct dr_node *origin = req->origin;
	bool ladder = req->scope == DEVRESET_MEMBER;

	if (!status)
		dr_set_hung(origin, false);
	if (!status && ladder) {
		origin->settled = origin->policy.probation_ms ? DEVRESET_PROBATION :
								DEVRESET_HEALTHY;
		origin->hist.probation_until = ktime_to_ms(ktime_get()) +
					       origin->policy.probation_ms;
		origin->hist.cured_rung = req->ladder.rung;
		origin->hist.cured_step = req->step;
		origin->hist.cured_more = req->more;
		if (!req->automatic)
			origin->hist.recoveries = 0;
	} else if (!status) {
		origin->settled = DEVRESET_HEALTHY;
		origin->hist.cured_rung = POLICY_NO_RUNG;
		origin->hist.recoveries = 0;
	} else if (ladder && !req->claim.cancelled) {
		origin->settled = DEVRESET_FAILED;
		origin->hist.cured_rung = POLICY_NO_RUNG;
	}
	dr_count(origin, status ? STAT_FAILURES : STAT_SUCCESSES);
	remember(req, status);
	log_end(req, old);
	if (!--origin->requests)
		dr_set_state(origin, origin->settled);
	begin_probation(origin, !status && ladder);
}

static void report(struct request *req, int status)
{
	struct dr_node *origin = req->origin;

	dr_state_changed(origin);
	dr_uevent(origin, req->done_scope, status, req->reason);
	trace_devreset_done(origin, req->done_scope, status, req->attempts);
	dr_notify_done(req, status);
	if (req->scope != DEVRESET_MEMBER || status == -ENODEV || status == -ECANCELED)
		return;
	if (!status && !req->cured_by[0])
		dr_info(origin, "came back and works, after %u attempts\n", req->attempts);
	else if (!status)
		dr_info(origin, "cured by %s after %u attempts\n",
			req->cured_by, req->attempts);
	else
		dr_err(origin, "recovery failed (%d) after %u attempts%s\n",
		       status, req->attempts,
		       req->limited ? ": too many recoveries" : "");
}

/* The embedded request may be used again, and is if it was asked for. */
static void recovery_free(struct dr_node *node, struct dr_node *origin)
{
	unsigned long flags;
	bool again;

	spin_lock_irqsave(&dr_lock, flags);
	node->recovery_queued = false;
	again = node->recover_again;
	node->recover_again = false;
	spin_unlock_irqrestore(&dr_lock, flags);
	if (again)
		request_recover(node, "hang at the end of a recovery");
	/* The device has come back as another node meanwhile: see request_move(). */
	if (node != origin)
		dr_put(node);
}

static void request_finish(struct request *req, int status)
{
	struct dr_node *origin = req->origin, *target = req->claim.target;
	LIST_HEAD(waiters);
	LIST_HEAD(old);
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	settle(req, status, &old);
	request_aim(&req->claim, NULL);
	req->over = true;
	list_del_init(&req->by_cookie);
	list_splice_init(&req->claim.waiters, &waiters);
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
	log_free(&old);
	if (READ_ONCE(origin->dying))
		record_update(origin);
	if (!status)
		clock_revive(origin);
	report(req, status);
	waiters_call(&waiters, false, status);

	if (req->embedded)
		recovery_free(container_of(req, struct dr_node, recovery), origin);
	else
		kfree(req);
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

	/* To allocate must not wait for I/O to what is reset. */
	unsigned int noio = memalloc_noio_save();

	WRITE_ONCE(req->running, true);
	req->began = ktime_get_ns();
	req->attempts = 0;
	req->tried = 0;
	req->done_scope = DEVRESET_MEMBER;
	req->used = DEVRESET_METHOD_ANY;
	req->touched = false;
	req->dumped = false;
	req->returns = 0;
	req->cured_by[0] = '\0';
	log_begin(req);
	dr_state_changed(req->origin);
	dr_notify_begin(req);
	dr_uevent(req->origin, req->scope, -EINPROGRESS, req->reason);
	request_finish(req, req->scope == DEVRESET_MEMBER ? run_ladder(req) :
							    run_once(req));
	memalloc_noio_restore(noio);
}
