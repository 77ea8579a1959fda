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

# in_configuration N: its one interface, whose setting is the first
in_configuration() {
	one=$d:$1.0 node=usbif-$d:$1.0
	wait_for 30 [ -e "$class/$node/reset" ]
	expect "$1" cat "$usb/$d/bConfigurationValue"
	c=$(chardev "$one")
}
both_ways() {
	copy if="$c" of=/dev/null count=16 iflag=fullblock
	copy if=/dev/zero of="$c" count=16
}
there_and_back() {
	timeout 60 head -c 1000 "$c" >/run/back &
	reader=$!
	head -c 1000 /dev/urandom | tee /run/there >"$c"
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
}

in_configuration 3
both_ways
resets both_ways
wait_for 30 is_there
in_configuration 3
both_ways
ok "source and sink, at 5 Gbit/s"

put 2 "$usb/$d/bConfigurationValue"
in_configuration 2
there_and_back
resets there_and_back
wait_for 30 is_there
in_configuration 2
there_and_back
ok "US3: the loop is the second configuration, and is so after each reset"

put 3 "$usb/$d/bConfigurationValue"
in_configuration 3
both_ways
rmmod g_zero
wait_for 30 [ ! -e "$class/$port" ]
unload
ok "its nodes go with it"
