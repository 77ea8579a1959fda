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
#include "pci.h"

/* Levels of the device model that are walked, as by the core's devreset_in_use() */
#define DR_PCI_DEPTH_LIMIT	40

struct dr_pci_walk {
	unsigned int depth;
	const char *class;
	const char *type;	/* NULL: any */
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
	if (!dev->class || strcmp(dev->class->name, walk->class) ||
	    (walk->type && (!dev->type || strcmp(dev->type->name, walk->type))))
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
