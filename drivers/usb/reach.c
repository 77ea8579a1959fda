// SPDX-License-Identifier: GPL-2.0
/*
 * What a reset reaches besides the device that it is for: other devices, where that
 * is a hub, and disks and network interfaces that are in use.
 *
 * All of it follows the device model's lists of children and takes no lock of a
 * device, so it may be asked at any time, also for unprivileged readers.
 */
#include <linux/device.h>
#include <linux/string.h>
#include <linux/usb.h>
#include "usb.h"

/**
 * dusb_is_type - is it a "usb_device", a "usb_interface", ...?
 * @dev: any device
 * @type: name of a type that the USB core does not export
 */
bool dusb_is_type(struct device *dev, const char *type)
{
	return dev->type && dev->type->name && !strcmp(dev->type->name, type);
}

/* --- other devices ------------------------------------------------------- */

/* What is plugged into a hub speaks for itself. */
static int dusb_has_consent(struct device *dev, void *unused)
{
	struct devreset_node *node;
	bool consents;

	if (dusb_is_type(dev, "usb_device"))
		return 0;
	node = devreset_find(dev);
	consents = node && devreset_consents(node, DEVRESET_PLATFORM);
	devreset_put(node);
	return consents || device_for_each_child(dev, NULL, dusb_has_consent);
}

/* Its own node, or one of what it carries: an interface's, a network interface's. */
static bool dusb_device_consents(struct usb_device *udev)
{
	struct devreset_node *node = devreset_find(&udev->dev);
	bool consents = node && devreset_consents(node, DEVRESET_PLATFORM);

	devreset_put(node);
	return consents || device_for_each_child(&udev->dev, NULL, dusb_has_consent);
}

/* A hub carries nothing of its own. */
static int dusb_check_consent(struct device *dev, void *unused)
{
	struct usb_device *udev;

	if (!dusb_is_type(dev, "usb_device"))
		return 0;
	udev = to_usb_device(dev);
	if (udev->maxchild)
		return device_for_each_child(dev, NULL, dusb_check_consent);
	if (dusb_device_consents(udev))
		return 0;
	dev_warn_ratelimited(dev, "no automatic reset of its hub: this device is not under policy, or with a ceiling below platform\n");
	return -EBUSY;
}

/* --- what is in use ------------------------------------------------------ */

/**
 * reach_intf_in_use - is anything in use that an interface carries?
 * @dev: the interface
 * @reach: what becomes of its device
 * @others: the reset is of a hub, so that its network interfaces count
 * @why: set to the first user
 * @len: bytes there
 *
 * Return: 0 or -EBUSY.
 */
int reach_intf_in_use(struct device *dev, enum reach reach, bool others, char *why,
		      size_t len)
{
	unsigned int flags = others ? 0 : DEVRESET_IN_USE_NO_NET;

	/*
	 * Such a reset ends in a unit attention. Where the first command after it is one
	 * that is not repeated, such as a readahead, the medium counts as changed, and
	 * nothing can be read or written before all users have closed it (6.1).
	 */
	if (methods_of_intf(dev, reach, NULL, 0) != DEVRESET_METHOD_REBIND)
		flags |= DEVRESET_IN_USE_MEDIA;
	return devreset_in_use(dev, flags, why, len);
}

struct dusb_user {
	char why[64];
};

static int dusb_intf_in_use(struct device *dev, void *data)
{
	struct dusb_user *user = data;

	if (!dusb_is_type(dev, "usb_interface"))
		return 0;
	return reach_intf_in_use(dev, REACH_KEEPS, false, user->why, sizeof(user->why));
}

static bool dusb_ignores_use(struct devreset_node *node, unsigned int flags)
{
	if (flags & DEVRESET_MAY_AUTO)
		return READ_ONCE(devreset_policy_of(node)->rebind) == DEVRESET_REBIND_ALWAYS;
	return flags & DEVRESET_MAY_FORCE;
}

/*
 * Interfaces of a device that is to be reset have lost their traffic already, and
 * those whose devices consent may lose it. A disk that goes takes data along.
 */
static int dusb_check_use(struct devreset_node *node, struct usb_device *udev,
			  unsigned int flags, enum reach reach)
{
	bool own = !udev->maxchild && reach != REACH_OTHER;
	unsigned int nonet = own || flags & DEVRESET_MAY_AUTO ? DEVRESET_IN_USE_NO_NET : 0;
	struct dusb_user user;
	int ret;

	if (dusb_ignores_use(node, flags))
		return 0;
	if (reach == REACH_KEEPS && !udev->maxchild)
		ret = device_for_each_child(&udev->dev, &user, dusb_intf_in_use);
	else
		ret = devreset_in_use(&udev->dev, nonet, user.why, sizeof(user.why));
	if (!ret)
		return 0;
	dev_warn_ratelimited(&udev->dev, "%s: not reset: %s%s\n", devreset_name(node), user.why,
			     flags & DEVRESET_MAY_AUTO ? "" :
			     "; \"force\" behind the scope resets it all the same");
	return -EBUSY;
}

/**
 * reach_check - may a reset reach all that it does?
 * @node: the node that would be reset
 * @udev: a device that is reset then; what is plugged into it, if it is a hub, comes
 *	with it
 * @flags: as for ops->may_reset
 * @reach: what becomes of the device
 *
 * Return: 0, or -EBUSY (the log says why).
 */
int reach_check(struct devreset_node *node, struct usb_device *udev, unsigned int flags,
		enum reach reach)
{
	int ret = 0;

	/* What is refused now is supported still. */
	if (flags & DEVRESET_MAY_ASK)
		return 0;
	if (flags & DEVRESET_MAY_AUTO && reach == REACH_OTHER)
		ret = dusb_check_consent(&udev->dev, NULL);
	else if (flags & DEVRESET_MAY_AUTO && udev->maxchild)
		ret = device_for_each_child(&udev->dev, NULL, dusb_check_consent);
	return ret ?: dusb_check_use(node, udev, flags, reach);
}
