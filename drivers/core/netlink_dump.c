// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: what anybody may read. Of nodes and records no more is told
 * than sysfs tells. Reading takes no lock of a device and calls no driver; dr_mutex is held
 * while one message is filled, dr_lock while one node or log entry is put into it.
 */
#include <linux/devreset.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/time64.h>
#include "../compat.h"
#include "core.h"
#include "netlink.h"
#include "netlink_gen.h"

static_assert(DEVRESET_A_STATS_PAD == STATS + 1);
static_assert(DEVRESET_A_STATS_DOWNTIME_MS == STAT_DOWNTIME_MS + 1);
static_assert(DEVRESET_A_ATTEMPT_CHECK == DEVRESET_A_ATTEMPT_CLAIM + (int)PHASE_CHECK);

/* A node that is in sysfs, and stays there until dr_mutex is dropped */
static bool dr_nl_is_there(struct dr_node *node)
{
	return !list_empty(&node->all) && !READ_ONCE(node->dying);
}

/* The node of that name, or NULL. Hold dr_mutex. */
struct dr_node *dr_named(const char *name)
{
	struct dr_node *n;

	lockdep_assert_held(&dr_mutex);
	hash_for_each_possible(dr_names, n, name, full_name_hash(NULL, name, strlen(name)))
		if (!strcmp(dr_name(n), name))
			return dr_nl_is_there(n) ? n : NULL;
	return NULL;
}

/* The node at that place in the table of names, or else the next one, and its place */
static struct dr_node *dr_nl_next_node(long *bucket, long *index)
{
	struct dr_node *n;
	long i;

	for (; *bucket < HASH_SIZE(dr_names); ++*bucket, *index = 0) {
		i = 0;
		hlist_for_each_entry(n, &dr_names[*bucket], name) {
			if (i >= *index && dr_nl_is_there(n)) {
				*index = i;
				return n;
			}
			i++;
		}
	}
	return NULL;
}

static bool dr_nl_put_u64(struct sk_buff *skb, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, attr, value, pad);
}

/* A text that may be empty */
static bool dr_nl_put_text(struct sk_buff *skb, int attr, const char *text)
{
	return text[0] && nla_put_string(skb, attr, text);
}

static bool dr_nl_put_policy(struct sk_buff *skb, const struct devreset_policy *policy)
{
	struct nlattr *nest = nla_nest_start(skb, DEVRESET_A_POLICY);
	const u32 *value = (const u32 *)policy;
	bool bad = !nest;
	int i;

	for (i = 0; i < POLICY_FIELDS && !bad; i++)
		bad = nla_put_u32(skb, i + 1, READ_ONCE(value[i]));
	if (!bad)
		nla_nest_end(skb, nest);
	return bad;
}

static bool dr_nl_put_stats(struct sk_buff *skb, const unsigned long *stats)
{
	struct nlattr *nest = nla_nest_start(skb, DEVRESET_A_STATS);
	bool bad = !nest;
	int i;

	for (i = 0; i < STATS && !bad; i++)
		bad = dr_nl_put_u64(skb, i + 1, stats[i], DEVRESET_A_STATS_PAD);
	if (!bad)
		nla_nest_end(skb, nest);
	return bad;
}

static bool dr_nl_put_last(struct sk_buff *skb, const struct last *last)
{
	struct nlattr *nest;

	/* No request has ended yet. */
	if (!last->requester[0])
		return false;
	nest = nla_nest_start(skb, DEVRESET_A_LAST);
	if (!nest || nla_put_s32(skb, DEVRESET_A_LAST_STATUS, last->status) ||
	    nla_put_u32(skb, DEVRESET_A_LAST_SCOPE, last->scope) ||
	    nla_put_u32(skb, DEVRESET_A_LAST_METHOD, last->method) ||
	    nla_put_u32(skb, DEVRESET_A_LAST_ATTEMPTS, last->attempts) ||
	    dr_nl_put_u64(skb, DEVRESET_A_LAST_DURATION, last->duration_us * NSEC_PER_USEC,
			  DEVRESET_A_LAST_PAD) ||
	    dr_nl_put_u64(skb, DEVRESET_A_LAST_TIME, timespec64_to_ns(&last->time),
			  DEVRESET_A_LAST_PAD) ||
	    nla_put_string(skb, DEVRESET_A_LAST_REQUESTER, last->requester) ||
	    dr_nl_put_text(skb, DEVRESET_A_LAST_REASON, last->reason) ||
	    dr_nl_put_text(skb, DEVRESET_A_LAST_CURED_BY, last->cured_by))
		return true;
	nla_nest_end(skb, nest);
	return false;
}

/* What a node and a record have in common */
static bool dr_nl_put_view(struct sk_buff *skb, const struct record_view *view)
{
	return nla_put_string(skb, DEVRESET_A_NODE, view->name) ||
	       dr_nl_put_text(skb, DEVRESET_A_BUS, view->bus) ||
	       dr_nl_put_text(skb, DEVRESET_A_DEVICE, view->device) ||
	       dr_nl_put_text(skb, DEVRESET_A_IDENTITY, view->identity) ||
	       nla_put_u32(skb, DEVRESET_A_STATE, view->state) ||
	       (view->managed && nla_put_flag(skb, DEVRESET_A_MANAGED)) ||
	       dr_nl_put_policy(skb, view->policy) ||
	       dr_nl_put_last(skb, view->last) ||
	       dr_nl_put_stats(skb, view->stats);
}

/*
 * The driver of the device, or of the one that it is a class device of. Hold dr_lock; while
 * the node is not dying its device is registered. The memory of a driver that is unbound
 * goes with its module, which waits for RCU.
 */
static bool dr_nl_put_driver(struct sk_buff *skb, struct device *dev)
{
	struct device_driver *driver;
	bool bad;

	rcu_read_lock();
	driver = READ_ONCE(dev->driver);
	if (!driver && !dev->bus && dev->parent)
		driver = READ_ONCE(dev->parent->driver);
	bad = driver && nla_put_string(skb, DEVRESET_A_DRIVER, driver->name);
	rcu_read_unlock();
	return bad;
}

/* Hold dr_mutex. */
static bool dr_nl_put_node(struct sk_buff *skb, struct dr_node *node)
{
	struct record_view view;
	unsigned long flags;
	bool bad;

	spin_lock_irqsave(&dr_lock, flags);
	record_view_node(node, &view);
	bad = dr_nl_put_view(skb, &view) ||
	      (node->parent && nla_put_string(skb, DEVRESET_A_PARENT, dr_name(node->parent))) ||
	      nla_put_u32(skb, DEVRESET_A_SCOPE, node->scope) ||
	      (node->stuck && nla_put_flag(skb, DEVRESET_A_STUCK)) ||
	      (node->hung && nla_put_flag(skb, DEVRESET_A_HUNG)) ||
	      dr_nl_put_driver(skb, node->hw);
	spin_unlock_irqrestore(&dr_lock, flags);
	return bad;
}

/* Hold dr_mutex. */
static bool dr_nl_put_record(struct sk_buff *skb, const struct record_view *view)
{
	return dr_nl_put_view(skb, view) ||
	       (view->away && nla_put_flag(skb, DEVRESET_A_AWAY)) ||
	       (view->expires_in && dr_nl_put_u64(skb, DEVRESET_A_EXPIRES_IN, view->expires_in,
					    DEVRESET_A_PAD));
}

static bool dr_nl_put_attempt(struct sk_buff *skb, const struct log_attempt *attempt)
{
	struct nlattr *nest = nla_nest_start(skb, DEVRESET_A_ATTEMPT);
	enum dr_phase phase;
	bool bad;

	bad = !nest || nla_put_string(skb, DEVRESET_A_ATTEMPT_TARGET, attempt->node) ||
	      nla_put_s32(skb, DEVRESET_A_ATTEMPT_STATUS, attempt->status) ||
	      nla_put_u32(skb, DEVRESET_A_ATTEMPT_METHOD, attempt->method) ||
	      dr_nl_put_u64(skb, DEVRESET_A_ATTEMPT_BEGAN, attempt->began_us * NSEC_PER_USEC,
			    DEVRESET_A_ATTEMPT_PAD);
	for (phase = 0; phase < DR_PHASES && !bad; phase++)
		bad = attempt->done_us[phase] &&
		      dr_nl_put_u64(skb, DEVRESET_A_ATTEMPT_CLAIM + phase,
				    attempt->done_us[phase] * NSEC_PER_USEC,
				    DEVRESET_A_ATTEMPT_PAD);
	if (!bad)
		nla_nest_end(skb, nest);
	return bad;
}

static bool dr_nl_put_entry(struct sk_buff *skb, const char *name, const struct log_entry *entry)
{
	unsigned int i = entry->count > LOG_ATTEMPTS ? entry->count - LOG_ATTEMPTS : 0;
	bool bad;

	bad = nla_put_string(skb, DEVRESET_A_NODE, name) ||
	      nla_put_u32(skb, DEVRESET_A_LOG_SEQ, entry->seq) ||
	      dr_nl_put_u64(skb, DEVRESET_A_TIME, entry->began, DEVRESET_A_PAD) ||
	      dr_nl_put_u64(skb, DEVRESET_A_WALL_TIME, timespec64_to_ns(&entry->time),
			    DEVRESET_A_PAD) ||
	      (entry->scope && nla_put_u32(skb, DEVRESET_A_SCOPE, entry->scope)) ||
	      dr_nl_put_last(skb, &entry->last);
	for (; i < entry->count && !bad; i++)
		bad = dr_nl_put_attempt(skb, &entry->attempts[i % LOG_ATTEMPTS]);
	return bad;
}

/* --- dumps -------------------------------------------------------------------------- */

/*
 * A dump goes on, message after message, at a place in a table: cb->args[0] is the table,
 * [1] the bucket, [2] the entry in it, [3] the log entry that was told last. Whether the
 * tables have changed meanwhile is told to the reader (NLM_F_DUMP_INTR), also by the end of
 * the dump: cb->seq is set although there is nothing more to tell. Hold dr_mutex.
 */
static void *dr_nl_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&devreset_nl_family, NLM_F_MULTI, cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

static int dr_nl_dump_end(struct sk_buff *skb, void *hdr, bool bad)
{
	if (bad) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static const char *dr_nl_dump_name(struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_dump_attrs(cb);

	return attrs && attrs[DEVRESET_A_NODE] ? nla_data(attrs[DEVRESET_A_NODE]) : NULL;
}

int devreset_nl_node_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const char *name = dr_nl_dump_name(cb);
	struct dr_node *node, *top;
	int ret = 0;
	void *hdr;

	mutex_lock(&dr_mutex);
	cb->seq = dr_generation;
	top = name ? dr_named(name) : NULL;
	if (name && !top)
		ret = dr_nl_refuse(cb->extack, NULL, -ENODEV, "there is no such node");
	while (!ret && (node = dr_nl_next_node(&cb->args[1], &cb->args[2]))) {
		if (!top || dr_is_below(node, top)) {
			hdr = dr_nl_dump_begin(skb, cb, DEVRESET_CMD_NODE_GET);
			ret = dr_nl_dump_end(skb, hdr, !hdr || dr_nl_put_node(skb, node));
		}
		if (!ret)
			cb->args[2]++;
	}
	mutex_unlock(&dr_mutex);
	return skb->len ?: ret;
}

/*
 * The next of the nodes, with @recorded only those that have a record, and then of the
 * records of those that are away. Hold dr_mutex.
 */
static bool dr_nl_next_record(struct netlink_callback *cb, struct record_view *view, bool recorded)
{
	struct dr_node *node;

	while (!cb->args[0] && (node = dr_nl_next_node(&cb->args[1], &cb->args[2]))) {
		record_view_node(node, view);
		if (node->record || !recorded)
			return true;
		cb->args[2]++;
	}
	if (!cb->args[0]) {
		cb->args[0] = 1;
		cb->args[1] = 0;
		cb->args[2] = 0;
	}
	return record_view_next(&cb->args[1], &cb->args[2], view);
}

int devreset_nl_record_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct record_view view;
	unsigned long flags;
	int ret = 0;
	void *hdr;

	mutex_lock(&dr_mutex);
	cb->seq = dr_generation;
	while (!ret && dr_nl_next_record(cb, &view, true)) {
		hdr = dr_nl_dump_begin(skb, cb, DEVRESET_CMD_RECORD_GET);
		spin_lock_irqsave(&dr_lock, flags);
		ret = dr_nl_dump_end(skb, hdr, !hdr || dr_nl_put_record(skb, &view));
		spin_unlock_irqrestore(&dr_lock, flags);
		if (!ret)
			cb->args[2]++;
	}
	mutex_unlock(&dr_mutex);
	return skb->len ?: ret;
}

/* The first entry of @log after number @seq, or NULL. Hold dr_lock. */
static struct log_entry *dr_nl_entry_after(struct list_head *log, long seq)
{
	struct log_entry *entry;

	list_for_each_entry(entry, log, link)
		if (entry->seq > seq)
			return entry;
	return NULL;
}

/* One entry at a time is put with dr_lock held. 0: that was the last of @view. */
static int dr_nl_dump_log(struct sk_buff *skb, struct netlink_callback *cb,
			  const struct record_view *view)
{
	struct log_entry *entry;
	unsigned long flags;
	int ret = 0;
	void *hdr;

	do {
		spin_lock_irqsave(&dr_lock, flags);
		entry = dr_nl_entry_after(view->log, cb->args[3]);
		if (entry) {
			hdr = dr_nl_dump_begin(skb, cb, DEVRESET_CMD_LOG_GET);
			ret = dr_nl_dump_end(skb, hdr,
					     !hdr || dr_nl_put_entry(skb, view->name, entry));
			if (!ret)
				cb->args[3] = entry->seq;
		}
		spin_unlock_irqrestore(&dr_lock, flags);
	} while (entry && !ret);
	return ret;
}

static int dr_nl_dump_logs(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct record_view view;
	int ret = 0;

	while (!ret && dr_nl_next_record(cb, &view, false)) {
		ret = dr_nl_dump_log(skb, cb, &view);
		if (!ret) {
			cb->args[2]++;
			cb->args[3] = 0;
		}
	}
	return ret;
}

int devreset_nl_log_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const char *name = dr_nl_dump_name(cb);
	struct record_view view;
	struct dr_node *node;
	int ret;

	mutex_lock(&dr_mutex);
	cb->seq = dr_generation;
	node = name ? dr_named(name) : NULL;
	if (node)
		record_view_node(node, &view);
	if (!name)
		ret = dr_nl_dump_logs(skb, cb);
	else if (node || record_view_name(name, &view))
		ret = dr_nl_dump_log(skb, cb, &view);
	else
		ret = dr_nl_refuse(cb->extack, NULL, -ENODEV, "there is no such node or record");
	mutex_unlock(&dr_mutex);
	return skb->len ?: ret;
}

/* --- one node ----------------------------------------------------------------------- */

int devreset_nl_node_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *name = dr_nl_attr(info, DEVRESET_A_NODE);
	struct sk_buff *reply;
	struct dr_node *node;
	bool bad = false;

	if (!name)
		return -EINVAL;
	reply = dr_nl_reply(info, GENLMSG_DEFAULT_SIZE);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dr_mutex);
	node = dr_named(nla_data(name));
	if (node)
		bad = dr_nl_put_node(reply, node);
	mutex_unlock(&dr_mutex);
	if (node)
		return dr_nl_answer(reply, info, bad);
	nlmsg_free(reply);
	return dr_nl_refuse(info->extack, name, -ENODEV, "there is no such node");
}
