// SPDX-License-Identifier: GPL-2.0
/*
 * Resets that the USB core carries out, in a worker: drivers may block in pre_reset()
 * and disconnect() for as long as they like, such as usb-storage until the command of
 * a disk that does not answer has timed out (30 s), and hold the device's lock. The
 * core's deadline ends the attempt all the same (rule 5). There is one at a time for a
 * device; another attempt gets -EAGAIN until it has ended.
 */
#include <linux/list.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/usb.h>
#include <linux/workqueue.h>
#include "usb.h"

static LIST_HEAD(bus_resets);
static DEFINE_SPINLOCK(bus_resets_lock);
static struct workqueue_struct *bus_reset_wq;

static int dusb_lock_and_reset(struct bus_reset *r)
{
	int ret;

	do {
		ret = usb_lock_device_for_reset(r->udev, NULL);
	} while (ret == -EBUSY && time_before(jiffies, r->deadline));
	if (ret)
		return ret == -EBUSY ? -ETIMEDOUT : ret;
	/* The attempt may have ended while the device was resumed or its lock waited for. */
	ret = time_after(jiffies, r->deadline) ? -ETIMEDOUT : r->reset(r);
	usb_unlock_device(r->udev);
	return ret;
}

/* The attempt has ended before: what was done since has not been checked. */
static void dusb_reset_was_late(struct bus_reset *r, int status)
{
	if (!devreset_external_begin(r->node))
		devreset_external_end(r->node, status);
}

static void dusb_bus_reset_work(struct work_struct *work)
{
	struct bus_reset *r = container_of(work, struct bus_reset, work);
	int ret;

	WRITE_ONCE(r->task, current);
	pm_runtime_get_sync(&r->udev->dev);
	ret = dusb_lock_and_reset(r);
	pm_runtime_put(&r->udev->dev);

	spin_lock(&bus_resets_lock);
	list_del(&r->link);
	spin_unlock(&bus_resets_lock);
	if (devreset_complete(r->node, r->gen, ret, 0) == -ESTALE)
		dusb_reset_was_late(r, ret);
	devreset_put(r->node);
	usb_put_dev(r->udev);
	kfree(r);
}

/* Add it, unless there is one for the same device. */
static bool dusb_add_bus_reset(struct bus_reset *new)
{
	struct bus_reset *r;
	bool first = true;

	spin_lock(&bus_resets_lock);
	list_for_each_entry(r, &bus_resets, link)
		first &= r->udev != new->udev;
	if (first)
		list_add(&new->link, &bus_resets);
	spin_unlock(&bus_resets_lock);
	return first;
}

/**
 * bus_reset_start - have a device reset by a worker
 * @node: the node that is reset
 * @gen: the attempt, which is completed
 * @udev: the device
 * @reset: does it, with the device locked and awake; its errno is the reset's
 *
 * Context: @node's ops->reset.
 * Return: -EINPROGRESS; -EAGAIN if another one goes on, or the device's lock is held
 * by others; or -ENOMEM.
 */
int bus_reset_start(struct devreset_node *node, u32 gen, struct usb_device *udev,
		    int (*reset)(struct bus_reset *r))
{
	unsigned int ms = READ_ONCE(devreset_policy_of(node)->reset_timeout_ms);
	struct bus_reset *r;

	if (!usb_trylock_device(udev))
		return -EAGAIN;
	usb_unlock_device(udev);
	r = kzalloc(sizeof(*r), GFP_NOIO);
	if (!r)
		return -ENOMEM;
	INIT_WORK(&r->work, dusb_bus_reset_work);
	r->udev = udev;
	if (!dusb_add_bus_reset(r)) {
		kfree(r);
		return -EAGAIN;
	}
	usb_get_dev(udev);
	r->node = devreset_get(node);
	r->gen = gen;
	r->flags = devreset_attempt(node)->flags;
	r->deadline = jiffies + msecs_to_jiffies(ms);
	r->reset = reset;
	queue_work(bus_reset_wq, &r->work);
	return -EINPROGRESS;
}

/**
 * bus_reset_is_own - is this task resetting that device for a node?
 * @udev: the device
 */
bool bus_reset_is_own(struct usb_device *udev)
{
	struct bus_reset *r;
	bool own = false;

	spin_lock(&bus_resets_lock);
	list_for_each_entry(r, &bus_resets, link)
		own |= r->udev == udev && READ_ONCE(r->task) == current;
	spin_unlock(&bus_resets_lock);
	return own;
}

/**
 * bus_reset_init - make bus_reset_start() possible
 *
 * Return: 0 or -ENOMEM.
 */
int bus_reset_init(void)
{
	/*
	 * What has outlasted its attempt ends before a suspend, or that is refused. No
	 * WQ_MEM_RECLAIM: a driver's disconnect() flushes work of queues without it.
	 */
	bus_reset_wq = alloc_workqueue("devreset_usb", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return bus_reset_wq ? 0 : -ENOMEM;
}

/**
 * bus_reset_exit - wait for all of them
 */
void bus_reset_exit(void)
{
	destroy_workqueue(bus_reset_wq);
}
