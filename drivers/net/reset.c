// SPDX-License-Identifier: GPL-2.0
/*
 * The devreset nodes: "net-eth0", the adapter, and below it "netring-eth0:tx" and
 * "netring-eth0:rx". All are components; what is above them is the PCI
 * function's node.
 *
 * A callback takes nic->lock and nothing else: a task that sets the interface up or
 * down holds rtnl while it waits for that lock (rule 4). Each callback only adds or
 * removes a reason to be stopped; what runs is what was asked for, less those reasons,
 * in any order (ND13).
 */
#include <linux/delay.h>
#include "net.h"

/* A reset takes microseconds, and loading from the EEPROM milliseconds. */
#define RESET_TAKES	msecs_to_jiffies(20)
#define RESET_TIMEOUT	HZ

/* --- both rings and the adapter ---------------------------------------------------- */

/*
 * A fault of the PCI function is not cured by a reset of a part: the ladder need not
 * try. An operator may.
 */
static int nic_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct nic *nic = node->data;

	if (!READ_ONCE(nic->ready))
		return -EAGAIN;
	if (!(flags & DEVRESET_MAY_AUTO) || flags & DEVRESET_MAY_ASK ||
	    nic_is_reachable(nic))
		return 0;
	netdev_warn(nic->netdev, "the adapter cannot be reached: left to its PCI function\n");
	return -EBUSY;
}

static int nic_quiesce_ring(struct nic *nic, unsigned int why)
{
	int ret;

	mutex_lock(&nic->lock);
	if (why & STOP_TX)
		nic->tx.ran |= nic->tx.on;
	else
		nic->rx.ran |= nic->rx.on;
	nic_quiesce(nic, why);
	/* The unit may still be active after it was told to stop. */
	ret = nic_alive(nic) ? 0 : -EIO;
	mutex_unlock(&nic->lock);
	return ret;
}

/* A ring is built up from scratch in any case. */
static int nic_resume_ring(struct nic *nic, unsigned int why)
{
	int ret = 0;

	mutex_lock(&nic->lock);
	if (nic_alive(nic))
		nic_unquiesce(nic, why);
	else
		ret = -EIO;
	mutex_unlock(&nic->lock);
	return ret;
}

/* --- the ring to send from ------------------------------------------------------------ */

static int nic_tx_quiesce(struct devreset_node *node)
{
	return nic_quiesce_ring(node->data, STOP_TX);
}

/* Registers that had to be written again are a soft error (ND1). */
static int nic_tx_reset(struct devreset_node *node, u32 gen)
{
	struct nic *nic = node->data;
	int ret = 0;

	mutex_lock(&nic->lock);
	if (nic->up) {
		/* Without a link it was not even set up. */
		ret = !nic->tx.ran || nic_tx_programmed(nic) ? 0 : DEVRESET_SOFT_ERROR;
		nic_tx_program(nic);
		if (!nic_tx_programmed(nic))
			ret = -EIO;
	}
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_tx_resume(struct devreset_node *node, int status)
{
	return nic_resume_ring(node->data, STOP_TX);
}

static int nic_tx_check(struct devreset_node *node, const char **reason)
{
	struct nic *nic = node->data;
	int ret;

	mutex_lock(&nic->lock);
	ret = nic->ready ? nic_check_tx(nic, reason) : 0;
	mutex_unlock(&nic->lock);
	return ret;
}

/* --- the ring to receive into ---------------------------------------------------------- */

static int nic_rx_quiesce(struct devreset_node *node)
{
	return nic_quiesce_ring(node->data, STOP_RX);
}

static int nic_rx_reset(struct devreset_node *node, u32 gen)
{
	struct nic *nic = node->data;
	int ret = 0;

	mutex_lock(&nic->lock);
	if (nic->up) {
		ret = !nic->rx.ran || nic_rx_programmed(nic) ? 0 : DEVRESET_SOFT_ERROR;
		nic_rx_program(nic);
		if (!nic_rx_programmed(nic))
			ret = -EIO;
	}
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_rx_resume(struct devreset_node *node, int status)
{
	return nic_resume_ring(node->data, STOP_RX);
}

static int nic_rx_check(struct devreset_node *node, const char **reason)
{
	struct nic *nic = node->data;
	int ret;

	mutex_lock(&nic->lock);
	ret = nic->ready ? nic_check_rx(nic, reason) : 0;
	mutex_unlock(&nic->lock);
	return ret;
}

/* --- the adapter ------------------------------------------------------------------------ */

/* ND7: the link is gone, and will be reported when it is back. */
static int nic_adapter_quiesce(struct devreset_node *node)
{
	struct nic *nic = node->data;
	int ret = 0;

	mutex_lock(&nic->lock);
	/* A reset that did not end in time must not complete now. */
	nic->gen = 0;
	if (nic->filters_on)
		nic_read_stats(nic);
	nic_quiesce(nic, STOP_ADAPTER);
	/*
	 * The interface may be set down before the reset; from here on bus mastering is
	 * left to this node: see nic_give_bus(). A suspended device may wait for a frame to
	 * wake up by.
	 */
	if (!(nic->stop_reasons & STOP_SLEEP) && !nic_disable_units(nic)) {
		pci_clear_master(nic->pdev);
		ret = -EIO;
	}
	nic_filters_off(nic);
	nic_update_link(nic);
	mutex_unlock(&nic->lock);
	return ret;
}

/* ND1, ND6: begun here, and ended by nic_reset_work(). */
static int nic_adapter_reset(struct devreset_node *node, u32 gen)
{
	struct nic *nic = node->data;
	int ret = -EINPROGRESS;

	mutex_lock(&nic->lock);
	if (nic->removed || nic->stop_reasons & STOP_SLEEP) {
		ret = -ENODEV;
	} else if (!nic_alive(nic)) {
		ret = -EIO;
	} else {
		wr(nic, REG_IMC, INT_MASK_ALL);
		wr(nic, REG_RCTL, 0);
		wr(nic, REG_TCTL, 0);
		wr(nic, REG_CTRL, nic_ctrl(nic) | CTRL_RST);
		nic->gen = gen;
		nic->began = jiffies;
		mod_delayed_work(system_wq, &nic->reset_work, RESET_TAKES);
	}
	mutex_unlock(&nic->lock);
	return ret;
}

static bool nic_is_resetting(struct nic *nic)
{
	u32 ctrl = rd(nic, REG_CTRL);

	return ctrl == REG_GONE || ctrl & CTRL_RST;
}

/* The station address is the driver's to restore (ND3), the rest has its callback (ND2). */
void nic_reset_work(struct work_struct *work)
{
	struct nic *nic = container_of(to_delayed_work(work), struct nic, reset_work);
	int ret;
	u32 gen;

	mutex_lock(&nic->lock);
	gen = nic->gen;
	if (!gen || nic->removed)
		goto out;
	if (nic_is_resetting(nic) && time_before(jiffies, nic->began + RESET_TIMEOUT)) {
		mod_delayed_work(system_wq, &nic->reset_work, RESET_TAKES);
		goto out;
	}
	ret = nic_is_resetting(nic) ? -EIO : nic_init_hw(nic);
	nic->gen = 0;
	mutex_unlock(&nic->lock);
	devreset_complete(nic->node, gen, ret, DEVRESET_RESTORE);
	return;
out:
	mutex_unlock(&nic->lock);
}

/* After any reset, of the adapter or of what is above it (ND2). */
static int nic_reset_setup(struct nic *nic)
{
	int ret;

	lockdep_assert_held(&nic->lock);
	/* Suspended, it may have to wake the machine; nic_resume() will do all this. */
	if (nic->stop_reasons & STOP_SLEEP)
		return 0;
	ret = nic_init_hw(nic);
	if (ret)
		return ret;
	nic_restore_filters(nic);
	return nic_phy_setup(nic);
}

static int nic_adapter_restore(struct devreset_node *node)
{
	struct nic *nic = node->data;
	int ret;

	mutex_lock(&nic->lock);
	ret = nic_reset_setup(nic);
	/* A reset brings back a device that the PCI core had given up. */
	if (!ret)
		WRITE_ONCE(nic->stop_reasons, nic->stop_reasons & ~STOP_DEAD);
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_adapter_resume(struct devreset_node *node, int status)
{
	struct nic *nic = node->data;
	int ret = 0;

	mutex_lock(&nic->lock);
	nic->gen = 0;
	if (status || !nic->filters_on)
		ret = nic_reset_setup(nic);
	if (!ret) {
		/* The rings that the device has addresses of may be freed. */
		if (nic->up && (nic->pdev->is_busmaster || nic_disable_units(nic)))
			pci_set_master(nic->pdev);
		nic_unquiesce(nic, STOP_ADAPTER);
		nic_update_link(nic);
	}
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_adapter_check(struct devreset_node *node, const char **reason)
{
	struct nic *nic = node->data;
	int ret;

	mutex_lock(&nic->lock);
	ret = nic->ready ? nic_check_adapter(nic, reason) : 0;
	mutex_unlock(&nic->lock);
	return ret;
}

static void nic_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	static const struct {
		const char *name;
		unsigned int reg;
	} regs[] = {
		{ "CTRL", REG_CTRL }, { "STATUS", REG_STATUS },
		{ "IMS", REG_IMS }, { "RCTL", REG_RCTL }, { "TCTL", REG_TCTL },
		{ "RDBAL", REG_RDBAL }, { "RDLEN", REG_RDLEN },
		{ "RDH", REG_RDH }, { "RDT", REG_RDT },
		{ "TDBAL", REG_TDBAL }, { "TDLEN", REG_TDLEN },
		{ "TDH", REG_TDH }, { "TDT", REG_TDT },
		{ "RAL0", REG_RAL(0) }, { "RAH0", REG_RAH(0) },
	};
	struct nic *nic = node->data;
	u16 command = 0;
	int i;

	pci_read_config_word(nic->pdev, PCI_COMMAND, &command);
	devreset_dump_printf(dump, "command: 0x%04x\n", command);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		devreset_dump_printf(dump, "%s: 0x%08x\n", regs[i].name,
				     rd(nic, regs[i].reg));
	devreset_dump_printf(dump, "up: %d\nlink: %d\nhalted: 0x%x\n",
			     nic->up, nic->link, nic->stop_reasons);
	devreset_dump_printf(dump, "tx: %u to %u of %u\nrx: %u to %u of %u\n",
			     READ_ONCE(nic->tx.next_to_clean), READ_ONCE(nic->tx.next_to_use),
			     nic->tx.count, READ_ONCE(nic->rx.next_to_clean),
			     READ_ONCE(nic->rx.next_to_use), nic->rx.count);
}

static const struct devreset_ops tx_ops = {
	.may_reset = nic_may_reset,
	.reset = nic_tx_reset,
	.check = nic_tx_check,
	.quiesce = nic_tx_quiesce,
	.resume = nic_tx_resume,
	.dump = nic_dump,
};

static const struct devreset_ops rx_ops = {
	.may_reset = nic_may_reset,
	.reset = nic_rx_reset,
	.check = nic_rx_check,
	.quiesce = nic_rx_quiesce,
	.resume = nic_rx_resume,
	.dump = nic_dump,
};

static const struct devreset_ops adapter_ops = {
	.may_reset = nic_may_reset,
	.reset = nic_adapter_reset,
	.check = nic_adapter_check,
	.quiesce = nic_adapter_quiesce,
	.restore = nic_adapter_restore,
	.resume = nic_adapter_resume,
	.dump = nic_dump,
};

/* --- registering ------------------------------------------------------------------------- */

/* Interfaces in two name spaces may have one name: it is @taken. @name: NODE_NAME bytes */
const char *nic_node_name(struct net_device *netdev, const char *form, bool taken,
			  char *name)
{
	char ifname[IFNAMSIZ + 12];

	if (taken)
		snprintf(ifname, sizeof(ifname), "%s@%d", netdev->name, netdev->ifindex);
	else
		strscpy(ifname, netdev->name, sizeof(ifname));
	snprintf(name, NODE_NAME, form, ifname);
	return name;
}

/* After the interface, or as near as may be */
int nic_rename_node(struct net_device *netdev, struct devreset_node *node, const char *form)
{
	char name[NODE_NAME];
	int ret;

	ret = devreset_rename(node, nic_node_name(netdev, form, false, name));
	if (ret == -EEXIST)
		ret = devreset_rename(node, nic_node_name(netdev, form, true, name));
	return ret;
}

static const char adapter_name[] = "net-%s";
static const char tx_name[] = "netring-%s:tx";
static const char rx_name[] = "netring-%s:rx";

static void nic_follow_node(struct nic *nic, struct devreset_node *node, const char *form)
{
	int ret = nic_rename_node(nic->netdev, node, form);

	if (ret)
		netdev_warn(nic->netdev, "a node keeps its old name: %d\n", ret);
}

/* With rtnl held: the interface was renamed, or moved to another name space. */
void nic_follow_name(struct nic *nic)
{
	ASSERT_RTNL();
	if (!nic->rx.node)
		return;
	nic_follow_node(nic, nic->node, adapter_name);
	nic_follow_node(nic, nic->tx.node, tx_name);
	nic_follow_node(nic, nic->rx.node, rx_name);
}

static int nic_add_node(struct nic *nic, const char *form, struct devreset_desc *desc,
			struct devreset_node **place)
{
	struct devreset_node *node;
	char name[NODE_NAME];

	desc->scope = DEVRESET_COMPONENT;
	desc->data = nic;
	desc->name = nic_node_name(nic->netdev, form, false, name);
	node = devreset_register(&nic->netdev->dev, desc);
	if (node == ERR_PTR(-EEXIST)) {
		nic_node_name(nic->netdev, form, true, name);
		node = devreset_register(&nic->netdev->dev, desc);
	}
	*place = IS_ERR(node) ? NULL : node;
	return PTR_ERR_OR_ZERO(node);
}

/*
 * With rtnl held, so that the interface cannot come up before the nodes are there,
 * and without nic->lock: a node that fails to be registered waits for its callbacks.
 */
int nic_register_nodes(struct nic *nic)
{
	struct devreset_desc desc = { .ops = &adapter_ops };
	struct devreset_desc tx = { .ops = &tx_ops, .stall_ms = TX_STALL_MS };
	struct devreset_desc rx = { .ops = &rx_ops };
	int ret;

	ASSERT_RTNL();
	ret = nic_add_node(nic, adapter_name, &desc, &nic->node);
	if (ret)
		return ret;
	tx.parent = nic->node;
	rx.parent = nic->node;
	ret = nic_add_node(nic, tx_name, &tx, &nic->tx.node);
	if (!ret)
		ret = nic_add_node(nic, rx_name, &rx, &nic->rx.node);
	if (ret) {
		nic_unregister_nodes(nic);
		return ret;
	}
	mutex_lock(&nic->lock);
	WRITE_ONCE(nic->ready, true);
	mutex_unlock(&nic->lock);
	return 0;
}

/* Nothing is sent, received or requested any more; callbacks may run until this returns. */
void nic_unregister_nodes(struct nic *nic)
{
	devreset_unregister(nic->rx.node);
	devreset_unregister(nic->tx.node);
	devreset_unregister(nic->node);
}
