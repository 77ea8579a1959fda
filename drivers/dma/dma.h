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
 * struct segment - of a descriptor
 * @dst: the kernel's address
 * @src: the same; not for DESC_FILL
 * @len: in bytes
 */
struct segment {
	void *dst;
	const void *src;
	u32 len;
};

enum desc_kind {
	DESC_COPY,
	DESC_FILL,
	DESC_CYCLE,	/* a segment is a period */
};

/**
 * struct ddma_desc - a descriptor
 * @link: in one of the channel's lists; the channel's lock protects this and
 *	the rest, but for completed descriptors, which are the thread's, and what a
 *	copy section uses. The first member: desc_alloc() does not clear it
 * @tx: what the client sees
 * @kind: what to do
 * @value: for DESC_FILL
 * @begun: it has been worked on
 * @by_client: the client has terminated it
 * @stuck: it does not go on
 * @silent: done, but its interrupt was lost
 * @len: sum of the segments
 * @done: bytes moved, of segments that are; for DESC_CYCLE, in this round
 * @at: segment in work
 * @off: and how far
 * @word: the client's completion word, or NULL
 * @result: how it ended
 * @segments: how many
 * @segment: these
 */
struct ddma_desc {
	struct list_head link;
	struct dma_async_tx_descriptor tx;
	enum desc_kind kind;
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
	u32 segments;
	struct segment segment[];
};

#define to_desc(t)	container_of(t, struct ddma_desc, tx)

/*
 * A channel has less than this: prepared, outstanding and completed. So the cookie,
 * modulo this, finds an outstanding one. Those whose callbacks were invoked, and which are
 * not acknowledged, do not count.
 */
#define MAX_DESCS	1024

/* How many descriptors a channel keeps to be used again */
#define SPARES		32

/* Of so many of the newest cookies, less one, it is known which failed. */
#define COOKIES		(2 * MAX_DESCS)

/* Why a channel runs no descriptors */
#define STOP_RESET	BIT(0)	/* quiesced */
#define STOP_SLEEP	BIT(1)	/* suspended */
#define STOP_GONE	BIT(2)	/* the engine was removed */
#define STOP_FREE	BIT(3)	/* its client releases it */

/**
 * struct outcome - of a run
 * @completed: what the engine reports as completed: tx.phys of a descriptor
 * @lost: its interrupt was lost
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
 * @task: runs what is @issued, and invokes callbacks; while there is a client
 * @wait: where @task waits
 * @idle: where others wait for @task
 * @copying: @task may be writing to a descriptor's memory: see channel_copy_begin()
 * @lock: of all below, and of the descriptors; any context. A descriptor's memory is
 *	written to only while it is @active, and by no more than a page at a time: with
 *	this held and @stop_requested, or while @task is @copying
 * @node: its devreset node, or NULL
 * @descs: how many there are, but for @unacked
 * @prepared: descriptors that the client has not submitted
 * @submitted: descriptors not issued
 * @issued: descriptors to do, in order, @active first
 * @aborting: descriptors on their way from those to @completed
 * @completed: descriptors whose callbacks are due
 * @gathered: bytes of those in @completed, and COALESCE_COST for each
 * @spare: descriptors of one segment, to be used again
 * @spares: how many
 * @unacked: callback invoked, but not acknowledged; @task's own
 * @outstanding: descriptors submitted or issued, by cookie; others are stale
 * @active: the descriptor that @task works on
 * @stop_requested: @task has to call desc_go_on() before it goes on with @active
 * @running: @task is in engine_ops.run
 * @by_client: the client has terminated what is @aborting
 * @paused: by the client
 * @halted: STOP_*
 * @configured: @config is set
 * @config: by the client
 * @failed: by cookie, modulo COOKIES: the descriptor did not complete
 * @forgotten: the newest of those that are too old for @failed, counted as
 *	@n_submitted is; 0: there is none
 * @ended: descriptors put into @completed, and periods
 * @invoked: of these, callbacks that have returned
 * @n_submitted: counter
 * @n_completed: counter
 * @n_aborted: counter
 * @n_failed: counter
 * @n_lost: counter, of lost completion interrupts
 */
struct channel {
	struct dma_chan chan;
	struct engine *engine;
	struct task_struct *task;
	wait_queue_head_t wait;
	wait_queue_head_t idle;
	bool copying;

	spinlock_t lock;	/* of all below */
	struct devreset_node *node;
	atomic_t descs;
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct list_head aborting;
	struct list_head completed;
	u64 gathered;
	struct list_head spare;
	unsigned int spares;
	struct list_head unacked;
	struct ddma_desc *outstanding[MAX_DESCS];
	struct ddma_desc *active;
	bool stop_requested;
	bool running;
	bool by_client;
	bool paused;
	unsigned int halted;
	bool configured;
	struct dma_slave_config config;
	DECLARE_BITMAP(failed, COOKIES);
	unsigned long forgotten;
	u64 ended;
	u64 invoked;
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
 * @gather: while there is more to do, callbacks are invoked when so many bytes are
 *	completed; 0: at once
 * @max_len: of a descriptor
 * @max_burst: of device_config()
 * @granularity: of residues
 * @setup: fill in what else the engine can do. Optional.
 * @run: do @desc, which is @c's active one, in @c's thread: 0, -EAGAIN when
 *	desc_may_run() said no (to go on later, or never), or why it failed;
 *	then an @outcome->fault that is set has the channel recovered
 * @poll: do some of @desc, with the channel's lock held, and stopped; true: it is
 *	done. Optional
 * @check: does the engine work?
 * @stop: wait until the engine has stopped, all channels being halted. Optional
 * @reset: initial state, all descriptors being completed. Optional
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
	int (*run)(struct channel *c, struct ddma_desc *desc, struct outcome *outcome);
	bool (*poll)(struct channel *c, struct ddma_desc *desc);
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
 * Is @desc, of that cookie, still active? It may have been freed, and its memory be that
 * of another one. Hold the channel's lock.
 */
static inline bool desc_is_active(struct channel *c, struct ddma_desc *desc, dma_cookie_t cookie)
{
	return c->active == desc && desc->tx.cookie == cookie;
}

/* May @c's thread go on with @desc? Hold the channel's lock. */
static inline bool desc_may_run(struct channel *c, struct ddma_desc *desc)
{
	return c->active == desc && !c->paused && !c->halted;
}

/* A client that reads Idle sees what was copied. */
static inline void desc_put_word(struct ddma_desc *desc, enum devreset_dma_status status)
{
	if (!desc->word)
		return;
	/* Pairs with the client, which takes no lock. */
	smp_store_release(desc->word, desc->tx.phys | status);
}

/* The residue. Hold the lock; if it is active, after channel_stop_copy(). */
static inline u32 desc_left(struct ddma_desc *desc)
{
	return desc->len - desc->done - desc->off;
}

/*
 * The copy section: a descriptor's memory is written to without the lock, which would cost
 * as much as the copy of a short one. It ends after no more than a page, with interrupts off
 * in between. To complete the descriptor, or to read its progress, request a stop, which
 * waits for the end of the section. Only the thread clears the request, with the lock held:
 * see desc_go_on().
 */
static inline void channel_copy_end(struct channel *c)
{
	lockdep_assert_irqs_disabled();
	/* Pairs with channel_stop_copy(): what was moved, and how much. */
	smp_store_release(&c->copying, false);
	local_irq_enable();
}

/* In @c's thread. Return: it may write to the active descriptor's memory. */
static inline bool channel_copy_begin(struct channel *c)
{
	/*
	 * Between a page and the next, this is also where an interrupt comes in: x86
	 * lets none in where one instruction allows them and the next one forbids them.
	 */
	if (unlikely(READ_ONCE(c->stop_requested)))
		return false;
	local_irq_disable();
	/* A full barrier, as is that of channel_stop_copy(): one of the two sees the other. */
	smp_store_mb(c->copying, true);
	if (likely(!READ_ONCE(c->stop_requested)))
		return true;
	channel_copy_end(c);
	return false;
}

/*
 * Hold the lock. It may be a hard interrupt's: one cannot come in between on the
 * processor that the thread is on, and on others the wait is for a page at most.
 * Return: it had to wait.
 */
static inline bool channel_stop_copy(struct channel *c)
{
	lockdep_assert_held(&c->lock);
	/* A full barrier: see channel_copy_begin(). */
	smp_store_mb(c->stop_requested, true);
	/* Both pair with channel_copy_end(). */
	if (likely(!smp_load_acquire(&c->copying)))
		return false;
	smp_cond_load_acquire(&c->copying, !VAL);
	return true;
}

/* The same as a condition to wait for, on channel.wait; to be asked again */
static inline bool desc_stopped(struct channel *c, struct ddma_desc *desc)
{
	return READ_ONCE(c->active) != desc || READ_ONCE(c->paused) || READ_ONCE(c->halted);
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

/* descriptor.c */
struct ddma_desc *desc_alloc(struct channel *c, unsigned int segments, unsigned long flags);
void desc_halt(struct channel *c, struct ddma_desc *desc);
bool desc_found(struct channel *c);
bool desc_stalled(struct channel *c);
bool desc_poll(struct channel *c);
void desc_invoke_callbacks(struct channel *c);
void desc_period(struct channel *c, struct ddma_desc *desc);
bool desc_go_on(struct channel *c, struct ddma_desc *desc);
void desc_free(struct channel *c, struct ddma_desc *desc);
void descs_free(struct channel *c, struct list_head *list);
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
