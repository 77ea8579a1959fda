// SPDX-License-Identifier: GPL-2.0
/*
 * What is received: addresses, VLANs, RCTL. Registers are always written from the
 * stack's lists, and never from what they were before (ND2).
 *
 * RCTL, MTA and the address registers but for the first are written under the
 * address lock, VFTA under nic->lock.
 */
#include <linux/etherdevice.h>
#include <linux/string.h>
#include "net.h"

/* --- addresses; hold the address lock ---------------------------------------------- */

static u32 nic_rctl(struct nic *nic)
{
	struct net_device *netdev = nic->netdev;
	u32 value = RCTL_BAM | RCTL_SECRC;

	if (nic->rx.on)
		value |= RCTL_EN;
	if (netdev->mtu > ETH_DATA_LEN)
		value |= RCTL_LPE;
	if (netdev->flags & IFF_PROMISC)
		return value | RCTL_UPE | RCTL_MPE;
	if (netdev->flags & IFF_ALLMULTI)
		value |= RCTL_MPE;
	if (netdev_uc_count(netdev) > RAR_SLOTS - 1)
		value |= RCTL_UPE;
	if (nic->features & NETIF_F_HW_VLAN_CTAG_FILTER)
		value |= RCTL_VFE;
	return value;
}

/* Some emulations receive nothing for a second after each write. */
static void nic_write_rctl(struct nic *nic, bool always)
{
	u32 value = nic_rctl(nic);

	if (value != nic->rctl || always)
		wr(nic, REG_RCTL, value);
	nic->rctl = value;
}

static void nic_write_unicast(struct nic *nic)
{
	struct netdev_hw_addr *ha;
	int i = 1;

	netdev_for_each_uc_addr(ha, nic->netdev) {
		if (i == RAR_SLOTS)
			break;
		wr(nic, REG_RAL(i), get_unaligned_le32(ha->addr));
		wr(nic, REG_RAH(i), get_unaligned_le16(ha->addr + 4) | RAH_AV);
		i++;
	}
	nic->unicast = i - 1;
	for (; i < RAR_SLOTS; i++)
		wr(nic, REG_RAH(i), 0);
}

/* 12 bits of the address select one of 4096. */
static void nic_write_multicast(struct nic *nic, bool all)
{
	struct netdev_hw_addr *ha;
	u32 mta[MTA_REGS] = { };
	unsigned int hash, i;

	netdev_for_each_mc_addr(ha, nic->netdev) {
		hash = (get_unaligned_le16(ha->addr + 4) >> 4) & 0xfff;
		mta[hash / 32] |= BIT(hash % 32);
	}
	for (i = 0; i < MTA_REGS; i++)
		if (all || mta[i] != nic->mta[i])
			wr(nic, REG_MTA + 4 * i, mta[i]);
	memcpy(nic->mta, mta, sizeof(mta));
}

/* While the device is stopped, nothing is written; nic_restore_filters() will do it. */
void nic_set_rx_mode(struct net_device *netdev)
{
	struct nic *nic = netdev_priv(netdev);

	if (!nic->filters_on)
		return;
	nic_write_unicast(nic);
	nic_write_multicast(nic, false);
	nic_write_rctl(nic, false);
}

void nic_update_rctl(struct nic *nic)
{
	netif_addr_lock_bh(nic->netdev);
	nic_write_rctl(nic, false);
	netif_addr_unlock_bh(nic->netdev);
}

void nic_filters_off(struct nic *nic)
{
	netif_addr_lock_bh(nic->netdev);
	nic->filters_on = false;
	netif_addr_unlock_bh(nic->netdev);
}

/* --- VLANs; hold nic->lock ------------------------------------------------------------ */

static void nic_write_vlan(struct nic *nic, u16 vid)
{
	unsigned int i = vid / 32, bit;
	u32 value = 0;

	for (bit = 0; bit < 32; bit++)
		if (test_bit(i * 32 + bit, nic->vlans))
			value |= BIT(bit);
	wr(nic, REG_VFTA + 4 * i, value);
}

int nic_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct nic *nic = netdev_priv(netdev);

	mutex_lock(&nic->lock);
	set_bit(vid, nic->vlans);
	if (nic_is_set_up(nic))
		nic_write_vlan(nic, vid);
	mutex_unlock(&nic->lock);
	return 0;
}

int nic_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid)
{
	struct nic *nic = netdev_priv(netdev);

	/* See setup_nic(). */
	if (!vid)
		return 0;
	mutex_lock(&nic->lock);
	clear_bit(vid, nic->vlans);
	if (nic_is_set_up(nic))
		nic_write_vlan(nic, vid);
	mutex_unlock(&nic->lock);
	return 0;
}

/* ND2: write all of the above to a device that was reset. */
void nic_restore_filters(struct nic *nic)
{
	unsigned int vid;

	lockdep_assert_held(&nic->lock);
	for (vid = 0; vid < VLAN_N_VID; vid += 32)
		nic_write_vlan(nic, vid);
	netif_addr_lock_bh(nic->netdev);
	nic->filters_on = true;
	nic_write_unicast(nic);
	nic_write_multicast(nic, true);
	nic_write_rctl(nic, true);
	netif_addr_unlock_bh(nic->netdev);
}

/* --- are they still there? ------------------------------------------------------------ */

static const char *nic_addresses_fault(struct nic *nic)
{
	unsigned int i;

	/* But for RCTL_EN, which is the receive ring's */
	if ((rd(nic, REG_RCTL) ^ nic->rctl) & ~RCTL_EN)
		return "receive control changed";
	for (i = 0; i < MTA_REGS; i++)
		if (nic->mta[i] && rd(nic, REG_MTA + 4 * i) != nic->mta[i])
			return "multicast filter wiped";
	for (i = 1; i <= nic->unicast; i++)
		if (!(rd(nic, REG_RAH(i)) & RAH_AV))
			return "unicast filter wiped";
	return NULL;
}

/* Only what would be missed: unwanted frames are dropped by the stack. */
const char *nic_filter_fault(struct nic *nic)
{
	const char *fault = NULL;
	unsigned int vid;

	lockdep_assert_held(&nic->lock);
	netif_addr_lock_bh(nic->netdev);
	if (nic->filters_on)
		fault = nic_addresses_fault(nic);
	netif_addr_unlock_bh(nic->netdev);
	if (fault)
		return fault;
	for_each_set_bit(vid, nic->vlans, VLAN_N_VID)
		if (!(rd(nic, REG_VFTA + vid / 32 * 4) & BIT(vid % 32)))
			return "VLAN filter wiped";
	return NULL;
}

/* --- what the stack asks for ------------------------------------------------------------ */

int nic_set_mac(struct net_device *netdev, void *addr)
{
	struct nic *nic = netdev_priv(netdev);
	struct sockaddr *sa = addr;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	mutex_lock(&nic->lock);
	eth_hw_addr_set(netdev, sa->sa_data);
	if (nic_is_set_up(nic))
		nic_write_station(nic);
	mutex_unlock(&nic->lock);
	return 0;
}

int nic_set_features(struct net_device *netdev, netdev_features_t features)
{
	struct nic *nic = netdev_priv(netdev);
	bool tags;

	mutex_lock(&nic->lock);
	tags = (features ^ nic->features) & NETIF_F_HW_VLAN_CTAG_RX;
	/* Packets in the ring with a tag in their descriptors would be sent without it. */
	if (tags)
		nic_quiesce(nic, STOP_CONFIG);
	nic->features = features;
	if (nic_is_set_up(nic)) {
		wr(nic, REG_CTRL, nic_ctrl(nic));
		wr(nic, REG_RXCSUM, features & NETIF_F_RXCSUM ? RXCSUM_ON : 0);
		nic_update_rctl(nic);
	}
	if (tags)
		nic_unquiesce(nic, STOP_CONFIG);
	mutex_unlock(&nic->lock);
	return 0;
}
