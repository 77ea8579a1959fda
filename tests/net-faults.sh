#!/bin/bash
# A network adapter comes back from every fault, by the least reset that helps; a TCP connection survives them all
# contracts: ND3 ND10 ND11 ND12 ND14 DR6
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 120

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start max_recoveries=100 probation_ms=0 check_interval_ms=500
serve pinger.py 10.9.0.2
serve flow.py 10.9.0.2 5001
expect "$function" basename "$(readlink "$class/$adapter/reset_parent")"
expect "$adapter" basename "$(readlink "$class/$tx/reset_parent")"
expect "$adapter" basename "$(readlink "$class/$rx/reset_parent")"
ok "the rings are below the adapter, and that below its PCI function"

# Alone on the stock kernel, beside a stream on the one with checkers; given time, both
if [ "$DEVRESET_KERNEL" = stock ] || [ "${SOAK-}" ]; then
	all_faults
fi
if [ "$DEVRESET_KERNEL" = debug ] || [ "${SOAK-}" ]; then
	python3 -IS "$tests/flow.py" stream 10.9.0.2 5001 $dir/enough 40 >$dir/stream 2>&1 &
	stream=$!
	wait_for 30 grep -q streaming $dir/stream
	all_faults
	touch $dir/enough
	wait $stream || fail "the TCP connection: $(cat $dir/stream)"
	ok "a TCP connection has survived all of them, nothing was corrupted: $(tail -n 1 $dir/stream)"
fi

# --- what does not show in a ping, or is cured by the next packet

py="python3 -IS $tests/reg.py $regs"
broken rdt_is_rdh rx "$py 2818=\$($py 2810)"

# Only the driver asks for VLAN 0 before 8021q is there
[ ! -e /proc/net/vlan ] || fail "8021q is there already"
python3 -IS "$tests/frame.py" receive "$nic" >$dir/frame &
receiver=$!
wait_for 30 grep -q listening $dir/frame
in_peer python3 -IS "$tests/frame.py" send "$peer" 8100e000 tagged "$(address_of "$nic")"
wait_for 10 grep -q tagged $dir/frame
kill $receiver
wait $receiver || true
ok "a frame with a priority and without a VLAN is received"
modprobe 8021q
ip link add link "$nic" name v5 type vlan id 5
for fault in 38=0 100-8000 5200=0 5600=0; do
	broken "$fault" adapter "$py $fault"
done
ip link del v5
dmesg >$dir/dmesg
for why in "configuration wiped" "receive control changed" "multicast filter wiped" "VLAN filter wiped"; do
	grep -q "devreset $adapter: hang: $why" $dir/dmesg || fail "not found: $why"
done

# --- broken while it is down

for fault in "COMMAND=0:2" "COMMAND=0:4" "COMMAND=400:400" "BASE_ADDRESS_0=0"; do
	ip link set "$nic" down
	wait_for 10 all_well
	setpci -s "$slot" $fault
	net_up
	wait_for 10 answers
	wait_for 10 all_well
done
# Told to stop, it would not hear: it must not write to memory that is no longer its own,
# whatever it is sent. It comes back without a reset, as nothing is wrong with it any more
net_policy auto=0
master() { echo $((0x$(setpci -s "$slot" COMMAND) & 4)); }
head=$(reg 2810)
setpci -s "$slot" COMMAND=0:2
ip link set "$nic" down
expect 0 master
ip link set "$nic" up
expect 0 master
in_peer ping -q -b -c 5 -i 0.2 -W 1 10.9.0.255 >/dev/null 2>&1 || true
setpci -s "$slot" COMMAND=2:2
expect "$head" reg 2810
ip link set "$nic" down
net_up
expect 4 master
wait_for 10 answers
# Nor may one whose ring alone is reset
setpci -s "$slot" COMMAND=0:2
refused EIO reset "$tx" component
expect 0 master
setpci -s "$slot" COMMAND=2:2
reset "$tx" component
expect 4 master
wait_for 10 answers
net_policy auto=1
# It proves itself, which the next check would do else, before it looks at the clock
reset "$tx" component
wait_for 10 answers
wait_for 10 all_well
ok "broken while it is down, and taken down while it is broken"

# Under load the poll function allows interrupts again: masked until that is found
masked() { dmesg | grep -c 'hang: interrupts do not arrive' || true; }
mask() { reg d8=ffffffff; [ "$(masked)" -gt "$before" ]; }
before=$(masked)
ping -q -i 0.1 10.9.0.2 >/dev/null &
pings=$!
wait_for 30 mask
kill $pings
wait $pings || true
wait_for 10 answers
wait_for 10 all_well
ok "interrupts that do not arrive: found, and back"

# --- those that only a check with patience finds

# ND14: the device believes that it has sent what it has not
net_policy check_interval_ms=0
reg "400-2"
ping -q -c 1 -W 1 10.9.0.2 >/dev/null || true
reg "3810=$(reg 3818)" 400+2
net_policy check_interval_ms=1000
ping -q -c 1 -W 20 10.9.0.2 >/dev/null || true
wait_for 20 grep -q "no progress" "$class/$tx/last/reason"
wait_for 10 answers
ok "ND14: a send older than two seconds is a hang: $(last "$tx")"

# ND11: the stack's own watchdog, when no check looks
net_policy check_interval_ms=0
reg "400-2"
ping -q -i 0.01 -w 20 10.9.0.2 >/dev/null &
flood=$!
wait_for 20 grep -q "transmit queue timed out" "$class/$tx/last/reason"
kill $flood
wait $flood || true
wait_for 10 answers
ok "ND11: recovery was asked for from softirq: $(last "$tx")"

# ND12: a request to the device, of which only the adapter's check may know
policy "$adapter" check_interval_ms=500
reg "400-2"
! ethtool -t "$nic" online >$dir/test || fail "the self test of a broken device: $(cat $dir/test)"
grep -q "send unit.*1$" $dir/test || fail "the self test: $(cat $dir/test)"
wait_for 10 is "a request to the device is not answered" "$class/$adapter/last/reason"
net_policy check_interval_ms=500
wait_for 10 answers
wait_for 10 ethtool -t "$nic" online
ok "ND12: a request was not answered by the second check: $(last "$adapter")"

# One that the reset of the ring alone has cut off was not answered, either
net_policy check_interval_ms=0
reg "400-2"
ethtool -t "$nic" online >$dir/test &
tester=$!
asked() { [ "$(reg 3818)" != "$(reg 3810)" ]; }
wait_for 20 asked
reset "$tx" component
! wait $tester || fail "the self test of a ring that was reset: $(cat $dir/test)"
grep -q "send unit.*1$" $dir/test || fail "the self test: $(cat $dir/test)"
wait_for 10 answers
ok "a request that a reset of the ring has cut off has failed"

# --- the five statuses

net_policy check_interval_ms=0
for ring in "$tx 3808" "$rx 2808"; do
	read -r node length <<<"$ring"
	soft=$(<"$class/$node/stats/soft_errors")
	reset "$node" component
	expect "$soft" cat "$class/$node/stats/soft_errors"
	reg "$length=0"
	reset "$node" component
	expect $((soft + 1)) cat "$class/$node/stats/soft_errors"
done
ok "ND1: success, and success with a soft error: the ring had to be set up anew"
reset "$adapter" component
[ "$(<"$class/$adapter/last/duration_us")" -gt 20000 ] || fail "adapter reset in no time"
ok "ND1: pending: an adapter's reset completes later"
setpci -s "$slot" COMMAND=0:2
refused EIO reset "$adapter" component
reset "$adapter" function
wait_for 10 answers
ok "ND1: hard error: no registers to reset, the function's reset brings it back"
race "ND1: already: two at once are one" 20 \
	"a:EALREADY:component>$class/$adapter/reset" "b:EALREADY:component>$class/$adapter/reset"
[ "$(<"$class/$adapter/stats/joined")" -gt 0 ] || fail "none has joined"
wait_for 10 answers

# --- nothing ticks

net_policy check_interval_ms=500
# Of one that is not idle there is something to be seen
trace_on workqueue/workqueue_execute_start devreset
answers >/dev/null
for what in tick_work devreset_check; do
	wait_for 10 grep -q $what "$tracing/trace"
done
trace_off
# Nor has the driver anything of its own that does. The clocks stop after two intervals
net_policy check_interval_ms=100
for state in up down; do
	ip link set "$nic" $state
	sleep 2
	trace_on workqueue/workqueue_execute_start timer/timer_expire_entry \
		timer/hrtimer_expire_entry devreset
	sleep 3
	trace_off
	expect "" sh -c "grep -e '\[devreset' -e devreset_check $tracing/trace | head -3"
done
ok "ND15: nothing ticks on an idle interface, nor on one that is down"
expect "" grep -rnE '\b[mu]delay\(' "$DEVRESET_TOP/drivers/net"
ok "ND6: no busy wait"
unload
