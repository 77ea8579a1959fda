// SPDX-License-Identifier: GPL-2.0
/*
 * The policy itself, for its tests: pure, so it needs nothing else of the core,
 * whose module may be loaded beside and exports the symbol already.
 */
#include <linux/export.h>

#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)

#include "../drivers/core/policy.c"
