// SPDX-License-Identifier: GPL-2.0
/*
 * What the soft engine can do, what it refuses, its resets through the nodes, and
 * its cookies.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../drivers/dma/dma.h"
#include "dma_client.h"

#define FLAGS	(DMA_CTRL_ACK | DMA_PREP_INTERRUPT)

/* --- what it can do ----------------------------------------------------------------- */

static void sizes_and_offsets(struct kunit *test)
{
	static const size_t sizes[] = { 1, 2, 63, 4095, 4096, 4097, 12289, CLIENT_MOST };
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t;
	size_t len, at;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		client_expect_done(test, chan, client_start(test, chan, sizes[i]));
	/* Across pages on either side, with something around it that stays */
	t = client_buffers(test, chan, 3 * PAGE_SIZE);
	for (len = 1, at = PAGE_SIZE - 3; len < PAGE_SIZE + 9; len += 509) {
		memset(t->dst, 0x55, t->len);
		client_take(test, t, dmaengine_prep_dma_memcpy(chan, t->dst_addr + at,
							       t->src_addr + at + 2, len, FLAGS));
		atomic_set(&t->calls, 0);
		client_submit(test, t);
		dma_async_issue_pending(chan);
		CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
		KUNIT_EXPECT_EQ(test, memcmp(t->dst + at, t->src + at + 2, len), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(t->dst, 0x55, at));
		KUNIT_EXPECT_NULL(test, memchr_inv(t->dst + at + len, 0x55, t->len - at - len));
	}
}

static void fills_memory(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 9000);
	struct scatterlist sg[3];
	u8 *dst = t->dst;
	int i;

	client_take(test, t, dmaengine_prep_dma_memset(chan, t->dst_addr, 0xa7, t->len, FLAGS));
	client_submit(test, t);
	dma_async_issue_pending(chan);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
	KUNIT_EXPECT_NULL(test, memchr_inv(dst, 0xa7, t->len));

	sg_init_table(sg, ARRAY_SIZE(sg));
	for (i = 0; i < ARRAY_SIZE(sg); i++) {
		sg_dma_address(&sg[i]) = t->dst_addr + i * 100;
		sg_dma_len(&sg[i]) = 10;
	}
	client_take(test, t, chan->device->device_prep_dma_memset_sg(chan, sg, 3, 0x3b, FLAGS));
	client_submit(test, t);
	dma_async_issue_pending(chan);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls) == 2);
	for (i = 0; i < ARRAY_SIZE(sg); i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(dst + i * 100, 0x3b, 10));
		KUNIT_EXPECT_NULL(test, memchr_inv(dst + i * 100 + 10, 0xa7, 90));
	}
}

/* Two frames of two chunks, with gaps that differ */
static void gathers_and_scatters(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 4096);
	struct dma_interleaved_template *xt;

	xt = kunit_kzalloc(test, struct_size(xt, sgl, 2), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, xt);
	xt->src_start = t->src_addr;
	xt->dst_start = t->dst_addr;
	xt->dir = DMA_MEM_TO_MEM;
	xt->src_inc = true;
	xt->dst_inc = true;
	xt->src_sgl = true;
	xt->numf = 2;
	xt->frame_size = 2;
	xt->sgl[0].size = 100;
	xt->sgl[0].icg = 50;
	xt->sgl[1].size = 30;
	xt->sgl[1].icg = 20;
	memset(t->dst, 0, t->len);
	client_take(test, t, dmaengine_prep_interleaved_dma(chan, xt, FLAGS));
	client_submit(test, t);
	dma_async_issue_pending(chan);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls));
	KUNIT_EXPECT_EQ(test, memcmp(t->dst, t->src, 100), 0);
	KUNIT_EXPECT_EQ(test, memcmp(t->dst + 100, t->src + 150, 30), 0);
	KUNIT_EXPECT_EQ(test, memcmp(t->dst + 130, t->src + 200, 100), 0);
	KUNIT_EXPECT_EQ(test, memcmp(t->dst + 230, t->src + 350, 30), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->dst + 260, 0, t->len - 260));
	xt->dst_inc = false;
	KUNIT_EXPECT_NULL(test, dmaengine_prep_interleaved_dma(chan, xt, FLAGS));
}

static void cycles_until_terminated(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 4096);
	struct dma_slave_config config = {
		.src_addr = virt_to_phys(t->src),
		.src_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
	};
	int i, calls;

	KUNIT_ASSERT_EQ(test, dmaengine_slave_config(chan, &config), 0);
	client_take(test, t, dmaengine_prep_dma_cyclic(chan, t->dst_addr, 4096, 1024,
						       DMA_DEV_TO_MEM, FLAGS));
	client_submit(test, t);
	dma_async_issue_pending(chan);
	CLIENT_ASSERT_SOON(test, atomic_read(&t->calls) > 9);
	KUNIT_EXPECT_EQ(test, (int)t->result.result, (int)DMA_TRANS_NOERROR);
	KUNIT_EXPECT_EQ(test, client_word(t), (unsigned int)DEVRESET_DMA_ACTIVE);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, memcmp(t->dst + i * 1024, t->src, 1024), 0);
	dmaengine_terminate_sync(chan);
	calls = atomic_read(&t->calls);
	/* Each was a period. */
	KUNIT_EXPECT_EQ(test, (int)t->result.result, (int)DMA_TRANS_NOERROR);
	KUNIT_EXPECT_EQ(test, client_word(t), (unsigned int)DEVRESET_DMA_HALTED);
	client_expect_works(test, chan);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->calls), calls);
}

/* --- what it refuses ------------------------------------------------------------------ */

static void impossible_is_refused(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 64);
	dma_addr_t dst = t->dst_addr, src = t->src_addr;
	struct dma_slave_config config = { .src_maxburst = chan->device->max_burst + 1 };

	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, dst, src, 0, FLAGS));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, dst, src, CLIENT_MOST + 1, FLAGS));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, dst, src, SIZE_MAX, FLAGS));
	/* No memory there: the top of the address space, over it, and a hole */
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, ~0ULL - 63, src, 64, FLAGS));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, dst, ~0ULL - 3, 64, FLAGS));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, dst, 1ULL << 45, 64, FLAGS));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memset(chan, 1ULL << 45, 0, 64, FLAGS));
	KUNIT_EXPECT_EQ(test, dmaengine_slave_config(chan, &config), -EINVAL);
	config.src_maxburst = 1;
	config.src_addr_width = DMA_SLAVE_BUSWIDTH_8_BYTES;
	KUNIT_EXPECT_EQ(test, dmaengine_slave_config(chan, &config), -EINVAL);
	client_expect_works(test, chan);
}

/* As many as there may be, each with its residue; the next when one has gone */
static void so_many_and_no_more(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, MAX_DESCS);
	struct dma_async_tx_descriptor *tx;
	dma_cookie_t first = chan->cookie + 1;
	struct dma_tx_state state;
	int i;

	/* Of a client who does not clear it */
	memset(&state, 0x5a, sizeof(state));
	dmaengine_pause(chan);
	for (i = 1; i < MAX_DESCS; i++) {
		tx = dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, i, FLAGS);
		KUNIT_ASSERT_NOT_NULL(test, tx);
		KUNIT_ASSERT_EQ(test, dmaengine_submit(tx), first + i - 1);
	}
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 1,
							  FLAGS));
	for (i = 1; i < MAX_DESCS; i++) {
		if (i == MAX_DESCS / 2)
			dma_async_issue_pending(chan);
		KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, first + i - 1, &state),
				(int)DMA_IN_PROGRESS);
		KUNIT_EXPECT_EQ(test, state.residue, (u32)i);
		KUNIT_EXPECT_EQ(test, state.in_flight_bytes, 0U);
	}
	dmaengine_terminate_sync(chan);
	client_expect_works(test, chan);
}

static void declares_what_it_does(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct dma_slave_caps caps;

	KUNIT_ASSERT_EQ(test, dma_get_slave_caps(chan, &caps), 0);
	KUNIT_EXPECT_TRUE(test, caps.cmd_pause && caps.cmd_resume && caps.cmd_terminate);
	KUNIT_EXPECT_TRUE(test, caps.directions & BIT(DMA_MEM_TO_MEM));
	KUNIT_EXPECT_GT(test, caps.max_burst, 0U);
	KUNIT_EXPECT_EQ(test, dma_get_max_seg_size(chan->device->dev), (unsigned int)CLIENT_MOST);
	KUNIT_EXPECT_TRUE(test, dmaengine_is_metadata_mode_supported(chan, DESC_METADATA_CLIENT));
}

/* --- resets ------------------------------------------------------------------------------ */

static struct devreset_node *node_of(struct kunit *test, struct device *dev)
{
	struct devreset_node *node = devreset_find(dev);

	KUNIT_ASSERT_NOT_NULL(test, node);
	return node;
}

/* The same once more; its cookie */
static dma_cookie_t again(struct kunit *test, struct dma_chan *chan, const struct transfer *t)
{
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, t->len, DMA_CTRL_ACK);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	return dmaengine_submit(tx);
}

static void channel_reset_leaves_the_neighbour_alone(struct kunit *test)
{
	struct dma_chan *a = client_channel(test, 0), *b = client_channel(test, 1);
	struct devreset_node *node = node_of(test, &a->dev->device);
	struct transfer *t, *neighbour;
	dma_cookie_t cookie[300];
	bool during = false;
	u32 residue;
	int i, turn;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	/* Once at least it must be at work before and after. */
	for (turn = 0; turn < 20 && !during; turn++) {
		t = client_catch(test, a, &residue);
		neighbour = client_start(test, b, CLIENT_MOST);
		for (i = 0; i < ARRAY_SIZE(cookie); i++)
			cookie[i] = again(test, b, neighbour);
		dma_async_issue_pending(b);
		client_wait(client_word(neighbour) != DEVRESET_DMA_ARMED);
		KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_COMPONENT, 0, NULL), 0);
		during = dmaengine_tx_status(b, cookie[i - 1], NULL) == DMA_IN_PROGRESS;
		client_expect_reset(test, a, t);
		KUNIT_EXPECT_EQ(test, t->result.residue, residue);
		client_expect_works(test, a);
		client_expect_done(test, b, neighbour);
		client_wait(dmaengine_tx_status(b, cookie[i - 1], NULL) != DMA_IN_PROGRESS);
		for (i = 0; i < ARRAY_SIZE(cookie); i++)
			KUNIT_EXPECT_EQ(test, DMA_COMPLETE,
					dmaengine_tx_status(b, cookie[i], NULL));
	}
	devreset_put(node);
	KUNIT_EXPECT_TRUE(test, during);
}

static void engine_reset_ends_each_once(struct kunit *test)
{
	struct dma_chan *chan[CLIENT_CHANNELS];
	struct transfer *t[CLIENT_CHANNELS][3];
	struct devreset_node *node;
	int i, j;

	for (i = 0; i < CLIENT_CHANNELS; i++) {
		chan[i] = client_channel(test, i);
		dmaengine_pause(chan[i]);
		for (j = 0; j < 3; j++)
			t[i][j] = client_start(test, chan[i], 4096);
	}
	node = node_of(test, chan[0]->device->dev);
	KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_FUNCTION, 0, NULL), 0);
	devreset_put(node);
	for (i = 0; i < CLIENT_CHANNELS; i++) {
		for (j = 0; j < 3; j++)
			client_expect_reset(test, chan[i], t[i][j]);
		client_expect_works(test, chan[i]);
	}
}

static void give_again(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	client_take(test, t, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, t->len,
						       FLAGS));
	atomic_set(&t->calls, 0);
	client_submit(test, t);
	dma_async_issue_pending(chan);
}

/* Return: it was cut off. */
static bool expect_end(struct kunit *test, struct dma_chan *chan, struct transfer *t)
{
	if (client_word(t) == DEVRESET_DMA_IDLE) {
		client_expect_done(test, chan, t);
		return false;
	}
	client_expect_reset(test, chan, t);
	return true;
}

/* The same of channels that are at work, until it comes before they have done */
static void engine_reset_while_it_runs(struct kunit *test)
{
	struct dma_chan *chan[CLIENT_CHANNELS];
	struct transfer *t[CLIENT_CHANNELS][4];
	struct devreset_node *node;
	int i, j, turn, cut = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	for (i = 0; i < CLIENT_CHANNELS; i++) {
		chan[i] = client_channel(test, i);
		for (j = 0; j < 4; j++)
			t[i][j] = client_buffers(test, chan[i], CLIENT_MOST);
	}
	node = node_of(test, chan[0]->device->dev);
	for (turn = 0; turn < 100 && !cut; turn++) {
		for (i = 0; i < CLIENT_CHANNELS; i++)
			for (j = 0; j < 4; j++)
				give_again(test, chan[i], t[i][j]);
		KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_FUNCTION, 0, NULL), 0);
		for (i = 0; i < CLIENT_CHANNELS; i++) {
			dmaengine_synchronize(chan[i]);
			for (j = 0; j < 4; j++)
				cut += expect_end(test, chan[i], t[i][j]);
			client_expect_works(test, chan[i]);
		}
	}
	devreset_put(node);
	KUNIT_EXPECT_GT(test, cut, 0);
}

/* --- cookies --------------------------------------------------------------------------- */

/* Many that failed, between as many that did not: no failure becomes a success. */
static void alternate(struct kunit *test, struct dma_chan *chan, int count)
{
	struct transfer *cut[40], *good[40];
	int i;

	for (i = 0; i < count; i++) {
		dmaengine_pause(chan);
		cut[i] = client_start(test, chan, 64);
		dmaengine_terminate_sync(chan);
		good[i] = client_start(test, chan, 64);
		client_expect_done(test, chan, good[i]);
	}
	for (i = 0; i < count; i++)
		client_expect_cut(test, chan, cut[i]);
	/* And no success becomes a failure. */
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, good[i]->cookie, NULL),
				(int)DMA_COMPLETE);
}

static void failures_stay_failures(struct kunit *test)
{
	alternate(test, client_channel(test, 0), 40);
}

/* So many that complete, one at a time */
static void complete_many(struct kunit *test, struct dma_chan *chan, struct transfer *t, int count)
{
	dma_cookie_t cookie;

	while (count--) {
		cookie = again(test, chan, t);
		KUNIT_ASSERT_GT(test, cookie, 0);
		dma_async_issue_pending(chan);
		KUNIT_ASSERT_EQ(test, dma_sync_wait(chan, cookie), DMA_COMPLETE);
	}
}

/* Failures that are too old to have a bit stay failures, and what came after them does not. */
static void old_failures_stay_failures(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *cut[2], *good[2], *t = client_buffers(test, chan, 64);
	int i;

	/* dma_sync_wait() spins, and the channel's thread gives back no descriptor meanwhile. */
	if (num_online_cpus() < 2)
		kunit_skip(test, "one processor");
	for (i = 0; i < ARRAY_SIZE(cut); i++) {
		dmaengine_pause(chan);
		cut[i] = client_start(test, chan, 64);
		dmaengine_terminate_sync(chan);
		complete_many(test, chan, t, 2);
		good[i] = client_start(test, chan, 64);
		client_expect_done(test, chan, good[i]);
		complete_many(test, chan, t, COOKIES / 2 + 10);
	}
	for (i = 0; i < ARRAY_SIZE(cut); i++)
		client_expect_cut(test, chan, cut[i]);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ(test, (int)dmaengine_tx_status(chan, good[i]->cookie, NULL),
				(int)DMA_COMPLETE);
}

static void cookies_begin_again(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t[6];
	int i;

	chan->cookie = INT_MAX - 2;
	chan->completed_cookie = INT_MAX - 2;
	for (i = 0; i < 6; i++) {
		t[i] = client_start(test, chan, 64);
		client_expect_done(test, chan, t[i]);
	}
	KUNIT_EXPECT_EQ(test, t[1]->cookie, INT_MAX);
	KUNIT_EXPECT_EQ(test, t[2]->cookie, DMA_MIN_COOKIE);
	/* Across the end, too */
	chan->cookie = INT_MAX - 1;
	chan->completed_cookie = INT_MAX - 1;
	dmaengine_pause(chan);
	for (i = 0; i < 3; i++)
		t[i] = client_start(test, chan, 64);
	dmaengine_terminate_sync(chan);
	for (i = 0; i < 3; i++)
		client_expect_cut(test, chan, t[i]);
	client_expect_works(test, chan);
	/* And with separate failures */
	chan->cookie = INT_MAX - 16;
	chan->completed_cookie = INT_MAX - 16;
	alternate(test, chan, 16);
}

/* A client that leaves it to the provider to unmap finds its data when it sees that it is there. */
static void is_unmapped_before_it_is_complete(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_prep(test, chan, 64), *more;
	struct dmaengine_unmap_data *unmap;

	unmap = dmaengine_get_unmap_data(t->dev, 2, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, unmap);
	dma_set_unmap(t->tx, unmap);
	client_submit(test, t);
	/* While there is more to do, callbacks wait. */
	more = client_start(test, chan, CLIENT_MOST);
	client_wait(client_word(t) == DEVRESET_DMA_IDLE);
	KUNIT_EXPECT_EQ(test, kref_read(&unmap->kref), 1U);
	client_expect_done(test, chan, t);
	client_expect_done(test, chan, more);
	dmaengine_unmap_put(unmap);
}

/* A descriptor that is not acknowledged is the client's, until it is. */
static void unacknowledged_stays(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 64);

	client_take(test, t, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64, 0));
	client_submit(test, t);
	dma_async_issue_pending(chan);
	client_expect_done(test, chan, t);
	client_expect_works(test, chan);
	KUNIT_EXPECT_EQ(test, t->tx->phys, t->phys);
	async_tx_ack(t->tx);
	client_expect_works(test, chan);
}

/* It is memory that counts: not even those that are never acknowledged close a channel. */
static void unacknowledged_do_not_count(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 64);
	struct dma_async_tx_descriptor **tx;
	int i;

	tx = kunit_kcalloc(test, MAX_DESCS + 100, sizeof(*tx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	for (i = 0; i < MAX_DESCS + 100; i++) {
		tx[i] = dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64,
						  DMA_PREP_INTERRUPT);
		KUNIT_ASSERT_NOT_NULL(test, tx[i]);
		KUNIT_ASSERT_GT(test, dmaengine_submit(tx[i]), 0);
		if (i % 100 == 99) {
			dma_async_issue_pending(chan);
			dmaengine_synchronize(chan);
			CLIENT_ASSERT_SOON(test, dmaengine_tx_status(chan, tx[i]->cookie, NULL) ==
					   DMA_COMPLETE);
		}
	}
	dmaengine_terminate_sync(chan);
	for (i = 0; i < MAX_DESCS + 100; i++)
		async_tx_ack(tx[i]);
	client_expect_works(test, chan);
}

/* Nor does a client that acknowledges them have them pile up, however many end at once. */
static void acknowledged_do_not_pile_up(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_buffers(test, chan, 64);
	struct dma_async_tx_descriptor **tx;
	struct list_head *link;
	unsigned int kept = 0;
	int round, i;

	tx = kunit_kcalloc(test, MAX_DESCS, sizeof(*tx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	for (round = 0; round < 6; round++) {
		for (i = 0; i < MAX_DESCS - 1; i++) {
			tx[i] = dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64,
							  DMA_PREP_INTERRUPT);
			KUNIT_ASSERT_NOT_NULL(test, tx[i]);
			KUNIT_ASSERT_GT(test, dmaengine_submit(tx[i]), 0);
		}
		dmaengine_terminate_sync(chan);
		for (i = 0; i < MAX_DESCS - 1; i++)
			async_tx_ack(tx[i]);
	}
	client_expect_works(test, chan);
	/* Its thread does nothing now. */
	list_for_each(link, &to_channel(chan)->unacked)
		kept++;
	KUNIT_EXPECT_LT(test, kept, 2U * MAX_DESCS);
}

/* How many there are, @want if there should be; its thread keeps them after it has told. */
static unsigned int spares(struct dma_chan *chan, unsigned int want)
{
	struct channel *c = to_channel(chan);

	wait_event_timeout(c->idle, READ_ONCE(c->spares) >= want, 10 * HZ);
	return READ_ONCE(c->spares);
}

/* What is used again is as new, more than are kept or not. */
static void spares_are_as_new(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_start(test, chan, 64);
	struct dma_async_tx_descriptor *tx;
	unsigned int used;
	int i;

	client_expect_done(test, chan, t);
	used = spares(chan, 1);
	KUNIT_EXPECT_GT(test, used, 0U);
	tx = dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64, DMA_CTRL_ACK);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	KUNIT_EXPECT_EQ(test, spares(chan, used - 1), used - 1);
	KUNIT_EXPECT_EQ(test, tx->cookie, 0);
	KUNIT_EXPECT_NULL(test, tx->callback_result);
	KUNIT_EXPECT_NULL(test, tx->callback_param);
	KUNIT_EXPECT_NULL(test, to_desc(tx)->word);
	KUNIT_EXPECT_FALSE(test, to_desc(tx)->begun);
	KUNIT_ASSERT_GT(test, dmaengine_submit(tx), 0);

	dmaengine_pause(chan);
	for (i = 0; i < 2 * SPARES; i++)
		t = client_start(test, chan, 64);
	dmaengine_resume(chan);
	client_expect_done(test, chan, t);
	KUNIT_EXPECT_EQ(test, spares(chan, SPARES), (unsigned int)SPARES);
	client_expect_works(test, chan);
}

/* Beyond what the device can address there is nothing, whatever memory is there. */
static void mask_is_enforced(struct kunit *test)
{
	struct dma_chan *chan = client_channel(test, 0);
	struct transfer *t = client_prep(test, chan, 4096);
	struct device *dev = chan->device->dev;

	if (!IS_ENABLED(CONFIG_ZONE_DMA))
		kunit_skip(test, "no memory that a device with fewer address lines has");
	KUNIT_ASSERT_GT(test, t->dst_addr, (dma_addr_t)DMA_BIT_MASK(24));
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(24)), 0);
	KUNIT_EXPECT_NULL(test, dmaengine_prep_dma_memcpy(chan, t->dst_addr, t->src_addr, 64, 0));
	KUNIT_ASSERT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	client_expect_works(test, chan);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sizes_and_offsets),
	KUNIT_CASE(fills_memory),
	KUNIT_CASE(gathers_and_scatters),
	KUNIT_CASE(cycles_until_terminated),
	KUNIT_CASE(impossible_is_refused),
	KUNIT_CASE(so_many_and_no_more),
	KUNIT_CASE(declares_what_it_does),
	KUNIT_CASE(channel_reset_leaves_the_neighbour_alone),
	KUNIT_CASE(engine_reset_ends_each_once),
	KUNIT_CASE(engine_reset_while_it_runs),
	KUNIT_CASE(failures_stay_failures),
	KUNIT_CASE(old_failures_stay_failures),
	KUNIT_CASE(cookies_begin_again),
	KUNIT_CASE(is_unmapped_before_it_is_complete),
	KUNIT_CASE(unacknowledged_stays),
	KUNIT_CASE(unacknowledged_do_not_count),
	KUNIT_CASE(acknowledged_do_not_pile_up),
	KUNIT_CASE(spares_are_as_new),
	KUNIT_CASE(mask_is_enforced),
	{ }
};

static struct kunit_suite suite = {
	.name = "devreset_dma",
	.init = client_init,
	.exit = client_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
