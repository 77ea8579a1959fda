#!/bin/bash
# A serial adapter at QEMU's xHCI, taken over by new_id: what was written has arrived, over resets of its pipes, itself and its port
# contracts: US2 US3 US4 US5 DR8
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -chardev ringbuf,id=ring,size=1048576
# qemu: -device usb-serial,bus=xhci.0,chardev=ring
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -q xhci_pci || true
load
serial() { d=$(basename "$(dirname "$(grep -lx 6001 "$usb"/*/idProduct)")"); }
wait_for 30 serial
serial
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

# In small pieces, each of which waits for its end: that takes a while
size=$((512 * 1024))
"${usbio[@]}" write "$c" 0 $size 512 >/run/out &
writer=$!
wait_for 30 eval "[ \$(<$usb/$one/bytes_out) -gt 0 ]"
n=0
while [ -e /proc/$writer ] && [ $n -lt "$(rounds 40)" ]; do
	reset "$node" component
	reset "$device" function
	n=$((n + 1))
done
wait $writer
[ $n -ge 5 ] || fail "only $n resets of each kind"
expect "$size bytes, error none" cat /run/out
expect "$(<"$usb/$one/urbs_submitted")" cat "$usb/$one/urbs_completed"
expect 0 cat "$class/$node/stats/failures"
# arrived BYTES: what came out of the adapter are the numbers, that many bytes
arrived() {
	qmp "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"ring\", \"size\": 1048576, \"format\": \"base64\"}}" >/run/ring
	python3 -IS - "$1" <<'END'
import base64, json, struct, sys
size = int(sys.argv[1])
data = base64.b64decode(json.load(open("/run/ring"))["return"])
print("as written" if data == struct.pack(f"<{size // 4}I", *range(size // 4))
      else f"{len(data)} of {size} bytes, or others")
END
}
expect "as written" arrived $size
ok "US2, US3: $size bytes arrived as they were written, over $n resets of each kind"

exec {fd}<>"$c"
reset "$port" platform
expect "0 platform 1 $port operator" last "$port"
wait_for 30 [ -e "$class/$node/reset" ]
refused ENODEV eval "head -c 1 /dev/zero >&$fd"
exec {fd}<&-
"${usbio[@]}" write "$(chardev "$one")" 0 4096 >/run/out
expect "as written" arrived 4096
ok "a reset of a port without power of its own: all is torn down and built again"

rounds=$(rounds 10)
for ((i = 0; i < rounds; i++)); do
	qmp '{"execute": "device_add", "arguments": {"driver": "usb-kbd", "id": "kbd", "bus": "xhci.0"}}' >/dev/null
	reset "$node" function
	qmp '{"execute": "device_del", "arguments": {"id": "kbd"}}' >/dev/null
done
"${usbio[@]}" write "$(chardev "$one")" 0 4096 >/run/out
expect "as written" arrived 4096
ok "DR1: $rounds resets while something else is plugged in and out"
unload
