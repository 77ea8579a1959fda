/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/devreset.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_DEVRESET_GEN_H
#define _LINUX_DEVRESET_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/devreset_netlink.h>

/* Common nested types */
extern const struct nla_policy devreset_policy_nl_policy[DEVRESET_A_POLICY_RETURN_MS + 1];

int devreset_nl_node_get_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_node_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int devreset_nl_record_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int devreset_nl_policy_set_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_reset_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_recover_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_manage_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_unmanage_doit(struct sk_buff *skb, struct genl_info *info);
int devreset_nl_log_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int devreset_nl_explain_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	DEVRESET_NLGRP_EVENTS,
};

extern struct genl_family devreset_nl_family;

#endif /* _LINUX_DEVRESET_GEN_H */
