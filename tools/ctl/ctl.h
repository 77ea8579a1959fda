/* SPDX-License-Identifier: GPL-2.0 */
/*
 * devresetctl: what its files share. A command is a function of the table in
 * main.c that returns an exit status. What is known of nodes is JSON from the
 * moment it is read, so that each output shows the same.
 */
#ifndef _CTL_H
#define _CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <json-c/json.h>

/* Exit statuses */
enum {
	EXIT_DONE,
	EXIT_FAILED,	/* tried, and failed */
	EXIT_USAGE,
	EXIT_REFUSED,	/* nothing was touched */
	EXIT_NONE,	/* no such node, or no module */
	EXIT_TIMEOUT,
	EXIT_DENIED,
};

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(n)			(1u << (n))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))

#define NAME_LEN	128
#define VALUE_LEN	4097

/* --- main.c: what the command line says ------------------------------------------ */

enum option_id {
	/* of every command */
	OPT_JSON,
	OPT_PRETTY,
	OPT_BATCH,
	OPT_VERSION,
	OPT_HELP,
	OPT_COLOR,
	OPT_SYSFS,
	OPT_COMPLETION,
	/* of some */
	OPT_FAILED,
	OPT_METHOD,
	OPT_FORCE,
	OPT_NO_WAIT,
	OPT_SVG,
	OPT_PERFETTO,
	OPT_OUTPUT,
	OPT_OPENMETRICS,
	OPT_DRY_RUN,
	OPT_DEVICE,
	OPTIONS,
};

struct option_desc {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
};

struct command {
	const char *name;
	const char *args;
	const char *help;
	int min, max;		/* how many arguments; max -1: any number */
	unsigned int options;	/* BIT(enum option_id) */
	const char *complete;	/* the kind of each argument, for completion.c */
	int (*run)(int argc, char **argv);
};

extern const struct option_desc option_descs[OPTIONS];
extern const struct command commands[];
extern const size_t command_count;

/* The options that were given, for the command that runs */
struct ctl {
	bool json, pretty, color, utf8;
	const char *sys;		/* /sys, or what is given for it */
	bool faked;			/* it is not the kernel's own */
	const char *value[OPTIONS];	/* "" for one that takes none; NULL: not given */
};

extern struct ctl ctl;

/* --- out.c ------------------------------------------------------------------------- */

int fail(int status, const char *fmt, ...) __printf(2, 3);
void warn(const char *fmt, ...) __printf(1, 2);
int fail_errno(int err, const char *fmt, ...) __printf(2, 3);
const char *error_name(int err);
int exit_status_of(int err);
int print_json(struct json_object *object);
void print_json_line(struct json_object *object);
const char *color(const char *name);
const char *state_color(const char *state);
char *format(const char *fmt, ...) __printf(1, 2);
const char *plural(int64_t count);
void format_time(double time, char *text, size_t len);
const char *format_us(uint64_t us, char *text, size_t len);
FILE *replace_begin(const char *name, char **tmp);
int replace_end(FILE *file, const char *name, char *tmp);

/* Members of an object; "" or 0 for one that is not there */
const char *json_str(struct json_object *object, const char *key);
int64_t json_int(struct json_object *object, const char *key);
struct json_object *json_get(struct json_object *object, const char *key);
struct json_object *json_string(const char *value);
void json_add(struct json_object *object, const char *key, const char *value);
void json_add_time(struct json_object *object, const char *key, double seconds);
void json_add_int(struct json_object *object, const char *key, int64_t value);

/* --- sysfs.c ------------------------------------------------------------------------- */

char *sys_read(char *buf, size_t len, const char *fmt, ...) __printf(3, 4);
int sys_write(const char *text, const char *fmt, ...) __printf(2, 3);
char *sys_link(char *buf, size_t len, const char *fmt, ...) __printf(3, 4);
bool sys_exists(const char *fmt, ...) __printf(1, 2);
char **sys_names(const char *fmt, ...) __printf(1, 2);
void names_free(char **names);
int module_check(void);
int node_check(const char *name);
struct json_object *node_full(const char *name);
struct json_object *node_list(bool full);
struct json_object *parse_methods(char *text);
void sort_by_name(struct json_object *nodes);
struct json_object *node_find(struct json_object *nodes, const char *name);

/* --- policy.c --------------------------------------------------------------------------- */

struct policy_key {
	const char *name;
	const char * const *words;	/* or NULL: a number */
	unsigned int min, max;
	bool or_zero;
};

extern const struct policy_key policy_keys[];
extern const size_t policy_key_count;
const struct policy_key *policy_find(const char *name, size_t len);
char *policy_complaint(const char *key, const char *value);
int policy_write(const char *node, char **keys, char **values, int count);
int manage_write(bool on, const char *bus, const char *device);
const char *scope_relative(struct json_object *nodes, const char *origin, const char *name);
int scope_rank(const char *scope);

/* --- log.c --------------------------------------------------------------------------------- */

int log_read(const char *node, struct json_object **entries);

/* --- timeline.c, draw.c --------------------------------------------------------------------- */

/* A bar of the timeline, in us since the request began */
struct bar {
	const char *node;
	int attempt;
	const char *phase;
	uint64_t from, to;
	int status;
};

struct timeline {
	struct json_object *entry;
	struct bar *bars;
	size_t count;
	int attempts;
	uint64_t end;
};

int draw_terminal(const struct timeline *line);
int draw_svg(const struct timeline *line, const char *file);
int draw_perfetto(const struct timeline *line, const char *file);

/* --- device.c, conf.c -------------------------------------------------------------------------- */

#define DEVICE_WORDS	256

/* What a configuration file's sections match; strings are the device's own */
struct device {
	const char *bus;		/* pci, usb, net: what manage takes */
	char *name;
	char *path;			/* below /sys */
	char *id;			/* vendor:device */
	char *words[DEVICE_WORDS];	/* what is freed */
	char *drivers[DEVICE_WORDS], *classes[DEVICE_WORDS], *modaliases[DEVICE_WORDS];
};

int devices_each(int (*fn)(struct device *device, void *arg), void *arg);
int device_at(const char *devpath, int (*fn)(struct device *device, void *arg), void *arg);

enum match_field {
	MATCH_BUS,
	MATCH_DRIVER,
	MATCH_CLASS,
	MATCH_ID,
	MATCH_MODALIAS,
	MATCH_PATH,
	MATCH_INTERFACE,
	MATCH_FIELDS,
};

struct section {
	char *file, *name;
	int line;
	char *match[MATCH_FIELDS];	/* patterns, separated by blanks; NULL: any */
	bool manage;
	char **keys, **values;		/* of the policy */
	int count;
	struct section *next;
};

int conf_read(const char *file, struct section **sections);
void conf_free(struct section *sections);
bool section_matches(const struct section *section, const struct device *device);

/* --- netlink.c, family.c: what sysfs.c does, and more, where the family is there ----------- */

bool family_present(void);
const char *family_text(void);
struct json_object *family_nodes(void);
struct json_object *family_node(const char *name);
int family_log(const char *node, struct json_object **entries);
struct json_object *family_explain(const char *name);
int family_set(const char *node, char **keys, char **values, int count);
int method_number(const char *name);
int family_manage(bool on, const char *bus, const char *device);
int family_ask(const char *node, const char *scope, const char *method, bool force,
	       int64_t *cookie);

/* --- the commands ------------------------------------------------------------------------------------ */

int cmd_list(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_manage(int argc, char **argv);
int cmd_unmanage(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_timeline(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int print_completion(void);

#endif
