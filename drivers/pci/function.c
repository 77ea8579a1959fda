// SPDX-License-Identifier: GPL-2.0
/*
 * Function nodes: the reset of one PCI function that others do not feel.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include "../compat.h"
#include "pci.h"

static LIST_HEAD(dr_pci_functions);
static DEFINE_MUTEX(dr_pci_functions_lock);

/**
 * dr_pci_function_get - what is known of a function
 * @pdev: the function
 *
 * Return: its node's data, with a reference, or NULL if it has no node.
 */
struct dr_pci_function *dr_pci_function_get(struct pci_dev *pdev)
{
	struct dr_pci_function *f, *found = NULL;

	mutex_lock(&dr_pci_functions_lock);
	list_for_each_entry(f, &dr_pci_functions, link) {
		if (f->pdev == pdev) {
			kref_get(&f->ref);
			found = f;
			break;
		}
	}
	mutex_unlock(&dr_pci_functions_lock);
	return found;
}

static void dr_pci_function_free(struct kref *ref)
{
	struct dr_pci_function *f = container_of(ref, struct dr_pci_function, ref);

	pci_dev_put(f->pdev);
	kfree(f->config.good);
	kfree(f);
}

/**
 * dr_pci_function_put - drop a reference
 * @f: from dr_pci_function_get(), may be NULL
 */
void dr_pci_function_put(struct dr_pci_function *f)
{
	if (f)
		kref_put(&f->ref, dr_pci_function_free);
}

/**
 * dr_pci_function_refresh - a driver has been bound: take its configuration as good
 * @pdev: the function, with its device lock held
 */
void dr_pci_function_refresh(struct pci_dev *pdev)
{
	struct dr_pci_function *f = dr_pci_function_get(pdev);

	if (!f)
		return;
	mutex_lock(&f->lock);
	f->voted = NULL;
	f->detached = false;
	f->unbound = false;
	f->isolated = false;
	dr_pci_config_save(pdev, &f->config);
	mutex_unlock(&f->lock);
	dr_pci_function_put(f);
}

/* --- may it be reset? ------------------------------------------------------- */

static bool dr_pci_is_alone(struct pci_dev *pdev)
{
	struct pci_dev *other = NULL;

	do {
		other = dr_pci_next_below(pdev->bus, other);
	} while (other == pdev);
	pci_dev_put(other);
	return !other;
}

static bool dr_pci_has_method(struct pci_dev *pdev, bool by_bus)
{
	int i;

	for (i = 0; i < PCI_NUM_RESET_METHODS; i++) {
		u8 method = READ_ONCE(pdev->reset_methods[i]);

		if (!method)
			break;
		if (compat_resets_bus(method) == by_bus)
			return true;
	}
	return false;
}

/**
 * dr_pci_function_by_bus - may a function be reset by a reset of its bus?
 * @pdev: the function
 *
 * The PCI core's list of methods was made when the device was found: a bus reset
 * is on it also when further functions have turned up on that bus since, and is
 * refused then.
 */
bool dr_pci_function_by_bus(struct pci_dev *pdev)
{
	return dr_pci_has_method(pdev, true) && dr_pci_is_alone(pdev);
}

/**
 * dr_pci_function_can_reset - has a function a reset of its own?
 * @pdev: the function
 */
bool dr_pci_function_can_reset(struct pci_dev *pdev)
{
	return dr_pci_has_method(pdev, false) || dr_pci_function_by_bus(pdev);
}

/**
 * dr_pci_function_in_recovery - are others recovering a function from an error?
 * @pdev: the function
 * @f: its node's data, or NULL
 *
 * Not any more when it has been offline for longer than a device may take to come back:
 * after a recovery that failed (AER), the PCI core leaves it so for good.
 */
bool dr_pci_function_in_recovery(struct pci_dev *pdev, struct dr_pci_function *f)
{
	return pci_channel_offline(pdev) && !(f && READ_ONCE(f->abandoned));
}

/* Watch it, as a check does. */
static bool dr_pci_function_is_offline(struct devreset_node *node, struct dr_pci_function *f)
{
	unsigned long limit = msecs_to_jiffies(READ_ONCE(devreset_policy_of(node)->return_ms));
	bool offline = pci_channel_offline(f->pdev);

	mutex_lock(&f->lock);
	if (!offline || !f->offline)
		f->offline_since = jiffies;
	f->offline = offline;
	WRITE_ONCE(f->abandoned, offline && time_after(jiffies, f->offline_since + limit));
	mutex_unlock(&f->lock);
	return dr_pci_function_in_recovery(f->pdev, f);
}

static int dr_pci_function_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct dr_pci_function *f = node->data;

	if (flags & DEVRESET_MAY_ASK)
		return dr_pci_function_can_reset(f->pdev) ? 0 : -EOPNOTSUPP;
	if (dr_pci_run_is_on(f->pdev) || dr_pci_function_is_offline(node, f))
		return -EAGAIN;
	return dr_pci_plan_now(f->pdev, devreset_attempt(node), true);
}

static void dr_pci_function_methods(struct devreset_node *node,
				    const struct devreset_attempt *attempt,
				    struct seq_buf *out)
{
	struct dr_pci_function *f = node->data;

	dr_pci_plan_print(f->pdev, attempt, out);
}

/* --- does it work? ------------------------------------------------------------- */

static const char *dr_pci_fault_now(struct pci_dev *pdev, struct dr_pci_function *f)
{
	return dr_pci_config_fault(pdev, f ? &f->config : NULL) ?: dr_pci_probe(pdev);
}

/**
 * dr_pci_function_fault - what is wrong with a function
 * @pdev: the function, with its device lock held
 * @f: its node's data, or NULL
 *
 * Return: NULL also if it is suspended, and so says nothing.
 */
const char *dr_pci_function_fault(struct pci_dev *pdev, struct dr_pci_function *f)
{
	const char *fault = NULL;
	int awake;

	if (f && READ_ONCE(f->abandoned))
		return "its recovery from an error has failed";
	/* -EINVAL: no runtime power management, so it is never suspended. */
	awake = compat_pm_runtime_get_if_active(&pdev->dev);
	if (awake && dr_pci_config_is_on(pdev)) {
		fault = dr_pci_fault_now(pdev, f);
		/* A driver turns on one thing after the other, without that lock. */
		if (fault) {
			msleep(50);
			fault = dr_pci_fault_now(pdev, f);
		}
	}
	if (awake > 0)
		pm_runtime_put(&pdev->dev);
	return fault;
}

/* How long a request may take after a reset through which the driver was kept */
#define DR_PCI_IO_TIMEOUT_MS	5000
/* How long after a repair a request that was in flight before it may still be completed */
#define DR_PCI_LOST_MS		1500
/* How long a driver may take to time a request out and to have tried it again: 30 s, and more */
#define DR_PCI_DRIVER_TIMEOUT_MS	60000

/*
 * A device that could not reach memory, or be reached, has lost what it was given meanwhile.
 * After a reset the driver knows; a repair it has not noticed.
 */
static void dr_pci_expire_lost(struct dr_pci_function *f, unsigned int since)
{
	unsigned int lost;

	if (f->method != DEVRESET_METHOD_REPAIR || f->io_expired || since < DR_PCI_LOST_MS)
		return;
	f->io_expired = true;
	lost = devreset_expire_io(&f->pdev->dev, since);
	if (lost)
		pci_info(f->pdev, "%u requests that were in flight before the repair are timed out\n",
			 lost);
}

/*
 * A driver may say "live" after a reset and lose every request. That is seen by the
 * requests, and judged only while the cure is in doubt: at other times a slow
 * disk is its driver's affair.
 */
static const char *dr_pci_io_fault(struct devreset_node *node, struct dr_pci_function *f)
{
	unsigned int doubt = READ_ONCE(devreset_policy_of(node)->probation_ms);
	unsigned int since = jiffies_to_msecs(jiffies - f->reset_at), oldest;
	bool repaired = f->method == DEVRESET_METHOD_REPAIR;

	if (f->method != DEVRESET_METHOD_RESET_DONE &&
	    f->method != DEVRESET_METHOD_ERROR_HANDLERS && !repaired)
		return NULL;
	if (repaired)
		doubt += DR_PCI_DRIVER_TIMEOUT_MS;
	if (since > doubt)
		return NULL;
	dr_pci_expire_lost(f, since);
	oldest = devreset_oldest_io(&f->pdev->dev);
	/* What is older than a repair is being timed out by the driver. */
	if (oldest < DR_PCI_IO_TIMEOUT_MS ||
	    (repaired && oldest > since && oldest < DR_PCI_DRIVER_TIMEOUT_MS))
		return NULL;
	f->io_stalled = true;
	return "requests do not complete";
}

/* A runtime suspend meanwhile would use the same buffer, and turn the device off. */
static void dr_pci_save_grown(struct dr_pci_function *f)
{
	int awake = compat_pm_runtime_get_if_active(&f->pdev->dev);

	if (awake && dr_pci_config_is_on(f->pdev) &&
	    dr_pci_config_is_outgrown(f->pdev, &f->config))
		dr_pci_config_save(f->pdev, &f->config);
	if (awake > 0)
		pm_runtime_put(&f->pdev->dev);
}

/**
 * dr_pci_function_is_detached - does the driver wait for slot_reset() and resume()?
 * @f: the function's data, with the device lock held
 *
 * Not any more when another reset or recovery has had it enable the device again.
 */
bool dr_pci_function_is_detached(struct dr_pci_function *f)
{
	if (f->detached && f->disabled && pci_is_enabled(f->pdev))
		f->detached = false;
	return f->detached;
}

static const char *dr_pci_function_fault_any(struct devreset_node *node,
					     struct dr_pci_function *f)
{
	const char *fault = dr_pci_function_fault(f->pdev, f) ?: dr_pci_io_fault(node, f);

	if (!fault && f->unbound)
		fault = "no driver is bound";
	if (!fault && dr_pci_function_is_detached(f))
		fault = "driver has not resumed";
	return fault;
}

/*
 * Others that reset or recover the device, bind or unbind it, hold its lock, block
 * its configuration, or have it marked as offline: it cannot be checked then. Nor
 * while it is isolated, which is for what has failed to say, not for this.
 */
static int dr_pci_function_check(struct devreset_node *node, const char **reason)
{
	struct dr_pci_function *f = node->data;
	struct pci_dev *pdev = f->pdev;
	const char *fault;
	bool isolated;

	if (dr_pci_function_is_offline(node, f) || !device_trylock(&pdev->dev))
		return -EAGAIN;
	if (!pci_cfg_access_trylock(pdev)) {
		device_unlock(&pdev->dev);
		return -EAGAIN;
	}
	mutex_lock(&f->lock);
	isolated = f->isolated;
	fault = isolated ? NULL : dr_pci_function_fault_any(node, f);
	if (!fault && !isolated)
		dr_pci_save_grown(f);
	mutex_unlock(&f->lock);
	pci_cfg_access_unlock(pdev);
	device_unlock(&pdev->dev);
	if (!fault)
		return isolated ? -EAGAIN : 0;
	*reason = fault;
	return -EIO;
}

/* --- the node ----------------------------------------------------------------- */

static int dr_pci_function_reset(struct devreset_node *node, u32 gen)
{
	struct dr_pci_function *f = node->data;

	return dr_pci_run(node, gen, f->pdev, NULL);
}

/*
 * Our own resets have done it. One by others restores what it found before; it
 * holds the device lock, and waits for us.
 */
static int dr_pci_function_restore(struct devreset_node *node)
{
	struct dr_pci_function *f = node->data;
	int ret;

	mutex_lock(&f->lock);
	ret = dr_pci_config_repair(f->pdev, &f->config);
	mutex_unlock(&f->lock);
	return ret;
}

static int dr_pci_function_isolate(struct devreset_node *node)
{
	struct dr_pci_function *f = node->data;
	struct pci_dev *pdev = f->pdev;
	int ret = 0;

	if (dr_pci_run_is_on(pdev) || !device_trylock(&pdev->dev))
		return -EAGAIN;
	if (!pci_cfg_access_trylock(pdev)) {
		device_unlock(&pdev->dev);
		return -EAGAIN;
	}
	mutex_lock(&f->lock);
	if (dr_pci_config_is_there(pdev)) {
		dr_pci_config_isolate(pdev);
		f->isolated = true;
	} else {
		ret = -EIO;
	}
	mutex_unlock(&f->lock);
	pci_cfg_access_unlock(pdev);
	if (!ret)
		ret = dr_pci_below_carrier_off(pdev);
	device_unlock(&pdev->dev);
	return ret;
}

static void dr_pci_dump_errors(struct pci_dev *pdev, struct devreset_dump *dump)
{
	char line[DR_PCI_EVIDENCE_LEN];
	struct seq_buf out;

	seq_buf_init(&out, line, sizeof(line));
	dr_pci_evidence(pdev, &out);
	if (seq_buf_used(&out)) {
		devreset_dump_write(dump, line, seq_buf_used(&out));
		devreset_dump_printf(dump, "\n");
	}
}

/* In the format of lspci -x, which lspci -F reads. */
static void dr_pci_function_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct dr_pci_function *f = node->data;
	struct pci_dev *pdev = f->pdev;
	__le32 line[4];
	int i, pos;
	u32 value;

	devreset_dump_printf(dump, "%s Class %04x: Device %04x:%04x (rev %02x)\n",
			     pci_name(pdev), pdev->class >> 8, pdev->vendor,
			     pdev->device, pdev->revision);
	if (!pci_device_is_present(pdev)) {
		devreset_dump_printf(dump, "does not answer\n");
		dr_pci_dump_errors(pdev, dump);
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
	dr_pci_dump_errors(pdev, dump);
}

static void dr_pci_function_release(struct devreset_node *node)
{
	struct dr_pci_function *f = node->data;

	mutex_lock(&dr_pci_functions_lock);
	list_del_init(&f->link);
	mutex_unlock(&dr_pci_functions_lock);
	dr_pci_function_put(f);
}

static const struct devreset_ops dr_pci_function_ops = {
	.may_reset = dr_pci_function_may_reset,
	.reset = dr_pci_function_reset,
	.restore = dr_pci_function_restore,
	.check = dr_pci_function_check,
	.isolate = dr_pci_function_isolate,
	.dump = dr_pci_function_dump,
	.methods = dr_pci_function_methods,
	.release = dr_pci_function_release,
};

/*
 * The first known-good configuration. Without the device lock, it is the
 * driver's probe that makes this node (then it is what the driver has set up
 * so far, and saved again when the driver is bound), or else others are at work
 * on the device, and a later check finds a better moment.
 */
static void dr_pci_save_first(struct dr_pci_function *f)
{
	struct device *dev = &f->pdev->dev;
	bool locked = device_trylock(dev);

	mutex_lock(&f->lock);
	if (locked || READ_ONCE(dev->links.status) == DL_DEV_PROBING)
		dr_pci_config_save(f->pdev, &f->config);
	mutex_unlock(&f->lock);
	if (locked)
		device_unlock(dev);
}

/**
 * dr_pci_function_probe - make the node of a function
 * @provider: this module's
 * @pdev: the function; also one that cannot be reset by itself, which the
 *	node then says
 *
 * Return: 0 or an errno.
 */
int dr_pci_function_probe(struct devreset_provider *provider, struct pci_dev *pdev)
{
	struct devreset_desc desc = {
		.ops = &dr_pci_function_ops,
		.scope = DEVRESET_FUNCTION,
		.provider = provider,
	};
	struct devreset_node *node;
	struct dr_pci_function *f;
	char name[32];

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	kref_init(&f->ref);
	f->pdev = pci_dev_get(pdev);
	mutex_init(&f->lock);
	dr_pci_save_first(f);
	mutex_lock(&dr_pci_functions_lock);
	list_add(&f->link, &dr_pci_functions);
	mutex_unlock(&dr_pci_functions_lock);

	snprintf(name, sizeof(name), "pci-%s", pci_name(pdev));
	desc.name = name;
	desc.data = f;
	node = devreset_register(&pdev->dev, &desc);
	if (IS_ERR(node)) {
		mutex_lock(&dr_pci_functions_lock);
		list_del(&f->link);
		mutex_unlock(&dr_pci_functions_lock);
		dr_pci_function_put(f);
	}
	return PTR_ERR_OR_ZERO(node);
}
