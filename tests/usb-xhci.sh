#!/bin/bash
# A serial adapter at QEMU's xHCI, taken over by new_id: what was written has arrived, over resets of its pipes, itself and its port
# contracts: DR2 DR8 US2 US3 US4 US5
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -chardev ringbuf,id=ring,size=1048576
# qemu: -device usb-serial,bus=xhci.0,chardev=ring
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -q xhci_pci || true
load
wait_for 30 adapter
d=$(adapter)
one=$d:1.0 node=usbif-$d:1.0 device=usb-$d port=usbport-$d
[ ! -e "$usb/$one/driver" ] || echo "$one" >"$usb/$one/driver/unbind"
echo "0403 6001" >/sys/bus/usb/drivers/devreset_usb/new_id
wait_for 30 [ -e "$class/$node/reset" ]
c=$(chardev "$one")
expect freely cat "$usb/$one/answers"
expect "pci-$(pci_of 1b36:000d)" basename "$(readlink "$class/$port/reset_parent")"
expect "component function platform" cat "$class/$node/supported"
ok "DR8: $node, $device, $port, and above that its host controller"

# A reader has nothing to complain about where nothing comes
policy "$node" check_interval_ms=100
timeout 3 cat "$c" >/dev/null || [ $? = 124 ]
expect 0 cat "$class/$node/stats/hangs"
ok "ND15: nothing to read is no hang"

# arrived OFFSET BYTES: what came out of the adapter are the numbers, those from there on
arrived() {
	qmp "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"ring\", \"size\": 1048576, \"format\": \"base64\"}}" >/run/ring
	python3 -IS - "$1" "$2" <<'END'
import base64, json, struct, sys
offset, size = map(int, sys.argv[1:])
words = range(offset // 4, (offset + size + 3) // 4)
data = base64.b64decode(json.load(open("/run/ring"))["return"])
want = struct.pack(f"<{len(words)}I", *words)[offset % 4:][:size]
print("as written" if data == want else f"{len(data)} of {size} bytes, or others")
END
}
# In small pieces, each of which waits for its end: the ring does not hold very much
moves() { wait_for 30 above "$usb/$one/bytes_out" "$(<"$usb/$one/bytes_out")"; }
rounds=$(rounds 5:1000) size=0
for ((i = 0; i < rounds; i++)); do
	"${usbio[@]}" write "$c" $size 0 8 >/run/out &
	writer=$!
	moves
	reset "$node" component
	moves
	reset "$device" function
	moves
	kill $writer
	wait $writer
	grep -q "error none" /run/out || fail "writing: $(cat /run/out)"
	expect "as written" arrived $size "$(cut -d ' ' -f 1 /run/out)"
	size=$((size + $(cut -d ' ' -f 1 /run/out)))
done
wait_for 30 is "$(<"$usb/$one/urbs_submitted")" "$usb/$one/urbs_completed"
expect $size cat "$usb/$one/bytes_out"
expect 0 cat "$class/$node/stats/failures"
ok "US2, US3: $size bytes arrived as they were written, over $rounds resets of each kind"

# The ports of its connector, for USB 2 and 3, as "bus port"
bus=$(<"$usb/$d/busnum") number=${d#*-}
peer=$(basename "$(readlink "$usb/$bus-0:1.0/usb$bus-port$number/peer")")
peer="${peer#usb}" peer="${peer%-port*} ${peer#*-port}"
monitor=''
if [ "$DEVRESET_KERNEL" = stock ]; then
	modprobe usbmon
	cat /sys/kernel/debug/usb/usbmon/0u >/run/monitored &
	monitor=$!
	# Nothing is recorded before that is open
	wait_for 30 eval "ls -l /proc/$monitor/fd | grep -q usbmon"
fi
# switched: which ports' power was turned off and on, in order: "-1 5" or "+1 5"
switched() {
	python3 -IS - <<'END'
import re
for line in open("/run/monitored", encoding="ascii"):
    found = re.search(r" S Co:(\d+):\d+:0 s 23 0([13]) 0008 ([0-9a-f]{4}) ", line)
    if found:
        bus, request, port = found.groups()
        print("-" if request == "1" else "+", int(bus), " ", int(port, 16), sep="")
END
}
exec {fd}<>"$c"
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
if [ "$monitor" ]; then
	wait_for 30 eval "switched | grep -q '+$bus $number'"
	kill $monitor
	expect "-$bus $number,-$peer,+$peer,+$bus $number" eval "switched | paste -sd ,"
	ok "DR2: the power of a port is also that of its peer for USB 3, which goes last and comes first"
fi
wait_for 30 [ -e "$class/$node/reset" ]
refused ENODEV eval "head -c 1 /dev/zero >&$fd"
exec {fd}<&-
"${usbio[@]}" write "$(chardev "$one")" 0 4096 >/run/out
expect "as written" arrived 0 4096
ok "a reset of a port without power of its own: all is torn down and built again"

rounds=$(rounds 4)
for ((i = 0; i < rounds; i++)); do
	qmp '{"execute": "device_add", "arguments": {"driver": "usb-kbd", "id": "kbd", "bus": "xhci.0"}}' >/dev/null
	reset "$node" function
	qmp '{"execute": "device_del", "arguments": {"id": "kbd"}}' >/dev/null
done
"${usbio[@]}" write "$(chardev "$one")" 0 4096 >/run/out
expect "as written" arrived 0 4096
ok "DR1: $rounds resets while something else is plugged in and out"
unload
