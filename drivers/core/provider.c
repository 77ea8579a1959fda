// SPDX-License-Identifier: GPL-2.0
/*
 * Providers make the nodes that no driver registers: those of a node's ancestors
 * in the device model, and those of devices that an operator manages.
 *
 * A provider is called with no lock held; its module is pinned meanwhile.
 */
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/string.h>
#include "core.h"

static LIST_HEAD(providers);

/* Its memory may be gone when its last user has. */
static void put_provider(struct devreset_provider *p)
{
	struct module *owner = p->owner;

	mutex_lock(&dr_mutex);
	p->users--;
	mutex_unlock(&dr_mutex);
	dr_changed();
	module_put(owner);
}

/* The provider after @prev, pinned; drops the pin of @prev. */
static struct devreset_provider *next_provider(struct devreset_provider *prev)
{
	struct devreset_provider *p, *next = NULL;

	mutex_lock(&dr_mutex);
	p = prev ?: list_entry(&providers, struct devreset_provider, link);
	/* One that is unregistered meanwhile leads nowhere. */
	if (prev && list_empty(&prev->link))
		goto out;
	list_for_each_entry_continue(p, &providers, link) {
		if (try_module_get(p->owner)) {
			next = p;
			next->users++;
			break;
		}
	}
out:
	mutex_unlock(&dr_mutex);
	if (prev)
		put_provider(prev);
	return next;
}

/* The anchor of a device, by its maker: a driver has had its ancestors made, too. */
enum anchor {
	ANCHOR_NONE,
	ANCHOR_PROVIDED,
	ANCHOR_DRIVERS,
};

static enum anchor anchor_of(struct device *dev)
{
	struct dr_node *node = dr_find(dev);
	enum anchor anchor = ANCHOR_NONE;

	if (node && node->scope != DEVRESET_MEMBER)
		anchor = node->provider ? ANCHOR_PROVIDED : ANCHOR_DRIVERS;
	if (node)
		dr_put(node);
	return anchor;
}

static int ask(struct device *dev)
{
	struct devreset_provider *p;
	int ret = -ENODEV;

	for (p = next_provider(NULL); p; p = next_provider(p)) {
		ret = p->probe(p, dev);
		if (ret != -ENODEV) {
			put_provider(p);
			break;
		}
	}
	/* Another task was faster: as good. */
	return ret == -EEXIST ? 0 : ret;
}

static int identify(struct device *dev, char *buf, size_t size)
{
	struct devreset_provider *p;
	int ret = -ENODEV;

	for (p = next_provider(NULL); p; p = next_provider(p)) {
		if (p->identity)
			ret = p->identity(dev, buf, size);
		if (!ret) {
			put_provider(p);
			break;
		}
	}
	return ret;
}

/* The node that needed it may have gone while it was made. */
static void reap_at(struct device *dev)
{
	struct dr_node *node = dr_find(dev);

	if (node) {
		dr_reap(node);
		dr_put(node);
	}
}

/* More than any bus nests devices */
#define CHAIN_LENGTH	24

/*
 * The device of @node and those above it, the nearest first, with a reference each. All
 * at once, and only while @node is registered, and so its device: one that was removed
 * holds none on its parent.
 */
static unsigned int get_chain(struct dr_node *node, struct device **chain)
{
	struct device *dev;
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	if (!node->dying)
		for (dev = node->hw; dev && n < CHAIN_LENGTH; dev = dev->parent)
			chain[n++] = get_device(dev);
	spin_unlock_irqrestore(&dr_lock, flags);
	return n;
}

static void put_chain(struct device **chain, unsigned int n)
{
	while (n--)
		put_device(chain[n]);
}

/*
 * Write what device @node is of, or a part of: by the nearest that a provider can tell.
 * False: none can.
 */
bool dr_identify(struct dr_node *node, char *buf, size_t size)
{
	struct device *chain[CHAIN_LENGTH];
	unsigned int i, n = get_chain(node, chain);
	bool known = false;

	for (i = 0; i < n && !known; i++)
		known = !identify(chain[i], buf, size) && buf[0];
	put_chain(chain, n);
	return known;
}

/*
 * Have the missing ancestors of @node made, one after the other: nodes that a
 * provider makes meanwhile do not come here, or each level would nest.
 */
void dr_provide(struct dr_node *node)
{
	struct device *chain[CHAIN_LENGTH];
	enum anchor anchor;
	unsigned int i, n;
	int ret;

	if (node->fixed_parent && !node->provider)
		return;
	n = get_chain(node, chain);
	/* A member needs an anchor at its own device. */
	for (i = node->scope != DEVRESET_MEMBER; i < n; i++) {
		anchor = anchor_of(chain[i]);
		if (anchor == ANCHOR_DRIVERS)
			break;
		if (anchor == ANCHOR_PROVIDED)
			continue;
		ret = ask(chain[i]);
		if (!ret)
			reap_at(chain[i]);
		else if (ret != -ENODEV)
			dr_warn(node, "no node for %s above it: %d\n",
				dev_name(chain[i]), ret);
	}
	put_chain(chain, n);
}

/*
 * The first node after @serial in order of registration, of @provider if that is not
 * NULL, with a reference.
 */
static struct dr_node *node_after(u64 serial, const struct devreset_provider *provider)
{
	struct dr_node *node, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dr_lock, flags);
	list_for_each_entry(node, &dr_nodes, all)
		if (node->serial > serial && (!provider || node->provider == provider)) {
			found = dr_get(node);
			break;
		}
	spin_unlock_irqrestore(&dr_lock, flags);
	return found;
}

/**
 * devreset_provider_register - make nodes for a bus from now on
 * @provider: name, owner, probe and find must be set; stays the caller's
 *
 * Nodes that exist already get their missing ancestors now, and those whose device
 * @provider can tell from others what is kept of it.
 *
 * Context: process, may sleep; calls @provider->probe and @provider->identity.
 * Return: 0, -EINVAL (not filled in), -EEXIST (the name is taken).
 */
int devreset_provider_register(struct devreset_provider *provider)
{
	struct devreset_provider *p;
	struct dr_node *node;
	u64 serial = 0;

	if (WARN_ONCE(!provider || !provider->name || !provider->probe || !provider->find,
		      "devreset: bad provider\n"))
		return -EINVAL;
	mutex_lock(&dr_mutex);
	list_for_each_entry(p, &providers, link) {
		if (!strcmp(p->name, provider->name)) {
			mutex_unlock(&dr_mutex);
			return -EEXIST;
		}
	}
	list_add_tail(&provider->link, &providers);
	mutex_unlock(&dr_mutex);

	while ((node = node_after(serial, NULL))) {
		serial = node->serial;
		dr_provide(node);
		record_attach(node);
		dr_put(node);
	}
	devreset_device_added(provider, NULL);
	return 0;
}
EXPORT_SYMBOL_GPL(devreset_provider_register);

/**
 * devreset_provider_node - find the node that a provider has made for a device
 * @provider: the provider
 * @dev: the device
 *
 * Context: any; the caller holds a reference to @dev.
 * Return: the node with a reference, or NULL, also if the first node of @dev is its driver's.
 */
struct devreset_node *devreset_provider_node(const struct devreset_provider *provider,
					     struct device *dev)
{
	struct devreset_node *node = devreset_find(dev);

	if (node && to_dr(node)->provider == provider)
		return node;
	devreset_put(node);
	return NULL;
}
EXPORT_SYMBOL_GPL(devreset_provider_node);

/**
 * devreset_provider_unregister - and no more
 * @provider: the provider
 *
 * Waits for its callbacks in hand, and unregisters all its nodes; what is below
 * them goes to what is above them.
 *
 * Context: process, may sleep; not from a callback.
 */
void devreset_provider_unregister(struct devreset_provider *provider)
{
	struct dr_node *node;
	int ret;

	mutex_lock(&dr_mutex);
	list_del_init(&provider->link);
	mutex_unlock(&dr_mutex);
	/* What is being made now is there when that is over. */
	wait_event_idle(dr_wait, !READ_ONCE(provider->users));
	while ((node = node_after(0, provider))) {
		ret = dr_unregister(node);
		/* One that goes by itself just now: wait until it has gone. */
		if (ret == -ENODEV)
			wait_event_idle(dr_wait, hlist_unhashed_lockless(&node->name));
		dr_put(node);
		if (WARN_ONCE(ret == -EDEADLK,
			      "devreset: provider unregistered by a callback of its node\n"))
			break;
	}
}
EXPORT_SYMBOL_GPL(devreset_provider_unregister);

/* -EAGAIN: the node has gone, or goes, as it was not needed until now. */
static int try_manage(struct devreset_provider *p, struct device *dev, const char *name)
{
	struct dr_node *node;
	unsigned long flags;
	int ret = 0;

	if (anchor_of(dev) == ANCHOR_NONE) {
		ret = p->probe(p, dev);
		if (ret && ret != -EEXIST)
			return ret;
	}
	node = dr_find(dev);
	if (!node)
		return -EAGAIN;
	dr_provide(node);
	spin_lock_irqsave(&dr_lock, flags);
	if (node->provider != p)
		ret = -ENODEV;
	else if (node->dying)
		ret = -EAGAIN;
	else
		ret = node->managed ? -EEXIST : 0;
	if (!ret) {
		node->managed = true;
		WRITE_ONCE(node->policy.check_idle, 1);
		WRITE_ONCE(node->policy.rebind, DEVRESET_REBIND_AUTO);
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!ret) {
		record_manage(node, p->name, name);
		clock_policy_changed(node);
	}
	dr_put(node);
	return ret;
}

static int manage_node(struct devreset_provider *p, struct device *dev, const char *name)
{
	int ret, tries = 10;

	do {
		ret = try_manage(p, dev, name);
	} while (ret == -EAGAIN && --tries);
	return ret;
}

static int unmanage_node(struct device *dev)
{
	struct dr_node *node = dr_find(dev);
	unsigned long flags;
	int ret = -ENOENT;

	if (!node)
		return -ENOENT;
	spin_lock_irqsave(&dr_lock, flags);
	if (node->managed) {
		node->managed = false;
		WRITE_ONCE(node->policy.check_idle, 0);
		WRITE_ONCE(node->policy.rebind, DEVRESET_REBIND_NEVER);
		ret = 0;
	}
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!ret) {
		record_forget(node);
		dr_reap(node);
	}
	dr_put(node);
	return ret;
}

/* No driver takes away the node of a device that left its bus before it had one. */
static bool is_there(struct devreset_provider *p, const char *name, struct device *dev)
{
	struct device *found = p->find(name);

	if (!IS_ERR(found))
		put_device(found);
	return found == dev;
}

static bool is_same(struct devreset_provider *p, struct device *dev, const char *identity)
{
	char now[IDENTITY_LEN];

	return p->identity && !p->identity(dev, now, sizeof(now)) && !strcmp(now, identity);
}

/*
 * Put the device @name of @bus under policy, or take it out again. -EINVAL for
 * a name that is none, -ENODEV for a bus or device that is not there, -EEXIST
 * and -ENOENT when it is, or is not, managed already.
 * @identity: only the device that is this one, or NULL.
 */
int dr_manage(const char *bus, const char *name, bool on, const char *identity)
{
	struct devreset_provider *p;
	struct device *dev;
	int ret;

	for (p = next_provider(NULL); p; p = next_provider(p))
		if (!strcmp(p->name, bus))
			break;
	if (!p)
		return -ENODEV;
	dev = p->find(name);
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		/* What is away can be forgotten. */
		if (!on && ret == -ENODEV && !record_unmanage(bus, name))
			ret = 0;
	} else if (identity && !is_same(p, dev, identity)) {
		/* Another device at the same place begins unmanaged. */
		ret = -ENODEV;
		put_device(dev);
	} else {
		ret = on ? manage_node(p, dev, name) : unmanage_node(dev);
		if (on && !ret && !is_there(p, name, dev)) {
			unmanage_node(dev);
			ret = -ENODEV;
		}
		put_device(dev);
	}
	put_provider(p);
	return ret;
}
