/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log of a node: its last requests. See log.c.
 */
#ifndef _DEVRESET_LOG_H
#define _DEVRESET_LOG_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <uapi/linux/devreset.h>

struct dr_node;
struct request;
struct seq_file;

#define REASON_LEN	64
#define IDENTITY_LEN	96
/* Name and pid of a process */
#define REQUESTER_LEN	(TASK_COMM_LEN + 16)

/* Of the last finished request; under dr_lock */
struct last {
	int status;
	enum devreset_scope scope;
	unsigned int attempts;
	u64 duration_us;
	enum devreset_method method;
	struct timespec64 time;
	char requester[REQUESTER_LEN];
	char reason[REASON_LEN];
	char cured_by[REASON_LEN];
};

/* How far an attempt is: the columns of the log, the slices of a trace */
enum dr_phase {
	PHASE_CLAIM,
	PHASE_QUIESCE,
	PHASE_RESET,
	PHASE_RESTORE,
	PHASE_RESUME,
	PHASE_CHECK,
	DR_PHASES,
};

#define LOG_ATTEMPTS	8
#define LOG_ENTRIES	16

/**
 * struct log_attempt - one attempt of a request
 * @node: the node that was reset
 * @status: 0 or an errno
 * @method: how
 * @began_us: when it began, in us since the request began
 * @done_us: when each phase ended, in us since the request began; 0: it did not
 */
struct log_attempt {
	char node[REASON_LEN];
	int status;
	enum devreset_method method;
	u64 began_us;
	u64 done_us[DR_PHASES];
};

/**
 * struct log_entry - one request
 * @link: in dr_node.log, or in that of its record
 * @seq: counts the requests of this name
 * @time: when it began, by the wall clock
 * @began: the same, in ns of the monotonic clock
 * @scope: what was asked for
 * @last: how it ended
 * @attempts: the last of them
 * @count: how many there were
 */
struct log_entry {
	struct list_head link;
	unsigned int seq;
	struct timespec64 time;
	u64 began;
	enum devreset_scope scope;
	struct last last;
	struct log_attempt attempts[LOG_ATTEMPTS];
	unsigned int count;
};

void log_begin(struct request *req);
void log_attempt(struct request *req, struct dr_node *target);
void log_attempt_end(struct request *req, int status);
void phase_begin(struct dr_node *target, enum dr_phase phase);
void phase_end(struct request *req, struct dr_node *target, enum dr_phase phase);
void log_end(struct request *req, struct list_head *old);
void log_free(struct list_head *log);
void log_show(struct seq_file *s, const char *name, struct list_head *log);

#endif
