// SPDX-License-Identifier: GPL-2.0
/*
 * The events of the generic netlink family. They happen in any context, many with dr_lock
 * held, so a message is only queued there; a worker sends it. Thus a recovery waits for no
 * listener, and no listener for a recovery.
 *
 * Each event takes a number, also the one for which there was no memory or no room in the
 * queue: a listener sees that a number is missing. The one whose own buffer is full gets
 * ENOBUFS from its next read, as with any netlink socket.
 */
#include <linux/devreset.h>
#include <linux/ktime.h>
#include <linux/seq_buf.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include "core.h"
#include "netlink.h"
#include "netlink_gen.h"

/* The longest event is done-ntf: some ten numbers, and five names and two texts */
#define EVENT_BYTES	640
/* What waits to be sent: of more than this, listeners are told that they missed it */
#define QUEUE_LIMIT	4096

static struct sk_buff_head queue;
/* Under queue.lock */
static u64 event_seq;
static bool is_open;
static bool overflowed;

static void dr_event_work(struct work_struct *work)
{
	struct sk_buff *skb;
	unsigned long flags;
	bool lost;

	while ((skb = skb_dequeue(&queue))) {
		/* To allocate must not wait for I/O to what is being reset. */
		genlmsg_multicast(&devreset_nl_family, skb, 0, DEVRESET_NLGRP_EVENTS, GFP_NOIO);
		cond_resched();
	}
	spin_lock_irqsave(&queue.lock, flags);
	lost = overflowed;
	overflowed = false;
	spin_unlock_irqrestore(&queue.lock, flags);
	if (lost)
		genl_set_err(&devreset_nl_family, &init_net, 0, DEVRESET_NLGRP_EVENTS, -ENOBUFS);
}

static DECLARE_WORK(send_events, dr_event_work);

/* The name is copied first: it may change meanwhile, and be longer then. */
int dr_nl_put_name(struct sk_buff *skb, int attr, const struct dr_node *node)
{
	char name[REASON_LEN];

	strscpy(name, dr_name(node), sizeof(name));
	return nla_put_string(skb, attr, name);
}

/* An event that nobody is told of still has its number. */
static void dr_event_skip(bool heard)
{
	unsigned long flags;

	spin_lock_irqsave(&queue.lock, flags);
	event_seq++;
	overflowed |= heard;
	/* What tells of the loss must not wait for the next event, which may be far. */
	if (heard && is_open)
		queue_work(dr_aux_wq, &send_events);
	spin_unlock_irqrestore(&queue.lock, flags);
}

/* A message for an event at @node; NULL if nobody listens, or it cannot be made. */
static struct sk_buff *dr_event_new(u8 cmd, struct dr_node *node)
{
	struct sk_buff *skb;

	if (!READ_ONCE(is_open))
		return NULL;
	if (!genl_has_listeners(&devreset_nl_family, &init_net, DEVRESET_NLGRP_EVENTS)) {
		dr_event_skip(false);
		return NULL;
	}
	skb = genlmsg_new(EVENT_BYTES, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb) {
		dr_event_skip(true);
		return NULL;
	}
	/* The first two are filled in when it is queued. There is room. */
	genlmsg_put(skb, 0, 0, &devreset_nl_family, 0, cmd);
	nla_put_u64_64bit(skb, DEVRESET_A_EVENT_SEQ, 0, DEVRESET_A_PAD);
	nla_put_u64_64bit(skb, DEVRESET_A_TIME, 0, DEVRESET_A_PAD);
	if (node)
		dr_nl_put_name(skb, DEVRESET_A_NODE, node);
	return skb;
}

static void dr_event_fill(struct sk_buff *skb, int attr, u64 value)
{
	memcpy(nla_data(nlmsg_find_attr(nlmsg_hdr(skb), GENL_HDRLEN, attr)), &value, sizeof(value));
}

/* @bad: not all of it could be put into @skb, and it is not sent. */
static void dr_event_queue(struct sk_buff *skb, bool bad)
{
	unsigned long flags;

	nlmsg_end(skb, nlmsg_hdr(skb));
	spin_lock_irqsave(&queue.lock, flags);
	dr_event_fill(skb, DEVRESET_A_EVENT_SEQ, ++event_seq);
	dr_event_fill(skb, DEVRESET_A_TIME, ktime_get_ns());
	bad |= skb_queue_len(&queue) >= QUEUE_LIMIT;
	overflowed |= bad;
	bad |= !is_open;
	if (!bad) {
		__skb_queue_tail(&queue, skb);
		queue_work(dr_aux_wq, &send_events);
	}
	spin_unlock_irqrestore(&queue.lock, flags);
	if (bad)
		kfree_skb(skb);
}

/* --- what happens ------------------------------------------------------------------- */

void dr_notify_node(struct dr_node *node, bool added)
{
	struct sk_buff *skb = dr_event_new(added ? DEVRESET_CMD_NODE_ADD_NTF :
						DEVRESET_CMD_NODE_DEL_NTF, node);

	if (skb)
		dr_event_queue(skb, false);
}

void dr_notify_state(struct dr_node *node, enum devreset_state old, enum devreset_state state)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_STATE_NTF, node);

	if (skb)
		dr_event_queue(skb, nla_put_u32(skb, DEVRESET_A_OLD_STATE, old) ||
			       nla_put_u32(skb, DEVRESET_A_STATE, state) ||
			       (READ_ONCE(node->stuck) && nla_put_flag(skb, DEVRESET_A_STUCK)));
}

void dr_notify_hang(struct dr_node *node, const char *reason)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_HANG_NTF, node);

	if (skb)
		dr_event_queue(skb, nla_put_string(skb, DEVRESET_A_REASON, reason));
}

/* Who asked for @req, and why */
static bool dr_event_put_request(struct sk_buff *skb, struct request *req)
{
	return nla_put_string(skb, DEVRESET_A_REASON, req->reason) ||
	       nla_put_string(skb, DEVRESET_A_REQUESTER, req->requester) ||
	       (req->cookie && nla_put_u64_64bit(skb, DEVRESET_A_COOKIE, req->cookie,
						 DEVRESET_A_PAD));
}

void dr_notify_begin(struct request *req)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_BEGIN_NTF, req->origin);

	if (skb)
		dr_event_queue(skb, nla_put_u32(skb, DEVRESET_A_METHOD, req->method) ||
			       (req->scope && nla_put_u32(skb, DEVRESET_A_SCOPE, req->scope)) ||
			       (req->force && nla_put_flag(skb, DEVRESET_A_FORCE)) ||
			       dr_event_put_request(skb, req));
}

void dr_notify_attempt(struct request *req, struct dr_node *target, enum devreset_edge edge,
		       int status)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_ATTEMPT_NTF, req->origin);

	if (skb)
		dr_event_queue(skb, dr_nl_put_name(skb, DEVRESET_A_TARGET, target) ||
			       nla_put_u32(skb, DEVRESET_A_EDGE, edge) ||
			       nla_put_u32(skb, DEVRESET_A_ATTEMPTS, req->tried) ||
			       (edge == DEVRESET_EDGE_END &&
				(nla_put_s32(skb, DEVRESET_A_STATUS, status) ||
				 nla_put_u32(skb, DEVRESET_A_METHOD, req->used))));
}

void dr_notify_phase(struct dr_node *target, enum dr_phase phase, enum devreset_edge edge)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_PHASE_NTF, NULL);

	static_assert((int)PHASE_CLAIM == DEVRESET_PHASE_CLAIM);
	static_assert((int)PHASE_CHECK == DEVRESET_PHASE_CHECK);
	if (skb)
		dr_event_queue(skb, dr_nl_put_name(skb, DEVRESET_A_TARGET, target) ||
			       nla_put_u32(skb, DEVRESET_A_EDGE, edge) ||
			       nla_put_u32(skb, DEVRESET_A_PHASE, phase));
}

void dr_notify_dump(struct dr_node *node, size_t length, bool truncated)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_DUMP_NTF, node);

	if (skb)
		dr_event_queue(skb, nla_put_u32(skb, DEVRESET_A_LENGTH, length) ||
			       (truncated && nla_put_flag(skb, DEVRESET_A_TRUNCATED)));
}

/* Why a reset is refused, of what ops->methods says; to be freed, or NULL. */
char *dr_refusal(const char *methods)
{
	const char *line = methods, *end;

	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (strnstr(line, " refused: ", end - line))
			return kstrndup(line, min_t(size_t, end - line, REFUSAL_LEN - 1),
					GFP_KERNEL);
	}
	return NULL;
}

void dr_notify_refusal(struct request *req, struct dr_node *target,
		       const struct devreset_attempt *how, int status)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_REFUSAL_NTF, req->origin);
	char *methods;

	if (!skb)
		return;
	methods = kmalloc(METHODS_LEN, GFP_KERNEL);
	if (methods) {
		dr_methods(target, how, methods, METHODS_LEN);
		/* For done-ntf, too */
		kfree(req->refusal);
		req->refusal = dr_refusal(methods);
		kfree(methods);
	}
	dr_event_queue(skb, dr_nl_put_name(skb, DEVRESET_A_TARGET, target) ||
		       nla_put_s32(skb, DEVRESET_A_STATUS, status) ||
		       (req->refusal && nla_put_string(skb, DEVRESET_A_TEXT, req->refusal)));
}

/* @req is over, and its origin's "last" tells of it, or of one that ended since. */
void dr_notify_done(struct request *req, int status)
{
	struct sk_buff *skb = dr_event_new(DEVRESET_CMD_DONE_NTF, req->origin);

	if (skb)
		dr_event_queue(skb, nla_put_s32(skb, DEVRESET_A_STATUS, status) ||
			       nla_put_u32(skb, DEVRESET_A_SCOPE, req->done_scope) ||
			       nla_put_u32(skb, DEVRESET_A_METHOD, req->used) ||
			       nla_put_u32(skb, DEVRESET_A_ATTEMPTS, req->attempts) ||
			       nla_put_u64_64bit(skb, DEVRESET_A_DURATION,
						 ktime_get_ns() - req->began, DEVRESET_A_PAD) ||
			       (!status && req->cured_by[0] &&
				nla_put_string(skb, DEVRESET_A_CURED_BY, req->cured_by)) ||
			       (status && req->refusal &&
				nla_put_string(skb, DEVRESET_A_TEXT, req->refusal)) ||
			       dr_event_put_request(skb, req));
	kfree(req->refusal);
	req->refusal = NULL;
}

/* --- when --------------------------------------------------------------------------- */

void dr_notify_open(void)
{
	skb_queue_head_init(&queue);
	WRITE_ONCE(is_open, true);
}

/* No event is sent from here on. */
void dr_notify_close(void)
{
	unsigned long flags;

	spin_lock_irqsave(&queue.lock, flags);
	is_open = false;
	spin_unlock_irqrestore(&queue.lock, flags);
	cancel_work_sync(&send_events);
	skb_queue_purge(&queue);
}
