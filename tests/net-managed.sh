#!/bin/bash
# An interface of another driver, under policy: it is found when it does not send, and comes back; its node follows its name
# contracts: ND11 ND14 DR8
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_load e1000
load
peer_up
net_up
serve pinger.py 10.9.0.2
wait_for 10 answers

manage() { put "$*" $class/manage; }
unmanage() { put "$*" $class/unmanage; }

refused ENODEV manage net nothing0
refused EINVAL manage net a/b
refused EINVAL manage net 0123456789abcdef
manage net "$nic"
refused EEXIST manage net "$nic"
expect component cat "$class/$adapter/scope"
expect 1 cat "$class/$adapter/policy/check_idle"
expect "$function" basename "$(readlink "$class/$adapter/reset_parent")"
ok "$nic, driven by e1000, is managed"

policy "$adapter" check_interval_ms=500 probation_ms=0
took=$(python3 -IS "$tests/pinger.py" fault 10.9.0.2 30 "python3 -IS $tests/reg.py $regs 400-2")
[ "$took" != never ] || fail "never came back: $(last "$adapter")"
wait_for 10 is "does not send" "$class/$adapter/last/reason"
expect "0 component 1 $adapter does not send" last "$adapter"
ok "its transmit unit was off: back after $took ms"

ip link set "$nic" down
ip link set "$nic" name other0
[ ! -e "$class/$adapter" ] || fail "$adapter is there still"
expect healthy cat $class/net-other0/state
ip link set other0 name "$nic"
expect healthy cat "$class/$adapter/state"
ok "the node follows the name"

ip netns add elsewhere
ip link add twin0 type veth peer name twin1
manage net twin0
manage net twin1
ip link set twin0 netns elsewhere
[ ! -e $class/net-twin0 ] || fail "moved to another name space, and managed still"
unmanage net twin1
[ ! -e $class/net-twin1 ] || fail "net-twin1 is there still"
refused ENOENT unmanage net twin1
ok "an interface that leaves the name space is managed no more"

rmmod e1000
[ ! -e "$class/$adapter" ] || fail "$adapter is there still"
ok "the node goes with the interface"
unload
