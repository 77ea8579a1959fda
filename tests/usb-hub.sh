#!/bin/bash
# A hub that does not answer: by itself the ladder resets it only when all that is plugged in is under policy, an operator's request always does
# contracts: DR6
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -device usb-hub,bus=xhci.0,port=1
# qemu: -chardev ringbuf,id=ring,size=65536
# qemu: -device usb-serial,bus=xhci.0,port=1.1,chardev=ring
# qemu: -device usb-kbd,id=kbd,bus=xhci.0,port=1.2
# append: dma_debug=off
# timeout: 100

# dma_debug: see usb-race.sh
. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -q xhci_pci || true
load
wait_for 30 adapter
serial=$(adapter)
hub=${serial%.*} keyboard=${serial%.*}.2
wait_for 30 [ -e "$usb/$keyboard:1.0" ]
echo "0403 6001" >/sys/bus/usb/drivers/devreset_usb/new_id
[ -e "$usb/$serial:1.0/driver" ] || echo "$serial:1.0" >/sys/bus/usb/drivers/devreset_usb/bind
wait_for 30 [ -e "$class/usb-$serial/reset" ]
put "usb $hub" $class/manage
node=usb-$hub port=usbport-$hub pci=pci-$(pci_of 1b36:000d)
expect "$port" basename "$(readlink "$class/$node/reset_parent")"
expect "$pci" basename "$(readlink "$class/$port/reset_parent")"
expect "$node" basename "$(readlink "$class/usbport-$serial/reset_parent")"
ok "above the port of a device is its hub, the hub's port, and the host controller"

# works [KEYBOARD]: what is plugged in is there, and what is written is taken
works() {
	wait_for 30 [ -e "$class/usbif-$serial:1.0/reset" ]
	[ $# = 0 ] || wait_for 30 [ -e "$usb/$1:1.0" ]
	head -c 4096 /dev/zero >"$(chardev "$serial:1.0")"
}
# mute N: it leaves the next N questions for its status without an answer
insmod "$DEVRESET_MODDIR/devreset_usb_status.ko" status=-110 count=0 devnum="$(<"$usb/$hub/devnum")"
status=/sys/module/devreset_usb_status/parameters
mute() { put "$1" $status/count; }
state() { wait_for 60 is "$1" "$class/$node/state"; }

policy "$node" check_interval_ms=100 retry_interval_ms=100 probation_ms=0 max_attempts=1 ceiling=function
works "$keyboard"
mute 1000000
state failed
expect "-16 none" eval "last $node | cut -d ' ' -f 1,2"
expect 1 logged "usb $keyboard: no automatic reset of what it is plugged into: nobody put this device under policy"
expect 0 cat "$class/$node/stats/attempts"
ok "a keyboard that nobody put under policy is not reset with its hub"

mute 0
reset "$node" function
expect "0 function 1 $node operator" last "$node"
works "$keyboard"
ok "but an operator's reset is done, and all goes on"

put "usb $keyboard" $class/manage
wait_for 30 [ -e "$class/usb-$keyboard/reset" ]
before=$(<"$class/$node/stats/successes")
mute 1
wait_for 60 is $((before + 1)) "$class/$node/stats/successes"
state healthy
expect "0 function 1 $node does not answer" last "$node"
works "$keyboard"
ok "DR6: with the keyboard under policy, the hub is reset by itself, and all goes on"

# What is plugged in is new after a reset, so the keyboard is under policy no more. The
# adapter is: its driver sees to that
qmp '{"execute": "device_del", "arguments": {"id": "kbd"}}' >/dev/null
wait_for 30 [ ! -e "$usb/$keyboard" ]
policy "$node" ceiling=platform
mute 2
wait_for 60 is 1 "$class/$port/stats/attempts"
state healthy
expect "0 platform 2 $port does not answer" last "$node"
works
ok "DR6: one that does not answer after that either has its port reset"

refused EBUSY reset "$pci" function
expect 1 logged "xhci_hcd ${pci#pci-}: not reset: driver xhci_hcd has no reset handlers and policy/rebind is never"
works
ok "above that, the driver of the host controller would not survive it, and the log says so"
rmmod devreset_usb_status
unload
