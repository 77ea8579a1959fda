// SPDX-License-Identifier: GPL-2.0
/*
 * The log of a node: its last requests, each with its attempts and the time of every
 * phase. debugfs "log" prints it; the same phases are slices in a trace. A request
 * for which there was no memory is missing here, and nothing else.
 */
#include <linux/devreset.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "core.h"
#include "netlink.h"
#include <trace/events/devreset.h>

static const char * const phase_names[DR_PHASES] = {
	[PHASE_CLAIM] = "claim",
	[PHASE_QUIESCE] = "quiesce",
	[PHASE_RESET] = "reset",
	[PHASE_RESTORE] = "restore",
	[PHASE_RESUME] = "resume",
	[PHASE_CHECK] = "check",
};

void log_begin(struct request *req)
{
	struct log_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	req->log = entry;
	if (!entry)
		return;
	INIT_LIST_HEAD(&entry->link);
	entry->began = req->began;
	entry->scope = req->scope;
	ktime_get_real_ts64(&entry->time);
}

static struct log_attempt *current_attempt(struct request *req)
{
	struct log_entry *entry = req ? req->log : NULL;

	return entry && entry->count ?
	       &entry->attempts[(entry->count - 1) % LOG_ATTEMPTS] : NULL;
}

/* An attempt to reset @target begins. */
void log_attempt(struct request *req, struct dr_node *target)
{
	struct log_attempt *attempt;

	req->tried++;
	if (!req->log)
		return;
	req->log->count++;
	attempt = current_attempt(req);
	*attempt = (struct log_attempt) {
		.status = -EINPROGRESS,
		.began_us = div_u64(ktime_get_ns() - req->log->began, NSEC_PER_USEC),
	};
	strscpy(attempt->node, dr_name(target), sizeof(attempt->node));
}

void log_attempt_end(struct request *req, int status)
{
	struct log_attempt *attempt = current_attempt(req);

	if (!attempt)
		return;
	attempt->status = status;
	attempt->method = req->used;
}

void phase_begin(struct dr_node *target, enum dr_phase phase)
{
	trace_devreset_phase(target, phase_names[phase], 'B');
	dr_notify_phase(target, phase, DEVRESET_EDGE_BEGIN);
}

/* @req: NULL for a reset by others, which has no log. */
void phase_end(struct request *req, struct dr_node *target, enum dr_phase phase)
{
	struct log_attempt *attempt = current_attempt(req);

	trace_devreset_phase(target, phase_names[phase], 'E');
	dr_notify_phase(target, phase, DEVRESET_EDGE_END);
	if (attempt)
		attempt->done_us[phase] = div_u64(ktime_get_ns() - req->log->began,
						  NSEC_PER_USEC);
}

/*
 * @req is over, and its origin's "last" says how: list it. Hold dr_lock; @old gets
 * the entry that is one too many.
 */
void log_end(struct request *req, struct list_head *old)
{
	struct dr_node *origin = req->origin;
	struct log_entry *entry = req->log;

	lockdep_assert_held(&dr_lock);
	origin->logged++;
	if (!entry)
		return;
	req->log = NULL;
	entry->seq = origin->logged;
	entry->last = origin->last;
	list_add_tail(&entry->link, &origin->log);
	/* One request more was listed than the oldest that is here says. */
	if (entry->seq - list_first_entry(&origin->log, struct log_entry, link)->seq >= LOG_ENTRIES)
		list_move(origin->log.next, old);
}

void log_free(struct list_head *log)
{
	struct log_entry *entry, *next;

	list_for_each_entry_safe(entry, next, log, link)
		kfree(entry);
	INIT_LIST_HEAD(log);
}

/* --- debugfs ------------------------------------------------------------------------ */

static void show_attempt(struct seq_file *s, const struct log_attempt *attempt)
{
	enum dr_phase phase;

	seq_printf(s, "  %s status=%d method=%s", attempt->node, attempt->status,
		   dr_method_name(attempt->method));
	for (phase = 0; phase < DR_PHASES; phase++)
		if (attempt->done_us[phase])
			seq_printf(s, " %s=%llu", phase_names[phase], attempt->done_us[phase]);
	seq_putc(s, '\n');
}

static void show_entry(struct seq_file *s, const char *name, const struct log_entry *entry)
{
	const struct last *last = &entry->last;
	unsigned int i = entry->count > LOG_ATTEMPTS ? entry->count - LOG_ATTEMPTS : 0;

	seq_printf(s, "%s #%u %lld.%03ld asked=%s requester=%s status=%d attempts=%u cured_by=%s method=%s duration_us=%llu reason=\"%s\"\n",
		   name, entry->seq, (long long)entry->time.tv_sec,
		   entry->time.tv_nsec / NSEC_PER_MSEC,
		   entry->scope ? dr_scope_name(entry->scope) : "recover", last->requester,
		   last->status, last->attempts, last->cured_by[0] ? last->cured_by : "none",
		   dr_method_name(last->method), last->duration_us, last->reason);
	for (; i < entry->count; i++)
		show_attempt(s, &entry->attempts[i % LOG_ATTEMPTS]);
}

/* Entries are not changed once they are listed. Hold what protects @log. */
void log_show(struct seq_file *s, const char *name, struct list_head *log)
{
	struct log_entry *entry;

	list_for_each_entry(entry, log, link)
		show_entry(s, name, entry);
}
