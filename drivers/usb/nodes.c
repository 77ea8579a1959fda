// SPDX-License-Identifier: GPL-2.0
/*
 * The node of an interface, a component: its reset is that of its pipes, which
 * no other interface of the device feels (US4). And its files in sysfs.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <linux/usb.h>
#include "usb.h"

static unsigned int stall_ms = 2000;

/* With none at all, whatever is outstanding would be a hang. */
static int set_stall_ms(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 100, 600000);
}

static const struct kernel_param_ops stall_ms_ops = {
	.set = set_stall_ms,
	.get = param_get_uint,
};

module_param_cb(stall_ms, &stall_ms_ops, &stall_ms, 0644);
MODULE_PARM_DESC(stall_ms, "how long a pipe with work outstanding may stand still");

#define STATUS_MS	1000

/* A check is given so long for the device to show that it works, at most */
#define PROOF_MS	5000

static unsigned long stall(void)
{
	return msecs_to_jiffies(READ_ONCE(stall_ms));
}

/**
 * pipe_is_stalled - has nothing happened for too long, although it should?
 * @pipe: the pipe, with ui->lock held
 */
bool pipe_is_stalled(struct pipe *pipe)
{
	lockdep_assert_held(&pipe->ui->lock);
	return pipe->outstanding && time_after_eq(jiffies, pipe->stamp + stall());
}

/* --- checking ------------------------------------------------------------ */

static const char *pipe_fault(struct pipe *pipe)
{
	if (pipe->struck)
		return "three errors in a row";
	return pipe_is_stalled(pipe) ? "no progress" : NULL;
}

/* After a reset: it has moved something, or never will. */
static bool pipe_is_decided(struct pipe *pipe)
{
	return pipe->proven || (!pipe->outstanding && !pipe->suspect) || pipe_fault(pipe);
}

static bool is_decided(struct usbif *ui)
{
	bool decided;

	spin_lock_irq(&ui->lock);
	decided = ui->stopped || !ui->restarted ||
		  (pipe_is_decided(&ui->in) && pipe_is_decided(&ui->out));
	spin_unlock_irq(&ui->lock);
	return decided;
}

/* Who waits is told, if nobody cures it by itself. */
static void find_hope(struct devreset_node *node, const char *fault)
{
	int ret = devreset_recover(node, fault);
	struct usbif *ui = node->data;
	bool all;

	if (ret != -EPERM && ret != -EIO)
		return;
	spin_lock_irq(&ui->lock);
	all = ui->stopped & STOP_RESET;
	ui->in.hopeless |= all || pipe_fault(&ui->in);
	ui->out.hopeless |= all || pipe_fault(&ui->out);
	spin_unlock_irq(&ui->lock);
}

/*
 * An URB may carry more than a slow device moves in that time. What it has moved shows
 * when the URB is called back; the rest goes on.
 */
static void look(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	bool stalled;

	spin_lock_irq(&ui->lock);
	stalled = !ui->stopped && !pipe->struck && pipe_is_stalled(pipe);
	spin_unlock_irq(&ui->lock);
	if (!stalled)
		return;
	pipe_hold(pipe);
	spin_lock_irq(&ui->lock);
	pipe_let_go(pipe);
	spin_unlock_irq(&ui->lock);
}

/*
 * Each direction for itself: one that moves does not excuse the other. Work that a
 * reset has interrupted is the test of that reset.
 */
static int usbif_check(struct devreset_node *node, const char **reason)
{
	struct usbif *ui = node->data;
	const char *fault = NULL;
	bool first;

	wait_event_timeout(ui->wait, is_decided(ui),
			   min(stall(), msecs_to_jiffies(PROOF_MS)) + 1);
	look(&ui->out);
	look(&ui->in);
	spin_lock_irq(&ui->lock);
	first = ui->restarted;
	ui->restarted = false;
	if (!ui->stopped) {
		ui->in.suspect = false;
		ui->out.suspect = false;
	}
	/* No reset is under way: callbacks come one at a time. */
	ui->stuck = ui->stopped & STOP_RESET;
	if (ui->stuck)
		fault = "could not be started again";
	else if (!ui->stopped)
		fault = pipe_fault(&ui->out) ?: pipe_fault(&ui->in);
	if (fault)
		usbif_watch(ui);
	spin_unlock_irq(&ui->lock);
	if (!fault)
		return 0;
	/* Who has asked for the reset is told of the first. */
	if (!first)
		find_hope(node, fault);
	wake_up_all(&ui->wait);
	*reason = fault;
	return -EIO;
}

/* --- resetting ----------------------------------------------------------- */

static int pipe_reset(struct pipe *pipe)
{
	struct usb_device *udev = pipe->ui->udev;
	__le16 status;
	int ret;

	if (!pipe->pipe)
		return 0;
	ret = pipe_clear_halt(pipe);
	if (ret)
		return ret;
	ret = usb_control_msg_recv(udev, 0, USB_REQ_GET_STATUS,
				   USB_DIR_IN | USB_RECIP_ENDPOINT, 0,
				   usb_pipeendpoint(pipe->pipe) | usb_pipein(pipe->pipe),
				   &status, sizeof(status), STATUS_MS, GFP_NOIO);
	/* One that does not know the request is believed. */
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	return le16_to_cpu(status) & BIT(USB_ENDPOINT_HALT) ? -EIO : 0;
}

/*
 * No URB flies. Not while the USB core resets the device: host controllers have nothing
 * for its endpoints then, and it is no longer the pipes' turn anyway.
 */
static int pipes_reset(struct usbif *ui)
{
	int ret = -EAGAIN;

	mutex_lock(&ui->halt);
	if (!(READ_ONCE(ui->stopped) & ~STOP_RESET))
		ret = pipe_reset(&ui->out) ?: pipe_reset(&ui->in);
	if (!ret)
		usbif_renew(ui);
	mutex_unlock(&ui->halt);
	return ret;
}

static void set_stuck(struct usbif *ui, bool stuck)
{
	spin_lock_irq(&ui->lock);
	ui->stuck = stuck;
	spin_unlock_irq(&ui->lock);
}

static int usbif_quiesce(struct devreset_node *node)
{
	struct usbif *ui = node->data;

	set_stuck(ui, false);
	usbif_stop(ui, STOP_RESET);
	spin_lock_irq(&ui->lock);
	usbif_watch(ui);
	spin_unlock_irq(&ui->lock);
	return 0;
}

/* What was busy when it should have stopped, stops now. */
static int usbif_reset(struct devreset_node *node, u32 gen)
{
	usbif_stop(node->data, STOP_RESET);
	return pipes_reset(node->data);
}

static int usbif_resume_node(struct devreset_node *node, int status)
{
	struct usbif *ui = node->data;
	int ret = 0;

	/* It may be at work still, or again: a reset of the USB core's has let it go. */
	if (status) {
		usbif_stop(ui, STOP_RESET);
		ret = pipes_reset(ui);
	}
	/* What else stops it will renew the pipes when it lets go. */
	if (ret && ret != -EAGAIN) {
		set_stuck(ui, true);
		return -EIO;
	}
	set_stuck(ui, false);
	usbif_go(ui, STOP_RESET);
	return 0;
}

static void dump_pipe(struct devreset_dump *dump, const char *name, struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	unsigned long submitted, completed;
	unsigned int strikes;
	int status;
	u64 bytes;

	spin_lock_irq(&ui->lock);
	submitted = pipe->submitted;
	completed = pipe->completed;
	strikes = pipe->strikes;
	status = pipe->status;
	bytes = pipe->bytes;
	spin_unlock_irq(&ui->lock);
	devreset_dump_printf(dump, "%s: bytes: %llu submitted: %lu completed: %lu\n",
			     name, bytes, submitted, completed);
	devreset_dump_printf(dump, "%s: strikes: %u error: %d\n", name, strikes, status);
}

static void usbif_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct usbif *ui = node->data;

	devreset_dump_printf(dump, "%s state: %d stopped: 0x%x\n",
			     dev_name(&ui->intf->dev), ui->udev->state,
			     READ_ONCE(ui->stopped));
	dump_pipe(dump, "in", &ui->in);
	dump_pipe(dump, "out", &ui->out);
}

static const struct devreset_ops usbif_ops = {
	.check = usbif_check,
	.reset = usbif_reset,
	.quiesce = usbif_quiesce,
	.resume = usbif_resume_node,
	.dump = usbif_dump,
};

/**
 * usbif_register_node - make the node "usbif-1-1:1.0"
 * @ui: the interface; its node is set
 *
 * Return: 0 or an errno.
 */
int usbif_register_node(struct usbif *ui)
{
	struct devreset_desc desc = {
		.ops = &usbif_ops,
		.scope = DEVRESET_COMPONENT,
		.data = ui,
	};
	struct devreset_node *node;
	char name[64];

	snprintf(name, sizeof(name), "usbif-%s", dev_name(&ui->intf->dev));
	desc.name = name;
	node = devreset_register(&ui->intf->dev, &desc);
	if (IS_ERR(node))
		return PTR_ERR(node);
	ui->node = node;
	return 0;
}

/* --- sysfs --------------------------------------------------------------- */

static const char * const answers_names[] = {
	[ANSWERS_FREELY] = "freely",
	[ANSWERS_LOOP] = "loop",
	[ANSWERS_ALWAYS] = "always",
};

static ssize_t answers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", answers_names[READ_ONCE(ui->answers)]);
}

static ssize_t answers_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct usbif *ui = dev_get_drvdata(dev);
	int answers = sysfs_match_string(answers_names, buf);

	if (answers < 0)
		return -EINVAL;
	spin_lock_irq(&ui->lock);
	ui->answers = answers;
	usbif_account(ui);
	spin_unlock_irq(&ui->lock);
	return count;
}
static DEVICE_ATTR_RW(answers);

static u64 read_u64(struct usbif *ui, const u64 *value)
{
	u64 ret;

	spin_lock_irq(&ui->lock);
	ret = *value;
	spin_unlock_irq(&ui->lock);
	return ret;
}

static ssize_t bytes_in_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", read_u64(ui, &ui->in.bytes));
}
static DEVICE_ATTR_RO(bytes_in);

static ssize_t bytes_out_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", read_u64(ui, &ui->out.bytes));
}
static DEVICE_ATTR_RO(bytes_out);

static ssize_t urbs_submitted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(ui->in.submitted) +
			  READ_ONCE(ui->out.submitted));
}
static DEVICE_ATTR_RO(urbs_submitted);

static ssize_t urbs_completed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", READ_ONCE(ui->in.completed) +
			  READ_ONCE(ui->out.completed));
}
static DEVICE_ATTR_RO(urbs_completed);

static struct attribute *usbif_attrs[] = {
	&dev_attr_answers.attr,
	&dev_attr_bytes_in.attr,
	&dev_attr_bytes_out.attr,
	&dev_attr_urbs_submitted.attr,
	&dev_attr_urbs_completed.attr,
	NULL
};

static const struct attribute_group usbif_group = {
	.attrs = usbif_attrs,
};

const struct attribute_group *usbif_groups[] = {
	&usbif_group,
	NULL
};
