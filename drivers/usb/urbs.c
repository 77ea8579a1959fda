// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of bulk URBs that a reset may interrupt at any point: what the device
 * took is never sent again, what it did not take is, and what it sent is kept.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include "usb.h"

static unsigned int read_size = DUSB_REQUEST_SIZE;
module_param(read_size, uint, 0644);
MODULE_PARM_DESC(read_size, "bytes that one URB asks of the device");

/* How long URBs in flight may take to complete before they are killed */
#define DRAIN_MS	20

/* --- what is outstanding; hold ui->lock ---------------------------------- */

/**
 * pipe_is_outstanding - is the device at work, or should it be?
 * @pipe: the pipe, with ui->lock held
 */
bool pipe_is_outstanding(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;

	lockdep_assert_held(&ui->lock);
	if (!pipe->in)
		return !list_empty(&pipe->queue);
	/* A reader needs the pipe to be cured, even if the device need not send. */
	if (pipe->open && (pipe->over_limit || ui->stopped & STOP_RESET))
		return true;
	if (!pipe->wanted)
		return false;
	if (ui->answers == ANSWERS_LOOP)
		return ui->out.since > pipe->since;
	return ui->answers == ANSWERS_ALWAYS;
}

/**
 * usbif_account - tell the core whether work is outstanding
 * @ui: the interface, with ui->lock held
 *
 * ND15: an interface that is idle or suspended is not checked.
 */
void usbif_account(struct usbif *ui)
{
	struct pipe *pipe[] = { &ui->in, &ui->out };
	bool busy = false;
	int i;

	/* A callback may come before the node's registration returns. */
	if (!ui->node || ui->stopped & STOP_GONE)
		return;
	for (i = 0; i < ARRAY_SIZE(pipe); i++) {
		bool now = pipe_is_outstanding(pipe[i]);

		if (now && !pipe[i]->outstanding)
			pipe[i]->stamp = jiffies;
		pipe[i]->outstanding = now;
		busy |= now;
	}
	if (busy && !(ui->stopped & STOP_SLEEP))
		devreset_busy(ui->node);
	else
		devreset_idle(ui->node);
}

/* --- completion ---------------------------------------------------------- */

static bool dusb_is_transfer_error(int status)
{
	switch (status) {
	case -EPROTO:
	case -EILSEQ:
	case -ETIME:
	case -EPIPE:
	case -EOVERFLOW:
	case -ECOMM:
	case -ENOSR:
		return true;
	default:
		return false;
	}
}

/*
 * After these it is not known whether the device has received the last packet, and the
 * host resets its data toggle: a packet may then be dropped as a duplicate. A halted
 * endpoint takes nothing until it is reset.
 */
static bool dusb_loses_toggle(int status)
{
	return dusb_is_transfer_error(status) && status != -EPIPE;
}

/* An error, or fewer bytes taken than submitted */
static bool dusb_is_incomplete(struct urb *urb)
{
	return urb->status ||
	       (usb_urb_dir_out(urb) && urb->actual_length < urb->transfer_buffer_length);
}

/* A check unlinks URBs of a slow device, which may have transferred some of them. */
static bool dusb_is_success(struct urb *urb)
{
	return !urb->status || (urb->status == -ENOENT && urb->actual_length);
}

/* Account for the bytes that the device took or sent. */
static void dusb_account_urb(struct dusb_request *req)
{
	struct pipe *pipe = req->pipe;
	unsigned int actual = req->urb->actual_length;

	pipe->bytes += actual;
	pipe->since += actual;
	if (actual)
		pipe->stamp = jiffies;
	if (!pipe->in) {
		req->done += actual;
		pipe->taken += actual;
		if (req->done == req->len)
			list_move_tail(&req->link, &pipe->idle);
		return;
	}
	req->len = actual;
	req->done = 0;
	list_move_tail(&req->link, actual ? &pipe->ready : &pipe->idle);
	if (actual)
		pipe->wanted = false;
}

/*
 * URBs behind one that failed must not pass it: unlink them, the last one first. The one
 * that failed keeps its place, and is submitted again from where it ended.
 */
static void dusb_unlink_submitted(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	struct urb *urb[MAX_IN_FLIGHT];
	unsigned long flags;
	struct dusb_request *req;
	int i, n = 0;

	spin_lock_irqsave(&ui->lock, flags);
	if (pipe->draining)
		list_for_each_entry_reverse(req, &pipe->queue, link)
			if (req->submitted)
				urb[n++] = usb_get_urb(req->urb);
	spin_unlock_irqrestore(&ui->lock, flags);
	for (i = 0; i < n; i++) {
		usb_unlink_urb(urb[i]);
		usb_put_urb(urb[i]);
	}
}

/**
 * usbif_watch - wake waiters now and then, until no recovery is under way
 * @ui: the interface, with ui->lock held
 *
 * The core does not notify of a recovery that was given up.
 */
void usbif_watch(struct usbif *ui)
{
	lockdep_assert_held(&ui->lock);
	if (!(ui->stopped & STOP_GONE))
		schedule_delayed_work(&ui->watch, HZ);
}

static void dusb_watch_work(struct work_struct *work)
{
	struct usbif *ui = container_of(to_delayed_work(work), struct usbif, watch);

	spin_lock_irq(&ui->lock);
	if (ui->node && !(ui->stopped & STOP_GONE) &&
	    devreset_state(ui->node) == DEVRESET_RECOVERING)
		usbif_watch(ui);
	spin_unlock_irq(&ui->lock);
	wake_up_all(&ui->wait);
}

/**
 * usbif_init_watch - make usbif_watch() possible
 * @ui: the interface
 */
void usbif_init_watch(struct usbif *ui)
{
	INIT_DELAYED_WORK(&ui->watch, dusb_watch_work);
}

/* Waiters get -EIO where no automatic recovery follows. */
static void dusb_report_errors(struct pipe *pipe, const char *reason)
{
	struct usbif *ui = pipe->ui;
	unsigned long flags;
	int ret;

	ret = devreset_recover(ui->node, reason);
	spin_lock_irqsave(&ui->lock, flags);
	if (ret == -EPERM || ret == -EIO)
		pipe->unrecoverable = pipe->over_limit;
	usbif_watch(ui);
	spin_unlock_irqrestore(&ui->lock, flags);
}

/*
 * Not each URB wakes waiters: "wanted" and "due" say for what they wait, and a check waits
 * for the first one after a reset. Hold ui->lock.
 */
static bool dusb_needs_wake_up(struct urb *urb)
{
	struct dusb_request *req = urb->context;
	struct pipe *pipe = req->pipe;

	if (!pipe->proven)
		return true;
	/* A reader may wait elsewhere after a short read: wake it for the first one after. */
	if (pipe->in)
		return pipe->wanted || list_empty(&pipe->ready);
	if (pipe->taken + urb->actual_length < pipe->due)
		return false;
	pipe->due = U64_MAX;
	return true;
}

static void dusb_pipe_complete(struct urb *urb)
{
	struct dusb_request *req = urb->context;
	struct pipe *pipe = req->pipe;
	struct usbif *ui = pipe->ui;
	bool first, news, over_limit = false;
	unsigned long flags;

	spin_lock_irqsave(&ui->lock, flags);
	news = dusb_needs_wake_up(urb);
	req->submitted = false;
	pipe->in_flight--;
	pipe->completed++;
	first = dusb_is_incomplete(urb) && !pipe->draining;
	pipe->draining |= dusb_is_incomplete(urb);
	pipe->toggle_lost |= dusb_loses_toggle(urb->status);
	if (!dusb_is_success(urb)) {
		pipe->status = urb->status;
	} else {
		pipe->error_count = 0;
		pipe->proven = true;
		pipe->check_pending = false;
		pipe->unrecoverable &= pipe->over_limit;
	}
	if (dusb_is_transfer_error(urb->status) && ++pipe->error_count == ERROR_LIMIT) {
		pipe->over_limit = true;
		over_limit = true;
	}
	dusb_account_urb(req);
	pipe_run(pipe);
	/* pipe_hold() kills all of them itself, the last one first. */
	first = first && pipe->draining && !pipe->held;
	usbif_account(ui);
	spin_unlock_irqrestore(&ui->lock, flags);

	if (first)
		dusb_unlink_submitted(pipe);
	if (over_limit)
		dusb_report_errors(pipe, "three errors in a row");
	if (news || over_limit)
		wake_up_all(&ui->wait);
}

/**
 * pipe_clear_halt - clear the halt, with which the data toggle begins anew on both sides
 * @pipe: the pipe; no URB is in flight
 *
 * Return: 0 or an errno.
 */
int pipe_clear_halt(struct pipe *pipe)
{
	struct usb_device *udev = pipe->ui->udev;
	int ret = usb_clear_halt(udev, pipe->pipe);

	/*
	 * xHCI's driver, having reset the endpoint itself after an error, ignores the
	 * first request to do so; transfers since then have moved the toggle.
	 */
	if (!ret)
		usb_reset_endpoint(udev, usb_pipeendpoint(pipe->pipe) | usb_pipein(pipe->pipe));
	return ret;
}

/* As in a reset of the pipes, but of this pipe alone, and unknown to the core. */
static void dusb_clear_halt_work(struct work_struct *work)
{
	struct pipe *pipe = container_of(work, struct pipe, clear_halt);
	struct usbif *ui = pipe->ui;
	bool due;
	int ret = 0;

	mutex_lock(&ui->halt);
	spin_lock_irq(&ui->lock);
	due = pipe->toggle_lost && !pipe->in_flight && !pipe->over_limit && !ui->stopped;
	spin_unlock_irq(&ui->lock);
	if (due)
		ret = pipe_clear_halt(pipe);
	spin_lock_irq(&ui->lock);
	if (due && !ret)
		pipe->toggle_lost = false;
	pipe->over_limit |= ret < 0;
	pipe_run(pipe);
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	mutex_unlock(&ui->halt);
	if (ret)
		dusb_report_errors(pipe, "its halt cannot be cleared");
	wake_up_all(&ui->wait);
}

/**
 * usbif_stop_work - cancel the work items
 * @ui: the interface, stopped by STOP_GONE; its node is still there
 */
void usbif_stop_work(struct usbif *ui)
{
	cancel_delayed_work_sync(&ui->watch);
	cancel_work_sync(&ui->in.clear_halt);
	cancel_work_sync(&ui->out.clear_halt);
}

/* --- submission ---------------------------------------------------------- */

/* An URB that cannot be submitted stays queued; no progress is a hang. */
static int dusb_submit(struct dusb_request *req)
{
	struct pipe *pipe = req->pipe;
	u8 *data = req->buf;
	unsigned int size;
	int ret;

	if (pipe->in) {
		size = clamp(READ_ONCE(read_size), 1U, (unsigned int)DUSB_REQUEST_SIZE);
	} else {
		data += req->done;
		size = req->len - req->done;
	}
	usb_fill_bulk_urb(req->urb, pipe->ui->udev, pipe->pipe, data, size,
			  dusb_pipe_complete, req);
	usb_anchor_urb(req->urb, &pipe->anchor);
	ret = usb_submit_urb(req->urb, GFP_ATOMIC);
	if (ret) {
		usb_unanchor_urb(req->urb);
		pipe->status = ret;
		return ret;
	}
	req->submitted = true;
	pipe->last = req;
	pipe->in_flight++;
	pipe->submitted++;
	return 0;
}

/**
 * pipe_run - submit what can be
 * @pipe: the pipe, with ui->lock held
 */
void pipe_run(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	struct dusb_request *req;

	lockdep_assert_held(&ui->lock);
	if (ui->stopped || pipe->over_limit || pipe->held)
		return;
	if (pipe->draining && pipe->in_flight)
		return;
	pipe->draining = false;
	if (pipe->toggle_lost) {
		schedule_work(&pipe->clear_halt);
		return;
	}
	if (pipe->in && pipe->open)
		list_splice_tail_init(&pipe->idle, &pipe->queue);
	/*
	 * The others are submitted by the completion of these: the controller need not
	 * wait for readers and writers, nor these for its locks.
	 */
	req = pipe->last && pipe->last->submitted ? pipe->last : NULL;
	req = list_prepare_entry(req, &pipe->queue, link);
	list_for_each_entry_continue(req, &pipe->queue, link)
		if (pipe->in_flight == MAX_IN_FLIGHT || (!req->submitted && dusb_submit(req)))
			break;
}

/* --- stop and go --------------------------------------------------------- */

/**
 * pipe_hold - kill all URBs, and submit no more until pipe_let_go()
 * @pipe: the pipe, running or not
 *
 * Context: process, may sleep.
 */
void pipe_hold(struct pipe *pipe)
{
	spin_lock_irq(&pipe->ui->lock);
	pipe->held++;
	spin_unlock_irq(&pipe->ui->lock);
	usb_kill_anchored_urbs(&pipe->anchor);
}

/**
 * pipe_let_go - go on after pipe_hold()
 * @pipe: the pipe, with ui->lock held
 */
void pipe_let_go(struct pipe *pipe)
{
	pipe->held--;
	pipe_run(pipe);
	usbif_account(pipe->ui);
}

static void dusb_pipe_poison(struct pipe *pipe)
{
	int i;

	if (!pipe->pipe)
		return;
	usb_wait_anchor_empty_timeout(&pipe->anchor, DRAIN_MS);
	usb_kill_anchored_urbs(&pipe->anchor);
	for (i = 0; i < MAX_REQUESTS; i++)
		usb_poison_urb(pipe->req[i].urb);
}

static void dusb_pipe_unpoison(struct pipe *pipe)
{
	int i;

	if (!pipe->pipe)
		return;
	for (i = 0; i < MAX_REQUESTS; i++)
		usb_unpoison_urb(pipe->req[i].urb);
}

static void dusb_pipe_renew(struct pipe *pipe)
{
	pipe->check_pending |= pipe->over_limit;
	pipe->toggle_lost = false;
	pipe->since = 0;
}

static void dusb_renew_locked(struct usbif *ui)
{
	lockdep_assert_held(&ui->lock);
	dusb_pipe_renew(&ui->in);
	dusb_pipe_renew(&ui->out);
	ui->restarted = true;
}

/**
 * usbif_renew - the pipes were reset on both sides
 * @ui: the interface, stopped
 */
void usbif_renew(struct usbif *ui)
{
	spin_lock_irq(&ui->lock);
	dusb_renew_locked(ui);
	spin_unlock_irq(&ui->lock);
}

static void dusb_pipe_restart(struct pipe *pipe)
{
	pipe->over_limit = false;
	pipe->unrecoverable = false;
	pipe->error_count = 0;
	pipe->proven = false;
	pipe->stamp = jiffies;
	pipe_run(pipe);
}

/**
 * usbif_stop - no URB is in flight, and none will be submitted (US2)
 * @ui: the interface, may be stopped already
 * @why: one of STOP_*, until usbif_go() with the same
 *
 * Context: process, may sleep; waits for URBs.
 */
void usbif_stop(struct usbif *ui, unsigned int why)
{
	unsigned int before;

	mutex_lock(&ui->halt);
	spin_lock_irq(&ui->lock);
	before = ui->stopped;
	if (why == STOP_GONE)
		devreset_idle(ui->node);
	ui->stopped |= why;
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	wake_up_all(&ui->wait);
	if (!before) {
		dusb_pipe_poison(&ui->in);
		dusb_pipe_poison(&ui->out);
	}
	mutex_unlock(&ui->halt);
}

/**
 * usbif_go - submit URBs again, unless another reason to be stopped is left
 * @ui: the interface
 * @why: as given to usbif_stop(); with STOP_BUS, the device was reset
 *
 * Context: process, may sleep.
 */
void usbif_go(struct usbif *ui, unsigned int why)
{
	unsigned int before;

	mutex_lock(&ui->halt);
	before = ui->stopped;
	if (before && !(before & ~why)) {
		dusb_pipe_unpoison(&ui->in);
		dusb_pipe_unpoison(&ui->out);
	}
	spin_lock_irq(&ui->lock);
	ui->stopped &= ~why;
	if (why & STOP_BUS)
		dusb_renew_locked(ui);
	if (!ui->stopped) {
		dusb_pipe_restart(&ui->in);
		dusb_pipe_restart(&ui->out);
	}
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	mutex_unlock(&ui->halt);
	wake_up_all(&ui->wait);
}

/* --- set-up -------------------------------------------------------------- */

static int dusb_request_init(struct pipe *pipe, struct dusb_request *req)
{
	req->pipe = pipe;
	req->urb = usb_alloc_urb(0, GFP_KERNEL);
	req->buf = kmalloc(DUSB_REQUEST_SIZE, GFP_KERNEL);
	if (!req->urb || !req->buf)
		return -ENOMEM;
	list_add_tail(&req->link, &pipe->idle);
	return 0;
}

/**
 * pipe_init - make a queue of URBs
 * @ui: the interface
 * @pipe: one of its pipes
 * @desc: the endpoint; NULL: there is none
 *
 * Return: 0 or -ENOMEM; pipe_free() is due either way.
 */
int pipe_init(struct usbif *ui, struct pipe *pipe, struct usb_endpoint_descriptor *desc)
{
	int i, ret = 0;

	pipe->ui = ui;
	pipe->in = pipe == &ui->in;
	pipe->due = U64_MAX;
	mutex_init(&pipe->users);
	INIT_WORK(&pipe->clear_halt, dusb_clear_halt_work);
	init_usb_anchor(&pipe->anchor);
	INIT_LIST_HEAD(&pipe->idle);
	INIT_LIST_HEAD(&pipe->queue);
	INIT_LIST_HEAD(&pipe->ready);
	if (!desc)
		return 0;
	pipe->pipe = pipe->in ? usb_rcvbulkpipe(ui->udev, desc->bEndpointAddress) :
				usb_sndbulkpipe(ui->udev, desc->bEndpointAddress);
	for (i = 0; i < MAX_REQUESTS && !ret; i++)
		ret = dusb_request_init(pipe, &pipe->req[i]);
	return ret;
}

/**
 * pipe_free - undo pipe_init()
 * @pipe: the pipe; no URB is in flight
 */
void pipe_free(struct pipe *pipe)
{
	int i;

	for (i = 0; i < MAX_REQUESTS; i++) {
		usb_free_urb(pipe->req[i].urb);
		kfree(pipe->req[i].buf);
	}
}
