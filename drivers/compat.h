/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that this is for, 6.1 to 7.2, each with
 * the version that made it needed. The code itself knows no versions.
 */
#ifndef _DEVRESET_COMPAT_H
#define _DEVRESET_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/pm_runtime.h>
#include <linux/types.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* 6.9: pm_runtime_get_if_active() lost its second argument. */
static inline int compat_pm_runtime_get_if_active(struct device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
	return pm_runtime_get_if_active(dev, true);
#else
	return pm_runtime_get_if_active(dev);
#endif
}

/*
 * Is that entry of pci_dev.reset_methods[] a reset of the bus, which the PCI
 * core does for a function that is alone on it? The numbers index a table
 * that is private to drivers/pci/pci.c: "bus" is 6 (5.15), "cxl_bus" is 7
 * (6.10); new ones were added behind them.
 */
static inline bool compat_resets_bus(u8 method)
{
	return method == 6 || method == 7;
}

/* 6.8: PCI_IRQ_LEGACY became PCI_IRQ_INTX. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define COMPAT_PCI_IRQ_INTX	PCI_IRQ_LEGACY
#else
#define COMPAT_PCI_IRQ_INTX	PCI_IRQ_INTX
#endif

/* 6.2: del_timer_sync() became timer_delete_sync(), the only one since 6.15. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define compat_timer_delete_sync(timer)	del_timer_sync(timer)
#else
#define compat_timer_delete_sync(timer)	timer_delete_sync(timer)
#endif

/* 6.13: hrtimer_setup() took the place of hrtimer_init(), the only one since 6.15. */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, clock, mode);
#endif
}

/* 6.4: classes and their attributes became const for their callbacks. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define COMPAT_CLASS_CONST
#else
#define COMPAT_CLASS_CONST	const
#endif

/* 6.4: callbacks of a class_interface are not told any more which one it is. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define COMPAT_ADD_DEV_ARGS	struct device *dev, struct class_interface *unused
#else
#define COMPAT_ADD_DEV_ARGS	struct device *dev
#endif

/* 6.10: the source of a string in a tracepoint is known since __string(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_assign_str(dst, src)	__assign_str(dst, src)
#else
#define compat_assign_str(dst, src)	__assign_str(dst)
#endif

/*
 * 6.2: split operations, of which a family's table is generated: a command that both does
 * and dumps has two entries. Before, they are one, with the same policy for both.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops
#endif

static inline int compat_genl_register_family(struct genl_family *family)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	static struct genl_ops merged[32];
	int i, n = 0;

	for (i = 0; i < family->n_ops && i < ARRAY_SIZE(merged); i++) {
		if (n && merged[n - 1].cmd == family->ops[i].cmd)
			merged[n - 1].dumpit = family->ops[i].dumpit;
		else
			merged[n++] = family->ops[i];
	}
	family->ops = merged;
	family->n_ops = n;
#endif
	return genl_register_family(family);
}

/* 6.6: a dump has its attributes in a struct genl_info, as anything else. */
static inline struct nlattr **compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_dumpit_info(cb)->info.attrs;
#endif
}

#endif
