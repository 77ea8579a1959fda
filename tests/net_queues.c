// SPDX-License-Identifier: GPL-2.0
/*
 * An interface, "queues0", with four queues to send from. Nothing leaves from the one that
 * stuck= names, until ndo_tx_timeout() resets the interface. It counts what it was called with
 * in timeouts=. That loses the link for good if link=0. Of any interface, detach= and attach=
 * do what a driver does that gives its device up, or has it back.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#define QUEUES	4

static int stuck = -1;
module_param(stuck, int, 0644);
MODULE_PARM_DESC(stuck, "the queue from which nothing leaves; all packets go there (default: none)");

static bool link = true;
module_param(link, bool, 0644);
MODULE_PARM_DESC(link, "there is a link after a reset (default: yes)");

static bool stop;
module_param(stop, bool, 0444);
MODULE_PARM_DESC(stop, "stop the queue that is stuck, for the stack's own watchdog to find (default: no)");

static int timeouts[QUEUES];
module_param_array(timeouts, int, NULL, 0444);
MODULE_PARM_DESC(timeouts, "how often each queue was said to be stuck");

static unsigned int watchdog_ms = 100;
module_param(watchdog_ms, uint, 0444);
MODULE_PARM_DESC(watchdog_ms, "after which the stack may say so (default: 100)");

static struct net_device *netdev;

static u16 queues_select(struct net_device *dev, struct sk_buff *skb, struct net_device *sb_dev)
{
	int queue = READ_ONCE(stuck);

	return queue < 0 ? 0 : queue;
}

/* Not stopped for what is in flight: then the stack's own watchdog would find it stuck. */
static void reset_queue(struct netdev_queue *txq)
{
	netdev_tx_reset_queue(txq);
#ifdef CONFIG_BQL
	txq->dql.limit = DQL_MAX_LIMIT;
	txq->dql.adj_limit = DQL_MAX_LIMIT;
	txq->dql.min_limit = DQL_MAX_LIMIT;
#endif
}

static netdev_tx_t queues_xmit(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int queue = skb_get_queue_mapping(skb);
	struct netdev_queue *txq = netdev_get_tx_queue(dev, queue);

	netdev_tx_sent_queue(txq, skb->len);
	if (queue != READ_ONCE(stuck))
		netdev_tx_completed_queue(txq, 1, skb->len);
	else if (stop)
		netif_tx_stop_queue(txq);
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static void queues_timeout(struct net_device *dev, unsigned int queue)
{
	if (queue >= QUEUES)
		return;
	WRITE_ONCE(timeouts[queue], timeouts[queue] + 1);
	if (queue != READ_ONCE(stuck))
		return;
	WRITE_ONCE(stuck, -1);
	reset_queue(netdev_get_tx_queue(dev, queue));
	netif_tx_wake_queue(netdev_get_tx_queue(dev, queue));
	if (!READ_ONCE(link))
		netif_carrier_off(dev);
}

static int queues_carrier(struct net_device *dev, bool on)
{
	if (on)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
	return 0;
}

static const struct net_device_ops queues_ops = {
	.ndo_start_xmit = queues_xmit,
	.ndo_select_queue = queues_select,
	.ndo_tx_timeout = queues_timeout,
	.ndo_change_carrier = queues_carrier,
};

static int queues_set_present(const char *name, void (*set)(struct net_device *dev))
{
	struct net_device *dev = dev_get_by_name(&init_net, name);

	if (!dev)
		return -ENODEV;
	rtnl_lock();
	set(dev);
	rtnl_unlock();
	dev_put(dev);
	return 0;
}

static int detach_set(const char *val, const struct kernel_param *kp)
{
	return queues_set_present(val, netif_device_detach);
}

static int attach_set(const char *val, const struct kernel_param *kp)
{
	return queues_set_present(val, netif_device_attach);
}

static const struct kernel_param_ops detach_ops = { .set = detach_set };
module_param_cb(detach, &detach_ops, NULL, 0200);
MODULE_PARM_DESC(detach, "an interface to detach");

static const struct kernel_param_ops attach_ops = { .set = attach_set };
module_param_cb(attach, &attach_ops, NULL, 0200);
MODULE_PARM_DESC(attach, "an interface to attach");

static int __init queues_init(void)
{
	int i, ret;

	netdev = alloc_etherdev_mq(0, QUEUES);
	if (!netdev)
		return -ENOMEM;
	strscpy(netdev->name, "queues0", sizeof(netdev->name));
	netdev->netdev_ops = &queues_ops;
	netdev->watchdog_timeo = msecs_to_jiffies(watchdog_ms);
	netdev->flags |= IFF_NOARP;
	eth_hw_addr_random(netdev);
	for (i = 0; i < QUEUES; i++)
		reset_queue(netdev_get_tx_queue(netdev, i));
	ret = register_netdev(netdev);
	if (ret)
		free_netdev(netdev);
	return ret;
}

static void __exit queues_exit(void)
{
	unregister_netdev(netdev);
	free_netdev(netdev);
}

module_init(queues_init);
module_exit(queues_exit);

MODULE_DESCRIPTION("An interface with a queue that is stuck");
MODULE_LICENSE("GPL");
