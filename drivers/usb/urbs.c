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

static unsigned int read_size = CHUNK_SIZE;
module_param(read_size, uint, 0644);
MODULE_PARM_DESC(read_size, "bytes that one URB asks of the device");

/* What is under way when all is to stop is given so long to end by itself. */
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
	/* Who reads needs it back, whatever the device is expected to say. */
	if (pipe->open && (pipe->struck || ui->stopped & STOP_RESET))
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
 * ND15: nothing looks at an interface that is idle, or sleeps.
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

static bool is_strike(int status)
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
 * Of these it is not known what the device saw of the last packet, and the host
 * begins its data toggle anew: if both go on, a packet may be taken for one that
 * came already, and dropped. A halted endpoint takes nothing until it is reset.
 */
static bool is_tear(int status)
{
	return is_strike(status) && status != -EPIPE;
}

/* Ended before its time: an error, or fewer bytes taken than it was given. */
static bool is_cut(struct urb *urb)
{
	return urb->status ||
	       (usb_urb_dir_out(urb) && urb->actual_length < urb->transfer_buffer_length);
}

/* A slow device may never come to the end of one: a check calls it back. */
static bool is_success(struct urb *urb)
{
	return !urb->status || (urb->status == -ENOENT && urb->actual_length);
}

/* The device took, or sent, some of it. */
static void move_on(struct chunk *chunk)
{
	struct pipe *pipe = chunk->pipe;
	unsigned int actual = chunk->urb->actual_length;

	pipe->bytes += actual;
	pipe->since += actual;
	if (actual)
		pipe->stamp = jiffies;
	if (!pipe->in) {
		chunk->done += actual;
		pipe->taken += actual;
		if (chunk->done == chunk->len)
			list_move_tail(&chunk->link, &pipe->idle);
		return;
	}
	chunk->len = actual;
	chunk->done = 0;
	list_move_tail(&chunk->link, actual ? &pipe->ready : &pipe->idle);
	if (actual)
		pipe->wanted = false;
}

/*
 * What is behind the one that failed must not pass it: back with it, the last
 * one first. What failed keeps its place, and is sent again from where it ended.
 */
static void call_back(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	struct urb *urb[FLIGHT];
	unsigned long flags;
	struct chunk *chunk;
	int i, n = 0;

	spin_lock_irqsave(&ui->lock, flags);
	if (pipe->settling)
		list_for_each_entry_reverse(chunk, &pipe->queue, link)
			if (chunk->flying)
				urb[n++] = usb_get_urb(chunk->urb);
	spin_unlock_irqrestore(&ui->lock, flags);
	for (i = 0; i < n; i++) {
		usb_unlink_urb(urb[i]);
		usb_put_urb(urb[i]);
	}
}

/**
 * usbif_watch - whoever waits is to look again, until no recovery is under way
 * @ui: the interface, with ui->lock held
 *
 * The core does not tell us when it has given up.
 */
void usbif_watch(struct usbif *ui)
{
	lockdep_assert_held(&ui->lock);
	if (!(ui->stopped & STOP_GONE))
		schedule_delayed_work(&ui->watch, HZ);
}

static void watch(struct work_struct *work)
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
	INIT_DELAYED_WORK(&ui->watch, watch);
}

/* Nobody cures it by itself: who waits is told. */
static void strike_out(struct pipe *pipe, const char *reason)
{
	struct usbif *ui = pipe->ui;
	unsigned long flags;
	int ret;

	ret = devreset_recover(ui->node, reason);
	spin_lock_irqsave(&ui->lock, flags);
	if (ret == -EPERM || ret == -EIO)
		pipe->hopeless = pipe->struck;
	usbif_watch(ui);
	spin_unlock_irqrestore(&ui->lock, flags);
}

/*
 * Not each URB is worth waking somebody for. Who finds nothing to read, no room to
 * write, or not all taken, leaves word of what he waits for; and a check waits for the
 * first one after a reset. Hold ui->lock.
 */
static bool is_news(struct urb *urb)
{
	struct chunk *chunk = urb->context;
	struct pipe *pipe = chunk->pipe;

	if (!pipe->proven)
		return true;
	/* For who takes a short read for the end, the first one after it is news, too. */
	if (pipe->in)
		return pipe->wanted || list_empty(&pipe->ready);
	if (pipe->taken + urb->actual_length < pipe->due)
		return false;
	pipe->due = U64_MAX;
	return true;
}

static void pipe_complete(struct urb *urb)
{
	struct chunk *chunk = urb->context;
	struct pipe *pipe = chunk->pipe;
	struct usbif *ui = pipe->ui;
	bool first, news, struck = false;
	unsigned long flags;

	spin_lock_irqsave(&ui->lock, flags);
	news = is_news(urb);
	chunk->flying = false;
	pipe->flying--;
	pipe->completed++;
	first = is_cut(urb) && !pipe->settling;
	pipe->settling |= is_cut(urb);
	pipe->torn |= is_tear(urb->status);
	if (!is_success(urb)) {
		pipe->status = urb->status;
	} else {
		pipe->strikes = 0;
		pipe->proven = true;
		pipe->suspect = false;
		pipe->hopeless &= pipe->struck;
	}
	if (is_strike(urb->status) && ++pipe->strikes == STRIKES) {
		pipe->struck = true;
		struck = true;
	}
	move_on(chunk);
	pipe_run(pipe);
	/* Who holds it calls all of them back, the last one first. */
	first = first && pipe->settling && !pipe->held;
	usbif_account(ui);
	spin_unlock_irqrestore(&ui->lock, flags);

	if (first)
		call_back(pipe);
	if (struck)
		strike_out(pipe, "three errors in a row");
	if (news || struck)
		wake_up_all(&ui->wait);
}

/**
 * pipe_clear_halt - clear the halt, with which the data toggle begins anew on both sides
 * @pipe: the pipe; no URB flies
 *
 * Return: 0 or an errno.
 */
int pipe_clear_halt(struct pipe *pipe)
{
	struct usb_device *udev = pipe->ui->udev;
	int ret = usb_clear_halt(udev, pipe->pipe);

	/*
	 * An xHCI driver that has reset the endpoint itself, after an error, does not
	 * do so the first time; what went since then has moved the toggle.
	 */
	if (!ret)
		usb_reset_endpoint(udev, usb_pipeendpoint(pipe->pipe) | usb_pipein(pipe->pipe));
	return ret;
}

/* As in a reset of the pipes, but of this one alone, and nobody is told. */
static void pipe_mend(struct work_struct *work)
{
	struct pipe *pipe = container_of(work, struct pipe, mend);
	struct usbif *ui = pipe->ui;
	bool due;
	int ret = 0;

	mutex_lock(&ui->halt);
	spin_lock_irq(&ui->lock);
	due = pipe->torn && !pipe->flying && !pipe->struck && !ui->stopped;
	spin_unlock_irq(&ui->lock);
	if (due)
		ret = pipe_clear_halt(pipe);
	spin_lock_irq(&ui->lock);
	if (due && !ret)
		pipe->torn = false;
	pipe->struck |= ret < 0;
	pipe_run(pipe);
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	mutex_unlock(&ui->halt);
	if (ret)
		strike_out(pipe, "its halt cannot be cleared");
	wake_up_all(&ui->wait);
}

/**
 * usbif_stop_work - wait for what happens beside everything else
 * @ui: the interface, stopped by STOP_GONE; its node is still there
 */
void usbif_stop_work(struct usbif *ui)
{
	cancel_delayed_work_sync(&ui->watch);
	cancel_work_sync(&ui->in.mend);
	cancel_work_sync(&ui->out.mend);
}

/* --- submission ---------------------------------------------------------- */

/* An URB that cannot be submitted stays where it is; no progress is a hang. */
static int submit(struct chunk *chunk)
{
	struct pipe *pipe = chunk->pipe;
	u8 *data = chunk->buf;
	unsigned int size;
	int ret;

	if (pipe->in) {
		size = clamp(READ_ONCE(read_size), 1U, (unsigned int)CHUNK_SIZE);
	} else {
		data += chunk->done;
		size = chunk->len - chunk->done;
	}
	usb_fill_bulk_urb(chunk->urb, pipe->ui->udev, pipe->pipe, data, size,
			  pipe_complete, chunk);
	usb_anchor_urb(chunk->urb, &pipe->anchor);
	ret = usb_submit_urb(chunk->urb, GFP_ATOMIC);
	if (ret) {
		usb_unanchor_urb(chunk->urb);
		pipe->status = ret;
		return ret;
	}
	chunk->flying = true;
	pipe->last = chunk;
	pipe->flying++;
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
	struct chunk *chunk;

	lockdep_assert_held(&ui->lock);
	if (ui->stopped || pipe->struck || pipe->held)
		return;
	if (pipe->settling && pipe->flying)
		return;
	pipe->settling = false;
	if (pipe->torn) {
		schedule_work(&pipe->mend);
		return;
	}
	if (pipe->in && pipe->open)
		list_splice_tail_init(&pipe->idle, &pipe->queue);
	/*
	 * The others follow as these end, from where these are completed: so the
	 * controller need not wait for who reads or writes, nor they for its locks.
	 */
	chunk = pipe->last && pipe->last->flying ? pipe->last : NULL;
	chunk = list_prepare_entry(chunk, &pipe->queue, link);
	list_for_each_entry_continue(chunk, &pipe->queue, link)
		if (pipe->flying == FLIGHT || (!chunk->flying && submit(chunk)))
			break;
}

/* --- stop and go --------------------------------------------------------- */

/**
 * pipe_hold - call all URBs back, wait for them, and submit no more
 * @pipe: the pipe, running or not; who holds it lets go by pipe_let_go()
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

static void pipe_poison(struct pipe *pipe)
{
	int i;

	if (!pipe->pipe)
		return;
	usb_wait_anchor_empty_timeout(&pipe->anchor, DRAIN_MS);
	usb_kill_anchored_urbs(&pipe->anchor);
	for (i = 0; i < CHUNKS; i++)
		usb_poison_urb(pipe->chunk[i].urb);
}

static void pipe_unpoison(struct pipe *pipe)
{
	int i;

	if (!pipe->pipe)
		return;
	for (i = 0; i < CHUNKS; i++)
		usb_unpoison_urb(pipe->chunk[i].urb);
}

static void pipe_renew(struct pipe *pipe)
{
	pipe->suspect |= pipe->struck;
	pipe->torn = false;
	pipe->since = 0;
}

static void renew(struct usbif *ui)
{
	lockdep_assert_held(&ui->lock);
	pipe_renew(&ui->in);
	pipe_renew(&ui->out);
	ui->restarted = true;
}

/**
 * usbif_renew - its pipes were reset: both sides begin anew
 * @ui: the interface, stopped
 */
void usbif_renew(struct usbif *ui)
{
	spin_lock_irq(&ui->lock);
	renew(ui);
	spin_unlock_irq(&ui->lock);
}

static void pipe_restart(struct pipe *pipe)
{
	pipe->struck = false;
	pipe->hopeless = false;
	pipe->strikes = 0;
	pipe->proven = false;
	pipe->stamp = jiffies;
	pipe_run(pipe);
}

/**
 * usbif_stop - no URB flies, nor will (US2)
 * @ui: the interface, may stand already
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
		pipe_poison(&ui->in);
		pipe_poison(&ui->out);
	}
	mutex_unlock(&ui->halt);
}

/**
 * usbif_go - go on, unless something else stops it still
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
		pipe_unpoison(&ui->in);
		pipe_unpoison(&ui->out);
	}
	spin_lock_irq(&ui->lock);
	ui->stopped &= ~why;
	if (why & STOP_BUS)
		renew(ui);
	if (!ui->stopped) {
		pipe_restart(&ui->in);
		pipe_restart(&ui->out);
	}
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	mutex_unlock(&ui->halt);
	wake_up_all(&ui->wait);
}

/* --- set-up -------------------------------------------------------------- */

static int chunk_init(struct pipe *pipe, struct chunk *chunk)
{
	chunk->pipe = pipe;
	chunk->urb = usb_alloc_urb(0, GFP_KERNEL);
	chunk->buf = kmalloc(CHUNK_SIZE, GFP_KERNEL);
	if (!chunk->urb || !chunk->buf)
		return -ENOMEM;
	list_add_tail(&chunk->link, &pipe->idle);
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
	INIT_WORK(&pipe->mend, pipe_mend);
	init_usb_anchor(&pipe->anchor);
	INIT_LIST_HEAD(&pipe->idle);
	INIT_LIST_HEAD(&pipe->queue);
	INIT_LIST_HEAD(&pipe->ready);
	if (!desc)
		return 0;
	pipe->pipe = pipe->in ? usb_rcvbulkpipe(ui->udev, desc->bEndpointAddress) :
				usb_sndbulkpipe(ui->udev, desc->bEndpointAddress);
	for (i = 0; i < CHUNKS && !ret; i++)
		ret = chunk_init(pipe, &pipe->chunk[i]);
	return ret;
}

/**
 * pipe_free - undo pipe_init()
 * @pipe: the pipe; no URB flies
 */
void pipe_free(struct pipe *pipe)
{
	int i;

	for (i = 0; i < CHUNKS; i++) {
		usb_free_urb(pipe->chunk[i].urb);
		kfree(pipe->chunk[i].buf);
	}
}
