#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the network driver carries, and what the kernel's own does in the same place:
# in real time, or by instructions, of which one takes a nanosecond
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 600

. "${DEVRESET_TOP:-.}/bench/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

seconds=8 rounds=2
# A virtual second costs no more than that, and the rounds differ
! counted || seconds=1 rounds=6
declare -A got_from

# mbit [ARGUMENT]: TCP, as iperf3 sees it at the receiver
mbit() {
	iperf3 -c 10.9.0.2 -t "$seconds" -J "$@" |
		python3 -IS -c 'import json, sys; print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))'
}

# measure DRIVER ROUND: TCP both ways, and packets of 64 bytes
measure() {
	local driver=$1

	net_load "$driver"
	net_up
	wait_for 10 answers
	got_from[$driver-send-$2]=$(mbit)
	got_from[$driver-receive-$2]=$(mbit -R)
	got_from[$driver-packets-$2]=$(pktgen "$nic" 100000 "$peer_mac")
	echo "$driver: sends ${got_from[$driver-send-$2]} Mbit/s, receives ${got_from[$driver-receive-$2]} Mbit/s," \
		"sends ${got_from[$driver-packets-$2]} packets a second"
	if [ "$driver" = e1000 ]; then rmmod e1000; else unload; fi
}

# best DRIVER WHAT: of all rounds, as whatever else the machine does only takes away
best() {
	local round top=0

	for ((round = 1; round <= rounds; round++)); do
		[ "${got_from[$1-$2-$round]}" -le "$top" ] || top=${got_from[$1-$2-$round]}
	done
	echo "$top"
}

peer_up
# What one connection has learned is not for the next one
sysctl -qw net.ipv4.tcp_no_metrics_save=1
in_peer sysctl -qw net.ipv4.tcp_no_metrics_save=1
iperf_up
for ((round = 1; round <= rounds; round++)); do
	drivers=(devreset_net e1000)
	((round % 2)) || drivers=(e1000 devreset_net)
	for driver in "${drivers[@]}"; do
		measure "$driver" $round
	done
done
for what in send receive packets; do
	ours=$(best devreset_net $what) theirs=$(best e1000 $what)
	judge "$what: ours / in-tree" "$ours / $theirs" ">= 1.0" "ours >= theirs"
	if counted && [ $what = packets ]; then
		row "instructions for a packet of 64 bytes: ours / in-tree" \
			"$((1000000000 / ours)) / $((1000000000 / theirs))" "at most theirs" \
			"$( ((ours >= theirs)) && echo met || echo missed)"
	fi
done
