// SPDX-License-Identifier: GPL-2.0
/*
 * selftest: does recovery work on this kernel? On a node of devreset_sim's, that is made
 * for it and removed after it. No device is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "ctl.h"

#define CONFIGFS	"kernel/config/devreset-sim"
#define WAIT_MS		60000
#define POLL_MS		1000

struct test {
	char name[64], node[80];
	struct json_object *steps;
	bool failed;
};

static void step(struct test *test, bool ok, const char *what)
{
	struct json_object *out;

	test->failed |= !ok;
	if (!ctl.json) {
		printf("%s%s%s - %s\n", ok ? color("green") : color("red"), ok ? "ok" : "not ok",
		       color("off"), what);
		fflush(stdout);
		return;
	}
	out = json_object_new_object();
	json_add(out, "step", what);
	json_object_object_add(out, "ok", json_object_new_boolean(ok));
	json_object_array_add(test->steps, out);
}

static int64_t count(struct test *test, const char *name)
{
	char text[32];

	return sys_read(text, sizeof(text), "class/devreset/%s/stats/%s", test->node, name) ?
	       atoll(text) : -1;
}

static bool state_is(struct test *test, const char *want)
{
	char state[32];

	return sys_read(state, sizeof(state), "class/devreset/%s/state", test->node) &&
	       !strcmp(state, want);
}

static int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Until there are so many successes, and the node is healthy */
static bool wait_cured(struct test *test, int64_t successes)
{
	char *path = format("%s/class/devreset/%s/state", ctl.sys, test->node);
	struct pollfd state = { .fd = open(path, O_RDONLY | O_CLOEXEC), .events = POLLPRI };
	int64_t until = now_ms() + WAIT_MS;
	char text[32];
	bool cured = false;

	free(path);
	while (state.fd >= 0 && now_ms() < until) {
		/* An event is one since the last read. */
		if (pread(state.fd, text, sizeof(text), 0) < 0)
			break;
		cured = count(test, "successes") >= successes && state_is(test, "healthy");
		if (cured)
			break;
		poll(&state, 1, POLL_MS);
	}
	close(state.fd);
	return cured;
}

static int ask(struct test *test, const char *what)
{
	return sys_write(what, "class/devreset/%s/reset", test->node);
}

static int tell(struct test *test, const char *attribute, const char *value)
{
	return sys_write(value, CONFIGFS "/%s/%s", test->name, attribute);
}

static void run_steps(struct test *test)
{
	char *keys[] = { "probation_ms", "check_interval_ms", "retry_interval_ms" };
	char *values[] = { "0", "100", "100" };
	int64_t attempts;

	step(test, state_is(test, "healthy"), "a new node is healthy");
	step(test, !policy_write(test->node, keys, values, 3), "its policy is set");
	step(test, !ask(test, "function") && count(test, "successes") == 1,
	     "a reset that is asked for succeeds");
	step(test, !tell(test, "hang", "1") && wait_cured(test, 2) && count(test, "hangs") == 1,
	     "a hang is found, and cured");
	attempts = count(test, "attempts");
	step(test, !tell(test, "refuse", "EBUSY") && ask(test, "function") == -EBUSY &&
	     count(test, "attempts") == attempts, "a reset that is refused touches nothing");
	step(test, !tell(test, "refuse", "none") && !tell(test, "fail", "1") &&
	     ask(test, "function") == -EIO, "a reset that fails says so");
	step(test, !tell(test, "fail", "1") && !ask(test, "recover") && state_is(test, "healthy"),
	     "a recovery whose first attempt fails succeeds with the second");
}

int cmd_selftest(int argc, char **argv)
{
	struct test test = { .steps = NULL };
	int status = module_check();
	char *folder;

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (!sys_exists(CONFIGFS))
		return fail(EXIT_NONE, "%s/" CONFIGFS " is not there; modprobe devreset_sim",
			    ctl.sys);
	snprintf(test.name, sizeof(test.name), "selftest-%d", (int)getpid());
	snprintf(test.node, sizeof(test.node), "sim-%s", test.name);
	folder = format("%s/" CONFIGFS "/%s", ctl.sys, test.name);
	if (mkdir(folder, 0755)) {
		status = fail_errno(errno, "%s", folder);
	} else {
		test.steps = json_object_new_array();
		run_steps(&test);
		step(&test, !rmdir(folder) && !sys_exists("class/devreset/%s", test.node),
		     "the node is removed");
		if (ctl.json)
			print_json(test.steps);
		else
			json_object_put(test.steps);
		status = test.failed ? EXIT_FAILED : EXIT_DONE;
	}
	free(folder);
	return status;
}
