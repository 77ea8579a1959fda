// SPDX-License-Identifier: GPL-2.0
/*
 * A request by a write to sysfs, which a child makes. The request goes on when the child is
 * killed: no task has to wait for its end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ask.h"

#define ACCEPT_POLL_MS	20

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
	ask_progress(ask, state);
}

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

/* Returns 0 or a negative errno; -EINPROGRESS: accepted, and not waited for. */
int ask_by_sysfs(struct ask *ask)
{
	int fds[2], ret;
	pid_t child;

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
