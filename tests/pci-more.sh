#!/bin/bash
# Virtual functions and what shares a device with others are not reset by a ladder; a NIC that failed is isolated; errors are recorded
# contracts: DR1 DR2 DR5 DR13 DR14 DR16
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device edu,bus=rp1,multifunction=on,addr=0.0 -device nvme,serial=one,drive=d1,bus=rp1,addr=0.1
# qemu: -device nvme-subsys,id=s -device pcie-root-port,id=rp2,chassis=2,slot=2
# qemu: -device nvme,serial=pf,bus=rp2,subsys=s,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
# qemu: -netdev user,id=n1 -device pcie-root-port,id=rp3,chassis=3,slot=3 -device e1000e,bus=rp3,netdev=n1,romfile=
# qemu: -netdev user,id=n2 -device pcie-root-port,id=rp4,chassis=4,slot=4
# qemu: -device virtio-net-pci,id=vn,bus=rp4,aer=on,netdev=n2,romfile=
# append: iomem=relaxed pci=noaer
# timeout: 150
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"

modprobe -a nvme e1000e virtio_net
load
# manage FUNCTION: from now on it is checked when a step says so
manage() {
	put "pci $1" $class/manage
	# A guest that is emulated beside others takes its time
	policy "pci-$1" check_interval_ms=0 probation_ms=0 reset_timeout_ms=60000 max_attempts=1
}
config_command() { echo $((0x$(setpci -s "$1" COMMAND) & $2)); }

# --- two functions of one device

edu=$(pci_of 1234:11e8) nvme=${edu%.0}.1
dummy=/sys/module/devreset_pci_dummy/parameters
disk() { basename "$pci/$nvme"/nvme/nvme*/nvme*n1; }
there() { [ -b "/dev/$(disk)" ]; }
same() {
	for _ in 1 2 3; do
		cmp -n $((256 * 1024)) /bin/busybox \
			<(timeout $((60 * DEVRESET_SCALE)) dd "if=/dev/$(disk)" iflag=direct bs=64k count=4 status=none)
	done
}
wait_for 60 there
echo "$edu" >"$pci/$edu/driver/unbind"
manage "$nvme"
bus=$(basename "$(readlink "$class/pci-$nvme/reset_parent")")
expect "$edu - none"$'\n'"$nvme nvme reset_done" cat "$class/$bus/methods"
reset "pci-$nvme" platform
expect 0 cat "$class/pci-$nvme/last/status"
wait_for 60 same
ok "DR2: a function without a driver is reset with its sibling"

insmod "$DEVRESET_MODDIR/devreset_pci_dummy.ko"
echo dummy >"$pci/$edu/driver_override"
echo "$edu" >/sys/bus/pci/drivers/dummy/bind
echo >$dummy/calls
n=$(<"$class/$bus/stats/attempts")
expect "$edu dummy refused: has no reset handlers and policy/rebind is never"$'\n'"$nvme nvme reset_done" \
	cat "$class/$bus/methods"
refused EBUSY reset "pci-$nvme" platform
expect "$n" cat "$class/$bus/stats/attempts"
expect "" eval "xargs <$dummy/calls"
same
ok "DR2, DR5: one whose driver would not get through it keeps its sibling from being reset; neither is touched"
echo "$edu" >"$pci/$edu/driver/unbind"
rmmod devreset_pci_dummy

# --- a disk that is held

modprobe dm_mod
echo "0 1024 linear /dev/$(disk) 0" | dmsetup create --readonly --noudevsync --noudevrules held
n=$(<"$class/pci-$nvme/stats/successes")
policy "pci-$nvme" check_interval_ms=300
setpci -s "$nvme" COMMAND=0:4
wait_for 60 is $((n + 1)) "$class/pci-$nvme/stats/successes"
policy "pci-$nvme" check_interval_ms=0
expect repair cat "$class/pci-$nvme/last/method"
same
dmsetup remove --noudevsync held
ok "DR14: where a disk is held, a wrong configuration is put right before its driver's reset_done is tried"

# --- virtual functions

pf=$(pci_of 1b36:0010 2)
manage "$pf"
live() { grep -qs live "$pci/$pf"/nvme/nvme*/state; }
wait_for 60 live
echo 0 >"$pci/$pf/sriov_drivers_autoprobe"
echo 2 >"$pci/$pf/sriov_numvfs"
[ -e "$pci/$pf/virtfn1" ] || fail "no virtual functions"
enabled() { [ $((0x$(setpci -s "$pf" ECAP_SRIOV+8.w) & 9)) = 9 ]; }
enabled || fail "virtual functions are not enabled"

policy "pci-$pf" check_interval_ms=300
setpci -s "$pf" COMMAND=0:4
wait_for 60 is 1 "$class/pci-$pf/stats/successes"
expect repair cat "$class/pci-$pf/last/method"
expect 4 config_command "$pf" 4
enabled || fail "virtual functions are not enabled any more"
ok "DR1: a physical function's configuration is put right under its virtual functions"

dmesg -C
python3 -IS "$DEVRESET_TOP/tests/reg.py" "$pci/$pf/resource0" 14-1 28=0 2c=0 14+1
wait_for 60 is failed "$class/pci-$pf/state"
policy "pci-$pf" check_interval_ms=0
expect "-16 none 0 none controller fatal status" last "pci-$pf"
[ "$(logged "$pf: not reset: driver nvme has virtual functions")" -ge 1 ] || fail "not in the log"
enabled || fail "virtual functions are not enabled any more"
reset "pci-$pf" function
wait_for 60 live
enabled || fail "virtual functions are not enabled any more"
expect healthy cat "$class/pci-$pf/state"
ok "DR1, DR5: no ladder resets it, for they would feel it; an operator does, and they are there after it"
echo 0 >"$pci/$pf/sriov_numvfs"

# --- isolated

nic=$(pci_of 8086:10d3)
manage "$nic"
if=$(basename "$pci/$nic/net"/*)
ip link set "$if" up
wait_for 60 is 1 "/sys/class/net/$if/carrier"
policy "pci-$nic" check_interval_ms=300 max_recoveries=1 final=isolate
setpci -s "$nic" COMMAND=0:4
wait_for 60 is 1 "$class/pci-$nic/stats/successes"
wait_for 60 is healthy "$class/pci-$nic/state"
wait_for 60 is 1 "/sys/class/net/$if/carrier"
down=$(<"/sys/class/net/$if/carrier_down_count")
setpci -s "$nic" COMMAND=0:2
wait_for 60 is failed "$class/pci-$nic/state"
expect 0 config_command "$nic" 4
expect 1024 config_command "$nic" 1024
expect 0 eval "echo \$((0x$(setpci -s "$nic" CAP_MSIX+2.w) & 0x8000))"
above "/sys/class/net/$if/carrier_down_count" "$down" || fail "carrier"
ok "DR16: after one recovery too many a NIC can neither write to memory nor interrupt, and has lost its link"
reset "pci-$nic" function
expect 6 config_command "$nic" 6
expect 32768 eval "echo \$((0x$(setpci -s "$nic" CAP_MSIX+2.w) & 0x8000))"
wait_for 60 is 1 "/sys/class/net/$if/carrier"
ok "DR16: an operator's reset brings it back"

# --- evidence

vn=$(pci_of 1af4:1041)
manage "$vn"
policy "pci-$vn" rebind=always
aer_inject vn COMP_TIME 0x11111111 0x22222222 0x33333333 0x44444444
dmesg -C
reset "pci-$vn" function
expect 1 logged "$vn: before the reset: uncorrectable errors 0x00004000, TLP header 11111111 22222222 33333333 44444444"
aer_inject vn COMP_TIME
policy "pci-$vn" check_interval_ms=300
setpci -s "$vn" COMMAND=0:4
wait_for 60 is 2 "$class/pci-$vn/stats/successes"
grep -aq "^uncorrectable errors 0x00004000" /sys/class/devcoredump/devcd*/data
ok "DR13: what AER has recorded is in the log, and in the dump of a ladder"

unload
