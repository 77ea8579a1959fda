// SPDX-License-Identifier: GPL-2.0
/*
 * Port nodes: the power of a hub's port is turned off and on, and what is plugged
 * in there is enumerated anew. Where a hub has no power to turn off, the device
 * is unconfigured, reset and configured, so that all that uses it is torn down
 * and built again all the same.
 *
 * The node belongs to the port and outlives the device, whose own nodes go
 * while it is reset; the ones below are those of the device that came then.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include <linux/usb/ch11.h>
#include "usb.h"

/* For capacitors to run empty */
#define OFF_MS		200
#define REQUEST_MS	1000

/* To find a node that comes and goes; with a millisecond in between */
#define PORT_TRIES	200

/**
 * struct ident - how a device is told from another one
 * @desc: its descriptor
 * @hash: of its configurations and its serial number
 */
struct ident {
	struct usb_device_descriptor desc;
	u32 hash;
};

/**
 * struct port - a port node's own
 * @link: in the list of ports
 * @dev: the port, with a reference
 * @hub: its hub, with a reference
 * @port1: its number there, from 1
 * @node: its node, while @gen is not 0
 * @gen: the attempt that waits for the device to come back, or 0
 * @ident: and what it was
 * @old: that device, with a reference, and kept awake, as long as @gen is not 0
 * @config: the configuration it is to be in after a reset, or -1; kept when that fails
 */
struct port {
	struct list_head link;
	struct device *dev;
	struct usb_device *hub;
	int port1;
	struct devreset_node *node;
	u32 gen;
	struct ident ident;
	struct usb_device *old;
	int config;
};

static LIST_HEAD(ports);
static DEFINE_MUTEX(ports_lock);

/* --- the device that comes back ------------------------------------------ */

static void identify(struct usb_device *udev, struct ident *ident)
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

static bool is_same(struct usb_device *udev, const struct ident *before)
{
	struct ident now;

	identify(udev, &now);
	return now.hash == before->hash &&
	       !memcmp(&now.desc, &before->desc, sizeof(now.desc));
}

/* Hold ports_lock. Nobody waits any more. */
static void forget_device(struct port *p)
{
	p->gen = 0;
	if (p->old)
		pm_runtime_put(&p->old->dev);
	usb_put_dev(p->old);
	p->old = NULL;
}

/*
 * Hold ports_lock. A reset that has failed may have left the device in another
 * configuration, or in none: the next one still knows.
 */
static void forget_config(struct port *p, int status)
{
	if (!status || status == -ENODEV)
		p->config = -1;
}

/* Hold ports_lock. */
static void end_reset(struct port *p, int status)
{
	forget_config(p, status);
	devreset_complete(p->node, p->gen, status, 0);
	forget_device(p);
}

static bool waits_for(struct port *p, struct usb_device *udev)
{
	return p->gen && p->hub == udev->parent && p->port1 == udev->portnum &&
	       p->old != udev;
}

/*
 * Back to the configuration that it was in before. The USB core has chosen one, if the
 * device may be used, and does not say whether that went well.
 */
static int configure(struct usb_device *udev, int config)
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

/* What a reset is worth from which this device, locked, has come. */
static int judge(struct usb_device *udev, const struct ident *before, int config)
{
	if (!is_same(udev, before)) {
		dev_warn(&udev->dev, "another device than before the reset of its port\n");
		return -ENODEV;
	}
	return configure(udev, config) ?: device_check_config(udev, config);
}

/* Is a reset of this port waiting for that device? What it was, then. */
static bool find_waiting(struct usb_device *udev, struct ident *before, int *config)
{
	struct port *p;
	bool found = false;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link) {
		if (waits_for(p, udev)) {
			*before = p->ident;
			*config = p->config;
			found = true;
		}
	}
	mutex_unlock(&ports_lock);
	return found;
}

/**
 * port_device_added - a device was enumerated: does a reset wait for it?
 * @udev: the device, locked, its drivers bound if it could be configured
 */
void port_device_added(struct usb_device *udev)
{
	struct ident before;
	struct port *p;
	int status, config;

	if (!find_waiting(udev, &before, &config))
		return;
	/* Not under the lock: it may bind drivers, whose nodes want it. */
	status = judge(udev, &before, config);
	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (waits_for(p, udev))
			end_reset(p, status);
	mutex_unlock(&ports_lock);
}

/*
 * A port that waits for this device, but has gone itself, as its hub was bound anew:
 * @dev is the port now. It must make room before that one's node can be made.
 */
static void end_reset_of_old(struct usb_device *udev, struct device *dev)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (waits_for(p, udev) && p->dev != dev)
			end_reset(p, -ENODEV);
	mutex_unlock(&ports_lock);
}

/**
 * port_hub_removed - a hub goes: none of its ports will be heard of again
 * @hub: the device; need not be a hub
 */
void port_hub_removed(struct usb_device *hub)
{
	struct port *p;

	mutex_lock(&ports_lock);
	list_for_each_entry(p, &ports, link)
		if (p->gen && p->hub == hub)
			end_reset(p, -ENODEV);
	mutex_unlock(&ports_lock);
}

static void expect_device(struct port *p, struct devreset_node *node, u32 gen,
			  struct usb_device *udev)
{
	mutex_lock(&ports_lock);
	forget_device(p);
	p->node = node;
	p->gen = gen;
	if (gen) {
		p->old = usb_get_dev(udev);
		pm_runtime_get_noresume(&udev->dev);
		identify(udev, &p->ident);
	}
	mutex_unlock(&ports_lock);
}

/*
 * The configuration that a device is to be in afterwards: that which it is in, or was
 * before an attempt that has failed left it in none.
 */
static int wanted_config(struct port *p, struct usb_device *udev)
{
	int config = device_config(udev);

	mutex_lock(&ports_lock);
	if (config >= 0)
		p->config = config;
	config = p->config;
	mutex_unlock(&ports_lock);
	return config;
}

/* --- the reset ----------------------------------------------------------- */

static int port_power(struct port *p, bool on)
{
	return usb_control_msg_send(p->hub, 0,
				    on ? USB_REQ_SET_FEATURE : USB_REQ_CLEAR_FEATURE,
				    USB_RT_PORT, USB_PORT_FEAT_POWER, p->port1, NULL, 0,
				    REQUEST_MS, GFP_NOIO);
}

/* Does it still see the device? Then its power is on, whatever was asked for. */
static int port_sees_device(struct port *p)
{
	__le16 status[2];
	int ret;

	ret = usb_control_msg_recv(p->hub, 0, USB_REQ_GET_STATUS, USB_DIR_IN | USB_RT_PORT,
				   0, p->port1, status, sizeof(status), REQUEST_MS, GFP_NOIO);
	return ret ?: !!(le16_to_cpu(status[0]) & USB_PORT_STAT_CONNECTION);
}

/* A port is not left without power because one request was lost. */
static int power_on(struct port *p)
{
	int ret, tries = 3;

	do {
		ret = port_power(p, true);
	} while (ret && ret != -ENODEV && --tries);
	return ret;
}

/* With the hub locked. -EOPNOTSUPP: it has no power to turn off. */
static int power_cycle(struct port *p)
{
	int ret, err, on = 0;

	ret = port_power(p, false);
	if (ret == -EPIPE)
		return -EOPNOTSUPP;
	/* One that timed out may have been heard. */
	if (!ret) {
		msleep(OFF_MS);
		on = port_sees_device(p);
	}
	err = power_on(p);
	if (ret || err || on < 0)
		return ret ?: err ?: on;
	return on ? -EOPNOTSUPP : 0;
}

/* Tear down and build again all that uses the device, locked, which stays plugged in. */
static int rebuild_locked(struct port *p, struct usb_device *udev)
{
	int config = wanted_config(p, udev);
	int err, ret;

	usb_set_configuration(udev, -1);
	ret = device_reset_locked(udev);
	/* Whatever came of it, it is not left unconfigured. */
	if (ret != -ENODEV) {
		err = usb_set_configuration(udev, config);
		ret = ret ?: err ?: device_check_config(udev, config);
	}
	mutex_lock(&ports_lock);
	forget_config(p, ret);
	mutex_unlock(&ports_lock);
	return ret;
}

static int rebuild(struct port *p, struct usb_device *udev)
{
	int ret;

	pm_runtime_get_sync(&udev->dev);
	ret = usb_lock_device_for_reset(udev, NULL);
	if (!ret) {
		ret = rebuild_locked(p, udev);
		usb_unlock_device(udev);
	} else if (ret == -EBUSY) {
		ret = -EAGAIN;
	}
	pm_runtime_put(&udev->dev);
	return ret;
}

static int reset_locked(struct port *p, struct devreset_node *node, u32 gen,
			struct usb_device **udev)
{
	int ret;

	if (p->hub->state != USB_STATE_CONFIGURED)
		return -ENODEV;
	*udev = usb_hub_find_child(p->hub, p->port1);
	if (!*udev)
		return -ENODEV;
	usb_get_dev(*udev);
	/* One that sleeps would be woken, not enumerated. */
	pm_runtime_get_sync(&(*udev)->dev);
	wanted_config(p, *udev);
	expect_device(p, node, gen, *udev);
	ret = power_cycle(p);
	if (ret)
		expect_device(p, NULL, 0, NULL);
	pm_runtime_put(&(*udev)->dev);
	return ret;
}

static int port_reset(struct devreset_node *node, u32 gen)
{
	struct port *p = node->data;
	struct usb_device *udev = NULL;
	int ret = -EAGAIN;

	pm_runtime_get_sync(&p->hub->dev);
	if (usb_trylock_device(p->hub)) {
		ret = reset_locked(p, node, gen, &udev);
		usb_unlock_device(p->hub);
	}
	if (ret == -EOPNOTSUPP)
		ret = rebuild(p, udev);
	else if (!ret)
		ret = -EINPROGRESS;
	pm_runtime_put(&p->hub->dev);
	usb_put_dev(udev);
	return ret;
}

static int port_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct port *p = node->data;
	struct usb_device *udev;
	int ret;

	if (!usb_trylock_device(p->hub))
		return -EAGAIN;
	udev = usb_hub_find_child(p->hub, p->port1);
	ret = udev ? device_survey(udev, flags) : -ENODEV;
	usb_unlock_device(p->hub);
	return ret;
}

static void free_port(struct port *p)
{
	mutex_lock(&ports_lock);
	list_del(&p->link);
	forget_device(p);
	mutex_unlock(&ports_lock);
	put_device(p->dev);
	usb_put_dev(p->hub);
	kfree(p);
}

static void port_release(struct devreset_node *node)
{
	free_port(node->data);
}

static const struct devreset_ops port_ops = {
	.may_reset = port_may_reset,
	.reset = port_reset,
	.release = port_release,
};

/* --- the node ------------------------------------------------------------ */

struct search {
	char name[64];
	struct device *found;
};

/* Of what is below the hub, its interface has the ports. */
static int find_port(struct device *dev, void *data)
{
	struct search *search = data;

	if (dev->type && dev->type->name && !strcmp(dev->type->name, "usb_interface"))
		search->found = device_find_child_by_name(dev, search->name);
	return !!search->found;
}

/*
 * The port that a device is plugged into, with a reference. Its hub may be going:
 * nothing but its list of children is safe to follow without its lock.
 */
static struct device *port_device(struct usb_device *udev)
{
	struct device *hub = &udev->parent->dev;
	struct search search = { };

	snprintf(search.name, sizeof(search.name), "%s-port%d", dev_name(hub), udev->portnum);
	device_for_each_child(hub, &search, find_port);
	return search.found;
}

/* @dev: its reference becomes the node's, or is dropped. */
static int port_register(struct devreset_provider *provider, struct usb_device *udev,
			 struct device *dev)
{
	struct devreset_desc desc = {
		.ops = &port_ops,
		.scope = DEVRESET_PLATFORM,
		.provider = provider,
	};
	struct devreset_node *node;
	struct port *p;
	char name[64];

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p) {
		put_device(dev);
		return -ENOMEM;
	}
	p->dev = dev;
	p->hub = usb_get_dev(udev->parent);
	p->port1 = udev->portnum;
	p->config = -1;
	mutex_lock(&ports_lock);
	list_add(&p->link, &ports);
	mutex_unlock(&ports_lock);

	snprintf(name, sizeof(name), "usbport-%s", dev_name(&udev->dev));
	desc.name = name;
	desc.data = p;
	node = devreset_register(dev, &desc);
	if (IS_ERR(node))
		free_port(p);
	return PTR_ERR_OR_ZERO(node);
}

/**
 * port_get - the node of the port that a device is plugged into, made if need be
 * @provider: this module's
 * @udev: the device
 *
 * Return: the node, with a reference, or an ERR_PTR.
 */
struct devreset_node *port_get(struct devreset_provider *provider, struct usb_device *udev)
{
	struct devreset_node *node;
	struct device *dev;
	int ret, tries = PORT_TRIES;

	/*
	 * Where somebody else was faster, and it has gone again since: once more. But
	 * not for ever: one that is being reset, of a hub that was there before this
	 * one, waits for what this may hold up.
	 */
	do {
		if (tries < PORT_TRIES)
			usleep_range(1000, 2000);
		dev = port_device(udev);
		if (!dev)
			return ERR_PTR(-EOPNOTSUPP);
		node = devreset_find(dev);
		if (node) {
			put_device(dev);
			return node;
		}
		end_reset_of_old(udev, dev);
		ret = port_register(provider, udev, dev);
	} while ((!ret || ret == -EEXIST) && --tries);
	return ERR_PTR(ret == -EEXIST || !ret ? -EBUSY : ret);
}
