// SPDX-License-Identifier: GPL-2.0
/*
 * An engine, from its device's probe until its last client has gone: that may be
 * long after the device, which a client who holds a channel knows nothing of.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "dma.h"

/* --- counters, in /sys/class/dma/<channel>/devreset ----------------------------- */

static ssize_t show(struct device *dev, char *buf, size_t offset)
{
	struct dma_chan *chan = container_of(dev, struct dma_chan_dev, device)->chan;
	struct channel *c = to_channel(chan);
	unsigned long flags, value;

	spin_lock_irqsave(&c->lock, flags);
	value = *(unsigned long *)((char *)c + offset);
	spin_unlock_irqrestore(&c->lock, flags);
	return sysfs_emit(buf, "%lu\n", value);
}

#define COUNTER(name)								\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr,	\
			   char *buf)						\
{										\
	return show(dev, buf, offsetof(struct channel, n_##name));		\
}										\
static DEVICE_ATTR_RO(name)

COUNTER(submitted);
COUNTER(completed);
COUNTER(aborted);
COUNTER(failed);
COUNTER(lost);

static struct attribute *counters[] = {
	&dev_attr_submitted.attr,
	&dev_attr_completed.attr,
	&dev_attr_aborted.attr,
	&dev_attr_failed.attr,
	&dev_attr_lost.attr,
	NULL
};

static const struct attribute_group counters_group = {
	.name = "devreset",
	.attrs = counters,
};

static struct device *channel_device(struct channel *c)
{
	return &c->chan.dev->device;
}

static void remove_counters(struct engine *engine)
{
	unsigned int i;

	for (i = 0; i < engine->counters; i++)
		sysfs_remove_group(&channel_device(&engine->channel[i])->kobj, &counters_group);
}

/* Leaves what it has added when it fails. */
static int add_counters(struct engine *engine)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < engine->channels; i++) {
		ret = sysfs_create_group(&channel_device(&engine->channel[i])->kobj,
					 &counters_group);
		engine->counters += !ret;
	}
	return ret;
}

/* --- its end -------------------------------------------------------------------------- */

static bool none(struct dma_chan *chan, void *data)
{
	return false;
}

/**
 * engines_wait - wait until dmaengine has done with a channel that it lets go of
 *
 * It looks at it once more after it has called channel_free(), and calls release(),
 * all under its one mutex. To look for a channel that nobody has waits for that.
 */
void engines_wait(void)
{
	dma_cap_mask_t all;

	dma_cap_zero(all);
	dma_request_channel(all, none, NULL);
}

static void forget(struct work_struct *work)
{
	struct engine *engine = container_of(work, struct engine, forget);
	struct device *dev = engine->dma.dev;
	struct module *owner = engine->pinned ? engine->owner : NULL;
	unsigned int i;

	engines_wait();
	for (i = 0; i < engine->channels; i++)
		if (engine->channel[i].chan.dev)
			put_device(channel_device(&engine->channel[i]));
	kfree(engine);
	put_device(dev);
	module_put(owner);
}

/* The last client has gone, and the driver too. */
static void release(struct dma_device *dma)
{
	queue_work(dma_wq, &to_engine(dma)->forget);
}

/**
 * engine_destroy - the engine's device goes
 * @engine: the engine
 *
 * Clients that hold a channel keep it, and what is behind it; nothing can be
 * submitted there any more, and what was is aborted.
 */
void engine_destroy(struct engine *engine)
{
	unsigned int i;

	for (i = 0; i < engine->channels; i++) {
		channel_halt(&engine->channel[i], HALT_GONE);
		channel_abort(&engine->channel[i], false);
	}
	nodes_unregister(engine);
	/* Last of all: a check may have put it to the test until now. */
	if (engine->ops->stop)
		engine->ops->stop(engine);
	/*
	 * A client keeps the module that the device is from; from now on this
	 * does. If the last one goes right now, the flush below waits for it.
	 */
	if (atomic_read(&engine->users) && engine->owner) {
		__module_get(engine->owner);
		engine->pinned = true;
	}
	remove_counters(engine);
	dma_async_device_unregister(&engine->dma);
	flush_workqueue(dma_wq);
}

/* --- its beginning ---------------------------------------------------------------------- */

/*
 * Can the processor do it, with the addresses that clients pass? These have to be those of
 * memory, and what it writes must not be lost when a client's dma_unmap_*() has the caches
 * discarded, which is for writes of a device.
 */
static int check_memory(struct device *dev)
{
	dma_addr_t addr;
	void *page;
	bool same;

	if (IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) ||
	    IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU))
		return dev_err_probe(dev, -ENODEV, "DMA may not be coherent here\n");
	if (device_iommu_mapped(dev))
		return dev_err_probe(dev, -ENODEV, "behind an IOMMU\n");
	page = dma_alloc_coherent(dev, PAGE_SIZE, &addr, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	same = !is_vmalloc_addr(page) && addr == virt_to_phys(page);
	dma_free_coherent(dev, PAGE_SIZE, page, addr);
	return same ? 0 : dev_err_probe(dev, -ENODEV, "bus addresses are not physical ones\n");
}

static void setup(struct engine *engine, struct device *dev)
{
	struct dma_device *dma = &engine->dma;

	dma->dev = dev;
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	/*
	 * For clients that ask for a channel: others, such as async_tx, would take all of them
	 * for good, and gain nothing.
	 */
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->desc_metadata_modes = DESC_METADATA_CLIENT;
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->src_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE);
	dma->dst_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE);
	dma->max_burst = engine->ops->max_burst;
	dma->residue_granularity = engine->ops->granularity;
	dma->device_release = release;
	if (engine->ops->setup)
		engine->ops->setup(engine);
	channel_setup(dma);
	prep_setup(dma);
}

/**
 * engine_create - an engine of a device that is being probed
 * @dev: the device
 * @ops: what kind of engine
 * @hw: for @ops; until engine_destroy()
 * @owner: the module that @dev is from, if it is another
 * @channels: how many
 *
 * Return: the engine or an ERR_PTR.
 */
struct engine *engine_create(struct device *dev, const struct engine_ops *ops,
			     void *hw, struct module *owner, unsigned int channels)
{
	struct engine *engine;
	unsigned int i;
	int ret;

	ret = check_memory(dev);
	if (ret)
		return ERR_PTR(ret);
	engine = kzalloc(struct_size(engine, channel, channels), GFP_KERNEL);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	engine->ops = ops;
	engine->hw = hw;
	engine->owner = owner;
	engine->channels = channels;
	INIT_WORK(&engine->forget, forget);
	INIT_LIST_HEAD(&engine->dma.channels);
	for (i = 0; i < channels; i++)
		channel_init(&engine->channel[i], engine);
	setup(engine, get_device(dev));

	ret = dma_async_device_register(&engine->dma);
	if (ret) {
		kfree(engine);
		put_device(dev);
		return ERR_PTR(ret);
	}
	for (i = 0; i < channels; i++)
		get_device(channel_device(&engine->channel[i]));
	ret = add_counters(engine) ?: nodes_register(engine);
	if (!ret)
		return engine;
	/* There may be clients already. */
	engine_destroy(engine);
	return ERR_PTR(ret);
}

/* All channels stop, or go on. */
void engine_halt(struct engine *engine, unsigned int why)
{
	unsigned int i;

	for (i = 0; i < engine->channels; i++)
		channel_halt(&engine->channel[i], why);
}

void engine_go(struct engine *engine, unsigned int why)
{
	unsigned int i;

	for (i = 0; i < engine->channels; i++)
		channel_go(&engine->channel[i], why);
}
