// SPDX-License-Identifier: GPL-2.0
/*
 * What a function, and the port above it, have recorded of errors (AER, DPC). A reset, or
 * the restoring of the configuration after it, clears that: it is read before.
 */
#include <linux/pci.h>
#include <linux/seq_buf.h>
#include "pci.h"

static u32 dr_pci_read(struct pci_dev *pdev, int pos)
{
	u32 value;

	pci_read_config_dword(pdev, pos, &value);
	return PCI_POSSIBLE_ERROR(value) ? 0 : value;
}

/* Its TLP header is that of the first error that was recorded, if that came with one. */
static void dr_pci_function_errors(struct pci_dev *pdev, struct seq_buf *out)
{
	int pos = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_ERR), i;
	u32 status, header[4], any = 0;

	status = pos ? dr_pci_read(pdev, pos + PCI_ERR_UNCOR_STATUS) : 0;
	if (!status)
		return;
	seq_buf_printf(out, "uncorrectable errors %#010x", status);
	for (i = 0; i < ARRAY_SIZE(header); i++) {
		header[i] = dr_pci_read(pdev, pos + PCI_ERR_HEADER_LOG + 4 * i);
		any |= header[i];
	}
	if (any)
		seq_buf_printf(out, ", TLP header %08x %08x %08x %08x",
			       header[0], header[1], header[2], header[3]);
}

static const char *dr_pci_dpc_reason(u16 status)
{
	static const char * const reasons[] = {
		"uncorrectable error", "ERR_NONFATAL received", "ERR_FATAL received",
		"see RP PIO, or software",
	};

	return reasons[(status & PCI_EXP_DPC_STATUS_TRIGGER_RSN) >> 1];
}

static void dr_pci_port_errors(struct pci_dev *port, struct seq_buf *out)
{
	int pos = pci_find_ext_capability(port, PCI_EXT_CAP_ID_ERR);
	u32 root = 0;
	u16 dpc;

	if (pos && pci_pcie_type(port) == PCI_EXP_TYPE_ROOT_PORT)
		root = dr_pci_read(port, pos + PCI_ERR_ROOT_STATUS) & ~PCI_ERR_ROOT_AER_IRQ;
	if (root)
		seq_buf_printf(out, "%s%s: root error status %#x, source %#x",
			       seq_buf_used(out) ? "; " : "", pci_name(port), root,
			       dr_pci_read(port, pos + PCI_ERR_ROOT_ERR_SRC));
	pos = pci_find_ext_capability(port, PCI_EXT_CAP_ID_DPC);
	if (!pos)
		return;
	pci_read_config_word(port, pos + PCI_EXP_DPC_STATUS, &dpc);
	if (dpc != 0xffff && dpc & PCI_EXP_DPC_STATUS_TRIGGER)
		seq_buf_printf(out, "%s%s: DPC was triggered, %s",
			       seq_buf_used(out) ? "; " : "", pci_name(port),
			       dr_pci_dpc_reason(dpc));
}

/**
 * dr_pci_evidence - write what is recorded of errors
 * @pdev: the function; may be absent
 * @out: where to; nothing if nothing is
 */
void dr_pci_evidence(struct pci_dev *pdev, struct seq_buf *out)
{
	struct pci_dev *port = pci_upstream_bridge(pdev);

	dr_pci_function_errors(pdev, out);
	if (port)
		dr_pci_port_errors(port, out);
}
