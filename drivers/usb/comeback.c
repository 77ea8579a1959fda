// SPDX-License-Identifier: GPL-2.0
/*
 * The device that comes back from the reset of its port: enumerated anew, it is told
 * from others by its descriptors, put in the configuration that it was in, and ends
 * the reset (ND1). It may come by way of another device, or be authorized late.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pm_runtime.h>
#include <linux/usb.h>
#include <linux/workqueue.h>
#include "usb.h"

static LIST_HEAD(ports);
static DEFINE_MUTEX(ports_lock);

/* --- the device ---------------------------------------------------------- */

static void dusb_identify(struct usb_device *udev, struct ident *ident)
{
	int i;

	ident->desc = udev->descriptor;
	/* The numbers of strings may be given anew each time. */
	ident->desc.iManufacturer = 0;
	ident->desc.iProduct = 0;
	ident->desc.iSerialNumber = 0;
	ident->hash = 0;
	for (i = 0; i < udev->descriptor.bNumConfigurations; i++) {
		/* The device's own word for the length was never checked. */
		u16 len = le16_to_cpu(udev->config[i].desc.wTotalLength);

		ident->hash = jhash(udev->rawdescriptors[i], len, ident->hash);
	}
	if (udev->serial)
		ident->hash = jhash(udev->serial, strlen(udev->serial), ident->hash);
}

static bool dusb_is_same(struct usb_device *udev, const struct ident *before)
{
	struct ident now;

	dusb_identify(udev, &now);
	return now.hash == before->hash &&
	       !memcmp(&now.desc, &before->desc, sizeof(now.desc));
}

/* Hold ports_lock. The reset waits no longer. */
static void dusb_forget_device(struct port *p)
{
	p->gen = 0;
	if (p->old)
		pm_runtime_put(&p->old->dev);
	usb_put_dev(p->old);
	p->old = NULL;
	usb_put_dev(p->late);
	p->late = NULL;
}

/*
 * Hold ports_lock. A reset that has failed may have left the device in another
 * configuration, or in none: the next one still knows.
 */
static void dusb_forget_config(struct port *p, int status)
{
	if (!status || status == -ENODEV)
		p->config = -1;
}

/* Hold ports_lock. */
static void dusb_end_reset(struct port *p, int status)
{
	dusb_forget_config(p, status);
	devreset_complete(p->node, p->gen, status, 0);
	dusb_forget_device(p);
}

static bool dusb_waits_for(struct port *p, struct usb_device *udev)
{
	return p->gen && p->hub == udev->parent && p->port1 == udev->portnum &&
	       p->old != udev;
}

/*
 * Back to the configuration that it was in before. The USB core has chosen one, if the
 * device may be used, and does not say whether that went well.
 */
static int dusb_configure(struct usb_device *udev, int config)
{
	int ret, chosen = device_config(udev);

	if (config < 0 || chosen == config)
		return 0;
	ret = usb_set_configuration(udev, config);
	if (!ret || ret == -ENODEV)
		return ret;
	dev_warn(&udev->dev, "configuration %d after the reset of its port: %d\n", config, ret);
	usb_set_configuration(udev, chosen);
	return -EIO;
}

/*
 * Is a reset of this port waiting for that device? Then @config is what it is to be in. A
 * modem or programmer may first come back as another device: that is not waited for any
 * longer than the reset is.
 */
static bool dusb_find_waiting(struct usb_device *udev, int *config)
{
	struct port *p;
	bool found = false;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link) {
		if (!dusb_waits_for(p, udev))
			continue;
		*config = p->config;
		found = dusb_is_same(udev, &p->ident);
		if (found)
			continue;
		dev_warn(&udev->dev, "another device than before the reset of its port\n");
		if (time_after(jiffies, p->until))
			dusb_end_reset(p, -ENODEV);
	}
	mutex_unlock(&ports_lock);
	return found;
}

/* @udev, locked, has come and may be used: end the reset that waits for it. */
static void dusb_device_is_back(struct usb_device *udev)
{
	struct port *p;
	int status, config;

	if (!dusb_find_waiting(udev, &config))
		return;
	/* Not under the lock: it may bind drivers, whose nodes want it. */
	status = dusb_configure(udev, config) ?: device_check_config(udev, config);
	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (dusb_waits_for(p, udev))
			dusb_end_reset(p, status);
	mutex_unlock(&ports_lock);
}

/* --- a device that is authorized late ------------------------------------ */

static void dusb_late_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(late_work, dusb_late_work);

/* A device that a port waits for and that was authorized since, with a reference. */
static struct usb_device *dusb_take_late(void)
{
	struct usb_device *udev = NULL;
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link) {
		if (!udev && p->late && p->late->authorized)
			swap(udev, p->late);
	}
	mutex_unlock(&ports_lock);
	return udev;
}

static void dusb_set_late(struct usb_device *udev)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link) {
		if (dusb_waits_for(p, udev)) {
			usb_put_dev(p->late);
			p->late = usb_get_dev(udev);
		}
	}
	mutex_unlock(&ports_lock);
}

/* What authorizes a device holds its lock until all drivers are bound. */
static void dusb_late_work(struct work_struct *work)
{
	struct usb_device *udev;
	int ret;

	while ((udev = dusb_take_late())) {
		ret = usb_lock_device_for_reset(udev, NULL);
		if (!ret) {
			dusb_device_is_back(udev);
			usb_unlock_device(udev);
		} else if (ret == -EBUSY) {
			dusb_set_late(udev);
			schedule_delayed_work(&late_work, HZ / 10);
		}
		usb_put_dev(udev);
		if (ret == -EBUSY)
			break;
	}
}

/* Of an authorization, only the new interfaces are notified. */
static int dusb_bus_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct usb_device *udev;
	struct port *p;

	if (action != BUS_NOTIFY_ADD_DEVICE || !dusb_is_type(data, "usb_interface"))
		return NOTIFY_DONE;
	udev = interface_to_usbdev(to_usb_interface(data));
	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (p->late == udev)
			schedule_delayed_work(&late_work, 0);
	mutex_unlock(&ports_lock);
	return NOTIFY_DONE;
}

static struct notifier_block bus_notifier = {
	.notifier_call = dusb_bus_notify,
};

/* The USB core does not export its bus; each of its devices knows it. */
static typeof_member(struct device, bus) usb_bus;
static atomic_t bus_notifier_used = ATOMIC_INIT(0);

static void dusb_hear_of_interfaces(struct usb_device *udev)
{
	if (atomic_xchg(&bus_notifier_used, 1))
		return;
	usb_bus = udev->dev.bus;
	bus_register_notifier(usb_bus, &bus_notifier);
}

/**
 * comeback_exit - the module goes; no port has a node any more
 */
void comeback_exit(void)
{
	if (usb_bus)
		bus_unregister_notifier(usb_bus, &bus_notifier);
	cancel_delayed_work_sync(&late_work);
}

/**
 * comeback_device_added - a device was enumerated: does a reset wait for it?
 * @udev: the device, locked, its drivers bound if it could be configured
 */
void comeback_device_added(struct usb_device *udev)
{
	if (udev->authorized)
		dusb_device_is_back(udev);
	else
		dusb_set_late(udev);
}

/* --- for a port ---------------------------------------------------------- */

/**
 * comeback_end_old - end the reset of a port that has gone, as its hub was bound anew
 * @udev: the device that it waits for
 * @dev: what the port is now
 *
 * That node must make room before the one of @dev can be made.
 */
void comeback_end_old(struct usb_device *udev, struct device *dev)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (dusb_waits_for(p, udev) && p->dev != dev)
			dusb_end_reset(p, -ENODEV);
	mutex_unlock(&ports_lock);
}

/**
 * comeback_hub_removed - a hub goes: none of its ports will be heard of again
 * @hub: the device; need not be a hub
 */
void comeback_hub_removed(struct usb_device *hub)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (p->gen && p->hub == hub)
			dusb_end_reset(p, -ENODEV);
	mutex_unlock(&ports_lock);
}

/**
 * comeback_expect - wait for a device to be enumerated anew
 * @p: the port
 * @node: its node
 * @gen: the attempt, or 0: wait no more
 * @udev: the device as it is now, which is kept awake
 */
void comeback_expect(struct port *p, struct devreset_node *node, u32 gen,
		     struct usb_device *udev)
{
	const struct devreset_policy *policy;

	mutex_lock(&ports_lock);
	dusb_forget_device(p);
	p->node = node;
	p->gen = gen;
	if (gen) {
		/* As the core waits for it */
		policy = devreset_policy_of(node);
		p->until = jiffies + msecs_to_jiffies(max(READ_ONCE(policy->reset_timeout_ms),
							  READ_ONCE(policy->return_ms)));
		p->old = usb_get_dev(udev);
		pm_runtime_get_noresume(&udev->dev);
		dusb_identify(udev, &p->ident);
	}
	mutex_unlock(&ports_lock);
}

/**
 * comeback_config - the configuration that a device is to be in after a reset of its port
 * @udev: the device as it is now
 *
 * Return: that which it is in, or was before an attempt that has failed left it in none.
 */
int comeback_config(struct usb_device *udev)
{
	int config = device_config(udev);
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link) {
		if (p->hub != udev->parent || p->port1 != udev->portnum)
			continue;
		if (config >= 0)
			p->config = config;
		config = p->config;
	}
	mutex_unlock(&ports_lock);
	return config;
}

/**
 * comeback_config_set - a device was reset where it is
 * @udev: the device
 * @status: 0, or why it may not be in the configuration that it was in
 */
void comeback_config_set(struct usb_device *udev, int status)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (p->hub == udev->parent && p->port1 == udev->portnum)
			dusb_forget_config(p, status);
	mutex_unlock(&ports_lock);
}

/**
 * comeback_add - a port has a node
 * @p: the port
 */
void comeback_add(struct port *p)
{
	p->config = -1;
	dusb_hear_of_interfaces(p->hub);
	mutex_lock(&ports_lock);
	list_add(&p->link, &ports);
	mutex_unlock(&ports_lock);
}

/**
 * comeback_del - undo comeback_add()
 * @p: the port
 */
void comeback_del(struct port *p)
{
	mutex_lock(&ports_lock);
	list_del(&p->link);
	dusb_forget_device(p);
	mutex_unlock(&ports_lock);
}
