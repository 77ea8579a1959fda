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

/* With 0, all outstanding work would be a hang. */
static int dusb_set_stall_ms(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 100, 600000);
}

static const struct kernel_param_ops stall_ms_ops = {
	.set = dusb_set_stall_ms,
	.get = param_get_uint,
};

module_param_cb(stall_ms, &stall_ms_ops, &stall_ms, 0644);
MODULE_PARM_DESC(stall_ms, "how long a pipe with work outstanding may stand still");

#define STATUS_MS	1000

/* How long a check waits for the device to complete an URB, at most */
#define PROOF_MS	5000

static unsigned long dusb_stall_jiffies(void)
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
	return pipe->outstanding && time_after_eq(jiffies, pipe->stamp + dusb_stall_jiffies());
}

/* --- checking ------------------------------------------------------------ */

static const char *dusb_pipe_fault(struct pipe *pipe)
{
	if (pipe->over_limit)
		return "three errors in a row";
	return pipe_is_stalled(pipe) ? "no progress" : NULL;
}

/* After a reset: an URB was completed, or none will be. */
static bool dusb_pipe_is_decided(struct pipe *pipe)
{
	return pipe->proven || (!pipe->outstanding && !pipe->check_pending) ||
	       dusb_pipe_fault(pipe);
}

static bool dusb_is_decided(struct usbif *ui)
{
	bool decided;

	spin_lock_irq(&ui->lock);
	decided = ui->stopped || !ui->restarted ||
		  (dusb_pipe_is_decided(&ui->in) && dusb_pipe_is_decided(&ui->out));
	spin_unlock_irq(&ui->lock);
	return decided;
}

/* Fail readers and writers where no automatic recovery follows. */
static void dusb_report_hang(struct devreset_node *node, const char *fault)
{
	int ret = devreset_recover(node, fault);
	struct usbif *ui = node->data;
	bool all;

	if (ret != -EPERM && ret != -EIO)
		return;
	spin_lock_irq(&ui->lock);
	all = ui->stopped & STOP_RESET;
	ui->in.unrecoverable |= all || dusb_pipe_fault(&ui->in);
	ui->out.unrecoverable |= all || dusb_pipe_fault(&ui->out);
	spin_unlock_irq(&ui->lock);
}

/*
 * A slow device may need longer than that for an URB. What it has transferred is accounted
 * for when the URB is unlinked; the rest is submitted again.
 */
static void dusb_account_partial(struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	bool stalled;

	spin_lock_irq(&ui->lock);
	stalled = !ui->stopped && !pipe->over_limit && pipe_is_stalled(pipe);
	spin_unlock_irq(&ui->lock);
	if (!stalled)
		return;
	pipe_hold(pipe);
	spin_lock_irq(&ui->lock);
	pipe_let_go(pipe);
	spin_unlock_irq(&ui->lock);
}

/*
 * Each direction is checked by itself. Work that a reset has interrupted is the test of
 * that reset.
 */
static int usbif_check(struct devreset_node *node, const char **reason)
{
	struct usbif *ui = node->data;
	const char *fault = NULL;
	bool first;

	wait_event_timeout(ui->wait, dusb_is_decided(ui),
			   min(dusb_stall_jiffies(), msecs_to_jiffies(PROOF_MS)) + 1);
	dusb_account_partial(&ui->out);
	dusb_account_partial(&ui->in);
	spin_lock_irq(&ui->lock);
	first = ui->restarted;
	ui->restarted = false;
	if (!ui->stopped) {
		ui->in.check_pending = false;
		ui->out.check_pending = false;
	}
	/* No reset is under way: callbacks come one at a time. */
	ui->stuck = ui->stopped & STOP_RESET;
	if (ui->stuck)
		fault = "could not be started again";
	else if (!ui->stopped)
		fault = dusb_pipe_fault(&ui->out) ?: dusb_pipe_fault(&ui->in);
	if (fault)
		usbif_watch(ui);
	spin_unlock_irq(&ui->lock);
	if (!fault)
		return 0;
	/* The first check after a reset reports to its requester. */
	if (!first)
		dusb_report_hang(node, fault);
	wake_up_all(&ui->wait);
	*reason = fault;
	return -EIO;
}

/* --- resetting ----------------------------------------------------------- */

static int dusb_pipe_reset(struct pipe *pipe)
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
	/* Taken for not halted if the device does not support the request. */
	if (ret)
		return ret == -EPIPE ? 0 : ret;
	return le16_to_cpu(status) & BIT(USB_ENDPOINT_HALT) ? -EIO : 0;
}

/*
 * No URB is in flight. Not while the USB core resets the device: host controllers have no
 * endpoints for it then.
 */
static int dusb_pipes_reset(struct usbif *ui)
{
	int ret = -EAGAIN;

	mutex_lock(&ui->halt);
	if (!(READ_ONCE(ui->stopped) & ~STOP_RESET))
		ret = dusb_pipe_reset(&ui->out) ?: dusb_pipe_reset(&ui->in);
	if (!ret)
		usbif_renew(ui);
	mutex_unlock(&ui->halt);
	return ret;
}

static void dusb_set_stuck(struct usbif *ui, bool stuck)
{
	spin_lock_irq(&ui->lock);
	ui->stuck = stuck;
	spin_unlock_irq(&ui->lock);
}

static int usbif_quiesce(struct devreset_node *node)
{
	struct usbif *ui = node->data;

	dusb_set_stuck(ui, false);
	usbif_stop(ui, STOP_RESET);
	spin_lock_irq(&ui->lock);
	usbif_watch(ui);
	spin_unlock_irq(&ui->lock);
	return 0;
}

/* Stopped again: quiesce may have failed. */
static int usbif_reset(struct devreset_node *node, u32 gen)
{
	usbif_stop(node->data, STOP_RESET);
	return dusb_pipes_reset(node->data);
}

static int usbif_resume_node(struct devreset_node *node, int status)
{
	struct usbif *ui = node->data;
	int ret = 0;

	/* A reset by the USB core may have started the pipes again. */
	if (status) {
		usbif_stop(ui, STOP_RESET);
		ret = dusb_pipes_reset(ui);
	}
	/* -EAGAIN: the other reason to be stopped renews the pipes when it ends. */
	if (ret && ret != -EAGAIN) {
		dusb_set_stuck(ui, true);
		return -EIO;
	}
	dusb_set_stuck(ui, false);
	usbif_go(ui, STOP_RESET);
	return 0;
}

static void dusb_dump_pipe(struct devreset_dump *dump, const char *name, struct pipe *pipe)
{
	struct usbif *ui = pipe->ui;
	unsigned long submitted, completed;
	unsigned int error_count;
	int status;
	u64 bytes;

	spin_lock_irq(&ui->lock);
	submitted = pipe->submitted;
	completed = pipe->completed;
	error_count = pipe->error_count;
	status = pipe->status;
	bytes = pipe->bytes;
	spin_unlock_irq(&ui->lock);
	devreset_dump_printf(dump, "%s: bytes: %llu submitted: %lu completed: %lu\n",
			     name, bytes, submitted, completed);
	devreset_dump_printf(dump, "%s: error_count: %u error: %d\n", name, error_count, status);
}

static void usbif_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct usbif *ui = node->data;

	devreset_dump_printf(dump, "%s state: %d stopped: 0x%x\n",
			     dev_name(&ui->intf->dev), ui->udev->state,
			     READ_ONCE(ui->stopped));
	dusb_dump_pipe(dump, "in", &ui->in);
	dusb_dump_pipe(dump, "out", &ui->out);
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

static u64 dusb_read_u64(struct usbif *ui, const u64 *value)
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

	return sysfs_emit(buf, "%llu\n", dusb_read_u64(ui, &ui->in.bytes));
}
static DEVICE_ATTR_RO(bytes_in);

static ssize_t bytes_out_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct usbif *ui = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", dusb_read_u64(ui, &ui->out.bytes));
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
