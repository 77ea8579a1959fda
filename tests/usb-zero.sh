#!/bin/bash
# The kernel's own gadget zero, at super speed: both of its configurations, under resets of the pipes, the device and its port
# contracts: US1 US2 US3 US4
# kernels: debug
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe dummy_hcd num=1 is_super_speed=1
load
modprobe g_zero
is_there() { d=$(with a4a0 idProduct) && [ -e "$class/usb-$d/reset" ]; }
wait_for 30 is_there
expect 5000 cat "$usb/$d/speed"
device=usb-$d port=usbport-$d
copy() { dd bs=64k status=none "$@"; }

# in_configuration N: its one interface, whose setting is the first; opened once
in_configuration() {
	one=$d:$1.0 node=usbif-$d:$1.0
	wait_for 30 [ -e "$class/$node/reset" ]
	expect "$1" cat "$usb/$d/bConfigurationValue"
	exec {fd}<>"$(chardev "$one")"
}
both_ways() {
	copy of=/dev/null count=16 iflag=fullblock <&$fd
	copy if=/dev/zero count=16 >&$fd
}
there_and_back() {
	timeout $((20 * DEVRESET_SCALE)) head -c 1000 <&$fd >/run/back &
	reader=$!
	head -c 1000 /dev/urandom >/run/there
	copy if=/run/there >&$fd
	wait $reader
	cmp /run/there /run/back
}

# resets WORKS: of each kind; it works after each, with the file that was open then
resets() {
	reset "$node" component
	expect "0 component 1 $node operator" last "$node"
	"$1"
	reset "$node" function
	expect "0 function 1 $device operator" last "$node"
	"$1"
	reset "$port" platform
	expect "0 platform 1 $port operator" last "$port"
	refused ENODEV eval "head -c 1 /dev/zero >&$fd"
	exec {fd}<&-
}

in_configuration 3
both_ways
resets both_ways
wait_for 30 is_there
in_configuration 3
both_ways
ok "source and sink, at 5 Gbit/s"

exec {fd}<&-
put 2 "$usb/$d/bConfigurationValue"
in_configuration 2
there_and_back
resets there_and_back
wait_for 30 is_there
in_configuration 2
there_and_back
ok "US3: the loop is the second configuration, and is so after each reset"

exec {fd}<&-
put 3 "$usb/$d/bConfigurationValue"
in_configuration 3
both_ways
exec {fd}<&-
rmmod g_zero
wait_for 30 [ ! -e "$class/$port" ]
unload
ok "its nodes go with it"
