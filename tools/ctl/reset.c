// SPDX-License-Identifier: GPL-2.0
/*
 * reset and recover. The netlink family takes a request at once, and tells by an event how
 * it ends. A write to sysfs returns when the reset is over, so a process of its own makes
 * it (ask.c), and this one tells of progress, or does not wait.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ask.h"
#include "netlink.h"

#define EVENT_BUFFER	65536
#define LOST_POLL_MS	500

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - began->tv_sec + (now.tv_nsec - began->tv_nsec) / 1e9;
}

void ask_progress(const struct ask *ask, const char *what)
{
	fprintf(stderr, "\r%s: %s, %.1f s \033[K", ask->node, what, seconds_since(&ask->began));
}

/* --- by the netlink family ---------------------------------------------------------- */

struct wait {
	struct ask *ask;
	bool done, lost;
	int status;
	char phase[NAME_LEN + 16];
};

/* How the request ended; until then, what is being done */
static void take_event(struct json_object *event, void *arg)
{
	struct wait *wait = arg;
	const char *name = json_str(event, "event");

	if (!strcmp(name, "phase") && !strcmp(json_str(event, "edge"), "begin"))
		snprintf(wait->phase, sizeof(wait->phase), "%s of %s", json_str(event, "phase"),
			 json_str(event, "target"));
	if (!strcmp(name, "done") && json_int(event, "cookie") == wait->ask->cookie) {
		wait->done = true;
		wait->status = json_int(event, "status");
		json_object_put(wait->ask->last);
		wait->ask->last = json_object_get(event);
	}
	json_object_put(event);
}

/* The event that tells of the end may be among those that were lost. */
static void look(struct wait *wait)
{
	struct json_object *node = family_node(wait->ask->node);

	if (node && !strcmp(json_str(node, "state"), "recovering"))
		goto put;
	wait->done = true;
	wait->status = node ? json_int(json_get(node, "last"), "status") : -ENODEV;
	wait->ask->last = json_object_get(json_get(node, "last"));
put:
	json_object_put(node);
}

static int wait_for_event(struct wait *wait, struct mnl_socket *socket)
{
	struct pollfd poll_fd = { .fd = mnl_socket_get_fd(socket), .events = POLLIN };
	static char buf[EVENT_BUFFER];
	bool show = isatty(STDERR_FILENO);
	ssize_t got;
	int ready;

	while (!wait->done) {
		ready = poll(&poll_fd, 1, wait->lost ? LOST_POLL_MS : show ? PROGRESS_MS : -1);
		if (ready > 0) {
			got = family_event(socket, buf, sizeof(buf), take_event, wait);
			if (got == -ENOBUFS)
				wait->lost = true;
			else if (got < 0 && got != -EINTR)
				return got;
		} else if (wait->lost) {
			look(wait);
		}
		if (show && !wait->done)
			ask_progress(wait->ask, wait->phase);
	}
	if (show)
		fprintf(stderr, "\r\033[K");
	return wait->status;
}

static int ask_by_family(struct ask *ask)
{
	struct wait wait = { .ask = ask, .phase = "waiting" };
	struct mnl_socket *socket = NULL;
	int ret;

	/* Before the request, so that no end is missed */
	if (ask->wait) {
		socket = family_listen();
		if (!socket)
			return -errno;
	}
	ret = family_ask(ask->node, ask->scope, ask->method, ask->force, &ask->cookie);
	if (!ret)
		ret = socket ? wait_for_event(&wait, socket) : -EINPROGRESS;
	if (socket)
		mnl_socket_close(socket);
	return ret;
}

/* --- how it ended --------------------------------------------------------------------- */

/* Why the devices that it would have reached refuse, as far as they say */
static void tell_refusals(const char *name)
{
	struct json_object *node = node_full(name), *methods;
	size_t i;

	methods = node ? json_get(node, "methods") : NULL;
	for (i = 0; methods && i < json_object_array_length(methods); i++) {
		struct json_object *device = json_object_array_get_idx(methods, i);

		if (json_get(device, "refused"))
			warn("%s (%s): %s", json_str(device, "device"), json_str(device, "driver"),
			     json_str(device, "refused"));
	}
	json_object_put(node);
}

static int ask_failed(const struct ask *ask, int err)
{
	const char *text = json_str(ask->last, "text");

	/* The netlink family says why. */
	if (family_text()[0] || text[0]) {
		if (text[0])
			fail(0, "%s: %s (%s)", ask->node, text, error_name(err));
		else
			fail_errno(err, "%s: %s", ask->node, ask->scope);
		/* A node that went while it was waited for was there when it was asked. */
		return err == ENODEV && ask->cookie ? EXIT_FAILED : exit_status_of(err);
	}
	switch (err) {
	case EBUSY:
		fail_errno(err, "%s: %s refused, nothing was touched; the kernel log says why",
			   ask->node, ask->scope);
		tell_refusals(ask->node);
		return EXIT_REFUSED;
	case EALREADY:
		return fail(EXIT_REFUSED, "%s: a running reset covers this one (EALREADY)",
			    ask->node);
	case ENODEV:
		return fail(EXIT_FAILED, "%s: the node went, and did not come back (ENODEV)",
			    ask->node);
	case EOPNOTSUPP:
		return fail(EXIT_REFUSED, "%s: no reset of scope %s here (EOPNOTSUPP)", ask->node,
			    ask->scope);
	case EINTR:
		return fail(EXIT_FAILED, "%s: interrupted; the reset goes on", ask->node);
	}
	return fail_errno(err, "%s: %s", ask->node, ask->scope);
}

static void print_result(const struct ask *ask, int ret)
{
	struct json_object *out = json_object_new_object();

	json_add(out, "node", ask->node);
	json_add(out, "asked", ask->scope);
	json_add(out, "result", !ret ? "done" : ret == -EINPROGRESS ? "accepted" : "error");
	json_add_int(out, "status", ret == -EINPROGRESS ? 0 : ret);
	if (ask->cookie)
		json_add_int(out, "cookie", ask->cookie);
	if (!ret && ask->last)
		json_object_object_add(out, "last", json_object_get(ask->last));
	print_json(out);
}

static int ask_report(struct ask *ask, int ret)
{
	struct json_object *node = NULL;
	int status = EXIT_DONE;
	char took[32];

	if (!ask->last && !ret) {
		node = node_full(ask->node);
		ask->last = json_object_get(json_get(node, "last"));
		json_object_put(node);
	}
	if (ctl.json)
		print_result(ask, ret);
	else if (ret == -EINPROGRESS)
		printf("%s: accepted\n", ask->node);
	else if (!ret)
		printf("%s: %s done by %s, method %s, %s attempt%s, %s\n", ask->node, ask->scope,
		       json_str(ask->last, "cured_by"), json_str(ask->last, "method"),
		       json_str(ask->last, "attempts"), plural(json_int(ask->last, "attempts")),
		       format_us(json_int(ask->last, "duration_us"), took, sizeof(took)));
	if (ret && ret != -EINPROGRESS)
		status = ask_failed(ask, -ret);
	json_object_put(ask->last);
	return status;
}

static int ask_for(const char *node, const char *scope)
{
	struct ask ask = {
		.node = node,
		.scope = scope,
		.method = ctl.value[OPT_METHOD],
		.force = ctl.value[OPT_FORCE],
		.wait = !ctl.value[OPT_NO_WAIT],
	};
	int status = node_check(node);

	if (status)
		return status;
	clock_gettime(CLOCK_MONOTONIC, &ask.began);
	return ask_report(&ask, family_present() ? ask_by_family(&ask) : ask_by_sysfs(&ask));
}

int cmd_reset(int argc, char **argv)
{
	const char *scope = argc > 1 ? argv[1] : "function", *method = ctl.value[OPT_METHOD];

	if (scope_rank(scope) < 0)
		return fail(EXIT_USAGE, "scope: component, function or platform, not \"%s\"",
			    scope);
	if (method && !method_number(method))
		return fail(EXIT_USAGE, "method: none, reset_done, error_handlers or rebind, not \"%s\"",
			    method);
	if (method && !family_present())
		return fail(EXIT_REFUSED, "--method takes the netlink family, which is not there");
	return ask_for(argv[0], scope);
}

int cmd_recover(int argc, char **argv)
{
	(void)argc;
	return ask_for(argv[0], "recover");
}
