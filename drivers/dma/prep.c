// SPDX-License-Identifier: GPL-2.0
/*
 * Preparation of descriptors. Refused, with NULL, is what the engine cannot do (an
 * edu that is told to leave its buffer aborts QEMU), and addresses without memory.
 *
 * Clients pass bus addresses, and the processor does the last copy. Engines are only
 * made where a bus address is a physical one: see engine_create().
 */
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include "dma.h"

/* Of a descriptor */
#define MAX_SEGMENTS	1024

/*
 * The kernel's address of it, or NULL: there is no memory. A hole is no smaller than a
 * section, and that is no smaller than a segment: to check both ends is enough.
 */
static void *ddma_prep_memory(struct channel *c, dma_addr_t addr, size_t len)
{
	dma_addr_t last = addr + len - 1;

	if (last < addr || last > dma_get_mask(c->engine->dma.dev))
		return NULL;
	if (!pfn_valid(PHYS_PFN(addr)))
		return NULL;
	if (PHYS_PFN(last) != PHYS_PFN(addr) && !pfn_valid(PHYS_PFN(last)))
		return NULL;
	return phys_to_virt(addr);
}

/* Return: false if @desc cannot have this segment. */
static bool ddma_prep_add_segment(struct ddma_desc *desc, u32 *at, dma_addr_t dst,
				  dma_addr_t src, size_t len)
{
	struct channel *c = to_channel(desc->tx.chan);
	struct segment *segment = &desc->segment[*at];

	if (!len || len > c->engine->ops->max_len - desc->len)
		return false;
	segment->dst = ddma_prep_memory(c, dst, len);
	segment->src = desc->kind == DESC_FILL ? segment->dst : ddma_prep_memory(c, src, len);
	if (!segment->dst || !segment->src)
		return false;
	segment->len = len;
	desc->len += len;
	++*at;
	return true;
}

static struct dma_async_tx_descriptor *ddma_prep_refuse(struct ddma_desc *desc)
{
	struct channel *c = to_channel(desc->tx.chan);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	list_del(&desc->link);
	spin_unlock_irqrestore(&c->lock, flags);
	desc_free(c, desc);
	return NULL;
}

/* --- what clients do with it -------------------------------------------------------- */

static dma_cookie_t ddma_prep_submit(struct dma_async_tx_descriptor *tx)
{
	struct channel *c = to_channel(tx->chan);
	struct ddma_desc *desc = to_desc(tx);
	dma_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->halted & STOP_GONE) {
		/* Stays in c->prepared, and is freed with those. */
		cookie = -ENODEV;
	} else {
		cookie = cookie_after(tx->chan->cookie);
		tx->cookie = cookie;
		tx->chan->cookie = cookie;
		c->outstanding[cookie % MAX_DESCS] = desc;
		c->n_submitted++;
		failures_submitted(c);
		desc_put_word(desc, DEVRESET_DMA_ARMED);
		list_move_tail(&desc->link, &c->submitted);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return cookie;
}

/* The completion word; before the descriptor is submitted. */
static int ddma_prep_attach(struct dma_async_tx_descriptor *tx, void *data, size_t len)
{
	struct ddma_desc *desc = to_desc(tx);

	if (len != sizeof(u64) || !IS_ALIGNED((unsigned long)data, sizeof(u64)) || tx->cookie)
		return -EINVAL;
	desc->word = data;
	return 0;
}

static struct dma_descriptor_metadata_ops metadata_ops = {
	.attach = ddma_prep_attach,
};

static struct ddma_desc *ddma_prep_new_desc(struct dma_chan *chan, enum desc_kind kind,
					    unsigned int segments, unsigned long flags)
{
	struct ddma_desc *desc;

	if (!segments || segments > MAX_SEGMENTS)
		return NULL;
	desc = desc_alloc(to_channel(chan), segments, flags);
	if (!desc)
		return NULL;
	desc->kind = kind;
	desc->tx.tx_submit = ddma_prep_submit;
	desc->tx.metadata_ops = &metadata_ops;
	return desc;
}

/* --- what can be asked for ----------------------------------------------------------- */

static struct dma_async_tx_descriptor *
ddma_prep_memcpy(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src, size_t len,
		 unsigned long flags)
{
	struct ddma_desc *desc = ddma_prep_new_desc(chan, DESC_COPY, 1, flags);
	u32 at = 0;

	if (!desc)
		return NULL;
	return ddma_prep_add_segment(desc, &at, dst, src, len) ? &desc->tx : ddma_prep_refuse(desc);
}

static struct dma_async_tx_descriptor *
ddma_prep_memset(struct dma_chan *chan, dma_addr_t dst, int value, size_t len,
		 unsigned long flags)
{
	struct ddma_desc *desc = ddma_prep_new_desc(chan, DESC_FILL, 1, flags);
	u32 at = 0;

	if (!desc)
		return NULL;
	desc->value = value;
	return ddma_prep_add_segment(desc, &at, dst, 0, len) ? &desc->tx : ddma_prep_refuse(desc);
}

static struct dma_async_tx_descriptor *
ddma_prep_memset_sg(struct dma_chan *chan, struct scatterlist *sgl, unsigned int nents,
		    int value, unsigned long flags)
{
	struct ddma_desc *desc = ddma_prep_new_desc(chan, DESC_FILL, nents, flags);
	struct scatterlist *sg;
	u32 i, at = 0;

	if (!desc)
		return NULL;
	desc->value = value;
	for_each_sg(sgl, sg, nents, i)
		if (!ddma_prep_add_segment(desc, &at, sg_dma_address(sg), 0, sg_dma_len(sg)))
			return ddma_prep_refuse(desc);
	return &desc->tx;
}

static bool ddma_prep_add_frames(struct ddma_desc *desc, struct dma_interleaved_template *xt)
{
	dma_addr_t dst = xt->dst_start, src = xt->src_start;
	size_t frame, i;
	u32 at = 0;

	for (frame = 0; frame < xt->numf; frame++) {
		for (i = 0; i < xt->frame_size; i++) {
			struct data_chunk *chunk = &xt->sgl[i];

			if (!ddma_prep_add_segment(desc, &at, dst, src, chunk->size))
				return false;
			dst += chunk->size + dmaengine_get_dst_icg(xt, chunk);
			src += chunk->size + dmaengine_get_src_icg(xt, chunk);
		}
	}
	return true;
}

/* Scatter-gather without a slave, as dmaengine has it. */
static struct dma_async_tx_descriptor *
ddma_prep_interleaved(struct dma_chan *chan, struct dma_interleaved_template *xt,
		      unsigned long flags)
{
	struct ddma_desc *desc;

	if (xt->dir != DMA_MEM_TO_MEM || !xt->src_inc || !xt->dst_inc ||
	    flags & (DMA_PREP_REPEAT | DMA_PREP_LOAD_EOT) ||
	    xt->numf > MAX_SEGMENTS || xt->frame_size > MAX_SEGMENTS)
		return NULL;
	desc = ddma_prep_new_desc(chan, DESC_COPY, xt->numf * xt->frame_size, flags);
	if (!desc)
		return NULL;
	return ddma_prep_add_frames(desc, xt) ? &desc->tx : ddma_prep_refuse(desc);
}

/* The slave's address, if it was configured; the slave is memory, too. */
static bool ddma_prep_slave_address(struct channel *c, enum dma_transfer_direction direction,
				    dma_addr_t *addr)
{
	phys_addr_t phys;
	unsigned long flags;
	bool configured;

	spin_lock_irqsave(&c->lock, flags);
	configured = c->configured;
	phys = direction == DMA_MEM_TO_DEV ? c->config.dst_addr : c->config.src_addr;
	spin_unlock_irqrestore(&c->lock, flags);
	*addr = phys;
	return configured && phys;
}

/* Each period to, or from, the same window of memory. */
static struct dma_async_tx_descriptor *
ddma_prep_cyclic(struct dma_chan *chan, dma_addr_t buf, size_t len, size_t period,
		 enum dma_transfer_direction direction, unsigned long flags)
{
	struct channel *c = to_channel(chan);
	bool out = direction == DMA_MEM_TO_DEV;
	dma_addr_t slave;
	struct ddma_desc *desc;
	u32 at = 0;

	if ((!out && direction != DMA_DEV_TO_MEM) ||
	    !ddma_prep_slave_address(c, direction, &slave) ||
	    !period || len > c->engine->ops->max_len || len % period)
		return NULL;
	desc = ddma_prep_new_desc(chan, DESC_CYCLE, len / period, flags);
	if (!desc)
		return NULL;
	for (; at < desc->segments; buf += period)
		if (!ddma_prep_add_segment(desc, &at, out ? slave : buf, out ? buf : slave, period))
			return ddma_prep_refuse(desc);
	return &desc->tx;
}

void prep_setup(struct dma_device *dma)
{
	if (dma_has_cap(DMA_MEMCPY, dma->cap_mask))
		dma->device_prep_dma_memcpy = ddma_prep_memcpy;
	if (dma_has_cap(DMA_MEMSET, dma->cap_mask))
		dma->device_prep_dma_memset = ddma_prep_memset;
	if (dma_has_cap(DMA_MEMSET_SG, dma->cap_mask))
		dma->device_prep_dma_memset_sg = ddma_prep_memset_sg;
	if (dma_has_cap(DMA_INTERLEAVE, dma->cap_mask))
		dma->device_prep_interleaved_dma = ddma_prep_interleaved;
	if (dma_has_cap(DMA_CYCLIC, dma->cap_mask))
		dma->device_prep_dma_cyclic = ddma_prep_cyclic;
}
