#!/bin/bash
# A device that is not consistent: known again although it tells another length each time; not taken for good with another setting than it had; an endpoint that stays halted; its endpoints forgotten
# contracts: US3 US5 DR6
# kernels: debug
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
modprobe raw_gadget
mkdir /run/lies
load
python3 -IS "$DEVRESET_TOP/tests/liar.py" /run/lies >/run/liar.log 2>&1 &
liar=$!
wait_for 30 bound liar
d=$(usb_of liar)
device=usb-$d port=usbport-$d
expect 65535 eval "od -An -v -tu2 -j20 -N2 $usb/$d/descriptors | tr -d ' '"
reset "$device" function || fail "$(cat /run/liar.log)"
expect "0 function 1 $device operator" last "$device"
ok "a device that says that its configuration is longer than it said: reset"

for lie in alt config; do
	touch /run/lies/$lie
	refused EIO reset "$device" function
	expect "-5 function" eval "last $device | cut -d ' ' -f 1,2"
	rm /run/lies/$lie
	reset "$device" function || fail "$(cat /run/liar.log)"
	expect healthy cat "$class/$device/state"
	ok "US3: a reset after which the device says another $lie has failed, and the next one has not"
done

# It says that it has cleared the halt, and that there is one
node=usbif-$d:1.0
policy "$node" probation_ms=100 max_attempts=100 retry_interval_ms=500
kill -USR2 $liar
wait_for 30 grep -qx wedged /run/liar.log
refused EIO reset "$node" component
expect "-5 component" eval "last $node | cut -d ' ' -f 1,2"
kill -USR2 $liar
wait_for 30 grep -qx "not wedged" /run/liar.log
wait_for 60 is 1 "$class/$node/stats/successes"
expect "0 component could not be started again" eval "last $node | cut -d ' ' -f 1,2,5-"
wait_for 30 is healthy "$class/$node/state"
ok "US3: a reset of the pipes after which an endpoint is still halted has failed; it is started again when it is not"

# -EPROTO, and the halt that is due then cannot be cleared
c=$(chardev "$d:1.0")
echo 60000 >/sys/module/devreset_usb/parameters/stall_ms
policy "$node" max_attempts=1
head -c 512 /dev/zero >"$c" &
writer=$!
wait_for 30 eval "[ \$(<$usb/$d:1.0/urbs_submitted) -gt \$(<$usb/$d:1.0/urbs_completed) ]"
kill -USR1 $liar
wait_for 60 is 2 "$class/$node/stats/successes"
expect "0 function 2 $device its halt cannot be cleared" last "$node"
kill $writer
wait $writer || true
ok "DR6: a device that knows nothing of its endpoints any more: the reset of its pipes fails, that of the device cures it"

before=$(<"$usb/$d/devnum")
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
wait_for 30 bound liar
[ "$(<"$usb/$d/devnum")" != "$before" ] || fail "the same device as before"
ok "US5: after a reset of its port it is the same device, of which nothing was read that it had not sent"
kill $liar
wait $liar || true
wait_for 30 [ ! -e "$class/$port" ]
unload
