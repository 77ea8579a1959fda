// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "devreset", as Documentation/netlink/specs/devreset.yaml
 * specifies it: what acts, and what a ladder would do. netlink_dump.c has what is read,
 * netlink_event.c the events.
 *
 * Operations run in parallel (parallel_ops), under none of netlink's mutexes; but while one
 * runs, no generic netlink family of the whole machine can come or go. So a reset is only
 * queued here, and waited for by nobody.
 */
#include <linux/capability.h>
#include <linux/devreset.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../compat.h"
#include "core.h"
#include "netlink.h"
#include "netlink_gen.h"

/* What is above so many rungs is not told. */
#define RUNGS_LIMIT	16

static_assert(DEVRESET_A_POLICY_MAX == (int)POLICY_FIELDS);
static_assert(DEVRESET_A_POLICY_AUTO == POLICY_AUTOMATIC + 1);
static_assert(DEVRESET_A_POLICY_REBIND == POLICY_REBIND + 1);

/* --- what all operations share -------------------------------------------------------- */

/* A constant @text is as good as the literal that NL_SET_ERR_MSG() wants. Returns @err. */
int dr_nl_refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, int err,
		 const char *text)
{
	if (extack) {
		extack->_msg = text;
		if (attr)
			NL_SET_BAD_ATTR(extack, attr);
	}
	return err;
}

/* NULL: it is missing, for which the error is -EINVAL. */
struct nlattr *dr_nl_attr(struct genl_info *info, int type)
{
	if (!info->attrs[type]) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, type);
		dr_nl_refuse(info->extack, NULL, -EINVAL, "an attribute is missing");
	}
	return info->attrs[type];
}

struct sk_buff *dr_nl_reply(struct genl_info *info, size_t size)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (skb)
		genlmsg_put_reply(skb, info, &devreset_nl_family, 0, info->genlhdr->cmd);
	return skb;
}

/* Sends what dr_nl_reply() began. @bad: there was not enough room for it. */
int dr_nl_answer(struct sk_buff *skb, struct genl_info *info, bool bad)
{
	if (bad) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlmsg_hdr(skb));
	return genlmsg_reply(skb, info);
}

/* GENL_ADMIN_PERM stands for CAP_NET_ADMIN; a write to sysfs takes CAP_SYS_ADMIN. */
static int dr_nl_may_act(struct sk_buff *skb, struct genl_info *info)
{
	return netlink_capable(skb, CAP_SYS_ADMIN) ? 0 :
	       dr_nl_refuse(info->extack, NULL, -EPERM, "CAP_SYS_ADMIN is needed");
}

/* The node that is asked about, with a reference, or an ERR_PTR */
static struct dr_node *dr_nl_node(struct genl_info *info)
{
	struct nlattr *name = dr_nl_attr(info, DEVRESET_A_NODE);
	struct dr_node *node;

	if (!name)
		return ERR_PTR(-EINVAL);
	mutex_lock(&dr_mutex);
	node = dr_named(nla_data(name));
	if (node)
		dr_get(node);
	mutex_unlock(&dr_mutex);
	return node ?: ERR_PTR(dr_nl_refuse(info->extack, name, -ENODEV,
					    "there is no such node"));
}

/* --- policy ----------------------------------------------------------------------------- */

/* Set what is in @tb, which was found to be good. -ENODEV: the node has gone. */
static int dr_nl_set_policy(const char *name, struct nlattr **tb)
{
	struct dr_node *node;
	unsigned long flags;
	int i;

	/* What is set is in the record of a node that goes from here on. */
	mutex_lock(&dr_mutex);
	node = dr_named(name);
	if (node) {
		dr_get(node);
		spin_lock_irqsave(&dr_lock, flags);
		for (i = 0; i < POLICY_FIELDS; i++)
			if (tb[i + 1])
				WRITE_ONCE(((u32 *)&node->policy)[i], nla_get_u32(tb[i + 1]));
		spin_unlock_irqrestore(&dr_lock, flags);
	}
	mutex_unlock(&dr_mutex);
	if (!node)
		return -ENODEV;
	if (tb[DEVRESET_A_POLICY_CHECK_INTERVAL_MS] || tb[DEVRESET_A_POLICY_CHECK_IDLE])
		clock_policy_changed(node);
	dr_put(node);
	return 0;
}

int devreset_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[DEVRESET_A_POLICY_MAX + 1], *name, *policy;
	int i, set = 0, ret = dr_nl_may_act(skb, info);

	if (ret)
		return ret;
	name = dr_nl_attr(info, DEVRESET_A_NODE);
	policy = name ? dr_nl_attr(info, DEVRESET_A_POLICY) : NULL;
	if (!policy)
		return -EINVAL;
	ret = nla_parse_nested(tb, DEVRESET_A_POLICY_MAX, policy, devreset_policy_nl_policy,
			       info->extack);
	for (i = 0; i < POLICY_FIELDS && !ret; i++) {
		if (!tb[i + 1])
			continue;
		set++;
		if (!policy_value_ok(i, nla_get_u32(tb[i + 1])))
			ret = dr_nl_refuse(info->extack, tb[i + 1], -EINVAL, policy_range(i));
	}
	if (!ret && !set)
		ret = dr_nl_refuse(info->extack, policy, -EINVAL, "there is nothing to set");
	if (ret)
		return ret;
	ret = dr_nl_set_policy(nla_data(name), tb);
	return ret ? dr_nl_refuse(info->extack, name, ret, "there is no such node") : 0;
}

/* --- requests --------------------------------------------------------------------------- */

static const char *dr_nl_request_refusal(int err)
{
	switch (err) {
	case -EALREADY:
		return "a reset that covers this one is running or waiting";
	case -EBUSY:
		return "the machine is suspended or going down, or the node is being registered";
	case -ENODEV:
		return "the node has gone";
	case -EOPNOTSUPP:
		return "there is no such reset here";
	default:
		return NULL;
	}
}

static bool dr_nl_can_aim(struct dr_node *node, enum devreset_scope scope)
{
	unsigned long flags;
	bool can;

	spin_lock_irqsave(&dr_lock, flags);
	can = node->dying || (scope ? dr_by_scope(node, scope) : dr_rung(node));
	spin_unlock_irqrestore(&dr_lock, flags);
	return can;
}

/* The cookie is there before what it names: nothing may fail once that has begun. */
static int dr_nl_request(struct genl_info *info, struct ask *ask)
{
	static atomic64_t cookies;
	struct dr_node *node = dr_nl_node(info);
	struct sk_buff *reply;
	int ret;

	if (IS_ERR(node))
		return PTR_ERR(node);
	ask->operator = true;
	ask->force = nla_get_flag(info->attrs[DEVRESET_A_FORCE]);
	ask->cookie = atomic64_inc_return(&cookies);
	reply = dr_nl_reply(info, 64);
	if (!reply)
		ret = -ENOMEM;
	else if (nla_put_u64_64bit(reply, DEVRESET_A_COOKIE, ask->cookie, DEVRESET_A_PAD))
		ret = -EMSGSIZE;
	else
		ret = dr_nl_can_aim(node, ask->scope) ? request_async(node, ask) : -EOPNOTSUPP;
	dr_put(node);
	if (!ret)
		return dr_nl_answer(reply, info, false);
	nlmsg_free(reply);
	return dr_nl_refuse(info->extack, NULL, ret, dr_nl_request_refusal(ret));
}

int devreset_nl_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *scope, *method = info->attrs[DEVRESET_A_METHOD];
	struct ask ask = { };
	int ret = dr_nl_may_act(skb, info);

	if (ret)
		return ret;
	scope = dr_nl_attr(info, DEVRESET_A_SCOPE);
	if (!scope)
		return -EINVAL;
	ask.scope = nla_get_u32(scope);
	if (ask.scope == DEVRESET_MEMBER)
		return dr_nl_refuse(info->extack, scope, -EINVAL, "no reset has that scope");
	if (method)
		ask.method = nla_get_u32(method);
	/* A ladder's, where a reset is refused or could cost what is in use. */
	if (ask.method == DEVRESET_METHOD_REPAIR)
		return dr_nl_refuse(info->extack, method, -EINVAL, "a repair is no reset");
	return dr_nl_request(info, &ask);
}

int devreset_nl_recover_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ask ask = { .scope = DEVRESET_MEMBER };

	return dr_nl_may_act(skb, info) ?: dr_nl_request(info, &ask);
}

int devreset_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *cookie;
	int ret = dr_nl_may_act(skb, info);

	if (ret)
		return ret;
	cookie = dr_nl_attr(info, DEVRESET_A_COOKIE);
	if (!cookie)
		return -EINVAL;
	ret = request_cancel(nla_get_u64(cookie));
	return ret ? dr_nl_refuse(info->extack, cookie, ret, ret == -EBUSY ?
			       "it has begun" : "there is no such request, or it is over") : 0;
}

/* --- manage ----------------------------------------------------------------------------- */

static const char *dr_nl_manage_refusal(int err)
{
	switch (err) {
	case -EINVAL:
		return "this is no name of a device on that bus";
	case -ENODEV:
		return "there is no such bus or device";
	case -EEXIST:
		return "the device is under policy already";
	case -ENOENT:
		return "the device is not under policy";
	case -EOPNOTSUPP:
		return "devices of this kind cannot be put under policy";
	default:
		return NULL;
	}
}

static int dr_nl_manage(struct sk_buff *skb, struct genl_info *info, bool on)
{
	struct nlattr *bus, *device;
	int ret = dr_nl_may_act(skb, info);

	if (ret)
		return ret;
	bus = dr_nl_attr(info, DEVRESET_A_BUS);
	device = bus ? dr_nl_attr(info, DEVRESET_A_DEVICE) : NULL;
	if (!device)
		return -EINVAL;
	ret = dr_manage(nla_data(bus), nla_data(device), on, NULL);
	return ret ? dr_nl_refuse(info->extack, NULL, ret, dr_nl_manage_refusal(ret)) : 0;
}

int devreset_nl_manage_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dr_nl_manage(skb, info, true);
}

int devreset_nl_unmanage_doit(struct sk_buff *skb, struct genl_info *info)
{
	return dr_nl_manage(skb, info, false);
}

/* --- explain ---------------------------------------------------------------------------- */

/* The ladder of a node, as it was at one moment; the rungs with a reference each */
struct dr_nl_ladder {
	unsigned int n;
	struct dr_node *node[RUNGS_LIMIT];
	struct rung rung[RUNGS_LIMIT];
	struct rung_plan plan[RUNGS_LIMIT];
	struct history hist;
	struct devreset_policy policy;
	unsigned int flags;
	bool operator;
};

static void dr_nl_ladder_get(struct dr_nl_ladder *ladder, struct dr_node *origin)
{
	struct dr_node *node;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&dr_lock, flags);
	ladder->hist = origin->hist;
	ladder->policy = origin->policy;
	node = dr_rung(origin);
	for (i = 0; node && i < RUNGS_LIMIT; i++) {
		ladder->rung[i].scope = dr_relative_scope(origin, node);
		ladder->rung[i].max_attempts = node->policy.max_attempts;
		ladder->rung[i].retry_ms = node->policy.retry_interval_ms;
		ladder->node[i] = dr_get(node);
		node = dr_rung(node->parent);
	}
	ladder->n = i;
	spin_unlock_irqrestore(&dr_lock, flags);
}

static enum devreset_answer dr_nl_ladder_answer(struct dr_nl_ladder *ladder)
{
	static const enum devreset_answer answers[] = {
		[VERDICT_IGNORE] = DEVRESET_ANSWER_IGNORE,
		[VERDICT_START] = DEVRESET_ANSWER_START,
		[VERDICT_FAIL] = DEVRESET_ANSWER_LIMIT,
	};
	struct history hist = ladder->hist;

	return ladder->operator ? DEVRESET_ANSWER_START :
	       answers[policy_hang(&ladder->policy, &hist, ktime_to_ms(ktime_get()))];
}

/* May @node be reset, as far as its driver can tell? -ENODEV: it goes. */
static int dr_nl_may_reset(struct dr_node *node, unsigned int flags)
{
	int idx = srcu_read_lock(&dr_ask_srcu), ret = 0;

	if (READ_ONCE(node->dying))
		ret = -ENODEV;
	else if (node->ops->may_reset)
		ret = node->ops->may_reset(&node->pub, flags | DEVRESET_MAY_ASK);
	srcu_read_unlock(&dr_ask_srcu, idx);
	return ret;
}

/* What would become of rung @i; @methods: METHODS_LEN bytes, for what its driver says */
static bool dr_nl_put_rung(struct sk_buff *skb, struct dr_nl_ladder *ladder, unsigned int i,
			   char *methods)
{
	struct nlattr *nest = nla_nest_start(skb, DEVRESET_A_RUNG);
	struct devreset_attempt how = {
		.flags = ladder->flags,
		.step = ladder->plan[i].passed,
	};
	enum devreset_step step = ladder->plan[i].step;
	struct dr_node *node = ladder->node[i];
	const char *text = NULL;
	char *refusal;
	bool bad;
	int ret;

	dr_methods(node, &how, methods, METHODS_LEN);
	refusal = dr_refusal(methods);
	if (step == DEVRESET_STEP_ATTEMPT) {
		ret = dr_nl_may_reset(node, ladder->flags);
		if (ret == -EOPNOTSUPP)
			text = "this hardware has no such reset";
		else if (ret == -ENODEV)
			text = "the node goes";
		else if (refusal || ret == -EBUSY)
			text = refusal ?: "a part of what it reaches would not get through it";
		if (text)
			step = DEVRESET_STEP_REFUSED;
	}
	bad = !nest || dr_nl_put_name(skb, DEVRESET_A_RUNG_NODE, node) ||
	      nla_put_u32(skb, DEVRESET_A_RUNG_SCOPE, ladder->rung[i].scope) ||
	      nla_put_u32(skb, DEVRESET_A_RUNG_STEP, step) ||
	      nla_put_u32(skb, DEVRESET_A_RUNG_MAX_ATTEMPTS, ladder->rung[i].max_attempts) ||
	      nla_put_u32(skb, DEVRESET_A_RUNG_RETRY_INTERVAL_MS, ladder->rung[i].retry_ms) ||
	      (text && nla_put_string(skb, DEVRESET_A_RUNG_TEXT, text)) ||
	      nla_put_string(skb, DEVRESET_A_RUNG_METHODS, methods);
	if (!bad)
		nla_nest_end(skb, nest);
	kfree(refusal);
	return bad;
}

static int dr_nl_explain(struct genl_info *info, struct dr_node *node,
			 struct dr_nl_ladder *ladder, char *methods)
{
	struct sk_buff *reply;
	unsigned int i;
	bool bad;

	dr_nl_ladder_get(ladder, node);
	policy_explain(&ladder->hist, ladder->policy.ceiling, ladder->rung, ladder->n,
		       ladder->plan);
	reply = dr_nl_reply(info, 256 + ladder->n * (METHODS_LEN + REFUSAL_LEN + 256));
	bad = !reply || dr_nl_put_name(reply, DEVRESET_A_NODE, node) ||
	      nla_put_u32(reply, DEVRESET_A_STATE, ladder->hist.state) ||
	      nla_put_u32(reply, DEVRESET_A_ANSWER, dr_nl_ladder_answer(ladder));
	for (i = 0; i < ladder->n; i++) {
		bad = bad || dr_nl_put_rung(reply, ladder, i, methods);
		dr_put(ladder->node[i]);
	}
	return reply ? dr_nl_answer(reply, info, bad) : -ENOMEM;
}

int devreset_nl_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dr_nl_ladder *ladder = kzalloc(sizeof(*ladder), GFP_KERNEL);
	char *methods = kmalloc(METHODS_LEN, GFP_KERNEL);
	struct dr_node *node = dr_nl_node(info);
	int ret = PTR_ERR_OR_ZERO(node);

	if (!ret && ladder && methods) {
		ladder->operator = nla_get_flag(info->attrs[DEVRESET_A_OPERATOR]);
		ladder->flags = (ladder->operator ? 0 : DEVRESET_MAY_AUTO) |
			(nla_get_flag(info->attrs[DEVRESET_A_FORCE]) ? DEVRESET_MAY_FORCE : 0);
		ret = dr_nl_explain(info, node, ladder, methods);
	} else if (!ret) {
		ret = -ENOMEM;
	}
	if (!IS_ERR(node))
		dr_put(node);
	kfree(methods);
	kfree(ladder);
	return ret;
}

/* --- the family ------------------------------------------------------------------------- */

/* Before there is a node */
int dr_netlink_init(void)
{
	int ret;

	/* What it generates says "true". Devices are of no network namespace but the first. */
	devreset_nl_family.netnsok = false;
	ret = compat_genl_register_family(&devreset_nl_family);
	if (!ret)
		dr_notify_open();
	return ret;
}

/* When there is none any more; what was begun by a request may still end. */
void dr_netlink_exit(void)
{
	dr_notify_close();
	genl_unregister_family(&devreset_nl_family);
}
