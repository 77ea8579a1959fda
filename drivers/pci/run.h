/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reset in hand; run.c says how it goes.
 */
#ifndef _DEVRESET_PCI_RUN_H
#define _DEVRESET_PCI_RUN_H

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include "pci.h"

/**
 * struct dr_pci_part - one function in a reset
 * @link: in &struct dr_pci_run.parts
 * @pdev: the function, with a reference
 * @f: its node's data, or NULL
 * @plan: how its driver gets through it
 * @bound: its driver when it was planned; only compared
 * @drv: the driver that is unbound for it and bound again, its module pinned
 * @back: and was bound again
 * @below: what that driver had made
 * @vote: what error_detected() said
 * @status: what became of it: an errno, or DEVRESET_* flags
 * @locked: its locks are held
 * @prepared: its driver has to be told the end
 * @held: of a bridge: its configuration was saved
 * @marked: COMMAND reads back what no reset leaves there
 * @isolated: it was isolated when the reset began
 */
struct dr_pci_part {
	struct list_head link;
	struct pci_dev *pdev;
	struct dr_pci_function *f;
	struct dr_pci_plan plan;
	struct device_driver *bound;
	struct device_driver *drv;
	bool back;
	struct dr_pci_below below;
	pci_ers_result_t vote;
	int status;
	bool locked;
	bool prepared;
	bool held;
	bool marked;
	bool isolated;
};

/**
 * struct dr_pci_run - a reset in hand
 * @work: runs it
 * @ref: of the worker, and of ops->reset
 * @link: in the list of runs
 * @told: @begun is valid
 * @begun: 0: the reset goes on; else nothing was touched
 * @node: which node's reset, with a reference
 * @gen: its attempt
 * @attempt: what for
 * @deadline: of the attempt
 * @bus: all below a bridge, with a reference; NULL: one function
 * @bridge: above @bus or the function, with a reference; NULL: none
 * @by_bridge: it is that which resets
 * @bridge_locked: its locks are held
 * @method: the most invasive method of all parts
 * @more: there is a more invasive one
 * @parts: &struct dr_pci_part, parents first
 */
struct dr_pci_run {
	struct work_struct work;
	struct kref ref;
	struct list_head link;
	struct completion told;
	int begun;
	struct devreset_node *node;
	u32 gen;
	struct devreset_attempt attempt;
	unsigned long deadline;
	struct pci_bus *bus;
	struct pci_dev *bridge;
	bool by_bridge;
	bool bridge_locked;
	enum devreset_method method;
	bool more;
	struct list_head parts;
};

static inline unsigned long dr_pci_left(struct dr_pci_run *run)
{
	long left = run->deadline - jiffies;

	return max(left, 0L);
}

static inline struct pci_dev *dr_pci_run_first(struct dr_pci_run *run)
{
	return list_first_entry(&run->parts, struct dr_pci_part, link)->pdev;
}

/* Cut off for the time of being unbound; see bind.c. */
static inline bool dr_pci_part_is_cut(struct dr_pci_part *part)
{
	return part->drv && part->plan.hung;
}

/* reset.c; with all locks held */
int dr_pci_reset_locked(struct dr_pci_run *run);
int dr_pci_repair_locked(struct dr_pci_run *run);

/* bind.c */
int dr_pci_bind_pin(struct dr_pci_run *run);
void dr_pci_unbind(struct dr_pci_run *run);
void dr_pci_bind_rejoin(struct dr_pci_run *run);
int dr_pci_bind(struct dr_pci_run *run);

#endif
