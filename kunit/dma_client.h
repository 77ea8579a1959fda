/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client of devreset_dma's soft engine, as any other: through dmaengine. What a
 * test leaves behind, client_exit() removes.
 */
#ifndef _DEVRESET_KUNIT_DMA_CLIENT_H
#define _DEVRESET_KUNIT_DMA_CLIENT_H

#include <kunit/test.h>
#include <linux/devreset.h>
#include <linux/devreset_dma.h>
#include <linux/dmaengine.h>
#include <linux/list.h>

#define CLIENT_CHANNELS	3
#define CLIENT_MOST	SZ_1M	/* what a job can have */

/**
 * struct client - of a test; in kunit.priv
 * @chan: channels, NULL from the first on that was not asked for
 * @transfers: struct transfer
 */
struct client {
	struct dma_chan *chan[CLIENT_CHANNELS];
	struct list_head transfers;
};

/**
 * struct transfer - one that a test has asked for
 * @link: in client.transfers
 * @dev: by which it is mapped
 * @tx: its descriptor; not to be used once it may be over
 * @cookie: its cookie
 * @phys: tx->phys
 * @word: its completion word
 * @src: where from
 * @dst: where to; both are mapped
 * @src_addr: bus address
 * @dst_addr: bus address
 * @len: of each
 * @calls: of the callback
 * @ended: when the last came, in ns
 * @result: given to the last
 * @in_bh: that was called with bottom halves off
 */
struct transfer {
	struct list_head link;
	struct device *dev;
	struct dma_async_tx_descriptor *tx;
	dma_cookie_t cookie;
	dma_addr_t phys;
	u64 word;
	u8 *src;
	u8 *dst;
	dma_addr_t src_addr;
	dma_addr_t dst_addr;
	size_t len;
	atomic_t calls;
	u64 ended;
	struct dmaengine_result result;
	bool in_bh;
};

/* For struct kunit_suite */
int client_init(struct kunit *test);
void client_exit(struct kunit *test);

struct dma_chan *client_channel(struct kunit *test, int number);
struct transfer *client_buffers(struct kunit *test, struct dma_chan *chan, size_t len);
struct transfer *client_prep(struct kunit *test, struct dma_chan *chan, size_t len);
void client_take(struct kunit *test, struct transfer *t, struct dma_async_tx_descriptor *tx);
void client_submit(struct kunit *test, struct transfer *t);
struct transfer *client_start(struct kunit *test, struct dma_chan *chan, size_t len);
struct transfer *client_catch(struct kunit *test, struct dma_chan *chan, u32 *residue);
void client_expect_done(struct kunit *test, struct dma_chan *chan, struct transfer *t);
void client_expect_cut(struct kunit *test, struct dma_chan *chan, struct transfer *t);
void client_expect_reset(struct kunit *test, struct dma_chan *chan, struct transfer *t);
void client_expect_works(struct kunit *test, struct dma_chan *chan);

static inline unsigned int client_word(struct transfer *t)
{
	/* Pairs with the provider: what is idle was moved. */
	return smp_load_acquire(&t->word) & DEVRESET_DMA_STATUS;
}

#define client_wait(cond) ({						\
	unsigned long __end = jiffies + 15 * HZ;			\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && time_before(jiffies, __end))		\
		schedule_timeout_idle(1);				\
	__ok;								\
})

#define CLIENT_ASSERT_SOON(test, cond)					\
	KUNIT_ASSERT_TRUE_MSG(test, client_wait(cond), "never came: %s", #cond)

#endif
