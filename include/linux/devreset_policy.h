/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of a policy; part of <linux/devreset.h>, and by itself for what
 * compiles outside of the kernel.
 */
#ifndef _LINUX_DEVRESET_POLICY_H
#define _LINUX_DEVRESET_POLICY_H

#include <linux/types.h>
#include <uapi/linux/devreset.h>

/**
 * struct devreset_policy - the numbers of a node, as in its sysfs policy/
 * @automatic: 1: a detected hang starts the ladder by itself
 * @ceiling: highest &enum devreset_scope that a ladder may reach
 * @max_attempts: attempts on this node before climbing, 1 to 100 (DR10)
 * @retry_interval_ms: between attempts, 100 to 30000 (DR10)
 * @reset_timeout_ms: deadline of one attempt, 100 to 600000
 * @check_interval_ms: hang check period, 0 (off) or 100 to 3600000 (ND9)
 * @check_idle: 1: check also while no work is outstanding
 * @probation_ms: how long a cure is doubted, 0 to 3600000
 * @max_recoveries: automatic recoveries in one window, 1 to 100
 * @window_ms: that window, 1000 to 86400000
 * @rebind: &enum devreset_rebind
 * @final: &enum devreset_final
 * @return_ms: how long a device may take to come back after a reset that
 *	re-enumerates it, 100 to 600000
 */
struct devreset_policy {
	u32 automatic;
	u32 ceiling;
	u32 max_attempts;
	u32 retry_interval_ms;
	u32 reset_timeout_ms;
	u32 check_interval_ms;
	u32 check_idle;
	u32 probation_ms;
	u32 max_recoveries;
	u32 window_ms;
	u32 rebind;
	u32 final;
	u32 return_ms;
};

/* The defaults, for a driver that wants to change one of them. */
extern const struct devreset_policy devreset_default_policy;

#endif
