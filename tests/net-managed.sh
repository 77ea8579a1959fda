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

# An interface that never stops its queues, so that only we look: the queue that is stuck is
# the one that its driver hears of, and no sooner than the driver allows
stuck() { put "$1" /sys/module/devreset_net_queues/parameters/stuck; }
# queues WATCHDOG_MS [ARGUMENT...]: the interface, managed; feed: packets for it, for good
queues() {
	insmod "$DEVRESET_MODDIR/devreset_net_queues.ko" watchdog_ms="$1" "${@:2}"
	echo 1 >/proc/sys/net/ipv6/conf/queues0/disable_ipv6
	ip address add 10.8.0.1/24 dev queues0
	ip link set queues0 up
	manage net queues0
	policy net-queues0 check_interval_ms=500 probation_ms=0 retry_interval_ms=100
}
# One ping may end, where there is no way just then
feed() {
	{
		trap 'kill $! ; exit' TERM
		while :; do
			ping -q -i 0.1 10.8.0.2 &
			wait $! || doze
		done
	} >/dev/null 2>&1 &
	feeder=$!
}
no_feed() {
	kill $feeder
	wait $feeder || true
}
timeouts() { cat /sys/module/devreset_net_queues/parameters/timeouts; }
said() { dmesg | grep -q "queues0: $1"; }

queues 100
stuck 2
feed
wait_for 20 is 1 $class/net-queues0/stats/successes
expect 0,0,1,0 timeouts
wait_for 10 said "sends after its reset"
no_feed
said "reset by its driver: not verified until it sends" || fail "$(dmesg | tail -n 5)"
ok "the queue that is stuck is named; the reset counts as verified when packets leave"
# A reset that nothing is sent after is not
dmesg -C
reset net-queues0 component
wait_for 10 said "reset by its driver: not verified"
sleep 4
! said "sends after" || fail "nothing was sent"
expect 0,0,2,0 timeouts
# Later, the cable may be pulled
ip link set queues0 carrier off
sleep 7
expect 1 cat $class/net-queues0/stats/hangs
rmmod devreset_net_queues

queues 600000
stuck 3
feed
sleep 4
expect "" stats net-queues0
expect 0,0,0,0 timeouts
no_feed
rmmod devreset_net_queues
ok "ND14: the patience is that of the driver, if that has more"

queues 100 link=0
stuck 1
feed
wait_for 20 is 0,1,0,0 /sys/module/devreset_net_queues/parameters/timeouts
wait_for 30 is "no link since its reset" $class/net-queues0/last/reason
no_feed
rmmod devreset_net_queues
ok "a link that does not come back after the reset is a hang, too"

# The same after a reset that the stack has asked for, before we did
queues 100 link=0 stop=1
stuck 1
feed
wait_for 20 said "reset by the stack's watchdog: not verified"
wait_for 30 is "no link since its reset" $class/net-queues0/last/reason
no_feed
rmmod devreset_net_queues
ok "nor one after a reset that the stack's watchdog has asked for"

# An interface that its driver has detached cannot send, and does not look stuck
net_up
queues 100
present() { echo -n "$2" >/sys/module/devreset_net_queues/parameters/"$1"; }
present detach queues0
present attach queues0
policy "$adapter" check_interval_ms=500 probation_ms=0 max_attempts=1 retry_interval_ms=100
before=$(<"$class/$adapter/stats/successes")
present detach "$nic"
present detach queues0
wait_for 30 above "$class/$adapter/stats/successes" "$before"
expect "0 function 1 $function its driver has detached it" last "$adapter"
wait_for 10 carrier
wait_for 10 answers
ok "DR6: one that its driver has detached: the reset of its function brings it back"
wait_for 30 is failed $class/net-queues0/state
expect "-95 none 0 none its driver has detached it" last net-queues0
refused EOPNOTSUPP reset net-queues0 component
present attach queues0
reset net-queues0 component
expect healthy cat $class/net-queues0/state
rmmod devreset_net_queues
ok "DR5: one that nothing brings back is failed, and no reset of it is a success"

rmmod e1000
[ ! -e "$class/$adapter" ] || fail "$adapter is there still"
ok "the node goes with the interface"
unload
