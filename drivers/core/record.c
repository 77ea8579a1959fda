// SPDX-License-Identifier: GPL-2.0
/*
 * Records: what outlives a node. A node comes and goes with its device; its policy,
 * the rate limit's window, the rung that seemed to cure, the counters, what is in
 * last/, the log and whether an operator manages it are kept by name meanwhile.
 * Without that a device that its own recovery re-enumerates would hang and recover
 * without end.
 *
 * A node has a record of its own, unused while the node is there, so that keeping
 * it cannot fail. A record says what device it is about, as a provider tells: a node
 * that no provider can identify has none, and another device under the same name
 * begins with a fresh one.
 *
 * All of this is under dr_mutex.
 */
#include <linux/devreset.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/workqueue.h>
#include "core.h"

/* Records without a node that no operator asked for; the oldest goes first. */
#define RECORDS_LIMIT	4096

struct dr_record {
	struct hlist_node by_name;
	struct list_head by_age;
	char name[REASON_LEN];
	char identity[IDENTITY_LEN];
	char bus[REASON_LEN];		/* of manage; empty: not managed */
	char device[REASON_LEN];
	bool forgotten;			/* by unmanage: nothing is to be kept */
	u64 expires;
	struct devreset_policy policy;
	struct history hist;
	struct last last;
	unsigned long stats[STATS];
	struct list_head log;
	unsigned int logged;
};

static DEFINE_HASHTABLE(by_name, 10);
static LIST_HEAD(by_age);
static unsigned int unmanaged;

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

static void record_unlist(struct dr_record *rec)
{
	lockdep_assert_held(&dr_mutex);
	dr_generation++;
	hash_del(&rec->by_name);
	list_del_init(&rec->by_age);
	unmanaged -= !rec->bus[0];
}

static void record_free(struct dr_record *rec)
{
	if (!rec)
		return;
	log_free(&rec->log);
	kfree(rec);
}

static struct dr_record *record_find(const char *name)
{
	struct dr_record *rec;

	lockdep_assert_held(&dr_mutex);
	hash_for_each_possible(by_name, rec, by_name, full_name_hash(NULL, name, strlen(name)))
		if (!strcmp(rec->name, name))
			return rec;
	return NULL;
}

/* Forget those whose window is over, and the oldest of too many. */
static void records_expire(void)
{
	struct dr_record *rec, *next;
	u64 now = now_ms();

	list_for_each_entry_safe(rec, next, &by_age, by_age) {
		if (rec->bus[0] || (now < rec->expires && unmanaged <= RECORDS_LIMIT))
			continue;
		record_unlist(rec);
		record_free(rec);
	}
}

static void record_take(struct dr_node *node, struct dr_record *rec)
{
	int i;

	node->policy = rec->policy;
	node->hist = rec->hist;
	policy_return(&node->hist, now_ms());
	node->last = rec->last;
	for (i = 0; i < STATS; i++)
		atomic_long_set(&node->stats[i], rec->stats[i]);
	list_splice_init(&rec->log, &node->log);
	node->logged = rec->logged;
	node->managed = rec->bus[0] && node->provider;
}

/*
 * Give @node, whose name is taken and which is not in sysfs yet, its record. It
 * takes over what is kept under its name, if that is about the same device.
 */
int record_attach(struct dr_node *node)
{
	struct dr_record *rec, *old;

	dr_identify(node);
	if (!node->identity[0])
		return 0;
	rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	INIT_LIST_HEAD(&rec->by_age);
	INIT_LIST_HEAD(&rec->log);

	mutex_lock(&dr_mutex);
	records_expire();
	old = record_find(dr_name(node));
	if (old) {
		record_unlist(old);
		if (!strcmp(old->identity, node->identity)) {
			record_take(node, old);
			swap(rec, old);
		} else {
			dr_info(node, "another device than before (%s, was %s): begins anew\n",
				node->identity, old->identity);
		}
	}
	node->record = rec;
	mutex_unlock(&dr_mutex);
	record_free(old);
	return 0;
}

static void record_fill(struct dr_record *rec, struct dr_node *node)
{
	unsigned long flags;
	int i;

	spin_lock_irqsave(&dr_lock, flags);
	rec->policy = node->policy;
	rec->hist = node->hist;
	rec->last = node->last;
	for (i = 0; i < STATS; i++)
		rec->stats[i] = atomic_long_read(&node->stats[i]);
	list_splice_tail_init(&node->log, &rec->log);
	rec->logged = node->logged;
	spin_unlock_irqrestore(&dr_lock, flags);
	rec->expires = now_ms() + rec->policy.window_ms;
}

/* @node is about to lose its name. Hold dr_mutex. */
void record_keep(struct dr_node *node)
{
	struct dr_record *rec = node->record, *old;

	lockdep_assert_held(&dr_mutex);
	if (!rec)
		return;
	node->record = NULL;
	if (rec->forgotten) {
		record_free(rec);
		return;
	}
	strscpy(rec->name, dr_name(node), sizeof(rec->name));
	strscpy(rec->identity, node->identity, sizeof(rec->identity));
	/* The name of a managed device's node is that of the device behind its bus. */
	if (!node->managed)
		rec->bus[0] = '\0';
	else if (str_has_prefix(rec->name, rec->bus))
		strscpy(rec->device, rec->name + strlen(rec->bus) + 1, sizeof(rec->device));
	record_fill(rec, node);

	/* A node that was renamed may leave the name of an older record. */
	old = record_find(rec->name);
	if (old) {
		record_unlist(old);
		record_free(old);
	}
	dr_generation++;
	hash_add(by_name, &rec->by_name, full_name_hash(NULL, rec->name, strlen(rec->name)));
	list_add_tail(&rec->by_age, &by_age);
	unmanaged += !rec->bus[0];
	records_expire();
}

/* A request ended at @node, which has gone for good: its record is to tell. */
void record_update(struct dr_node *node)
{
	struct dr_record *rec;

	mutex_lock(&dr_mutex);
	rec = record_find(dr_name(node));
	if (rec && !strcmp(rec->identity, node->identity))
		record_fill(rec, node);
	mutex_unlock(&dr_mutex);
}

/* @node was put under policy as "@bus @device". */
void record_manage(struct dr_node *node, const char *bus, const char *device)
{
	mutex_lock(&dr_mutex);
	if (node->record) {
		strscpy(node->record->bus, bus, sizeof(node->record->bus));
		strscpy(node->record->device, device, sizeof(node->record->device));
		node->record->forgotten = false;
	}
	mutex_unlock(&dr_mutex);
}

/* @node is under policy no more: forget what would be kept of it. */
void record_forget(struct dr_node *node)
{
	mutex_lock(&dr_mutex);
	if (node->record) {
		node->record->bus[0] = '\0';
		node->record->forgotten = true;
	}
	mutex_unlock(&dr_mutex);
}

/* The kept record of a device under policy. Hold dr_mutex. */
static struct dr_record *record_managed(const char *bus, const char *device)
{
	struct dr_record *rec;

	list_for_each_entry(rec, &by_age, by_age)
		if (!strcmp(rec->bus, bus) && !strcmp(rec->device, device))
			return rec;
	return NULL;
}

/* unmanage of a device that is away: forget it. -ENOENT: nothing is kept of it. */
int record_unmanage(const char *bus, const char *device)
{
	struct dr_record *rec;

	mutex_lock(&dr_mutex);
	rec = record_managed(bus, device);
	if (rec)
		record_unlist(rec);
	mutex_unlock(&dr_mutex);
	record_free(rec);
	return rec ? 0 : -ENOENT;
}

/* --- devices that come back -------------------------------------------------------- */

struct comeback {
	struct work_struct work;
	char bus[REASON_LEN];
	char device[REASON_LEN];
	char identity[IDENTITY_LEN];
};

static void comeback_work(struct work_struct *work)
{
	struct comeback *c = container_of(work, struct comeback, work);
	int ret = dr_manage(c->bus, c->device, true, c->identity);

	/* It may be managed by now, or have gone again. */
	if (ret && ret != -EEXIST && ret != -ENODEV)
		pr_warn("devreset: %s %s has come back, but is not managed (%d)\n",
			c->bus, c->device, ret);
	kfree(c);
}

static int comeback_queue(const struct dr_record *rec)
{
	/* Under dr_mutex, which a reset takes too: no waiting for I/O to what it resets. */
	struct comeback *c = kzalloc(sizeof(*c), GFP_NOIO);

	if (!c)
		return -ENOMEM;
	INIT_WORK(&c->work, comeback_work);
	strscpy(c->bus, rec->bus, sizeof(c->bus));
	strscpy(c->device, rec->device, sizeof(c->device));
	strscpy(c->identity, rec->identity, sizeof(c->identity));
	queue_work(dr_wq, &c->work);
	return 0;
}

/**
 * devreset_device_added - a device has come (back) to a provider's bus
 * @provider: the provider
 * @name: as its find() takes it; NULL: all that are kept of this bus
 *
 * If the device was under policy when it went, it is put under policy again, by a
 * worker, with the policy, the counters and the rate limit that it had.
 *
 * Context: process, may sleep; with any lock that registering nodes does not take.
 */
void devreset_device_added(struct devreset_provider *provider, const char *name)
{
	struct dr_record *rec;

	mutex_lock(&dr_mutex);
	list_for_each_entry(rec, &by_age, by_age)
		if (!strcmp(rec->bus, provider->name) &&
		    (!name || !strcmp(rec->device, name)) && comeback_queue(rec))
			pr_warn("devreset: %s has come back, but is not managed (%d)\n",
				rec->name, -ENOMEM);
	mutex_unlock(&dr_mutex);
}
EXPORT_SYMBOL_GPL(devreset_device_added);

/* --- to be told --------------------------------------------------------------------- */

/* Hold dr_mutex, and a node that is not dying. */
void record_view_node(struct dr_node *node, struct record_view *view)
{
	const char *name = dr_name(node);
	size_t len;
	int i;

	lockdep_assert_held(&dr_mutex);
	*view = (struct record_view) {
		.name = name,
		.bus = "",
		.device = "",
		.identity = node->identity,
		.state = READ_ONCE(node->hist.state),
		.managed = READ_ONCE(node->managed),
		.policy = &node->policy,
		.last = &node->last,
		.log = &node->log,
	};
	for (i = 0; i < STATS; i++)
		view->stats[i] = atomic_long_read(&node->stats[i]);
	len = node->provider ? str_has_prefix(name, node->provider->name) : 0;
	if (view->managed && node->record) {
		view->bus = node->record->bus;
		view->device = node->record->device;
	} else if (len && name[len] == '-') {
		view->bus = node->provider->name;
		view->device = name + len + 1;
	}
}

static void record_view_record(struct dr_record *rec, struct record_view *view)
{
	u64 now = now_ms();

	*view = (struct record_view) {
		.name = rec->name,
		.bus = rec->bus,
		.device = rec->device,
		.identity = rec->identity,
		.state = rec->hist.state,
		.managed = rec->bus[0],
		.away = true,
		.policy = &rec->policy,
		.last = &rec->last,
		.log = &rec->log,
	};
	memcpy(view->stats, rec->stats, sizeof(view->stats));
	if (!view->managed)
		view->expires_in = rec->expires > now ? rec->expires - now : 1;
}

/* The record of that name, if the device is away. Hold dr_mutex. */
bool record_view_name(const char *name, struct record_view *view)
{
	struct dr_record *rec = record_find(name);

	if (rec)
		record_view_record(rec, view);
	return rec;
}

/*
 * The record at that place in the table of those whose device is away, or else at the next
 * one, and its place; false: there is none. Hold dr_mutex.
 */
bool record_view_next(long *bucket, long *index, struct record_view *view)
{
	struct dr_record *rec;
	long i;

	lockdep_assert_held(&dr_mutex);
	for (; *bucket < HASH_SIZE(by_name); ++*bucket, *index = 0) {
		i = 0;
		hlist_for_each_entry(rec, &by_name[*bucket], by_name) {
			if (i++ < *index)
				continue;
			record_view_record(rec, view);
			return true;
		}
	}
	return false;
}

void records_show(struct seq_file *s)
{
	struct dr_record *rec;

	lockdep_assert_held(&dr_mutex);
	list_for_each_entry(rec, &by_age, by_age)
		log_show(s, rec->name, &rec->log);
}

/* The module goes; there is no node any more. */
void record_exit(void)
{
	struct dr_record *rec, *next;

	mutex_lock(&dr_mutex);
	list_for_each_entry_safe(rec, next, &by_age, by_age) {
		record_unlist(rec);
		record_free(rec);
	}
	mutex_unlock(&dr_mutex);
}
