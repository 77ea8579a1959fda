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
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include <linux/usb/quirks.h>
#include "usb.h"

/* To find a node that comes and goes; with a millisecond in between */
#define PORT_TRIES	200

/* --- the reset ----------------------------------------------------------- */

/*
 * Tear down and build again all that uses the device, locked, which stays plugged in. A
 * driver that flushes a disk's cache meanwhile waits for that: 60 s, and more if the
 * disk does not answer.
 */
static int dusb_rebuild(struct bus_reset *r)
{
	struct usb_device *udev = r->udev;
	int config = comeback_config(udev);
	int err, ret;

	/* The port was without power since that was checked. */
	ret = reach_check(r->node, udev, r->flags, REACH_REMOVES);
	if (ret)
		return ret;
	usb_set_configuration(udev, -1);
	ret = device_reset_locked(udev);
	/* Whatever came of it, it is not left unconfigured. */
	if (ret != -ENODEV) {
		err = usb_set_configuration(udev, config);
		ret = ret ?: err ?: device_check_config(udev, config);
	}
	comeback_config_set(udev, ret);
	return ret;
}

/* What the power of a port and of its peer reaches. */
static int dusb_check_reach(struct port *p, struct devreset_node *node, unsigned int flags,
			    struct usb_device *peer, int peer_port1)
{
	struct usb_device *udev = usb_hub_find_child(p->hub, p->port1);
	struct usb_device *other = peer ? usb_hub_find_child(peer, peer_port1) : NULL;
	int ret;

	if (!udev)
		return -ENODEV;
	ret = reach_check(node, udev, flags, REACH_REMOVES);
	if (!ret && other)
		ret = reach_check(node, other, flags, REACH_OTHER);
	return ret;
}

/* With both hubs locked and awake. @udev: set to the device, with a reference. */
static int dusb_cycle_locked(struct port *p, struct devreset_node *node, u32 gen,
			     struct usb_device *peer, int peer_port1, struct usb_device **udev)
{
	int ret = dusb_check_reach(p, node, devreset_attempt(node)->flags, peer, peer_port1);

	if (ret)
		return ret;
	*udev = usb_get_dev(usb_hub_find_child(p->hub, p->port1));
	/* A suspended device would be resumed, not enumerated anew. */
	pm_runtime_get_sync(&(*udev)->dev);
	comeback_config(*udev);
	comeback_expect(p, node, gen, *udev);
	ret = power_cycle(p->hub, p->port1, peer, peer_port1);
	if (ret)
		comeback_expect(p, NULL, 0, NULL);
	pm_runtime_put(&(*udev)->dev);
	return ret;
}

static bool dusb_is_usable(struct usb_device *hub)
{
	return hub->state == USB_STATE_CONFIGURED;
}

/* With the port's hub locked and awake. */
static int dusb_port_reset_locked(struct port *p, struct devreset_node *node, u32 gen,
				  struct usb_device **udev)
{
	struct usb_device *peer;
	int peer_port1, ret = -EAGAIN;

	if (!dusb_is_usable(p->hub))
		return -ENODEV;
	peer = power_find_peer(p->dev, &peer_port1);
	if (!peer)
		return dusb_cycle_locked(p, node, gen, NULL, 0, udev);
	pm_runtime_get_sync(&peer->dev);
	if (usb_trylock_device(peer)) {
		ret = dusb_cycle_locked(p, node, gen, dusb_is_usable(peer) ? peer : NULL,
					peer_port1, udev);
		usb_unlock_device(peer);
	}
	pm_runtime_put(&peer->dev);
	usb_put_dev(peer);
	return ret;
}

static int dusb_port_reset(struct devreset_node *node, u32 gen)
{
	struct port *p = node->data;
	struct usb_device *udev = NULL;
	int ret = -EAGAIN;

	/* All drivers are bound anew: the core waits for that, for policy/return_ms. */
	devreset_used(node, DEVRESET_METHOD_REBIND, false);
	pm_runtime_get_sync(&p->hub->dev);
	if (usb_trylock_device(p->hub)) {
		ret = dusb_port_reset_locked(p, node, gen, &udev);
		usb_unlock_device(p->hub);
	}
	if (!ret)
		ret = -EINPROGRESS;
	else if (ret == -EOPNOTSUPP && !(udev->quirks & USB_QUIRK_RESET))
		ret = bus_reset_start(node, gen, udev, dusb_rebuild);
	pm_runtime_put(&p->hub->dev);
	usb_put_dev(udev);
	return ret;
}

/**
 * struct dusb_asked - a question about a port, without a lock of its hub, of any reader
 * @p: the port
 * @attempt: what a reset would be made for
 * @out: where to write how; NULL: only whether there is a device
 */
struct dusb_asked {
	struct port *p;
	const struct devreset_attempt *attempt;
	struct seq_buf *out;
};

static int dusb_is_at_port(struct device *dev, void *data)
{
	struct dusb_asked *asked = data;
	struct usb_device *udev;

	if (!dusb_is_type(dev, "usb_device"))
		return 0;
	udev = to_usb_device(dev);
	if (udev->portnum != asked->p->port1 || udev->state == USB_STATE_NOTATTACHED)
		return 0;
	if (asked->out)
		methods_print(udev, asked->attempt, REACH_REMOVES, asked->out);
	return 1;
}

static bool dusb_port_has_device(struct port *p)
{
	struct dusb_asked asked = { .p = p };

	return device_for_each_child(&p->hub->dev, &asked, dusb_is_at_port);
}

/* What is at the peer is only known with that hub locked. */
static void dusb_port_methods(struct devreset_node *node, const struct devreset_attempt *attempt,
			      struct seq_buf *out)
{
	struct port *p = node->data;
	struct dusb_asked asked = { .p = p, .attempt = attempt, .out = out };

	device_for_each_child(&p->hub->dev, &asked, dusb_is_at_port);
}

/* The peer is asked about by the reset itself, with its hub awake. */
static int dusb_port_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct port *p = node->data;
	int ret;

	if (flags & DEVRESET_MAY_ASK)
		return dusb_port_has_device(p) ? 0 : -ENODEV;
	if (!methods_allow(node, DEVRESET_METHOD_REBIND))
		return -EOPNOTSUPP;
	if (!usb_trylock_device(p->hub))
		return -EAGAIN;
	ret = dusb_check_reach(p, node, flags, NULL, 0);
	usb_unlock_device(p->hub);
	return ret;
}

static void dusb_free_port(struct port *p)
{
	comeback_del(p);
	put_device(p->dev);
	usb_put_dev(p->hub);
	kfree(p);
}

static void dusb_port_release(struct devreset_node *node)
{
	dusb_free_port(node->data);
}

static const struct devreset_ops port_ops = {
	.may_reset = dusb_port_may_reset,
	.reset = dusb_port_reset,
	.methods = dusb_port_methods,
	.release = dusb_port_release,
};

/* --- the node ------------------------------------------------------------ */

struct search {
	char name[64];
	struct device *found;
};

/* Of what is below the hub, its interface has the ports. */
static int dusb_find_port(struct device *dev, void *data)
{
	struct search *search = data;

	if (dusb_is_type(dev, "usb_interface"))
		search->found = device_find_child_by_name(dev, search->name);
	return !!search->found;
}

/*
 * The port that a device is plugged into, with a reference. Its hub may be going:
 * nothing but its list of children is safe to follow without its lock.
 */
static struct device *dusb_port_device(struct usb_device *udev)
{
	struct device *hub = &udev->parent->dev;
	struct search search = { };

	snprintf(search.name, sizeof(search.name), "%s-port%d", dev_name(hub), udev->portnum);
	device_for_each_child(hub, &search, dusb_find_port);
	return search.found;
}

/* @dev: its reference becomes the node's, or is dropped. */
static int dusb_port_register(struct devreset_provider *provider, struct usb_device *udev,
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
	comeback_add(p);

	snprintf(name, sizeof(name), "usbport-%s", dev_name(&udev->dev));
	desc.name = name;
	desc.data = p;
	node = devreset_register(dev, &desc);
	if (IS_ERR(node))
		dusb_free_port(p);
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
	 * -EEXIST: the node was made elsewhere, and may be gone again. Limited, as the
	 * node may be that of a hub that was there before this one, whose reset waits
	 * for what this holds up.
	 */
	do {
		if (tries < PORT_TRIES)
			usleep_range(1000, 2000);
		dev = dusb_port_device(udev);
		if (!dev)
			return ERR_PTR(-EOPNOTSUPP);
		node = devreset_find(dev);
		if (node) {
			put_device(dev);
			return node;
		}
		comeback_end_old(udev, dev);
		ret = dusb_port_register(provider, udev, dev);
	} while ((!ret || ret == -EEXIST) && --tries);
	return ERR_PTR(ret == -EEXIST || !ret ? -EBUSY : ret);
}
