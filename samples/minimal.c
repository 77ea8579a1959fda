// SPDX-License-Identifier: GPL-2.0
/* The smallest driver for devreset, of a device that is two variables; @hang breaks it. */
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static bool stopped, hang;
static DEFINE_SPINLOCK(lock);
module_param(hang, bool, 0644);

static void foo_work(struct devreset_node *node)
{
	spin_lock(&lock);
	devreset_busy(node);		/* work was handed to the device */
	if (!stopped && !READ_ONCE(hang))
		devreset_idle(node);	/* and all of it is done */
	spin_unlock(&lock);
}

static int foo_check(struct devreset_node *node, const char **reason)
{
	*reason = "does nothing";
	return READ_ONCE(hang) ? -EIO : 0;
}

static int foo_stop(struct devreset_node *node)
{
	spin_lock(&lock);
	stopped = true;
	spin_unlock(&lock);
	return 0;
}

static int foo_reset(struct devreset_node *node, u32 gen)
{
	WRITE_ONCE(hang, false);
	return 0;
}

static int foo_start(struct devreset_node *node, int status)
{
	spin_lock(&lock);
	stopped = false;
	spin_unlock(&lock);
	foo_work(node);
	return 0;
}

static const struct devreset_ops foo_ops = {
	.check   = foo_check,	/* does it work? */
	.quiesce = foo_stop,	/* stop it, and what uses it */
	.reset   = foo_reset,	/* reset it, and nothing else */
	.resume  = foo_start,	/* go on */
};

static ssize_t job_store(struct device *dev, struct device_attribute *a, const char *buf, size_t n)
{
	foo_work(dev_get_drvdata(dev));
	return n;
}
static DEVICE_ATTR_WO(job);
static struct attribute *foo_attrs[] = { &dev_attr_job.attr, NULL };
ATTRIBUTE_GROUPS(foo);

static int foo_probe(struct platform_device *pdev)
{
	struct devreset_desc d = { .name = "minimal", .ops = &foo_ops, .scope = DEVRESET_FUNCTION };
	struct devreset_node *node = devm_devreset_register(&pdev->dev, &d);

	platform_set_drvdata(pdev, node);
	return PTR_ERR_OR_ZERO(node);
}

static struct platform_driver foo_driver = {
	.driver = { .name = "devreset_minimal", .dev_groups = foo_groups },
};

static struct platform_device *foo;

static int __init foo_init(void)
{
	foo = platform_create_bundle(&foo_driver, foo_probe, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(foo);
}
module_init(foo_init);

static void __exit foo_exit(void)
{
	platform_device_unregister(foo);
	platform_driver_unregister(&foo_driver);
}
module_exit(foo_exit);

MODULE_DESCRIPTION("the smallest driver for devreset");
MODULE_LICENSE("GPL");
