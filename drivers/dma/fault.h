/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of the soft engine, injected by the kernel's framework for that.
 */
#ifndef _DEVRESET_DMA_FAULT_H
#define _DEVRESET_DMA_FAULT_H

#include <linux/types.h>

enum fault {
	FAULT_STALL,	/* stops in the middle, for good */
	FAULT_CORRUPT,	/* reports another descriptor as completed */
	FAULT_LOSE,	/* completes without an interrupt */
	FAULT_ERROR,	/* fails */
	FAULTS,
};

#ifdef CONFIG_FAULT_INJECTION
bool fault_now(enum fault fault);
void fault_init(void);
void fault_exit(void);
#else
static inline bool fault_now(enum fault fault)
{
	return false;
}

static inline void fault_init(void)
{
}

static inline void fault_exit(void)
{
}
#endif

#endif
