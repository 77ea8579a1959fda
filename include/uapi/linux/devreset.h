/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * devreset: what user space shares with the kernel.
 *
 * The interface itself is sysfs (/sys/class/devreset, see
 * Documentation/ABI/testing/sysfs-class-devreset) and uevents. The numbers
 * below are those seen in the tracepoints.
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
