// SPDX-License-Identifier: GPL-2.0
/*
 * Resets that are not devreset's own (rule 7), and suspend. All end in the same
 * quiesce, setup and unquiesce.
 */
#include <linux/rtnetlink.h>
#include "net.h"

/* --- resets; the PCI core calls these with the device lock held ------------------------ */

static void nic_err_give_up(struct nic *nic)
{
	mutex_lock(&nic->lock);
	nic_quiesce(nic, STOP_DEAD);
	nic_filters_off(nic);
	nic_update_link(nic);
	mutex_unlock(&nic->lock);
}

static pci_ers_result_t nic_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct nic *nic = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		/* Also ends the external reset that an earlier error has begun. */
		nic_err_give_up(nic);
		devreset_external_end(nic->node, -EIO);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	devreset_external_begin(nic->node);
	return state == pci_channel_io_normal ? PCI_ERS_RESULT_CAN_RECOVER :
						PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t nic_mmio_enabled(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	return nic_alive(nic) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t nic_slot_reset(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	/* Saved by probe: pdev's own state may have been consumed by a reset in between. */
	if (!pci_load_saved_state(pdev, nic->config)) {
		/* Bus mastering may have been disabled: see nic_give_bus(). */
		if (!pdev->is_busmaster)
			pdev->saved_config_space[PCI_COMMAND / 4] &= ~PCI_COMMAND_MASTER;
		pci_restore_state(pdev);
	}
	return nic_alive(nic) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_DISCONNECT;
}

static void nic_error_resume(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	devreset_external_end(nic->node, 0);
}

static void nic_reset_prepare(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	devreset_external_begin(nic->node);
}

static void nic_reset_done(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	devreset_external_end(nic->node, 0);
}

const struct pci_error_handlers nic_error_handlers = {
	.error_detected = nic_error_detected,
	.mmio_enabled = nic_mmio_enabled,
	.slot_reset = nic_slot_reset,
	.resume = nic_error_resume,
	.reset_prepare = nic_reset_prepare,
	.reset_done = nic_reset_done,
};

/* --- sleep ------------------------------------------------------------------------------- */

static void nic_prepare_wake_up(struct nic *nic)
{
	u32 wufc = nic->wol;

	/* Quiescing takes the link down, which would wake it at once. */
	if (rd(nic, REG_STATUS) & STATUS_LU)
		wufc &= ~WUFC_LINK;
	if (is_82543(nic))
		return;
	wr(nic, REG_WUFC, wufc);
	if (!wufc)
		return;
	/* Wake-up filters need the receive unit, but no DMA: the memory may be freed. */
	wr(nic, REG_RDT, 0);
	wr(nic, REG_RDH, 0);
	if (wufc & ~WUFC_LINK)
		wr(nic, REG_RCTL, RCTL_EN | RCTL_BAM |
		   (wufc & WUFC_MULTICAST ? RCTL_MPE : 0));
	wr(nic, REG_WUS, ~0u);
	wr(nic, REG_WUC, WUC_PME_EN | WUC_PME_STATUS);
}

/* Also for shutdown, with rtnl held */
void nic_sleep(struct nic *nic)
{
	netif_device_detach(nic->netdev);
	mutex_lock(&nic->lock);
	/* At shutdown, link work was not waited for. */
	nic->gen = 0;
	nic_quiesce(nic, STOP_SLEEP);
	nic_filters_off(nic);
	nic_update_link(nic);
	nic_prepare_wake_up(nic);
	mutex_unlock(&nic->lock);
}

static int nic_suspend(struct device *dev)
{
	rtnl_lock();
	nic_sleep(dev_get_drvdata(dev));
	rtnl_unlock();
	return 0;
}

/* No error: the core may recover the device. */
static int nic_resume(struct device *dev)
{
	struct nic *nic = dev_get_drvdata(dev);
	int ret;

	rtnl_lock();
	mutex_lock(&nic->lock);
	ret = nic_init_hw(nic);
	if (!ret) {
		nic_restore_filters(nic);
		ret = nic_phy_setup(nic);
	}
	nic_unquiesce(nic, STOP_SLEEP);
	nic_update_link(nic);
	/* Have the link checked. */
	if (nic->up)
		devreset_busy(nic->node);
	/* It wakes the queue: not while the ring is being emptied. */
	netif_device_attach(nic->netdev);
	mutex_unlock(&nic->lock);
	rtnl_unlock();
	if (ret)
		devreset_recover(nic->node, "does not come back from suspend");
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(nic_pm_ops, nic_suspend, nic_resume);
