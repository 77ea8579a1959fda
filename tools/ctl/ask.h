/* SPDX-License-Identifier: GPL-2.0 */
/* A request, on its way: see reset.c. */
#ifndef _CTL_ASK_H
#define _CTL_ASK_H

#include <time.h>
#include "ctl.h"

#define PROGRESS_MS	200

struct ask {
	const char *node, *scope, *method;
	bool force, wait;
	struct timespec began;
	int64_t requests;		/* of the node, before */
	int64_t cookie;			/* 0: there is none */
	struct json_object *last;	/* how it ended */
};

void ask_progress(const struct ask *ask, const char *what);
int ask_by_sysfs(struct ask *ask);

#endif
