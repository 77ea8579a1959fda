// SPDX-License-Identifier: GPL-2.0
/*
 * The clauses of a DMA channel's reset, and the completion word.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "../drivers/compat.h"
#include "../drivers/dma/dma.h"
#include "dma_client.h"

/* --- DM1: any context ------------------------------------------------------------- */

struct from_timer {
	struct timer_list timer;
	struct dma_chan *chan;
	int ret;
	bool done;
};

static void terminate_in_softirq(struct timer_list *timer)
{
	struct from_timer *f = container_of(timer, struct from_timer, timer);

	f->ret = dmaengine_terminate_async(f->chan);
	/* Pairs with the test: then there is a result. */
	smp_store_release(&f->done, true);
}

static void terminates_in_softirq_dm1_dm7(struct kunit *test)
{
	struct from_timer *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct transfer *t;
	u32 residue;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->chan = client_channel(test, 0);
	f->ret = 1;
	t = client_catch(test, f->chan, &residue);
	dmaengine_resume(f->chan);
	timer_setup(&f->timer, terminate_in_softirq, 0);
	mod_timer(&f->timer, jiffies);
	/* Pairs with terminate_in_softirq(). */
	client_wait(smp_load_acquire(&f->done));
	compat_timer_delete_sync(&f->timer);
	KUNIT_EXPECT_EQ(test, f->ret, 0);
	/* It may have been over before. */
	if (client_word(t) == DEVRESET_DMA_IDLE)
		client_expect_done(test, f->chan, t);
	else
		client_expect_cut(test, f->chan, t);
	client_expect_works(test, f->chan);
}

static void terminates_with_interrupts_off_dm1(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *first = NULL, *last = NULL;
	unsigned long flags;
	int i;

	dmaengine_pause(chan);
	for (i = 0; i < 200; i++) {
		last = client_start(test, chan, 64);
		first = first ?: last;
	}
	local_irq_save(flags);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_async(chan), 0);
	/* The words are there when it returns. */
	KUNIT_EXPECT_EQ(test, client_word(first), (unsigned int)DEVRESET_DMA_HALTED);
	KUNIT_EXPECT_EQ(test, client_word(last), (unsigned int)DEVRESET_DMA_HALTED);
	local_irq_restore(flags);
	client_expect_cut(test, chan, first);
	client_expect_cut(test, chan, last);
	client_expect_works(test, chan);
}

/**
 * struct from_interrupt - a terminate in the middle of a transfer
 * @timer: does it, in a hard interrupt
 * @chan: the channel
 */
struct from_interrupt {
	struct hrtimer timer;
	struct dma_chan *chan;
};

static enum hrtimer_restart terminate_in_interrupt(struct hrtimer *timer)
{
	struct from_interrupt *f = container_of(timer, struct from_interrupt, timer);

	dmaengine_terminate_async(f->chan);
	return HRTIMER_NORESTART;
}

/* Until then, the first byte of each page is wrong. */
static void spoil_pages(struct transfer *t)
{
	size_t at;

	for (at = 0; at < t->len; at += PAGE_SIZE)
		t->dst[at] = ~t->src[at];
}

static size_t pages_moved(struct transfer *t)
{
	size_t at = 0;

	while (at < t->len && t->dst[at] == t->src[at])
		at += PAGE_SIZE;
	return at / PAGE_SIZE;
}

/* How many pages were moved when an interrupt came after so long, on the same processor */
static size_t moved_until(struct kunit *test, struct from_interrupt *f, struct transfer *t, u64 ns)
{
	spoil_pages(t);
	client_take(test, t, dmaengine_prep_dma_memcpy(f->chan, t->dst_addr, t->src_addr, t->len,
						       DMA_CTRL_ACK | DMA_PREP_INTERRUPT));
	atomic_set(&t->calls, 0);
	client_submit(test, t);
	if (ns)
		hrtimer_start(&f->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_PINNED_HARD);
	dma_async_issue_pending(f->chan);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls) || client_word(t) == DEVRESET_DMA_HALTED);
	hrtimer_cancel(&f->timer);
	dmaengine_synchronize(f->chan);
	return pages_moved(t);
}

/*
 * Interrupts wait for the copy of one page, not of two: one comes after an odd number
 * of pages. They can come only while interrupts are on, and end the transfer where it is.
 */
static void interrupts_wait_for_a_page_dm1(struct kunit *test)
{
	struct from_interrupt *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct transfer *t;
	u64 begun, took = U64_MAX;
	bool odd = false;
	size_t moved;
	int turn;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	KUNIT_ASSERT_NOT_NULL(test, f);
	f->chan = client_channel(test, 0);
	compat_hrtimer_setup(&f->timer, terminate_in_interrupt, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
	/* The thread on the processor that the timer is on */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	set_cpus_allowed_ptr(to_channel(f->chan)->task, cpumask_of(0));
	t = client_buffers(test, f->chan, CLIENT_MOST);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(t->src) && PAGE_ALIGNED(t->dst));
	/* The shortest, as this machine may not be run for a while. */
	for (turn = 0; turn < 5; turn++) {
		begun = ktime_get_ns();
		KUNIT_EXPECT_EQ(test, moved_until(test, f, t, 0), (size_t)CLIENT_MOST / PAGE_SIZE);
		took = min(took, t->ended - begun);
	}
	for (turn = 1; turn < 1000 && !odd; turn++) {
		moved = moved_until(test, f, t, took * (turn % 59 + 1) / 60);
		odd = moved % 2;
	}
	KUNIT_EXPECT_TRUE_MSG(test, odd, "no interrupt after an odd number of pages");
	client_expect_works(test, f->chan);
}

/* --- DM2: the one in hand is aborted ------------------------------------------------- */

static void reports_aborted_with_residue_dm2(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct devreset_node *node = devreset_find(&chan->dev->device);
	struct transfer *t, *queued, *submitted;
	u32 residue;

	t = client_catch(test, chan, &residue);
	KUNIT_EXPECT_GT(test, residue, 0U);
	queued = client_start(test, chan, 100);
	submitted = client_prep(test, chan, 300);
	client_submit(test, submitted);
	KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_COMPONENT, 0, NULL), 0);
	devreset_put(node);
	client_expect_reset(test, chan, t);
	client_expect_reset(test, chan, queued);
	client_expect_reset(test, chan, submitted);
	KUNIT_EXPECT_EQ(test, t->result.residue, residue);
	KUNIT_EXPECT_EQ(test, queued->result.residue, 100U);
	KUNIT_EXPECT_EQ(test, submitted->result.residue, 300U);
	/* What it has moved, and not a byte more */
	KUNIT_EXPECT_EQ(test, memcmp(t->src, t->dst, t->len - residue), 0);
	KUNIT_EXPECT_EQ(test, (u8)~t->dst[t->len - residue], t->src[t->len - residue]);
	client_expect_works(test, chan);
	/* And that does not change later. */
	KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, t->cookie, NULL), (int)DMA_ERROR);
}

/* The same of one that the client has terminated, but that it asks for the residue before */
static void terminated_one_stays_as_it_is_dm2(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t, *queued, *submitted;
	u32 residue;

	t = client_catch(test, chan, &residue);
	queued = client_start(test, chan, 100);
	submitted = client_prep(test, chan, 300);
	client_submit(test, submitted);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(chan), 0);
	client_expect_cut(test, chan, t);
	client_expect_cut(test, chan, queued);
	client_expect_cut(test, chan, submitted);
	KUNIT_EXPECT_EQ(test, memcmp(t->src, t->dst, t->len - residue), 0);
	KUNIT_EXPECT_EQ(test, (u8)~t->dst[t->len - residue], t->src[t->len - residue]);
	client_expect_works(test, chan);
	client_expect_cut(test, chan, t);
}

static void call_once(void *data)
{
	atomic_inc(data);
}

/* A client that has terminated it would take the call for a completion. */
static void plain_callback_is_for_others_dm2(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct devreset_node *node = devreset_find(&chan->dev->device);
	atomic_t calls = ATOMIC_INIT(0);
	struct transfer *t;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, node);
	for (i = 0; i < 2; i++) {
		dmaengine_pause(chan);
		t = client_prep(test, chan, 64);
		t->tx->callback_result = NULL;
		t->tx->callback = call_once;
		t->tx->callback_param = &calls;
		client_submit(test, t);
		dma_async_issue_pending(chan);
		if (i)
			KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_COMPONENT, 0, NULL), 0);
		else
			dmaengine_terminate_async(chan);
		dmaengine_synchronize(chan);
		KUNIT_EXPECT_EQ(test, atomic_read(&calls), i);
	}
	devreset_put(node);
}

/* --- DM3: the completion word ------------------------------------------------------------- */

static void word_armed_and_halted_dm3(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t;

	dmaengine_pause(chan);
	t = client_prep(test, chan, 64);
	KUNIT_EXPECT_EQ(test, t->word, 0ULL);
	client_submit(test, t);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_ARMED);
	KUNIT_EXPECT_EQ(test, t->phys & ~DEVRESET_DMA_ADDRESS, 0ULL);
	dma_async_issue_pending(chan);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_ARMED);
	dmaengine_terminate_async(chan);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_HALTED);
}

static void word_suspend_active_and_idle_dm3(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t;
	unsigned int word;
	u32 residue;

	t = client_catch(test, chan, &residue);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_SUSPEND);
	dmaengine_resume(chan);
	word = client_word(t);
	KUNIT_EXPECT_TRUE(test, word == DEVRESET_DMA_ACTIVE || word == DEVRESET_DMA_IDLE);
	client_expect_done(test, chan, t);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_IDLE);
}

static void word_is_refused_dm3(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_prep(test, chan, 64);

	KUNIT_EXPECT_EQ(test, dmaengine_desc_attach_metadata(t->tx, &t->word, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmaengine_desc_attach_metadata(t->tx, (char *)&t->word + 4, 8),
			-EINVAL);
	dmaengine_pause(chan);
	client_submit(test, t);
	KUNIT_EXPECT_EQ(test, dmaengine_desc_attach_metadata(t->tx, &t->word, 8), -EINVAL);
}

/* --- DM4 to DM7 ---------------------------------------------------------------------------- */

static struct dma_slave_config some_config(struct transfer *t)
{
	return (struct dma_slave_config) {
		.src_addr = virt_to_phys(t->src),
		.src_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
		.src_maxburst = 1,
	};
}

static struct dma_async_tx_descriptor *prep_cycle(struct dma_chan *chan, struct transfer *t)
{
	return dmaengine_prep_dma_cyclic(chan, t->dst_addr, t->len, t->len / 4,
					 DMA_DEV_TO_MEM, DMA_CTRL_ACK | DMA_PREP_INTERRUPT);
}

static void state_is_as_allocated_dm4_dm6(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t, *buffers = client_buffers(test, chan, 4096);
	struct dma_slave_config config = some_config(buffers);
	struct transfer *next;
	struct dma_tx_state state;

	KUNIT_EXPECT_NULL(test, prep_cycle(chan, buffers));
	KUNIT_EXPECT_EQ(test, dmaengine_slave_config(chan, &config), 0);
	dmaengine_pause(chan);
	t = client_start(test, chan, 64);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(chan), 0);

	/* Nothing outstanding, nothing configured, not paused */
	KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, t->cookie, &state), (int)DMA_ERROR);
	KUNIT_EXPECT_EQ(test, state.last, state.used);
	KUNIT_EXPECT_EQ(test, state.residue, 0U);
	KUNIT_EXPECT_NULL(test, prep_cycle(chan, buffers));
	/* A cookie means one transfer, whatever came between */
	next = client_start(test, chan, 64);
	client_expect_done(test, chan, next);
	KUNIT_EXPECT_EQ(test, next->cookie, t->cookie + 1);
	client_expect_cut(test, chan, t);
}

/**
 * struct stuck - a cycle whose callback keeps the channel's thread
 * @entered: it does
 * @go: no longer
 */
struct stuck {
	bool entered;
	bool go;
};

static void stay(void *data, const struct dmaengine_result *result)
{
	struct stuck *stuck = data;
	unsigned long end = jiffies + 5 * HZ;

	WRITE_ONCE(stuck->entered, true);
	while (!READ_ONCE(stuck->go) && time_before(jiffies, end))
		cpu_relax();
}

/* Who asks over and over, as dma_sync_wait() does, needs no thread: it may have no processor. */
static void ready_without_its_thread_dm6(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t, *cycle = client_buffers(test, chan, 4096);
	struct dma_slave_config config = some_config(cycle);
	enum dma_status status = DMA_IN_PROGRESS;
	struct stuck stuck = {};
	int i;

	KUNIT_ASSERT_EQ(test, dmaengine_slave_config(chan, &config), 0);
	client_take(test, cycle, prep_cycle(chan, cycle));
	cycle->tx->callback_result = stay;
	cycle->tx->callback_param = &stuck;
	client_submit(test, cycle);
	dma_async_issue_pending(chan);
	if (!client_wait(READ_ONCE(stuck.entered)))
		KUNIT_FAIL(test, "no period");
	dmaengine_terminate_async(chan);
	t = client_start(test, chan, 64);
	for (i = 0; i < 1000 && status == DMA_IN_PROGRESS; i++)
		status = dmaengine_tx_status(chan, t->cookie, NULL);
	KUNIT_EXPECT_EQ(test, (int)status, (int)DMA_COMPLETE);
	KUNIT_EXPECT_FALSE(test, stuck.go);
	WRITE_ONCE(stuck.go, true);
	client_expect_done(test, chan, t);
	client_expect_works(test, chan);
}

/**
 * struct again - a client that gives another one whenever it is told
 * @chan: its channel
 * @t: what it has moved
 * @calls: how often
 */
struct again {
	struct dma_chan *chan;
	struct transfer *t;
	atomic_t calls;
};

static void give_another(void *data, const struct dmaengine_result *result)
{
	struct dma_async_tx_descriptor *tx;
	struct again *again = data;

	atomic_inc(&again->calls);
	tx = dmaengine_prep_dma_memcpy(again->chan, again->t->dst_addr, again->t->src_addr, 64,
				       DMA_CTRL_ACK | DMA_PREP_INTERRUPT);
	if (!tx)
		return;
	tx->callback_result = give_another;
	tx->callback_param = again;
	dmaengine_submit(tx);
	dma_async_issue_pending(again->chan);
}

/* What was the last client's is not the next one's. */
static void state_is_as_allocated_again_dm4(struct kunit *test)
{
	struct client *client = test->priv;
	struct again again;
	struct transfer *t;
	int turn, calls;

	for (turn = 0; turn < 30; turn++) {
		again.chan = client_channel(test, 0);
		again.t = client_buffers(test, again.chan, 64);
		atomic_set(&again.calls, 0);
		give_another(&again, NULL);
		CLIENT_ASSERT_SOON(test, atomic_read(&again.calls) > turn + 1);
		client->chan[0] = NULL;
		dma_release_channel(again.chan);
		calls = atomic_read(&again.calls);
		t = client_start(test, client_channel(test, 0), 64);
		KUNIT_EXPECT_EQ(test, t->cookie, DMA_MIN_COOKIE + 1);
		client_expect_done(test, client->chan[0], t);
		client_expect_works(test, client->chan[0]);
		KUNIT_EXPECT_EQ(test, atomic_read(&again.calls), calls);
		dma_release_channel(client->chan[0]);
		client->chan[0] = NULL;
	}
}

/* What was prepared is the client's still, and can be submitted. */
static void prepared_one_survives_dm5(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_prep(test, chan, 4096);

	dmaengine_terminate_sync(chan);
	client_submit(test, t);
	dma_async_issue_pending(chan);
	client_expect_done(test, chan, t);
}

#define POISON	0x5a

/* How many pages of it were moved, by their first bytes, of which the source has none POISON */
static size_t pages_so_far(struct transfer *t)
{
	size_t page = 0;

	while (page < t->len / PAGE_SIZE && t->dst[page * PAGE_SIZE] != POISON)
		page++;
	return page;
}

/* Moved so far, and not a byte more. Return: it stopped in the middle. */
static bool stopped_there(struct kunit *test, struct transfer *t, size_t pages)
{
	size_t moved = pages * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, memcmp(t->dst, t->src, moved), 0);
	KUNIT_ASSERT_NULL(test, memchr_inv(t->dst + moved, POISON, t->len - moved));
	return moved && moved < t->len;
}

/* Let some pages of the first be moved: by the thread, or by asking for the status. */
static void let_some_move(struct dma_chan *chan, struct transfer *t, int turn)
{
	int i;

	if (turn % 2)
		client_wait(READ_ONCE(t->word) != (t->phys | DEVRESET_DMA_ARMED));
	for (i = 0; i < turn / 2; i++)
		dmaengine_tx_status(chan, t->cookie, NULL);
}

/* Neither the destination nor the word is written to once terminate has returned. */
static void nothing_is_written_afterwards_dm5(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	int turn, i, caught = 0;
	struct transfer *t[4];
	size_t pages[4];

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = client_buffers(test, chan, SZ_128K);
		KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(t[i]->src) && PAGE_ALIGNED(t[i]->dst));
		memset(t[i]->src, i, t[i]->len);
	}
	for (turn = 0; turn < 60; turn++) {
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			client_take(test, t[i],
				    dmaengine_prep_dma_memcpy(chan, t[i]->dst_addr, t[i]->src_addr,
							      t[i]->len, DMA_CTRL_ACK));
			memset(t[i]->dst, POISON, t[i]->len);
			client_submit(test, t[i]);
		}
		dma_async_issue_pending(chan);
		let_some_move(chan, t[0], turn);
		KUNIT_EXPECT_EQ(test, dmaengine_terminate_async(chan), 0);
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			pages[i] = pages_so_far(t[i]);
			t[i]->word = POISON;
		}
		dmaengine_synchronize(chan);
		client_expect_works(test, chan);
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			caught += stopped_there(test, t[i], pages[i]);
			KUNIT_ASSERT_EQ(test, t[i]->word, (u64)POISON);
		}
	}
	KUNIT_EXPECT_GT(test, caught, 5);
}

/**
 * struct from_afar - a call on another processor
 * @work: does it
 * @chan: the channel
 * @call: what is called
 * @begun: it is
 * @done: and has returned
 */
struct from_afar {
	struct work_struct work;
	struct dma_chan *chan;
	int (*call)(struct dma_chan *chan);
	bool begun;
	bool done;
};

static void call_from_afar(struct work_struct *work)
{
	struct from_afar *f = container_of(work, struct from_afar, work);

	WRITE_ONCE(f->begun, true);
	f->call(f->chan);
	WRITE_ONCE(f->done, true);
}

/* Who stops the channel waits for the page in hand: here for one that takes its time. */
static void waits_for_the_page_in_hand_dm5(struct kunit *test)
{
	static int (*const calls[])(struct dma_chan *chan) = {
		dmaengine_terminate_async, dmaengine_pause,
	};
	struct from_afar *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct channel *c;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	f->chan = client_channel(test, 0);
	c = to_channel(f->chan);
	set_cpus_allowed_ptr(current, cpumask_of(0));
	INIT_WORK(&f->work, call_from_afar);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		f->call = calls[i];
		f->begun = false;
		f->done = false;
		/* As its thread does, which has nothing to do */
		smp_store_mb(c->copying, true);
		schedule_work_on(cpumask_next(0, cpu_online_mask), &f->work);
		KUNIT_EXPECT_TRUE(test, client_wait(READ_ONCE(f->begun)));
		schedule_timeout_idle(HZ / 50 + 1);
		KUNIT_EXPECT_FALSE(test, READ_ONCE(f->done));
		smp_store_release(&c->copying, false);	/* Pairs with channel_stop_copy(). */
		flush_work(&f->work);
		KUNIT_EXPECT_TRUE(test, f->done);
	}
	dmaengine_resume(f->chan);
	client_expect_works(test, f->chan);
}

/* Its device goes while a client holds a channel. */
static void gone_device_is_unsuccessful_dm7(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct device *dev = chan->device->dev;
	struct transfer *prepared, *t;

	prepared = client_prep(test, chan, 64);
	dmaengine_pause(chan);
	t = client_start(test, chan, 64);
	device_release_driver(dev);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
	KUNIT_EXPECT_EQ(test, (int)t->result.result, (int)DMA_TRANS_ABORTED);
	KUNIT_EXPECT_LT(test, dmaengine_submit(prepared->tx), 0);
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64, 0));
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(chan), -EIO);
	KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
	/* There is a new engine, with channels of its own. */
	client_expect_works(test, client_channel(test, 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(terminates_in_softirq_dm1_dm7),
	KUNIT_CASE(terminates_with_interrupts_off_dm1),
	KUNIT_CASE(interrupts_wait_for_a_page_dm1),
	KUNIT_CASE(reports_aborted_with_residue_dm2),
	KUNIT_CASE(terminated_one_stays_as_it_is_dm2),
	KUNIT_CASE(plain_callback_is_for_others_dm2),
	KUNIT_CASE(word_armed_and_halted_dm3),
	KUNIT_CASE(word_suspend_active_and_idle_dm3),
	KUNIT_CASE(word_is_refused_dm3),
	KUNIT_CASE(state_is_as_allocated_dm4_dm6),
	KUNIT_CASE(ready_without_its_thread_dm6),
	KUNIT_CASE(state_is_as_allocated_again_dm4),
	KUNIT_CASE(prepared_one_survives_dm5),
	KUNIT_CASE(nothing_is_written_afterwards_dm5),
	KUNIT_CASE(waits_for_the_page_in_hand_dm5),
	KUNIT_CASE(gone_device_is_unsuccessful_dm7),
	{ }
};

static struct kunit_suite suite = {
	.name = "devreset_dma_contract",
	.init = client_init,
	.exit = client_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Tests of devreset_dma");
MODULE_LICENSE("GPL");
