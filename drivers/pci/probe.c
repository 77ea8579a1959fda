// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in which well-known controllers say that they have stopped.
 *
 * Such a controller is enabled, its configuration is right, and its driver may
 * wait for it for ever, or until somebody uses it. Registers are only read, and
 * no more than three: none of those read here changes by being read.
 */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/usb.h>
#include <linux/usb/hcd.h>
#include "pci.h"

#define DR_PCI_CLASS_XHCI	0x0c0330
#define DR_PCI_CLASS_EHCI	0x0c0320
#define DR_PCI_CLASS_NVME	0x010802
#define DR_PCI_CLASS_AHCI	0x010601

/* xHCI and EHCI: the operational registers begin behind the capabilities. */
#define USB_CAPLENGTH		0x00
#define USB_CMD			0x00
#define USB_CMD_RUN		BIT(0)
#define USB_STS			0x04
#define XHCI_STS_HALTED		BIT(0)
#define XHCI_STS_HSE		BIT(2)
#define XHCI_STS_HCE		BIT(12)
#define EHCI_STS_HSE		BIT(4)
#define EHCI_STS_HALTED		BIT(12)

#define NVME_CSTS		0x1c
#define NVME_CSTS_CFS		BIT(1)

/* AHCI: in BAR 5 */
#define AHCI_GHC		0x04
#define AHCI_GHC_HR		BIT(0)
#define AHCI_GHC_IE		BIT(1)
#define AHCI_GHC_AE		BIT(31)

/* virtio, 1.0 and later: where the common configuration is, and the status in it */
#define VIRTIO_CAP_TYPE		3
#define VIRTIO_CAP_BAR		4
#define VIRTIO_CAP_OFFSET	8
#define VIRTIO_CAP_COMMON	1
#define VIRTIO_STATUS		20
#define VIRTIO_STATUS_DRIVER_OK		BIT(2)
#define VIRTIO_STATUS_NEEDS_RESET	BIT(6)

/* Enough for the largest CAPLENGTH and two registers */
#define DR_PCI_PROBE_BYTES	0x108

static const char *dr_pci_gone(u32 value)
{
	return value == ~0u ? "registers do not answer" : NULL;
}

/*
 * xhci_hcd runs the controller from probe to remove, but in suspend: halted is
 * what a controller is after a reset that the driver has not heard of.
 */
static const char *dr_pci_probe_xhci(void __iomem *regs)
{
	u32 status = readl(regs + (readl(regs + USB_CAPLENGTH) & 0xff) + USB_STS);

	if (dr_pci_gone(status))
		return dr_pci_gone(status);
	if (status & XHCI_STS_HSE)
		return "host system error";
	if (status & XHCI_STS_HCE)
		return "host controller error";
	return status & XHCI_STS_HALTED ? "host controller is halted" : NULL;
}

/* ehci_hcd also halts the controller, while no device needs it. */
static const char *dr_pci_probe_ehci(void __iomem *regs)
{
	void __iomem *op = regs + (readl(regs + USB_CAPLENGTH) & 0xff);
	u32 status = readl(op + USB_STS);

	if (dr_pci_gone(status))
		return dr_pci_gone(status);
	if (status & EHCI_STS_HSE)
		return "host system error";
	if (status & EHCI_STS_HALTED && readl(op + USB_CMD) & USB_CMD_RUN)
		return "host controller is halted";
	return NULL;
}

static const char *dr_pci_probe_nvme(void __iomem *regs)
{
	u32 status = readl(regs + NVME_CSTS);

	if (dr_pci_gone(status))
		return dr_pci_gone(status);
	return status & NVME_CSTS_CFS ? "controller fatal status" : NULL;
}

/*
 * ahci enables the controller and its interrupts in probe and resume, and keeps them so: where
 * they are off, the controller was reset. Its ports are left to libata, which resets
 * the link of a port that is busy for too long, or whose link was lost.
 */
static const char *dr_pci_probe_ahci(void __iomem *regs)
{
	u32 control = readl(regs + AHCI_GHC);

	if (dr_pci_gone(control))
		return dr_pci_gone(control);
	if (control & AHCI_GHC_HR)
		return "host controller does not leave its reset";
	return (control & AHCI_GHC_AE) && (control & AHCI_GHC_IE) ? NULL :
		"host controller was reset";
}

static const struct {
	u32 class;
	int bar;
	const char *(*probe)(void __iomem *regs);
} dr_pci_probes[] = {
	{ DR_PCI_CLASS_XHCI, 0, dr_pci_probe_xhci },
	{ DR_PCI_CLASS_EHCI, 0, dr_pci_probe_ehci },
	{ DR_PCI_CLASS_NVME, 0, dr_pci_probe_nvme },
	{ DR_PCI_CLASS_AHCI, 5, dr_pci_probe_ahci },
};

/* The BAR of the common configuration, and where in it that is; -ENODEV: not modern. */
static int dr_pci_virtio_common(struct pci_dev *pdev, u32 *offset)
{
	u8 pos, type, bar;

	for (pos = pci_find_capability(pdev, PCI_CAP_ID_VNDR); pos;
	     pos = pci_find_next_capability(pdev, pos, PCI_CAP_ID_VNDR)) {
		pci_read_config_byte(pdev, pos + VIRTIO_CAP_TYPE, &type);
		if (type != VIRTIO_CAP_COMMON)
			continue;
		pci_read_config_byte(pdev, pos + VIRTIO_CAP_BAR, &bar);
		pci_read_config_dword(pdev, pos + VIRTIO_CAP_OFFSET, offset);
		if (bar < PCI_STD_NUM_BARS && pci_resource_flags(pdev, bar) & IORESOURCE_MEM &&
		    *offset + VIRTIO_STATUS < pci_resource_len(pdev, bar))
			return bar;
		break;
	}
	return -ENODEV;
}

/* Locked while it is bound and unbound: not known then. */
static int dr_pci_virtio_is_bound(struct device *dev, void *unused)
{
	bool bound;

	if (!dev->bus || strcmp(dev->bus->name, "virtio") || !device_trylock(dev))
		return false;
	bound = dev->driver;
	device_unlock(dev);
	return bound;
}

/*
 * virtio_pci acknowledges the device for as long as it is bound: a status of 0 is that
 * of a device after a reset that the driver has not heard of. While the driver of the virtio
 * device is bound, the device may work: else it has lost that with, say, bus mastering.
 */
static const char *dr_pci_probe_virtio(struct pci_dev *pdev)
{
	void __iomem *regs;
	u32 offset;
	int bar;
	u8 status;

	bar = dr_pci_virtio_common(pdev, &offset);
	if (bar < 0)
		return NULL;
	regs = ioremap(pci_resource_start(pdev, bar) + offset, VIRTIO_STATUS + 1);
	if (!regs)
		return NULL;
	status = readb(regs + VIRTIO_STATUS);
	iounmap(regs);
	if (status == 0xff)
		return "registers do not answer";
	if (!status || (!(status & VIRTIO_STATUS_DRIVER_OK) &&
			device_for_each_child(&pdev->dev, NULL, dr_pci_virtio_is_bound)))
		return "device was reset";
	return status & VIRTIO_STATUS_NEEDS_RESET ? "device needs a reset" : NULL;
}

/* It may run, and nobody uses it any more. */
static bool dr_pci_hcd_is_dead(struct pci_dev *pdev)
{
	const char *driver = pdev->dev.driver->name;
	struct usb_hcd *hcd;

	if (strcmp(driver, "xhci_hcd") && strcmp(driver, "ehci-pci"))
		return false;
	hcd = pci_get_drvdata(pdev);
	return hcd && HCD_DEAD(hcd);
}

/**
 * dr_pci_probe - do a controller's registers, or its driver, say that it has stopped?
 * @pdev: the function, with its device lock held, in D0 and with memory decode on
 *
 * Return: what they say, or NULL, also for a device of no class known here.
 */
const char *dr_pci_probe(struct pci_dev *pdev)
{
	const char *fault;
	void __iomem *regs;
	int i, bar;

	if (!pdev->dev.driver || !pci_is_enabled(pdev))
		return NULL;
	/* A guest, or a program, may stop its controller. */
	if (to_pci_driver(pdev->dev.driver)->driver_managed_dma)
		return NULL;
	if (IS_ENABLED(CONFIG_USB) && dr_pci_hcd_is_dead(pdev))
		return "driver has given the controller up";
	if (pdev->vendor == PCI_VENDOR_ID_REDHAT_QUMRANET)
		return dr_pci_probe_virtio(pdev);
	for (i = 0; i < ARRAY_SIZE(dr_pci_probes); i++)
		if (dr_pci_probes[i].class == pdev->class)
			break;
	if (i == ARRAY_SIZE(dr_pci_probes))
		return NULL;
	bar = dr_pci_probes[i].bar;
	if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, bar) < DR_PCI_PROBE_BYTES)
		return NULL;
	regs = ioremap(pci_resource_start(pdev, bar), DR_PCI_PROBE_BYTES);
	if (!regs)
		return NULL;
	fault = dr_pci_probes[i].probe(regs);
	iounmap(regs);
	return fault;
}
