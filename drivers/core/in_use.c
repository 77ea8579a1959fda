// SPDX-License-Identifier: GPL-2.0
/*
 * Is anything below a device in use? A reset that re-enumerates a device, or
 * unbinds its driver, takes away what its users hold: a filesystem on a disk
 * that comes back as another one cannot be saved.
 *
 * The walk follows the device model with a reference on each device, and only
 * reads fields. It takes no device lock and waits for nothing that a dead device
 * may hold (rule 4), so the answer may be old before the caller acts on it.
 */
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/if.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <net/addrconf.h>
#include "core.h"

/*
 * Levels of the device model that are walked, at some 150 bytes of stack each. A USB
 * disk behind five hubs, on a controller behind six Thunderbolt switches, has 30.
 */
#define DEPTH_LIMIT	40

/**
 * struct dr_use - the walk through what is below a device
 * @flags: as given to devreset_in_use()
 * @depth: levels that are walked just now
 * @why: for the first user's name
 * @len: bytes there
 */
struct dr_use {
	unsigned int flags;
	unsigned int depth;
	char *why;
	size_t len;
};

/* --- block devices ------------------------------------------------------- */

static int dr_block_in_use(struct device *dev, struct dr_use *use)
{
	struct block_device *bdev = dev_to_bdev(dev);
	const char *how;

	if (use->flags & DEVRESET_IN_USE_MEDIA && !(bdev->bd_disk->flags & GENHD_FL_REMOVABLE))
		return 0;
	/* Opened through another disk, which is not below this device. */
	if (bdev->bd_disk->flags & GENHD_FL_HIDDEN)
		how = "a path of a multipath disk";
	else if (READ_ONCE(bdev->bd_holder))
		how = "mounted or held";
	else if (atomic_read(&bdev->bd_openers) && !(use->flags & DEVRESET_IN_USE_HELD))
		how = "open";
	else
		return 0;
	snprintf(use->why, use->len, "%s is %s", dev_name(dev), how);
	return -EBUSY;
}

/* --- network interfaces -------------------------------------------------- */

static int dr_first_upper(struct net_device *upper, struct netdev_nested_priv *priv)
{
	priv->data = upper;
	return 1;
}

/* A bridge, bond or VLAN of which the interface is a part, under RCU, or NULL. */
static struct net_device *dr_upper(struct net_device *ndev)
{
	struct netdev_nested_priv priv = { };

	netdev_walk_all_upper_dev_rcu(ndev, dr_first_upper, &priv);
	return priv.data;
}

static bool dr_has_address(struct net_device *ndev)
{
	struct in_device *in_dev = __in_dev_get_rcu(ndev);
	struct inet6_dev *in6_dev = __in6_dev_get(ndev);

	return (in_dev && rcu_access_pointer(in_dev->ifa_list)) ||
	       (in6_dev && !list_empty(&in6_dev->addr_list));
}

static int dr_net_in_use(struct device *dev, struct dr_use *use)
{
	struct net_device *ndev = to_net_dev(dev);
	struct net_device *upper;
	int ret = 0;

	/* dev_name() is freed by a rename, ndev->name is not. */
	rcu_read_lock();
	upper = dr_upper(ndev);
	if (upper) {
		snprintf(use->why, use->len, "%s is a part of %s", ndev->name, upper->name);
		ret = -EBUSY;
	} else if (READ_ONCE(ndev->flags) & IFF_UP && dr_has_address(ndev)) {
		snprintf(use->why, use->len, "%s is up and has an address", ndev->name);
		ret = -EBUSY;
	}
	rcu_read_unlock();
	return ret;
}

/* --- the walk ------------------------------------------------------------ */

static noinline int dr_device_in_use(struct device *dev, struct dr_use *use)
{
	/* Not every one of these classes is exported; no two have the same name. */
	const char *class = dev->class ? dev->class->name : "";

	if (IS_ENABLED(CONFIG_BLOCK) && !strcmp(class, "block"))
		return dr_block_in_use(dev, use);
	if (IS_ENABLED(CONFIG_INET) && !strcmp(class, "net") &&
	    !(use->flags & DEVRESET_IN_USE_NO_NET))
		return dr_net_in_use(dev, use);
	return 0;
}

/* Children first: a mounted partition also opens the disk that it is a part of. */
static int dr_walk_in_use(struct device *dev, void *data)
{
	struct dr_use *use = data;
	int ret;

	if (use->depth == DEPTH_LIMIT) {
		snprintf(use->why, use->len, "%s is too deep to be looked at", dev_name(dev));
		return -EBUSY;
	}
	use->depth++;
	ret = device_for_each_child(dev, use, dr_walk_in_use);
	use->depth--;
	return ret ?: dr_device_in_use(dev, use);
}

/**
 * devreset_in_use - is anything below a device in use?
 * @dev: the device, with a reference
 * @flags: DEVRESET_IN_USE_NO_NET where interfaces don't count: those of a device
 *	that hangs have lost their traffic already. DEVRESET_IN_USE_MEDIA where
 *	drivers stay bound: a disk goes on after a reset then, but of a removable
 *	medium the SCSI disk driver may take the reset for a change
 *	DEVRESET_IN_USE_HELD where requests are lost: a program that has a disk open
 *	cannot work then, but what is mounted or held is not to be torn
 * @why: set to the first user, such as "sda1 is mounted or held"; "" if there is none
 * @len: bytes there, at least 1
 *
 * In use are, at @dev and below it in the device model:
 *
 * - a block device that is open: "mounted or held" if exclusively (by a
 *   filesystem, swap, md, dm or LVM), else "open" (by a program, or a loop
 *   device); udev opens each new one for a moment;
 * - the hidden disk of an NVMe multipath device, open or not;
 * - an interface that is up and has an address, a link-local one included, or
 *   is a part of another one (bridge, bond, VLAN).
 *
 * Not found: other open character devices (VFIO, DRM, sound, serial ports,
 * raw USB or SCSI), and packet sockets.
 *
 * Context: process. Takes no device lock; may be called for DEVRESET_MAY_ASK.
 * Return: 0, or -EBUSY.
 */
int devreset_in_use(struct device *dev, unsigned int flags, char *why, size_t len)
{
	struct dr_use use = { .flags = flags, .why = why, .len = len };

	*why = '\0';
	return dr_walk_in_use(dev, &use);
}
EXPORT_SYMBOL_GPL(devreset_in_use);
