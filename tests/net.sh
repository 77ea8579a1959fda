# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # variables are for those who source this
#
# What the network scenarios share, beside lib.sh: the adapter (net_*) with address 10.9.0.1,
# and a peer of another driver on the same hub, in a name space of its own, 10.9.0.2.

peer_ns=peer

# netdev_of DRIVER: its first interface
netdev_of() {
	local dir

	for dir in /sys/class/net/*; do
		[ -e "$dir/device/driver" ] || continue
		[ "$(basename "$(readlink -f "$dir/device/driver")")" = "$1" ] || continue
		basename "$dir"
		return
	done
	return 1
}

# net_load [DRIVER]: the modules, or with "e1000" the in-tree driver; then
# $nic is the interface and $slot its PCI address
net_load() {
	local driver=${1-devreset_net}

	modprobe virtio_net
	if [ "$driver" = devreset_net ]; then
		load
	else
		modprobe "$driver"
	fi
	wait_for 10 netdev_of "$driver"
	nic=$(netdev_of "$driver")
	slot=$(basename "$(readlink -f "/sys/class/net/$nic/device")")
}

carrier() { is 1 "/sys/class/net/$nic/carrier"; }

net_up() {
	ip address add 10.9.0.1/24 dev "$nic" 2>/dev/null || true
	ip link set "$nic" up
	wait_for 10 carrier
}

in_peer() { ip netns exec $peer_ns "$@"; }

peer_up() {
	wait_for 10 netdev_of virtio_net
	peer=$(netdev_of virtio_net)
	ip netns add $peer_ns
	ip link set "$peer" netns $peer_ns
	in_peer ip address add 10.9.0.2/24 dev "$peer"
	in_peer ip link set "$peer" up
	in_peer ip link set lo up
}
