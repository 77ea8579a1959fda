#!/bin/bash
# What outlives a node: a device that goes and comes back keeps its policy, its numbers and who manages it, and a request goes on with it
# contracts: DR4 DR16
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device nvme,serial=1,id=n1,bus=rp1
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
modprobe nvme
nvme=$(pci_of 1b36:0010)
node=pci-$nvme
put "pci $nvme" $class/manage
expect auto cat "$class/$node/policy/rebind"
policy "$node" retry_interval_ms=100 probation_ms=0 max_recoveries=7
reset "$node" function
expect 0 cat "$class/$node/last/status"
expect "bash[$BASHPID]" sed "s/[0-9]\+/$BASHPID/" "$class/$node/last/requester"
[[ $(<"$class/$node/last/time") =~ ^[0-9]{10}\.[0-9]{3}$ ]] || fail "last/time: $(<"$class/$node/last/time")"
grep -q "^$node #1 .* asked=function requester=bash.* status=0 attempts=1 cured_by=$node " \
	/sys/kernel/debug/devreset/log
grep -q "^  $node status=0 method=.* claim=.* quiesce=.* reset=.* resume=.* check=" \
	/sys/kernel/debug/devreset/log
ok "last/ and the log tell when it was, for whom, and how long each phase took"

# --- under policy, and away

# go, come: until all that follows from it is done
go() { echo 1 >"$pci/$nvme/remove" && wait_for 30 [ ! -e "$class/$node" ]; }
come() {
	echo 1 >/sys/bus/pci/rescan
	wait_for 60 grep -qs live "$pci/$nvme"/nvme/nvme*/state
}
# driver loaded or not, the node says
is_managed() { grep -q "$node function .* managed" /sys/kernel/debug/devreset/tree; }

go
come
wait_for 60 is_managed
expect "7 100 0 auto" eval "cd $class/$node/policy && echo \$(<max_recoveries) \$(<retry_interval_ms) \$(<probation_ms) \$(<rebind)"
expect 1 cat "$class/$node/stats/successes"
expect function cat "$class/$node/last/scope"
reset "$node" function
expect 2 cat "$class/$node/stats/successes"
grep -q "^$node #2 " /sys/kernel/debug/devreset/log
ok "DR16: removed and rescanned it is still managed, with its policy, its numbers and its log"

go
put "pci $nvme" $class/unmanage
refused ENODEV put "pci $nvme" $class/unmanage
come
put "pci $nvme" $class/manage
expect 0 cat "$class/$node/stats/requests"
expect 5 cat "$class/$node/policy/max_recoveries"
ok "unmanage of what is away forgets it"

rmmod devreset_net devreset_usb devreset_pci
[ ! -e "$class/$node" ] || fail "the node is still there"
insmod "$DEVRESET_MODDIR/devreset_pci.ko"
wait_for 30 is_managed
insmod "$DEVRESET_MODDIR/devreset_usb.ko"
ok "what was managed when the provider went is managed again when it comes"

policy "$node" max_recoveries=9
qmp '{"execute": "device_del", "arguments": {"id": "n1"}}' >/dev/null
wait_for 30 [ ! -e "$pci/$nvme" ]
wait_for 30 qmp '{"execute": "device_add", "arguments": {"driver": "edu", "id": "e1", "bus": "rp1"}}' >/dev/null
wait_for 30 [ -e "$class/$node" ]
expect 5 cat "$class/$node/policy/max_recoveries"
wait_for 30 [ -e "$class/edu-$nvme" ]
! is_managed || fail "another device is managed"
[ "$(logged "devreset $node: another device than before")" = 1 ] || fail "nothing in the log"
ok "another device at the same place begins anew"

# --- USB: a reset that takes the node away

numbers n
plug n
wait_for 30 bound n
d=$(usb_of n)
one=$d:1.0 usbif=usbif-$d:1.0 port=usbport-$d
reset "$usbif" platform
expect "0 platform 1 $port operator" last "$usbif"
expect "successes=1" eval "stats $usbif | grep -o successes=1"
ok "DR4: a reset of its port takes the interface away, and succeeds when it has come back"

# Its port's reset cures it, and it hangs again: that has an end
stall=$((DEVRESET_SCALE > 4 ? 4000 : 2000))
echo $stall >/sys/module/devreset_usb/parameters/stall_ms
policy "$usbif" check_interval_ms=200 retry_interval_ms=100 probation_ms=0 ceiling=platform \
	max_attempts=1 max_recoveries=2
wait_for 30 bound n
policy "$port" max_attempts=1
before=$(<"$class/$port/stats/attempts")
work "$one"
for i in 1 2; do
	tell n mute power
	wait_for 90 above "$class/$port/stats/attempts" $((before + i - 1))
	wait_for 90 is healthy "$class/$usbif/state"
	wait_for 30 bound n
done
tell n mute told
wait_for 90 is failed "$class/$usbif/state"
expect $((before + 2)) cat "$class/$port/stats/attempts"
expect "3 2" eval "cd $class/$usbif/stats && echo \$(<hangs) \$((\$(<successes) - 1))"
tell n mute 0
kill $worker
ok "DR16: one that hangs again after every reset of its port, and is opened again each time, is failed after max_recoveries"

reset "$usbif" platform
expect healthy cat "$class/$usbif/state"
ok "an operator's reset brings it back"

# --- many

for i in 0 1; do
	unplug n
	wait_for 30 [ ! -e "$class/$usbif" ]
	plug n
	wait_for 30 bound n
done
expect 2 cat "$class/$usbif/policy/max_recoveries"
ok "unplugged and plugged it is the same device, by its serial number"
unload
