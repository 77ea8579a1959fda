// SPDX-License-Identifier: GPL-2.0
/*
 * An engine, from its device's probe until its last client has released its channel,
 * which may be long after the device was removed.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "dma.h"

/* --- counters, in /sys/class/dma/<channel>/devreset ----------------------------- */

static ssize_t ddma_engine_show(struct device *dev, char *buf, size_t offset)
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
	return ddma_engine_show(dev, buf, offsetof(struct channel, n_##name));		\
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

static struct device *ddma_engine_channel_device(struct channel *c)
{
	return &c->chan.dev->device;
}

static void ddma_engine_remove_counters(struct engine *engine)
{
	unsigned int i;

	for (i = 0; i < engine->counters; i++)
		sysfs_remove_group(&ddma_engine_channel_device(&engine->channel[i])->kobj,
				   &counters_group);
}

/* Leaves what it has added when it fails. */
static int ddma_engine_add_counters(struct engine *engine)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < engine->channels; i++) {
		ret = sysfs_create_group(&ddma_engine_channel_device(&engine->channel[i])->kobj,
					 &counters_group);
		engine->counters += !ret;
	}
	return ret;
}

/* --- its end -------------------------------------------------------------------------- */

static bool ddma_engine_none(struct dma_chan *chan, void *data)
{
	return false;
}

/**
 * engines_wait - wait until dmaengine does not use a released channel any more
 *
 * It does so after ddma_channel_free(), and calls ddma_engine_release(), all under its one
 * mutex. Requesting a channel that does not exist waits for that.
 */
void engines_wait(void)
{
	dma_cap_mask_t all;

	dma_cap_zero(all);
	dma_request_channel(all, ddma_engine_none, NULL);
}

static void ddma_engine_forget(struct work_struct *work)
{
	struct engine *engine = container_of(work, struct engine, forget);
	struct device *dev = engine->dma.dev;
	struct module *owner = engine->pinned ? engine->owner : NULL;
	unsigned int i;

	engines_wait();
	for (i = 0; i < engine->channels; i++)
		if (engine->channel[i].chan.dev)
			put_device(ddma_engine_channel_device(&engine->channel[i]));
	kfree(engine);
	put_device(dev);
	module_put(owner);
}

/* The last channel was released, and the driver unbound. */
static void ddma_engine_release(struct dma_device *dma)
{
	queue_work(dma_wq, &to_engine(dma)->forget);
}

/**
 * engine_destroy - the engine's device is removed
 * @engine: the engine
 *
 * Clients that hold a channel keep it and the engine's memory; nothing can be submitted
 * there any more, and outstanding descriptors are aborted.
 */
void engine_destroy(struct engine *engine)
{
	unsigned int i;

	for (i = 0; i < engine->channels; i++) {
		channel_halt(&engine->channel[i], STOP_GONE);
		channel_abort(&engine->channel[i], false);
	}
	nodes_unregister(engine);
	/* Last of all: a check may have used it until now. */
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
	ddma_engine_remove_counters(engine);
	dma_async_device_unregister(&engine->dma);
	flush_workqueue(dma_wq);
}

/* --- its beginning ---------------------------------------------------------------------- */

/*
 * Can the processor copy with the addresses that clients pass? They have to be physical
 * addresses, and its writes must not be lost when a client's dma_unmap_*() invalidates the
 * caches, as for writes of a device.
 */
static int ddma_engine_check_memory(struct device *dev)
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

static void ddma_engine_setup(struct engine *engine, struct device *dev)
{
	struct dma_device *dma = &engine->dma;

	dma->dev = dev;
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	/*
	 * Only for clients that request a channel: async_tx would take all of them for good,
	 * and gain nothing.
	 */
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->desc_metadata_modes = DESC_METADATA_CLIENT;
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->src_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE);
	dma->dst_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE);
	dma->max_burst = engine->ops->max_burst;
	dma->residue_granularity = engine->ops->granularity;
	dma->device_release = ddma_engine_release;
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

	ret = ddma_engine_check_memory(dev);
	if (ret)
		return ERR_PTR(ret);
	engine = kzalloc(struct_size(engine, channel, channels), GFP_KERNEL);
	if (!engine)
		return ERR_PTR(-ENOMEM);
	engine->ops = ops;
	engine->hw = hw;
	engine->owner = owner;
	engine->channels = channels;
	INIT_WORK(&engine->forget, ddma_engine_forget);
	INIT_LIST_HEAD(&engine->dma.channels);
	for (i = 0; i < channels; i++)
		channel_init(&engine->channel[i], engine);
	ddma_engine_setup(engine, get_device(dev));

	ret = dma_async_device_register(&engine->dma);
	if (ret) {
		kfree(engine);
		put_device(dev);
		return ERR_PTR(ret);
	}
	for (i = 0; i < channels; i++)
		get_device(ddma_engine_channel_device(&engine->channel[i]));
	ret = ddma_engine_add_counters(engine) ?: nodes_register(engine);
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
