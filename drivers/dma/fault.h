/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of the soft engine, injected by the kernel's framework for that.
 */
#ifndef _DEVRESET_DMA_FAULT_H
#define _DEVRESET_DMA_FAULT_H

#include <linux/types.h>

enum fault {
	FAULT_STALL,	/* stops in the middle, and never goes on */
	FAULT_CORRUPT,	/* says that it has completed something else */
	FAULT_LOSE,	/* completes, and tells nobody */
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
