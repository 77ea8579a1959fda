// SPDX-License-Identifier: GPL-2.0
/*
 * The PHY, by MDIC; and requests to the device that are no packets (ND12).
 *
 * One is outstanding at a time. It arms the adapter's hang clock, and the second check
 * that finds it pending reports a hang. The caller has rtnl, and times out before that.
 */
#include <linux/delay.h>
#include <linux/mii.h>
#include "net.h"

/* The PHY answers in 64 microseconds. */
#define GLANCE_TRIES	40

/*
 * Begin a request to the PHY, or to the unit that sends.
 * Return: 0, or -EBUSY while the device is stopped; nic_control_end() only after 0.
 */
int nic_control_begin(struct nic *nic, bool phy)
{
	struct control *control = &nic->control;

	mutex_lock(&control->lock);
	/* The count of checks goes on if an earlier request has timed out. */
	if (!control->pending)
		control->checks = 0;
	control->phy = phy;
	WRITE_ONCE(control->cancelled, false);
	WRITE_ONCE(control->pending, true);
	/* Either this sees the stop, or that sees the request; see nic_quiesce(). */
	smp_mb();
	if (READ_ONCE(nic->stop_reasons) & ~(STOP_TX | STOP_RX)) {
		nic_control_end(nic, -EBUSY);
		return -EBUSY;
	}
	devreset_busy(nic->node);
	return 0;
}

/* After -ETIMEDOUT the request is left to the checks, so that rtnl is not held for it. */
void nic_control_end(struct nic *nic, int status)
{
	if (status != -ETIMEDOUT)
		WRITE_ONCE(nic->control.pending, false);
	mutex_unlock(&nic->control.lock);
}

static bool nic_phy_is_ready(struct nic *nic, u32 *mdic)
{
	*mdic = rd(nic, REG_MDIC);
	return *mdic != REG_GONE && *mdic & MDIC_READY;
}

bool nic_phy_answers(struct nic *nic)
{
	u32 mdic;

	return nic_phy_is_ready(nic, &mdic);
}

static void nic_phy_start(struct nic *nic, u32 command, unsigned int reg)
{
	wr(nic, REG_MDIC, command | reg << 16 | PHY_ADDRESS << 21);
}

/* Reads once more after the time-out: this task may not have been scheduled. */
static int nic_phy_await_phy(struct nic *nic, u32 *mdic)
{
	unsigned long until = jiffies + CONTROL_TIMEOUT;
	bool late;

	do {
		late = time_after(jiffies, until);
		if (nic_phy_is_ready(nic, mdic))
			return *mdic & MDIC_ERROR ? -EIO : 0;
		if (READ_ONCE(nic->control.cancelled))
			return -EIO;
		usleep_range(50, 100);
	} while (!late);
	return -ETIMEDOUT;
}

static int nic_phy_access(struct nic *nic, u32 command, unsigned int reg, u32 *mdic)
{
	int ret;

	if (is_82543(nic))
		return -EOPNOTSUPP;
	ret = nic_control_begin(nic, true);
	if (ret)
		return ret;
	mutex_lock(&nic->mdic_lock);
	nic_phy_start(nic, command, reg);
	ret = nic_phy_await_phy(nic, mdic);
	mutex_unlock(&nic->mdic_lock);
	nic_control_end(nic, ret);
	return ret;
}

int nic_phy_read(struct nic *nic, unsigned int reg, u16 *value)
{
	u32 mdic;
	int ret = nic_phy_access(nic, MDIC_READ, reg, &mdic);

	if (!ret)
		*value = mdic;
	return ret;
}

int nic_phy_write(struct nic *nic, unsigned int reg, u16 value)
{
	u32 mdic;

	return nic_phy_access(nic, MDIC_WRITE | value, reg, &mdic);
}

/* For callbacks: bounded, and not counted by the checks */
static int nic_phy_look(struct nic *nic, u32 command, unsigned int reg, u32 *mdic)
{
	int i;

	nic_phy_start(nic, command, reg);
	for (i = 0; i < GLANCE_TRIES; i++) {
		if (nic_phy_is_ready(nic, mdic))
			return *mdic & MDIC_ERROR ? -EIO : 0;
		usleep_range(20, 50);
	}
	return -EIO;
}

int nic_phy_glance(struct nic *nic, unsigned int reg, u16 *value)
{
	u32 mdic;
	int ret;

	if (is_82543(nic))
		return -EOPNOTSUPP;
	if (!mutex_trylock(&nic->mdic_lock))
		return -EAGAIN;
	ret = nic_phy_look(nic, MDIC_READ, reg, &mdic);
	mutex_unlock(&nic->mdic_lock);
	if (!ret)
		*value = mdic;
	return ret;
}

/* Writes only what differs, as a write takes the link down. */
static int nic_phy_setup_regs(struct nic *nic)
{
	u16 bmcr = nic->autoneg ? BMCR_ANENABLE : nic->forced;
	u16 mask = BMCR_ANENABLE | BMCR_LOOPBACK | BMCR_PDOWN | BMCR_ISOLATE;
	bool again = false;
	u32 mdic;
	int ret;

	if (nic->autoneg) {
		ret = nic_phy_look(nic, MDIC_READ, MII_ADVERTISE, &mdic);
		if (!ret && ((u16)mdic & ADVERTISE_ALL) != nic->advertise) {
			ret = nic_phy_look(nic, MDIC_WRITE | nic->advertise | ADVERTISE_CSMA,
					   MII_ADVERTISE, &mdic);
			again = true;
		}
		if (!ret)
			ret = nic_phy_look(nic, MDIC_READ, MII_CTRL1000, &mdic);
		if (!ret && ((u16)mdic & ADVERTISE_1000FULL) != nic->advertise_1000) {
			ret = nic_phy_look(nic, MDIC_WRITE | nic->advertise_1000,
					   MII_CTRL1000, &mdic);
			again = true;
		}
		if (ret)
			return ret;
	} else {
		mask |= BMCR_SPEED100 | BMCR_SPEED1000 | BMCR_FULLDPLX;
	}
	ret = nic_phy_look(nic, MDIC_READ, MII_BMCR, &mdic);
	if (ret || (!again && ((u16)mdic & mask) == bmcr))
		return ret;
	if (nic->autoneg)
		bmcr |= BMCR_ANRESTART;
	return nic_phy_look(nic, MDIC_WRITE | bmcr, MII_BMCR, &mdic);
}

/* What it negotiates, or does instead. */
int nic_phy_setup(struct nic *nic)
{
	int ret;

	if (is_82543(nic))
		return 0;
	/* Its holder was cancelled, or drops it within the time limit of a request. */
	mutex_lock(&nic->mdic_lock);
	ret = nic_phy_setup_regs(nic);
	mutex_unlock(&nic->mdic_lock);
	return ret;
}
