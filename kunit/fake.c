// SPDX-License-Identifier: GPL-2.0
/*
 * Scripted fake nodes, see fake.h.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fake.h"

static const char * const what_names[FAKE_OPS] = {
	[FAKE_MAY_RESET] = "may_reset",
	[FAKE_RESET] = "reset",
	[FAKE_CHECK] = "check",
	[FAKE_QUIESCE] = "quiesce",
	[FAKE_RESTORE] = "restore",
	[FAKE_RESUME] = "resume",
	[FAKE_DUMP] = "dump",
	[FAKE_ISOLATE] = "isolate",
	[FAKE_RELEASE] = "release",
	[FAKE_ASKED] = "asked",
};

/* --- what the core has promised ------------------------------------------------ */

/* A promise was broken: the first is told when the test ends. */
void fake_broke(struct fake_tree *tree, const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	spin_lock_irqsave(&tree->lock, flags);
	if (!tree->broken++) {
		va_start(args, fmt);
		vscnprintf(tree->what, sizeof(tree->what), fmt, args);
		va_end(args);
	}
	spin_unlock_irqrestore(&tree->lock, flags);
}

/* Rule 6, and "process context". A worker holds two pseudo-locks. */
void fake_check_context(struct fake *fake, const char *what)
{
	bool wrong = in_interrupt() || irqs_disabled() || rcu_preempt_depth();

	if (IS_ENABLED(CONFIG_PREEMPT_COUNT) && !preemptible())
		wrong = true;
#ifdef CONFIG_LOCKDEP
	if (debug_locks &&
	    current->lockdep_depth != (current->flags & PF_WQ_WORKER ? 2 : 0))
		wrong = true;
#endif
	if (wrong)
		fake_broke(fake->tree, "%s:%s called with a lock held", what,
			   fake->name);
}

static bool is_above(struct fake *above, struct fake *fake)
{
	for (fake = fake->parent; fake && fake != above; fake = fake->parent)
		;
	return fake;
}

/* Hold tree->lock. What is wrong with such a callback now? */
static const char *wrong_order(struct fake *fake, enum fake_what what)
{
	struct fake *f;

	list_for_each_entry(f, &fake->tree->fakes, link) {
		if (!f->live || READ_ONCE(f->going) || f == fake)
			continue;
		if (what == FAKE_QUIESCE && is_above(fake, f) && !f->stopped)
			return "before what is below was quiesced";
		if (what == FAKE_RESET && is_above(fake, f) && !f->stopped)
			return "while something below runs";
		if (what == FAKE_RESET && f->op[FAKE_RESET].inside &&
		    (is_above(fake, f) || is_above(f, fake)))
			return "while a related node is being reset";
		if (what == FAKE_RESUME && is_above(f, fake) && f->stopped)
			return "before what is above was resumed";
	}
	if (what == FAKE_RESET && !fake->stopped)
		return "without being quiesced";
	return NULL;
}

/* Hold tree->lock. */
static const char *wrong_call(struct fake *fake, enum fake_what what)
{
	if (!fake->live)
		return "after the end";
	if (what == FAKE_ASKED)
		return NULL;
	if (fake->inside > 1)
		return "while another callback is in hand";
	if (what == FAKE_CHECK && fake->stopped)
		return "while quiesced";
	if (what == FAKE_RESUME && !fake->stopped && !fake->resumed)
		return "without being quiesced";
	return fake->tree->strict ? wrong_order(fake, what) : NULL;
}

/* --- callbacks -------------------------------------------------------------------- */

/* Hold tree->lock. */
static void trace_call(struct fake *fake, enum fake_what what, const char *mark)
{
	struct fake_tree *tree = fake->tree;
	size_t len = strlen(tree->trace);

	if (tree->traced & BIT(what))
		scnprintf(tree->trace + len, sizeof(tree->trace) - len, "%s%s:%s%s",
			  len ? " " : "", what_names[what], fake->name, mark);
}

/* Hold tree->lock. */
static int next_return(struct fake_op *op)
{
	return op->used < op->listed ? op->list[op->used++] : op->ret;
}

/* What runs while something is quiesced must not wait for I/O to that. */
static void expect_noio(struct fake *fake, enum fake_what what)
{
	if (what < FAKE_RELEASE && !(current->flags & PF_MEMALLOC_NOIO))
		fake_broke(fake->tree, "%s:%s may wait for I/O", what_names[what],
			   fake->name);
}

static int fake_call(struct fake *fake, enum fake_what what, const char *mark)
{
	struct fake_tree *tree = fake->tree;
	struct fake_op *op = &fake->op[what];
	int (*hook)(struct fake *fake);
	const char *wrong;
	int ret, hooked;

	/* DEVRESET_MAY_ASK comes in an SRCU section, which lockdep counts. */
	if (what != FAKE_ASKED)
		fake_check_context(fake, what_names[what]);
	expect_noio(fake, what);
	spin_lock_irq(&tree->lock);
	fake->inside += what != FAKE_ASKED;
	op->inside++;
	op->calls++;
	ret = next_return(op);
	trace_call(fake, what, mark);
	wrong = wrong_call(fake, what);
	hook = op->hook;
	spin_unlock_irq(&tree->lock);
	if (wrong)
		fake_broke(tree, "%s:%s called %s", what_names[what], fake->name, wrong);

	hooked = hook ? hook(fake) : 0;
	wake_up_all(&tree->wq);
	if (!wait_event_idle_timeout(tree->wq, !READ_ONCE(op->gate), 4 * FAKE_PATIENCE))
		fake_broke(tree, "%s:%s: nobody opened the gate", what_names[what],
			   fake->name);

	spin_lock_irq(&tree->lock);
	op->inside--;
	fake->inside -= what != FAKE_ASKED;
	if (what == FAKE_QUIESCE)
		fake->stopped = true;
	else if (what == FAKE_RESUME)
		fake->stopped = false;
	spin_unlock_irq(&tree->lock);
	wake_up_all(&tree->wq);
	return hooked ?: ret;
}

static int fake_may_reset(struct devreset_node *node, unsigned int flags)
{
	struct fake *fake = node->data;

	if (!(flags & DEVRESET_MAY_ASK))
		return fake_call(fake, FAKE_MAY_RESET, "");
	return fake_call(fake, FAKE_ASKED, "") ?: READ_ONCE(fake->op[FAKE_MAY_RESET].ret);
}

static int fake_reset(struct devreset_node *node, u32 gen)
{
	struct fake *fake = node->data;

	WRITE_ONCE(fake->gen, gen);
	return fake_call(fake, FAKE_RESET, "");
}

static int fake_check(struct devreset_node *node, const char **reason)
{
	*reason = "scripted";
	return fake_call(node->data, FAKE_CHECK, "");
}

static int fake_quiesce(struct devreset_node *node)
{
	return fake_call(node->data, FAKE_QUIESCE, "");
}

static int fake_restore(struct devreset_node *node)
{
	return fake_call(node->data, FAKE_RESTORE, "");
}

static int fake_resume(struct devreset_node *node, int status)
{
	struct fake *fake = node->data;

	fake->resumed = status;
	return fake_call(fake, FAKE_RESUME, status ? "!" : "");
}

static void fake_dump(struct devreset_node *node, struct devreset_dump *dump)
{
	struct fake *fake = node->data;

	fake->data = (unsigned long)dump;
	fake_call(fake, FAKE_DUMP, "");
}

static int fake_isolate(struct devreset_node *node)
{
	return fake_call(node->data, FAKE_ISOLATE, "");
}

/* From now on it has ops->isolate. */
void fake_isolates(struct fake *fake)
{
	fake->ops->isolate = fake_isolate;
}

static void fake_release(struct devreset_node *node)
{
	fake_call(node->data, FAKE_RELEASE, "");
}

static const struct devreset_ops fake_ops = {
	.may_reset = fake_may_reset,
	.reset = fake_reset,
	.check = fake_check,
	.quiesce = fake_quiesce,
	.restore = fake_restore,
	.resume = fake_resume,
	.release = fake_release,
};

/* --- trees ------------------------------------------------------------------------- */

static void free_dev(struct device *dev)
{
	kfree(dev);
}

static struct device *make_dev(const char *name, struct device *parent)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	device_initialize(dev);
	dev->parent = parent;
	dev->release = free_dev;
	if (dev_set_name(dev, "%s", name) || device_add(dev)) {
		put_device(dev);
		return NULL;
	}
	return dev;
}

/* A fake that is not registered yet. */
struct fake *fake_alloc(struct fake_tree *tree, const char *name,
			enum devreset_scope scope, struct fake *parent)
{
	static atomic_t serial;
	struct fake *fake = kzalloc(sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tree->test, fake);
	fake->tree = tree;
	strscpy(fake->name, name, sizeof(fake->name));
	snprintf(fake->full_name, sizeof(fake->full_name), "fake%d-%s",
		 atomic_inc_return(&serial), name);
	fake->parent = parent;
	fake->desc = (struct devreset_desc) {
		.name = fake->full_name,
		.scope = scope,
		.data = fake,
	};
	spin_lock_irq(&tree->lock);
	list_add_tail(&fake->link, &tree->fakes);
	spin_unlock_irq(&tree->lock);
	fake->dev = make_dev(fake->full_name, parent ? parent->dev : NULL);
	KUNIT_ASSERT_NOT_NULL(tree->test, fake->dev);
	return fake;
}

/*
 * Nothing happens by itself, nothing ends by itself in the time that a test
 * takes, and nothing waits between attempts. Beyond what sysfs would take.
 */
static void fast_policy(struct devreset_policy *policy)
{
	policy->ceiling = DEVRESET_PLATFORM;
	policy->retry_interval_ms = 1;
	policy->reset_timeout_ms = 10000;
	policy->check_interval_ms = 0;
	policy->probation_ms = 0;
	policy->max_recoveries = 10000;
}

int fake_register(struct fake *fake)
{
	struct devreset_node *node;

	fake->ops = kmemdup(&fake_ops, sizeof(fake_ops), GFP_KERNEL);
	if (!fake->ops)
		return -ENOMEM;
	if (fake->desc.scope == DEVRESET_MEMBER)
		fake->ops->reset = NULL;
	/* Who has none leaves it to the node above. */
	if (fake->dumps)
		fake->ops->dump = fake_dump;
	fake->desc.ops = fake->ops;
	fake->desc.parent = fake->fixed ? fake->parent->node : NULL;
	fake->stopped = false;
	WRITE_ONCE(fake->live, true);
	node = devreset_register(fake->dev, &fake->desc);
	if (IS_ERR(node)) {
		WRITE_ONCE(fake->live, false);
		kfree(fake->ops);
		return PTR_ERR(node);
	}
	if (!fake->desc.policy)
		fast_policy(&to_dr(node)->policy);
	WRITE_ONCE(fake->node, node);
	return 0;
}

/* It is not registered any more. Nobody may look at its ops now. */
void fake_gone(struct fake *fake)
{
	WRITE_ONCE(fake->live, false);
	WRITE_ONCE(fake->going, false);
	WRITE_ONCE(fake->node, NULL);
	WRITE_ONCE(fake->stopped, false);
	kfree(fake->ops);
}

int fake_unregister(struct fake *fake)
{
	struct devreset_node *node = fake->node;
	int ret;

	if (!node)
		return -ENODEV;
	WRITE_ONCE(fake->going, true);
	ret = devreset_unregister(node);
	if (ret)
		WRITE_ONCE(fake->going, false);
	else
		fake_gone(fake);
	return ret;
}

struct fake *fake_add(struct fake_tree *tree, const char *name,
		      enum devreset_scope scope, struct fake *parent)
{
	struct fake *fake = fake_alloc(tree, name, scope, parent);

	KUNIT_ASSERT_EQ(tree->test, fake_register(fake), 0);
	return fake;
}

void fake_family(struct fake_tree *tree, struct family *family)
{
	family->g = fake_add(tree, "g", DEVRESET_PLATFORM, NULL);
	family->p = fake_add(tree, "p", DEVRESET_FUNCTION, family->g);
	family->a = fake_add(tree, "a", DEVRESET_COMPONENT, family->p);
	family->b = fake_add(tree, "b", DEVRESET_COMPONENT, family->p);
	family->x = fake_add(tree, "x", DEVRESET_COMPONENT, family->a);
	family->q = fake_add(tree, "q", DEVRESET_FUNCTION, family->g);
}

/* --- scripts ------------------------------------------------------------------------ */

/* The next call returns @first, and those after it @then. */
void fake_returns(struct fake *fake, enum fake_what what, int first, int then)
{
	struct fake_op *op = &fake->op[what];

	spin_lock_irq(&fake->tree->lock);
	op->list[0] = first;
	op->used = 0;
	op->listed = 1;
	op->ret = then;
	spin_unlock_irq(&fake->tree->lock);
}

void fake_open(struct fake *fake, enum fake_what what)
{
	WRITE_ONCE(fake->op[what].gate, false);
	wake_up_all(&fake->tree->wq);
}

/* Have the hang clock enter @fake's check soon, which stays inside until it is opened. */
void fake_hold_soon(struct fake *fake)
{
	fake->op[FAKE_CHECK].gate = true;
	WRITE_ONCE(fake_policy(fake)->check_interval_ms, 1);
	WRITE_ONCE(to_dr(fake->node)->suspect, true);
	__devreset_tick(fake->node);
}

void fake_hold(struct fake *fake)
{
	fake_hold_soon(fake);
	FAKE_ASSERT_INSIDE(fake->tree->test, fake, FAKE_CHECK);
	/* And that is the last. */
	WRITE_ONCE(fake_policy(fake)->check_interval_ms, 0);
}

/* Back to the first page: scripts, counts of calls, and the trace. */
void fake_rewind(struct fake_tree *tree)
{
	struct fake *fake;

	spin_lock_irq(&tree->lock);
	list_for_each_entry(fake, &tree->fakes, link)
		memset(fake->op, 0, sizeof(fake->op));
	tree->trace[0] = '\0';
	spin_unlock_irq(&tree->lock);
}

/* --- a suite's init and exit ----------------------------------------------------------- */

int fake_init(struct kunit *test)
{
	struct fake_tree *tree = kzalloc(sizeof(*tree), GFP_KERNEL);

	if (!tree)
		return -ENOMEM;
	tree->test = test;
	INIT_LIST_HEAD(&tree->fakes);
	INIT_LIST_HEAD(&tree->jobs);
	INIT_LIST_HEAD(&tree->asks);
	spin_lock_init(&tree->lock);
	init_waitqueue_head(&tree->wq);
	tree->traced = BIT(FAKE_QUIESCE) | BIT(FAKE_RESET) | BIT(FAKE_RESTORE) |
		       BIT(FAKE_RESUME);
	tree->strict = true;
	test->priv = tree;
	return 0;
}

static void open_all(struct fake_tree *tree)
{
	struct fake_job *job;
	struct fake *fake;
	int i;

	list_for_each_entry(fake, &tree->fakes, link) {
		for (i = 0; i < FAKE_OPS; i++) {
			WRITE_ONCE(fake->op[i].hook, NULL);
			if (fake->op[i].ret == -EAGAIN)
				WRITE_ONCE(fake->op[i].ret, 0);
			fake_open(fake, i);
		}
	}
	list_for_each_entry(job, &tree->jobs, link)
		fake_job_go_on(job);
}

void fake_exit(struct kunit *test)
{
	struct fake_tree *tree = test->priv;
	struct fake *fake, *next;

	open_all(tree);
	fake_expect_rest(tree);
	list_for_each_entry_safe_reverse(fake, next, &tree->fakes, link) {
		fake_unregister(fake);
		if (fake->dev)
			device_unregister(fake->dev);
	}
	KUNIT_EXPECT_EQ_MSG(test, tree->broken, 0, "%s", tree->what);
	/* Completions may come until the last node has gone. */
	fake_forget(tree);
	list_for_each_entry_safe(fake, next, &tree->fakes, link)
		kfree(fake);
	kfree(tree);
}

MODULE_DESCRIPTION("KUnit: the rules, the contract and the races of devreset");
MODULE_LICENSE("GPL");
