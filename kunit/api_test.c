// SPDX-License-Identifier: GPL-2.0
/*
 * Registering, finding and unregistering, with good and with bad input: each
 * misuse is a documented errno and changes nothing.
 */
#include <linux/limits.h>
#include "../drivers/compat.h"
#include "hw.h"

static struct devreset_desc desc_of(struct hw *hw)
{
	return (struct devreset_desc) {
		.name = dev_name(&hw->dev),
		.ops = &hw_ops,
		.scope = DEVRESET_FUNCTION,
		.data = hw,
	};
}

/* Refused, with a WARN that was announced, and nothing is left behind */
static void expect_bad(struct kunit *test, struct hw *hw, const struct devreset_desc *desc,
		       const char *what)
{
	unsigned int nodes = hw_nodes(test);

	announce(WARN_DESC);
	hw->node = devreset_register(&hw->dev, desc);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(hw->node), -EINVAL, "%s", what);
	if (!IS_ERR_OR_NULL(hw->node))
		devreset_unregister(hw->node);
	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);
	KUNIT_EXPECT_EQ_MSG(test, hw_calls(hw), 0U, "%s", what);
	expect_no_node(test, hw, dev_name(&hw->dev));
}

static void expect_good(struct kunit *test, struct hw *hw, const struct devreset_desc *desc,
			const char *what)
{
	atomic_set(&hw->calls[CALL_RELEASE], 0);
	hw->node = devreset_register(&hw->dev, desc);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(hw->node), 0, "%s", what);
	if (IS_ERR(hw->node))
		return;
	KUNIT_EXPECT_STREQ(test, devreset_name(hw->node), desc->name);
	KUNIT_EXPECT_EQ(test, devreset_unregister(hw->node), 0);
	hw->node = NULL;
	expect_no_node(test, hw, desc->name);
	/* US6 and ops->release: called once, as the last */
	KUNIT_EXPECT_EQ(test, atomic_xchg(&hw->calls[CALL_RELEASE], 0),
			desc->ops->release ? 1 : 0);
}

/* Every combination of callbacks that there is a rule for, with every scope */
static void register_ops(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-ops", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_ops ops;
	unsigned int set;
	char what[32];

	desc.ops = &ops;
	for (set = 0; set < BIT(6); set++) {
		bool reset = set & BIT(0), quiesce = set & BIT(1), resume = set & BIT(2);

		ops = (struct devreset_ops) {
			.reset = reset ? hw_ops.reset : NULL,
			.quiesce = quiesce ? hw_ops.quiesce : NULL,
			.resume = resume ? hw_ops.resume : NULL,
			.check = set & BIT(3) ? hw_ops.check : NULL,
			.may_reset = set & BIT(3) ? hw_ops.may_reset : NULL,
			.restore = set & BIT(3) ? hw_ops.restore : NULL,
			.release = set & BIT(3) ? hw_ops.release : NULL,
		};
		desc.scope = set >> 4;
		snprintf(what, sizeof(what), "callbacks %#x, scope %u", set & 0xf,
			 desc.scope);
		if (reset != !desc.scope && quiesce == resume)
			expect_good(test, hw, &desc, what);
		else
			expect_bad(test, hw, &desc, what);
	}
}

static void register_null(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-null", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_ops none = { };
	unsigned int nodes = hw_nodes(test);

	announce(WARN_DESC);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(devreset_register(NULL, &desc)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(devreset_register(NULL, NULL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);
	expect_bad(test, hw, NULL, "no description");
	desc.ops = NULL;
	expect_bad(test, hw, &desc, "no callbacks");
	desc.ops = &none;
	expect_bad(test, hw, &desc, "empty callbacks");
}

static void register_scope(struct kunit *test)
{
	static const unsigned int bad[] = { 4, 5, 0x7f, 0xff, 0x100, INT_MAX, UINT_MAX };
	struct hw *hw = hw_add(test, "drt-scope", NULL);
	struct devreset_desc desc = desc_of(hw);
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		desc.scope = bad[i];
		expect_bad(test, hw, &desc, "scope");
		desc.ops = &hw_member_ops;
		expect_bad(test, hw, &desc, "scope, as a member");
		desc.ops = &hw_ops;
	}
}

static void register_name(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-name", NULL);
	struct devreset_desc desc = desc_of(hw);
	char name[REASON_LEN + 2];
	int len;

	desc.name = NULL;
	expect_bad(test, hw, &desc, "no name");
	desc.name = "";
	expect_bad(test, hw, &desc, "empty name");
	desc.name = "a/b";
	expect_bad(test, hw, &desc, "slash");
	desc.name = "/";
	expect_bad(test, hw, &desc, "slash only");

	desc.name = name;
	memset(name, 'x', sizeof(name));
	for (len = REASON_LEN + 1; len >= REASON_LEN - 2; len--) {
		name[len] = '\0';
		if (len >= REASON_LEN)
			expect_bad(test, hw, &desc, "too long a name");
		else
			expect_good(test, hw, &desc, "a long name");
	}
	desc.name = "%s%n";
	expect_good(test, hw, &desc, "a name is no format");
}

/* DR10: each number of a policy is looked at; which are good, policy_test.c knows */
static void register_policy_dr10(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-policy", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_policy policy;
	int i;

	desc.policy = &policy;
	for (i = 0; i < POLICY_FIELDS; i++) {
		policy = devreset_default_policy;
		expect_good(test, hw, &desc, "the default");
		((u32 *)&policy)[i] = U32_MAX;
		expect_bad(test, hw, &desc, "a policy out of range");
	}
}

/* The policy is copied. */
static void register_policy_copied(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-policy", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_policy policy = devreset_default_policy;

	policy.retry_interval_ms = 100;
	desc.policy = &policy;
	hw->node = devreset_register(&hw->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(hw->node));
	policy.retry_interval_ms = 200;
	KUNIT_EXPECT_EQ(test, to_dr(hw->node)->policy.retry_interval_ms, 100U);
	hw_unregister(test, hw);
}

/* --- taken already --------------------------------------------------------------- */

static void register_twice(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-twice", NULL);
	struct devreset_desc desc = desc_of(hw);
	unsigned int nodes = hw_nodes(test) + 1, scope;
	struct devreset_node *again;

	hw_register(test, hw, DEVRESET_FUNCTION);
	desc.name = "drt-other-name";
	for (scope = DEVRESET_COMPONENT; scope <= DEVRESET_PLATFORM; scope++) {
		desc.scope = scope;
		again = devreset_register(&hw->dev, &desc);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(again), -EEXIST);
		devreset_unregister(again);
		KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);
	}
	hw_settle(test, hw);
	expect_untouched(test, hw);
	hw_unregister(test, hw);
	expect_no_node(test, hw, desc.name);
	expect_good(test, hw, &desc, "after the first has gone");
}

/* Members, and nodes with a given parent, are no second node of their device. */
static void register_beside(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-beside", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_node *member, *member2, *given;

	hw_register(test, hw, DEVRESET_FUNCTION);
	desc.ops = &hw_member_ops;
	desc.scope = DEVRESET_MEMBER;
	desc.name = "drt-member";
	member = devreset_register(&hw->dev, &desc);
	desc.name = "drt-member2";
	member2 = devreset_register(&hw->dev, &desc);
	desc.name = "drt-given";
	desc.ops = &hw_ops;
	desc.scope = DEVRESET_COMPONENT;
	desc.parent = hw->node;
	given = devreset_register(&hw->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(member), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(member2), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(given), 0);
	if (!IS_ERR(member) && !IS_ERR(member2) && !IS_ERR(given)) {
		KUNIT_EXPECT_PTR_EQ(test, hw_above(member), hw->node);
		KUNIT_EXPECT_PTR_EQ(test, hw_above(member2), hw->node);
		KUNIT_EXPECT_PTR_EQ(test, hw_above(given), hw->node);
	}
	devreset_unregister(member2);
	devreset_unregister(given);
	devreset_unregister(member);
	hw_unregister(test, hw);
}

static int arm_it(COMPAT_ADD_DEV_ARGS)
{
	/* As a write to policy/check_interval_ms does */
	__devreset_tick(&container_of(dev, struct dr_node, dev)->pub);
	return 0;
}

/* User space was faster than what then made registering fail. */
static void register_fails_late(struct kunit *test)
{
	struct class_interface user = { .add_dev = arm_it };
	struct hw *hw = hw_add(test, "drt-late", NULL);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_node *second;

	hw_register(test, hw, DEVRESET_FUNCTION);
	user.class = to_dr(hw->node)->dev.class;
	KUNIT_ASSERT_EQ(test, class_interface_register(&user), 0);
	desc.name = "drt-late-too";
	second = devreset_register(&hw->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(second), -EEXIST);
	class_interface_unregister(&user);
	hw_unregister(test, hw);
}

/* The name is refused before sysfs sees it, which would complain loudly. */
static void register_name_taken(struct kunit *test)
{
	struct hw *first = hw_add(test, "drt-first", NULL);
	struct hw *second = hw_add(test, "drt-second", NULL);
	struct devreset_desc desc = desc_of(second);
	unsigned int nodes = hw_nodes(test) + 1;
	int i;

	hw_register(test, first, DEVRESET_FUNCTION);
	desc.name = dev_name(&first->dev);
	for (i = 0; i < 3; i++) {
		second->node = devreset_register(&second->dev, &desc);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(second->node), -EEXIST);
		devreset_unregister(second->node);
		KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);
	}
	second->node = NULL;
	expect_no_node(test, second, dev_name(&second->dev));
	expect_untouched(test, first);
	hw_unregister(test, first);
	expect_good(test, second, &desc, "the name is free again");
}

/* --- parents --------------------------------------------------------------------- */

static void register_parent_below(struct kunit *test)
{
	struct hw *top = hw_add(test, "drt-top", NULL);
	struct hw *middle = hw_add(test, "drt-middle", top);
	struct hw *low = hw_add(test, "drt-low", middle);
	struct devreset_desc desc = desc_of(top);

	hw_register(test, low, DEVRESET_FUNCTION);
	hw_register(test, middle, DEVRESET_FUNCTION);
	desc.parent = low->node;
	announce(WARN_LOOP);
	top->node = devreset_register(&top->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(top->node), -ELOOP);
	devreset_unregister(top->node);
	desc.parent = middle->node;
	top->node = devreset_register(&top->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(top->node), -ELOOP);
	devreset_unregister(top->node);
	top->node = NULL;
	expect_no_node(test, top, desc.name);
	expect_untouched(test, low);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(low->node), middle->node);
	KUNIT_EXPECT_TRUE(test, !hw_above(middle->node));
}

static void register_parent_gone(struct kunit *test)
{
	struct hw *above = hw_add(test, "drt-above", NULL);
	struct hw *hw = hw_add(test, "drt-below", above);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_node *gone;

	hw_register(test, above, DEVRESET_PLATFORM);
	gone = devreset_get(above->node);
	above->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_unregister(gone), 0);
	desc.parent = gone;
	hw->node = devreset_register(&hw->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(hw->node), -ENODEV);
	devreset_unregister(hw->node);
	hw->node = NULL;
	expect_no_node(test, hw, desc.name);
	devreset_put(gone);
	expect_no_node(test, above, dev_name(&above->dev));
}

/* --- unregistering ------------------------------------------------------------------ */

static void unregister_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, devreset_unregister(NULL), 0);
	KUNIT_EXPECT_EQ(test, devreset_unregister(ERR_PTR(-EINVAL)), 0);
	KUNIT_EXPECT_EQ(test, devreset_unregister(ERR_PTR(-EEXIST)), 0);
}

/* A node that has gone says so, to whoever still holds it (DR8). */
static void unregister_twice_dr8(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-gone", NULL);
	struct devreset_params params = { hw_complete, hw };
	struct devreset_node *node;

	hw_register(test, hw, DEVRESET_FUNCTION);
	node = devreset_get(hw->node);
	hw->node = NULL;
	KUNIT_EXPECT_EQ(test, devreset_unregister(node), 0);
	KUNIT_EXPECT_EQ(test, devreset_unregister(node), -ENODEV);
	KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_FUNCTION, 0, NULL), -ENODEV);
	KUNIT_EXPECT_EQ(test, devreset_reset(node, DEVRESET_FUNCTION, 0, &params), -ENODEV);
	KUNIT_EXPECT_EQ(test, devreset_recover(node, "too late"), -ENODEV);
	KUNIT_EXPECT_EQ(test, devreset_cancel(node, &params), -ENOENT);
	devreset_busy(node);
	devreset_progress(node);
	devreset_idle(node);
	KUNIT_EXPECT_STREQ(test, devreset_name(node), dev_name(&hw->dev));
	KUNIT_EXPECT_PTR_EQ(test, devreset_device(node), &hw->dev);
	KUNIT_EXPECT_EQ(test, hw_calls(hw), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&hw->calls[CALL_RELEASE]), 1);
	devreset_put(node);
	expect_no_node(test, hw, dev_name(&hw->dev));
}

static int from_within;

static void unregister_own(struct hw *hw, enum call call)
{
	if (call == CALL_RELEASE)
		return;
	announce(WARN_OWN_CALLBACK);
	if (devreset_unregister(hw->node) == -EDEADLK)
		from_within |= BIT(call);
}

/* From each of its own callbacks: refused, and nothing is changed. */
static void unregister_from_within(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-within", NULL);
	struct devreset_params params = { hw_complete, hw };
	struct devreset_node *found;

	hw_register(test, hw, DEVRESET_FUNCTION);
	hw->hook = unregister_own;
	hw->returns[CALL_RESET] = DEVRESET_RESTORE;
	from_within = 0;
	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, &params), 0);
	KUNIT_EXPECT_EQ(test, hw_wait(test, hw), 0);
	hw_settle(test, hw);
	KUNIT_EXPECT_EQ(test, from_within, BIT(CALLS) - 1 - BIT(CALL_RELEASE));
	KUNIT_EXPECT_EQ(test, hw_calls(hw), CALLS - 1U);
	found = devreset_find(&hw->dev);
	KUNIT_EXPECT_PTR_EQ(test, found, hw->node);
	devreset_put(found);

	hw->hook = NULL;
	KUNIT_EXPECT_EQ(test, devreset_reset(hw->node, DEVRESET_FUNCTION, 0, NULL), 0);
	hw_unregister(test, hw);
}

/* --- references ----------------------------------------------------------------------- */

/* DR8: counted references, for the right node */
static void find_dr8(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-find", NULL);
	struct hw *below = hw_add(test, "drt-find-below", hw);
	struct devreset_desc desc = desc_of(hw);
	struct devreset_node *member, *given, *found;
	struct kref *kref;

	KUNIT_EXPECT_TRUE(test, !devreset_find(NULL));
	KUNIT_EXPECT_TRUE(test, !devreset_find(&hw->dev));
	desc.name = "drt-find-member";
	desc.scope = DEVRESET_MEMBER;
	desc.ops = &hw_member_ops;
	member = devreset_register(&hw->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(member));
	found = devreset_find(&hw->dev);
	KUNIT_EXPECT_PTR_EQ(test, found, member);
	devreset_put(found);

	hw_register(test, hw, DEVRESET_FUNCTION);
	kref = &to_dr(hw->node)->dev.kobj.kref;
	found = devreset_find(&hw->dev);
	KUNIT_EXPECT_PTR_EQ(test, found, hw->node);
	KUNIT_EXPECT_EQ(test, kref_read(kref), hw->node_refs + 1);
	KUNIT_EXPECT_PTR_EQ(test, devreset_get(found), found);
	KUNIT_EXPECT_EQ(test, kref_read(kref), hw->node_refs + 2);
	devreset_put(found);
	devreset_put(found);
	KUNIT_EXPECT_EQ(test, kref_read(kref), hw->node_refs);
	devreset_put(NULL);

	/* One whose parent was given is nobody's to find. */
	desc = desc_of(below);
	desc.parent = hw->node;
	given = devreset_register(&below->dev, &desc);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(given), 0);
	KUNIT_EXPECT_TRUE(test, !devreset_find(&below->dev));
	devreset_unregister(given);
	devreset_unregister(member);
	hw_unregister(test, hw);
}

static void look_at_node(struct kunit *test)
{
	struct hw *hw = hw_add(test, "drt-look", NULL);

	hw_register(test, hw, DEVRESET_FUNCTION);
	KUNIT_EXPECT_STREQ(test, devreset_name(hw->node), "drt-look");
	KUNIT_EXPECT_PTR_EQ(test, devreset_device(hw->node), &hw->dev);
	KUNIT_EXPECT_EQ(test, (int)devreset_state(hw->node), (int)DEVRESET_HEALTHY);
	KUNIT_EXPECT_PTR_EQ(test, hw->node->data, (void *)hw);
	expect_untouched(test, hw);
	KUNIT_EXPECT_EQ(test, devreset_supported(hw->node), (u32)BIT(DEVRESET_FUNCTION));
	hw->returns[CALL_MAY_RESET] = -EBUSY;
	KUNIT_EXPECT_EQ(test, devreset_supported(hw->node), (u32)BIT(DEVRESET_FUNCTION));
	hw->returns[CALL_MAY_RESET] = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, devreset_supported(hw->node), 0U);
	KUNIT_EXPECT_EQ(test, hw_calls(hw), 3U);
	hw_unregister(test, hw);
}

/* --- devm_ ---------------------------------------------------------------------------- */

static struct devreset_node *probed;
static int probe_returns;

static int toy_probe(struct device *dev)
{
	static const struct devreset_ops ops = { .reset = NULL };
	const struct devreset_desc desc = {
		.name = "drt-devm", .ops = &ops, .scope = DEVRESET_MEMBER,
	};

	probed = devm_devreset_register(dev, &desc);
	return IS_ERR(probed) ? PTR_ERR(probed) : probe_returns;
}

static struct bus_type toy_bus = { .name = "devreset-toy", .probe = toy_probe };
static struct device_driver toy_driver = { .name = "devreset-toy", .bus = &toy_bus };

static void check_devm(struct kunit *test, struct device *dev)
{
	unsigned int nodes = hw_nodes(test);
	struct devreset_node *node;

	probe_returns = 0;
	KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
	node = devreset_find(dev);
	KUNIT_EXPECT_TRUE(test, node && node == probed);
	devreset_put(node);
	KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes + 1);

	device_release_driver(dev);
	KUNIT_EXPECT_TRUE(test, !devreset_find(dev));
	KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);

	/* The driver gives up after it has registered the node. */
	probe_returns = -EIO;
	KUNIT_EXPECT_NE(test, device_attach(dev), 1);
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(probed));
	KUNIT_EXPECT_TRUE(test, !devreset_find(dev));
	KUNIT_EXPECT_EQ(test, hw_nodes(test), nodes);
}

/* The node goes with its driver. */
static void devm_register(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, bus_register(&toy_bus), 0);
	KUNIT_EXPECT_EQ(test, driver_register(&toy_driver), 0);
	probe_returns = -ENODEV;
	check_devm(test, &hw_add_to(test, "drt-devm", NULL, &toy_bus)->dev);
	driver_unregister(&toy_driver);
	hw_exit(test);
	bus_unregister(&toy_bus);
	test->priv = NULL;
}

static struct kunit_case api_cases[] = {
	KUNIT_CASE(register_ops),
	KUNIT_CASE(register_null),
	KUNIT_CASE(register_scope),
	KUNIT_CASE(register_name),
	KUNIT_CASE(register_policy_dr10),
	KUNIT_CASE(register_policy_copied),
	KUNIT_CASE(register_twice),
	KUNIT_CASE(register_beside),
	KUNIT_CASE(register_fails_late),
	KUNIT_CASE(register_name_taken),
	KUNIT_CASE(register_parent_below),
	KUNIT_CASE(register_parent_gone),
	KUNIT_CASE(unregister_nothing),
	KUNIT_CASE(unregister_twice_dr8),
	KUNIT_CASE(unregister_from_within),
	KUNIT_CASE(find_dr8),
	KUNIT_CASE(look_at_node),
	KUNIT_CASE(devm_register),
	{ }
};

static struct kunit_suite api_suite = {
	.name = "devreset_api",
	.init = hw_init,
	.exit = hw_exit,
	.test_cases = api_cases,
};

kunit_test_suite(api_suite);
MODULE_DESCRIPTION("KUnit: devreset, what drivers call");
MODULE_LICENSE("GPL");
