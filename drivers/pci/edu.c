// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for QEMU's "edu" device, and the example of how a driver takes part
 * in devreset: it can say whether its device works, stop it, set it up and
 * start it again. It resets nothing, and knows nothing of what is above it.
 *
 *	edu.c		probe, remove, sleep; the devreset node; sysfs
 *	edu_io.c	the device itself
 *	edu_dma.c	its DMA unit, a device of its own
 *	edu_error.c	other people's resets
 *
 * In the PCI device's folder in sysfs: write a number up to 12 to "factorial",
 * which returns when the interrupt has brought the result; read it there.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "../compat.h"
#include "edu.h"
#include "pci.h"

/* Longer than any ladder takes with the default policy */
static unsigned int edu_timeout_ms = 60000;
module_param(edu_timeout_ms, uint, 0644);
MODULE_PARM_DESC(edu_timeout_ms, "edu: how long a write to factorial waits");

/* A factorial takes microseconds. */
#define EDU_STALL_MS	1500

/* --- sysfs --------------------------------------------------------------------- */

static ssize_t factorial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(edu->result));
}

static ssize_t factorial_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	u32 arg;
	int ret;

	if (kstrtou32(buf, 0, &arg) || arg > EDU_MAX_ARG)
		return -EINVAL;
	ret = edu_factorial(edu, arg, READ_ONCE(edu_timeout_ms));
	return ret ?: count;
}
static DEVICE_ATTR_RW(factorial);

static ssize_t liveness_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", edu_alive(edu) ? "ok" : "dead");
}
static DEVICE_ATTR_RO(liveness);

static ssize_t submitted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(edu->submitted));
}
static DEVICE_ATTR_RO(submitted);

static ssize_t completed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(edu->completed));
}
static DEVICE_ATTR_RO(completed);

static ssize_t replayed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(edu->replayed));
}
static DEVICE_ATTR_RO(replayed);

static ssize_t lost_irqs_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(edu->lost_irqs));
}
static DEVICE_ATTR_RO(lost_irqs);

static struct attribute *edu_attrs[] = {
	&dev_attr_factorial.attr,
	&dev_attr_liveness.attr,
	&dev_attr_submitted.attr,
	&dev_attr_completed.attr,
	&dev_attr_replayed.attr,
	&dev_attr_lost_irqs.attr,
	NULL
};

static const struct attribute_group edu_group = {
	.attrs = edu_attrs,
};

/* --- the devreset node ------------------------------------------------------------ */

static int edu_node_check(struct devreset_node *node, const char **reason)
{
	return edu_check(node->data, reason);
}

static int edu_node_quiesce(struct devreset_node *node)
{
	return edu_halt(node->data);
}

static int edu_node_restore(struct devreset_node *node)
{
	return edu_init_hw(node->data);
}

static int edu_node_resume(struct devreset_node *node, int status)
{
	return edu_go(node->data, status);
}

static void edu_node_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	static const struct {
		const char *name;
		unsigned int reg;
	} regs[] = {
		{ "id", EDU_ID },
		{ "liveness", EDU_LIVENESS },
		{ "factorial", EDU_FACTORIAL },
		{ "status", EDU_STATUS },
		{ "irq_status", EDU_IRQ_STATUS },
		{ "dma_command", EDU_DMA_COMMAND },
	};
	struct edu *edu = node->data;
	int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++)
		devreset_dump_printf(dump, "%s: 0x%08x\n", regs[i].name,
				     edu_read(edu, regs[i].reg));
	devreset_dump_printf(dump, "submitted: %lu\ncompleted: %lu\n",
			     READ_ONCE(edu->submitted), READ_ONCE(edu->completed));
}

static const struct devreset_ops edu_node_ops = {
	.check = edu_node_check,
	.quiesce = edu_node_quiesce,
	.restore = edu_node_restore,
	.resume = edu_node_resume,
	.dump = edu_node_dump,
};

static int edu_register_node(struct edu *edu)
{
	struct devreset_desc desc = {
		.ops = &edu_node_ops,
		.scope = DEVRESET_MEMBER,
		.data = edu,
		.stall_ms = EDU_STALL_MS,
	};
	struct devreset_node *node;
	char name[32];

	snprintf(name, sizeof(name), "edu-%s", pci_name(edu->pdev));
	desc.name = name;
	node = devreset_register(&edu->pdev->dev, &desc);
	if (IS_ERR(node))
		return PTR_ERR(node);
	edu->node = node;
	return 0;
}

/* --- the driver -------------------------------------------------------------------- */

static int edu_setup_pci(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	/* A kernel that has no such memory will do, as long as DMA is not used. */
	if (dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_DMA_BITS)))
		dev_info(&pdev->dev, "no memory that its DMA unit could reach\n");
	edu->regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	if (IS_ERR(edu->regs))
		return PTR_ERR(edu->regs);
	pci_set_master(pdev);
	return 0;
}

static int edu_setup_irq(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | COMPAT_PCI_IRQ_INTX);
	if (ret < 0)
		return ret;
	ret = request_irq(pci_irq_vector(pdev, 0), edu_irq, IRQF_SHARED, "edu", edu);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static void edu_free_irq(struct edu *edu)
{
	free_irq(pci_irq_vector(edu->pdev, 0), edu);
	pci_free_irq_vectors(edu->pdev);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	edu->halted = true;
	spin_lock_init(&edu->lock);
	init_waitqueue_head(&edu->wait);
	pci_set_drvdata(pdev, edu);

	ret = edu_setup_pci(edu);
	if (ret)
		return ret;
	ret = edu_init_hw(edu);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "does not work\n");
	ret = edu_setup_irq(edu);
	if (ret)
		return ret;

	pci_save_state(pdev);
	edu->config = pci_store_saved_state(pdev);
	ret = edu->config ? edu_register_node(edu) : -ENOMEM;
	if (ret)
		goto no_node;
	edu_go(edu, 0);
	ret = sysfs_create_group(&pdev->dev.kobj, &edu_group);
	if (ret)
		goto no_group;
	ret = edu_dma_add(edu);
	if (ret)
		goto no_dma;
	return 0;

no_dma:
	edu_abandon(edu, true);
	sysfs_remove_group(&pdev->dev.kobj, &edu_group);
no_group:
	edu_abandon(edu, true);
	devreset_unregister(edu->node);
	edu_halt(edu);
no_node:
	kfree(edu->config);
	edu_free_irq(edu);
	return ret;
}

/*
 * The sysfs files are not drv->dev_groups: those are removed before this is
 * called, and their removal waits for writers, whom only this can wake.
 */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	edu_dma_remove(edu);
	edu_abandon(edu, true);
	sysfs_remove_group(&pdev->dev.kobj, &edu_group);
	devreset_unregister(edu->node);
	edu_halt(edu);
	edu_free_irq(edu);
	kfree(edu->config);
}

static int edu_suspend(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);

	spin_lock_irq(&edu->lock);
	edu->asleep = true;
	spin_unlock_irq(&edu->lock);
	/* Failing to stop a broken device is no reason to stay awake. */
	edu_halt(edu);
	return 0;
}

/* To fail here would not bring it back; the core may. */
static int edu_resume(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);
	int ret;

	ret = edu_go(edu, -EIO);
	spin_lock_irq(&edu->lock);
	edu->asleep = false;
	spin_unlock_irq(&edu->lock);
	if (ret)
		devreset_recover(edu->node, "does not come back from suspend");
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume);

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

struct pci_driver edu_driver = {
	.name = "edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.err_handler = &edu_error_handlers,
	.driver.pm = pm_sleep_ptr(&edu_pm_ops),
};
