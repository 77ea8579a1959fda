#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From a fault of a network adapter until packets are back for good: alone, and beside a
# TCP connection; with this driver, and with the kernel's own, in the same place
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 2400

. "${DEVRESET_TOP:-.}/bench/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

declare -A took

# measure DRIVER alone|stream: the driver is loaded anew for each fault, and the device put
# right before
measure() {
	local driver=$1 beside=$2 name command stream back

	while read -r name _ command; do
		setpci -s "$slot" COMMAND=7:407 BASE_ADDRESS_0="$bar"
		net_load "$driver"
		net_up
		wait_for 10 answers
		[ "$driver" = e1000 ] || net_policy max_recoveries=100
		rm -f $dir/enough
		if [ "$beside" = stream ]; then
			python3 -IS "$tests/flow.py" stream 10.9.0.2 5001 $dir/enough 40 >$dir/stream 2>&1 &
			stream=$!
			wait_for 30 grep -q streaming $dir/stream
		fi
		back=$(python3 -IS "$tests/pinger.py" outage 10.9.0.2 "${DEVRESET_WATCH:-15}" "$command")
		if [ "$beside" = stream ]; then
			touch $dir/enough
			# Over a device that does not come back it would wait for long
			[ "$back" != never ] || kill $stream 2>/dev/null || true
			wait $stream || [ "$back" = never ] || back="$back, TCP lost"
		fi
		took[$driver-$beside-$name]=$back
		echo "$driver, $beside, $name: $back"
		if [ "$driver" = e1000 ]; then rmmod e1000; else unload; fi
	done < <(faults)
}

slot=$(pci_of 8086:100e)
bar=$(setpci -s "$slot" BASE_ADDRESS_0)
regs=$pci/$slot/resource0 nic=eth0
peer_up
serve pinger.py 10.9.0.2
serve flow.py 10.9.0.2 5001
for beside in alone stream; do
	measure devreset_net $beside
	measure e1000 $beside
done

for beside in alone stream; do
	while read -r name _; do
		ours=${took[devreset_net-$beside-$name]} theirs=${took[e1000-$beside-$name]}
		# Two seconds of detection, two to come back, one in which QEMU's device
		# receives nothing after RCTL was written, half of one for the link
		judge "$name, $beside, ms: ours / in-tree" "$ours / $theirs" \
			"< 5500" "$([[ $ours =~ ^[0-9]+$ ]] && [ "$ours" -lt 5500 ] && echo 1 || echo 0)"
	done < <(faults)
done
