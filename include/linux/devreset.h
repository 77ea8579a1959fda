/* SPDX-License-Identifier: GPL-2.0 */
/*
 * devreset: bring malfunctioning devices back.
 *
 * A node is anything that can be reset. A ladder is the path from a node to
 * the root. Nodes form a tree that follows the device model; resetting a node
 * means
 *
 *	dump -> quiesce the subtree, children first -> reset the node ->
 *	restore and resume the subtree, parents first -> check
 *
 * and recovering a node means to do that on the node, and while it is not
 * cured, on its ancestors.
 *
 * A driver describes its device by a struct devreset_ops, registers a node,
 * and says on its I/O path when work is outstanding. The rest is the core's.
 *
 * A node pointer from devreset_register() may be used until devreset_unregister()
 * returns; longer, and if it comes from elsewhere, only with a reference of its
 * own (devreset_get(), devreset_find()).
 */
#ifndef _LINUX_DEVRESET_H
#define _LINUX_DEVRESET_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/devreset_policy.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <uapi/linux/devreset.h>

/* Of all modules, tools and packages. The first entry of NEWS is about it. */
#define DEVRESET_VERSION "0.1.0"

struct device;
struct devreset_dump;
struct module;
struct seq_buf;

/**
 * struct devreset_node - a node, as drivers see it
 * @data: the driver's own, from &struct devreset_desc.data
 *
 * One cache line, written by the driver's I/O path only (see
 * devreset_busy()). Everything else about a node is the core's.
 */
struct devreset_node {
	void *data;
	/* private: the hang clock */
	unsigned long stamp;	/* jiffies of the last sign of progress */
	bool busy;		/* work is outstanding */
	bool ticking;		/* the core looks at this node by itself */
} ____cacheline_aligned_in_smp;

/*
 * What a reset, or its completion, may say beside its status. Returned by
 * ops->reset (a value >= 0) or given to devreset_complete().
 */
#define DEVRESET_RESTORE	BIT(0)	/* ops->restore of this node is needed (ND2) */
#define DEVRESET_SOFT_ERROR	BIT(1)	/* it worked, not without trouble (ND1) */
#define DEVRESET_RESULT_FLAGS	(DEVRESET_RESTORE | DEVRESET_SOFT_ERROR)

/* Flags of ops->may_reset */
#define DEVRESET_MAY_AUTO	BIT(0)	/* not asked for: the ladder came here by itself */
#define DEVRESET_MAY_ASK	BIT(1)	/* only a question, of any user: see ops->may_reset */
#define DEVRESET_MAY_FORCE	BIT(2)	/* an operator insists: what is in use is no obstacle */

/**
 * struct devreset_attempt - what a reset is made for
 * @flags: DEVRESET_MAY_AUTO, DEVRESET_MAY_FORCE
 * @step: how many of the node's methods to pass by: those that this request, or the
 *	one whose cure did not last, has used. Beyond the last method: the last
 * @method: exactly this one, or DEVRESET_METHOD_ANY
 */
struct devreset_attempt {
	unsigned int flags;
	unsigned int step;
	enum devreset_method method;
};

/**
 * struct devreset_ops - how a device is checked, stopped, reset and restored
 * @may_reset: is a reset of this node possible now? Asked before anything is
 *	touched. 0, -EOPNOTSUPP (never, on this hardware), -EBUSY (a driver in
 *	the subtree would not survive it; name it in the log), or -EAGAIN (a
 *	lock was busy). Optional. With DEVRESET_MAY_ASK an unprivileged reader
 *	of sysfs asks, and must not influence anything: answer from what is
 *	known; take no lock of a device, touch no hardware, do not log, and
 *	unregister no node. devreset_unregister() waits for such an answer.
 * @reset: reset the node, and nothing else. All below is quiesced. @gen
 *	names this attempt. Returns 0 or a mask of DEVRESET_RESTORE and
 *	DEVRESET_SOFT_ERROR when it worked; -EINPROGRESS when it goes on and
 *	devreset_complete() will be called with @gen (ND1); -EAGAIN when a
 *	bus lock was busy, for the core to try again within the attempt's
 *	deadline; -EALREADY when the device was being reset anyway; any other
 *	errno when it failed. -EOPNOTSUPP, -ENOTTY and -EBUSY mean that
 *	nothing was touched. Bus locks may only be tried. Required, but for a
 *	member, which must not have it.
 * @check: does the device work? 0, or an errno and optionally a @reason (a
 *	string constant). Called while work is outstanding, and after a reset;
 *	must not report a hang before the device is initialised (ND9, ND10).
 *	-EAGAIN: it cannot be checked now (others recover it, or have locked what
 *	has to be looked at): neither healthy nor hung. Asked again, after a reset
 *	until the deadline; then that success is said not to be verified.
 *	Optional.
 * @quiesce: stop the device and what uses it, and wait until it has stopped.
 *	May be called on a device that is quiesced already. On an error the reset
 *	goes on, and @resume is told (DR11).
 * @restore: write back what a reset of this node, or of one above, wiped.
 * @resume: @status 0: go on where @quiesce stopped. -EIO: the device was not
 *	stopped or not reset properly: trust nothing about it, rebuild from
 *	scratch, or leave it stopped and return an errno, which the next check
 *	finds (a further attempt begins with another @quiesce). Required with @quiesce.
 * @isolate: recovery of the node, or of one below it that is a part of its device, has
 *	failed, and policy/final there says "isolate": keep the device from memory,
 *	interrupts and network until the next reset of it. 0 or an errno; -EAGAIN: a bus
 *	lock was busy. Optional.
 * @dump: write diagnostics with devreset_dump_write() (DR13). Optional.
 * @methods: how a reset as @attempt says would be made now: one line a device that it
 *	reaches, "NAME DRIVER METHOD" or "NAME DRIVER refused: REASON". As @may_reset
 *	with DEVRESET_MAY_ASK: for unprivileged readers, at the same time as any other
 *	callback; takes no lock of a device and touches no hardware. Optional.
 * @release: last call, no other callback runs or will. Optional.
 *
 * All are called in process context with no lock of the core's held, never
 * two at a time for one node, and none after devreset_unregister() returned.
 * But for @may_reset with DEVRESET_MAY_ASK: that is called at any time before
 * the end, beside any other callback and beside itself.
 */
struct devreset_ops {
	int (*may_reset)(struct devreset_node *node, unsigned int flags);
	int (*reset)(struct devreset_node *node, u32 gen);
	int (*check)(struct devreset_node *node, const char **reason);
	int (*quiesce)(struct devreset_node *node);
	int (*restore)(struct devreset_node *node);
	int (*resume)(struct devreset_node *node, int status);
	int (*isolate)(struct devreset_node *node);
	void (*dump)(struct devreset_node *node, struct devreset_dump *dump);
	void (*methods)(struct devreset_node *node, const struct devreset_attempt *attempt,
			struct seq_buf *out);
	void (*release)(struct devreset_node *node);
};

struct devreset_provider;

/**
 * struct devreset_desc - what a node is made from
 * @name: as in sysfs, unique, without '/'
 * @ops: callbacks; must stay until devreset_unregister() returned
 * @scope: what the node's own reset reaches, or DEVRESET_MEMBER
 * @data: for &struct devreset_node.data
 * @parent: the node above; NULL: found by walking up the device model. What
 *	is below the device in the model finds a node with a given parent only
 *	if a provider made it
 * @policy: initial policy; NULL: devreset_default_policy
 * @stall_ms: work outstanding for so long without progress is a hang (ND14);
 *	0: only @ops->check finds one
 * @provider: the provider that made it, or NULL
 *
 * Only read by devreset_register().
 */
struct devreset_desc {
	const char *name;
	const struct devreset_ops *ops;
	enum devreset_scope scope;
	void *data;
	struct devreset_node *parent;
	const struct devreset_policy *policy;
	unsigned int stall_ms;
	struct devreset_provider *provider;
};

/**
 * struct devreset_provider - makes nodes for the devices of a bus
 * @name: the word for it in /sys/class/devreset/manage
 * @owner: THIS_MODULE
 * @probe: make a node for @dev by devreset_register() with desc.provider set
 *	to @provider; 0, or -ENODEV if @dev is not of this bus. May sleep.
 * @find: the device of that name, with a reference, or ERR_PTR(-ENODEV), or
 *	ERR_PTR(-EINVAL) if that is no name on this bus. May sleep.
 * @identity: write what tells @dev from another device at the same place (vendor and
 *	device id, serial number, permanent address); 0, or -ENODEV if @dev is not of
 *	this bus. Without one nothing outlives the nodes of its devices. May sleep. Optional.
 *
 * A node made by a provider goes with the last node that needs it.
 */
struct devreset_provider {
	const char *name;
	struct module *owner;
	int (*probe)(struct devreset_provider *provider, struct device *dev);
	struct device *(*find)(const char *name);
	int (*identity)(struct device *dev, char *buf, size_t size);
	/* private: */
	struct list_head link;
	unsigned int users;
};

int devreset_provider_register(struct devreset_provider *provider);
void devreset_provider_unregister(struct devreset_provider *provider);
struct devreset_node *devreset_provider_node(const struct devreset_provider *provider,
					     struct device *dev);
void devreset_device_added(struct devreset_provider *provider, const char *name);

struct devreset_node *devreset_register(struct device *dev,
					const struct devreset_desc *desc);
int devreset_unregister(struct devreset_node *node);
struct devreset_node *devm_devreset_register(struct device *dev,
					     const struct devreset_desc *desc);

int devreset_rename(struct devreset_node *node, const char *name);

struct devreset_node *devreset_find(struct device *dev);
struct devreset_node *devreset_get(struct devreset_node *node);
void devreset_put(struct devreset_node *node);
const char *devreset_name(const struct devreset_node *node);
struct device *devreset_device(const struct devreset_node *node);
enum devreset_state devreset_state(const struct devreset_node *node);
unsigned int devreset_supported(struct devreset_node *node);

/**
 * struct devreset_params - completion of a function-level reset (DR4)
 * @complete: called exactly once, in process context, with the final status
 * @context: for @complete
 *
 * Copied by devreset_reset().
 */
struct devreset_params {
	void (*complete)(struct devreset_node *node, void *context, int status);
	void *context;
};

int devreset_reset(struct devreset_node *node, enum devreset_scope scope,
		   unsigned int flags, const struct devreset_params *params);
int devreset_cancel(struct devreset_node *node,
		    const struct devreset_params *params);
int devreset_recover(struct devreset_node *node, const char *reason);
int devreset_complete(struct devreset_node *node, u32 gen, int status,
		      unsigned int flags);

/* Flags of devreset_in_use() */
#define DEVRESET_IN_USE_NO_NET	BIT(0)	/* interfaces don't count */
#define DEVRESET_IN_USE_MEDIA	BIT(1)	/* of block devices, only removable media count */
#define DEVRESET_IN_USE_HELD	BIT(2)	/* of block devices, only those that are held count */

int devreset_in_use(struct device *dev, unsigned int flags, char *why, size_t len);
#if IS_ENABLED(CONFIG_BLOCK)
unsigned int devreset_oldest_io(struct device *dev);
unsigned int devreset_expire_io(struct device *dev, unsigned int age_ms);
unsigned int devreset_io_in_flight(struct device *dev);
#else
static inline unsigned int devreset_oldest_io(struct device *dev) { return 0; }
static inline unsigned int devreset_expire_io(struct device *dev, unsigned int age_ms)
{
	return 0;
}

static inline unsigned int devreset_io_in_flight(struct device *dev) { return 0; }
#endif

const struct devreset_attempt *devreset_attempt(const struct devreset_node *node);
void devreset_used(struct devreset_node *node, enum devreset_method method, bool more);
const struct devreset_policy *devreset_policy_of(const struct devreset_node *node);
bool devreset_consents(const struct devreset_node *node, enum devreset_scope scope);

void devreset_run_as(struct devreset_node *node);
int devreset_external_begin(struct devreset_node *node);
void devreset_external_end(struct devreset_node *node, int status);

int devreset_dump_write(struct devreset_dump *dump, const void *data, size_t len);
__printf(2, 3)
int devreset_dump_printf(struct devreset_dump *dump, const char *fmt, ...);

/* private: the slow path of devreset_busy() */
void __devreset_tick(struct devreset_node *node);

/**
 * devreset_busy - say that work is outstanding
 * @node: the node
 *
 * For the I/O path: two loads and at most two stores to the node's own cache
 * line; only the first call after a quiet time does more (it starts the hang
 * clock). A node that is busy already is left alone, so that a queue that is
 * fed but never drained is still found to be stalled.
 *
 * Context: any, hard interrupts included. Lock-free: a driver whose busy and
 * idle calls may race orders them by the lock that its queue has anyway.
 * Contract: ND14, ND15.
 */
static inline void devreset_busy(struct devreset_node *node)
{
	barrier();
	/*
	 * A byte cannot tear, and the compiler tests it in memory, which it
	 * does not do with READ_ONCE().
	 */
	if (!data_race(node->busy)) {
		WRITE_ONCE(node->stamp, jiffies);
		/* A reader that sees it busy sees the stamp; no barrier on x86. */
		smp_store_release(&node->busy, true);
	}
	barrier();
	/* To be read after what says that it is busy was set; see clock.c. */
	if (unlikely(!data_race(node->ticking)))
		__devreset_tick(node);
}

/**
 * devreset_progress - say that some work was done, and some is left
 * @node: the node
 *
 * Context: any. One store. Contract: ND14.
 */
static inline void devreset_progress(struct devreset_node *node)
{
	WRITE_ONCE(node->stamp, jiffies);
}

/**
 * devreset_idle - say that no work is outstanding
 * @node: the node
 *
 * Context: any. One store. Contract: ND15.
 */
static inline void devreset_idle(struct devreset_node *node)
{
	WRITE_ONCE(node->busy, false);
}

#endif /* _LINUX_DEVRESET_H */
