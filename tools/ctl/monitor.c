// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: events, one a line, as they come. Those of the netlink family have a number: where
 * one is missing, an event is.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "monitor.h"
#include "netlink.h"

#define EVENT_BUFFER	65536

static double clock_seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* For scripts: from here on, nothing is missed without being told. */
void monitor_listening(void)
{
	struct json_object *event;

	if (!ctl.json) {
		fprintf(stderr, "listening\n");
		return;
	}
	event = json_object_new_object();
	json_add(event, "event", "listening");
	print_json_line(event);
}

void monitor_lost(void)
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

/* --- as text ------------------------------------------------------------------------ */

static const char *result(struct json_object *event)
{
	int err = -json_int(event, "status");

	return err ? strerror(err) : "success";
}

static void print_request(struct json_object *event, const char *name)
{
	const char *scope = json_str(event, "scope"), *state = json_str(event, "state");
	char took[32];

	if (!strcmp(name, "begin"))
		printf("begins: %s for %s, %s", scope[0] && strcmp(scope, "member") ? scope : "recover",
		       json_str(event, "requester"), json_str(event, "reason"));
	else if (!strcmp(name, "done"))
		printf("is over: %s, %s attempt%s, %s, cured by %s", result(event),
		       json_str(event, "attempts"), plural(json_int(event, "attempts")),
		       format_us(json_int(event, "duration_us"), took, sizeof(took)),
		       json_str(event, "cured_by"));
	else if (!strcmp(name, "change"))
		printf("%s%s%s, %s: %s, %s", state_color(state), state, color("off"), scope,
		       json_int(event, "status") == -EINPROGRESS ? "begins" : result(event),
		       json_str(event, "reason"));
}

static void print_step(struct json_object *event, const char *name)
{
	bool end = !strcmp(json_str(event, "edge"), "end");

	if (!strcmp(name, "attempt") && end)
		printf("attempt %s on %s: %s, method %s", json_str(event, "attempts"),
		       json_str(event, "target"), result(event), json_str(event, "method"));
	else if (!strcmp(name, "attempt"))
		printf("attempt %s on %s", json_str(event, "attempts"), json_str(event, "target"));
	else if (!strcmp(name, "phase"))
		printf("%s %ss", json_str(event, "phase"), json_str(event, "edge"));
	else if (!strcmp(name, "refusal"))
		printf("refused on %s: %s (%s)", json_str(event, "target"), json_str(event, "text"),
		       error_name(-json_int(event, "status")));
}

static void print_text(struct json_object *event)
{
	const char *name = json_str(event, "event"), *node = json_str(event, "node");
	char time[64];

	format_time(json_object_get_double(json_get(event, "time")), time, sizeof(time));
	printf("%s%s%s %s%s%s ", color("dim"), time, color("off"), color("bold"),
	       node[0] ? node : json_str(event, "target"), color("off"));
	if (!strcmp(name, "begin") || !strcmp(name, "done") ||
	    (!strcmp(name, "change") && json_get(event, "state")))
		print_request(event, name);
	else if (!strcmp(name, "attempt") || !strcmp(name, "phase") || !strcmp(name, "refusal"))
		print_step(event, name);
	else if (!strcmp(name, "state"))
		printf("%s%s%s, was %s", state_color(json_str(event, "state")),
		       json_str(event, "state"), color("off"), json_str(event, "old_state"));
	else if (!strcmp(name, "hang"))
		printf("%shangs%s: %s", color("red"), color("off"), json_str(event, "reason"));
	else if (!strcmp(name, "dump"))
		printf("diagnostics: %s bytes", json_str(event, "length"));
	else if (json_get(event, "old"))
		printf("%s from %s", name, json_str(event, "old"));
	else
		printf("%s", name);
	putchar('\n');
	fflush(stdout);
}

/* Takes @event. */
void monitor_print(struct json_object *event)
{
	double time = clock_seconds(CLOCK_REALTIME);

	if (json_get(event, "monotonic_us")) {
		time -= clock_seconds(CLOCK_MONOTONIC) - json_int(event, "monotonic_us") / 1e6;
		json_object_object_del(event, "monotonic_us");
	}
	json_add_time(event, "time", time);
	if (ctl.json) {
		print_json_line(event);
		return;
	}
	print_text(event);
	json_object_put(event);
}

/* --- of the netlink family ---------------------------------------------------------------- */

static void take_event(struct json_object *event, void *arg)
{
	int64_t seq = json_int(event, "event_seq"), *next = arg;

	if (*next && seq != *next)
		monitor_lost();
	*next = seq + 1;
	monitor_print(event);
}

static int monitor_family(void)
{
	struct mnl_socket *socket = family_listen();
	static char buf[EVENT_BUFFER];
	int64_t next = 0;
	ssize_t got = 0;

	if (!socket)
		return fail_errno(errno, "events");
	monitor_listening();
	/* After -ENOBUFS the numbers tell. */
	while (!ferror(stdout) && (got >= 0 || got == -ENOBUFS || got == -EINTR))
		got = family_event(socket, buf, sizeof(buf), take_event, &next);
	mnl_socket_close(socket);
	return ferror(stdout) ? EXIT_FAILED : fail_errno(-got, "events");
}

int cmd_monitor(int argc, char **argv)
{
	int status = module_check();

	(void)argc;
	(void)argv;
	if (status)
		return status;
	return family_present() ? monitor_family() : monitor_uevents();
}
