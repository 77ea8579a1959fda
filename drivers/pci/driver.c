// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of bound drivers.
 *
 * A driver may be unbound, and its module go, while an unprivileged reader asks
 * how a function would be reset. Readers take no device lock, so they are told
 * what was found out when the driver was bound, and never see the driver itself.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "pci.h"

struct dr_pci_known {
	struct list_head link;
	struct pci_dev *pdev;	/* only compared */
	struct dr_pci_driver driver;
};

static LIST_HEAD(dr_pci_drivers);
static DEFINE_MUTEX(dr_pci_drivers_lock);

static const struct dr_pci_driver dr_pci_no_driver = { .name = "-" };

static struct dr_pci_known *dr_pci_known_find(struct pci_dev *pdev)
{
	struct dr_pci_known *known;

	lockdep_assert_held(&dr_pci_drivers_lock);
	list_for_each_entry(known, &dr_pci_drivers, link)
		if (known->pdev == pdev)
			return known;
	return NULL;
}

/* The driver of @pdev, whose device lock is held */
void dr_pci_driver_look(struct pci_dev *pdev, struct dr_pci_driver *driver)
{
	struct device_driver *drv = pdev->dev.driver;
	const struct pci_error_handlers *handlers;

	*driver = dr_pci_no_driver;
	if (!drv)
		return;
	driver->can = DR_PCI_DRIVER_BOUND;
	strscpy(driver->name, drv->name, sizeof(driver->name));
	if (to_pci_driver(drv)->driver_managed_dma)
		driver->can |= DR_PCI_DRIVER_USER;
	handlers = to_pci_driver(drv)->err_handler;
	if (handlers && handlers->reset_done)
		driver->can |= DR_PCI_DRIVER_DONE;
	if (handlers && handlers->error_detected && handlers->slot_reset)
		driver->can |= DR_PCI_DRIVER_HANDLERS;
}

/* A driver was bound to @pdev, whose device lock is held. */
void dr_pci_driver_bound(struct pci_dev *pdev)
{
	struct dr_pci_known *known, *new = kzalloc(sizeof(*new), GFP_KERNEL);

	mutex_lock(&dr_pci_drivers_lock);
	known = dr_pci_known_find(pdev);
	if (!known && new) {
		known = new;
		new = NULL;
		known->pdev = pdev;
		list_add(&known->link, &dr_pci_drivers);
	}
	if (known)
		dr_pci_driver_look(pdev, &known->driver);
	mutex_unlock(&dr_pci_drivers_lock);
	kfree(new);
}

/* The driver of @pdev, or @pdev itself, is going. */
void dr_pci_driver_unbound(struct pci_dev *pdev)
{
	struct dr_pci_known *known;

	mutex_lock(&dr_pci_drivers_lock);
	known = dr_pci_known_find(pdev);
	if (known)
		list_del(&known->link);
	mutex_unlock(&dr_pci_drivers_lock);
	kfree(known);
}

/* The driver of @pdev, for readers */
void dr_pci_driver_known(struct pci_dev *pdev, struct dr_pci_driver *driver)
{
	struct dr_pci_known *known;

	mutex_lock(&dr_pci_drivers_lock);
	known = dr_pci_known_find(pdev);
	*driver = known ? known->driver : dr_pci_no_driver;
	mutex_unlock(&dr_pci_drivers_lock);
}

/*
 * The bus notifier is registered: what is bound later comes by that. A device lock may
 * be held for ever, by a driver that waits for a dead device: only tried.
 */
void dr_pci_driver_init(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (!device_trylock(&pdev->dev))
			continue;
		if (pdev->dev.driver)
			dr_pci_driver_bound(pdev);
		device_unlock(&pdev->dev);
	}
}

void dr_pci_driver_exit(void)
{
	struct dr_pci_known *known, *next;

	list_for_each_entry_safe(known, next, &dr_pci_drivers, link)
		kfree(known);
}
