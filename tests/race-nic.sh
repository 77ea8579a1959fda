#!/bin/bash
# Resets of a network adapter against unbind and bind, removal of the module, and the pull of the device
# contracts: ND4 DR4 DR8 DR12
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,id=nic,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# timeout: 200
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start reset_timeout_ms=60000 max_recoveries=100
driver=/sys/bus/pci/drivers/devreset_net
gone=EALREADY,EBUSY,EAGAIN,ENODEV,ENOENT,EOPNOTSUPP,ETIMEDOUT,EIO
resets=("adapter:$gone:component>$class/$adapter/reset+20" "tx:$gone:component>$class/$tx/reset+20"
	"function:$gone:function>$class/$adapter/reset+300")

works() {
	net_up
	wait_for 20 answers
	ok "it works"
}

race "unbind and bind against resets" 15:1000 "bind::$slot>$driver/unbind+20+$slot>$driver/bind+100" "${resets[@]}"
all_settled
works

n=$(rounds 5:1000)
# A write that is under way holds the module: without rests it could never go
race_begin "${resets[@]/%+20/+100}"
for ((i = 0; i < n; i++)); do
	wait_for 30 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	wait_for 60 rmmod devreset_net
	insmod "$DEVRESET_MODDIR/devreset_net.ko"
	wait_for 30 [ -e "$class/$adapter/reset" ]
	ip link set "$nic" up
done
race_end "$n removals of the module under resets"
works

n=$(rounds 3:1000)
race_begin "${resets[@]}"
for ((i = 0; i < n; i++)); do
	wait_for 30 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	qmp '{"execute": "device_del", "arguments": {"id": "nic"}}' >/dev/null
	wait_for 60 [ ! -e "$pci/$slot" ]
	wait_for 60 [ ! -e "$class/$adapter" ]
	wait_for 30 qmp '{"execute": "device_add", "arguments": {"driver": "e1000", "id": "nic", "bus": "rp1", "netdev": "h0", "romfile": ""}}'
	wait_for 30 [ -e "$class/$adapter/reset" ]
	ip link set "$nic" up
done
race_end "pulled and plugged $n times under resets"
works
all_settled
# Counted since it was plugged the last time
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
unload
