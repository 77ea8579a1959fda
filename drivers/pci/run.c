// SPDX-License-Identifier: GPL-2.0
/*
 * A reset of one function, or of all functions below a bridge.
 *
 *	plan -> unbind those that are to be bound again -> lock -> prepare and hold
 *	-> reset -> restore -> resume -> unlock -> bind
 *
 * It runs in a worker, because the PCI core waits up to a minute for a device to
 * come back, and because a driver that is unbound or bound waits for its device:
 * the core goes on when the deadline of the attempt has passed (rule 5). A
 * function whose last reset has not ended is not reset again.
 *
 * Locks of devices are only tried (rule 4), and none is held over unbind and bind.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "pci.h"
#include "run.h"

static struct workqueue_struct *dr_pci_wq;

static LIST_HEAD(dr_pci_runs);
static DEFINE_MUTEX(dr_pci_runs_lock);

/* --- what a reset reaches ------------------------------------------------------ */

static bool dr_pci_is_below(struct pci_dev *pdev, struct pci_bus *bus)
{
	struct pci_bus *b;

	for (b = pdev->bus; b; b = b->parent)
		if (b == bus)
			return true;
	return false;
}

/**
 * dr_pci_next_below - walk what is below a bridge, parents first
 * @bus: its bus
 * @from: where the walk stands, whose reference is dropped; NULL: begin
 *
 * pci_walk_bus() waits for pci_bus_sem, which is held for whole error recoveries,
 * and those wait for claims (rule 4); this does not.
 *
 * Return: the next with a reference, or NULL at the end.
 */
struct pci_dev *dr_pci_next_below(struct pci_bus *bus, struct pci_dev *from)
{
	do {
		from = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, from);
	} while (from && !dr_pci_is_below(from, bus));
	return from;
}

static int dr_pci_run_add(struct dr_pci_run *run, struct pci_dev *pdev)
{
	struct dr_pci_part *part = kzalloc(sizeof(*part), GFP_KERNEL);

	if (!part)
		return -ENOMEM;
	part->pdev = pci_dev_get(pdev);
	part->f = dr_pci_function_get(pdev);
	list_add_tail(&part->link, &run->parts);
	return 0;
}

static int dr_pci_run_collect(struct dr_pci_run *run, struct pci_dev *alone)
{
	struct pci_dev *pdev = NULL;
	int ret;

	if (alone)
		return dr_pci_run_add(run, alone);
	while ((pdev = dr_pci_next_below(run->bus, pdev))) {
		ret = dr_pci_run_add(run, pdev);
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return list_empty(&run->parts) ? -ENODEV : 0;
}

static void dr_pci_run_free(struct kref *ref)
{
	struct dr_pci_run *run = container_of(ref, struct dr_pci_run, ref);
	struct dr_pci_part *part, *next;

	list_for_each_entry_safe(part, next, &run->parts, link) {
		dr_pci_function_put(part->f);
		pci_dev_put(part->pdev);
		kfree(part);
	}
	if (run->bus)
		put_device(&run->bus->dev);
	pci_dev_put(run->bridge);
	devreset_put(run->node);
	kfree(run);
}

/**
 * dr_pci_run_is_on - is a reset in hand that reaches a function?
 * @pdev: the function
 */
bool dr_pci_run_is_on(struct pci_dev *pdev)
{
	struct dr_pci_run *run;
	struct dr_pci_part *part;
	bool on = false;

	mutex_lock(&dr_pci_runs_lock);
	list_for_each_entry(run, &dr_pci_runs, link)
		list_for_each_entry(part, &run->parts, link)
			on |= part->pdev == pdev;
	mutex_unlock(&dr_pci_runs_lock);
	return on;
}

/* --- locks ---------------------------------------------------------------------- */

static bool dr_pci_trylock(struct pci_dev *pdev)
{
	if (!device_trylock(&pdev->dev))
		return false;
	if (pci_cfg_access_trylock(pdev))
		return true;
	device_unlock(&pdev->dev);
	return false;
}

static void dr_pci_unlock(struct pci_dev *pdev)
{
	pci_cfg_access_unlock(pdev);
	device_unlock(&pdev->dev);
}

static void dr_pci_unlock_all(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry(part, &run->parts, link) {
		if (part->locked)
			dr_pci_unlock(part->pdev);
		part->locked = false;
	}
	if (run->bridge_locked)
		dr_pci_unlock(run->bridge);
	run->bridge_locked = false;
}

/* The bridge, too, if it is that which resets. All or nothing. */
static int dr_pci_lock_all(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	if (run->by_bridge) {
		if (!dr_pci_trylock(run->bridge))
			return -EAGAIN;
		run->bridge_locked = true;
	}
	list_for_each_entry(part, &run->parts, link) {
		/* In others' recovery, unless it is ours to say. */
		part->locked = (dr_pci_part_is_cut(part) ||
				!dr_pci_function_in_recovery(part->pdev, part->f)) &&
			       dr_pci_trylock(part->pdev);
		if (!part->locked) {
			dr_pci_unlock_all(run);
			return -EAGAIN;
		}
	}
	return 0;
}

static int dr_pci_lock_until(struct dr_pci_run *run)
{
	while (dr_pci_lock_all(run)) {
		if (time_after(jiffies, run->deadline))
			return -ETIMEDOUT;
		msleep(20);
	}
	return 0;
}

static void dr_pci_awake(struct dr_pci_run *run, bool on)
{
	struct dr_pci_part *part;

	/* Neither link nor port may be asleep meanwhile. */
	if (run->bridge && on)
		pm_runtime_get_sync(&run->bridge->dev);
	list_for_each_entry(part, &run->parts, link) {
		if (on)
			pm_runtime_get_sync(&part->pdev->dev);
		else
			pm_runtime_put(&part->pdev->dev);
	}
	if (run->bridge && !on)
		pm_runtime_put(&run->bridge->dev);
}

/* --- with all locks held --------------------------------------------------------- */

/* The drivers may be others than those that ops->may_reset has seen. */
static int dr_pci_run_plan(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	run->method = DEVRESET_METHOD_NONE;
	run->more = false;
	list_for_each_entry(part, &run->parts, link) {
		part->bound = part->pdev->dev.driver;
		part->isolated = part->f && READ_ONCE(part->f->isolated);
		/* The PCI core saves and restores bridges itself. */
		if (pci_is_bridge(part->pdev))
			continue;
		dr_pci_plan_locked(part->pdev, part->f, &run->attempt, !run->bus, &part->plan);
		if (part->plan.status)
			return part->plan.status;
		if (run->bus && !dr_pci_bus_consents(part->pdev, run->attempt.flags))
			return -EBUSY;
		run->method = max(run->method, part->plan.method);
		run->more |= part->plan.more;
	}
	return 0;
}

/* --- the worker ------------------------------------------------------------------ */

/* Does the plan still hold? A driver at the same address may be another one. */
static bool dr_pci_part_holds(struct dr_pci_run *run, struct dr_pci_part *part)
{
	struct dr_pci_plan now;

	if (part->drv)
		return !part->pdev->dev.driver;
	if (part->pdev->dev.driver != part->bound)
		return false;
	if (pci_is_bridge(part->pdev))
		return true;
	dr_pci_plan_locked(part->pdev, part->f, &run->attempt, !run->bus, &now);
	return !now.status && now.method == part->plan.method;
}

/* Others may have bound and unbound drivers, before all was locked again. */
static int dr_pci_run_verify(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry(part, &run->parts, link) {
		if (!dr_pci_part_holds(run, part)) {
			pci_warn(part->pdev, "not reset: its driver is %s meanwhile\n",
				 part->pdev->dev.driver ? part->pdev->dev.driver->name : "gone");
			return -EBUSY;
		}
	}
	return 0;
}

/* Plan, and if nothing speaks against it, leave the locks held. */
static int dr_pci_run_begin(struct dr_pci_run *run)
{
	int ret = dr_pci_lock_all(run);

	if (ret)
		return ret;
	/* To resume a device may take long: the attempt and its claim have ended. */
	ret = time_after(jiffies, run->deadline) ? -ETIMEDOUT : dr_pci_run_plan(run);
	if (!ret && run->method == DEVRESET_METHOD_REBIND)
		ret = dr_pci_bind_pin(run);
	if (ret)
		dr_pci_unlock_all(run);
	return ret;
}

/* Drivers were unbound: never what says that nothing was touched. */
static int dr_pci_run_touched(int ret)
{
	switch (ret) {
	case -EAGAIN:
	case -EBUSY:
	case -ENOTTY:
	case -EOPNOTSUPP:
		return -EIO;
	default:
		return ret;
	}
}

static int dr_pci_run_rebind(struct dr_pci_run *run)
{
	unsigned long limit = jiffies +
		msecs_to_jiffies(READ_ONCE(devreset_policy_of(run->node)->return_ms));
	struct dr_pci_part *part;
	int ret, bound;

	/* As the core waits for it */
	if (time_after(limit, run->deadline))
		run->deadline = limit;
	list_for_each_entry(part, &run->parts, link)
		part->status = -EIO;
	dr_pci_unlock_all(run);
	dr_pci_unbind(run);
	ret = dr_pci_lock_until(run);
	dr_pci_bind_rejoin(run);
	if (!ret) {
		ret = dr_pci_run_verify(run);
		if (!ret)
			ret = dr_pci_reset_locked(run);
		dr_pci_unlock_all(run);
	}
	bound = dr_pci_bind(run);
	if (ret < 0 || bound < 0)
		return dr_pci_run_touched(ret < 0 ? ret : bound);
	return ret | bound;
}

/* Ends with all locks dropped. */
static int dr_pci_run_all(struct dr_pci_run *run)
{
	int ret, bound;

	devreset_used(run->node, run->method, run->more);
	if (run->method == DEVRESET_METHOD_REPAIR) {
		ret = dr_pci_repair_locked(run);
		dr_pci_unlock_all(run);
		return ret;
	}
	if (run->method != DEVRESET_METHOD_REBIND) {
		ret = dr_pci_reset_locked(run);
		/* A driver voted against it: bound again, it gets through nevertheless. */
		if (ret != -EBUSY || dr_pci_run_plan(run) ||
		    run->method != DEVRESET_METHOD_REBIND || dr_pci_bind_pin(run)) {
			dr_pci_unlock_all(run);
			if (ret < 0)
				return ret;
			bound = dr_pci_bind(run);
			return bound < 0 ? dr_pci_run_touched(bound) : ret | bound;
		}
		devreset_used(run->node, run->method, run->more);
	}
	return dr_pci_run_rebind(run);
}

/* Whose isolation ends: what an operator asked for, not what a ladder of others did. */
static void dr_pci_run_isolation(struct dr_pci_run *run, struct dr_pci_part *part)
{
	bool again = part->isolated && run->attempt.flags & DEVRESET_MAY_AUTO;

	if (again && dr_pci_config_is_there(part->pdev))
		dr_pci_config_isolate(part->pdev);
	part->f->isolated = again;
}

/* For the checks that follow: how the drivers got through it. */
static void dr_pci_run_note(struct dr_pci_run *run)
{
	struct dr_pci_part *part;

	list_for_each_entry(part, &run->parts, link) {
		if (!part->f)
			continue;
		mutex_lock(&part->f->lock);
		part->f->method = part->plan.method;
		part->f->reset_at = jiffies;
		part->f->io_stalled = false;
		part->f->io_expired = false;
		dr_pci_run_isolation(run, part);
		mutex_unlock(&part->f->lock);
	}
}

/*
 * The attempt has ended before: what is below was told to rebuild, and has to once more,
 * and whether the device works has not been checked.
 */
static void dr_pci_run_was_late(struct dr_pci_run *run, int ret)
{
	pci_warn(dr_pci_run_first(run), "reset ended after its deadline (%d)\n", ret);
	if (!devreset_external_begin(run->node))
		devreset_external_end(run->node, min(ret, 0));
}

static void dr_pci_run_work(struct work_struct *work)
{
	struct dr_pci_run *run = container_of(work, struct dr_pci_run, work);
	/* To allocate must not wait for I/O to what is reset. */
	unsigned int noio = memalloc_noio_save();
	int ret;

	devreset_run_as(run->node);
	dr_pci_awake(run, true);
	ret = dr_pci_run_begin(run);
	run->begun = ret;
	complete(&run->told);
	if (!ret)
		ret = dr_pci_run_all(run);
	if (!run->begun)
		dr_pci_run_note(run);
	dr_pci_awake(run, false);

	mutex_lock(&dr_pci_runs_lock);
	list_del(&run->link);
	mutex_unlock(&dr_pci_runs_lock);
	/* Ignored if ops->reset has returned the status itself. */
	if (ret == -EAGAIN)
		ret = -ETIMEDOUT;
	if (devreset_complete(run->node, run->gen, min(ret, 0), max(ret, 0)) && !run->begun)
		dr_pci_run_was_late(run, ret);
	memalloc_noio_restore(noio);
	kref_put(&run->ref, dr_pci_run_free);
}

static struct dr_pci_run *dr_pci_run_alloc(struct devreset_node *node, u32 gen)
{
	const struct devreset_policy *policy = devreset_policy_of(node);
	struct dr_pci_run *run = kzalloc(sizeof(*run), GFP_KERNEL);

	if (!run)
		return NULL;
	INIT_WORK(&run->work, dr_pci_run_work);
	INIT_LIST_HEAD(&run->link);
	INIT_LIST_HEAD(&run->parts);
	init_completion(&run->told);
	kref_init(&run->ref);
	run->node = devreset_get(node);
	run->gen = gen;
	run->attempt = *devreset_attempt(node);
	run->deadline = jiffies + msecs_to_jiffies(READ_ONCE(policy->reset_timeout_ms));
	return run;
}

/**
 * dr_pci_run - reset a function, or all below a bridge
 * @node: the node, in its ops->reset
 * @gen: as given to that
 * @alone: the function
 * @bus: or the bus
 *
 * Return: as ops->reset; -EAGAIN, -EBUSY, -EOPNOTSUPP when nothing was touched.
 */
int dr_pci_run(struct devreset_node *node, u32 gen, struct pci_dev *alone,
	       struct pci_bus *bus)
{
	struct dr_pci_run *run = dr_pci_run_alloc(node, gen);
	int ret;

	if (!run)
		return -ENOMEM;
	if (bus) {
		get_device(&bus->dev);
		run->bus = bus;
	}
	run->bridge = pci_dev_get(bus ? bus->self : pci_upstream_bridge(alone));
	run->by_bridge = run->bridge && (bus || dr_pci_function_by_bus(alone));
	ret = dr_pci_run_collect(run, alone);
	if (ret) {
		kref_put(&run->ref, dr_pci_run_free);
		return ret;
	}
	mutex_lock(&dr_pci_runs_lock);
	list_add(&run->link, &dr_pci_runs);
	mutex_unlock(&dr_pci_runs_lock);

	kref_get(&run->ref);
	queue_work(dr_pci_wq, &run->work);
	ret = -EINPROGRESS;
	/* Until then it only tries locks, but may have to resume the device. */
	if (wait_for_completion_timeout(&run->told, dr_pci_left(run) + 1) && run->begun)
		ret = run->begun;
	kref_put(&run->ref, dr_pci_run_free);
	return ret;
}

int dr_pci_run_init(void)
{
	/*
	 * What has outlasted its attempt ends before a suspend, or that is refused.
	 * No WQ_MEM_RECLAIM: a driver's remove() flushes work of queues without it.
	 */
	dr_pci_wq = alloc_workqueue("devreset_pci", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return dr_pci_wq ? 0 : -ENOMEM;
}

/* Waits for what is in hand. */
void dr_pci_run_exit(void)
{
	destroy_workqueue(dr_pci_wq);
}
