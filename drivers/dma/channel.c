// SPDX-License-Identifier: GPL-2.0
/*
 * A channel, as dmaengine calls it.
 *
 * All but alloc, free and synchronize may be called in any context. A job's
 * memory is written to only while the job is active, and nobody has barred the
 * channel, so that after channel_abort() not one byte of it is (DM5); and no more
 * than a page at a time, so that this is all that an abort waits for (DM1).
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>
#include "dma.h"

/* Jobs cut off in a row with interrupts off: shorter than the copy of a page */
#define AT_ONCE	4

void channel_wake(struct channel *c)
{
	if (wq_has_sleeper(&c->wait))
		wake_up_all(&c->wait);
}

/* Work is outstanding, or not: for the hang clock (ND14). Hold the lock. */
void channel_clock(struct channel *c)
{
	lockdep_assert_held(&c->lock);
	if (!c->node)
		return;
	if (list_empty(&c->issued) || c->paused)
		devreset_idle(c->node);
	else
		devreset_busy(c->node);
}

/**
 * channel_abort - cut off all that was submitted
 * @c: the channel
 * @by_client: the client asked for it
 *
 * Brings the channel into the state that it had when it was allocated (DM4), from
 * which it goes on at once (DM6). Cookies go on from where they were: a client may
 * still ask for an old one. When this returns, completion words say Halted (DM3),
 * and nothing of the jobs is touched any more (DM5); their clients are told by
 * the channel's thread (DM2).
 *
 * Context: any (DM1).
 */
void channel_abort(struct channel *c, bool by_client)
{
	struct dma_chan *chan = &c->chan;
	unsigned int count = 0;
	unsigned long flags;
	struct job *job;

	spin_lock_irqsave(&c->lock, flags);
	if (chan->completed_cookie != chan->cookie)
		failures_add(c, cookie_after(chan->completed_cookie), chan->cookie);
	chan->completed_cookie = chan->cookie;
	list_splice_tail_init(&c->issued, &c->dying);
	list_splice_tail_init(&c->submitted, &c->dying);
	channel_bar(c);
	c->active = NULL;
	c->paused = false;
	c->configured = false;
	memset(&c->config, 0, sizeof(c->config));
	c->by_client |= by_client;
	channel_clock(c);
	/* Several calls at once do this together, and all see the end of it. */
	while ((job = list_first_entry_or_null(&c->dying, struct job, link))) {
		job_halt(c, job);
		if (++count % AT_ONCE)
			continue;
		spin_unlock_irqrestore(&c->lock, flags);
		spin_lock_irqsave(&c->lock, flags);
	}
	c->by_client = false;
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
}

/* From when this returns the thread moves nothing. */
static void forbid(struct channel *c, unsigned int why)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->halted |= why;
	channel_bar(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

/**
 * channel_halt - have the thread stop where it is
 * @c: the channel
 * @why: HALT_*
 *
 * Return: 0, or -EIO when it does not stop in time. What is not to come back
 * (HALT_GONE) is waited for, without end: the thread stops unless a client's
 * callback for a period does not return, and that client's memory must stay.
 */
int channel_halt(struct channel *c, unsigned int why)
{
	forbid(c, why);
	channel_wake(c);
	if (why & HALT_GONE)
		wait_event_idle(c->idle, !READ_ONCE(c->running));
	else if (!wait_event_idle_timeout(c->idle, !READ_ONCE(c->running), HZ))
		return -EIO;
	return 0;
}

void channel_go(struct channel *c, unsigned int why)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->halted &= ~why;
	channel_clock(c);
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
}

/* --- what dmaengine calls -------------------------------------------------------- */

/*
 * A client keeps the module, and that which its device is from. dmaengine would do
 * so for the driver's owner, which therefore is none: of a module that is on its way
 * out it takes the engine from its list, and once more when that is unregistered.
 */
static bool pin(struct engine *engine)
{
	/* A module whose init fails is freed whatever its references. */
	if (!READ_ONCE(dma_ready) || !try_module_get(THIS_MODULE))
		return false;
	if (try_module_get(engine->owner))
		return true;
	module_put(THIS_MODULE);
	return false;
}

/* See engines_wait(). */
static void unpin(struct engine *engine)
{
	module_put(engine->owner);
	module_put(THIS_MODULE);
}

static int channel_alloc(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	struct engine *engine = c->engine;
	struct task_struct *task;
	unsigned long flags;
	int ret = 0;

	/* Not -ENODEV, of which dmaengine makes more than it should */
	if (!pin(engine))
		return -ENXIO;
	task = kthread_create(channel_thread, c, "%s", dma_chan_name(chan));
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto put;
	}
	spin_lock_irqsave(&c->lock, flags);
	if (c->halted & HALT_GONE)
		ret = -ENXIO;
	else
		c->task = task;
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	failures_forget(c);
	/* Counted before the engine can be gone: see engine_destroy(). */
	if (!ret)
		atomic_inc(&engine->users);
	spin_unlock_irqrestore(&c->lock, flags);
	if (ret) {
		kthread_stop(task);
		goto put;
	}
	wake_up_process(task);
	return 1;

put:
	unpin(engine);
	return ret;
}

static void channel_synchronize(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	unsigned long flags;
	u64 ended;

	if (WARN_ONCE(current == c->task, "%s: waits for its own callback\n",
		      dma_chan_name(chan)))
		return;
	spin_lock_irqsave(&c->lock, flags);
	ended = c->ended;
	spin_unlock_irqrestore(&c->lock, flags);
	/* Pairs with told(). */
	wait_event(c->idle, smp_load_acquire(&c->told) >= ended);
}

/* There is no thread any more: the next client finds nothing of this one's. */
static void forget_jobs(struct channel *c)
{
	struct job *job, *next;
	unsigned long flags;
	LIST_HEAD(over);
	LIST_HEAD(rest);

	channel_abort(c, true);
	spin_lock_irqsave(&c->lock, flags);
	c->task = NULL;
	c->halted &= ~HALT_FREE;
	c->told = c->ended;
	c->gathered = 0;
	list_splice_init(&c->prepared, &rest);
	list_splice_init(&c->over, &over);
	spin_unlock_irqrestore(&c->lock, flags);
	list_for_each_entry(job, &over, link)
		dma_descriptor_unmap(&job->tx);
	jobs_free(c, &over);
	jobs_free(c, &rest);
	list_for_each_entry_safe(job, next, &c->unacked, link)
		kfree(job);
	INIT_LIST_HEAD(&c->unacked);
	list_for_each_entry_safe(job, next, &c->spare, link)
		kfree(job);
	INIT_LIST_HEAD(&c->spare);
	c->spares = 0;
}

static void channel_free(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	struct engine *engine = c->engine;

	channel_abort(c, true);
	channel_synchronize(chan);
	/* What a callback has submitted meanwhile is not done, nor told of: it could be a cycle. */
	forbid(c, HALT_FREE);
	kthread_stop(c->task);
	forget_jobs(c);
	atomic_dec(&engine->users);
	unpin(engine);
}

static void channel_issue(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	unsigned long flags;
	bool quiet;

	spin_lock_irqsave(&c->lock, flags);
	quiet = list_empty(&c->issued);
	list_splice_tail_init(&c->submitted, &c->issued);
	if (quiet && c->node && !list_empty(&c->issued) && !c->paused)
		devreset_busy(c->node);
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
}

/* dma_set_tx_state() leaves one alone, of what may be the client's stack. */
static void set_state(struct dma_chan *chan, struct dma_tx_state *state, u32 residue)
{
	dma_set_tx_state(state, chan->completed_cookie, chan->cookie, residue);
	if (state)
		state->in_flight_bytes = 0;
}

static enum dma_status channel_status(struct dma_chan *chan, dma_cookie_t cookie,
				      struct dma_tx_state *state)
{
	struct channel *c = to_channel(chan);
	enum dma_status status;
	struct job *job = NULL;
	unsigned long flags;
	bool over = false;

	spin_lock_irqsave(&c->lock, flags);
	/* No descriptor has ever had such a one. */
	if (cookie < DMA_MIN_COOKIE) {
		set_state(chan, state, 0);
		spin_unlock_irqrestore(&c->lock, flags);
		return DMA_ERROR;
	}
	if (dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie) != DMA_COMPLETE)
		over = job_poll(c);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	if (status == DMA_COMPLETE) {
		if (failures_have(c, cookie))
			status = DMA_ERROR;
	} else {
		job = c->outstanding[cookie % MOST_JOBS];
		if (job->begun && c->paused)
			status = DMA_PAUSED;
	}
	set_state(chan, state, job ? job_left(job) : 0);
	spin_unlock_irqrestore(&c->lock, flags);
	if (over)
		channel_wake(c);
	return status;
}

static int set_paused(struct channel *c, bool paused)
{
	struct job *job;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	job = list_first_entry_or_null(&c->issued, struct job, link);
	if (c->paused != paused) {
		channel_bar(c);
		if (job && job->begun)
			job_put_word(job, paused ? DEVRESET_DMA_SUSPEND : DEVRESET_DMA_ACTIVE);
		c->paused = paused;
		channel_clock(c);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
	return 0;
}

static int channel_pause(struct dma_chan *chan)
{
	return set_paused(to_channel(chan), true);
}

static int channel_resume(struct dma_chan *chan)
{
	return set_paused(to_channel(chan), false);
}

static int channel_terminate(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);

	channel_abort(c, true);
	return READ_ONCE(c->halted) & HALT_GONE ? -EIO : 0;
}

static int channel_config(struct dma_chan *chan, struct dma_slave_config *config)
{
	struct channel *c = to_channel(chan);
	u32 most = c->engine->ops->max_burst;
	unsigned long flags;

	if (config->src_maxburst > most || config->dst_maxburst > most ||
	    config->src_addr_width > DMA_SLAVE_BUSWIDTH_1_BYTE ||
	    config->dst_addr_width > DMA_SLAVE_BUSWIDTH_1_BYTE)
		return -EINVAL;
	spin_lock_irqsave(&c->lock, flags);
	c->config = *config;
	c->configured = true;
	spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}

/* --- the beginning ------------------------------------------------------------------ */

void channel_setup(struct dma_device *dma)
{
	dma->device_alloc_chan_resources = channel_alloc;
	dma->device_free_chan_resources = channel_free;
	dma->device_issue_pending = channel_issue;
	dma->device_tx_status = channel_status;
	dma->device_pause = channel_pause;
	dma->device_resume = channel_resume;
	dma->device_terminate_all = channel_terminate;
	dma->device_synchronize = channel_synchronize;
	dma->device_config = channel_config;
}

void channel_init(struct channel *c, struct engine *engine)
{
	c->engine = engine;
	c->chan.device = &engine->dma;
	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->wait);
	init_waitqueue_head(&c->idle);
	INIT_LIST_HEAD(&c->prepared);
	INIT_LIST_HEAD(&c->submitted);
	INIT_LIST_HEAD(&c->issued);
	INIT_LIST_HEAD(&c->dying);
	INIT_LIST_HEAD(&c->over);
	INIT_LIST_HEAD(&c->unacked);
	INIT_LIST_HEAD(&c->spare);
	list_add_tail(&c->chan.device_node, &engine->dma.channels);
}
