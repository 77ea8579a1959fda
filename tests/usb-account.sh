#!/bin/bash
# Every byte that was acknowledged has arrived, once and in order, and every URB was completed once, over resets of each kind (SOAK=1: 1,000 and more)
# contracts: US2 US3 US4 DR4
# timeout: 250

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
numbers n
plug n
wait_for 30 bound n
d=$(usb_of n)
one=$d:1.0 node=$class/usbif-$d:1.0 device=$class/usb-$d port=$class/usbport-$d
out=0 in=0

# start, finish STATUS: both directions from where they are; they end with that errno
start() {
	c=$(chardev "$one")
	"${usbio[@]}" write "$c" "$out" 0 >/run/out &
	writer=$!
	"${usbio[@]}" read "$c" "$in" 0 >/run/in &
	reader=$!
	before=$(<"$usb/$one/bytes_in")
	wait_for 30 eval "[ \$(<$usb/$one/bytes_in) -gt $before ]"
	wait_for 30 eval "[ \$(<$usb/$one/bytes_out) -gt 0 ]"
}
finish() {
	[ "$1" != none ] || kill $writer $reader
	wait $writer || fail "writing: $(cat /run/out)"
	wait $reader || fail "reading: $(cat /run/in)"
	grep -q "error $1" /run/out || fail "writing: $(cat /run/out)"
	grep -q "error $1" /run/in || fail "reading: $(cat /run/in)"
	out=$((out + $(cut -d ' ' -f 1 /run/out)))
	in=$((in + $(cut -d ' ' -f 1 /run/in)))
	counts n received $out
	expect 0 count n wrong
	[ "$(wc -l <"/run/n.log")" = 1 ] || fail "$(cat /run/n.log)"
}

# A slow machine is not the subject
echo 60000 >/sys/module/devreset_usb/parameters/stall_ms
start
race "resets of the pipes" 20:1000 "component::component>$node/reset"
race "resets of the device" 20:1000 "function::function>$device/reset"
race "resets of both kinds at once" 2:100 \
	"component:EALREADY:component>$node/reset" "function:EALREADY:function>$node/reset"
finish none
wait_for 30 is "$(<"$usb/$one/urbs_submitted")" "$usb/$one/urbs_completed"
expect $out cat "$usb/$one/bytes_out"
counts n sent "$(<"$usb/$one/bytes_in")"
expect 0 cat "$node/stats/hangs"
ok "US2, US3: $out bytes taken, $in given, $(<"$usb/$one/urbs_submitted") URBs: each once"

# A poller for edges that takes a short read for the end, with no other wake-ups
tell n size 100
tell n pace 200
python3 -IS - "$c" >/run/edges 2>&1 <<'END' || fail "$(cat /run/edges)"
import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
epoll = select.epoll()
epoll.register(fd, select.EPOLLIN | select.EPOLLET)
total = short = 0
while short < 10:
    assert epoll.poll(20), f"no edge after {total} bytes, {short} short reads"
    total += len(os.read(fd, 1 << 20))
    short += total % 512 != 0
print(total)
END
in=$((in + $(cat /run/edges)))
tell n size 512
tell n pace 0
counts n sent "$(<"$usb/$one/bytes_in")"
ok "an edge for each of ten packets, for a reader of what there is"

# What was received and not read is kept for the next reader
left=$(($(count n sent) - in))
[ $left = 0 ] || "${usbio[@]}" read "$c" "$in" $left >/run/in
in=$((in + left))

# What O_NONBLOCK has queued stays so over resets. The device is slow for a while
tell n pace 50
python3 -IS - "$c" $out "$usb/$one/bytes_out" "$node/reset" /run/n.fifo >/run/queued 2>&1 <<'END' || fail "$(cat /run/queued)"
import os, struct, sys
path, start, taken, reset, fifo = sys.argv[1:]
fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
size, first = 32 * 4096, int(start) // 4
data = struct.pack(f"<{size // 4}I", *range(first, first + size // 4))
for at in range(0, size, 4096):
    assert os.write(fd, data[at:at + 4096]) == 4096
for scope in "component", "function":
    with open(reset, "w") as file:
        file.write(scope)
    with open(taken) as file:
        assert int(file.read()) < int(start) + size, "nothing is left by " + scope
with open(fifo, "w") as file:
    file.write("pace 0\n")
os.fsync(fd)
print(size)
END
out=$((out + $(cat /run/queued)))
expect $out cat "$usb/$one/bytes_out"
counts n received $out
expect 0 count n wrong
ok "US2: what was queued with O_NONBLOCK, and not taken yet, has arrived after a reset of the pipes and one of the device"

# While a blocking write has the pipe, one with O_NONBLOCK gets EAGAIN, and poll() agrees
tell n pace 100
python3 -IS - "$c" $out >/run/others 2>&1 <<'END' || fail "$(cat /run/others)"
import os, select, struct, sys, threading
path, start = sys.argv[1], int(sys.argv[2])
slow = os.open(path, os.O_WRONLY)
fast = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

def wrote(data):
    try:
        return os.write(fast, data) == len(data)
    except BlockingIOError:
        return False

def turned_away(offset, tries):
    first = offset // 4
    data = struct.pack("<1152I", *range(first, first + 1152))  # eight transfers, and one
    epoll, poll = select.epoll(), select.poll()
    epoll.register(fast, select.EPOLLOUT | select.EPOLLET)
    poll.register(fast, select.POLLOUT)
    assert epoll.poll(0) == [(fast, select.EPOLLOUT)]
    thread = threading.Thread(target=os.write, args=(slow, data[:4096]))
    thread.start()
    while thread.is_alive() and poll.poll(0):
        pass
    assert thread.is_alive(), "poll() knows nothing of the other one"
    while not tries or not wrote(data[4096:]):
        # What moves on the way is an edge, too
        assert epoll.poll(20), "no edge when the other one had done"
        tries = True
    thread.join()
    os.fsync(fast)
    epoll.close()
    return len(data)

# After a poll alone, and after a write, in turns
end = start
for i in range(6):
    end += turned_away(end, bool(i % 2))
print(end - start)
END
tell n pace 0
out=$((out + $(cat /run/others)))
counts n received $out
expect 0 count n wrong
ok "a writer, and another one that gets EAGAIN meanwhile"

rounds=$(rounds 1:30)
for ((i = 0; i < rounds; i++)); do
	start
	reset "${port##*/}" platform
	finish ENODEV
	wait_for 30 bound n
	expect $in count n sent
done
ok "US2: $rounds resets of the port: $out bytes taken, $in given; reader and writer got ENODEV after the last of them"
unload
