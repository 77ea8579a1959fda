// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space that is known to be good.
 *
 * What is good is told by the PCI core's own books: the addresses in
 * pdev->resource[], and whether the device is enabled, a bus master, has MSI on.
 * Only what contradicts them is put right: a driver, or an operator, may have
 * set everything else on purpose since.
 *
 * A device that has lost all of it (its power was cut, its link was down) gets
 * what was saved when it was last seen to be right. What was found broken is
 * never saved. All are called with the device lock held but where said.
 */
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include "pci.h"

#define DR_PCI_DECODE	(PCI_COMMAND_MEMORY | PCI_COMMAND_IO)

static bool dr_pci_msi_is_on(struct pci_dev *pdev)
{
	return pdev->msi_enabled || pdev->msix_enabled;
}

/* A device whose driver has gone is left in PCI_UNKNOWN, and is on. */
bool dr_pci_config_is_on(struct pci_dev *pdev)
{
	return pdev->current_state == PCI_D0 || pdev->current_state == PCI_UNKNOWN;
}

static bool dr_pci_identity_ok(struct pci_dev *pdev)
{
	u32 id;

	/* A virtual function's reads all ones, by the standard. */
	if (pdev->is_virtfn)
		return true;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	return id == (pdev->vendor | (u32)pdev->device << 16);
}

/* Does the device that was enumerated answer? */
bool dr_pci_config_is_there(struct pci_dev *pdev)
{
	return pci_device_is_present(pdev) && dr_pci_identity_ok(pdev);
}

/* --- BARs ------------------------------------------------------------------ */

/*
 * struct dr_pci_bar - what a BAR should hold
 * @words: 1 or 2 registers
 */
struct dr_pci_bar {
	unsigned int words;
	u32 mask;
	u32 want[2];
};

/* False: the PCI core does not say what BAR @i should hold. */
static bool dr_pci_bar_want(struct pci_dev *pdev, int i, struct dr_pci_bar *bar)
{
	struct resource *res = &pdev->resource[i];
	struct pci_bus_region region;

	if (pdev->is_virtfn || !(res->flags & (IORESOURCE_MEM | IORESOURCE_IO)) ||
	    res->flags & (IORESOURCE_UNSET | IORESOURCE_PCI_FIXED) || !res->parent)
		return false;
	pcibios_resource_to_bus(pdev->bus, &region, res);
	bar->words = res->flags & IORESOURCE_MEM_64 ? 2 : 1;
	bar->mask = res->flags & IORESOURCE_IO ? (u32)PCI_BASE_ADDRESS_IO_MASK :
						 (u32)PCI_BASE_ADDRESS_MEM_MASK;
	bar->want[0] = lower_32_bits(region.start) & bar->mask;
	bar->want[1] = upper_32_bits(region.start);
	return true;
}

static bool dr_pci_bar_ok(struct pci_dev *pdev, int i, const struct dr_pci_bar *bar)
{
	u32 now[2];

	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, &now[0]);
	if ((now[0] & bar->mask) != bar->want[0])
		return false;
	if (bar->words == 1)
		return true;
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i + 4, &now[1]);
	return now[1] == bar->want[1];
}

/* How many BARs should hold something, and how many of them hold something else */
static unsigned int dr_pci_bars_wrong(struct pci_dev *pdev, unsigned int *all)
{
	unsigned int wrong = 0;
	struct dr_pci_bar bar;
	int i;

	*all = 0;
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (!dr_pci_bar_want(pdev, i, &bar))
			continue;
		++*all;
		wrong += !dr_pci_bar_ok(pdev, i, &bar);
	}
	return wrong;
}

/* Decode is off meanwhile: a BAR is written in two steps. */
static void dr_pci_bars_write(struct pci_dev *pdev)
{
	struct dr_pci_bar bar;
	u16 command;
	int i;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, command & ~DR_PCI_DECODE);
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (!dr_pci_bar_want(pdev, i, &bar) || dr_pci_bar_ok(pdev, i, &bar))
			continue;
		pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, bar.want[0]);
		if (bar.words == 2)
			pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i + 4,
					       bar.want[1]);
	}
	pci_write_config_word(pdev, PCI_COMMAND, command);
}

/* --- the command register, and MSI ------------------------------------------- */

static bool dr_pci_has_memory(struct pci_dev *pdev)
{
	struct dr_pci_bar bar;
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		if (pdev->resource[i].flags & IORESOURCE_MEM && dr_pci_bar_want(pdev, i, &bar))
			return true;
	return false;
}

/* The command register as it should be, where it is @now. */
static u16 dr_pci_command_want(struct pci_dev *pdev, const struct dr_pci_config *config,
			       u16 now)
{
	bool known = config && config->good;
	u16 want = known ? config->command : now;

	/* Decode that is on was turned on after the good one was saved. */
	if (pci_is_enabled(pdev))
		want |= (now & DR_PCI_DECODE) |
			(dr_pci_has_memory(pdev) ? PCI_COMMAND_MEMORY : 0);
	if (pdev->is_busmaster || (known && config->master)) {
		want &= ~PCI_COMMAND_MASTER;
		if (pdev->is_busmaster)
			want |= PCI_COMMAND_MASTER;
	}
	if (dr_pci_msi_is_on(pdev) || (known && config->msi)) {
		want &= ~PCI_COMMAND_INTX_DISABLE;
		if (dr_pci_msi_is_on(pdev) &&
		    !(pdev->dev_flags & PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG))
			want |= PCI_COMMAND_INTX_DISABLE;
	}
	return want;
}

/* @now, with no more changed than what must be for the device to work. */
static u16 dr_pci_command_repaired(struct pci_dev *pdev, const struct dr_pci_config *config,
				   u16 now)
{
	const u16 ours = DR_PCI_DECODE | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;

	return (now & ~ours) | (dr_pci_command_want(pdev, config, now) & ours);
}

/*
 * INTx that is off is no fault: drivers mask their interrupt that way. It is on
 * again after a reset only if it was when the good configuration was saved.
 */
static const char *dr_pci_command_fault(struct pci_dev *pdev,
					const struct dr_pci_config *config)
{
	u16 now, off;

	pci_read_config_word(pdev, PCI_COMMAND, &now);
	off = dr_pci_command_want(pdev, config, now) & ~now;
	if (pci_is_enabled(pdev)) {
		if (off & PCI_COMMAND_MEMORY)
			return "memory decode is off";
		if (off & PCI_COMMAND_IO)
			return "I/O decode is off";
	}
	if (off & PCI_COMMAND_MASTER)
		return "bus mastering is off";
	return NULL;
}

static const char *dr_pci_msi_fault(struct pci_dev *pdev)
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

/* What is wrong with the configuration, or NULL. */
const char *dr_pci_config_fault(struct pci_dev *pdev, const struct dr_pci_config *config)
{
	const char *fault;
	unsigned int all;

	if (!pci_device_is_present(pdev))
		return "does not answer";
	if (!dr_pci_identity_ok(pdev))
		return "is not the device it was";
	fault = dr_pci_command_fault(pdev, config);
	if (!fault)
		fault = dr_pci_msi_fault(pdev);
	/* BARs don't matter while the device is not in use. */
	if (!fault && pci_is_enabled(pdev) && dr_pci_bars_wrong(pdev, &all))
		fault = "a BAR has changed";
	return fault;
}

/* Are the registers where the driver looks for them? */
bool dr_pci_config_decodes(struct pci_dev *pdev)
{
	unsigned int all;
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MEMORY && !dr_pci_bars_wrong(pdev, &all);
}

/* --- saved, for a device that has lost it -------------------------------------- */

/* Set at any time by ASPM, hot-plug code, setpci; not by a driver alone */
static void dr_pci_tuned(struct pci_dev *pdev, u16 *tuned)
{
	static const int regs[] = { PCI_EXP_DEVCTL, PCI_EXP_LNKCTL, PCI_EXP_DEVCTL2 };
	int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++)
		if (pcie_capability_read_word(pdev, regs[i], &tuned[i]))
			tuned[i] = 0;
}

/* Something has been set since the good configuration was saved. */
bool dr_pci_config_is_outgrown(struct pci_dev *pdev, const struct dr_pci_config *config)
{
	u16 now, tuned[ARRAY_SIZE(config->tuned)];

	if (!config->good)
		return true;
	dr_pci_tuned(pdev, tuned);
	if (memcmp(tuned, config->tuned, sizeof(tuned)))
		return true;
	if (!pci_is_enabled(pdev))
		return false;
	pci_read_config_word(pdev, PCI_COMMAND, &now);
	return now & ~config->command & DR_PCI_DECODE;
}

/*
 * Take what is there as known to be good, unless something is wrong with it.
 * pdev->state_saved tells the PCI core's power management, and drivers'
 * slot_reset(), whether the buffer in @pdev is worth restoring: it is theirs,
 * and so stays what it was.
 */
void dr_pci_config_save(struct pci_dev *pdev, struct dr_pci_config *config)
{
	struct pci_saved_state *good = NULL;
	bool saved = pdev->state_saved;

	/* By the PCI core's books alone: the driver may have changed its mind. */
	if (!dr_pci_config_is_on(pdev) || dr_pci_config_fault(pdev, NULL))
		return;
	if (!pci_save_state(pdev))
		good = pci_store_saved_state(pdev);
	pdev->state_saved = saved;
	if (!good)
		return;

	kfree(config->good);
	config->good = good;
	config->msi = dr_pci_msi_is_on(pdev);
	config->master = pdev->is_busmaster;
	pci_read_config_word(pdev, PCI_COMMAND, &config->command);
	dr_pci_tuned(pdev, config->tuned);
}

/* Not there, or as after the loss of power: nothing in it is worth keeping. */
bool dr_pci_config_is_lost(struct pci_dev *pdev)
{
	unsigned int all, wrong;
	u16 command;

	if (!dr_pci_config_is_there(pdev))
		return true;
	wrong = dr_pci_bars_wrong(pdev, &all);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return all && wrong == all && !(command & (DR_PCI_DECODE | PCI_COMMAND_MASTER));
}

static void dr_pci_saved_repair(struct pci_dev *pdev, const struct dr_pci_config *config)
{
	u32 *saved = pdev->saved_config_space;
	struct dr_pci_bar bar;
	int i;

	saved[PCI_COMMAND / 4] = dr_pci_command_repaired(pdev, config, saved[PCI_COMMAND / 4]) |
				 (saved[PCI_COMMAND / 4] & 0xffff0000);
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		u32 *reg = &saved[PCI_BASE_ADDRESS_0 / 4 + i];

		if (!dr_pci_bar_want(pdev, i, &bar))
			continue;
		reg[0] = (reg[0] & ~bar.mask) | bar.want[0];
		if (bar.words == 2)
			reg[1] = bar.want[1];
	}
}

/**
 * dr_pci_config_hold - before a reset: have the PCI core's buffer hold what has
 *	to be there after it
 * @pdev: the function
 * @config: what is known to be good
 * @lost: dr_pci_config_is_lost() before the reset began
 *
 * What is there, with what is wrong put right. From a device that does not answer,
 * or has lost all, nothing is taken: then the buffer holds the known-good
 * configuration, or nothing.
 */
void dr_pci_config_hold(struct pci_dev *pdev, const struct dr_pci_config *config, bool lost)
{
	int ret = -ENODATA;

	pdev->state_saved = false;
	if (lost && config && config->good)
		ret = pci_load_saved_state(pdev, config->good);
	if (ret && dr_pci_config_is_there(pdev))
		ret = pci_save_state(pdev);
	if (ret)
		pdev->state_saved = false;
	else
		dr_pci_saved_repair(pdev, config);
}

/**
 * dr_pci_config_restore - after a reset: write back what was held
 * @pdev: the function
 * @config: as before
 *
 * Return: 0, or -EIO when the configuration is not what it should be.
 */
int dr_pci_config_restore(struct pci_dev *pdev, const struct dr_pci_config *config)
{
	if (!dr_pci_config_is_there(pdev))
		return -EIO;
	if (pdev->state_saved)
		pci_restore_state(pdev);
	return dr_pci_config_repair(pdev, config);
}

/**
 * dr_pci_config_repair - put right what is wrong, and nothing else
 * @pdev: the function
 * @config: what is known to be good
 *
 * Context: the device lock may be another task's: that of the reset that has just
 *	ended.
 * Return: 0, or -EIO when it cannot be put right.
 */
int dr_pci_config_repair(struct pci_dev *pdev, const struct dr_pci_config *config)
{
	u16 now, want;
	unsigned int all;

	/* A suspended function gets its configuration back when it is resumed. */
	if (!dr_pci_config_is_on(pdev))
		return 0;
	if (!dr_pci_config_is_there(pdev))
		return -EIO;
	if (dr_pci_bars_wrong(pdev, &all))
		dr_pci_bars_write(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &now);
	want = dr_pci_command_repaired(pdev, config, now);
	if (now != want)
		pci_write_config_word(pdev, PCI_COMMAND, want);
	if (dr_pci_msi_fault(pdev))
		pci_restore_msi_state(pdev);
	return dr_pci_config_fault(pdev, config) ? -EIO : 0;
}

/**
 * dr_pci_config_isolate - neither DMA nor interrupts from now on
 * @pdev: the function
 *
 * dr_pci_config_repair(), and any reset that ends with it, undo it.
 */
void dr_pci_config_isolate(struct pci_dev *pdev)
{
	u16 now;

	pci_read_config_word(pdev, PCI_COMMAND, &now);
	pci_write_config_word(pdev, PCI_COMMAND,
			      (now & ~PCI_COMMAND_MASTER) | PCI_COMMAND_INTX_DISABLE);
	if (pdev->msi_cap) {
		pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &now);
		pci_write_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS,
				      now & ~PCI_MSI_FLAGS_ENABLE);
	}
	if (pdev->msix_cap) {
		pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, &now);
		pci_write_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
				      now & ~PCI_MSIX_FLAGS_ENABLE);
	}
}
