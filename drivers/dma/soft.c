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
#define MOST_CHANNELS	64
#define AT_ONCE		64	/* pages, before others may have the processor */

static unsigned int channels = 4;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "soft channels, 0 to " __stringify(MOST_CHANNELS) " (default: 4)");

static struct platform_device *device;

/* What comes next */
enum step {
	STEP_MORE,
	STEP_PERIOD,
	STEP_OVER,
};

/*
 * Move up to @most bytes of @job, up to the end of a page. Hold the channel's lock, and
 * have it barred, or be between channel_enter() and channel_leave().
 */
static enum step move(struct job *job, size_t most)
{
	struct piece *piece = &job->piece[job->at];
	void *dst = piece->dst + job->off;
	size_t len = PAGE_SIZE - offset_in_page(dst);

	len = min3(len, most, (size_t)piece->len - job->off);
	if (job->kind == JOB_FILL)
		memset(dst, job->value, len);
	else
		memcpy(dst, piece->src + job->off, len);
	job->off += len;
	if (job->off < piece->len)
		return STEP_MORE;
	job->done += job->off;
	job->off = 0;
	if (++job->at < job->pieces)
		return job->kind == JOB_CYCLE ? STEP_PERIOD : STEP_MORE;
	if (job->kind != JOB_CYCLE)
		return STEP_OVER;
	job->at = 0;
	job->done = 0;
	return STEP_PERIOD;
}

/* For the compiler, which knows how to copy what has a size and is aligned */
struct whole {
	u64 word[PAGE_SIZE / sizeof(u64)];
};

/*
 * Whole pages of the piece in work, but for its last: which is most of what there is to
 * do when there is much. Called after channel_enter(); false: it has been left.
 */
static bool move_pages(struct channel *c, struct job *job, unsigned int *pages)
{
	struct piece *piece = &job->piece[job->at];
	const struct whole *src = piece->src + job->off;
	struct whole *dst = piece->dst + job->off;
	unsigned int count = min(*pages, (piece->len - job->off - 1) / (u32)PAGE_SIZE);

	if (job->kind == JOB_FILL || !PAGE_ALIGNED(dst) ||
	    !IS_ALIGNED((unsigned long)src, __alignof__(*src)))
		return true;
	*pages -= count;
	for (; count; count--) {
		*dst++ = *src++;
		job->off += PAGE_SIZE;
		channel_leave(c);
		if (!channel_enter(c))
			return false;
	}
	return true;
}

/* Until there is something to see to; STEP_MORE: see whether it may go on. */
static enum step advance(struct channel *c, struct job *job)
{
	unsigned int pages = AT_ONCE;
	enum step next;

	do {
		if (!channel_enter(c) || !move_pages(c, job, &pages))
			return STEP_MORE;
		next = move(job, PAGE_SIZE);
		channel_leave(c);
	} while (next == STEP_MORE && pages-- > 0);
	return next;
}

/* Until somebody comes to stop it; @silent: it is done, and tells nobody */
static int stand_still(struct channel *c, struct job *job, bool silent)
{
	dma_cookie_t cookie = job->tx.cookie;
	unsigned long flags;
	bool mine;

	job_tell(c);
	spin_lock_irqsave(&c->lock, flags);
	mine = job_is_active(c, job, cookie);
	if (mine) {
		job->stuck = !silent;
		job->silent = silent;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (!mine)
		return -EAGAIN;
	wait_event_idle(c->wait, job_stopped(c, job));
	return -EAGAIN;
}

/* A slave has a pace: one period in a tick, at most. */
static void end_period(struct channel *c, struct job *job)
{
	job_period(c, job);
	wait_event_idle_timeout(c->wait, job_stopped(c, job), 1);
}

/* Where the fault has it stop: a job of one byte, before it has begun */
static int fail_halfway(struct channel *c, struct job *job, bool stall)
{
	if (job->len > 1) {
		while (!channel_enter(c))
			if (!job_go_on(c, job))
				return -EAGAIN;
		/* It may have been paused when it was done, and stood still. */
		if (job->at < job->pieces)
			move(job, job->len / 2);
		channel_leave(c);
	}
	return stall ? stand_still(c, job, false) : -EIO;
}

static int soft_run(struct channel *c, struct job *job, struct outcome *outcome)
{
	bool stall = fault_now(FAULT_STALL), error = fault_now(FAULT_ERROR);
	enum step next;

	if (stall || error)
		return fail_halfway(c, job, stall);
	/*
	 * Done it is if it told nobody, and was paused then; or if somebody who polls
	 * has just done the rest, and it is not ours any more, as finish() will see.
	 */
	while (READ_ONCE(job->at) < job->pieces && (next = advance(c, job)) != STEP_OVER) {
		if (next == STEP_PERIOD)
			end_period(c, job);
		cond_resched();
		if (!job_go_on(c, job))
			return -EAGAIN;
	}
	if (fault_now(FAULT_LOSE))
		return stand_still(c, job, true);
	outcome->completed = job->tx.phys;
	if (fault_now(FAULT_CORRUPT))
		outcome->completed ^= BIT(6);
	return 0;
}

static bool soft_poll(struct channel *c, struct job *job)
{
	if (job->kind == JOB_CYCLE)
		return false;
	return job->at == job->pieces || move(job, PAGE_SIZE) == STEP_OVER;
}

static void soft_setup(struct engine *engine)
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
	.setup = soft_setup,
	.run = soft_run,
	.poll = soft_poll,
};

static void destroy(void *engine)
{
	engine_destroy(engine);
}

static int soft_probe(struct platform_device *pdev)
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
	return devm_add_action_or_reset(&pdev->dev, destroy, engine);
}

static int soft_suspend(struct device *dev)
{
	engine_halt(dev_get_drvdata(dev), HALT_SLEEP);
	return 0;
}

static int soft_resume(struct device *dev)
{
	engine_go(dev_get_drvdata(dev), HALT_SLEEP);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(soft_pm_ops, soft_suspend, soft_resume);

static struct platform_driver driver = {
	.driver.name = NAME,
	.driver.pm = pm_sleep_ptr(&soft_pm_ops),
	.probe = soft_probe,
};

int soft_init(void)
{
	int ret;

	if (channels > MOST_CHANNELS)
		return -EINVAL;
	if (!channels)
		return 0;
	/* As platform_driver_register(), but without an owner: see channel_alloc(). */
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
