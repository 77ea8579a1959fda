/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware for the tests of what drivers call: devices that exist in software
 * only, each with at most one node that hw_register() makes. What a test
 * leaves behind, hw_exit() removes.
 */
#ifndef _DEVRESET_KUNIT_HW_H
#define _DEVRESET_KUNIT_HW_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/devreset.h>
#include <linux/list.h>
#include "../drivers/core/core.h"

enum call {
	CALL_MAY_RESET,
	CALL_RESET,
	CALL_CHECK,
	CALL_QUIESCE,
	CALL_RESTORE,
	CALL_RESUME,
	CALL_RELEASE,
	CALL_COMPLETE,
	CALLS,
};

/**
 * struct hw - a device, and the driver's part of its node
 * @dev: the device
 * @node: what hw_register() made, or an ERR_PTR
 * @link: in the list of all of a test
 * @refs: references to @dev without a node
 * @node_refs: references to @node when nothing happens to it
 * @calls: how often each callback was called
 * @returns: what each returns
 * @hook: called from within each callback, if set
 * @gen: attempt, as last given to ops->reset
 * @in_reset: completed in ops->reset
 * @completed: completed in hw_complete(), after @status was set
 * @status: as given to hw_complete()
 */
struct hw {
	struct device dev;
	struct devreset_node *node;
	struct list_head link;
	unsigned int refs;
	unsigned int node_refs;
	atomic_t calls[CALLS];
	int returns[CALLS];
	void (*hook)(struct hw *hw, enum call call);
	u32 gen;
	struct completion in_reset;
	struct completion completed;
	int status;
};

#define to_hw(d)	container_of(d, struct hw, dev)

/* All that a test has; in kunit.priv. @keeper has a node, too. */
struct hw_all {
	struct list_head list;
	struct hw *keeper;
};

/* Every callback there is, but for dump: on a struct hw as devreset_node.data */
extern const struct devreset_ops hw_ops;
extern const struct devreset_ops hw_member_ops;

/* For struct kunit_suite */
int hw_init(struct kunit *test);
void hw_exit(struct kunit *test);

struct hw *hw_add(struct kunit *test, const char *name, struct hw *parent);
struct hw *hw_add_to(struct kunit *test, const char *name, struct hw *parent,
		     struct bus_type *bus);
void hw_remove(struct hw *hw);
struct devreset_node *hw_try(struct hw *hw, enum devreset_scope scope);
void hw_register(struct kunit *test, struct hw *hw, enum devreset_scope scope);
void hw_unregister(struct kunit *test, struct hw *hw);

/* As devreset_params.complete, with the struct hw as context */
void hw_complete(struct devreset_node *node, void *context, int status);
int hw_wait(struct kunit *test, struct hw *hw);
void hw_wait_gone(struct kunit *test, struct hw *hw);

unsigned int hw_calls(struct hw *hw);
unsigned long hw_stat(struct hw *hw, enum dr_stat stat);
struct devreset_node *hw_above(struct devreset_node *node);
unsigned int hw_nodes(struct kunit *test);
void hw_forget(struct hw *hw);
void hw_settle(struct kunit *test, struct hw *hw);
void expect_link(struct kunit *test, struct hw *hw, struct devreset_node *above);

/* No trace of @hw's node is left, nor of one called @name. */
void expect_no_node(struct kunit *test, struct hw *hw, const char *name);
/* Nothing has happened to the node of @hw, which is healthy. */
void expect_untouched(struct kunit *test, struct hw *hw);

/* Where the caller may not sleep, as can be told in every kernel */
static inline void hw_atomic_begin(void)
{
	preempt_disable();
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		local_bh_disable();
}

static inline void hw_atomic_end(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		local_bh_enable();
	preempt_enable();
}

/* A WARN_ONCE() of the core: where it is, for it comes but once */
enum warning {
	WARN_DESC,
	WARN_LOOP,
	WARN_OWN_CALLBACK,
	WARN_ATOMIC,
	WARN_ATOMIC_TOO,
	WARN_NO_RESET,
	WARN_NO_RECOVERY,
	WARN_NONSENSE,
	WARN_COMPLETED,
	WARN_PROVIDER,
	WARNINGS,
};

/* To be called right before the misuse; tells scripts/splat.py */
void announce(enum warning warning);

#endif
