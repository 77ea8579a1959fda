// SPDX-License-Identifier: GPL-2.0
/*
 * In debugfs, devreset_dma/stall and so on: the kernel's
 * Documentation/fault-injection/ tells what the files in there mean.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include "fault.h"

static const char * const names[FAULTS] = {
	[FAULT_STALL] = "stall",
	[FAULT_CORRUPT] = "corrupt",
	[FAULT_LOSE] = "lose",
	[FAULT_ERROR] = "error",
};

static struct fault_attr attrs[FAULTS] = {
	[0 ... FAULTS - 1] = FAULT_ATTR_INITIALIZER,
};

static struct dentry *debugfs;

bool fault_now(enum fault fault)
{
	return should_fail(&attrs[fault], 1);
}

void fault_init(void)
{
	int i;

	debugfs = debugfs_create_dir("devreset_dma", NULL);
	for (i = 0; i < FAULTS; i++)
		fault_create_debugfs_attr(names[i], debugfs, &attrs[i]);
}

void fault_exit(void)
{
	debugfs_remove_recursive(debugfs);
}
