#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From a fault of a network adapter until packets are back for good: with this driver,
# and with the kernel's own, in the same place
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 900

. "${DEVRESET_TOP:-.}/bench/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

declare -A took

# The driver is loaded anew for each fault, and the device put right before
measure() {
	local driver=$1 name command

	while read -r name _ command; do
		setpci -s "$slot" COMMAND=7:407 BASE_ADDRESS_0="$bar"
		net_load "$driver"
		net_up
		wait_for 10 answers
		[ "$driver" = e1000 ] || net_policy max_recoveries=100
		took[$driver-$name]=$(python3 -IS "$tests/pinger.py" outage 10.9.0.2 "${DEVRESET_WATCH:-15}" "$command")
		echo "$driver, $name: ${took[$driver-$name]}"
		if [ "$driver" = e1000 ]; then rmmod e1000; else unload; fi
	done < <(faults)
}

slot=$(pci_of 8086:100e)
bar=$(setpci -s "$slot" BASE_ADDRESS_0)
regs=$pci/$slot/resource0 nic=eth0
peer_up
serve pinger.py 10.9.0.2
measure devreset_net
measure e1000

ms_or_never() { [ "$1" = never ] && echo never || echo "$1 ms"; }
while read -r name _; do
	ours=${took[devreset_net-$name]}
	# Two seconds of detection, two to come back, one in which QEMU's device
	# receives nothing after RCTL was written, half of one for the link
	judge "$name: ours / in-tree" "$(ms_or_never "$ours") / $(ms_or_never "${took[e1000-$name]}")" \
		"< 5500 ms" "$([ "$ours" != never ] && [ "$ours" -lt 5500 ] && echo 1 || echo 0)"
done < <(faults)
