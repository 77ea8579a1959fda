// SPDX-License-Identifier: GPL-2.0
/*
 * The devices that can be managed, with what a configuration file may ask of them. Of
 * a USB device, the drivers, classes and modaliases are those of its interfaces, too; of
 * a network interface all are those of the device that it belongs to.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "ctl.h"

static char *keep(struct device *device, const char *text)
{
	size_t i;

	for (i = 0; i < DEVICE_WORDS; i++) {
		if (!device->words[i]) {
			device->words[i] = format("%s", text);
			return device->words[i];
		}
	}
	return NULL;
}

static void add_word(char **list, char *word)
{
	size_t i;

	for (i = 0; word && i < DEVICE_WORDS - 1; i++) {
		if (!list[i]) {
			list[i] = word;
			return;
		}
	}
}

/* What @folder below /sys says; @class: the file for that */
static void add_words(struct device *device, const char *folder, const char *class)
{
	char text[512];

	if (sys_link(text, sizeof(text), "%s/driver", folder))
		add_word(device->drivers, keep(device, text));
	if (sys_read(text, sizeof(text), "%s/%s", folder, class))
		add_word(device->classes, keep(device, text + (!strncmp(text, "0x", 2) ? 2 : 0)));
	if (sys_read(text, sizeof(text), "%s/modalias", folder))
		add_word(device->modaliases, keep(device, text));
}

static void add_id(struct device *device, const char *folder, const char *vendor,
		   const char *product)
{
	char first[32], second[32], text[72];

	if (!sys_read(first, sizeof(first), "%s/%s", folder, vendor) ||
	    !sys_read(second, sizeof(second), "%s/%s", folder, product))
		return;
	snprintf(text, sizeof(text), "%s:%s", first + (!strncmp(first, "0x", 2) ? 2 : 0),
		 second + (!strncmp(second, "0x", 2) ? 2 : 0));
	device->id = keep(device, text);
}

static void add_path(struct device *device, const char *folder)
{
	char *link = format("%s/%s", ctl.sys, folder), *path = realpath(link, NULL);
	char *sys = realpath(ctl.sys, NULL);

	if (path && sys && !strncmp(path, sys, strlen(sys)))
		device->path = keep(device, path + strlen(sys));
	free(link);
	free(path);
	free(sys);
}

/* @folder: of an interface of a USB device, which the ids are of */
static void describe_interface(struct device *device, const char *folder)
{
	char *above = format("%s/..", folder);

	add_id(device, above, "idVendor", "idProduct");
	add_words(device, folder, "bInterfaceClass");
	free(above);
}

/* @folder: of a PCI or USB device, or what a network interface is of */
static void describe(struct device *device, const char *folder)
{
	char **names, **name;
	size_t len = strlen(device->name);

	if (sys_exists("%s/bInterfaceClass", folder)) {
		describe_interface(device, folder);
		return;
	}
	if (!sys_exists("%s/idVendor", folder)) {
		add_id(device, folder, "vendor", "device");
		add_words(device, folder, "class");
		return;
	}
	add_id(device, folder, "idVendor", "idProduct");
	add_words(device, folder, "bDeviceClass");
	names = sys_names("%s", folder);
	for (name = names; name && *name; name++) {
		/* 1-1:1.0 is an interface of 1-1. */
		if (!strncmp(*name, device->name, len) && (*name)[len] == ':') {
			char *interface = format("%s/%s", folder, *name);

			add_words(device, interface, "bInterfaceClass");
			free(interface);
		}
	}
	names_free(names);
}

static int with_device(const char *bus, const char *name,
		       int (*fn)(struct device *device, void *arg), void *arg)
{
	bool net = !strcmp(bus, "net");
	char *folder = net ? format("class/net/%s", name) : format("bus/%s/devices/%s", bus, name);
	char *parent = net ? format("%s/device", folder) : NULL;
	struct device device = { .bus = bus };
	size_t i;
	int status;

	device.name = keep(&device, name);
	add_path(&device, folder);
	describe(&device, net ? parent : folder);
	status = fn(&device, arg);
	for (i = 0; i < DEVICE_WORDS; i++)
		free(device.words[i]);
	free(folder);
	free(parent);
	return status;
}

/* Not interfaces, nor root hubs */
static bool is_usb_device(const char *name)
{
	return !strchr(name, ':') && strncmp(name, "usb", 3);
}

/* @fn is called for each; the first exit status that is not EXIT_DONE is returned. */
int devices_each(int (*fn)(struct device *device, void *arg), void *arg)
{
	static const char * const buses[] = { "pci", "usb", "net" };
	int status = EXIT_DONE, one;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		char **names = i < 2 ? sys_names("bus/%s/devices", buses[i]) : sys_names("class/net");
		char **name;

		for (name = names; name && *name; name++) {
			if (i == 1 && !is_usb_device(*name))
				continue;
			one = with_device(buses[i], *name, fn, arg);
			if (!status)
				status = one;
		}
		names_free(names);
	}
	return status;
}

/* The device at /sys@devpath, as a udev rule has it in $devpath; of an interface, its own */
int device_at(const char *devpath, int (*fn)(struct device *device, void *arg), void *arg)
{
	char *path = format("%s", devpath), bus[32], *name, *colon;
	int status = EXIT_DONE;

	devpath += devpath[0] == '/';
	name = strrchr(path, '/');
	if (!name || !sys_exists("%s", devpath)) {
		status = fail(EXIT_NONE, "no device at %s/%s", ctl.sys, devpath);
	} else if (sys_link(bus, sizeof(bus), "%s/subsystem", devpath)) {
		name++;
		colon = strchr(name, ':');
		if (!strcmp(bus, "usb") && colon)
			*colon = '\0';
		if (!strcmp(bus, "pci") || !strcmp(bus, "net") ||
		    (!strcmp(bus, "usb") && is_usb_device(name)))
			status = with_device(bus, name, fn, arg);
	}
	free(path);
	return status;
}
