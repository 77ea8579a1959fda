#!/bin/bash
# An xHCI controller, whose driver survives no reset, comes back by itself with all that is behind it
# contracts: DR2 DR5 DR8 DR14 DR15 ND9
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -drive if=none,id=d2,file=/bin/busybox,format=raw,snapshot=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device qemu-xhci,id=usb,bus=rp1
# qemu: -device usb-storage,bus=usb.0,drive=d1,serial=one
# append: iomem=relaxed
# timeout: 200
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

modprobe -a xhci_pci usb-storage sd_mod ext4
load
xhci=$(pci_of 1b36:000d)
managed=pci-$xhci

# disk SERIAL: its name, which may be another one when it has come back
disk() { basename "$(echo "$usb/$(usb_of "$1")"/*/host*/target*/*/block/sd*)"; }
there() { usb_of "$1" && [ -b "/dev/$(disk "$1")" ]; }
# Several reads past the page cache, each with a deadline
same() {
	for _ in 1 2 3; do
		cmp -n $((256 * 1024)) /bin/busybox \
			<(timeout $((20 * DEVRESET_SCALE)) dd "if=/dev/$(disk one)" iflag=direct bs=64k count=4 status=none)
	done
}
wait_for 60 there one
same

put "pci $xhci" $class/manage
expect auto cat "$class/$managed/policy/rebind"
# A guest that is emulated beside others takes its time
policy "$managed" check_interval_ms=500 probation_ms=0 max_recoveries=50 reset_timeout_ms=120000

# comes_back N REASON: for the Nth time, with its disk
comes_back() {
	wait_for 120 is "$1" "$class/$managed/stats/successes"
	wait_for 30 is healthy "$class/$managed/state"
	expect "0 function 1 $managed $2" last "$managed"
	expect rebind cat "$class/$managed/last/method"
	expect xhci_hcd basename "$(readlink "$pci/$xhci/driver")"
	wait_for 60 there one
	same
}

put 1 "$pci/$xhci/reset"
comes_back 1 "host controller is halted"
ok "DR15: reset behind its driver's back: the driver was bound again, and the disk's bytes are the same"

# USBCMD, behind 64 bytes of capabilities
python3 -IS "$DEVRESET_TOP/tests/reg.py" "$pci/$xhci/resource0" 40-1
comes_back 2 "host controller is halted"
ok "DR15: stopped by its register: the same"

setpci -s "$xhci" COMMAND=0:4
comes_back 3 "bus mastering is off"
ok "DR15: bus mastering off: the same"

setpci -s "$xhci" COMMAND=0:2
comes_back 4 "memory decode is off"
ok "DR15: memory decode off: the same"

# --- in use

policy "$managed" check_interval_ms=0
qmp '{"execute": "device_add", "arguments": {"driver": "usb-storage", "bus": "usb.0", "drive": "d2", "id": "two", "serial": "two"}}' >/dev/null
wait_for 60 there two
two=$(disk two)
mke2fs -q -F "/dev/$two" >/dev/null 2>&1
mkdir /run/mnt
mount "/dev/$two" /run/mnt
echo kept >/run/mnt/file
dmesg -C
expect "$xhci xhci_hcd refused: is in use: $two is mounted or held" cat "$class/$managed/methods"
refused EBUSY reset "$managed" function
expect 1 logged "$xhci: not reset: driver xhci_hcd is in use: $two is mounted or held"
expect kept cat /run/mnt/file
same
ok "DR5: with a mounted disk and a working controller it is refused, and the disk is named"

n=$(<"$class/$managed/stats/successes")
policy "$managed" check_interval_ms=500
setpci -s "$xhci" COMMAND=0:4
wait_for 60 is $((n + 1)) "$class/$managed/stats/successes"
policy "$managed" check_interval_ms=0
expect repair cat "$class/$managed/last/method"
same
expect kept cat /run/mnt/file
ok "DR5, DR14: for a wrong configuration alone, a ladder puts that right and resets nothing"

umount /run/mnt
expect "$xhci xhci_hcd rebind" cat "$class/$managed/methods"
reset "$managed" function
there one || fail "one is not back"
there two || fail "two is not back"
expect rebind cat "$class/$managed/last/method"
same
mount "/dev/$(disk two)" /run/mnt
expect kept cat /run/mnt/file
ok "DR5, DR15: not mounted any more, it is done, and both disks are there again"

reset "$managed" "function force"
wait_for 60 there one
same
umount -l /run/mnt
ok "DR5: with force it is done although a disk is mounted"

# A transfer that its driver cannot stop; what is wrong is over before it is looked at
setpci -s "$xhci" COMMAND=0:2
python3 -IS - "$usb/$(usb_of one)" <<'END' || true
import fcntl, struct, sys
name = [open(f"{sys.argv[1]}/{n}").read().strip().zfill(3) for n in ("busnum", "devnum")]
with open("/dev/bus/usb/" + "/".join(name), "r+b", buffering=0) as device:
    # GET_STATUS, within 500 ms
    fcntl.ioctl(device, 0xC0185500, struct.pack("BBHHHIP", 0x80, 0, 0, 0, 0, 500, 0))
END
wait_for 90 eval "dmesg | grep -q '$xhci: HC died'"
setpci -s "$xhci" COMMAND=2:2
n=$(<"$class/$managed/stats/successes")
policy "$managed" check_interval_ms=500
comes_back $((n + 1)) "driver has given the controller up"
policy "$managed" check_interval_ms=0
wait_for 60 there two
ok "DR15: given up by its driver, with nothing wrong that its registers tell: it is bound again"

# What is enumerated from now on is of no use to its driver
n=$(<"$class/$managed/stats/soft_errors")
policy "$managed" return_ms=20000
put 0 /sys/module/usbcore/parameters/authorized_default
reset "$managed" function
put 1 /sys/module/usbcore/parameters/authorized_default
expect $((n + 1)) cat "$class/$managed/stats/soft_errors"
expect 1 logged "$xhci: driver xhci_hcd bound again, but of 2 disks and 0 interfaces only 0 and 0 have come back"
policy "$managed" return_ms=60000
reset "$managed" function
wait_for 60 there one
wait_for 60 there two
same
ok "DR15: where the disks don't come back with the driver, that is said"

policy "$managed" rebind=never
refused EBUSY reset "$managed" "function force"
ok "DR5: and where the driver must not be unbound, not even then"

put "pci $xhci" $class/unmanage
unload
same
ok "the disk works without the modules"
