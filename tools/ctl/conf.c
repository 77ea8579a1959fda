// SPDX-License-Identifier: GPL-2.0
/* The files in /etc/devreset: see devreset.conf(5). A mistake is told with its line. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

static const char * const match_names[MATCH_FIELDS] = {
	"bus", "driver", "class", "id", "modalias", "path", "interface",
};

struct reader {
	const char *file;
	int line, mistakes;
	struct section *section, **last;
};

static void mistake(struct reader *reader, const char *fmt, ...) __printf(2, 3);

static void mistake(struct reader *reader, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	warn("%s:%d: %s", reader->file, reader->line, text);
	reader->mistakes++;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static bool matches_anything(const struct section *section)
{
	int field;

	for (field = 0; field < MATCH_FIELDS; field++)
		if (section->match[field])
			return true;
	return false;
}

/* A section that matches everything is more likely a mistake. */
static void end_section(struct reader *reader)
{
	struct section *section = reader->section;
	int line = reader->line;

	if (!section)
		return;
	reader->line = section->line;
	if (!matches_anything(section))
		mistake(reader, "[%s] has no match.", section->name);
	else if (!section->manage && !section->count)
		mistake(reader, "[%s] does nothing: no manage, no policy.", section->name);
	reader->line = line;
}

static void begin_section(struct reader *reader, char *line)
{
	struct section *section;
	size_t len = strlen(line);

	end_section(reader);
	section = calloc(1, sizeof(*section));
	if (!section)
		abort();
	section->file = format("%s", reader->file);
	section->line = reader->line;
	if (len < 3 || line[len - 1] != ']')
		mistake(reader, "[NAME], not \"%s\"", line);
	else
		line[len - 1] = '\0';
	section->name = format("%s", trim(line + 1));
	*reader->last = section;
	reader->last = &section->next;
	reader->section = section;
}

static void take_match(struct reader *reader, const char *key, const char *value)
{
	int field;

	for (field = 0; field < MATCH_FIELDS; field++)
		if (!strcmp(match_names[field], key))
			break;
	if (field == MATCH_FIELDS)
		mistake(reader, "no \"match.%s\"", key);
	else if (reader->section->match[field])
		mistake(reader, "match.%s is there twice; separate patterns by blanks", key);
	else
		reader->section->match[field] = format("%s", value);
}

static void take_policy(struct reader *reader, const char *key, const char *value)
{
	struct section *section = reader->section;
	char *wrong = policy_complaint(key, value);

	if (wrong) {
		mistake(reader, "%s", wrong);
		free(wrong);
		return;
	}
	section->keys = realloc(section->keys, (section->count + 1) * sizeof(*section->keys));
	section->values = realloc(section->values, (section->count + 1) * sizeof(*section->values));
	if (!section->keys || !section->values)
		abort();
	section->keys[section->count] = format("%s", key);
	section->values[section->count++] = format("%s", value);
}

static void take_line(struct reader *reader, char *line)
{
	char *sign, *key, *value;

	line = trim(line);
	if (!line[0] || line[0] == '#')
		return;
	if (line[0] == '[') {
		begin_section(reader, line);
		return;
	}
	sign = strchr(line, '=');
	if (!sign) {
		mistake(reader, "KEY = VALUE, not \"%s\"", line);
		return;
	}
	*sign = '\0';
	key = trim(line);
	value = trim(sign + 1);
	if (!reader->section)
		mistake(reader, "\"%s\" is before the first section", key);
	else if (!value[0])
		mistake(reader, "\"%s\" has no value", key);
	else if (!strncmp(key, "match.", 6))
		take_match(reader, key + 6, value);
	else if (!strncmp(key, "policy.", 7))
		take_policy(reader, key + 7, value);
	else if (strcmp(key, "manage"))
		mistake(reader, "no \"%s\"; there are match.*, manage and policy.*", key);
	else if (!strcmp(value, "yes") || !strcmp(value, "no"))
		reader->section->manage = value[0] == 'y';
	else
		mistake(reader, "manage: yes or no, not \"%s\"", value);
}

/* Adds the sections of a file at the end of the list. Returns an exit status. */
int conf_read(const char *file, struct section **sections)
{
	struct reader reader = { .file = file, .last = sections };
	FILE *stream = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!stream)
		return fail(EXIT_USAGE, "%s: %m", file);
	while (*reader.last)
		reader.last = &(*reader.last)->next;
	while ((len = getline(&line, &size, stream)) >= 0) {
		reader.line++;
		if (strlen(line) != (size_t)len)
			mistake(&reader, "a NUL byte");
		else
			take_line(&reader, line);
	}
	if (ferror(stream))
		mistake(&reader, "%s", strerror(errno));
	end_section(&reader);
	free(line);
	fclose(stream);
	return reader.mistakes ? EXIT_USAGE : EXIT_DONE;
}

void conf_free(struct section *section)
{
	struct section *next;
	int i;

	for (; section; section = next) {
		next = section->next;
		for (i = 0; i < MATCH_FIELDS; i++)
			free(section->match[i]);
		for (i = 0; i < section->count; i++) {
			free(section->keys[i]);
			free(section->values[i]);
		}
		free(section->keys);
		free(section->values);
		free(section->file);
		free(section->name);
		free(section);
	}
}

/* Does one of the patterns match one of the words? No pattern matches all. */
static bool any_matches(const char *patterns, char * const *words)
{
	char *list, *rest, *pattern;
	bool found = false;
	int i;

	if (!patterns)
		return true;
	list = format("%s", patterns);
	rest = list;
	while (!found && (pattern = strsep(&rest, " \t")))
		for (i = 0; *pattern && words[i] && !found; i++)
			found = !fnmatch(pattern, words[i], 0);
	free(list);
	return found;
}

static bool one_matches(const char *patterns, const char *word)
{
	char *words[] = { (char *)word, NULL };

	return any_matches(patterns, words);
}

/* A section with match.interface, or match.bus = net, is for interfaces; others are not. */
bool section_matches(const struct section *section, const struct device *device)
{
	bool net = !strcmp(device->bus, "net");

	if (net && !section->match[MATCH_INTERFACE] && !section->match[MATCH_BUS])
		return false;
	return one_matches(section->match[MATCH_BUS], device->bus) &&
	       any_matches(section->match[MATCH_DRIVER], device->drivers) &&
	       any_matches(section->match[MATCH_CLASS], device->classes) &&
	       one_matches(section->match[MATCH_ID], device->id) &&
	       any_matches(section->match[MATCH_MODALIAS], device->modaliases) &&
	       one_matches(section->match[MATCH_PATH], device->path) &&
	       one_matches(section->match[MATCH_INTERFACE], net ? device->name : NULL);
}
