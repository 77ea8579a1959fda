// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to fake nodes: requests, threads, the wait for their end, and the
 * provider that knows them.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fake.h"

/* --- requests ------------------------------------------------------------------------ */

static void ask_complete(struct devreset_node *node, void *context, int status)
{
	struct fake_ask *ask = context;

	fake_check_context(ask->at, "completion");
	if (node != ask->node)
		fake_broke(ask->at->tree, "completion of another node");
	WRITE_ONCE(ask->status, status);
	WRITE_ONCE(ask->calls, ask->calls + 1);
	wake_up_all(&ask->at->tree->wq);
}

/* Ask for a reset, with a completion. */
struct fake_ask *fake_ask(struct fake *at, enum devreset_scope scope)
{
	struct fake_tree *tree = at->tree;
	struct fake_ask *ask = kzalloc(sizeof(*ask), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tree->test, ask);
	ask->at = at;
	ask->node = at->node;
	ask->params.complete = ask_complete;
	ask->params.context = ask;
	ask->status = 1;
	list_add_tail(&ask->link, &tree->asks);
	ask->ret = devreset_reset(at->node, scope, 0, &ask->params);
	return ask;
}

static int job_thread(void *data)
{
	struct fake_job *job = data;

	job->ret = job->run(job);
	/* Pairs with whoever looks at done, then at ret. */
	smp_store_release(&job->done, true);
	wake_up_all(&job->at->tree->wq);
	return 0;
}

struct fake_job *fake_job(struct fake *at, int (*run)(struct fake_job *job),
			  enum devreset_scope scope)
{
	struct fake_tree *tree = at->tree;
	struct fake_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tree->test, job);
	job->at = at;
	job->run = run;
	job->scope = scope;
	job->gate = true;
	job->task = kthread_create(job_thread, job, "fake-%s", at->name);
	if (IS_ERR(job->task)) {
		kfree(job);
		KUNIT_FAIL(tree->test, "no thread");
		return NULL;
	}
	get_task_struct(job->task);
	list_add_tail(&job->link, &tree->jobs);
	wake_up_process(job->task);
	return job;
}

int fake_job_reset(struct fake_job *job)
{
	return devreset_reset(job->at->node, job->scope, 0, NULL);
}

int fake_job_unregister(struct fake_job *job)
{
	return fake_unregister(job->at);
}

int fake_job_supported(struct fake_job *job)
{
	/* It may be unregistered meanwhile. */
	struct devreset_node *node = devreset_get(job->at->node);
	int ret = devreset_supported(node);

	devreset_put(node);
	return ret;
}

static void expect_stopped(struct fake *fake, int began)
{
	if (!began && fake->tree->strict && !READ_ONCE(fake->stopped))
		fake_broke(fake->tree, "%s runs during somebody else's reset", fake->name);
}

/* Holds a reference: the node may be unregistered before the end. */
int fake_job_external(struct fake_job *job)
{
	struct devreset_node *node = devreset_get(job->at->node);
	int ret;

	ret = devreset_external_begin(node);
	expect_stopped(job->at, ret);
	WRITE_ONCE(job->began, true);
	wake_up_all(&job->at->tree->wq);
	wait_event_idle(job->at->tree->wq, !READ_ONCE(job->gate));
	expect_stopped(job->at, ret);
	devreset_external_end(node, 0);
	devreset_put(node);
	return ret;
}

void fake_job_go_on(struct fake_job *job)
{
	WRITE_ONCE(job->gate, false);
	wake_up_all(&job->at->tree->wq);
}

/* --- a provider that can tell one device from another ------------------------------ */

/* What it says of each fake; "1" when a test begins */
const char *fake_serial_number;

static int known_probe(struct devreset_provider *provider, struct device *dev)
{
	return -ENODEV;
}

static struct device *known_find(const char *name)
{
	return ERR_PTR(-ENODEV);
}

static int known_identity(struct device *dev, char *buf, size_t size)
{
	if (!strstarts(dev_name(dev), "fake"))
		return -ENODEV;
	strscpy(buf, fake_serial_number, size);
	return 0;
}

struct devreset_provider fake_known = {
	.name = "known", .owner = THIS_MODULE, .probe = known_probe, .find = known_find,
	.identity = known_identity,
};

int fake_init_known(struct kunit *test)
{
	int ret = fake_init(test);

	fake_serial_number = "1";
	return ret ?: devreset_provider_register(&fake_known);
}

void fake_exit_known(struct kunit *test)
{
	fake_exit(test);
	devreset_provider_unregister(&fake_known);
}

/* --- at rest ------------------------------------------------------------------------- */

static bool node_at_rest(struct dr_node *n)
{
	/* Racy, as a poll may be: what is seen once is what stays. */
	return !READ_ONCE(n->active) && !READ_ONCE(n->claim) &&
	       !READ_ONCE(n->claims_below) && !READ_ONCE(n->cb_task) &&
	       !READ_ONCE(n->requests) && !READ_ONCE(n->recovery_queued) &&
	       READ_ONCE(n->ext.phase) == CLAIM_NONE && !READ_ONCE(n->pending) &&
	       list_empty_careful(&n->waiters) && !READ_ONCE(n->quiesced);
}

bool fake_at_rest(struct fake_tree *tree)
{
	struct fake_job *job;
	struct fake_ask *ask;
	struct fake *fake;

	/* First: a job may be what unregisters a node. */
	list_for_each_entry(job, &tree->jobs, link)
		if (!fake_job_done(job))
			return false;
	list_for_each_entry(fake, &tree->fakes, link)
		if (fake->node && !node_at_rest(to_dr(fake->node)))
			return false;
	list_for_each_entry(ask, &tree->asks, link)
		if (!ask->ret && !READ_ONCE(ask->calls))
			return false;
	return true;
}

static void expect_node_rest(struct kunit *test, struct fake *fake)
{
	struct dr_node *n = to_dr(fake->node);

	KUNIT_EXPECT_FALSE_MSG(test, fake->stopped, "%s was left stopped", fake->name);
	KUNIT_EXPECT_TRUE_MSG(test, !n->claim && !n->claims_below && !n->active,
			      "%s is still claimed (%u below) or aimed at", fake->name,
			      n->claims_below);
	KUNIT_EXPECT_TRUE_MSG(test, list_empty(&n->waiters) && !n->requests,
			      "%s still has requests", fake->name);
	KUNIT_EXPECT_NE_MSG(test, (int)n->hist.state, DEVRESET_RECOVERING,
			    "%s is still recovering", fake->name);
	KUNIT_EXPECT_EQ_MSG(test, fake_stat(fake, STAT_REQUESTS),
			    fake_stat(fake, STAT_JOINED) +
			    fake_stat(fake, STAT_SUCCESSES) +
			    fake_stat(fake, STAT_FAILURES),
			    "requests of %s were lost", fake->name);
}

/* Wait until all is over; then nothing may be left, and nothing broken. */
void fake_expect_rest(struct fake_tree *tree)
{
	struct kunit *test = tree->test;
	struct fake_ask *ask;
	struct fake *fake;

	KUNIT_EXPECT_TRUE_MSG(test, fake_wait(fake_at_rest(tree)), "it does not end");
	list_for_each_entry(fake, &tree->fakes, link)
		if (fake->node)
			expect_node_rest(test, fake);
	list_for_each_entry(ask, &tree->asks, link)
		KUNIT_EXPECT_EQ_MSG(test, ask->calls, ask->ret ? 0 : 1,
				    "completions at %s", ask->at->name);
	KUNIT_EXPECT_EQ_MSG(test, tree->broken, 0, "%s", tree->what);
	tree->broken = 0;
}

/* What is over is of no interest any more. */
void fake_forget(struct fake_tree *tree)
{
	struct fake_ask *ask, *next_ask;
	struct fake_job *job, *next_job;

	list_for_each_entry_safe(job, next_job, &tree->jobs, link) {
		kthread_stop(job->task);
		put_task_struct(job->task);
		list_del(&job->link);
		kfree(job);
	}
	list_for_each_entry_safe(ask, next_ask, &tree->asks, link) {
		list_del(&ask->link);
		kfree(ask);
	}
}

/*
 * A misuse comes, of which the core warns once in its life, as @warning. The
 * suites of devreset_api_test provoke all of those, and run first if at all.
 */
int fake_announce(const char *warning)
{
	struct kprobe probe = { .symbol_name = "devreset_api_test:announce" };
	int ret = register_kprobe(&probe);

	if (ret)
		pr_info("devreset-expect-warn: %s\n", warning);
	else
		unregister_kprobe(&probe);
	return ret;
}

/*
 * Tell the core alone of a suspend or resume. -ENOENT if it cannot be found:
 * its notifier is not exported, and to go through the chain would suspend more. Built in,
 * before there is a user space, that is no matter.
 */
#ifdef MODULE
int fake_pm_notify(unsigned long event)
{
	struct kprobe probe = { .symbol_name = "devreset:pm_notify" };
	notifier_fn_t notify;
	int ret;

	ret = register_kprobe(&probe);
	if (ret)
		return -ENOENT;
	notify = (notifier_fn_t)probe.addr;
	unregister_kprobe(&probe);
	return notifier_to_errno(notify(NULL, event, NULL));
}
#else
int fake_pm_notify(unsigned long event)
{
	int (*chain)(unsigned long event);

	chain = (void *)kallsyms_lookup_name("pm_notifier_call_chain");
	return chain ? notifier_to_errno(chain(event)) : -ENOENT;
}
#endif
