#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How fast bulk data goes through the char device, and what a reset of a USB
# device takes more through devreset, against the kernel's own on one gadget
# timeout: 200
# devices: still

. "${DEVRESET_TOP:-.}/bench/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

gcc -pthread -o /run/testusb "$("$DEVRESET_TOP/scripts/kernel.sh" source)/tools/usb/testusb.c"
hosts 1
gadget zero SourceSink.0
plug zero
wait_for 30 usb_of zero
d=$(usb_of zero)
one=$d:1.0
file=$(printf '/dev/bus/usb/%03d/%03d' "$(<"$usb/$d/busnum")" "$(<"$usb/$d/devnum")")

# resets COMMAND: the time that each of 50 resets takes, in ns: median and worst
resets() {
	python3 -IS - "$@" <<'END'
import fcntl, os, sys, time
kind, path = sys.argv[1:]
fd = os.open(path, os.O_WRONLY if kind == "ours" else os.O_RDWR)
times = []
for _ in range(50):
    start = time.perf_counter_ns()
    if kind == "ours":
        os.write(fd, b"function")
    else:
        fcntl.ioctl(fd, 0x5514)
    times.append(time.perf_counter_ns() - start)
times.sort()
print(times[25], times[-1])
END
}

# Nobody is bound while a reset is measured, in either case
alone() { [ ! -e "$usb/$one/driver" ] || echo "$one" >"$usb/$one/driver/unbind"; }
if counted; then
	alone
	read -r raw worst < <(resets raw "$file")
	row "usb_reset_device() by usbfs" "$(ms "$raw"), worst $(ms "$worst")"
	load
	alone
	put "usb $d" $class/manage
	put 0 "$class/usb-$d/policy/check_idle"
	read -r ours worst < <(resets ours "$class/usb-$d/reset")
	row "through us, with the configuration read back" "$(ms "$ours"), worst $(ms "$worst")"
	judge "the medians' difference" "$(ms $((ours - raw)))" "<= 5%" "(ours - raw) * 20 <= raw"
	put "usb $d" $class/unmanage
else
	load
	wait_for 30 bound zero
	alone
fi

# What is copied to and from the user is copied while the bus is at work. Where the bus is
# software, that takes a second processor; on the one where it is counted, it takes its time
modprobe usbtest
# by_usbtest NUMBER: bytes a second of its queued bulk, with as much in flight as we have
by_usbtest() {
	echo "$one" >/sys/bus/usb/drivers/usbtest/bind 2>/dev/null || true
	for _ in 1 2 3 4; do
		/run/testusb -D "$file" -t "$1" -c 64 -s 16384 -g 32 || true
	done >/run/testusb.out 2>&1
	awk '/secs/ && $(NF - 1) > 0 { now = 64 * 32 * 16384 / $(NF - 1); best = now > best ? now : best }
		END { print int(best); exit !best }' /run/testusb.out
	echo "$one" >/sys/bus/usb/drivers/usbtest/unbind
}
# by_us read|write: the same, through the char device
by_us() {
	echo "$one" >/sys/bus/usb/drivers/devreset_usb/bind
	wait_for 30 bound zero
	python3 -IS - "$1" <<'END'
import os, sys, time
size, write = 16 << 20, sys.argv[1] == "write"
fd = os.open("/dev/devreset_usb0", os.O_WRONLY if write else os.O_RDONLY)
buffer = bytearray(b"\0") * size  # as usbtest sends, and the sink wants
view = memoryview(buffer)
best = 0
for _ in range(4):
    start, done = time.perf_counter(), 0
    while done < size:
        done += os.write(fd, view[done:]) if write else os.readv(fd, [view[done:]])
    best = max(best, done / (time.perf_counter() - start))
print(int(best))
END
	echo "$one" >/sys/bus/usb/drivers/devreset_usb/unbind
}
# Taken in turns, the best of each: what else the machine has to do slows either
faster() {
	local theirs=0 ours=0 now

	for _ in 1 2 3 4 5 6; do
		now=$(by_usbtest "$2")
		theirs=$((now > theirs ? now : theirs))
		now=$(by_us "$1")
		ours=$((now > ours ? now : ours))
	done
	row "usbtest's queued bulk $1" "$((theirs / 1000)) kB/s"
	judge "bulk $1 through us" "$((ours / 1000)) kB/s, $((ours * 1000 / theirs)) thousandths" ">= 1000" "$ours >= $theirs"
}
faster write 27
faster read 28
