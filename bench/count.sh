#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What devreset costs on a processor that takes one nanosecond for an instruction
# timeout: 600
#
# An idle processor's time passes at once there, so long sleeps are cheap; but so
# it does while the guest waits for a file of the host's.

. "${DEVRESET_TOP:-.}/bench/lib.sh"

nodes=10000
insmod "$DEVRESET_MODDIR/devreset.ko"
insmod "$DEVRESET_MODDIR/devreset_bench.ko"

thousandths() { awk -v "n=$1" 'BEGIN { printf "%.2f", n / 1000 }'; }

# --- the I/O path

ask make 1 flat given
ask io
judge "instructions in a cycle, by nops" "$(thousandths $((got[nops] / 100)))" 1.00 \
	"got[nops] > 99500 && got[nops] < 100500"
judge "busy() + idle(), instructions" "$(thousandths "${got[busy_idle]}")" "< 10" \
	"got[busy_idle] < 10000"
row "busy() while busy, instructions" "$(thousandths "${got[busy_again]}")"
row "progress(), instructions" "$(thousandths "${got[progress]}")"
ask drop

# grown TREE: what "make" said, and what its last node has to suffer
grown() {
	row "$1: register the 10th" "$(us "${got[first]}")"
	judge "$1: register number $nodes" "$(us "${got[last]}")" \
		"<= 2 x 10th" "got[last] <= 2 * got[first]"
	ask reset 20
	row "$1: reset of the last" "$(us "${got[median]}")"
	ask supported
	row "$1: what it supports" "$(us "${got[took]}")"
}

# --- memory

# used: KiB that are not to be had any more
used() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '/^MemFree:/ { print -$2 }' /proc/meminfo
}
slab() { awk '/^Slab:/ { print $2 }' /proc/meminfo; }

ask size
row "struct dr_node, bytes" "${got[node]}"

before=$(used) slab_before=$(slab)
ask make "$nodes" flat given
first=${got[first]} last=${got[last]}
after=$(used) slab_after=$(slab)
row "a registered node, bytes" \
	"$(((after - before) * 1024 / nodes)) (slab: $(((slab_after - slab_before) * 1024 / nodes)))"
got=([first]=$first [last]=$last)
grown "flat tree, parent given"

# --- wake-ups

# How long is it up, in ms: how long a sleep really was
uptime_ms() {
	local up

	read -r up _ </proc/uptime
	echo $((10#${up/./} * 10))
}

# wakeups WHAT SECONDS: timers that expire, and works that are queued or start,
# for the core. A delayed work's timer is the kernel's, but the queue is ours.
wakeups() {
	local began ours

	trace_on workqueue/workqueue_queue_work workqueue/workqueue_execute_start \
		timer/timer_expire_entry timer/hrtimer_expire_entry
	began=$(uptime_ms)
	sleep "$2"
	took=$(($(uptime_ms) - began))
	trace_off
	grep -q 'overrun: 0' $tracing/per_cpu/cpu0/stats || fail "the trace has a gap"
	ours=$(trace | grep -e ' workqueue=devreset ' -e '\[devreset\]' || true)
	works=$(grep -c queue_work: <<<"$ours" || true)
	events=$(grep -c . <<<"$ours" || true)
	echo "wake-ups $1: $events events, of these $works works queued, in $took ms;" \
		"timers of everybody: $(trace | grep -c 'expire_entry:')"
}

# per_second EVENTS
per_second() { awk -v "n=$1" -v "ms=$took" 'BEGIN { printf "%.2f in 1 s", n * 1000 / ms }'; }

wakeups "never busy" 30
judge "$nodes idle nodes, wake-ups" "$(per_second "$events")" 0 "events == 0"
ask busy 1
wakeups "one is busy" 30
judge "one of them busy, checks" "$(per_second "$works")" "> 0" "works > 0"
ask busy "$nodes"
sleep 5
ask idle
sleep 10
wakeups "were busy" 30
judge "all idle again after work, wake-ups" "$(per_second "$events")" 0 "events == 0"
ask drop

# --- registering

# grow SHAPE HOW: the 10th and the last node
grow() {
	ask make "$nodes" "$1" "$2"
	grown "$1 tree, parent ${2/device/found}"
	ask drop
}

grow flat device
grow deep given
grow deep device
rmmod devreset_bench devreset
