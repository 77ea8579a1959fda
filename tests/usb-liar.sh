#!/bin/bash
# A device that is not consistent: known again although it tells another length each time; not taken for good with another setting than it had
# contracts: US3 US5
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
