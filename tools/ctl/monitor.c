// SPDX-License-Identifier: GPL-2.0
/* monitor: the uevents of nodes, one a line, as they come. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "ctl.h"

#define UEVENT_GROUP	1	/* those of the kernel, not of udev */
#define BUFFER_BYTES	(1 << 20)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
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
			json_add(event, "node", strrchr(value, '/') ? strrchr(value, '/') + 1 : value);
		else if (!strcmp(key, "DEVPATH_OLD"))
			json_add(event, "old", strrchr(value, '/') ? strrchr(value, '/') + 1 : value);
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

static void print_event(struct json_object *event)
{
	char time[64];
	int err;

	json_object_object_add(event, "time", json_object_new_double(now()));
	if (ctl.json) {
		print_json_line(event);
		return;
	}
	format_time(now(), time, sizeof(time));
	printf("%s%s%s %s%s%s %s", color("dim"), time, color("off"), color("bold"),
	       json_str(event, "node"), color("off"), json_str(event, "event"));
	if (json_get(event, "old"))
		printf(" from %s", json_str(event, "old"));
	if (json_get(event, "state")) {
		err = -json_int(event, "status");
		printf(" %s%s%s %s: %s, %s", state_color(json_str(event, "state")),
		       json_str(event, "state"), color("off"), json_str(event, "scope"),
		       err == EINPROGRESS ? "begins" : err ? strerror(err) : "success",
		       json_str(event, "reason"));
	}
	putchar('\n');
	fflush(stdout);
	json_object_put(event);
}

static void tell_of_loss(void)
{
	struct json_object *event;

	if (!ctl.json) {
		warn("events were lost: there were more than could be read");
		return;
	}
	event = json_object_new_object();
	json_add(event, "event", "lost");
	print_json_line(event);
}

static int listen_to(struct mnl_socket *socket)
{
	struct json_object *event;
	char buf[16384];
	ssize_t len;

	for (;;) {
		len = mnl_socket_recvfrom(socket, buf, sizeof(buf) - 1);
		if (len < 0 && errno == ENOBUFS) {
			tell_of_loss();
			continue;
		}
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return fail_errno(errno, "uevents");
		buf[len] = '\0';
		event = parse_uevent(buf, len);
		if (event)
			print_event(event);
		if (ferror(stdout))
			return EXIT_FAILED;
	}
}

int cmd_monitor(int argc, char **argv)
{
	struct mnl_socket *socket;
	int size = BUFFER_BYTES, status = module_check();

	(void)argc;
	(void)argv;
	if (status)
		return status;
	socket = mnl_socket_open(NETLINK_KOBJECT_UEVENT);
	if (!socket)
		return fail_errno(errno, "uevents");
	/* Without privilege there is less of it. */
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(socket, UEVENT_GROUP, MNL_SOCKET_AUTOPID)) {
		status = fail_errno(errno, "uevents");
	} else {
		/* For scripts: from here on, nothing is missed. */
		if (ctl.json) {
			struct json_object *event = json_object_new_object();

			json_add(event, "event", "listening");
			print_json_line(event);
		} else {
			fprintf(stderr, "listening\n");
		}
		status = listen_to(socket);
	}
	mnl_socket_close(socket);
	return status;
}
