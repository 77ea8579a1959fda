/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The DMA unit of QEMU's "edu", between the driver of the PCI function, who
 * makes an auxiliary device of it, and the driver of that.
 */
#ifndef _LINUX_DEVRESET_EDU_H
#define _LINUX_DEVRESET_EDU_H

#include <linux/auxiliary_bus.h>
#include <linux/container_of.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct module;

/* As auxiliary devices are matched: the module's name, and this */
#define EDU_DMA_NAME		"edu_dma"
#define EDU_DMA_MATCH		"devreset_pci." EDU_DMA_NAME

/* Registers, from @regs on; QEMU's docs/specs/edu.txt */
#define EDU_DMA_SRC		0x00
#define EDU_DMA_DST		0x08
#define EDU_DMA_COUNT		0x10
#define EDU_DMA_CMD		0x18
#define EDU_DMA_CMD_RUN		0x01
#define EDU_DMA_CMD_TO_MEMORY	0x02
#define EDU_DMA_CMD_IRQ		0x04

/* The memory of the unit, as it sees it */
#define EDU_DMA_BUFFER		0x40000
#define EDU_DMA_BUFFER_SIZE	4096

/* Of the addresses that it reaches */
#define EDU_DMA_BITS		28

/**
 * struct edu_dma - the unit
 * @aux: its device, below that of the function
 * @owner: the module of the function's driver: who keeps @aux keeps that
 * @regs: its registers; valid while the driver of @aux is bound
 * @lock: for the rest; taken in interrupts
 * @handler: called with @lock held by an interrupt of the unit, if set
 * @data: for @handler
 */
struct edu_dma {
	struct auxiliary_device aux;
	struct module *owner;
	void __iomem *regs;
	spinlock_t lock;	/* of all below */
	void (*handler)(void *data);
	void *data;
};

static inline struct edu_dma *to_edu_dma(struct auxiliary_device *aux)
{
	return container_of(aux, struct edu_dma, aux);
}

/* NULL: no more; when this returns, no call runs. */
static inline void edu_dma_set_handler(struct edu_dma *unit,
				       void (*handler)(void *data), void *data)
{
	unsigned long flags;

	spin_lock_irqsave(&unit->lock, flags);
	unit->handler = handler;
	unit->data = data;
	spin_unlock_irqrestore(&unit->lock, flags);
}

#endif
