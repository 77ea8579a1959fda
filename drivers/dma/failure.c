// SPDX-License-Identifier: GPL-2.0
/*
 * Which cookies failed. dmaengine has one number for what is complete, and none for what
 * ended otherwise; but an aborted descriptor must not be reported as complete.
 *
 * A bit for each of the newest cookies. Of older ones, those that are as old as the newest
 * failed one count as failed.
 */
#include <linux/bitmap.h>
#include "dma.h"

/* How many cookies were assigned after this one? They wrap after INT_MAX. */
static u32 ddma_failure_age(struct channel *c, dma_cookie_t cookie)
{
	dma_cookie_t newest = c->chan.cookie;

	return cookie <= newest ? newest - cookie : INT_MAX - cookie + newest;
}

/* Hold the channel's lock for all of these. */
void failures_forget(struct channel *c)
{
	bitmap_zero(c->failed, COOKIES);
	c->forgotten = 0;
}

/* The newest cookie takes the bit of the oldest. */
void failures_submitted(struct channel *c)
{
	lockdep_assert_held(&c->lock);
	if (unlikely(__test_and_clear_bit(c->chan.cookie % COOKIES, c->failed)))
		c->forgotten = c->n_submitted - (COOKIES - 1);
}

/* If @first is greater, cookies wrapped in between. */
void failures_add(struct channel *c, dma_cookie_t first, dma_cookie_t last)
{
	unsigned int from = first % COOKIES, to = last % COOKIES;

	lockdep_assert_held(&c->lock);
	if (from <= to) {
		bitmap_set(c->failed, from, to - from + 1);
	} else {
		bitmap_set(c->failed, from, COOKIES - from);
		bitmap_set(c->failed, 0, to + 1);
	}
}

bool failures_have(struct channel *c, dma_cookie_t cookie)
{
	u32 old = ddma_failure_age(c, cookie);

	lockdep_assert_held(&c->lock);
	/* One less: where cookies wrap, one of the bits has no cookie. */
	if (old < COOKIES - 1)
		return test_bit(cookie % COOKIES, c->failed);
	return c->forgotten && (long)(c->n_submitted - old - c->forgotten) <= 0;
}
