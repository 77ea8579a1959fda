// SPDX-License-Identifier: GPL-2.0
/*
 * The engine in software. Its channels are threads, which copy a page at a time.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "dma.h"
#include "fault.h"

#define NAME		"devreset_dma"
#define MAX_CHANNELS	64
#define RESCHED_PAGES		64	/* pages, before cond_resched() */

static unsigned int channels = 4;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "soft channels, 0 to " __stringify(MAX_CHANNELS) " (default: 4)");

static struct platform_device *device;

/* What comes next */
enum step {
	STEP_MORE,
	STEP_PERIOD,
	STEP_OVER,
};

/*
 * Copy up to @most bytes of @desc, up to the end of a page. Hold the channel's lock after
 * channel_stop_copy(), or be between channel_copy_begin() and channel_copy_end().
 */
static enum step ddma_soft_move(struct ddma_desc *desc, size_t most)
{
	struct segment *segment = &desc->segment[desc->at];
	void *dst = segment->dst + desc->off;
	size_t len = PAGE_SIZE - offset_in_page(dst);

	len = min3(len, most, (size_t)segment->len - desc->off);
	if (desc->kind == DESC_FILL)
		memset(dst, desc->value, len);
	else
		memcpy(dst, segment->src + desc->off, len);
	desc->off += len;
	if (desc->off < segment->len)
		return STEP_MORE;
	desc->done += desc->off;
	desc->off = 0;
	if (++desc->at < desc->segments)
		return desc->kind == DESC_CYCLE ? STEP_PERIOD : STEP_MORE;
	if (desc->kind != DESC_CYCLE)
		return STEP_OVER;
	desc->at = 0;
	desc->done = 0;
	return STEP_PERIOD;
}

/* A type for the compiler to copy by: of a known size, and aligned */
struct whole {
	u64 word[PAGE_SIZE / sizeof(u64)];
};

/*
 * Copy whole pages of the segment, but for the last one. Called after channel_copy_begin();
 * false: the copy section has ended.
 */
static bool ddma_soft_move_pages(struct channel *c, struct ddma_desc *desc, unsigned int *pages)
{
	struct segment *segment = &desc->segment[desc->at];
	const struct whole *src = segment->src + desc->off;
	struct whole *dst = segment->dst + desc->off;
	unsigned int count = min(*pages, (segment->len - desc->off - 1) / (u32)PAGE_SIZE);

	if (desc->kind == DESC_FILL || !PAGE_ALIGNED(dst) ||
	    !IS_ALIGNED((unsigned long)src, __alignof__(*src)))
		return true;
	*pages -= count;
	for (; count; count--) {
		*dst++ = *src++;
		desc->off += PAGE_SIZE;
		channel_copy_end(c);
		if (!channel_copy_begin(c))
			return false;
	}
	return true;
}

/* STEP_MORE: ask desc_go_on(). */
static enum step ddma_soft_advance(struct channel *c, struct ddma_desc *desc)
{
	unsigned int pages = RESCHED_PAGES;
	enum step next;

	do {
		if (!channel_copy_begin(c) || !ddma_soft_move_pages(c, desc, &pages))
			return STEP_MORE;
		next = ddma_soft_move(desc, PAGE_SIZE);
		channel_copy_end(c);
	} while (next == STEP_MORE && pages-- > 0);
	return next;
}

/* Do nothing until stopped. @silent: as if the completion interrupt was lost */
static int ddma_soft_stand_still(struct channel *c, struct ddma_desc *desc, bool silent)
{
	dma_cookie_t cookie = desc->tx.cookie;
	unsigned long flags;
	bool mine;

	desc_invoke_callbacks(c);
	spin_lock_irqsave(&c->lock, flags);
	mine = desc_is_active(c, desc, cookie);
	if (mine) {
		desc->stuck = !silent;
		desc->silent = silent;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (!mine)
		return -EAGAIN;
	wait_event_idle(c->wait, desc_stopped(c, desc));
	return -EAGAIN;
}

/* Paced like a slave: at most one period in a tick. */
static void ddma_soft_end_period(struct channel *c, struct ddma_desc *desc)
{
	desc_period(c, desc);
	wait_event_idle_timeout(c->wait, desc_stopped(c, desc), 1);
}

/* Stop in the middle; a descriptor of one byte at its beginning. */
static int ddma_soft_fail_halfway(struct channel *c, struct ddma_desc *desc, bool stall)
{
	if (desc->len > 1) {
		while (!channel_copy_begin(c))
			if (!desc_go_on(c, desc))
				return -EAGAIN;
		/* It may have been completed before, by a "lose" fault, and paused. */
		if (desc->at < desc->segments)
			ddma_soft_move(desc, desc->len / 2);
		channel_copy_end(c);
	}
	return stall ? ddma_soft_stand_still(c, desc, false) : -EIO;
}

static int ddma_soft_run(struct channel *c, struct ddma_desc *desc, struct outcome *outcome)
{
	bool stall = fault_now(FAULT_STALL), error = fault_now(FAULT_ERROR);
	enum step next;

	if (stall || error)
		return ddma_soft_fail_halfway(c, desc, stall);
	/*
	 * Complete already after a "lose" fault and a pause; or desc_poll() has just
	 * completed it, and it is not active any more, which ddma_desc_finish() checks.
	 */
	while (READ_ONCE(desc->at) < desc->segments &&
	       (next = ddma_soft_advance(c, desc)) != STEP_OVER) {
		if (next == STEP_PERIOD)
			ddma_soft_end_period(c, desc);
		cond_resched();
		if (!desc_go_on(c, desc))
			return -EAGAIN;
	}
	if (fault_now(FAULT_LOSE))
		return ddma_soft_stand_still(c, desc, true);
	outcome->completed = desc->tx.phys;
	if (fault_now(FAULT_CORRUPT))
		outcome->completed ^= BIT(6);
	return 0;
}

static bool ddma_soft_poll(struct channel *c, struct ddma_desc *desc)
{
	if (desc->kind == DESC_CYCLE)
		return false;
	return desc->at == desc->segments || ddma_soft_move(desc, PAGE_SIZE) == STEP_OVER;
}

static void ddma_soft_setup(struct engine *engine)
{
	struct dma_device *dma = &engine->dma;

	dma_cap_set(DMA_MEMSET, dma->cap_mask);
	dma_cap_set(DMA_MEMSET_SG, dma->cap_mask);
	dma_cap_set(DMA_INTERLEAVE, dma->cap_mask);
	dma_cap_set(DMA_CYCLIC, dma->cap_mask);
	dma->directions |= BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM);
}

static const struct devreset_policy soft_policy = {
	.automatic = 1,
	.ceiling = DEVRESET_FUNCTION,
	.max_attempts = 2,
	.retry_interval_ms = 100,
	.reset_timeout_ms = 10000,
	.check_interval_ms = 500,
	.check_idle = 0,
	.probation_ms = 10000,
	.max_recoveries = 5,
	.window_ms = 600000,
	.return_ms = 30000,
};

/* Up to 1 MiB, at any address */
static const struct engine_ops soft_ops = {
	.scope = DEVRESET_FUNCTION,
	.policy = &soft_policy,
	.gather = SZ_4M,
	.max_len = SZ_1M,
	.max_burst = PAGE_SIZE,
	.granularity = DMA_RESIDUE_GRANULARITY_BURST,
	.setup = ddma_soft_setup,
	.run = ddma_soft_run,
	.poll = ddma_soft_poll,
};

static void ddma_soft_destroy(void *engine)
{
	engine_destroy(engine);
}

static int ddma_soft_probe(struct platform_device *pdev)
{
	struct engine *engine;
	int ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, SZ_1M);
	engine = engine_create(&pdev->dev, &soft_ops, NULL, NULL, channels);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	platform_set_drvdata(pdev, engine);
	return devm_add_action_or_reset(&pdev->dev, ddma_soft_destroy, engine);
}

static int ddma_soft_suspend(struct device *dev)
{
	engine_halt(dev_get_drvdata(dev), STOP_SLEEP);
	return 0;
}

static int ddma_soft_resume(struct device *dev)
{
	engine_go(dev_get_drvdata(dev), STOP_SLEEP);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(soft_pm_ops, ddma_soft_suspend, ddma_soft_resume);

static struct platform_driver driver = {
	.driver.name = NAME,
	.driver.pm = pm_sleep_ptr(&soft_pm_ops),
	.probe = ddma_soft_probe,
};

int soft_init(void)
{
	int ret;

	if (channels > MAX_CHANNELS)
		return -EINVAL;
	if (!channels)
		return 0;
	/* As platform_driver_register(), but without an owner: see ddma_channel_alloc(). */
	driver.driver.bus = &platform_bus_type;
	ret = driver_register(&driver.driver);
	if (ret)
		return ret;
	device = platform_device_register_simple(NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

void soft_exit(void)
{
	if (!channels)
		return;
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}
