/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_pci; pci.c says what is where.
 */
#ifndef _DEVRESET_PCI_H
#define _DEVRESET_PCI_H

#include <linux/devreset.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>

/**
 * struct function - a function node's own
 * @link: in the list of functions
 * @pdev: the function, with a reference
 * @lock: for the rest
 * @good: configuration that is known to be good; NULL: none seen yet
 * @command: its command register
 * @bar: its BARs
 * @msi: it was saved with MSI or MSI-X on, which decides about INTx
 * @master: it was saved with the PCI core in charge of bus mastering
 * @owner: the task that resets it for the core; only compared
 */
struct function {
	struct list_head link;
	struct pci_dev *pdev;
	struct mutex lock;	/* of all below */
	struct pci_saved_state *good;
	u16 command;
	u32 bar[PCI_STD_NUM_BARS];
	bool msi;
	bool master;
	struct task_struct *owner;
};

/**
 * struct bus - a bus node's own
 * @link: in the list of buses
 * @bridge: the bridge above it, with a reference
 * @bus: the bus, with a reference: it goes before its bridge does
 * @link_told: the bridge tells when the link is up: it did so at first
 * @flags: what the reset that comes next was asked with, see ops->may_reset
 */
struct bus {
	struct list_head link;
	struct pci_dev *bridge;
	struct pci_bus *bus;
	bool link_told;
	unsigned int flags;
};

/* config.c; but for the first, with the lock held */
bool config_is_on(struct pci_dev *pdev);
void config_save(struct function *f);
const char *config_fault(struct function *f);
bool config_is_outgrown(struct function *f);
int config_write(struct function *f);

/* function.c */
int function_probe(struct devreset_provider *provider, struct pci_dev *pdev);
bool function_owns(struct pci_dev *pdev, const void *data);
void function_refresh(struct pci_dev *pdev);
void function_repair(struct pci_dev *pdev);
void function_disown(struct pci_dev *pdev);
int function_survives(struct pci_dev *pdev, unsigned int flags);

/* bus.c */
int bus_probe(struct devreset_provider *provider, struct pci_dev *bridge);
bool bus_owns(struct pci_dev *bridge, const void *data);

/* edu.c */
extern struct pci_driver edu_driver;

#endif
