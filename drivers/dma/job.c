// SPDX-License-Identifier: GPL-2.0
/*
 * A descriptor's way: prepared, submitted, issued, active, over, and its client
 * told. Only the channel's thread makes one active, tells, and frees; whoever
 * else cuts one off moves it to what is over, under the channel's lock. So each
 * is told exactly once, and the thread may look at the one it works on.
 */
#include <linux/bottom_half.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "dma.h"

/* What a job counts beside its length, among what is gathered before a client is told */
#define EACH	SZ_128K

/* So many are told before other bottom halves have their turn. */
#define IN_A_ROW	16

/* Of those that are not acknowledged, so many more than have just been told are looked at. */
#define REAPED	32

static struct job *new_job(unsigned int pieces)
{
	size_t size = struct_size((struct job *)NULL, piece, pieces);

	/* So that the low bits of its address are free for a status */
	return kmalloc(roundup_pow_of_two(size), GFP_NOWAIT | __GFP_NOWARN);
}

/* Hold the lock. */
static struct job *take_spare(struct channel *c)
{
	struct job *job = list_first_entry_or_null(&c->spare, struct job, link);

	if (job) {
		list_del(&job->link);
		WRITE_ONCE(c->spares, c->spares - 1);
	}
	return job;
}

/**
 * job_alloc - a new job, without pieces, among the prepared ones
 * @c: its channel
 * @pieces: how many it will have
 * @flags: &enum dma_ctrl_flags
 *
 * Context: any.
 * Return: the job, or NULL: also when the client has enough of them.
 */
struct job *job_alloc(struct channel *c, unsigned int pieces, unsigned long flags)
{
	struct job *job = NULL;
	unsigned long irq;
	bool may;

	do {
		if (pieces > 1 || !READ_ONCE(c->spares)) {
			job = new_job(pieces);
			if (!job)
				return NULL;
		}
		spin_lock_irqsave(&c->lock, irq);
		may = !(c->halted & HALT_GONE) && atomic_read(&c->jobs) < MOST_JOBS - 1;
		/* Another processor may have taken the last spare one. */
		if (may && !job)
			job = take_spare(c);
		if (may && job) {
			atomic_inc(&c->jobs);
			list_add_tail(&job->link, &c->prepared);
		}
		spin_unlock_irqrestore(&c->lock, irq);
	} while (may && !job);
	if (!may) {
		kfree(job);
		return NULL;
	}
	/* Nobody looks at it before it is submitted, not even in that list. */
	memset_after(job, 0, link);
	dma_async_tx_descriptor_init(&job->tx, &c->chan);
	job->tx.flags = flags;
	job->tx.phys = virt_to_phys(job);
	job->pieces = pieces;
	return job;
}

/* One whose client has not been told of it, nor will be */
void job_free(struct channel *c, struct job *job)
{
	kfree(job);
	atomic_dec(&c->jobs);
}

void jobs_free(struct channel *c, struct list_head *list)
{
	struct job *job, *next;

	list_for_each_entry_safe(job, next, list, link)
		job_free(c, job);
}

/* --- how it ends; hold the channel's lock ------------------------------------ */

static void end(struct channel *c, struct job *job, enum dmaengine_tx_result result)
{
	job->result.result = result;
	job->result.residue = result == DMA_TRANS_NOERROR ? 0 : job_left(job);
	job_put_word(job, result == DMA_TRANS_NOERROR ? DEVRESET_DMA_IDLE :
							DEVRESET_DMA_HALTED);
	if (c->active == job)
		c->active = NULL;
	list_move_tail(&job->link, &c->over);
	c->gathered += job->len + EACH;
	c->ended++;
}

static void end_active(struct channel *c, struct job *job, enum dmaengine_tx_result result)
{
	/* What bounced is there before the client can see that it is. */
	dma_descriptor_unmap(&job->tx);
	c->chan.completed_cookie = job->tx.cookie;
	if (result == DMA_TRANS_NOERROR) {
		c->n_completed++;
	} else {
		c->n_failed++;
		failures_add(c, job->tx.cookie, job->tx.cookie);
	}
	end(c, job, result);
	if (c->node && list_empty(&c->issued))
		devreset_idle(c->node);
}

/* Cut off; whoever does so sees to the cookies. */
void job_halt(struct channel *c, struct job *job)
{
	job->by_client = c->by_client;
	c->n_aborted++;
	end(c, job, DMA_TRANS_ABORTED);
}

/* Like a soft error of a reset: it worked, and not as it should. Said once, without locks. */
static void say_lost(struct channel *c)
{
	dev_warn(c->chan.device->dev,
		 "%s: nobody told of a completion; from now on these are counted only\n",
		 dma_chan_name(&c->chan));
}

/**
 * job_found - complete a job that is done, and of which nobody told
 * @c: the channel
 *
 * Return: there was one.
 */
bool job_found(struct channel *c)
{
	bool found, first = false;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	found = c->active && c->active->silent && job_may_run(c, c->active);
	if (found) {
		first = !c->n_lost++;
		end_active(c, c->active, DMA_TRANS_NOERROR);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (first)
		say_lost(c);
	if (found)
		channel_wake(c);
	return found;
}

/*
 * Has the active descriptor stopped for good? Time says nothing about that: the channel's
 * thread may not have been run.
 */
bool job_stalled(struct channel *c)
{
	unsigned long flags;
	bool stalled;

	spin_lock_irqsave(&c->lock, flags);
	stalled = c->active && c->active->stuck && job_may_run(c, c->active);
	spin_unlock_irqrestore(&c->lock, flags);
	return stalled;
}

/* --- telling; the thread only ---------------------------------------------------- */

/*
 * With bottom halves off, as clients know it from other engines. Not for what the client
 * has terminated, as dmaengine promises; it may have freed what the callback would use.
 */
static void call(struct job *job, const struct dmaengine_result *result)
{
	struct dma_async_tx_descriptor *tx = &job->tx;

	if (job->by_client)
		return;
	if (tx->callback_result)
		tx->callback_result(tx->callback_param, result);
	else if (tx->callback)
		tx->callback(tx->callback_param);
}

/* One more; it sees to no wake-up. */
static void told(struct channel *c)
{
	/* Pairs with channel_synchronize(): then the call is over. */
	smp_store_release(&c->told, c->told + 1);
}

/* To be used again: see keep_spares() */
static void put_back(struct job *job, struct list_head *spare)
{
	if (job->pieces > 1)
		kfree(job);
	else
		list_add(&job->link, spare);
}

/* As many of these as there is room for */
static void keep_spares(struct channel *c, struct list_head *spare)
{
	struct job *job, *next;

	spin_lock_irq(&c->lock);
	list_for_each_entry_safe(job, next, spare, link) {
		if (c->spares == SPARES)
			break;
		list_move(&job->link, &c->spare);
		WRITE_ONCE(c->spares, c->spares + 1);
	}
	spin_unlock_irq(&c->lock);
	list_for_each_entry_safe(job, next, spare, link)
		kfree(job);
}

/* The list that it is in leads on from the one before: it may be in another one already. */
static void tell(struct channel *c, struct job *job, struct list_head *spare)
{
	dma_descriptor_unmap(&job->tx);
	call(job, &job->result);
	if (job->result.result == DMA_TRANS_NOERROR)
		dma_run_dependencies(&job->tx);
	atomic_dec(&c->jobs);
	if (async_tx_test_ack(&job->tx))
		put_back(job, spare);
	else
		list_add_tail(&job->link, &c->unacked);
}

/* Others may write to a flag of a job that is not acknowledged: a client does. */
static void reap_acked(struct channel *c, unsigned int most, struct list_head *spare)
{
	struct job *job;

	while (most-- && !list_empty(&c->unacked)) {
		job = list_first_entry(&c->unacked, struct job, link);
		if (async_tx_test_ack(&job->tx)) {
			list_del(&job->link);
			put_back(job, spare);
		} else {
			list_move_tail(&job->link, &c->unacked);
		}
	}
}

/**
 * job_tell - tell the clients of all that is over
 * @c: the channel
 */
void job_tell(struct channel *c)
{
	struct job *job, *next;
	unsigned int count = 0;
	LIST_HEAD(spare);
	LIST_HEAD(list);

	spin_lock_irq(&c->lock);
	list_splice_init(&c->over, &list);
	c->gathered = 0;
	spin_unlock_irq(&c->lock);
	local_bh_disable();
	list_for_each_entry_safe(job, next, &list, link) {
		tell(c, job, &spare);
		told(c);
		if (++count % IN_A_ROW)
			continue;
		local_bh_enable();
		local_bh_disable();
	}
	local_bh_enable();
	reap_acked(c, count + REAPED, &spare);
	keep_spares(c, &spare);
	if (wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
}

/**
 * job_period - tell the client of a period that is over
 * @c: the channel
 * @job: its active job, a cycle
 *
 * In the order of ending, like all that is told: first what is over.
 */
void job_period(struct channel *c, struct job *job)
{
	static const struct dmaengine_result good = { .result = DMA_TRANS_NOERROR };
	dma_cookie_t cookie = job->tx.cookie;
	unsigned long flags;
	bool mine, wait;

	do {
		job_tell(c);
		spin_lock_irqsave(&c->lock, flags);
		mine = job_is_active(c, job, cookie);
		wait = mine && !list_empty(&c->over);
		if (mine && !wait)
			c->ended++;
		spin_unlock_irqrestore(&c->lock, flags);
	} while (wait);
	if (!mine)
		return;
	local_bh_disable();
	call(job, &good);
	local_bh_enable();
	told(c);
	if (wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
}

/* --- the thread --------------------------------------------------------------------- */

static bool may_begin(struct channel *c)
{
	return !list_empty_careful(&c->issued) && !READ_ONCE(c->paused) &&
	       !READ_ONCE(c->halted);
}

static bool has_work(struct channel *c)
{
	return !list_empty_careful(&c->over) || may_begin(c);
}

/*
 * To tell a client wakes it, and it wants the processor: for each of many short jobs
 * that takes longer than the jobs. Hold the lock.
 */
static bool must_tell(struct channel *c)
{
	struct job *next = list_first_entry(&c->issued, struct job, link);

	return !list_empty(&c->over) && c->gathered + next->len + EACH > c->engine->ops->gather;
}

/* Hold the lock. */
static struct job *activate(struct channel *c)
{
	struct job *job = list_first_entry(&c->issued, struct job, link);

	c->active = job;
	if (!job->begun) {
		job->begun = true;
		job_put_word(job, DEVRESET_DMA_ACTIVE);
	}
	return job;
}

/* Hold the lock. Return: the job in hand, or NULL: there is something else to see to. */
static struct job *begin(struct channel *c)
{
	struct job *job;

	c->running = may_begin(c) && !must_tell(c);
	if (!c->running)
		return NULL;
	job = activate(c);
	job->stuck = false;
	job->silent = false;
	c->barred = false;
	return job;
}

/**
 * job_go_on - ask whether to go on with a job in a channel that was barred
 * @c: the channel
 * @job: what its thread works on
 *
 * Return: true, and the channel is open; or engine_ops.run is to return -EAGAIN.
 */
bool job_go_on(struct channel *c, struct job *job)
{
	bool may;

	spin_lock_irq(&c->lock);
	may = job_may_run(c, job);
	if (may)
		c->barred = false;
	spin_unlock_irq(&c->lock);
	return may;
}

/**
 * job_poll - lend the processor to the job in hand
 * @c: the channel, with its lock held
 *
 * Who asks over and over whether it is done may be what keeps the thread from
 * being run: dma_sync_wait() does not sleep.
 *
 * Return: something is over.
 */
bool job_poll(struct channel *c)
{
	struct job *job;

	lockdep_assert_held(&c->lock);
	if (!c->engine->ops->poll || !may_begin(c))
		return false;
	/* The thread has a processor; and interrupts were off for its page here, too. */
	if (channel_bar(c))
		return false;
	job = activate(c);
	if (job->stuck || job->silent)
		return false;
	if (!c->engine->ops->poll(c, job))
		return false;
	end_active(c, job, DMA_TRANS_NOERROR);
	return true;
}

/*
 * Hold the lock. What is wrong with the engine stays in @outcome if it is to be seen to;
 * true: it is to be said that nobody told.
 */
static bool conclude(struct channel *c, struct job *job, int ret, struct outcome *outcome)
{
	if (c->active != job) {
		outcome->fault = NULL;	/* cut off meanwhile */
	} else if (ret == -EAGAIN) {
		c->active = NULL;
	} else if (ret) {
		end_active(c, job, outcome->result);
	} else if (outcome->completed != job->tx.phys) {
		/* Of what it has done, nothing is known. */
		outcome->fault = "completed something else";
		end_active(c, job, DMA_TRANS_WRITE_FAILED);
	} else {
		end_active(c, job, DMA_TRANS_NOERROR);
		return outcome->lost && !c->n_lost++;
	}
	return false;
}

/* Return: the next one, at once, or NULL */
static struct job *finish(struct channel *c, struct job *job, int ret, struct outcome *outcome)
{
	struct devreset_node *node;
	bool first;

	spin_lock_irq(&c->lock);
	first = conclude(c, job, ret, outcome);
	node = outcome->fault ? c->node : NULL;
	if (first || node) {
		spin_unlock_irq(&c->lock);
		if (first)
			say_lost(c);
		/* Before it counts as stopped: then a reset by others takes care of it, too. */
		if (node)
			devreset_recover(node, outcome->fault);
		spin_lock_irq(&c->lock);
	}
	job = begin(c);
	spin_unlock_irq(&c->lock);
	if (!job && wq_has_sleeper(&c->idle))
		wake_up_all(&c->idle);
	return job;
}

/* Jobs, until there is something to tell, or nothing to do */
static void work(struct channel *c)
{
	struct job *job;

	spin_lock_irq(&c->lock);
	job = begin(c);
	spin_unlock_irq(&c->lock);
	while (job) {
		struct outcome outcome = { .result = DMA_TRANS_WRITE_FAILED };

		job = finish(c, job, c->engine->ops->run(c, job, &outcome), &outcome);
		cond_resched();
	}
}

int channel_thread(void *data)
{
	struct channel *c = data;

	while (!kthread_should_stop()) {
		wait_event_idle(c->wait, has_work(c) || kthread_should_stop());
		work(c);
		job_tell(c);
		cond_resched();
	}
	return 0;
}
