#!/bin/bash
# What the driver does for an 82543GC, on a device that is told to be one: less can be asked of it, and it comes back all the same
# contracts: ND1 ND2 ND4 DR6
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 100
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start max_recoveries=100
echo 1 >"$pci/$slot/remove"
insmod "$DEVRESET_MODDIR/devreset_net_cable.ko" as=0x1004
echo 1 >/sys/bus/pci/rescan
wait_for 10 netdev_of devreset_net
expect 0x1004 cat "$pci/$slot/device"
net_names devreset_net
net_up
wait_for 10 answers
net_policy max_recoveries=100 probation_ms=0 check_interval_ms=500

ethtool -k "$nic" >$dir/features
grep -q '^tcp-segmentation-offload: off$' $dir/features
grep -q '^	tx-tcp-segmentation: off \[fixed\]$' $dir/features
refused EINVAL ethtool -s "$nic" wol g
ethtool "$nic" >$dir/link
grep -q "Supports auto-negotiation: No" $dir/link
grep -q "Advertised auto-negotiation: No" $dir/link
refused EOPNOTSUPP ethtool -s "$nic" autoneg off speed 100 duplex full
refused EINVAL ethtool -G "$nic" tx 512
ethtool -G "$nic" tx 256 rx 256
wait_for 10 answers
ok "no TSO, no wake-up, no setting of the link, shorter rings"

iperf_up
transfer() { iperf3 -c 10.9.0.2 -n 5M "$@" >/dev/null; }
transfer
transfer --reverse
for node in "$tx" "$rx" "$adapter"; do
	reset "$node" component
done
for scope in function platform; do
	reset "$adapter" $scope
done
wait_for 10 carrier
wait_for 10 answers
transfer
transfer --reverse
ok "ND2: it sends and receives, after resets of every scope too"

serve pinger.py 10.9.0.2
all_faults
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
echo 1 >"$pci/$slot/remove"
rmmod devreset_net_cable
unload
