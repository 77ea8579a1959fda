/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracepoint for every step of a reset. Nodes are named as in sysfs; scopes
 * and states are named as there too; a status is 0 or a negative errno.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM devreset

#if !defined(_TRACE_DEVRESET_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DEVRESET_H

#include <linux/tracepoint.h>
#include "../../../drivers/compat.h"

struct dr_node;
const char *dr_trace_name(const struct dr_node *node);
/* Bytes of a name: one may become longer while it is being recorded. */
#define DEVRESET_TRACE_NAME	64

TRACE_DEFINE_ENUM(DEVRESET_MEMBER);
TRACE_DEFINE_ENUM(DEVRESET_COMPONENT);
TRACE_DEFINE_ENUM(DEVRESET_FUNCTION);
TRACE_DEFINE_ENUM(DEVRESET_PLATFORM);
TRACE_DEFINE_ENUM(DEVRESET_HEALTHY);
TRACE_DEFINE_ENUM(DEVRESET_RECOVERING);
TRACE_DEFINE_ENUM(DEVRESET_PROBATION);
TRACE_DEFINE_ENUM(DEVRESET_FAILED);

#define devreset_print_scope(scope)					\
	__print_symbolic(scope,						\
			 { DEVRESET_MEMBER, "recover" },		\
			 { DEVRESET_COMPONENT, "component" },		\
			 { DEVRESET_FUNCTION, "function" },		\
			 { DEVRESET_PLATFORM, "platform" })

#define devreset_print_state(state)					\
	__print_symbolic(state,						\
			 { DEVRESET_HEALTHY, "healthy" },		\
			 { DEVRESET_RECOVERING, "recovering" },		\
			 { DEVRESET_PROBATION, "probation" },		\
			 { DEVRESET_FAILED, "failed" })

/* A reset, or the ladder ("recover"), was asked for; status: taken in? */
TRACE_EVENT(devreset_request,
	TP_PROTO(const struct dr_node *node, int scope, int status, const char *reason),
	TP_ARGS(node, scope, status, reason),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, scope)
		__field(int, status)
		__string(reason, reason)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->scope = scope;
		__entry->status = status;
		compat_assign_str(reason, reason);
	),
	TP_printk("node=%s scope=%s status=%d reason=\"%s\"", __entry->node,
		  devreset_print_scope(__entry->scope), __entry->status,
		  __get_str(reason))
);

DECLARE_EVENT_CLASS(devreset_step,
	TP_PROTO(const struct dr_node *node, int status),
	TP_ARGS(node, status),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, status)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->status = status;
	),
	TP_printk("node=%s status=%d", __entry->node, __entry->status)
);

/* The subtree of the node was claimed, or could not be */
DEFINE_EVENT(devreset_step, devreset_claim,
	TP_PROTO(const struct dr_node *node, int status),
	TP_ARGS(node, status)
);

DEFINE_EVENT(devreset_step, devreset_quiesce,
	TP_PROTO(const struct dr_node *node, int status),
	TP_ARGS(node, status)
);

DEFINE_EVENT(devreset_step, devreset_restore,
	TP_PROTO(const struct dr_node *node, int status),
	TP_ARGS(node, status)
);

DEFINE_EVENT(devreset_step, devreset_check,
	TP_PROTO(const struct dr_node *node, int status),
	TP_ARGS(node, status)
);

/*
 * The phases of a reset, as slices: the fields are those by which Perfetto makes
 * tracks of any kernel tracepoint ('B' begin, 'E' end).
 */
TRACE_EVENT(devreset_phase,
	TP_PROTO(const struct dr_node *node, const char *phase, char type),
	TP_ARGS(node, phase, type),
	TP_STRUCT__entry(
		__field(char, track_event_type)
		__string(slice_name, phase)
		__array(char, track_name, DEVRESET_TRACE_NAME)
	),
	TP_fast_assign(
		__entry->track_event_type = type;
		compat_assign_str(slice_name, phase);
		strscpy(__entry->track_name, dr_trace_name(node), DEVRESET_TRACE_NAME);
	),
	TP_printk("type=%c node=%s phase=%s", __entry->track_event_type,
		  __entry->track_name, __get_str(slice_name))
);

/* flags: DEVRESET_RESTORE 1, DEVRESET_SOFT_ERROR 2 */
TRACE_EVENT(devreset_reset,
	TP_PROTO(const struct dr_node *node, int status, unsigned int flags),
	TP_ARGS(node, status, flags),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, status)
		__field(unsigned int, flags)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->status = status;
		__entry->flags = flags;
	),
	TP_printk("node=%s status=%d flags=%#x", __entry->node, __entry->status,
		  __entry->flags)
);

/* told: what the driver was told; status: what it said */
TRACE_EVENT(devreset_resume,
	TP_PROTO(const struct dr_node *node, int told, int status),
	TP_ARGS(node, told, status),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, told)
		__field(int, status)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->told = told;
		__entry->status = status;
	),
	TP_printk("node=%s told=%d status=%d", __entry->node, __entry->told,
		  __entry->status)
);

TRACE_EVENT(devreset_state,
	TP_PROTO(const struct dr_node *node, int from, int to),
	TP_ARGS(node, from, to),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, from)
		__field(int, to)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("node=%s from=%s to=%s", __entry->node,
		  devreset_print_state(__entry->from),
		  devreset_print_state(__entry->to))
);

/* A request is over; scope: of the last reset that was made for it */
TRACE_EVENT(devreset_done,
	TP_PROTO(const struct dr_node *node, int scope, int status, unsigned int attempts),
	TP_ARGS(node, scope, status, attempts),
	TP_STRUCT__entry(
		__array(char, node, DEVRESET_TRACE_NAME)
		__field(int, scope)
		__field(int, status)
		__field(unsigned int, attempts)
	),
	TP_fast_assign(
		strscpy(__entry->node, dr_trace_name(node), DEVRESET_TRACE_NAME);
		__entry->scope = scope;
		__entry->status = status;
		__entry->attempts = attempts;
	),
	TP_printk("node=%s scope=%s status=%d attempts=%u", __entry->node,
		  devreset_print_scope(__entry->scope), __entry->status,
		  __entry->attempts)
);

#endif /* _TRACE_DEVRESET_H */

#include <trace/define_trace.h>
