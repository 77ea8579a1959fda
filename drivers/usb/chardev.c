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

/* Whoever waits looks so often whether it makes sense to wait any longer. */
#define PATIENCE	HZ

static struct usb_class_driver chardev_class;

/* Why nothing will come of it, or 0. Hold ui->lock. */
static int pipe_error(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;

	lockdep_assert_held(&ui->lock);
	if (ui->stopped & STOP_GONE)
		return -ENODEV;
	/* The outcome of a reset is waited for, whoever asked for it. */
	if (ui->stopped && !ui->stuck)
		return 0;
	if (pipe->hopeless)
		return -EIO;
	if (devreset_state(ui->node) == DEVRESET_FAILED &&
	    (pipe->struck || ui->stuck || pipe_is_stalled(pipe)))
		return -EIO;
	return 0;
}

/* To be woken when the device has taken so much: no later than anybody else needs it. */
static int wake_at(struct pipe *out, u64 taken)
{
	lockdep_assert_held(&out->ui->lock);
	out->due = min(out->due, taken);
	return -EAGAIN;
}

/* Whoever is turned away hears of it when the pipe is free. Hold ui->lock. */
static bool is_in_use(struct pipe *pipe)
{
	bool locked = mutex_is_locked(&pipe->users);

	lockdep_assert_held(&pipe->ui->lock);
	pipe->turned_away |= locked;
	return locked;
}

static int lock_users(struct file *file, struct pipe *pipe)
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

/* Who was turned away before this has seen it locked, and left word under ui->lock. */
static void unlock_users(struct pipe *pipe)
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
static int wait_until(struct pipe *pipe, int (*cond)(struct pipe *pipe, u64 end), u64 end)
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
		}), PATIENCE);
	} while (!left);
	return left < 0 ? left : ret;
}

/* --- reading ------------------------------------------------------------- */

/* What was received is read, whatever has become of the device. */
static int has_data(struct pipe *in, u64 end)
{
	if (!list_empty(&in->ready))
		return 0;
	in->wanted = true;
	pipe_run(in);
	usbif_account(in->ui);
	return pipe_error(in) ?: -EAGAIN;
}

/* This one does not wait for it any more; who does, says so anew. */
static void want_no_more(struct pipe *in)
{
	spin_lock_irq(&in->ui->lock);
	in->wanted = false;
	usbif_account(in->ui);
	spin_unlock_irq(&in->ui->lock);
	wake_up_all(&in->ui->wait);
}

static int wait_for_data(struct file *file, struct pipe *in)
{
	int ret;

	if (file->f_flags & O_NONBLOCK) {
		spin_lock_irq(&in->ui->lock);
		ret = has_data(in, 0);
		spin_unlock_irq(&in->ui->lock);
		return ret;
	}
	ret = wait_until(in, has_data, 0);
	if (ret)
		want_no_more(in);
	return ret;
}

/* The first chunk with data, or NULL. It stays the reader's until it is empty. */
static struct chunk *first_ready(struct pipe *in)
{
	struct chunk *chunk;

	spin_lock_irq(&in->ui->lock);
	chunk = list_first_entry_or_null(&in->ready, struct chunk, link);
	spin_unlock_irq(&in->ui->lock);
	return chunk;
}

static void was_read(struct chunk *chunk, unsigned int n)
{
	struct pipe *in = chunk->pipe;

	spin_lock_irq(&in->ui->lock);
	chunk->done += n;
	if (chunk->done == chunk->len) {
		list_move_tail(&chunk->link, &in->idle);
		pipe_run(in);
	}
	spin_unlock_irq(&in->ui->lock);
}

static ssize_t chardev_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct usbif *ui = file->private_data;
	struct pipe *in = &ui->in;
	struct chunk *chunk;
	size_t got = 0;
	unsigned int n;
	int ret;

	if (!count)
		return 0;
	ret = lock_users(file, in);
	if (ret)
		return ret;
	ret = wait_for_data(file, in);
	while (!ret && got < count) {
		chunk = first_ready(in);
		if (!chunk)
			break;
		n = min_t(size_t, count - got, chunk->len - chunk->done);
		if (copy_to_user(buf + got, chunk->buf + chunk->done, n)) {
			ret = -EFAULT;
			break;
		}
		was_read(chunk, n);
		got += n;
	}
	unlock_users(in);
	return got ?: ret;
}

/* --- writing ------------------------------------------------------------- */

/* Where there is none, a quarter of all makes it worth going on. */
static int has_room(struct pipe *out, u64 end)
{
	int n = 0, ret = pipe_error(out);
	struct chunk *chunk;

	if (ret || !list_empty(&out->idle))
		return ret;
	list_for_each_entry(chunk, &out->queue, link)
		if (++n == CHUNKS / 4)
			break;
	return wake_at(out, chunk->end);
}

/* During a reset, nothing is taken in from those who do not wait. */
static int has_room_now(struct pipe *out)
{
	return pipe_error(out) ?: out->ui->stopped || out->struck ? -EAGAIN : has_room(out, 0);
}

/* All that was queued before @end; less may be due now, if some of it was withdrawn. */
static int is_taken(struct pipe *out, u64 end)
{
	end = min(end, out->queued);
	if (out->taken >= end)
		return 0;
	return pipe_error(out) ?: wake_at(out, end);
}

static int wait_for_room(struct file *file, struct pipe *out)
{
	int ret;

	if (!(file->f_flags & O_NONBLOCK))
		return wait_until(out, has_room, 0);
	spin_lock_irq(&out->ui->lock);
	ret = has_room_now(out);
	spin_unlock_irq(&out->ui->lock);
	return ret;
}

/* Only the writer takes idle chunks, so there is one still. */
static int push(struct file *file, struct pipe *out, const char __user *buf, unsigned int n)
{
	struct usbif *ui = out->ui;
	struct chunk *chunk;

	spin_lock_irq(&ui->lock);
	chunk = list_first_entry(&out->idle, struct chunk, link);
	spin_unlock_irq(&ui->lock);
	if (copy_from_user(chunk->buf, buf, n))
		return -EFAULT;
	spin_lock_irq(&ui->lock);
	if (file->f_flags & O_NONBLOCK && (ui->stopped || out->struck)) {
		spin_unlock_irq(&ui->lock);
		return -EAGAIN;
	}
	out->queued += n;
	chunk->len = n;
	chunk->done = 0;
	chunk->end = out->queued;
	list_move_tail(&chunk->link, &out->queue);
	pipe_run(out);
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	return 0;
}

/* Take back what was queued from @start on, and the device did not take. */
static void withdraw(struct pipe *out, u64 start)
{
	struct chunk *chunk, *next;

	pipe_hold(out);
	spin_lock_irq(&out->ui->lock);
	list_for_each_entry_safe_reverse(chunk, next, &out->queue, link) {
		if (chunk->end - chunk->len < start)
			break;
		out->queued -= chunk->len - chunk->done;
		list_move(&chunk->link, &out->idle);
	}
	pipe_let_go(out);
	spin_unlock_irq(&out->ui->lock);
	wake_up_all(&out->ui->wait);
}

/* What the device took of what was queued from @start on. */
static size_t taken_since(struct pipe *out, u64 start)
{
	size_t n;

	spin_lock_irq(&out->ui->lock);
	n = out->taken > start ? out->taken - start : 0;
	spin_unlock_irq(&out->ui->lock);
	return n;
}

static ssize_t chardev_write(struct file *file, const char __user *buf, size_t count,
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
	ret = lock_users(file, out);
	if (ret)
		return ret;
	start = out->queued;
	while (!ret && sent < count) {
		n = min_t(size_t, count - sent, CHUNK_SIZE);
		ret = wait_for_room(file, out) ?: push(file, out, buf + sent, n);
		if (!ret)
			sent += n;
	}
	if (sent && !(file->f_flags & O_NONBLOCK)) {
		/* With a reason to stop already, do not wait for a second one. */
		err = ret && ret != -EFAULT ? ret : wait_until(out, is_taken, U64_MAX);
		if (err)
			withdraw(out, start);
		sent = taken_since(out, start);
		ret = ret ?: err;
	}
	unlock_users(out);
	return sent ?: ret;
}

/* --- the rest ------------------------------------------------------------ */

static int chardev_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct usbif *ui = file->private_data;
	u64 queued;

	/* Not for what others queue meanwhile: that may never end. */
	spin_lock_irq(&ui->lock);
	queued = ui->out.queued;
	spin_unlock_irq(&ui->lock);
	return wait_until(&ui->out, is_taken, queued);
}

/* Who polls for data waits for it like who reads. */
static int poll_in(struct pipe *in, __poll_t events)
{
	if (list_empty(&in->ready) && !(events & (EPOLLIN | EPOLLRDNORM)))
		return pipe_error(in) ?: -EAGAIN;
	return has_data(in, 0);
}

/* While another one writes, there is no room, however much he leaves. */
static bool poll_out(struct pipe *out, __poll_t events)
{
	/* Who does not ask is not to be woken for it. */
	return events & (EPOLLOUT | EPOLLWRNORM) && !is_in_use(out) && !has_room_now(out);
}

static __poll_t chardev_poll(struct file *file, poll_table *wait)
{
	struct usbif *ui = file->private_data;
	__poll_t events = poll_requested_events(wait), mask = 0;
	int ret;

	poll_wait(file, &ui->wait, wait);
	spin_lock_irq(&ui->lock);
	if (file->f_mode & FMODE_READ && ui->in.pipe) {
		ret = poll_in(&ui->in, events);
		if (ret != -EAGAIN)
			mask |= EPOLLIN | EPOLLRDNORM;
		if (ret && ret != -EAGAIN)
			mask |= EPOLLERR;
	}
	if (file->f_mode & FMODE_WRITE && ui->out.pipe) {
		if (pipe_error(&ui->out))
			mask |= EPOLLOUT | EPOLLWRNORM | EPOLLERR;
		else if (poll_out(&ui->out, events))
			mask |= EPOLLOUT | EPOLLWRNORM;
	}
	if (ui->stopped & STOP_GONE)
		mask |= EPOLLERR | EPOLLHUP;
	else if (devreset_state(ui->node) == DEVRESET_FAILED)
		usbif_watch(ui);	/* nothing else looks at it */
	spin_unlock_irq(&ui->lock);
	return mask;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	/* The USB core keeps it bound until this returns: chardev_remove() waits. */
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

/* The last reader: what was received is kept for the next one. */
static void stop_reading(struct pipe *in)
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
	/* Those that could not be submitted, too. */
	if (!in->open)
		list_splice_tail_init(&in->queue, &in->idle);
	pipe_let_go(in);
	spin_unlock_irq(&in->ui->lock);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct usbif *ui = file->private_data;

	if (file->f_mode & FMODE_READ)
		stop_reading(&ui->in);
	usbif_put(ui);
	return 0;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = chardev_read,
	.write = chardev_write,
	.poll = chardev_poll,
	.fsync = chardev_fsync,
};

/* Mode 0600 is what devtmpfs gives to whom asks for nothing else. */
static struct usb_class_driver chardev_class = {
	.name = "devreset_usb%d",
	.fops = &chardev_fops,
	.minor_base = 192,
};

/**
 * chardev_add - let it be opened
 * @ui: the interface, which is its interface's data already
 *
 * Return: 0 or an errno.
 */
int chardev_add(struct usbif *ui)
{
	return usb_register_dev(ui->intf, &chardev_class);
}

/**
 * chardev_remove - and no more
 * @ui: the interface; files that are open stay so
 */
void chardev_remove(struct usbif *ui)
{
	usb_deregister_dev(ui->intf, &chardev_class);
}
