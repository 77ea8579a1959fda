#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure what devreset costs, on the newest installed kernel, and compare that
# with the goals: Documentation/performance.rst tells what is measured and how.
#
#   scripts/bench.sh [count|reset|dma|usb|packets|real|cpus|bulk|net|faults|stock|unmanaged...]
#                                   (all but the last four)
#
# count: instructions, bytes, wake-ups; reset: resets, counted in instructions too;
# dma: soft DMA channels, counted; cpus: two of them on two processors, in real time;
# usb: resets of a USB device, and data through it, counted; bulk: the data in real time,
# on two processors;
# real: the same resets in real time, on two processors, which nothing is judged by;
# packets, net, faults: the network driver beside the kernel's own: what they carry, counted
# and in real time, and how long after a fault packets are back for good;
# stock, unmanaged: how long devices of the kernel's own drivers are gone after a fault,
# with and without devreset. ONLY=word: faults with that word in their names
#
# Prints a table at the end, and fails if a goal is missed.

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
[ $# != 0 ] || set -- count reset dma usb packets real cpus bulk

# -icount needs a processor that is emulated; and these figures are of one
export DEVRESET_MODDIR=$tmp/modules DEVRESET_ACCEL=tcg
"$top/scripts/build.sh" -k stock -o "$DEVRESET_MODDIR" CONFIG_DEVRESET_BENCH=m

# What the compiler makes of the I/O path's calls: no bus lock in it
objdump -d -j .text --no-show-raw-insn --disassemble=bench_busy_idle \
	"$DEVRESET_MODDIR/devreset_bench.ko" | sed -n '/>:$/,$p' | tee "$tmp/code"
[ -s "$tmp/code" ] || die "no bench_busy_idle() in the module"
locked=$(grep -cE '\b(lock|xchg|cmpxchg|xadd)' "$tmp/code" || true)
{
	printf 'row\tbusy() + idle(), atomic instructions\t%s\t0\t' "$locked"
	[ "$locked" = 0 ] && echo met || echo missed
} >"$tmp/rows"

# A processor on which memcpy() is "rep movsq", which counts once for eight bytes, as
# in what the compiler makes of a copy within a page; "rep movsb" counts for each
movsq="-cpu max,-erms,-fsrm,vendor=GenuineIntel,family=6,model=94"

# measure ARGUMENT... SCRIPT: in a guest, which may name the fault that the next one begins with
measure() {
	local next=0

	while [ "$next" ]; do
		"$top/scripts/vm.sh" -m "from=$next" "$@" | tee "$tmp/out" | sed -u '/^row/d'
		grep '^row' "$tmp/out" >>"$tmp/rows"
		next=$(sed -n 's/^next //p' "$tmp/out")
	done
}

# With -icount an instruction takes a nanosecond, and an idle processor's time passes at
# once; nobody else's load tells.
for name; do
	echo "--- $name"
	case $name in
	count | reset | usb) args=(-q "-icount shift=0,sleep=off" -m maxcpus=1) script=$name ;;
	packets) args=(-q "$movsq -icount shift=0,sleep=off" -m maxcpus=1) script=net ;;
	bulk) args=() script=usb ;;
	net | faults) args=() script=$name ;;
	stock | unmanaged) args=(-m "stock=$name only=${ONLY-}") script=stock ;;
	dma) args=(-q "$movsq -icount shift=0,sleep=off" -m maxcpus=1) script=dma ;;
	real) args=() script=reset ;;
	cpus) args=(-q "$movsq") script=dma ;;
	*) die "no such measurement: $name" ;;
	esac
	printf 'row\t--- %s\t\t\t\n' "$name" >>"$tmp/rows"
	measure "${args[@]}" "$top/bench/$script.sh"
	awk -F '\t' -v name="$name" '$5 == name || name == "stock" && $5 == "managed" { n[$4]++ }
		END { for (what in n) printf "row\tin all: %s\t%d\t-\t-\n", what, n[what] }' "$tmp/rows" >"$tmp/sum"
	cat "$tmp/sum" >>"$tmp/rows"
done

echo
awk -F '\t' 'BEGIN { form = "%-59s %-33s %-12s %s\n"; printf form, "what", "measured", "goal", "" }
	{ printf form, $2, $3, $4, $5 }' "$tmp/rows"
! grep -q 'missed$' "$tmp/rows" || die "a goal was missed"
