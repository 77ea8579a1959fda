// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/devreset_usb0: a stream of bytes to the device, and one from it.
 *
 * A write returns when the device has taken the bytes, and says how many it
 * took. With O_NONBLOCK it returns when they are queued, and fsync() tells when
 * they have been taken. What was queued stays so over resets, until it is taken
 * or the device goes away.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/usb.h>
#include "usb.h"

/* How often a waiter looks whether the recovery has been given up */
#define RECHECK_INTERVAL	HZ

static struct usb_class_driver chardev_class;

/* The errno for readers or writers, or 0 if they are to wait. Hold ui->lock. */
static int dusb_pipe_error(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;

	lockdep_assert_held(&ui->lock);
	if (ui->stopped & STOP_GONE)
		return -ENODEV;
	/* Wait for the outcome of a reset. */
	if (ui->stopped && !ui->stuck)
		return 0;
	if (pipe->unrecoverable)
		return -EIO;
	if (devreset_state(ui->node) == DEVRESET_FAILED &&
	    (pipe->over_limit || ui->stuck || pipe_is_stalled(pipe)))
		return -EIO;
	return 0;
}

/* Wake up when the device has taken so many bytes. The earliest waiter counts. */
static int dusb_set_due(struct pipe *out, u64 taken)
{
	lockdep_assert_held(&out->ui->lock);
	out->due = min(out->due, taken);
	return -EAGAIN;
}

/* dusb_unlock_users() wakes waiters after this was true. Hold ui->lock. */
static bool dusb_pipe_is_busy(struct pipe *pipe)
{
	bool locked = mutex_is_locked(&pipe->users);

	lockdep_assert_held(&pipe->ui->lock);
	pipe->turned_away |= locked;
	return locked;
}

static int dusb_lock_users(struct file *file, struct pipe *pipe)
{
	int ret = 0;

	if (!pipe->pipe)
		return -EOPNOTSUPP;
	if (!(file->f_flags & O_NONBLOCK))
		return mutex_lock_interruptible(&pipe->users) ? -ERESTARTSYS : 0;
	spin_lock_irq(&pipe->ui->lock);
	if (!mutex_trylock(&pipe->users)) {
		pipe->turned_away = true;
		ret = -EAGAIN;
	}
	spin_unlock_irq(&pipe->ui->lock);
	return ret;
}

/* A caller that has found the mutex locked has set turned_away under ui->lock. */
static void dusb_unlock_users(struct pipe *pipe)
{
	bool turned_away;

	mutex_unlock(&pipe->users);
	spin_lock_irq(&pipe->ui->lock);
	turned_away = pipe->turned_away;
	pipe->turned_away = false;
	spin_unlock_irq(&pipe->ui->lock);
	if (turned_away)
		wake_up_all(&pipe->ui->wait);
}

/* Wait until @cond, which is called with ui->lock held, is not -EAGAIN. */
static int dusb_wait_until(struct pipe *pipe, int (*cond)(struct pipe *pipe, u64 end), u64 end)
{
	struct usbif *ui = pipe->ui;
	long left;
	int ret;

	do {
		left = wait_event_interruptible_timeout(ui->wait, ({
			spin_lock_irq(&ui->lock);
			ret = cond(pipe, end);
			spin_unlock_irq(&ui->lock);
			ret != -EAGAIN;
		}), RECHECK_INTERVAL);
	} while (!left);
	return left < 0 ? left : ret;
}

/* --- reading ------------------------------------------------------------- */

/* Received data can be read even if the device has failed. */
static int dusb_has_data(struct pipe *in, u64 end)
{
	if (!list_empty(&in->ready))
		return 0;
	in->wanted = true;
	pipe_run(in);
	usbif_account(in->ui);
	return dusb_pipe_error(in) ?: -EAGAIN;
}

/* The caller waits no longer; other readers set it again when they wake up. */
static void dusb_clear_wanted(struct pipe *in)
{
	spin_lock_irq(&in->ui->lock);
	in->wanted = false;
	usbif_account(in->ui);
	spin_unlock_irq(&in->ui->lock);
	wake_up_all(&in->ui->wait);
}

static int dusb_wait_for_data(struct file *file, struct pipe *in)
{
	int ret;

	if (file->f_flags & O_NONBLOCK) {
		spin_lock_irq(&in->ui->lock);
		ret = dusb_has_data(in, 0);
		spin_unlock_irq(&in->ui->lock);
		return ret;
	}
	ret = dusb_wait_until(in, dusb_has_data, 0);
	if (ret)
		dusb_clear_wanted(in);
	return ret;
}

/* The first request with data, or NULL. Only the reader removes it. */
static struct dusb_request *dusb_first_ready(struct pipe *in)
{
	struct dusb_request *req;

	spin_lock_irq(&in->ui->lock);
	req = list_first_entry_or_null(&in->ready, struct dusb_request, link);
	spin_unlock_irq(&in->ui->lock);
	return req;
}

static void dusb_mark_read(struct dusb_request *req, unsigned int n)
{
	struct pipe *in = req->pipe;

	spin_lock_irq(&in->ui->lock);
	req->done += n;
	if (req->done == req->len) {
		list_move_tail(&req->link, &in->idle);
		pipe_run(in);
	}
	spin_unlock_irq(&in->ui->lock);
}

static ssize_t dusb_chardev_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct usbif *ui = file->private_data;
	struct pipe *in = &ui->in;
	struct dusb_request *req;
	size_t got = 0;
	unsigned int n;
	int ret;

	if (!count)
		return 0;
	ret = dusb_lock_users(file, in);
	if (ret)
		return ret;
	ret = dusb_wait_for_data(file, in);
	while (!ret && got < count) {
		req = dusb_first_ready(in);
		if (!req)
			break;
		n = min_t(size_t, count - got, req->len - req->done);
		if (copy_to_user(buf + got, req->buf + req->done, n)) {
			ret = -EFAULT;
			break;
		}
		dusb_mark_read(req, n);
		got += n;
	}
	dusb_unlock_users(in);
	return got ?: ret;
}

/* --- writing ------------------------------------------------------------- */

/* If there is none, wait for a quarter of the requests. */
static int dusb_has_room(struct pipe *out, u64 end)
{
	int n = 0, ret = dusb_pipe_error(out);
	struct dusb_request *req;

	if (ret || !list_empty(&out->idle))
		return ret;
	list_for_each_entry(req, &out->queue, link)
		if (++n == MAX_REQUESTS / 4)
			break;
	return dusb_set_due(out, req->end);
}

/* During a reset, O_NONBLOCK gets -EAGAIN. */
static int dusb_has_room_now(struct pipe *out)
{
	int ret = dusb_pipe_error(out);

	if (ret)
		return ret;
	return out->ui->stopped || out->over_limit ? -EAGAIN : dusb_has_room(out, 0);
}

/* All that was queued before @end, less what was removed from the queue since. */
static int dusb_is_taken(struct pipe *out, u64 end)
{
	end = min(end, out->queued);
	if (out->taken >= end)
		return 0;
	return dusb_pipe_error(out) ?: dusb_set_due(out, end);
}

static int dusb_wait_for_room(struct file *file, struct pipe *out)
{
	int ret;

	if (!(file->f_flags & O_NONBLOCK))
		return dusb_wait_until(out, dusb_has_room, 0);
	spin_lock_irq(&out->ui->lock);
	ret = dusb_has_room_now(out);
	spin_unlock_irq(&out->ui->lock);
	return ret;
}

/* Only the writer takes idle requests: the one that was found is still there. */
static int dusb_queue_data(struct file *file, struct pipe *out, const char __user *buf,
			   unsigned int n)
{
	struct usbif *ui = out->ui;
	struct dusb_request *req;

	spin_lock_irq(&ui->lock);
	req = list_first_entry(&out->idle, struct dusb_request, link);
	spin_unlock_irq(&ui->lock);
	if (copy_from_user(req->buf, buf, n))
		return -EFAULT;
	spin_lock_irq(&ui->lock);
	if (file->f_flags & O_NONBLOCK && (ui->stopped || out->over_limit)) {
		spin_unlock_irq(&ui->lock);
		return -EAGAIN;
	}
	out->queued += n;
	req->len = n;
	req->done = 0;
	req->end = out->queued;
	list_move_tail(&req->link, &out->queue);
	pipe_run(out);
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	return 0;
}

/* Remove from the queue what is behind @start and was not taken by the device. */
static void dusb_unqueue(struct pipe *out, u64 start)
{
	struct dusb_request *req, *next;

	pipe_hold(out);
	spin_lock_irq(&out->ui->lock);
	list_for_each_entry_safe_reverse(req, next, &out->queue, link) {
		if (req->end - req->len < start)
			break;
		out->queued -= req->len - req->done;
		list_move(&req->link, &out->idle);
	}
	pipe_let_go(out);
	spin_unlock_irq(&out->ui->lock);
	wake_up_all(&out->ui->wait);
}

/* The bytes behind @start that the device has taken. */
static size_t dusb_taken_since(struct pipe *out, u64 start)
{
	size_t n;

	spin_lock_irq(&out->ui->lock);
	n = out->taken > start ? out->taken - start : 0;
	spin_unlock_irq(&out->ui->lock);
	return n;
}

static ssize_t dusb_chardev_write(struct file *file, const char __user *buf, size_t count,
				  loff_t *ppos)
{
	struct usbif *ui = file->private_data;
	struct pipe *out = &ui->out;
	size_t sent = 0;
	unsigned int n;
	int ret, err;
	u64 start;

	if (!count)
		return 0;
	ret = dusb_lock_users(file, out);
	if (ret)
		return ret;
	start = out->queued;
	while (!ret && sent < count) {
		n = min_t(size_t, count - sent, DUSB_REQUEST_SIZE);
		ret = dusb_wait_for_room(file, out) ?: dusb_queue_data(file, out, buf + sent, n);
		if (!ret)
			sent += n;
	}
	if (sent && !(file->f_flags & O_NONBLOCK)) {
		/* After an error, don't wait for the rest. */
		err = ret && ret != -EFAULT ? ret : dusb_wait_until(out, dusb_is_taken, U64_MAX);
		if (err)
			dusb_unqueue(out, start);
		sent = dusb_taken_since(out, start);
		ret = ret ?: err;
	}
	dusb_unlock_users(out);
	return sent ?: ret;
}

/* --- the rest ------------------------------------------------------------ */

static int dusb_chardev_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct usbif *ui = file->private_data;
	u64 queued;

	/* Not for bytes that are queued later: that might never end. */
	spin_lock_irq(&ui->lock);
	queued = ui->out.queued;
	spin_unlock_irq(&ui->lock);
	return dusb_wait_until(&ui->out, dusb_is_taken, queued);
}

/* A poll for EPOLLIN sets "wanted" as a read does. */
static int dusb_poll_in(struct pipe *in, __poll_t events)
{
	if (list_empty(&in->ready) && !(events & (EPOLLIN | EPOLLRDNORM)))
		return dusb_pipe_error(in) ?: -EAGAIN;
	return dusb_has_data(in, 0);
}

/* While another writer has the pipe, there is no room. */
static bool dusb_poll_out(struct pipe *out, __poll_t events)
{
	/* Without EPOLLOUT asked for, "due" and "turned_away" are left alone. */
	return events & (EPOLLOUT | EPOLLWRNORM) && !dusb_pipe_is_busy(out) &&
	       !dusb_has_room_now(out);
}

static __poll_t dusb_chardev_poll(struct file *file, poll_table *wait)
{
	struct usbif *ui = file->private_data;
	__poll_t events = poll_requested_events(wait), mask = 0;
	int ret;

	poll_wait(file, &ui->wait, wait);
	spin_lock_irq(&ui->lock);
	if (file->f_mode & FMODE_READ && ui->in.pipe) {
		ret = dusb_poll_in(&ui->in, events);
		if (ret != -EAGAIN)
			mask |= EPOLLIN | EPOLLRDNORM;
		if (ret && ret != -EAGAIN)
			mask |= EPOLLERR;
	}
	if (file->f_mode & FMODE_WRITE && ui->out.pipe) {
		if (dusb_pipe_error(&ui->out))
			mask |= EPOLLOUT | EPOLLWRNORM | EPOLLERR;
		else if (dusb_poll_out(&ui->out, events))
			mask |= EPOLLOUT | EPOLLWRNORM;
	}
	if (ui->stopped & STOP_GONE)
		mask |= EPOLLERR | EPOLLHUP;
	else if (devreset_state(ui->node) == DEVRESET_FAILED)
		usbif_watch(ui);	/* nothing else looks at it */
	spin_unlock_irq(&ui->lock);
	return mask;
}

static int dusb_chardev_open(struct inode *inode, struct file *file)
{
	/* The interface stays bound until this returns: chardev_remove() waits. */
	struct usb_interface *intf = usb_find_interface(&usbif_driver, iminor(inode));
	struct usbif *ui = intf ? usb_get_intfdata(intf) : NULL;

	if (!ui)
		return -ENODEV;
	file->private_data = usbif_get(ui);
	if (file->f_mode & FMODE_READ) {
		spin_lock_irq(&ui->lock);
		ui->in.open++;
		spin_unlock_irq(&ui->lock);
	}
	return stream_open(inode, file);
}

/* Received data is kept for the next reader. */
static void dusb_stop_reading(struct pipe *in)
{
	bool last;

	spin_lock_irq(&in->ui->lock);
	last = !--in->open;
	if (last)
		in->wanted = false;
	spin_unlock_irq(&in->ui->lock);
	if (!last)
		return;
	pipe_hold(in);
	spin_lock_irq(&in->ui->lock);
	/* With those that could not be submitted. */
	if (!in->open)
		list_splice_tail_init(&in->queue, &in->idle);
	pipe_let_go(in);
	spin_unlock_irq(&in->ui->lock);
}

static int dusb_chardev_release(struct inode *inode, struct file *file)
{
	struct usbif *ui = file->private_data;

	if (file->f_mode & FMODE_READ)
		dusb_stop_reading(&ui->in);
	usbif_put(ui);
	return 0;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = dusb_chardev_open,
	.release = dusb_chardev_release,
	.read = dusb_chardev_read,
	.write = dusb_chardev_write,
	.poll = dusb_chardev_poll,
	.fsync = dusb_chardev_fsync,
};

/* The mode is devtmpfs's default, 0600. */
static struct usb_class_driver chardev_class = {
	.name = "devreset_usb%d",
	.fops = &chardev_fops,
	.minor_base = 192,
};

/**
 * chardev_add - make the char device
 * @ui: the interface, set as the USB interface's data
 *
 * Return: 0 or an errno.
 */
int chardev_add(struct usbif *ui)
{
	return usb_register_dev(ui->intf, &chardev_class);
}

/**
 * chardev_remove - undo chardev_add()
 * @ui: the interface; files that are open stay so
 */
void chardev_remove(struct usbif *ui)
{
	usb_deregister_dev(ui->intf, &chardev_class);
}
