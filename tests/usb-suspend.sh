#!/bin/bash
# USB devices sleep and wake, with and without a reset on the way, under a writer and a reader, and against resets
# contracts: US2 US3 DR12
# append: no_console_suspend
# timeout: 150

. "${DEVRESET_TOP-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"
. "$DEVRESET_TOP/tests/lib-ram.sh"

if [ -z "${IN_RAM-}" ]; then
	hosts 1
	load
	gadget zero SourceSink.0 Loopback.0
	from_ram /usr/bin/cmp
fi

echo 0 >/sys/module/suspend/parameters/pm_test_delay
# ready: it is plugged, and our driver has both interfaces
ready() {
	plug zero
	wait_for 30 bound zero
	d=$(usb_of zero)
	wait_for 30 [ -e "$class/usbif-$d:1.1/reset" ]
	one=$d:1.0 two=$d:1.1
	node=$class/usbif-$one device=$class/usb-$d
}
# moves INTERFACE: some bytes more go each way
above() { [ "$(<"$usb/$1")" -gt "$2" ]; }
moves() {
	local out in

	out=$(<"$usb/$1/bytes_out") in=$(<"$usb/$1/bytes_in")
	wait_for 30 above "$1/bytes_out" "$out"
	wait_for 30 above "$1/bytes_in" "$in"
}
# Two who never stop: "begin" and "end" them
begin() {
	cat /dev/zero >"$(chardev "$one")" &
	writer=$!
	cat "$(chardev "$one")" >/dev/null &
	reader=$!
}
end() {
	kill $writer $reader
	wait $writer $reader || true
	expect "$(<"$usb/$one/urbs_submitted")" cat "$usb/$one/urbs_completed"
}

# --- as it is: what the loop holds it keeps, and gives back after

ready
head -c 1048576 /dev/urandom >/run/random
again() { while [ ! -e "$1" ] && cat /run/random; do :; done; }
again /run/enough >"$(chardev "$two")" &
writer=$!
cmp "$(chardev "$two")" <(again /run/never 2>/dev/null) >/run/differs 2>&1 &
reader=$!
n=$(rounds 4)
for ((i = 0; i < n; i++)); do
	moves "$two"
	suspend devices
done
moves "$two"
touch /run/enough
wait $writer
[ -e /proc/$reader ] || fail "what came back is not what was written: $(cat /run/differs)"
kill $reader
wait $reader || true
expect 0 cat "$class/usbif-$two/stats/external"
expect 0 cat "$class/usbif-$two/stats/hangs"
ok "US2: $n suspends: all that was written came back, in order, once"

# --- against resets

begin
ask() { while [ ! -e /run/stop ]; do echo "$1" >"$2/reset" && echo success; done >"$3" 2>&1; }
ask component "$node" /run/told-1 &
first=$!
ask function "$device" /run/told-2 &
second=$!
succeeded() { [ "$(grep -c success "$1")" -gt "$2" ]; }
n=$(rounds 6) slept=0
while [ $slept -lt "$n" ]; do
	wait_for 60 succeeded /run/told-1 "$(grep -c success /run/told-1)"
	wait_for 60 succeeded /run/told-2 "$(grep -c success /run/told-2)"
	suspend devices 2>/run/refused || continue
	slept=$((slept + 1))
done
touch /run/stop
wait $first $second
expect "" grep -hvE "success|busy|already|Interrupted" /run/told-1 /run/told-2
reset "${node##*/}" function
moves "$one"
end
expect healthy cat "$node/state"
ok "DR12: $n suspends against $(grep -c success /run/told-1) resets of the pipes and $(grep -c success /run/told-2) of the device"

# --- a device that has to be reset when it wakes

unplug zero
wait_for 30 [ ! -e "$node" ]
echo 0525:a4a0:b >/sys/module/usbcore/parameters/quirks
ready
begin
n=$(rounds 3)
for ((i = 0; i < n; i++)); do
	moves "$one"
	suspend devices
	expect $((i + 1)) cat "$device/stats/external"
done
moves "$one"
end
expect 0 cat "$node/stats/hangs"
ok "US2, US3: $n suspends from which the device comes back reset: reader and writer go on"

unplug zero
wait_for 30 [ ! -e "$node" ]
unload
