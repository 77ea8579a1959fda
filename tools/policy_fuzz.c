// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the policy, in user space: no sequence of events keeps a ladder going for
 * longer than its budget, or takes it above its ceiling.
 *
 *	cc -Iinclude -o policy_fuzz tools/policy_fuzz.c && ./policy_fuzz [rounds]
 *	clang -Iinclude -fsanitize=fuzzer,address -DLIBFUZZER tools/policy_fuzz.c
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define EXPORT_SYMBOL_GPL(symbol)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#include "../drivers/core/policy.c"

#define RUNGS 5

struct input {
	const u8 *data;
	size_t left;
};

static u8 next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static void demand(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* One ladder over rungs of rising scope; its events are the input. */
static void climb_one(struct input *in, const struct history *hist, u32 ceiling)
{
	struct rung rungs[RUNGS + 1] = { };
	enum ladder_event event = LADDER_ARRIVED;
	unsigned int n = next(in) % (RUNGS + 1), here = 0, budget = 0, steps = 0, i;
	u32 scope = DEVRESET_COMPONENT;
	struct ladder ladder;

	for (i = 0; i < n; i++) {
		scope += next(in) % 2;
		rungs[i].scope = scope > DEVRESET_PLATFORM ? DEVRESET_PLATFORM : scope;
		rungs[i].max_attempts = 1 + next(in) % 100;
		if (rungs[i].scope <= ceiling)
			budget += rungs[i].max_attempts;
	}
	policy_begin(&ladder, hist);
	for (;;) {
		demand(++steps < 3 * 100 * RUNGS + 10, "the ladder does not end");
		switch (policy_next(&ladder, event, ceiling, &rungs[here],
				    here + 1 < n ? &rungs[here + 1] : NULL)) {
		case STEP_ATTEMPT:
			demand(here < n && rungs[here].scope <= ceiling, "above the ceiling");
			demand(ladder.attempts <= rungs[here].max_attempts, "over the budget");
			event = (enum ladder_event[]){ LADDER_CURED, LADDER_NOT_CURED,
				LADDER_NOT_CURED, LADDER_REFUSED }[next(in) % 4];
			break;
		case STEP_WAIT:
			event = next(in) % 16 ? LADDER_WAITED : LADDER_GONE;
			break;
		case STEP_CLIMB:
			here++;
			demand(here < n, "climbed into the void");
			event = LADDER_ARRIVED;
			break;
		case STEP_GIVE_UP:
		case STEP_DONE:
			demand(ladder.total <= budget, "over the budget of all rungs");
			return;
		}
	}
}

static void fuzz_one(struct input *in)
{
	struct devreset_policy policy = devreset_default_policy;
	struct history hist;
	unsigned int started = 0;
	u64 now = 0, start = 0;

	policy_init(&hist);
	policy.max_recoveries = 1 + next(in) % 100;
	policy.window_ms = 1000 + next(in) * 1000;
	demand(policy_ok(&policy), "a good policy is refused");
	while (in->left) {
		now += next(in) * 16;
		if (!started || now - start >= policy.window_ms) {
			started = 0;
			start = now;
		}
		hist.state = next(in) % 4;
		hist.cured_rung = next(in) % 3 ? POLICY_NO_RUNG : next(in) % RUNGS;
		if (policy_hang(&policy, &hist, now) != VERDICT_START)
			continue;
		demand(++started <= policy.max_recoveries, "too many recoveries");
		climb_one(in, &hist, DEVRESET_COMPONENT + next(in) % 3);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	fuzz_one(&in);
	return 0;
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000, i;
	u8 data[512];
	size_t j;

	srandom(1);
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < sizeof(data); j++)
			data[j] = random() >> 8;
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
	return 0;
}
#endif
