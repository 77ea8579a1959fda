// SPDX-License-Identifier: GPL-2.0
/*
 * Requests in flight to the disks below a device. A controller whose registers are right
 * after a reset may still lose every request: only the requests tell.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/devreset.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/string.h>

/* As in in_use.c: levels of the device model that are walked */
#define DEPTH_LIMIT	40

/**
 * struct dr_io - a walk through the requests in flight below a device
 * @depth: levels that are walked just now
 * @expire: time out requests that are as old as @limit
 * @limit: in ticks
 * @oldest: age of the oldest request, in ticks
 * @expired: how many were timed out
 * @count: how many there are, of any kind
 */
struct dr_io {
	unsigned int depth;
	bool expire;
	long limit;
	long oldest;
	unsigned int expired;
	unsigned int count;
};

/* The caller holds a reference to the request: it is not reused meanwhile. */
static bool dr_look_at_request(struct request *rq, void *data)
{
	unsigned long deadline = READ_ONCE(rq->deadline);
	struct dr_io *io = data;
	long age;

	if (blk_mq_rq_state(rq) != MQ_RQ_IN_FLIGHT)
		return true;
	io->count++;
	/* Passthrough commands and discards may take long. */
	if (req_op(rq) != REQ_OP_READ && req_op(rq) != REQ_OP_WRITE)
		return true;
	/* It is being timed out: the driver knows. */
	if (time_after_eq(jiffies, deadline))
		return true;
	/* Since it was last given to the driver. */
	age = jiffies - (deadline - READ_ONCE(rq->timeout));
	io->oldest = max(io->oldest, age);
	if (io->expire && age >= io->limit) {
		blk_abort_request(rq);
		io->expired++;
	}
	return true;
}

static int dr_walk_io(struct device *dev, void *data)
{
	struct dr_io *io = data;
	struct block_device *bdev;

	if (io->depth == DEPTH_LIMIT)
		return 0;
	io->depth++;
	device_for_each_child(dev, io, dr_walk_io);
	io->depth--;
	if (!IS_ENABLED(CONFIG_BLOCK) || !dev->class || strcmp(dev->class->name, "block"))
		return 0;
	bdev = dev_to_bdev(dev);
	if (!bdev_is_partition(bdev) && bdev->bd_disk->queue->tag_set)
		blk_mq_tagset_busy_iter(bdev->bd_disk->queue->tag_set, dr_look_at_request, io);
	return 0;
}

/**
 * devreset_oldest_io - since when is the oldest request to a disk under way?
 * @dev: a device whose driver cannot be unbound meanwhile: with its lock held
 *
 * Reads and writes that the drivers of disks at and below @dev have in hand, each
 * counted from when it was given to the driver the last time.
 *
 * Context: process. Waits for nothing.
 * Return: its age in ms, 0 if there is none.
 */
unsigned int devreset_oldest_io(struct device *dev)
{
	struct dr_io io = { };

	dr_walk_io(dev, &io);
	return jiffies_to_msecs(io.oldest);
}
EXPORT_SYMBOL_GPL(devreset_oldest_io);

/**
 * devreset_expire_io - have the drivers of disks time out old requests now
 * @dev: a device whose driver cannot be unbound meanwhile: with its lock held
 * @age_ms: requests that the driver was given at least so long ago
 *
 * For requests that were in flight while the device could not work, and that are lost. What a
 * driver does in its time-out handler is what it would have done when the request's own time,
 * of 30 s and more, was up: abort the request or reset the device, and try it again; or
 * wait on.
 *
 * Context: process. Waits for nothing: the block layer's work queue calls the drivers.
 * Return: how many reads and writes that concerns.
 */
unsigned int devreset_expire_io(struct device *dev, unsigned int age_ms)
{
	struct dr_io io = { .expire = true, .limit = msecs_to_jiffies(age_ms) };

	dr_walk_io(dev, &io);
	return io.expired;
}
EXPORT_SYMBOL_GPL(devreset_expire_io);

/**
 * devreset_io_in_flight - how many requests have the drivers of disks in hand?
 * @dev: a device whose driver cannot be unbound meanwhile: with its lock held
 *
 * Context: process. Waits for nothing.
 * Return: their number, of disks at and below @dev.
 */
unsigned int devreset_io_in_flight(struct device *dev)
{
	struct dr_io io = { };

	dr_walk_io(dev, &io);
	return io.count;
}
EXPORT_SYMBOL_GPL(devreset_io_in_flight);
