/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family of devreset's: see Documentation/netlink/specs/devreset.yaml. */
#ifndef _CTL_NETLINK_H
#define _CTL_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/devreset_netlink.h>
#include "ctl.h"

/* decode.c */

struct json_object *decode_message(const struct nlmsghdr *message);
const char *decode_command(const struct nlmsghdr *message);
int encode_word(unsigned int policy_attribute, const char *value, uint32_t *number);
unsigned int encode_key(const char *key);

/* netlink.c */

#define REQUEST_BYTES	4096

/* A request, and where an answer to it goes: 0 or a negative errno */
struct nlmsghdr *family_request(char *buf, uint8_t command, uint16_t flags);
int family_talk(struct nlmsghdr *request, void (*fn)(struct json_object *reply, void *arg),
		void *arg);
const char *family_text(void);
struct mnl_socket *family_listen(void);
ssize_t family_event(struct mnl_socket *socket, char *buf, size_t len,
		     void (*fn)(struct json_object *event, void *arg), void *arg);

#endif
