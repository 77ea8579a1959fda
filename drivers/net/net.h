/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_net; net.c says what is where.
 */
#ifndef _DEVRESET_NET_H
#define _DEVRESET_NET_H

#include <linux/bitmap.h>
#include <linux/devreset.h>
#include <linux/if_vlan.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/u64_stats_sync.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "regs.h"

/* Bytes in one descriptor to send from */
#define TX_PIECE	8192
/* Descriptors that the largest packet may take, its context included */
#define TX_WORST	(MAX_SKB_FRAGS + 1 + 65536 / TX_PIECE + 2)

#define TX_DEFAULT	256
#define RX_DEFAULT	256
/* nic_tx_clean() wakes the queue when there is room for two of the largest. */
#define RING_MIN	(TX_WORST < 40 ? 80 : ALIGN(2 * TX_WORST + 1, 8))
#define RING_MAX	4096	/* 256 for the 82543 */

/* ND14: a send older than that is a hang */
#define TX_STALL_MS	2000

/* How long a request to the device is waited for, as ethtool's have rtnl meanwhile */
#define CONTROL_TIMEOUT	(HZ / 20)

/* nic->stop_reasons: why the device, or a part of it, is stopped */
#define STOP_TX		BIT(0)	/* the ring to send from is being reset */
#define STOP_RX		BIT(1)	/* the other one is */
#define STOP_ADAPTER	BIT(2)	/* the adapter is, or what is above it */
#define STOP_SLEEP	BIT(3)	/* suspended */
#define STOP_CONFIG	BIT(4)	/* being configured anew */
#define STOP_DEAD	BIT(5)	/* given up by the PCI core */

/**
 * struct tx_buf - what belongs to a descriptor to send from
 * @skb: with the first descriptor of a packet
 * @dma: what is mapped for this descriptor, if @len is not 0
 * @len: of that
 * @page: it was mapped as a page
 * @last: with the first: the descriptor that reports the packet
 * @packets: with the first: packets on the wire
 * @bytes: with the first: bytes on the wire
 */
struct tx_buf {
	struct sk_buff *skb;
	dma_addr_t dma;
	u32 len;
	bool page;
	u16 last;
	u16 packets;
	u32 bytes;
};

/**
 * struct tx_ring - to send from
 * @node: its devreset node
 * @desc: the descriptors
 * @dma: where the device sees them
 * @buf: one for each
 * @count: how many there are
 * @staged: the next to be filled; under the queue's lock
 * @next_to_use: descriptors before this one were given to the device
 * @next_to_clean: the next to be reported; written by the poll function only
 * @context: the checksum context that the device has, 0: none to rely on
 * @handed: packets taken from the stack, written under the queue's lock
 * @sent: skbs that were sent; written by the poll function, or by nic_tx_stop()
 * @dropped: skbs that were not, by the same
 * @refused: skbs that never reached the ring; written under the queue's lock
 * @packets: sent on the wire
 * @bytes: likewise
 * @probe_done: empty requests that were completed
 * @probe_seq: empty requests that were made
 * @probe_lost: of these, up to here some were lost with the ring
 * @sync: for the 64-bit counters of the poll function
 * @on: the device works on it; changed under nic->lock, and not while the queue
 *	may be used
 * @prove: it was started and has not proved that it works
 * @ran: the device had it when its reset began, or an earlier one: it should still
 */
struct tx_ring {
	struct devreset_node *node;
	struct tx_desc *desc;
	struct tx_buf *buf;
	unsigned int count;
	bool on;
	unsigned int staged;
	unsigned int next_to_use;
	u32 context;
	u64 handed;
	u64 refused;

	unsigned int next_to_clean ____cacheline_aligned_in_smp;
	u32 probe_done;
	u64 sent;
	u64 dropped;
	u64 packets;
	u64 bytes;
	struct u64_stats_sync sync;

	u32 probe_seq;
	u32 probe_lost;
	bool prove;
	bool ran;
	dma_addr_t dma;
};

struct rx_buf {
	void *data;
	dma_addr_t dma;
	unsigned int size;
};

/**
 * struct rx_ring - to receive into
 * @node: its devreset node
 * @desc: the descriptors
 * @dma: where the device sees them
 * @buf: one for each
 * @count: how many there are
 * @next_to_use: the next to be given to the device
 * @next_to_clean: the next to be taken from it
 * @skb: a frame of which the end has not come
 * @skip: drop what comes up to the end of a frame
 * @packets: received
 * @bytes: likewise
 * @dropped: frames for which there was no memory
 * @errors: frames that were wrong
 * @sync: for @packets and @bytes
 * @on: the device works on it; under nic->lock
 * @ran: as for &struct tx_ring
 */
struct rx_ring {
	struct devreset_node *node;
	struct rx_desc *desc;
	struct rx_buf *buf;
	unsigned int count;
	unsigned int next_to_use;
	unsigned int next_to_clean;
	struct sk_buff *skb;
	bool skip;
	u64 packets;
	u64 bytes;
	u64 dropped;
	u64 errors;
	struct u64_stats_sync sync;

	bool on;
	bool ran;
	dma_addr_t dma;
};

/**
 * struct control - a request to the device that is no packet (ND12)
 * @lock: one at a time
 * @pending: the device has not answered
 * @checks: checks that have seen this one pending
 * @cancelled: by a reset; its waiter gets -EIO
 * @phy: it is for the PHY, and not for the unit that sends
 */
struct control {
	struct mutex lock;	/* one request at a time */
	bool pending;
	unsigned int checks;
	bool cancelled;
	bool phy;
};

/* What the device has counted since it was made; its own are cleared by reading */
struct hw_stats {
	u64 crc_errors, rx_errors, missed, length_errors, no_buffer;
	u64 good_rx, good_tx, total_rx, total_tx, multicast;
};

/**
 * struct nic - one adapter
 * @netdev: the interface
 * @pdev: the device
 * @regs: its registers
 * @napi: calls the poll function
 * @polls: times that the poll function has begun, after an interrupt
 * @polled: of these, the last one that has ended
 * @probing: so many wait on @wait for that
 * @node: its devreset node
 * @tx: the ring to send from
 * @rx: the ring to receive into
 * @stray: interrupts in a row that could not be acknowledged
 * @wait: woken by the poll function while @probing
 * @lock: for what follows, and to start and stop; taken inside rtnl
 * @up: the interface is, administratively (ND13)
 * @stop_reasons: STOP_*: why it is stopped nevertheless
 * @polling: the poll function and the interrupt are on
 * @pauses: how often they were turned off
 * @link: the link is up
 * @lost_link: checks in a row in which the PHY had a link, and the MAC had none
 * @link_since: it was set up then, in jiffies64, and has to find its link
 * @gen: the adapter's reset that goes on, 0: none
 * @began: when, in jiffies
 * @ready: all nodes are there, and callbacks may look for them
 * @reset_work: ends it
 * @link_work: looks at the link
 * @removed: nothing may be begun any more
 * @features: NETIF_F_* that the device is set up for
 * @vlans: those that are let through
 * @wol: WUFC_* asked for
 * @tx_usecs: interrupt moderation when sending
 * @rx_usecs: and at all
 * @autoneg: the PHY negotiates
 * @forced: what it does else, BMCR_*
 * @advertise: what it offers, ADVERTISE_*
 * @advertise_1000: and more of that
 * @filters_on: the device is set up, and may be told of filters; changed under
 *	the address lock as well, which the next three are under
 * @rctl: what RCTL should be
 * @mta: what MTA should be
 * @unicast: addresses written beside the station's
 * @control: the request to the device that is outstanding; its lock is taken
 *	outside of @lock
 * @mdic_lock: for the register that leads to the PHY
 * @stats: the device's own counters; under @lock
 * @config: configuration space after probe, for slot_reset
 */
struct nic {
	struct net_device *netdev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct napi_struct napi;
	u32 polls;
	u32 polled;
	atomic_t probing;
	struct devreset_node *node;
	struct tx_ring tx;
	struct rx_ring rx;

	unsigned int stray;
	wait_queue_head_t wait;
	struct mutex lock;	/* of all below */
	bool up;
	unsigned int stop_reasons;
	bool polling;
	u32 pauses;
	bool link;
	unsigned int lost_link;
	u64 link_since;
	u32 gen;
	unsigned long began;
	bool ready;
	struct delayed_work reset_work;
	struct work_struct link_work;
	bool removed;
	netdev_features_t features;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	u32 wol;
	unsigned int tx_usecs;
	unsigned int rx_usecs;
	bool autoneg;
	u16 forced;
	u16 advertise;
	u16 advertise_1000;
	bool filters_on;
	u32 rctl;
	u32 mta[MTA_REGS];
	unsigned int unicast;
	struct control control;
	struct mutex mdic_lock;	/* taken inside the others */
	struct hw_stats stats;
	struct pci_saved_state *config;
};

static inline u32 rd(struct nic *nic, unsigned int reg)
{
	return readl(nic->regs + reg);
}

static inline void wr(struct nic *nic, unsigned int reg, u32 value)
{
	writel(value, nic->regs + reg);
}

/* Are settings written at once? Else at the end of the reset, or of the suspend. */
static inline bool nic_is_set_up(struct nic *nic)
{
	lockdep_assert_held(&nic->lock);
	return nic->filters_on;
}

static inline bool is_82543(struct nic *nic)
{
	return nic->pdev->device == 0x1004;
}

/* net.c */
extern const struct net_device_ops nic_netdev_ops;
void nic_apply(struct nic *nic);
void nic_quiesce(struct nic *nic, unsigned int why);
void nic_unquiesce(struct nic *nic, unsigned int why);
void nic_update_link(struct nic *nic);

/* hw.c: the device */
bool nic_alive(struct nic *nic);
bool nic_disable_units(struct nic *nic);
const char *nic_config_fault(struct nic *nic);
u32 nic_ctrl(struct nic *nic);
u32 nic_tctl(struct nic *nic);
int nic_init_hw(struct nic *nic);
void nic_write_station(struct nic *nic);
bool nic_station_ok(struct nic *nic);
void nic_moderate(struct nic *nic);
int nic_read_eeprom(struct nic *nic, unsigned int word, u16 *value);
bool nic_eeprom_ok(struct nic *nic);
int nic_first_station(struct nic *nic, u8 *addr);
void nic_read_stats(struct nic *nic);

/* phy.c: the PHY, and requests to the device */
int nic_control_begin(struct nic *nic, bool phy);
void nic_control_end(struct nic *nic, int status);
bool nic_phy_answers(struct nic *nic);
int nic_phy_read(struct nic *nic, unsigned int reg, u16 *value);
int nic_phy_write(struct nic *nic, unsigned int reg, u16 value);
int nic_phy_setup(struct nic *nic);
int nic_phy_glance(struct nic *nic, unsigned int reg, u16 *value);

/* ring.c: memory of the rings */
int nic_alloc_rings(struct nic *nic);
void nic_free_rings(struct nic *nic);
int nic_resize_rings(struct nic *nic, unsigned int tx, unsigned int rx);

/* tx.c */
netdev_tx_t nic_xmit(struct sk_buff *skb, struct net_device *netdev);
bool nic_tx_clean(struct nic *nic, int budget);
void nic_tx_program(struct nic *nic);
bool nic_tx_programmed(struct nic *nic);
void nic_tx_start(struct nic *nic);
void nic_tx_stop(struct nic *nic);
int nic_tx_send_probe(struct nic *nic, u32 *ticket);

/* rx.c */
int nic_rx_poll(struct nic *nic, int budget);
void nic_rx_program(struct nic *nic);
bool nic_rx_programmed(struct nic *nic);
void nic_rx_start(struct nic *nic);
void nic_rx_stop(struct nic *nic);
void nic_rx_drop(struct nic *nic);

/* filter.c */
void nic_set_rx_mode(struct net_device *netdev);
void nic_restore_filters(struct nic *nic);
void nic_filters_off(struct nic *nic);
void nic_update_rctl(struct nic *nic);
const char *nic_filter_fault(struct nic *nic);
int nic_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int nic_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid);
int nic_set_features(struct net_device *netdev, netdev_features_t features);
int nic_set_mac(struct net_device *netdev, void *addr);

/* check.c */
int nic_check_adapter(struct nic *nic, const char **reason);
int nic_check_tx(struct nic *nic, const char **reason);
int nic_check_rx(struct nic *nic, const char **reason);
bool nic_is_reachable(struct nic *nic);
bool nic_irq_arrives(struct nic *nic, long patience);
bool nic_tx_moves(struct nic *nic);
int nic_tx_await(struct nic *nic, u32 ticket);

/* reset.c: the devreset nodes */
#define NODE_NAME	(IFNAMSIZ + 24)
const char *nic_node_name(struct net_device *netdev, const char *form, bool taken,
			  char *name);
int nic_rename_node(struct net_device *netdev, struct devreset_node *node,
		    const char *form);
void nic_follow_name(struct nic *nic);
int nic_register_nodes(struct nic *nic);
void nic_unregister_nodes(struct nic *nic);
void nic_reset_work(struct work_struct *work);

/* managed.c: interfaces of other drivers */
int nic_managed_init(void);
void nic_managed_exit(void);

/* ethtool.c */
extern const struct ethtool_ops nic_ethtool_ops;

/* err.c: resets by others, and suspend */
extern const struct pci_error_handlers nic_error_handlers;
extern const struct dev_pm_ops nic_pm_ops;
void nic_sleep(struct nic *nic);

#endif
