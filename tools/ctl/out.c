// SPDX-License-Identifier: GPL-2.0
/*
 * Output and errors. Text of what went wrong is for stderr, with the name of the
 * errno; what was asked for is for stdout.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "ctl.h"

static void complain(const char *fmt, va_list args)
{
	fflush(stdout);
	fputs("devresetctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int fail(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	return status;
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
}

/* The exit status for what a request ended with; @err as errno */
int exit_status_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_DONE;
	case EINVAL:
	case ERANGE:
		return EXIT_USAGE;
	case EBUSY:
	case EOPNOTSUPP:
	case EALREADY:
	case EEXIST:
		return EXIT_REFUSED;
	case ENODEV:
	case ENOENT:
		return EXIT_NONE;
	case ETIMEDOUT:
		return EXIT_TIMEOUT;
	case EPERM:
	case EACCES:
		return EXIT_DENIED;
	default:
		return EXIT_FAILED;
	}
}

/* That of an errno of the kernel's own, which libc has no name for, is its number. */
const char *error_name(int err)
{
	static char number[16];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

/*
 * @err: an errno, which is named, and decides the exit status. What the kernel had to say of
 * it takes the place of its general text.
 */
int fail_errno(int err, const char *fmt, ...)
{
	const char *name = error_name(err), *why = family_text();
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fail(exit_status_of(err), "%s: %s (%s)", text, why[0] ? why : strerror(err), name);
}

static const char *json_text(struct json_object *object)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (ctl.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	return json_object_to_json_string_ext(object, flags);
}

/* Takes @object. */
int print_json(struct json_object *object)
{
	puts(json_text(object));
	json_object_put(object);
	return EXIT_DONE;
}

/* One object a line, whatever --pretty says, at once. Takes @object. */
void print_json_line(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(object);
}

const char *color(const char *name)
{
	static const struct {
		const char *name, *code;
	} codes[] = {
		{ "red", "\033[31m" }, { "green", "\033[32m" }, { "yellow", "\033[33m" },
		{ "blue", "\033[34m" }, { "cyan", "\033[36m" }, { "bold", "\033[1m" },
		{ "dim", "\033[2m" }, { "off", "\033[0m" },
	};
	size_t i;

	for (i = 0; ctl.color && i < ARRAY_SIZE(codes); i++)
		if (!strcmp(name, codes[i].name))
			return codes[i].code;
	return "";
}

const char *state_color(const char *state)
{
	if (!strcmp(state, "healthy"))
		return color("green");
	if (!strcmp(state, "failed") || !strcmp(state, "stuck"))
		return color("red");
	return color("yellow");
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	return text;
}

const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

/* Seconds since 1970, by the local clock, with milliseconds */
void format_time(double time, char *text, size_t len)
{
	long long ms = time * 1000 + 0.5;
	time_t seconds = ms / 1000;
	struct tm tm;
	size_t used;

	if (!localtime_r(&seconds, &tm)) {
		snprintf(text, len, "%.3f", time);
		return;
	}
	used = strftime(text, len, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + used, len - used, ".%03lld", ms % 1000);
}

const char *format_us(uint64_t us, char *text, size_t len)
{
	if (us < 1000)
		snprintf(text, len, "%llu us", (unsigned long long)us);
	else if (us < 1000000)
		snprintf(text, len, "%.1f ms", us / 1e3);
	else
		snprintf(text, len, "%.2f s", us / 1e6);
	return text;
}

/*
 * A file is written beside @name, and renamed when it is whole: a reader sees the
 * old or the new one. Returns NULL with errno set; "-" is stdout.
 */
FILE *replace_begin(const char *name, char **tmp)
{
	FILE *file = NULL;
	struct stat there;
	int fd;

	*tmp = NULL;
	if (!strcmp(name, "-"))
		return stdout;
	/* A terminal, a pipe, or /dev/null is written to. */
	if (!stat(name, &there) && (S_ISCHR(there.st_mode) || S_ISFIFO(there.st_mode)))
		return fopen(name, "we");
	/* Nothing else is replaced but files, and no link, such as /dev/stdout may be. */
	if (!lstat(name, &there) && !S_ISREG(there.st_mode)) {
		errno = S_ISDIR(there.st_mode) ? EISDIR : S_ISLNK(there.st_mode) ? ELOOP : EINVAL;
		return NULL;
	}
	/* node_exporter reads *.prom only, and so not this. */
	*tmp = format("%s.XXXXXX", name);
	fd = mkstemp(*tmp);
	if (fd >= 0) {
		fchmod(fd, 0644);
		file = fdopen(fd, "w");
	}
	if (!file) {
		free(*tmp);
		*tmp = NULL;
	}
	return file;
}

int replace_end(FILE *file, const char *name, char *tmp)
{
	int err = 0;

	if (file == stdout)
		return EXIT_DONE;
	errno = 0;
	if (fflush(file) || ferror(file))
		err = errno ? errno : EIO;
	if (fclose(file) && !err)
		err = errno;
	if (tmp && !err && rename(tmp, name))
		err = errno;
	if (tmp && err)
		unlink(tmp);
	free(tmp);
	if (!err)
		return EXIT_DONE;
	fail_errno(err, "%s", name);
	return err == EACCES || err == EPERM ? EXIT_DENIED : EXIT_FAILED;
}

struct json_object *json_get(struct json_object *object, const char *key)
{
	struct json_object *member;

	return json_object_object_get_ex(object, key, &member) ? member : NULL;
}

const char *json_str(struct json_object *object, const char *key)
{
	struct json_object *member = json_get(object, key);

	return member ? json_object_get_string(member) : "";
}

int64_t json_int(struct json_object *object, const char *key)
{
	struct json_object *member = json_get(object, key);

	return member ? json_object_get_int64(member) : 0;
}

/* How many bytes the character at @s has; 0: it is none, or a control character */
static size_t character_len(const unsigned char *s)
{
	size_t i, len = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : *s >= 0xe0 && *s < 0xf0 ? 3 :
			*s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	if (*s < 0x20 || *s == 0x7f)
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than it has to be, or a half of a pair, or too large */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] >= 0xa0) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] >= 0x90))
		return 0;
	return len;
}

/*
 * What the kernel has of devices (names, serial numbers) may hold any byte. What is no text
 * is shown as "?": neither a terminal nor a reader of JSON is to be led astray.
 */
struct json_object *json_string(const char *value)
{
	char *text = format("%s", value), *at = text;
	struct json_object *made;
	size_t len;

	for (; *at; at += len) {
		len = character_len((unsigned char *)at);
		if (!len) {
			if (*at != '\n' && *at != '\t')
				*at = '?';
			len = 1;
		}
	}
	made = json_object_new_string(text);
	free(text);
	return made;
}

void json_add(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_string(value) : NULL);
}

void json_add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

/* With its milliseconds, and no more than is known */
void json_add_time(struct json_object *object, const char *key, double seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", seconds);
	json_object_object_add(object, key, json_object_new_double_s(seconds, text));
}
