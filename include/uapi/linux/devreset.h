/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * devreset: what user space shares with the kernel.
 *
 * The interface itself is generic netlink (<linux/devreset_netlink.h>, see
 * Documentation/netlink.rst), sysfs (/sys/class/devreset, see
 * Documentation/ABI/testing/sysfs-class-devreset) and uevents. The numbers
 * below are those of netlink, and those seen in the tracepoints.
 */
#ifndef _UAPI_LINUX_DEVRESET_H
#define _UAPI_LINUX_DEVRESET_H

/**
 * enum devreset_scope - how much a reset reaches
 * @DEVRESET_MEMBER: no reset of its own; the node above is reset instead
 * @DEVRESET_COMPONENT: a part of a device: a channel, a ring, some pipes
 * @DEVRESET_FUNCTION: the device, invisible to all others (DR1)
 * @DEVRESET_PLATFORM: everything on one reset line or power rail (DR2)
 *
 * From the least to the most invasive; the numbers can be compared.
 */
enum devreset_scope {
	DEVRESET_MEMBER,
	DEVRESET_COMPONENT,
	DEVRESET_FUNCTION,
	DEVRESET_PLATFORM,
};

/**
 * enum devreset_state - what is known about a node
 * @DEVRESET_HEALTHY: nothing is wrong, or nothing is known to be
 * @DEVRESET_RECOVERING: a reset asked for at this node runs or waits
 * @DEVRESET_PROBATION: it was cured a short while ago
 * @DEVRESET_FAILED: recovery gave up; only an operator's reset brings it back
 */
enum devreset_state {
	DEVRESET_HEALTHY,
	DEVRESET_RECOVERING,
	DEVRESET_PROBATION,
	DEVRESET_FAILED,
};

/**
 * enum devreset_method - how the driver of a device gets through a reset
 * @DEVRESET_METHOD_ANY: in a request: the least invasive that is possible
 * @DEVRESET_METHOD_NONE: no driver is bound, or the node's own reset needs no method
 * @DEVRESET_METHOD_RESET_DONE: the driver has reset_prepare() and reset_done(),
 *	or what its bus has instead (DR15, KeepStackReset)
 * @DEVRESET_METHOD_ERROR_HANDLERS: by the driver's error_detected(), slot_reset(), resume()
 * @DEVRESET_METHOD_REBIND: the driver is unbound before the reset and bound after it
 *
 * From the least to the most invasive.
 */
enum devreset_method {
	DEVRESET_METHOD_ANY,
	DEVRESET_METHOD_NONE,
	DEVRESET_METHOD_RESET_DONE,
	DEVRESET_METHOD_ERROR_HANDLERS,
	DEVRESET_METHOD_REBIND,
};

/**
 * enum devreset_rebind - policy/rebind: when a driver may be unbound for a reset
 * @DEVRESET_REBIND_NEVER: never
 * @DEVRESET_REBIND_ASKED: when an operator asked for the reset
 * @DEVRESET_REBIND_AUTO: a ladder does it too, unless something is in use
 * @DEVRESET_REBIND_ALWAYS: a ladder does it, in use or not
 */
enum devreset_rebind {
	DEVRESET_REBIND_NEVER,
	DEVRESET_REBIND_ASKED,
	DEVRESET_REBIND_AUTO,
	DEVRESET_REBIND_ALWAYS,
};

/**
 * enum devreset_final - policy/final: what becomes of a device that failed
 * @DEVRESET_FINAL_KEEP: it is left as it is
 * @DEVRESET_FINAL_ISOLATE: bus mastering, interrupts and link are turned off
 */
enum devreset_final {
	DEVRESET_FINAL_KEEP,
	DEVRESET_FINAL_ISOLATE,
};

/*
 * Keys of the KOBJ_CHANGE uevents of a node, sent when a request made at it
 * begins (DEVRESET_STATE=recovering, DEVRESET_STATUS=-115, which is
 * -EINPROGRESS) and when it ends.
 */
#define DEVRESET_UEVENT_NODE	"DEVRESET_NODE"
#define DEVRESET_UEVENT_STATE	"DEVRESET_STATE"
#define DEVRESET_UEVENT_SCOPE	"DEVRESET_SCOPE"
#define DEVRESET_UEVENT_STATUS	"DEVRESET_STATUS"
#define DEVRESET_UEVENT_REASON	"DEVRESET_REASON"

#endif /* _UAPI_LINUX_DEVRESET_H */
