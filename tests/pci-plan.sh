#!/bin/bash
# Each driver gets through a reset by the least invasive method that it has, or the reset is refused
# contracts: DR5 DR8 DR12 DR14 DR15 DR9
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
managed=pci-$edu
dummy=/sys/module/devreset_pci_dummy/parameters

# driven PARAMETER...: from now on by the driver of tests/pci_dummy.c with these parameters
driven() {
	[ ! -e "$pci/$edu/driver" ] || echo "$edu" >"$pci/$edu/driver/unbind"
	[ ! -e "$dummy" ] || rmmod devreset_pci_dummy
	insmod "$DEVRESET_MODDIR/devreset_pci_dummy.ko" "$@"
	echo dummy >"$pci/$edu/driver_override"
	# With driver_override, it has been bound when the module was loaded
	[ -e "$pci/$edu/driver" ] || echo "$edu" >/sys/bus/pci/drivers/dummy/bind
	expect dummy basename "$(readlink "$pci/$edu/driver")"
	forget
}
forget() { echo >$dummy/calls; }
called() { expect "$1" eval "xargs <$dummy/calls"; }

# methods TEXT: of the function, and of all that is below its bus, which is the same
methods() {
	expect "$edu $1" cat "$class/$managed/methods"
	expect "$edu $1" cat "$class/$bus/methods"
}

echo "$edu" >"$pci/$edu/driver/unbind"
put "pci $edu" $class/manage
bus=$(basename "$(readlink "$class/$managed/reset_parent")")
policy "$managed" check_interval_ms=0 probation_ms=0 retry_interval_ms=100 rebind=never
methods "- none"
reset "$managed" function
expect none cat "$class/$managed/last/method"
ok "DR14: no driver: none is asked"

driven done=1 handlers=1
methods "dummy reset_done"
reset "$managed" function
called "prepare done"
expect reset_done cat "$class/$managed/last/method"
forget
reset "$managed" platform
called "prepare done"
ok "DR15: a driver with reset_done"

driven handlers=1
methods "dummy error_handlers"
for scope in function platform; do
	reset "$managed" $scope
	called "detected(frozen) slot_reset(frozen) resume"
	forget
	expect error_handlers cat "$class/$managed/last/method"
	[ $((0x$(setpci -s "$edu" COMMAND) & 6)) = 6 ] || fail "COMMAND"
done
ok "DR15: a driver with error handlers: told that the channel is frozen, and resumed"

echo 1 >$dummy/sticks
refused EIO reset "$managed" function
called "detected(frozen) slot_reset(frozen)"
reset "$managed" function
called "detected(frozen) slot_reset(frozen) slot_reset(frozen) resume"
ok "DR15: and not told a second time, where the first reset failed"

forget
echo 1 >$dummy/sticks
refused EIO reset "$managed" function
echo -n "$edu" >$dummy/recovers
forget
reset "$managed" function
called "detected(frozen) slot_reset(frozen) resume"
ok "DR15: but told anew, where others have recovered it meanwhile"

driven
methods "dummy refused: has no reset handlers and policy/rebind is never"
refused EBUSY reset "$managed" function
refused EBUSY reset "$managed" platform
called ""
policy "$managed" rebind=asked
methods "dummy rebind"
for scope in function platform; do
	reset "$managed" $scope
	called "remove probe"
	forget
	expect rebind cat "$class/$managed/last/method"
	expect dummy basename "$(readlink "$pci/$edu/driver")"
done
setpci -s "$edu" COMMAND=0:4
reset "$managed" function
called "remove(gone) probe"
ok "DR15: a driver with neither is bound again, if that is allowed"

forget
echo 2 >$dummy/defers
reset "$managed" function
called "remove probe probe probe"
ok "DR15: a driver that waits for another one when it is bound is tried again"

forget
echo 1 >$dummy/fails
refused EIO reset "$managed" function
called "remove probe"
[ ! -e "$pci/$edu/driver" ] || fail "bound"
methods "- none"
echo 1 >$dummy/fails
refused EIO reset "$managed" function
called "remove probe probe"
reset "$managed" function
called "remove probe probe probe"
expect dummy basename "$(readlink "$pci/$edu/driver")"
ok "DR15: a driver that was not bound again is no success, and bound by a later attempt"

policy "$managed" check_interval_ms=200 max_attempts=1
setpci -s "$edu" COMMAND=0:4
wait_for 30 is failed "$class/$managed/state"
[[ $(<"$class/$managed/last/status") == -16 ]] || fail "status"
policy "$managed" check_interval_ms=0
reset "$managed" function
ok "DR14: where only an operator may have it, no ladder does it"

# --- votes

policy "$managed" rebind=never
driven handlers=1 against=1
refused EBUSY reset "$managed" function
called "detected(frozen)"
methods "dummy error_handlers"
policy "$managed" rebind=asked
driven handlers=1 against=1
reset "$managed" function
called "detected(frozen) remove probe"
expect rebind cat "$class/$managed/last/method"
ok "DR5, DR15: a driver that votes against it: refused, or the next method"

driven user=1 done=1
policy "$managed" rebind=always
methods "dummy refused: gives the device to user space"
refused EBUSY reset "$managed" function
refused EBUSY reset "$managed" "platform force"
called ""
ok "DR5: a device that is in the hands of user space is not reset"

# --- one after the other

driven done=1 handlers=1
policy "$managed" rebind=auto probation_ms=600000 max_recoveries=50
echo 2 >$dummy/breaks
n=$(<"$class/$managed/stats/successes")
policy "$managed" check_interval_ms=200
setpci -s "$edu" COMMAND=0:4
wait_for 60 is $((n + 3)) "$class/$managed/stats/successes"
policy "$managed" check_interval_ms=0 probation_ms=0
called "prepare done detected(frozen) slot_reset(frozen) resume remove(gone) probe"
expect "0 function 1 $managed bus mastering is off" last "$managed"
expect rebind cat "$class/$managed/last/method"
ok "DR14: a cure that does not last is followed by the next method"

# --- others at work

hangs=$(<"$class/$managed/stats/hangs")
policy "$managed" check_interval_ms=100
echo -n "$edu" >$dummy/toggle
policy "$managed" check_interval_ms=0
expect "$hangs" cat "$class/$managed/stats/hangs"
ok "ND9: no hang is found while others have its configuration blocked"

echo 1 >$dummy/deaf
refused EOPNOTSUPP reset "$managed" function
echo 0 >$dummy/deaf
reset "$managed" function
ok "DR9: a reset that the PCI core did not make is no success"

# --- resets that outlast their attempt

driven done=1
# Checked for a reason only
policy "$managed" reset_timeout_ms=500 check_interval_ms=500 check_idle=0
n=$(<"$class/$managed/stats/external")
echo 3000 >$dummy/slow
refused ETIMEDOUT reset "$managed" function
called "prepare"
trace_on devreset
wait_for 30 eval "steps '^check node=$managed status=0' | grep -q ."
trace_off
called "prepare done"
expect $((n + 1)) cat "$class/$managed/stats/external"
expect "quiesce resume check" eval "steps 'node=$managed ' | sed -n 's/^\(quiesce\|resume\|check\) .*/\1/p' | xargs"
ok "DR5: what has ended too late for its attempt is stopped and started like a reset by others, and checked"

forget
echo 3000 >$dummy/slow
refused ETIMEDOUT reset "$managed" function
called "prepare"
echo 0 >/sys/module/suspend/parameters/pm_test_delay
echo freezer >/sys/power/pm_test
echo mem >/sys/power/state
called "prepare done"
ok "DR12: a suspend waits for one that has outlasted its attempt"

echo "$edu" >"$pci/$edu/driver/unbind"
rmmod devreset_pci_dummy
unload
