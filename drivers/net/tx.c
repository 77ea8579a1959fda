// SPDX-License-Identifier: GPL-2.0
/*
 * Sending. Every skb that the stack hands over ends in exactly one of sent,
 * dropped or refused (ND4):
 *
 *	handed == sent + dropped + refused + what is in the ring
 *
 * The ring is filled under the queue's lock and emptied by the poll function.
 * nic_tx_stop() has both excluded before it takes what is left.
 *
 * The hang clock of the ring runs while it is not empty. When the poll function
 * finds it empty while it is being filled, it may stop the clock for what has
 * just come; but it arms the adapter's clock after that, and that one's check
 * looks after it (check.c). Armed before, it could be looked at in between, and
 * this clock be stopped for good. So there is no barrier on the way of a packet.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include "net.h"

static_assert(2 * TX_WORST < RING_MIN && RING_MIN <= TX_DEFAULT);

static unsigned int nic_tx_next(const struct tx_ring *tx, unsigned int i)
{
	return i + 1 == tx->count ? 0 : i + 1;
}

static unsigned int nic_tx_desc_unused(const struct tx_ring *tx)
{
	/* Buffers up to there are no longer written to. */
	unsigned int clean = smp_load_acquire(&tx->next_to_clean);

	return (clean > tx->next_to_use ? 0 : tx->count) + clean - tx->next_to_use - 1;
}

static void nic_tx_unmap(struct nic *nic, struct tx_buf *buf)
{
	if (!buf->len)
		return;
	if (buf->page)
		dma_unmap_page(&nic->pdev->dev, buf->dma, buf->len, DMA_TO_DEVICE);
	else
		dma_unmap_single(&nic->pdev->dev, buf->dma, buf->len, DMA_TO_DEVICE);
	buf->len = 0;
}

/* --- filling -------------------------------------------------------------------- */

static void nic_tx_put_context(struct tx_ring *tx, u64 offsets, u32 lower, u32 upper)
{
	struct tx_desc *desc = &tx->desc[tx->staged];
	struct tx_buf *buf = &tx->buf[tx->staged];

	desc->addr = cpu_to_le64(offsets);
	desc->lower = cpu_to_le32(lower);
	desc->upper = cpu_to_le32(upper);
	buf->skb = NULL;
	buf->len = 0;
}

static u64 nic_tx_offsets(unsigned int ip, unsigned int ip_sum, unsigned int ip_end,
			  unsigned int l4, unsigned int l4_sum)
{
	return ip | ip_sum << 8 | (u64)ip_end << 16 | (u64)l4 << 32 | (u64)l4_sum << 40;
}

/* Returns the options for the data's upper half, or an errno. */
static int nic_tx_put_tso(struct tx_ring *tx, struct sk_buff *skb, u32 *lower)
{
	unsigned int ip = skb_network_offset(skb), l4 = skb_transport_offset(skb);
	unsigned int hdr = l4 + tcp_hdrlen(skb);
	struct iphdr *iph;
	int ret;

	ret = skb_cow_head(skb, 0);
	if (ret)
		return ret;
	/* Eight bits is what the device has for each. */
	if (hdr > 255)
		return -EMSGSIZE;
	iph = ip_hdr(skb);
	iph->tot_len = 0;
	iph->check = 0;
	tcp_hdr(skb)->check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, 0, IPPROTO_TCP, 0);
	nic_tx_put_context(tx, nic_tx_offsets(ip, ip + offsetof(struct iphdr, check), l4 - 1, l4,
					      l4 + offsetof(struct tcphdr, check)),
			   TXD_DEXT | TXD_TSE | TXD_CTX_IP | TXD_CTX_TCP | (skb->len - hdr),
			   hdr << 8 | (u32)skb_shinfo(skb)->gso_size << 16);
	tx->context = 0;
	tx->staged = nic_tx_next(tx, tx->staged);
	*lower |= TXD_TSE;
	return TXD_IXSM | TXD_TXSM;
}

static int nic_tx_put_csum(struct tx_ring *tx, struct sk_buff *skb)
{
	unsigned int start = skb_checksum_start_offset(skb);
	unsigned int at = start + skb->csum_offset;
	u32 context = start << 16 | at;

	/* Eight bits again */
	if (unlikely(at > 255))
		return skb_checksum_help(skb);
	/* The device remembers the last one. */
	if (context != tx->context) {
		nic_tx_put_context(tx, nic_tx_offsets(start, at, 0, start, at),
				   TXD_DEXT | TXD_CTX_TCP, 0);
		tx->context = context;
		tx->staged = nic_tx_next(tx, tx->staged);
	}
	return TXD_TXSM;
}

/* One contiguous piece of a packet, which may take several descriptors. */
static void nic_tx_put_data(struct tx_ring *tx, dma_addr_t dma, unsigned int len, bool page,
			    u32 lower, u32 upper)
{
	struct tx_buf *buf = &tx->buf[tx->staged];
	unsigned int now;

	/* What is mapped as one is unmapped as one. */
	buf->dma = dma;
	buf->len = len;
	buf->page = page;
	for (;;) {
		struct tx_desc *desc = &tx->desc[tx->staged];

		now = min_t(unsigned int, len, TX_PIECE);
		desc->addr = cpu_to_le64(dma);
		desc->lower = cpu_to_le32(lower | now);
		desc->upper = cpu_to_le32(upper);
		tx->staged = nic_tx_next(tx, tx->staged);
		len -= now;
		if (likely(!len))
			return;
		dma += now;
		buf = &tx->buf[tx->staged];
		buf->skb = NULL;
		buf->len = 0;
	}
}

static int nic_tx_put_packet(struct nic *nic, struct sk_buff *skb, u32 lower, u32 upper)
{
	unsigned int i, len = skb_headlen(skb);
	struct device *dev = &nic->pdev->dev;
	struct tx_ring *tx = &nic->tx;
	dma_addr_t dma;

	dma = dma_map_single(dev, skb->data, len, DMA_TO_DEVICE);
	if (unlikely(dma_mapping_error(dev, dma)))
		return -ENOMEM;
	tx->buf[tx->staged].skb = NULL;
	nic_tx_put_data(tx, dma, len, false, lower, upper);
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		len = skb_frag_size(frag);
		if (unlikely(!len))
			continue;
		dma = skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE);
		if (unlikely(dma_mapping_error(dev, dma)))
			return -ENOMEM;
		tx->buf[tx->staged].skb = NULL;
		nic_tx_put_data(tx, dma, len, true, lower, upper);
	}
	return 0;
}

/* The descriptors were not published to the device. */
static void nic_tx_take_back(struct nic *nic, unsigned int first)
{
	struct tx_ring *tx = &nic->tx;
	unsigned int i;

	for (i = first; i != tx->staged; i = nic_tx_next(tx, i))
		nic_tx_unmap(nic, &tx->buf[i]);
	/* What was the first may be the descriptor in which mapping failed. */
	tx->staged = first;
	tx->context = 0;
}

static int nic_tx_offload(struct tx_ring *tx, struct sk_buff *skb, u32 *lower)
{
	if (skb_is_gso(skb))
		return nic_tx_put_tso(tx, skb, lower);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return nic_tx_put_csum(tx, skb);
	return 0;
}

static int nic_tx_fill(struct nic *nic, struct sk_buff *skb, unsigned int first)
{
	u32 lower = TXD_DATA | TXD_IFCS | TXD_IDE, upper;
	struct tx_ring *tx = &nic->tx;
	int ret;

	/* Queued before tags were turned off: it would be sent without. */
	if (skb_vlan_tag_present(skb) && unlikely(!(nic->features & NETIF_F_HW_VLAN_CTAG_RX)))
		return -EINVAL;
	/* Fewer may hang the device, which does the rest of the padding. */
	if (unlikely(skb->len < 17 && __skb_put_padto(skb, 17, false)))
		return -ENOMEM;
	ret = nic_tx_offload(tx, skb, &lower);
	if (ret >= 0) {
		upper = ret;
		if (skb_vlan_tag_present(skb)) {
			lower |= TXD_VLE;
			upper |= skb_vlan_tag_get(skb) << 16;
		}
		ret = nic_tx_put_packet(nic, skb, lower, upper);
	}
	if (unlikely(ret))
		nic_tx_take_back(nic, first);
	return ret;
}

/* The queue's lock is held; the poll function may be emptying the ring. */
static void nic_tx_stop_if_full(struct nic *nic, struct netdev_queue *queue)
{
	struct tx_ring *tx = &nic->tx;

	if (likely(nic_tx_desc_unused(tx) >= TX_WORST))
		return;
	netif_tx_stop_queue(queue);
	/* Either this sees the room, or nic_tx_clean() sees it stopped. */
	smp_mb();
	if (nic_tx_desc_unused(tx) >= TX_WORST)
		netif_tx_start_queue(queue);
}

/* Descriptors before the index that the device and nic_tx_clean() read. */
static void nic_tx_publish(struct tx_ring *tx)
{
	dma_wmb();
	/* Pairs with that in nic_tx_clean(). */
	smp_store_release(&tx->next_to_use, tx->staged);
}

netdev_tx_t nic_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct netdev_queue *queue = netdev_get_tx_queue(netdev, 0);
	struct nic *nic = netdev_priv(netdev);
	struct tx_ring *tx = &nic->tx;
	unsigned int first = tx->next_to_use, last;
	struct tx_buf *buf;

	/* Not while it is stopped; but netif_device_attach() may have woken it. */
	if (unlikely(!tx->on || nic_tx_desc_unused(tx) < TX_WORST)) {
		netif_tx_stop_queue(queue);
		/* As in nic_tx_stop_if_full(); a start of the ring wakes the queue. */
		smp_mb();
		if (tx->on && nic_tx_desc_unused(tx) >= TX_WORST)
			netif_tx_start_queue(queue);
		return NETDEV_TX_BUSY;
	}
	tx->handed++;
	if (unlikely(nic_tx_fill(nic, skb, first))) {
		tx->refused++;
		dev_kfree_skb_any(skb);
		/* The tail was not written for packets before this one (xmit_more). */
		wr(nic, REG_TDT, tx->next_to_use);
		return NETDEV_TX_OK;
	}
	last = tx->staged ? tx->staged - 1 : tx->count - 1;
	tx->desc[last].lower |= cpu_to_le32(TXD_EOP | TXD_RS);

	buf = &tx->buf[first];
	buf->skb = skb;
	buf->last = last;
	buf->packets = 1;
	buf->bytes = skb->len;
	if (skb_is_gso(skb)) {
		buf->packets = skb_shinfo(skb)->gso_segs;
		buf->bytes += (buf->packets - 1) * (skb_transport_offset(skb) + tcp_hdrlen(skb));
	}
	skb_tx_timestamp(skb);
	nic_tx_publish(tx);
	devreset_busy(tx->node);
	nic_tx_stop_if_full(nic, queue);
	if (__netdev_tx_sent_queue(queue, skb->len, netdev_xmit_more()))
		wr(nic, REG_TDT, tx->next_to_use);
	return NETDEV_TX_OK;
}

/*
 * A no-op descriptor (context) that is reported when it was read: tx->probe_done is at
 * least @ticket then. -EAGAIN: the ring is full, so its progress can be observed.
 */
int nic_tx_send_probe(struct nic *nic, u32 *ticket)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->netdev, 0);
	struct tx_ring *tx = &nic->tx;
	int ret = 0;

	lockdep_assert_held(&nic->lock);
	if (!tx->on)
		return -EBUSY;
	__netif_tx_lock_bh(queue);
	if (nic_tx_desc_unused(tx) < TX_WORST) {
		ret = -EAGAIN;
	} else {
		struct tx_buf *buf = &tx->buf[tx->staged];

		nic_tx_put_context(tx, 0, TXD_DEXT | TXD_RS, 0);
		tx->context = 0;
		buf->last = tx->staged;
		buf->packets = 0;
		*ticket = ++tx->probe_seq;
		tx->staged = nic_tx_next(tx, tx->staged);
		nic_tx_publish(tx);
		devreset_busy(tx->node);
		wr(nic, REG_TDT, tx->next_to_use);
	}
	__netif_tx_unlock_bh(queue);
	return ret;
}

/* --- emptying ---------------------------------------------------------------------- */

/* Sums over a run of packets */
struct reaped {
	unsigned int skbs, packets, queued;
	u64 bytes;
};

/*
 * Free the packet, or count the probe, that begins at @i; with a negative @budget it is
 * dropped. Returns where the next one begins.
 */
static unsigned int nic_tx_reap(struct nic *nic, unsigned int i, struct reaped *sum, int budget)
{
	struct tx_ring *tx = &nic->tx;
	struct tx_buf *buf = &tx->buf[i];
	struct sk_buff *skb = buf->skb;
	unsigned int last = buf->last;

	if (skb) {
		sum->skbs++;
		sum->packets += buf->packets;
		sum->bytes += buf->bytes;
		sum->queued += skb->len;
		buf->skb = NULL;
		if (budget < 0)
			dev_kfree_skb_any(skb);
		else
			napi_consume_skb(skb, budget);
	} else if (budget >= 0) {
		WRITE_ONCE(tx->probe_done, tx->probe_done + 1);
	}
	for (;;) {
		nic_tx_unmap(nic, &tx->buf[i]);
		if (i == last)
			return nic_tx_next(tx, i);
		i = nic_tx_next(tx, i);
	}
}

static bool nic_tx_is_done(const struct tx_ring *tx, unsigned int i)
{
	unsigned int last = tx->buf[i].last;

	return READ_ONCE(tx->desc[last].upper) & cpu_to_le32(TXD_DD);
}

static void nic_tx_account_sent(struct tx_ring *tx, const struct reaped *sum)
{
	u64_stats_update_begin(&tx->sync);
	tx->sent += sum->skbs;
	tx->packets += sum->packets;
	tx->bytes += sum->bytes;
	u64_stats_update_end(&tx->sync);
}

/* For the poll function. Return: a packet or probe was completed. */
bool nic_tx_clean(struct nic *nic, int budget)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->netdev, 0);
	struct tx_ring *tx = &nic->tx;
	unsigned int use, i = tx->next_to_clean;
	struct reaped sum = { };

	/* What is in the ring up to there is written. */
	use = smp_load_acquire(&tx->next_to_use);
	if (i == use)
		return false;
	while (i != use && nic_tx_is_done(tx, i)) {
		dma_rmb();
		i = nic_tx_reap(nic, i, &sum, budget);
	}
	if (i == tx->next_to_clean)
		return false;
	/* Pairs with nic_tx_desc_unused(). */
	smp_store_release(&tx->next_to_clean, i);
	if (i == READ_ONCE(tx->next_to_use))
		devreset_idle(tx->node);
	else
		devreset_progress(tx->node);
	nic_tx_account_sent(tx, &sum);
	netdev_tx_completed_queue(queue, sum.skbs, sum.queued);
	/*
	 * Pairs with nic_tx_stop_if_full(). It also orders stopping the ring's clock before
	 * arming the adapter's in nic_poll(): see nic_look_after_tx().
	 */
	smp_mb();
	if (unlikely(netif_tx_queue_stopped(queue)) && nic_tx_desc_unused(tx) >= 2 * TX_WORST)
		netif_tx_wake_queue(queue);
	return true;
}

/* --- starting and stopping ----------------------------------------------------------- */

/* The ring is not in use, neither by the device nor by the driver. */
void nic_tx_program(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;

	wr(nic, REG_TCTL, nic_tctl(nic));
	wr(nic, REG_TDBAH, upper_32_bits(tx->dma));
	wr(nic, REG_TDBAL, lower_32_bits(tx->dma));
	wr(nic, REG_TDLEN, tx->count * sizeof(*tx->desc));
	wr(nic, REG_TDH, 0);
	wr(nic, REG_TDT, 0);
	wr(nic, REG_TXDCTL, TXDCTL_WRITE_BACK);
}

bool nic_tx_programmed(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;

	return rd(nic, REG_TDBAL) == lower_32_bits(tx->dma) &&
	       rd(nic, REG_TDBAH) == upper_32_bits(tx->dma) &&
	       rd(nic, REG_TDLEN) == tx->count * sizeof(*tx->desc);
}

void nic_tx_start(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;

	memset(tx->desc, 0, tx->count * sizeof(*tx->desc));
	tx->next_to_use = 0;
	tx->staged = 0;
	tx->next_to_clean = 0;
	tx->context = 0;
	netdev_tx_reset_queue(netdev_get_tx_queue(nic->netdev, 0));
	nic_tx_program(nic);
	wr(nic, REG_TCTL, nic_tctl(nic) | TCTL_EN);
	tx->prove = true;
	tx->ran = false;
	tx->on = true;
}

/*
 * The queue is stopped, and the poll function does not run. What the device has
 * not reported as sent is dropped: it may have been sent, and must not be sent twice.
 */
void nic_tx_stop(struct nic *nic)
{
	struct reaped sent = { }, dropped = { };
	struct tx_ring *tx = &nic->tx;
	unsigned int i = tx->next_to_clean;

	wr(nic, REG_TCTL, nic_tctl(nic));
	/* The device finishes reading a packet. */
	usleep_range(1000, 2000);
	/* If the stop was not acknowledged, it must not read what is about to be freed. */
	if (!nic_alive(nic) || rd(nic, REG_TCTL) & TCTL_EN)
		pci_clear_master(nic->pdev);
	local_bh_disable();
	while (i != tx->next_to_use)
		i = nic_tx_is_done(tx, i) ? nic_tx_reap(nic, i, &sent, 0) :
					    nic_tx_reap(nic, i, &dropped, -1);
	nic_tx_account_sent(tx, &sent);
	u64_stats_update_begin(&tx->sync);
	tx->dropped += dropped.skbs;
	u64_stats_update_end(&tx->sync);
	local_bh_enable();
	tx->next_to_clean = i;
	if (tx->probe_done != tx->probe_seq)
		WRITE_ONCE(tx->probe_lost, tx->probe_seq);
	/* Pairs with nic_has_answered(). */
	smp_store_release(&tx->probe_done, tx->probe_seq);
	wake_up(&nic->wait);
	netdev_tx_reset_queue(netdev_get_tx_queue(nic->netdev, 0));
	devreset_idle(tx->node);
	tx->on = false;
}
