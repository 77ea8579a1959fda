// SPDX-License-Identifier: GPL-2.0
/*
 * Running a request: one reset, or the ladder as the policy says.
 */
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/string.h>
#include "core.h"
#include "netlink.h"

/* How long what covers the next rung may wait for a worker */
#define CLIMB_PATIENCE	(120 * HZ)

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

/* The rung that @req had reached, when its origin is another node now. Hold dr_lock. */
static struct dr_node *rung_again(struct request *req)
{
	bool ladder = req->scope == DEVRESET_MEMBER;
	struct dr_node *n, *above;
	unsigned int rungs;

	n = ladder ? dr_rung(req->origin) : dr_by_scope(req->origin, req->scope);
	for (rungs = ladder ? req->ladder.rung : 0; rungs && n; rungs--) {
		above = dr_rung(n->parent);
		if (!above)
			break;
		n = above;
	}
	return n;
}

static bool origin_gone(struct request *req)
{
	return READ_ONCE(req->origin->dying);
}

static bool try_aim(struct request *req, struct dr_node *(*rung)(struct request *))
{
	struct dr_node *n;
	unsigned long flags;
	bool aimed;

	spin_lock_irqsave(&dr_lock, flags);
	n = rung(req);
	/* A node that has just come back may not have its parents yet. */
	aimed = (n || rung != rung_again) && request_aim(&req->claim, n);
	spin_unlock_irqrestore(&dr_lock, flags);
	return aimed;
}

/* Is what covers that rung under way? */
static bool cover_runs(struct request *req, struct dr_node *(*rung)(struct request *))
{
	struct claim *cover;
	unsigned long flags;
	bool runs;

	spin_lock_irqsave(&dr_lock, flags);
	cover = claim_covering(rung(req));
	runs = cover && (claim_is_external(cover) ||
			 container_of(cover, struct request, claim)->running);
	spin_unlock_irqrestore(&dr_lock, flags);
	return runs;
}

/*
 * Aim at another rung, or at none if there is none. What covers that will reset it: wait
 * for it, as long as it takes, for it has deadlines of its own; but it may be queued
 * behind us. False: the origin has gone, or it was in vain.
 */
static bool request_aim_wait(struct request *req, struct dr_node *(*rung)(struct request *))
{
	struct dr_node *old = req->claim.target;

	do {
		wait_event_idle_timeout(dr_wait, try_aim(req, rung) || origin_gone(req),
					CLIMB_PATIENCE);
	} while (req->claim.target == old && !origin_gone(req) && cover_runs(req, rung));
	return req->claim.target != old;
}

/* A failed node that works again after a reset that was asked for is healthy. */
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
		if (back) {
			dr_state_changed(node);
			clock_revive(node);
		}
	}
}

/* A reset by another request, or by others, cured the origin. */
static void credit(struct request *req)
{
	struct dr_node *origin = req->origin;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	strscpy(req->cured_by, origin->covered_by, sizeof(req->cured_by));
	req->done_scope = origin->covered_scope;
	req->ladder.rung = min_t(unsigned int, origin->covered_rung, POLICY_NO_RUNG - 1);
	req->used = DEVRESET_METHOD_ANY;
	req->more = false;
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* A reset from above has done it: what does the origin say to that? */
static int joined(struct request *req)
{
	struct dr_node *origin = req->origin;
	/* Before the check: what comes after is asked for the next time. */
	unsigned int seen = READ_ONCE(origin->covered);
	unsigned int target_seen = READ_ONCE(req->claim.target->covered);
	const char *reason;
	int ret = node_check_unclaimed(origin, &reason, true);

	if (ret && ret != -EAGAIN) {
		/* It was no cure: the next attempt is not spared. */
		req->seen = seen;
		req->claim.seen = target_seen;
		return ret;
	}
	/* Quiesced again already: that reset ends with a check. */
	if (ret && !READ_ONCE(origin->quiesced))
		node_unverified(origin);
	credit(req);
	return 0;
}

/* --- policy/final ----------------------------------------------------------------- */

/* The nearest node from @node up to its device that can isolate it, with a reference. */
static struct dr_node *find_isolator(struct dr_node *node)
{
	struct dr_node *n;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	for (n = node; n && (n->dying || !n->ops->isolate); n = n->parent)
		;
	if (n && dr_relative_scope(node, n) > DEVRESET_FUNCTION)
		n = NULL;
	if (n)
		dr_get(n);
	spin_unlock_irqrestore(&dr_lock, flags);
	return n;
}

/* Its device is claimed: no reset of it begins before this is over, and none is undone. */
static void isolate(struct dr_node *origin)
{
	unsigned long deadline = dr_deadline(origin), backoff = 0;
	struct dr_node *node = find_isolator(origin);
	int ret = -EOPNOTSUPP;

	while (node) {
		ret = node_enter(node, deadline);
		if (ret)
			break;
		ret = node->ops->isolate(&node->pub);
		node_leave(node);
		if (ret != -EAGAIN || dr_back_off(&backoff, deadline, READ_ONCE(node->dying)))
			break;
	}
	if (ret)
		dr_err(origin, "failed, and not isolated (%d)\n", ret);
	else
		dr_warn(origin, "failed, and isolated\n");
	if (node)
		dr_put(node);
}

static bool is_to_isolate(struct dr_node *origin)
{
	return READ_ONCE(origin->policy.final) == DEVRESET_FINAL_ISOLATE &&
	       !READ_ONCE(origin->dying);
}

/* Claim what @req is aimed at. A ladder waits for the end of a suspend. */
static int claim_target(struct request *req)
{
	struct claim *claim = &req->claim;
	bool ladder = req->scope == DEVRESET_MEMBER;
	int ret;

	do {
		if (ladder)
			wait_event_idle(dr_wait, !claim_frozen() || origin_gone(req));
		if (origin_gone(req))
			return -ENODEV;
		ret = claim_wait(claim, dr_deadline(claim->target));
		if (READ_ONCE(claim->cancelled))
			return -ECANCELED;
	} while (ladder && (ret == -ECANCELED || (ret == -ETIMEDOUT && claim_frozen())));
	return ret == -ECANCELED || (ret == -ETIMEDOUT && claim_frozen()) ? -EBUSY : ret;
}

/* The same, and reset it once. */
static int claim_and_reset(struct request *req, struct attempt *attempt)
{
	enum devreset_scope scope;
	unsigned long flags;
	int ret;

	phase_begin(attempt->target, PHASE_CLAIM);
	ret = claim_target(req);
	phase_end(req, attempt->target, PHASE_CLAIM);
	if (ret)
		return ret;
	/* The reset may change the tree. */
	spin_lock_irqsave(&dr_lock, flags);
	scope = dr_relative_scope(req->origin, attempt->target);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (req->scope == DEVRESET_MEMBER && !req->dumped) {
		req->dumped = true;
		dr_dump(req->origin, dr_deadline(attempt->target));
	}
	ret = attempt_run(attempt);
	if (attempt->touched) {
		req->attempts++;
		req->used = READ_ONCE(attempt->target->used);
		req->more = READ_ONCE(attempt->target->used_more);
		req->step = min_t(unsigned int, attempt->how.step, U8_MAX - 1);
		req->done_scope = scope;
	}
	if (!ret) {
		strscpy(req->cured_by, dr_name(attempt->target), sizeof(req->cured_by));
		if (!req->automatic)
			revive(req);
	}
	/* It is failed still; a reset that did not cure it may have ended its isolation. */
	if (ret && req->scope != DEVRESET_MEMBER && is_to_isolate(req->origin) &&
	    READ_ONCE(req->origin->settled) == DEVRESET_FAILED)
		isolate(req->origin);
	/* What reaches them from now on is another reset. */
	req->seen = READ_ONCE(req->origin->covered);
	req->claim.seen = READ_ONCE(req->claim.target->covered);
	claim_drop(&req->claim, NULL);
	return ret;
}

/*
 * One attempt. While a bus lock is busy, nothing is claimed: its holder may be about
 * to reset the device, and wait for our claim (rules 4 and 7). @touched: see
 * attempt_run().
 */
static int run_attempt(struct request *req, bool *touched)
{
	struct attempt attempt = {
		.origin = req->origin,
		.target = req->claim.target,
		.claim = &req->claim,
		.req = req,
		.how = {
			.flags = (req->automatic ? DEVRESET_MAY_AUTO : 0) |
				 (req->force ? DEVRESET_MAY_FORCE : 0),
			.method = req->method,
		},
	};
	unsigned long deadline = 0, backoff = 0;
	int ret;

	log_attempt(req, req->claim.target);
	dr_notify_attempt(req, attempt.target, DEVRESET_EDGE_BEGIN, 0);
	/* policy_next() has counted this attempt; a single reset has no ladder. */
	if (req->ladder.attempts)
		attempt.how.step = req->ladder.step + req->ladder.attempts - 1;
	do {
		ret = claim_and_reset(req, &attempt);
		*touched = attempt.touched;
		if (ret == -EALREADY && !attempt.touched)
			ret = joined(req);
		if (ret != -EAGAIN || attempt.touched)
			break;
		/* From the first busy lock on; each claim has a deadline of its own. */
		if (!backoff)
			deadline = dr_deadline(attempt.target);
		ret = dr_back_off(&backoff, deadline, origin_gone(req));
	} while (!ret);
	log_attempt_end(req, ret, *touched ? req->used : DEVRESET_METHOD_ANY);
	dr_notify_attempt(req, attempt.target, DEVRESET_EDGE_END, ret);
	if (!*touched && (ret == -EBUSY || ret == -EOPNOTSUPP))
		dr_notify_refusal(req, attempt.target, &attempt.how, ret);
	return ret;
}

/* The device went and came back so often while a request ran: enough. */
#define RETURNS_LIMIT	16

/* The node that the request goes on at, with a reference. */
static struct dr_node *await_return(struct request *req)
{
	struct dr_node *old = req->origin, *node = NULL;

	if (!old->identity[0] || req->returns++ >= RETURNS_LIMIT)
		return NULL;
	dr_wait_for((node = dr_find_again(old)) || dr_is_exiting(),
		    msecs_to_jiffies(READ_ONCE(old->policy.return_ms)));
	return node;
}

/*
 * The origin was unregistered: wait for its device to come back under the same name,
 * and go on with that, aimed at the same rung. -ENODEV: it does not come back.
 */
static int request_return(struct request *req)
{
	struct dr_node *target = req->claim.target, *node;
	int ret;

	do {
		node = await_return(req);
		if (!node)
			return -ENODEV;
		ret = request_move(req, node);
		if (ret) {
			dr_put(node);
			continue;
		}
		dr_info(node, "has come back\n");
		req->seen = READ_ONCE(node->covered);
		if (!target || !READ_ONCE(target->dying))
			return 0;
		if (request_aim_wait(req, rung_again)) {
			dr_put(target);
			return 0;
		}
		ret = origin_gone(req) ? -ENODEV : -ETIMEDOUT;
	} while (ret == -ENODEV);
	return ret;
}

/* Was the origin reset since it came back? By what covered its rung, then. */
static bool covered_again(struct request *req)
{
	if (READ_ONCE(req->origin->covered) == req->seen)
		return false;
	credit(req);
	return true;
}

static int check_origin(struct request *req)
{
	const char *reason;
	int ret = node_check_unclaimed(req->origin, &reason, true);

	if (ret != -EAGAIN)
		return ret;
	node_unverified(req->origin);
	return 0;
}

int run_once(struct request *req)
{
	bool touched = false;
	int ret, returned;

	do {
		if (!req->claim.target)
			return -EOPNOTSUPP;
		ret = run_attempt(req, &touched);
		if (!origin_gone(req))
			return ret;
		returned = request_return(req);
		if (returned)
			return returned;
	} while (!touched && !covered_again(req));
	if (touched && ret && ret != -ENODEV)
		return ret;
	/* The reset that took the device away is over; does it work now? */
	for (;;) {
		ret = check_origin(req);
		if (!origin_gone(req))
			return ret;
		returned = request_return(req);
		if (returned)
			return returned;
	}
}

/*
 * Has another reset, since the last check, cured it? What cannot be checked now
 * (@again: until the deadline) remains to be seen.
 */
static bool cured_meanwhile(struct request *req, bool again)
{
	struct dr_node *origin = req->origin;
	/* As in joined() */
	unsigned int seen = READ_ONCE(origin->covered);
	unsigned int target_seen = READ_ONCE(req->claim.target->covered);
	const char *reason;
	int ret;

	if (seen == req->seen)
		return false;
	ret = node_check_unclaimed(origin, &reason, again);
	if (ret == -EAGAIN || origin_gone(req))
		return false;
	req->seen = seen;
	req->claim.seen = target_seen;
	if (ret)
		return false;
	credit(req);
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
	if (origin_gone(req) || READ_ONCE(req->claim.cancelled))
		return LADDER_GONE;
	if (!ret)
		return LADDER_CURED;
	/* Only what can never be here, or not now, sends the ladder on at once. */
	return touched || (ret != -EOPNOTSUPP && ret != -EBUSY && ret != -ENODEV) ?
	       LADDER_NOT_CURED : LADDER_REFUSED;
}

static enum ladder_event ladder_wait(struct request *req, u32 ms)
{
	/* One more: the tick that has begun does not count. */
	unsigned long until = jiffies + msecs_to_jiffies(ms) + 1;
	unsigned long backoff = 0;

	do {
		wait_event_idle_timeout(dr_wait, origin_gone(req) ||
					READ_ONCE(req->origin->covered) != req->seen,
					dr_left(until));
		if (origin_gone(req))
			return LADDER_GONE;
		if (cured_meanwhile(req, false))
			return LADDER_CURED;
		/* It could not be checked, so it is asked again. */
		if (READ_ONCE(req->origin->covered) != req->seen &&
		    dr_back_off(&backoff, until, origin_gone(req)) == -ENODEV)
			return LADDER_GONE;
	} while (dr_left(until));
	return LADDER_WAITED;
}

static enum ladder_event ladder_climb(struct request *req)
{
	struct dr_node *old = req->claim.target;

	dr_count(req->origin, STAT_ESCALATIONS);
	if (!request_aim_wait(req, rung_above))
		return LADDER_GONE;
	dr_reap(old);
	dr_put(old);
	if (origin_gone(req))
		return LADDER_GONE;
	/* The rung above went while it was waited for. */
	if (!req->claim.target)
		return LADDER_ARRIVED;
	return cured_meanwhile(req, true) ? LADDER_CURED : LADDER_ARRIVED;
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

/* The origin has gone. When it comes back, what does it say? */
static enum ladder_event ladder_return(struct request *req, int *status)
{
	do {
		*status = request_return(req);
		if (*status)
			return LADDER_GONE;
		*status = check_origin(req);
		/* The check of a node that is gone says nothing. */
	} while (origin_gone(req));
	if (*status)
		return LADDER_NOT_CURED;
	covered_again(req);
	return LADDER_CURED;
}

/* Nothing is left to try. A reset by others that came first may have cured it. */
static int ladder_failed(struct request *req, int status)
{
	if (!is_to_isolate(req->origin) || !req->claim.target)
		return status;
	if (claim_target(req)) {
		dr_err(req->origin, "failed, and not isolated: it is being reset\n");
		return status;
	}
	if (READ_ONCE(req->origin->covered) == req->seen)
		isolate(req->origin);
	claim_drop(&req->claim, NULL);
	return status;
}

int run_ladder(struct request *req)
{
	enum ladder_event event = LADDER_ARRIVED;
	struct rung here, above;
	unsigned long flags;
	int status = -EOPNOTSUPP;

	if (req->limited)
		return ladder_failed(req, -EBUSY);
	for (;;) {
		if (event == LADDER_GONE && origin_gone(req))
			event = ladder_return(req, &status);
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
			return origin_gone(req) ? -ENODEV : ladder_failed(req, status);
		}
	}
}
