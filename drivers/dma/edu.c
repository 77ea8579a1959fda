// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA unit of QEMU's "edu", an auxiliary device of the PCI function.
 *
 * It copies between memory and a buffer of its own, 100 ms at a time, and cannot be
 * stopped. So it only accesses memory of this driver's: the client's data is copied to
 * "out", by the unit into its buffer, by the unit to "in", and from there to the client's
 * memory, unless the descriptor was aborted. A transfer beyond its buffer aborts QEMU.
 *
 * With bus mastering off it reports completion, and has not moved a byte. Hence "in" is
 * filled with the complement of what is expected before, and compared after.
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
/* One byte less than its buffer: some versions take no more. */
#define MOST		(EDU_DMA_BUFFER_SIZE - 1)
/* Long enough for a busy machine */
#define RUN_TIMEOUT_MS		2000
#define RUN_TIMEOUT		(RUN_TIMEOUT_MS * HZ / 1000)
/* The same for an interrupt */
#define IRQ_TIMEOUT		(RUN_TIMEOUT / 2)
#define TEST_LEN	64

#define GONE		(~0u)

/**
 * struct unit - the unit, and its user
 * @engine: whose it is
 * @hw: what the PCI function's driver has made
 * @dev: whose DMA it is
 * @out: what it reads
 * @in: what it writes to
 * @out_addr: bus address
 * @in_addr: bus address
 * @wait: woken when any of the rest changes, as the channels' threads are
 * @lock: for the rest; taken in interrupts
 * @user: the descriptor that has the unit; or any other pointer
 * @last: the channel that has it, or had it last
 * @waiters: how many want it
 * @running: it was started, and its interrupt has not arrived
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

static u32 ddma_edu_command(struct unit *unit)
{
	return ioread32(unit->hw->regs + EDU_DMA_CMD);
}

/* A device that does not answer reads as all ones: running. */
static bool ddma_edu_at_rest(struct unit *unit)
{
	return !(ddma_edu_command(unit) & EDU_DMA_CMD_RUN);
}

static void ddma_edu_wake(struct unit *unit)
{
	unsigned int i;

	for (i = 0; i < unit->engine->channels; i++)
		channel_wake(&unit->engine->channel[i]);
	wake_up_all(&unit->wait);
}

/* If the interrupt is that of an older run, the unit is running. */
static void ddma_edu_handler(void *data)
{
	struct unit *unit = data;

	spin_lock(&unit->lock);
	if (unit->running && ddma_edu_at_rest(unit)) {
		unit->running = false;
		ddma_edu_wake(unit);
	}
	spin_unlock(&unit->lock);
}

/* --- having the unit ------------------------------------------------------------- */

static void ddma_edu_count_waiter(struct unit *unit, int by)
{
	unsigned long flags;

	spin_lock_irqsave(&unit->lock, flags);
	unit->waiters += by;
	spin_unlock_irqrestore(&unit->lock, flags);
}

/* For channel @c, or (NULL) for a test. Other waiters go before the last user. */
static bool ddma_edu_take(struct unit *unit, struct channel *c, void *user)
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

static void ddma_edu_give_back(struct unit *unit, void *user)
{
	unsigned long flags;

	spin_lock_irqsave(&unit->lock, flags);
	if (unit->user == user)
		unit->user = NULL;
	spin_unlock_irqrestore(&unit->lock, flags);
	ddma_edu_wake(unit);
}

/*
 * An earlier run may not have ended. -EAGAIN: @desc, if there is one, was stopped.
 * Bounded by the number of polls instead of by time, which passes while this thread, or
 * the machine that emulates the unit, is not scheduled.
 */
static int ddma_edu_wait_for_rest(struct unit *unit, struct channel *c, struct ddma_desc *desc)
{
	unsigned int looks = RUN_TIMEOUT_MS / 20;

	while (!ddma_edu_at_rest(unit)) {
		if (!looks--)
			return -EIO;
		if (desc && desc_stopped(c, desc))
			return -EAGAIN;
		msleep(20);
	}
	return 0;
}

/*
 * After this the unit writes to no memory, whether it answers or not: the longest
 * transfer has ended.
 */
static void ddma_edu_outlast(struct unit *unit)
{
	while (!ddma_edu_at_rest(unit) &&
	       time_before(jiffies, READ_ONCE(unit->started) + RUN_TIMEOUT))
		msleep(20);
}

/* @flags: EDU_DMA_CMD_* */
static void ddma_edu_start(struct unit *unit, u32 len, u32 flags)
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

static void ddma_edu_poison(struct unit *unit, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		unit->in[i] = ~unit->out[i];
}

/* Copy from or to the client's memory, a page at most. */
static bool ddma_edu_copy(struct channel *c, struct ddma_desc *desc, void *buf, bool from)
{
	struct segment *segment = &desc->segment[0];
	unsigned long flags;
	bool may;

	spin_lock_irqsave(&c->lock, flags);
	may = desc_may_run(c, desc);
	if (may && from) {
		memcpy(buf, segment->src, segment->len);
	} else if (may) {
		memcpy(segment->dst, buf, segment->len);
		desc->done = desc->len;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return may;
}

/* The run has ended, and its interrupt has not arrived. */
static bool ddma_edu_is_lost(struct unit *unit)
{
	unsigned long flags;
	bool lost;

	spin_lock_irqsave(&unit->lock, flags);
	lost = unit->running && ddma_edu_at_rest(unit);
	if (lost)
		unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	return lost;
}

/*
 * Run it once. -EAGAIN: the descriptor was stopped, and the unit may be running. -EIO: it
 * did not end, by a number of polls as in ddma_edu_wait_for_rest().
 */
static int ddma_edu_run_once(struct unit *unit, struct channel *c, struct ddma_desc *desc,
			     u32 direction, struct outcome *outcome)
{
	bool late = false;

	if (desc_stopped(c, desc))
		return -EAGAIN;
	ddma_edu_start(unit, desc->len, direction | EDU_DMA_CMD_IRQ);
	while (!wait_event_idle_timeout(c->wait, !READ_ONCE(unit->running) || desc_stopped(c, desc),
					IRQ_TIMEOUT)) {
		if (ddma_edu_is_lost(unit))
			outcome->lost = true;
		else if (late)
			return -EIO;
		late = true;
	}
	return READ_ONCE(unit->running) ? -EAGAIN : 0;
}

static int ddma_edu_suspect(struct unit *unit, struct outcome *outcome, const char *fault)
{
	WRITE_ONCE(unit->suspect, true);
	outcome->fault = fault;
	return -EIO;
}

static int ddma_edu_run_taken(struct unit *unit, struct channel *c, struct ddma_desc *desc,
			      struct outcome *outcome)
{
	int ret;

	ret = ddma_edu_wait_for_rest(unit, c, desc);
	if (ret == -EIO)
		return ddma_edu_suspect(unit, outcome, "does not come to rest");
	if (ret || !ddma_edu_copy(c, desc, unit->out, true))
		return -EAGAIN;
	ddma_edu_poison(unit, desc->len);
	ret = ddma_edu_run_once(unit, c, desc, 0, outcome) ?:
	      ddma_edu_run_once(unit, c, desc, EDU_DMA_CMD_TO_MEMORY, outcome);
	if (ret == -EIO)
		return ddma_edu_suspect(unit, outcome, "does not come to its end");
	if (ret)
		return ret;
	if (memcmp(unit->in, unit->out, desc->len))
		return ddma_edu_suspect(unit, outcome, "did not move the data");
	WRITE_ONCE(unit->suspect, false);
	return ddma_edu_copy(c, desc, unit->in, false) ? 0 : -EAGAIN;
}

static int ddma_edu_run(struct channel *c, struct ddma_desc *desc, struct outcome *outcome)
{
	struct unit *unit = c->engine->hw;
	bool taken;
	int ret;

	ddma_edu_count_waiter(unit, 1);
	wait_event_idle(c->wait, (taken = ddma_edu_take(unit, c, desc)) || desc_stopped(c, desc));
	ddma_edu_count_waiter(unit, -1);
	ret = taken ? ddma_edu_run_taken(unit, c, desc, outcome) : -EAGAIN;
	/* Waiters in other channels, too */
	ddma_edu_give_back(unit, desc);
	outcome->completed = desc->tx.phys;
	return ret;
}

/* --- does it work? ------------------------------------------------------------------ */

/* There and back, without an interrupt */
static int ddma_edu_test_taken(struct unit *unit)
{
	u32 flags[] = { 0, EDU_DMA_CMD_TO_MEMORY };
	int i;

	memset(unit->out, jiffies, TEST_LEN);
	ddma_edu_poison(unit, TEST_LEN);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (ddma_edu_wait_for_rest(unit, NULL, NULL))
			return -EIO;
		ddma_edu_start(unit, TEST_LEN, flags[i]);
	}
	if (ddma_edu_wait_for_rest(unit, NULL, NULL) || memcmp(unit->in, unit->out, TEST_LEN))
		return -EIO;
	WRITE_ONCE(unit->suspect, false);
	return 0;
}

/* If the unit is in use, its user finds out. */
static int ddma_edu_test(struct unit *unit)
{
	unsigned long flags;
	long left;
	int ret;

	ddma_edu_count_waiter(unit, 1);
	left = wait_event_idle_timeout(unit->wait, ddma_edu_take(unit, NULL, unit), RUN_TIMEOUT);
	ddma_edu_count_waiter(unit, -1);
	if (!left) {
		ddma_edu_wake(unit);
		return READ_ONCE(unit->suspect) ? -EIO : 0;
	}
	ret = ddma_edu_test_taken(unit);
	spin_lock_irqsave(&unit->lock, flags);
	unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	ddma_edu_give_back(unit, unit);
	return ret;
}

static int ddma_edu_check(struct engine *engine, const char **reason)
{
	struct unit *unit = engine->hw;

	if (ddma_edu_command(unit) == GONE) {
		*reason = "registers do not answer";
		return -EIO;
	}
	if (READ_ONCE(unit->suspect) && ddma_edu_test(unit)) {
		*reason = "does not move data";
		return -EIO;
	}
	return 0;
}

/*
 * Also the reset: when no run is left, the unit is in its initial state. The last run has
 * no user any more, and its interrupt is ignored.
 */
static int ddma_edu_stop(struct engine *engine)
{
	struct unit *unit = engine->hw;
	unsigned long flags;
	int ret;

	ret = ddma_edu_wait_for_rest(unit, NULL, NULL);
	spin_lock_irqsave(&unit->lock, flags);
	unit->running = false;
	spin_unlock_irqrestore(&unit->lock, flags);
	return ret;
}

static void ddma_edu_dump(struct engine *engine, struct devreset_dump *dump)
{
	struct unit *unit = engine->hw;

	devreset_dump_printf(dump, "command: 0x%08x\nsuspect: %u\n",
			     ddma_edu_command(unit), READ_ONCE(unit->suspect));
}

static void ddma_edu_setup(struct engine *engine)
{
	struct unit *unit = engine->hw;

	unit->engine = engine;
}

/* A second reset of a channel or of the unit would not cure more than the first. */
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
	.setup = ddma_edu_setup,
	.run = ddma_edu_run,
	.check = ddma_edu_check,
	.stop = ddma_edu_stop,
	.reset = ddma_edu_stop,
	.dump = ddma_edu_dump,
};

/* --- the driver -------------------------------------------------------------------- */

static void ddma_edu_free_memory(void *data)
{
	struct unit *unit = data;

	unit->hw->aux.dev.dma_parms = NULL;
	ddma_edu_outlast(unit);
	if (unit->in)
		dma_free_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, unit->in, unit->in_addr);
	if (unit->out)
		dma_free_coherent(unit->dev, EDU_DMA_BUFFER_SIZE, unit->out, unit->out_addr);
}

static void ddma_edu_destroy(void *data)
{
	struct unit *unit = data;

	engine_destroy(unit->engine);
}

static void ddma_edu_remove_handler(void *data)
{
	struct unit *unit = data;

	edu_dma_set_handler(unit->hw, NULL, NULL);
}

static int ddma_edu_setup_unit(struct auxiliary_device *aux, struct unit *unit)
{
	int ret;

	unit->hw = to_edu_dma(aux);
	unit->dev = aux->dev.parent;
	unit->started = jiffies;
	spin_lock_init(&unit->lock);
	init_waitqueue_head(&unit->wait);
	ret = devm_add_action_or_reset(&aux->dev, ddma_edu_free_memory, unit);
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

static int ddma_edu_probe(struct auxiliary_device *aux, const struct auxiliary_device_id *id)
{
	struct engine *engine;
	struct unit *unit;
	int ret;

	unit = devm_kzalloc(&aux->dev, sizeof(*unit), GFP_KERNEL);
	if (!unit)
		return -ENOMEM;
	/* Clients' memory is accessed by the processor only, whatever the unit's DMA mask. */
	ret = dma_coerce_mask_and_coherent(&aux->dev, DMA_BIT_MASK(64)) ?:
	      ddma_edu_setup_unit(aux, unit);
	if (ret)
		return ret;
	/* Not called before the engine runs a descriptor. */
	edu_dma_set_handler(unit->hw, ddma_edu_handler, unit);
	ret = devm_add_action_or_reset(&aux->dev, ddma_edu_remove_handler, unit);
	if (ret)
		return ret;
	engine = engine_create(&aux->dev, &edu_ops, unit, unit->hw->owner, CHANNELS);
	if (IS_ERR(engine))
		return PTR_ERR(engine);
	auxiliary_set_drvdata(aux, engine);
	return devm_add_action_or_reset(&aux->dev, ddma_edu_destroy, unit);
}

static int ddma_edu_suspend(struct device *dev)
{
	struct engine *engine = dev_get_drvdata(dev);

	engine_halt(engine, STOP_SLEEP);
	ddma_edu_stop(engine);
	return 0;
}

static int ddma_edu_resume(struct device *dev)
{
	engine_go(dev_get_drvdata(dev), STOP_SLEEP);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, ddma_edu_suspend, ddma_edu_resume);

static const struct auxiliary_device_id edu_ids[] = {
	{ .name = EDU_DMA_MATCH },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, edu_ids);

struct auxiliary_driver edu_dma_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = ddma_edu_probe,
	.driver.pm = pm_sleep_ptr(&edu_pm_ops),
};
