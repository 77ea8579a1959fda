// SPDX-License-Identifier: GPL-2.0
/*
 * A client that gives channels of devreset_dma descriptors by the million, asks how they
 * do, and terminates them in softirq, at random times. Each must end exactly once: completed,
 * with a callback, or aborted, without one; its completion word must say so; what was moved
 * must be right, what was not moved must be as it was; and nothing may be written afterwards.
 *
 * All happens while the module is loaded; it tells in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/devreset_dma.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include "../drivers/compat.h"

#define SLOTS		64
#define MOST		SZ_64K	/* bytes of a descriptor */
#define GUARD		64	/* behind it, which are not to change either */
#define POISON		0x5a

static unsigned int descriptors = 1000000;
module_param(descriptors, uint, 0444);
MODULE_PARM_DESC(descriptors, "how many (default: 1000000)");

static char *device = "devreset_dma";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "whose channels (default: devreset_dma, which is the soft engine's)");

static unsigned int channels = 4;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "how many of these (default: 4)");

static unsigned int window = SLOTS;
module_param(window, uint, 0444);
MODULE_PARM_DESC(window, "descriptors outstanding in each, at most (default: 64, the most)");

static unsigned int most = MOST;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "bytes of a descriptor, at most (default: 65536, the most)");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all that is random (default: 0, a random one)");

static unsigned int pause_us = 4000;
module_param(pause_us, uint, 0444);
MODULE_PARM_DESC(pause_us, "the longest time between two terminates (default: 4000)");

struct stream;

/**
 * struct slot - one descriptor after the other
 * @stream: whose it is
 * @pending: it was submitted, and has not ended
 * @word: its completion word
 * @phys: what is in there, but for the status
 * @src: where from
 * @dst: where to; POISON but while it is pending
 * @src_addr: bus address
 * @dst_addr: bus address
 * @len: of what is pending
 */
struct slot {
	struct stream *stream;
	bool pending;
	u64 word;
	dma_addr_t phys;
	u8 *src, *dst;
	dma_addr_t src_addr, dst_addr;
	u32 len;
};

/**
 * struct stream - a channel
 * @chan: the channel
 * @timer: terminates
 * @rnd: of the timer
 * @stop: the end of it
 * @wait: for a slot
 * @slot: what it has to do
 * @done: completed; written to by callbacks, one at a time
 * @cut: aborted; this and the next are written to by the module's own task
 * @partly: of these, in the middle
 * @terminates: how many; the timer's
 * @last: cookie of what was given last
 */
struct stream {
	struct dma_chan *chan;
	struct hrtimer timer;
	struct rnd_state rnd;
	bool stop;
	wait_queue_head_t wait;
	struct slot slot[SLOTS];
	unsigned long done, cut, partly;
	unsigned long terminates;
	dma_cookie_t last;
};

static struct stream *streams;
static atomic_t wrong;

static void complain(struct slot *slot, const char *what)
{
	if (atomic_inc_return(&wrong) < 10)
		pr_err("slot %ld, %u bytes, word %#llx: %s\n", slot - slot->stream->slot,
		       slot->len, slot->word, what);
}

/* --- how each ends ---------------------------------------------------------------- */

/* Nothing that is moved is POISON. Return: how much was. */
static u32 check(struct slot *slot, enum devreset_dma_status status)
{
	u8 *end = memchr(slot->dst, POISON, slot->len);
	u32 moved = end ? end - slot->dst : slot->len;

	if (slot->word != (slot->phys | status))
		complain(slot, "the word is wrong");
	if (status == DEVRESET_DMA_IDLE && moved != slot->len)
		complain(slot, "completed, and not moved");
	else if (memcmp(slot->dst, slot->src, moved))
		complain(slot, "what was moved is wrong");
	else if (memchr_inv(slot->dst + moved, POISON, slot->len + GUARD - moved))
		complain(slot, "moved in more than one place");
	return moved;
}

static void has_ended(struct slot *slot)
{
	memset(slot->dst, POISON, slot->len);
	/* Pairs with has_room(). */
	smp_store_release(&slot->pending, false);
}

static void called(void *data, const struct dmaengine_result *result)
{
	struct slot *slot = data;
	struct stream *stream = slot->stream;

	if (result->result != DMA_TRANS_NOERROR || result->residue) {
		complain(slot, "a callback for what was terminated");
		return;
	}
	if (!READ_ONCE(slot->pending)) {
		complain(slot, "has ended before");
		return;
	}
	if (!in_softirq())
		complain(slot, "bottom halves are on in a callback");
	check(slot, DEVRESET_DMA_IDLE);
	stream->done++;
	has_ended(slot);
	if (wq_has_sleeper(&stream->wait))
		wake_up(&stream->wait);
}

static bool is_cut(struct slot *slot)
{
	/* Pairs with the provider: what is halted is not touched any more. */
	return (smp_load_acquire(&slot->word) & DEVRESET_DMA_STATUS) == DEVRESET_DMA_HALTED;
}

/* There is no callback for that. */
static void take_cut(struct slot *slot)
{
	u32 moved = check(slot, DEVRESET_DMA_HALTED);

	slot->stream->cut++;
	if (moved && moved != slot->len)
		slot->stream->partly++;
	has_ended(slot);
}

static enum hrtimer_restart terminate(struct hrtimer *timer)
{
	struct stream *stream = container_of(timer, struct stream, timer);
	u32 us = 1 + prandom_u32_state(&stream->rnd) % pause_us;

	if (!in_serving_softirq())
		atomic_inc(&wrong);
	if (dmaengine_terminate_async(stream->chan))
		atomic_inc(&wrong);
	stream->terminates++;
	if (wq_has_sleeper(&stream->wait))
		wake_up(&stream->wait);
	if (READ_ONCE(stream->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(1000ULL * us));
	return HRTIMER_RESTART;
}

/* --- giving them ------------------------------------------------------------------- */

static bool has_room(struct slot *slot)
{
	/* Pairs with has_ended(). */
	return !smp_load_acquire(&slot->pending) || is_cut(slot);
}

/* A slot that nothing is pending in, nor has been written to since it ended */
static int have(struct slot *slot)
{
	if (!wait_event_idle_timeout(slot->stream->wait, has_room(slot), 60 * HZ)) {
		complain(slot, "never ended");
		return -ETIMEDOUT;
	}
	if (READ_ONCE(slot->pending))
		take_cut(slot);
	if (memchr_inv(slot->dst, POISON, slot->len + GUARD)) {
		complain(slot, "written to after it ended");
		return -EIO;
	}
	return 0;
}

static int give(struct slot *slot, u32 len, u8 value)
{
	struct dma_chan *chan = slot->stream->chan;
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(chan, slot->dst_addr, slot->src_addr, len,
				       DMA_CTRL_ACK | DMA_PREP_INTERRUPT);
	if (!tx)
		return -ENOMEM;
	memset(slot->src, value, len);
	slot->len = len;
	slot->phys = tx->phys;
	tx->callback_result = called;
	tx->callback_param = slot;
	WRITE_ONCE(slot->pending, true);
	if (dmaengine_desc_attach_metadata(tx, &slot->word, sizeof(slot->word)))
		return -EINVAL;
	slot->stream->last = dmaengine_submit(tx);
	return dma_submit_error(slot->stream->last);
}

/* Polling runs a soft channel on this processor, for a page. */
static void ask(struct stream *stream, u32 times)
{
	while (times--)
		if (dmaengine_tx_status(stream->chan, stream->last, NULL) != DMA_IN_PROGRESS)
			break;
}

/* Mostly short ones, as the other ones take their time */
static u32 some_length(struct rnd_state *rnd)
{
	u32 up_to = prandom_u32_state(rnd) % 32 ? min(most, 256U) : most;

	return 1 + prandom_u32_state(rnd) % up_to;
}

static int give_all(struct rnd_state *rnd)
{
	struct stream *stream;
	struct slot *slot;
	unsigned int i;
	int ret;

	for (i = 0; i < descriptors; i++) {
		stream = &streams[i % channels];
		slot = &stream->slot[i / channels % window];
		if (READ_ONCE(slot->pending))
			dma_async_issue_pending(stream->chan);
		/* Not POISON, nor what was there before */
		ret = have(slot) ?: give(slot, some_length(rnd), i % (POISON - 1));
		if (ret)
			return ret;
		if (!(prandom_u32_state(rnd) % 8))
			dma_async_issue_pending(stream->chan);
		if (!(prandom_u32_state(rnd) % 8))
			ask(stream, prandom_u32_state(rnd) % 32);
		cond_resched();
	}
	return 0;
}

/* --- the beginning and the end ------------------------------------------------------ */

static bool is_wanted(struct dma_chan *chan, void *data)
{
	return !strcmp(dev_name(chan->device->dev), device);
}

static int get_slot(struct stream *stream, struct slot *slot)
{
	struct device *dev = dmaengine_get_dma_device(stream->chan);

	slot->stream = stream;
	slot->src = kmalloc(MOST, GFP_KERNEL);
	slot->dst = kmalloc(MOST + GUARD, GFP_KERNEL);
	if (!slot->src || !slot->dst)
		return -ENOMEM;
	memset(slot->dst, POISON, MOST + GUARD);
	slot->src_addr = dma_map_single(dev, slot->src, MOST, DMA_TO_DEVICE);
	slot->dst_addr = dma_map_single(dev, slot->dst, MOST, DMA_BIDIRECTIONAL);
	return dma_mapping_error(dev, slot->src_addr) ?: dma_mapping_error(dev, slot->dst_addr);
}

static void put_slot(struct stream *stream, struct slot *slot)
{
	struct device *dev = dmaengine_get_dma_device(stream->chan);

	if (slot->src_addr)
		dma_unmap_single(dev, slot->src_addr, MOST, DMA_TO_DEVICE);
	if (slot->dst_addr)
		dma_unmap_single(dev, slot->dst_addr, MOST, DMA_BIDIRECTIONAL);
	kfree(slot->src);
	kfree(slot->dst);
}

static int get_stream(struct stream *stream)
{
	dma_cap_mask_t mask;
	int i, ret = 0;

	prandom_seed_state(&stream->rnd, seed + 1 + (stream - streams));
	init_waitqueue_head(&stream->wait);
	compat_hrtimer_setup(&stream->timer, terminate, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	stream->chan = dma_request_channel(mask, is_wanted, NULL);
	if (!stream->chan)
		return -ENODEV;
	for (i = 0; i < SLOTS && !ret; i++)
		ret = get_slot(stream, &stream->slot[i]);
	return ret;
}

/* What is pending ends here. */
static void stop_stream(struct stream *stream)
{
	int i;

	if (!stream->chan)
		return;
	WRITE_ONCE(stream->stop, true);
	hrtimer_cancel(&stream->timer);
	dmaengine_terminate_sync(stream->chan);
	for (i = 0; i < SLOTS; i++) {
		if (stream->slot[i].pending && is_cut(&stream->slot[i]))
			take_cut(&stream->slot[i]);
		else if (stream->slot[i].pending)
			complain(&stream->slot[i], "has not ended");
	}
}

static void put_stream(struct stream *stream)
{
	int i;

	if (!stream->chan)
		return;
	for (i = 0; i < SLOTS; i++)
		put_slot(stream, &stream->slot[i]);
	dma_release_channel(stream->chan);
}

static int flood(void)
{
	unsigned long done = 0, cut = 0, partly = 0, terminates = 0;
	struct rnd_state rnd;
	unsigned int i;
	int ret = 0;

	prandom_seed_state(&rnd, seed);
	for (i = 0; i < channels && !ret; i++)
		ret = get_stream(&streams[i]);
	if (!ret) {
		for (i = 0; i < channels; i++)
			hrtimer_start(&streams[i].timer, 0, HRTIMER_MODE_REL_SOFT);
		ret = give_all(&rnd);
	}
	for (i = 0; i < channels; i++) {
		stop_stream(&streams[i]);
		done += streams[i].done;
		cut += streams[i].cut;
		partly += streams[i].partly;
		terminates += streams[i].terminates;
	}
	for (i = 0; i < channels; i++)
		put_stream(&streams[i]);
	pr_info("%u submitted, %lu completed, %lu aborted, %d wrong\n", descriptors, done, cut,
		atomic_read(&wrong));
	pr_info("%lu terminates, %lu in the middle of one\n", terminates, partly);
	if (!ret && (atomic_read(&wrong) || done + cut != descriptors))
		ret = -EIO;
	return ret;
}

static int __init flood_init(void)
{
	int ret;

	if (!pause_us || !channels || !window || window > SLOTS || !most || most > MOST)
		return -EINVAL;
	if (!seed)
		seed = get_random_u32();
	pr_info("seed %u\n", seed);
	streams = kvcalloc(channels, sizeof(*streams), GFP_KERNEL);
	if (!streams)
		return -ENOMEM;
	ret = flood();
	kvfree(streams);
	return ret;
}

static void __exit flood_exit(void)
{
}

module_init(flood_init);
module_exit(flood_exit);

MODULE_DESCRIPTION("Many DMA transfers, cut off at random");
MODULE_LICENSE("GPL");
