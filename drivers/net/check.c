// SPDX-License-Identifier: GPL-2.0
/*
 * Does it work? What each node's check looks at, and when.
 *
 * The hang clock of the ring to send from runs while packets are in it. Those of
 * the adapter and of the ring to receive into are armed by the poll function,
 * that is when anything was sent or received, by a link that is lost, and by
 * requests to the device; and stopped by the check itself. So these two are
 * looked at once after the last activity, every interval while there is some,
 * and never on an idle interface (ND15). A device that fails to receive is found
 * when it has been talked to, which whoever waits for an answer has done: a
 * packet that was sent is reported, and that arms both. One that fails while nothing
 * at all is sent or received is found with the next packet that is sent; to
 * have it found before that, there is policy/check_idle. That is also for one that
 * fails while there is no link: nothing is sent before it has learned of its link.
 *
 * All is called with nic->lock held, in process context. It is let go of while an interrupt
 * or an answer is waited for.
 */
#include <linux/delay.h>
#include <linux/mii.h>
#include "net.h"

/* Ample: a slow machine is no hang, and nobody waits when there is none. */
#define SOON		HZ
#define A_WHILE_MS	50
/* From the reset of a MAC to its link; one that stays away is found within the probation. */
#define LINK_PATIENCE	(6 * HZ)

/* Configuration space is not ours to mend, but without it nothing works. */
static const char *pci_fault(struct nic *nic)
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
	return !pci_fault(nic) || (nic->up && !nic->pdev->is_busmaster && nic_alive(nic));
}

/*
 * Wait for the poll function, without nic->lock: "ip link set" may want it, with rtnl held.
 * If the device is paused meanwhile, for whatever reason, that ends the wait and counts as done.
 */
static bool wait_unlocked(struct nic *nic, bool (*is_done)(struct nic *nic, u32 mark), u32 mark,
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

static bool has_polled(struct nic *nic, u32 seen)
{
	return (s32)(READ_ONCE(nic->polled) - seen) > 0;
}

static bool has_sent(struct nic *nic, u32 clean)
{
	return READ_ONCE(nic->tx.clean) != clean;
}

static bool has_answered(struct nic *nic, u32 ticket)
{
	/* Pairs with nic_tx_stop(): then it is known whether it was lost. */
	return (s32)(smp_load_acquire(&nic->tx.probes) - ticket) >= 0;
}

/* Provoke an interrupt; the poll function runs, and has done. */
static bool irq_arrives(struct nic *nic, long patience)
{
	u32 seen = READ_ONCE(nic->polls);
	bool arrived;

	atomic_inc(&nic->probing);
	wr(nic, REG_ICS, INT_TXDW);
	arrived = wait_unlocked(nic, has_polled, seen, patience);
	atomic_dec(&nic->probing);
	return arrived;
}

bool nic_irq_arrives(struct nic *nic, long patience)
{
	return !nic->polling || irq_arrives(nic, patience);
}

/* --- the adapter ------------------------------------------------------------------ */

/*
 * A link that the PHY has and the MAC has not; twice, as they need not learn of it
 * at the same time, and not soon after a reset: some that emulate the device give the
 * MAC its link seconds later. A change that nobody was told of is none to complain about.
 */
static const char *link_fault(struct nic *nic)
{
	bool up = rd(nic, REG_STATUS) & STATUS_LU;
	u16 bmsr = 0;
	int ret = 0;

	if (up != nic->link)
		nic_update_link(nic);
	/* The first tells of a link that was lost meanwhile. */
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
	    time_after64(get_jiffies_64(), nic->link_since + LINK_PATIENCE))
		return "link lost inside the MAC";
	devreset_busy(nic->node);
	return NULL;
}

/* A request that was given up may have been answered since. */
static void look_for_answer(struct nic *nic)
{
	struct control *control = &nic->control;

	/* The caller that has the lock looks itself. */
	if (!mutex_trylock(&control->lock))
		return;
	if (control->phy ? nic_phy_answers(nic) : has_answered(nic, nic->tx.asked))
		WRITE_ONCE(control->pending, false);
	mutex_unlock(&control->lock);
}

/* ND12 */
static const char *control_fault(struct nic *nic)
{
	struct control *control = &nic->control;

	if (READ_ONCE(control->pending))
		look_for_answer(nic);
	if (!READ_ONCE(control->pending))
		return NULL;
	devreset_busy(nic->node);
	return ++control->checks >= 2 ? "a request to the device is not answered" : NULL;
}

static const char *adapter_fault(struct nic *nic)
{
	const char *fault;

	if (nic->halted & (HALT_SLEEP | HALT_DEAD))
		return NULL;
	fault = pci_fault(nic);
	if (!fault && nic->halted & HALT_ADAPTER)
		fault = "not restarted";
	if (!fault)
		fault = nic_config_fault(nic);
	if (!fault)
		fault = nic_filter_fault(nic);
	if (!fault)
		fault = control_fault(nic);
	if (fault || !nic->up)
		return fault;
	nic_read_stats(nic);
	fault = link_fault(nic);
	if (!fault && !nic_irq_arrives(nic, SOON))
		fault = "interrupts do not arrive";
	return fault;
}

static int complain(const char *fault, const char **reason)
{
	if (!fault)
		return 0;
	*reason = fault;
	return -EIO;
}

/* Its clock may have been stopped with packets in the ring: see tx.c. */
static void look_after_tx(struct nic *nic)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->netdev, 0);
	struct tx_ring *tx = &nic->tx;

	/* The adapter's clock was stopped first; pairs with that in nic_tx_clean(). */
	smp_mb();
	__netif_tx_lock_bh(queue);
	if (tx->on && tx->use != READ_ONCE(tx->clean)) {
		devreset_busy(tx->node);
		/* Either this sees it empty, or the poll function stops the clock later. */
		smp_mb();
		if (tx->use == READ_ONCE(tx->clean))
			devreset_idle(tx->node);
	}
	__netif_tx_unlock_bh(queue);
}

int nic_check_adapter(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	devreset_idle(nic->node);
	look_after_tx(nic);
	return complain(adapter_fault(nic), reason);
}

/* --- sending ------------------------------------------------------------------------- */

/* Have the device, its DMA and its interrupt do something that nobody else sees. */
static bool prove_tx(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;
	unsigned int clean = READ_ONCE(tx->clean);
	bool done;
	u32 ticket;
	int ret;

	atomic_inc(&nic->probing);
	ret = nic_tx_ask(nic, &ticket);
	if (ret == -EAGAIN)
		done = wait_unlocked(nic, has_sent, clean, SOON);
	else
		done = !ret && wait_unlocked(nic, has_answered, ticket, SOON);
	atomic_dec(&nic->probing);
	return done;
}

/* Without nic->lock: for a moment, is anything sent? */
bool nic_tx_moves(struct nic *nic)
{
	unsigned int clean = READ_ONCE(nic->tx.clean);
	struct control *control = &nic->control;

	atomic_inc(&nic->probing);
	wait_event_timeout(nic->wait, READ_ONCE(control->cancelled) ||
			   READ_ONCE(nic->tx.clean) != clean, CONTROL_PATIENCE);
	atomic_dec(&nic->probing);
	return !READ_ONCE(control->cancelled) && READ_ONCE(nic->tx.clean) != clean;
}

/* Without nic->lock: -EIO if a reset has ended it, -ETIMEDOUT if it is not answered soon. */
int nic_tx_await(struct nic *nic, u32 ticket)
{
	struct control *control = &nic->control;
	long left;

	atomic_inc(&nic->probing);
	left = wait_event_timeout(nic->wait, READ_ONCE(control->cancelled) ||
				  has_answered(nic, ticket), CONTROL_PATIENCE);
	atomic_dec(&nic->probing);
	if (!left)
		return -ETIMEDOUT;
	if (READ_ONCE(control->cancelled) || (s32)(READ_ONCE(nic->tx.lost) - ticket) >= 0)
		return -EIO;
	return 0;
}

static const char *tx_fault(struct nic *nic)
{
	struct tx_ring *tx = &nic->tx;
	u32 pauses = nic->pauses;
	const char *fault;

	if (nic->halted & ~(HALT_TX | HALT_RX))
		return NULL;
	fault = pci_fault(nic);
	if (!fault && nic->halted & HALT_TX)
		fault = "not restarted";
	if (fault || !tx->on)
		return fault;
	if (!(rd(nic, REG_TCTL) & TCTL_EN))
		return "transmit unit is off";
	if (!nic_tx_programmed(nic))
		return "transmit ring wiped";
	if (tx->prove && !prove_tx(nic))
		return "does not send";
	/* It was stopped meanwhile, and has to prove itself when it is started. */
	if (nic->pauses != pauses)
		return NULL;
	tx->prove = false;
	if (READ_ONCE(tx->use) != READ_ONCE(tx->clean) && !nic_irq_arrives(nic, SOON))
		return "interrupts do not arrive";
	return NULL;
}

int nic_check_tx(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	return complain(tx_fault(nic), reason);
}

/* --- receiving (ND10) ------------------------------------------------------------------ */

/* Has the device used up buffers without saying so? Or said so, and nobody came? */
static bool is_behind(struct nic *nic, unsigned int clean)
{
	return READ_ONCE(nic->rx.clean) == clean && rd(nic, REG_RDH) != clean;
}

/* What the device believes to have, and what it was given, may not differ for long. */
static bool is_astray(struct nic *nic, unsigned int use)
{
	return rd(nic, REG_RDT) != use && READ_ONCE(nic->rx.use) == use;
}

static const char *rx_fault(struct nic *nic)
{
	struct rx_ring *rx = &nic->rx;
	unsigned int clean, use;
	u32 pauses = nic->pauses;
	const char *fault;
	u64 packets;

	if (nic->halted & ~(HALT_TX | HALT_RX))
		return NULL;
	fault = pci_fault(nic);
	if (!fault && nic->halted & HALT_RX)
		fault = "not restarted";
	if (fault || !rx->on)
		return fault;
	if (!(rd(nic, REG_RCTL) & RCTL_EN))
		return "receive unit is off";
	if (!nic_rx_programmed(nic))
		return "receive ring wiped";
	clean = READ_ONCE(rx->clean);
	use = READ_ONCE(rx->use);
	packets = READ_ONCE(rx->packets);
	if (!is_behind(nic, clean) && !is_astray(nic, use))
		return NULL;
	/* Either may be so for a moment. */
	msleep(A_WHILE_MS);
	/* Of one that receives, the same numbers may be those of the next time round. */
	if (READ_ONCE(rx->packets) != packets)
		return NULL;
	if (is_astray(nic, use))
		return "receive ring out of step";
	if (!is_behind(nic, clean))
		return NULL;
	if (!nic_irq_arrives(nic, SOON))
		return "interrupts do not arrive";
	return nic->pauses == pauses && is_behind(nic, clean) ? "receive stall" : NULL;
}

int nic_check_rx(struct nic *nic, const char **reason)
{
	lockdep_assert_held(&nic->lock);
	devreset_idle(nic->rx.node);
	return complain(rx_fault(nic), reason);
}
