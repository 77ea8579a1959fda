// SPDX-License-Identifier: GPL-2.0
/*
 * What no emulated adapter can be made to do. The PHY that devreset_net asks says
 * that it has a link, whether it has or not: with the cable pulled that is a link lost
 * inside the MAC. With stuck=N, the ring to send from does not take what is written
 * to it until the adapter was set up N times. And with as=0x1004, an 82540EM says
 * that it is an 82543GC, which can do less.
 */
#include <linux/kprobes.h>
#include <linux/mii.h>
#include <linux/module.h>
#include <linux/pci.h>

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

static int stuck;
module_param(stuck, int, 0444);
MODULE_PARM_DESC(stuck, "how often to set up the adapter before the ring to send from takes anything");

static int deny(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (READ_ONCE(stuck) > 0)
		regs_set_return_value(regs, false);
	return 0;
}

static struct kretprobe ring_probe = {
	.kp.symbol_name = "nic_tx_programmed",
	.handler = deny,
};

static int loosen(struct kprobe *kprobe, struct pt_regs *regs)
{
	WRITE_ONCE(stuck, stuck - 1);
	return 0;
}

static struct kprobe adapter_probe = {
	.symbol_name = "nic_init_hw",
	.pre_handler = loosen,
};

static ushort as;
module_param(as, ushort, 0444);
MODULE_PARM_DESC(as, "the device ID that an 82540EM has");

#define ID_82540EM	(0x100e << 16 | PCI_VENDOR_ID_INTEL)

struct config {
	unsigned long where;
	u32 *value;
};

/* pci_bus_read_config_dword(bus, devfn, where, value) */
static int enter_config(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct config *config = (struct config *)instance->data;

	config->where = regs_get_kernel_argument(regs, 2);
	config->value = (u32 *)regs_get_kernel_argument(regs, 3);
	return 0;
}

static int leave_config(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct config *config = (struct config *)instance->data;

	if (as && (int)config->where == PCI_VENDOR_ID && *config->value == ID_82540EM)
		*config->value = as << 16 | PCI_VENDOR_ID_INTEL;
	return 0;
}

static struct kretprobe config_probe = {
	.kp.symbol_name = "pci_bus_read_config_dword",
	.entry_handler = enter_config,
	.handler = leave_config,
	.data_size = sizeof(struct config),
};

static struct kretprobe *kretprobes[] = { &probe, &ring_probe, &config_probe };

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

MODULE_DESCRIPTION("A PHY that always has a link, a ring that is stuck, an older device");
MODULE_LICENSE("GPL");
