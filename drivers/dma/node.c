// SPDX-License-Identifier: GPL-2.0
/*
 * The nodes: of a channel, whose reset is channel_abort(), and above it of the
 * engine, whose reset is that of all channels and of its hardware. Descriptors that are
 * outstanding at a reset of a node above go on afterwards.
 */
#include <linux/string.h>
#include "dma.h"

/* --- a channel --------------------------------------------------------------------- */

static int ddma_channel_reset(struct devreset_node *node, u32 gen)
{
	channel_abort(node->data, false);
	return 0;
}

/* A lost completion interrupt is no hang: the work is done, and it is counted. */
static int ddma_channel_check(struct devreset_node *node, const char **reason)
{
	struct channel *c = node->data;

	desc_found(c);
	if (desc_stalled(c)) {
		*reason = "stalled";
		return -ETIMEDOUT;
	}
	return c->engine->ops->check ? c->engine->ops->check(c->engine, reason) : 0;
}

static int ddma_channel_quiesce(struct devreset_node *node)
{
	return channel_halt(node->data, STOP_RESET);
}

static int ddma_channel_restart(struct devreset_node *node, int status)
{
	struct channel *c = node->data;

	if (status)
		channel_abort(c, false);
	channel_go(c, STOP_RESET);
	return 0;
}

static void ddma_channel_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct channel *c = node->data;
	unsigned long flags;
	struct {
		unsigned long submitted, completed, aborted, failed, lost;
		u32 len, done, cookie;
		bool active, paused;
	} now = {};

	spin_lock_irqsave(&c->lock, flags);
	now.submitted = c->n_submitted;
	now.completed = c->n_completed;
	now.aborted = c->n_aborted;
	now.failed = c->n_failed;
	now.lost = c->n_lost;
	now.paused = c->paused;
	now.active = c->active;
	if (c->active) {
		channel_stop_copy(c);
		now.len = c->active->len;
		now.done = c->active->len - desc_left(c->active);
		now.cookie = c->active->tx.cookie;
	}
	spin_unlock_irqrestore(&c->lock, flags);

	devreset_dump_printf(dump, "submitted: %lu\ncompleted: %lu\naborted: %lu\n",
			     now.submitted, now.completed, now.aborted);
	devreset_dump_printf(dump, "failed: %lu\nlost: %lu\npaused: %u\n",
			     now.failed, now.lost, now.paused);
	if (now.active)
		devreset_dump_printf(dump, "active: cookie %u, %u of %u bytes\n",
				     now.cookie, now.done, now.len);
}

static const struct devreset_ops channel_ops = {
	.reset = ddma_channel_reset,
	.check = ddma_channel_check,
	.quiesce = ddma_channel_quiesce,
	.resume = ddma_channel_restart,
	.dump = ddma_channel_dump,
};

/* --- the engine ---------------------------------------------------------------------- */

static int ddma_engine_reset(struct devreset_node *node, u32 gen)
{
	struct engine *engine = node->data;
	unsigned int i;

	for (i = 0; i < engine->channels; i++)
		channel_abort(&engine->channel[i], false);
	return engine->ops->reset ? engine->ops->reset(engine) : 0;
}

static int ddma_engine_check(struct devreset_node *node, const char **reason)
{
	struct engine *engine = node->data;

	return engine->ops->check ? engine->ops->check(engine, reason) : 0;
}

static int ddma_engine_quiesce(struct devreset_node *node)
{
	struct engine *engine = node->data;

	return engine->ops->stop ? engine->ops->stop(engine) : 0;
}

/* Each descriptor sets up the engine: there is nothing to be rebuilt. */
static int ddma_engine_resume(struct devreset_node *node, int status)
{
	struct engine *engine = node->data;

	return status && engine->ops->reset ? engine->ops->reset(engine) : 0;
}

static void ddma_engine_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct engine *engine = node->data;

	devreset_dump_printf(dump, "channels: %u\n", engine->channels);
	if (engine->ops->dump)
		engine->ops->dump(engine, dump);
}

static const struct devreset_ops engine_node_ops = {
	.reset = ddma_engine_reset,
	.check = ddma_engine_check,
	.quiesce = ddma_engine_quiesce,
	.resume = ddma_engine_resume,
	.dump = ddma_engine_dump,
};

/* --- both ------------------------------------------------------------------------------ */

/* The channel may be in use already; from now on it calls devreset_busy(). */
static void ddma_set_node(struct channel *c, struct devreset_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->node = node;
	channel_clock(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

static int ddma_register_channel(struct channel *c)
{
	const struct engine_ops *ops = c->engine->ops;
	struct devreset_desc desc = {
		.ops = &channel_ops,
		.scope = DEVRESET_COMPONENT,
		.data = c,
		.policy = ops->policy,
	};
	struct devreset_node *node;
	char name[32];

	snprintf(name, sizeof(name), "dmachan-%s", dma_chan_name(&c->chan));
	desc.name = name;
	node = devreset_register(&c->chan.dev->device, &desc);
	if (IS_ERR(node))
		return PTR_ERR(node);
	ddma_set_node(c, node);
	return 0;
}

static int ddma_register_engine(struct engine *engine)
{
	struct devreset_desc desc = {
		.ops = &engine_node_ops,
		.scope = engine->ops->scope,
		.data = engine,
		.policy = engine->ops->policy,
	};
	struct devreset_node *node;
	char name[32];

	snprintf(name, sizeof(name), "dma-dma%d", engine->dma.dev_id);
	desc.name = name;
	node = devreset_register(engine->dma.dev, &desc);
	if (IS_ERR(node))
		return PTR_ERR(node);
	engine->node = node;
	return 0;
}

/* Leaves what it has registered when it fails. */
int nodes_register(struct engine *engine)
{
	unsigned int i;
	int ret;

	if (!dma_nodes)
		return 0;
	ret = ddma_register_engine(engine);
	for (i = 0; !ret && i < engine->channels; i++)
		ret = ddma_register_channel(&engine->channel[i]);
	return ret;
}

void nodes_unregister(struct engine *engine)
{
	struct devreset_node *node;
	unsigned int i;

	for (i = 0; i < engine->channels; i++) {
		node = engine->channel[i].node;
		ddma_set_node(&engine->channel[i], NULL);
		devreset_unregister(node);
	}
	devreset_unregister(engine->node);
	engine->node = NULL;
}
