/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers and descriptors of the 8254x, as the Software Developer's Manual
 * (PCI/PCI-X Family of Gigabit Ethernet Controllers) has them.
 */
#ifndef _DEVRESET_NET_REGS_H
#define _DEVRESET_NET_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

#define REG_CTRL	0x0000
#define REG_STATUS	0x0008
#define REG_EERD	0x0014
#define REG_MDIC	0x0020
#define REG_FCAL	0x0028
#define REG_FCAH	0x002c
#define REG_FCT		0x0030
#define REG_VET		0x0038
#define REG_ICR		0x00c0
#define REG_ITR		0x00c4
#define REG_ICS		0x00c8
#define REG_IMS		0x00d0
#define REG_IMC		0x00d8
#define REG_RCTL	0x0100
#define REG_FCTTV	0x0170
#define REG_TCTL	0x0400
#define REG_TIPG	0x0410
#define REG_PBA		0x1000
#define REG_RDBAL	0x2800
#define REG_RDBAH	0x2804
#define REG_RDLEN	0x2808
#define REG_RDH		0x2810
#define REG_RDT		0x2818
#define REG_RDTR	0x2820
#define REG_RADV	0x282c
#define REG_TDBAL	0x3800
#define REG_TDBAH	0x3804
#define REG_TDLEN	0x3808
#define REG_TDH		0x3810
#define REG_TDT		0x3818
#define REG_TIDV	0x3820
#define REG_TXDCTL	0x3828
#define REG_TADV	0x382c
#define REG_CRCERRS	0x4000	/* the first of the statistics */
#define REG_RXERRC	0x400c
#define REG_MPC		0x4010
#define REG_RLEC	0x4040
#define REG_GPRC	0x4074
#define REG_MPRC	0x407c
#define REG_GPTC	0x4080
#define REG_RNBC	0x40a0
#define REG_TPR		0x40d0
#define REG_TPT		0x40d4
#define REG_RXCSUM	0x5000
#define REG_MTA		0x5200
#define REG_RAL(n)	(0x5400 + 8 * (n))
#define REG_RAH(n)	(0x5404 + 8 * (n))
#define REG_VFTA	0x5600
#define REG_WUC		0x5800
#define REG_WUFC	0x5808
#define REG_WUS		0x5810

#define CTRL_FD		BIT(0)
#define CTRL_ASDE	BIT(5)
#define CTRL_SLU	BIT(6)
#define CTRL_SPD_100	BIT(8)
#define CTRL_SPD	(BIT(8) | BIT(9))
#define CTRL_FRCSPD	BIT(11)
#define CTRL_FRCDPX	BIT(12)
#define CTRL_RST	BIT(26)
#define CTRL_VME	BIT(30)

#define STATUS_FD	BIT(0)
#define STATUS_LU	BIT(1)
#define STATUS_SPD(s)	(((s) >> 6) & 3)

#define EERD_START	BIT(0)
#define EERD_DONE	BIT(4)
#define EEPROM_WORDS	64
#define EEPROM_SUM	0xbaba

#define MDIC_WRITE	BIT(26)
#define MDIC_READ	BIT(27)
#define MDIC_READY	BIT(28)
#define MDIC_ERROR	BIT(30)
#define PHY_ADDRESS	1

#define INT_TXDW	BIT(0)
#define INT_LSC		BIT(2)
#define INT_RXSEQ	BIT(3)
#define INT_RXDMT0	BIT(4)
#define INT_RXO		BIT(6)
#define INT_RXT0	BIT(7)
#define INT_ALL		(INT_TXDW | INT_LSC | INT_RXSEQ | INT_RXDMT0 | INT_RXO | INT_RXT0)
#define INT_MASK_ALL	(~0u)

#define RCTL_EN		BIT(1)
#define RCTL_UPE	BIT(3)
#define RCTL_MPE	BIT(4)
#define RCTL_LPE	BIT(5)
#define RCTL_BAM	BIT(15)
#define RCTL_VFE	BIT(18)
#define RCTL_SECRC	BIT(26)	/* buffers of 2048 bytes are all bits of BSIZE at 0 */

#define TCTL_EN		BIT(1)
#define TCTL_PSP	BIT(3)
#define TCTL_CT		(15 << 4)
#define TCTL_COLD_FD	(0x40 << 12)
#define TCTL_COLD_HD	(0x200 << 12)
#define TCTL_RTLC	BIT(24)

#define TIPG_COPPER	(8 | 8 << 10 | 6 << 20)
#define TXDCTL_WRITE_BACK (BIT(24) | 1 << 16)
#define PBA_RX_KB	40	/* of 64; the rest is for frames to be sent */
#define RXCSUM_ON	(BIT(8) | BIT(9))
#define RAH_AV		BIT(31)

#define WUC_PME_EN	BIT(1)
#define WUC_PME_STATUS	BIT(2)
#define WUFC_LINK	BIT(0)
#define WUFC_MAGIC	BIT(1)
#define WUFC_UNICAST	BIT(2)
#define WUFC_MULTICAST	BIT(3)
#define WUFC_BROADCAST	BIT(4)

#define MTA_REGS	128
#define VFTA_REGS	128
#define RAR_SLOTS	16

/* What a register of a device that is not there reads as, most of the time */
#define REG_GONE	(~0u)

/* The largest frame, and what of it is not payload: header, checksum */
#define FRAME_MAX	16128
#define FRAME_OVERHEAD	18

/*
 * A descriptor to send from. For data, @lower is length, type and command, @upper
 * status, checksum options and VLAN tag; a context has offsets in @addr.
 */
struct tx_desc {
	__le64 addr;
	__le32 lower;
	__le32 upper;
};

#define TXD_EOP		BIT(24)
#define TXD_IFCS	BIT(25)
#define TXD_TSE		BIT(26)
#define TXD_RS		BIT(27)
#define TXD_DEXT	BIT(29)
#define TXD_VLE		BIT(30)
#define TXD_IDE		BIT(31)
#define TXD_DATA	(TXD_DEXT | BIT(20))
#define TXD_CTX_TCP	BIT(24)
#define TXD_CTX_IP	BIT(25)
#define TXD_DD		BIT(0)
#define TXD_IXSM	BIT(8)
#define TXD_TXSM	BIT(9)

/* A descriptor to receive into; all but @addr is written by the device. */
struct rx_desc {
	__le64 addr;
	__le16 length;
	__le16 csum;
	u8 status;
	u8 errors;
	__le16 vlan;
};

#define RXD_DD		BIT(0)
#define RXD_EOP		BIT(1)
#define RXD_IXSM	BIT(2)
#define RXD_VP		BIT(3)
#define RXD_TCPCS	BIT(5)
#define RXD_ERR_CSUM	(BIT(5) | BIT(6))
#define RXD_ERR_FRAME	(BIT(0) | BIT(1) | BIT(2) | BIT(4) | BIT(7))

#endif
