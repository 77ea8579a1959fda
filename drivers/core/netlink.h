/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: netlink.c answers requests, netlink_event.c sends events.
 * What is generated from Documentation/netlink/specs/devreset.yaml is in netlink_gen.[ch].
 */
#ifndef _DEVRESET_NETLINK_H
#define _DEVRESET_NETLINK_H

#include <linux/devreset.h>
#include <linux/types.h>
#include <uapi/linux/devreset_netlink.h>
#include "log.h"

struct dr_node;
struct request;

struct genl_info;
struct netlink_ext_ack;
struct nlattr;
struct sk_buff;

/* Bytes of the reason of a refusal that are told */
#define REFUSAL_LEN	128
/* Of what ops->methods says */
#define METHODS_LEN	1024

int dr_netlink_init(void);
void dr_netlink_exit(void);

int dr_nl_refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, int err,
		 const char *text);
struct nlattr *dr_nl_attr(struct genl_info *info, int type);
struct sk_buff *dr_nl_reply(struct genl_info *info, size_t size);
int dr_nl_answer(struct sk_buff *skb, struct genl_info *info, bool bad);
int dr_nl_put_name(struct sk_buff *skb, int attr, const struct dr_node *node);
char *dr_refusal(const char *methods);
struct dr_node *dr_named(const char *name);

/*
 * Events. Context: any, also with dr_lock held; they never wait for a listener. A message
 * is made only if there is one.
 */
void dr_notify_open(void);
void dr_notify_close(void);
void dr_notify_node(struct dr_node *node, bool added);
void dr_notify_state(struct dr_node *node, enum devreset_state old, enum devreset_state state);
void dr_notify_hang(struct dr_node *node, const char *reason);
void dr_notify_begin(struct request *req);
void dr_notify_attempt(struct request *req, struct dr_node *target, enum devreset_edge edge,
		       int status);
void dr_notify_phase(struct dr_node *target, enum dr_phase phase, enum devreset_edge edge);
void dr_notify_dump(struct dr_node *node, size_t length, bool truncated);
void dr_notify_done(struct request *req, int status);

/* The same, in process context: asks the driver of @target for the reason */
void dr_notify_refusal(struct request *req, struct dr_node *target,
		       const struct devreset_attempt *how, int status);

#endif
