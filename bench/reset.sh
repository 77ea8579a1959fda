#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a reset through devreset takes more than the PCI core's own
# qemu: -device pcie-root-port,id=rp1,chassis=1 -device nvme,serial=1,bus=rp1
# qemu: -device pcie-root-port,id=rp2,chassis=2 -device edu,bus=rp2
# timeout: 400

. "${DEVRESET_TOP:-.}/bench/lib.sh"

insmod "$DEVRESET_MODDIR/devreset.ko"
insmod "$DEVRESET_MODDIR/devreset_bench.ko"
nvme=$(pci_of 1b36:0010)
edu=$(pci_of 1234:11e8)
for device in "$nvme" "$edu"; do
	[ ! -e "$pci/$device/driver" ] || echo "$device" >"$pci/$device/driver/unbind"
done

# judge_time WHAT NS MOST: judged only where nobody else has the processor
judge_time() {
	if counted; then
		judge "$1" "$(us "$2")" "<= $(us "$3")" "$2 <= $3"
	else
		row "$1" "$(us "$2")"
	fi
}

# compare WHAT ADDRESS PAIRS: at most 1% and 200 microseconds more
compare() {
	local most

	ask pci "$2" "$3"
	most=$((got[raw_median] / 100 + 200000))
	row "$1, by itself" "$(ms "${got[raw_median]}"), p99 $(ms "${got[raw_p99]}")"
	row "$1, through us" "$(ms "${got[ours_median]}"), p99 $(ms "${got[ours_p99]}")"
	judge_time "$1, the medians' difference" $((got[ours_median] - got[raw_median])) $most
	judge_time "$1, the p99's difference" $((got[ours_p99] - got[raw_p99])) \
		$((got[raw_p99] / 100 + 200000))
	judge_time "$1, the mean of differences" "${got[more_mean]}" $most
}

# accesses COMMAND...: of configuration space, each a microsecond or so on hardware
accesses() {
	echo 'pci_bus_*_config_*' >$tracing/set_ftrace_filter
	echo function >$tracing/current_tracer
	echo >$tracing/trace
	ask "$@"
	echo 0 >$tracing/tracing_on
	calls=$(trace | grep -c 'pci_bus_.*_config_' || true)
	echo nop >$tracing/current_tracer
	echo 1 >$tracing/tracing_on
}

# count_accesses WHAT ADDRESS
count_accesses() {
	local raw

	accesses raw "$2" 1
	raw=$calls
	accesses pci "$2" 1
	row "$1, accesses of configuration space" "$raw by itself, $((calls - raw)) through us"
}

# Nothing of ours is in the way here: what "by itself" below must agree with
ask raw "$nvme" 20
row "nvme reset (FLR), no node" "$(ms "${got[raw_median]}"), p99 $(ms "${got[raw_p99]}")"

insmod "$DEVRESET_MODDIR/devreset_pci.ko"
for device in "$nvme" "$edu"; do
	[ ! -e "$pci/$device/driver" ] || echo "$device" >"$pci/$device/driver/unbind"
	put "pci $device" "$class/manage"
done
# The same policy as a driver's node: a check every so often is no reset's cost
for policy in "$class"/pci*/policy/check_idle; do
	put 0 "$policy"
done

compare "nvme reset (FLR)" "$nvme" 100
compare "edu reset (bus)" "$edu" 100
if counted; then
	count_accesses "nvme reset (FLR)" "$nvme"
	count_accesses "edu reset (bus)" "$edu"
fi
put "$edu" /sys/bus/pci/drivers/edu/bind
compare "edu reset (bus), its driver bound" "$edu" 100

# A reset that does nothing leaves what the core itself takes
ask make 1 flat given
ask reset 1000
row "a reset that does nothing" "$(us "${got[median]}"), p99 $(us "${got[p99]}")"
ask drop

# On processors that idle, how late is a timer that may wait for another one's?
for kind in ordinary deferrable; do
	ask late $kind 8 2000
	row "$kind timer of 2 s on an idle machine, late" \
		"$(ms "${got[median]}"), worst $(ms "${got[max]}")"
done
