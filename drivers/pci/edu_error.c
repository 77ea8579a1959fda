// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of "edu" that are not devreset's own: AER and its like, and
 * "echo 1 > reset" (rule 7). All end in the same quiesce, restore and resume.
 * The PCI core calls these with the device lock held.
 */
#include "edu.h"

static pci_ers_result_t edu_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct edu *edu = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		/* This also ends what an earlier error has begun. */
		edu_abandon(edu, false);
		devreset_external_end(edu->node, -EIO);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	devreset_external_begin(edu->node);
	return state == pci_channel_io_normal ? PCI_ERS_RESULT_CAN_RECOVER :
						PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t edu_mmio_enabled(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	return edu_alive(edu) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t edu_slot_reset(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	/* What probe has saved: any reset in between has used up pdev's own. */
	if (!pci_load_saved_state(pdev, edu->config))
		pci_restore_state(pdev);
	return edu_alive(edu) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_DISCONNECT;
}

static void edu_error_resume(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	devreset_external_end(edu->node, 0);
}

static void edu_reset_prepare(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	devreset_external_begin(edu->node);
}

static void edu_reset_done(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	devreset_external_end(edu->node, 0);
}

const struct pci_error_handlers edu_error_handlers = {
	.error_detected = edu_error_detected,
	.mmio_enabled = edu_mmio_enabled,
	.slot_reset = edu_slot_reset,
	.resume = edu_error_resume,
	.reset_prepare = edu_reset_prepare,
	.reset_done = edu_reset_done,
};
