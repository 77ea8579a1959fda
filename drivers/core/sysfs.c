// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/devreset: the ABI, see Documentation/ABI/testing/sysfs-class-devreset.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/devreset.h>
#include <linux/module.h>
#include <linux/seq_buf.h>
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

/*
 * The reset may take this very node away, and bring it back: that must not wait for
 * the end of this write.
 */
static int reset_and_wait(struct dr_node *node, struct attribute *attr, const struct ask *ask)
{
	struct kernfs_node *kn;
	int ret;

	/* While the file is there, some module uses this one; from here on, it need not. */
	__module_get(THIS_MODULE);
	dr_get(node);
	kn = sysfs_break_active_protection(&node->dev.kobj, attr);
	ret = request_and_wait(node, ask);
	if (kn)
		sysfs_unbreak_active_protection(kn);
	dr_put(node);
	module_put(THIS_MODULE);
	return ret;
}

/* "SCOPE" or "recover", and " force" behind it */
static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct ask ask = { .operator = true };
	char line[24], *how = line, *word;
	int ret;

	ret = get_word(buf, count, line, sizeof(line));
	if (ret)
		return ret;
	word = strsep(&how, " ");
	if (how && strcmp(how, "force"))
		return -EINVAL;
	ask.force = how;
	ret = strcmp(word, "recover") ? scope_by_name(word) : DEVRESET_MEMBER;
	if (ret < 0)
		return ret;
	ask.scope = ret;
	ret = reset_and_wait(dev_to_dr(dev), &attr->attr, &ask);
	return ret ?: count;
}
static DEVICE_ATTR_WO(reset);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dr_state_shown(dev_to_dr(dev)));
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

/* How @target would be reset now, as its driver says: lines, the last of which may be cut. */
void dr_methods(struct dr_node *target, const struct devreset_attempt *how, char *buf,
		size_t size)
{
	int idx = srcu_read_lock(&dr_ask_srcu);
	struct seq_buf out;

	seq_buf_init(&out, buf, size - 1);
	if (!READ_ONCE(target->dying) && target->ops->methods)
		target->ops->methods(&target->pub, how, &out);
	else
		seq_buf_printf(&out, "%s - none\n", dev_name(target->hw));
	srcu_read_unlock(&dr_ask_srcu, idx);
	buf[min_t(size_t, seq_buf_used(&out), size - 1)] = '\0';
}

static ssize_t methods_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const struct devreset_attempt asked;
	struct dr_node *node = dev_to_dr(dev);
	struct dr_node *target;
	unsigned long flags;

	/* A member has no reset of its own. */
	spin_lock_irqsave(&dr_lock, flags);
	target = dr_rung(node);
	if (target)
		dr_get(target);
	spin_unlock_irqrestore(&dr_lock, flags);
	if (!target)
		return 0;
	dr_methods(target, &asked, buf, PAGE_SIZE);
	dr_put(target);
	return strlen(buf);
}
static DEVICE_ATTR_RO(methods);

static struct attribute *node_attrs[] = {
	&dev_attr_reset.attr,
	&dev_attr_state.attr,
	&dev_attr_scope.attr,
	&dev_attr_supported.attr,
	&dev_attr_methods.attr,
	NULL
};

/*
 * policy/, last/ and stats/ are lists of files, each an index into what it shows.
 * The name is not expanded on its way: "auto" is a macro of newer kernels.
 */
struct field_attr {
	struct device_attribute attr;
	int index;
};

static int index_of(struct device_attribute *attr)
{
	return container_of(attr, struct field_attr, attr)->index;
}

#define FIELD(_name, _mode, _show, _store, _index)			\
	{								\
		.attr = {						\
			.attr = { .name = _name, .mode = _mode },	\
			.show = _show,					\
			.store = _store,				\
		},							\
		.index = _index,					\
	}

/* --- policy/ ------------------------------------------------------------------- */

/* The word for a value, of those fields that have words; else NULL. */
static const char *policy_word(enum policy_field field, u32 value)
{
	static const char * const rebind[] = {
		[DEVRESET_REBIND_NEVER] = "never",
		[DEVRESET_REBIND_ASKED] = "asked",
		[DEVRESET_REBIND_AUTO] = "auto",
		[DEVRESET_REBIND_ALWAYS] = "always",
	};
	static const char * const final[] = {
		[DEVRESET_FINAL_KEEP] = "keep",
		[DEVRESET_FINAL_ISOLATE] = "isolate",
	};

	switch (field) {
	case POLICY_CEILING:
		return dr_scope_name(value);
	case POLICY_REBIND:
		return rebind[value];
	case POLICY_FINAL:
		return final[value];
	default:
		return NULL;
	}
}

static ssize_t policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 *policy = (u32 *)&dev_to_dr(dev)->policy;
	int field = index_of(attr);
	u32 value = READ_ONCE(policy[field]);
	const char *word = policy_word(field, value);

	return word ? sysfs_emit(buf, "%s\n", word) : sysfs_emit(buf, "%u\n", value);
}

static int parse_policy(enum policy_field field, const char *word, u32 *value)
{
	if (field == POLICY_CEILING || field == POLICY_REBIND || field == POLICY_FINAL) {
		for (*value = 0; *value <= DEVRESET_PLATFORM; ++*value)
			if (policy_value_ok(field, *value) &&
			    !strcmp(word, policy_word(field, *value)))
				return 0;
		return -EINVAL;
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

#define POLICY_FILE(_name, _index) \
	[POLICY_##_index] = FIELD(#_name, 0644, policy_show, policy_store, POLICY_##_index)

static struct field_attr policy_files[POLICY_FIELDS] = {
	POLICY_FILE(auto, AUTOMATIC),
	POLICY_FILE(ceiling, CEILING),
	POLICY_FILE(max_attempts, MAX_ATTEMPTS),
	POLICY_FILE(retry_interval_ms, RETRY_INTERVAL_MS),
	POLICY_FILE(reset_timeout_ms, RESET_TIMEOUT_MS),
	POLICY_FILE(check_interval_ms, CHECK_INTERVAL_MS),
	POLICY_FILE(check_idle, CHECK_IDLE),
	POLICY_FILE(probation_ms, PROBATION_MS),
	POLICY_FILE(max_recoveries, MAX_RECOVERIES),
	POLICY_FILE(window_ms, WINDOW_MS),
	POLICY_FILE(rebind, REBIND),
	POLICY_FILE(final, FINAL),
	POLICY_FILE(return_ms, RETURN_MS),
};

static struct attribute *policy_attrs[ARRAY_SIZE(policy_files) + 1];

/* --- last/ ----------------------------------------------------------------------- */

enum last_field {
	LAST_STATUS,
	LAST_SCOPE,
	LAST_REASON,
	LAST_DURATION_US,
	LAST_ATTEMPTS,
	LAST_CURED_BY,
	LAST_METHOD,
	LAST_TIME,
	LAST_REQUESTER,
};

static ssize_t emit_word(char *buf, const char *word)
{
	return sysfs_emit(buf, "%s\n", word[0] ? word : "none");
}

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
		return emit_word(buf, last.scope ? dr_scope_name(last.scope) : "");
	case LAST_REASON:
		return emit_word(buf, last.reason);
	case LAST_DURATION_US:
		return sysfs_emit(buf, "%llu\n", last.duration_us);
	case LAST_ATTEMPTS:
		return sysfs_emit(buf, "%u\n", last.attempts);
	case LAST_CURED_BY:
		return emit_word(buf, last.cured_by);
	case LAST_METHOD:
		return emit_word(buf, dr_method_name(last.method));
	case LAST_TIME:
		return sysfs_emit(buf, "%lld.%03ld\n", (long long)last.time.tv_sec,
				  last.time.tv_nsec / NSEC_PER_MSEC);
	default:
		return emit_word(buf, last.requester);
	}
}

#define LAST_FILE(_name, _index) \
	[LAST_##_index] = FIELD(#_name, 0444, last_show, NULL, LAST_##_index)

static struct field_attr last_files[] = {
	LAST_FILE(status, STATUS),
	LAST_FILE(scope, SCOPE),
	LAST_FILE(reason, REASON),
	LAST_FILE(duration_us, DURATION_US),
	LAST_FILE(attempts, ATTEMPTS),
	LAST_FILE(cured_by, CURED_BY),
	LAST_FILE(method, METHOD),
	LAST_FILE(time, TIME),
	LAST_FILE(requester, REQUESTER),
};

static struct attribute *last_attrs[ARRAY_SIZE(last_files) + 1];

/* --- stats/ ----------------------------------------------------------------------- */

static ssize_t stats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct dr_node *node = dev_to_dr(dev);

	return sysfs_emit(buf, "%lu\n",
			  (unsigned long)atomic_long_read(&node->stats[index_of(attr)]));
}

#define STATS_FILE(_name, _index) \
	[STAT_##_index] = FIELD(#_name, 0444, stats_show, NULL, STAT_##_index)

static struct field_attr stats_files[] = {
	STATS_FILE(requests, REQUESTS),
	STATS_FILE(joined, JOINED),
	STATS_FILE(successes, SUCCESSES),
	STATS_FILE(failures, FAILURES),
	STATS_FILE(escalations, ESCALATIONS),
	STATS_FILE(hangs, HANGS),
	STATS_FILE(attempts, ATTEMPTS),
	STATS_FILE(timeouts, TIMEOUTS),
	STATS_FILE(soft_errors, SOFT_ERRORS),
	STATS_FILE(external, EXTERNAL),
	STATS_FILE(quiesced, QUIESCED),
	STATS_FILE(downtime_ms, DOWNTIME_MS),
};

static struct attribute *stats_attrs[ARRAY_SIZE(stats_files) + 1];

/* Before the class is registered: the lists that the groups point to. */
void dr_sysfs_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(policy_files); i++)
		policy_attrs[i] = &policy_files[i].attr.attr;
	for (i = 0; i < ARRAY_SIZE(last_files); i++)
		last_attrs[i] = &last_files[i].attr.attr;
	for (i = 0; i < ARRAY_SIZE(stats_files); i++)
		stats_attrs[i] = &stats_files[i].attr.attr;
}

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
	ret = dr_manage(bus, name, on, NULL);
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
