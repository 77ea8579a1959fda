// SPDX-License-Identifier: GPL-2.0
/*
 * Which cookies failed. dmaengine has one number for what is complete, and so
 * none for what is over without being so; but whoever asks for the status of a
 * descriptor that was cut off must not be told that it is complete.
 *
 * Ranges, as a reset cuts off a row of them. When there are too many, whatever is
 * as old as the oldest of them is said to have failed.
 */
#include <linux/string.h>
#include "dma.h"

/* Hold the channel's lock for all of these. */
void failures_forget(struct channel *c)
{
	c->failures.count = 0;
	c->failures.forgotten = 0;
}

void failures_add(struct channel *c, dma_cookie_t first, dma_cookie_t last)
{
	struct failures *f = &c->failures;

	lockdep_assert_held(&c->lock);
	/* The numbers began again in between. */
	if (first > last)
		first = DMA_MIN_COOKIE;
	if (f->count && f->last[f->count - 1] + 1 == first) {
		f->last[f->count - 1] = last;
		return;
	}
	if (f->count == FAILURES) {
		f->forgotten = f->last[0];
		f->count--;
		memmove(f->first, f->first + 1, f->count * sizeof(*f->first));
		memmove(f->last, f->last + 1, f->count * sizeof(*f->last));
	}
	f->first[f->count] = first;
	f->last[f->count] = last;
	f->count++;
}

bool failures_have(struct channel *c, dma_cookie_t cookie)
{
	struct failures *f = &c->failures;
	unsigned int i;

	lockdep_assert_held(&c->lock);
	for (i = 0; i < f->count; i++)
		if (cookie >= f->first[i] && cookie <= f->last[i])
			return true;
	return cookie <= f->forgotten;
}
