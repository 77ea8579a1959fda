#!/bin/bash
# The kernel's own usbtest passes on one interface of a device, while the other is being reset
# contracts: DR1 US4
# kernels: stock
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

gcc -pthread -o /run/testusb "$("$DEVRESET_TOP/scripts/kernel.sh" source)/tools/usb/testusb.c"
hosts 1
load
gadget zero SourceSink.0 Loopback.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0 two=$d:1.1
wait_for 30 [ -e "$class/usbif-$two/reset" ]
modprobe usbtest
echo "$one" >/sys/bus/usb/drivers/devreset_usb/unbind
echo "$one" >/sys/bus/usb/drivers/usbtest/bind
expect usbtest basename "$(readlink "$usb/$one/driver")"
file=$(printf '/dev/bus/usb/%03d/%03d' "$(<"$usb/$d/busnum")" "$(<"$usb/$d/devnum")")

# usbtest NUMBER ARGUMENT...: one of its cases
usbtest() {
	/run/testusb -D "$file" -t "$@" >/run/testusb.out 2>&1 || true
	grep -Eq "test $1, +[0-9.]+ secs" /run/testusb.out || fail "usbtest $*: $(cat /run/testusb.out)"
}

cases() {
	# Control: chapter 9, queued, halts of endpoints; a composite device has no others
	usbtest 9 -c 20
	usbtest 10 -c 5 -g 5
	usbtest 13 -c 20
	# Bulk: one at a time, of all sizes (from a source, whole packets), scattered, queued,
	# unlinked
	usbtest 1 -c 50 -s 4096
	usbtest 2 -c 50 -s 4096
	usbtest 3 -c 20 -s 4096 -v 421
	usbtest 4 -c 20 -s 4096 -v 512
	usbtest 5 -c 10 -s 4096 -g 16
	usbtest 6 -c 10 -s 4096 -g 16
	usbtest 7 -c 10 -s 4096 -g 16 -v 512
	usbtest 8 -c 10 -s 4096 -g 16 -v 512
	usbtest 11 -c 5 -s 4096
	usbtest 12 -c 5 -s 4096
	usbtest 24 -c 5 -s 4096 -g 5
	usbtest 27 -c 10 -s 16384 -g 8
	usbtest 28 -c 10 -s 16384 -g 8
	usbtest 29 -c 5
}

cases
ok "usbtest passes by itself"

loop=$(chardev "$two")
cat "$loop" >/dev/null &
reader=$!
cat /dev/zero >"$loop" &
writer=$!
python3 -IS "$DEVRESET_TOP/tests/race.py" 10000 100000 "component::component>$class/usbif-$two/reset" >/run/race &
racer=$!
wait_for 30 eval "[ \$(<$class/usbif-$two/stats/successes) -gt 0 ]"
before=$(<"$class/usbif-$two/stats/successes")
for ((i = 0; i < $(rounds 2); i++)); do
	cases
done
resets=$(($(<"$class/usbif-$two/stats/successes") - before))
[ $resets -gt 10 ] || fail "only $resets resets"
kill $racer $writer $reader
wait $racer $writer $reader || true
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
