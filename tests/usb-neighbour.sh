#!/bin/bash
# The kernel's own usbtest passes on one device, while another one of the same host controller is reset, and its port
# contracts: DR1
# kernels: stock
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

# dummy_hcd has one port. This host controller has many, and what is plugged in there is
# gadgets of this machine, at the other ends of sockets
modprobe libcomposite
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
modprobe usbip-vudc num=2
modprobe vhci-hcd
load
gadget ours SourceSink.0
gadget theirs SourceSink.1
i=0
for name in ours theirs; do
	echo usbip-vudc.$i >$gadgets/$name/UDC
	python3 -IS - $i <<'END'
import socket, sys
n, platform = int(sys.argv[1]), "/sys/devices/platform/"
ends = socket.socketpair()
with open(f"{platform}usbip-vudc.{n}/usbip_sockfd", "w") as file:
    file.write(str(ends[0].fileno()))
with open(f"{platform}vhci_hcd.0/attach", "w") as file:
    file.write(f"{n} {ends[1].fileno()} {n + 1} 3")  # high speed
END
	i=$((i + 1))
done
wait_for 30 bound ours
wait_for 30 bound theirs
d=$(usb_of ours) other=$(usb_of theirs)
expect "$(readlink -f "$usb/$d/..")" readlink -f "$usb/$other/.."
one=$d:1.0 device=usb-$d port=usbport-$d
give_to_usbtest "$other:1.0"
usbtest_cases "$other"
ok "usbtest passes by itself"

# beside SCOPE NODE N CLAUSE: usbtest passes while that is reset, N times and more
beside() {
	local before racer resets

	before=$(<"$usb/$one/bytes_out")
	work "$one"
	wait_for 30 above "$usb/$one/bytes_out" "$before"
	python3 -IS "$DEVRESET_TOP/tests/race.py" 10000 100000 "$1::$1>$class/$2/reset+100" >/run/race 2>&1 &
	racer=$!
	before=$(<"$class/$2/stats/attempts")
	while usbtest_cases "$other" && resets=$(($(<"$class/$2/stats/attempts") - before)) && [ $resets -lt "$3" ]; do
		kill -0 $racer 2>/dev/null || fail "$(cat /run/race)"
	done
	kill $racer $worker
	wait $racer || fail "$(cat /run/race)"
	wait $worker || true
	expect 0 cat "$class/$2/stats/failures"
	expect "$other" usb_of theirs
	expect usbtest basename "$(readlink "$usb/$other:1.0/driver")"
	ok "$4usbtest passes beside $resets resets of $2"
}
beside function "$device" 10 "DR1: "
beside platform "$port" 5 ""
rmmod usbtest
unload
