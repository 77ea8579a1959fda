/* SPDX-License-Identifier: GPL-2.0 */
/* Events, from wherever they come: see monitor.c. */
#ifndef _CTL_MONITOR_H
#define _CTL_MONITOR_H

#include "ctl.h"

void monitor_listening(void);
void monitor_lost(void);
void monitor_print(struct json_object *event);
int monitor_uevents(void);

#endif
