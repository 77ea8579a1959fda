#!/bin/bash
# Resets around which a driver is bound anew, against all else that binds, unbinds, resets and removes
# contracts: DR4 DR8 DR12 DR15
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device pci-testdev,id=dev1,bus=rp1
# append: no_console_suspend
# timeout: 250
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"

dev=$(pci_of 1b36:0005)
node=$class/pci-$dev
driver=/sys/bus/pci/drivers/dummy
dummy=/sys/module/devreset_pci_dummy/parameters
gone=EALREADY,ENODEV,ENOENT,EBUSY,EOPNOTSUPP,ETIMEDOUT,EIO,EAGAIN,ENOTTY,EINTR

# A driver without any handlers for resets, for this device also after it has been away
driven() {
	insmod "$DEVRESET_MODDIR/devreset_pci_dummy.ko"
	echo 1b36 0005 >$driver/new_id
}
bound() { [ "$(readlink "$pci/$dev/driver")" != "" ]; }
managed() {
	put "pci $dev" $class/manage
	policy "pci-$dev" check_interval_ms=300 probation_ms=0 reset_timeout_ms=60000 \
		retry_interval_ms=100 max_recoveries=100 return_ms=60000
}
# works: when nothing is in hand any more, it is reset by this method, and bound
works() {
	all_settled
	bound || echo "$dev" >$driver/bind
	echo >$dummy/calls
	reset "pci-$dev" function
	expect rebind cat "$node/last/method"
	expect "remove probe" eval "xargs <$dummy/calls"
	ok "the driver is bound, and is bound anew by the next reset"
}

driven
load
managed
works

race "unbinding and binding by hand" 6:1000 \
	"hand:ENODEV,EBUSY:$dev>$driver/unbind+20+$dev>$driver/bind+100" \
	"function:$gone:function>$node/reset+50" "recover:$gone:recover>$node/reset+50"
works

race "resets by others" 8:1000 \
	"ours:$gone:function>$node/reset+40" "theirs:EAGAIN,ENOTTY:1>$pci/$dev/reset+40"
works

echo freezer >/sys/power/pm_test
echo 0 >/sys/module/suspend/parameters/pm_test_delay
race "suspends" 4:1000 \
	"suspend:EBUSY,EAGAIN:mem>/sys/power/state+50" "function:$gone:function>$node/reset"
works

# in_hand: a reset is
in_hand() { grep -q ' claimed' /sys/kernel/debug/devreset/tree; }

race_begin "function:$gone:function>$node/reset" "platform:$gone:platform>$node/reset"
n=$(rounds 3:1000)
for ((i = 0; i < n; i++)); do
	wait_for 30 in_hand
	# Pinned while it is bound anew
	wait_for 60 rmmod devreset_pci_dummy
	driven
done
race_end "$n removals of the driver's module"
works

race_begin "function:$gone:function>$node/reset" "platform:$gone:platform>$node/reset"
n=$(rounds 3:1000)
for ((i = 0; i < n; i++)); do
	wait_for 30 in_hand
	qmp '{"execute": "device_del", "arguments": {"id": "dev1"}}' >/dev/null
	wait_for 60 [ ! -e "$pci/$dev" ]
	wait_for 30 qmp '{"execute": "device_add", "arguments": {"driver": "pci-testdev", "id": "dev1", "bus": "rp1"}}'
	wait_for 30 [ -e "$node/reset" ]
	wait_for 30 bound
done
race_end "pulled and plugged $n times"
works

race_begin "function:$gone:function>$node/reset" "platform:$gone:platform>$node/reset"
n=$(rounds 3:1000)
for ((i = 0; i < n; i++)); do
	wait_for 30 in_hand
	# A write that is under way holds the module
	wait_for 60 rmmod devreset_pci
	insmod "$DEVRESET_MODDIR/devreset_pci.ko"
	# Managed as before, by its record
	wait_for 30 [ -e "$node/reset" ]
	expect 60000 cat "$node/policy/reset_timeout_ms"
done
race_end "$n removals of devreset_pci"
works

unload
rmmod devreset_pci_dummy
