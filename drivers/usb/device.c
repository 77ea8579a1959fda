// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes: the reset of one USB device, which ports and hubs do not feel.
 *
 * The USB core has every interface's driver stop and go on around it, binds
 * those anew that cannot, and takes a device that comes back different for
 * another one: it says -ENODEV, and enumerates that (US5).
 */
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include <linux/usb/quirks.h>
#include "../compat.h"
#include "usb.h"

#define REQUEST_MS	1000

/**
 * struct usbdev - a device node's own
 * @link: in the list of devices
 * @udev: the device, with a reference
 */
struct usbdev {
	struct list_head link;
	struct usb_device *udev;
};

static LIST_HEAD(usbdevs);
static DEFINE_MUTEX(usbdevs_lock);

static bool is_ours(const void *data)
{
	struct usbdev *d;
	bool ours = false;

	mutex_lock(&usbdevs_lock);
	list_for_each_entry(d, &usbdevs, link)
		ours |= d == data;
	mutex_unlock(&usbdevs_lock);
	return ours;
}

/**
 * device_forget - a device goes: so does the node that was made for it
 * @udev: the device
 */
void device_forget(struct usb_device *udev)
{
	struct devreset_node *node = devreset_find(&udev->dev);

	if (!node)
		return;
	if (is_ours(node->data))
		devreset_unregister(node);
	devreset_put(node);
}

/* --- may it be reset? ---------------------------------------------------- */

static int device_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct usbdev *d = node->data;

	if (d->udev->state == USB_STATE_NOTATTACHED)
		return -ENODEV;
	/* It comes back as another device, or not at all; udev may have set it. */
	if (d->udev->quirks & USB_QUIRK_RESET)
		return -EOPNOTSUPP;
	if (!(flags & DEVRESET_MAY_ASK) && !methods_allow(node, methods_of_device(d->udev)))
		return -EOPNOTSUPP;
	return reach_check(node, d->udev, flags, REACH_KEEPS);
}

/* --- the reset ----------------------------------------------------------- */

static int ask(struct usb_device *udev, u8 request, u8 recipient, u16 index, u8 *value)
{
	return usb_control_msg_recv(udev, 0, request, USB_DIR_IN | recipient, 0, index,
				    value, sizeof(*value), REQUEST_MS, GFP_NOIO);
}

static int read_back_interface(struct usb_device *udev, struct usb_interface *intf)
{
	struct usb_interface_descriptor *desc = &intf->cur_altsetting->desc;
	u8 value;
	int ret;

	ret = ask(udev, USB_REQ_GET_INTERFACE, USB_RECIP_INTERFACE,
		  desc->bInterfaceNumber, &value);
	/* One that has nothing to choose from need not know the request. */
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
	/* It points to what stays as long as the device does. */
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
	ret = ask(udev, USB_REQ_GET_CONFIGURATION, USB_RECIP_DEVICE, 0, &value);
	if (ret)
		return ret;
	if (value == config && device_config(udev) == config)
		return 0;
	dev_err(&udev->dev, "configuration %u after a reset, should be %d\n", value, config);
	return -EIO;
}

/* US3: what the device says about its configuration; the device lock is held. */
static int read_back(struct usb_device *udev, int config)
{
	int i, ret = device_check_config(udev, config);

	if (config < 0)
		return ret;
	for (i = 0; !ret && i < udev->actconfig->desc.bNumInterfaces; i++)
		ret = read_back_interface(udev, udev->actconfig->interface[i]);
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
	return device_reset_locked(r->udev) ?: read_back(r->udev, config);
}

static int device_reset(struct devreset_node *node, u32 gen)
{
	struct usbdev *d = node->data;

	return bus_reset_start(node, gen, d->udev, dusb_reset_device);
}

/* --- the rest of the node ------------------------------------------------ */

/* A hub's is held while what is plugged into it is enumerated. */
static int lock_patiently(struct usb_device *udev)
{
	int ret, tries = udev->maxchild ? 5 : 1;

	do {
		ret = usb_lock_device_for_reset(udev, NULL);
	} while (ret == -EBUSY && --tries);
	return ret;
}

/*
 * Of a device that nobody else looks at: does it answer? One whose lock somebody has
 * for longer is believed: that may be to unplug it. And it says nothing while it sleeps.
 */
static int device_check(struct devreset_node *node, const char **reason)
{
	struct usbdev *d = node->data;
	struct usb_device *udev = d->udev;
	int awake, ret = 0;
	__le16 status;

	if (lock_patiently(udev))
		return 0;
	awake = compat_pm_runtime_get_if_active(&udev->dev);
	if (awake && udev->state == USB_STATE_CONFIGURED)
		ret = usb_control_msg_recv(udev, 0, USB_REQ_GET_STATUS,
					   USB_DIR_IN | USB_RECIP_DEVICE, 0, 0, &status,
					   sizeof(status), REQUEST_MS, GFP_NOIO);
	if (awake > 0)
		pm_runtime_put(&udev->dev);
	usb_unlock_device(udev);
	/* It is being unplugged, or knows nothing of the request. */
	if (!ret || ret == -ENODEV || ret == -EPIPE)
		return 0;
	*reason = "does not answer";
	return -EIO;
}

static void device_methods(struct devreset_node *node, const struct devreset_attempt *attempt,
			   struct seq_buf *out)
{
	struct usbdev *d = node->data;

	methods_print(d->udev, attempt, REACH_KEEPS, out);
}

static void device_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct usbdev *d = node->data;
	struct usb_device *udev = d->udev;

	devreset_dump_printf(dump, "%s ID %04x:%04x rev %x.%02x state %d speed %d\n",
			     dev_name(&udev->dev), le16_to_cpu(udev->descriptor.idVendor),
			     le16_to_cpu(udev->descriptor.idProduct),
			     le16_to_cpu(udev->descriptor.bcdDevice) >> 8,
			     le16_to_cpu(udev->descriptor.bcdDevice) & 0xff,
			     udev->state, udev->speed);
	devreset_dump_printf(dump, "descriptor: %18ph\n", &udev->descriptor);
}

static void free_usbdev(struct usbdev *d)
{
	mutex_lock(&usbdevs_lock);
	list_del(&d->link);
	mutex_unlock(&usbdevs_lock);
	usb_put_dev(d->udev);
	kfree(d);
}

static void device_release(struct devreset_node *node)
{
	free_usbdev(node->data);
}

static const struct devreset_ops device_ops = {
	.may_reset = device_may_reset,
	.reset = device_reset,
	.check = device_check,
	.dump = device_dump,
	.methods = device_methods,
	.release = device_release,
};

static struct devreset_node *register_below(struct devreset_node *port,
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
	struct usbdev *d;
	char name[64];

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return ERR_PTR(-ENOMEM);
	d->udev = usb_get_dev(udev);
	mutex_lock(&usbdevs_lock);
	list_add(&d->link, &usbdevs);
	mutex_unlock(&usbdevs_lock);

	snprintf(name, sizeof(name), "usb-%s", dev_name(&udev->dev));
	desc.name = name;
	desc.data = d;
	node = devreset_register(&udev->dev, &desc);
	if (IS_ERR(node))
		free_usbdev(d);
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

	/* One that has nothing below it may go before it is used. */
	do {
		port = port_get(provider, udev);
		if (IS_ERR(port))
			return PTR_ERR(port);
		node = register_below(port, provider, udev);
		devreset_put(port);
		if (udev->state == USB_STATE_NOTATTACHED) {
			/* device_forget() may have come too early. */
			device_forget(udev);
			return -ENODEV;
		}
	} while (node == ERR_PTR(-ENODEV));
	return PTR_ERR_OR_ZERO(node);
}
