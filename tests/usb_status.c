// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that no emulated host controller reports: the next "count" bulk URBs of one
 * direction, or questions for the status of one device, that would have succeeded end with
 * "status" instead.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/usb.h>
#include <linux/usb/hcd.h>

static int status;
module_param(status, int, 0644);
MODULE_PARM_DESC(status, "what they end with, such as -71");

static int count;
module_param(count, int, 0644);
MODULE_PARM_DESC(count, "how many more of them");

static bool in;
module_param(in, bool, 0644);
MODULE_PARM_DESC(in, "those that receive, not those that send");

static int devnum;
module_param(devnum, int, 0644);
MODULE_PARM_DESC(devnum, "the device; 0: bulk URBs of any one");

static bool is_meant(struct urb *urb)
{
	struct usb_ctrlrequest *setup = (struct usb_ctrlrequest *)urb->setup_packet;

	if (!devnum)
		return usb_pipebulk(urb->pipe) && usb_urb_dir_in(urb) == in;
	return urb->dev->devnum == devnum && usb_pipecontrol(urb->pipe) &&
	       setup->bRequest == USB_REQ_GET_STATUS &&
	       setup->bRequestType == (USB_DIR_IN | USB_RECIP_DEVICE);
}

/* usb_hcd_giveback_urb(hcd, urb, status), by one controller, so one at a time */
static int give_back(struct kprobe *probe, struct pt_regs *regs)
{
	struct urb *urb = (struct urb *)regs_get_kernel_argument(regs, 1);

	if (count <= 0 || !is_meant(urb) || (int)regs->dx)
		return 0;
	count--;
	regs->dx = (unsigned int)status;
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "usb_hcd_giveback_urb",
	.pre_handler = give_back,
};

static int __init status_init(void)
{
	return register_kprobe(&probe);
}

static void __exit status_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(status_init);
module_exit(status_exit);

MODULE_DESCRIPTION("URBs that end with errors");
MODULE_LICENSE("GPL");
