// SPDX-License-Identifier: GPL-2.0
/*
 * Which cookies failed. dmaengine has one number for what is complete, and so
 * none for what is over without being so; but whoever asks for the status of a
 * descriptor that was cut off must not be told that it is complete.
 *
 * Ranges, as a reset cuts off a row of them. When there are too many, whatever is
 * as old as the oldest of them is said to have failed. Cookies begin again when
 * they have come to their end: so what counts is how far one is behind the newest.
 */
#include <linux/string.h>
#include "dma.h"

/* How many were given out after this one? */
static u32 age(struct channel *c, dma_cookie_t cookie)
{
	dma_cookie_t newest = c->chan.cookie;

	return cookie <= newest ? newest - cookie : INT_MAX - cookie + newest;
}

static void drop_oldest(struct failures *f)
{
	f->count--;
	memmove(f->first, f->first + 1, f->count * sizeof(*f->first));
	memmove(f->last, f->last + 1, f->count * sizeof(*f->last));
}

/* Hold the channel's lock for all of these. */
void failures_forget(struct channel *c)
{
	c->failures.count = 0;
	c->failures.forgotten = 0;
}

void __failures_renew(struct channel *c)
{
	struct failures *f = &c->failures;
	dma_cookie_t cookie = c->chan.cookie;

	lockdep_assert_held(&c->lock);
	if (f->count && f->first[0] == cookie)
		drop_oldest(f);
	if (f->forgotten == cookie)
		f->forgotten = 0;
}

/* @first may be the greater one: then they began again in between. */
void failures_add(struct channel *c, dma_cookie_t first, dma_cookie_t last)
{
	struct failures *f = &c->failures;

	lockdep_assert_held(&c->lock);
	if (f->count && cookie_after(f->last[f->count - 1]) == first) {
		f->last[f->count - 1] = last;
		return;
	}
	if (f->count == FAILURES) {
		f->forgotten = f->last[0];
		drop_oldest(f);
	}
	f->first[f->count] = first;
	f->last[f->count] = last;
	f->count++;
}

bool failures_have(struct channel *c, dma_cookie_t cookie)
{
	struct failures *f = &c->failures;
	u32 old = age(c, cookie);
	unsigned int i;

	lockdep_assert_held(&c->lock);
	for (i = 0; i < f->count; i++)
		if (old <= age(c, f->first[i]) && old >= age(c, f->last[i]))
			return true;
	return f->forgotten && old >= age(c, f->forgotten);
}
