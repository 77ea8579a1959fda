// SPDX-License-Identifier: GPL-2.0
/*
 * devreset for PCI.
 *
 *	pci.c		the provider: which PCI device gets which node
 *	function.c	node "pci-0000:01:00.0": a reset of one function
 *	bus.c		node "pcibus-0000:01": a reset of all on a bus or slot
 *	plan.c		how a driver gets through a reset
 *	driver.c	what is known of drivers, for unprivileged readers
 *	run.c		a reset in hand: its worker and locks
 *	reset.c		the reset itself
 *	bind.c		drivers that are unbound for it, and bound again
 *	config.c	configuration that is known to be good
 *	probe.c		registers of well-known controllers
 *	below.c		disks and interfaces that a driver has made
 *	evidence.c	errors that the hardware has recorded
 *	edu.c, edu_io.c, edu_dma.c, edu_error.c
 *			driver for QEMU's "edu" device, node "edu-0000:01:00.0"
 *
 * How a device is reset is for the PCI core to know, firmware's and quirks'
 * methods included (DR9); this module chooses when. What it adds: locks are
 * only tried (rule 4), a driver that would not get through the reset is unbound
 * or the reset refused, and configuration space is afterwards what was known to
 * be good.
 *
 * The tree is that of the bridges. The bus inside a switch, below its upstream
 * port, has no node: a reset of it reaches what the reset of the bus above the
 * switch reaches.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include "pci.h"

static bool dr_pci_has_bus_node(struct pci_dev *bridge)
{
	return bridge->subordinate && pci_pcie_type(bridge) != PCI_EXP_TYPE_UPSTREAM;
}

static int dr_pci_provider_probe(struct devreset_provider *provider, struct device *dev)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return -ENODEV;
	pdev = to_pci_dev(dev);
	if (!pci_is_bridge(pdev))
		return dr_pci_function_probe(provider, pdev);
	return dr_pci_has_bus_node(pdev) ? dr_pci_bus_probe(provider, pdev) : -ENODEV;
}

/*
 * Strictly the name that sysfs and lspci -D give a device: whatever does not
 * read back as it was written is none.
 */
static struct device *dr_pci_provider_find(const char *name)
{
	unsigned int domain, bus, slot, fn;
	struct pci_dev *pdev;
	char canon[32];

	if (sscanf(name, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4 ||
	    domain > INT_MAX || bus > 0xff || slot > 0x1f || fn > 7)
		return ERR_PTR(-EINVAL);
	snprintf(canon, sizeof(canon), "%04x:%02x:%02x.%x", domain, bus, slot, fn);
	if (strcmp(name, canon))
		return ERR_PTR(-EINVAL);

	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	if (!pdev)
		return ERR_PTR(-ENODEV);
	if (pci_is_bridge(pdev)) {
		pci_dev_put(pdev);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return &pdev->dev;
}

static int dr_pci_provider_identity(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return -ENODEV;
	pdev = to_pci_dev(dev);
	snprintf(buf, size, "%04x:%04x %04x:%04x", pdev->vendor, pdev->device,
		 pdev->subsystem_vendor, pdev->subsystem_device);
	return 0;
}

static struct devreset_provider provider = {
	.name = "pci",
	.owner = THIS_MODULE,
	.probe = dr_pci_provider_probe,
	.find = dr_pci_provider_find,
	.identity = dr_pci_provider_identity,
};

/* @pdev is going: so does the node that was made for it. */
static void dr_pci_forget(struct pci_dev *pdev)
{
	struct devreset_node *node = devreset_provider_node(&provider, &pdev->dev);

	if (node)
		devreset_unregister(node);
	devreset_put(node);
}

static int dr_pci_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	switch (action) {
	case BUS_NOTIFY_DEL_DEVICE:
	case BUS_NOTIFY_REMOVED_DEVICE:	/* one made between the two */
		dr_pci_driver_unbound(pdev);
		dr_pci_forget(pdev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		dr_pci_driver_bound(pdev);
		dr_pci_function_refresh(pdev);
		devreset_device_added(&provider, pci_name(pdev));
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		dr_pci_driver_unbound(pdev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = dr_pci_notify,
};

static int __init devreset_pci_init(void)
{
	int ret;

	ret = dr_pci_run_init();
	if (ret)
		return ret;
	ret = bus_register_notifier(&pci_bus_type, &notifier);
	if (ret)
		goto no_notifier;
	dr_pci_driver_init();
	ret = pci_register_driver(&edu_driver);
	if (ret)
		goto no_driver;
	/* Last: once it is there, the module is in use. What lacks is made now. */
	ret = devreset_provider_register(&provider);
	if (ret)
		goto no_provider;
	return 0;

no_provider:
	pci_unregister_driver(&edu_driver);
no_driver:
	bus_unregister_notifier(&pci_bus_type, &notifier);
	dr_pci_driver_exit();
no_notifier:
	dr_pci_run_exit();
	return ret;
}

static void __exit devreset_pci_exit(void)
{
	pci_unregister_driver(&edu_driver);
	devreset_provider_unregister(&provider);
	bus_unregister_notifier(&pci_bus_type, &notifier);
	dr_pci_driver_exit();
	dr_pci_run_exit();
}

module_init(devreset_pci_init);
module_exit(devreset_pci_exit);

MODULE_DESCRIPTION("devreset for PCI functions, buses and slots");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
