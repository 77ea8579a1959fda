// SPDX-License-Identifier: GPL-2.0
/*
 * The states of a descriptor: prepared, submitted, issued, active, completed, callback
 * invoked. Only the channel's thread activates, invokes callbacks, and frees; an abort
 * moves descriptors to the completed ones, under the channel's lock. So each callback is
 * invoked at most once, and the thread may use the descriptor that it works on.
 */
#include <linux/bottom_half.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "dma.h"

/* Added to the length of a descriptor, where callbacks are coalesced by length */
#define COALESCE_COST	SZ_128K

/* Callbacks in a row before other bottom halves may run */
#define CALLBACK_BATCH	16

/* Unacknowledged descriptors that are checked, beyond as many as callbacks were invoked */
#define REAP_BATCH	32

static struct ddma_desc *ddma_desc_new(unsigned int segments)
{
	size_t size = struct_size((struct ddma_desc *)NULL, segment, segments);

	/* Aligned, so that the low bits of its address are free for a status */
	return kmalloc(roundup_pow_of_two(size), GFP_NOWAIT | __GFP_NOWARN);
}

/* Hold the lock. */
static struct ddma_desc *ddma_desc_take_spare(struct channel *c)
{
	struct ddma_desc *desc = list_first_entry_or_null(&c->spare, struct ddma_desc, link);

	if (desc) {
		list_del(&desc->link);
		WRITE_ONCE(c->spares, c->spares - 1);
	}
	return desc;
}

/**
 * desc_alloc - a new descriptor, without segments, among the prepared ones
 * @c: its channel
 * @segments: how many it will have
 * @flags: &enum dma_ctrl_flags
 *
 * Context: any.
 * Return: the descriptor, or NULL: also when the client has enough of them.
 */
struct ddma_desc *desc_alloc(struct channel *c, unsigned int segments, unsigned long flags)
{
	struct ddma_desc *desc = NULL;
	unsigned long irq;
	bool may;

	do {
		if (segments > 1 || !READ_ONCE(c->spares)) {
			desc = ddma_desc_new(segments);
			if (!desc)
				return NULL;
		}
		spin_lock_irqsave(&c->lock, irq);
		may = !(c->halted & STOP_GONE) && atomic_read(&c->descs) < MAX_DESCS - 1;
		/* Another processor may have taken the last spare one. */
		if (may && !desc)
			desc = ddma_desc_take_spare(c);
		if (may && desc) {
			atomic_inc(&c->descs);
			list_add_tail(&desc->link, &c->prepared);
		}
		spin_unlock_irqrestore(&c->lock, irq);
	} while (may && !desc);
	if (!may) {
		kfree(desc);
		return NULL;
	}
	/* Not used by anything else before it is submitted, although it is in that list. */
	memset_after(desc, 0, link);
	dma_async_tx_descriptor_init(&desc->tx, &c->chan);
	desc->tx.flags = flags;
	desc->tx.phys = virt_to_phys(desc);
	desc->segments = segments;
	return desc;
}

/* Free a descriptor whose callback was not invoked and will not be. */
void desc_free(struct channel *c, struct ddma_desc *desc)
{
	kfree(desc);
	atomic_dec(&c->descs);
}

void descs_free(struct channel *c, struct list_head *list)
{
	struct ddma_desc *desc, *next;

	list_for_each_entry_safe(desc, next, list, link)
		desc_free(c, desc);
}

/* --- how it ends; hold the channel's lock ------------------------------------ */

static void ddma_desc_end(struct channel *c, struct ddma_desc *desc,
			  enum dmaengine_tx_result result)
{
	desc->result.result = result;
	desc->result.residue = result == DMA_TRANS_NOERROR ? 0 : desc_left(desc);
	desc_put_word(desc, result == DMA_TRANS_NOERROR ? DEVRESET_DMA_IDLE :
							DEVRESET_DMA_HALTED);
	if (c->active == desc)
		c->active = NULL;
	list_move_tail(&desc->link, &c->completed);
	c->gathered += desc->len + COALESCE_COST;
	c->ended++;
}

static void ddma_desc_end_active(struct channel *c, struct ddma_desc *desc,
				 enum dmaengine_tx_result result)
{
	/* Bounce buffers are copied back before the client can see that it is complete. */
	dma_descriptor_unmap(&desc->tx);
	c->chan.completed_cookie = desc->tx.cookie;
	if (result == DMA_TRANS_NOERROR) {
		c->n_completed++;
	} else {
		c->n_failed++;
		failures_add(c, desc->tx.cookie, desc->tx.cookie);
	}
	ddma_desc_end(c, desc, result);
	if (c->node && list_empty(&c->issued))
		devreset_idle(c->node);
}

/* Abort it; the caller accounts for the cookie. */
void desc_halt(struct channel *c, struct ddma_desc *desc)
{
	desc->by_client = c->by_client;
	c->n_aborted++;
	ddma_desc_end(c, desc, DMA_TRANS_ABORTED);
}

/* Logged once, without locks: a soft error. */
static void ddma_desc_log_lost(struct channel *c)
{
	dev_warn(c->chan.device->dev,
		 "%s: a completion interrupt was lost; from now on these are counted only\n",
		 dma_chan_name(&c->chan));
}

/**
 * desc_found - complete a descriptor that is done, and whose interrupt was lost
 * @c: the channel
 *
 * Return: there was one.
 */
bool desc_found(struct channel *c)
{
	bool found, first = false;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	found = c->active && c->active->silent && desc_may_run(c, c->active);
	if (found) {
		first = !c->n_lost++;
		ddma_desc_end_active(c, c->active, DMA_TRANS_NOERROR);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (first)
		ddma_desc_log_lost(c);
	if (found)
		channel_wake(c);
	return found;
}

/*
 * Has the active descriptor stopped for good? Not judged by time: the channel's thread may
 * not have been scheduled.
 */
bool desc_stalled(struct channel *c)
{
	unsigned long flags;
	bool stalled;

	spin_lock_irqsave(&c->lock, flags);
	stalled = c->active && c->active->stuck && desc_may_run(c, c->active);
	spin_unlock_irqrestore(&c->lock, flags);
	return stalled;
}

/* --- telling; the thread only ---------------------------------------------------- */

/*
 * With bottom halves off, as other engines do it. Not after the client has terminated the
 * descriptor, as dmaengine promises: it may have freed what the callback would use.
 */
static void ddma_desc_call(struct ddma_desc *desc, const struct dmaengine_result *result)
{
	struct dma_async_tx_descriptor *tx = &desc->tx;

	if (desc->by_client)
		return;
	if (tx->callback_result)
		tx->callback_result(tx->callback_param, result);
	else if (tx->callback)
		tx->callback(tx->callback_param);
}

/* Count a callback as invoked, without a wake-up. */
static void ddma_desc_count_invoked(struct channel *c)
{
	/* Pairs with ddma_channel_synchronize(): the callback has returned. */
	smp_store_release(&c->invoked, c->invoked + 1);
}

/* To be used again: see ddma_desc_keep_spares() */
static void ddma_desc_put_back(struct ddma_desc *desc, struct list_head *spare)
{
	if (desc->segments > 1)
		kfree(desc);
	else
		list_add(&desc->link, spare);
}

/* As many of these as there is room for */
static void ddma_desc_keep_spares(struct channel *c, struct list_head *spare)
{
	struct ddma_desc *desc, *next;

	spin_lock_irq(&c->lock);
	list_for_each_entry_safe(desc, next, spare, link) {
		if (c->spares == SPARES)
			break;
		list_move(&desc->link, &c->spare);
		WRITE_ONCE(c->spares, c->spares + 1);
	}
	spin_unlock_irq(&c->lock);
	list_for_each_entry_safe(desc, next, spare, link)
		kfree(desc);
}

/* @desc is moved to another list: the caller has the next one already. */
static void ddma_desc_invoke_callback(struct channel *c, struct ddma_desc *desc,
				      struct list_head *spare)
{
	dma_descriptor_unmap(&desc->tx);
	ddma_desc_call(desc, &desc->result);
	if (desc->result.result == DMA_TRANS_NOERROR)
		dma_run_dependencies(&desc->tx);
	atomic_dec(&c->descs);
	if (async_tx_test_ack(&desc->tx))
		ddma_desc_put_back(desc, spare);
	else
		list_add_tail(&desc->link, &c->unacked);
}

/* A client may acknowledge its descriptor at any time. */
static void ddma_desc_reap_acked(struct channel *c, unsigned int most, struct list_head *spare)
{
	struct ddma_desc *desc;

	while (most-- && !list_empty(&c->unacked)) {
		desc = list_first_entry(&c->unacked, struct ddma_desc, link);
		if (async_tx_test_ack(&desc->tx)) {
			list_del(&desc->link);
			ddma_desc_put_back(desc, spare);
		} else {
			list_move_tail(&desc->link, &c->unacked);
		}
	}
}

/**
 * desc_invoke_callbacks - of all completed descriptors
 * @c: the channel
 */
void desc_invoke_callbacks(struct channel *c)
{
	struct ddma_desc *desc, *next;
	unsigned int count = 0;
	LIST_HEAD(spare);
	LIST_HEAD(list);

	spin_lock_irq(&c->lock);
	list_splice_init(&c->completed, &list);
	c->gathered = 0;
	spin_unlock_irq(&c->lock);
	local_bh_disable();
	list_for_each_entry_safe(desc, next, &list, link) {
		ddma_desc_invoke_callback(c, desc, &spare);
		ddma_desc_count_invoked(c);
		if (++count % CALLBACK_BATCH)
			continue;
		local_bh_enable();
		local_bh_disable();
	}
	local_bh_enable();
	ddma_desc_reap_acked(c, count + REAP_BATCH, &spare);
	ddma_desc_keep_spares(c, &spare);
	if (wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
}

/**
 * desc_period - invoke the callback for the end of a period
 * @c: the channel
 * @desc: its active descriptor, a cycle
 *
 * In the order of completion: first of the descriptors that were completed before.
 */
void desc_period(struct channel *c, struct ddma_desc *desc)
{
	static const struct dmaengine_result good = { .result = DMA_TRANS_NOERROR };
	dma_cookie_t cookie = desc->tx.cookie;
	unsigned long flags;
	bool mine, wait;

	do {
		desc_invoke_callbacks(c);
		spin_lock_irqsave(&c->lock, flags);
		mine = desc_is_active(c, desc, cookie);
		wait = mine && !list_empty(&c->completed);
		if (mine && !wait)
			c->ended++;
		spin_unlock_irqrestore(&c->lock, flags);
	} while (wait);
	if (!mine)
		return;
	local_bh_disable();
	ddma_desc_call(desc, &good);
	local_bh_enable();
	ddma_desc_count_invoked(c);
	if (wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
}

/* --- the thread --------------------------------------------------------------------- */

static bool ddma_desc_may_begin(struct channel *c)
{
	return !list_empty_careful(&c->issued) && !READ_ONCE(c->paused) &&
	       !READ_ONCE(c->halted);
}

static bool ddma_desc_has_work(struct channel *c)
{
	return !list_empty_careful(&c->completed) || ddma_desc_may_begin(c);
}

/*
 * Callbacks wake clients, which takes longer than to run a short descriptor: coalesce them.
 * Hold the lock.
 */
static bool ddma_desc_must_invoke(struct channel *c)
{
	struct ddma_desc *next = list_first_entry(&c->issued, struct ddma_desc, link);

	return !list_empty(&c->completed) &&
	       c->gathered + next->len + COALESCE_COST > c->engine->ops->gather;
}

/* Hold the lock. */
static struct ddma_desc *ddma_desc_activate(struct channel *c)
{
	struct ddma_desc *desc = list_first_entry(&c->issued, struct ddma_desc, link);

	c->active = desc;
	if (!desc->begun) {
		desc->begun = true;
		desc_put_word(desc, DEVRESET_DMA_ACTIVE);
	}
	return desc;
}

/* Hold the lock. Return: the next descriptor, or NULL: callbacks are due, or there is none. */
static struct ddma_desc *ddma_desc_begin(struct channel *c)
{
	struct ddma_desc *desc;

	c->running = ddma_desc_may_begin(c) && !ddma_desc_must_invoke(c);
	if (!c->running)
		return NULL;
	desc = ddma_desc_activate(c);
	desc->stuck = false;
	desc->silent = false;
	c->stop_requested = false;
	return desc;
}

/**
 * desc_go_on - go on with a descriptor after a stop request, unless it has to stop
 * @c: the channel
 * @desc: what its thread works on
 *
 * Return: true, with the request cleared; else engine_ops.run is to return -EAGAIN.
 */
bool desc_go_on(struct channel *c, struct ddma_desc *desc)
{
	bool may;

	spin_lock_irq(&c->lock);
	may = desc_may_run(c, desc);
	if (may)
		c->stop_requested = false;
	spin_unlock_irq(&c->lock);
	return may;
}

/**
 * desc_poll - run some of the active descriptor in the caller's context
 * @c: the channel, with its lock held
 *
 * A caller that polls may keep the thread from being scheduled: dma_sync_wait() does
 * not sleep.
 *
 * Return: a descriptor was completed.
 */
bool desc_poll(struct channel *c)
{
	struct ddma_desc *desc;

	lockdep_assert_held(&c->lock);
	if (!c->engine->ops->poll || !ddma_desc_may_begin(c))
		return false;
	/* The thread is running; and its page has been waited for with interrupts off. */
	if (channel_stop_copy(c))
		return false;
	desc = ddma_desc_activate(c);
	if (desc->stuck || desc->silent)
		return false;
	if (!c->engine->ops->poll(c, desc))
		return false;
	ddma_desc_end_active(c, desc, DMA_TRANS_NOERROR);
	return true;
}

/*
 * Hold the lock. @outcome->fault is cleared if it is of no concern any more. Return: a lost
 * interrupt is to be logged.
 */
static bool ddma_desc_conclude(struct channel *c, struct ddma_desc *desc, int ret,
			       struct outcome *outcome)
{
	if (c->active != desc) {
		outcome->fault = NULL;	/* aborted meanwhile */
	} else if (ret == -EAGAIN) {
		c->active = NULL;
	} else if (ret) {
		ddma_desc_end_active(c, desc, outcome->result);
	} else if (outcome->completed != desc->tx.phys) {
		/* What was copied is not known. */
		outcome->fault = "completed something else";
		ddma_desc_end_active(c, desc, DMA_TRANS_WRITE_FAILED);
	} else {
		ddma_desc_end_active(c, desc, DMA_TRANS_NOERROR);
		return outcome->lost && !c->n_lost++;
	}
	return false;
}

/* Return: the next descriptor to run at once, or NULL */
static struct ddma_desc *ddma_desc_finish(struct channel *c, struct ddma_desc *desc, int ret,
					  struct outcome *outcome)
{
	struct devreset_node *node;
	bool first;

	spin_lock_irq(&c->lock);
	first = ddma_desc_conclude(c, desc, ret, outcome);
	node = outcome->fault ? c->node : NULL;
	if (first || node) {
		spin_unlock_irq(&c->lock);
		if (first)
			ddma_desc_log_lost(c);
		/* While c->running is set: a reset by others waits for it, and covers the fault. */
		if (node)
			devreset_recover(node, outcome->fault);
		spin_lock_irq(&c->lock);
	}
	desc = ddma_desc_begin(c);
	spin_unlock_irq(&c->lock);
	if (!desc && wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
	return desc;
}

/* Run descriptors, until callbacks are due or there are none left. */
static void ddma_desc_work(struct channel *c)
{
	struct ddma_desc *desc;

	spin_lock_irq(&c->lock);
	desc = ddma_desc_begin(c);
	spin_unlock_irq(&c->lock);
	while (desc) {
		struct outcome outcome = { .result = DMA_TRANS_WRITE_FAILED };

		desc = ddma_desc_finish(c, desc, c->engine->ops->run(c, desc, &outcome), &outcome);
		cond_resched();
	}
}

int channel_thread(void *data)
{
	struct channel *c = data;

	while (!kthread_should_stop()) {
		wait_event_idle(c->wait, ddma_desc_has_work(c) || kthread_should_stop());
		ddma_desc_work(c);
		desc_invoke_callbacks(c);
		cond_resched();
	}
	return 0;
}
