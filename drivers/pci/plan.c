// SPDX-License-Identifier: GPL-2.0
/*
 * How the driver of a function gets through a reset.
 *
 * A reset asks no driver: a device that its driver did not expect to lose its
 * state is dead afterwards. So for each function that a reset reaches a method is
 * chosen before anything is touched; if one has none, nothing is reset (DR5).
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/seq_buf.h>
#include "pci.h"

static const char * const dr_pci_rebind_words[] = {
	[DEVRESET_REBIND_NEVER] = "never",
	[DEVRESET_REBIND_ASKED] = "asked",
	[DEVRESET_REBIND_AUTO] = "auto",
	[DEVRESET_REBIND_ALWAYS] = "always",
};

static const char * const dr_pci_method_words[] = {
	[DEVRESET_METHOD_NONE] = "none",
	[DEVRESET_METHOD_RESET_DONE] = "reset_done",
	[DEVRESET_METHOD_ERROR_HANDLERS] = "error_handlers",
	[DEVRESET_METHOD_REBIND] = "rebind",
	[DEVRESET_METHOD_REPAIR] = "repair",
};

/* policy/rebind of a function, of which nobody has said anything: never */
static u32 dr_pci_rebind_policy(struct pci_dev *pdev)
{
	struct devreset_node *node = devreset_find(&pdev->dev);
	u32 rebind = DEVRESET_REBIND_NEVER;

	if (node) {
		rebind = READ_ONCE(devreset_policy_of(node)->rebind);
		devreset_put(node);
	}
	return rebind;
}

static bool dr_pci_may_rebind(struct pci_dev *pdev, u32 rebind, unsigned int flags)
{
	if (!(flags & DEVRESET_MAY_AUTO))
		return rebind >= DEVRESET_REBIND_ASKED;
	/* Consoles and compositors don't let go of a display: only when asked. */
	if (pdev->class >> 16 == PCI_BASE_CLASS_DISPLAY)
		return false;
	return rebind >= DEVRESET_REBIND_AUTO;
}

__printf(3, 4)
static void dr_pci_refuse(struct dr_pci_plan *plan, int status, const char *fmt, ...)
{
	va_list args;

	plan->method = DEVRESET_METHOD_ANY;
	plan->more = false;
	plan->status = status;
	va_start(args, fmt);
	vsnprintf(plan->why, sizeof(plan->why), fmt, args);
	va_end(args);
}

/**
 * dr_pci_plan_driver - choose the method for a function and its driver
 * @pdev: the function
 * @driver: its driver
 * @attempt: what the reset is made for
 * @plan: filled in
 */
void dr_pci_plan_driver(struct pci_dev *pdev, const struct dr_pci_driver *driver,
			const struct devreset_attempt *attempt, struct dr_pci_plan *plan)
{
	u32 rebind = dr_pci_rebind_policy(pdev);
	enum devreset_method possible[3];
	unsigned int i, n = 0;

	*plan = (struct dr_pci_plan) { .method = DEVRESET_METHOD_NONE };
	if (!(driver->can & DR_PCI_DRIVER_BOUND))
		return;
	if (driver->can & DR_PCI_DRIVER_USER) {
		dr_pci_refuse(plan, -EBUSY, "gives the device to user space");
		return;
	}
	if (driver->can & DR_PCI_DRIVER_DONE)
		possible[n++] = DEVRESET_METHOD_RESET_DONE;
	if (driver->can & DR_PCI_DRIVER_HANDLERS)
		possible[n++] = DEVRESET_METHOD_ERROR_HANDLERS;
	if (dr_pci_may_rebind(pdev, rebind, attempt->flags))
		possible[n++] = DEVRESET_METHOD_REBIND;

	i = n ? min(attempt->step, n - 1) : 0;
	if (attempt->method != DEVRESET_METHOD_ANY)
		for (i = 0; i < n && possible[i] != attempt->method; i++)
			;
	if (i < n) {
		plan->method = possible[i];
		plan->more = i + 1 < n;
	} else if (n) {
		dr_pci_refuse(plan, -EOPNOTSUPP, "does not get through it by that method");
	} else {
		dr_pci_refuse(plan, -EBUSY, "has no reset handlers and policy/rebind is %s",
			      dr_pci_rebind_words[rebind]);
	}
}

/* A rebind takes away what is in use. */
static void dr_pci_plan_users(struct pci_dev *pdev, const struct devreset_attempt *attempt,
			      unsigned int flags, struct dr_pci_plan *plan)
{
	char why[56];

	if (plan->method != DEVRESET_METHOD_REBIND || attempt->flags & DEVRESET_MAY_FORCE)
		return;
	/* With their physical function's driver, they and their users go. */
	if (pci_num_vf(pdev)) {
		dr_pci_refuse(plan, -EBUSY, "has virtual functions");
		plan->in_use = true;
		return;
	}
	if (attempt->flags & DEVRESET_MAY_AUTO &&
	    dr_pci_rebind_policy(pdev) == DEVRESET_REBIND_ALWAYS)
		return;
	if (devreset_in_use(&pdev->dev, flags, why, sizeof(why))) {
		dr_pci_refuse(plan, -EBUSY, "is in use: %s", why);
		plan->in_use = true;
	}
}

/* Of a dead device, nothing is left to lose. A wrong configuration alone is no death. */
static bool dr_pci_is_dead(struct pci_dev *pdev)
{
	return !dr_pci_config_is_there(pdev) ||
	       (dr_pci_config_decodes(pdev) && dr_pci_probe(pdev));
}

/* What is used counts less, the less of it can still work. */
static void dr_pci_plan_guard(struct pci_dev *pdev, struct dr_pci_function *f,
			      const struct devreset_attempt *attempt, struct dr_pci_plan *plan)
{
	bool automatic = attempt->flags & DEVRESET_MAY_AUTO;
	unsigned int flags = 0;

	if (plan->hung) {
		/* An operator who asks for a reset of what hangs knows. */
		if (!automatic || plan->dead)
			return;
		flags = DEVRESET_IN_USE_HELD | DEVRESET_IN_USE_NO_NET;
	} else if (automatic && f && f->io_stalled) {
		/* What has a disk open cannot work while requests are lost. */
		flags = DEVRESET_IN_USE_HELD;
	}
	dr_pci_plan_users(pdev, attempt, flags, plan);
}

/*
 * A driver of virtio waits, when it is unbound, for each request that its device was given,
 * and times none out. It would never end to wait for what a device that hangs has lost.
 */
static void dr_pci_plan_io(struct pci_dev *pdev, struct dr_pci_function *f,
			   struct dr_pci_plan *plan)
{
	unsigned int n;

	if (plan->method != DEVRESET_METHOD_REBIND || !(plan->hung || (f && f->io_stalled)) ||
	    pdev->vendor != PCI_VENDOR_ID_REDHAT_QUMRANET)
		return;
	n = devreset_io_in_flight(&pdev->dev);
	if (n) {
		dr_pci_refuse(plan, -EBUSY, "would wait for %u lost requests when unbound", n);
		plan->in_use = true;
	}
}

/*
 * A ladder that finds nothing wrong but the configuration, and users that a reset may
 * cost their disk, begins with putting it right; and does no more than that where they
 * forbid the rest.
 */
static bool dr_pci_plan_repairs(struct pci_dev *pdev, const struct devreset_attempt *attempt,
				struct dr_pci_plan *plan)
{
	char why[56];

	if (!(attempt->flags & DEVRESET_MAY_AUTO) || attempt->method != DEVRESET_METHOD_ANY ||
	    !plan->hung || plan->dead || plan->offline)
		return false;
	if (plan->in_use)
		return true;
	if (plan->status || plan->method == DEVRESET_METHOD_NONE || attempt->step ||
	    !devreset_in_use(&pdev->dev, DEVRESET_IN_USE_HELD | DEVRESET_IN_USE_NO_NET,
			     why, sizeof(why)))
		return false;
	snprintf(plan->why, sizeof(plan->why), "is in use: %s", why);
	return true;
}

/* Of a function by itself */
static void dr_pci_plan_alone(struct pci_dev *pdev, const struct devreset_attempt *attempt,
			      struct dr_pci_plan *plan)
{
	/* DR1: its virtual functions would feel a reset, and are others. */
	if (attempt->flags & DEVRESET_MAY_AUTO && pci_num_vf(pdev) && !plan->status) {
		dr_pci_refuse(plan, -EBUSY, "has virtual functions");
		plan->in_use = true;
	}
	if (dr_pci_plan_repairs(pdev, attempt, plan)) {
		plan->method = DEVRESET_METHOD_REPAIR;
		plan->more = true;
		plan->status = 0;
	} else if (!dr_pci_function_can_reset(pdev)) {
		dr_pci_refuse(plan, -EOPNOTSUPP, "is of a function without a reset");
	}
}

/**
 * dr_pci_plan_locked - choose the method for a function
 * @pdev: the function, with its device lock held
 * @f: its node's data, or NULL
 * @attempt: what the reset is made for
 * @alone: the function itself is reset, not its bus
 * @plan: filled in
 */
void dr_pci_plan_locked(struct pci_dev *pdev, struct dr_pci_function *f,
			const struct devreset_attempt *attempt, bool alone,
			struct dr_pci_plan *plan)
{
	struct devreset_attempt now = *attempt;
	struct dr_pci_driver driver;

	/* It comes before the methods of the driver. */
	if (now.step && f && f->method == DEVRESET_METHOD_REPAIR)
		now.step--;
	dr_pci_driver_look(pdev, &driver);
	if (f && pdev->dev.driver && f->voted == pdev->dev.driver)
		driver.can &= ~DR_PCI_DRIVER_HANDLERS;
	/* It waits for slot_reset() and resume(). */
	if (f && (dr_pci_function_is_detached(f) ||
		  (READ_ONCE(f->abandoned) && driver.can & DR_PCI_DRIVER_HANDLERS)))
		driver.can &= ~DR_PCI_DRIVER_DONE;
	dr_pci_plan_driver(pdev, &driver, &now, plan);
	plan->offline = f && READ_ONCE(f->abandoned);
	plan->hung = dr_pci_function_fault(pdev, f);
	plan->dead = plan->hung && dr_pci_is_dead(pdev);
	dr_pci_plan_guard(pdev, f, attempt, plan);
	dr_pci_plan_io(pdev, f, plan);
	if (alone)
		dr_pci_plan_alone(pdev, attempt, plan);
	/* What loses requests is unbound as what does not answer. */
	if (!plan->hung && f && f->io_stalled)
		plan->hung = "requests do not complete";
	/* That a function has no reset is known to all, and no news. */
	if (plan->status && (!alone || dr_pci_function_can_reset(pdev)))
		dev_warn_ratelimited(&pdev->dev, "not reset: driver %s %s\n", driver.name,
				     plan->why);
}

/**
 * dr_pci_plan_now - is there a method for a function?
 * @pdev: the function
 * @attempt: what the reset is made for
 * @alone: the function itself is reset, not its bus
 *
 * Return: 0, -EOPNOTSUPP, -EBUSY (the log says why), or -EAGAIN (being bound, unbound,
 * suspended, reset or recovered right now).
 */
int dr_pci_plan_now(struct pci_dev *pdev, const struct devreset_attempt *attempt, bool alone)
{
	struct dr_pci_function *f = dr_pci_function_get(pdev);
	struct dr_pci_plan plan = { .status = -EAGAIN };

	if (!dr_pci_function_in_recovery(pdev, f) && device_trylock(&pdev->dev)) {
		dr_pci_plan_locked(pdev, f, attempt, alone, &plan);
		device_unlock(&pdev->dev);
	}
	dr_pci_function_put(f);
	return plan.status;
}

/**
 * dr_pci_plan_print - a line of the file "methods"
 * @pdev: the function
 * @attempt: what the reset would be made for
 * @out: where to
 *
 * Context: as ops->methods: touches no device.
 */
void dr_pci_plan_print(struct pci_dev *pdev, const struct devreset_attempt *attempt,
		       struct seq_buf *out)
{
	struct devreset_node *node = devreset_find(&pdev->dev);
	struct dr_pci_driver driver;
	struct dr_pci_plan plan;

	dr_pci_driver_known(pdev, &driver);
	dr_pci_plan_driver(pdev, &driver, attempt, &plan);
	/* Whether it hangs is not to be found out here. */
	if (!node || devreset_state(node) == DEVRESET_HEALTHY)
		dr_pci_plan_users(pdev, attempt, 0, &plan);
	if (node)
		devreset_put(node);
	if (plan.status)
		seq_buf_printf(out, "%s %s refused: %s\n", pci_name(pdev), driver.name, plan.why);
	else
		seq_buf_printf(out, "%s %s %s\n", pci_name(pdev), driver.name,
			       dr_pci_method_words[plan.method]);
}
