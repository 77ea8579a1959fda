// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA unit of QEMU's "edu", an auxiliary device of the PCI function.
 *
 * It copies between memory and a buffer of its own, 100 ms at a time, and nothing
 * stops it. So it only ever sees memory of this driver's: what a client wants
 * copied is copied to "out", from there by the unit into its buffer, from there
 * by the unit to "in", and from there to where the client wants it, if that
 * client still does. Out of the range of its buffer, the unit takes QEMU with it.
 *
 * With bus mastering off it says that it has done it all, and has not moved a byte.
 * Hence "in" is the complement of what is expected before, and compared after.
 */
#include <linux/auxiliary_bus.h>
#include <linux/delay.h>
#include <linux/devreset_edu.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "dma.h"

#define CHANNELS	2
/* One byte less than its buffer has: there are versions that take no more. */
#define MOST		(EDU_DMA_BUFFER_SIZE - 1)
/* Enough to blame the unit, and not a machine that has other things to do */
#define LATE_MS		2000
#define LATE		(LATE_MS * HZ / 1000)
/* The same for an interrupt */
#define LOST		(LATE / 2)
#define TEST_LEN	64

#define GONE		(~0u)

/**
 * struct unit - the unit, and who uses it
 * @engine: whose it is
 * @hw: what the PCI function's driver has made
 * @dev: whose DMA it is
 * @out: what it reads
 * @in: what it writes to
 * @out_addr: bus address
 * @in_addr: bus address
 * @wait: woken when any of the rest changes, as the channels' threads are
 * @lock: for the rest; taken in interrupts
 * @user: the job that has the unit; or any other pointer
 * @last: who had it last, or has it
 * @waiters: how many want it
 * @running: it was told to run, and nobody has told that it is over
 * @started: when
 * @suspect: did not do what it was told, and has not since
 * @parms: what it can do at a time
 */
struct unit {
	struct engine *engine;
	struct device_dma_parameters parms;
	struct edu_dma *hw;
	struct device *dev;
	u8 *out;
	u8 *in;
	dma_addr_t out_addr;
	dma_addr_t in_addr;
	wait_queue_head_t wait;

	spinlock_t lock;	/* of all below */
	void *user;
	struct channel *last;
	unsigned int waiters;
	bool running;
	unsigned long started;
	bool suspect;
};

static u32 command(struct unit *unit)
{
	return ioread32(unit->hw->regs + EDU_DMA_CMD);
}

/* What is not there reads as all ones, and so as being at work. */
static bool at_rest(struct unit *unit)
{
	return !(command(unit) & EDU_DMA_CMD_RUN);
}

static void wake(struct unit *unit)
{
	unsigned int i;

	for (i = 0; i < unit->engine->channels; i++)
		channel_wake(&unit->engine->channel[i]);
	wake_up_all(&unit->wait);
}

/* An interrupt. It may be that of an older run; then the unit is at work. */
static void handler(void *data)
{
	struct unit *unit = data;

	spin_lock(&unit->lock);
	if (unit->running && at_rest(unit)) {
		unit->running = false;
		wake(unit);
	}
	spin_unlock(&unit->lock);
}

/* --- having the unit ------------------------------------------------------------- */

static void count_waiter(struct unit *unit, int by)
{
	unsigned long flags;

	spin_lock_irqsave(&unit->lock, flags);
	unit->waiters += by;
	spin_unlock_irqrestore(&unit->lock, flags);
}

/* Who waits in channel @c, or (NULL) to test. Others who wait go before the last. */
static bool take(struct unit *unit, struct channel *c, void *user)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&unit->lock, flags);
	taken = !unit->user && !(c && unit->waiters > 1 && unit->last == c);
	if (taken) {
		unit->user = user;
		unit->last = c;
	}
	spin_unlock_irqrestore(&unit->lock, flags);
	return taken;
}

static void give_back(struct unit *unit, void *user)
{
	unsigned long flags;

	spin_lock_irqsave(&unit->lock, flags);
	if (unit->user == user)
		unit->user = NULL;
	spin_unlock_irqrestore(&unit->lock, flags);
	wake(unit);
}

/*
 * What it was told before may still be going on. -EAGAIN: @job, if there is one,
 * was stopped. Looks are counted, not the time, which goes on while this thread, or the
 * machine that emulates the unit, is not run.
 */
static int wait_for_rest(struct unit *unit, struct channel *c, struct job *job)
{
	unsigned int looks = LATE_MS / 20;

	while (!at_rest(unit)) {
		if (!looks--)
			return -EIO;
		if (job && job_stopped(c, job))
			return -EAGAIN;
		msleep(20);
	}
	return 0;
}

/*
 * After this, it writes to no memory any more, whether it answers or not: it has
 * been as long as anything takes.
 */
static void outlast(struct unit *unit)
{
	while (!at_rest(unit) && time_before(jiffies, READ_ONCE(unit->started) + LATE))
		msleep(20);
}

/* @flags: EDU_DMA_CMD_* */
static void start(struct unit *unit, u32 len, u32 flags)
{
	bool in = flags & EDU_DMA_CMD_TO_MEMORY;
	void __iomem *regs = unit->hw->regs;
	unsigned long irq;

	spin_lock_irqsave(&unit->lock, irq);
	unit->running = true;
	unit->started = jiffies;
	iowrite32(in ? EDU_DMA_BUFFER : unit->out_addr, regs + EDU_DMA_SRC);
	iowrite32(in ? unit->in_addr : EDU_DMA_BUFFER, regs + EDU_DMA_DST);
	iowrite32(len, regs + EDU_DMA_COUNT);
	iowrite32(EDU_DMA_CMD_RUN | flags, regs + EDU_DMA_CMD);
	spin_unlock_irqrestore(&unit->lock, irq);
}

/* --- what a channel has it do --------------------------------------------------------- */

static void poison(struct unit *unit, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		unit->in[i] = ~unit->out[i];
}

/* Copy from or to the client's memory: a page at most, as the unit can do no more. */
static bool copy_job(struct channel *c, struct job *job, void *buf, bool from)
{
	struct piece *piece = &job->piece[0];
	unsigned long flags;
	bool may;

	spin_lock_irqsave(&c->lock, flags);
	may = job_may_run(c, job);
	if (may && from) {
		memcpy(buf, piece->src, piece->len);
	} else if (may) {
		memcpy(piece->dst, buf, piece->len);
		job->done = job->len;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return may;
}

/* It has finished, and nobody has told. */
static bool is_lost(struct unit *unit)
{
	unsigned long flags;
	bool lost;

	spin_lock_irqsave(&unit->lock, flags);
	lost = unit->running && at_rest(unit);
	if (lost)
		unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	return lost;
}

/*
 * Run it once. -EAGAIN: the job was stopped, and the unit may be at work. -EIO: it
 * has not come to its end: as in wait_for_rest(), it is looked at more than once.
 */
static int run_once(struct unit *unit, struct channel *c, struct job *job, u32 direction,
		    struct outcome *outcome)
{
	bool late = false;

	if (job_stopped(c, job))
		return -EAGAIN;
	start(unit, job->len, direction | EDU_DMA_CMD_IRQ);
	while (!wait_event_idle_timeout(c->wait, !READ_ONCE(unit->running) || job_stopped(c, job),
					LOST)) {
		if (is_lost(unit))
			outcome->lost = true;
		else if (late)
			return -EIO;
		late = true;
	}
	return READ_ONCE(unit->running) ? -EAGAIN : 0;
}

static int suspect(struct unit *unit, struct outcome *outcome, const char *fault)
{
	WRITE_ONCE(unit->suspect, true);
	outcome->fault = fault;
	return -EIO;
}

static int run_taken(struct unit *unit, struct channel *c, struct job *job,
		     struct outcome *outcome)
{
	int ret;

	ret = wait_for_rest(unit, c, job);
	if (ret == -EIO)
		return suspect(unit, outcome, "does not come to rest");
	if (ret || !copy_job(c, job, unit->out, true))
		return -EAGAIN;
	poison(unit, job->len);
	ret = run_once(unit, c, job, 0, outcome) ?:
	      run_once(unit, c, job, EDU_DMA_CMD_TO_MEMORY, outcome);
	if (ret == -EIO)
		return suspect(unit, outcome, "does not come to its end");
	if (ret)
		return ret;
	if (memcmp(unit->in, unit->out, job->len))
		return suspect(unit, outcome, "did not move the data");
	WRITE_ONCE(unit->suspect, false);
	return copy_job(c, job, unit->in, false) ? 0 : -EAGAIN;
}

static int edu_run(struct channel *c, struct job *job, struct outcome *outcome)
{
	struct unit *unit = c->engine->hw;
	bool taken;
	int ret;

	count_waiter(unit, 1);
	wait_event_idle(c->wait, (taken = take(unit, c, job)) || job_stopped(c, job));
	count_waiter(unit, -1);
	ret = taken ? run_taken(unit, c, job, outcome) : -EAGAIN;
	/* Also for who was made to wait for us */
	give_back(unit, job);
	outcome->completed = job->tx.phys;
	return ret;
}

/* --- does it work? ------------------------------------------------------------------ */

/* There and back, without an interrupt */
static int test_taken(struct unit *unit)
{
	u32 flags[] = { 0, EDU_DMA_CMD_TO_MEMORY };
	int i;

	memset(unit->out, jiffies, TEST_LEN);
	poison(unit, TEST_LEN);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (wait_for_rest(unit, NULL, NULL))
			return -EIO;
		start(unit, TEST_LEN, flags[i]);
	}
	if (wait_for_rest(unit, NULL, NULL) || memcmp(unit->in, unit->out, TEST_LEN))
		return -EIO;
	WRITE_ONCE(unit->suspect, false);
	return 0;
}

/* If it cannot be had for that, whoever has it tests it just as well. */
static int test(struct unit *unit)
{
	unsigned long flags;
	long left;
	int ret;

	count_waiter(unit, 1);
	left = wait_event_idle_timeout(unit->wait, take(unit, NULL, unit), LATE);
	count_waiter(unit, -1);
	if (!left) {
		wake(unit);
		return READ_ONCE(unit->suspect) ? -EIO : 0;
	}
	ret = test_taken(unit);
	spin_lock_irqsave(&unit->lock, flags);
	unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	give_back(unit, unit);
	return ret;
}

static int edu_check(struct engine *engine, const char **reason)
{
	struct unit *unit = engine->hw;

	if (command(unit) == GONE) {
		*reason = "registers do not answer";
		return -EIO;
	}
	if (READ_ONCE(unit->suspect) && test(unit)) {
		*reason = "does not move data";
		return -EIO;
	}
	return 0;
}

/*
 * Also the reset: at rest, it is in its initial state. What it was told last is
 * nobody's any more, and an interrupt that comes now is not for the channels.
 */
static int edu_stop(struct engine *engine)
{
	struct unit *unit = engine->hw;
	unsigned long flags;
	int ret;

	ret = wait_for_rest(unit, NULL, NULL);
	spin_lock_irqsave(&unit->lock, flags);
	unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	return ret;
}

static void edu_dump(struct engine *engine, struct devreset_dump *dump)
{
	struct unit *unit = engine->hw;

	devreset_dump_printf(dump, "command: 0x%08x\nsuspect: %u\n",
			     command(unit), READ_ONCE(unit->suspect));
}

static void edu_setup(struct engine *engine)
{
	struct unit *unit = engine->hw;

	unit->engine = engine;
}

/* What a reset of a channel or of the unit does not cure, no second one does. */
static const struct devreset_policy edu_policy = {
	.automatic = 1,
	.ceiling = DEVRESET_FUNCTION,
	.max_attempts = 1,
	.retry_interval_ms = 100,
	.reset_timeout_ms = 10000,
	.check_interval_ms = 500,
	.check_idle = 0,
	.probation_ms = 10000,
	.max_recoveries = 5,
	.window_ms = 600000,
	.return_ms = 30000,
};

static const struct engine_ops edu_ops = {
	.scope = DEVRESET_COMPONENT,
	.policy = &edu_policy,
	.max_len = MOST,
	.max_burst = MOST,
	.granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR,
	.setup = edu_setup,
	.run = edu_run,
	.check = edu_check,
	.stop = edu_stop,
	.reset = edu_stop,
	.dump = edu_dump,
};

/* --- the driver -------------------------------------------------------------------- */

static void free_memory(void *data)
{
	struct unit *unit = data;

	unit->hw->aux.dev.dma_parms = NULL;
	outlast(unit);
	if (unit->in)
		dma_free_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, unit->in, unit->in_addr);
	if (unit->out)
		dma_free_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, unit->out, unit->out_addr);
}

static void destroy(void *data)
{
	struct unit *unit = data;

	engine_destroy(unit->engine);
}

static void remove_handler(void *data)
{
	struct unit *unit = data;

	edu_dma_set_handler(unit->hw, NULL, NULL);
}

static int setup_unit(struct auxiliary_device *aux, struct unit *unit)
{
	int ret;

	unit->hw = to_edu_dma(aux);
	unit->dev = aux->dev.parent;
	unit->started = jiffies;
	spin_lock_init(&unit->lock);
	init_waitqueue_head(&unit->wait);
	ret = devm_add_action_or_reset(&aux->dev, free_memory, unit);
	if (ret)
		return ret;
	unit->out = dma_alloc_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, &unit->out_addr,
				       GFP_KERNEL);
	unit->in = dma_alloc_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, &unit->in_addr,
				      GFP_KERNEL);
	if (!unit->out || !unit->in)
		return -ENOMEM;
	/* It would write to somewhere else. */
	if ((unit->out_addr | unit->in_addr) & ~DMA_BIT_MASK(EDU_DMA_BITS))
		return dev_err_probe(&aux->dev, -ENODEV, "no memory that it reaches\n");
	aux->dev.dma_parms = &unit->parms;
	dma_set_max_seg_size(&aux->dev, MOST);
	return 0;
}

static int edu_probe(struct auxiliary_device *aux, const struct auxiliary_device_id *id)
{
	struct engine *engine;
	struct unit *unit;
	int ret;

	unit = devm_kzalloc(&aux->dev, sizeof(*unit), GFP_KERNEL);
	if (!unit)
		return -ENOMEM;
	/* Clients' memory is for the processor only, whatever the unit reaches. */
	ret = dma_coerce_mask_and_coherent(&aux->dev, DMA_BIT_MASK(64)) ?:
	      setup_unit(aux, unit);
	if (ret)
		return ret;
	/* It is not called before there is an engine to run something. */
	edu_dma_set_handler(unit->hw, handler, unit);
	ret = devm_add_action_or_reset(&aux->dev, remove_handler, unit);
	if (ret)
		return ret;
	engine = engine_create(&aux->dev, &edu_ops, unit, unit->hw->owner, CHANNELS);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	auxiliary_set_drvdata(aux, engine);
	return devm_add_action_or_reset(&aux->dev, destroy, unit);
}

static int edu_suspend(struct device *dev)
{
	struct engine *engine = dev_get_drvdata(dev);

	engine_halt(engine, HALT_SLEEP);
	edu_stop(engine);
	return 0;
}

static int edu_resume(struct device *dev)
{
	engine_go(dev_get_drvdata(dev), HALT_SLEEP);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume);

static const struct auxiliary_device_id edu_ids[] = {
	{ .name = EDU_DMA_MATCH },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, edu_ids);

struct auxiliary_driver edu_dma_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.driver.pm = pm_sleep_ptr(&edu_pm_ops),
};
