// SPDX-License-Identifier: GPL-2.0
/*
 * What devreset costs. A command is written to debugfs devreset_bench/run, and
 * its answer, "key=value key=value ...", read from there:
 *
 *	make COUNT flat|deep given|device
 *			register COUNT nodes below one, or each below the
 *			previous; the parent given, or found by the device model
 *	drop		unregister them
 *	busy COUNT	say that work is outstanding on the first COUNT of them
 *	idle		say that none is
 *	reset COUNT	reset the last of them so often; its reset does nothing
 *	supported	ask the last of them which resets it supports
 *	io		cycles of the I/O path's calls
 *	size		bytes of a node
 *	pci ADDRESS PAIRS
 *			reset a PCI function by itself and through its node
 *	raw ADDRESS COUNT
 *			only by itself: needs no node
 *	late deferrable|ordinary COUNT MS
 *			how late is a delayed work
 *	copy SIZE COUNT	call memcpy() so often
 *	dma SIZE COUNT CHANNELS
 *			have each of so many channels of devreset_dma do that
 *	cut COUNT TIMES	so often, have a channel hold so many descriptors, and abort them
 *	watch on|off	how long does an interrupt wait at most
 *
 * All times are in ns.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/devreset.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include "../drivers/core/core.h"
#include "bench.h"

#define MOST	20000

static DEFINE_MUTEX(bench_lock);
static struct dentry *debugfs;
static char answer[512];

void say(const char *fmt, ...)
{
	size_t len = strlen(answer);
	va_list args;

	va_start(args, fmt);
	vscnprintf(answer + len, sizeof(answer) - len, fmt, args);
	va_end(args);
}

/* --- statistics -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

/* Sorts @values. */
static s64 median(s64 *values, unsigned int count)
{
	sort(values, count, sizeof(*values), compare, NULL);
	return values[count / 2];
}

static void say_stats(const char *prefix, s64 *values, unsigned int count)
{
	unsigned int i;
	s64 sum = 0;

	for (i = 0; i < count; i++)
		sum += values[i];
	say("%smedian=%lld ", prefix, median(values, count));
	say("%sp99=%lld ", prefix, values[min(count - 1, count * 99 / 100)]);
	say("%smean=%lld ", prefix, div_s64(sum, count));
}

/* --- nodes that do nothing --------------------------------------------------- */

static struct device *root;
static struct devreset_node *top, **nodes;
static struct device **devices;
static unsigned int count;

static int null_reset(struct devreset_node *node, u32 gen)
{
	return 0;
}

static const struct devreset_ops null_ops = {
	.reset = null_reset,
};

static struct devreset_node *null_node(struct device *dev, const char *name,
				       enum devreset_scope scope,
				       struct devreset_node *parent)
{
	const struct devreset_desc desc = {
		.name = name,
		.ops = &null_ops,
		.scope = scope,
		.parent = parent,
	};

	return devreset_register(dev, &desc);
}

static void free_device(struct device *dev)
{
	kfree(dev);
}

static struct device *make_device(struct device *parent, unsigned int number)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int ret;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev->parent = parent;
	dev->release = free_device;
	dev_set_uevent_suppress(dev, true);
	ret = dev_set_name(dev, "bench%u", number) ?: device_add(dev);
	if (ret) {
		put_device(dev);
		return ERR_PTR(ret);
	}
	return dev;
}

/* Children first, so that nothing is taken over by the node above. */
static int drop(char **args)
{
	u64 began = ktime_get_ns();

	while (count) {
		count--;
		devreset_unregister(nodes[count]);
		if (devices[count])
			device_unregister(devices[count]);
		cond_resched();
	}
	devreset_unregister(top);
	top = NULL;
	vfree(nodes);
	vfree(devices);
	nodes = NULL;
	devices = NULL;
	say("total=%llu", ktime_get_ns() - began);
	return 0;
}

static int make_one(bool deep, bool device)
{
	struct devreset_node *above = deep && count ? nodes[count - 1] : top;
	struct device *dev = root;
	char name[32];

	if (device) {
		dev = make_device(deep && count ? devices[count - 1] : root, count);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
		devices[count] = dev;
	}
	snprintf(name, sizeof(name), "bench-%u", count);
	nodes[count] = null_node(dev, name, DEVRESET_COMPONENT,
				 device ? NULL : above);
	return PTR_ERR_OR_ZERO(nodes[count]);
}

/* Around the 10th, and the last ones: 19 of each, for their median */
#define SOME	19

static int make_all(unsigned int want, bool deep, bool device, s64 *ns)
{
	u64 began, start = ktime_get_ns();
	int ret;

	top = null_node(root, "bench-top", DEVRESET_FUNCTION, NULL);
	if (IS_ERR(top))
		return PTR_ERR(top);
	while (count < want) {
		began = ktime_get_ns();
		ret = make_one(deep, device);
		ns[count++] = ktime_get_ns() - began;
		if (ret)
			return ret;
		cond_resched();
	}
	say("total=%llu ", ktime_get_ns() - start);
	say("first=%lld ", median(ns, min_t(unsigned int, count, SOME)));
	if (count > 2 * SOME)
		say("last=%lld", median(ns + count - SOME, SOME));
	return 0;
}

static int make(char **args)
{
	unsigned int want;
	s64 *ns;
	int ret;

	if (count || top)
		return -EBUSY;
	if (kstrtouint(args[0], 10, &want) || !want || want > MOST)
		return -EINVAL;
	nodes = vzalloc(array_size(want, sizeof(*nodes)));
	devices = vzalloc(array_size(want, sizeof(*devices)));
	ns = vzalloc(array_size(want, sizeof(*ns)));
	if (nodes && devices && ns)
		ret = make_all(want, !strcmp(args[1], "deep"),
			       !strcmp(args[2], "device"), ns);
	else
		ret = -ENOMEM;
	vfree(ns);
	if (ret)
		drop(NULL);
	return ret;
}

static int busy(char **args)
{
	unsigned int i, want;

	if (kstrtouint(args[0], 10, &want) || want > count)
		return -EINVAL;
	for (i = 0; i < want; i++)
		devreset_busy(nodes[i]);
	return 0;
}

static int idle(char **args)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		devreset_idle(nodes[i]);
	return 0;
}

static int size(char **args)
{
	say("node=%zu", sizeof(struct dr_node));
	return 0;
}

/* --- times ------------------------------------------------------------------- */

static int reset(char **args)
{
	unsigned int i, want;
	int ret = 0;
	u64 began;
	s64 *ns;

	if (!count || kstrtouint(args[0], 10, &want) || !want || want > MOST)
		return -EINVAL;
	ns = vzalloc(array_size(want, sizeof(*ns)));
	if (!ns)
		return -ENOMEM;
	for (i = 0; i < want && !ret; i++) {
		began = ktime_get_ns();
		ret = devreset_reset(nodes[count - 1], DEVRESET_COMPONENT, 0, NULL);
		ns[i] = ktime_get_ns() - began;
	}
	say_stats("", ns, want);
	vfree(ns);
	return ret;
}

static int supported(char **args)
{
	u64 began = ktime_get_ns();
	unsigned int scopes;

	if (!count)
		return -EINVAL;
	scopes = devreset_supported(nodes[count - 1]);
	say("took=%llu scopes=%#x", ktime_get_ns() - began, scopes);
	return 0;
}

/*
 * A reset sleeps, and so takes a whole number of ticks, less where in a tick it
 * begins: begin them at places spread evenly over it, the same one for both of
 * a pair. So what takes a part of a tick costs, on average, just that part.
 */
static void begin_at(unsigned int us)
{
	schedule_timeout_uninterruptible(1);
	udelay(us);
}

static int timed_reset(struct pci_dev *pdev, struct devreset_node *node,
		       unsigned int us, s64 *ns)
{
	u64 began;
	int ret;

	begin_at(us);
	began = ktime_get_ns();
	if (node)
		ret = devreset_reset(node, DEVRESET_FUNCTION, 0, NULL);
	else
		ret = pci_reset_function(pdev);
	*ns = ktime_get_ns() - began;
	return ret;
}

static int pairs(struct pci_dev *pdev, struct devreset_node *node,
		 unsigned int want, s64 *ns)
{
	s64 *raw = ns, *ours = ns + want, *more = ns + 2 * want;
	unsigned int i, us;
	int ret = 0;

	for (i = 0; i < want && !ret; i++) {
		us = i * (USEC_PER_SEC / HZ) / want;
		if (i & 1 && node)
			ret = timed_reset(pdev, node, us, &ours[i]);
		if (!ret)
			ret = timed_reset(pdev, NULL, us, &raw[i]);
		if (!ret && !(i & 1) && node)
			ret = timed_reset(pdev, node, us, &ours[i]);
		more[i] = ours[i] - raw[i];
	}
	if (ret)
		return ret;
	say_stats("raw_", raw, want);
	if (node) {
		say_stats("ours_", ours, want);
		say_stats("more_", more, want);
	}
	return 0;
}

static int pci(char **args, bool with_node)
{
	struct devreset_node *node = NULL;
	struct pci_dev *pdev;
	unsigned int want;
	struct device *dev;
	int ret = -ENOMEM;
	s64 *ns;

	if (kstrtouint(args[1], 10, &want) || !want || want > MOST)
		return -EINVAL;
	dev = bus_find_device_by_name(&pci_bus_type, NULL, args[0]);
	if (!dev)
		return -ENODEV;
	pdev = to_pci_dev(dev);
	if (with_node) {
		node = devreset_find(dev);
		if (!node) {
			ret = -ENOENT;
			goto put;
		}
	}
	ns = vzalloc(array3_size(want, 3, sizeof(*ns)));
	if (ns)
		ret = pairs(pdev, node, want, ns);
	vfree(ns);
	devreset_put(node);
put:
	pci_dev_put(pdev);
	return ret;
}

static int pci_pairs(char **args)
{
	return pci(args, true);
}

static int pci_raw(char **args)
{
	return pci(args, false);
}

/* --- the I/O path ------------------------------------------------------------ */

#define LOOPS	1000000

/* Not called, but for objdump: what the compiler makes of it */
static noinline void __used bench_busy_idle(struct devreset_node *node)
{
	devreset_busy(node);
	devreset_idle(node);
}

#define CYCLES_OF(what) ({					\
	struct devreset_node *__node __maybe_unused = nodes[0];	\
	unsigned long __flags;					\
	cycles_t __began, __took;				\
	unsigned int __i;					\
								\
	local_irq_save(__flags);				\
	__began = get_cycles();					\
	for (__i = 0; __i < LOOPS; __i++) {			\
		barrier();					\
		what;						\
	}							\
	__took = get_cycles() - __began;			\
	local_irq_restore(__flags);				\
	__took;							\
})

/*
 * In thousandths, per call. "nops" is what a hundred instructions that do nothing
 * take: 100000, where a cycle is an instruction.
 */
static int io(char **args)
{
	cycles_t empty, nops, both, again, progress;

	if (!count)
		return -EINVAL;
	devreset_busy(nodes[0]);	/* starts the clock */
	devreset_idle(nodes[0]);
	empty = CYCLES_OF();
	nops = CYCLES_OF(asm volatile(".rept 100; nop; .endr"));
	both = CYCLES_OF(({ devreset_busy(__node); devreset_idle(__node); }));
	devreset_busy(nodes[0]);
	again = CYCLES_OF(devreset_busy(__node));
	progress = CYCLES_OF(devreset_progress(__node));
	devreset_idle(nodes[0]);
	say("nops=%llu ", (nops - empty) / (LOOPS / 1000));
	say("busy_idle=%llu ", (both - empty) / (LOOPS / 1000));
	say("busy_again=%llu ", (again - empty) / (LOOPS / 1000));
	say("progress=%llu", (progress - empty) / (LOOPS / 1000));
	return 0;
}

/* --- deferrable timers ------------------------------------------------------- */

static DECLARE_COMPLETION(late_done);
static u64 late_at;

static void late_work(struct work_struct *work)
{
	late_at = ktime_get_ns();
	complete(&late_done);
}

static DECLARE_DELAYED_WORK(ordinary, late_work);
static DECLARE_DEFERRABLE_WORK(deferrable, late_work);

static int late(char **args)
{
	struct delayed_work *work = !strcmp(args[0], "deferrable") ? &deferrable : &ordinary;
	unsigned int i, want, ms;
	u64 due;
	s64 *ns;

	if (kstrtouint(args[1], 10, &want) || !want || want > MOST ||
	    kstrtouint(args[2], 10, &ms))
		return -EINVAL;
	ns = vzalloc(array_size(want, sizeof(*ns)));
	if (!ns)
		return -ENOMEM;
	for (i = 0; i < want; i++) {
		due = ktime_get_ns() + ms * (u64)NSEC_PER_MSEC;
		queue_delayed_work(system_unbound_wq, work, msecs_to_jiffies(ms));
		wait_for_completion(&late_done);
		ns[i] = late_at - due;
	}
	say_stats("", ns, want);
	say("max=%lld", ns[want - 1]);
	vfree(ns);
	return 0;
}

/* --- commands ---------------------------------------------------------------- */

static const struct command {
	const char *name;
	int args;
	int (*run)(char **args);
} commands[] = {
	{ "make", 3, make },
	{ "drop", 0, drop },
	{ "busy", 1, busy },
	{ "idle", 0, idle },
	{ "reset", 1, reset },
	{ "supported", 0, supported },
	{ "io", 0, io },
	{ "size", 0, size },
	{ "pci", 2, pci_pairs },
	{ "raw", 2, pci_raw },
	{ "late", 3, late },
	{ "copy", 2, bench_copy },
	{ "dma", 3, bench_dma },
	{ "cut", 2, bench_cut },
	{ "watch", 1, bench_watch },
};

static int run_command(int argc, char **argv)
{
	int i;

	for (i = 0; argc && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, argv[0]))
			return commands[i].args == argc - 1 ?
			       commands[i].run(argv + 1) : -EINVAL;
	return -EINVAL;
}

static ssize_t run_write(struct file *file, const char __user *buf, size_t len,
			 loff_t *pos)
{
	char line[128], **argv;
	int argc, ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = '\0';
	argv = argv_split(GFP_KERNEL, line, &argc);
	if (!argv)
		return -ENOMEM;
	mutex_lock(&bench_lock);
	answer[0] = '\0';
	ret = run_command(argc, argv);
	say("\n");
	mutex_unlock(&bench_lock);
	argv_free(argv);
	return ret ?: len;
}

static ssize_t run_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return simple_read_from_buffer(buf, len, pos, answer, strlen(answer));
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.read = run_read,
	.write = run_write,
};

static int __init bench_init(void)
{
	root = root_device_register("devreset_bench");
	if (IS_ERR(root))
		return PTR_ERR(root);
	debugfs = debugfs_create_dir("devreset_bench", NULL);
	debugfs_create_file("run", 0600, debugfs, NULL, &run_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(debugfs);
	drop(NULL);
	root_device_unregister(root);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("What devreset costs");
MODULE_LICENSE("GPL");
