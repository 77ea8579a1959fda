// SPDX-License-Identifier: GPL-2.0
/*
 * reset and recover. A write to sysfs returns when the reset is over, so a process
 * of its own makes it, and this one tells of progress, or does not wait. A request
 * goes on when the process that made it is killed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ctl.h"

#define PROGRESS_MS	200
#define ACCEPT_POLL_MS	20

struct ask {
	const char *node, *scope;
	bool force, wait;
	int64_t requests;	/* of the node, before */
	struct timespec began;
};

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - began->tv_sec + (now.tv_nsec - began->tv_nsec) / 1e9;
}

/* In a child: make the request, and put what it ended with into @fd. */
static void ask_child(const struct ask *ask, int fd)
{
	char *line = format("%s%s", ask->scope, ask->force ? " force" : "");
	int ret;

	ret = sys_write(line, "class/devreset/%s/reset", ask->node);
	if (write(fd, &ret, sizeof(ret)) < 0)
		_exit(1);
	_exit(0);
}

static int64_t count_requests(const char *node)
{
	char text[32];

	return sys_read(text, sizeof(text), "class/devreset/%s/stats/requests", node) ?
	       atoll(text) : 0;
}

static void progress(const struct ask *ask)
{
	char state[32];

	if (!sys_read(state, sizeof(state), "class/devreset/%s/state", ask->node))
		snprintf(state, sizeof(state), "away");
	fprintf(stderr, "\r%s: %s, %.1f s \033[K", ask->node, state, seconds_since(&ask->began));
}

/*
 * Returns 0 or a negative errno; -EINPROGRESS: accepted, and not waited for. The
 * child is killed then: the request needs no task that waits for it.
 */
static int ask_wait(const struct ask *ask, int fd)
{
	bool show = isatty(STDERR_FILENO) && ask->wait, shown = false;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int ret = -EIO, timeout = ask->wait ? (show ? PROGRESS_MS : -1) : ACCEPT_POLL_MS;

	while (poll(&poll_fd, 1, timeout) <= 0) {
		if (!ask->wait && count_requests(ask->node) > ask->requests)
			return -EINPROGRESS;
		if (show)
			progress(ask);
		shown = show;
	}
	if (shown)
		fprintf(stderr, "\r\033[K");
	/* No answer: the child was killed. */
	return read(fd, &ret, sizeof(ret)) == sizeof(ret) ? ret : -EINTR;
}

static int ask_run(struct ask *ask)
{
	int fds[2], ret;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &ask->began);
	ask->requests = count_requests(ask->node);
	if (pipe(fds))
		return -errno;
	fflush(stdout);
	child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return -EAGAIN;
	}
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		ask_child(ask, fds[1]);
	}
	close(fds[1]);
	ret = ask_wait(ask, fds[0]);
	close(fds[0]);
	if (ret == -EINPROGRESS)
		kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return ret;
}

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
	switch (err) {
	case EBUSY:
		fail_errno(err, "%s: %s refused, nothing was touched; the kernel log says why",
			   ask->node, ask->scope);
		tell_refusals(ask->node);
		return EXIT_REFUSED;
	case EALREADY:
		return fail(EXIT_REFUSED, "%s: a running reset covers this one (EALREADY)", ask->node);
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

static int ask_report(const struct ask *ask, int ret)
{
	struct json_object *node = node_full(ask->node), *last = json_get(node, "last"), *out;
	char took[32];

	if (ctl.json) {
		out = json_object_new_object();
		json_add(out, "node", ask->node);
		json_add(out, "asked", ask->scope);
		json_add(out, "result", !ret ? "done" : ret == -EINPROGRESS ? "accepted" : "error");
		json_add_int(out, "status", ret);
		if (!ret && last)
			json_object_object_add(out, "last", json_object_get(last));
		print_json(out);
	} else if (ret == -EINPROGRESS) {
		printf("%s: accepted\n", ask->node);
	} else if (!ret) {
		printf("%s: %s done by %s, method %s, %s attempt%s, %s\n", ask->node, ask->scope,
		       json_str(last, "cured_by"), json_str(last, "method"),
		       json_str(last, "attempts"), plural(json_int(last, "attempts")),
		       format_us(json_int(last, "duration_us"), took, sizeof(took)));
	}
	json_object_put(node);
	return !ret || ret == -EINPROGRESS ? EXIT_DONE : ask_failed(ask, -ret);
}

static int ask_for(const char *node, const char *scope)
{
	struct ask ask = {
		.node = node,
		.scope = scope,
		.force = ctl.value[OPT_FORCE],
		.wait = !ctl.value[OPT_NO_WAIT],
	};
	int status = node_check(node);

	return status ? status : ask_report(&ask, ask_run(&ask));
}

int cmd_reset(int argc, char **argv)
{
	const char *scope = argc > 1 ? argv[1] : "function";

	if (scope_rank(scope) < 0)
		return fail(EXIT_USAGE, "scope: component, function or platform, not \"%s\"", scope);
	if (ctl.value[OPT_METHOD])
		return fail(EXIT_REFUSED, "--method takes the netlink family, which is not there");
	return ask_for(argv[0], scope);
}

int cmd_recover(int argc, char **argv)
{
	(void)argc;
	return ask_for(argv[0], "recover");
}
