#!/bin/bash
# Unplugging, binding a device, an interface or a hub anew, deauthorizing and removing the module, each against resets of every kind under I/O
# contracts: US2 DR8
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device qemu-xhci,id=xhci,bus=rp1
# qemu: -device usb-hub,bus=xhci.0,port=1,port-power=on
# qemu: -chardev ringbuf,id=ring,size=65536
# qemu: -device usb-serial,bus=xhci.0,port=1.1,chardev=ring
# append: dma_debug=off
# timeout: 200
# kernels: debug

# Buffers that the USB core has for a hub share a cache line, which dma_debug takes for an
# error; and dummy_hcd does no DMA
. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -q xhci_pci || true
hosts 1
load
gadget zero SourceSink.0 Loopback.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0
node=$class/usbif-$one device=$class/usb-$d port=$class/usbport-$d
driver=/sys/bus/usb/drivers/devreset_usb
# EBUSY: not in the tree yet
gone=EALREADY,EBUSY,ENODEV,ENOENT,ESHUTDOWN,EPROTO

work "$one"
trap 'kill -9 $worker 2>/dev/null || true' EXIT

# works: it can be reset, and moves something
works() {
	wait_for 60 bound zero
	wait_for 60 is healthy "$node/state"
	local before
	before=$(<"$usb/$one/bytes_out")
	wait_for 60 eval "[ \$(<$usb/$one/bytes_out) -gt $before ]"
}

pipes="component:$gone:component>$node/reset+20" whole="function:$gone:function>$device/reset+300"
works
race "binding the interface anew against resets" 10:1000 \
	"bind:ENODEV,EBUSY:$one>$driver/unbind+20+$one>$driver/bind+300" "$pipes" "$whole"
works
race "binding the device anew against resets" 3:1000 \
	"bind:ENODEV,EBUSY:$d>/sys/bus/usb/drivers/usb/unbind+20+$d>/sys/bus/usb/drivers/usb/bind+1500" \
	"$pipes" "$whole"
works
authorize="0>$usb/$d/authorized+20+1>$usb/$d/authorized+1500"
race "deauthorizing against resets" 3:1000 "authorize:ENODEV,ENOENT:$authorize" "$pipes" "$whole"
works
# A device whose port loses its power while it is being configured does not answer
race "deauthorizing against resets of the port" 2:30 "authorize:ENODEV,ENOENT,EPROTO:$authorize" \
	"port:$gone:platform>$port/reset+1500"
works
race "resets of the port against others" 2:30 "port:$gone:platform>$port/reset+1500" "$pipes" "$whole"
works

# A port whose hub is new while the old one's waits for the device to come back
wait_for 30 adapter
serial=$(adapter)
hub=${serial%.*}:1.0 below=$class/usbport-$serial
echo "0403 6001" >$driver/new_id
wait_for 30 [ -e "$below/reset" ]
race "binding a hub anew against resets of its port" 2:30 \
	"hub:ENODEV,EBUSY:$hub>/sys/bus/usb/drivers/hub/unbind+20+$hub>/sys/bus/usb/drivers/hub/bind+2500" \
	"port:$gone,EBUSY:platform>$below/reset+20"
echo "$hub" >/sys/bus/usb/drivers/hub/unbind
wait_for 30 [ ! -e "$below" ]
echo "$hub" >/sys/bus/usb/drivers/hub/bind
wait_for 60 [ -e "$below/reset" ]
# EBUSY: it has files, and is not in the tree yet
wait_for 60 reset "usbport-$serial" platform
expect "0 platform 1 usbport-$serial operator" last "usbport-$serial"
ok "its port can be reset after"

# under_way: a reset is, or the racers have given up: race_end says why
under_way() { [ ! -e "/proc/$racer" ] || grep -q ' claimed' /sys/kernel/debug/devreset/tree; }

# Unplugged whenever one is under way. Until the hub has noticed, it is one that does not
# work after a reset: EIO
race_begin "component:$gone,EIO:component>$node/reset+20" \
	"function:$gone,EIO:function>$device/reset+300"
n=$(rounds 3:1000)
for ((i = 0; i < n; i++)); do
	wait_for 60 bound zero
	wait_for 60 under_way
	[ -e "/proc/$racer" ] || break
	unplug zero
	wait_for 60 [ ! -e "$port" ]
	plug zero
done
works
race_end "unplugging against resets, $n times"

# Not under I/O: a file that is open holds the module
kill -9 $worker
wait $worker || true
race_begin "$pipes" "$whole"
n=$(rounds 3:1000)
for ((i = 0; i < n; i++)); do
	wait_for 60 bound zero
	wait_for 60 under_way
	[ -e "/proc/$racer" ] || break
	wait_for 60 rmmod devreset_usb
	insmod "$DEVRESET_MODDIR/devreset_usb.ko"
done
race_end "$n removals of the module under resets"
work "$one"
works

all_settled
kill -9 $worker
unplug zero
wait_for 30 [ ! -e "$port" ]
unload
ok "nothing is left when the modules are gone"
