#!/bin/bash
# What else is asked of an adapter, over resets of every scope: more addresses, promiscuous, netconsole, registers, AER
# contracts: ND2 ND4 DR2 DR6 DR11
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,id=nic,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 400

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start max_recoveries=100 check_interval_ms=500
own=$(address_of "$nic")

# --- addresses

python3 -IS "$tests/frame.py" receive "$nic" >$dir/frames &
receiver=$!
wait_for 30 grep -q listening $dir/frames

# heard MAC...: which of these it receives frames for, as letters "y" and "n". They come
# in order, and the last one is its own
heard() {
	local mac all='' id=$SRANDOM frames

	in_peer python3 -IS "$tests/frame.py" send "$peer" - "$id" "$@" "$own"
	wait_for 10 has_frame "$id $own"
	frames=$'\n'$(<$dir/frames)
	for mac; do
		[[ $frames == *$'\n'"$id $mac"* ]] && all+=y || all+=n
	done
	echo "$all"
}
has_frame() { [[ $'\n'$(<$dir/frames) == *$'\n'"$1"* ]]; }

# over_resets WANT MAC...: and the same after a reset of each scope
over_resets() {
	local want=$1 scope
	shift

	expect "$want" heard "$@"
	for scope in component function platform; do
		reset "$adapter" $scope
		wait_for 10 carrier
		wait_for 10 answers
		expect "$want" heard "$@"
	done
}

# Not those of which the last bytes are in the multicast filter, which QEMU asks for all
foreign=02:00:00:00:70:99
mapfile -t more < <(printf '02:00:00:00:70:%02x\n' {1..16})
over_resets n $foreign
for mac in "${more[@]:0:15}"; do
	bridge fdb add "$mac" dev "$nic" self permanent
done
over_resets yyyyyyyyyyyyyyyn "${more[@]:0:15}" $foreign
ok "ND2: 15 more addresses, which the device has registers for, and no other"
# RAH of the last one
reg 547c=0
wait_for 10 answers
wait_for 10 is "unicast filter wiped" "$class/$adapter/last/reason"
wait_for 10 is probation "$class/$adapter/state"
wait_for 10 carrier
wait_for 10 answers
expect y heard "${more[14]}"
ok "ND2: one of these registers wiped"
bridge fdb add "${more[15]}" dev "$nic" self permanent
over_resets yyyyyyyyyyyyyyyy "${more[@]}"
ok "ND2: 16, which it has not"
for mac in "${more[@]}"; do
	bridge fdb del "$mac" dev "$nic" self
done
expect nnnnnnnnnnnnnnnnn heard "${more[@]}" $foreign
ip link set "$nic" promisc on
over_resets yy "${more[0]}" $foreign
ip link set "$nic" promisc off
over_resets nn "${more[0]}" $foreign
ok "ND2: promiscuous, and no more"

# tagged TAG: does it receive a frame with that tag?
tagged() {
	local id=$SRANDOM

	in_peer python3 -IS "$tests/frame.py" send "$peer" "$1" "$id" "$own"
	in_peer python3 -IS "$tests/frame.py" send "$peer" - "$id-end" "$own"
	wait_for 10 has_frame "$id-end"
	has_frame "$id $own" && echo y || echo n
}
for filter in on off on; do
	ethtool -K "$nic" rx-vlan-filter $filter
	for scope in component function; do
		reset "$adapter" $scope
		wait_for 10 carrier
		wait_for 10 answers
		expect "$([ $filter = off ] && echo y || echo n)" tagged 81000006
	done
done
ok "ND2: a VLAN that was not asked for is received when the filter is off, and only then"
kill $receiver
wait $receiver || true

# What is in the ring with its tag in the descriptor must not leave without it, when the
# switch is thrown that the device has for tags both ways
ip netns exec peer python3 -IS "$tests/frame.py" receive "$peer" >$dir/frames &
receiver=$!
wait_for 30 grep -q listening $dir/frames
send() { python3 -IS "$tests/frame.py" send "$1" - "$2" "$peer_mac"; }
net_policy check_interval_ms=0
ip link add link "$nic" name tagged type vlan id 7
echo 1 >/proc/sys/net/ipv6/conf/tagged/disable_ipv6
ip link set tagged up
in_peer ip link add link "$peer" name tagged type vlan id 7
in_peer sysctl -qw net.ipv6.conf.tagged.disable_ipv6=1
in_peer ip link set tagged up
ip netns exec peer python3 -IS "$tests/frame.py" receive tagged >$dir/tagged &
receivers=("$receiver" $!)
wait_for 30 grep -q listening $dir/tagged
dropped=$(ethtool -S "$nic" | awk '$1 == "tx_dropped:" { print $2 }')
reg 400-2
send tagged stays
ethtool -K "$nic" rxvlan off
reg 400+2
send "$nic" leaves
wait_for 10 grep -q "^leaves" $dir/frames
! grep -q "^stays" $dir/frames || fail "a frame has lost its tag"
expect $((dropped + 1)) eval "ethtool -S $nic | awk '\$1 == \"tx_dropped:\" { print \$2 }'"
# Now it is the stack that puts the tag into the frame
send tagged software
ethtool -K "$nic" rxvlan on
send tagged hardware
send "$nic" over
wait_for 10 grep -q "^over" $dir/frames
wait_for 10 grep -q "^software" $dir/tagged
wait_for 10 grep -q "^hardware" $dir/tagged
ip link del tagged
net_policy check_interval_ms=500
kill "${receivers[@]}"
wait "${receivers[@]}" || true
in_peer ip link del tagged
wait_for 10 answers
ok "ND4: a frame that is in the ring when tags are turned off is dropped, and not sent without its tag"

# --- what the stack leaves to it

stat_of() { ethtool -S "$nic" | awk -v k="$1:" '$1 == k { print $2 }'; }
segments() { awk '$1 == "Tcp:" && $2 ~ /[0-9]/ { print $11 }' /proc/net/snmp; }
iperf_up
before=$(($(stat_of tx_packets) - 3 * $(stat_of tx_sent)))
iperf3 -c 10.9.0.2 -n 10M >/dev/null
[ $(($(stat_of tx_packets) - 3 * $(stat_of tx_sent))) -gt $before ] || fail "few segments in a packet: no TSO"
before=$(($(stat_of rx_packets) - 2 * $(segments)))
iperf3 -c 10.9.0.2 -n 10M --reverse >/dev/null
[ $(($(stat_of rx_packets) - 2 * $(segments))) -gt $before ] || fail "few packets in one: no GRO"
ethtool -K "$nic" tso off sg off tx off rx off gro off >/dev/null
iperf3 -c 10.9.0.2 -n 10M >/dev/null
iperf3 -c 10.9.0.2 -n 10M --reverse >/dev/null
ethtool -K "$nic" sg on tx on rx on gro on >/dev/null
ethtool -K "$nic" tso on >/dev/null
ok "TSO and GRO, and without any of that"

net_policy check_interval_ms=0
inflight=/sys/class/net/$nic/queues/tx-0/byte_queue_limits/inflight
expect 0 cat "$inflight"
reg 400-2
ping -q -c 1 -W 1 10.9.0.2 >/dev/null || true
above "$inflight" 0 || fail "BQL was not told of a packet"
reset "$tx" component
expect 0 cat "$inflight"
wait_for 10 answers
net_policy check_interval_ms=500
ok "BQL: what is in the ring, and that it was emptied"

# On a busy machine an interrupt may come too late for it
wait_for 10 ethtool -t "$nic" offline
wait_for 10 carrier
wait_for 10 answers
ethtool -i "$nic" >$dir/info
grep -q '^driver: devreset_net$' $dir/info
ok "ethtool -t offline, ethtool -i"

ip link set "$nic" mtu 16110
in_peer ip link set "$peer" mtu 16110
for scope in component function platform; do
	reset "$adapter" $scope
	wait_for 10 carrier
	wait_for 10 ping -q -c 1 -W 1 -M "do" -s 16082 10.9.0.2
done
ok "ND2: MTU 16110"

# Buffers are made for the MTU of their time, and used up at that of another
long() { in_peer ping -q -c 1 -W 1 -s 8000 10.9.0.1 >/dev/null; }
# Not by in_peer, which would be what is killed
ip netns exec peer ping -q -f -s 8000 10.9.0.1 >/dev/null 2>&1 &
flood=$!
errors=$(stat_of rx_errors)
damaged() { awk '$1 == "Icmp:" && $2 ~ /[0-9]/ { print $4 }' /proc/net/snmp; }
expect 0 damaged
for ((i = 0; i < 2; i++)); do
	ip link set "$nic" mtu 1500
	wait_for 10 answers
	! long || fail "a frame of 8042 bytes was received"
	[ $((0x$(reg 100) & 0x20)) = 0 ] || fail "it takes long frames"
	# Longer than what a buffer for ordinary frames has room for, but not than it
	ip link set "$nic" mtu 2000
	wait_for 10 ping -q -c 1 -W 1 -M "do" -s 1972 10.9.0.2
	ip link set "$nic" mtu 9000
	wait_for 10 long
done
kill $flood
wait $flood || true
ip link set "$nic" mtu 1500
in_peer ip link set "$peer" mtu 1500
wait_for 10 answers
expect "$errors" stat_of rx_errors
expect 0 damaged
ok "the MTU goes up and down while long frames come: they are received when it is up, and only then"

ethtool -s "$nic" autoneg off speed 100 duplex full
wait_for 10 carrier
forced=$(reg 0)
ethtool "$nic" >$dir/link
grep -q "Supports auto-negotiation: Yes" $dir/link
grep -q "Advertised auto-negotiation: No" $dir/link
grep -q "Advertised link modes:  Not reported" $dir/link
for scope in component function platform; do
	reset "$adapter" $scope
	wait_for 10 carrier
	expect "$forced" reg 0
	wait_for 10 answers
done
refused EINVAL ethtool -r "$nic"
ethtool -s "$nic" autoneg on
grep -q "Advertised auto-negotiation: Yes" <(ethtool "$nic")
wait_for 10 ethtool -t "$nic" online
ok "ND2: a link that was not negotiated"
hangs=$(<"$class/$adapter/stats/hangs")
echo "p:phy_write nic_phy_write reg=%si value=%dx" >$tracing/kprobe_events
trace_on kprobes/phy_write
ethtool -r "$nic"
trace_off
trace | grep -qE "reg=0x0 value=0x[0-9a-f]?[2367abef][0-9a-f]{2}$" || fail "$(trace)"
echo >$tracing/kprobe_events
wait_for 10 carrier
wait_for 10 answers
expect "$hangs" cat "$class/$adapter/stats/hangs"
ok "ethtool -r: the link is negotiated anew, which is no hang"

# --- netconsole: the kernel sends from wherever it complains, with interrupts off

in_peer python3 -IS -c '
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("10.9.0.2", 6666))
    print("listening", flush=True)
    while True:
        print(sock.recv(2048).decode().strip(), flush=True)
' >$dir/console &
wait_for 30 grep -q listening $dir/console
modprobe netconsole "netconsole=6666@10.9.0.1/$nic,6666@10.9.0.2/$peer_mac"
told() {
	echo "<4>net-more: $1" >/dev/kmsg
	grep -q "net-more: $1" $dir/console
}
wait_for 10 told begin
# Nothing of that is waited for: what is lost, is
(for ((line = 0; ; line++)); do echo "<4>net-more: line $line" >/dev/kmsg; done) &
writer=$!
n=$(rounds 5:200)
for ((i = 0; i < n; i++)); do
	for node in "$tx" "$rx" "$adapter"; do
		reset "$node" component
	done
	reset "$adapter" function
done
# Now the core has something to say, too
reg 400-2
hung() { [ "$(cat "$class"/net*/stats/hangs | sort -n | tail -n 1)" -gt 0 ]; }
wait_for 20 hung
wait_for 20 is healthy "$class/$tx/state"
kill $writer
wait $writer || true
wait_for 10 carrier
wait_for 20 told end
[ "$(grep -c "net-more: line" $dir/console)" -gt $((4 * n)) ] || fail "the console was told little"
rmmod netconsole
wait_for 10 answers
ok "netconsole, under $((4 * n)) resets, and a hang"

# --- the dump of the registers

dumped() {
	ethtool -d "$nic" raw on | python3 -IS -c '
import struct, sys
for offset, value in struct.iter_unpack("<II", sys.stdin.buffer.read()):
    print(f"{offset:x} {value:08x}")' | sed -n "s/^$1 //p"
}
for register in 0 100 400 2808 3808 5400 5404; do
	expect "$(reg $register)" dumped $register
done
ok "ethtool -d: what the registers are"

# --- resets of the PCI core's own, after an error of the port above

recovered() { [ "$(dmesg | grep -c 'AER: device recovery successful')" = "$1" ]; }
reg 0 5400 5404 2808 3808 >$dir/before
n=0
for error in COMP_TIME DLP; do
	n=$((n + 1))
	aer_inject rp1 $error
	wait_for 30 recovered $n
	wait_for 30 is $n "$class/$adapter/stats/external"
	wait_for 30 carrier
	wait_for 10 answers
	reg 0 5400 5404 2808 3808 | cmp - $dir/before
	ok "DR2: $error: it works, and is set up as before"
done

# --- the link

cable() { qmp "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"nic\", \"up\": $1}}" >/dev/null; }
no_carrier() { ! carrier; }
# A cable that is pulled is looked at, and nothing to complain about
hangs=$(<"$class/$adapter/stats/hangs")
echo "p:glance nic_phy_glance" >$tracing/kprobe_events
trace_on kprobes/glance
cable false
wait_for 10 no_carrier
wait_for 10 eval "trace | grep -q glance"
trace_off
echo >$tracing/kprobe_events
cable true
wait_for 10 carrier
wait_for 10 answers
expect "$hangs" cat "$class/$adapter/stats/hangs"
ok "a cable that is pulled is no fault"

# The same, but the PHY has its link
insmod "$DEVRESET_MODDIR/devreset_net_cable.ko"
cable false
wait_for 30 eval "dmesg | grep -q 'devreset $adapter: hang: link lost inside the MAC'"
cable true
rmmod devreset_net_cable
wait_for 30 is healthy "$class/$adapter/state"
wait_for 10 carrier
wait_for 10 answers
ok "a link that the PHY has and the MAC has not"

# Its own reset does not cure it
policy "$tx" check_interval_ms=200 check_idle=1 max_attempts=1
insmod "$DEVRESET_MODDIR/devreset_net_cable.ko" stuck=1
wait_for 30 is "transmit ring wiped" "$class/$tx/last/reason"
wait_for 30 is healthy "$class/$tx/state"
expect "0 component 2 $adapter transmit ring wiped" last "$tx"
rmmod devreset_net_cable
wait_for 10 carrier
# Nor does that of the adapter, in which it is set up twice
before=$(<"$class/$tx/stats/successes")
policy "$adapter" max_attempts=1
insmod "$DEVRESET_MODDIR/devreset_net_cable.ko" stuck=3
wait_for 30 above "$class/$tx/stats/successes" "$before"
wait_for 30 is healthy "$class/$tx/state"
expect "0 function 3 $function transmit ring wiped" last "$tx"
rmmod devreset_net_cable
wait_for 10 carrier
# Nor does that of the function
before=$(<"$class/$tx/stats/successes")
policy "$function" max_attempts=1
# The device consents by the ceiling of its adapter, the ladder has that of the ring
policy "$adapter" ceiling=platform
policy "$tx" ceiling=platform
insmod "$DEVRESET_MODDIR/devreset_net_cable.ko" stuck=5
wait_for 30 above "$class/$tx/stats/successes" "$before"
wait_for 30 is healthy "$class/$tx/state"
read -r status scope _ by _ < <(last "$tx")
expect "0 platform pcibus-${slot%:*}" echo "$status $scope $by"
rmmod devreset_net_cable
policy "$adapter" ceiling=function
policy "$tx" ceiling=function check_interval_ms=500 check_idle=0
wait_for 10 carrier
wait_for 10 answers
ok "DR6: a ring that only a reset of the adapter cures, one that only that of the function does, or that of the bus"

ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
unload
