/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of devreset_usb; usb.c says what is where.
 */
#ifndef _DEVRESET_USB_H
#define _DEVRESET_USB_H

#include <linux/devreset.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/usb.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* URBs each way, how many of them are in flight at most, and how much one carries */
#define MAX_REQUESTS		64
#define MAX_IN_FLIGHT		32
#define DUSB_REQUEST_SIZE	16384

/* Errors in a row that are a hang */
#define ERROR_LIMIT		3

struct seq_buf;
struct usbif;

/**
 * struct dusb_request - an URB and its buffer
 * @link: in one of the lists of its pipe
 * @pipe: its pipe
 * @urb: the URB
 * @buf: DUSB_REQUEST_SIZE bytes
 * @len: bytes in @buf
 * @done: out: those that the device took; in: those that were read
 * @end: out: where it ends, counted like pipe.queued
 * @submitted: the URB is in flight
 */
struct dusb_request {
	struct list_head link;
	struct pipe *pipe;
	struct urb *urb;
	u8 *buf;
	unsigned int len;
	unsigned int done;
	u64 end;
	bool submitted;
};

/**
 * struct pipe - one direction
 * @ui: its interface
 * @pipe: the USB core's number for it; 0: there is no such endpoint
 * @in: it goes from the device to here
 * @users: readers, or writers, one at a time
 * @anchor: URBs that are submitted
 * @in_flight: how many
 * @last: the one submitted last; while it is in flight, and unless @draining, so are all
 *	before it in @queue
 * @req: the URBs
 * @idle: requests that hold nothing
 * @queue: out: requests that the device has to take, in order; in: URBs that it
 *	may fill
 * @ready: in: requests to be read, in order
 * @turned_away: @users was found locked: wake waiters when it is unlocked
 * @wanted: in: a reader waits for data
 * @open: in: files that may be read
 * @held: calls of pipe_hold() without their pipe_let_go()
 * @toggle_lost: after an error the two sides may disagree about the data toggle:
 *	nothing is submitted until @clear_halt or a reset has cleared it on both
 * @clear_halt: clears it
 * @draining: an error happened: nothing is submitted until nothing is in flight
 * @over_limit: ERROR_LIMIT was reached: nothing is submitted until the next reset
 * @unrecoverable: it has failed, and no automatic reset follows
 * @check_pending: it was over the limit before the last reset, and was not checked since
 * @error_count: errors in a row
 * @status: the last error
 * @proven: an URB was completed since the last reset
 * @outstanding: the device has work to do
 * @stamp: when something was completed, or became outstanding, in jiffies
 * @queued: out: bytes ever given to the queue
 * @taken: out: of those, how many the device took
 * @due: out: waiters are woken when it has taken so many
 * @bytes: bytes that went through
 * @since: and since the last reset
 * @submitted: counter of URBs
 * @completed: counter of URBs
 *
 * All but @users is under usbif.lock. The order of bytes is that of @queue;
 * where an URB ends early, those behind it are unlinked before the rest of it is
 * submitted. A host controller that goes on by itself after an error, as xHCI
 * does, may have sent some of those by then.
 */
struct pipe {
	struct usbif *ui;
	unsigned int pipe;
	bool in;
	struct mutex users;	/* one reader, one writer */
	struct usb_anchor anchor;
	unsigned int in_flight;
	struct dusb_request *last;
	struct dusb_request req[MAX_REQUESTS];
	struct list_head idle;
	struct list_head queue;
	struct list_head ready;
	bool turned_away;
	bool wanted;
	unsigned int open;
	unsigned int held;
	bool toggle_lost;
	struct work_struct clear_halt;
	bool draining;
	bool over_limit;
	bool unrecoverable;
	bool check_pending;
	unsigned int error_count;
	int status;
	bool proven;
	bool outstanding;
	unsigned long stamp;
	u64 queued;
	u64 taken;
	u64 due;
	u64 bytes;
	u64 since;
	unsigned long submitted;
	unsigned long completed;
};

/* Why an interface is stopped: usbif.stopped */
#define STOP_RESET	BIT(0)
#define STOP_SLEEP	BIT(1)
#define STOP_GONE	BIT(2)
#define STOP_BUS	BIT(3)	/* the USB core resets the device */

/**
 * enum answers - when does a read that waits say that work is outstanding?
 * @ANSWERS_FREELY: never: the device speaks when it likes
 * @ANSWERS_LOOP: when the device was given more than it gave back
 * @ANSWERS_ALWAYS: always: it is a source
 */
enum answers {
	ANSWERS_FREELY,
	ANSWERS_LOOP,
	ANSWERS_ALWAYS,
};

/**
 * struct usbif - an interface with our driver
 * @ref: the driver's, and one for each open file
 * @intf: the interface, with a reference
 * @udev: its device, with a reference
 * @node: its devreset node, a component; valid until STOP_GONE
 * @wait: woken when there is news of the pipes: see is_news()
 * @watch: wakes it while a recovery may end
 * @halt: for starting and stopping
 * @lock: for the pipes and what follows
 * @stopped: STOP_*: why it is stopped
 * @stuck: with STOP_RESET: it could not be started again
 * @restarted: it was reset, which was not checked yet
 * @answers: see there
 * @in: from the device
 * @out: to the device
 */
struct usbif {
	struct kref ref;
	struct usb_interface *intf;
	struct usb_device *udev;
	struct devreset_node *node;
	wait_queue_head_t wait;
	struct delayed_work watch;
	struct mutex halt;	/* of changes of stopped */

	spinlock_t lock;	/* of all below */
	unsigned int stopped;
	bool stuck;
	bool restarted;
	enum answers answers;
	struct pipe in;
	struct pipe out;
};

/* usb.c */
extern struct usb_driver usbif_driver;
struct usb_device *dusb_find(const char *name);
struct usbif *usbif_get(struct usbif *ui);
void usbif_put(struct usbif *ui);

/* urbs.c: queues of URBs */
int pipe_init(struct usbif *ui, struct pipe *pipe, struct usb_endpoint_descriptor *desc);
void pipe_free(struct pipe *pipe);
void pipe_run(struct pipe *pipe);
int pipe_clear_halt(struct pipe *pipe);
void pipe_hold(struct pipe *pipe);
void pipe_let_go(struct pipe *pipe);
bool pipe_is_outstanding(struct pipe *pipe);
void usbif_account(struct usbif *ui);
void usbif_stop(struct usbif *ui, unsigned int why);
void usbif_go(struct usbif *ui, unsigned int why);
void usbif_renew(struct usbif *ui);
void usbif_init_watch(struct usbif *ui);
void usbif_watch(struct usbif *ui);
void usbif_stop_work(struct usbif *ui);

/* chardev.c */
int chardev_add(struct usbif *ui);
void chardev_remove(struct usbif *ui);

/* nodes.c: node "usbif-1-1:1.0" */
extern const struct attribute_group *usbif_groups[];
int usbif_register_node(struct usbif *ui);
bool pipe_is_stalled(struct pipe *pipe);

/**
 * struct bus_reset - a reset of a device by the USB core
 * @link: in the list of those that go on
 * @work: does it
 * @task: which is this one
 * @node: the node that is reset, with a reference
 * @gen: and the attempt
 * @udev: the device, with a reference
 * @flags: of that attempt
 * @deadline: in jiffies, by when the device's lock must be had
 * @reset: see bus_reset_start()
 */
struct bus_reset {
	struct list_head link;
	struct work_struct work;
	struct task_struct *task;
	struct devreset_node *node;
	u32 gen;
	struct usb_device *udev;
	unsigned int flags;
	unsigned long deadline;
	int (*reset)(struct bus_reset *r);
};

/* bus_reset.c: resets by the USB core, in a worker */
int bus_reset_start(struct devreset_node *node, u32 gen, struct usb_device *udev,
		    int (*reset)(struct bus_reset *r));
bool bus_reset_is_own(struct usb_device *udev);
int bus_reset_init(void);
void bus_reset_exit(void);

/* device.c: node "usb-1-1" */
int device_probe(struct devreset_provider *provider, struct usb_device *udev);
void device_forget(const struct devreset_provider *provider, struct usb_device *udev);
int device_config(struct usb_device *udev);
int device_check_config(struct usb_device *udev, int config);
int device_reset_locked(struct usb_device *udev);

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
 * @until: and how long it does, in jiffies
 * @ident: and what it was
 * @old: that device, with a reference, and kept awake, as long as @gen is not 0
 * @late: a device that came since, with a reference, and is not authorized yet
 * @config: the configuration it is to be in after a reset, or -1; kept when that fails
 *
 * But for @dev, @hub and @port1, it is comeback.c's.
 */
struct port {
	struct list_head link;
	struct device *dev;
	struct usb_device *hub;
	int port1;
	struct devreset_node *node;
	u32 gen;
	unsigned long until;
	struct ident ident;
	struct usb_device *old;
	struct usb_device *late;
	int config;
};

/* port.c: node "usbport-1-1" */
struct devreset_node *port_get(struct devreset_provider *provider, struct usb_device *udev);

/* comeback.c: the device that comes back from the reset of its port */
void comeback_add(struct port *p);
void comeback_del(struct port *p);
void comeback_expect(struct port *p, struct devreset_node *node, u32 gen,
		     struct usb_device *udev);
int comeback_config(struct usb_device *udev);
void comeback_config_set(struct usb_device *udev, int status);
void comeback_end_old(struct usb_device *udev, struct device *dev);
void comeback_device_added(struct usb_device *udev);
void comeback_hub_removed(struct usb_device *hub);
void comeback_exit(void);

/* power.c: the power of a port */
int power_cycle(struct usb_device *hub, int port1, struct usb_device *peer, int peer_port1);
struct usb_device *power_find_peer(struct device *port, int *port1);

/**
 * enum reach - what becomes of a device that a reset reaches
 * @REACH_KEEPS: it stays enumerated, and drivers that handle a reset stay bound
 * @REACH_REMOVES: it is enumerated anew
 * @REACH_OTHER: likewise, and the reset is for another device
 */
enum reach {
	REACH_KEEPS,
	REACH_REMOVES,
	REACH_OTHER,
};

/* reach.c: what a reset reaches */
bool dusb_is_type(struct device *dev, const char *type);
int reach_intf_in_use(struct device *dev, enum reach reach, bool others, char *why,
		      size_t len);
int reach_check(struct devreset_node *node, struct usb_device *udev, unsigned int flags,
		enum reach reach);

/* methods.c: how drivers get through a reset */
enum devreset_method methods_of_intf(struct device *intf, enum reach reach, char *name,
				     size_t len);
enum devreset_method methods_of_device(struct usb_device *udev);
bool methods_allow(struct devreset_node *node, enum devreset_method method);
void methods_print(struct usb_device *udev, const struct devreset_attempt *attempt,
		   enum reach reach, struct seq_buf *out);

#endif
