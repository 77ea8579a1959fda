// SPDX-License-Identifier: GPL-2.0
/*
 * apply: what the configuration says of each device that is there. Nothing is written
 * while there is a mistake in any file. What is as it should be is left alone.
 */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

#ifndef CONF_DIR
#define CONF_DIR "/etc/devreset"
#endif

struct job {
	struct section *sections;
	struct json_object *actions;
	bool dry;
};

/* What all sections that match say together: of a policy key, the last word */
struct wish {
	bool manage;
	char *keys[32], *values[32];
	int count;
	const struct section *from;
};

static void add_wish(struct wish *wish, const struct section *section)
{
	int i, j;

	wish->manage |= section->manage;
	wish->from = section;
	for (i = 0; i < section->count; i++) {
		for (j = 0; j < wish->count; j++)
			if (!strcmp(wish->keys[j], section->keys[i]))
				break;
		/* There are fewer keys than there is room for. */
		wish->keys[j] = section->keys[i];
		wish->values[j] = section->values[i];
		if (j == wish->count)
			wish->count++;
	}
}

static void note(struct job *job, const struct device *device, const char *action,
		 const char *detail, const struct section *from)
{
	struct json_object *out;

	if (!ctl.json) {
		printf("%s%s %s: %s%s%s (%s:%d)\n", job->dry ? "would: " : "", device->bus,
		       device->name, action, detail[0] ? " " : "", detail, from->file, from->line);
		return;
	}
	out = json_object_new_object();
	json_add(out, "bus", device->bus);
	json_add(out, "device", device->name);
	json_add(out, "action", action);
	json_add(out, "detail", detail);
	json_add(out, "file", from->file);
	json_add_int(out, "line", from->line);
	json_object_object_add(out, "dry_run", json_object_new_boolean(job->dry));
	json_object_array_add(job->actions, out);
}

static bool is_managed_by_family(const char *name)
{
	struct json_object *node = family_node(name);
	bool managed = json_object_get_boolean(json_get(node, "managed"));

	json_object_put(node);
	return managed;
}

/* Is @node managed? As far as the debugfs tree may be read; else what manage says counts */
static bool is_managed_by_tree(const char *node)
{
	char *path = format("%s/kernel/debug/devreset/tree", ctl.sys), *line = NULL;
	FILE *file = fopen(path, "re");
	bool managed = false;
	size_t size = 0;

	free(path);
	while (file && !managed && getline(&line, &size, file) >= 0) {
		char *name = line + strspn(line, " "), *rest = strchr(name, ' ');

		if (!rest)
			continue;
		*rest++ = '\0';
		managed = !strcmp(name, node) && strstr(rest, " managed");
	}
	free(line);
	if (file)
		fclose(file);
	return managed;
}

static int do_manage(struct job *job, const struct device *device, const struct wish *wish,
		     const char *node)
{
	int ret = 0;

	if (family_present() ? is_managed_by_family(node) : is_managed_by_tree(node))
		return EXIT_DONE;
	if (!job->dry)
		ret = manage_write(true, device->bus, device->name);
	if (ret == -EEXIST)
		return EXIT_DONE;
	/* Its driver takes part by itself: there is a node, and it is under policy. */
	if (ret == -ENODEV && sys_exists("class/devreset/%s/state", node))
		return EXIT_DONE;
	if (ret)
		return fail_errno(-ret, "manage %s %s (%s:%d)", device->bus, device->name,
				  wish->from->file, wish->from->line);
	note(job, device, "manage", "", wish->from);
	return EXIT_DONE;
}

/* What differs from what is set now */
static int do_policy(struct job *job, const struct device *device, const struct wish *wish,
		     const char *node)
{
	char *keys[ARRAY_SIZE(wish->keys)], *values[ARRAY_SIZE(wish->keys)], now[NAME_LEN];
	int i, ret, count = 0;
	char *text = format("%s", ""), *longer;

	for (i = 0; i < wish->count; i++) {
		if (sys_read(now, sizeof(now), "class/devreset/%s/policy/%s", node,
			     wish->keys[i]) &&
		    !strcmp(now, wish->values[i]))
			continue;
		keys[count] = wish->keys[i];
		values[count++] = wish->values[i];
		longer = format("%s%s%s=%s", text, text[0] ? " " : "", wish->keys[i],
				wish->values[i]);
		free(text);
		text = longer;
	}
	ret = count && !job->dry ? policy_write(node, keys, values, count) : 0;
	if (count && !ret)
		note(job, device, "set", text, wish->from);
	free(text);
	return ret ? fail_errno(-ret, "%s: nothing was set (%s:%d)", node, wish->from->file,
				wish->from->line) : EXIT_DONE;
}

static int apply_device(struct device *device, void *arg)
{
	struct job *job = arg;
	struct section *section;
	struct wish wish = { 0 };
	int status = EXIT_DONE;
	char *node;

	for (section = job->sections; section; section = section->next)
		if (section_matches(section, device))
			add_wish(&wish, section);
	if (!wish.from)
		return EXIT_DONE;
	node = format("%s-%s", device->bus, device->name);
	if (wish.manage)
		status = do_manage(job, device, &wish, node);
	/* What is not managed, and has no node, has no policy. */
	if (!status && (sys_exists("class/devreset/%s/state", node) || (wish.manage && job->dry)))
		status = do_policy(job, device, &wish, node);
	free(node);
	return status;
}

static int read_default(struct section **sections)
{
	int status = EXIT_DONE, one;
	glob_t found;
	size_t i;

	if (glob(CONF_DIR "/*.conf", 0, NULL, &found))
		return EXIT_DONE;
	for (i = 0; i < found.gl_pathc; i++) {
		one = conf_read(found.gl_pathv[i], sections);
		if (one)
			status = one;
	}
	globfree(&found);
	return status;
}

int cmd_apply(int argc, char **argv)
{
	struct job job = { .dry = ctl.value[OPT_DRY_RUN] };
	const char *devpath = ctl.value[OPT_DEVICE];
	int i, one, status = EXIT_DONE;

	if (!argc)
		status = read_default(&job.sections);
	for (i = 0; i < argc; i++) {
		one = conf_read(argv[i], &job.sections);
		if (one)
			status = one;
	}
	if (!status)
		status = module_check();
	if (!status) {
		job.actions = json_object_new_array();
		status = devpath ? device_at(devpath, apply_device, &job) :
				   devices_each(apply_device, &job);
		if (ctl.json)
			print_json(job.actions);
		else
			json_object_put(job.actions);
	}
	conf_free(job.sections);
	return status;
}
