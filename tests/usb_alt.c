// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for the data interface of a communications device, in its second setting: the
 * first one has no endpoints. It stays bound over a reset of the device.
 */
#include <linux/module.h>
#include <linux/usb.h>

#define SETTING	1

static int alt_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	return usb_set_interface(interface_to_usbdev(intf),
				 intf->cur_altsetting->desc.bInterfaceNumber, SETTING);
}

static void alt_disconnect(struct usb_interface *intf)
{
}

/* Without these, the USB core would bind it anew. */
static int alt_pre_reset(struct usb_interface *intf)
{
	return 0;
}

static int alt_post_reset(struct usb_interface *intf)
{
	return 0;
}

static const struct usb_device_id alt_ids[] = {
	{ USB_INTERFACE_INFO(USB_CLASS_CDC_DATA, 0, 0) },
	{ }
};

static struct usb_driver alt_driver = {
	.name = "devreset_usb_alt",
	.probe = alt_probe,
	.disconnect = alt_disconnect,
	.pre_reset = alt_pre_reset,
	.post_reset = alt_post_reset,
	.id_table = alt_ids,
};
module_usb_driver(alt_driver);

MODULE_DESCRIPTION("An interface in its second setting");
MODULE_LICENSE("GPL");
