#!/bin/bash
# What is in configuration space after a reset: what was set by others, and never what was found broken
# contracts: DR2 DR5 DR11 ND2 ND9
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device nvme,serial=one,drive=d1,bus=rp1
# append: iomem=relaxed
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"

modprobe nvme
load
nvme=$(pci_of 1b36:0010)
managed=pci-$nvme
port=$(basename "$(dirname "$(readlink -f "$pci/$nvme")")")
disk() { basename "$pci/$nvme"/nvme/nvme*/nvme*n1; }
there() { [ -b "/dev/$(disk)" ]; }
wait_for 30 there

# Several reads past the page cache, each with a deadline: the first after a reset proves little
same() {
	for _ in 1 2 3; do
		cmp -n $((256 * 1024)) /bin/busybox \
			<(timeout $((20 * DEVRESET_SCALE)) dd "if=/dev/$(disk)" iflag=direct bs=64k count=4 status=none)
	done
}
bars() { setpci -s "$nvme" BASE_ADDRESS_0 BASE_ADDRESS_1; }
# What others set: here, SERR and the cache line size. QEMU's devices have little more
tuned() { echo $((0x$(setpci -s "$nvme" COMMAND) & 0x100)) "$(setpci -s "$nvme" CACHE_LINE_SIZE)"; }

# cured N REASON: for the Nth time, by the function's own reset
cured() {
	wait_for 60 is "$1" "$class/$managed/stats/successes"
	wait_for 30 is healthy "$class/$managed/state"
	expect "$2" cat "$class/$managed/last/reason"
	expect "$good" bars
	same
}

answers() { [ "$(setpci -s "$nvme" VENDOR_ID)" = 1b36 ]; }

same
good=$(bars)
put "pci $nvme" $class/manage
# A guest that is emulated beside others takes its time
policy "$managed" check_interval_ms=0 probation_ms=0 reset_timeout_ms=60000

# --- nothing healthy is overwritten

before=$(tuned)
setpci -s "$nvme" COMMAND=100:100 CACHE_LINE_SIZE=20
set_by_others=$(tuned)
[ "$set_by_others" != "$before" ] || fail "nothing can be set"
put 1 "$pci/$nvme/reset"
expect "$set_by_others" tuned
reset "$managed" function
expect "$set_by_others" tuned
ok "ND2: what others have set since is as it was after a reset, as after a plain one"

setpci -s "$nvme" COMMAND=0:4
reset "$managed" function
expect "$set_by_others" tuned
[ $((0x$(setpci -s "$nvme" COMMAND) & 6)) = 6 ] || fail "COMMAND"
same
ok "ND2: nor is it overwritten where something else has to be put right"

# --- nothing broken becomes good

setpci -s "$nvme" BASE_ADDRESS_0=0
driver=$(readlink -f "$pci/$nvme/driver")
echo "$nvme" >"$driver/unbind"
echo "$nvme" >"$driver/bind" || true
wait_for 30 eval "dmesg | grep -q 'Removing after probe failure'"
reset "$managed" function || true
expect "$good" bars
ok "ND2: a BAR that was wrong while a driver was bound is not taken for good"
[ -e "$pci/$nvme/driver" ] && echo "$nvme" >"$driver/unbind"
echo "$nvme" >"$driver/bind"
wait_for 60 there
same

policy "$managed" check_interval_ms=300
n=$(<"$class/$managed/stats/successes")
setpci -s "$nvme" COMMAND=0:7 BASE_ADDRESS_0=0 BASE_ADDRESS_1=0
cured $((n + 1)) "memory decode is off"
ok "ND9: with memory decode off and its BARs wiped at once it comes back by itself"

# --- registers

# It is told to start with an administrator's queue at address 0
python3 -IS "$DEVRESET_TOP/tests/reg.py" "$pci/$nvme/resource0" 14-1 28=0 2c=0 14+1
cured $((n + 2)) "controller fatal status"
expect reset_done cat "$class/$managed/last/method"
ok "ND9: a fatal error of the controller is found while nobody uses it, and cured by its driver's reset_done"

# --- power

policy "$managed" check_interval_ms=0
n=$(<"$class/$managed/stats/successes")
slot_power "$port" off
! answers || fail "the power cannot be cut"
reset "$managed" function &
asked=$!
wait_for 30 is recovering "$class/$managed/state"
wait_for 30 eval "dmesg | grep -q 'not ready'"
slot_power "$port" on
wait $asked
expect $((n + 1)) cat "$class/$managed/stats/successes"
expect "$good" bars
[ -e "$pci/$nvme/driver" ] || fail "it has lost its driver"
same
ok "DR11: power was lost over the reset: its configuration, and its driver, are at work again"
unload
