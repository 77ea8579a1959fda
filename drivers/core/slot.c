// SPDX-License-Identifier: GPL-2.0
/*
 * A node's slot: one callback at a time into one node. A callback that does not
 * return cannot be ended: it is reported, once, and the node is "stuck" until
 * it does.
 */
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include "core.h"
#include "netlink.h"

/* Deadlines that a callback may last before it is called stuck */
#define STUCK_DEADLINES	3

static unsigned int slot_ms(struct dr_node *node)
{
	return jiffies_to_msecs(jiffies - node->cb_since);
}

/* The slot is free, and this task has it from here on. Hold dr_lock. */
void slot_take(struct dr_node *node)
{
	lockdep_assert_held(&dr_lock);
	node->cb_task = current;
	node->cb_since = jiffies;
	node->cb_limit = STUCK_DEADLINES *
			 msecs_to_jiffies(READ_ONCE(node->policy.reset_timeout_ms));
	dr_get(node);		/* for stuck_work() */
	if (!queue_delayed_work(dr_aux_wq, &node->stuck_work, node->cb_limit))
		dr_put(node);
}

static int try_enter(struct dr_node *node)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&dr_lock, flags);
	if (node->dying)
		ret = -ENODEV;
	else if (node->cb_task == current)
		ret = -EDEADLK;
	else if (node->cb_task)
		ret = -EBUSY;
	else
		slot_take(node);
	spin_unlock_irqrestore(&dr_lock, flags);
	return ret;
}

/*
 * Begin a callback into @node. -ENODEV once the node is dying, -ETIMEDOUT when
 * another callback into it does not end by @deadline.
 */
int node_enter(struct dr_node *node, unsigned long deadline)
{
	int ret;

	might_sleep();
	wait_event_idle_timeout(dr_wait, (ret = try_enter(node)) != -EBUSY,
				dr_left(deadline) + 1);
	return ret == -EBUSY ? -ETIMEDOUT : ret;
}

/* It is stuck, or not any more. */
static void stuck_changed(struct dr_node *node, int status, const char *reason)
{
	/* To allocate must not wait for I/O to what may be quiesced. */
	unsigned int noio = memalloc_noio_save();

	dr_state_changed(node);
	dr_notify_state(node, node->hist.state, node->hist.state);
	dr_uevent(node, DEVRESET_MEMBER, status, reason);
	memalloc_noio_restore(noio);
}

/* The caller holds a reference, or a claim that does. */
void node_leave(struct dr_node *node)
{
	unsigned int ms = slot_ms(node);
	bool reap, watched, stuck;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	node->cb_task = NULL;
	stuck = node->stuck;
	node->stuck = false;
	watched = cancel_delayed_work(&node->stuck_work);
	/* The last node below it did not wait for this callback when it went. */
	reap = dr_is_needless(node);
	if (reap)
		dr_get(node);
	spin_unlock_irqrestore(&dr_lock, flags);
	dr_changed();
	if (stuck) {
		dr_warn(node, "the callback has returned after %u ms\n", ms);
		stuck_changed(node, 0, "a callback has returned");
	}
	if (watched)
		dr_put(node);
	if (reap && !queue_work(dr_aux_wq, &node->reap))
		dr_put(node);
}

static void stuck_work(struct work_struct *work)
{
	struct dr_node *node = container_of(to_delayed_work(work),
					    struct dr_node, stuck_work);
	struct task_struct *task = NULL;
	unsigned long flags;
	unsigned int ms = 0;

	spin_lock_irqsave(&dr_lock, flags);
	/* Not the callback after the one that this was queued for. */
	if (node->cb_task && time_after_eq(jiffies, node->cb_since + node->cb_limit)) {
		task = get_task_struct(node->cb_task);
		ms = slot_ms(node);
		node->stuck = true;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (task) {
		dr_err(node, "a callback has not returned for %u ms, in %s[%d]:\n",
		       ms, task->comm, task_pid_nr(task));
		sched_show_task(task);
		put_task_struct(task);
		stuck_changed(node, -ETIMEDOUT, "a callback does not return");
	}
	dr_put(node);
}

void slot_init(struct dr_node *node)
{
	INIT_DELAYED_WORK(&node->stuck_work, stuck_work);
}

/* For people: as dr_state_name(), but for a node whose callback does not return. */
const char *dr_state_shown(struct dr_node *node)
{
	return READ_ONCE(node->stuck) ? "stuck" :
	       dr_state_name(READ_ONCE(node->hist.state));
}
