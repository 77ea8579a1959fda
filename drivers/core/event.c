// SPDX-License-Identifier: GPL-2.0
/*
 * What others get to see: uevents, device coredumps, the debugfs tree. The
 * core alone tells user space of resets (ND5).
 */
#include <linux/debugfs.h>
#include <linux/devcoredump.h>
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>
#include "core.h"
#include "netlink.h"

/* DR13 */
#define DUMP_BYTES	(1024 * 1024)
#define DUMP_TIME	(3 * HZ)

/*
 * User space may be told of a node only while it is in sysfs; of its path, with
 * dr_mutex held, too: see devreset_rename().
 */
bool dr_tell_begin(struct dr_node *node)
{
	unsigned long flags;
	bool there;

	spin_lock_irqsave(&dr_lock, flags);
	there = !node->dying;
	node->telling += there;
	spin_unlock_irqrestore(&dr_lock, flags);
	return there;
}

void dr_tell_end(struct dr_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	node->telling--;
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
}

void dr_state_changed(struct dr_node *node)
{
	if (!dr_tell_begin(node))
		return;
	sysfs_notify(&node->dev.kobj, NULL, "state");
	dr_tell_end(node);
}

/* A request made at @node begins (@status -EINPROGRESS), or is over. */
void dr_uevent(struct dr_node *node, enum devreset_scope scope, int status,
	       const char *reason)
{
	char name[REASON_LEN + sizeof(DEVRESET_UEVENT_NODE)];
	char *env[6] = { name };
	int i;

	env[1] = kasprintf(GFP_KERNEL, DEVRESET_UEVENT_STATE "=%s",
			   dr_state_shown(node));
	env[2] = kasprintf(GFP_KERNEL, DEVRESET_UEVENT_SCOPE "=%s",
			   scope ? dr_scope_name(scope) :
			   status == -EINPROGRESS ? "recover" : "none");
	env[3] = kasprintf(GFP_KERNEL, DEVRESET_UEVENT_STATUS "=%d", status);
	env[4] = kasprintf(GFP_KERNEL, DEVRESET_UEVENT_REASON "=%s", reason);
	/* Short of memory: better no event than a recovery that fails for it. */
	if (env[1] && env[2] && env[3] && env[4] && dr_tell_begin(node)) {
		mutex_lock(&dr_mutex);
		/* The name that the path is of */
		snprintf(name, sizeof(name), DEVRESET_UEVENT_NODE "=%s", dr_name(node));
		kobject_uevent_env(&node->dev.kobj, KOBJ_CHANGE, env);
		mutex_unlock(&dr_mutex);
		dr_tell_end(node);
	}
	for (i = 1; i < 5; i++)
		kfree(env[i]);
}

/* --- diagnostics ---------------------------------------------------------------- */

struct devreset_dump {
	char *buf;
	size_t len;
	unsigned long deadline;
	bool cut;
};

/**
 * devreset_dump_write - add to the diagnostics
 * @dump: as given to ops->dump
 * @data: what to add
 * @len: bytes of it
 *
 * Context: from ops->dump only.
 * Return: 0; -ENOSPC when 1 MiB is full, -ETIME when 3 s are over: what was
 * written so far is kept, and ops->dump had better return.
 * Contract: DR13.
 */
int devreset_dump_write(struct devreset_dump *dump, const void *data, size_t len)
{
	size_t room = DUMP_BYTES - dump->len;
	int ret = 0;

	if (time_after(jiffies, dump->deadline)) {
		dump->cut = true;
		return -ETIME;
	}
	if (len > room) {
		dump->cut = true;
		len = room;
		ret = -ENOSPC;
	}
	memcpy(dump->buf + dump->len, data, len);
	dump->len += len;
	return ret;
}
EXPORT_SYMBOL_GPL(devreset_dump_write);

/**
 * devreset_dump_printf - add text to the diagnostics
 * @dump: as given to ops->dump
 * @fmt: as for printf(); at most 255 bytes come of it
 *
 * Context and errors: as devreset_dump_write().
 */
int devreset_dump_printf(struct devreset_dump *dump, const char *fmt, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return devreset_dump_write(dump, line, len);
}
EXPORT_SYMBOL_GPL(devreset_dump_printf);

/* The nearest node from @node up that has something to say, entered. */
static struct dr_node *enter_dumper(struct dr_node *node, unsigned long deadline)
{
	struct dr_node *n;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	for (n = node; n && (n->dying || !n->ops->dump); n = n->parent)
		;
	if (n)
		dr_get(n);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (n && node_enter(n, deadline)) {
		dr_put(n);
		return NULL;
	}
	return n;
}

/*
 * A device coredump is made by looking whether the device has one already, and then making
 * it: not for two nodes of a device at once. Taken last, and, as all of a request, noio.
 */
static DEFINE_MUTEX(coredump_mutex);

/* Collect the diagnostics of @node, or of what it is a part of. Never fatal. */
void dr_dump(struct dr_node *node, unsigned long deadline)
{
	struct devreset_dump dump = { };
	struct dr_node *dumper;

	dump.buf = vmalloc(DUMP_BYTES);
	if (!dump.buf)
		return;
	dumper = enter_dumper(node, deadline);
	if (!dumper)
		goto free;
	/* What was waited for is not the driver's time. */
	dump.deadline = jiffies + DUMP_TIME;
	dumper->ops->dump(&dumper->pub, &dump);
	node_leave(dumper);
	dr_put(dumper);

	dr_count(node, STAT_DUMPS);
	if (dump.cut)
		dr_count(node, STAT_DUMPS_CUT);
	if (!dump.len)
		goto free;
	dr_notify_dump(node, dump.len, dump.cut);
	/* The device coredump frees the buffer, whatever becomes of it. */
	mutex_lock(&coredump_mutex);
	dev_coredumpv(node->hw, dump.buf, dump.len, GFP_KERNEL);
	mutex_unlock(&coredump_mutex);
	return;
free:
	vfree(dump.buf);
}

/* --- debugfs ---------------------------------------------------------------------- */

static struct dentry *debugfs;

static void show_node(struct seq_file *s, struct dr_node *node, int depth)
{
	seq_printf(s, "%*s%s %s %s", 2 * depth, "", dr_name(node),
		   dr_scope_name(node->scope), dr_state_shown(node));
	if (node->managed)
		seq_puts(s, " managed");
	if (node->claim)
		seq_puts(s, " claimed");
	if (node->dying)
		seq_puts(s, " dying");
	seq_printf(s, " dumps=%lu dumps_cut=%lu\n",
		   (unsigned long)atomic_long_read(&node->stats[STAT_DUMPS]),
		   (unsigned long)atomic_long_read(&node->stats[STAT_DUMPS_CUT]));
}

/* The node after @node in a walk of its tree, parents and the oldest first; NULL at its end. */
static struct dr_node *walk(struct dr_node *node, int *depth)
{
	if (!list_empty(&node->children)) {
		++*depth;
		return list_last_entry(&node->children, struct dr_node, sibling);
	}
	while (node->parent && list_is_first(&node->sibling, &node->parent->children)) {
		--*depth;
		node = node->parent;
	}
	return node->parent ? list_prev_entry(node, sibling) : NULL;
}

static int tree_show(struct seq_file *s, void *unused)
{
	struct dr_node *root, *node;
	int depth;

	mutex_lock(&dr_mutex);
	list_for_each_entry(root, &dr_nodes, all) {
		if (root->parent)
			continue;
		depth = 0;
		for (node = root; node; node = walk(node, &depth))
			show_node(s, node, depth);
	}
	mutex_unlock(&dr_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tree);

static int log_file_show(struct seq_file *s, void *unused)
{
	struct dr_node *node;
	unsigned long flags;

	mutex_lock(&dr_mutex);
	records_show(s);
	list_for_each_entry(node, &dr_nodes, all) {
		spin_lock_irqsave(&dr_lock, flags);
		log_show(s, dr_name(node), &node->log);
		spin_unlock_irqrestore(&dr_lock, flags);
	}
	mutex_unlock(&dr_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(log_file);

void dr_debugfs_init(void)
{
	debugfs = debugfs_create_dir("devreset", NULL);
	debugfs_create_file("log", 0400, debugfs, NULL, &log_file_fops);
	debugfs_create_file("tree", 0400, debugfs, NULL, &tree_fops);
}

void dr_debugfs_exit(void)
{
	debugfs_remove_recursive(debugfs);
}
