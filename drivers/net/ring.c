// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the rings, which are there while the interface is up.
 */
#include <linux/dma-mapping.h>
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

/* Both stand. Without memory for the new ones, the old ones stay. */
int nic_resize_rings(struct nic *nic, unsigned int tx, unsigned int rx)
{
	struct tx_ring new_tx = { };
	struct rx_ring new_rx = { };
	int ret;

	/*
	 * Has it stopped? See nic_stop(). While the adapter is reset, or what is above
	 * it, adapter_quiesce() has seen to that.
	 */
	if (!(nic->halted & HALT_ADAPTER) && !nic_hush(nic))
		return -EIO;
	ret = alloc_tx(nic, &new_tx, tx);
	if (ret)
		return ret;
	ret = alloc_rx(nic, &new_rx, rx);
	if (ret) {
		free_tx(nic, &new_tx);
		return ret;
	}
	nic_free_rings(nic);
	nic->tx.desc = new_tx.desc;
	nic->tx.buf = new_tx.buf;
	nic->tx.dma = new_tx.dma;
	nic->tx.count = tx;
	nic->rx.desc = new_rx.desc;
	nic->rx.buf = new_rx.buf;
	nic->rx.dma = new_rx.dma;
	nic->rx.count = rx;
	return 0;
}
