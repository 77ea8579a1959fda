// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for any PCI function that is given to it by driver_override. It does
 * nothing but take part in resets, in the way that its parameters say when it is
 * loaded, and count. Beside that, it does to a function what other drivers do.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

static bool user;
module_param(user, bool, 0444);
MODULE_PARM_DESC(user, "stands for a program, as VFIO");

static bool done;
module_param(done, bool, 0444);
MODULE_PARM_DESC(done, "has reset_prepare() and reset_done()");

static bool handlers;
module_param(handlers, bool, 0444);
MODULE_PARM_DESC(handlers, "has error_detected(), slot_reset() and resume()");

static bool against;
module_param(against, bool, 0644);
MODULE_PARM_DESC(against, "error_detected() votes to disconnect");

static uint breaks;
module_param(breaks, uint, 0644);
MODULE_PARM_DESC(breaks, "how many times the device breaks again half a second after a reset");

static uint defers;
module_param(defers, uint, 0644);
MODULE_PARM_DESC(defers, "how many times probe() waits for another driver");

static uint fails;
module_param(fails, uint, 0644);
MODULE_PARM_DESC(fails, "how many times probe() fails with -EBUSY");

static uint sticks;
module_param(sticks, uint, 0644);
MODULE_PARM_DESC(sticks, "how many times slot_reset() fails");

static bool holds;
module_param(holds, bool, 0644);
MODULE_PARM_DESC(holds, "remove() does not return for as long as this is set");

static uint slow;
module_param(slow, uint, 0644);
MODULE_PARM_DESC(slow, "milliseconds that the next reset_prepare() takes");

static char calls[256];
module_param_string(calls, calls, sizeof(calls), 0644);
MODULE_PARM_DESC(calls, "what was called, in this order");

static void dummy_called(struct pci_dev *pdev, const char *what)
{
	const char *state = pdev->error_state == pci_channel_io_normal ? "" :
			    pdev->error_state == pci_channel_io_frozen ? "(frozen)" : "(gone)";
	size_t len = strlen(calls);

	device_lock_assert(&pdev->dev);
	snprintf(calls + len, sizeof(calls) - len, "%s%s%s", len ? " " : "", what, state);
}

static struct pci_dev *broken;

static void dummy_break_work(struct work_struct *work)
{
	u16 command;

	pci_read_config_word(broken, PCI_COMMAND, &command);
	pci_write_config_word(broken, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
}

static DECLARE_DELAYED_WORK(dummy_break_later, dummy_break_work);

static void dummy_break(struct pci_dev *pdev)
{
	if (!breaks)
		return;
	breaks--;
	broken = pdev;
	schedule_delayed_work(&dummy_break_later, msecs_to_jiffies(500));
}

static void dummy_prepare(struct pci_dev *pdev)
{
	dummy_called(pdev, "prepare");
	msleep(slow);
	slow = 0;
}

static void dummy_done(struct pci_dev *pdev)
{
	dummy_called(pdev, "done");
	dummy_break(pdev);
}

static pci_ers_result_t dummy_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	dummy_called(pdev, "detected");
	if (against)
		return PCI_ERS_RESULT_DISCONNECT;
	pci_disable_device(pdev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t dummy_slot_reset(struct pci_dev *pdev)
{
	dummy_called(pdev, "slot_reset");
	if (sticks) {
		sticks--;
		return PCI_ERS_RESULT_DISCONNECT;
	}
	if (pci_enable_device(pdev))
		return PCI_ERS_RESULT_DISCONNECT;
	pci_set_master(pdev);
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void dummy_resume(struct pci_dev *pdev)
{
	dummy_called(pdev, "resume");
	dummy_break(pdev);
}

static struct pci_error_handlers dummy_handlers;

static int dummy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	dummy_called(pdev, "probe");
	if (defers) {
		defers--;
		return -EPROBE_DEFER;
	}
	if (fails) {
		fails--;
		return -EBUSY;
	}
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	return 0;
}

static void dummy_remove(struct pci_dev *pdev)
{
	dummy_called(pdev, "remove");
	while (READ_ONCE(holds))
		msleep(20);
	cancel_delayed_work_sync(&dummy_break_later);
	pci_disable_device(pdev);
}

/* With no table of IDs, any may be written to new_id. */
static struct pci_driver dummy_driver = {
	.name = "dummy",
	.probe = dummy_probe,
	.remove = dummy_remove,
	.err_handler = &dummy_handlers,
};

/* --- what others do ------------------------------------------------------------------ */

static int toggle_set(const char *val, const struct kernel_param *kp)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, val);
	u16 command;

	if (!dev)
		return -ENODEV;
	pci_cfg_access_lock(to_pci_dev(dev));
	pci_read_config_word(to_pci_dev(dev), PCI_COMMAND, &command);
	pci_write_config_word(to_pci_dev(dev), PCI_COMMAND, 0);
	msleep(1000);
	pci_write_config_word(to_pci_dev(dev), PCI_COMMAND, command);
	pci_cfg_access_unlock(to_pci_dev(dev));
	put_device(dev);
	return 0;
}

static const struct kernel_param_ops toggle_ops = { .set = toggle_set };
module_param_cb(toggle, &toggle_ops, NULL, 0200);
MODULE_PARM_DESC(toggle, "a function whose decode is off for a second, with its configuration blocked");

static int recovers_set(const char *val, const struct kernel_param *kp)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, val);

	if (!dev)
		return -ENODEV;
	device_lock(dev);
	dummy_slot_reset(to_pci_dev(dev));
	dummy_resume(to_pci_dev(dev));
	device_unlock(dev);
	put_device(dev);
	return 0;
}

static const struct kernel_param_ops recovers_ops = { .set = recovers_set };
module_param_cb(recovers, &recovers_ops, NULL, 0200);
MODULE_PARM_DESC(recovers, "a function of this driver that others recover: slot_reset(), resume()");

/* In place of a function: @sp still points to where that would return to. */
asmlinkage void dummy_just_return(void);
asm(".pushsection .text\n"
	".type dummy_just_return, @function\n"
	"dummy_just_return:\n"
	ASM_ENDBR
	ASM_RET
	".size dummy_just_return, .-dummy_just_return\n"
	".popsection\n");

/* As if firmware said that the device was reset by nothing: see pci_dev_acpi_reset(). */
static int deaf_enter(struct kprobe *p, struct pt_regs *regs)
{
	regs->ax = -ENOTTY;
	regs->ip = (unsigned long)dummy_just_return;
	return 1;
}

NOKPROBE_SYMBOL(deaf_enter);

static bool deaf;
static struct kprobe deaf_probe = {
	.symbol_name = "pci_reset_bus_function",
	.pre_handler = deaf_enter,
};

static int deaf_set(const char *val, const struct kernel_param *kp)
{
	bool was = deaf;
	int ret = param_set_bool(val, kp);

	if (ret || was == deaf)
		return ret;
	if (!deaf) {
		unregister_kprobe(&deaf_probe);
		return 0;
	}
	deaf_probe.addr = NULL;
	deaf_probe.flags = 0;
	ret = register_kprobe(&deaf_probe);
	deaf = !ret;
	return ret;
}

static const struct kernel_param_ops deaf_ops = { .set = deaf_set, .get = param_get_bool };
module_param_cb(deaf, &deaf_ops, &deaf, 0600);
MODULE_PARM_DESC(deaf, "the PCI core's bus reset of a function does nothing and returns -ENOTTY");

static int __init dummy_init(void)
{
	if (done) {
		dummy_handlers.reset_prepare = dummy_prepare;
		dummy_handlers.reset_done = dummy_done;
	}
	if (handlers) {
		dummy_handlers.error_detected = dummy_detected;
		dummy_handlers.slot_reset = dummy_slot_reset;
		dummy_handlers.resume = dummy_resume;
	}
	dummy_driver.driver_managed_dma = user;
	return pci_register_driver(&dummy_driver);
}

static void __exit dummy_exit(void)
{
	pci_unregister_driver(&dummy_driver);
	if (deaf)
		unregister_kprobe(&deaf_probe);
}

module_init(dummy_init);
module_exit(dummy_exit);

MODULE_DESCRIPTION("a PCI driver that takes part in resets");
MODULE_LICENSE("GPL");
