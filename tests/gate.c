// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes for tests/netlink.sh: "gate", with a part "gate-part" that is reset for itself, and
 * as many members "gate-N" as the parameter "members" says. A reset waits while "closed" is
 * set; a check fails while "broken" is, which no reset changes; "refused" has every reset
 * refused.
 */
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/wait.h>

static bool closed, broken, refused;
static unsigned int members;
static DECLARE_WAIT_QUEUE_HEAD(opened);

static int closed_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_bool(val, kp);

	wake_up_all(&opened);
	return ret;
}

static const struct kernel_param_ops closed_ops = {
	.set = closed_set,
	.get = param_get_bool,
};

module_param_cb(closed, &closed_ops, &closed, 0644);
MODULE_PARM_DESC(closed, "resets wait");
module_param(broken, bool, 0644);
MODULE_PARM_DESC(broken, "checks fail");
module_param(refused, bool, 0644);
MODULE_PARM_DESC(refused, "resets are refused");
module_param(members, uint, 0444);
MODULE_PARM_DESC(members, "how many members there are");

static int gate_may_reset(struct devreset_node *node, unsigned int flags)
{
	return READ_ONCE(refused) && !(flags & DEVRESET_MAY_FORCE) ? -EBUSY : 0;
}

static int gate_reset(struct devreset_node *node, u32 gen)
{
	devreset_used(node, DEVRESET_METHOD_RESET_DONE, false);
	wait_event(opened, !READ_ONCE(closed));
	return 0;
}

static int gate_check(struct devreset_node *node, const char **reason)
{
	*reason = "broken";
	return READ_ONCE(broken) ? -EIO : 0;
}

static void gate_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	devreset_dump_printf(dump, "gate");
}

static void gate_methods(struct devreset_node *node, const struct devreset_attempt *attempt,
			 struct seq_buf *out)
{
	seq_buf_printf(out, "gate gate %s\n",
		       READ_ONCE(refused) && !(attempt->flags & DEVRESET_MAY_FORCE) ?
		       "refused: as the test says" : "reset_done");
}

static const struct devreset_ops gate_ops = {
	.may_reset = gate_may_reset,
	.reset = gate_reset,
	.check = gate_check,
	.dump = gate_dump,
	.methods = gate_methods,
};

static const struct devreset_ops member_ops = { };

static int gate_member(struct device *dev, unsigned int n)
{
	struct devreset_desc desc = { .ops = &member_ops, .scope = DEVRESET_MEMBER };
	char name[24];

	snprintf(name, sizeof(name), "gate-%u", n);
	desc.name = name;
	return PTR_ERR_OR_ZERO(devm_devreset_register(dev, &desc));
}

static int gate_probe(struct platform_device *pdev)
{
	struct devreset_desc desc = {
		.name = "gate", .ops = &gate_ops, .scope = DEVRESET_FUNCTION,
	};
	struct devreset_node *node = devm_devreset_register(&pdev->dev, &desc);
	unsigned int i;
	int ret;

	if (IS_ERR(node))
		return PTR_ERR(node);
	desc.name = "gate-part";
	desc.scope = DEVRESET_COMPONENT;
	desc.parent = node;
	ret = PTR_ERR_OR_ZERO(devm_devreset_register(&pdev->dev, &desc));
	for (i = 0; i < members && !ret; i++)
		ret = gate_member(&pdev->dev, i);
	return ret;
}

static struct platform_driver gate_driver = {
	.driver = { .name = "devreset_gate" },
};

static struct platform_device *gate;

static int __init gate_init(void)
{
	gate = platform_create_bundle(&gate_driver, gate_probe, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(gate);
}
module_init(gate_init);

static void __exit gate_exit(void)
{
	WRITE_ONCE(closed, false);
	wake_up_all(&opened);
	platform_device_unregister(gate);
	platform_driver_unregister(&gate_driver);
}
module_exit(gate_exit);

MODULE_DESCRIPTION("nodes whose resets wait, fail or are refused as a test says");
MODULE_LICENSE("GPL");
