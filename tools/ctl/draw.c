// SPDX-License-Identifier: GPL-2.0
/* A timeline in the terminal, as SVG, and as a trace for ui.perfetto.dev. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ctl.h"

#define TERMINAL_WIDTH	80
#define BAR_MIN		20

static const struct {
	const char *phase, *terminal, *svg;
	char letter;
} styles[] = {
	{ "wait", "dim", "#d0d0d0", '.' },
	{ "claim", "dim", "#8da0cb", 'c' },
	{ "quiesce", "yellow", "#fc8d62", 'q' },
	{ "reset", "red", "#d53e4f", 'R' },
	{ "restore", "cyan", "#66c2a5", 't' },
	{ "resume", "blue", "#3288bd", 'u' },
	{ "check", "green", "#a6d854", 'k' },
};

static size_t style_of(const char *phase)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(styles); i++)
		if (!strcmp(styles[i].phase, phase))
			return i;
	return 0;
}

static void title(const struct timeline *line, char *text, size_t len)
{
	char time[64], took[32];
	int err = -json_int(line->entry, "status");

	format_time(json_object_get_double(json_get(line->entry, "time")), time, sizeof(time));
	snprintf(text, len, "%s #%s  %s  %s (%s): %s, %s", json_str(line->entry, "node"),
		 json_str(line->entry, "seq"), time, json_str(line->entry, "asked"),
		 json_str(line->entry, "reason"), err ? strerror(err) : "success",
		 format_us(line->end, took, sizeof(took)));
}

/* --- terminal ----------------------------------------------------------------------- */

static int terminal_width(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return TERMINAL_WIDTH;
}

static size_t label_width(const struct timeline *line)
{
	size_t i, width = 0;

	for (i = 0; i < line->count; i++)
		if (strlen(line->bars[i].node) > width)
			width = strlen(line->bars[i].node);
	return width;
}

/* The columns of a bar: at least one, so that none is missing */
static int column(const struct timeline *line, uint64_t us, int width)
{
	return line->end ? us * width / line->end : 0;
}

static void draw_row(const struct timeline *line, int attempt, int width)
{
	int at = 0, from, to;
	size_t i;

	for (i = 0; i < line->count; i++) {
		const struct bar *bar = &line->bars[i];
		size_t style = style_of(bar->phase);

		if (bar->attempt != attempt || bar->to == bar->from)
			continue;
		from = column(line, bar->from, width);
		to = column(line, bar->to, width);
		if (to >= width)
			to = width;
		if (from < at)
			from = at;
		if (to <= from && from < width)
			to = from + 1;
		for (; at < from; at++)
			putchar(' ');
		fputs(color(styles[style].terminal), stdout);
		for (; at < to; at++)
			if (ctl.utf8 && ctl.color)
				fputs(strcmp(bar->phase, "wait") ? "\u2588" : "\u00b7", stdout);
			else
				putchar(styles[style].letter);
		fputs(color("off"), stdout);
	}
	printf("%*s", width - at, "");
}

static int row_status(const struct timeline *line, int attempt, const char **node)
{
	size_t i;

	for (i = 0; i < line->count; i++) {
		*node = line->bars[i].node;
		if (line->bars[i].attempt == attempt)
			return line->bars[i].status;
	}
	*node = "";
	return 0;
}

int draw_terminal(const struct timeline *line)
{
	int attempt, width, label = label_width(line);
	char text[512], zero[32], end[32];
	size_t i;

	width = terminal_width() - label - 12;
	if (width < BAR_MIN)
		width = BAR_MIN;
	title(line, text, sizeof(text));
	printf("%s%s%s\n", color("bold"), text, color("off"));
	for (attempt = 0; attempt < line->attempts; attempt++) {
		const char *node;
		int status = row_status(line, attempt, &node);

		printf("%-*s |", label, node);
		draw_row(line, attempt, width);
		printf("| %s%s%s\n", status ? color("red") : color("green"),
		       status ? error_name(-status) : "ok", color("off"));
	}
	format_us(0, zero, sizeof(zero));
	format_us(line->end, end, sizeof(end));
	printf("%-*s  %s%*s\n%*s", label, "", zero, width - (int)strlen(zero), end, label + 1, "");
	for (i = 0; i < ARRAY_SIZE(styles); i++)
		if (ctl.utf8 && ctl.color)
			printf(" %s%s%s %s", color(styles[i].terminal), i ? "\u2588" : "\u00b7",
			       color("off"), styles[i].phase);
		else
			printf(" %c=%s", styles[i].letter, styles[i].phase);
	putchar('\n');
	return EXIT_DONE;
}

/* --- SVG -------------------------------------------------------------------------------- */

#define SVG_WIDTH	960
#define SVG_ROW		28
#define SVG_TOP		48
#define SVG_PAD		16
#define SVG_LABEL	8	/* of a letter */

static void put_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			/* XML has no control characters. */
			fputc((unsigned char)*text < ' ' ? '?' : *text, file);
		}
	}
}

static void svg_text(FILE *file, double x, double y, const char *text)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\">", x, y);
	put_escaped(file, text);
	fputs("</text>\n", file);
}

static void svg_bars(const struct timeline *line, FILE *file, double left, double width)
{
	char took[32];
	size_t i;

	for (i = 0; i < line->count; i++) {
		const struct bar *bar = &line->bars[i];
		double scale = line->end ? width / line->end : 0;
		double long_enough = (bar->to - bar->from) * scale;

		fprintf(file, "<rect class=\"phase\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>",
			left + bar->from * scale, SVG_TOP + bar->attempt * SVG_ROW,
			long_enough < 0.5 ? 0.5 : long_enough, SVG_ROW - 6,
			styles[style_of(bar->phase)].svg);
		put_escaped(file, bar->phase);
		fprintf(file, ": %s</title></rect>\n",
			format_us(bar->to - bar->from, took, sizeof(took)));
	}
}

static void svg_legend(FILE *file, double x, double y)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(styles); i++, x += 90) {
		fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
			x, y - 10, styles[i].svg);
		svg_text(file, x + 16, y, styles[i].phase);
	}
}

int draw_svg(const struct timeline *line, const char *name)
{
	double left = SVG_PAD + label_width(line) * SVG_LABEL + SVG_PAD;
	double width = SVG_WIDTH - left - 90;
	int attempt, height = SVG_TOP + line->attempts * SVG_ROW + 56;
	char text[512], *tmp;
	FILE *file = replace_begin(name, &tmp);

	if (!file)
		return fail_errno(errno, "%s", name);
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n",
		SVG_WIDTH, height, SVG_WIDTH, height);
	fprintf(file, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", SVG_WIDTH, height);
	title(line, text, sizeof(text));
	svg_text(file, SVG_PAD, 26, text);
	svg_bars(line, file, left, width);
	for (attempt = 0; attempt < line->attempts; attempt++) {
		const char *node;
		int status = row_status(line, attempt, &node), y = SVG_TOP + attempt * SVG_ROW + 16;

		svg_text(file, SVG_PAD, y, node);
		svg_text(file, left + width + 10, y, status ? error_name(-status) : "ok");
	}
	svg_text(file, left, height - 40, "0");
	svg_text(file, left + width - 40, height - 40, format_us(line->end, text, sizeof(text)));
	svg_legend(file, SVG_PAD, height - 14);
	fputs("</svg>\n", file);
	return replace_end(file, name, tmp);
}

/* --- Perfetto ----------------------------------------------------------------------------- */

static struct json_object *trace_event(const char *name, const char *type, int thread)
{
	struct json_object *event = json_object_new_object();

	json_add(event, "name", name);
	json_add(event, "ph", type);
	json_add_int(event, "pid", 1);
	json_add_int(event, "tid", thread);
	return event;
}

/* The name of a row: of a process (thread 0), or of a thread */
static struct json_object *trace_name(const char *kind, const char *name, int thread)
{
	struct json_object *event = trace_event(kind, "M", thread);
	struct json_object *args = json_object_new_object();

	json_add(args, "name", name);
	json_object_object_add(event, "args", args);
	return event;
}

static struct json_object *trace_slice(const char *name, int thread, uint64_t from, uint64_t to)
{
	struct json_object *event = trace_event(name, "X", thread);

	json_add(event, "cat", "devreset");
	json_add_int(event, "ts", from);
	json_add_int(event, "dur", to - from);
	return event;
}

/* The trace event format, an attempt a thread */
int draw_perfetto(const struct timeline *line, const char *name)
{
	struct json_object *trace = json_object_new_object(), *events = json_object_new_array();
	char text[512], *tmp;
	FILE *file = replace_begin(name, &tmp);
	size_t i;
	int attempt;

	if (!file) {
		json_object_put(trace);
		json_object_put(events);
		return fail_errno(errno, "%s", name);
	}
	title(line, text, sizeof(text));
	json_object_array_add(events, trace_name("process_name", text, 0));
	json_object_array_add(events, trace_name("thread_name", "request", 0));
	json_object_array_add(events, trace_slice(json_str(line->entry, "asked"), 0, 0, line->end));
	for (attempt = 0; attempt < line->attempts; attempt++) {
		const char *node;
		int status = row_status(line, attempt, &node);

		snprintf(text, sizeof(text), "%d: %s, %s", attempt + 1, node,
			 status ? error_name(-status) : "ok");
		json_object_array_add(events, trace_name("thread_name", text, attempt + 1));
	}
	for (i = 0; i < line->count; i++)
		json_object_array_add(events, trace_slice(line->bars[i].phase,
							  line->bars[i].attempt + 1,
							  line->bars[i].from, line->bars[i].to));
	json_object_object_add(trace, "displayTimeUnit", json_object_new_string("ms"));
	json_object_object_add(trace, "traceEvents", events);
	fputs(json_object_to_json_string_ext(trace, JSON_C_TO_STRING_PRETTY), file);
	fputc('\n', file);
	json_object_put(trace);
	return replace_end(file, name, tmp);
}
