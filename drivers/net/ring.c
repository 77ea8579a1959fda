// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the rings, which are there while the interface is up.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "net.h"

static int nic_alloc_tx(struct nic *nic, struct tx_ring *tx, unsigned int count)
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

static int nic_alloc_rx(struct nic *nic, struct rx_ring *rx, unsigned int count)
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

static void nic_free_tx(struct nic *nic, struct tx_ring *tx)
{
	dma_free_coherent(&nic->pdev->dev, tx->count * sizeof(*tx->desc), tx->desc, tx->dma);
	kvfree(tx->buf);
}

static void nic_free_rx(struct nic *nic, struct rx_ring *rx)
{
	dma_free_coherent(&nic->pdev->dev, rx->count * sizeof(*rx->desc), rx->desc, rx->dma);
	kvfree(rx->buf);
}

int nic_alloc_rings(struct nic *nic)
{
	int ret;

	ret = nic_alloc_tx(nic, &nic->tx, nic->tx.count);
	if (ret)
		return ret;
	ret = nic_alloc_rx(nic, &nic->rx, nic->rx.count);
	if (ret)
		nic_free_tx(nic, &nic->tx);
	return ret;
}

/* Both are stopped and empty. */
void nic_free_rings(struct nic *nic)
{
	nic_rx_drop(nic);
	nic_free_tx(nic, &nic->tx);
	nic_free_rx(nic, &nic->rx);
}

/* Swap the memory only: counters and the like stay. */
static void nic_swap_rings(struct nic *nic, struct tx_ring *tx, struct rx_ring *rx)
{
	swap(nic->tx.desc, tx->desc);
	swap(nic->tx.buf, tx->buf);
	swap(nic->tx.dma, tx->dma);
	swap(nic->tx.count, tx->count);
	swap(nic->rx.desc, rx->desc);
	swap(nic->rx.buf, rx->buf);
	swap(nic->rx.dma, rx->dma);
	swap(nic->rx.count, rx->count);
	/* The device has no address of these. */
	nic->tx.ran = false;
	nic->rx.ran = false;
}

static int nic_exchange(struct nic *nic, struct tx_ring *tx, struct rx_ring *rx)
{
	int ret = 0;

	mutex_lock(&nic->lock);
	nic_quiesce(nic, STOP_CONFIG);
	/*
	 * Has it stopped? See nic_stop(). While the adapter is reset, or what is above
	 * it, adapter_quiesce() has seen to that.
	 */
	if (!(nic->stop_reasons & STOP_ADAPTER) && !nic_disable_units(nic)) {
		ret = -EIO;
	} else {
		nic_rx_drop(nic);
		nic_swap_rings(nic, tx, rx);
	}
	nic_unquiesce(nic, STOP_CONFIG);
	mutex_unlock(&nic->lock);
	return ret;
}

/*
 * With rtnl held, so that it stays up, and without nic->lock: reclaim may need this very
 * adapter. Without memory for the new ones, the old ones stay.
 */
int nic_resize_rings(struct nic *nic, unsigned int tx, unsigned int rx)
{
	struct tx_ring new_tx = { };
	struct rx_ring new_rx = { };
	int ret;

	ASSERT_RTNL();
	ret = nic_alloc_tx(nic, &new_tx, tx);
	if (ret)
		return ret;
	ret = nic_alloc_rx(nic, &new_rx, rx);
	if (!ret) {
		/* Free those that are not in use now, old or new. */
		ret = nic_exchange(nic, &new_tx, &new_rx);
		nic_free_rx(nic, &new_rx);
	}
	nic_free_tx(nic, &new_tx);
	return ret;
}
