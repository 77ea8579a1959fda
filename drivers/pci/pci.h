/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_pci; pci.c says what is where.
 */
#ifndef _DEVRESET_PCI_H
#define _DEVRESET_PCI_H

#include <linux/devreset.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>

struct seq_buf;

/**
 * struct dr_pci_config - what is known to be good about a configuration
 * @good: all of it, for a device that has lost all; NULL: none seen yet
 * @command: the command register in it
 * @tuned: the registers in it that others may set at any time
 * @msi: it was saved with MSI or MSI-X on, which decides about INTx
 * @master: it was saved with the PCI core in charge of bus mastering
 */
struct dr_pci_config {
	struct pci_saved_state *good;
	u16 command;
	u16 tuned[3];
	bool msi;
	bool master;
};

/**
 * struct dr_pci_function - a function node's own
 * @ref: of the node, and of each reset that reaches the function
 * @link: in the list of functions
 * @pdev: the function, with a reference
 * @lock: for the rest
 * @config: its configuration that is known to be good
 * @method: of the last reset that reached it
 * @reset_at: when that was, in ticks
 * @io_stalled: requests did not complete after it
 * @io_expired: it was a repair, and requests that are older were timed out
 * @voted: the driver, if its error_detected() votes against resets; only compared
 * @detached: its driver was told of an error, and has not resumed; under the device lock
 * @disabled: and it has disabled the device for that time
 * @unbound: a reset has left it without the driver that it had; under the device lock
 * @isolated: it has failed, and DMA and interrupts are off for that reason
 * @offline: the PCI core has marked it as offline, which a check has seen
 * @offline_since: when that was first seen, in ticks
 * @abandoned: for so long that the recovery by others has failed
 */
struct dr_pci_function {
	struct kref ref;
	struct list_head link;
	struct pci_dev *pdev;
	struct mutex lock;	/* of all below */
	struct dr_pci_config config;
	enum devreset_method method;
	unsigned long reset_at;
	bool io_stalled;
	bool io_expired;
	struct device_driver *voted;
	bool detached;
	bool disabled;
	bool unbound;
	bool isolated;
	bool offline;
	unsigned long offline_since;
	bool abandoned;
};

/**
 * struct dr_pci_bus - a bus node's own
 * @bridge: the bridge above it, with a reference
 * @bus: the bus, with a reference: it goes before its bridge does
 * @link_told: the bridge tells when the link is up: it did so at first
 */
struct dr_pci_bus {
	struct pci_dev *bridge;
	struct pci_bus *bus;
	bool link_told;
};

/* config.c; @config may be NULL: nothing is known to be good */
bool dr_pci_config_is_on(struct pci_dev *pdev);
bool dr_pci_config_is_there(struct pci_dev *pdev);
bool dr_pci_config_decodes(struct pci_dev *pdev);
void dr_pci_config_save(struct pci_dev *pdev, struct dr_pci_config *config);
const char *dr_pci_config_fault(struct pci_dev *pdev, const struct dr_pci_config *config);
bool dr_pci_config_is_outgrown(struct pci_dev *pdev, const struct dr_pci_config *config);
bool dr_pci_config_is_lost(struct pci_dev *pdev);
void dr_pci_config_hold(struct pci_dev *pdev, const struct dr_pci_config *config, bool lost);
int dr_pci_config_restore(struct pci_dev *pdev, const struct dr_pci_config *config);
int dr_pci_config_repair(struct pci_dev *pdev, const struct dr_pci_config *config);
void dr_pci_config_isolate(struct pci_dev *pdev);

/* function.c */
int dr_pci_function_probe(struct devreset_provider *provider, struct pci_dev *pdev);
struct dr_pci_function *dr_pci_function_get(struct pci_dev *pdev);
void dr_pci_function_put(struct dr_pci_function *f);
void dr_pci_function_refresh(struct pci_dev *pdev);
bool dr_pci_function_by_bus(struct pci_dev *pdev);
bool dr_pci_function_can_reset(struct pci_dev *pdev);
bool dr_pci_function_is_detached(struct dr_pci_function *f);
bool dr_pci_function_in_recovery(struct pci_dev *pdev, struct dr_pci_function *f);
const char *dr_pci_function_fault(struct pci_dev *pdev, struct dr_pci_function *f);

/* bus.c */
int dr_pci_bus_probe(struct devreset_provider *provider, struct pci_dev *bridge);
bool dr_pci_bus_consents(struct pci_dev *pdev, unsigned int flags);

/* driver.c: bound drivers */
#define DR_PCI_DRIVER_BOUND	BIT(0)	/* there is one */
#define DR_PCI_DRIVER_USER	BIT(1)	/* it stands for a program: VFIO */
#define DR_PCI_DRIVER_DONE	BIT(2)	/* has reset_done() */
#define DR_PCI_DRIVER_HANDLERS	BIT(3)	/* has error_detected() and slot_reset() */

/**
 * struct dr_pci_driver - the driver of a function, as it was when it was bound
 * @can: DR_PCI_DRIVER_*
 * @name: its name, "-" without a driver
 */
struct dr_pci_driver {
	unsigned int can;
	char name[32];
};

void dr_pci_driver_look(struct pci_dev *pdev, struct dr_pci_driver *driver);
void dr_pci_driver_bound(struct pci_dev *pdev);
void dr_pci_driver_unbound(struct pci_dev *pdev);
void dr_pci_driver_known(struct pci_dev *pdev, struct dr_pci_driver *driver);
void dr_pci_driver_init(void);
void dr_pci_driver_exit(void);

/* plan.c: how a function's driver gets through a reset */
/**
 * struct dr_pci_plan - how one function gets through a reset
 * @method: how; DEVRESET_METHOD_ANY: not at all, @why
 * @more: there is a more invasive method
 * @status: 0; -EBUSY or -EOPNOTSUPP: refused, @why
 * @in_use: refused because something that it carries is in use
 * @hung: what is wrong with the device, or NULL
 * @dead: nothing of it can work
 * @offline: a recovery from an error has failed: a right configuration alone is no cure
 * @why: why not, without the driver's name
 */
struct dr_pci_plan {
	enum devreset_method method;
	bool more;
	int status;
	bool in_use;
	const char *hung;
	bool dead;
	bool offline;
	char why[80];
};

void dr_pci_plan_driver(struct pci_dev *pdev, const struct dr_pci_driver *driver,
			const struct devreset_attempt *attempt, struct dr_pci_plan *plan);
void dr_pci_plan_locked(struct pci_dev *pdev, struct dr_pci_function *f,
			const struct devreset_attempt *attempt, bool alone,
			struct dr_pci_plan *plan);
int dr_pci_plan_now(struct pci_dev *pdev, const struct devreset_attempt *attempt, bool alone);
void dr_pci_plan_print(struct pci_dev *pdev, const struct devreset_attempt *attempt,
		       struct seq_buf *out);

/* run.c: resets, in a worker */
int dr_pci_run(struct devreset_node *node, u32 gen, struct pci_dev *alone,
	       struct pci_bus *bus);
bool dr_pci_run_is_on(struct pci_dev *pdev);
struct pci_dev *dr_pci_next_below(struct pci_bus *bus, struct pci_dev *from);
int dr_pci_run_init(void);
void dr_pci_run_exit(void);

/* probe.c: the registers of well-known controllers */
const char *dr_pci_probe(struct pci_dev *pdev);

/* below.c: what a driver has made */
struct dr_pci_below {
	unsigned int disks;
	unsigned int interfaces;
};

void dr_pci_below_count(struct pci_dev *pdev, struct dr_pci_below *below);
void dr_pci_below_block(struct pci_dev *pdev);
int dr_pci_below_carrier_off(struct pci_dev *pdev);

/* evidence.c: what the hardware has recorded of errors */
#define DR_PCI_EVIDENCE_LEN	240
void dr_pci_evidence(struct pci_dev *pdev, struct seq_buf *out);

/* edu.c */
extern struct pci_driver edu_driver;

#endif
