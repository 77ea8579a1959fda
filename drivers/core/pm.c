// SPDX-License-Identifier: GPL-2.0
/*
 * No reset starts between suspend and resume, nor once the machine goes down
 * (DR12). A hang that is seen meanwhile is handled after.
 */
#include <linux/devreset.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/suspend.h>
#include "core.h"

/* A suspend would rather be refused than wait longer for a reset. */
#define PATIENCE	(20 * HZ)

static int pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		if (dr_freeze(jiffies + PATIENCE)) {
			pr_err("devreset: a reset is running, no suspend now\n");
			return notifier_from_errno(-EBUSY);
		}
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		clock_restamp();
		dr_thaw();
		break;
	}
	return NOTIFY_OK;
}

static int reboot_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	dr_freeze_forever();
	return NOTIFY_OK;
}

static struct notifier_block pm_nb = { .notifier_call = pm_notify };
static struct notifier_block reboot_nb = { .notifier_call = reboot_notify };

int dr_pm_init(void)
{
	int ret = register_pm_notifier(&pm_nb);

	if (ret)
		return ret;
	ret = register_reboot_notifier(&reboot_nb);
	if (ret)
		unregister_pm_notifier(&pm_nb);
	return ret;
}

void dr_pm_exit(void)
{
	unregister_reboot_notifier(&reboot_nb);
	unregister_pm_notifier(&pm_nb);
}
