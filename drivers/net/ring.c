// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the rings, which are there while the interface is up.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "net.h"

static int alloc_tx(struct nic *nic, struct tx_ring *tx, unsigned int count)
{
	tx->buf = kvcalloc(count, sizeof(*tx->buf), GFP_KERNEL);
	if (!tx->buf)
		return -ENOMEM;
	tx->desc = dma_alloc_coherent(&nic->pdev->dev, count * sizeof(*tx->desc),
				      &tx->dma, GFP_KERNEL);
	if (!tx->desc) {
		kvfree(tx->buf);
		return -ENOMEM;
	}
	tx->count = count;
	tx->ran = false;
	return 0;
}

static int alloc_rx(struct nic *nic, struct rx_ring *rx, unsigned int count)
{
	rx->buf = kvcalloc(count, sizeof(*rx->buf), GFP_KERNEL);
	if (!rx->buf)
		return -ENOMEM;
	rx->desc = dma_alloc_coherent(&nic->pdev->dev, count * sizeof(*rx->desc),
				      &rx->dma, GFP_KERNEL);
	if (!rx->desc) {
		kvfree(rx->buf);
		return -ENOMEM;
	}
	rx->count = count;
	rx->ran = false;
	return 0;
}

static void free_tx(struct nic *nic, struct tx_ring *tx)
{
	dma_free_coherent(&nic->pdev->dev, tx->count * sizeof(*tx->desc), tx->desc, tx->dma);
	kvfree(tx->buf);
}

static void free_rx(struct nic *nic, struct rx_ring *rx)
{
	dma_free_coherent(&nic->pdev->dev, rx->count * sizeof(*rx->desc), rx->desc, rx->dma);
	kvfree(rx->buf);
}

int nic_alloc_rings(struct nic *nic)
{
	int ret;

	ret = alloc_tx(nic, &nic->tx, nic->tx.count);
	if (ret)
		return ret;
	ret = alloc_rx(nic, &nic->rx, nic->rx.count);
	if (ret)
		free_tx(nic, &nic->tx);
	return ret;
}

/* Both stand, and hold no packet. */
void nic_free_rings(struct nic *nic)
{
	nic_rx_drop(nic);
	free_tx(nic, &nic->tx);
	free_rx(nic, &nic->rx);
}

/* Their memory; what else is known of them stays. */
static void swap_rings(struct nic *nic, struct tx_ring *tx, struct rx_ring *rx)
{
	swap(nic->tx.desc, tx->desc);
	swap(nic->tx.buf, tx->buf);
	swap(nic->tx.dma, tx->dma);
	swap(nic->tx.count, tx->count);
	swap(nic->rx.desc, rx->desc);
	swap(nic->rx.buf, rx->buf);
	swap(nic->rx.dma, rx->dma);
	swap(nic->rx.count, rx->count);
	/* The device has never heard of these. */
	nic->tx.ran = false;
	nic->rx.ran = false;
}

static int exchange(struct nic *nic, struct tx_ring *tx, struct rx_ring *rx)
{
	int ret = 0;

	mutex_lock(&nic->lock);
	nic_halt(nic, HALT_CONFIG);
	/*
	 * Has it stopped? See nic_stop(). While the adapter is reset, or what is above
	 * it, adapter_quiesce() has seen to that.
	 */
	if (!(nic->halted & HALT_ADAPTER) && !nic_hush(nic)) {
		ret = -EIO;
	} else {
		nic_rx_drop(nic);
		swap_rings(nic, tx, rx);
	}
	nic_go(nic, HALT_CONFIG);
	mutex_unlock(&nic->lock);
	return ret;
}

/*
 * With rtnl held, so that it stays up, and without nic->lock: memory may have to be
 * made free over this very adapter. Without memory for the new ones, the old ones stay.
 */
int nic_resize_rings(struct nic *nic, unsigned int tx, unsigned int rx)
{
	struct tx_ring new_tx = { };
	struct rx_ring new_rx = { };
	int ret;

	ASSERT_RTNL();
	ret = alloc_tx(nic, &new_tx, tx);
	if (ret)
		return ret;
	ret = alloc_rx(nic, &new_rx, rx);
	if (!ret) {
		/* Now these are the ones to be given back, old or new. */
		ret = exchange(nic, &new_tx, &new_rx);
		free_rx(nic, &new_rx);
	}
	free_tx(nic, &new_tx);
	return ret;
}
