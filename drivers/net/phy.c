// SPDX-License-Identifier: GPL-2.0
/*
 * The PHY, by MDIC; and requests to the device that are no packets (ND12).
 *
 * One is outstanding at a time. It arms the adapter's hang clock, and the second
 * check that sees it calls that a hang. The reset that follows ends the wait.
 */
#include <linux/delay.h>
#include <linux/mii.h>
#include "net.h"

/* The PHY answers in 64 microseconds. */
#define GLANCE_TRIES	40
/* Longer than two checks and a reset take with the default policy */
#define PATIENCE	(30 * HZ)

/* -EBUSY while the device stands; nic_control_end() only after 0. */
int nic_control_begin(struct nic *nic)
{
	struct control *control = &nic->control;

	mutex_lock(&control->lock);
	control->checks = 0;
	WRITE_ONCE(control->cancelled, false);
	WRITE_ONCE(control->pending, true);
	/* Either this sees the halt, or that sees the request; see nic_halt(). */
	smp_mb();
	if (READ_ONCE(nic->halted) & ~(HALT_TX | HALT_RX)) {
		nic_control_end(nic);
		return -EBUSY;
	}
	devreset_busy(nic->node);
	return 0;
}

void nic_control_end(struct nic *nic)
{
	WRITE_ONCE(nic->control.pending, false);
	mutex_unlock(&nic->control.lock);
}

static bool is_ready(struct nic *nic, u32 *mdic)
{
	*mdic = rd(nic, REG_MDIC);
	return *mdic != REG_GONE && *mdic & MDIC_READY;
}

static void start(struct nic *nic, u32 command, unsigned int reg)
{
	wr(nic, REG_MDIC, command | reg << 16 | PHY_ADDRESS << 21);
}

static int phy_access(struct nic *nic, u32 command, unsigned int reg, u32 *mdic)
{
	unsigned long until = jiffies + PATIENCE;
	int ret;

	if (is_82543(nic))
		return -EOPNOTSUPP;
	ret = nic_control_begin(nic);
	if (ret)
		return ret;
	mutex_lock(&nic->mdic_lock);
	start(nic, command, reg);
	ret = -EIO;
	while (!READ_ONCE(nic->control.cancelled) && time_before(jiffies, until)) {
		if (is_ready(nic, mdic)) {
			ret = *mdic & MDIC_ERROR ? -EIO : 0;
			break;
		}
		usleep_range(50, 100);
	}
	mutex_unlock(&nic->mdic_lock);
	nic_control_end(nic);
	return ret;
}

int nic_phy_read(struct nic *nic, unsigned int reg, u16 *value)
{
	u32 mdic;
	int ret = phy_access(nic, MDIC_READ, reg, &mdic);

	if (!ret)
		*value = mdic;
	return ret;
}

int nic_phy_write(struct nic *nic, unsigned int reg, u16 value)
{
	u32 mdic;

	return phy_access(nic, MDIC_WRITE | value, reg, &mdic);
}

/* For callbacks: bounded, and no request that a check would look at */
static int glance(struct nic *nic, u32 command, unsigned int reg, u32 *mdic)
{
	int i;

	start(nic, command, reg);
	for (i = 0; i < GLANCE_TRIES; i++) {
		if (is_ready(nic, mdic))
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
	ret = glance(nic, MDIC_READ, reg, &mdic);
	mutex_unlock(&nic->mdic_lock);
	if (!ret)
		*value = mdic;
	return ret;
}

/* Writes only what is not there, as the link goes down for it. */
static int setup(struct nic *nic)
{
	u16 bmcr = nic->autoneg ? BMCR_ANENABLE : nic->forced;
	u16 mask = BMCR_ANENABLE | BMCR_LOOPBACK | BMCR_PDOWN | BMCR_ISOLATE;
	bool again = false;
	u32 mdic;
	int ret;

	if (nic->autoneg) {
		ret = glance(nic, MDIC_READ, MII_ADVERTISE, &mdic);
		if (!ret && ((u16)mdic & ADVERTISE_ALL) != nic->advertise) {
			ret = glance(nic, MDIC_WRITE | nic->advertise | ADVERTISE_CSMA,
				     MII_ADVERTISE, &mdic);
			again = true;
		}
		if (!ret)
			ret = glance(nic, MDIC_READ, MII_CTRL1000, &mdic);
		if (!ret && ((u16)mdic & ADVERTISE_1000FULL) != nic->advertise_1000) {
			ret = glance(nic, MDIC_WRITE | nic->advertise_1000,
				     MII_CTRL1000, &mdic);
			again = true;
		}
		if (ret)
			return ret;
	} else {
		mask |= BMCR_SPEED100 | BMCR_SPEED1000 | BMCR_FULLDPLX;
	}
	ret = glance(nic, MDIC_READ, MII_BMCR, &mdic);
	if (ret || (!again && ((u16)mdic & mask) == bmcr))
		return ret;
	if (nic->autoneg)
		bmcr |= BMCR_ANRESTART;
	return glance(nic, MDIC_WRITE | bmcr, MII_BMCR, &mdic);
}

/* What it negotiates, or does instead. */
int nic_phy_setup(struct nic *nic)
{
	int ret;

	if (is_82543(nic))
		return 0;
	/* Whoever has it was cancelled, or is done in no time. */
	mutex_lock(&nic->mdic_lock);
	ret = setup(nic);
	mutex_unlock(&nic->mdic_lock);
	return ret;
}
