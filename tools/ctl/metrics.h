/* SPDX-License-Identifier: GPL-2.0 */
/* Durations of requests: see histogram.c. */
#ifndef _CTL_METRICS_H
#define _CTL_METRICS_H

#include "ctl.h"

#define HISTOGRAM_BOUNDS	14

struct histogram {
	char node[NAME_LEN];
	int64_t seq;			/* of the last request that is in it */
	double sum, below[HISTOGRAM_BOUNDS];
};

struct histograms {
	struct histogram *list;
	size_t count, room;
};

void histograms_read(struct histograms *all, const char *name);
void histograms_add(struct histograms *all, const char *name, struct json_object *entries);
void histograms_print(const struct histograms *all, FILE *file);

/* NAME="VALUE", escaped as Prometheus wants it */
void put_label(FILE *file, const char *name, const char *value);

#endif
