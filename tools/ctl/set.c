// SPDX-License-Identifier: GPL-2.0
/* set, manage, unmanage: what changes, and resets nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

/* "KEY=VALUE" is cut in two. */
static int take_assignment(char *text, char **key, char **value)
{
	char *sign = strchr(text, '='), *wrong;

	if (!sign)
		return fail(EXIT_USAGE, "KEY=VALUE, not \"%s\"", text);
	*sign = '\0';
	*key = text;
	*value = sign + 1;
	wrong = policy_complaint(*key, *value);
	if (!wrong)
		return EXIT_DONE;
	fail(EXIT_USAGE, "%s", wrong);
	free(wrong);
	return EXIT_USAGE;
}

int cmd_set(int argc, char **argv)
{
	char **keys = calloc(argc, sizeof(*keys)), **values = calloc(argc, sizeof(*values));
	int i, ret, status = EXIT_DONE, count = argc - 1;

	if (!keys || !values)
		abort();
	for (i = 0; i < count && !status; i++)
		status = take_assignment(argv[i + 1], &keys[i], &values[i]);
	if (!status)
		status = node_check(argv[0]);
	if (!status) {
		ret = policy_write(argv[0], keys, values, count);
		if (ret)
			status = fail_errno(-ret, "%s: nothing was set", argv[0]);
	}
	free(keys);
	free(values);
	return status;
}

static int manage_failed(int err, char **argv)
{
	/* The netlink family says more. */
	switch (family_text()[0] ? 0 : err) {
	case EEXIST:
		return fail(EXIT_REFUSED, "%s %s is managed already", argv[0], argv[1]);
	case ENOENT:
		return fail(EXIT_REFUSED, "%s %s is not managed", argv[0], argv[1]);
	case ENODEV:
		return fail(EXIT_NONE, "%s %s: no such bus (is its module loaded?), no such device, or its driver has a node of its own",
			    argv[0], argv[1]);
	case EOPNOTSUPP:
		return fail(EXIT_REFUSED, "%s %s: a bridge cannot be managed", argv[0], argv[1]);
	case EINVAL:
		return fail(EXIT_USAGE, "\"%s\" is no name of a device on bus %s", argv[1],
			    argv[0]);
	}
	fail_errno(err, "%s %s", argv[0], argv[1]);
	return err == ENOENT ? EXIT_REFUSED : exit_status_of(err);
}

static int change_managed(bool on, char **argv)
{
	int ret, status = module_check();

	if (status)
		return status;
	/* One value each: a blank within would be another device's name. */
	if (!argv[0][0] || !argv[1][0] || strpbrk(argv[0], " \n") || strpbrk(argv[1], " \n"))
		return fail(EXIT_USAGE, "BUS NAME, such as pci 0000:01:00.0");
	ret = manage_write(on, argv[0], argv[1]);
	return ret ? manage_failed(-ret, argv) : EXIT_DONE;
}

int cmd_manage(int argc, char **argv)
{
	(void)argc;
	return change_managed(true, argv);
}

int cmd_unmanage(int argc, char **argv)
{
	(void)argc;
	return change_managed(false, argv);
}
