// SPDX-License-Identifier: GPL-2.0
/*
 * Asking for resets, and completing them, with good and with bad input, and
 * from where one may and may not (DR3, DR4, DR7, ND1, US1).
 */
#include <linux/interrupt.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include "hw.h"

/* A function on a bus with a sibling: all that a wrong request might touch */
struct slot {
	struct hw *bus, *function, *sibling;
};

static struct slot make_slot(struct kunit *test)
{
	struct slot slot;

	slot.bus = hw_add(test, "drt-bus", NULL);
	slot.function = hw_add(test, "drt-function", slot.bus);
	slot.sibling = hw_add(test, "drt-sibling", slot.bus);
	hw_register(test, slot.bus, DEVRESET_PLATFORM);
	hw_register(test, slot.function, DEVRESET_FUNCTION);
	hw_register(test, slot.sibling, DEVRESET_FUNCTION);
	return slot;
}

static void expect_slot_untouched(struct kunit *test, struct slot *slot)
{
	expect_untouched(test, slot->bus);
	expect_untouched(test, slot->function);
	expect_untouched(test, slot->sibling);
}

/* --- bad requests ------------------------------------------------------------------ */

/* DR3: flags must be 0; nothing is touched */
static void reset_flags_dr3(struct kunit *test)
{
	struct slot slot = make_slot(test);
	struct devreset_params params = { hw_complete, slot.function };
	unsigned int bit, scope;

	for (scope = DEVRESET_COMPONENT; scope <= DEVRESET_PLATFORM; scope++)
		for (bit = 0; bit < 32; bit++) {
			KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, scope,
							     BIT(bit), NULL), -EINVAL);
			KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, scope,
							     BIT(bit), &params), -EINVAL);
		}
	KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, DEVRESET_FUNCTION,
					     UINT_MAX, NULL), -EINVAL);
	expect_slot_untouched(test, &slot);
}

static void reset_bad_scope(struct kunit *test)
{
	static const unsigned int bad[] = { 0, 4, 5, 0x100, INT_MAX, UINT_MAX };
	struct slot slot = make_slot(test);
	struct devreset_params params = { hw_complete, slot.function };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, bad[i], 0, NULL),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, bad[i], 0,
						     &params), -EINVAL);
	}
	expect_slot_untouched(test, &slot);
}

/* DR4: a completion that cannot be called */
static void reset_no_callback_dr4(struct kunit *test)
{
	struct slot slot = make_slot(test);
	struct devreset_params params = { .context = slot.function };

	KUNIT_EXPECT_EQ(test, devreset_reset(slot.function->node, DEVRESET_FUNCTION, 0,
					     &params), -EINVAL);
	expect_slot_untouched(test, &slot);
}

/* US6: a bad handle is a WARN and -EINVAL, never a crash */
static void reset_no_node_us6(struct kunit *test)
{
	struct devreset_params params = { hw_complete, NULL };

	announce(WARN_NO_RESET);
	KUNIT_EXPECT_EQ(test, devreset_reset(NULL, DEVRESET_FUNCTION, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_reset(NULL, DEVRESET_FUNCTION, 0, &params), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_reset(ERR_PTR(-ENODEV), DEVRESET_FUNCTION, 0, NULL),
			-EINVAL);
	announce(WARN_NO_RECOVERY);
	KUNIT_EXPECT_EQ(test, devreset_recover(NULL, "no node"), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_recover(NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_recover(ERR_PTR(-ENOMEM), "no node"), -EINVAL);
}

static void reset_not_supported(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-alone", NULL);
	struct devreset_params params = { hw_complete, hw };

	hw_register(test, hw, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_COMPONENT, 0, NULL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_PLATFORM, 0, NULL),
			-EOPNOTSUPP);
	/* With a completion it may be said there. */
	if (!devreset_reset(hw->node, DEVRESET_PLATFORM, 0, &params))
		KUNIT_EXPECT_EQ(test, hw_wait(test, hw), -EOPNOTSUPP);
	hw_settle(test, hw);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_QUIESCE]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESET]), 0);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_HEALTHY);
}

/* Policy says no: noted as a hang, and nothing else */
static void recover_not_automatic(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-manual", NULL);
	struct devreset_policy policy = devreset_default_policy;
	const struct devreset_desc desc = {
		.name = "drt-manual", .ops = &hw_ops, .scope = DEVRESET_FUNCTION,
		.data = hw, .policy = &policy,
	};

	policy.automatic = 0;
	hw->node = devreset_register(&hw->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(hw->node));
	KUNIT_EXPECT_EQ(test, devreset_recover(hw->node, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, devreset_recover(hw->node, "again"), -EPERM);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_HANGS), 1UL);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_REQUESTS), 0UL);
	KUNIT_EXPECT_EQ(test, hw_calls(hw), 0U);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_HEALTHY);
}

/* --- contexts (DR7, US1) --------------------------------------------------------------- */

static DEFINE_SPINLOCK(some_lock);
static struct devreset_params some_params;
static struct devreset_node *asked;
static int answers[2];

static void ask(void)
{
	answers[0] = devreset_reset(asked, DEVRESET_FUNCTION, 0, NULL);
	answers[1] = devreset_reset(asked, DEVRESET_PLATFORM, 0, &some_params);
}

static void ask_preempt_off(void)
{
	preempt_disable();
	ask();
	preempt_enable();
}

static void ask_locked(void)
{
	spin_lock(&some_lock);
	ask();
	spin_unlock(&some_lock);
}

static void ask_locked_irq(void)
{
	unsigned long flags;

	spin_lock_irqsave(&some_lock, flags);
	ask();
	spin_unlock_irqrestore(&some_lock, flags);
}

static void ask_irqs_off(void)
{
	local_irq_disable();
	ask();
	local_irq_enable();
}

static void ask_bh_off(void)
{
	local_bh_disable();
	ask();
	local_bh_enable();
}

static void ask_rcu(void)
{
	rcu_read_lock();
	ask();
	rcu_read_unlock();
}

static void ask_there(void *unused)
{
	ask();
}

static void ask_other_cpu(void)
{
	on_each_cpu(ask_there, NULL, 1);
}

static DECLARE_COMPLETION(tasklet_ran);

static void ask_tasklet(struct tasklet_struct *unused)
{
	ask();
	complete(&tasklet_ran);
}

static void ask_softirq(void)
{
	static struct tasklet_struct tasklet;

	reinit_completion(&tasklet_ran);
	tasklet_setup(&tasklet, ask_tasklet);
	tasklet_schedule(&tasklet);
	wait_for_completion(&tasklet_ran);
	tasklet_kill(&tasklet);
}

/* From where the caller may not sleep: refused, and nothing is touched */
static void reset_atomic_dr7_us1(struct kunit *test)
{
	static const struct {
		const char *name;
		void (*from)(void);
		bool unseen;	/* by a kernel that counts no preemption */
	} contexts[] = {
		{ "preemption off", ask_preempt_off, true },
		{ "spinlock", ask_locked, true },
		{ "spinlock, irqs off", ask_locked_irq },
		{ "irqs off", ask_irqs_off },
		{ "softirqs off", ask_bh_off },
		{ "RCU", ask_rcu, true },
		{ "softirq", ask_softirq },
		{ "inter-processor interrupt", ask_other_cpu },
	};
	struct slot slot = make_slot(test);
	struct devreset_node *node;
	int i;

	some_params = (struct devreset_params) { hw_complete, slot.function };
	asked = slot.function->node;
	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (contexts[i].unseen && !IS_ENABLED(CONFIG_PREEMPT_COUNT))
			continue;
		answers[0] = 1;
		answers[1] = 1;
		contexts[i].from();
		KUNIT_EXPECT_EQ_MSG(test, answers[0], -EWOULDBLOCK, "%s", contexts[i].name);
		KUNIT_EXPECT_EQ_MSG(test, answers[1], -EWOULDBLOCK, "%s", contexts[i].name);
		expect_slot_untouched(test, &slot);
	}
	/* So are nodes that would come or go. */
	announce(WARN_ATOMIC_TOO);
	announce(WARN_ATOMIC);
	hw_atomic_begin();
	node = hw_try(slot.bus, DEVRESET_COMPONENT);
	answers[0] = devreset_unregister(asked);
	hw_atomic_end();
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(node), -EWOULDBLOCK);
	KUNIT_EXPECT_EQ(test, answers[0], -EWOULDBLOCK);
	expect_slot_untouched(test, &slot);
	/* Bad input is bad input there, too. */
	hw_atomic_begin();
	answers[0] = devreset_reset(asked, DEVRESET_FUNCTION, 1, NULL);
	hw_atomic_end();
	KUNIT_EXPECT_EQ(test, answers[0], -EINVAL);
	ask();
	KUNIT_EXPECT_EQ(test, answers[0], 0);
	KUNIT_EXPECT_EQ(test, answers[1], 0);
	KUNIT_EXPECT_EQ(test, hw_wait(test, slot.function), 0);
}

/* ND11: devreset_recover() from any of these contexts */
static void recover_from(struct hw *hw, int *answer, int how)
{
	unsigned long flags;

	switch (how) {
	case 0:
		*answer = devreset_recover(hw->node, "process");
		break;
	case 1:
		spin_lock_irqsave(&some_lock, flags);
		*answer = devreset_recover(hw->node, "spinlock, irqs off");
		spin_unlock_irqrestore(&some_lock, flags);
		break;
	case 2:
		rcu_read_lock();
		local_bh_disable();
		*answer = devreset_recover(hw->node, "RCU, softirqs off");
		local_bh_enable();
		rcu_read_unlock();
		break;
	}
}

static void recover_anywhere_nd11(struct kunit *test)
{
	static const char * const names[] = { "drt-any0", "drt-any1", "drt-any2" };
	struct hw *hw;
	int i, answer = 1;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		hw = hw_add(test, names[i], NULL);
		hw_register(test, hw, DEVRESET_FUNCTION);
		recover_from(hw, &answer, i);
		KUNIT_EXPECT_EQ_MSG(test, answer, 0, "%d", i);
		hw_settle(test, hw);
		KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_SUCCESSES), 1UL);
		KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESET]), 1);
		KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_PROBATION);
	}
}

/* --- completing (ND1) ---------------------------------------------------------------- */

/* A reset of @hw that has returned -EINPROGRESS */
static void start_pending(struct kunit *test, struct hw *hw)
{
	struct devreset_params params = { hw_complete, hw };

	hw->returns[CALL_RESET] = -EINPROGRESS;
	KUNIT_ASSERT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, &params), 0);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&hw->in_reset, 20 * HZ));
}

static void expect_nonsense(struct kunit *test, struct hw *hw, u32 gen)
{
	static const int bad[] = { 1, INT_MAX, -EINPROGRESS, -EAGAIN };
	unsigned int bit;
	int i;

	announce(WARN_NONSENSE);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, gen, bad[i], 0), -EINVAL);
	for (bit = 2; bit < 32; bit++)
		KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, gen, 0, BIT(bit)),
				-EINVAL);
}

static void expect_never_begun(struct kunit *test, struct hw *hw)
{
	u32 gen = to_dr(hw->node)->gen;

	announce(WARN_COMPLETED);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, gen + 1, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, gen + S32_MAX, 0, 0), -EINVAL);
}

static void complete_without_reset(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-none", NULL);

	hw_register(test, hw, DEVRESET_FUNCTION);
	expect_never_begun(test, hw);
	expect_nonsense(test, hw, 1);
	expect_untouched(test, hw);
	KUNIT_EXPECT_EQ(test, to_dr(hw->node)->completed, 0U);
}

/* Nonsense is refused and the attempt still waits; once is 0; twice is -EALREADY. */
static void complete_twice_nd1(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-pending", NULL);
	int i;

	hw_register(test, hw, DEVRESET_FUNCTION);
	start_pending(test, hw);
	expect_nonsense(test, hw, hw->gen);
	expect_never_begun(test, hw);
	KUNIT_EXPECT_FALSE(test, completion_done(&hw->completed));
	KUNIT_EXPECT_EQ(test, to_dr(hw->node)->pending, hw->gen);

	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, 0, 0), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, -EIO, 0),
				-EALREADY);
	KUNIT_EXPECT_EQ(test, hw_wait(test, hw), 0);
	hw_settle(test, hw);
	/* Also when it is long over */
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, 0, 0), -EALREADY);
	expect_never_begun(test, hw);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESTORE]), 0);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_SUCCESSES), 1UL);
}

/* ND1, ND2: every outcome, with every flag, from a context that may not sleep */
static void complete_outcomes_nd1_nd2(struct kunit *test)
{
	static const int statuses[] = { 0, -EIO, -ENODEV, -ETIMEDOUT, -ECONNRESET };
	struct hw *hw = hw_add(test, "drt-outcome", NULL);
	unsigned long soft = 0, failures = 0;
	unsigned int flags;
	int i, ret, restores = 0;

	hw_register(test, hw, DEVRESET_FUNCTION);
	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		for (flags = 0; flags <= DEVRESET_RESULT_FLAGS; flags++) {
			start_pending(test, hw);
			local_irq_disable();
			ret = devreset_complete(hw->node, hw->gen, statuses[i],
						flags);
			local_irq_enable();
			KUNIT_EXPECT_EQ(test, ret, 0);
			KUNIT_EXPECT_EQ(test, hw_wait(test, hw), statuses[i]);
			hw_settle(test, hw);
			failures += !!statuses[i];
			soft += !statuses[i] && (flags & DEVRESET_SOFT_ERROR);
			restores += !statuses[i] && (flags & DEVRESET_RESTORE);
			KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_FAILURES), failures);
			KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_SOFT_ERRORS), soft);
			KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESTORE]),
					restores);
		}
}

static void complete_at_once(struct hw *hw, enum call call)
{
	if (call == CALL_RESET)
		hw->status = devreset_complete(hw->node, hw->gen, 0, DEVRESET_RESTORE);
}

/* The completion may come before ops->reset has returned. */
static void complete_before_return_nd1(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-early", NULL);

	hw_register(test, hw, DEVRESET_FUNCTION);
	hw->returns[CALL_RESET] = -EINPROGRESS;
	hw->hook = complete_at_once;
	hw->status = 1;
	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, hw->status, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESTORE]), 1);
}

/* After the deadline (100 ms, the least there is): stale, and nobody's fault */
static void complete_late_nd1(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-late", NULL);
	u32 old;

	hw_register(test, hw, DEVRESET_FUNCTION);
	to_dr(hw->node)->policy.reset_timeout_ms = 100;
	start_pending(test, hw);
	old = hw->gen;
	KUNIT_EXPECT_EQ(test, hw_wait(test, hw), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_TIMEOUTS), 1UL);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, old, 0, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, old, 0, 0), -ESTALE);
	hw_settle(test, hw);

	/* Nor does it end the attempt that runs now. */
	to_dr(hw->node)->policy.reset_timeout_ms = 10000;
	start_pending(test, hw);
	KUNIT_EXPECT_NE(test, hw->gen, old);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, old, 0, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, to_dr(hw->node)->pending, hw->gen);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, -EIO, 0), 0);
	KUNIT_EXPECT_EQ(test, hw_wait(test, hw), -EIO);
}

/* The generations go round, and skip 0. */
static void complete_generations_wrap(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-wrap", NULL);
	struct dr_node *n;
	int i;

	hw_register(test, hw, DEVRESET_FUNCTION);
	n = to_dr(hw->node);
	n->gen = U32_MAX - 2;
	for (i = 0; i < 4; i++) {
		u32 old = n->gen;

		start_pending(test, hw);
		KUNIT_EXPECT_EQ(test, hw->gen, old == U32_MAX ? 1 : old + 1);
		KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, hw_wait(test, hw), 0);
		hw_settle(test, hw);
	}
}

/* DR4, rule 3: the node goes while its reset is pending */
static void complete_after_removal_dr4(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-removed", NULL);
	struct devreset_node *node;

	hw_register(test, hw, DEVRESET_FUNCTION);
	node = devreset_get(hw->node);
	start_pending(test, hw);
	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_unregister(node), 0);
	/* It was told before devreset_unregister() returned. */
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]), 1);
	KUNIT_EXPECT_EQ(test, hw->status, -ENODEV);
	/* The attempt ends by itself, and then this is late. */
	hw->node = node;
	hw->node_refs = 1;
	hw_settle(test, hw);
	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_complete(node, hw->gen, 0, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]), 1);
	devreset_put(node);
	expect_no_node(test, hw, "drt-removed");
}

/* DR4: nobody waits any more; the reset goes on */
static void cancel_dr4(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-cancel", NULL);
	struct devreset_params params = { hw_complete, hw };
	struct devreset_params other = { hw_complete, &params };

	hw_register(test, hw, DEVRESET_FUNCTION);
	KUNIT_EXPECT_EQ(test, devreset_cancel(hw->node, &params), -ENOENT);
	start_pending(test, hw);
	KUNIT_EXPECT_EQ(test, devreset_cancel(hw->node, &other), -ENOENT);
	KUNIT_EXPECT_EQ(test, devreset_cancel(hw->node, &params), 0);
	KUNIT_EXPECT_EQ(test, hw->status, -ECANCELED);
	KUNIT_EXPECT_EQ(test, devreset_cancel(hw->node, &params), -ENOENT);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_RECOVERING);
	KUNIT_EXPECT_EQ(test, devreset_complete(hw->node, hw->gen, 0, 0), 0);
	hw_settle(test, hw);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_COMPLETE]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RESUME]), 1);
	KUNIT_EXPECT_EQ(test, hw_stat(hw, STAT_SUCCESSES), 1UL);
}

static struct kunit_case reset_cases[] = {
	KUNIT_CASE(reset_flags_dr3),
	KUNIT_CASE(reset_bad_scope),
	KUNIT_CASE(reset_no_callback_dr4),
	KUNIT_CASE(reset_no_node_us6),
	KUNIT_CASE(reset_not_supported),
	KUNIT_CASE(recover_not_automatic),
	KUNIT_CASE(reset_atomic_dr7_us1),
	KUNIT_CASE(recover_anywhere_nd11),
	KUNIT_CASE(complete_without_reset),
	KUNIT_CASE(complete_twice_nd1),
	KUNIT_CASE(complete_outcomes_nd1_nd2),
	KUNIT_CASE(complete_before_return_nd1),
	KUNIT_CASE(complete_late_nd1),
	KUNIT_CASE(complete_generations_wrap),
	KUNIT_CASE(complete_after_removal_dr4),
	KUNIT_CASE(cancel_dr4),
	{ }
};

static struct kunit_suite reset_suite = {
	.name = "devreset_reset",
	.init = hw_init,
	.exit = hw_exit,
	.test_cases = reset_cases,
};

kunit_test_suite(reset_suite);
