// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/devreset, as Documentation/ABI/testing/sysfs-class-devreset says: what
 * each file holds becomes a member of a JSON object. A node may go at any time:
 * what cannot be read any more is left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

#define CLASS	"class/devreset"

static const char *sys_path(char *path, const char *fmt, va_list args)
{
	int len = snprintf(path, PATH_MAX, "%s/", ctl.sys);

	if (len >= PATH_MAX || vsnprintf(path + len, PATH_MAX - len, fmt, args) >= PATH_MAX - len)
		path[0] = '\0';
	return path;
}

/* The text of a file without the newline at its end; NULL with errno set */
char *sys_read(char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, fmt);
	fd = open(sys_path(path, fmt, args), O_RDONLY | O_CLOEXEC);
	va_end(args);
	if (fd < 0)
		return NULL;
	got = read(fd, buf, len - 1);
	close(fd);
	if (got < 0)
		return NULL;
	if (got && buf[got - 1] == '\n')
		got--;
	buf[got] = '\0';
	return buf;
}

/* Returns 0 or a negative errno. */
int sys_write(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int fd, ret = 0;

	va_start(args, fmt);
	fd = open(sys_path(path, fmt, args), O_WRONLY | O_TRUNC | O_CLOEXEC);
	va_end(args);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The last part of what a link leads to; NULL if it is none */
char *sys_link(char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX], to[PATH_MAX], *slash;
	va_list args;
	ssize_t got;

	va_start(args, fmt);
	got = readlink(sys_path(path, fmt, args), to, sizeof(to) - 1);
	va_end(args);
	if (got < 0)
		return NULL;
	to[got] = '\0';
	slash = strrchr(to, '/');
	snprintf(buf, len, "%s", slash ? slash + 1 : to);
	return buf;
}

bool sys_exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	bool there;

	va_start(args, fmt);
	there = !access(sys_path(path, fmt, args), F_OK);
	va_end(args);
	return there;
}

static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char * const *)a, *(char * const *)b);
}

/* What is in a folder, but ".", sorted; ends with NULL. NULL if it cannot be read */
char **sys_names(const char *fmt, ...)
{
	size_t count = 0, room = 16;
	char path[PATH_MAX], **names;
	struct dirent *entry;
	va_list args;
	DIR *dir;

	va_start(args, fmt);
	dir = opendir(sys_path(path, fmt, args));
	va_end(args);
	if (!dir)
		return NULL;
	names = malloc(room * sizeof(*names));
	while (names && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (count + 1 == room)
			names = realloc(names, (room *= 2) * sizeof(*names));
		if (!names)
			abort();
		names[count++] = format("%s", entry->d_name);
	}
	closedir(dir);
	if (!names)
		abort();
	names[count] = NULL;
	qsort(names, count, sizeof(*names), by_version);
	return names;
}

void names_free(char **names)
{
	char **name;

	for (name = names; name && *name; name++)
		free(*name);
	free(names);
}

/* --- nodes ------------------------------------------------------------------------ */

/* EXIT_DONE, or EXIT_NONE, which was told */
int module_check(void)
{
	if (sys_exists(CLASS))
		return EXIT_DONE;
	return fail(EXIT_NONE, "%s/" CLASS " is not there: devreset is not loaded; modprobe devreset_pci",
		    ctl.sys);
}

int node_check(const char *name)
{
	int status = module_check();

	if (status)
		return status;
	if (!name[0] || name[0] == '.' || strchr(name, '/') || strlen(name) >= NAME_LEN ||
	    !sys_exists(CLASS "/%s/state", name))
		return fail(EXIT_NONE, "no node \"%s\"; see devresetctl list", name);
	return EXIT_DONE;
}

static void add_file(struct json_object *object, const char *key, const char *node,
		     const char *folder)
{
	char text[VALUE_LEN], *end;
	long long number;

	if (!sys_read(text, sizeof(text), CLASS "/%s/%s%s", node, folder, key))
		return;
	number = strtoll(text, &end, 10);
	if (end != text && !*end)
		json_add_int(object, key, number);
	else if (!strcmp(key, "time"))
		json_object_object_add(object, key, json_object_new_double_s(atof(text), text));
	else
		json_add(object, key, text);
}

/* Its device, and what drives it */
static void add_device(struct json_object *object, const char *name)
{
	char text[NAME_LEN];

	if (!json_get(object, "device") &&
	    sys_link(text, sizeof(text), CLASS "/%s/device", name))
		json_add(object, "device", text);
	if (!json_get(object, "driver") &&
	    sys_link(text, sizeof(text), CLASS "/%s/device/driver", name))
		json_add(object, "driver", text);
}

/* What a list shows of a node; NULL if it has gone */
static struct json_object *node_brief(const char *name)
{
	struct json_object *node = json_object_new_object();
	char text[NAME_LEN];

	json_add(node, "node", name);
	add_file(node, "state", name, "");
	add_file(node, "scope", name, "");
	if (!json_get(node, "state") || !json_get(node, "scope")) {
		json_object_put(node);
		return NULL;
	}
	if (sys_link(text, sizeof(text), CLASS "/%s/reset_parent", name))
		json_add(node, "parent", text);
	add_device(node, name);
	return node;
}

static struct json_object *read_folder(const char *name, const char *folder)
{
	struct json_object *object = json_object_new_object();
	char **files = sys_names(CLASS "/%s/%s", name, folder), **file;
	char *slashed = format("%s/", folder);

	for (file = files; file && *file; file++)
		add_file(object, *file, name, slashed);
	names_free(files);
	free(slashed);
	return object;
}

/* Words become an array of them. */
static struct json_object *read_words(const char *name, const char *file)
{
	struct json_object *array = json_object_new_array();
	char text[VALUE_LEN], *word, *rest = text;

	if (!sys_read(text, sizeof(text), CLASS "/%s/%s", name, file))
		return array;
	while ((word = strsep(&rest, " ")))
		if (*word)
			json_object_array_add(array, json_string(word));
	return array;
}

/* A line is "DEVICE DRIVER METHOD" or "DEVICE DRIVER refused: REASON". */
static struct json_object *parse_method(char *line)
{
	static const char refused[] = "refused: ";
	struct json_object *object = json_object_new_object();
	char *device = strsep(&line, " "), *driver = strsep(&line, " ");

	json_add(object, "device", device);
	json_add(object, "driver", driver && strcmp(driver, "-") ? driver : NULL);
	if (line && !strncmp(line, refused, strlen(refused)))
		json_add(object, "refused", line + strlen(refused));
	else
		json_add(object, "method", line ? line : "none");
	return object;
}

/* The text of a file "methods", which is cut to pieces */
struct json_object *parse_methods(char *text)
{
	struct json_object *array = json_object_new_array();
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line)
			json_object_array_add(array, parse_method(line));
	return array;
}

static struct json_object *read_methods(const char *name)
{
	char text[VALUE_LEN];

	return parse_methods(sys_read(text, sizeof(text), CLASS "/%s/methods", name));
}

/* Before the first request there is none. */
static void add_last(struct json_object *node, const char *name)
{
	struct json_object *last = read_folder(name, "last");

	if (json_object_get_double(json_get(last, "time")) > 0)
		json_object_object_add(node, "last", last);
	else
		json_object_put(last);
}

/* All that is known of it; NULL if it has gone */
struct json_object *node_full(const char *name)
{
	struct json_object *node = family_present() ? family_node(name) : node_brief(name);

	if (!node)
		return NULL;
	add_device(node, name);
	json_object_object_add(node, "supported", read_words(name, "supported"));
	json_object_object_add(node, "methods", read_methods(name));
	if (family_present())
		return node;
	json_object_object_add(node, "policy", read_folder(name, "policy"));
	add_last(node, name);
	json_object_object_add(node, "stats", read_folder(name, "stats"));
	return node;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(json_str(*(struct json_object * const *)a, "node"),
			  json_str(*(struct json_object * const *)b, "node"));
}

void sort_by_name(struct json_object *nodes)
{
	json_object_array_sort(nodes, by_name);
}

/* From one dump, which tells neither what is supported nor the methods */
static struct json_object *family_list(bool full)
{
	struct json_object *nodes = family_nodes();
	size_t i;

	for (i = 0; nodes && i < json_object_array_length(nodes); i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);

		/* The family tells those of managed devices. */
		add_device(node, json_str(node, "node"));
		if (full)
			continue;
		json_object_object_del(node, "policy");
		json_object_object_del(node, "last");
		json_object_object_del(node, "stats");
	}
	if (nodes)
		sort_by_name(nodes);
	return nodes;
}

/* All nodes, sorted by name */
struct json_object *node_list(bool full)
{
	struct json_object *array = family_present() ? family_list(full) : NULL, *node;
	char **names, **name;

	if (array)
		return array;
	array = json_object_new_array();
	names = sys_names(CLASS);
	for (name = names; name && *name; name++) {
		/* Beside the nodes are the files manage and unmanage. */
		node = full ? node_full(*name) : node_brief(*name);
		if (node)
			json_object_array_add(array, node);
	}
	names_free(names);
	return array;
}

struct json_object *node_find(struct json_object *nodes, const char *name)
{
	size_t i, count = json_object_array_length(nodes);

	for (i = 0; i < count; i++) {
		struct json_object *node = json_object_array_get_idx(nodes, i);

		if (!strcmp(json_str(node, "node"), name))
			return node;
	}
	return NULL;
}
