#!/bin/bash
# What was set up for a network adapter is there after resets of every scope: addresses, VLANs, multicast, MTU, wake-up
# contracts: ND2 ND3 ND4 ND5 ND7 ND13
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start check_interval_ms=0

# --- what the hardware cannot do is refused

refused EINVAL put 16111 "/sys/class/net/$nic/mtu"
refused EINVAL ethtool -G "$nic" rx 79
refused EINVAL ethtool -G "$nic" tx 8192
refused EADDRNOTAVAIL ip link set "$nic" address 01:00:00:00:00:01
refused EINVAL ethtool -s "$nic" autoneg off speed 1000 duplex full
refused EINVAL ethtool -C "$nic" rx-usecs 100000
# A device that does not answer keeps the configuration of all others waiting no longer than
# 100 ms. It would be 30 s, if no check has it reset
net_policy auto=0
setpci -s "$slot" COMMAND=0:2
ethtool -r "$nic" 2>$dir/nway &
nway=$!
ip link set lo up
! wait $nway || fail "a PHY that is not there has answered"
grep -q "timed out" $dir/nway || fail "ethtool -r: $(cat $dir/nway)"
! timeout 10 ethtool -t "$nic" online >$dir/test || fail "$(cat $dir/test)"
grep -q "interrupt.*1$" $dir/test || fail "the self test: $(cat $dir/test)"
setpci -s "$slot" COMMAND=2:2
net_policy auto=1
wait_for 10 ethtool -t "$nic" online
ok "limits are refused"

# --- settings of all kinds

modprobe 8021q
ip link add link "$nic" name v5 type vlan id 5
ip address add 10.5.0.1/24 dev v5
ip link set v5 up
in_peer ip link add link "$peer" name v5 type vlan id 5
in_peer ip address add 10.5.0.2/24 dev v5
in_peer ip link set v5 up
python3 -IS "$tests/group.py" 239.1.2.3 5005 10.9.0.1 >$dir/heard &
wait_for 30 grep -q listening $dir/heard
in_peer ip route add 239.0.0.0/8 dev "$peer"
ip link set "$nic" address 02:11:22:33:44:55
in_peer ip neigh replace 10.9.0.1 lladdr 02:11:22:33:44:55 nud permanent dev "$peer"
ethtool -s "$nic" wol gu
ethtool -C "$nic" rx-usecs 200 tx-usecs 100
ethtool -G "$nic" rx 512 tx 128
wait_for 10 carrier
ip link set "$nic" mtu 9000
in_peer ip link set "$peer" mtu 9000
wait_for 10 ping -q -c 1 -W 1 -M "do" -s 8900 10.9.0.2
wait_for 10 ping -q -c 1 -W 1 10.5.0.2
ok "MTU 9000, VLAN 5"

# CTRL RCTL RAL RAH VFTA WUFC ITR TADV RDLEN TDLEN, and all of MTA
state() {
	reg 0 100 5400 5404 5600 5808 c4 382c 2808 3808
	# shellcheck disable=SC2046 # many words
	reg $(seq 20992 4 21500 | xargs printf '%x ')
}
state >$dir/state
grep -qv '^00000000' <(tail -n +11 $dir/state) || fail "no multicast filter at all"

more_multicast() { ethtool -S "$nic" >/dev/null && above "/sys/class/net/$nic/statistics/multicast" "$before"; }
before=$(<"/sys/class/net/$nic/statistics/multicast")
in_peer bash -c "echo counted >/dev/udp/239.1.2.3/5005"
wait_for 10 more_multicast
ok "a multicast frame is counted as one"

# hears WORD: what the peer sends to the group is received
hears() {
	in_peer bash -c "echo $1 >/dev/udp/239.1.2.3/5005"
	grep -q "$1" $dir/heard
}
wait_for 10 hears first

number=0
for how in "$tx component" "$rx component" "$adapter component" "$adapter function" "$adapter platform"; do
	# shellcheck disable=SC2086 # two words
	reset $how
	wait_for 10 carrier
	state | cmp - $dir/state || fail "not what it was after $how"
	wait_for 10 ping -q -c 1 -W 1 -M "do" -s 8900 10.9.0.2
	wait_for 10 ping -q -c 1 -W 1 10.5.0.2
	wait_for 10 hears "after$((++number))"
	ok "ND2, ND3: after $how: address, filters, VLANs, groups, MTU, wake-up, moderation, ring sizes"
done
put 1 "$pci/$slot/reset"
wait_for 10 carrier
state | cmp - $dir/state || fail "not what it was after a reset by others"
wait_for 10 answers
ok "ND2: and after a reset by others"

# --- the link is reported, the rest is the core's

ip -o monitor link >>$dir/monitor &
monitor=$!
record_uevents $dir/uevents
reset "$adapter" component
wait_for 10 eval "uevents $dir/uevents $adapter | grep -q healthy"
expect "recovering component -115 operator
healthy component 0 operator" uevents $dir/uevents "$adapter"
ok "ND5: the core has told of begin and end"
# link_goes SCOPE: the stack is told; it may pass on that of a link that came back within a
# second as no change at all
link_goes() {
	local went
	went=$(<"/sys/class/net/$nic/carrier_down_count")

	reset "$adapter" "$1"
	above "/sys/class/net/$nic/carrier_down_count" "$went" || fail "the link did not go: $1"
	wait_for 10 carrier
	grep -q NO-CARRIER $dir/monitor
}
for scope in component function platform; do
	: >$dir/monitor
	wait_for 30 link_goes $scope
	wait_for 10 eval "tail -n 1 $dir/monitor | grep -q LOWER_UP"
done
kill $monitor
wait $monitor 2>/dev/null || true
ok "ND7: ip monitor has seen the link go and come"

# --- settings while it is being reset

resets=$(rounds 10)
for ((i = 1; i <= resets; i++)); do
	reset "$adapter" component &
	ethtool -C "$nic" rx-usecs $((100 + i % 100)) tx-usecs $((50 + i % 50))
	ip link set "$nic" address "$(printf '02:11:22:33:44:%02x' $((i % 200)))"
	ethtool -s "$nic" wol "$( ((i % 2)) && echo g || echo u)"
	ethtool -K "$nic" rx-vlan-filter "$( ((i % 2)) && echo off || echo on)"
	wait $!
	now=$(reg 5400 5404 c4 382c 5808 100 | paste -sd ' ')
	asked=$(printf '33221102 8000%02x44 %08x %08x %08x' $((i % 200)) $(((100 + i % 100) * 1000 / 256)) \
		$(((50 + i % 50) * 1000 / 1024)) $((i % 2 ? 2 : 4)))
	[[ $now == "$asked "* ]] || fail "asked for $asked during a reset: $now"
	reset "$adapter" component
	[ "$now" = "$(reg 5400 5404 c4 382c 5808 100 | paste -sd ' ')" ] ||
		fail "not what was asked for during a reset: $now, and after the next $(reg 5400 5404 c4 382c 5808 100)"
done
ip link set "$nic" address 02:11:22:33:44:55
wait_for 10 carrier
wait_for 10 answers
ok "ND2: settings made beside $resets resets"

# --- up and down while it is being reset

# RCTL.EN and TCTL.EN
both_units() {
	local rx tx

	{ read -r rx && read -r tx; } < <(reg 100 400)
	[ "$(((0x$rx & 2) + (0x$tx & 2)))" = "$([ "$1" = on ] && echo 4 || echo 0)" ]
}

for last in down up; do
	for ((i = 0; i < 5; i++)); do
		reset "$adapter" component &
		ip link set "$nic" down
		ip link set "$nic" up
		ip link set "$nic" $last
		wait $!
	done
	if [ $last = up ]; then
		wait_for 10 both_units on
	else
		both_units off || fail "down, and it runs: $(reg 100 400)"
		! grep -q " $nic\$" /proc/interrupts || fail "down, and has its interrupt"
	fi
	ok "ND13: it ends $last"
done
net_up
in_peer ip neigh replace 10.9.0.1 lladdr 02:11:22:33:44:55 nud permanent dev "$peer"
wait_for 10 answers

# --- every packet once: handed = sent + dropped + refused

ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
unload
