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
#define CLIMB_PATIENCE	(600 * HZ)

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
		if (back) {
			dr_state_changed(node);
			clock_revive(node);
		}
	}
}

/* It was somebody else's reset that cured the origin. */
static void credit(struct request *req)
{
	struct dr_node *origin = req->origin;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	strscpy(req->cured_by, origin->covered_by, sizeof(req->cured_by));
	req->done_scope = origin->covered_scope;
	req->ladder.rung = min_t(unsigned int, origin->covered_rung, POLICY_NO_RUNG - 1);
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
	int ret = -EAGAIN;

	if (!section_enter()) {
		ret = node_check_again(origin, &reason, dr_deadline(origin));
		section_leave();
	}
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
	unsigned long flags;
	int ret;

	phase_begin(attempt->target, PHASE_CLAIM);
	ret = claim_target(req);
	phase_end(req, attempt->target, PHASE_CLAIM);
	if (ret)
		return ret;
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
		spin_lock_irqsave(&dr_lock, flags);
		req->done_scope = dr_relative_scope(req->origin, attempt->target);
		spin_unlock_irqrestore(&dr_lock, flags);
	}
	if (!ret) {
		strscpy(req->cured_by, dr_name(attempt->target), sizeof(req->cured_by));
		if (!req->automatic)
			revive(req);
	}
	/* What reaches them from now on is somebody else's. */
	req->seen = READ_ONCE(req->origin->covered);
	req->claim.seen = READ_ONCE(req->claim.target->covered);
	claim_drop(&req->claim, NULL);
	return ret;
}

/*
 * One attempt. While a bus lock is busy, nothing is claimed: who has it may be
 * about to reset the device, and wait for us (rules 4 and 7). @touched: see
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
	log_attempt_end(req, ret);
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
	struct dr_node *target = req->claim.target, *node = await_return(req);
	unsigned long deadline;

	if (!node)
		return -ENODEV;
	if (request_move(req, node)) {
		dr_put(node);
		return request_return(req);
	}
	dr_info(node, "has come back\n");
	if (!target || !READ_ONCE(target->dying))
		return 0;
	/* What covers the rung will reset it: wait for that, as ladder_climb() does. */
	deadline = dr_deadline(node);
	wait_event_idle_timeout(dr_wait, request_aim_rung(req, node) || origin_gone(req),
				dr_left(deadline) + 1);
	if (req->claim.target == target)
		return origin_gone(req) ? request_return(req) : -ENODEV;
	dr_put(target);
	return 0;
}

static int check_origin(struct request *req)
{
	const char *reason;
	int ret;

	if (section_enter()) {
		ret = -EAGAIN;
	} else {
		ret = node_check_again(req->origin, &reason, dr_deadline(req->origin));
		section_leave();
	}
	if (ret != -EAGAIN)
		return ret;
	node_unverified(req->origin);
	return 0;
}

int run_once(struct request *req)
{
	bool touched = false;
	int ret;

	if (!req->claim.target)
		return -EOPNOTSUPP;
	do {
		ret = run_attempt(req, &touched);
		if (!origin_gone(req))
			return ret;
		if (request_return(req))
			return -ENODEV;
	} while (!touched);
	if (ret && ret != -ENODEV)
		return ret;
	/* The reset that took the device away is over; does it work now? */
	for (;;) {
		ret = check_origin(req);
		if (!origin_gone(req))
			return ret;
		if (request_return(req))
			return -ENODEV;
	}
}

/*
 * Has somebody else's reset, since the last check, cured it? What cannot be
 * checked now (@again: until the deadline) remains to be seen.
 */
static bool cured_meanwhile(struct request *req, bool again)
{
	struct dr_node *origin = req->origin;
	/* As in joined() */
	unsigned int seen = READ_ONCE(origin->covered);
	unsigned int target_seen = READ_ONCE(req->claim.target->covered);
	const char *reason;
	int ret;

	if (seen == req->seen || section_enter())
		return false;
	ret = again ? node_check_again(origin, &reason, dr_deadline(origin)) :
		      node_check(origin, &reason, dr_deadline(origin));
	section_leave();
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

static bool try_climb(struct request *req)
{
	unsigned long flags;
	bool climbed;

	spin_lock_irqsave(&dr_lock, flags);
	climbed = request_aim(&req->claim, rung_above(req));
	spin_unlock_irqrestore(&dr_lock, flags);
	return climbed;
}

/* Is what covers the next rung under way? */
static bool rung_in_hand(struct request *req)
{
	struct claim *cover;
	unsigned long flags;
	bool runs;

	spin_lock_irqsave(&dr_lock, flags);
	cover = claim_covering(rung_above(req));
	runs = cover && (claim_is_external(cover) ||
			 container_of(cover, struct request, claim)->running);
	spin_unlock_irqrestore(&dr_lock, flags);
	return runs;
}

/*
 * Aim at the next rung. If that is covered, what covers it will reset it: wait
 * for that, as long as it takes, for it has deadlines of its own; but it may be
 * queued behind us.
 */
static enum ladder_event ladder_climb(struct request *req)
{
	struct dr_node *old = req->claim.target;

	dr_count(req->origin, STAT_ESCALATIONS);
	do {
		wait_event_idle_timeout(dr_wait, try_climb(req) || origin_gone(req),
					CLIMB_PATIENCE);
	} while (req->claim.target == old && !origin_gone(req) && rung_in_hand(req));
	if (req->claim.target == old)
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
		if (request_return(req))
			return LADDER_GONE;
		req->seen = READ_ONCE(req->origin->covered);
		*status = check_origin(req);
		/* The check of a node that is gone says nothing. */
	} while (origin_gone(req));
	return *status ? LADDER_NOT_CURED : LADDER_CURED;
}

int run_ladder(struct request *req)
{
	enum ladder_event event = LADDER_ARRIVED;
	struct rung here, above;
	unsigned long flags;
	int status = -EOPNOTSUPP;

	if (req->limited)
		return -EBUSY;
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
			return origin_gone(req) ? -ENODEV : status;
		}
	}
}
