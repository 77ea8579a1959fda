/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_dma; dma.c says what is where.
 */
#ifndef _DEVRESET_DMA_H
#define _DEVRESET_DMA_H

#include <linux/devreset.h>
#include <linux/devreset_dma.h>
#include <linux/bitmap.h>
#include <linux/dmaengine.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct engine;
struct seq_file;

/**
 * struct piece - of a job
 * @dst: where the processor finds it
 * @src: the same; not for JOB_FILL
 * @len: in bytes
 */
struct piece {
	void *dst;
	const void *src;
	u32 len;
};

enum job_kind {
	JOB_COPY,
	JOB_FILL,
	JOB_CYCLE,	/* a piece is a period */
};

/**
 * struct job - a descriptor
 * @link: in one of the channel's lists; the channel's lock protects this and
 *	the rest, but for what is over, or being moved: that is its thread's.
 *	The first, as it is the one that job_alloc() leaves alone
 * @tx: what the client sees
 * @kind: what to do
 * @value: for JOB_FILL
 * @begun: it has been worked on
 * @by_client: it was the client who cut it off
 * @stuck: does not go on
 * @silent: done, but nobody was told (an interrupt was lost)
 * @len: sum of the pieces
 * @done: bytes moved, of pieces that are; for JOB_CYCLE, in this round
 * @at: piece in work
 * @off: and how far
 * @word: the client's completion word, or NULL
 * @result: how it ended
 * @pieces: how many
 * @piece: these
 */
struct job {
	struct list_head link;
	struct dma_async_tx_descriptor tx;
	enum job_kind kind;
	u8 value;
	bool begun;
	bool by_client;
	bool stuck;
	bool silent;
	u32 len;
	u32 done;
	u32 at;
	u32 off;
	u64 *word;
	struct dmaengine_result result;
	u32 pieces;
	struct piece piece[];
};

#define to_job(t)	container_of(t, struct job, tx)

/*
 * What a channel holds of them, prepared, outstanding and over, is less than this:
 * then the cookie, modulo this, finds the one that is outstanding. Those that
 * their clients were told of, and have not acknowledged, do not count.
 */
#define MOST_JOBS	1024

/* How many jobs a channel keeps to be used again */
#define SPARES		32

/* Of the last so many cookies, less one, a channel knows exactly which failed. */
#define COOKIES		(2 * MOST_JOBS)

/* Why a channel does not begin anything */
#define HALT_RESET	BIT(0)	/* quiesced */
#define HALT_SLEEP	BIT(1)	/* suspended */
#define HALT_GONE	BIT(2)	/* the engine was removed */
#define HALT_FREE	BIT(3)	/* its client leaves */

/**
 * struct outcome - of a run
 * @completed: what the engine says it has completed: tx.phys of a job
 * @lost: and nobody told of that
 * @fault: what is wrong with the engine, a string constant, or NULL
 * @result: if it failed
 */
struct outcome {
	u64 completed;
	bool lost;
	const char *fault;
	enum dmaengine_tx_result result;
};

/**
 * struct channel - a channel
 * @chan: what dmaengine sees
 * @engine: whose it is
 * @task: works through @issued and tells what is over; while there is a client
 * @wait: where @task waits
 * @idle: where others wait for @task
 * @inside: @task may be writing to a job's memory: see channel_enter()
 * @lock: of all below, and of the jobs; any context. A job's memory is written
 *	to only while it is @active, and no more than a page at a time: with
 *	this held and the channel @barred, or while @task is @inside
 * @node: its devreset node, or NULL
 * @jobs: how many there are, but for @unacked
 * @prepared: jobs that the client has not submitted
 * @submitted: jobs not issued
 * @issued: jobs to do, in order, @active first
 * @dying: jobs cut off, on their way from those to @over
 * @over: jobs whose clients are to be told
 * @gathered: bytes of what is in @over, and something for each
 * @spare: jobs of one piece, to be used again
 * @spares: how many
 * @unacked: jobs told, but not acknowledged; @task's own
 * @outstanding: jobs submitted or issued, by cookie; others are stale
 * @active: the job that @task works on
 * @barred: @task has to look, with @lock held, before it goes on with @active
 * @running: @task is in engine_ops.run
 * @by_client: it was the client who cut off what is @dying
 * @paused: by the client
 * @halted: HALT_*
 * @configured: @config is set
 * @config: by the client
 * @failed: by cookie, modulo COOKIES: the job did not complete
 * @forgotten: the newest of those that are too old for @failed, counted as
 *	@n_submitted is; 0: there is none
 * @ended: jobs put into @over, and periods
 * @told: of these, clients told
 * @n_submitted: counter
 * @n_completed: counter
 * @n_aborted: counter
 * @n_failed: counter
 * @n_lost: counter, of completions that nobody told of
 */
struct channel {
	struct dma_chan chan;
	struct engine *engine;
	struct task_struct *task;
	wait_queue_head_t wait;
	wait_queue_head_t idle;
	bool inside;

	spinlock_t lock;	/* of all below */
	struct devreset_node *node;
	atomic_t jobs;
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct list_head dying;
	struct list_head over;
	u64 gathered;
	struct list_head spare;
	unsigned int spares;
	struct list_head unacked;
	struct job *outstanding[MOST_JOBS];
	struct job *active;
	bool barred;
	bool running;
	bool by_client;
	bool paused;
	unsigned int halted;
	bool configured;
	struct dma_slave_config config;
	DECLARE_BITMAP(failed, COOKIES);
	unsigned long forgotten;
	u64 ended;
	u64 told;
	unsigned long n_submitted;
	unsigned long n_completed;
	unsigned long n_aborted;
	unsigned long n_failed;
	unsigned long n_lost;
};

#define to_channel(c)	container_of(c, struct channel, chan)

/**
 * struct engine_ops - what engines differ in
 * @scope: of its node
 * @policy: of its nodes
 * @gather: while there is more to do, clients are told when so much is over; 0: at
 *	once
 * @max_len: of a job
 * @max_burst: of device_config()
 * @granularity: of residues
 * @setup: fill in what else the engine can do. Optional.
 * @run: do @job, which is @c's active one, in @c's thread: 0, -EAGAIN when
 *	job_may_run() said no (to go on later, or never), or why it failed;
 *	then an @outcome->fault that is set has the channel recovered
 * @poll: do some of @job, with the channel's lock held, and barred; true: it is done.
 *	Optional
 * @check: does the engine work?
 * @stop: wait until the engine has stopped, all channels being halted. Optional
 * @reset: initial state, all jobs being over. Optional
 * @dump: write diagnostics. Optional
 */
struct engine_ops {
	enum devreset_scope scope;
	const struct devreset_policy *policy;
	u32 gather;
	u32 max_len;
	u32 max_burst;
	enum dma_residue_granularity granularity;
	void (*setup)(struct engine *engine);
	int (*run)(struct channel *c, struct job *job, struct outcome *outcome);
	bool (*poll)(struct channel *c, struct job *job);
	int (*check)(struct engine *engine, const char **reason);
	int (*stop)(struct engine *engine);
	int (*reset)(struct engine *engine);
	void (*dump)(struct engine *engine, struct devreset_dump *dump);
};

/**
 * struct engine - an engine
 * @dma: what dmaengine sees
 * @ops: its kind
 * @hw: for @ops, while the device's driver is bound
 * @owner: a module to keep while there are clients, or NULL
 * @pinned: it is kept until the engine is forgotten
 * @users: channels with clients
 * @node: its devreset node
 * @forget: frees it
 * @channels: how many
 * @counters: how many of these have counters in sysfs
 * @channel: these
 *
 * Outlives the device's driver while a client has a channel.
 */
struct engine {
	struct dma_device dma;
	const struct engine_ops *ops;
	void *hw;
	struct module *owner;
	bool pinned;
	atomic_t users;
	struct devreset_node *node;
	struct work_struct forget;
	unsigned int channels;
	unsigned int counters;
	struct channel channel[];
};

#define to_engine(d)	container_of(d, struct engine, dma)

/*
 * Is @job, of that cookie, still active, after it may have been told of, and freed, and
 * another be in its place? Hold the channel's lock.
 */
static inline bool job_is_active(struct channel *c, struct job *job, dma_cookie_t cookie)
{
	return c->active == job && job->tx.cookie == cookie;
}

/* May @c's thread go on with @job? Hold the channel's lock. */
static inline bool job_may_run(struct channel *c, struct job *job)
{
	return c->active == job && !c->paused && !c->halted;
}

/* Whoever sees that it says Idle sees what was moved. */
static inline void job_put_word(struct job *job, enum devreset_dma_status status)
{
	if (!job->word)
		return;
	/* Pairs with the client, who has no lock. */
	smp_store_release(job->word, job->tx.phys | status);
}

/* The residue. Hold the lock, and have the channel barred, if it is active. */
static inline u32 job_left(struct job *job)
{
	return job->len - job->done - job->off;
}

/*
 * How a job's memory is written to without the lock, which would cost a short job as much
 * as the copy: @c's thread enters, and leaves after no more than a page, and interrupts
 * are off in between. Who takes the job from it, or looks into it, bars the channel,
 * which waits until the thread has left. The thread does not enter a channel that is
 * barred, and is the one who opens it, with the lock held: see job_go_on().
 */
static inline void channel_leave(struct channel *c)
{
	lockdep_assert_irqs_disabled();
	/* Pairs with channel_bar(): what was moved, and how much. */
	smp_store_release(&c->inside, false);
	local_irq_enable();
}

/* In @c's thread. Return: it may write to the active job's memory. */
static inline bool channel_enter(struct channel *c)
{
	/*
	 * Between a page and the next, this is also where an interrupt comes in: x86
	 * lets none in where one instruction allows them and the next one forbids them.
	 */
	if (unlikely(READ_ONCE(c->barred)))
		return false;
	local_irq_disable();
	/* A full barrier, as is that of channel_bar(): one of the two sees the other. */
	smp_store_mb(c->inside, true);
	if (likely(!READ_ONCE(c->barred)))
		return true;
	channel_leave(c);
	return false;
}

/*
 * Hold the lock. It may be a hard interrupt's: one cannot come in between on the
 * processor that the thread is on, and on others the wait is for a page at most.
 * Return: it had to wait.
 */
static inline bool channel_bar(struct channel *c)
{
	lockdep_assert_held(&c->lock);
	/* A full barrier: see channel_enter(). */
	smp_store_mb(c->barred, true);
	/* Both pair with channel_leave(). */
	if (likely(!smp_load_acquire(&c->inside)))
		return false;
	smp_cond_load_acquire(&c->inside, !VAL);
	return true;
}

/* The same as a condition to wait for, on channel.wait; to be asked again */
static inline bool job_stopped(struct channel *c, struct job *job)
{
	return READ_ONCE(c->active) != job || READ_ONCE(c->paused) || READ_ONCE(c->halted);
}

/* dma.c */
extern struct workqueue_struct *dma_wq;
extern bool dma_nodes;
extern bool dma_ready;

/* engine.c */
struct engine *engine_create(struct device *dev, const struct engine_ops *ops,
			     void *hw, struct module *owner, unsigned int channels);
void engine_destroy(struct engine *engine);
void engine_halt(struct engine *engine, unsigned int why);
void engine_go(struct engine *engine, unsigned int why);
void engines_wait(void);

/* channel.c */
void channel_init(struct channel *c, struct engine *engine);
void channel_setup(struct dma_device *dma);
void channel_clock(struct channel *c);
void channel_abort(struct channel *c, bool by_client);
void channel_wake(struct channel *c);
int channel_halt(struct channel *c, unsigned int why);
void channel_go(struct channel *c, unsigned int why);

/* job.c */
struct job *job_alloc(struct channel *c, unsigned int pieces, unsigned long flags);
void job_halt(struct channel *c, struct job *job);
bool job_found(struct channel *c);
bool job_stalled(struct channel *c);
bool job_poll(struct channel *c);
void job_tell(struct channel *c);
void job_period(struct channel *c, struct job *job);
bool job_go_on(struct channel *c, struct job *job);
void job_free(struct channel *c, struct job *job);
void jobs_free(struct channel *c, struct list_head *list);
int channel_thread(void *data);

/* failure.c */
static inline dma_cookie_t cookie_after(dma_cookie_t cookie)
{
	return cookie == INT_MAX ? DMA_MIN_COOKIE : cookie + 1;
}

void failures_forget(struct channel *c);
void failures_submitted(struct channel *c);
void failures_add(struct channel *c, dma_cookie_t first, dma_cookie_t last);
bool failures_have(struct channel *c, dma_cookie_t cookie);

/* prep.c */
void prep_setup(struct dma_device *dma);

/* node.c */
int nodes_register(struct engine *engine);
void nodes_unregister(struct engine *engine);

/* soft.c, edu.c */
int soft_init(void);
void soft_exit(void);
extern struct auxiliary_driver edu_dma_driver;

#endif
