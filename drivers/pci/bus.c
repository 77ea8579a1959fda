// SPDX-License-Identifier: GPL-2.0
/*
 * Bus nodes: the reset of all that is below a bridge, by the secondary bus
 * reset or, where a hot-plug slot offers one, by the slot's.
 *
 * Such a reset may take more than a second: Linux waits as long as the standard
 * lets the devices below take to answer.
 */
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include "pci.h"

static LIST_HEAD(buses);
static DEFINE_MUTEX(buses_lock);

/**
 * bus_owns - is that the data of a node that was made here?
 * @bridge: a device
 * @data: &struct devreset_node.data of its anchor; only compared
 */
bool bus_owns(struct pci_dev *bridge, const void *data)
{
	struct bus *b;
	bool owns = false;

	mutex_lock(&buses_lock);
	list_for_each_entry(b, &buses, link)
		if (b == data && b->bridge == bridge)
			owns = true;
	mutex_unlock(&buses_lock);
	return owns;
}

static int take_first(struct pci_dev *pdev, void *first)
{
	*(struct pci_dev **)first = pci_dev_get(pdev);
	return 1;
}

/* Any device that sits on the bus itself, with a reference; NULL: none does. */
static struct pci_dev *first_on(struct bus *b)
{
	struct pci_dev *pdev = NULL;

	pci_walk_bus(b->bus, take_first, &pdev);
	return pdev;
}

/* Has the PCI core a reset of that bus, or of the slot that is on it? */
static bool can_reset(struct bus *b, struct pci_dev *first)
{
	return !pci_probe_reset_slot(first->slot) || !pci_probe_reset_bus(b->bus);
}

/* What bus_may_reset() asks of all functions below, and the first objection */
struct survey {
	unsigned int flags;
	int ret;
};

/* Has the operator, or its driver, put it under devreset? */
static bool is_under_policy(struct pci_dev *pdev)
{
	struct devreset_node *node = devreset_find(&pdev->dev);

	if (!node)
		return false;
	devreset_put(node);
	return true;
}

static int ask_function(struct pci_dev *pdev, void *data)
{
	struct survey *survey = data;

	/* Bridges have no driver that minds: their ports come back by themselves. */
	if (pci_is_bridge(pdev))
		return 0;
	survey->ret = function_survives(pdev, survey->flags);
	if (!survey->ret && survey->flags & DEVRESET_MAY_AUTO &&
	    READ_ONCE(pdev->dev.driver) && !is_under_policy(pdev)) {
		dev_warn_ratelimited(&pdev->dev, "no automatic reset of its bus: nobody put this device under policy\n");
		survey->ret = -EBUSY;
	}
	return survey->ret;
}

static int bus_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct bus *b = node->data;
	struct pci_dev *first = first_on(b);
	struct survey survey = { .flags = flags };

	if (!first)
		return -ENODEV;
	if (!(flags & DEVRESET_MAY_ASK))
		b->flags = flags;
	if (can_reset(b, first))
		pci_walk_bus(b->bus, ask_function, &survey);
	else
		survey.ret = -EOPNOTSUPP;
	pci_dev_put(first);
	return survey.ret;
}

static int repair(struct pci_dev *pdev, void *data)
{
	if (!pci_is_bridge(pdev))
		function_repair(pdev);
	return 0;
}

static int disown(struct pci_dev *pdev, void *data)
{
	function_disown(pdev);
	return 0;
}

static int is_missing(struct pci_dev *pdev, void *missing)
{
	*(bool *)missing = !pci_device_is_present(pdev);
	return *(bool *)missing;
}

/*
 * The PCI core says -ENOTTY also of a bus that was reset, and where it saw no
 * link in time. If all answer nevertheless, the bridge just did not tell.
 */
static int late_result(struct bus *b)
{
	bool missing = false;

	pci_walk_bus(b->bus, is_missing, &missing);
	return missing ? -EIO : DEVRESET_SOFT_ERROR;
}

static int bus_reset(struct devreset_node *node, u32 gen)
{
	struct bus *b = node->data;
	struct pci_dev *first = first_on(b);
	struct survey survey = { .flags = b->flags };
	int ret;

	if (!first)
		return -ENODEV;
	/* Neither link nor port may be asleep meanwhile. */
	pm_runtime_get_sync(&b->bridge->dev);
	pci_walk_bus(b->bus, repair, NULL);
	/* A driver may have been bound while all was being stopped. */
	pci_walk_bus(b->bus, ask_function, &survey);
	/* By slot or by bus, for all on it; locks are only tried (rule 4). */
	ret = survey.ret ?: pci_reset_bus(first);
	if (ret == -ENOTTY)
		ret = can_reset(b, first) ? late_result(b) : -EOPNOTSUPP;
	if (ret < 0)
		pci_walk_bus(b->bus, disown, NULL);
	pm_runtime_put(&b->bridge->dev);
	pci_dev_put(first);
	return ret;
}

static bool link_is_up(struct pci_dev *bridge)
{
	u16 status;

	return !pcie_capability_read_word(bridge, PCI_EXP_LNKSTA, &status) &&
	       status & PCI_EXP_LNKSTA_DLLLA;
}

/*
 * The link below. Only of a bridge that said once that it was up: not every
 * one that promises to tell does. With nothing plugged in, none is missing.
 */
static int bus_check(struct devreset_node *node, const char **reason)
{
	struct bus *b = node->data;
	struct pci_dev *first;

	if (!b->link_told || b->bridge->current_state != PCI_D0 || link_is_up(b->bridge))
		return 0;
	first = first_on(b);
	if (!first)
		return 0;
	pci_dev_put(first);
	*reason = "the link is down";
	return -EIO;
}

static void free_bus(struct bus *b)
{
	mutex_lock(&buses_lock);
	list_del(&b->link);
	mutex_unlock(&buses_lock);
	put_device(&b->bus->dev);
	pci_dev_put(b->bridge);
	kfree(b);
}

static void bus_release(struct devreset_node *node)
{
	free_bus(node->data);
}

static const struct devreset_ops bus_ops = {
	.may_reset = bus_may_reset,
	.reset = bus_reset,
	.check = bus_check,
	.release = bus_release,
};

/**
 * bus_probe - make the node of a bus
 * @provider: this module's
 * @bridge: the bridge above it, which has it as its subordinate; the node is
 *	the bridge's anchor
 *
 * Return: 0 or an errno.
 */
int bus_probe(struct devreset_provider *provider, struct pci_dev *bridge)
{
	struct devreset_desc desc = {
		.ops = &bus_ops,
		.scope = DEVRESET_PLATFORM,
		.provider = provider,
	};
	struct devreset_node *node;
	struct bus *b;
	char name[32];

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->bridge = pci_dev_get(bridge);
	b->bus = bridge->subordinate;
	get_device(&b->bus->dev);
	b->link_told = link_is_up(bridge);
	mutex_lock(&buses_lock);
	list_add(&b->link, &buses);
	mutex_unlock(&buses_lock);

	/* That is "pcibus-0000:01". */
	snprintf(name, sizeof(name), "pcibus-%s", dev_name(&b->bus->dev));
	desc.name = name;
	desc.data = b;
	node = devreset_register(&bridge->dev, &desc);
	if (IS_ERR(node))
		free_bus(b);
	return PTR_ERR_OR_ZERO(node);
}
