// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/devreset.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/devreset_netlink.h>

/* Common nested types */
const struct nla_policy devreset_policy_nl_policy[DEVRESET_A_POLICY_RETURN_MS + 1] = {
	[DEVRESET_A_POLICY_AUTO] = NLA_POLICY_MAX(NLA_U32, 1),
	[DEVRESET_A_POLICY_CEILING] = NLA_POLICY_RANGE(NLA_U32, 1, 3),
	[DEVRESET_A_POLICY_MAX_ATTEMPTS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_RETRY_INTERVAL_MS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_RESET_TIMEOUT_MS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_CHECK_INTERVAL_MS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_CHECK_IDLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[DEVRESET_A_POLICY_PROBATION_MS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_MAX_RECOVERIES] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_WINDOW_MS] = { .type = NLA_U32, },
	[DEVRESET_A_POLICY_REBIND] = NLA_POLICY_MAX(NLA_U32, 3),
	[DEVRESET_A_POLICY_FINAL] = NLA_POLICY_MAX(NLA_U32, 1),
	[DEVRESET_A_POLICY_RETURN_MS] = { .type = NLA_U32, },
};

/* DEVRESET_CMD_NODE_GET - do */
static const struct nla_policy devreset_node_get_do_nl_policy[DEVRESET_A_NODE + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* DEVRESET_CMD_NODE_GET - dump */
static const struct nla_policy devreset_node_get_dump_nl_policy[DEVRESET_A_NODE + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* DEVRESET_CMD_POLICY_SET - do */
static const struct nla_policy devreset_policy_set_nl_policy[DEVRESET_A_POLICY + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_POLICY] = NLA_POLICY_NESTED(devreset_policy_nl_policy),
};

/* DEVRESET_CMD_RESET - do */
static const struct nla_policy devreset_reset_nl_policy[DEVRESET_A_FORCE + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_SCOPE] = NLA_POLICY_MAX(NLA_U32, 3),
	[DEVRESET_A_METHOD] = NLA_POLICY_MAX(NLA_U32, 5),
	[DEVRESET_A_FORCE] = { .type = NLA_FLAG, },
};

/* DEVRESET_CMD_RECOVER - do */
static const struct nla_policy devreset_recover_nl_policy[DEVRESET_A_FORCE + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_FORCE] = { .type = NLA_FLAG, },
};

/* DEVRESET_CMD_CANCEL - do */
static const struct nla_policy devreset_cancel_nl_policy[DEVRESET_A_COOKIE + 1] = {
	[DEVRESET_A_COOKIE] = { .type = NLA_U64, },
};

/* DEVRESET_CMD_MANAGE - do */
static const struct nla_policy devreset_manage_nl_policy[DEVRESET_A_DEVICE + 1] = {
	[DEVRESET_A_BUS] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_DEVICE] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* DEVRESET_CMD_UNMANAGE - do */
static const struct nla_policy devreset_unmanage_nl_policy[DEVRESET_A_DEVICE + 1] = {
	[DEVRESET_A_BUS] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_DEVICE] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* DEVRESET_CMD_LOG_GET - dump */
static const struct nla_policy devreset_log_get_nl_policy[DEVRESET_A_NODE + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* DEVRESET_CMD_EXPLAIN - do */
static const struct nla_policy devreset_explain_nl_policy[DEVRESET_A_OPERATOR + 1] = {
	[DEVRESET_A_NODE] = { .type = NLA_NUL_STRING, .len = 63, },
	[DEVRESET_A_OPERATOR] = { .type = NLA_FLAG, },
	[DEVRESET_A_FORCE] = { .type = NLA_FLAG, },
};

/* Ops table for devreset */
static const struct genl_split_ops devreset_nl_ops[] = {
	{
		.cmd		= DEVRESET_CMD_NODE_GET,
		.doit		= devreset_nl_node_get_doit,
		.policy		= devreset_node_get_do_nl_policy,
		.maxattr	= DEVRESET_A_NODE,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_NODE_GET,
		.dumpit		= devreset_nl_node_get_dumpit,
		.policy		= devreset_node_get_dump_nl_policy,
		.maxattr	= DEVRESET_A_NODE,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= DEVRESET_CMD_RECORD_GET,
		.dumpit	= devreset_nl_record_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DEVRESET_CMD_POLICY_SET,
		.doit		= devreset_nl_policy_set_doit,
		.policy		= devreset_policy_set_nl_policy,
		.maxattr	= DEVRESET_A_POLICY,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_RESET,
		.doit		= devreset_nl_reset_doit,
		.policy		= devreset_reset_nl_policy,
		.maxattr	= DEVRESET_A_FORCE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_RECOVER,
		.doit		= devreset_nl_recover_doit,
		.policy		= devreset_recover_nl_policy,
		.maxattr	= DEVRESET_A_FORCE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_CANCEL,
		.doit		= devreset_nl_cancel_doit,
		.policy		= devreset_cancel_nl_policy,
		.maxattr	= DEVRESET_A_COOKIE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_MANAGE,
		.doit		= devreset_nl_manage_doit,
		.policy		= devreset_manage_nl_policy,
		.maxattr	= DEVRESET_A_DEVICE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_UNMANAGE,
		.doit		= devreset_nl_unmanage_doit,
		.policy		= devreset_unmanage_nl_policy,
		.maxattr	= DEVRESET_A_DEVICE,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= DEVRESET_CMD_LOG_GET,
		.dumpit		= devreset_nl_log_get_dumpit,
		.policy		= devreset_log_get_nl_policy,
		.maxattr	= DEVRESET_A_NODE,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= DEVRESET_CMD_EXPLAIN,
		.doit		= devreset_nl_explain_doit,
		.policy		= devreset_explain_nl_policy,
		.maxattr	= DEVRESET_A_OPERATOR,
		.flags		= GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group devreset_nl_mcgrps[] = {
	[DEVRESET_NLGRP_EVENTS] = { "events", },
};

struct genl_family devreset_nl_family __ro_after_init = {
	.name		= DEVRESET_FAMILY_NAME,
	.version	= DEVRESET_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= devreset_nl_ops,
	.n_split_ops	= ARRAY_SIZE(devreset_nl_ops),
	.mcgrps		= devreset_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(devreset_nl_mcgrps),
};
