// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers that are unbound for a reset and bound again after it.
 *
 * A device that works is unbound in good order: its driver flushes caches and
 * stops DMA. A device that hangs is made to look as if it had been pulled out,
 * so that the driver waits for no answer; bus mastering goes first, because the
 * driver is about to free the memory that the device may still write to.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "pci.h"
#include "run.h"

/* Undecoded reads return ones on x86; elsewhere they may be fatal. */
static void dr_pci_cut_off(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
	if (IS_ENABLED(CONFIG_X86))
		pci_write_config_word(pdev, PCI_COMMAND, command &
				      ~(PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY |
					PCI_COMMAND_IO));
	pdev->error_state = pci_channel_io_perm_failure;
}

static bool dr_pci_rebinds(struct dr_pci_part *part)
{
	return part->plan.method == DEVRESET_METHOD_REBIND;
}

static void dr_pci_unpin(struct dr_pci_part *part)
{
	if (part->drv)
		module_put(part->drv->owner);
	part->drv = NULL;
}

/**
 * dr_pci_bind_pin - keep the drivers that are to be bound again
 * @run: the reset, with all locks held
 *
 * Return: 0, or -EAGAIN when a module is going.
 */
int dr_pci_bind_pin(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry(part, &run->parts, link) {
		if (!dr_pci_rebinds(part))
			continue;
		if (!try_module_get(part->pdev->dev.driver->owner)) {
			list_for_each_entry(part, &run->parts, link)
				dr_pci_unpin(part);
			return -EAGAIN;
		}
		part->drv = part->pdev->dev.driver;
		dr_pci_below_count(part->pdev, &part->below);
	}
	/* Nothing speaks against it any more. */
	list_for_each_entry(part, &run->parts, link) {
		if (dr_pci_part_is_cut(part)) {
			pci_info(part->pdev, "cut off: %s\n", part->plan.hung);
			dr_pci_cut_off(part->pdev);
			/* The device will complete nothing of it. */
			devreset_expire_io(&part->pdev->dev, 0);
		}
	}
	return 0;
}

/**
 * dr_pci_unbind - unbind the drivers that do not get through a reset otherwise
 * @run: the reset, with no lock held: drivers may wait for each other
 *
 * The last first, as the driver core does it for devices.
 */
void dr_pci_unbind(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry_reverse(part, &run->parts, link) {
		if (dr_pci_part_is_cut(part))
			dr_pci_below_block(part->pdev);
		if (part->drv)
			device_release_driver(&part->pdev->dev);
	}
}

/**
 * dr_pci_bind_rejoin - what was cut off is there again
 * @run: the reset
 */
void dr_pci_bind_rejoin(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry(part, &run->parts, link)
		if (dr_pci_part_is_cut(part))
			part->pdev->error_state = pci_channel_io_normal;
}

/* driver_override may have given the device to another driver meanwhile. */
static int dr_pci_bind_one(struct dr_pci_run *run, struct dr_pci_part *part)
{
	struct device *dev = &part->pdev->dev;
	int ret;

	for (;;) {
		ret = device_driver_attach(part->drv, dev);
		if (ret == -ENODEV)
			ret = device_attach(dev) > 0 ? 0 : -ENODEV;
		/* Deferred: the driver waits for another one. */
		if (ret != -EAGAIN || !dr_pci_left(run))
			break;
		msleep(100);
	}
	/* The driver core tries again by itself only what was deferred by this. */
	if (ret == -EAGAIN && device_attach(dev) > 0)
		ret = 0;
	if (!ret)
		return 0;
	device_lock(dev);
	/* Bound by others in the same moment: as good. */
	if (dev->driver)
		ret = 0;
	else if (part->f)
		part->f->unbound = true;
	device_unlock(dev);
	if (ret)
		pci_err(part->pdev, "driver %s not bound again (%d)\n", part->drv->name, ret);
	return ret;
}

/* An earlier reset has left it without its driver. */
static int dr_pci_bind_late(struct dr_pci_part *part)
{
	struct device *dev = &part->pdev->dev;

	if (!part->f || !READ_ONCE(part->f->unbound) || device_attach(dev) > 0)
		return 0;
	pci_err(part->pdev, "no driver bound again\n");
	return -EIO;
}

static bool dr_pci_is_back(struct dr_pci_part *part, struct dr_pci_below *now)
{
	dr_pci_below_count(part->pdev, now);
	return now->disks >= part->below.disks && now->interfaces >= part->below.interfaces;
}

/*
 * A driver finds its disks and interfaces after probe. Half of the time that is left is for
 * that; a disk may have been pulled out meanwhile, and what is back works.
 */
static int dr_pci_bind_await(struct dr_pci_run *run, struct dr_pci_part *part)
{
	unsigned long until = jiffies + dr_pci_left(run) / 2;
	struct dr_pci_below now;

	while (!dr_pci_is_back(part, &now)) {
		if (time_after(jiffies, until)) {
			pci_warn(part->pdev, "driver %s bound again, but of %u disks and %u interfaces only %u and %u have come back\n",
				 part->drv->name, part->below.disks, part->below.interfaces,
				 now.disks, now.interfaces);
			return DEVRESET_SOFT_ERROR;
		}
		msleep(50);
	}
	return 0;
}

/**
 * dr_pci_bind - bind the same drivers again, and what an earlier reset has left unbound
 * @run: the reset, with no lock held
 *
 * All are tried (DR11).
 * Return: an errno, or DEVRESET_* flags.
 */
int dr_pci_bind(struct dr_pci_run *run)
{
	struct dr_pci_part *part;
	int ret, status = 0, flags = 0;

	list_for_each_entry(part, &run->parts, link) {
		/* It may still write to memory: left cut off, and bound by a later reset. */
		if (part->status < 0 && dr_pci_part_is_cut(part)) {
			ret = part->status;
			if (part->f)
				part->f->unbound = true;
		} else {
			ret = part->drv ? dr_pci_bind_one(run, part) : dr_pci_bind_late(part);
		}
		status = status ?: ret;
		part->back = part->drv && !ret;
	}
	list_for_each_entry(part, &run->parts, link) {
		if (part->back)
			flags |= dr_pci_bind_await(run, part);
		dr_pci_unpin(part);
	}
	return status ?: flags;
}
