#!/bin/bash
# A USB device that keeps its power while all sleeps: a waiting reader goes on, and nothing is reset
# contracts: US2 US3 DR12
# qemu: -device usb-ehci,id=ehci -device usb-mtp,bus=ehci.0,rootdir=@tmp@
# append: no_console_suspend
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"
. "$DEVRESET_TOP/tests/lib-ram.sh"

if [ -z "${IN_RAM-}" ]; then
	load
	modprobe ehci_pci
	from_ram /usr/bin/od
fi

echo 0 >/sys/module/suspend/parameters/pm_test_delay
player() { with 0004 idProduct; }
wait_for 30 player
d=$(player)
one=$d:1.0 node=$class/usbif-$d:1.0 device=$class/usb-$d
echo "46f4 0004" >/sys/bus/usb/drivers/devreset_usb/new_id
wait_for 30 [ -e "$device/reset" ]
c=$(chardev "$one")
echo 1 >"$usb/$d/power/persist"
number=$(<"$usb/$d/devnum")

# ask: for what it is, which no session is needed for: length 12, command 1, code 0x1001
ask() { printf '\x0c\0\0\0\1\0\1\x10\0\0\0\0' >"$c"; }
# Its answer: how long it is, data, the same code
answered() { [ "$(od -An -v -tx1 -j4 -N4 /run/answer | tr -d ' ')" = 02000110 ]; }
# Its first eight bytes; the rest, and twelve that say that this was all
head_of() { dd bs=8 count=1 <"$c" >/run/answer 2>/dev/null; }
rest() { dd bs=1 count=$(($(od -An -v -tu4 -N4 /run/answer) - 8 + 12)) <"$c" >/dev/null 2>&1; }

ask
head_of
answered || fail "$(od -tx1 /run/answer)"
rest
ok "a media player at an EHCI: it answers"

for level in freezer devices devices core; do
	head_of &
	reader=$!
	wait_for 30 eval "[ \$(<$usb/$one/urbs_submitted) -gt \$(<$usb/$one/urbs_completed) ]"
	before=$(<"$usb/$one/urbs_completed")
	suspend $level
	# Called back, and sent anew; the freezer alone does not do that
	[ $level = freezer ] || [ "$(<"$usb/$one/urbs_completed")" -gt "$before" ] || fail "$level: it did not stop"
	wait_for 30 eval "[ \$(<$usb/$one/urbs_submitted) -gt \$(<$usb/$one/urbs_completed) ]"
	ask
	wait $reader
	answered || fail "$level: $(od -tx1 /run/answer)"
	rest
done
expect "$number" cat "$usb/$d/devnum"
expect 0 cat "$node/stats/external"
expect 0 cat "$device/stats/external"
expect 0 cat "$node/stats/quiesced"
expect "" eval "dmesg | grep 'reset high-speed'"
ok "US2: a read from before the suspend returns after it; nothing was reset"
unload
