// SPDX-License-Identifier: GPL-2.0
/*
 * What the driver of a function has made: the disks and network interfaces that are
 * below it in the device model.
 */
#include <linux/device.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <scsi/scsi_device.h>
#include "pci.h"

/* Levels of the device model that are walked, as by the core's devreset_in_use() */
#define DR_PCI_DEPTH_LIMIT	40

/**
 * struct dr_pci_walk - a walk through all that is below a device
 * @depth: levels that are walked just now
 * @class: of the devices that are looked for, NULL: any
 * @type: the same
 * @found: called for each of them, or NULL
 * @count: how many they are
 */
struct dr_pci_walk {
	unsigned int depth;
	const char *class;
	const char *type;
	void (*found)(struct device *dev);
	unsigned int count;
};

static int dr_pci_walk_one(struct device *dev, void *data)
{
	struct dr_pci_walk *walk = data;

	if (walk->depth == DR_PCI_DEPTH_LIMIT)
		return 0;
	walk->depth++;
	device_for_each_child(dev, walk, dr_pci_walk_one);
	walk->depth--;
	if (walk->class && (!dev->class || strcmp(dev->class->name, walk->class)))
		return 0;
	if (walk->type && (!dev->type || !dev->type->name || strcmp(dev->type->name, walk->type)))
		return 0;
	walk->count++;
	if (walk->found)
		walk->found(dev);
	return 0;
}

/* --- counted -------------------------------------------------------------------------- */

static unsigned int dr_pci_count(struct pci_dev *pdev, const char *class, const char *type)
{
	struct dr_pci_walk walk = { .class = class, .type = type };

	device_for_each_child(&pdev->dev, &walk, dr_pci_walk_one);
	return walk.count;
}

/**
 * dr_pci_below_count - how many disks and interfaces has a driver made?
 * @pdev: the function
 * @below: filled in
 */
void dr_pci_below_count(struct pci_dev *pdev, struct dr_pci_below *below)
{
	below->disks = dr_pci_count(pdev, "block", "disk");
	below->interfaces = dr_pci_count(pdev, "net", NULL);
}

/* --- cut off ------------------------------------------------------------------------- */

/*
 * scsi_remove_host() deletes a device that is blocked at once, and fails what its driver
 * sends to it after that. The functions for it are in a module that need not be there.
 */
static void dr_pci_scsi_block(struct device *dev)
{
	struct scsi_device *sdev = to_scsi_device(dev);

	mutex_lock(&sdev->state_mutex);
	if (sdev->sdev_state == SDEV_RUNNING || sdev->sdev_state == SDEV_QUIESCE)
		sdev->sdev_state = SDEV_BLOCK;
	mutex_unlock(&sdev->state_mutex);
}

/**
 * dr_pci_below_block - hold what goes to the SCSI devices of a function that was cut off
 * @pdev: the function, whose driver is about to be unbound
 *
 * So the cache of a disk is not flushed, which would take a minute for each.
 */
void dr_pci_below_block(struct pci_dev *pdev)
{
	struct dr_pci_walk walk = { .type = "scsi_device", .found = dr_pci_scsi_block };

	device_for_each_child(&pdev->dev, &walk, dr_pci_walk_one);
}

/* --- isolated ------------------------------------------------------------------------ */

static void dr_pci_carrier_off(struct device *dev)
{
	struct net_device *ndev = to_net_dev(dev);

	if (ndev->reg_state == NETREG_REGISTERED)
		netif_carrier_off(ndev);
}

/**
 * dr_pci_below_carrier_off - the interfaces of a function have lost their link
 * @pdev: the function, with its device lock held
 *
 * So a bond uses another one.
 *
 * Return: 0, or -EAGAIN when rtnl is busy (rule 4).
 */
int dr_pci_below_carrier_off(struct pci_dev *pdev)
{
	struct dr_pci_walk walk = { .class = "net", .found = dr_pci_carrier_off };

	if (!IS_ENABLED(CONFIG_NET))
		return 0;
	if (!rtnl_trylock())
		return -EAGAIN;
	device_for_each_child(&pdev->dev, &walk, dr_pci_walk_one);
	rtnl_unlock();
	return 0;
}
