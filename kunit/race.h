/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that race, see race_test.c.
 */
#ifndef _DEVRESET_KUNIT_RACE_H
#define _DEVRESET_KUNIT_RACE_H

#include <linux/atomic.h>
#include "fake.h"

/* One thread, and what it does in each turn */
struct racer {
	void (*turn)(struct racer *racer, unsigned int i);
	struct fake *fake;
	enum devreset_scope scope;
	unsigned int share;	/* it only takes one of so many turns, as each is slow */
	struct task_struct *task;
	bool done;
	/* of asynchronous requests */
	atomic_t accepted, completed;
};

void race(struct kunit *test, struct racer *racers, int count);
struct devreset_node *racer_find(struct racer *racer);
void turn_reset(struct racer *racer, unsigned int i);
void turn_external(struct racer *racer, unsigned int i);
void turn_register(struct racer *racer, unsigned int i);

#endif
