#!/bin/bash
# The kernel's own usbtest passes on one interface of a device, while the other is being reset
# contracts: DR1 US4
# kernels: stock
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
gadget zero SourceSink.0 Loopback.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0 two=$d:1.1
wait_for 30 [ -e "$class/usbif-$two/reset" ]
give_to_usbtest "$one"
usbtest_cases "$d"
ok "usbtest passes by itself"

loop=$(chardev "$two")
cat "$loop" >/dev/null &
reader=$!
cat /dev/zero >"$loop" &
writer=$!
python3 -IS "$DEVRESET_TOP/tests/race.py" 10000 100000 "component::component>$class/usbif-$two/reset" >/run/race 2>&1 &
racer=$!
wait_for 30 eval "[ \$(<$class/usbif-$two/stats/successes) -gt 0 ]"
before=$(<"$class/usbif-$two/stats/successes")
for ((i = 0; i < $(rounds 2); i++)); do
	usbtest_cases "$d"
done
resets=$(($(<"$class/usbif-$two/stats/successes") - before))
[ $resets -gt 10 ] || fail "only $resets resets"
kill $racer $writer $reader
wait $racer || fail "$(cat /run/race)"
wait $writer $reader || true
expect 0 cat "$class/usbif-$two/stats/failures"
ok "DR1, US4: usbtest passes beside $resets resets of the other interface's pipes"

# All interfaces of the device: usbtest has no handlers for that, so the USB core
# unbinds it, and binds the first driver that matches, which is ours
reset "usb-$d" function
expect devreset_usb basename "$(readlink "$usb/$one/driver")"
dd if=/dev/zero of="$(chardev "$one")" bs=64k count=4 status=none
ok "US4: a reset of the device binds an interface anew whose driver has no handlers"

rmmod usbtest
unload
