// SPDX-License-Identifier: GPL-2.0
/*
 * The nodes: of a channel, whose reset is channel_abort(), and above it of the
 * engine, whose reset is that of all channels, and of what is behind them. What
 * a reset from above finds outstanding goes on afterwards.
 */
#include <linux/string.h>
#include "dma.h"

/* --- a channel --------------------------------------------------------------------- */

static int channel_reset(struct devreset_node *node, u32 gen)
{
	channel_abort(node->data, false);
	return 0;
}

/*
 * A completion that nobody told of is no hang: the work is done, and counted as
 * lost.
 */
static int channel_check(struct devreset_node *node, const char **reason)
{
	struct channel *c = node->data;

	job_found(c);
	if (job_stalled(c)) {
		*reason = "stalled";
		return -ETIMEDOUT;
	}
	return c->engine->ops->check ? c->engine->ops->check(c->engine, reason) : 0;
}

static int channel_quiesce(struct devreset_node *node)
{
	return channel_halt(node->data, HALT_RESET);
}

static int channel_restart(struct devreset_node *node, int status)
{
	struct channel *c = node->data;

	if (status)
		channel_abort(c, false);
	channel_go(c, HALT_RESET);
	return 0;
}

static void channel_dump(struct devreset_node *node, struct devreset_dump *dump)
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
		channel_bar(c);
		now.len = c->active->len;
		now.done = c->active->len - job_left(c->active);
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
	.reset = channel_reset,
	.check = channel_check,
	.quiesce = channel_quiesce,
	.resume = channel_restart,
	.dump = channel_dump,
};

/* --- the engine ---------------------------------------------------------------------- */

static int engine_reset(struct devreset_node *node, u32 gen)
{
	struct engine *engine = node->data;
	unsigned int i;

	for (i = 0; i < engine->channels; i++)
		channel_abort(&engine->channel[i], false);
	return engine->ops->reset ? engine->ops->reset(engine) : 0;
}

static int engine_check(struct devreset_node *node, const char **reason)
{
	struct engine *engine = node->data;

	return engine->ops->check ? engine->ops->check(engine, reason) : 0;
}

static int engine_quiesce(struct devreset_node *node)
{
	struct engine *engine = node->data;

	return engine->ops->stop ? engine->ops->stop(engine) : 0;
}

/* It begins each job from scratch: there is nothing to be rebuilt. */
static int engine_resume(struct devreset_node *node, int status)
{
	struct engine *engine = node->data;

	return status && engine->ops->reset ? engine->ops->reset(engine) : 0;
}

static void engine_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct engine *engine = node->data;

	devreset_dump_printf(dump, "channels: %u\n", engine->channels);
	if (engine->ops->dump)
		engine->ops->dump(engine, dump);
}

static const struct devreset_ops engine_node_ops = {
	.reset = engine_reset,
	.check = engine_check,
	.quiesce = engine_quiesce,
	.resume = engine_resume,
	.dump = engine_dump,
};

/* --- both ------------------------------------------------------------------------------ */

/* The channel may be at work already; it says so from now on. */
static void set_node(struct channel *c, struct devreset_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->node = node;
	channel_clock(c);
	spin_unlock_irqrestore(&c->lock, flags);
}

static int register_channel(struct channel *c)
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
	set_node(c, node);
	return 0;
}

static int register_engine(struct engine *engine)
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
	ret = register_engine(engine);
	for (i = 0; !ret && i < engine->channels; i++)
		ret = register_channel(&engine->channel[i]);
	return ret;
}

void nodes_unregister(struct engine *engine)
{
	struct devreset_node *node;
	unsigned int i;

	for (i = 0; i < engine->channels; i++) {
		node = engine->channel[i].node;
		set_node(&engine->channel[i], NULL);
		devreset_unregister(node);
	}
	devreset_unregister(engine->node);
	engine->node = NULL;
}
