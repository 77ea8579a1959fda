// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of a function that is known to be good.
 *
 * It is saved when the node is made, and again whenever a driver has been
 * bound. What the PCI core itself keeps book of (is the device enabled, a bus
 * master, MSI on) is newer than that, and wins: a driver may turn on any of
 * them later.
 */
#include <linux/pci.h>
#include <linux/slab.h>
#include "pci.h"

static bool msi_is_on(struct pci_dev *pdev)
{
	return pdev->msi_enabled || pdev->msix_enabled;
}

/* A device whose driver has gone is left in PCI_UNKNOWN, and is on. */
bool config_is_on(struct pci_dev *pdev)
{
	return pdev->current_state == PCI_D0 || pdev->current_state == PCI_UNKNOWN;
}

/*
 * Take what is there as known to be good. pdev->state_saved tells the PCI
 * core's power management, and drivers' slot_reset, whether the buffer in
 * @pdev is worth restoring: it is theirs, and so stays what it was.
 */
void config_save(struct function *f)
{
	struct pci_dev *pdev = f->pdev;
	struct pci_saved_state *good = NULL;
	bool saved = pdev->state_saved;
	int i;

	lockdep_assert_held(&f->lock);
	if (!config_is_on(pdev) || !pci_device_is_present(pdev))
		return;
	if (!pci_save_state(pdev))
		good = pci_store_saved_state(pdev);
	pdev->state_saved = saved;
	if (!good)
		return;

	kfree(f->good);
	f->good = good;
	f->msi = msi_is_on(pdev);
	f->master = pdev->is_busmaster;
	pci_read_config_word(pdev, PCI_COMMAND, &f->command);
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, &f->bar[i]);
}

/* The command register as it should be now. */
static u16 wanted_command(struct function *f)
{
	struct pci_dev *pdev = f->pdev;
	u16 want = f->command;

	if (f->master || pdev->is_busmaster) {
		want &= ~PCI_COMMAND_MASTER;
		if (pdev->is_busmaster)
			want |= PCI_COMMAND_MASTER;
	}
	if (f->msi || msi_is_on(pdev)) {
		want &= ~PCI_COMMAND_INTX_DISABLE;
		if (msi_is_on(pdev) &&
		    !(pdev->dev_flags & PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG))
			want |= PCI_COMMAND_INTX_DISABLE;
	}
	return want;
}

static const char *command_fault(struct function *f)
{
	u16 now, off, want = wanted_command(f);

	pci_read_config_word(f->pdev, PCI_COMMAND, &now);
	off = want & ~now;
	if (pci_is_enabled(f->pdev)) {
		if (off & PCI_COMMAND_MEMORY)
			return "memory decode is off";
		if (off & PCI_COMMAND_IO)
			return "I/O decode is off";
	}
	if (off & PCI_COMMAND_MASTER)
		return "bus mastering is off";
	if (now & ~want & PCI_COMMAND_INTX_DISABLE && !msi_is_on(f->pdev))
		return "INTx is off";
	return NULL;
}

static const char *msi_fault(struct pci_dev *pdev)
{
	u16 flags;

	if (pdev->msi_enabled) {
		pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &flags);
		if (!(flags & PCI_MSI_FLAGS_ENABLE))
			return "MSI is off";
	}
	if (pdev->msix_enabled) {
		pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, &flags);
		if (!(flags & PCI_MSIX_FLAGS_ENABLE))
			return "MSI-X is off";
		if (flags & PCI_MSIX_FLAGS_MASKALL)
			return "MSI-X is masked";
	}
	return NULL;
}

static const char *bar_fault(struct function *f)
{
	u32 now;
	int i;

	/* Nobody's business while the device is not in use. */
	if (!pci_is_enabled(f->pdev))
		return NULL;
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		pci_read_config_dword(f->pdev, PCI_BASE_ADDRESS_0 + 4 * i, &now);
		if (now != f->bar[i])
			return "a BAR has changed";
	}
	return NULL;
}

static bool identity_ok(struct pci_dev *pdev)
{
	u32 id;

	/* A virtual function's reads all ones, by the standard. */
	if (pdev->is_virtfn)
		return true;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	return id == (pdev->vendor | (u32)pdev->device << 16);
}

/* What is wrong with the configuration, or NULL. Called with f->lock held. */
const char *config_fault(struct function *f)
{
	const char *fault;

	if (!pci_device_is_present(f->pdev))
		return "does not answer";
	if (!identity_ok(f->pdev))
		return "is not the device it was";
	if (!f->good)
		return NULL;
	fault = command_fault(f);
	if (!fault)
		fault = msi_fault(f->pdev);
	if (!fault)
		fault = bar_fault(f);
	return fault;
}

/* A driver has turned on since what was off when the good one was saved. */
bool config_is_outgrown(struct function *f)
{
	u16 now;

	if (!f->good)
		return true;
	if (!pci_is_enabled(f->pdev))
		return false;
	pci_read_config_word(f->pdev, PCI_COMMAND, &now);
	return now & ~f->command & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
}

/*
 * Write the known-good configuration back. Decode that is on stays on: it may
 * have been turned on after the good one was saved, and is never the fault.
 */
int config_write(struct function *f)
{
	struct pci_dev *pdev = f->pdev;
	bool saved = pdev->state_saved;
	u16 before, now, want;
	int ret;

	lockdep_assert_held(&f->lock);
	/* One that sleeps gets its configuration back when it wakes up. */
	if (!config_is_on(pdev))
		return 0;
	if (!pci_device_is_present(pdev))
		return -EIO;
	if (!f->good)
		return 0;
	pci_read_config_word(pdev, PCI_COMMAND, &before);
	ret = pci_load_saved_state(pdev, f->good);
	if (!ret) {
		/* Not for a moment, either: its driver may have taken that for a reason. */
		if (!(wanted_command(f) & PCI_COMMAND_MASTER))
			pdev->saved_config_space[PCI_COMMAND / 4] &= ~PCI_COMMAND_MASTER;
		pci_restore_state(pdev);
	}
	pdev->state_saved = saved;
	if (ret)
		return ret;

	want = wanted_command(f);
	if (pci_is_enabled(pdev))
		want |= before & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	pci_read_config_word(pdev, PCI_COMMAND, &now);
	if (now != want)
		pci_write_config_word(pdev, PCI_COMMAND, want);
	return 0;
}
