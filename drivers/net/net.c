// SPDX-License-Identifier: GPL-2.0
/*
 * devreset for network: a driver for the 8254x family of Ethernet adapters that
 * comes back from whatever a device can be brought back from.
 *
 *	net.c		probe, remove; the interface up and down; interrupt and poll
 *	hw.c, regs.h	the device's registers but for what follows
 *	phy.c		the PHY; requests to the device
 *	ring.c		memory of the rings
 *	tx.c, rx.c	sending, receiving
 *	filter.c	addresses, VLANs, RCTL
 *	check.c		does it work?
 *	reset.c		the devreset nodes
 *	ethtool.c	ethtool
 *	err.c		resets by others, suspend
 *	managed.c	interfaces of other drivers
 *
 * What runs follows from what was asked for (nic->up, the link) and from the
 * reasons to be stopped (nic->stop_reasons). nic_apply() brings the device from its
 * state to the one that follows, and nothing else starts or stops it. nic->lock is
 * taken inside rtnl; rtnl is never waited for with it held.
 */
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/mii.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include "../compat.h"
#include "net.h"

/* --- starting and stopping ------------------------------------------------------- */

/*
 * The poll function and xmit do not run after this. The interrupt handler may, as
 * it shares its line: it only finds that the poll function cannot be scheduled.
 * So there is no synchronize_irq(): it contends for the lock of the line with a
 * handler that is about to begin, and may win for seconds when processors are
 * emulated by one thread.
 */
static void nic_pause(struct nic *nic)
{
	if (!nic->polling)
		return;
	WRITE_ONCE(nic->polling, false);
	WRITE_ONCE(nic->pauses, nic->pauses + 1);
	wake_up(&nic->wait);
	napi_disable(&nic->napi);
	/* A poll that has completed may still be about to unmask interrupts. */
	synchronize_rcu_expedited();
	wr(nic, REG_IMC, INT_MASK_ALL);
	/* For the stack's watchdog, the time that the queue was stopped does not count. */
	netif_trans_update(nic->netdev);
	netif_tx_disable(nic->netdev);
}

static void nic_go_on(struct nic *nic)
{
	napi_enable(&nic->napi);
	WRITE_ONCE(nic->polling, true);
	if (nic->tx.on) {
		netif_trans_update(nic->netdev);
		netif_tx_wake_all_queues(nic->netdev);
	}
	wr(nic, REG_IMS, INT_ALL);
	/* For events while interrupts were masked */
	wr(nic, REG_ICS, INT_TXDW | INT_RXT0);
}

void nic_apply(struct nic *nic)
{
	bool runs = nic->up && !(nic->stop_reasons & ~(STOP_TX | STOP_RX));
	bool tx = runs && nic->link && !(nic->stop_reasons & STOP_TX);
	bool rx = runs && !(nic->stop_reasons & STOP_RX);

	lockdep_assert_held(&nic->lock);
	if (runs == nic->polling && tx == nic->tx.on && rx == nic->rx.on)
		return;
	nic_pause(nic);
	if (nic->tx.on && !tx)
		nic_tx_stop(nic);
	if (nic->rx.on && !rx)
		nic_rx_stop(nic);
	if (tx && !nic->tx.on)
		nic_tx_start(nic);
	if (rx && !nic->rx.on)
		nic_rx_start(nic);
	/* Bus mastering was disabled because the device did not acknowledge the stop. */
	if (tx && rx && !nic->pdev->is_busmaster && nic_tx_programmed(nic) &&
	    nic_rx_programmed(nic))
		pci_set_master(nic->pdev);
	if (runs)
		nic_go_on(nic);
}

void nic_quiesce(struct nic *nic, unsigned int why)
{
	lockdep_assert_held(&nic->lock);
	WRITE_ONCE(nic->stop_reasons, nic->stop_reasons | why);
	/* Pairs with nic_control_begin(). Requests don't depend on the rings' state. */
	smp_mb();
	if (why & ~(STOP_TX | STOP_RX)) {
		WRITE_ONCE(nic->control.cancelled, true);
		WRITE_ONCE(nic->control.pending, false);
		wake_up(&nic->wait);
	}
	nic_apply(nic);
}

void nic_unquiesce(struct nic *nic, unsigned int why)
{
	lockdep_assert_held(&nic->lock);
	WRITE_ONCE(nic->stop_reasons, nic->stop_reasons & ~why);
	nic_apply(nic);
}

static bool nic_link_is_up(struct nic *nic)
{
	u32 status;

	if (!nic->up || nic->stop_reasons & ~(STOP_TX | STOP_RX))
		return false;
	status = rd(nic, REG_STATUS);
	return status != REG_GONE && status & STATUS_LU;
}

/* ND7: nothing else reports the link. */
void nic_update_link(struct nic *nic)
{
	bool link = nic_link_is_up(nic);

	lockdep_assert_held(&nic->lock);
	if (link == nic->link)
		return;
	nic->link = link;
	if (!link)
		netif_carrier_off(nic->netdev);
	nic_apply(nic);
	if (link)
		netif_carrier_on(nic->netdev);
	/* A loss of the link stops traffic, and with it the checks: arm one. */
	else if (nic->up)
		devreset_busy(nic->node);
	if (nic->up)
		netdev_info(nic->netdev, "link %s\n", link ? "up" : "down");
}

static void nic_link_work(struct work_struct *work)
{
	struct nic *nic = container_of(work, struct nic, link_work);

	mutex_lock(&nic->lock);
	nic_update_link(nic);
	mutex_unlock(&nic->lock);
}

/* --- interrupt and poll ------------------------------------------------------------ */

/*
 * Most likely not of this device. But a device that has lost its registers with its
 * interrupt asserted would keep the line busy for good.
 */
static irqreturn_t nic_stray(struct nic *nic)
{
	if (++nic->stray % 128 || nic_alive(nic) || !pci_check_and_mask_intx(nic->pdev))
		return IRQ_NONE;
	devreset_recover(nic->node, "interrupt cannot be acknowledged");
	return IRQ_HANDLED;
}

static irqreturn_t nic_irq(int irq, void *data)
{
	struct nic *nic = data;
	u32 icr = rd(nic, REG_ICR);

	if (unlikely(!icr || icr == REG_GONE))
		return nic_stray(nic);
	nic->stray = 0;
	if (unlikely(icr & (INT_LSC | INT_RXSEQ)))
		schedule_work(&nic->link_work);
	if (napi_schedule_prep(&nic->napi)) {
		wr(nic, REG_IMC, INT_MASK_ALL);
		__napi_schedule(&nic->napi);
	}
	return IRQ_HANDLED;
}

static int nic_poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	bool sent;
	int done;

	/* 0: from netpoll, which only wants transmit descriptors; there was no interrupt */
	if (budget)
		WRITE_ONCE(nic->polls, nic->polls + 1);
	sent = nic_tx_clean(nic, budget);
	done = budget ? nic_rx_poll(nic, budget) : 0;
	/* Something was sent or received: arm the checks; see check.c. */
	if (sent || done) {
		devreset_busy(nic->node);
		devreset_busy(nic->rx.node);
	}
	WRITE_ONCE(nic->polled, nic->polls);
	if (unlikely(atomic_read(&nic->probing)))
		wake_up(&nic->wait);
	if (done == budget)
		return budget;
	if (napi_complete_done(napi, done) && READ_ONCE(nic->polling))
		wr(nic, REG_IMS, INT_ALL);
	return done;
}

/* --- the interface ------------------------------------------------------------------ */

/*
 * A device that does not acknowledge the stop might go on writing to memory that is
 * freed: bus mastering is disabled while the interface is down. Not during a reset of
 * the function, which writes the same register: then nic_adapter_quiesce() and
 * nic_adapter_resume() do it.
 */
static void nic_give_bus(struct nic *nic, bool up)
{
	bool heard;

	if (nic->stop_reasons & STOP_ADAPTER)
		return;
	heard = nic_disable_units(nic);
	if (heard && up)
		pci_set_master(nic->pdev);
	else if (!heard && !up)
		pci_clear_master(nic->pdev);
}

static int nic_bring_up(struct nic *nic)
{
	int ret;

	ret = nic_alloc_rings(nic);
	if (ret)
		return ret;
	ret = request_irq(nic->pdev->irq, nic_irq, IRQF_SHARED, nic->netdev->name, nic);
	if (ret) {
		nic_free_rings(nic);
		return ret;
	}
	nic_give_bus(nic, true);
	nic->up = true;
	nic_apply(nic);
	nic_update_link(nic);
	/* It may have failed since the last check. */
	devreset_busy(nic->node);
	return 0;
}

static int nic_open(struct net_device *netdev)
{
	struct nic *nic = netdev_priv(netdev);
	int ret;

	netif_carrier_off(netdev);
	netif_tx_disable(netdev);
	mutex_lock(&nic->lock);
	ret = nic_bring_up(nic);
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_stop(struct net_device *netdev)
{
	struct nic *nic = netdev_priv(netdev);

	mutex_lock(&nic->lock);
	nic->up = false;
	nic_update_link(nic);
	nic_apply(nic);
	free_irq(nic->pdev->irq, nic);
	nic_give_bus(nic, false);
	nic_free_rings(nic);
	devreset_idle(nic->node);
	mutex_unlock(&nic->lock);
	return 0;
}

/* ND11: from softirq */
static void nic_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct nic *nic = netdev_priv(netdev);

	devreset_recover(nic->tx.node, "transmit queue timed out");
}

static int nic_change_mtu(struct net_device *netdev, int mtu)
{
	struct nic *nic = netdev_priv(netdev);

	mutex_lock(&nic->lock);
	WRITE_ONCE(netdev->mtu, mtu);
	if (nic_is_set_up(nic))
		nic_update_rctl(nic);
	mutex_unlock(&nic->lock);
	return 0;
}

/* The device has one switch for both. */
static netdev_features_t nic_fix_features(struct net_device *netdev,
					  netdev_features_t features)
{
	if (features & NETIF_F_HW_VLAN_CTAG_RX)
		features |= NETIF_F_HW_VLAN_CTAG_TX;
	else
		features &= ~NETIF_F_HW_VLAN_CTAG_TX;
	return features;
}

static void nic_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *stats)
{
	struct nic *nic = netdev_priv(netdev);
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&nic->tx.sync);
		stats->tx_packets = nic->tx.packets;
		stats->tx_bytes = nic->tx.bytes;
		stats->tx_dropped = nic->tx.dropped;
	} while (u64_stats_fetch_retry(&nic->tx.sync, start));
	stats->tx_dropped += READ_ONCE(nic->tx.refused);
	do {
		start = u64_stats_fetch_begin(&nic->rx.sync);
		stats->rx_packets = nic->rx.packets;
		stats->rx_bytes = nic->rx.bytes;
	} while (u64_stats_fetch_retry(&nic->rx.sync, start));
	stats->rx_dropped = READ_ONCE(nic->rx.dropped);
	stats->multicast = READ_ONCE(nic->stats.multicast);
	stats->rx_crc_errors = READ_ONCE(nic->stats.crc_errors);
	stats->rx_length_errors = READ_ONCE(nic->stats.length_errors);
	stats->rx_missed_errors = READ_ONCE(nic->stats.missed);
	stats->rx_errors = READ_ONCE(nic->rx.errors) + stats->rx_crc_errors +
			   stats->rx_length_errors;
}

const struct net_device_ops nic_netdev_ops = {
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = nic_xmit,
	.ndo_tx_timeout = nic_tx_timeout,
	.ndo_get_stats64 = nic_get_stats64,
	.ndo_set_rx_mode = nic_set_rx_mode,
	.ndo_set_mac_address = nic_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = nic_change_mtu,
	.ndo_vlan_rx_add_vid = nic_vlan_add,
	.ndo_vlan_rx_kill_vid = nic_vlan_kill,
	.ndo_fix_features = nic_fix_features,
	.ndo_set_features = nic_set_features,
};

/* --- probe and remove ------------------------------------------------------------------ */

static int nic_setup_pci(struct nic *nic)
{
	struct pci_dev *pdev = nic->pdev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	nic->regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	if (IS_ERR(nic->regs))
		return PTR_ERR(nic->regs);
	return 0;
}

/* Another driver may have left it in any state. */
static int nic_setup_hw(struct nic *nic)
{
	u8 addr[ETH_ALEN];
	int ret;

	if (!nic_alive(nic))
		return -EIO;
	wr(nic, REG_IMC, INT_MASK_ALL);
	wr(nic, REG_RCTL, 0);
	wr(nic, REG_TCTL, 0);
	wr(nic, REG_CTRL, nic_ctrl(nic) | CTRL_RST);
	msleep(20);
	ret = nic_first_station(nic, addr);
	if (ret)
		return ret;
	eth_hw_addr_set(nic->netdev, addr);
	ret = nic_init_hw(nic);
	return ret ?: nic_phy_setup(nic);
}

static void nic_setup_netdev(struct nic *nic)
{
	struct net_device *netdev = nic->netdev;

	netdev->netdev_ops = &nic_netdev_ops;
	netdev->ethtool_ops = &nic_ethtool_ops;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = FRAME_MAX - FRAME_OVERHEAD;
	/* That of VMware has no filter for more addresses than its own. */
	if (nic->pdev->device != 0x100f || nic->pdev->subsystem_vendor != PCI_VENDOR_ID_VMWARE)
		netdev->priv_flags |= IFF_UNICAST_FLT;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_HW_CSUM;
	if (!is_82543(nic))
		netdev->vlan_features |= NETIF_F_TSO;
	netdev->hw_features = netdev->vlan_features | NETIF_F_RXCSUM |
			      NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_HW_VLAN_CTAG_FILTER;
	netdev->features = netdev->hw_features;
	nic->features = netdev->features;
	netif_napi_add(netdev, &nic->napi, nic_poll);
}

static void nic_setup_nic(struct nic *nic)
{
	mutex_init(&nic->lock);
	mutex_init(&nic->control.lock);
	mutex_init(&nic->mdic_lock);
	init_waitqueue_head(&nic->wait);
	INIT_DELAYED_WORK(&nic->reset_work, nic_reset_work);
	INIT_WORK(&nic->link_work, nic_link_work);
	u64_stats_init(&nic->tx.sync);
	u64_stats_init(&nic->rx.sync);
	/* A priority tag is no VLAN: the stack does not add VLAN 0 by itself. */
	set_bit(0, nic->vlans);
	nic->tx.count = TX_DEFAULT;
	nic->rx.count = RX_DEFAULT;
	nic->rx_usecs = 125;
	nic->tx_usecs = 64;
	nic->autoneg = true;
	nic->advertise = ADVERTISE_10HALF | ADVERTISE_10FULL | ADVERTISE_100HALF |
			 ADVERTISE_100FULL;
	nic->advertise_1000 = ADVERTISE_1000FULL;
}

/* Nodes need the interface's device, and have to be there before it is set up. */
static int nic_net_add(struct nic *nic)
{
	int ret;

	rtnl_lock();
	ret = register_netdevice(nic->netdev);
	if (!ret) {
		netif_carrier_off(nic->netdev);
		mutex_lock(&nic->lock);
		nic_restore_filters(nic);
		mutex_unlock(&nic->lock);
		ret = nic_register_nodes(nic);
		if (ret) {
			cancel_delayed_work_sync(&nic->reset_work);
			unregister_netdevice(nic->netdev);
		}
	}
	rtnl_unlock();
	return ret;
}

static int nic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct nic *nic;
	int ret;

	netdev = devm_alloc_etherdev(&pdev->dev, sizeof(*nic));
	if (!netdev)
		return -ENOMEM;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	nic = netdev_priv(netdev);
	nic->netdev = netdev;
	nic->pdev = pdev;
	pci_set_drvdata(pdev, nic);
	nic_setup_nic(nic);
	nic_setup_netdev(nic);

	ret = nic_setup_pci(nic);
	if (ret)
		return ret;
	mutex_lock(&nic->lock);
	ret = nic_setup_hw(nic);
	mutex_unlock(&nic->lock);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "does not work\n");
	/* Not before the reset: it may have another driver's DMA addresses. */
	pci_set_master(pdev);
	pci_save_state(pdev);
	nic->config = pci_store_saved_state(pdev);
	if (!nic->config)
		return -ENOMEM;
	ret = nic_net_add(nic);
	if (ret)
		kfree(nic->config);
	else
		netdev_info(netdev, "%s, %pM\n", pci_name(pdev), netdev->dev_addr);
	return ret;
}

static void nic_remove(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	mutex_lock(&nic->lock);
	nic->removed = true;
	mutex_unlock(&nic->lock);
	rtnl_lock();
	dev_close(nic->netdev);
	cancel_work_sync(&nic->link_work);
	cancel_delayed_work_sync(&nic->reset_work);
	nic_unregister_nodes(nic);
	unregister_netdevice(nic->netdev);
	rtnl_unlock();
	kfree(nic->config);
}

static void nic_shutdown(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	rtnl_lock();
	dev_close(nic->netdev);
	nic_sleep(nic);
	rtnl_unlock();
	if (system_state == SYSTEM_POWER_OFF) {
		pci_wake_from_d3(pdev, nic->wol);
		pci_set_power_state(pdev, PCI_D3hot);
	}
}

static const struct pci_device_id nic_ids[] = {
	{ PCI_VDEVICE(INTEL, 0x100e) },	/* 82540EM */
	{ PCI_VDEVICE(INTEL, 0x100f) },	/* 82545EM */
	{ PCI_VDEVICE(INTEL, 0x1004) },	/* 82543GC */
	{ }
};
MODULE_DEVICE_TABLE(pci, nic_ids);

static struct pci_driver nic_driver = {
	.name = "devreset_net",
	.id_table = nic_ids,
	.probe = nic_probe,
	.remove = nic_remove,
	.shutdown = nic_shutdown,
	.err_handler = &nic_error_handlers,
	.driver.pm = pm_sleep_ptr(&nic_pm_ops),
};

static int __init nic_module_init(void)
{
	int ret;

	ret = nic_managed_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&nic_driver);
	if (ret)
		nic_managed_exit();
	return ret;
}

static void __exit nic_module_exit(void)
{
	pci_unregister_driver(&nic_driver);
	nic_managed_exit();
}

module_init(nic_module_init);
module_exit(nic_module_exit);

MODULE_DESCRIPTION("devreset for network: a driver for the 8254x family");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
