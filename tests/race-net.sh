#!/bin/bash
# Resets of a network adapter against up and down, MTU, ring sizes, renaming, moves to another name space
# contracts: ND4 ND13 DR4 DR8
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 200
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start reset_timeout_ms=60000 max_recoveries=100
policy "$function" reset_timeout_ms=60000
sys=/sys/class/net/$nic
busy=EALREADY,EBUSY,EAGAIN
gone=$busy,ENODEV,ENOENT
updown="updown::0x1002>$sys/flags+0x1003>$sys/flags"

# Something is under way all the time
ping -q -f 10.9.0.2 >/dev/null 2>&1 &
flood=$!

race "ND13: up and down, and MTU, against resets of the rings" 50:1000 "$updown" \
	"mtu::9000>$sys/mtu+1500>$sys/mtu" "tx:$busy:component>$class/$tx/reset" "rx:$busy:component>$class/$rx/reset"
race "ND13: up and down, and MTU, against resets of the adapter" 20:1000 "$updown" \
	"mtu::9000>$sys/mtu+1500>$sys/mtu" "adapter:$busy:component>$class/$adapter/reset"
race "ND13: up and down, and MTU, against resets of the function" 5:30 "$updown" \
	"mtu::9000>$sys/mtu+1500>$sys/mtu" "function:$busy:function>$class/$adapter/reset"
net_up
wait_for 20 answers
ok "it works"

# The rests leave processor time to the others
n=$(rounds 15:1000)
race_begin "tx:$busy:component>$class/$tx/reset+20" "adapter:$busy:component>$class/$adapter/reset+20" \
	"function:$busy:function>$class/$adapter/reset+300"
for ((i = 0; i < n; i++)); do
	ethtool -G "$nic" rx $((80 + 8 * (i % 50))) tx $((512 - 8 * (i % 50)))
done
race_end "ring sizes changed $n times against resets"
# Nothing was wrong with a ring, whatever the device had heard of it at that moment
expect 0 cat "$class/$tx/stats/soft_errors"
expect 0 cat "$class/$rx/stats/soft_errors"
wait_for 20 answers
kill $flood
wait $flood || true

# The names of the nodes are the interface's, at any time
ip link set "$nic" down
resets=("adapter:$gone:component>$class/$adapter/reset+20" "tx:$gone:component>$class/$tx/reset+20"
	"function:$gone:function>$class/$adapter/reset+300")
race_begin "${resets[@]}" "other:$gone:component>$class/net-other0/reset+20"
for ((i = 0; i < n; i++)); do
	ip link set "$nic" name other0
	[ -e "$class/netring-other0:tx/state" ] || fail "the nodes do not follow the name"
	ip link set other0 name "$nic"
	[ -e "$class/$tx/state" ] || fail "the nodes do not follow the name back"
done
race_end "renamed $n times against resets"

ip netns add elsewhere
n=$(rounds 10:1000)
race_begin "${resets[@]}"
# To begin a program, and a name space for it, takes longer than to move
exec {here}> >(ip -b -) {there}> >(ip -n elsewhere -b -)
for ((i = 0; i < n; i++)); do
	echo "link set $nic netns elsewhere" >&$here
	wait_for 30 [ ! -e "$sys" ]
	printf 'link set %s\n' "$nic up" "$nic netns 1" >&$there
	wait_for 30 [ -e "$sys" ]
done
exec {here}>&- {there}>&-
race_end "moved to another name space and back $n times against resets"

# Its name is free here while it is there
ip link set "$nic" netns elsewhere
ip link add "$nic" type veth peer name twin0
put "net $nic" $class/manage
[ -e "$class/$adapter@$(cat "/sys/class/net/$nic/ifindex")/state" ] || fail "no node for a second $nic"
ip link del "$nic"
ip netns exec elsewhere ip link set "$nic" netns 1
ok "two interfaces of one name have nodes of two"
net_up
wait_for 20 answers
ok "it works"
all_settled
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
unload
