#!/bin/bash
# An interface of which another setting than the first is in use has it still after resets of another one's pipes and of the device
# contracts: US3 US4
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
gadget zero Loopback.0 ecm.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
ours=$d:1.0 theirs=$d:1.2
node=usbif-$ours device=usb-$d
insmod "$DEVRESET_MODDIR/devreset_usb_alt.ko"
wait_for 30 [ -e "$usb/$theirs/driver" ]
# The other end of it: a network interface that has a carrier in that setting
net=$(<"$gadgets/zero/functions/ecm.0/ifname")
ip link set "$net" up

# second: the other driver has it, in its second setting
second() {
	expect devreset_usb_alt basename "$(readlink "$usb/$theirs/driver")"
	expect 1 eval "tr -d ' ' <$usb/$theirs/bAlternateSetting"
	expect 2 eval "ls -d $usb/$theirs/ep_* | wc -l"
	expect 1 cat "/sys/class/net/$net/carrier"
}
# loops: and ours works
loops() {
	local c
	c=$(chardev "$ours")
	python3 -IS - "$c" <<'END'
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
data = os.urandom(65536)
assert os.write(fd, data) == len(data)
got = b""
while len(got) < len(data):
    got += os.read(fd, len(data))
assert got == data
END
}
second
loops
for scope in component function; do
	reset "$node" $scope
	second
	loops
done
expect "0 function 1 $device operator" last "$node"
reset "$device" function
second
loops
ok "US3, US4: an interface in its second setting stays so over resets of another one's pipes and of the device"

rmmod devreset_usb_alt
expect 0 eval "tr -d ' ' <$usb/$theirs/bAlternateSetting"
unload
