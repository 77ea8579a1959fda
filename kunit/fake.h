/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scripted fake nodes for the suites.
 *
 * A fake is a device and its node, whose every callback counts its calls,
 * writes itself into the tree's trace, may call a hook, may wait until the
 * test opens its gate, and returns what the test told it to. Meanwhile it
 * watches that the core keeps its word: see fake_broke() and its callers.
 *
 * Suites use fake_init() and fake_exit(); the latter opens every gate, waits
 * until the tree is at rest, and fails the test if a promise was broken. Those
 * that are about records use fake_init_known() and fake_exit_known().
 */
#ifndef _DEVRESET_KUNIT_FAKE_H
#define _DEVRESET_KUNIT_FAKE_H

#include <kunit/test.h>
#include <linux/device.h>
#include <linux/devreset.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "../drivers/core/core.h"

struct fake;

enum fake_what {
	FAKE_MAY_RESET,
	FAKE_RESET,
	FAKE_CHECK,
	FAKE_QUIESCE,
	FAKE_RESTORE,
	FAKE_RESUME,
	FAKE_DUMP,
	FAKE_ISOLATE,
	FAKE_RELEASE,
	FAKE_ASKED,	/* may_reset with DEVRESET_MAY_ASK: beside all others */
	FAKE_OPS,
};

/**
 * struct fake_op - the script of one callback
 * @ret: what it returns when @list is used up
 * @list: what it returns first
 * @hook: called from inside; when it returns non-zero, that is returned
 * @gate: while set, the callback waits inside, after @hook
 * @inside: callbacks inside now
 * @calls: so far
 */
struct fake_op {
	int ret;
	int list[4];
	unsigned int used, listed;
	int (*hook)(struct fake *fake);
	bool gate;
	unsigned int inside;
	unsigned int calls;
};

/**
 * struct fake - a device and its node
 * @tree: the tree it is in
 * @link: in tree.fakes
 * @name: short, for the trace
 * @parent: the fake above, or NULL
 * @fixed: desc.parent is given, instead of found
 * @dumps: it has ops->dump
 * @dev: the device, which outlives the node
 * @node: NULL while it is not registered
 * @ops: freed as soon as the core must not use it any more
 * @desc: can be changed before fake_register()
 * @op: the scripts
 * @live: the core may call back
 * @going: being unregistered: not always called back any more
 * @inside: callbacks inside now
 * @stopped: quiesced and not yet resumed
 * @gen: of the last reset
 * @resumed: status of the last resume
 * @data: the test's
 */
struct fake {
	struct fake_tree *tree;
	struct list_head link;
	char name[8];
	struct fake *parent;
	bool fixed;
	bool dumps;
	struct device *dev;
	struct devreset_node *node;
	struct devreset_ops *ops;
	struct devreset_desc desc;
	char full_name[24];
	struct fake_op op[FAKE_OPS];
	bool live;
	bool going;
	unsigned int inside;
	bool stopped;
	u32 gen;
	int resumed;
	unsigned long data;
};

/**
 * struct fake_tree - all of one test
 * @test: the test
 * @fakes: struct fake, parents first
 * @jobs: struct fake_job
 * @asks: struct fake_ask
 * @lock: for scripts and the trace
 * @wq: woken when a callback begins or ends, and when a gate opens
 * @traced: BIT(enum fake_what) of what goes into @trace
 * @strict: the shape of the tree does not change under a running reset, so
 *	the order of callbacks can be checked
 * @broken: promises that the core has broken
 * @what: the first of them
 */
struct fake_tree {
	struct kunit *test;
	struct list_head fakes;
	struct list_head jobs;
	struct list_head asks;
	spinlock_t lock;	/* innermost */
	wait_queue_head_t wq;
	unsigned int traced;
	char trace[1024];
	bool strict;
	unsigned int broken;
	char what[160];
};

/* Something that a test does in a thread of its own. */
struct fake_job {
	struct list_head link;
	struct fake *at;
	int (*run)(struct fake_job *job);
	enum devreset_scope scope;
	struct task_struct *task;
	bool gate;	/* between begin and end of an external reset */
	bool began;
	int ret;
	bool done;
};

/* An asynchronous request. */
struct fake_ask {
	struct list_head link;
	struct fake *at;
	struct devreset_node *node;
	struct devreset_params params;
	int ret;	/* of devreset_reset() */
	int status;	/* of the completion */
	unsigned int calls;
};

/* A device function with two parts, below a bus with one more function. */
struct family {
	struct fake *g;		/* platform */
	struct fake *p;		/* function, below g */
	struct fake *a, *b;	/* components, below p */
	struct fake *x;		/* component, below a */
	struct fake *q;		/* function, below g */
};

int fake_init(struct kunit *test);
void fake_exit(struct kunit *test);

extern const char *fake_serial_number;
extern struct devreset_provider fake_known;
int fake_init_known(struct kunit *test);
void fake_exit_known(struct kunit *test);

struct fake *fake_alloc(struct fake_tree *tree, const char *name,
			enum devreset_scope scope, struct fake *parent);
struct fake *fake_add(struct fake_tree *tree, const char *name,
		      enum devreset_scope scope, struct fake *parent);
int fake_register(struct fake *fake);
int fake_unregister(struct fake *fake);
void fake_gone(struct fake *fake);
void fake_isolates(struct fake *fake);
void fake_family(struct fake_tree *tree, struct family *family);

__printf(2, 3)
void fake_broke(struct fake_tree *tree, const char *fmt, ...);
void fake_check_context(struct fake *fake, const char *what);
void fake_returns(struct fake *fake, enum fake_what what, int first, int then);
void fake_open(struct fake *fake, enum fake_what what);
void fake_hold_soon(struct fake *fake);
void fake_hold(struct fake *fake);
void fake_rewind(struct fake_tree *tree);

struct fake_ask *fake_ask(struct fake *at, enum devreset_scope scope);
struct fake_job *fake_job(struct fake *at, int (*run)(struct fake_job *job),
			  enum devreset_scope scope);
int fake_job_reset(struct fake_job *job);
int fake_job_external(struct fake_job *job);
int fake_job_unregister(struct fake_job *job);
int fake_job_supported(struct fake_job *job);
void fake_job_go_on(struct fake_job *job);

bool fake_at_rest(struct fake_tree *tree);
int fake_announce(const char *warning);
void fake_expect_rest(struct fake_tree *tree);
void fake_forget(struct fake_tree *tree);
int fake_pm_notify(unsigned long event);

static inline bool fake_job_done(struct fake_job *job)
{
	/* Pairs with job_thread(): then its result is there too. */
	return smp_load_acquire(&job->done);
}

static inline long fake_stat(struct fake *fake, enum dr_stat stat)
{
	return atomic_long_read(&to_dr(fake->node)->stats[stat]);
}

static inline struct devreset_policy *fake_policy(struct fake *fake)
{
	return &to_dr(fake->node)->policy;
}

/* Far beyond anything that is waited for on purpose */
#define FAKE_PATIENCE	(15 * HZ)

/*
 * Poll @cond, one tick apart: what the core does wakes its own wait queue only,
 * which tests cannot reach.
 */
#define fake_wait(cond) ({						\
	unsigned long __end = jiffies + FAKE_PATIENCE;			\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && time_before(jiffies, __end))		\
		schedule_timeout_idle(1);				\
	__ok;								\
})

#define FAKE_ASSERT_SOON(test, cond)					\
	KUNIT_ASSERT_TRUE_MSG(test, fake_wait(cond), "never came: %s", #cond)

/* Some callback @what of @fake is inside, at its gate. */
#define FAKE_ASSERT_INSIDE(test, fake, what)				\
	FAKE_ASSERT_SOON(test, READ_ONCE((fake)->op[what].inside))

#endif
