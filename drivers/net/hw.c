// SPDX-License-Identifier: GPL-2.0
/*
 * The device but for its rings, filters and PHY. It may not answer at any time: what
 * is read is never trusted unchecked.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/mii.h>
#include "net.h"

/*
 * A device that does not answer reads as all ones, or behind some bridges as 0. STATUS
 * may rightly be 0, but CTRL as well only when all registers were lost.
 */
bool nic_alive(struct nic *nic)
{
	u32 status = rd(nic, REG_STATUS), ctrl = rd(nic, REG_CTRL);

	return status != REG_GONE && ctrl != REG_GONE && (status || ctrl);
}

/* Both units read back as disabled. */
static bool nic_is_disabled(struct nic *nic)
{
	return nic_alive(nic) && !(rd(nic, REG_RCTL) & RCTL_EN) && !(rd(nic, REG_TCTL) & TCTL_EN);
}

/*
 * Disable both units, also if that was done before, as the device may not have
 * answered. False: they did not read back as disabled.
 */
bool nic_disable_units(struct nic *nic)
{
	lockdep_assert_held(&nic->lock);
	netif_addr_lock_bh(nic->netdev);
	wr(nic, REG_RCTL, nic->rctl & ~RCTL_EN);
	netif_addr_unlock_bh(nic->netdev);
	wr(nic, REG_TCTL, nic_tctl(nic));
	/* Frames in progress are finished. */
	usleep_range(1000, 2000);
	return nic_is_disabled(nic);
}

/* --- EEPROM -------------------------------------------------------------------- */

int nic_read_eeprom(struct nic *nic, unsigned int word, u16 *value)
{
	u32 eerd;
	int i;

	/* Its PHY is accessed by bit-banging. */
	if (is_82543(nic))
		return -EOPNOTSUPP;
	wr(nic, REG_EERD, word << 8 | EERD_START);
	for (i = 0; i < 200; i++) {
		eerd = rd(nic, REG_EERD);
		if (eerd != REG_GONE && eerd & EERD_DONE) {
			*value = eerd >> 16;
			return 0;
		}
		usleep_range(20, 50);
	}
	return -EIO;
}

bool nic_eeprom_ok(struct nic *nic)
{
	u16 value, sum = 0;
	int i;

	for (i = 0; i < EEPROM_WORDS; i++) {
		if (nic_read_eeprom(nic, i, &value))
			return false;
		sum += value;
	}
	return sum == EEPROM_SUM;
}

/* From the EEPROM; failing that, from the registers. */
int nic_first_station(struct nic *nic, u8 *addr)
{
	u32 low, high;
	u16 word;
	int i;

	if (nic_eeprom_ok(nic)) {
		for (i = 0; i < ETH_ALEN / 2; i++) {
			if (nic_read_eeprom(nic, i, &word))
				return -EIO;
			addr[2 * i] = word;
			addr[2 * i + 1] = word >> 8;
		}
	} else {
		low = rd(nic, REG_RAL(0));
		high = rd(nic, REG_RAH(0));
		put_unaligned_le32(low, addr);
		put_unaligned_le16(high, addr + 4);
	}
	return is_valid_ether_addr(addr) ? 0 : -EADDRNOTAVAIL;
}

/* --- what the registers should be ------------------------------------------------ */

#define CTRL_OURS	(CTRL_FD | CTRL_ASDE | CTRL_SLU | CTRL_SPD | CTRL_FRCSPD | \
			 CTRL_FRCDPX | CTRL_RST | CTRL_VME)

u32 nic_ctrl(struct nic *nic)
{
	u32 ctrl = CTRL_SLU;

	if (nic->autoneg) {
		ctrl |= CTRL_ASDE | CTRL_FD;
	} else {
		ctrl |= CTRL_FRCSPD | CTRL_FRCDPX;
		if (nic->forced & BMCR_SPEED100)
			ctrl |= CTRL_SPD_100;
		if (nic->forced & BMCR_FULLDPLX)
			ctrl |= CTRL_FD;
	}
	if (nic->features & NETIF_F_HW_VLAN_CTAG_RX)
		ctrl |= CTRL_VME;
	return ctrl;
}

/* But for TCTL_EN */
u32 nic_tctl(struct nic *nic)
{
	bool full = rd(nic, REG_STATUS) & STATUS_FD;

	return TCTL_PSP | TCTL_CT | TCTL_RTLC | (full ? TCTL_COLD_FD : TCTL_COLD_HD);
}

static u32 nic_rxcsum(struct nic *nic)
{
	return nic->features & NETIF_F_RXCSUM ? RXCSUM_ON : 0;
}

static void nic_station_registers(struct nic *nic, u32 *low, u32 *high)
{
	const u8 *addr = nic->netdev->dev_addr;

	*low = get_unaligned_le32(addr);
	*high = get_unaligned_le16(addr + 4) | RAH_AV;
}

/* ND3 */
void nic_write_station(struct nic *nic)
{
	u32 low, high;

	nic_station_registers(nic, &low, &high);
	wr(nic, REG_RAH(0), 0);
	wr(nic, REG_RAL(0), low);
	wr(nic, REG_RAH(0), high);
}

bool nic_station_ok(struct nic *nic)
{
	u32 low, high;

	nic_station_registers(nic, &low, &high);
	return rd(nic, REG_RAL(0)) == low && rd(nic, REG_RAH(0)) == high;
}

/* The fault in what nic_init_hw() has set up, or NULL */
const char *nic_config_fault(struct nic *nic)
{
	u32 ctrl = rd(nic, REG_CTRL);

	if (!(ctrl & CTRL_SLU))
		return "link turned off inside the MAC";
	/* RXCSUM would do no harm, and cannot be read everywhere. */
	if ((ctrl & CTRL_OURS) != nic_ctrl(nic) || rd(nic, REG_VET) != ETH_P_8021Q)
		return "configuration wiped";
	if (!nic_station_ok(nic))
		return "station address changed";
	return NULL;
}

/* Interrupt moderation: ITR counts in 256 ns, the others in 1.024 us. */
void nic_moderate(struct nic *nic)
{
	wr(nic, REG_ITR, nic->rx_usecs * 1000 / 256);
	wr(nic, REG_RDTR, 0);
	wr(nic, REG_RADV, 0);
	wr(nic, REG_TIDV, nic->tx_usecs * 1000 / 1024);
	wr(nic, REG_TADV, nic->tx_usecs * 1000 / 1024);
}

/*
 * All but rings, filters and PHY, from scratch: an emulation may have left any
 * register as it was before the reset.
 */
int nic_init_hw(struct nic *nic)
{
	const char *fault;

	if (!nic_alive(nic))
		return -EIO;
	wr(nic, REG_IMC, INT_MASK_ALL);
	wr(nic, REG_RCTL, 0);
	wr(nic, REG_TCTL, 0);
	/* The rings are set up after this. */
	nic->tx.ran = false;
	nic->rx.ran = false;
	/* Disabled by nic_stop(), and not enabled by nic_open() */
	if (nic->up && !nic->pdev->is_busmaster && nic_is_disabled(nic))
		pci_set_master(nic->pdev);
	wr(nic, REG_CTRL, nic_ctrl(nic));
	wr(nic, REG_PBA, PBA_RX_KB);
	/* No flow control */
	wr(nic, REG_FCAL, 0);
	wr(nic, REG_FCAH, 0);
	wr(nic, REG_FCT, 0);
	wr(nic, REG_FCTTV, 0);
	wr(nic, REG_VET, ETH_P_8021Q);
	wr(nic, REG_TIPG, TIPG_COPPER);
	wr(nic, REG_RXCSUM, nic_rxcsum(nic));
	nic_moderate(nic);
	if (!is_82543(nic)) {
		wr(nic, REG_WUC, 0);
		wr(nic, REG_WUFC, nic->wol);
	}
	nic_write_station(nic);
	rd(nic, REG_ICR);
	nic->lost_link = 0;
	nic->link_since = get_jiffies_64();
	fault = nic_config_fault(nic);
	if (fault)
		dev_err(&nic->pdev->dev, "cannot be set up: %s\n", fault);
	return fault ? -EIO : 0;
}

/* --- the device's own counters ------------------------------------------------------ */

static void nic_stats_add(struct nic *nic, unsigned int reg, u64 *sum)
{
	u32 value = rd(nic, reg);

	if (value != REG_GONE)
		WRITE_ONCE(*sum, *sum + value);
}

void nic_read_stats(struct nic *nic)
{
	struct hw_stats *stats = &nic->stats;

	lockdep_assert_held(&nic->lock);
	nic_stats_add(nic, REG_CRCERRS, &stats->crc_errors);
	nic_stats_add(nic, REG_RXERRC, &stats->rx_errors);
	nic_stats_add(nic, REG_MPC, &stats->missed);
	nic_stats_add(nic, REG_RLEC, &stats->length_errors);
	nic_stats_add(nic, REG_RNBC, &stats->no_buffer);
	nic_stats_add(nic, REG_GPRC, &stats->good_rx);
	nic_stats_add(nic, REG_GPTC, &stats->good_tx);
	nic_stats_add(nic, REG_TPR, &stats->total_rx);
	nic_stats_add(nic, REG_TPT, &stats->total_tx);
	nic_stats_add(nic, REG_MPRC, &stats->multicast);
}
