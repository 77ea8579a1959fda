#!/bin/bash
# What is in use below a device, and by what: disks that are mounted, open, or below swap, loop or dm; multipath; interfaces
# qemu: -device nvme-subsys,id=subsys -device nvme,serial=mp,subsys=subsys
# qemu: -drive if=none,id=ns,driver=null-co,size=64M -device nvme-ns,drive=ns
# qemu: -device e1000,mac=52:54:00:00:00:01
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

in_use() { put "$*" /sys/module/devreset_in_use/parameters/of && cat /sys/module/devreset_in_use/parameters/of; }
free() { [ "$(in_use "$@")" = free ]; }
# user WORDS: what is below the gadget's device is in use like that
user() { expect "$*: -16" in_use usb "$d"; }
# unused TEXT: soon, nothing is; udev may have a look at a disk that was closed
unused() {
	wait_for 30 free usb "$d"
	ok "$1: in use, and then no more"
}

hosts 1
load
insmod "$DEVRESET_MODDIR/devreset_in_use.ko"
modprobe -a usb-storage sd_mod loop dm_mod ext4
gadget disk mass_storage.0
truncate -s 16M /run/image
# Two partitions of 4 MiB
python3 -IS - /run/image <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as image:
    image.seek(446)
    for start in 2048, 12288, 0, 0:
        image.write(struct.pack("<4B4BII", 0, 0, 0, 0, 0x83 if start else 0, 0, 0, 0, start,
                                8192 if start else 0))
    image.write(b"\x55\xaa")
END
echo /run/image >$gadgets/disk/functions/mass_storage.0/lun.0/file
plug disk
d() { usb_of disk; }
wait_for 30 d
d=$(d)
there() { [ -b "$(part 2)" ]; }
part() { echo "/dev/$(cd "$usb/$d/$d:1.0" && basename host*/target*/*/block/sd*)$1"; }
wait_for 30 there
p1=$(part 1) p2=$(part 2)
unused "disk"

mkfs.ext4 -q "$p1"
mount "$p1" /mnt
user "${p1#/dev/} is mounted or held"
expect "${p1#/dev/} is mounted or held: -16" in_use usb "usb${d%-*}"
umount /mnt
unused "mounted partition, also seen from the root hub"

exec 5<"$p2"
user "${p2#/dev/} is open"
exec 5<&-
unused "open partition"
exec 5<"$(part '')"
user "$(basename "$(part '')") is open"
exec 5<&-
unused "open disk"

mkswap -q "$p2"
swapon "$p2"
user "${p2#/dev/} is mounted or held"
swapoff "$p2"
unused "swap"

loop=$(losetup -f --show "$p2")
user "${p2#/dev/} is open"
losetup -d "$loop"
unused "loop device"

echo "0 1024 linear $p1 0" | dmsetup create --noudevsync --noudevrules above
user "${p1#/dev/} is mounted or held"
dmsetup remove --noudevsync above
unused "dm"

nvme=$(pci_of 1b36:0010)
modprobe nvme
path() { ls -d "$pci/$nvme"/nvme/nvme*/nvme*c*n*; }
wait_for 30 path
name=$(basename "$(path)")
expect "$name is a path of a multipath disk: -16" in_use pci "$nvme"
ok "multipath: $name is in use, open or not"

nic=$(pci_of 8086:100e)
modprobe e1000
iface() { ls "$pci/$nic/net"; }
wait_for 30 iface
iface=$(iface)
ip link set "$iface" down
expect free in_use pci "$nic"
ip address add 192.0.2.1/24 dev "$iface"
expect free in_use pci "$nic"
ip link set "$iface" up
expect "$iface is up and has an address: -16" in_use pci "$nic"
expect free in_use pci "$nic" nonet
ip address flush dev "$iface"
ip -6 address add 2001:db8::1/64 nodad dev "$iface"
expect "$iface is up and has an address: -16" in_use pci "$nic"
ip -6 address flush dev "$iface"
expect free in_use pci "$nic"
ok "interface: in use if it is up and has an address"
modprobe bridge
ip link add br0 type bridge
ip link set "$iface" down master br0
expect "$iface is a part of br0: -16" in_use pci "$nic"
ip link set "$iface" nomaster
expect free in_use pci "$nic"
ok "interface: in use as a part of a bridge"

unplug disk
rmmod devreset_in_use
unload
