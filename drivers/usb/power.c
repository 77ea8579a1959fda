// SPDX-License-Identifier: GPL-2.0
/*
 * The power of a port. A connector for SuperSpeed is two ports, of two hubs: one for
 * USB 2 and its peer for USB 3, and its VBUS stays on until both are off.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kernfs.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/usb.h>
#include <linux/usb/ch11.h>
#include "usb.h"

/* For capacitors to run empty */
#define OFF_MS		200
#define REQUEST_MS	1000
#define ON_TRIES	3

/* --- the peer ------------------------------------------------------------ */

/* @path: where the link "peer" of a port leads to, in sysfs. */
static bool dusb_read_peer(struct device *port, char *path, size_t len)
{
	struct kernfs_node *link = NULL;
	bool found = false;

	if (port->kobj.sd)
		link = kernfs_find_and_get(port->kobj.sd, "peer");
	if (link && kernfs_type(link) == KERNFS_LINK)
		found = kernfs_path(link->symlink.target_kn, path, len) > 0;
	kernfs_put(link);
	return found;
}

/**
 * power_find_peer - the other one of the two ports of a connector
 * @port: a port; its hub is locked
 * @port1: set to the peer's number
 *
 * The USB core keeps struct usb_port to itself; the name that it has linked in sysfs
 * says as much.
 *
 * Return: the peer's hub, with a reference, or NULL if the port has no peer.
 */
struct usb_device *power_find_peer(struct device *port, int *port1)
{
	char *path = kmalloc(PATH_MAX, GFP_NOIO);
	struct usb_device *hub = NULL;
	char *name, *number;

	if (path && dusb_read_peer(port, path, PATH_MAX)) {
		/* Such as "2-1.4-port3" */
		name = (char *)kbasename(path);
		number = strstr(name, "-port");
		if (number && !kstrtoint(number + strlen("-port"), 10, port1)) {
			*number = '\0';
			hub = dusb_find(name);
		}
	}
	kfree(path);
	return hub;
}

/* --- the power ----------------------------------------------------------- */

/**
 * struct end - one of the ports of a connector
 * @hub: its hub
 * @port1: its number there, from 1
 */
struct end {
	struct usb_device *hub;
	int port1;
};

static int dusb_set_power(const struct end *end, bool on)
{
	return usb_control_msg_send(end->hub, 0,
				    on ? USB_REQ_SET_FEATURE : USB_REQ_CLEAR_FEATURE,
				    USB_RT_PORT, USB_PORT_FEAT_POWER, end->port1, NULL, 0,
				    REQUEST_MS, GFP_NOIO);
}

/* A port is not left without power because one request was lost. */
static int dusb_power_on(const struct end *end)
{
	int ret, tries = ON_TRIES;

	do {
		ret = dusb_set_power(end, true);
	} while (ret && ret != -ENODEV && --tries);
	return ret;
}

/* A port that still sees a device has its power on, whatever was asked for. */
static int dusb_sees_device(const struct end *end)
{
	__le16 status[2];
	int ret;

	ret = usb_control_msg_recv(end->hub, 0, USB_REQ_GET_STATUS, USB_DIR_IN | USB_RT_PORT,
				   0, end->port1, status, sizeof(status), REQUEST_MS, GFP_NOIO);
	return ret ?: !!(le16_to_cpu(status[0]) & USB_PORT_STAT_CONNECTION);
}

/**
 * power_cycle - turn the power of a connector off and on
 * @hub: a hub, locked and awake
 * @port1: one of its ports
 * @peer: the hub of that port's peer, likewise, or NULL
 * @peer_port1: and the peer
 *
 * Return: 0; -EOPNOTSUPP if there is no power to turn off, or the device did not
 * lose it; or an errno.
 */
int power_cycle(struct usb_device *hub, int port1, struct usb_device *peer, int peer_port1)
{
	struct end end[] = { { hub, port1 }, { peer, peer_port1 } };
	int i, n = peer ? 2 : 1;
	int ret = 0, on = 0, err = 0;

	/*
	 * A SuperSpeed device that sees power and no SuperSpeed port turns to USB 2: that
	 * port is the last one to go, and the first one to come.
	 */
	if (peer && hub->speed >= USB_SPEED_SUPER)
		swap(end[0], end[1]);
	for (i = 0; i < n && !ret; i++)
		ret = dusb_set_power(&end[i], false);
	if (ret == -EPIPE)
		ret = -EOPNOTSUPP;
	if (!ret)
		msleep(OFF_MS);
	for (i = 0; i < n && !ret && !on; i++)
		on = dusb_sees_device(&end[i]);
	/* Where the request to turn it off timed out, the hub may have heard it. */
	for (i = n; i--;)
		err = dusb_power_on(&end[i]) ?: err;
	if (ret || err || on < 0)
		return ret ?: err ?: on;
	return on ? -EOPNOTSUPP : 0;
}
