// SPDX-License-Identifier: GPL-2.0
/* The uevents of nodes, for monitor where the netlink family is not there. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "monitor.h"

#define UEVENT_GROUP	1	/* those of the kernel, not of udev */
#define BUFFER_BYTES	(1 << 20)

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "ACTION@DEVPATH", then "KEY=VALUE", each with a NUL behind it. NULL: not one of ours */
static struct json_object *parse_uevent(char *text, size_t len)
{
	struct json_object *event = json_object_new_object();
	char *end = text + len, *key, *value;
	bool ours = false;

	for (text += strnlen(text, len) + 1; text < end; text += strnlen(text, end - text) + 1) {
		key = text;
		value = strchr(text, '=');
		if (!value)
			continue;
		*value++ = '\0';
		text = value;
		if (!strcmp(key, "SUBSYSTEM"))
			ours = !strcmp(value, "devreset");
		else if (!strcmp(key, "ACTION"))
			json_add(event, "event", value);
		else if (!strcmp(key, "DEVPATH"))
			json_add(event, "node", last_part(value));
		else if (!strcmp(key, "DEVPATH_OLD"))
			json_add(event, "old", last_part(value));
		else if (!strcmp(key, "DEVRESET_STATE"))
			json_add(event, "state", value);
		else if (!strcmp(key, "DEVRESET_SCOPE"))
			json_add(event, "scope", value);
		else if (!strcmp(key, "DEVRESET_STATUS"))
			json_add_int(event, "status", strtoll(value, NULL, 10));
		else if (!strcmp(key, "DEVRESET_REASON"))
			json_add(event, "reason", value);
	}
	if (ours && json_get(event, "node"))
		return event;
	json_object_put(event);
	return NULL;
}

static int listen_to(struct mnl_socket *socket)
{
	struct json_object *event;
	char buf[16384];
	ssize_t len;

	while (!ferror(stdout)) {
		len = mnl_socket_recvfrom(socket, buf, sizeof(buf) - 1);
		if (len < 0 && errno == ENOBUFS) {
			monitor_lost();
			continue;
		}
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return fail_errno(errno, "uevents");
		buf[len] = '\0';
		event = parse_uevent(buf, len);
		if (event)
			monitor_print(event);
	}
	return EXIT_FAILED;
}

/* Ends with an error only. */
int monitor_uevents(void)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_KOBJECT_UEVENT);
	int size = BUFFER_BYTES, status;

	if (!socket)
		return fail_errno(errno, "uevents");
	/* Without privilege there is less of it. */
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(socket, UEVENT_GROUP, MNL_SOCKET_AUTOPID)) {
		status = fail_errno(errno, "uevents");
	} else {
		monitor_listening();
		status = listen_to(socket);
	}
	mnl_socket_close(socket);
	return status;
}
