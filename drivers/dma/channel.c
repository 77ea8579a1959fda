// SPDX-License-Identifier: GPL-2.0
/*
 * A channel, as dmaengine calls it.
 *
 * All but alloc, free and synchronize may be called in any context. A descriptor's
 * memory is written to only while the descriptor is active and no stop is requested, so
 * that after channel_abort() not one byte of it is (DM5); and by no more than a page at a
 * time, so that this is all that an abort waits for (DM1).
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>
#include "dma.h"

/* Descriptors aborted in a row with interrupts off: shorter than the copy of a page */
#define ABORT_BATCH	4

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
 * channel_abort - abort all that was submitted
 * @c: the channel
 * @by_client: the client asked for it
 *
 * Brings the channel into the state that it had when it was allocated (DM4), from
 * which it goes on at once (DM6). Cookies go on from where they were: a client may
 * still ask for an old one. When this returns, completion words say Halted (DM3),
 * and nothing of the descriptors is touched any more (DM5); their callbacks are invoked
 * by the channel's thread (DM2).
 *
 * Context: any (DM1).
 */
void channel_abort(struct channel *c, bool by_client)
{
	struct dma_chan *chan = &c->chan;
	unsigned int count = 0;
	unsigned long flags;
	struct ddma_desc *desc;

	spin_lock_irqsave(&c->lock, flags);
	if (chan->completed_cookie != chan->cookie)
		failures_add(c, cookie_after(chan->completed_cookie), chan->cookie);
	chan->completed_cookie = chan->cookie;
	list_splice_tail_init(&c->issued, &c->aborting);
	list_splice_tail_init(&c->submitted, &c->aborting);
	channel_stop_copy(c);
	c->active = NULL;
	c->paused = false;
	c->configured = false;
	memset(&c->config, 0, sizeof(c->config));
	c->by_client |= by_client;
	channel_clock(c);
	/* Concurrent calls share the work, and all return when it is done. */
	while ((desc = list_first_entry_or_null(&c->aborting, struct ddma_desc, link))) {
		desc_halt(c, desc);
		if (++count % ABORT_BATCH)
			continue;
		spin_unlock_irqrestore(&c->lock, flags);
		spin_lock_irqsave(&c->lock, flags);
	}
	c->by_client = false;
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
}

/* The thread copies nothing any more when this returns. */
static void ddma_forbid(struct channel *c, unsigned int why)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->halted |= why;
	channel_stop_copy(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

/**
 * channel_halt - have the thread stop where it is
 * @c: the channel
 * @why: STOP_*
 *
 * Return: 0, or -EIO when it does not stop in time. For STOP_GONE the wait has no
 * limit: the thread stops unless a client's callback for a period does not return, and
 * that client's memory must stay.
 */
int channel_halt(struct channel *c, unsigned int why)
{
	ddma_forbid(c, why);
	channel_wake(c);
	if (why & STOP_GONE)
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
 * A client pins this module, and the one that its device is from. dmaengine would pin the
 * driver's owner, which therefore is none: it removes the engine of a module that is being
 * unloaded from its list, and once more when that is unregistered.
 */
static bool ddma_pin(struct engine *engine)
{
	/* A module whose init fails is freed despite its references. */
	if (!READ_ONCE(dma_ready) || !try_module_get(THIS_MODULE))
		return false;
	if (try_module_get(engine->owner))
		return true;
	module_put(THIS_MODULE);
	return false;
}

/* See engines_wait(). */
static void ddma_unpin(struct engine *engine)
{
	module_put(engine->owner);
	module_put(THIS_MODULE);
}

static int ddma_channel_alloc(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	struct engine *engine = c->engine;
	struct task_struct *task;
	unsigned long flags;
	int ret = 0;

	/* Not -ENODEV, on which dmaengine removes the engine */
	if (!ddma_pin(engine))
		return -ENXIO;
	task = kthread_create(channel_thread, c, "%s", dma_chan_name(chan));
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto put;
	}
	spin_lock_irqsave(&c->lock, flags);
	if (c->halted & STOP_GONE)
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
	ddma_unpin(engine);
	return ret;
}

static void ddma_channel_synchronize(struct dma_chan *chan)
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
	/* Pairs with ddma_desc_count_invoked(). */
	wait_event(c->idle, smp_load_acquire(&c->invoked) >= ended);
}

/* The thread has ended. The next client finds an empty channel. */
static void ddma_forget_descs(struct channel *c)
{
	struct ddma_desc *desc, *next;
	unsigned long flags;
	LIST_HEAD(over);
	LIST_HEAD(rest);

	channel_abort(c, true);
	spin_lock_irqsave(&c->lock, flags);
	c->task = NULL;
	c->halted &= ~STOP_FREE;
	c->invoked = c->ended;
	c->gathered = 0;
	list_splice_init(&c->prepared, &rest);
	list_splice_init(&c->completed, &over);
	spin_unlock_irqrestore(&c->lock, flags);
	list_for_each_entry(desc, &over, link)
		dma_descriptor_unmap(&desc->tx);
	descs_free(c, &over);
	descs_free(c, &rest);
	list_for_each_entry_safe(desc, next, &c->unacked, link)
		kfree(desc);
	INIT_LIST_HEAD(&c->unacked);
	list_for_each_entry_safe(desc, next, &c->spare, link)
		kfree(desc);
	INIT_LIST_HEAD(&c->spare);
	c->spares = 0;
}

static void ddma_channel_free(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);
	struct engine *engine = c->engine;

	channel_abort(c, true);
	ddma_channel_synchronize(chan);
	/* Descriptors that a callback has submitted are dropped: one could be a cycle. */
	ddma_forbid(c, STOP_FREE);
	kthread_stop(c->task);
	ddma_forget_descs(c);
	atomic_dec(&engine->users);
	ddma_unpin(engine);
}

static void ddma_channel_issue(struct dma_chan *chan)
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

/* dma_set_tx_state() does not set all members of what may be on a stack. */
static void ddma_set_state(struct dma_chan *chan, struct dma_tx_state *state, u32 residue)
{
	dma_set_tx_state(state, chan->completed_cookie, chan->cookie, residue);
	if (state)
		state->in_flight_bytes = 0;
}

static enum dma_status ddma_channel_status(struct dma_chan *chan, dma_cookie_t cookie,
					   struct dma_tx_state *state)
{
	struct channel *c = to_channel(chan);
	enum dma_status status;
	struct ddma_desc *desc = NULL;
	unsigned long flags;
	bool over = false;

	spin_lock_irqsave(&c->lock, flags);
	/* No descriptor ever has such a cookie. */
	if (cookie < DMA_MIN_COOKIE) {
		ddma_set_state(chan, state, 0);
		spin_unlock_irqrestore(&c->lock, flags);
		return DMA_ERROR;
	}
	if (dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie) != DMA_COMPLETE)
		over = desc_poll(c);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	if (status == DMA_COMPLETE) {
		if (failures_have(c, cookie))
			status = DMA_ERROR;
	} else {
		desc = c->outstanding[cookie % MAX_DESCS];
		if (desc->begun && c->paused)
			status = DMA_PAUSED;
	}
	ddma_set_state(chan, state, desc ? desc_left(desc) : 0);
	spin_unlock_irqrestore(&c->lock, flags);
	if (over)
		channel_wake(c);
	return status;
}

static int ddma_set_paused(struct channel *c, bool paused)
{
	struct ddma_desc *desc;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	desc = list_first_entry_or_null(&c->issued, struct ddma_desc, link);
	if (c->paused != paused) {
		channel_stop_copy(c);
		if (desc && desc->begun)
			desc_put_word(desc, paused ? DEVRESET_DMA_SUSPEND : DEVRESET_DMA_ACTIVE);
		c->paused = paused;
		channel_clock(c);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	channel_wake(c);
	return 0;
}

static int ddma_channel_pause(struct dma_chan *chan)
{
	return ddma_set_paused(to_channel(chan), true);
}

static int ddma_channel_resume(struct dma_chan *chan)
{
	return ddma_set_paused(to_channel(chan), false);
}

static int ddma_channel_terminate(struct dma_chan *chan)
{
	struct channel *c = to_channel(chan);

	channel_abort(c, true);
	return READ_ONCE(c->halted) & STOP_GONE ? -EIO : 0;
}

static int ddma_channel_config(struct dma_chan *chan, struct dma_slave_config *config)
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
	dma->device_alloc_chan_resources = ddma_channel_alloc;
	dma->device_free_chan_resources = ddma_channel_free;
	dma->device_issue_pending = ddma_channel_issue;
	dma->device_tx_status = ddma_channel_status;
	dma->device_pause = ddma_channel_pause;
	dma->device_resume = ddma_channel_resume;
	dma->device_terminate_all = ddma_channel_terminate;
	dma->device_synchronize = ddma_channel_synchronize;
	dma->device_config = ddma_channel_config;
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
	INIT_LIST_HEAD(&c->aborting);
	INIT_LIST_HEAD(&c->completed);
	INIT_LIST_HEAD(&c->unacked);
	INIT_LIST_HEAD(&c->spare);
	list_add_tail(&c->chan.device_node, &engine->dma.channels);
}
