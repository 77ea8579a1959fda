// SPDX-License-Identifier: GPL-2.0
/*
 * The tree: a node finds its parent by walking up the device model, one that
 * appears later above others adopts them, one that goes leaves them to the
 * node above; providers make what is missing.
 */
#include <linux/module.h>
#include <linux/string.h>
#include "hw.h"

/* --- adopting ------------------------------------------------------------------- */

/*
 * Five devices with a node, and one that never has any, in between. The node of
 * "other" is a member.
 *
 *	root - bus - plain - function - leaf
 *	           \ other
 */
#define TREE	5

struct tree {
	struct hw *hw[TREE];
	enum devreset_scope scope[TREE];
	bool there[TREE];
};

static void make_tree(struct kunit *test, struct tree *tree)
{
	struct hw *plain;

	memset(tree, 0, sizeof(*tree));
	tree->hw[0] = hw_add(test, "drt-root", NULL);
	tree->hw[1] = hw_add(test, "drt-bus", tree->hw[0]);
	plain = hw_add(test, "drt-plain", tree->hw[1]);
	tree->hw[2] = hw_add(test, "drt-function", plain);
	tree->hw[3] = hw_add(test, "drt-leaf", tree->hw[2]);
	tree->hw[4] = hw_add(test, "drt-other", tree->hw[1]);
	tree->scope[0] = DEVRESET_PLATFORM;
	tree->scope[1] = DEVRESET_PLATFORM;
	tree->scope[2] = DEVRESET_FUNCTION;
	tree->scope[3] = DEVRESET_COMPONENT;
	tree->scope[4] = DEVRESET_MEMBER;
}

/* What the device model says: the nearest device above that has a node now */
static struct devreset_node *nearest(struct tree *tree, int i)
{
	struct device *dev;
	int j;

	for (dev = tree->hw[i]->dev.parent; dev; dev = dev->parent)
		for (j = 0; j < TREE; j++)
			if (dev == &tree->hw[j]->dev && tree->there[j])
				return tree->hw[j]->node;
	return NULL;
}

static void check_tree(struct kunit *test, struct tree *tree)
{
	struct dr_node *child;
	int i, children;

	for (i = 0; i < TREE; i++) {
		struct devreset_node *above;
		int j, want = 0;

		if (!tree->there[i])
			continue;
		above = nearest(tree, i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, hw_above(tree->hw[i]->node), above, "%s",
					dev_name(&tree->hw[i]->dev));
		expect_link(test, tree->hw[i], above);
		for (j = 0; j < TREE; j++)
			want += tree->there[j] && nearest(tree, j) == tree->hw[i]->node;
		children = 0;
		list_for_each_entry(child, &to_dr(tree->hw[i]->node)->children, sibling)
			children++;
		KUNIT_EXPECT_EQ(test, children, want);
	}
}

static void come(struct kunit *test, struct tree *tree, int i)
{
	hw_register(test, tree->hw[i], tree->scope[i]);
	tree->there[i] = true;
	check_tree(test, tree);
}

static void go(struct kunit *test, struct tree *tree, int i)
{
	struct devreset_node *node = tree->hw[i]->node;

	tree->hw[i]->node = NULL;
	tree->there[i] = false;
	KUNIT_EXPECT_EQ(test, devreset_unregister(node), 0);
	check_tree(test, tree);
}

/* Those that come and go in all orders; the first stays away. */
#define MOVING	(TREE - 1)

/* The @number-th order of them, of 24 */
static void nth_order(int number, int *order)
{
	bool used[MOVING] = { };
	int i, j, skip, radix;

	for (i = 0; i < MOVING; i++) {
		radix = MOVING - i;
		skip = number % radix;
		number /= radix;
		for (j = 0; used[j] || skip; j++)
			skip -= !used[j];
		used[j] = true;
		order[i] = j + 1;
	}
}

/* Nodes come in every order, and go again in the same, and in the opposite one. */
static void adopt_in_all_orders(struct kunit *test)
{
	struct tree tree;
	int number, i, order[MOVING];

	make_tree(test, &tree);
	for (number = 0; number < 2 * 24; number++) {
		nth_order(number / 2, order);
		for (i = 0; i < MOVING; i++)
			come(test, &tree, order[i]);
		for (i = 0; i < MOVING; i++)
			go(test, &tree, order[number & 1 ? i : MOVING - 1 - i]);
	}
	for (i = 0; i < TREE; i++)
		expect_no_node(test, tree.hw[i], dev_name(&tree.hw[i]->dev));
}

/* Each alone is taken out of the full tree and comes back. */
static void remove_each(struct kunit *test)
{
	struct tree tree;
	int i;

	make_tree(test, &tree);
	for (i = 0; i < TREE; i++)
		come(test, &tree, i);
	for (i = 0; i < TREE; i++) {
		go(test, &tree, i);
		come(test, &tree, i);
	}
}

/* A reset knows the tree as it is after that. */
static void remove_middle_then_reset(struct kunit *test)
{
	struct tree tree;
	int i;

	make_tree(test, &tree);
	for (i = 0; i < TREE; i++)
		come(test, &tree, i);
	go(test, &tree, 1);
	KUNIT_EXPECT_EQ(test, devreset_reset(tree.hw[3]->node, DEVRESET_PLATFORM, 0, NULL), 0);
	hw_settle(test, tree.hw[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&tree.hw[0]->calls[CALL_RESET]), 1);
	KUNIT_EXPECT_EQ(test, hw_calls(tree.hw[1]), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&tree.hw[1]->calls[CALL_RELEASE]), 1);
	for (i = 2; i < TREE; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&tree.hw[i]->calls[CALL_RESET]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&tree.hw[i]->calls[CALL_QUIESCE]), 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&tree.hw[i]->calls[CALL_RESUME]), 1);
	}
}

/* A member of a device is below its anchor, also one that comes later. */
static void adopt_own_members(struct kunit *test)
{
	struct hw *above = hw_add(test, "drt-above", NULL);
	struct hw *hw = hw_add(test, "drt-device", above);
	const struct devreset_desc desc = {
		.name = "drt-member", .ops = &hw_member_ops, .data = hw,
	};
	struct devreset_node *member;

	hw_register(test, above, DEVRESET_PLATFORM);
	member = devreset_register(&hw->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(member));
	KUNIT_EXPECT_PTR_EQ(test, hw_above(member), above->node);
	hw_register(test, hw, DEVRESET_FUNCTION);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(member), hw->node);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(hw->node), above->node);
	devreset_unregister(hw->node);
	hw->node = NULL;
	KUNIT_EXPECT_PTR_EQ(test, hw_above(member), above->node);
	devreset_unregister(member);
	expect_no_node(test, hw, "drt-member");
}

/* --- from within a probe ---------------------------------------------------------- */

/* The driver's node first, then, as a provider makes it, the one above */
static int probe_upwards(struct device *dev)
{
	struct hw *hw = to_hw(dev), *above = to_hw(dev->parent);

	hw->node = hw_try(hw, DEVRESET_FUNCTION);
	above->node = hw_try(above, DEVRESET_PLATFORM);
	return 0;
}

static struct bus_type upwards_bus = { .name = "devreset-upwards", .probe = probe_upwards };
static struct device_driver upwards_driver = {
	.name = "devreset-upwards", .bus = &upwards_bus,
};

/* The driver core lists a device below its parent only when it has been probed. */
static void adopt_from_within_a_probe(struct kunit *test)
{
	struct hw *above = hw_add(test, "drt-above", NULL), *hw;

	KUNIT_ASSERT_EQ(test, bus_register(&upwards_bus), 0);
	KUNIT_EXPECT_EQ(test, driver_register(&upwards_driver), 0);
	hw = hw_add_to(test, "drt-probed", above, &upwards_bus);
	if (!IS_ERR_OR_NULL(hw->node) && !IS_ERR_OR_NULL(above->node)) {
		KUNIT_EXPECT_PTR_EQ(test, hw_above(hw->node), above->node);
		expect_link(test, hw, above->node);
	} else {
		KUNIT_FAIL(test, "not probed");
	}
	devreset_unregister(hw->node);
	devreset_unregister(above->node);
	hw->node = NULL;
	above->node = NULL;
	hw_remove(hw);
	driver_unregister(&upwards_driver);
	bus_unregister(&upwards_bus);
}

/* A given parent stays; when it goes, the node above it takes its place. */
static void given_parent(struct kunit *test)
{
	struct hw *root = hw_add(test, "drt-root", NULL);
	struct hw *line = hw_add(test, "drt-line", root);
	struct hw *far = hw_add(test, "drt-far", NULL);
	struct hw *far_bus = hw_add(test, "drt-far-below", far);
	struct devreset_desc desc = {
		.name = "drt-far-node", .ops = &hw_ops, .scope = DEVRESET_FUNCTION,
		.data = far_bus,
	};

	hw_register(test, root, DEVRESET_PLATFORM);
	hw_register(test, line, DEVRESET_PLATFORM);
	desc.parent = line->node;
	far_bus->node = devreset_register(&far_bus->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(far_bus->node));
	KUNIT_EXPECT_PTR_EQ(test, hw_above(far_bus->node), line->node);
	/* Not adopted by its own device's ancestor */
	hw_register(test, far, DEVRESET_PLATFORM);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(far_bus->node), line->node);
	hw_unregister(test, line);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(far_bus->node), root->node);
	hw_unregister(test, root);
	KUNIT_EXPECT_TRUE(test, !hw_above(far_bus->node));
}

/*
 * A port and the device that is plugged into it are beside each other in the device
 * model. A provider that has the one below the other is found on the way up.
 */
static void given_parent_by_provider(struct kunit *test)
{
	static struct devreset_provider provider;
	struct hw *hub = hw_add(test, "drt-hub", NULL);
	struct hw *port = hw_add(test, "drt-port", hub);
	struct hw *device = hw_add(test, "drt-device", hub);
	struct hw *early = hw_add(test, "drt-early", device);
	struct hw *late = hw_add(test, "drt-late", device);
	struct devreset_desc desc = {
		.name = "drt-device-node", .ops = &hw_ops, .scope = DEVRESET_FUNCTION,
		.data = device, .provider = &provider,
	};

	hw_register(test, hub, DEVRESET_PLATFORM);
	hw_register(test, early, DEVRESET_COMPONENT);
	hw_register(test, port, DEVRESET_PLATFORM);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(early->node), hub->node);
	desc.parent = port->node;
	device->node = devreset_register(&device->dev, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(device->node));
	KUNIT_EXPECT_PTR_EQ(test, hw_above(device->node), port->node);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(early->node), device->node);
	expect_link(test, early, device->node);
	hw_register(test, late, DEVRESET_COMPONENT);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(late->node), device->node);
	KUNIT_EXPECT_PTR_EQ(test, devreset_find(&device->dev), device->node);
	devreset_put(device->node);
	hw_unregister(test, device);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(early->node), hub->node);
	KUNIT_EXPECT_PTR_EQ(test, hw_above(late->node), hub->node);
	expect_link(test, late, hub->node);
}

/* --- providers --------------------------------------------------------------------- */

static int probe_returns;
static unsigned int probes;

static int toy_probe(struct devreset_provider *provider, struct device *dev)
{
	bool bus = strstarts(dev_name(dev), "drt-bus");
	const struct devreset_desc desc = {
		.name = dev_name(dev), .ops = &hw_ops, .provider = provider,
		.scope = bus ? DEVRESET_PLATFORM : DEVRESET_FUNCTION,
		.data = bus ? to_hw(dev) : NULL,
	};
	struct devreset_node *node;

	probes++;
	if (probe_returns)
		return probe_returns;
	if (!bus)
		return -ENODEV;
	node = devreset_register(dev, &desc);
	if (!IS_ERR(node))
		to_hw(dev)->node_refs = kref_read(&to_dr(node)->dev.kobj.kref);
	return PTR_ERR_OR_ZERO(node);
}

static struct device *toy_find(const char *name)
{
	return ERR_PTR(-ENODEV);
}

static struct devreset_provider toy = {
	.name = "toy", .owner = THIS_MODULE, .probe = toy_probe, .find = toy_find,
};

static bool toy_there;

static int add_toy(void)
{
	int ret = devreset_provider_register(&toy);

	toy_there |= !ret;
	return ret;
}

static void remove_toy(void)
{
	if (toy_there)
		devreset_provider_unregister(&toy);
	toy_there = false;
}

static void tree_exit(struct kunit *test)
{
	remove_toy();
	hw_exit(test);
}

static void provider_bad_input(struct kunit *test)
{
	struct devreset_provider bad[] = {
		{ .probe = toy_probe, .find = toy_find },
		{ .name = "toy", .find = toy_find },
		{ .name = "toy", .probe = toy_probe },
		{ },
	};
	struct devreset_provider same = toy;
	int i;

	announce(WARN_PROVIDER);
	KUNIT_EXPECT_EQ(test, devreset_provider_register(NULL), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, devreset_provider_register(&bad[i]), -EINVAL,
				    "%d", i);
	KUNIT_ASSERT_EQ(test, add_toy(), 0);
	KUNIT_EXPECT_EQ(test, add_toy(), -EEXIST);
	KUNIT_EXPECT_EQ(test, devreset_provider_register(&same), -EEXIST);
	remove_toy();
	/* The name is free again. */
	KUNIT_EXPECT_EQ(test, devreset_provider_register(&same), 0);
	devreset_provider_unregister(&same);
}

/* A bus below a bus, and a leaf */
struct chain {
	struct hw *top, *bus, *leaf;
	unsigned int nodes;
};

static struct chain make_chain(struct kunit *test)
{
	struct chain c;

	c.top = hw_add(test, "drt-bus-top", NULL);
	c.bus = hw_add(test, "drt-bus", c.top);
	c.leaf = hw_add(test, "drt-leaf", c.bus);
	c.nodes = hw_nodes(test);
	probe_returns = 0;
	probes = 0;
	return c;
}

static void expect_chain(struct kunit *test, struct chain *c)
{
	struct devreset_node *bus = devreset_find(&c->bus->dev);
	struct devreset_node *top = devreset_find(&c->top->dev);

	KUNIT_EXPECT_EQ(test, hw_nodes(test), c->nodes + 3);
	KUNIT_EXPECT_TRUE(test, bus && top);
	if (bus && top) {
		KUNIT_EXPECT_PTR_EQ(test, hw_above(c->leaf->node), bus);
		KUNIT_EXPECT_PTR_EQ(test, hw_above(bus), top);
		KUNIT_EXPECT_TRUE(test, !hw_above(top));
		expect_link(test, c->leaf, bus);
	}
	devreset_put(bus);
	devreset_put(top);
}

static void expect_no_chain(struct kunit *test, struct chain *c)
{
	expect_no_node(test, c->bus, dev_name(&c->bus->dev));
	expect_no_node(test, c->top, dev_name(&c->top->dev));
}

/* The ancestors are made with the first node below, and go with the last. */
static void provider_first(struct kunit *test)
{
	struct chain c = make_chain(test);
	int i;

	KUNIT_ASSERT_EQ(test, add_toy(), 0);
	expect_no_chain(test, &c);
	for (i = 0; i < 3; i++) {
		hw_register(test, c.leaf, DEVRESET_FUNCTION);
		expect_chain(test, &c);
		hw_unregister(test, c.leaf);
		expect_no_chain(test, &c);
		KUNIT_EXPECT_EQ(test, atomic_xchg(&c.bus->calls[CALL_RELEASE], 0), 1);
		KUNIT_EXPECT_EQ(test, atomic_xchg(&c.top->calls[CALL_RELEASE], 0), 1);
	}
	remove_toy();
}

/* The provider comes when the node is there, and goes before it. */
static void provider_late(struct kunit *test)
{
	struct chain c = make_chain(test);
	int i;

	hw_register(test, c.leaf, DEVRESET_FUNCTION);
	expect_no_chain(test, &c);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, add_toy(), 0);
		expect_chain(test, &c);
		remove_toy();
		expect_no_chain(test, &c);
		KUNIT_EXPECT_TRUE(test, !hw_above(c.leaf->node));
		expect_link(test, c.leaf, NULL);
	}
	hw_unregister(test, c.leaf);
}

/* A node that somebody registered is in the way of none of this. */
static void provider_beside_driver(struct kunit *test)
{
	struct chain c = make_chain(test);

	hw_register(test, c.bus, DEVRESET_PLATFORM);
	hw_register(test, c.leaf, DEVRESET_FUNCTION);
	KUNIT_ASSERT_EQ(test, add_toy(), 0);
	expect_chain(test, &c);
	hw_unregister(test, c.leaf);
	/* The driver's own stays, and so does what is above it. */
	KUNIT_EXPECT_EQ(test, hw_nodes(test), c.nodes + 2);
	hw_unregister(test, c.bus);
	expect_no_chain(test, &c);
	remove_toy();
}

/* A provider that cannot is no reason for a node not to be. */
static void provider_fails(struct kunit *test)
{
	static const struct {
		int error;
		unsigned int probes;
	} cases[] = {
		/* What is further up is asked for all the same. */
		{ -ENODEV, 2 }, { -EIO, 2 }, { -ENOMEM, 2 }, { -EEXIST, 2 },
	};
	struct chain c = make_chain(test);
	int i;

	KUNIT_ASSERT_EQ(test, add_toy(), 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		probe_returns = cases[i].error;
		probes = 0;
		hw_register(test, c.leaf, DEVRESET_FUNCTION);
		KUNIT_EXPECT_EQ(test, probes, cases[i].probes);
		KUNIT_EXPECT_TRUE(test, !hw_above(c.leaf->node));
		hw_unregister(test, c.leaf);
		expect_no_chain(test, &c);
	}
	remove_toy();
}

/* A provider's node that is being reset goes when that is over. */
static void provider_node_in_use(struct kunit *test)
{
	struct chain c = make_chain(test);
	struct devreset_params params = { hw_complete, c.leaf };
	struct devreset_node *bus;

	KUNIT_ASSERT_EQ(test, add_toy(), 0);
	hw_register(test, c.leaf, DEVRESET_FUNCTION);
	bus = devreset_find(&c.bus->dev);
	c.bus->returns[CALL_RESET] = -EINPROGRESS;
	KUNIT_EXPECT_EQ(test, devreset_reset(c.leaf->node, DEVRESET_PLATFORM, 0, &params), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&c.bus->in_reset, 20 * HZ));
	KUNIT_EXPECT_EQ(test, devreset_unregister(c.leaf->node), 0);
	c.leaf->node = NULL;
	KUNIT_EXPECT_EQ(test, c.leaf->status, -ENODEV);
	KUNIT_EXPECT_EQ(test, hw_nodes(test), c.nodes + 2);
	KUNIT_EXPECT_EQ(test, devreset_complete(bus, c.bus->gen, 0, 0), 0);
	devreset_put(bus);
	expect_no_node(test, c.leaf, dev_name(&c.leaf->dev));
	hw_wait_gone(test, c.bus);
	hw_wait_gone(test, c.top);
	expect_no_chain(test, &c);
	remove_toy();
}

static struct kunit_case tree_cases[] = {
	KUNIT_CASE(adopt_in_all_orders),
	KUNIT_CASE(remove_each),
	KUNIT_CASE(remove_middle_then_reset),
	KUNIT_CASE(adopt_own_members),
	KUNIT_CASE(adopt_from_within_a_probe),
	KUNIT_CASE(given_parent),
	KUNIT_CASE(given_parent_by_provider),
	KUNIT_CASE(provider_bad_input),
	KUNIT_CASE(provider_first),
	KUNIT_CASE(provider_late),
	KUNIT_CASE(provider_beside_driver),
	KUNIT_CASE(provider_fails),
	KUNIT_CASE(provider_node_in_use),
	{ }
};

static struct kunit_suite tree_suite = {
	.name = "devreset_tree",
	.init = hw_init,
	.exit = tree_exit,
	.test_cases = tree_cases,
};

kunit_test_suite(tree_suite);
