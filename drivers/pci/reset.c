// SPDX-License-Identifier: GPL-2.0
/*
 * The reset itself, between the last lock and the first unlock.
 *
 * How a device is reset is for the PCI core to know, firmware's and quirks'
 * methods included (DR9). What the PCI core does before and after it is done
 * here: it would save what it finds, all ones of a device that does not answer
 * included, and write just that back.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci_hotplug.h>
#include <linux/seq_buf.h>
#include "pci.h"
#include "run.h"

static const struct pci_error_handlers *dr_pci_handlers(struct pci_dev *pdev)
{
	struct device_driver *drv = pdev->dev.driver;

	return drv ? to_pci_driver(drv)->err_handler : NULL;
}

static const struct dr_pci_config *dr_pci_part_config(struct dr_pci_part *part)
{
	return part->f ? &part->f->config : NULL;
}

/* --- before ---------------------------------------------------------------------- */

/* What is recorded is gone when the configuration is restored. */
static void dr_pci_report_errors(struct pci_dev *pdev)
{
	char line[DR_PCI_EVIDENCE_LEN];
	struct seq_buf out;

	seq_buf_init(&out, line, sizeof(line) - 1);
	dr_pci_evidence(pdev, &out);
	line[seq_buf_used(&out)] = '\0';
	if (*line)
		pci_warn(pdev, "before the reset: %s\n", line);
}

static void dr_pci_hold(struct dr_pci_part *part, bool lost)
{
	struct pci_dev *pdev = part->pdev;

	/* PM registers are those of D0 after a reset. */
	pci_set_power_state(pdev, PCI_D0);
	if (!pci_is_bridge(pdev))
		dr_pci_config_hold(pdev, dr_pci_part_config(part), lost);
	else if (dr_pci_config_is_there(pdev))
		part->held = !pci_save_state(pdev);
	else
		part->held = false;
}

/* Neither DMA nor interrupt from here on; no reset leaves that in the register. */
static void dr_pci_silence(struct dr_pci_part *part)
{
	u16 now;

	pci_write_config_word(part->pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	pci_read_config_word(part->pdev, PCI_COMMAND, &now);
	part->marked = now == PCI_COMMAND_INTX_DISABLE;
}

/* The driver waits for slot_reset(). */
static void dr_pci_detached(struct dr_pci_part *part)
{
	if (!part->f)
		return;
	part->f->detached = true;
	part->f->disabled = !pci_is_enabled(part->pdev);
}

/* -EBUSY: the driver does not want to get through the reset. */
static int dr_pci_prepare(struct dr_pci_part *part)
{
	const struct pci_error_handlers *handlers = dr_pci_handlers(part->pdev);
	struct pci_dev *pdev = part->pdev;

	bool lost = !pci_is_bridge(pdev) && dr_pci_config_is_lost(pdev);

	part->prepared = true;
	dr_pci_report_errors(pdev);
	if (part->plan.method == DEVRESET_METHOD_RESET_DONE && handlers->reset_prepare) {
		/* The driver stops the device in good order, if it can reach it. */
		dr_pci_config_repair(pdev, dr_pci_part_config(part));
		handlers->reset_prepare(pdev);
	}
	dr_pci_hold(part, lost);
	if (part->plan.method != DEVRESET_METHOD_ERROR_HANDLERS)
		return 0;
	/* After that the driver has disabled the device: what is held is older. */
	pdev->error_state = pci_channel_io_frozen;
	/* Drivers don't expect to be told twice without resume(). */
	if (part->f && (dr_pci_function_is_detached(part->f) || READ_ONCE(part->f->abandoned)))
		return 0;
	part->vote = handlers->error_detected(pdev, pci_channel_io_frozen);
	if (part->vote != PCI_ERS_RESULT_DISCONNECT) {
		dr_pci_detached(part);
		return 0;
	}
	pci_warn(pdev, "not reset: driver %s votes against it\n", pdev->dev.driver->name);
	if (part->f)
		part->f->voted = pdev->dev.driver;
	return -EBUSY;
}

/* --- the reset ------------------------------------------------------------------- */

static int dr_pci_reset_slot(struct hotplug_slot *hotplug)
{
	int ret;

	if (!try_module_get(hotplug->owner))
		return -ENOTTY;
	ret = hotplug->ops->reset_slot(hotplug, PCI_RESET_DO_RESET);
	module_put(hotplug->owner);
	return ret;
}

/* By the slot, if there is one: hot plug must not take it for a removal. */
static int dr_pci_reset_below(struct dr_pci_run *run)
{
	struct pci_slot *slot = dr_pci_run_first(run)->slot;

	if (!pci_probe_reset_slot(slot))
		return dr_pci_reset_slot(slot->hotplug);
	return pci_bridge_secondary_bus_reset(run->bridge);
}

static int dr_pci_reset_now(struct dr_pci_run *run)
{
	struct pci_dev *pdev = dr_pci_run_first(run);

	/* What does not answer hears of no reset but that of its bus. */
	if (run->bus || (run->by_bridge && !dr_pci_config_is_there(pdev)))
		return dr_pci_reset_below(run);
	return __pci_reset_function_locked(pdev);
}

/* --- after ----------------------------------------------------------------------- */

static bool dr_pci_wait_there(struct dr_pci_run *run, struct pci_dev *pdev)
{
	while (!dr_pci_config_is_there(pdev)) {
		if (!dr_pci_left(run))
			return false;
		msleep(20);
	}
	return true;
}

/*
 * The PCI core says -ENOTTY of a device that has no reset, and of a device that
 * was reset and not seen to come back in time.
 */
static int dr_pci_late(struct dr_pci_part *part)
{
	u16 command;

	if (!dr_pci_config_is_there(part->pdev))
		return -EIO;
	pci_read_config_word(part->pdev, PCI_COMMAND, &command);
	return part->marked && command == PCI_COMMAND_INTX_DISABLE ? -EOPNOTSUPP :
								     DEVRESET_SOFT_ERROR;
}

/* A driver that has let go of the device may have freed what that writes to. */
static void dr_pci_stop_dma(struct dr_pci_part *part)
{
	if (part->plan.method != DEVRESET_METHOD_REBIND &&
	    part->plan.method != DEVRESET_METHOD_ERROR_HANDLERS)
		return;
	if (dr_pci_config_is_there(part->pdev))
		pci_clear_master(part->pdev);
	part->pdev->saved_config_space[PCI_COMMAND / 4] &= ~PCI_COMMAND_MASTER;
}

/* The configuration is there again, or the device is not. */
static int dr_pci_put_back(struct dr_pci_run *run, struct dr_pci_part *part, int status)
{
	struct pci_dev *pdev = part->pdev;
	int ret;

	if (status >= 0)
		dr_pci_wait_there(run, pdev);
	else if (status == -ENOTTY)
		status = dr_pci_late(part);
	if (pci_is_bridge(pdev)) {
		/* Of a bridge that did not answer, what its windows were is not known. */
		if (part->held)
			pci_restore_state(pdev);
		return part->held || status < 0 ? status : -EIO;
	}
	if (status < 0)
		dr_pci_stop_dma(part);
	ret = dr_pci_config_restore(pdev, dr_pci_part_config(part));
	return status < 0 || !ret ? status : ret;
}

static int dr_pci_handlers_resume(struct dr_pci_part *part, int status)
{
	const struct pci_error_handlers *handlers = dr_pci_handlers(part->pdev);
	struct pci_dev *pdev = part->pdev;
	int ret = -EIO;

	/* slot_reset() restores what is saved, as after probe. */
	if (status >= 0 && !pci_save_state(pdev) &&
	    handlers->slot_reset(pdev) == PCI_ERS_RESULT_RECOVERED)
		ret = 0;
	pdev->error_state = pci_channel_io_normal;
	if (ret)
		dr_pci_detached(part);
	else if (part->f)
		part->f->detached = false;
	if (!ret && handlers->resume)
		handlers->resume(pdev);
	return ret;
}

/* A recovery by others that failed has left it offline. slot_reset() is to find it so. */
static void dr_pci_online(struct dr_pci_part *part)
{
	if (part->status < 0 || !part->f || !READ_ONCE(part->f->abandoned))
		return;
	if (part->plan.method != DEVRESET_METHOD_ERROR_HANDLERS)
		part->pdev->error_state = pci_channel_io_normal;
	WRITE_ONCE(part->f->abandoned, false);
}

static int dr_pci_resume(struct dr_pci_part *part)
{
	if (part->plan.method == DEVRESET_METHOD_RESET_DONE)
		dr_pci_handlers(part->pdev)->reset_done(part->pdev);
	if (part->plan.method == DEVRESET_METHOD_ERROR_HANDLERS)
		return dr_pci_handlers_resume(part, part->status);
	return part->status;
}

/* Of two results, the one to report */
static int dr_pci_worse(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	return a | b;
}

/* Refused by a driver: those that were told already go on as they are. */
static int dr_pci_undo(struct dr_pci_run *run, int ret)
{
	struct dr_pci_part *part;
	int status = ret;

	list_for_each_entry(part, &run->parts, link) {
		if (!part->prepared)
			break;
		if (!pci_is_bridge(part->pdev))
			dr_pci_config_restore(part->pdev, dr_pci_part_config(part));
		part->status = part->vote == PCI_ERS_RESULT_DISCONNECT ? ret : 0;
		if (dr_pci_resume(part) < 0 && !part->status)
			status = -EIO;
		part->status = ret;
	}
	return status;
}

/**
 * dr_pci_reset_locked - reset, with what belongs before and after it
 * @run: the reset, with all locks held
 *
 * Return: an errno, or DEVRESET_* flags.
 */
int dr_pci_reset_locked(struct dr_pci_run *run)
{
	struct dr_pci_part *part;
	int ret, status = 0;

	/* A vote may have ended an earlier try of this attempt. */
	list_for_each_entry(part, &run->parts, link) {
		part->prepared = false;
		part->vote = PCI_ERS_RESULT_NONE;
		part->status = -EIO;
	}
	list_for_each_entry(part, &run->parts, link) {
		ret = dr_pci_prepare(part);
		if (ret)
			return dr_pci_undo(run, ret);
	}
	list_for_each_entry(part, &run->parts, link)
		dr_pci_silence(part);
	ret = dr_pci_reset_now(run);
	/* A function that fails does not keep the others from going on (DR11). */
	list_for_each_entry(part, &run->parts, link)
		part->status = dr_pci_put_back(run, part, ret);
	list_for_each_entry(part, &run->parts, link) {
		dr_pci_online(part);
		status = dr_pci_worse(status, dr_pci_resume(part));
	}
	return status < 0 ? status : status | DEVRESET_RESTORE;
}

/**
 * dr_pci_repair_locked - put the configuration of a function right, without a reset
 * @run: the reset, with all locks held
 *
 * A device that has lost all of it, as it does with its power, gets the known-good one.
 * Whether it still works with that, the checks find out.
 *
 * Return: an errno, or 0.
 */
int dr_pci_repair_locked(struct dr_pci_run *run)
{
	struct dr_pci_part *part = list_first_entry(&run->parts, struct dr_pci_part, link);
	const struct dr_pci_config *config = dr_pci_part_config(part);
	struct pci_dev *pdev = part->pdev;

	pci_info(pdev, "its configuration is put right, without a reset: driver %s %s\n",
		 pdev->dev.driver->name, part->plan.why);
	if (dr_pci_config_is_lost(pdev)) {
		dr_pci_config_hold(pdev, config, true);
		part->status = dr_pci_config_restore(pdev, config);
	} else {
		part->status = dr_pci_config_repair(pdev, config);
	}
	return part->status;
}
