// SPDX-License-Identifier: GPL-2.0
/*
 * "net-eth0" for an interface of any driver, when an operator manages it; and the
 * names of all nodes here, which follow those of the interfaces.
 *
 * The check finds packets that the driver has accepted and not sent: a queue that is
 * stopped, or whose bytes in flight do not decrease. That needs neither traffic from
 * outside nor a driver that notices. The reset is the driver's own, which the stack's
 * watchdog asks for (ndo_tx_timeout); drivers do not report its end. So it is not verified
 * when it returns, and the log says so, until packets were sent. A reset that did not help,
 * or after which the link does not come back, is found by later checks in the probation,
 * and then the PCI function is reset, if its driver handles that.
 *
 * A driver that gives its device up detaches the interface, which sends nothing then and
 * has no queue that could be stuck. Drivers also do that for a moment, and while the device
 * is recovered or suspended.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "net.h"

/* From a reset to the link, if there was one before; less than the probation */
#define LINK_TIMEOUT	(6 * HZ)

/* How long a driver may have an interface detached */
#define DETACHED_TIMEOUT_MS	6000

static const char node_name[] = "net-%s";

/**
 * struct queue - a transmit queue at the last check
 * @completed: so many bytes had been sent
 * @since: from when on that was so, in jiffies
 */
struct queue {
	unsigned int completed;
	unsigned long since;
};

/**
 * struct managed - an interface
 * @netdev: the interface; its memory stays while the node is there
 * @fresh: it was reset or detached: what was noted of the queues is stale
 * @unverified: nothing was sent since the last reset
 * @awaits_link: there was a link before that reset, and has been none since
 * @lost_link: the link has not come back after an earlier reset
 * @timeouts: how often the stack's own watchdog had found a queue stuck
 * @reset: when that was
 * @detached: its driver had detached it when it was looked at
 * @detached_since: when that was first so, in jiffies
 * @stuck: the queue that was found stuck last
 * @queues: how many
 * @queue: those
 */
struct managed {
	struct net_device *netdev;
	bool fresh;
	bool unverified;
	bool awaits_link;
	bool lost_link;
	unsigned long timeouts;
	unsigned long reset;
	bool detached;
	unsigned long detached_since;
	unsigned int stuck;
	unsigned int queues;
	struct queue queue[];
};

/* --- checking ------------------------------------------------------------------------ */

static bool nic_may_send(struct net_device *netdev)
{
	return netdev->reg_state == NETREG_REGISTERED && netif_running(netdev) &&
	       netif_device_present(netdev) && netif_carrier_ok(netdev);
}

/* Are bytes in flight? @completed: how many the driver has reported as sent. */
static bool nic_bytes_in_flight(struct netdev_queue *txq, unsigned int *completed)
{
#ifdef CONFIG_BQL
	*completed = READ_ONCE(txq->dql.num_completed);
	return READ_ONCE(txq->dql.num_queued) != *completed;
#else
	*completed = 0;
	return false;
#endif
}

/* The driver's own time-out counts: the device may be paused by its link partner. */
static unsigned long nic_tx_timeout_jiffies(struct net_device *netdev)
{
	return max_t(long, msecs_to_jiffies(TX_STALL_MS), netdev->watchdog_timeo);
}

static bool nic_queue_is_stuck(struct netdev_queue *txq, struct queue *queue, bool fresh)
{
	unsigned long late = nic_tx_timeout_jiffies(txq->dev), last;
	unsigned int completed;
	bool waits;

	waits = nic_bytes_in_flight(txq, &completed);
	if (fresh || !(waits || netif_xmit_stopped(txq)) || completed != queue->completed) {
		queue->completed = completed;
		queue->since = jiffies;
		return false;
	}
	/* The last packet may have been sent just now. */
	last = waits ? queue->since : READ_ONCE(txq->trans_start);
	return time_after(jiffies, queue->since + late) && time_after(jiffies, last + late);
}

static void nic_begin_unverified(struct managed *m, const char *by)
{
	m->unverified = true;
	m->awaits_link = true;
	m->reset = jiffies;
	netdev_info(m->netdev, "reset by %s: not verified until it sends\n", by);
}

static void nic_verify_sent(struct managed *m, bool sent)
{
	m->awaits_link = false;
	m->lost_link = false;
	if (m->unverified && sent)
		netdev_info(m->netdev, "sends after its reset\n");
	m->unverified &= !sent;
}

/* RCU: the queues are freed after a grace period. Return: one of them is stuck. */
static bool nic_check_queues(struct managed *m)
{
	bool fresh, asked, sent = false, stuck = false;
	struct net_device *netdev = m->netdev;
	unsigned long timeouts = 0;
	unsigned int i, completed;
	struct netdev_queue *txq;

	rcu_read_lock();
	fresh = m->fresh || !nic_may_send(netdev);
	for (i = 0; i < m->queues && netdev->reg_state == NETREG_REGISTERED; i++) {
		txq = netdev_get_tx_queue(netdev, i);
		timeouts += atomic_long_read(&txq->trans_timeout);
		completed = m->queue[i].completed;
		if (nic_queue_is_stuck(txq, &m->queue[i], fresh)) {
			m->stuck = i;
			stuck = true;
		}
		/* A reset begins with 0. */
		sent |= completed != m->queue[i].completed && m->queue[i].completed;
	}
	rcu_read_unlock();
	/* The stack's watchdog has reset the device. Once more without success is a hang. */
	asked = !m->fresh && timeouts != m->timeouts;
	stuck |= asked && m->unverified;
	if (asked && !stuck)
		nic_begin_unverified(m, "the stack's watchdog");
	else if (!fresh && !asked)
		nic_verify_sent(m, sent);
	m->timeouts = timeouts;
	m->fresh = false;
	return stuck;
}

/* Reported once for each reset, unless the interface was set down since. */
static bool nic_has_lost_link(struct managed *m)
{
	bool late = time_after(jiffies, m->reset + LINK_TIMEOUT);
	bool lost = m->awaits_link && late && netif_running(m->netdev);

	if (late || !netif_running(m->netdev))
		m->awaits_link = false;
	m->lost_link |= lost;
	return lost;
}

/* It is suspended, or others recover it. */
static bool nic_device_is_away(struct device *dev)
{
	if (!dev)
		return false;
	return !pm_runtime_active(dev) ||
	       (dev_is_pci(dev) && to_pci_dev(dev)->error_state == pci_channel_io_frozen);
}

/* -EAGAIN: it is, but not for long, or for a good reason. */
static int nic_check_detached(struct managed *m)
{
	struct net_device *netdev = m->netdev;
	bool was = m->detached;

	m->detached = netdev->reg_state == NETREG_REGISTERED && !netif_device_present(netdev);
	if (!m->detached)
		return 0;
	m->fresh = true;
	if (!was || nic_device_is_away(netdev->dev.parent))
		m->detached_since = jiffies;
	return time_after(jiffies, m->detached_since + msecs_to_jiffies(DETACHED_TIMEOUT_MS)) ?
	       -EIO : -EAGAIN;
}

static int nic_managed_check(struct devreset_node *node, const char **reason)
{
	struct managed *m = node->data;
	int ret = nic_check_detached(m);

	if (ret) {
		*reason = "its driver has detached it";
		return ret;
	}
	if (nic_check_queues(m)) {
		*reason = "does not send";
		return -EIO;
	}
	if (!nic_has_lost_link(m))
		return 0;
	*reason = "no link since its reset";
	return -EIO;
}

/* --- reset --------------------------------------------------------------------------- */

static int nic_managed_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct managed *m = node->data;

	return m->netdev->netdev_ops->ndo_tx_timeout ? 0 : -EOPNOTSUPP;
}

/* As the stack's watchdog does it; with rtnl, so that the interface stays up */
static int nic_managed_reset(struct devreset_node *node, u32 gen)
{
	struct managed *m = node->data;
	struct net_device *netdev = m->netdev;
	int ret = 0;

	if (!rtnl_trylock())
		return -EAGAIN;
	if (netdev->reg_state != NETREG_REGISTERED) {
		ret = -ENODEV;
	} else if (!netif_device_present(netdev)) {
		/* Its driver has detached it: no reset of the queues brings it back. */
		ret = -EOPNOTSUPP;
	} else if (netif_running(netdev)) {
		/* Before the call: the driver may turn the carrier off first. */
		if (nic_may_send(netdev) || m->lost_link)
			nic_begin_unverified(m, "its driver");
		netif_tx_lock_bh(netdev);
		netdev->netdev_ops->ndo_tx_timeout(netdev, m->stuck);
		netif_tx_unlock_bh(netdev);
	}
	rtnl_unlock();
	m->fresh = true;
	return ret;
}

static void nic_managed_release(struct devreset_node *node)
{
	kfree(node->data);
}

static const struct devreset_ops managed_ops = {
	.may_reset = nic_managed_may_reset,
	.reset = nic_managed_reset,
	.check = nic_managed_check,
	.release = nic_managed_release,
};

/* --- which interface has which node ------------------------------------------------------ */

static struct devreset_provider provider;

static void nic_managed_forget(struct net_device *netdev)
{
	struct devreset_node *node = devreset_provider_node(&provider, &netdev->dev);

	if (node)
		devreset_unregister(node);
	devreset_put(node);
}

static void nic_managed_follow_name(struct net_device *netdev)
{
	struct devreset_node *node = devreset_provider_node(&provider, &netdev->dev);

	if (node)
		nic_rename_node(netdev, node, node_name);
	devreset_put(node);
}

static struct devreset_node *nic_managed_make_node(struct devreset_provider *provider,
						   struct net_device *netdev)
{
	struct devreset_desc desc = {
		.ops = &managed_ops, .scope = DEVRESET_COMPONENT, .provider = provider,
	};
	unsigned int queues = netdev->num_tx_queues;
	struct devreset_node *node;
	char name[NODE_NAME];
	struct managed *m;

	m = kzalloc(struct_size(m, queue, queues), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->netdev = netdev;
	m->queues = queues;
	m->fresh = true;
	/* What the stack's watchdog finds from now on counts. */
	nic_check_queues(m);
	desc.data = m;
	desc.name = nic_node_name(netdev, node_name, false, name);
	node = devreset_register(&netdev->dev, &desc);
	if (node == ERR_PTR(-EEXIST)) {
		nic_node_name(netdev, node_name, true, name);
		node = devreset_register(&netdev->dev, &desc);
	}
	if (IS_ERR(node))
		kfree(m);
	return node;
}

static int nic_provider_probe(struct devreset_provider *provider, struct device *dev)
{
	struct devreset_node *node;
	struct net_device *netdev;

	if (!dev->class || strcmp(dev->class->name, "net"))
		return -ENODEV;
	netdev = to_net_dev(dev);
	/* devreset_net registers the node of its own interfaces. */
	if (netdev->netdev_ops == &nic_netdev_ops)
		return -ENODEV;
	node = nic_managed_make_node(provider, netdev);
	if (IS_ERR(node))
		return PTR_ERR(node);
	/* Notifications before the node was registered were missed. */
	nic_managed_follow_name(netdev);
	if (READ_ONCE(netdev->reg_state) != NETREG_REGISTERED)
		nic_managed_forget(netdev);
	return 0;
}

static struct device *nic_provider_find(const char *name)
{
	struct net_device *netdev;
	struct device *dev;

	if (!dev_valid_name(name))
		return ERR_PTR(-EINVAL);
	netdev = dev_get_by_name(&init_net, name);
	if (!netdev)
		return ERR_PTR(-ENODEV);
	dev = get_device(&netdev->dev);
	dev_put(netdev);
	return dev;
}

/* By its permanent address; an interface without one is no hardware. */
static int nic_provider_identity(struct device *dev, char *buf, size_t size)
{
	struct net_device *netdev;

	if (!dev->class || strcmp(dev->class->name, "net"))
		return -ENODEV;
	netdev = to_net_dev(dev);
	if (netdev->addr_len != ETH_ALEN || is_zero_ether_addr(netdev->perm_addr))
		return -ENODEV;
	snprintf(buf, size, "%pM", netdev->perm_addr);
	return 0;
}

static struct devreset_provider provider = {
	.name = "net",
	.owner = THIS_MODULE,
	.probe = nic_provider_probe,
	.find = nic_provider_find,
	.identity = nic_provider_identity,
};

/* An interface that moves to another name space is unregistered and registered. */
static int nic_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(data);
	bool ours = netdev->netdev_ops == &nic_netdev_ops;

	switch (action) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
		if (ours)
			nic_follow_name(netdev_priv(netdev));
		else
			nic_managed_follow_name(netdev);
		if (net_eq(dev_net(netdev), &init_net))
			devreset_device_added(&provider, netdev->name);
		break;
	case NETDEV_UNREGISTER:
		if (!ours)
			nic_managed_forget(netdev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = nic_notify,
};

int __init nic_managed_init(void)
{
	int ret;

	ret = register_netdevice_notifier(&notifier);
	if (ret)
		return ret;
	ret = devreset_provider_register(&provider);
	if (ret)
		unregister_netdevice_notifier(&notifier);
	return ret;
}

void nic_managed_exit(void)
{
	devreset_provider_unregister(&provider);
	unregister_netdevice_notifier(&notifier);
}
