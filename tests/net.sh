# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for those who source this, or from lib.sh
#
# What the network scenarios share, beside lib.sh: the adapter, 10.9.0.1, and a peer
# of another driver on the same hub, in a name space of its own, 10.9.0.2.

tests=$DEVRESET_TOP/tests
dir=/run/net
mkdir -p $dir

# netdev_of DRIVER: its first interface
netdev_of() {
	local net

	for net in /sys/class/net/*; do
		[ "$(basename "$(readlink -f "$net/device/driver")")" = "$1" ] || continue
		basename "$net"
		return
	done
	return 1
}

# net_load DRIVER: devreset_net and all it needs, or another one; then net_names
net_load() {
	local driver=$1

	if [ "$driver" = devreset_net ]; then
		load
	else
		modprobe "$driver"
	fi
	wait_for 10 netdev_of "$driver"
	net_names "$driver"
	# Nothing goes over the wire but what is sent on purpose
	echo 1 >"/proc/sys/net/ipv6/conf/$nic/disable_ipv6"
}

# net_names DRIVER: $nic is its interface, $slot its PCI address, $regs its registers,
# and $tx, $rx and $adapter its nodes
net_names() {
	nic=$(netdev_of "$1")
	slot=$(basename "$(readlink -f "/sys/class/net/$nic/device")")
	regs=$pci/$slot/resource0
	adapter=net-$nic tx=netring-$nic:tx rx=netring-$nic:rx function=pci-$slot
}

carrier() { is 1 "/sys/class/net/$nic/carrier"; }
link_up() {
	ip link set "$nic" up
	wait_for 10 carrier
}

address_of() { cat "/sys/class/net/$1/address"; }
in_peer() { ip netns exec peer "$@"; }

# peer_up: the other end
peer_up() {
	modprobe virtio_net
	wait_for 10 netdev_of virtio_net
	peer=$(netdev_of virtio_net)
	peer_mac=$(address_of "$peer")
	ip netns add peer
	ip link set "$peer" netns peer
	in_peer sysctl -qw "net.ipv6.conf.$peer.disable_ipv6=1"
	in_peer ip address add 10.9.0.2/24 dev "$peer"
	in_peer ip link set "$peer" up
}

# net_up: and this one. Neighbours are known for good, as to look for them anew would
# be part of every measurement
net_up() {
	ip address replace 10.9.0.1/24 dev "$nic"
	link_up
	ip neigh replace 10.9.0.2 lladdr "$peer_mac" nud permanent dev "$nic"
	in_peer ip neigh replace 10.9.0.1 lladdr "$(address_of "$nic")" nud permanent dev "$peer"
}

answers() { ping -q -c 1 -W 1 10.9.0.2; }

# net_start [NAME=VALUE...]: the adapter and the peer hear each other, and what net_policy does
net_start() {
	net_load devreset_net
	peer_up
	net_up
	wait_for 10 answers
	[ $# = 0 ] || net_policy "$@"
}

# iperf_up: the peer serves iperf3
iperf_up() {
	in_peer iperf3 -s -D
	wait_for 30 eval "in_peer ss -Hltn sport = :5201 | grep -q LISTEN"
}

# net_policy NAME=VALUE...: of all three nodes
net_policy() {
	policy "$adapter" "$@"
	policy "$tx" "$@"
	policy "$rx" "$@"
}

# serve SCRIPT ARGUMENT...: in the peer, until the end
serve() {
	local log
	log=$dir/$(basename "$1").log

	in_peer python3 -IS "$tests/$1" serve "${@:2}" >"$log" 2>&1 &
	wait_for 30 grep -q listening "$log"
}

# reg ACTION...: see reg.py
reg() { python3 -IS "$tests/reg.py" "$regs" "$@"; }

# The fault table: name, the node that cures it by default (tx, rx, adapter, function, or any), how to break
faults() {
	local py="python3 -IS $tests/reg.py $regs"

	cat <<-END
	bus_master_off function setpci -s $slot COMMAND=0:4
	memory_off function setpci -s $slot COMMAND=0:2
	intx_off function setpci -s $slot COMMAND=400:400
	bar0_zero function setpci -s $slot BASE_ADDRESS_0=0
	tctl_en_off tx $py 400-2
	tdlen_zero tx $py 3808=0
	tdbal_zero tx $py 3800=0
	rctl_en_off rx $py 100-2
	rdlen_zero rx $py 2808=0
	rdbal_zero rx $py 2800=0
	rdh_is_rdt rx $py 2810=\$($py 2818)
	ral_rah_zero adapter $py 5400=0 5404=0
	slu_off adapter $py 0-40
	imc_all any $py d8=ffffffff
	END
}

cured_by() {
	case $1 in
	tx) echo "$tx" ;;
	rx) echo "$rx" ;;
	adapter) echo "$adapter" ;;
	function) echo "$function" ;;
	esac
}

# Asked over and over, so no programs: to begin one is slow in an emulated guest
successes() {
	local file n sum=0

	for file in "$class"/net*/stats/successes; do
		read -r n <"$file"
		sum=$((sum + n))
	done
	echo $sum
}
more_successes() { [ "$(successes)" -gt "$1" ]; }
all_well() {
	local file state

	for file in "$class"/net*/state; do
		read -r state <"$file" && [ "$state" = healthy ] || return 1
	done
}

# broken NAME WHO COMMAND: one fault, and what cured it; all_faults: each of these. pinger.py
# is served
broken() {
	local name=$1 who=$2 took before by=
	local -A requests
	local lasts=()
	shift 2

	before=$(successes)
	for by in "$adapter" "$tx" "$rx"; do
		requests[$by]=$(<"$class/$by/stats/requests")
	done
	took=$(python3 -IS "$tests/pinger.py" fault 10.9.0.2 30 "$*")
	[ "$took" != never ] || fail "$name: never came back: $(cat "$class"/net*/last/reason "$class"/net*/state)"
	# Under load the poll function turns the interrupts on again by itself
	[ "$who" = any ] || wait_for 10 more_successes "$before"
	wait_for 10 all_well
	for by in "$adapter" "$tx" "$rx"; do
		[ "$(<"$class/$by/stats/requests")" = "${requests[$by]}" ] || lasts+=("$(last "$by")")
	done
	by=$(cured_by "$who")
	[ "$who" = any ] || [[ "${lasts[*]}" == *" $by "* ]] || fail "$name: not cured by $by: ${lasts[*]}"
	ok "$name: back after $took ms: $(IFS=';' && echo "${lasts[*]}")"
}

all_faults() {
	local name who command

	while read -r name who command; do
		broken "$name" "$who" "$command"
	done < <(faults)
}

# pktgen INTERFACE COUNT MAC [BURST]: send packets of 64 bytes, print how many a second
pktgen() {
	local line

	[ -e /proc/net/pktgen ] || modprobe pktgen
	echo rem_device_all >/proc/net/pktgen/kpktgend_0
	echo "add_device $1" >/proc/net/pktgen/kpktgend_0
	for line in "count $2" "pkt_size 60" "delay 0" "dst 10.9.0.2" "dst_mac $3" "burst ${4-1}"; do
		echo "$line" >"/proc/net/pktgen/$1"
	done
	# On a slow machine this returns before the thread has begun
	echo start >/proc/net/pktgen/pgctrl
	wait_for 120 grep -q '^Result: OK' "/proc/net/pktgen/$1"
	sed -n 's/.* \([0-9]*\)pps .*/\1/p' "/proc/net/pktgen/$1"
	cp "/proc/net/pktgen/$1" $dir/pktgen
	echo rem_device_all >/proc/net/pktgen/kpktgend_0
}

# handed: how many packets the stack has handed over; fails when these are not those
# that were sent, dropped or refused. The interface is down, so none is under way
handed() {
	ethtool -S "$nic" | awk '{ n[$1] = $2 } END {
		print n["tx_handed:"]
		print "sent", n["tx_sent:"], "dropped", n["tx_dropped:"], "refused", n["tx_refused:"] >"/dev/stderr"
		exit n["tx_handed:"] != n["tx_sent:"] + n["tx_dropped:"] + n["tx_refused:"] }'
}
