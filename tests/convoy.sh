#!/bin/bash
# A task in D state on a device keeps nothing else from being read, reset or managed
# contracts: DR5 DR11 DR15
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=blkdebug::/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device qemu-xhci,id=usb,bus=rp1
# qemu: -device usb-storage,bus=usb.0,drive=d1,serial=one
# qemu: -device pcie-root-port,id=rp2,chassis=2,slot=2 -device edu,bus=rp2
# qemu: -device pcie-root-port,id=rp3,chassis=3,slot=3 -device pci-testdev,bus=rp3
# timeout: 150
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -a xhci_pci usb-storage sd_mod
load
xhci=$(pci_of 1b36:000d) edu=$(pci_of 1234:11e8)
disk() { basename "$(echo "$usb/$(usb_of one)"/*/host*/target*/*/block/sd*)"; }
there() { usb_of one && [ -b "/dev/$(disk)" ]; }
wait_for 60 there
put "pci $xhci" $class/manage
policy "pci-$xhci" reset_timeout_ms=3000 return_ms=3000 check_interval_ms=300 probation_ms=0
sd=$(disk)
# Longer than the disk is frozen: a request that is cancelled would stop the whole machine
echo 600 >"/sys/block/$sd/device/timeout"

# soon COMMAND...: it ends, however it ends
soon() {
	local status=0

	timeout $((5 * DEVRESET_SCALE)) "$@" >/run/soon 2>&1 || status=$?
	[ $status != 124 ] || fail "$*: no end"
}
write() { soon sh -c "echo '$1' >'$2'"; }

# none_is_held_up: what is read and done at the controller and elsewhere
none_is_held_up() {
	local node file

	for node in "pci-$xhci" "pci-$edu" "edu-$edu"; do
		for file in state methods supported scope last/status stats/requests policy/ceiling; do
			soon cat "$class/$node/$file"
		done
	done
	for file in tree log; do soon cat /sys/kernel/debug/devreset/$file; done
	write function "$class/edu-$edu/reset"
	expect 0 cat "$class/edu-$edu/last/status"
	write "usb $(usb_of one):1.0" $class/manage
	write "usb $(usb_of one):1.0" $class/unmanage
	write "net lo" $class/manage
	write platform "$class/pci-$edu/policy/ceiling"
	expect 120 timeout 60 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
}

hmp qemu-io d1 '\"break read_aio A\"' >/dev/null
dd if="/dev/$sd" of=/dev/null bs=64k count=1 iflag=direct 2>/dev/null &
reader=$!
in_d() { [[ $(</proc/$reader/stat) == *") D "* ]]; }
wait_for 30 in_d
none_is_held_up
ok "DR11: beside a read that does not end, everything else is read, reset and managed"

refused EBUSY reset "pci-$xhci" function
[ "$(logged "$xhci: not reset: driver xhci_hcd is in use: $sd is open")" -ge 1 ] || fail "not in the log"
expect xhci_hcd basename "$(readlink "$pci/$xhci/driver")"
ok "DR5: what is held up is in use, and its driver is not unbound unless it is asked for"

hmp qemu-io d1 '\"resume A\"' >/dev/null
wait $reader
reset "pci-$xhci" function
wait_for 60 there
cmp -n 65536 /bin/busybox <(dd "if=/dev/$(disk)" iflag=direct bs=64k count=1 status=none)
ok "DR15: once that has ended, it is reset as if nothing had been"

# --- a driver whose remove() does not return

dev=$(pci_of 1b36:0005)
dummy=/sys/module/devreset_pci_dummy/parameters
insmod "$DEVRESET_MODDIR/devreset_pci_dummy.ko"
echo 1b36 0005 >/sys/bus/pci/drivers/dummy/new_id
is_bound() { [ "$(readlink "$pci/$dev/driver")" != "" ]; }
is_bound
put "pci $dev" $class/manage
policy "pci-$dev" reset_timeout_ms=3000 return_ms=3000 check_interval_ms=300 probation_ms=0
echo 1 >$dummy/holds
start=$SECONDS
refused ETIMEDOUT reset "pci-$dev" function
[ $((SECONDS - start)) -lt $((20 * DEVRESET_SCALE)) ] || fail "it took $((SECONDS - start)) s"
expect 1 logged "pci-$dev: the reset goes on after its deadline, in kworker"
dmesg | grep -q 'dummy_remove' || fail "no stack in the log"
ok "DR5: a driver that does not let go: the request ends, and the log shows where its driver waits"

xhci=$dev
none_is_held_up
refused ETIMEDOUT reset "pci-$dev" function
ok "DR11: all else goes on meanwhile, and a second reset ends too"

echo 0 >$dummy/holds
wait_for 60 is_bound
wait_for 30 is healthy "$class/pci-$dev/state"
reset "pci-$dev" function
expect rebind cat "$class/pci-$dev/last/method"
is_bound
ok "DR15: once it lets go it is bound again, and can be reset"

unload
rmmod devreset_pci_dummy
