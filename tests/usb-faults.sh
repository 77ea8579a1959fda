#!/bin/bash
# A device that stops answering, stalls, babbles, answers late, changes or goes away: each is cured on the lowest rung that can cure it
# contracts: US2 US3 US4 US5 DR6 DR13 ND14
# timeout: 200

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
# A slow machine may let the device stand still for long
stall=$((DEVRESET_SCALE > 4 ? 4000 : 2000))
echo $stall >/sys/module/devreset_usb/parameters/stall_ms
numbers n
plug n
wait_for 30 bound n
d=$(usb_of n)
one=$d:1.0 node=usbif-$d:1.0 device=usb-$d port=usbport-$d
expect always cat "$usb/$one/answers"

# settle [SERIAL]: numbers of a device that is new
settle() {
	wait_for 30 bound "${1-n}"
	policy "$node" check_interval_ms=200 retry_interval_ms=100 probation_ms=0 ceiling=platform \
		max_attempts=1 max_recoveries=100
	c=$(chardev "$one")
}
out=0 in=0
# flow BYTES: both directions carry so many bytes more, exactly; what the device sent
# already and was not read is read first
flow() {
	local bytes=$1 more

	more=$(($(count n sent) - in + bytes))
	"${usbio[@]}" both "$c" "$out" "$bytes" "$in" "$more" 4096 >/run/both || fail "$(</run/both)"
	expect "$bytes bytes, error none"$'\n'"$more bytes, error none" cat /run/both
	out=$((out + bytes)) in=$((in + more))
	counts n received $out
	expect 0 count n wrong
}

# cured TEXT RUNG SCOPE ATTEMPTS REASON: one hang more, and what cured it
hangs=0
cured() {
	hangs=$((hangs + 1))
	wait_for 60 is healthy "$class/$node/state"
	expect $hangs cat "$class/$node/stats/hangs"
	expect "0 $3 $4 $2 $5" last "$node"
	expect 0 cat "$class/$port/stats/attempts"
	ok "$1: cured by $2; reason: $5"
}

settle
flow 32768
ok "numbers come and go"

# It answers again as soon as it was found out, which the first reset then proves
tell n mute told
(wait_for 30 is 1 "$class/$node/stats/hangs" && tell n mute 0) &
teller=$!
flow 32768
wait $teller
cured "a device that answers late" "$node" component 1 "no progress"

# An error now and then, in transfers of which each takes twice as long as that
insmod "$DEVRESET_MODDIR/devreset_usb_status.ko" status=-84 count=3
tell n pace $((stall / 8))
"${usbio[@]}" write "$c" "$out" 32768 8192 >/run/out
expect "32768 bytes, error none" cat /run/out
tell n pace 0
expect 0 cat /sys/module/devreset_usb_status/parameters/count
rmmod devreset_usb_status
out=$((out + 32768))
expect $hangs cat "$class/$node/stats/hangs"
expect 0 count n wrong
ok "one that is slow, and has three errors, but not in a row"

# Neither the URB that takes 8 KB nor the one that asks for 16 ends in that time
tell n pace $((stall / 8))
flow 8192
tell n pace 0
expect $hangs cat "$class/$node/stats/hangs"
expect healthy cat "$class/$node/state"
ok "one that is slow, but healthy: no hang while an URB takes longer than that"

tell n stall out once
flow 32768
cured "US4: one that stalls what it takes" "$node" component 1 "three errors in a row"
tell n stall in once
flow 32768
cured "US4: one that stalls what it gives" "$node" component 1 "three errors in a row"
expect 0 cat "$class/$device/stats/attempts"

tell n mute reset
flow 32768
cured "ND14: one that stops answering until it is reset" "$device" function 2 "no progress"
tell n stall out reset
flow 32768
cured "DR6: one that stalls again and again until it is reset" "$device" function 2 "three errors in a row"

# The host asks for less than the device then sends
echo 1000 >/sys/module/devreset_usb/parameters/read_size
tell n size 500
flow 65536
tell n babble 2048 reset
flow 65536
cured "one that babbles until it is reset" "$device" function 2 "three errors in a row"
for _ in 1 2 3 4; do
	tell n babble 2048 once
	flow 65536
done
expect $hangs cat "$class/$node/stats/hangs"
ok "one that babbles now and then: no three errors in a row"
echo 16384 >/sys/module/devreset_usb/parameters/read_size
tell n size 512
flow 32768

# It ends transfers before their time, which is no error
tell n block 500
flow 32768
# Nor when a reset comes in between
"${usbio[@]}" write "$c" "$out" 131072 >/run/out &
writer=$!
n=0
while kill -0 $writer 2>/dev/null; do
	reset "$node" component
	n=$((n + 1))
done
wait $writer
expect "131072 bytes, error none" cat /run/out
out=$((out + 131072))
counts n received $out
expect 0 count n wrong
[ $n -gt 3 ] || fail "$n resets"
tell n block 512
expect $hangs cat "$class/$node/stats/hangs"
expect healthy cat "$class/$node/state"
ok "US2: one that takes less than it was sent: what is behind that does not pass it"

# A check waits for the proof of a reset, which must not hold up the next one
policy "$node" check_interval_ms=100 auto=0
policy "$device" reset_timeout_ms=1500
echo 60000 >/sys/module/devreset_usb/parameters/stall_ms
for scope in component function; do
	tell n mute 4
	"${usbio[@]}" write "$c" "$out" 65536 >/run/out &
	writer=$!
	# A write is in flight as a whole
	wait_for 30 eval "[ \$((\$(<$usb/$one/urbs_submitted) - \$(<$usb/$one/urbs_completed))) = 4 ]"
	reset "$node" $scope
	reset "$device" function
	wait $writer
	expect "65536 bytes, error none" cat /run/out
	out=$((out + 65536))
	counts n received $out
	expect 0 count n wrong
done

# The proof is noticed although no caller waits for any of that to be taken, and before the
# look that is had after a second anyway: the device takes the first URB when the check waits
# already. A slow machine may take that long for a reset
tell n pace 5
for ((i = 0; i < 10; i++)); do
	sleep 2 # the look after the last reset is over
	tell n mute reset
	python3 -IS - "$c" "$out" <<'END'
import os, struct, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
first = int(sys.argv[2]) // 4
assert os.write(fd, struct.pack("<8192I", *range(first, first + 8192))) == 32768
END
	reset "$node" function
	took=$(<"$class/$node/last/duration_us")
	out=$((out + 32768))
	counts n received $out
	expect 0 count n wrong
	[ "$took" -ge 900000 ] || break
done
tell n pace 0
[ "$took" -lt 900000 ] || fail "10 resets of a second and more"
ok "a reset is over as soon as the work that it interrupted goes on"

# Of a kilobyte, it may take half before it is mute
tell n mute told
python3 -IS - "$c" "$out" >/run/sync <<'END' &
import os, struct, sys, threading
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
first = int(sys.argv[2]) // 4
assert os.write(fd, struct.pack("<256I", *range(first, first + 256))) == 1024
sync = threading.Thread(target=os.fsync, args=(fd,))
sync.start()
while open(f"/proc/self/task/{sync.native_id}/syscall").read().split()[0] != "74":
    pass
first += 256
assert os.write(fd, struct.pack("<4096I", *range(first, first + 4096))) == 16384
print("queued", flush=True)
sync.join()
print("synced", flush=True)
END
wait_for 30 grep -q queued /run/sync
tell n pace $((stall / 16))
tell n mute 0
wait_for 60 grep -q synced /run/sync
out=$((out + 17408))
[ "$(count n received)" -lt $out ] || fail "fsync() waited for what was written after it began"
tell n pace 0
counts n received $out
ok "fsync() waits for what was written before it, and for nothing else"

echo $stall >/sys/module/devreset_usb/parameters/stall_ms
policy "$node" check_interval_ms=200 auto=1
policy "$device" reset_timeout_ms=10000
flow 32768
expect $hangs cat "$class/$node/stats/hangs"
ok "US2: resets one after the other of one that does not answer: none is held up by a check of the one before"

# poller: reads whenever poll() says so, until that says POLLERR; prints the errno then
poller() {
	python3 -IS - "$c" <<'END'
import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
poll = select.poll()
poll.register(fd, select.POLLIN)
got = 0
while not poll.poll(120000)[0][1] & select.POLLERR:
    got += len(os.read(fd, 65536))
try:
    os.read(fd, 1)
except OSError as error:
    print(got, "bytes, errno", error.errno)
END
}
# poller_told: it ends like that
poller_told() {
	wait $reader || fail "polling: $(cat /run/in)"
	grep -q "errno 5$" /run/in || fail "polling: $(cat /run/in)"
	in=$((in + $(cut -d ' ' -f 1 /run/in)))
}

# Nobody cures it by itself. One direction at a time: two may stand still for so long at
# two looks of the clock
policy "$node" auto=0
poller >/run/in &
reader=$!
wait_for 30 above "$usb/$one/bytes_in" "$in"
tell n mute reset
poller_told
hangs=$((hangs + 1))
expect $hangs cat "$class/$node/stats/hangs"
reset "$node" function
flow 32768
ok "one that is not to be cured by itself: a sleeper in poll() gets EIO; after a reset it works"
"${usbio[@]}" write "$c" "$out" 0 >/run/out &
writer=$!
wait_for 30 eval "[ \$(count n received) -gt $out ]"
tell n mute reset
wait $writer
grep -q "error EIO" /run/out || fail "$(cat /run/out)"
out=$((out + $(cut -d ' ' -f 1 /run/out)))
hangs=$((hangs + 1))
expect $hangs cat "$class/$node/stats/hangs"
counts n received $out
reset "$node" function
flow 32768
ok "and a writer gets EIO, and how much was taken; after a reset it works"

# What is queued stays so
tell n mute reset
counts n received $out
python3 -IS - "$c" "$out" <<'END'
import os, select, struct, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
first = int(sys.argv[2]) // 4
assert os.write(fd, struct.pack("<4096I", *range(first, first + 4096))) == 16384
poll = select.poll()
poll.register(fd, 0)
assert poll.poll(60000) == [(fd, select.POLLERR)], "no POLLERR"
END
out=$((out + 16384))
tell n mute 0
counts n received $out
wait_for 30 is "$(<"$usb/$one/urbs_submitted")" "$usb/$one/urbs_completed"
"${usbio[@]}" write "$c" "$out" 512 >/run/out
expect "512 bytes, error none" cat /run/out
out=$((out + 512))
flow 32768
expect healthy cat "$class/$node/state"
ok "one that gets over it by itself, after the writer got EIO: it takes what was queued, and what comes then"

# Given up: nothing looks at it any more
policy "$node" auto=1 ceiling=component
poller >/run/in &
reader=$!
wait_for 30 above "$usb/$one/bytes_in" "$in"
tell n mute reset
poller_told
expect failed cat "$class/$node/state"
reset "$node" function
policy "$node" ceiling=platform
flow 32768
ok "one for which the ladder is too short: a sleeper in poll() gets EIO"

# Only the loss of power cures it: the device is enumerated anew, its numbers go on
before=$(<"$class/$node/stats/hangs")
"${usbio[@]}" write "$c" "$out" 0 >/run/out &
writer=$!
wait_for 30 eval "[ \$(count n received) -gt $out ]"
tell n mute power
wait_for 90 is 1 "$class/$port/stats/attempts"
wait $writer
grep -q "error ENODEV" /run/out
out=$((out + $(cut -d ' ' -f 1 /run/out)))
settle
counts n received $out
in=$(count n sent)
flow 32768
expect $((before + 1)) cat "$class/$node/stats/hangs"
expect 1 cat "$class/$port/stats/attempts"
ok "DR6: one that stops answering until it has no power: cured by $port; the writer got ENODEV, and how much was taken"

# It is not the same after the reset
# changes ATTRIBUTE VALUE FILE SERIAL: FILE of the gadget becomes VALUE, and ATTRIBUTE of the
# device with it, whose serial number is SERIAL then
changes() {
	"${usbio[@]}" write "$c" "$out" 0 >/run/out &
	writer=$!
	wait_for 30 eval "[ \$(count n received) -gt $out ]"
	echo "$2" >"$gadgets/n/$3"
	tell n mute reset
	wait $writer
	grep -q "error ENODEV" /run/out
	out=$((out + $(cut -d ' ' -f 1 /run/out)))
	wait_for 30 grep -qx "${2#0x}" "$usb/$d/$1"
	settle "$4"
	counts n received $out
	in=$(count n sent)
	flow 32768
}
changes bcdDevice 0x0999 bcdDevice n
ok "US5: one that changes its descriptors on reset: ENODEV, and a new device that works"
changes serial m strings/0x409/serialnumber m
ok "US5: one that changes its serial number, too"

# It goes away while it is being cured, and is not waited for for long
policy "$port" reset_timeout_ms=1000 return_ms=1000
"${usbio[@]}" write "$c" "$out" 0 >/run/out &
writer=$!
wait_for 30 eval "[ \$(count n received) -gt $out ]"
tell n mute power
wait_for 30 is 1 "$class/$node/stats/hangs"
kill -9 $numbers_pid
wait $writer
grep -q "error ENODEV" /run/out
wait_for 30 [ ! -e "$class/$node" ]
wait_for 30 [ ! -e "$class/$port" ]
ok "one that goes away while it is being cured: ENODEV, and nothing is left of it"
unload
