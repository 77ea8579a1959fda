// SPDX-License-Identifier: GPL-2.0
/*
 * A client for the tests of devreset_dma.
 */
#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "dma_client.h"

static bool is_soft(struct dma_chan *chan, void *data)
{
	return !strcmp(dev_name(chan->device->dev), "devreset_dma");
}

/* Number 0, 1, ... of those that the test has */
struct dma_chan *client_channel(struct kunit *test, int number)
{
	struct client *client = test->priv;
	dma_cap_mask_t mask;
	int i;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (i = 0; i <= number; i++) {
		if (!client->chan[i])
			client->chan[i] = dma_request_channel(mask, is_soft, NULL);
		KUNIT_ASSERT_NOT_NULL(test, client->chan[i]);
	}
	return client->chan[number];
}

int client_init(struct kunit *test)
{
	struct client *client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);

	if (!client)
		return -ENOMEM;
	INIT_LIST_HEAD(&client->transfers);
	test->priv = client;
	return 0;
}

static void drop(struct transfer *t)
{
	if (t->src_addr)
		dma_unmap_single(t->dev, t->src_addr, t->len, DMA_BIDIRECTIONAL);
	if (t->dst_addr)
		dma_unmap_single(t->dev, t->dst_addr, t->len, DMA_BIDIRECTIONAL);
	list_del(&t->link);
	kfree(t->src);
	kfree(t->dst);
	kfree(t);
}

/* A channel that is let go of touches nothing any more: then all else may go. */
void client_exit(struct kunit *test)
{
	struct client *client = test->priv;
	struct transfer *t, *next;
	int i;

	for (i = 0; i < CLIENT_CHANNELS; i++)
		if (client->chan[i])
			dma_release_channel(client->chan[i]);
	list_for_each_entry_safe(t, next, &client->transfers, link)
		drop(t);
}

/* Source and destination differ in every byte. */
struct transfer *client_buffers(struct kunit *test, struct dma_chan *chan, size_t len)
{
	struct client *client = test->priv;
	struct transfer *t = kzalloc(sizeof(*t), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	list_add(&t->link, &client->transfers);
	t->len = len;
	t->dev = dmaengine_get_dma_device(chan);
	/* No two in one cache line: they are mapped */
	t->src = kmalloc(max_t(size_t, len, 2 * L1_CACHE_BYTES), GFP_KERNEL);
	t->dst = kmalloc(max_t(size_t, len, 2 * L1_CACHE_BYTES), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, t->src && t->dst);
	for (i = 0; i < len; i++) {
		t->src[i] = i ^ i >> 8;
		t->dst[i] = ~t->src[i];
	}
	t->src_addr = dma_map_single(t->dev, t->src, len, DMA_BIDIRECTIONAL);
	t->dst_addr = dma_map_single(t->dev, t->dst, len, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(t->dev, t->src_addr));
	KUNIT_ASSERT_FALSE(test, dma_mapping_error(t->dev, t->dst_addr));
	return t;
}

static void called(void *data, const struct dmaengine_result *result)
{
	struct transfer *t = data;

	t->ended = ktime_get_ns();
	t->result = *result;
	t->in_bh = !!in_softirq();
	atomic_inc(&t->calls);
}

void client_take(struct kunit *test, struct transfer *t, struct dma_async_tx_descriptor *tx)
{
	KUNIT_ASSERT_NOT_NULL(test, tx);
	t->tx = tx;
	t->phys = tx->phys;
	tx->callback_result = called;
	tx->callback_param = t;
	KUNIT_ASSERT_EQ(test, dmaengine_desc_attach_metadata(tx, &t->word, sizeof(t->word)), 0);
}

struct transfer *client_prep(struct kunit *test, struct dma_chan *chan, size_t len)
{
	struct transfer *t = client_buffers(test, chan, len);

	client_take(test, t, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, len,
						       DMA_CTRL_ACK | DMA_PREP_INTERRUPT));
	return t;
}

void client_submit(struct kunit *test, struct transfer *t)
{
	t->cookie = dmaengine_submit(t->tx);
	KUNIT_ASSERT_GT(test, t->cookie, 0);
}

struct transfer *client_start(struct kunit *test, struct dma_chan *chan, size_t len)
{
	struct transfer *t = client_prep(test, chan, len);

	client_submit(test, t);
	dma_async_issue_pending(chan);
	return t;
}

/* A transfer in the middle of which the channel was paused, and what is left of it */
struct transfer *client_catch(struct kunit *test, struct dma_chan *chan, u32 *residue)
{
	struct transfer *t = NULL;
	struct dma_tx_state state;
	int turn;

	for (turn = 0; turn < 1000; turn++) {
		if (!t || dmaengine_tx_status(chan, t->cookie, &state) == DMA_COMPLETE)
			t = client_start(test, chan, CLIENT_MOST);
		dmaengine_pause(chan);
		if (dmaengine_tx_status(chan, t->cookie, &state) == DMA_PAUSED &&
		    state.residue < t->len) {
			*residue = state.residue;
			return t;
		}
		dmaengine_resume(chan);
		/* Which lends it the processor for a page. */
		dmaengine_tx_status(chan, t->cookie, &state);
	}
	KUNIT_ASSERT_TRUE_MSG(test, false, "no transfer was caught");
	return NULL;
}

void client_expect_done(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
	dmaengine_synchronize(chan);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->calls), 1);
	KUNIT_EXPECT_TRUE(test, t->in_bh);
	KUNIT_EXPECT_EQ(test, (int)t->result.result, (int)DMA_TRANS_NOERROR);
	KUNIT_EXPECT_EQ(test, t->result.residue, 0U);
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_IDLE);
	KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, t->cookie, NULL), (int)DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, memcmp(t->src, t->dst, t->len), 0);
}

static void expect_halted(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	KUNIT_EXPECT_EQ(test, t->word, t->phys | DEVRESET_DMA_HALTED);
	KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, t->cookie, NULL), (int)DMA_ERROR);
}

/* Terminated by the test: no callback is called. */
void client_expect_cut(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	dmaengine_synchronize(chan);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->calls), 0);
	expect_halted(test, chan, t);
}

/* Aborted by a reset that the client has not asked for */
void client_expect_reset(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
	dmaengine_synchronize(chan);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->calls), 1);
	KUNIT_EXPECT_EQ(test, (int)t->result.result, (int)DMA_TRANS_ABORTED);
	expect_halted(test, chan, t);
}

void client_expect_works(struct kunit *test, struct dma_chan *chan)
{
	client_expect_done(test, chan, client_start(test, chan, 5000));
}
