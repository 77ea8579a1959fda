// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving. The device may write 2048 bytes to a buffer, whatever the MTU; a frame
 * that takes more of them becomes a packet with fragments. What a packet needs behind
 * its bytes may lie in those 2048 if frames should be ordinary. A frame that leaves no
 * room for that is copied. So is a short one, whose buffer is used again.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include "net.h"

#define BUF_BYTES	2048
#define BUF_ROOM	(NET_SKB_PAD + NET_IP_ALIGN)
/* An ordinary frame; ample for two VLAN tags */
#define FRAME_BYTES	1536
#define COPY_BELOW	256
/* Buffers are given to the device so many at a time */
#define BATCH		16

static unsigned int nic_rx_next(const struct rx_ring *rx, unsigned int i)
{
	return i + 1 == rx->count ? 0 : i + 1;
}

static void nic_rx_unmap(struct nic *nic, struct rx_buf *buf)
{
	dma_unmap_single(&nic->pdev->dev, buf->dma, BUF_BYTES, DMA_FROM_DEVICE);
}

/* --- buffers -------------------------------------------------------------------- */

/* For frames of this MTU, but in any case for what the device may write */
static unsigned int nic_rx_buf_size(unsigned int mtu)
{
	unsigned int bytes = mtu > ETH_DATA_LEN ? BUF_BYTES : FRAME_BYTES;

	return max_t(unsigned int, SKB_DATA_ALIGN(BUF_ROOM + BUF_BYTES),
		     SKB_DATA_ALIGN(BUF_ROOM + bytes) +
		     SKB_DATA_ALIGN(sizeof(struct skb_shared_info)));
}

/* For a frame, in front of what a packet needs behind it */
static unsigned int nic_rx_desc_unused(const struct rx_buf *buf)
{
	return SKB_WITH_OVERHEAD(buf->size) - BUF_ROOM;
}

static int nic_rx_get_buf(struct nic *nic, struct rx_buf *buf)
{
	unsigned int size = nic_rx_buf_size(READ_ONCE(nic->netdev->mtu));
	void *data = napi_alloc_frag(size);
	dma_addr_t dma;

	if (unlikely(!data))
		return -ENOMEM;
	dma = dma_map_single(&nic->pdev->dev, data + BUF_ROOM, BUF_BYTES, DMA_FROM_DEVICE);
	if (unlikely(dma_mapping_error(&nic->pdev->dev, dma))) {
		skb_free_frag(data);
		return -ENOMEM;
	}
	buf->data = data;
	buf->dma = dma;
	buf->size = size;
	return 0;
}

static void nic_rx_put_buf(struct nic *nic, struct rx_buf *buf)
{
	nic_rx_unmap(nic, buf);
	skb_free_frag(buf->data);
	buf->data = NULL;
}

static unsigned int nic_rx_wanted(const struct rx_ring *rx)
{
	return (rx->next_to_clean > rx->next_to_use ? 0 : rx->count) +
	       rx->next_to_clean - rx->next_to_use - 1;
}

/* Give the device what has been used up, with softirqs off. False: there was no memory. */
static bool nic_rx_refill(struct nic *nic, unsigned int n)
{
	struct rx_ring *rx = &nic->rx;
	unsigned int i = rx->next_to_use;

	if (!n)
		return true;
	for (; n; n--) {
		struct rx_desc *desc = &rx->desc[i];

		if (!rx->buf[i].data && nic_rx_get_buf(nic, &rx->buf[i]))
			break;
		desc->addr = cpu_to_le64(rx->buf[i].dma);
		desc->status = 0;
		i = nic_rx_next(rx, i);
	}
	if (i != rx->next_to_use) {
		rx->next_to_use = i;
		dma_wmb();
		wr(nic, REG_RDT, i);
	}
	return !n;
}

/* --- a frame ---------------------------------------------------------------------- */

static void nic_rx_set_checksum(struct nic *nic, const struct rx_desc *desc, struct sk_buff *skb)
{
	if (!(nic->netdev->features & NETIF_F_RXCSUM) || desc->status & RXD_IXSM ||
	    desc->errors & RXD_ERR_CSUM)
		return;
	if (desc->status & RXD_TCPCS)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
}

static void nic_rx_deliver(struct nic *nic, const struct rx_desc *desc, struct sk_buff *skb)
{
	nic_rx_set_checksum(nic, desc, skb);
	if (desc->status & RXD_VP)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), le16_to_cpu(desc->vlan));
	skb->protocol = eth_type_trans(skb, nic->netdev);
	napi_gro_receive(&nic->napi, skb);
}

/* A short frame, or what leaves no room in its buffer, which stays where it is */
static struct sk_buff *nic_rx_copy(struct nic *nic, struct rx_buf *buf, unsigned int len)
{
	struct sk_buff *skb = napi_alloc_skb(&nic->napi, len);

	if (unlikely(!skb))
		return NULL;
	dma_sync_single_for_cpu(&nic->pdev->dev, buf->dma, len, DMA_FROM_DEVICE);
	skb_put_data(skb, buf->data + BUF_ROOM, len);
	dma_sync_single_for_device(&nic->pdev->dev, buf->dma, len, DMA_FROM_DEVICE);
	return skb;
}

static struct sk_buff *nic_rx_begin(struct nic *nic, struct rx_buf *buf, unsigned int len)
{
	struct sk_buff *skb;

	if (unlikely(len > nic_rx_desc_unused(buf))) {
		skb = nic_rx_copy(nic, buf, len);
		/* The next one is for frames as they come now. */
		nic_rx_put_buf(nic, buf);
		return skb;
	}
	nic_rx_unmap(nic, buf);
	skb = napi_build_skb(buf->data, buf->size);
	if (unlikely(!skb)) {
		skb_free_frag(buf->data);
	} else {
		skb_reserve(skb, BUF_ROOM);
		__skb_put(skb, len);
	}
	buf->data = NULL;
	return skb;
}

static bool nic_rx_append(struct nic *nic, struct sk_buff *skb, struct rx_buf *buf,
			  unsigned int len)
{
	struct page *page = virt_to_head_page(buf->data);

	if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
		return false;
	nic_rx_unmap(nic, buf);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page,
			buf->data + BUF_ROOM - page_address(page), len, buf->size);
	buf->data = NULL;
	return true;
}

/* Counted once, as @why */
static void nic_rx_give_up(struct rx_ring *rx, const struct rx_desc *desc, u64 *why)
{
	dev_kfree_skb_any(rx->skb);
	rx->skb = NULL;
	rx->skip = !(desc->status & RXD_EOP);
	WRITE_ONCE(*why, *why + 1);
}

/* One buffer. Returns the bytes of the frame that it completes, or 0. */
static unsigned int nic_rx_take(struct nic *nic, struct rx_desc *desc, struct rx_buf *buf)
{
	unsigned int len = le16_to_cpu(desc->length);
	bool end = desc->status & RXD_EOP;
	struct rx_ring *rx = &nic->rx;
	struct sk_buff *skb = rx->skb;

	if (unlikely(rx->skip)) {
		rx->skip = !end;
		return 0;
	}
	if (unlikely(len > BUF_BYTES || (end && desc->errors & RXD_ERR_FRAME))) {
		nic_rx_give_up(rx, desc, &rx->errors);
		return 0;
	}
	if (skb) {
		if (!nic_rx_append(nic, skb, buf, len)) {
			nic_rx_give_up(rx, desc, &rx->dropped);
			return 0;
		}
	} else {
		skb = end && len <= COPY_BELOW ? nic_rx_copy(nic, buf, len) :
						 nic_rx_begin(nic, buf, len);
		if (unlikely(!skb)) {
			nic_rx_give_up(rx, desc, &rx->dropped);
			return 0;
		}
	}
	rx->skb = end ? NULL : skb;
	if (!end)
		return 0;
	if (unlikely(skb_headlen(skb) < ETH_HLEN)) {
		rx->skb = skb;
		nic_rx_give_up(rx, desc, &rx->errors);
		return 0;
	}
	len = skb->len;
	nic_rx_deliver(nic, desc, skb);
	return len;
}

/* For the poll function: frames received; @budget if there may be more. */
int nic_rx_poll(struct nic *nic, int budget)
{
	struct rx_ring *rx = &nic->rx;
	unsigned int packets = 0, n;
	u64 bytes = 0;
	int done = 0;

	if (!rx->on)
		return 0;
	for (; done < budget; done++) {
		struct rx_desc *desc = &rx->desc[rx->next_to_clean];

		if (!(READ_ONCE(desc->status) & RXD_DD) || rx->next_to_clean == rx->next_to_use)
			break;
		dma_rmb();
		n = nic_rx_take(nic, desc, &rx->buf[rx->next_to_clean]);
		if (n) {
			packets++;
			bytes += n;
		}
		/* Not to be seen again before the device has written it, nor written to. */
		desc->status = 0;
		desc->addr = 0;
		rx->next_to_clean = nic_rx_next(rx, rx->next_to_clean);
		if (nic_rx_wanted(rx) >= BATCH)
			nic_rx_refill(nic, nic_rx_wanted(rx));
	}
	if (done) {
		u64_stats_update_begin(&rx->sync);
		rx->packets += packets;
		rx->bytes += bytes;
		u64_stats_update_end(&rx->sync);
	}
	/* Poll again until there is memory: without a buffer there is no interrupt. */
	return nic_rx_wanted(rx) < BATCH || nic_rx_refill(nic, nic_rx_wanted(rx)) ? done : budget;
}

/* --- starting and stopping --------------------------------------------------------- */

/* The ring is not in use, neither by the device nor by the driver. */
void nic_rx_program(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;

	wr(nic, REG_RDBAH, upper_32_bits(rx->dma));
	wr(nic, REG_RDBAL, lower_32_bits(rx->dma));
	wr(nic, REG_RDLEN, rx->count * sizeof(*rx->desc));
	wr(nic, REG_RDH, 0);
	wr(nic, REG_RDT, 0);
}

bool nic_rx_programmed(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;

	return rd(nic, REG_RDBAL) == lower_32_bits(rx->dma) &&
	       rd(nic, REG_RDBAH) == upper_32_bits(rx->dma) &&
	       rd(nic, REG_RDLEN) == rx->count * sizeof(*rx->desc);
}

void nic_rx_start(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;
	bool filled;

	memset(rx->desc, 0, rx->count * sizeof(*rx->desc));
	rx->next_to_use = 0;
	rx->next_to_clean = 0;
	rx->skip = false;
	nic_rx_program(nic);
	rx->ran = false;
	rx->on = true;
	nic_update_rctl(nic);
	do {
		local_bh_disable();
		filled = nic_rx_refill(nic, min_t(unsigned int, nic_rx_wanted(rx), BATCH));
		local_bh_enable();
	} while (filled && nic_rx_wanted(rx));
}

/* The poll function does not run. Buffers stay; an incomplete frame is dropped. */
void nic_rx_stop(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;

	rx->on = false;
	nic_update_rctl(nic);
	/* The device finishes writing a frame. */
	usleep_range(1000, 2000);
	dev_kfree_skb_any(rx->skb);
	rx->skb = NULL;
	devreset_idle(rx->node);
}

/* The ring is stopped: free its buffers. */
void nic_rx_drop(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;
	unsigned int i;

	for (i = 0; i < rx->count; i++)
		if (rx->buf[i].data)
			nic_rx_put_buf(nic, &rx->buf[i]);
}
