/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of the core. Drivers use <linux/devreset.h>.
 *
 * Two locks, neither ever held over a callback (rule 6):
 *
 *	dr_mutex	the shape of the tree, the names, and the providers; may
 *			sleep. Held while user space is told of a node's path
 *	dr_lock		taken inside it; a spinlock, any context. The shape too
 *			(to change it, hold both; to walk it, hold either), and
 *			everything that says what is being done to which node:
 *			claims, requests, callbacks in hand, dying, states
 *
 * One wait queue, dr_wait, is woken when any of the latter changes. Waits on it
 * have a deadline (rule 5), but for these: for the end of a callback in hand
 * (rule 3), which is bounded by what it does; of a ladder for the end of a
 * suspend, and of what covers its next rung, while that is under way; of the task
 * that asked for a reset for its end, which is the sum of bounded steps, and which
 * a fatal signal or a suspend cuts short.
 *
 * dr_ask_srcu protects what is asked of a driver for a world-readable file
 * (DEVRESET_MAY_ASK): such a question takes neither lock nor slot.
 */
#ifndef _DEVRESET_CORE_H
#define _DEVRESET_CORE_H

#include <linux/device.h>
#include <linux/devreset.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "log.h"
#include "policy.h"

struct dr_node;
struct dr_record;
struct seq_file;

/**
 * enum claim_phase - how far the reset that holds a claim is
 * @CLAIM_NONE: nothing is claimed: the request waits
 * @CLAIM_QUIESCE: the subtree is being stopped
 * @CLAIM_RESET: all of the subtree is stopped
 * @CLAIM_RESUME: the subtree is being restored and started again
 */
enum claim_phase {
	CLAIM_NONE,
	CLAIM_QUIESCE,
	CLAIM_RESET,
	CLAIM_RESUME,
};

/**
 * struct claim - the right to reset a subtree (rule 1)
 * @target: root of the subtree; while the phase is CLAIM_NONE, what is aimed at
 * @owner: the task that runs the reset; resets that reach drivers from this
 *	task are the core's own (rule 7)
 * @worker: a task that the driver of @target runs the reset in, see
 *	devreset_run_as(), with a reference; the same holds for it
 * @phase: see there
 * @serial: tells one claim from the next
 * @seen: dr_node.covered of @target when it was aimed at, or last tried: a
 *	reset that reached it since then has done what this one was to do
 * @cancelled: it will not be held any more
 * @link: in the list of claims that are held
 * @users: nodes at which a reset by others was begun and has not ended; what is
 *	claimed is not resumed before
 * @shared: there was one beside a reset of the core's own
 * @expires: external claims: when the core ends them, in jiffies
 * @nodes: the subtree when it was claimed, children first, by dr_node.step,
 *	with a reference each
 * @waiters: struct waiter, called when the request is over
 */
struct claim {
	struct dr_node *target;
	struct task_struct *owner;
	struct task_struct *worker;
	enum claim_phase phase;
	u64 serial;
	unsigned int seen;
	bool cancelled;
	struct list_head link;
	unsigned int users;
	bool shared;
	unsigned long expires;
	struct list_head nodes;
	struct list_head waiters;
};

/**
 * struct waiter - a completion, or a task, that waits for the result of a request
 * @by_claim: in claim.waiters
 * @by_node: in dr_node.waiters of @node; while it is called, in dr_node.calls
 * @node: the node at which was asked
 * @stays: an operator's: waits for a device that goes to come back
 * @params: the completion
 * @task: the task that calls it
 */
struct waiter {
	struct list_head by_claim;
	struct list_head by_node;
	struct dr_node *node;
	bool stays;
	struct devreset_params params;
	struct task_struct *task;
};

/**
 * struct sleeper - a waiter's context, when it waits right here
 * @done: @status is set
 * @status: the result
 */
struct sleeper {
	bool done;
	int status;
};

/**
 * struct request - one reset, or one ladder, asked for at a node
 * @work: runs it
 * @claim: its claim
 * @origin: the node at which was asked, with a reference
 * @scope: one reset of that scope; DEVRESET_MEMBER: the ladder
 * @automatic: a hang was detected
 * @embedded: it is origin->recovery
 * @force: an operator insists
 * @method: exactly this one, or DEVRESET_METHOD_ANY
 * @used: the method of the last reset made
 * @step: how many methods of that node were passed by
 * @more: that node has a more invasive method
 * @requester: "hang", "driver", or name and pid of the process that asked
 * @cookie: by which it can be cancelled; 0: by none
 * @by_cookie: in the list of those that have one
 * @tried: attempts, also those that were refused
 * @refusal: why the last of those was, if somebody listens
 * @running: a worker has taken it up
 * @seen: dr_node.covered of @origin when a check last said whether it works
 * @began: when, in ns
 * @log: what will be said of it; NULL if there was no memory
 * @returns: how often @origin went and came back
 * @ladder: how far the ladder is
 * @limited: there were too many: do not even try
 * @over: it is, but for telling
 * @touched: something was reset, or may have been
 * @dumped: diagnostics were collected
 * @attempts: attempts made
 * @done_scope: scope of the last reset made, relative to @origin
 * @cured_by: name of the node whose reset cured @origin
 * @reason: why
 */
struct request {
	struct work_struct work;
	struct claim claim;
	struct dr_node *origin;
	enum devreset_scope scope;
	bool automatic;
	bool embedded;
	bool force;
	enum devreset_method method;
	enum devreset_method used;
	u8 step;
	bool more;
	char requester[REQUESTER_LEN];
	u64 cookie;
	struct list_head by_cookie;
	unsigned int tried;
	char *refusal;
	bool limited;
	bool over;
	bool touched;
	bool dumped;
	bool running;
	unsigned int seen;
	u64 began;
	struct log_entry *log;
	unsigned int returns;
	struct ladder ladder;
	unsigned int attempts;
	enum devreset_scope done_scope;
	char cured_by[REASON_LEN];
	char reason[REASON_LEN];
};

enum dr_stat {
	/* of requests made at this node */
	STAT_REQUESTS,
	STAT_JOINED,
	STAT_SUCCESSES,
	STAT_FAILURES,
	STAT_ESCALATIONS,
	STAT_HANGS,
	/* of what was done to this node */
	STAT_ATTEMPTS,
	STAT_TIMEOUTS,
	STAT_SOFT_ERRORS,
	STAT_EXTERNAL,
	STAT_QUIESCED,
	/* from detection to cure, in ms, summed */
	STAT_DOWNTIME_MS,
	/* not in sysfs, but in debugfs */
	STAT_DUMPS,
	STAT_DUMPS_CUT,
	STATS,
};

/**
 * struct dr_node - a node, as the core sees it
 * @pub: what drivers see; on a cache line of its own
 * @dev: the class device
 * @label: its name: one of @names. The device's own must not be read while it
 *	may be renamed: the driver core frees what it was called before
 * @names: the name now, and what it was before or will be next; never without a
 *	NUL at the end, so that a reader of an old @label finds an end
 * @hw: what it is a node of, with a reference
 * @ops: callbacks; only between node_enter() and node_leave(), or, for what may
 *	run beside others, in a section of dr_ask_srcu that has seen !@dying
 * @provider: the provider that made it, or NULL
 * @scope: what a reset of it reaches
 * @stall: ticks without progress that are a hang, 0: never
 * @fixed_parent: the parent was given, not found
 * @managed: put under policy by an operator
 * @identity: what device it is, as a provider tells; empty: none knows
 * @record: where what must outlive the node will be kept
 * @log: struct log_entry, the oldest first
 * @logged: the number of the last
 * @ready: registered, and what is above it is there
 * @dying: being unregistered
 * @hash: in the table by @hw; if its parent was given, only for an anchor
 * @name: in the table by name, from before until after it is in sysfs
 * @all: in the list of all nodes, in order of registration
 * @serial: that order
 * @parent: the node above
 * @children: nodes below, by @sibling, the newest first
 * @sibling: in the parent's @children
 * @step: in claim.nodes
 * @active: the request that runs or waits for a reset of this node (rule 2)
 * @claim: the claim on exactly this node
 * @claims_below: claims on nodes below this one
 * @ext: claim of a reset that did not come from the core (rule 7)
 * @ext_expire: ends @ext if the task that began it does not (rule 5)
 * @ext_task: the task that has begun a reset at this node, if it has
 * @ext_depth: its begin calls without their end
 * @ext_serial: the claim that covers it
 * @ext_waiting: begin calls that wait for claims below this device
 * @cb_task: the task whose callback into this node is in hand
 * @cb_since: when it was called, in jiffies
 * @cb_limit: and how long until it is called stuck
 * @stuck: it is
 * @stuck_work: finds that out
 * @calls: struct waiter whose completions are being called
 * @telling: user space is being told something of it
 * @reap: calls dr_reap(), where it cannot be called
 * @lost: quiesce or restore failed
 * @unsound: its last resume failed
 * @quiesced: told to stop and not yet to go on
 * @covered: successful resets that reached this node
 * @covered_by: name of the node that the last of them reset
 * @covered_scope: what that was for this node
 * @covered_rung: which rung of this node's ladder, from 0
 * @gen: names attempts; the last one given out
 * @pending: attempt that devreset_complete() may complete, 0: none
 * @completed: last attempt that was completed, 0: none
 * @result: what it was completed with
 * @attempt: what the attempt in hand is for; written by the holder of the claim
 * @used: its method, as the driver says
 * @used_more: there is a more invasive one
 * @waiters: struct waiter of requests made at this node
 * @recovery: the request of devreset_recover(), which cannot allocate
 * @recovery_queued: it is in use
 * @recover_again: a hang was reported when it had just ended
 * @requests: requests made here that are running
 * @settled: the state to take when the last of them is over
 * @hung: a hang was reported that nothing has cured; dr_set_hung()
 * @hung_since: when, in ms
 * @suspect: did not work after a reset, or could not be checked: to be checked
 * @hist: what the policy remembers
 * @policy: the numbers
 * @last: of the last finished request
 * @stats: counters
 * @tick: looks at the node while it is armed
 * @wake: starts it, where no lock may be taken
 * @tick_due: when it is to come next, in jiffies
 * @linger: the tick has seen an idle interval; see clock.c
 * @linger_rcu: and this is when
 * @probation: ends the probation
 */
struct dr_node {
	struct devreset_node pub;
	struct device dev;
	const char *label;
	char names[2][REASON_LEN];
	struct device *hw;
	const struct devreset_ops *ops;
	struct devreset_provider *provider;
	enum devreset_scope scope;
	unsigned long stall;
	bool fixed_parent;
	bool managed;
	bool ready;
	bool dying;
	char identity[IDENTITY_LEN];
	struct dr_record *record;
	struct list_head log;
	unsigned int logged;

	struct hlist_node hash;
	struct hlist_node name;
	struct list_head all;
	u64 serial;
	struct dr_node *parent;
	struct list_head children;
	struct list_head sibling;

	struct list_head step;
	struct claim *active;
	struct claim *claim;
	unsigned int claims_below;
	struct claim ext;
	struct delayed_work ext_expire;
	struct task_struct *ext_task;
	unsigned int ext_depth;
	u64 ext_serial;
	unsigned int ext_waiting;

	struct task_struct *cb_task;
	unsigned long cb_since, cb_limit;
	bool stuck;
	struct delayed_work stuck_work;
	struct list_head calls;
	unsigned int telling;
	struct work_struct reap;
	bool lost;
	bool unsound;
	bool quiesced;
	unsigned int covered;
	char covered_by[REASON_LEN];
	enum devreset_scope covered_scope;
	unsigned int covered_rung;
	u32 gen, pending, completed;
	int result;
	struct devreset_attempt attempt;
	enum devreset_method used;
	bool used_more;

	struct list_head waiters;
	struct request recovery;
	bool recovery_queued;
	bool recover_again;
	unsigned int requests;
	enum devreset_state settled;
	bool hung;
	u64 hung_since;
	bool suspect;

	struct history hist;
	struct devreset_policy policy;
	struct last last;
	atomic_long_t stats[STATS];

	struct delayed_work tick;
	struct irq_work wake;
	unsigned long tick_due;
	bool linger;
	unsigned long linger_rcu;
	struct delayed_work probation;
};

#define to_dr(node)	container_of(node, struct dr_node, pub)

extern struct mutex dr_mutex;
extern spinlock_t dr_lock;
extern struct wait_queue_head dr_wait;
/* Held over questions of unprivileged readers; unregistering waits for it. */
extern struct srcu_struct dr_ask_srcu;
extern struct workqueue_struct *dr_wq;
extern struct workqueue_struct *dr_aux_wq;
extern struct workqueue_struct *dr_check_wq;
extern struct kmem_cache *dr_cache;
extern struct class dr_class;
extern struct list_head dr_nodes;
/* Nodes by name, and what changes with it, and with those of records; under dr_mutex */
#define DR_NAMES_BITS	10
extern struct hlist_head dr_names[1 << DR_NAMES_BITS];
extern unsigned int dr_generation;

static inline const char *dr_name(const struct dr_node *node)
{
	return READ_ONCE(node->label);
}

/* As dev_err() and so on */
#define dr_err(node, fmt, ...)	pr_err("devreset %s: " fmt, dr_name(node), ##__VA_ARGS__)
#define dr_warn(node, fmt, ...)	pr_warn("devreset %s: " fmt, dr_name(node), ##__VA_ARGS__)
#define dr_info(node, fmt, ...)	pr_info("devreset %s: " fmt, dr_name(node), ##__VA_ARGS__)

static inline struct dr_node *dr_get(struct dr_node *node)
{
	get_device(&node->dev);
	return node;
}

static inline void dr_put(struct dr_node *node)
{
	put_device(&node->dev);
}

static inline void dr_count(struct dr_node *node, enum dr_stat stat)
{
	atomic_long_inc(&node->stats[stat]);
}

static inline unsigned long dr_deadline(struct dr_node *node)
{
	return jiffies + msecs_to_jiffies(READ_ONCE(node->policy.reset_timeout_ms));
}

/* Ticks left until @deadline; 0 when it has passed. */
static inline unsigned long dr_left(unsigned long deadline)
{
	long left = deadline - jiffies;

	return left > 0 ? left : 0;
}

/* Something that is waited for on dr_wait has changed. */
static inline void dr_changed(void)
{
	if (wq_has_sleeper(&dr_wait))
		wake_up_all(&dr_wait);
}

/*
 * Wait for @cond, which may sleep, at most @timeout ticks. For conditions that
 * do not, there is wait_event_idle_timeout().
 */
#define dr_wait_for(cond, timeout) ({					\
	DEFINE_WAIT_FUNC(__wait, woken_wake_function);			\
	long __left = (timeout);					\
	bool __ok;							\
									\
	add_wait_queue(&dr_wait, &__wait);				\
	while (!(__ok = (cond)) && __left > 0)				\
		__left = wait_woken(&__wait, TASK_IDLE, __left);	\
	remove_wait_queue(&dr_wait, &__wait);				\
	__ok;								\
})

/*
 * Between two tries of a busy bus lock (rule 4): wait, longer each time. 0,
 * -ETIMEDOUT at the @deadline, -ENODEV once @gone. *@backoff is 0 at first.
 */
#define dr_back_off(backoff, deadline, gone) ({				\
	unsigned long *__backoff = (backoff);				\
	int __ret = 0;							\
									\
	*__backoff = clamp(*__backoff * 2, 1UL, msecs_to_jiffies(100));	\
	if (!dr_left(deadline))						\
		__ret = -ETIMEDOUT;					\
	else if (wait_event_idle_timeout(dr_wait, gone, *__backoff))	\
		__ret = -ENODEV;					\
	__ret;								\
})

/* tree.c; to walk, hold dr_mutex or dr_lock */
struct dr_node *dr_find(struct device *dev);
struct dr_node *dr_find_again(struct dr_node *node);
struct dr_node *dr_rung(struct dr_node *node);
struct dr_node *dr_device_of(struct dr_node *node);
bool dr_is_below(struct dr_node *node, struct dr_node *above);
enum devreset_scope dr_relative_scope(struct dr_node *origin, struct dr_node *node);
unsigned int dr_rungs_between(struct dr_node *origin, struct dr_node *node);
struct dr_node *dr_by_scope(struct dr_node *origin, enum devreset_scope scope);
bool dr_device_is_below(struct device *dev, struct device *above);
int dr_link(struct dr_node *node, struct dr_node *parent);
void dr_unlink(struct dr_node *node);

/* core.c */
bool dr_may_sleep(void);
bool dr_is_exiting(void);

/* node.c */
const char *dr_scope_name(enum devreset_scope scope);
const char *dr_state_name(enum devreset_state state);
const char *dr_method_name(enum devreset_method method);
void dr_set_hung(struct dr_node *node, bool hung);
int dr_set_state(struct dr_node *node, enum devreset_state state);
bool dr_is_needless(struct dr_node *node);
int dr_unregister(struct dr_node *node);
void dr_reap(struct dr_node *node);

/* slot.c */
void slot_init(struct dr_node *node);
void slot_take(struct dr_node *node);
int node_enter(struct dr_node *node, unsigned long deadline);
void node_leave(struct dr_node *node);
const char *dr_state_shown(struct dr_node *node);

/* provider.c: missing ancestors, and managed devices */
void dr_provide(struct dr_node *node);
int dr_manage(const char *bus, const char *name, bool on, const char *identity);
bool dr_identify(struct dr_node *node, char *buf, size_t size);

/* record.c: what outlives a node */
int record_attach(struct dr_node *node);
bool record_rename(struct dr_node *node);
void record_keep(struct dr_node *node);
void record_update(struct dr_node *node);
void record_manage(struct dr_node *node, const char *bus, const char *device);
void record_forget(struct dr_node *node);
int record_unmanage(const char *bus, const char *device);
void record_exit(void);

/**
 * struct record_view - what outlives a node, to be told; valid while dr_mutex is held
 * @name: of the node
 * @bus: of manage
 * @device: the same; both are empty if unknown
 * @identity: what device it is
 * @state: &enum devreset_state
 * @managed: an operator has put it under policy
 * @away: there is no node now
 * @expires_in: when it will be forgotten, in ms from now; 0: not by itself
 * @policy: the numbers
 * @last: of the last finished request; under dr_lock
 * @stats: counters
 * @log: struct log_entry; under dr_lock
 */
struct record_view {
	const char *name, *bus, *device, *identity;
	enum devreset_state state;
	bool managed;
	bool away;
	u64 expires_in;
	const struct devreset_policy *policy;
	const struct last *last;
	unsigned long stats[STATS];
	struct list_head *log;
};

void record_view_node(struct dr_node *node, struct record_view *view);
bool record_view_name(const char *name, struct record_view *view);
bool record_view_next(long *bucket, long *index, struct record_view *view);
void records_show(struct seq_file *s);

/* claim.c */
void claim_init(struct claim *claim);
struct claim *claim_covering(struct dr_node *node);
struct claim *claim_owned(struct dr_node *node);
void claim_set_worker(struct claim *claim, struct task_struct *task);
struct claim *claim_find(u64 serial);
bool claim_is_external(const struct claim *claim);
struct dr_node *claim_external_left(void);
int claim_try(struct claim *claim);
int claim_list(struct claim *claim, unsigned long deadline);
bool claim_quiesces(u64 serial, struct dr_node *node);
struct dr_node *claim_add_late(u64 serial, struct dr_node *root);
int claim_wait(struct claim *claim, unsigned long deadline);
void claim_stopped(struct claim *claim);
int claim_resume(struct claim *claim, unsigned long deadline);
void claim_drop(struct claim *claim, struct list_head *waiters);
void claim_forget(struct dr_node *node);
bool claim_frozen(void);
bool claim_asleep(void);
int section_enter(void);
void section_leave(void);
void dr_freeze_forever(void);
int dr_freeze(unsigned long deadline);
void dr_thaw(void);

/* waiter.c */
void waiter_init(struct waiter *waiter, struct dr_node *node,
		 const struct devreset_params *params);
void waiter_add(struct waiter *waiter, struct claim *claim);
bool waiter_sleeps(const struct waiter *waiter);
void waiters_stay(struct dr_node *node);
void waiters_call(struct list_head *waiters, bool by_node, int status);
bool waiter_calls_here(struct dr_node *node);
void sleeper_init(struct waiter *waiter, struct sleeper *sleeper, struct dr_node *node);
int sleeper_wait(struct waiter *waiter, struct sleeper *sleeper);

/* ladder.c */
int run_once(struct request *req);
int run_ladder(struct request *req);
bool request_aim(struct claim *claim, struct dr_node *target);
int request_move(struct request *req, struct dr_node *node);

/* attempt.c */
struct attempt {
	struct dr_node *origin;
	struct dr_node *target;
	struct claim *claim;
	struct devreset_attempt how;
	struct request *req;
	bool touched;		/* out: the device may have been reset */
	unsigned int flags;	/* out: DEVRESET_RESULT_FLAGS */
};

int attempt_run(struct attempt *attempt);
void subtree_quiesce(struct claim *claim, unsigned long deadline);
void subtree_quiesce_late(u64 serial, struct dr_node *root, unsigned long deadline);
void subtree_resume(struct request *req, struct claim *claim, int status,
		    bool restore_target);
int node_check_unclaimed(struct dr_node *node, const char **reason, bool again);
void node_unverified(struct dr_node *node);

/* request.c */
/* What is asked for; DEVRESET_MEMBER: the ladder */
struct ask {
	enum devreset_scope scope;
	enum devreset_method method;
	bool force;
	bool operator;		/* by an operator, not by the driver */
	u64 cookie;		/* see struct request */
};

int request_reset(struct dr_node *origin, const struct ask *ask,
		  const struct devreset_params *params);
int request_and_wait(struct dr_node *origin, const struct ask *ask);
int request_async(struct dr_node *origin, const struct ask *ask);
int request_cancel(u64 cookie);
int request_recover(struct dr_node *origin, const char *reason);
void request_init_node(struct dr_node *node);

/* external.c */
void external_init(struct dr_node *node);
void external_forget(struct dr_node *node);
bool external_waits(struct dr_node *node);
bool external_waits_above(struct dr_node *node);
void external_exit(void);

/* clock.c */
void clock_init(struct dr_node *node);
void clock_stop(struct dr_node *node);
void clock_policy_changed(struct dr_node *node);
void clock_restamp(void);
void node_suspect(struct dr_node *node);
void clock_revive(struct dr_node *node);
void clock_probation(struct dr_node *node);
void clock_adopted(struct dr_node *node);

/* sysfs.c */
void dr_sysfs_init(void);
void dr_methods(struct dr_node *target, const struct devreset_attempt *how, char *buf,
		size_t size);
extern const struct attribute_group *dr_groups[];
extern const struct attribute_group **dr_class_groups;

/* event.c */
bool dr_tell_begin(struct dr_node *node);
void dr_tell_end(struct dr_node *node);
void dr_state_changed(struct dr_node *node);
void dr_uevent(struct dr_node *node, enum devreset_scope scope, int status,
	       const char *reason);
void dr_dump(struct dr_node *node, unsigned long deadline);
void dr_debugfs_init(void);
void dr_debugfs_exit(void);

/* pm.c */
int dr_pm_init(void);
void dr_pm_exit(void);

#endif
