/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that race, see race_test.c.
 */
#ifndef _DEVRESET_KUNIT_RACE_H
#define _DEVRESET_KUNIT_RACE_H

#include <linux/atomic.h>
#include "fake.h"

/**
 * struct racer - one thread, and what it does in each turn
 * @turn: true: it has done what it was to do, and not come too early or late
 * @fake: where
 * @scope: of requests
 * @share: goes on until one of so many turns asked for (0: each) was good
 * @task: the thread
 * @done: it has ended
 * @good: turns that were good
 * @accepted: asynchronous requests,
 * @completed: and their completions
 */
struct racer {
	bool (*turn)(struct racer *racer, unsigned int i);
	struct fake *fake;
	enum devreset_scope scope;
	unsigned int share;
	struct task_struct *task;
	bool done;
	atomic_t good, accepted, completed;
};

void race(struct kunit *test, struct racer *racers, int count);
struct devreset_node *racer_find(struct racer *racer);
bool turn_reset(struct racer *racer, unsigned int i);
bool turn_external(struct racer *racer, unsigned int i);
bool turn_register(struct racer *racer, unsigned int i);

#endif
