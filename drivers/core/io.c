// SPDX-License-Identifier: GPL-2.0
/*
 * How long have requests to the disks below a device been under way? A controller
 * whose registers are right after a reset may still lose every request: its driver
 * has the word then, or rather has not.
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

struct dr_io {
	unsigned int depth;
	unsigned long oldest;	/* ticks */
};

static bool dr_request_age(struct request *rq, void *data)
{
	struct dr_io *io = data;
	long age;

	/* Others may take their time: what user space passes through, and discards. */
	if (blk_mq_rq_state(rq) != MQ_RQ_IN_FLIGHT ||
	    (req_op(rq) != REQ_OP_READ && req_op(rq) != REQ_OP_WRITE))
		return true;
	/* Counted from when it was given to the driver, the last time. */
	age = jiffies - (READ_ONCE(rq->deadline) - READ_ONCE(rq->timeout));
	if (age > 0 && io->oldest < age)
		io->oldest = age;
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
		blk_mq_tagset_busy_iter(bdev->bd_disk->queue->tag_set, dr_request_age, io);
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
