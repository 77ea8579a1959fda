// SPDX-License-Identifier: GPL-2.0
/*
 * devreset_in_use() for the shell: write "usb 1-1", "usb 1-1 nonet" or "pci 0000:00:02.0"
 * to the parameter "of", and read the answer from it: "free", or the user and the errno.
 */
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/usb.h>

static char answer[128];

struct search {
	const char *name;
	struct device *found;
};

static int is_wanted(struct usb_device *udev, void *data)
{
	struct search *search = data;

	if (strcmp(dev_name(&udev->dev), search->name))
		return 0;
	search->found = get_device(&udev->dev);
	return 1;
}

static struct device *find(const char *bus, const char *name)
{
	struct search search = { .name = name };

	if (!strcmp(bus, "pci"))
		return bus_find_device_by_name(&pci_bus_type, NULL, name);
	usb_for_each_dev(&search, is_wanted);
	return search.found;
}

static int of_set(const char *val, const struct kernel_param *kp)
{
	char bus[8], name[32], nonet[8] = "", why[64];
	struct device *dev;
	int ret;

	if (sscanf(val, "%7s %31s %7s", bus, name, nonet) < 2)
		return -EINVAL;
	dev = find(bus, name);
	if (!dev)
		return -ENODEV;
	ret = devreset_in_use(dev, *nonet ? DEVRESET_IN_USE_NO_NET : 0, why, sizeof(why));
	put_device(dev);
	if (ret)
		snprintf(answer, sizeof(answer), "%s: %d", why, ret);
	else
		strscpy(answer, "free", sizeof(answer));
	return 0;
}

static int of_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", answer);
}

static const struct kernel_param_ops of_ops = {
	.set = of_set,
	.get = of_get,
};

module_param_cb(of, &of_ops, NULL, 0600);
MODULE_PARM_DESC(of, "which device; read: whether it is in use");

MODULE_DESCRIPTION("devreset_in_use() for the shell");
MODULE_LICENSE("GPL");
