// SPDX-License-Identifier: GPL-2.0
/*
 * How fast the soft channels of devreset_dma copy, next to a loop that calls
 * memcpy(): the same sizes, the same buffers. And for how long they keep interrupts off.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../drivers/compat.h"
#include "bench.h"

#define WINDOW		32	/* descriptors that are outstanding */
#define MOST_CHANNELS	4

/**
 * struct load - what one channel has to do
 * @chan: the channel
 * @src: where from
 * @dst: where to
 * @src_addr: bus address
 * @dst_addr: bus address
 * @size: of one copy
 * @left: copies to be done
 * @free: descriptors that may be submitted
 * @done: completed with the last
 */
struct load {
	struct dma_chan *chan;
	void *src, *dst;
	dma_addr_t src_addr, dst_addr;
	size_t size;
	atomic_t left;
	struct semaphore free;
	struct completion done;
};

static bool is_soft(struct dma_chan *chan, void *data)
{
	return !strcmp(dev_name(chan->device->dev), "devreset_dma");
}

static void put_load(struct load *load)
{
	struct device *dev;

	if (load->chan) {
		dev = dmaengine_get_dma_device(load->chan);
		dmaengine_terminate_sync(load->chan);
		dma_unmap_single(dev, load->src_addr, load->size, DMA_TO_DEVICE);
		dma_unmap_single(dev, load->dst_addr, load->size, DMA_FROM_DEVICE);
		dma_release_channel(load->chan);
	}
	kfree(load->src);
	kfree(load->dst);
}

static int get_buffers(struct load *load, size_t size)
{
	load->size = size;
	load->src = kmalloc(size, GFP_KERNEL);
	load->dst = kmalloc(size, GFP_KERNEL);
	if (!load->src || !load->dst)
		return -ENOMEM;
	memset(load->src, 1, size);
	memset(load->dst, 2, size);
	return 0;
}

static int get_load(struct load *load, size_t size, unsigned int count)
{
	struct device *dev;
	dma_cap_mask_t mask;
	int ret;

	ret = get_buffers(load, size);
	if (ret)
		return ret;
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	load->chan = dma_request_channel(mask, is_soft, NULL);
	if (!load->chan)
		return -ENODEV;
	dev = dmaengine_get_dma_device(load->chan);
	load->src_addr = dma_map_single(dev, load->src, size, DMA_TO_DEVICE);
	load->dst_addr = dma_map_single(dev, load->dst, size, DMA_FROM_DEVICE);
	atomic_set(&load->left, count);
	sema_init(&load->free, WINDOW);
	init_completion(&load->done);
	return 0;
}

static void called(void *data)
{
	struct load *load = data;

	up(&load->free);
	if (atomic_dec_and_test(&load->left))
		complete(&load->done);
}

static int submit(struct load *load)
{
	struct dma_async_tx_descriptor *tx;

	down(&load->free);
	tx = dmaengine_prep_dma_memcpy(load->chan, load->dst_addr, load->src_addr,
				       load->size, DMA_CTRL_ACK | DMA_PREP_INTERRUPT);
	if (!tx)
		return -ENOMEM;
	tx->callback = called;
	tx->callback_param = load;
	if (dma_submit_error(dmaengine_submit(tx)))
		return -EIO;
	dma_async_issue_pending(load->chan);
	return 0;
}

static int run(struct load *loads, unsigned int channels, unsigned int count)
{
	unsigned int i, n;
	int ret;

	for (n = 0; n < count; n++) {
		for (i = 0; i < channels; i++) {
			ret = submit(&loads[i]);
			if (ret)
				return ret;
		}
	}
	for (i = 0; i < channels; i++)
		if (!wait_for_completion_timeout(&loads[i].done, 60 * HZ))
			return -ETIMEDOUT;
	return 0;
}

static int submit_some(struct load *load, unsigned int count)
{
	struct dma_async_tx_descriptor *tx;

	while (count--) {
		tx = dmaengine_prep_dma_memcpy(load->chan, load->dst_addr, load->src_addr,
					       load->size, DMA_CTRL_ACK);
		if (!tx || dma_submit_error(dmaengine_submit(tx)))
			return -ENOMEM;
	}
	dma_async_issue_pending(load->chan);
	return 0;
}

#define WATCH_NS	7001	/* no multiple of anything */

static struct hrtimer watch;
static u64 longest;
static unsigned long watched;

/* cut COUNT TIMES: while there is a watch, how long an interrupt waits meanwhile */
int bench_cut(char **args)
{
	unsigned int count, times;
	unsigned long samples = 0;
	struct load load = {};
	u64 most = 0;
	int ret;

	if (kstrtouint(args[0], 10, &count) || kstrtouint(args[1], 10, &times) || !count || !times)
		return -EINVAL;
	ret = get_load(&load, SZ_4K, 1);
	while (!ret && times--) {
		dmaengine_pause(load.chan);
		ret = submit_some(&load, count);
		/* Of this alone, not of what allocates and frees them */
		longest = 0;
		watched = 0;
		dmaengine_terminate_async(load.chan);
		most = max(most, longest);
		samples += watched;
		dmaengine_synchronize(load.chan);
	}
	say("longest=%llu times=%lu", most, samples);
	put_load(&load);
	return ret;
}

/* --- how long interrupts wait -------------------------------------------------- */

static enum hrtimer_restart watch_now(struct hrtimer *timer)
{
	u64 now = ktime_get_ns(), due = ktime_to_ns(hrtimer_get_expires(timer));

	longest = max(longest, now - due);
	watched++;
	hrtimer_forward_now(timer, ns_to_ktime(WATCH_NS));
	return HRTIMER_RESTART;
}

/* watch on|off */
int bench_watch(char **args)
{
	if (!strcmp(args[0], "on")) {
		compat_hrtimer_setup(&watch, watch_now, CLOCK_MONOTONIC,
				     HRTIMER_MODE_REL_PINNED_HARD);
		longest = 0;
		watched = 0;
		hrtimer_start(&watch, ns_to_ktime(WATCH_NS), HRTIMER_MODE_REL_PINNED_HARD);
		return 0;
	}
	hrtimer_cancel(&watch);
	say("longest=%llu times=%lu", longest, watched);
	return 0;
}

/* --- throughput ------------------------------------------------------------------ */

static int parse(char **args, size_t *size, unsigned int *count)
{
	unsigned int bytes;

	if (kstrtouint(args[0], 10, &bytes) || kstrtouint(args[1], 10, count) ||
	    !bytes || bytes > SZ_1M || !*count || *count > 100000)
		return -EINVAL;
	*size = bytes;
	return 0;
}

/* dma SIZE COUNT CHANNELS */
int bench_dma(char **args)
{
	struct load loads[MOST_CHANNELS] = {};
	unsigned int count, channels, i;
	size_t size;
	u64 began;
	int ret;

	ret = parse(args, &size, &count);
	if (ret || kstrtouint(args[2], 10, &channels) || !channels || channels > MOST_CHANNELS)
		return -EINVAL;
	for (i = 0; i < channels && !ret; i++)
		ret = get_load(&loads[i], size, count);
	if (!ret) {
		began = ktime_get_ns();
		ret = run(loads, channels, count);
		say("took=%llu", ktime_get_ns() - began);
	}
	for (i = 0; i < channels; i++) {
		if (!ret && memcmp(loads[i].src, loads[i].dst, size))
			ret = -EIO;
		put_load(&loads[i]);
	}
	return ret;
}

/* copy SIZE COUNT */
int bench_copy(char **args)
{
	struct load load = {};
	unsigned int count, i;
	size_t size;
	u64 began;
	int ret;

	ret = parse(args, &size, &count) ?: get_buffers(&load, size);
	if (!ret) {
		began = ktime_get_ns();
		for (i = 0; i < count; i++) {
			memcpy(load.dst, load.src, size);
			cond_resched();
		}
		say("took=%llu", ktime_get_ns() - began);
	}
	put_load(&load);
	return ret;
}
