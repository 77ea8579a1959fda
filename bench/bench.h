/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_bench; bench.c says what it does.
 */
#ifndef _DEVRESET_BENCH_H
#define _DEVRESET_BENCH_H

#include <linux/compiler.h>

/* Add to the answer */
__printf(1, 2)
void say(const char *fmt, ...);

/* dma.c: the commands of these names */
int bench_copy(char **args);
int bench_cut(char **args);
int bench_dma(char **args);
int bench_watch(char **args);

#endif
