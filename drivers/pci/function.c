// SPDX-License-Identifier: GPL-2.0
/*
 * Function nodes: the reset of one PCI function that others do not feel.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include "../compat.h"
#include "pci.h"

static LIST_HEAD(functions);
static DEFINE_MUTEX(functions_lock);

static struct function *find_function(struct pci_dev *pdev)
{
	struct function *f;

	lockdep_assert_held(&functions_lock);
	list_for_each_entry(f, &functions, link)
		if (f->pdev == pdev)
			return f;
	return NULL;
}

/**
 * function_owns - is that the data of a node that was made here?
 * @pdev: a device
 * @data: &struct devreset_node.data of its anchor; only compared
 */
bool function_owns(struct pci_dev *pdev, const void *data)
{
	struct function *f;
	bool owns = false;

	mutex_lock(&functions_lock);
	list_for_each_entry(f, &functions, link)
		if (f == data && f->pdev == pdev)
			owns = true;
	mutex_unlock(&functions_lock);
	return owns;
}

static void with_function(struct pci_dev *pdev, void (*call)(struct function *f))
{
	struct function *f;

	mutex_lock(&functions_lock);
	f = find_function(pdev);
	if (f) {
		mutex_lock(&f->lock);
		call(f);
		mutex_unlock(&f->lock);
	}
	mutex_unlock(&functions_lock);
}

/**
 * function_refresh - a driver has been bound: take its configuration as good
 * @pdev: the function, with its device lock held
 */
void function_refresh(struct pci_dev *pdev)
{
	with_function(pdev, config_save);
}

static void repair(struct function *f)
{
	config_write(f);
	f->owner = current;
}

/**
 * function_repair - before a reset of the bus: put the configuration right
 * @pdev: a function on the bus
 *
 * Best effort. What the PCI core finds before the reset is what it writes back
 * after it, and what the driver's reset_done then has to work with.
 */
void function_repair(struct pci_dev *pdev)
{
	if (!device_trylock(&pdev->dev))
		return;
	with_function(pdev, repair);
	device_unlock(&pdev->dev);
}

static void disown(struct function *f)
{
	f->owner = NULL;
}

/**
 * function_disown - the core's reset of it did not work
 * @pdev: a function
 */
void function_disown(struct pci_dev *pdev)
{
	with_function(pdev, disown);
}

/* --- may it be reset? ------------------------------------------------------- */

static int survives_locked(struct pci_dev *pdev, unsigned int flags)
{
	struct device_driver *drv = pdev->dev.driver;
	const struct pci_error_handlers *handlers;

	if (!drv)
		return 0;
	handlers = to_pci_driver(drv)->err_handler;
	if (handlers && handlers->reset_done)
		return 0;
	if (!(flags & DEVRESET_MAY_ASK))
		dev_warn_ratelimited(&pdev->dev, "not reset: its driver %s has no reset handlers\n",
				     drv->name);
	return -EBUSY;
}

/**
 * function_survives - does the bound driver come back after a reset?
 * @pdev: a function
 * @flags: as for ops->may_reset
 *
 * What a driver needs for that is reset_done, to set up again a device that is
 * in its initial state; reset_prepare only makes it an orderly affair.
 *
 * Return: 0 (also without a driver), -EBUSY (it does not; the log says so), or
 * -EAGAIN (being bound, unbound, suspended or reset right now).
 */
int function_survives(struct pci_dev *pdev, unsigned int flags)
{
	int ret;

	if (!device_trylock(&pdev->dev))
		return -EAGAIN;
	ret = survives_locked(pdev, flags);
	device_unlock(&pdev->dev);
	return ret;
}

static int is_other(struct pci_dev *pdev, void *alone)
{
	struct pci_dev **self = alone;

	if (pdev == *self)
		return 0;
	*self = NULL;
	return 1;
}

/*
 * Has the PCI core a reset for this one function? Its list was made when the
 * device was found: a bus reset is on it also when further functions have
 * turned up on that bus since, and is refused then.
 */
static bool has_reset(struct pci_dev *pdev)
{
	struct pci_dev *alone = pdev;
	bool by_bus = false;
	int i;

	for (i = 0; i < PCI_NUM_RESET_METHODS; i++) {
		u8 method = READ_ONCE(pdev->reset_methods[i]);

		if (!method)
			break;
		if (!compat_resets_bus(method))
			return true;
		by_bus = true;
	}
	if (by_bus)
		pci_walk_bus(pdev->bus, is_other, &alone);
	return by_bus && alone;
}

static int function_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct function *f = node->data;

	if (!has_reset(f->pdev))
		return -EOPNOTSUPP;
	/* DR1: its virtual functions would feel it, and are others. */
	if (pci_num_vf(f->pdev) && flags & DEVRESET_MAY_AUTO) {
		pci_warn(f->pdev, "no automatic reset: it has virtual functions\n");
		return -EBUSY;
	}
	return function_survives(f->pdev, flags);
}

/* --- the node ----------------------------------------------------------------- */

/*
 * The PCI core says -ENOTTY also of a device that was reset, and not seen to
 * come back in time. It may have by now.
 */
static int late_result(struct pci_dev *pdev)
{
	return pci_device_is_present(pdev) ? DEVRESET_RESTORE | DEVRESET_SOFT_ERROR : -EIO;
}

/*
 * With the device's lock held: whoever may be bound now is asked once more. The
 * PCI core takes what configuration it finds for the one to restore, so that
 * is put right first.
 */
static int reset_locked(struct function *f)
{
	struct pci_dev *pdev = f->pdev;
	int ret;

	ret = survives_locked(pdev, 0);
	if (ret)
		return ret;
	if (!pci_cfg_access_trylock(pdev))
		return -EAGAIN;
	mutex_lock(&f->lock);
	config_write(f);
	f->owner = current;
	mutex_unlock(&f->lock);
	ret = pci_reset_function_locked(pdev);
	pci_cfg_access_unlock(pdev);
	return ret;
}

/*
 * The PCI core resets, with the driver's reset_prepare and reset_done around
 * it. Locks are only tried (rule 4).
 */
static int function_reset(struct devreset_node *node, u32 gen)
{
	struct function *f = node->data;
	struct pci_dev *pdev = f->pdev;
	int ret = -EAGAIN;

	pm_runtime_get_sync(&pdev->dev);
	if (device_trylock(&pdev->dev)) {
		ret = reset_locked(f);
		device_unlock(&pdev->dev);
	}
	pm_runtime_put(&pdev->dev);
	if (ret == -ENOTTY)
		ret = has_reset(pdev) ? late_result(pdev) : -EOPNOTSUPP;
	else if (!ret)
		ret = DEVRESET_RESTORE;
	/* Then nothing is restored, and nobody forgets it there. */
	if (ret < 0)
		function_disown(pdev);
	return ret;
}

/*
 * Only what is wrong is put right: the driver may be at work again already,
 * and does not want its interrupts turned off and on. The device lock is taken
 * if it can be had; whoever called reset_done of a driver holds it, and waits
 * for us.
 */
static int function_restore(struct devreset_node *node)
{
	struct function *f = node->data;
	bool locked = device_trylock(&f->pdev->dev);
	int ret = 0;

	mutex_lock(&f->lock);
	/*
	 * Not locked: in a reset by others it is that one's lock. In our own it
	 * is that of somebody who binds or unbinds; the PCI core has restored
	 * what was put right before.
	 */
	if ((locked || f->owner != current) && config_fault(f))
		ret = config_write(f);
	f->owner = NULL;
	mutex_unlock(&f->lock);
	if (locked)
		device_unlock(&f->pdev->dev);
	return ret;
}

/*
 * Whoever holds the device lock may have its configuration in any state, and
 * it says nothing while the device sleeps: then there is nothing to be told.
 */
static int function_check(struct devreset_node *node, const char **reason)
{
	struct function *f = node->data;
	struct device *dev = &f->pdev->dev;
	const char *fault = NULL;
	int awake;

	if (!device_trylock(dev))
		return 0;
	/* -EINVAL: no runtime power management, so it does not sleep */
	awake = compat_pm_runtime_get_if_active(dev);
	if (awake && config_is_on(f->pdev)) {
		mutex_lock(&f->lock);
		fault = config_fault(f);
		/* A driver may be in the middle of turning it on, without that lock. */
		if (fault) {
			msleep(50);
			fault = config_fault(f);
		}
		if (!fault && config_is_outgrown(f))
			config_save(f);
		mutex_unlock(&f->lock);
	}
	if (awake > 0)
		pm_runtime_put(dev);
	device_unlock(dev);
	if (!fault)
		return 0;
	*reason = fault;
	return -EIO;
}

/* In the format of lspci -x, which lspci -F reads. */
static void function_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct function *f = node->data;
	struct pci_dev *pdev = f->pdev;
	__le32 line[4];
	int i, pos;
	u32 value;

	devreset_dump_printf(dump, "%s Class %04x: Device %04x:%04x (rev %02x)\n",
			     pci_name(pdev), pdev->class >> 8, pdev->vendor,
			     pdev->device, pdev->revision);
	if (!pci_device_is_present(pdev)) {
		devreset_dump_printf(dump, "does not answer\n");
		return;
	}
	for (pos = 0; pos < pdev->cfg_size; pos += sizeof(line)) {
		for (i = 0; i < ARRAY_SIZE(line); i++) {
			pci_read_config_dword(pdev, pos + 4 * i, &value);
			line[i] = cpu_to_le32(value);
		}
		if (devreset_dump_printf(dump, "%02x: %16ph\n", pos, line) < 0)
			break;
	}
	devreset_dump_printf(dump, "\n");
}

static void free_function(struct function *f)
{
	mutex_lock(&functions_lock);
	list_del(&f->link);
	mutex_unlock(&functions_lock);
	pci_dev_put(f->pdev);
	kfree(f->good);
	kfree(f);
}

static void function_release(struct devreset_node *node)
{
	free_function(node->data);
}

static const struct devreset_ops function_ops = {
	.may_reset = function_may_reset,
	.reset = function_reset,
	.restore = function_restore,
	.check = function_check,
	.dump = function_dump,
	.release = function_release,
};

/*
 * The first known-good configuration. Without the device lock, it is the
 * driver's probe that makes this node (then it is what the driver has set up
 * so far, and saved again when the driver is bound), or else somebody else is
 * at work on the device, and a later check finds a better moment.
 */
static void save_first(struct function *f)
{
	struct device *dev = &f->pdev->dev;
	bool locked = device_trylock(dev);

	mutex_lock(&f->lock);
	if (locked || READ_ONCE(dev->links.status) == DL_DEV_PROBING)
		config_save(f);
	mutex_unlock(&f->lock);
	if (locked)
		device_unlock(dev);
}

/**
 * function_probe - make the node of a function
 * @provider: this module's
 * @pdev: the function; also one that cannot be reset by itself, which the
 *	node then says
 *
 * Return: 0 or an errno.
 */
int function_probe(struct devreset_provider *provider, struct pci_dev *pdev)
{
	struct devreset_desc desc = {
		.ops = &function_ops,
		.scope = DEVRESET_FUNCTION,
		.provider = provider,
	};
	struct devreset_node *node;
	struct function *f;
	char name[32];

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->pdev = pci_dev_get(pdev);
	mutex_init(&f->lock);
	save_first(f);
	mutex_lock(&functions_lock);
	list_add(&f->link, &functions);
	mutex_unlock(&functions_lock);

	snprintf(name, sizeof(name), "pci-%s", pci_name(pdev));
	desc.name = name;
	desc.data = f;
	node = devreset_register(&pdev->dev, &desc);
	if (IS_ERR(node))
		free_function(f);
	return PTR_ERR_OR_ZERO(node);
}
