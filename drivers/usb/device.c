// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes: the reset of one USB device, which ports and hubs do not feel.
 *
 * The USB core has every interface's driver stop and go on around it, binds
 * those anew that cannot, and takes a device that comes back different for
 * another one: it says -ENODEV, and enumerates that (US5).
 */
#include <linux/device.h>
#include <linux/pm_runtime.h>
#include <linux/usb.h>
#include <linux/usb/quirks.h>
#include "../compat.h"
#include "usb.h"

#define REQUEST_MS	1000

/**
 * device_forget - a device goes: so does the node that was made for it
 * @provider: this module's
 * @udev: the device
 */
void device_forget(const struct devreset_provider *provider, struct usb_device *udev)
{
	struct devreset_node *node = devreset_provider_node(provider, &udev->dev);

	if (node)
		devreset_unregister(node);
	devreset_put(node);
}

/* --- may it be reset? ---------------------------------------------------- */

static int dusb_device_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct usb_device *udev = node->data;

	if (udev->state == USB_STATE_NOTATTACHED)
		return -ENODEV;
	/* The device comes back as another one, or not at all; udev may have set the quirk. */
	if (udev->quirks & USB_QUIRK_RESET)
		return -EOPNOTSUPP;
	if (!(flags & DEVRESET_MAY_ASK) && !methods_allow(node, methods_of_device(udev)))
		return -EOPNOTSUPP;
	return reach_check(node, udev, flags, REACH_KEEPS);
}

/* --- the reset ----------------------------------------------------------- */

static int dusb_get_byte(struct usb_device *udev, u8 request, u8 recipient, u16 index, u8 *value)
{
	return usb_control_msg_recv(udev, 0, request, USB_DIR_IN | recipient, 0, index,
				    value, sizeof(*value), REQUEST_MS, GFP_NOIO);
}

static int dusb_read_back_interface(struct usb_device *udev, struct usb_interface *intf)
{
	struct usb_interface_descriptor *desc = &intf->cur_altsetting->desc;
	u8 value;
	int ret;

	ret = dusb_get_byte(udev, USB_REQ_GET_INTERFACE, USB_RECIP_INTERFACE,
			    desc->bInterfaceNumber, &value);
	/* With a single setting, a device need not support the request. */
	if (ret == -EPIPE && intf->num_altsetting == 1)
		return 0;
	if (ret)
		return ret;
	if (value == desc->bAlternateSetting)
		return 0;
	dev_err(&intf->dev, "alternate setting %u after a reset, should be %u\n",
		value, desc->bAlternateSetting);
	return -EIO;
}

/**
 * device_config - the configuration that a device is in, as the USB core has it
 * @udev: the device; if it is not locked, it may be in another one by now
 *
 * Return: its value, or -1.
 */
int device_config(struct usb_device *udev)
{
	/* Configurations are freed with the device. */
	struct usb_host_config *config = READ_ONCE(udev->actconfig);

	return config ? config->desc.bConfigurationValue : -1;
}

/**
 * device_check_config - US3: is a device still in a configuration, after a reset?
 * @udev: the device, locked, and not asleep
 * @config: what it was in before, or -1
 *
 * Return: 0, also for -1; -EIO when it says that it is in another one; or an errno.
 */
int device_check_config(struct usb_device *udev, int config)
{
	u8 value;
	int ret;

	if (config < 0)
		return 0;
	ret = dusb_get_byte(udev, USB_REQ_GET_CONFIGURATION, USB_RECIP_DEVICE, 0, &value);
	if (ret)
		return ret;
	if (value == config && device_config(udev) == config)
		return 0;
	dev_err(&udev->dev, "configuration %u after a reset, should be %d\n", value, config);
	return -EIO;
}

/* US3: what the device says about its configuration; the device lock is held. */
static int dusb_read_back(struct usb_device *udev, int config)
{
	int i, ret = device_check_config(udev, config);

	if (config < 0)
		return ret;
	for (i = 0; !ret && i < udev->actconfig->desc.bNumInterfaces; i++)
		ret = dusb_read_back_interface(udev, udev->actconfig->interface[i]);
	return ret;
}

/**
 * device_reset_locked - usb_reset_device(), in the core's words
 * @udev: the device, locked
 *
 * Return: what the USB core says (US5), but -EALREADY where a reset is under way
 * (its -EINPROGRESS would mean that ours goes on), and -ENODEV for a device that has
 * gone (its -EINVAL).
 */
int device_reset_locked(struct usb_device *udev)
{
	int ret = usb_reset_device(udev);

	if (ret == -EINPROGRESS)
		return -EALREADY;
	return ret == -EINVAL && udev->state == USB_STATE_NOTATTACHED ? -ENODEV : ret;
}

static int dusb_reset_device(struct bus_reset *r)
{
	int config = device_config(r->udev);
	int ret = reach_check(r->node, r->udev, r->flags, REACH_KEEPS);

	if (ret)
		return ret;
	devreset_used(r->node, methods_of_device(r->udev), false);
	return device_reset_locked(r->udev) ?: dusb_read_back(r->udev, config);
}

static int dusb_device_reset(struct devreset_node *node, u32 gen)
{
	struct usb_device *udev = node->data;

	return bus_reset_start(node, gen, udev, dusb_reset_device);
}

/* --- the rest of the node ------------------------------------------------ */

/* The lock of a hub is held while devices below it are enumerated. */
static int dusb_lock_retry(struct usb_device *udev)
{
	int ret, tries = udev->maxchild ? 5 : 1;

	do {
		ret = usb_lock_device_for_reset(udev, NULL);
	} while (ret == -EBUSY && --tries);
	return ret;
}

/*
 * Does the device answer? Taken for healthy while its lock is held for longer, which may be
 * to unplug it, and while it is suspended.
 */
static int dusb_device_check(struct devreset_node *node, const char **reason)
{
	struct usb_device *udev = node->data;
	int awake, ret = 0;
	__le16 status;

	if (dusb_lock_retry(udev))
		return 0;
	awake = compat_pm_runtime_get_if_active(&udev->dev);
	if (awake && udev->state == USB_STATE_CONFIGURED)
		ret = usb_control_msg_recv(udev, 0, USB_REQ_GET_STATUS,
					   USB_DIR_IN | USB_RECIP_DEVICE, 0, 0, &status,
					   sizeof(status), REQUEST_MS, GFP_NOIO);
	if (awake > 0)
		pm_runtime_put(&udev->dev);
	usb_unlock_device(udev);
	/* The device is being unplugged, or does not support the request. */
	if (!ret || ret == -ENODEV || ret == -EPIPE)
		return 0;
	*reason = "does not answer";
	return -EIO;
}

static void dusb_device_methods(struct devreset_node *node, const struct devreset_attempt *attempt,
				struct seq_buf *out)
{
	struct usb_device *udev = node->data;

	methods_print(udev, attempt, REACH_KEEPS, out);
}

static void dusb_device_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct usb_device *udev = node->data;

	devreset_dump_printf(dump, "%s ID %04x:%04x rev %x.%02x state %d speed %d\n",
			     dev_name(&udev->dev), le16_to_cpu(udev->descriptor.idVendor),
			     le16_to_cpu(udev->descriptor.idProduct),
			     le16_to_cpu(udev->descriptor.bcdDevice) >> 8,
			     le16_to_cpu(udev->descriptor.bcdDevice) & 0xff,
			     udev->state, udev->speed);
	devreset_dump_printf(dump, "descriptor: %18ph\n", &udev->descriptor);
}

static void dusb_device_release(struct devreset_node *node)
{
	usb_put_dev(node->data);
}

static const struct devreset_ops device_ops = {
	.may_reset = dusb_device_may_reset,
	.reset = dusb_device_reset,
	.check = dusb_device_check,
	.dump = dusb_device_dump,
	.methods = dusb_device_methods,
	.release = dusb_device_release,
};

static struct devreset_node *dusb_register_device(struct devreset_node *port,
						  struct devreset_provider *provider,
						  struct usb_device *udev)
{
	struct devreset_desc desc = {
		.ops = &device_ops,
		.scope = DEVRESET_FUNCTION,
		.parent = port,
		.provider = provider,
	};
	struct devreset_node *node;
	char name[64];

	snprintf(name, sizeof(name), "usb-%s", dev_name(&udev->dev));
	desc.name = name;
	desc.data = usb_get_dev(udev);
	node = devreset_register(&udev->dev, &desc);
	if (IS_ERR(node))
		usb_put_dev(udev);
	return node;
}

/**
 * device_probe - make the node of a device, and that of its port
 * @provider: this module's
 * @udev: the device
 *
 * Return: 0 or an errno.
 */
int device_probe(struct devreset_provider *provider, struct usb_device *udev)
{
	struct devreset_node *node, *port;

	/* A port node with nothing below it may be unregistered before it is used. */
	do {
		port = port_get(provider, udev);
		if (IS_ERR(port))
			return PTR_ERR(port);
		node = dusb_register_device(port, provider, udev);
		devreset_put(port);
		if (udev->state == USB_STATE_NOTATTACHED) {
			/* device_forget() may have come too early. */
			device_forget(provider, udev);
			return -ENODEV;
		}
	} while (node == ERR_PTR(-ENODEV));
	return PTR_ERR_OR_ZERO(node);
}
