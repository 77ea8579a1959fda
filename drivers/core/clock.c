// SPDX-License-Identifier: GPL-2.0
/*
 * The hang clock: looks at nodes that have work outstanding, and at no others.
 *
 * The driver's side is a store or two (devreset_busy() and its like). A node's
 * tick runs while the node is armed. When a whole interval has gone by idle,
 * the tick says that it will stop (pub.ticking = false) and comes once more:
 * a devreset_busy() that has not seen that was before the last tick, and is
 * seen by it; the grace period between the two stands in for the memory
 * barrier that the fast path does not have.
 */
#include <linux/devreset.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include "core.h"

/* Looked at although nothing is outstanding? */
static bool look_anyway(struct dr_node *node)
{
	return READ_ONCE(node->policy.check_idle) || READ_ONCE(node->suspect);
}

/* Nothing more happens by itself; the reset that brings it back starts the clock again. */
static bool is_given_up(struct dr_node *node)
{
	return READ_ONCE(node->hist.state) == DEVRESET_FAILED;
}

static unsigned long interval(struct dr_node *node)
{
	return msecs_to_jiffies(READ_ONCE(node->policy.check_interval_ms));
}

static bool is_claimed(struct dr_node *node)
{
	struct dr_node *n;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	for (n = node; n && !n->claim; n = n->parent)
		;
	spin_unlock_irqrestore(&dr_lock, flags);
	return n;
}

/* The check found nothing, and no hang has been reported meanwhile. */
static void not_hung(struct dr_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (!node->recovery_queued)
		dr_set_hung(node, false);
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* False: the node could not be checked, or a reset that covers it has to find out. */
static bool look(struct dr_node *node)
{
	unsigned int covered = READ_ONCE(node->covered);
	const char *reason = "check";
	bool busy;
	int ret = node_check_unclaimed(node, &reason, false);

	/* A reset came in between. */
	if (ret == -EAGAIN ||
	    (ret && (is_claimed(node) || READ_ONCE(node->covered) != covered)))
		return false;
	/* In this order: the stamp is not older than what says busy. */
	busy = smp_load_acquire(&node->pub.busy);
	if (!ret && node->stall && busy &&
	    time_after(jiffies, READ_ONCE(node->pub.stamp) + node->stall)) {
		reason = "no progress";
		ret = -ETIMEDOUT;
	}
	if (ret)
		return request_recover(node, reason) != -EALREADY;
	not_hung(node);
	return true;
}

/* What is suspected from now on takes another look. */
static bool take_suspicion(struct dr_node *node)
{
	unsigned long flags;
	bool suspect;

	spin_lock_irqsave(&dr_lock, flags);
	suspect = node->suspect;
	node->suspect = false;
	spin_unlock_irqrestore(&dr_lock, flags);
	return suspect;
}

/* Unless it is being recovered or reset, which is no news. */
static void may_look(struct dr_node *node)
{
	bool suspect;

	if (is_claimed(node) || READ_ONCE(node->hist.state) == DEVRESET_RECOVERING ||
	    is_given_up(node))
		return;
	suspect = take_suspicion(node);
	if (!look(node) && suspect)
		WRITE_ONCE(node->suspect, true);
}

/* No interval: the tick ends, and devreset_busy() need not start it. */
static bool is_off(struct dr_node *node)
{
	unsigned long flags;
	bool off;

	spin_lock_irqsave(&dr_lock, flags);
	off = !interval(node) || node->dying;
	if (off) {
		WRITE_ONCE(node->pub.ticking, true);
		node->linger = false;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	return off;
}

/* One look. True: there will be another. */
static bool tick(struct dr_node *node)
{
	bool armed;

	/* A busy() that was not seen to tick is visible after this, see above. */
	if (node->linger)
		cond_synchronize_rcu(node->linger_rcu);
	armed = (READ_ONCE(node->pub.busy) || look_anyway(node)) && !is_given_up(node);
	if (is_off(node))
		return false;
	/* Still says so: the next devreset_busy() starts it again. */
	if (!armed && node->linger && !READ_ONCE(node->pub.ticking)) {
		node->linger = false;
		return false;
	}
	if (armed) {
		WRITE_ONCE(node->pub.ticking, true);
		node->linger = false;
		may_look(node);
	} else {
		WRITE_ONCE(node->pub.ticking, false);
		node->linger = true;
		node->linger_rcu = get_state_synchronize_rcu();
	}
	return true;
}

/*
 * A stall is judged by time in which this clock could run: while the machine was
 * stopped, or its processors were taken from the kernel's threads, the driver
 * could make no progress either.
 */
static void discount_late(struct dr_node *node)
{
	unsigned long now = jiffies, due = node->tick_due;
	unsigned long stamp = READ_ONCE(node->pub.stamp);

	/* A tick more than due is not late. */
	if (!time_after(now, due + interval(node) / 2 + 1))
		return;
	/* Whichever came last; no progress that is seen just now is taken back. */
	cmpxchg(&node->pub.stamp, stamp, time_after(stamp, due) ? now : stamp + (now - due));
}

static void tick_work(struct work_struct *work)
{
	struct dr_node *node = container_of(to_delayed_work(work), struct dr_node, tick);
	/* To allocate must not wait for I/O to what is looked at. */
	unsigned int noio = memalloc_noio_save();

	discount_late(node);
	if (tick(node)) {
		node->tick_due = jiffies + interval(node);
		queue_delayed_work(dr_check_wq, &node->tick, interval(node));
	}
	memalloc_noio_restore(noio);
}

/*
 * Start the clock, unless the node is dying: clock_stop() cancels what is armed under
 * the lock before that.
 */
static void start(struct dr_node *node, bool restart)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	WRITE_ONCE(node->pub.ticking, true);
	if (!node->dying && interval(node)) {
		unsigned long due = jiffies + interval(node);
		bool queued = true;

		if (restart)
			mod_delayed_work(dr_check_wq, &node->tick, interval(node));
		else
			queued = queue_delayed_work(dr_check_wq, &node->tick, interval(node));
		if (queued)
			node->tick_due = due;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* @node may not work after a reset: have it looked at. */
void node_suspect(struct dr_node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	node->suspect = true;
	spin_unlock_irqrestore(&dr_lock, flags);
	start(node, false);
}

/* A failed node was not checked: start the clock again, if there is a reason. */
void clock_revive(struct dr_node *node)
{
	if (READ_ONCE(node->pub.busy) || look_anyway(node))
		start(node, false);
}

static void wake_work(struct irq_work *work)
{
	start(container_of(work, struct dr_node, wake), false);
}

/*
 * The first devreset_busy() after a quiet time. Any context, and any lock held: a
 * network driver's transmit may be called for a message that is printed under dr_lock,
 * or under the lock of a timer or of a work queue (netconsole).
 */
void __devreset_tick(struct devreset_node *pub)
{
	irq_work_queue(&to_dr(pub)->wake);
}
EXPORT_SYMBOL_GPL(__devreset_tick);

/*
 * check_interval_ms or check_idle has changed. Whether work is outstanding
 * cannot be seen without a race here; a tick finds out, and stops by itself.
 */
void clock_policy_changed(struct dr_node *node)
{
	start(node, true);
}

static void probation_work(struct work_struct *work)
{
	struct dr_node *node = container_of(to_delayed_work(work),
					    struct dr_node, probation);
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&dr_lock, flags);
	over = node->hist.state == DEVRESET_PROBATION &&
	       !delayed_work_pending(&node->probation);
	if (over) {
		dr_set_state(node, DEVRESET_HEALTHY);
		node->hist.cured_rung = POLICY_NO_RUNG;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (over)
		dr_state_changed(node);
}

/* A node that came back in probation: the rest of it. */
void clock_probation(struct dr_node *node)
{
	s64 left = node->hist.probation_until - ktime_to_ms(ktime_get());
	unsigned long flags;

	/* What is armed under the lock before the node is dying is cancelled by clock_stop(). */
	spin_lock_irqsave(&dr_lock, flags);
	if (!node->dying && node->hist.state == DEVRESET_PROBATION)
		queue_delayed_work(dr_aux_wq, &node->probation,
				   msecs_to_jiffies(max_t(s64, left, 0)));
	spin_unlock_irqrestore(&dr_lock, flags);
}

/* @node has taken over the policy and the history of an earlier one. */
void clock_adopted(struct dr_node *node)
{
	clock_policy_changed(node);
	clock_probation(node);
	dr_state_changed(node);
}

void clock_init(struct dr_node *node)
{
	init_irq_work(&node->wake, wake_work);
	INIT_DELAYED_WORK(&node->tick, tick_work);
	INIT_DELAYED_WORK(&node->probation, probation_work);
}

/* For a dying node: nothing arms these any more. */
void clock_stop(struct dr_node *node)
{
	cancel_delayed_work_sync(&node->tick);
	cancel_delayed_work_sync(&node->probation);
}

/* After a suspend: the time asleep is no stall. */
void clock_restamp(void)
{
	struct dr_node *node;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(node, &dr_nodes, all)
		devreset_progress(&node->pub);
	spin_unlock_irqrestore(&dr_lock, flags);
}
