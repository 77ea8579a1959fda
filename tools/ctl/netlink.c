// SPDX-License-Identifier: GPL-2.0
/*
 * The socket of the netlink family: requests with their answers, and events. Where the
 * family is not there, as in another network name space, sysfs is used instead.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "netlink.h"

/* A dump's answers are as large as the buffer allows. */
#define RECEIVE_BYTES	65536
#define EVENT_BYTES	(4 << 20)

static struct {
	struct mnl_socket *socket;
	uint16_t id;
	uint32_t events;	/* the multicast group */
	unsigned int seq;
	bool tried;
	char text[512];		/* why the last request was refused */
} family;

/* What the kernel had to say to the last request that it refused; "" */
const char *family_text(void)
{
	return family.text;
}

/* --- one request -------------------------------------------------------------------- */

static void keep_text(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*error);
	const struct nlattr *attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* The request follows, unless it was left out. */
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += MNL_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	mnl_attr_for_each(attr, message, offset)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(family.text, sizeof(family.text), "%s", mnl_attr_get_str(attr));
}

/* 1: more is to come; 0 or a negative errno: that was the end */
static int take_message(const struct nlmsghdr *message, bool *interrupted,
			void (*fn)(const struct nlmsghdr *message, void *arg), void *arg)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_seq != family.seq)
		return 1;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		if (message->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*error))
			return -EBADMSG;
		if (error->error)
			keep_text(message);
		return error->error;
	case NLMSG_DONE:
		if (mnl_nlmsg_get_payload_len(message) >= sizeof(int))
			return *(const int *)mnl_nlmsg_get_payload(message);
		return 0;
	default:
		if (fn)
			fn(message, arg);
		return 1;
	}
}

/* -EINTR: a dump was not of one moment */
static int exchange(struct nlmsghdr *request,
		    void (*fn)(const struct nlmsghdr *message, void *arg), void *arg)
{
	static char buf[RECEIVE_BYTES];
	bool interrupted = false;
	struct nlmsghdr *message;
	ssize_t got;
	int left, ret = 1;

	family.text[0] = '\0';
	request->nlmsg_seq = ++family.seq;
	if (mnl_socket_sendto(family.socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (ret == 1) {
		got = mnl_socket_recvfrom(family.socket, buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		left = got;
		for (message = (struct nlmsghdr *)buf; ret == 1 && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			ret = take_message(message, &interrupted, fn, arg);
	}
	return ret ? ret : interrupted ? -EINTR : 0;
}

/* --- is it there? ---------------------------------------------------------------------- */

static void take_group(const struct nlattr *group)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, DEVRESET_MCGRP_EVENTS))
		family.events = id;
}

static void take_family(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *attr, *group;

	(void)arg;
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family.id = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				take_group(group);
	}
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int on = 1;

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)) {
		mnl_socket_close(socket);
		socket = NULL;
	}
	if (socket) {
		mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
		mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	}
	return socket;
}

static struct nlmsghdr *put_head(char *buf, uint16_t type, uint8_t command, uint8_t version,
				 uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *head;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->cmd = command;
	head->version = version;
	return message;
}

bool family_present(void)
{
	char buf[REQUEST_BYTES];
	struct nlmsghdr *request;

	if (family.tried || ctl.faked)
		return family.id && !ctl.faked;
	family.tried = true;
	family.socket = open_socket();
	if (!family.socket)
		return false;
	request = put_head(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, DEVRESET_FAMILY_NAME);
	if (exchange(request, take_family, NULL))
		family.id = 0;
	return family.id;
}

/* --- for others -------------------------------------------------------------------------- */

/* @buf: of REQUEST_BYTES. family_present() has to be asked before. */
struct nlmsghdr *family_request(char *buf, uint8_t command, uint16_t flags)
{
	return put_head(buf, family.id, command, DEVRESET_FAMILY_VERSION, flags);
}

struct talk {
	void (*fn)(struct json_object *reply, void *arg);
	void *arg;
};

static void take_reply(const struct nlmsghdr *message, void *arg)
{
	struct talk *talk = arg;

	if (talk->fn && message->nlmsg_type == family.id)
		talk->fn(decode_message(message), talk->arg);
}

/* @fn gets each reply, and owns it. Returns 0 or a negative errno; family_text() says why. */
int family_talk(struct nlmsghdr *request, void (*fn)(struct json_object *reply, void *arg),
		void *arg)
{
	struct talk talk = { fn, arg };

	return exchange(request, take_reply, &talk);
}

/* A socket of its own for events; NULL with errno set */
struct mnl_socket *family_listen(void)
{
	struct mnl_socket *socket = open_socket();
	int size = EVENT_BYTES, fd;

	if (!socket)
		return NULL;
	fd = mnl_socket_get_fd(socket);
	/* Without privilege there is less of it. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &family.events,
				  sizeof(family.events))) {
		mnl_socket_close(socket);
		return NULL;
	}
	return socket;
}

/* Wait for events, and have @fn own each. Returns a negative errno: -ENOBUFS if some are lost. */
ssize_t family_event(struct mnl_socket *socket, char *buf, size_t len,
		     void (*fn)(struct json_object *event, void *arg), void *arg)
{
	ssize_t got = mnl_socket_recvfrom(socket, buf, len);
	struct nlmsghdr *message;
	struct json_object *event;
	int left = got;

	if (got < 0)
		return -errno;
	for (message = (struct nlmsghdr *)buf; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type != family.id || !decode_command(message))
			continue;
		event = decode_message(message);
		json_add(event, "event", decode_command(message));
		if (!strcmp(decode_command(message), "done") && !json_get(event, "cured_by"))
			json_add(event, "cured_by", "none");
		fn(event, arg);
	}
	return got;
}
