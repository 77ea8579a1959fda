// SPDX-License-Identifier: GPL-2.0
/*
 * Does it work? What each node's check looks at, and when.
 *
 * The hang clock of the ring to send from runs while packets are in it. Those of
 * the adapter and of the ring to receive into are armed by the poll function,
 * that is when anything was sent or received, by a link that is lost, and by
 * requests to the device; and stopped by the check itself. So these two are
 * checked once after the last activity, every interval while there is some, and
 * never on an idle interface (ND15). A device that fails to receive is found after
 * the next transmission: its completion arms both clocks. Without traffic, and
 * without a link, a fault is found before that only with policy/check_idle.
 *
 * All functions are called with nic->lock held, in process context. It is dropped while
 * waiting for an interrupt or a reply.
 */
#include <linux/delay.h>
#include <linux/mii.h>
#include "net.h"

/* Ample, as a slow machine is no hang; waited for only when the device has failed */
#define REPLY_TIMEOUT		HZ
#define RX_SETTLE_MS	50
/* From the reset of a MAC to its link; less than the probation */
#define LINK_TIMEOUT	(6 * HZ)

/* Configuration space is restored by the nodes above, but without it nothing works. */
static const char *nic_pci_fault(struct nic *nic)
{
	u16 command;

	if (!nic_alive(nic))
		return "registers do not answer";
	pci_read_config_word(nic->pdev, PCI_COMMAND, &command);
	/* While it is down, that may be on purpose: see nic_stop(). */
	if (nic->up && !(command & PCI_COMMAND_MASTER))
		return "bus mastering is off";
	if (command & PCI_COMMAND_INTX_DISABLE)
		return "INTx is off";
	return NULL;
}

/* The adapter's own reset gives back what was taken here: see nic_give_bus(). */
bool nic_is_reachable(struct nic *nic)
{
	return !nic_pci_fault(nic) || (nic->up && !nic->pdev->is_busmaster && nic_alive(nic));
}

/*
 * Wait for the poll function, without nic->lock: "ip link set" may wait for that, with rtnl
 * held. The wait ends as a success when the device is quiesced meanwhile.
 */
static bool nic_wait_unlocked(struct nic *nic, bool (*is_done)(struct nic *nic, u32 mark), u32 mark,
			      long patience)
{
	u32 pauses = nic->pauses;
	long left;

	mutex_unlock(&nic->lock);
	left = wait_event_timeout(nic->wait, is_done(nic, mark) ||
				  READ_ONCE(nic->pauses) != pauses, patience);
	mutex_lock(&nic->lock);
	return left || nic->pauses != pauses;
}

static bool nic_has_polled(struct nic *nic, u32 seen)
{
	return (s32)(READ_ONCE(nic->polled) - seen) > 0;
}

static bool nic_has_sent(struct nic *nic, u32 clean)
{
	return READ_ONCE(nic->tx.next_to_clean) != clean;
}

static bool nic_has_answered(struct nic *nic, u32 ticket)
{
	/* Pairs with nic_tx_stop(), which sets probe_lost before. */
	return (s32)(smp_load_acquire(&nic->tx.probe_done) - ticket) >= 0;
}

/* Raise an interrupt, and wait until the poll function has run. */
static bool nic_irq_is_polled(struct nic *nic, long patience)
{
	u32 seen = READ_ONCE(nic->polls);
	bool arrived;

	atomic_inc(&nic->probing);
	wr(nic, REG_ICS, INT_TXDW);
	arrived = nic_wait_unlocked(nic, nic_has_polled, seen, patience);
	atomic_dec(&nic->probing);
	return arrived;
}

bool nic_irq_arrives(struct nic *nic, long patience)
{
	return !nic->polling || nic_irq_is_polled(nic, patience);
}

/* --- the adapter ------------------------------------------------------------------ */

/*
 * A link that the PHY has and the MAC has not; twice, as they need not change at the same
 * time, and not soon after a reset: some emulations give the MAC its link seconds later.
 * A change without an interrupt is no fault.
 */
static const char *nic_link_fault(struct nic *nic)
{
	bool up = rd(nic, REG_STATUS) & STATUS_LU;
	u16 bmsr = 0;
	int ret = 0;

	if (up != nic->link)
		nic_update_link(nic);
	/* The first read returns a link loss that was latched. */
	if (!up)
		ret = nic_phy_glance(nic, MII_BMSR, &bmsr) ?:
		      nic_phy_glance(nic, MII_BMSR, &bmsr);
	if (ret == -EAGAIN) {
		devreset_busy(nic->node);
		return NULL;
	}
	if (up || ret || !(bmsr & BMSR_LSTATUS) ||
	    (nic->autoneg && !(bmsr & BMSR_ANEGCOMPLETE))) {
		nic->lost_link = 0;
		return NULL;
	}
	if (++nic->lost_link >= 2 &&
	    time_after64(get_jiffies_64(), nic->link_since + LINK_TIMEOUT))
		return "link lost inside the MAC";
	devreset_busy(nic->node);
	return NULL;
}

/* The reply may have arrived after the request timed out. */
static void nic_probe_answered(struct nic *nic)
{
	struct control *control = &nic->control;

	/* The holder of the lock waits for the reply itself. */
	if (!mutex_trylock(&control->lock))
		return;
	if (control->phy ? nic_phy_answers(nic) : nic_has_answered(nic, nic->tx.probe_seq))
		WRITE_ONCE(control->pending, false);
	mutex_unlock(&control->lock);
}

/* ND12 */
static const char *nic_control_fault(struct nic *nic)
{
	struct control *control = &nic->control;

	if (READ_ONCE(control->pending))
		nic_probe_answered(nic);
	if (!READ_ONCE(control->pending))
		return NULL;
	devreset_busy(nic->node);
	return ++control->checks >= 2 ? "a request to the device is not answered" : NULL;
}

static const char *nic_adapter_fault(struct nic *nic)
{
	const char *fault;

	if (nic->stop_reasons & (STOP_SLEEP | STOP_DEAD))
		return NULL;
	fault = nic_pci_fault(nic);
	if (!fault && nic->stop_reasons & STOP_ADAPTER)
		fault = "not restarted";
	if (!fault)
		fault = nic_config_fault(nic);
	if (!fault)
		fault = nic_filter_fault(nic);
	if (!fault)
		fault = nic_control_fault(nic);
	if (fault || !nic->up)
		return fault;
	nic_read_stats(nic);
	fault = nic_link_fault(nic);
	if (!fault && !nic_irq_arrives(nic, REPLY_TIMEOUT))
		fault = "interrupts do not arrive";
	return fault;
}

static int nic_log_fault(const char *fault, const char **reason)
{
	if (!fault)
		return 0;
	*reason = fault;
	return -EIO;
}

/* Its clock may have been stopped with packets in the ring: see tx.c. */
static void nic_look_after_tx(struct nic *nic)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->netdev, 0);
	struct tx_ring *tx = &nic->tx;

	/* The adapter's clock was stopped first; pairs with that in nic_tx_clean(). */
	smp_mb();
	__netif_tx_lock_bh(queue);
	if (tx->on && tx->next_to_use != READ_ONCE(tx->next_to_clean)) {
		devreset_busy(tx->node);
		/* Either this sees it empty, or the poll function stops the clock later. */
		smp_mb();
		if (tx->next_to_use == READ_ONCE(tx->next_to_clean))
			devreset_idle(tx->node);
	}
	__netif_tx_unlock_bh(queue);
}

int nic_check_adapter(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	devreset_idle(nic->node);
	nic_look_after_tx(nic);
	return nic_log_fault(nic_adapter_fault(nic), reason);
}

/* --- sending ------------------------------------------------------------------------- */

/* Test the device, its DMA and its interrupt by a probe that puts nothing on the wire. */
static bool nic_prove_tx(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;
	unsigned int clean = READ_ONCE(tx->next_to_clean);
	bool done;
	u32 ticket;
	int ret;

	atomic_inc(&nic->probing);
	ret = nic_tx_send_probe(nic, &ticket);
	if (ret == -EAGAIN)
		done = nic_wait_unlocked(nic, nic_has_sent, clean, REPLY_TIMEOUT);
	else
		done = !ret && nic_wait_unlocked(nic, nic_has_answered, ticket, REPLY_TIMEOUT);
	atomic_dec(&nic->probing);
	return done;
}

/* Without nic->lock: is anything sent within the time limit? */
bool nic_tx_moves(struct nic *nic)
{
	unsigned int clean = READ_ONCE(nic->tx.next_to_clean);
	struct control *control = &nic->control;

	atomic_inc(&nic->probing);
	wait_event_timeout(nic->wait, READ_ONCE(control->cancelled) ||
			   READ_ONCE(nic->tx.next_to_clean) != clean, CONTROL_TIMEOUT);
	atomic_dec(&nic->probing);
	return !READ_ONCE(control->cancelled) && READ_ONCE(nic->tx.next_to_clean) != clean;
}

/* Without nic->lock: -EIO if a reset has cancelled it, -ETIMEDOUT without a reply. */
int nic_tx_await(struct nic *nic, u32 ticket)
{
	struct control *control = &nic->control;
	long left;

	atomic_inc(&nic->probing);
	left = wait_event_timeout(nic->wait, READ_ONCE(control->cancelled) ||
				  nic_has_answered(nic, ticket), CONTROL_TIMEOUT);
	atomic_dec(&nic->probing);
	if (!left)
		return -ETIMEDOUT;
	if (READ_ONCE(control->cancelled) || (s32)(READ_ONCE(nic->tx.probe_lost) - ticket) >= 0)
		return -EIO;
	return 0;
}

static const char *nic_tx_fault(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;
	u32 pauses = nic->pauses;
	const char *fault;

	if (nic->stop_reasons & ~(STOP_TX | STOP_RX))
		return NULL;
	fault = nic_pci_fault(nic);
	if (!fault && nic->stop_reasons & STOP_TX)
		fault = "not restarted";
	if (fault || !tx->on)
		return fault;
	if (!(rd(nic, REG_TCTL) & TCTL_EN))
		return "transmit unit is off";
	if (!nic_tx_programmed(nic))
		return "transmit ring wiped";
	if (tx->prove && !nic_prove_tx(nic))
		return "does not send";
	/* It was stopped meanwhile, and is tested when it is started. */
	if (nic->pauses != pauses)
		return NULL;
	tx->prove = false;
	if (READ_ONCE(tx->next_to_use) != READ_ONCE(tx->next_to_clean) &&
	    !nic_irq_arrives(nic, REPLY_TIMEOUT))
		return "interrupts do not arrive";
	return NULL;
}

int nic_check_tx(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	return nic_log_fault(nic_tx_fault(nic), reason);
}

/* --- receiving (ND10) ------------------------------------------------------------------ */

/* Has the device used buffers without reporting it, or without the poll function running? */
static bool nic_rx_is_behind(struct nic *nic, unsigned int clean)
{
	return READ_ONCE(nic->rx.next_to_clean) == clean && rd(nic, REG_RDH) != clean;
}

/* The tail register may differ from the driver's index only for a moment. */
static bool nic_rx_is_astray(struct nic *nic, unsigned int use)
{
	return rd(nic, REG_RDT) != use && READ_ONCE(nic->rx.next_to_use) == use;
}

static const char *nic_rx_fault(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;
	unsigned int clean, use;
	u32 pauses = nic->pauses;
	const char *fault;
	u64 packets;

	if (nic->stop_reasons & ~(STOP_TX | STOP_RX))
		return NULL;
	fault = nic_pci_fault(nic);
	if (!fault && nic->stop_reasons & STOP_RX)
		fault = "not restarted";
	if (fault || !rx->on)
		return fault;
	if (!(rd(nic, REG_RCTL) & RCTL_EN))
		return "receive unit is off";
	if (!nic_rx_programmed(nic))
		return "receive ring wiped";
	clean = READ_ONCE(rx->next_to_clean);
	use = READ_ONCE(rx->next_to_use);
	packets = READ_ONCE(rx->packets);
	if (!nic_rx_is_behind(nic, clean) && !nic_rx_is_astray(nic, use))
		return NULL;
	/* Either may be transient. */
	msleep(RX_SETTLE_MS);
	/* While it receives, the same indices may be those of the next lap. */
	if (READ_ONCE(rx->packets) != packets)
		return NULL;
	if (nic_rx_is_astray(nic, use))
		return "receive ring out of step";
	if (!nic_rx_is_behind(nic, clean))
		return NULL;
	if (!nic_irq_arrives(nic, REPLY_TIMEOUT))
		return "interrupts do not arrive";
	return nic->pauses == pauses && nic_rx_is_behind(nic, clean) ? "receive stall" : NULL;
}

int nic_check_rx(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	devreset_idle(nic->rx.node);
	return nic_log_fault(nic_rx_fault(nic), reason);
}
