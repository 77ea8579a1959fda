#!/bin/bash
# USB devices sleep and wake, and come back reset, under a writer and a reader, and against resets
# contracts: US2 US3 DR12
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -chardev ringbuf,id=ring,size=1048576
# qemu: -device usb-serial,bus=xhci.0,chardev=ring
# append: no_console_suspend
# timeout: 150

. "${DEVRESET_TOP-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"
. "$DEVRESET_TOP/tests/lib-ram.sh"

if [ -z "${IN_RAM-}" ]; then
	modprobe -q xhci_pci || true
	hosts 1
	load
	gadget zero SourceSink.0
	from_ram /usr/bin/cmp /usr/bin/flock
fi

echo 0 >/sys/module/suspend/parameters/pm_test_delay

# --- at a host controller that loses its state

wait_for 30 adapter
d=$(adapter)
one=$d:1.0 node=$class/usbif-$d:1.0
[ ! -e "$usb/$one/driver" ] || echo "$one" >"$usb/$one/driver/unbind"
echo "0403 6001" >/sys/bus/usb/drivers/devreset_usb/new_id
wait_for 30 [ -e "$node/reset" ]
c=$(chardev "$one")
# In small pieces, each of which waits for its end: it goes on until it is killed
echo 1 >"$usb/$d/power/persist"
head -c 1048576 /dev/urandom >/run/random
dd if=/run/random of="$c" bs=16 2>/dev/null &
writer=$!
n=0
while [ $n -lt 4 ]; do
	wait_for 30 above "$usb/$one/bytes_out" "$(<"$usb/$one/bytes_out")"
	suspend devices
	n=$((n + 1))
done
wait_for 30 above "$usb/$one/bytes_out" "$(<"$usb/$one/bytes_out")"
kill $writer
wait $writer || true
qmp '{"execute": "ringbuf-read", "arguments": {"device": "ring", "size": 1048576, "format": "base64"}}' |
	sed 's/.*"return": "\([^"]*\)".*/\1/' | base64 -d >/run/arrived
head -c "$(<"$usb/$one/bytes_out")" /run/random | cmp - /run/arrived
expect $n cat "$node/stats/external"
expect 0 cat "$node/stats/hangs"
expect "$(<"$usb/$one/urbs_submitted")" cat "$usb/$one/urbs_completed"
ok "US2, US3: $n suspends from which the device comes back reset: what was written arrived, in order, once"

# --- one that is not there while it sleeps, and has to be reset when it wakes

plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0 node=$class/usbif-$d:1.0 device=$class/usb-$d
policy "${node##*/}" max_recoveries=100
echo 1 >"$usb/$d/power/persist"
cat /dev/zero >"$(chardev "$one")" &
writer=$!
cat "$(chardev "$one")" >/dev/null &
reader=$!
# moves: some bytes more go each way
moves() {
	local out in

	out=$(<"$usb/$one/bytes_out") in=$(<"$usb/$one/bytes_in")
	wait_for 30 above "$usb/$one/bytes_out" "$out"
	wait_for 30 above "$usb/$one/bytes_in" "$in"
}
n=$(rounds 4)
for ((i = 0; i < n; i++)); do
	moves
	wait_for 30 settled
	before=$(<"$device/stats/external")
	suspend devices
	expect $((before + 1)) cat "$device/stats/external"
done
moves
ok "US2, US3: $n suspends from which the device comes back reset: reader and writer go on"

# --- against resets

# ask SCOPE NODE FILE REST: over and over, with so many seconds in between: requests for the
# device without a rest would have all those for the pipes join them
ask() {
	until [ -e /run/stop ]; do
		{ echo "$1" >"$2/reset" && echo success; } || true
		sleep "$4"
	done >"$3" 2>&1
}
: >/run/told-1
: >/run/told-2
ask component "$node" /run/told-1 0 &
first=$!
ask function "$device" /run/told-2 0.3 &
second=$!
successes() { grep -c success "$1" || true; }
succeeded() { [ "$(successes "$1")" -gt "$2" ]; }
n=$(rounds 6:1000) slept=0
while [ $slept -lt "$n" ]; do
	wait_for 60 succeeded /run/told-1 "$(successes /run/told-1)"
	wait_for 60 succeeded /run/told-2 "$(successes /run/told-2)"
	suspend devices 2>/run/refused || continue
	slept=$((slept + 1))
done
touch /run/stop
wait $first $second
moves
kill $writer $reader
wait $writer $reader || true
expect "$(<"$usb/$one/urbs_submitted")" cat "$usb/$one/urbs_completed"
wait_for 30 is healthy "$node/state"
expect "" grep -hvE "success|busy|already|Interrupted" /run/told-1 /run/told-2
ok "DR12: $n suspends against $(grep -c success /run/told-1) resets of the pipes and $(grep -c success /run/told-2) of the device"

unplug zero
wait_for 30 [ ! -e "$node" ]
unload
