/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver for QEMU's "edu" device; edu.c says what is where.
 */
#ifndef _DEVRESET_EDU_H
#define _DEVRESET_EDU_H

#include <linux/devreset.h>
#include <linux/devreset_edu.h>
#include <linux/io.h>
#include <linux/irqreturn.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/* Registers; QEMU's docs/specs/edu.txt. Below 0x80, only 32 bits wide */
#define EDU_ID			0x00
#define EDU_LIVENESS		0x04	/* reads back the complement */
#define EDU_FACTORIAL		0x08	/* write n, read n! */
#define EDU_STATUS		0x20
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_ACK		0x64
#define EDU_DMA			0x80	/* see <linux/devreset_edu.h> */
#define EDU_DMA_COMMAND		(EDU_DMA + EDU_DMA_CMD)

#define EDU_ID_VALUE		0x010000ed
#define EDU_STATUS_COMPUTING	0x01
#define EDU_STATUS_IRQ		0x80	/* raise an interrupt when computed */
#define EDU_IRQ_FACTORIAL	0x001
#define EDU_IRQ_DMA		0x100

/* What any register of a device that is not there reads as */
#define EDU_GONE		(~0u)

/* 13! does not fit */
#define EDU_MAX_ARG		12

/**
 * struct edu - one device
 * @pdev: the device
 * @regs: its registers
 * @config: its configuration after probe, for slot_reset
 * @node: its devreset node, a member
 * @wait: woken when any of what follows changes
 * @lock: for all that follows, for the factorial unit and the liveness register
 * @dma: the DMA unit, or NULL
 * @removed: the driver is being unbound; writers get -ENODEV
 * @dead: the PCI core has given the device up; writers get -EIO
 * @halted: stopped, by a reset or by suspend; writers wait
 * @asleep: stopped by suspend, which is no hang
 * @outstanding: a factorial has been submitted and not completed
 * @sent: and the device has seen it
 * @lost: and finished it, but the interrupt did not come
 * @arg: its argument
 * @seq: its number
 * @done: number of the last that is over
 * @failed: number of the last that is over without a result
 * @result: of the last that was completed
 * @pattern: last one written to the liveness register
 * @submitted: counter
 * @completed: counter
 * @replayed: counter, of submissions made again after a reset
 * @lost_irqs: counter
 *
 * The unit does one thing at a time, and so there is at most one outstanding.
 * It may outlive the process that asked for it, and ends by its interrupt, or
 * with the time of who waits for it.
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct pci_saved_state *config;
	struct devreset_node *node;
	wait_queue_head_t wait;

	spinlock_t lock;	/* of all below, and of the unit */
	struct edu_dma *dma;
	bool removed;
	bool dead;
	bool halted;
	bool asleep;
	bool outstanding;
	bool sent;
	bool lost;
	u32 arg;
	u32 seq;
	u32 done;
	u32 failed;
	u32 result;
	u32 pattern;
	unsigned long submitted;
	unsigned long completed;
	unsigned long replayed;
	unsigned long lost_irqs;
};

static inline u32 edu_read(struct edu *edu, unsigned int reg)
{
	return ioread32(edu->regs + reg);
}

static inline void edu_write(struct edu *edu, unsigned int reg, u32 value)
{
	iowrite32(value, edu->regs + reg);
}

/* edu_io.c: the factorial unit */
int edu_factorial(struct edu *edu, u32 arg, unsigned int timeout_ms);
bool edu_alive(struct edu *edu);
irqreturn_t edu_irq(int irq, void *data);
int edu_check(struct edu *edu, const char **reason);
int edu_halt(struct edu *edu);
int edu_init_hw(struct edu *edu);
int edu_go(struct edu *edu, int status);
void edu_abandon(struct edu *edu, bool removed);

/* edu_dma.c: the DMA unit */
int edu_dma_add(struct edu *edu);
void edu_dma_remove(struct edu *edu);
void edu_dma_irq(struct edu *edu);

/* edu_error.c: other people's resets */
extern const struct pci_error_handlers edu_error_handlers;

#endif
