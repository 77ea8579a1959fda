#!/bin/bash
# A hub that does not answer: by itself the ladder resets it only when all that is plugged in is under policy that allows it and no disk is in use, an operator's request only needs the latter
# contracts: DR2 DR6
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -device usb-hub,bus=xhci.0,port=1
# qemu: -chardev ringbuf,id=ring,size=65536
# qemu: -device usb-serial,id=serial,bus=xhci.0,port=1.1,chardev=ring
# qemu: -device usb-kbd,id=kbd,bus=xhci.0,port=1.2
# qemu: -drive if=none,id=stick,driver=null-co,size=1M,read-zeroes=on
# qemu: -device usb-storage,id=disk,bus=xhci.0,port=1.3,drive=stick
# append: dma_debug=off
# timeout: 100

# dma_debug: see usb-race.sh
. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -q xhci_pci || true
modprobe -a usb-storage sd_mod
load
wait_for 30 adapter
serial=$(adapter)
hub=${serial%.*} keyboard=${serial%.*}.2 disk=${serial%.*}.3
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

# works: what is plugged in is there, and what is written is taken
works() {
	wait_for 30 [ -e "$class/usbif-$serial:1.0/reset" ]
	[ ! "$keyboard" ] || wait_for 30 [ -e "$usb/$keyboard:1.0" ]
	head -c 4096 /dev/zero >"$(chardev "$serial:1.0")"
}
# block: the disk, such as sda
block() { (cd "$usb/$disk/$disk:1.0" && cd host*/target*/*/block && echo sd*); }
there() { [ -b "/dev/$(block)" ]; }
# manage DEVICE: it may be managed still, or again
manage() {
	[ -e "$class/usb-$1/reset" ] || put "usb $1" $class/manage || true
	wait_for 30 [ -e "$class/usb-$1/reset" ]
}
# under_policy CEILING: all that is plugged in, the keyboard with that one
under_policy() {
	works
	wait_for 30 there
	manage "$keyboard"
	manage "$disk"
	policy "usb-$keyboard" ceiling="$1"
	policy "usb-$disk" ceiling=platform
	policy "usbif-$serial:1.0" ceiling=platform
}
# mute N: it leaves the next N questions for its status without an answer
insmod "$DEVRESET_MODDIR/devreset_usb_status.ko" status=-110 count=0 devnum="$(<"$usb/$hub/devnum")"
status=/sys/module/devreset_usb_status/parameters
mute() { put "$1" $status/count; }
state() { wait_for 60 is "$1" "$class/$node/state"; }

policy "$node" check_interval_ms=100 retry_interval_ms=100 probation_ms=0 max_attempts=1 ceiling=function
# refuses WORDS...: the hub fails, and is not reset, as the log says
refuses() {
	dmesg -C
	mute 1000000
	state failed
	expect "-16 none" eval "last $node | cut -d ' ' -f 1,2"
	expect 1 logged "usb $*"
	mute 0
}
# again: an operator's reset is done, and all goes on; it is another keyboard then
again() {
	reset "$node" function
	expect "0 function 1 $node" eval "last $node | cut -d ' ' -f 1-4"
	works
}
under_policy platform
put "usb $keyboard" $class/unmanage
refuses "$keyboard: no automatic reset of its hub: this device is not under policy"
ok "a keyboard that is not under policy is not reset with its hub"
again
ok "but an operator's reset is done, and all goes on"

under_policy function
refuses "$keyboard: no automatic reset of its hub: this device is not under policy, or with a ceiling below platform"
again
ok "DR6: nor is one under a policy with a ceiling below that"

under_policy platform
exec 5<"/dev/$(block)"
refuses "$hub: $node: not reset: $(block) is open$"
refused EBUSY reset "$node" function
expect 1 logged "usb $hub: $node: not reset: $(block) is open; "
exec 5<&-
again
ok "DR2: nor is a disk that is in use, by an operator either"

# Opened while its port is without power, which that hub has none to turn off: what was checked
# before is checked again
echo "p:off power_cycle" >$tracing/kprobe_events
trace_on kprobes/off
under_policy platform
tries=0 said=''
until [ "$said" ]; do
	tries=$((tries + 1))
	[ $tries -le 10 ] || fail "$tries resets have taken away what was opened meanwhile"
	wait_for 30 there
	wait_for 30 [ -e "$class/usbport-$disk/reset" ]
	python3 -IS - "$tracing/trace_pipe" "/dev/$(block)" >/run/opener <<'END' &
import os, signal, sys
with open(sys.argv[1], "rb", buffering=0) as pipe:
    print("listening", flush=True)
    pipe.read(4096)
fd = os.open(sys.argv[2], os.O_RDONLY)
signal.pause()
END
	opener=$!
	wait_for 30 grep -q listening /run/opener
	said=$(reset "usbport-$disk" platform 2>&1) || true
	kill $opener 2>/dev/null || true
	wait $opener || true
done
trace_off
echo >$tracing/kprobe_events
[[ $said == *busy* ]] || fail "$said"
ok "DR2: nor is a disk that was opened when the reset of its port had begun"
again

under_policy platform
before=$(<"$class/$node/stats/successes")
mute 1
wait_for 60 is $((before + 1)) "$class/$node/stats/successes"
state healthy
expect "0 function 1 $node does not answer" last "$node"
works
ok "DR6: with all of it under policy, the hub is reset by itself, and all goes on"

# What is plugged in is new after a reset, and may not be under policy again in time
for id in kbd disk serial; do
	qmp "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"$id\"}}" >/dev/null
done
wait_for 30 [ ! -e "$usb/$keyboard" ]
wait_for 30 [ ! -e "$usb/$disk" ]
wait_for 30 [ ! -e "$usb/$serial" ]
# An empty hub would go to sleep
echo on >"$usb/$hub/power/control"
policy "$node" ceiling=platform
mute 2
wait_for 60 is 1 "$class/$port/stats/attempts"
state healthy
expect "0 platform 2 $port does not answer" last "$node"
ok "DR6: one that does not answer after that either has its port reset"

refused EBUSY reset "$pci" function
expect 1 logged "xhci_hcd ${pci#pci-}: not reset: driver xhci_hcd has no reset handlers and policy/rebind is never"
ok "above that, the driver of the host controller would not survive it, and the log says so"
rmmod devreset_usb_status
unload
