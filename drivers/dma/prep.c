// SPDX-License-Identifier: GPL-2.0
/*
 * What may become a descriptor: nothing that the engine could not do (an edu
 * that is told to leave its memory takes QEMU with it), and no address that has no
 * memory behind it. What may not is refused here, with NULL.
 *
 * Clients pass bus addresses, and the processor does the last copy. Engines are only
 * there where a bus address is a physical one: see engine_create().
 */
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include "dma.h"

/* Of a job */
#define MOST_PIECES	1024

/*
 * Where the processor finds it, or NULL: there is no memory. A hole is no smaller than
 * a block of pages, and that is no smaller than a piece: to look at both ends is enough.
 */
static void *memory(struct channel *c, dma_addr_t addr, size_t len)
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

/* Add one piece; false: impossible. */
static bool add_piece(struct job *job, u32 *at, dma_addr_t dst, dma_addr_t src, size_t len)
{
	struct channel *c = to_channel(job->tx.chan);
	struct piece *piece = &job->piece[*at];

	if (!len || len > c->engine->ops->max_len - job->len)
		return false;
	piece->dst = memory(c, dst, len);
	piece->src = job->kind == JOB_FILL ? piece->dst : memory(c, src, len);
	if (!piece->dst || !piece->src)
		return false;
	piece->len = len;
	job->len += len;
	++*at;
	return true;
}

static struct dma_async_tx_descriptor *refuse(struct job *job)
{
	struct channel *c = to_channel(job->tx.chan);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	list_del(&job->link);
	spin_unlock_irqrestore(&c->lock, flags);
	job_free(c, job);
	return NULL;
}

/* --- what clients do with it -------------------------------------------------------- */

static dma_cookie_t submit(struct dma_async_tx_descriptor *tx)
{
	struct channel *c = to_channel(tx->chan);
	struct job *job = to_job(tx);
	dma_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->halted & HALT_GONE) {
		/* Stays among the prepared ones, and goes with them. */
		cookie = -ENODEV;
	} else {
		cookie = cookie_after(tx->chan->cookie);
		tx->cookie = cookie;
		tx->chan->cookie = cookie;
		c->outstanding[cookie % MOST_JOBS] = job;
		c->n_submitted++;
		failures_submitted(c);
		job_put_word(job, DEVRESET_DMA_ARMED);
		list_move_tail(&job->link, &c->submitted);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return cookie;
}

/* The completion word; before the descriptor is submitted. */
static int attach(struct dma_async_tx_descriptor *tx, void *data, size_t len)
{
	struct job *job = to_job(tx);

	if (len != sizeof(u64) || !IS_ALIGNED((unsigned long)data, sizeof(u64)) || tx->cookie)
		return -EINVAL;
	job->word = data;
	return 0;
}

static struct dma_descriptor_metadata_ops metadata_ops = {
	.attach = attach,
};

static struct job *new_job(struct dma_chan *chan, enum job_kind kind,
			   unsigned int pieces, unsigned long flags)
{
	struct job *job;

	if (!pieces || pieces > MOST_PIECES)
		return NULL;
	job = job_alloc(to_channel(chan), pieces, flags);
	if (!job)
		return NULL;
	job->kind = kind;
	job->tx.tx_submit = submit;
	job->tx.metadata_ops = &metadata_ops;
	return job;
}

/* --- what can be asked for ----------------------------------------------------------- */

static struct dma_async_tx_descriptor *
prep_memcpy(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src, size_t len,
	    unsigned long flags)
{
	struct job *job = new_job(chan, JOB_COPY, 1, flags);
	u32 at = 0;

	if (!job)
		return NULL;
	return add_piece(job, &at, dst, src, len) ? &job->tx : refuse(job);
}

static struct dma_async_tx_descriptor *
prep_memset(struct dma_chan *chan, dma_addr_t dst, int value, size_t len,
	    unsigned long flags)
{
	struct job *job = new_job(chan, JOB_FILL, 1, flags);
	u32 at = 0;

	if (!job)
		return NULL;
	job->value = value;
	return add_piece(job, &at, dst, 0, len) ? &job->tx : refuse(job);
}

static struct dma_async_tx_descriptor *
prep_memset_sg(struct dma_chan *chan, struct scatterlist *sgl, unsigned int nents,
	       int value, unsigned long flags)
{
	struct job *job = new_job(chan, JOB_FILL, nents, flags);
	struct scatterlist *sg;
	u32 i, at = 0;

	if (!job)
		return NULL;
	job->value = value;
	for_each_sg(sgl, sg, nents, i)
		if (!add_piece(job, &at, sg_dma_address(sg), 0, sg_dma_len(sg)))
			return refuse(job);
	return &job->tx;
}

static bool add_frames(struct job *job, struct dma_interleaved_template *xt)
{
	dma_addr_t dst = xt->dst_start, src = xt->src_start;
	size_t frame, i;
	u32 at = 0;

	for (frame = 0; frame < xt->numf; frame++) {
		for (i = 0; i < xt->frame_size; i++) {
			struct data_chunk *chunk = &xt->sgl[i];

			if (!add_piece(job, &at, dst, src, chunk->size))
				return false;
			dst += chunk->size + dmaengine_get_dst_icg(xt, chunk);
			src += chunk->size + dmaengine_get_src_icg(xt, chunk);
		}
	}
	return true;
}

/* Scatter-gather without a slave, as dmaengine has it. */
static struct dma_async_tx_descriptor *
prep_interleaved(struct dma_chan *chan, struct dma_interleaved_template *xt,
		 unsigned long flags)
{
	struct job *job;

	if (xt->dir != DMA_MEM_TO_MEM || !xt->src_inc || !xt->dst_inc ||
	    flags & (DMA_PREP_REPEAT | DMA_PREP_LOAD_EOT) ||
	    xt->numf > MOST_PIECES || xt->frame_size > MOST_PIECES)
		return NULL;
	job = new_job(chan, JOB_COPY, xt->numf * xt->frame_size, flags);
	if (!job)
		return NULL;
	return add_frames(job, xt) ? &job->tx : refuse(job);
}

/* The slave's address, if it was configured; the slave is memory, too. */
static bool slave_address(struct channel *c, enum dma_transfer_direction direction,
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
prep_cyclic(struct dma_chan *chan, dma_addr_t buf, size_t len, size_t period,
	    enum dma_transfer_direction direction, unsigned long flags)
{
	struct channel *c = to_channel(chan);
	bool out = direction == DMA_MEM_TO_DEV;
	dma_addr_t slave;
	struct job *job;
	u32 at = 0;

	if ((!out && direction != DMA_DEV_TO_MEM) || !slave_address(c, direction, &slave) ||
	    !period || len > c->engine->ops->max_len || len % period)
		return NULL;
	job = new_job(chan, JOB_CYCLE, len / period, flags);
	if (!job)
		return NULL;
	for (; at < job->pieces; buf += period)
		if (!add_piece(job, &at, out ? slave : buf, out ? buf : slave, period))
			return refuse(job);
	return &job->tx;
}

void prep_setup(struct dma_device *dma)
{
	if (dma_has_cap(DMA_MEMCPY, dma->cap_mask))
		dma->device_prep_dma_memcpy = prep_memcpy;
	if (dma_has_cap(DMA_MEMSET, dma->cap_mask))
		dma->device_prep_dma_memset = prep_memset;
	if (dma_has_cap(DMA_MEMSET_SG, dma->cap_mask))
		dma->device_prep_dma_memset_sg = prep_memset_sg;
	if (dma_has_cap(DMA_INTERLEAVE, dma->cap_mask))
		dma->device_prep_interleaved_dma = prep_interleaved;
	if (dma_has_cap(DMA_CYCLIC, dma->cap_mask))
		dma->device_prep_dma_cyclic = prep_cyclic;
}
