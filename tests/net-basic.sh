#!/bin/bash
# The network driver sends and receives: ping, VLAN, multicast, large frames, ethtool
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_load
net_up
peer_up
ping -c 3 -i 0.2 10.9.0.2
ok "ping"
cat /sys/kernel/debug/devreset/tree || true
ip -s link show $nic
ethtool -i $nic; ethtool $nic; ethtool -t $nic online; ethtool -t $nic offline
ethtool -S $nic
ping -c 3 -i 0.2 10.9.0.2
ls $class
dmesg | tail -20
unload
