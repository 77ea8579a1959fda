// SPDX-License-Identifier: GPL-2.0
/*
 * Bus nodes: the reset of all that is below a bridge, by the secondary bus
 * reset or, where a hot-plug slot offers one, by the slot's.
 *
 * Such a reset may take more than a second: Linux waits as long as the standard
 * lets the devices below take to answer.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include "pci.h"

/* Has the PCI core a reset of that bus, or of the slot that is on it? */
static int dr_pci_bus_can_reset(struct dr_pci_bus *b)
{
	struct pci_dev *first = dr_pci_next_below(b->bus, NULL);
	int ret;

	if (!first)
		return -ENODEV;
	ret = pci_probe_reset_slot(first->slot) && pci_probe_reset_bus(b->bus) ?
	      -EOPNOTSUPP : 0;
	pci_dev_put(first);
	return ret;
}

/**
 * dr_pci_bus_consents - may a reset of its bus hit a function?
 * @pdev: the function
 * @flags: as for ops->may_reset
 *
 * Its operator, or its driver, must have said so, unless an operator asks (DR2).
 */
bool dr_pci_bus_consents(struct pci_dev *pdev, unsigned int flags)
{
	struct devreset_node *node;
	bool consents;

	if (!(flags & DEVRESET_MAY_AUTO) || !READ_ONCE(pdev->dev.driver))
		return true;
	node = devreset_find(&pdev->dev);
	consents = node && devreset_consents(node, DEVRESET_PLATFORM);
	if (node)
		devreset_put(node);
	if (!consents)
		dev_warn_ratelimited(&pdev->dev, "no automatic reset of its bus: this device is not under policy, or has a lower ceiling\n");
	return consents;
}

static int dr_pci_bus_ask(struct pci_dev *pdev, const struct devreset_attempt *attempt)
{
	int ret;

	if (dr_pci_run_is_on(pdev))
		return -EAGAIN;
	ret = dr_pci_plan_now(pdev, attempt, false);
	if (!ret && !dr_pci_bus_consents(pdev, attempt->flags))
		ret = -EBUSY;
	return ret;
}

static int dr_pci_bus_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct dr_pci_bus *b = node->data;
	struct pci_dev *pdev = NULL;
	int ret = dr_pci_bus_can_reset(b);

	if (ret || flags & DEVRESET_MAY_ASK)
		return ret;
	while ((pdev = dr_pci_next_below(b->bus, pdev))) {
		/* The PCI core saves and restores bridges itself. */
		ret = pci_is_bridge(pdev) ? 0 : dr_pci_bus_ask(pdev, devreset_attempt(node));
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return 0;
}

static void dr_pci_bus_methods(struct devreset_node *node,
			       const struct devreset_attempt *attempt, struct seq_buf *out)
{
	struct dr_pci_bus *b = node->data;
	struct pci_dev *pdev = NULL;

	while ((pdev = dr_pci_next_below(b->bus, pdev)))
		if (!pci_is_bridge(pdev))
			dr_pci_plan_print(pdev, attempt, out);
}

static int dr_pci_bus_reset(struct devreset_node *node, u32 gen)
{
	struct dr_pci_bus *b = node->data;

	return dr_pci_run(node, gen, NULL, b->bus);
}

static bool dr_pci_link_is_up(struct pci_dev *bridge)
{
	u16 status;

	return !pcie_capability_read_word(bridge, PCI_EXP_LNKSTA, &status) &&
	       status & PCI_EXP_LNKSTA_DLLLA;
}

/*
 * The link below. Only of a bridge that said once that it was up: not every
 * one that promises to tell does. With nothing plugged in, none is missing.
 */
static int dr_pci_bus_check(struct devreset_node *node, const char **reason)
{
	struct dr_pci_bus *b = node->data;
	struct pci_dev *first;

	if (!b->link_told || b->bridge->current_state != PCI_D0 || dr_pci_link_is_up(b->bridge))
		return 0;
	first = dr_pci_next_below(b->bus, NULL);
	if (!first)
		return 0;
	pci_dev_put(first);
	*reason = "the link is down";
	return -EIO;
}

static void dr_pci_bus_free(struct dr_pci_bus *b)
{
	put_device(&b->bus->dev);
	pci_dev_put(b->bridge);
	kfree(b);
}

static void dr_pci_bus_release(struct devreset_node *node)
{
	dr_pci_bus_free(node->data);
}

static const struct devreset_ops dr_pci_bus_ops = {
	.may_reset = dr_pci_bus_may_reset,
	.reset = dr_pci_bus_reset,
	.check = dr_pci_bus_check,
	.methods = dr_pci_bus_methods,
	.release = dr_pci_bus_release,
};

/**
 * dr_pci_bus_probe - make the node of a bus
 * @provider: this module's
 * @bridge: the bridge above it, which has it as its subordinate; the node is
 *	the bridge's primary node
 *
 * Return: 0 or an errno.
 */
int dr_pci_bus_probe(struct devreset_provider *provider, struct pci_dev *bridge)
{
	struct devreset_desc desc = {
		.ops = &dr_pci_bus_ops,
		.scope = DEVRESET_PLATFORM,
		.provider = provider,
	};
	struct devreset_node *node;
	struct dr_pci_bus *b;
	char name[32];

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->bridge = pci_dev_get(bridge);
	b->bus = bridge->subordinate;
	get_device(&b->bus->dev);
	b->link_told = dr_pci_link_is_up(bridge);

	/* That is "pcibus-0000:01". */
	snprintf(name, sizeof(name), "pcibus-%s", dev_name(&b->bus->dev));
	desc.name = name;
	desc.data = b;
	node = devreset_register(&bridge->dev, &desc);
	if (IS_ERR(node))
		dr_pci_bus_free(b);
	return PTR_ERR_OR_ZERO(node);
}
