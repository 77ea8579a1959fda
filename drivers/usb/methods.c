// SPDX-License-Identifier: GPL-2.0
/*
 * How the drivers of interfaces get through a reset (DR15): by pre_reset() and
 * post_reset(), which are reset_done on this bus, or unbound by the USB core and
 * bound anew. Told to any reader, so no lock of a device is taken.
 */
#include <linux/device.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/seq_buf.h>
#include <linux/string.h>
#include <linux/usb.h>
#include <linux/usb/quirks.h>
#include "usb.h"

/**
 * methods_of_intf - how the driver of an interface gets through a reset
 * @intf: the interface
 * @reach: what becomes of its device
 * @name: set to the driver's name, "-" without one; or NULL
 * @len: bytes there
 */
enum devreset_method methods_of_intf(struct device *intf, enum reach reach, char *name,
				     size_t len)
{
	enum devreset_method method = DEVRESET_METHOD_NONE;
	struct device_driver *drv;

	/* The memory of a driver stays for a grace period. */
	rcu_read_lock();
	drv = READ_ONCE(intf->driver);
	if (drv)
		method = reach == REACH_KEEPS && to_usb_driver(drv)->pre_reset &&
			 to_usb_driver(drv)->post_reset ? DEVRESET_METHOD_RESET_DONE :
							  DEVRESET_METHOD_REBIND;
	if (name)
		strscpy(name, drv ? drv->name : "-", len);
	rcu_read_unlock();
	return method;
}

/* What is plugged into a hub is enumerated anew. */
static int dusb_most_invasive(struct device *dev, void *data)
{
	enum devreset_method *method = data;

	if (dusb_is_type(dev, "usb_interface"))
		*method = max(*method, methods_of_intf(dev, REACH_KEEPS, NULL, 0));
	else if (dusb_is_type(dev, "usb_device"))
		*method = DEVRESET_METHOD_REBIND;
	return 0;
}

/**
 * methods_of_device - the most invasive method in a reset of a device
 * @udev: the device, which stays enumerated
 */
enum devreset_method methods_of_device(struct usb_device *udev)
{
	enum devreset_method method = DEVRESET_METHOD_NONE;

	device_for_each_child(&udev->dev, &method, dusb_most_invasive);
	return method;
}

/**
 * methods_allow - is a method what was asked for?
 * @node: the node, in its ops->may_reset without DEVRESET_MAY_ASK
 * @method: how it would be reset
 */
bool methods_allow(struct devreset_node *node, enum devreset_method method)
{
	enum devreset_method asked = devreset_attempt(node)->method;

	return asked == DEVRESET_METHOD_ANY || asked == method;
}

struct dusb_lines {
	struct seq_buf *out;
	enum reach reach;
	bool force;
	bool others;
	const char *refused;
};

static const char *dusb_method_word(enum devreset_method method)
{
	if (method == DEVRESET_METHOD_REBIND)
		return "rebind";
	return method == DEVRESET_METHOD_RESET_DONE ? "reset_done" : "none";
}

static void dusb_print_intf(struct device *dev, struct dusb_lines *lines)
{
	enum devreset_method method;
	char driver[32], why[64];

	method = methods_of_intf(dev, lines->reach, driver, sizeof(driver));
	seq_buf_printf(lines->out, "%s %s ", dev_name(dev), driver);
	if (lines->refused)
		seq_buf_printf(lines->out, "refused: %s\n", lines->refused);
	else if (!lines->force && reach_intf_in_use(dev, lines->reach, lines->others, why,
						    sizeof(why)))
		seq_buf_printf(lines->out, "refused: is in use: %s\n", why);
	else
		seq_buf_printf(lines->out, "%s\n", dusb_method_word(method));
}

static int dusb_print_below(struct device *dev, void *data)
{
	struct dusb_lines *lines = data, below;

	if (dusb_is_type(dev, "usb_interface")) {
		dusb_print_intf(dev, lines);
	} else if (dusb_is_type(dev, "usb_device")) {
		below = *lines;
		below.reach = REACH_REMOVES;
		device_for_each_child(dev, &below, dusb_print_below);
	}
	return 0;
}

/**
 * methods_print - the lines of the file "methods"
 * @udev: the device
 * @attempt: what the reset would be made for
 * @reach: what would become of the device
 * @out: where to
 *
 * Context: as ops->methods.
 */
void methods_print(struct usb_device *udev, const struct devreset_attempt *attempt,
		   enum reach reach, struct seq_buf *out)
{
	struct dusb_lines lines = {
		.out = out,
		.reach = reach,
		.force = attempt->flags & DEVRESET_MAY_FORCE,
		.others = udev->maxchild,
		.refused = reach == REACH_KEEPS && udev->quirks & USB_QUIRK_RESET ?
			   "it does not come back from a reset" : NULL,
	};

	device_for_each_child(&udev->dev, &lines, dusb_print_below);
}
