// SPDX-License-Identifier: GPL-2.0
/*
 * How fast this processor's time stamp counter counts, in kHz, for guests that would
 * have to find it out by themselves, while somebody else is using the processors.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t ns, ticks;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Both clocks at once: of some tries, the one that was interrupted the least */
static struct moment read_both(void)
{
	uint64_t shortest = UINT64_MAX;
	struct moment best = {0};
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t begin = now(), ticks = __rdtsc(), end = now();

		if (end - begin < shortest) {
			shortest = end - begin;
			best = (struct moment){ begin + (end - begin) / 2, ticks };
		}
	}
	return best;
}

int main(void)
{
	struct timespec rest = { .tv_nsec = 300000000 };
	struct moment a, b;

	a = read_both();
	nanosleep(&rest, NULL);
	b = read_both();
	printf("%.0f\n", (b.ticks - a.ticks) * 1e6 / (b.ns - a.ns));
	return 0;
}
