/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The completion word of devreset_dma (DM3), for its clients.
 *
 * A client that wants one attaches eight bytes of its own, aligned to eight, to a
 * descriptor before it is submitted: dmaengine_desc_attach_metadata(). The
 * provider writes the descriptor's bus address there (tx->phys), with the
 * status in the low bits, and for the last time before the callback is called,
 * or dmaengine_terminate_async() returns.
 */
#ifndef _LINUX_DEVRESET_DMA_H
#define _LINUX_DEVRESET_DMA_H

#include <linux/bits.h>

/**
 * enum devreset_dma_status - where a descriptor is
 * @DEVRESET_DMA_ACTIVE: being worked on
 * @DEVRESET_DMA_IDLE: completed
 * @DEVRESET_DMA_SUSPEND: begun, and paused
 * @DEVRESET_DMA_HALTED: cut off, or failed; not completed
 * @DEVRESET_DMA_ARMED: submitted, and not begun
 */
enum devreset_dma_status {
	DEVRESET_DMA_ACTIVE,
	DEVRESET_DMA_IDLE,
	DEVRESET_DMA_SUSPEND,
	DEVRESET_DMA_HALTED,
	DEVRESET_DMA_ARMED,
};

#define DEVRESET_DMA_STATUS	GENMASK_ULL(2, 0)
#define DEVRESET_DMA_ADDRESS	GENMASK_ULL(63, 6)

#endif
