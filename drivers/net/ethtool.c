// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool. What the hardware cannot do is refused; what it is told to do is
 * kept, and written again after each reset.
 */
#include <linux/ethtool.h>
#include <linux/mii.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include "net.h"

/* --- link -------------------------------------------------------------------------- */

/* All that the PHY can do, as its registers have it */
#define MODES		(ADVERTISE_10HALF | ADVERTISE_10FULL | \
			 ADVERTISE_100HALF | ADVERTISE_100FULL)
#define MODES_1000	ADVERTISE_1000FULL

static u32 nic_to_ethtool(u16 advertise, u16 advertise_1000)
{
	return mii_adv_to_ethtool_adv_t(advertise) |
	       mii_ctrl1000_to_ethtool_adv_t(advertise_1000);
}

static int nic_get_link_ksettings(struct net_device *netdev, struct ethtool_link_ksettings *cmd)
{
	static const int speeds[] = { SPEED_10, SPEED_100, SPEED_1000, SPEED_1000 };
	u32 supported = nic_to_ethtool(MODES, MODES_1000) | ADVERTISED_TP;
	struct nic *nic = netdev_priv(netdev);
	u32 advertising = ADVERTISED_TP, status;

	/* Its PHY cannot be configured. */
	if (!is_82543(nic))
		supported |= ADVERTISED_Autoneg;
	mutex_lock(&nic->lock);
	if (nic->autoneg && !is_82543(nic))
		advertising |= nic_to_ethtool(nic->advertise, nic->advertise_1000) |
			       ADVERTISED_Autoneg;
	status = nic->link ? rd(nic, REG_STATUS) : 0;
	cmd->base.autoneg = nic->autoneg && !is_82543(nic);
	cmd->base.speed = nic->link ? speeds[STATUS_SPD(status)] : SPEED_UNKNOWN;
	cmd->base.duplex = !nic->link ? DUPLEX_UNKNOWN :
			   status & STATUS_FD ? DUPLEX_FULL : DUPLEX_HALF;
	mutex_unlock(&nic->lock);
	cmd->base.port = PORT_TP;
	cmd->base.phy_address = PHY_ADDRESS;
	ethtool_convert_legacy_u32_to_link_mode(cmd->link_modes.supported,
						supported);
	ethtool_convert_legacy_u32_to_link_mode(cmd->link_modes.advertising, advertising);
	return 0;
}

/* What is asked for, as the PHY's registers have it; an errno if it cannot be. */
static int nic_wanted_link(const struct ethtool_link_ksettings *cmd, u16 *advertise,
			   u16 *advertise_1000, u16 *forced)
{
	u32 modes;

	if (cmd->base.autoneg == AUTONEG_ENABLE) {
		if (!ethtool_convert_link_mode_to_legacy_u32(&modes, cmd->link_modes.advertising))
			return -EINVAL;
		modes &= ~(ADVERTISED_Autoneg | ADVERTISED_TP);
		if (!modes || modes & ~nic_to_ethtool(MODES, MODES_1000))
			return -EINVAL;
		*advertise = ethtool_adv_to_mii_adv_t(modes);
		*advertise_1000 = ethtool_adv_to_mii_ctrl1000_t(modes);
		return 0;
	}
	/* The standard has no 1000 without negotiation. */
	if ((cmd->base.speed != SPEED_10 && cmd->base.speed != SPEED_100) ||
	    cmd->base.duplex > DUPLEX_FULL)
		return -EINVAL;
	*forced = (cmd->base.speed == SPEED_100 ? BMCR_SPEED100 : 0) |
		  (cmd->base.duplex == DUPLEX_FULL ? BMCR_FULLDPLX : 0);
	return 0;
}

static int nic_set_link_ksettings(struct net_device *netdev,
				  const struct ethtool_link_ksettings *cmd)
{
	struct nic *nic = netdev_priv(netdev);
	u16 advertise = nic->advertise, advertise_1000 = nic->advertise_1000;
	u16 forced = nic->forced;
	int ret;

	if (is_82543(nic))
		return -EOPNOTSUPP;
	ret = nic_wanted_link(cmd, &advertise, &advertise_1000, &forced);
	if (ret)
		return ret;
	mutex_lock(&nic->lock);
	nic->autoneg = cmd->base.autoneg == AUTONEG_ENABLE;
	nic->advertise = advertise;
	nic->advertise_1000 = advertise_1000;
	nic->forced = forced;
	/* Else the reset in progress will do it. */
	if (nic_is_set_up(nic)) {
		wr(nic, REG_CTRL, nic_ctrl(nic));
		ret = nic_phy_setup(nic);
	}
	mutex_unlock(&nic->lock);
	return ret;
}

static int nic_nway_reset(struct net_device *netdev)
{
	struct nic *nic = netdev_priv(netdev);
	u16 bmcr;
	int ret;

	if (!nic->autoneg)
		return -EINVAL;
	ret = nic_phy_read(nic, MII_BMCR, &bmcr);
	return ret ?: nic_phy_write(nic, MII_BMCR, bmcr | BMCR_ANRESTART);
}

/* --- rings, moderation, wake-up -------------------------------------------------------- */

static unsigned int nic_ring_max(struct nic *nic)
{
	return is_82543(nic) ? 256 : RING_MAX;
}

static void nic_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kernel,
			      struct netlink_ext_ack *extack)
{
	struct nic *nic = netdev_priv(netdev);

	ring->tx_max_pending = nic_ring_max(nic);
	ring->rx_max_pending = nic_ring_max(nic);
	ring->tx_pending = nic->tx.count;
	ring->rx_pending = nic->rx.count;
}

/* In descriptors; the device counts them by the eight. */
static int nic_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			     struct kernel_ethtool_ringparam *kernel,
			     struct netlink_ext_ack *extack)
{
	unsigned int tx = ALIGN(ring->tx_pending, 8), rx = ALIGN(ring->rx_pending, 8);
	struct nic *nic = netdev_priv(netdev);

	if (ring->rx_mini_pending || ring->rx_jumbo_pending ||
	    ring->tx_pending < RING_MIN || tx > nic_ring_max(nic) ||
	    ring->rx_pending < RING_MIN || rx > nic_ring_max(nic))
		return -EINVAL;
	/* rtnl is held: it does not change. */
	if (nic->up)
		return nic_resize_rings(nic, tx, rx);
	nic->tx.count = tx;
	nic->rx.count = rx;
	return 0;
}

static int nic_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			    struct kernel_ethtool_coalesce *kernel, struct netlink_ext_ack *extack)
{
	struct nic *nic = netdev_priv(netdev);

	c->rx_coalesce_usecs = nic->rx_usecs;
	c->tx_coalesce_usecs = nic->tx_usecs;
	return 0;
}

/* Registers of 16 bits, of 256 ns and of 1.024 us */
static int nic_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			    struct kernel_ethtool_coalesce *kernel, struct netlink_ext_ack *extack)
{
	struct nic *nic = netdev_priv(netdev);

	if (c->rx_coalesce_usecs > 16000 || c->tx_coalesce_usecs > 65000)
		return -EINVAL;
	mutex_lock(&nic->lock);
	nic->rx_usecs = c->rx_coalesce_usecs;
	nic->tx_usecs = c->tx_coalesce_usecs;
	if (nic_is_set_up(nic))
		nic_moderate(nic);
	mutex_unlock(&nic->lock);
	return 0;
}

static const struct {
	u32 ethtool, wufc;
} wake[] = {
	{ WAKE_PHY, WUFC_LINK },
	{ WAKE_MAGIC, WUFC_MAGIC },
	{ WAKE_UCAST, WUFC_UNICAST },
	{ WAKE_MCAST, WUFC_MULTICAST },
	{ WAKE_BCAST, WUFC_BROADCAST },
};

static void nic_get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct nic *nic = netdev_priv(netdev);
	int i;

	wol->supported = 0;
	wol->wolopts = 0;
	for (i = 0; i < ARRAY_SIZE(wake) && !is_82543(nic); i++) {
		wol->supported |= wake[i].ethtool;
		if (nic->wol & wake[i].wufc)
			wol->wolopts |= wake[i].ethtool;
	}
}

/* Whether the board can be woken is another matter: power/wakeup of the device. */
static int nic_set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct nic *nic = netdev_priv(netdev);
	u32 asked = wol->wolopts, wufc = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(wake) && !is_82543(nic); i++) {
		if (asked & wake[i].ethtool)
			wufc |= wake[i].wufc;
		asked &= ~wake[i].ethtool;
	}
	if (asked)
		return -EOPNOTSUPP;
	mutex_lock(&nic->lock);
	nic->wol = wufc;
	if (nic_is_set_up(nic) && !is_82543(nic))
		wr(nic, REG_WUFC, wufc);
	mutex_unlock(&nic->lock);
	device_set_wakeup_enable(&nic->pdev->dev, wufc);
	return 0;
}

/* --- counters --------------------------------------------------------------------------- */

#define STAT(name, member) { name, offsetof(struct nic, member) }

static const struct {
	char name[ETH_GSTRING_LEN];
	size_t offset;
} counters[] = {
	STAT("tx_handed", tx.handed),
	STAT("tx_sent", tx.sent),
	STAT("tx_dropped", tx.dropped),
	STAT("tx_refused", tx.refused),
	STAT("tx_packets", tx.packets),
	STAT("tx_bytes", tx.bytes),
	STAT("rx_packets", rx.packets),
	STAT("rx_bytes", rx.bytes),
	STAT("rx_dropped", rx.dropped),
	STAT("rx_errors", rx.errors),
	STAT("hw_crc_errors", stats.crc_errors),
	STAT("hw_rx_errors", stats.rx_errors),
	STAT("hw_missed", stats.missed),
	STAT("hw_length_errors", stats.length_errors),
	STAT("hw_no_buffer", stats.no_buffer),
	STAT("hw_good_rx", stats.good_rx),
	STAT("hw_good_tx", stats.good_tx),
	STAT("hw_total_rx", stats.total_rx),
	STAT("hw_total_tx", stats.total_tx),
	STAT("hw_multicast", stats.multicast),
};

enum { TEST_REGISTERS, TEST_EEPROM, TEST_INTERRUPT, TEST_SEND, TEST_LINK, TESTS };

static const char tests[TESTS][ETH_GSTRING_LEN] = {
	[TEST_REGISTERS] = "registers (offline)",
	[TEST_EEPROM] = "eeprom (offline)",
	[TEST_INTERRUPT] = "interrupt (on/offline)",
	[TEST_SEND] = "send unit (on/offline)",
	[TEST_LINK] = "link (on/offline)",
};

static int nic_get_sset_count(struct net_device *netdev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return ARRAY_SIZE(counters);
	case ETH_SS_TEST:
		return TESTS;
	default:
		return -EOPNOTSUPP;
	}
}

static void nic_get_strings(struct net_device *netdev, u32 set, u8 *data)
{
	int i;

	if (set == ETH_SS_TEST)
		memcpy(data, tests, sizeof(tests));
	for (i = 0; set == ETH_SS_STATS && i < ARRAY_SIZE(counters); i++)
		memcpy(data + i * ETH_GSTRING_LEN, counters[i].name, ETH_GSTRING_LEN);
}

static void nic_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *unused,
				  u64 *data)
{
	struct nic *nic = netdev_priv(netdev);
	int i;

	mutex_lock(&nic->lock);
	if (nic_is_set_up(nic))
		nic_read_stats(nic);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		data[i] = READ_ONCE(*(u64 *)((void *)nic + counters[i].offset));
	mutex_unlock(&nic->lock);
}

/* --- registers --------------------------------------------------------------------------- */

/* None with side effects on read, as ICR and the counters have */
static const u16 dumped[] = {
	REG_CTRL, REG_STATUS, REG_VET, REG_ITR, REG_IMS, REG_RCTL, REG_TCTL, REG_TIPG,
	REG_PBA, REG_RDBAL, REG_RDBAH, REG_RDLEN, REG_RDH, REG_RDT, REG_RDTR, REG_RADV,
	REG_TDBAL, REG_TDBAH, REG_TDLEN, REG_TDH, REG_TDT, REG_TIDV, REG_TXDCTL, REG_TADV,
	REG_RXCSUM, REG_RAL(0), REG_RAH(0), REG_WUC, REG_WUFC,
};

static int nic_get_regs_len(struct net_device *netdev)
{
	return 2 * sizeof(u32) * ARRAY_SIZE(dumped);
}

/* Pairs of where and what */
static void nic_get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *data)
{
	struct nic *nic = netdev_priv(netdev);
	u32 *out = data;
	int i;

	/* Not a layout that the program knows for another driver */
	regs->version = 1;
	mutex_lock(&nic->lock);
	for (i = 0; i < ARRAY_SIZE(dumped); i++) {
		*out++ = dumped[i];
		*out++ = rd(nic, dumped[i]);
	}
	mutex_unlock(&nic->lock);
}

/* --- self test ---------------------------------------------------------------------------- */

/* Registers without effect while the device is stopped */
static bool nic_registers_ok(struct nic *nic)
{
	static const u16 regs[] = { REG_TDBAL, REG_RDBAL };
	static const u32 patterns[] = { 0x5a50, 0xa5a0, 0x0000, 0xfffffff0 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		for (j = 0; j < ARRAY_SIZE(patterns); j++) {
			wr(nic, regs[i], patterns[j]);
			if (rd(nic, regs[i]) != patterns[j])
				return false;
		}
		wr(nic, regs[i], 0);
	}
	return true;
}

static void nic_test_offline(struct nic *nic, u64 *result)
{
	nic_quiesce(nic, STOP_CONFIG);
	/* Registers changed here are no soft error of the next reset. */
	nic->tx.ran = false;
	nic->rx.ran = false;
	result[TEST_REGISTERS] = !nic_registers_ok(nic);
	result[TEST_EEPROM] = !is_82543(nic) && !nic_eeprom_ok(nic);
	nic_unquiesce(nic, STOP_CONFIG);
	nic_update_link(nic);
}

/*
 * A probe of the transmit unit is a request like others (ND12): without a reply in time
 * it is left to the hang clock.
 */
static int nic_test_send(struct nic *nic)
{
	u32 ticket;
	int ret;

	ret = nic_control_begin(nic, false);
	if (ret)
		return ret;
	mutex_lock(&nic->lock);
	ret = nic_tx_send_probe(nic, &ticket);
	mutex_unlock(&nic->lock);
	if (!ret)
		ret = nic_tx_await(nic, ticket);
	else if (ret == -EAGAIN)
		ret = nic_tx_moves(nic) ? 0 : -ETIMEDOUT;
	nic_control_end(nic, ret);
	return ret;
}

static void nic_self_test(struct net_device *netdev, struct ethtool_test *test, u64 *result)
{
	struct nic *nic = netdev_priv(netdev);
	int i;

	memset(result, 0, TESTS * sizeof(*result));
	mutex_lock(&nic->lock);
	if (nic_is_set_up(nic)) {
		if (test->flags & ETH_TEST_FL_OFFLINE)
			nic_test_offline(nic, result);
		result[TEST_INTERRUPT] = !nic_irq_arrives(nic, CONTROL_TIMEOUT);
	} else {
		result[TEST_INTERRUPT] = 1;
	}
	result[TEST_LINK] = nic->up && !nic->link;
	mutex_unlock(&nic->lock);
	/* Its completion raises an interrupt. */
	if (netif_running(netdev) && !result[TEST_LINK])
		result[TEST_SEND] = result[TEST_INTERRUPT] || nic_test_send(nic);
	for (i = 0; i < TESTS; i++)
		if (result[i])
			test->flags |= ETH_TEST_FL_FAILED;
}

const struct ethtool_ops nic_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS,
	.get_link_ksettings = nic_get_link_ksettings,
	.set_link_ksettings = nic_set_link_ksettings,
	.nway_reset = nic_nway_reset,
	.get_link = ethtool_op_get_link,
	.get_ringparam = nic_get_ringparam,
	.set_ringparam = nic_set_ringparam,
	.get_coalesce = nic_get_coalesce,
	.set_coalesce = nic_set_coalesce,
	.get_wol = nic_get_wol,
	.set_wol = nic_set_wol,
	.get_sset_count = nic_get_sset_count,
	.get_strings = nic_get_strings,
	.get_ethtool_stats = nic_get_ethtool_stats,
	.get_regs_len = nic_get_regs_len,
	.get_regs = nic_get_regs,
	.self_test = nic_self_test,
	.get_ts_info = ethtool_op_get_ts_info,
};
