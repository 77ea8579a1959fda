// SPDX-License-Identifier: GPL-2.0
/*
 * devreset for DMA: channels that any dmaengine client can use, and that reset
 * as promised (DM1 to DM7).
 *
 *	dma.c		the module
 *	engine.c	an engine, from its device's probe until its last client
 *	channel.c	a channel, as dmaengine calls it
 *	desc.c		a descriptor's way through the channel's thread
 *	failure.c	the cookies of those that failed
 *	prep.c		what may become a descriptor, and what may not
 *	node.c		nodes "dma-dma0" and "dmachan-dma0chan0"
 *	soft.c		an engine that copies with the processor
 *	edu.c		the DMA unit of QEMU's "edu"
 *	fault.c		faults of the soft engine
 *
 * All that engines differ in is struct engine_ops.
 */
#include <linux/auxiliary_bus.h>
#include <linux/module.h>
#include "dma.h"
#include "fault.h"

/* Forgets engines; no other work, so that it can be waited for */
struct workqueue_struct *dma_wq;

/* Channels may be had: the module stays */
bool dma_ready;

bool dma_nodes = true;
module_param_named(nodes, dma_nodes, bool, 0444);
MODULE_PARM_DESC(nodes, "put engines and channels under devreset (to measure what that costs)");

static int __init devreset_dma_init(void)
{
	int ret;

	dma_wq = alloc_workqueue("devreset_dma", 0, 0);
	if (!dma_wq)
		return -ENOMEM;
	fault_init();
	ret = soft_init();
	if (ret)
		goto no_soft;
	/* Without an owner: see channel_alloc(). */
	ret = __auxiliary_driver_register(&edu_dma_driver, NULL, KBUILD_MODNAME);
	if (ret)
		goto no_edu;
	WRITE_ONCE(dma_ready, true);
	return 0;

no_edu:
	soft_exit();
	engines_wait();
no_soft:
	fault_exit();
	destroy_workqueue(dma_wq);
	return ret;
}

static void __exit devreset_dma_exit(void)
{
	auxiliary_driver_unregister(&edu_dma_driver);
	soft_exit();
	fault_exit();
	/* The last client of an engine that had gone before may be at it. */
	engines_wait();
	destroy_workqueue(dma_wq);
}

module_init(devreset_dma_init);
module_exit(devreset_dma_exit);

MODULE_DESCRIPTION("devreset for DMA: channels that reset as promised");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
