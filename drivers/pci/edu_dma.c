// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA unit of "edu" becomes an auxiliary device, for whoever has a driver for
 * that: <linux/devreset_edu.h> is all that the two share.
 */
#include <linux/auxiliary_bus.h>
#include <linux/devreset_edu.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "edu.h"

static DEFINE_IDA(ids);

static void edu_dma_free(struct edu_dma *unit)
{
	ida_free(&ids, unit->aux.id);
	kfree(unit);
}

static void edu_dma_release(struct device *dev)
{
	edu_dma_free(to_edu_dma(to_auxiliary_dev(dev)));
}

/**
 * edu_dma_add - make the auxiliary device
 * @edu: the device, started
 *
 * Return: 0 or an errno.
 */
int edu_dma_add(struct edu *edu)
{
	struct edu_dma *unit;
	int id, ret;

	unit = kzalloc(sizeof(*unit), GFP_KERNEL);
	id = unit ? ida_alloc(&ids, GFP_KERNEL) : -ENOMEM;
	if (id < 0) {
		kfree(unit);
		return id;
	}
	spin_lock_init(&unit->lock);
	unit->owner = THIS_MODULE;
	unit->regs = edu->regs + EDU_DMA;
	unit->aux.name = EDU_DMA_NAME;
	unit->aux.id = id;
	unit->aux.dev.parent = &edu->pdev->dev;
	unit->aux.dev.release = edu_dma_release;
	ret = auxiliary_device_init(&unit->aux);
	if (ret) {
		edu_dma_free(unit);
		return ret;
	}
	/* Interrupts may come as soon as it has a driver. */
	spin_lock_irq(&edu->lock);
	edu->dma = unit;
	spin_unlock_irq(&edu->lock);
	ret = auxiliary_device_add(&unit->aux);
	if (ret) {
		spin_lock_irq(&edu->lock);
		edu->dma = NULL;
		spin_unlock_irq(&edu->lock);
		auxiliary_device_uninit(&unit->aux);
	}
	return ret;
}

/* Its driver is unbound, and has done with the registers, when this returns. */
void edu_dma_remove(struct edu *edu)
{
	struct edu_dma *unit = edu->dma;

	auxiliary_device_delete(&unit->aux);
	spin_lock_irq(&edu->lock);
	edu->dma = NULL;
	spin_unlock_irq(&edu->lock);
	auxiliary_device_uninit(&unit->aux);
}

/* An interrupt of the unit. Hold the lock. */
void edu_dma_irq(struct edu *edu)
{
	struct edu_dma *unit = edu->dma;

	lockdep_assert_held(&edu->lock);
	if (!unit)
		return;
	spin_lock(&unit->lock);
	if (unit->handler)
		unit->handler(unit->data);
	spin_unlock(&unit->lock);
}
