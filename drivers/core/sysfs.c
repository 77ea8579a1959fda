// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/devreset: the ABI, see Documentation/ABI/testing/sysfs-class-devreset.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/devreset.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "../compat.h"
#include "core.h"

static struct dr_node *dev_to_dr(struct device *dev)
{
	return container_of(dev, struct dr_node, dev);
}

/*
 * The word that was written, without its newline: what follows a NUL would
 * otherwise go unseen. Every write comes through here.
 */
static int get_word(const char *buf, size_t count, char *word, size_t size)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (count && buf[count - 1] == '\n')
		count--;
	if (!count || count >= size || strnlen(buf, count) != count ||
	    memchr(buf, '\n', count))
		return -EINVAL;
	memcpy(word, buf, count);
	word[count] = '\0';
	return 0;
}

static int scope_by_name(const char *word)
{
	int i;

	for (i = DEVRESET_COMPONENT; i <= DEVRESET_PLATFORM; i++)
		if (!strcmp(word, dr_scope_name(i)))
			return i;
	return -EINVAL;
}

/* --- the node ---------------------------------------------------------------- */

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	char word[16];
	int ret;

	ret = get_word(buf, count, word, sizeof(word));
	if (ret)
		return ret;
	if (!strcmp(word, "recover"))
		ret = DEVRESET_MEMBER;
	else
		ret = scope_by_name(word);
	if (ret < 0)
		return ret;
	ret = request_and_wait(dev_to_dr(dev), ret, "operator");
	return ret ?: count;
}
static DEVICE_ATTR_WO(reset);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dr_state_name(READ_ONCE(dev_to_dr(dev)->hist.state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t scope_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dr_scope_name(dev_to_dr(dev)->scope));
}
static DEVICE_ATTR_RO(scope);

static ssize_t supported_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int scopes = devreset_supported(&dev_to_dr(dev)->pub);
	int i, len = 0;

	for (i = DEVRESET_COMPONENT; i <= DEVRESET_PLATFORM; i++)
		if (scopes & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     dr_scope_name(i));
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(supported);

static struct attribute *node_attrs[] = {
	&dev_attr_reset.attr,
	&dev_attr_state.attr,
	&dev_attr_scope.attr,
	&dev_attr_supported.attr,
	NULL
};

/* --- policy/ ------------------------------------------------------------------- */

struct number_attr {
	struct device_attribute attr;
	int index;
};

static int index_of(struct device_attribute *attr)
{
	return container_of(attr, struct number_attr, attr)->index;
}

static ssize_t policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 *policy = (u32 *)&dev_to_dr(dev)->policy;
	int field = index_of(attr);
	u32 value = READ_ONCE(policy[field]);

	if (field == POLICY_CEILING)
		return sysfs_emit(buf, "%s\n", dr_scope_name(value));
	return sysfs_emit(buf, "%u\n", value);
}

static int parse_policy(enum policy_field field, const char *word, u32 *value)
{
	int scope;

	if (field == POLICY_CEILING) {
		scope = scope_by_name(word);
		if (scope < 0)
			return scope;
		*value = scope;
		return 0;
	}
	/* kstrtouint() takes a sign. */
	if (!isdigit(word[0]) || kstrtouint(word, 10, value))
		return -EINVAL;
	return policy_value_ok(field, *value) ? 0 : -EINVAL;
}

static ssize_t policy_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct dr_node *node = dev_to_dr(dev);
	int field = index_of(attr);
	char word[16];
	u32 value;
	int ret;

	ret = get_word(buf, count, word, sizeof(word)) ?:
	      parse_policy(field, word, &value);
	if (ret)
		return ret;
	WRITE_ONCE(((u32 *)&node->policy)[field], value);
	if (field == POLICY_CHECK_INTERVAL_MS || field == POLICY_CHECK_IDLE)
		clock_policy_changed(node);
	return count;
}

/* Not by __ATTR(), which expands the name: "auto" is a macro by now. */
#define NUMBER_ATTR(_group, _name, _mode, _store, _index)		\
	static struct number_attr _group##_##_name = {			\
		.attr = {						\
			.attr = { .name = #_name, .mode = _mode },	\
			.show = _group##_show,				\
			.store = _store,				\
		},							\
		.index = _index,					\
	}

#define POLICY_ATTR(_name, _index) \
	NUMBER_ATTR(policy, _name, 0644, policy_store, _index)

NUMBER_ATTR(policy, auto, 0644, policy_store, POLICY_AUTOMATIC);
POLICY_ATTR(ceiling, POLICY_CEILING);
POLICY_ATTR(max_attempts, POLICY_MAX_ATTEMPTS);
POLICY_ATTR(retry_interval_ms, POLICY_RETRY_INTERVAL_MS);
POLICY_ATTR(reset_timeout_ms, POLICY_RESET_TIMEOUT_MS);
POLICY_ATTR(check_interval_ms, POLICY_CHECK_INTERVAL_MS);
POLICY_ATTR(check_idle, POLICY_CHECK_IDLE);
POLICY_ATTR(probation_ms, POLICY_PROBATION_MS);
POLICY_ATTR(max_recoveries, POLICY_MAX_RECOVERIES);
POLICY_ATTR(window_ms, POLICY_WINDOW_MS);

static struct attribute *policy_attrs[] = {
	&policy_auto.attr.attr,
	&policy_ceiling.attr.attr,
	&policy_max_attempts.attr.attr,
	&policy_retry_interval_ms.attr.attr,
	&policy_reset_timeout_ms.attr.attr,
	&policy_check_interval_ms.attr.attr,
	&policy_check_idle.attr.attr,
	&policy_probation_ms.attr.attr,
	&policy_max_recoveries.attr.attr,
	&policy_window_ms.attr.attr,
	NULL
};

/* --- last/ ----------------------------------------------------------------------- */

enum last_field {
	LAST_STATUS,
	LAST_SCOPE,
	LAST_REASON,
	LAST_DURATION_US,
	LAST_ATTEMPTS,
	LAST_CURED_BY,
};

static ssize_t last_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct dr_node *node = dev_to_dr(dev);
	unsigned long flags;
	struct last last;

	spin_lock_irqsave(&dr_lock, flags);
	last = node->last;
	spin_unlock_irqrestore(&dr_lock, flags);

	switch (index_of(attr)) {
	case LAST_STATUS:
		return sysfs_emit(buf, "%d\n", last.status);
	case LAST_SCOPE:
		return sysfs_emit(buf, "%s\n", last.scope ? dr_scope_name(last.scope) : "none");
	case LAST_REASON:
		return sysfs_emit(buf, "%s\n", last.reason[0] ? last.reason : "none");
	case LAST_DURATION_US:
		return sysfs_emit(buf, "%llu\n", last.duration_us);
	case LAST_ATTEMPTS:
		return sysfs_emit(buf, "%u\n", last.attempts);
	default:
		return sysfs_emit(buf, "%s\n", last.cured_by[0] ? last.cured_by : "none");
	}
}

#define LAST_ATTR(_name, _index) NUMBER_ATTR(last, _name, 0444, NULL, _index)

LAST_ATTR(status, LAST_STATUS);
LAST_ATTR(scope, LAST_SCOPE);
LAST_ATTR(reason, LAST_REASON);
LAST_ATTR(duration_us, LAST_DURATION_US);
LAST_ATTR(attempts, LAST_ATTEMPTS);
LAST_ATTR(cured_by, LAST_CURED_BY);

static struct attribute *last_attrs[] = {
	&last_status.attr.attr,
	&last_scope.attr.attr,
	&last_reason.attr.attr,
	&last_duration_us.attr.attr,
	&last_attempts.attr.attr,
	&last_cured_by.attr.attr,
	NULL
};

/* --- stats/ ----------------------------------------------------------------------- */

static ssize_t stats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct dr_node *node = dev_to_dr(dev);

	return sysfs_emit(buf, "%lu\n",
			  (unsigned long)atomic_long_read(&node->stats[index_of(attr)]));
}

#define STATS_ATTR(_name, _index) NUMBER_ATTR(stats, _name, 0444, NULL, _index)

STATS_ATTR(requests, STAT_REQUESTS);
STATS_ATTR(joined, STAT_JOINED);
STATS_ATTR(successes, STAT_SUCCESSES);
STATS_ATTR(failures, STAT_FAILURES);
STATS_ATTR(escalations, STAT_ESCALATIONS);
STATS_ATTR(hangs, STAT_HANGS);
STATS_ATTR(attempts, STAT_ATTEMPTS);
STATS_ATTR(timeouts, STAT_TIMEOUTS);
STATS_ATTR(soft_errors, STAT_SOFT_ERRORS);
STATS_ATTR(external, STAT_EXTERNAL);
STATS_ATTR(quiesced, STAT_QUIESCED);

static struct attribute *stats_attrs[] = {
	&stats_requests.attr.attr,
	&stats_joined.attr.attr,
	&stats_successes.attr.attr,
	&stats_failures.attr.attr,
	&stats_escalations.attr.attr,
	&stats_hangs.attr.attr,
	&stats_attempts.attr.attr,
	&stats_timeouts.attr.attr,
	&stats_soft_errors.attr.attr,
	&stats_external.attr.attr,
	&stats_quiesced.attr.attr,
	NULL
};

static const struct attribute_group node_group = { .attrs = node_attrs };
static const struct attribute_group policy_group = {
	.name = "policy", .attrs = policy_attrs,
};

static const struct attribute_group last_group = {
	.name = "last", .attrs = last_attrs,
};

static const struct attribute_group stats_group = {
	.name = "stats", .attrs = stats_attrs,
};

const struct attribute_group *dr_groups[] = {
	&node_group,
	&policy_group,
	&last_group,
	&stats_group,
	NULL
};

/* --- the class ---------------------------------------------------------------------- */

/* "pci 0000:01:00.0" */
static ssize_t manage(const char *buf, size_t count, bool on)
{
	char word[64], *name = word, *bus;
	int ret;

	ret = get_word(buf, count, word, sizeof(word));
	if (ret)
		return ret;
	bus = strsep(&name, " ");
	if (!*bus || !name || !*name || strchr(name, ' '))
		return -EINVAL;
	ret = dr_manage(bus, name, on);
	return ret ?: count;
}

static ssize_t manage_store(COMPAT_CLASS_CONST struct class *class,
			    COMPAT_CLASS_CONST struct class_attribute *attr,
			    const char *buf, size_t count)
{
	return manage(buf, count, true);
}
static CLASS_ATTR_WO(manage);

static ssize_t unmanage_store(COMPAT_CLASS_CONST struct class *class,
			      COMPAT_CLASS_CONST struct class_attribute *attr,
			      const char *buf, size_t count)
{
	return manage(buf, count, false);
}
static CLASS_ATTR_WO(unmanage);

static struct attribute *class_attrs[] = {
	&class_attr_manage.attr,
	&class_attr_unmanage.attr,
	NULL
};
ATTRIBUTE_GROUPS(class);

const struct attribute_group **dr_class_groups = class_groups;
