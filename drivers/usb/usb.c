// SPDX-License-Identifier: GPL-2.0
/*
 * devreset for USB.
 *
 *	usb.c		the interface driver and the provider
 *	chardev.c	/dev/devreset_usb0: what users read and write
 *	urbs.c		queues of URBs, and how they stop and go on
 *	nodes.c		node "usbif-1-1:1.0": a reset of an interface's pipes
 *	device.c	node "usb-1-1": a reset of the device
 *	port.c		node "usbport-1-1": the power of the port it is plugged into
 *	comeback.c	the device that comes back from that
 *	bus_reset.c	resets by the USB core, in a worker
 *	power.c		which power that is, and how it is turned off and on
 *	reach.c		what else a reset reaches, and whether that is in use
 *	methods.c	how drivers of interfaces get through it
 *
 * An interface cannot be reset alone, but its pipes can (US4). What a reset of
 * the device does to its other interfaces is for their drivers and the USB core
 * to know; this module chooses when, only tries locks (rule 4), and checks
 * afterwards whether the device is configured as before (US3).
 */
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include "usb.h"

/* --- the interface driver ------------------------------------------------ */

static void usbif_free(struct kref *ref)
{
	struct usbif *ui = container_of(ref, struct usbif, ref);

	pipe_free(&ui->in);
	pipe_free(&ui->out);
	usb_put_intf(ui->intf);
	usb_put_dev(ui->udev);
	kfree(ui);
}

/**
 * usbif_get - take a reference
 * @ui: the interface
 */
struct usbif *usbif_get(struct usbif *ui)
{
	kref_get(&ui->ref);
	return ui;
}

/**
 * usbif_put - give it back
 * @ui: the interface
 */
void usbif_put(struct usbif *ui)
{
	kref_put(&ui->ref, usbif_free);
}

/* The kernel's loopback function is recognised by this name alone. */
static enum answers dusb_guess_answers(struct usb_interface *intf, const struct usb_device_id *id)
{
	const char *name = intf->cur_altsetting->string;

	if (!id->driver_info)
		return ANSWERS_FREELY;
	return name && !strncmp(name, "loop ", 5) ? ANSWERS_LOOP : ANSWERS_ALWAYS;
}

static struct usbif *usbif_alloc(struct usb_interface *intf)
{
	struct usbif *ui = kzalloc(sizeof(*ui), GFP_KERNEL);

	if (!ui)
		return NULL;
	kref_init(&ui->ref);
	ui->intf = usb_get_intf(intf);
	ui->udev = usb_get_dev(interface_to_usbdev(intf));
	init_waitqueue_head(&ui->wait);
	usbif_init_watch(ui);
	mutex_init(&ui->halt);
	spin_lock_init(&ui->lock);
	return ui;
}

static int usbif_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct usb_endpoint_descriptor *in = NULL, *out = NULL;
	struct usbif *ui;
	int ret;

	ret = usb_find_bulk_in_endpoint(intf->cur_altsetting, &in);
	if (usb_find_bulk_out_endpoint(intf->cur_altsetting, &out) && ret)
		return -ENODEV;
	ui = usbif_alloc(intf);
	if (!ui)
		return -ENOMEM;
	ui->answers = dusb_guess_answers(intf, id);
	ret = pipe_init(ui, &ui->in, in) ?: pipe_init(ui, &ui->out, out);
	if (!ret)
		ret = usbif_register_node(ui);
	if (ret)
		goto no_node;
	usb_set_intfdata(intf, ui);
	ret = chardev_add(ui);
	if (ret)
		goto no_chardev;
	return 0;

no_chardev:
	usb_set_intfdata(intf, NULL);
	usbif_stop(ui, STOP_GONE);
	usbif_stop_work(ui);
	devreset_unregister(ui->node);
no_node:
	/* The files in sysfs may have been used before that failed. */
	cancel_delayed_work_sync(&ui->watch);
	usbif_put(ui);
	return ret;
}

/*
 * Readers and writers are woken before the node goes: devreset_unregister() waits for a
 * callback, which may wait for them (rule 3).
 */
static void usbif_disconnect(struct usb_interface *intf)
{
	struct usbif *ui = usb_get_intfdata(intf);

	chardev_remove(ui);
	usbif_stop(ui, STOP_GONE);
	usbif_stop_work(ui);
	devreset_unregister(ui->node);
	usb_set_intfdata(intf, NULL);
	usbif_put(ui);
}

/*
 * The device is reset by others (rule 7), or by its own node before this one was quiesced:
 * no URB is in flight in either case (US2). On an error the USB core unbinds the driver and
 * binds it again.
 */
static int usbif_pre_reset(struct usb_interface *intf)
{
	struct usbif *ui = usb_get_intfdata(intf);
	int ret = 0;

	if (!bus_reset_is_own(ui->udev))
		ret = devreset_external_begin(ui->node);
	if (!ret)
		usbif_stop(ui, STOP_BUS);
	return ret;
}

/* The result is not known here: a device that failed is unplugged next. */
static int usbif_post_reset(struct usb_interface *intf)
{
	struct usbif *ui = usb_get_intfdata(intf);

	usbif_go(ui, STOP_BUS);
	if (!bus_reset_is_own(ui->udev))
		devreset_external_end(ui->node, 0);
	return 0;
}

static int usbif_suspend(struct usb_interface *intf, pm_message_t message)
{
	usbif_stop(usb_get_intfdata(intf), STOP_SLEEP);
	return 0;
}

static int usbif_resume(struct usb_interface *intf)
{
	usbif_go(usb_get_intfdata(intf), STOP_SLEEP);
	return 0;
}

/* It was reset on the way: its pipes are as new, and what was under way was not done. */
static int usbif_reset_resume(struct usb_interface *intf)
{
	struct usbif *ui = usb_get_intfdata(intf);
	int ret = devreset_external_begin(ui->node);

	usbif_go(ui, STOP_SLEEP | STOP_BUS);
	devreset_external_end(ui->node, ret);
	return 0;
}

/*
 * The kernel's gadget zero, an endless source: driver_info. Only its vendor interfaces: a
 * composite gadget may have others.
 */
static const struct usb_device_id usbif_ids[] = {
	{ USB_DEVICE_INTERFACE_CLASS(0x0525, 0xa4a0, USB_CLASS_VENDOR_SPEC),
	  .driver_info = true },
	{ }
};
MODULE_DEVICE_TABLE(usb, usbif_ids);

struct usb_driver usbif_driver = {
	.name = "devreset_usb",
	.id_table = usbif_ids,
	.probe = usbif_probe,
	.disconnect = usbif_disconnect,
	.pre_reset = usbif_pre_reset,
	.post_reset = usbif_post_reset,
	.suspend = usbif_suspend,
	.resume = usbif_resume,
	.reset_resume = usbif_reset_resume,
	.dev_groups = usbif_groups,
};

/* --- the provider -------------------------------------------------------- */

/*
 * The USB core notifies of the removal of a device only if its own driver, or one of its
 * subclasses, is bound: not usbip's. The memory of a driver stays for a grace period. The
 * device's lock must not be taken: its holder may wait for this.
 */
static bool dusb_removal_is_notified(struct device *dev)
{
	struct device_driver *drv;
	bool told;

	rcu_read_lock();
	drv = READ_ONCE(dev->driver);
	told = drv && (!strcmp(drv->name, "usb") ||
		       to_usb_device_driver(drv)->generic_subclass);
	rcu_read_unlock();
	return told;
}

/* No nodes for root hubs: these are reset with their host controller. */
static int dusb_provider_probe(struct devreset_provider *provider, struct device *dev)
{
	struct usb_device *udev;

	if (!dusb_is_type(dev, "usb_device") || !dusb_removal_is_notified(dev))
		return -ENODEV;
	udev = to_usb_device(dev);
	return udev->parent ? device_probe(provider, udev) : -ENODEV;
}

struct search {
	const char *name;
	struct usb_device *found;
};

static int dusb_match_name(struct usb_device *udev, void *data)
{
	struct search *search = data;

	if (strcmp(dev_name(&udev->dev), search->name))
		return 0;
	search->found = usb_get_dev(udev);
	return 1;
}

/* A number without zeros in front, up to 255. Returns what follows, or NULL. */
static const char *dusb_skip_number(const char *s)
{
	unsigned int n = 0;

	if (*s < '1' || *s > '9')
		return NULL;
	while (*s >= '0' && *s <= '9' && n < 256)
		n = n * 10 + *s++ - '0';
	return n < 256 ? s : NULL;
}

/* As sysfs and "lsusb -t" name a device: 1-2 or 1-2.3.4 */
static bool dusb_is_name(const char *s)
{
	s = dusb_skip_number(s);
	if (!s || *s++ != '-')
		return false;
	while ((s = dusb_skip_number(s)) && *s == '.')
		s++;
	return s && !*s;
}

/**
 * dusb_find - a device, hubs included, by its name
 * @name: such as "1-1" or "usb1"
 *
 * Return: the device, with a reference, or NULL.
 */
struct usb_device *dusb_find(const char *name)
{
	struct search search = { .name = name };

	usb_for_each_dev(&search, dusb_match_name);
	return search.found;
}

static struct device *dusb_provider_find(const char *name)
{
	struct usb_device *udev;

	if (!dusb_is_name(name))
		return ERR_PTR(-EINVAL);
	udev = dusb_find(name);
	return udev ? &udev->dev : ERR_PTR(-ENODEV);
}

static int dusb_provider_identity(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev;

	if (!dusb_is_type(dev, "usb_device"))
		return -ENODEV;
	udev = to_usb_device(dev);
	snprintf(buf, size, "%04x:%04x %s", le16_to_cpu(udev->descriptor.idVendor),
		 le16_to_cpu(udev->descriptor.idProduct), udev->serial ?: "-");
	return 0;
}

static struct devreset_provider provider = {
	.name = "usb",
	.owner = THIS_MODULE,
	.probe = dusb_provider_probe,
	.find = dusb_provider_find,
	.identity = dusb_provider_identity,
};

static int dusb_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct usb_device *udev = data;

	switch (action) {
	case USB_DEVICE_ADD:
		comeback_device_added(udev);
		devreset_device_added(&provider, dev_name(&udev->dev));
		break;
	case USB_DEVICE_REMOVE:
		device_forget(&provider, udev);
		comeback_hub_removed(udev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = dusb_notify,
};

static int __init devreset_usb_init(void)
{
	int ret = bus_reset_init();

	if (ret)
		return ret;
	usb_register_notify(&notifier);
	ret = devreset_provider_register(&provider);
	if (ret)
		goto no_provider;
	ret = usb_register(&usbif_driver);
	if (ret)
		goto no_driver;
	return 0;

no_driver:
	devreset_provider_unregister(&provider);
	comeback_exit();
no_provider:
	usb_unregister_notify(&notifier);
	bus_reset_exit();
	return ret;
}

static void __exit devreset_usb_exit(void)
{
	usb_deregister(&usbif_driver);
	devreset_provider_unregister(&provider);
	comeback_exit();
	usb_unregister_notify(&notifier);
	bus_reset_exit();
}

module_init(devreset_usb_init);
module_exit(devreset_usb_exit);

MODULE_DESCRIPTION("devreset for USB interfaces, devices and ports");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
