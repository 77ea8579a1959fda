// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of devices that do not exist, made through configfs: a folder is a device,
 * a folder in it a device below that one, and the files in it make the device hang,
 * fail its resets, take long over them or refuse them. For trying policies, user
 * space and udev rules with no hardware.
 *
 * The subsystem's su_mutex is held while a node is registered or unregistered, as
 * configfs does for mkdir and rmdir; it protects sim.node and sim.scope. No callback
 * takes it, so that unregistering may wait for the callback in hand (rule 3).
 */
#include <linux/configfs.h>
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

/* Both bound the length of a device's path, which has to fit into a uevent. */
#define SIM_NAME_LIMIT	32
#define SIM_DEPTH_LIMIT	8

struct sim {
	struct config_group group;	/* its folder */
	struct platform_device *pdev;
	struct devreset_node *node;	/* NULL: could not be registered anew; also under @lock */
	enum devreset_scope scope;
	unsigned int depth;		/* of folders; 1 at the top */
	unsigned int refuse;		/* index into sim_refusals */

	spinlock_t lock;		/* for these, and what @node is told of them */
	int hang;			/* until a reset that succeeds */
	int fail;			/* how many more resets fail; -1: all */
	int reset_ms;			/* how long a reset takes */

	struct delayed_work reset_end;	/* while pending, it holds a reference to: */
	struct devreset_node *resetting;
	u32 gen;			/* the attempt that it ends */
};

static const char * const sim_scopes[] = {
	[DEVRESET_MEMBER] = "member", [DEVRESET_COMPONENT] = "component",
	[DEVRESET_FUNCTION] = "function", [DEVRESET_PLATFORM] = "platform",
};

/* What ops->may_reset may return. */
static const char * const sim_refusals[] = { "none", "EAGAIN", "EBUSY", "EOPNOTSUPP" };
static const int sim_refusal_errno[] = { 0, -EAGAIN, -EBUSY, -EOPNOTSUPP };

static struct configfs_subsystem sim_subsystem;
static const struct config_item_type sim_type;

static struct sim *to_sim(struct config_item *item)
{
	return container_of(to_config_group(item), struct sim, group);
}

/* The clock looks at nodes that have work outstanding: let a device that hangs have some. */
static void sim_tell_clock(struct sim *sim, struct devreset_node *node)
{
	if (sim->hang)
		devreset_busy(node);
	else
		devreset_idle(node);
}

/* How a reset ends. One that succeeds wipes the device: sim_restore() is to be called. */
static int sim_reset_result(struct sim *sim)
{
	int ret = DEVRESET_RESTORE;

	spin_lock_irq(&sim->lock);
	if (sim->fail) {
		sim->fail -= sim->fail > 0;
		ret = -EIO;
	}
	spin_unlock_irq(&sim->lock);
	return ret;
}

static void sim_reset_end(struct work_struct *work)
{
	struct sim *sim = container_of(to_delayed_work(work), struct sim, reset_end);
	int ret = sim_reset_result(sim);

	devreset_complete(sim->resetting, sim->gen, min(ret, 0), max(ret, 0));
	devreset_put(sim->resetting);
}

/* A reset that has timed out, or whose node goes, does not end any more. */
static void sim_reset_cancel(struct sim *sim)
{
	if (cancel_delayed_work_sync(&sim->reset_end))
		devreset_put(sim->resetting);
}

static int sim_reset(struct devreset_node *node, u32 gen)
{
	struct sim *sim = node->data;
	int ms = READ_ONCE(sim->reset_ms);

	sim_reset_cancel(sim);
	if (!ms)
		return sim_reset_result(sim);
	sim->resetting = devreset_get(node);
	sim->gen = gen;
	schedule_delayed_work(&sim->reset_end, msecs_to_jiffies(ms));
	return -EINPROGRESS;
}

/* EBUSY stands for "in use", which an operator may override. */
static int sim_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct sim *sim = node->data;
	int ret = sim_refusal_errno[READ_ONCE(sim->refuse)];

	if (ret == -EBUSY && (flags & DEVRESET_MAY_FORCE))
		return 0;
	if (ret == -EBUSY && !(flags & DEVRESET_MAY_ASK))
		dev_info(&sim->pdev->dev, "not reset: its attribute refuse is EBUSY\n");
	return ret;
}

static void sim_methods(struct devreset_node *node, const struct devreset_attempt *attempt,
			struct seq_buf *out)
{
	struct sim *sim = node->data;
	unsigned int refuse = READ_ONCE(sim->refuse);

	seq_buf_printf(out, "%s - %s%s\n", dev_name(devreset_device(node)),
		       refuse ? "refused: its attribute refuse is " : "", sim_refusals[refuse]);
}

static int sim_check(struct devreset_node *node, const char **reason)
{
	struct sim *sim = node->data;

	*reason = "told to hang";
	return READ_ONCE(sim->hang) ? -EIO : 0;
}

/* It was reset, or what is above it was. */
static int sim_restore(struct devreset_node *node)
{
	struct sim *sim = node->data;

	spin_lock_irq(&sim->lock);
	WRITE_ONCE(sim->hang, 0);
	sim_tell_clock(sim, node);
	spin_unlock_irq(&sim->lock);
	return 0;
}

static void sim_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct sim *sim = node->data;

	devreset_dump_printf(dump, "hang %d\nfail %d\nreset_ms %d\n", READ_ONCE(sim->hang),
			     READ_ONCE(sim->fail), READ_ONCE(sim->reset_ms));
}

static const struct devreset_ops sim_ops = {
	.may_reset = sim_may_reset,
	.reset = sim_reset,
	.check = sim_check,
	.restore = sim_restore,
	.dump = sim_dump,
	.methods = sim_methods,
};

static const struct devreset_ops sim_member_ops = {
	.check = sim_check,
	.restore = sim_restore,
	.dump = sim_dump,
};

static int sim_register(struct sim *sim, const struct devreset_policy *policy)
{
	char name[SIM_NAME_LIMIT + sizeof("sim-")];
	struct devreset_desc desc = {
		.ops = sim->scope == DEVRESET_MEMBER ? &sim_member_ops : &sim_ops,
		.name = name, .scope = sim->scope, .policy = policy, .data = sim,
	};
	struct devreset_node *node;

	snprintf(name, sizeof(name), "sim-%s", config_item_name(&sim->group.cg_item));
	node = devreset_register(&sim->pdev->dev, &desc);
	if (IS_ERR(node)) {
		/* It may have been found in sysfs, and reset. */
		sim_reset_cancel(sim);
		return PTR_ERR(node);
	}
	spin_lock_irq(&sim->lock);
	sim->node = node;
	sim_tell_clock(sim, node);
	spin_unlock_irq(&sim->lock);
	return 0;
}

static void sim_unregister(struct sim *sim)
{
	struct devreset_node *node = sim->node;

	spin_lock_irq(&sim->lock);
	sim->node = NULL;
	spin_unlock_irq(&sim->lock);
	devreset_unregister(node);
	sim_reset_cancel(sim);
}

static ssize_t sim_store_int(struct sim *sim, int *value, int limit, const char *page, size_t count)
{
	int new, least = value == &sim->fail ? -1 : 0;

	if (kstrtoint(page, 10, &new) || new < least || new > limit)
		return -EINVAL;
	spin_lock_irq(&sim->lock);
	WRITE_ONCE(*value, new);
	if (sim->node)
		sim_tell_clock(sim, sim->node);
	spin_unlock_irq(&sim->lock);
	return count;
}

#define SIM_SHOW(_name, _format, _value)						\
static ssize_t sim_##_name##_show(struct config_item *item, char *page)		\
{											\
	const struct sim *sim = to_sim(item);						\
											\
	return sysfs_emit(page, _format, _value);					\
}

#define SIM_STORE_INT(_name, _value, _limit)						\
static ssize_t sim_##_name##_store(struct config_item *item, const char *page, size_t n)\
{											\
	struct sim *sim = to_sim(item);							\
											\
	return sim_store_int(sim, _value, _limit, page, n);				\
}											\
CONFIGFS_ATTR(sim_, _name)

SIM_SHOW(hang, "%d\n", READ_ONCE(sim->hang))
SIM_STORE_INT(hang, &sim->hang, 1);
SIM_SHOW(fail, "%d\n", READ_ONCE(sim->fail))
SIM_STORE_INT(fail, &sim->fail, INT_MAX);
SIM_SHOW(reset_ms, "%d\n", READ_ONCE(sim->reset_ms))
SIM_STORE_INT(reset_ms, &sim->reset_ms, 600000);
SIM_SHOW(refuse, "%s\n", sim_refusals[READ_ONCE(sim->refuse)])
SIM_SHOW(scope, "%s\n", sim_scopes[READ_ONCE(sim->scope)])

static ssize_t sim_refuse_store(struct config_item *item, const char *page, size_t count)
{
	int refuse = sysfs_match_string(sim_refusals, page);

	if (refuse < 0)
		return refuse;
	WRITE_ONCE(to_sim(item)->refuse, refuse);
	return count;
}
CONFIGFS_ATTR(sim_, refuse);

/* What a node is cannot be changed: make another, with the policy of the one before. */
static ssize_t sim_scope_store(struct config_item *item, const char *page, size_t count)
{
	struct devreset_policy policy = devreset_default_policy;
	int scope = sysfs_match_string(sim_scopes, page), ret = 0;
	struct sim *sim = to_sim(item);

	if (scope < 0)
		return scope;
	mutex_lock(&sim_subsystem.su_mutex);
	if (scope != sim->scope || !sim->node) {
		if (sim->node)
			policy = *devreset_policy_of(sim->node);
		sim_unregister(sim);
		WRITE_ONCE(sim->scope, scope);
		ret = sim_register(sim, &policy);
	}
	mutex_unlock(&sim_subsystem.su_mutex);
	return ret ?: count;
}
CONFIGFS_ATTR(sim_, scope);

static struct configfs_attribute *sim_attrs[] = {
	&sim_attr_scope, &sim_attr_reset_ms, &sim_attr_fail, &sim_attr_hang, &sim_attr_refuse,
	NULL
};

/* The device, below that of @above (or NULL), and its node. */
static int sim_add_device(struct sim *sim, struct sim *above, const char *name)
{
	char full[SIM_NAME_LIMIT + sizeof("devreset-sim-")];
	struct platform_device_info info = {
		.parent = above ? &above->pdev->dev : NULL,
		.name = full, .id = PLATFORM_DEVID_NONE,
	};
	struct device *other;
	int ret;

	snprintf(full, sizeof(full), "devreset-sim-%s", name);
	/* That of another folder; the driver core would dump the stack. */
	other = bus_find_device_by_name(&platform_bus_type, NULL, full);
	put_device(other);
	if (other)
		return -EEXIST;
	sim->pdev = platform_device_register_full(&info);
	if (IS_ERR(sim->pdev))
		return PTR_ERR(sim->pdev);
	ret = sim_register(sim, NULL);
	if (ret)
		platform_device_unregister(sim->pdev);
	return ret;
}

static struct config_group *sim_make_group(struct config_group *group, const char *name)
{
	struct sim *above = group == &sim_subsystem.su_group ? NULL : to_sim(&group->cg_item);
	struct sim *sim;
	int ret;

	if (strlen(name) > SIM_NAME_LIMIT)
		return ERR_PTR(-ENAMETOOLONG);
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")])
		return ERR_PTR(-EINVAL);
	if (above && above->depth == SIM_DEPTH_LIMIT)
		return ERR_PTR(-EMLINK);
	sim = kzalloc(sizeof(*sim), GFP_KERNEL);
	if (!sim)
		return ERR_PTR(-ENOMEM);
	config_group_init_type_name(&sim->group, name, &sim_type);
	sim->scope = DEVRESET_FUNCTION;
	sim->depth = above ? above->depth + 1 : 1;
	spin_lock_init(&sim->lock);
	INIT_DELAYED_WORK(&sim->reset_end, sim_reset_end);
	ret = sim_add_device(sim, above, name);
	if (!ret)
		return &sim->group;
	config_item_put(&sim->group.cg_item);
	return ERR_PTR(ret);
}

/* configfs has seen that no folder is in it. */
static void sim_drop_item(struct config_group *group, struct config_item *item)
{
	struct sim *sim = to_sim(item);

	sim_unregister(sim);
	platform_device_unregister(sim->pdev);
	config_item_put(item);
}

static struct configfs_group_operations sim_group_ops = {
	.make_group = sim_make_group,
	.drop_item = sim_drop_item,
};

static void sim_release(struct config_item *item)
{
	kfree(to_sim(item));
}

static struct configfs_item_operations sim_item_ops = { .release = sim_release };

static const struct config_item_type sim_type = {
	.ct_item_ops = &sim_item_ops,
	.ct_group_ops = &sim_group_ops,
	.ct_attrs = sim_attrs,
	.ct_owner = THIS_MODULE,
};

static const struct config_item_type sim_subsystem_type = {
	.ct_group_ops = &sim_group_ops, .ct_owner = THIS_MODULE,
};

static struct configfs_subsystem sim_subsystem = {
	.su_group.cg_item = { .ci_namebuf = "devreset-sim", .ci_type = &sim_subsystem_type },
};

static int __init sim_init(void)
{
	config_group_init(&sim_subsystem.su_group);
	mutex_init(&sim_subsystem.su_mutex);
	return configfs_register_subsystem(&sim_subsystem);
}
module_init(sim_init);

/* All folders are gone: each holds the module. */
static void __exit sim_exit(void)
{
	configfs_unregister_subsystem(&sim_subsystem);
}
module_exit(sim_exit);

MODULE_DESCRIPTION("Bring malfunctioning devices back: devices that do not exist");
MODULE_VERSION(DEVRESET_VERSION);
MODULE_LICENSE("GPL");
