#!/bin/bash
# Resets of a network adapter against up and down, MTU, ring sizes, rename, other name spaces, suspend, unbind, and the pull of the device
# contracts: ND4 ND13 DR4 DR8
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,id=nic,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed no_console_suspend
# timeout: 200
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_load devreset_net
peer_up
net_up
wait_for 10 answers
net_policy reset_timeout_ms=60000 max_recoveries=100
policy "$function" reset_timeout_ms=60000
sys=/sys/class/net/$nic driver=/sys/bus/pci/drivers/devreset_net
busy=EALREADY,EBUSY,EAGAIN
gone=$busy,ENODEV,ENOENT,EOPNOTSUPP,ETIMEDOUT,EIO
updown="updown::0x1002>$sys/flags+0x1003>$sys/flags"

# Something is under way all the time
ping -q -f 10.9.0.2 >/dev/null 2>&1 &

race "ND13: up and down against resets of the rings" 150 "$updown" \
	"tx:$busy:component>$class/$tx/reset" "rx:$busy:component>$class/$rx/reset"
race "ND13: up and down, and MTU, against resets of the adapter" 50 "$updown" \
	"mtu::9000>$sys/mtu+1500>$sys/mtu" "adapter:$busy:component>$class/$adapter/reset"
race "up and down against resets of the function" 5 "$updown" \
	"function:$busy:function>$class/$adapter/reset"

# batch TEXT COMMAND...: lines for ip, over and over, against resets of the adapter
batch() {
	local text=$1 i n
	shift

	n=$(rounds 30)
	for ((i = 0; i < n; i++)); do
		printf '%s\n' "$@"
	done >$dir/batch
	python3 -IS "$tests/race.py" 1000000 1000000 "a:$gone:component>$class/$adapter/reset" &
	racer=$!
	ip -batch $dir/batch || fail "$text"
	kill $racer
	wait $racer 2>/dev/null || true
	ok "$text, $n rounds against resets"
}

ip link set "$nic" down
batch "renamed" "link set $nic name other0" "link set other0 name $nic"
n=$(rounds 10)
ip netns add elsewhere
for ((i = 0; i < n; i++)); do
	reset "$adapter" component &
	ip link set "$nic" netns elsewhere
	ip netns exec elsewhere ip link set "$nic" up
	ip netns exec elsewhere ip link set "$nic" netns 1
	wait $!
done
ok "moved to another name space and back $n times"
net_up
for ((i = 0; i < n; i++)); do
	reset "$adapter" component &
	ethtool -G "$nic" rx $((80 + 8 * i)) tx $((512 - 8 * i))
	wait $!
done
ok "ring sizes changed $n times"
wait_for 10 carrier
wait_for 10 answers
ok "it works"

echo devices >/sys/power/pm_test
echo 0 >/sys/module/suspend/parameters/pm_test_delay
race "suspends" 5 "suspend:EBUSY,EAGAIN:mem>/sys/power/state" \
	"adapter:$busy,EINTR,ETIMEDOUT:component>$class/$adapter/reset"
net_up
wait_for 20 answers
ok "it works"

race "unbind and bind" 20 "bind::$slot>$driver/unbind+$slot>$driver/bind" \
	"adapter:$gone:component>$class/$adapter/reset" "tx:$gone:component>$class/$tx/reset"
all_settled
ip link set "$nic" up
n=$(rounds 3)
for ((i = 0; i < n; i++)); do
	wait_for 30 [ -e "$class/$adapter/reset" ]
	python3 -IS "$tests/race.py" 60 1000000 "adapter:$gone:component>$class/$adapter/reset" >/run/race 2>&1 &
	racer=$!
	wait_for 30 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	qmp '{"execute": "device_del", "arguments": {"id": "nic"}}' >/dev/null
	wait_for 60 [ ! -e "$pci/$slot" ]
	wait_for 60 [ ! -e "$class/$adapter" ]
	kill $racer
	wait $racer 2>/dev/null || true
	wait_for 30 qmp '{"execute": "device_add", "arguments": {"driver": "e1000", "id": "nic", "bus": "rp1", "netdev": "h0", "romfile": ""}}'
done
wait_for 30 [ -e "$class/$adapter/reset" ]
ok "pulled and plugged $n times under resets"
net_up
wait_for 20 answers
ok "it works"
all_settled
unload
