#!/bin/bash
# Reading and writing through gadget zero, and what resets of an interface's pipes, the device and its port do to that, and to other interfaces
# contracts: US1 US2 US3 US4 US5 DR1 DR5 DR8 ND15
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
gadget zero SourceSink.0 Loopback.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
wait_for 30 [ -e "$class/usbif-$d:1.1/reset" ]
one=$d:1.0 two=$d:1.1
first=usbif-$one second=usbif-$two device=usb-$d port=usbport-$d
c=$(chardev "$one") loop=$(chardev "$two")

# --- what is there

expect "component function platform" cat "$class/$first/supported"
expect component cat "$class/$first/scope"
expect function cat "$class/$device/scope"
expect platform cat "$class/$port/scope"
expect "$device" basename "$(readlink "$class/$second/reset_parent")"
expect "$port" basename "$(readlink "$class/$device/reset_parent")"
expect "always" cat "$usb/$one/answers"
expect "loop" cat "$usb/$two/answers"
expect 600 stat -c %a "$c"
expect /dev/devreset_usb0 echo "$c"
ok "DR8: $first and $second below $device below $port, and a char device each, for root alone"

copy() { dd bs=64k status=none "$@"; }
copy if="$c" of=/dev/null count=16 iflag=fullblock
copy if=/dev/zero of="$c" count=16
expect 1048576 cat "$usb/$one/bytes_out"
head -c 100000 /dev/urandom >/run/random
cat "$loop" >/run/back &
reader=$!
copy if=/run/random of="$loop"
wait_for 30 cmp /run/random /run/back
kill $reader
wait $reader || true
ok "a megabyte from the source and one into the sink; what the loop was given comes back unchanged"

# idle NODE: nothing of it is checked
idle() { expect "" eval "steps '^check node=$1'"; }
policy "$second" check_interval_ms=100
trace_on devreset
python3 -IS - "$loop" <<'END'
import errno, os, select, sys

def refused(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return 0

fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
poll = select.poll()
poll.register(fd, select.POLLIN | select.POLLOUT)
assert poll.poll(1000) == [(fd, select.POLLOUT)], "poll of an empty loop"
assert refused(os.read, fd, 1) == errno.EAGAIN, "a read of nothing"
assert refused(os.lseek, fd, 0, 0) == errno.ESPIPE, "seeking"
os.write(fd, b"x" * 1000)  # a short packet, which the loop does not wait with
os.fsync(fd)
poll.modify(fd, select.POLLIN)
assert poll.poll(60000) == [(fd, select.POLLIN)], "poll of what comes back"
assert os.read(fd, 1024) == b"x" * 1000, "what comes back"
assert refused(os.read, fd, 1) == errno.EAGAIN, "a read of nothing more"
END
ok "O_NONBLOCK, poll() and fsync() on the loop"

timeout 2 cat "$loop" >/dev/null || [ $? = 124 ]
trace_off
expect "" eval "steps '^check .* status=-'"
idle "$first"
expect 0 cat "$class/$second/stats/hangs"
ok "ND15: a reader that waits at a loop that owes nothing is no hang"

# A waiter looks once a second by itself, so that a lost wake-up is a delay
python3 -IS - "$c" "$loop" <<'END'
import os, select, sys, threading, time

loop = os.open(sys.argv[2], os.O_RDWR)
fast = os.open(sys.argv[2], os.O_RDWR | os.O_NONBLOCK)
sink = os.open(sys.argv[1], os.O_WRONLY)
full = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
packet = b"x" * 1000
poll = select.poll()
poll.register(full, select.POLLOUT)

def read():
    assert os.read(loop, 1024) == packet

def sleep():
    select.select([fast], [], [])
    read()

def sleeps(thread):
    with open(f"/proc/self/task/{thread.native_id}/stat") as file:
        return file.read().split(") ")[1][0] == "S"

def answer(call):
    thread = threading.Thread(target=call)
    thread.start()
    while not sleeps(thread):
        pass
    os.write(fast, packet)
    thread.join()

def fill():
    try:
        while True:
            os.write(full, bytes(1 << 20))
    except BlockingIOError:
        poll.poll(1000)

def limit(what, times, call, *arguments):
    start = time.monotonic()
    for _ in range(times):
        call(*arguments)
    took = time.monotonic() - start
    print(f"{what}: {took:.1f} s", flush=True)
    assert took < 20, what

limit("a short packet, for a reader", 30, answer, read)
limit("a short packet, in select()", 30, answer, sleep)
limit("the last byte, for a writer", 60, os.write, sink, bytes(1000))
limit("room, for a writer", 1, os.write, sink, bytes(32 << 20))
limit("room, in poll()", 30, fill)
os.fsync(full)
END
expect 0 cat "$class/$first/stats/hangs"
ok "waiters are woken: for a short packet, for the last byte, for room"

# --- US4: the pipes of one interface

reset "$first" component
expect "0 component 1 $first operator" last "$first"
expect "attempts=1 quiesced=1 requests=1 successes=1" stats "$first"
expect "" stats "$second"
expect "" stats "$device"
copy if="$c" of=/dev/null count=4 iflag=fullblock
copy if=/dev/zero of="$c" count=4
ok "US4: a reset of the pipes of one interface, which the other does not feel"

# --- US3: the device, with files open

# asked REQUEST INDEX: how often the device was asked that, as usbmon saw it; the debug kernel has none
mon=/sys/kernel/debug/usb/usbmon/$(<"$usb/$d/busnum")u
asked() { grep -c " S Ci:[0-9]*:$(printf %03d "$(<"$usb/$d/devnum")"):0 s $1 $2 " /run/mon || true; }

exec {fd}<>"$loop"
copy if=/run/random bs=1000 count=1 >&$fd
if modprobe -q usbmon; then
	cat "$mon" >/run/mon &
	watcher=$!
	wait_for 30 eval "ls -l /proc/$watcher/fd | grep -q usbmon"
fi
reset "$second" function
if [ -n "${watcher-}" ]; then
	wait_for 30 eval "asked '81 0a' '0000 0001' | grep -q 1"
	expect 1 asked "80 08" "0000 0000"
	expect 1 asked "81 0a" "0000 0000"
	kill "$watcher"
	wait "$watcher" || true
	ok "US3: the device was asked for its configuration, and the alternate setting of each interface"
fi
expect "0 function 1 $device operator" last "$second"
expect "attempts=1 quiesced=1" stats "$device"
expect "quiesced=1 requests=1 successes=1" stats "$second"
expect "attempts=1 quiesced=2 requests=1 successes=1" stats "$first"
expect "" stats "$port"
expect "$device" basename "$(readlink "$class/$first/reset_parent")"
# What the loop held has gone with the reset, but it goes on
head -c 500 /run/random >/run/some
cat <&$fd >/run/back &
reader=$!
copy if=/run/some >&$fd
wait_for 30 eval "tail -c 500 /run/back | cmp -s - /run/some"
kill $reader
wait $reader || true
copy if="$c" of=/dev/null count=4 iflag=fullblock
copy if=/dev/zero of="$c" count=4
ok "US3: a reset of the device: both interfaces stopped once and go on, and the file that was open does"

# A writer and a reader that never stop, over many resets of both kinds
cat /dev/zero >"$c" &
writer=$!
cat "$c" >/dev/null &
reader=$!
# moves: some bytes more go each way
moves() {
	local out in

	out=$(<"$usb/$one/bytes_out") in=$(<"$usb/$one/bytes_in")
	wait_for 30 above "$usb/$one/bytes_out" "$out"
	wait_for 30 above "$usb/$one/bytes_in" "$in"
}
n=$(rounds 5)
for ((i = 0; i < n; i++)); do
	moves
	reset "$first" component
	moves
	reset "$first" function
done
moves
kill $writer $reader
wait $writer $reader || true
expect "$(<"$usb/$one/urbs_submitted")" cat "$usb/$one/urbs_completed"
ok "US2: $n resets of each kind under a writer and a reader; each URB was completed once"

python3 -IS - "$c" "$class/$first/reset" "$loop" <<'END'
import os, select, sys, threading

def reset():
    with open(sys.argv[2], "w") as file:
        file.write("function")

def nothing():
    try:
        os.read(empty, 1)
        return False
    except BlockingIOError:
        return True

fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
empty = os.open(sys.argv[3], os.O_RDONLY | os.O_NONBLOCK)
poll = select.poll()
poll.register(fd, select.POLLOUT)
refused = False
# A write that was taken just before sleeps in fsync() until the reset is over
for _ in range(20):
    thread = threading.Thread(target=reset)
    thread.start()
    while thread.is_alive() and not refused:
        try:
            os.write(fd, bytes(512))
            os.fsync(fd)
        except BlockingIOError:
            # Not because it is just over, which poll() would say
            refused = not poll.poll(0)
        assert nothing(), "a read of nothing"
    if refused:
        break
    thread.join()
assert refused, "nothing was refused during 20 resets"
assert poll.poll(60000) == [(fd, select.POLLOUT)], "poll after the reset"
thread.join()
assert os.write(fd, bytes(512)) == 512, "a write after the reset"
os.fsync(fd)
END
ok "US2: during a reset O_NONBLOCK says EAGAIN, and poll() waits for its end"

# --- someone else's reset

quiesced() { cat "$class/$first/stats/quiesced" "$class/$second/stats/quiesced" | paste -sd ' '; }
before=$(<"$class/$device/stats/external")
read -r a b < <(quiesced)
python3 -IS - "$(printf '/dev/bus/usb/%03d/%03d' "$(<"$usb/$d/busnum")" "$(<"$usb/$d/devnum")")" <<'END'
import fcntl, os, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), 0x5514)
END
expect $((before + 1)) cat "$class/$device/stats/external"
expect "$((a + 1)) $((b + 1))" quiesced
copy if=/dev/zero of="$c" count=4
ok "DR2: a reset by usbfs stops and starts both, and is counted"

# --- the port

exec {other}<>"$c"
before=$(<"$usb/$d/devnum")
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
[ "$(<"$usb/$d/devnum")" != "$before" ] || fail "the same device as before"
wait_for 30 bound zero
refused ENODEV eval "head -c 1 /dev/zero >&$other"
refused ENODEV eval "head -c 1 <&$fd"
exec {fd}<&- {other}<&-
expect "$port" basename "$(readlink "$class/$device/reset_parent")"
c=$(chardev "$one")
copy if=/dev/zero of="$c" count=4
ok "a reset of the port: its power was off, the device was enumerated anew, files that were open say ENODEV"

# It comes back, but may not be used before it is authorized
root=$usb/usb$(<"$usb/$d/busnum")
echo 0 >"$root/authorized_default"
policy "$port" reset_timeout_ms=500 return_ms=1000
# By read: a file that goes just then ends a shell that expands it
back() {
	local now

	read -r now <"$usb/$d/devnum" && [ "$now" != "$before" ] &&
		read -r now <"$usb/$d/authorized" && [ "$now" = 0 ]
}
before=$(<"$usb/$d/devnum")
refused ETIMEDOUT reset "$port" platform
wait_for 30 back
echo 1 >"$usb/$d/authorized"
wait_for 30 bound zero
ok "a reset of the port from which the device comes back and is not authorized in time has failed"
# For as long as a device may take to come back; a reset itself takes no longer than that
policy "$port" return_ms=600000
before=$(<"$usb/$d/devnum")
reset "$port" platform &
resetter=$!
wait_for 30 back
sleep 2
kill -0 $resetter
echo 1 >"$usb/$d/authorized"
wait $resetter
expect "0 platform 1 $port operator" last "$port"
expect rebind cat "$class/$port/last/method"
expect 1 cat "$usb/$d/bConfigurationValue"
echo 1 >"$root/authorized_default"
wait_for 30 bound zero
c=$(chardev "$one")
copy if=/dev/zero of="$c" count=4
ok "one from which it is authorized later, as by a daemon, has not: that is waited for, for policy/return_ms"

# The kernel chooses the first one for a device that is new
unplug zero
wait_for 30 [ ! -e "$class/$port" ]
mkdir $gadgets/zero/configs/c.2
ln -s $gadgets/zero/functions/Loopback.0 $gadgets/zero/configs/c.2/
plug zero
wait_for 30 bound zero
put 2 "$usb/$d/bConfigurationValue"
before=$(<"$usb/$d/devnum")
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
[ "$(<"$usb/$d/devnum")" != "$before" ] || fail "the same device as before"
expect 2 cat "$usb/$d/bConfigurationValue"
copy if=/dev/zero of="$(chardev "$d:2.0")" count=1
unplug zero
wait_for 30 [ ! -e "$class/$port" ]
rm $gadgets/zero/configs/c.2/Loopback.0
rmdir $gadgets/zero/configs/c.2
plug zero
wait_for 30 bound zero
c=$(chardev "$one")
ok "US3: after a reset of the port, a device is in the configuration that it was in before"

# --- a device that comes back different

before=$(<"$usb/$d/devnum")
exec {fd}<>"$c"
echo 0x0999 >$gadgets/zero/bcdDevice
# Its identity is the same: where it has gone before the reset is over, it is waited for
reset "$first" function 2>/run/said || grep -q "${strerror[ENODEV]}" /run/said
wait_for 30 grep -qx 0999 "$usb/$d/bcdDevice"
wait_for 30 bound zero
refused ENODEV eval "head -c 1 /dev/zero >&$fd"
exec {fd}<&-
ok "US5: a device that comes back with other descriptors is a new one, and open files say ENODEV"
echo 0x0998 >$gadgets/zero/bcdDevice
policy "$port" return_ms=1000
refused ETIMEDOUT reset "$port" platform
wait_for 30 bound zero
expect 0998 cat "$usb/$d/bcdDevice"
copy if=/dev/zero of="$(chardev "$one")" count=4
# It switches from one to the other, as a modem does
policy "$port" return_ms=600000
echo 0x0997 >$gadgets/zero/bcdDevice
reset "$port" platform &
resetter=$!
wait_for 30 grep -qx 0997 "$usb/$d/bcdDevice"
wait_for 30 bound zero
kill -0 $resetter
echo 0x0998 >$gadgets/zero/bcdDevice
unplug zero
wait_for 30 [ ! -e "$usb/$d" ]
plug zero
wait $resetter
expect "0 platform 1 $port operator" last "$port"
wait_for 30 bound zero
expect 0998 cat "$usb/$d/bcdDevice"
copy if=/dev/zero of="$(chardev "$one")" count=4
ok "US5: after a reset of its port it may come back by way of another device"

# udev's rules say so of some
expect "component function platform" cat "$class/$first/supported"
echo 1 >"$usb/$d/avoid_reset_quirk"
expect "component platform" cat "$class/$first/supported"
refused EOPNOTSUPP reset "$first" function
echo 0 >"$usb/$d/avoid_reset_quirk"
reset "$first" function
ok "US5: a device that must not be reset is not"
c=$(chardev "$one")

# --- manage

refused EEXIST eval "put 'usb $d' $class/manage; put 'usb $d' $class/manage"
expect 1 cat "$class/$device/policy/check_idle"
for bad in "usb usb1" "usb 1" "usb 1-" "usb 1-1:1.0" "usb 01-1" "usb 1-1." "usb 1-0" "usb 1-256" "usb -1"; do
	refused EINVAL put "$bad" $class/manage
done
refused ENODEV put "usb 99-1" $class/manage
expect healthy cat "$class/$device/state"
put "usb $d" $class/unmanage
# A device that is not used, and suspended
put "usb $d" $class/manage
echo "$one" >/sys/bus/usb/drivers/devreset_usb/unbind
echo "$two" >/sys/bus/usb/drivers/devreset_usb/unbind
echo 0 >"$usb/$d/power/autosuspend_delay_ms"
echo auto >"$usb/$d/power/control"
wait_for 30 is suspended "$usb/$d/power/runtime_status"
before=$(<"$usb/$d/devnum")
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
[ "$(<"$usb/$d/devnum")" != "$before" ] || fail "the same device as before"
wait_for 30 bound zero
ok "US1: a reset of the port of a device that slept"
# Without notification of its removal
echo "$d" >/sys/bus/usb/drivers/usb/unbind
wait_for 30 [ ! -e "$class/$port" ]
refused ENODEV put "usb $d" $class/manage
echo "$d" >/sys/bus/usb/drivers/usb/bind
wait_for 30 bound zero
ok "DR8: a device is managed by its name, and by nothing else"

python3 -IS - "$(chardev "$one")" >/run/polled <<'END' &
import os, select, sys
poll = select.poll()
poll.register(os.open(sys.argv[1], os.O_RDWR), 0)
print(poll.poll()[0][1] == select.POLLERR | select.POLLHUP)
END
poller=$!
wait_for 30 grep -q '^7 ' "/proc/$poller/syscall"
unplug zero
wait_for 30 [ ! -e "$class/$port" ]
wait $poller
expect True cat /run/polled
ok "a sleeper in poll() gets POLLHUP when the device has gone"
expect "manage unmanage" paste -sd ' ' <(ls $class)
plug zero
wait_for 30 bound zero
unload
ok "its nodes go with it, and all with the modules"
