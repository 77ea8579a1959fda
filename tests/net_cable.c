// SPDX-License-Identifier: GPL-2.0
/*
 * What no emulated adapter can be made to do. The PHY that devreset_net asks says
 * that it has a link, whether it has or not: with the cable pulled that is a link lost
 * inside the MAC. And with stuck=1, the ring to send from does not take what is
 * written to it until the adapter is reset.
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

static bool stuck;
module_param(stuck, bool, 0444);
MODULE_PARM_DESC(stuck, "the ring to send from takes nothing until the adapter is reset");

static int deny(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (READ_ONCE(stuck))
		regs_set_return_value(regs, false);
	return 0;
}

static struct kretprobe ring_probe = {
	.kp.symbol_name = "nic_tx_programmed",
	.handler = deny,
};

static int loosen(struct kprobe *kprobe, struct pt_regs *regs)
{
	WRITE_ONCE(stuck, false);
	return 0;
}

static struct kprobe adapter_probe = {
	.symbol_name = "nic_init_hw",
	.pre_handler = loosen,
};

static struct kretprobe *kretprobes[] = { &probe, &ring_probe };

static int __init cable_init(void)
{
	int ret = register_kprobe(&adapter_probe);

	if (ret)
		return ret;
	ret = register_kretprobes(kretprobes, ARRAY_SIZE(kretprobes));
	if (ret)
		unregister_kprobe(&adapter_probe);
	return ret;
}

static void __exit cable_exit(void)
{
	unregister_kretprobes(kretprobes, ARRAY_SIZE(kretprobes));
	unregister_kprobe(&adapter_probe);
}

module_init(cable_init);
module_exit(cable_exit);

MODULE_DESCRIPTION("A PHY that always has a link, a ring that is stuck");
MODULE_LICENSE("GPL");
