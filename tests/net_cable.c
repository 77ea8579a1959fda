// SPDX-License-Identifier: GPL-2.0
/*
 * The PHY that devreset_net asks says that it has a link, whether it has or not.
 * With the cable pulled that is a link lost inside the MAC, which no emulated
 * adapter can be made to do.
 */
#include <linux/kprobes.h>
#include <linux/mii.h>
#include <linux/module.h>

struct call {
	unsigned long reg;
	u16 *value;
};

static int enter(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct call *call = (struct call *)instance->data;

	call->reg = regs_get_kernel_argument(regs, 1);
	call->value = (u16 *)regs_get_kernel_argument(regs, 2);
	return 0;
}

static int leave(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct call *call = (struct call *)instance->data;

	if (!(int)regs_return_value(regs) && (unsigned int)call->reg == MII_BMSR)
		*call->value |= BMSR_LSTATUS | BMSR_ANEGCOMPLETE;
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "nic_phy_glance",
	.entry_handler = enter,
	.handler = leave,
	.data_size = sizeof(struct call),
};

static int __init cable_init(void)
{
	return register_kretprobe(&probe);
}

static void __exit cable_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(cable_init);
module_exit(cable_exit);

MODULE_DESCRIPTION("A PHY that always has a link");
MODULE_LICENSE("GPL");
