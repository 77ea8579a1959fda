#!/bin/bash
# Devices of other drivers under policy: what may be managed, what comes back by itself, what is rather not reset
# contracts: DR2 DR5 DR6 DR8 ND9
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -drive if=none,id=d2,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device edu,bus=rp1,multifunction=on,addr=0.0
# qemu: -device nvme,serial=one,drive=d1,bus=rp1,addr=0.1
# qemu: -device pcie-root-port,id=rp2,chassis=2,slot=2
# qemu: -device qemu-xhci,id=usb,bus=rp2
# qemu: -device usb-storage,bus=usb.0,drive=d2

. "${DEVRESET_TOP:-.}/tests/lib.sh"

modprobe -a nvme usb-storage sd_mod xhci_pci 2>/dev/null || modprobe -a nvme usb-storage sd_mod
load
edu=$(pci_of 1234:11e8) nvme=$(pci_of 1b36:0010) xhci=$(pci_of 1b36:000d) port=$(pci_of 1b36:000c)
member=edu-$edu bus=$(basename "$(readlink "$class/pci-$edu/reset_parent")")
wait_for 60 [ -b /dev/sda ]
wait_for 30 [ -b /dev/nvme0n1 ]

# A disk as it should be, past the page cache
same() { cmp -n $((256 * 1024)) <(dd "if=/dev/$1" iflag=direct bs=64k count=4 status=none) /bin/busybox; }
# mark: forget the log up to here
mark() { dmesg -C; }

# --- what is written to manage and unmanage

# A bus is known while its module is there
[ -e /sys/module/devreset_usb ] && no_usb_name=EINVAL || no_usb_name=ENODEV
nodes=$(ls $class)
for file in manage unmanage; do
	for bad in "" " " "pci" "pci " " pci" " $nvme" "$nvme" "pci $nvme " "pci  $nvme" "pci $nvme x" "pci"$'\t'"$nvme" \
		"pci ${nvme#0000:}" "pci ${nvme%.*}" "pci $nvme.0" "pci 0000:01:00.8" "pci 0000:01:20.0" "pci 0000:100:00.0" \
		"pci -0000:01:00.1" "pci +0000:01:00.1" "pci 0x0000:01:00.1" "pci 000001:01:00.1" "pci junk" "pci *" \
		"pci $(printf '%04000d' 0)"; do
		refused EINVAL put "$bad" "$class/$file"
	done
	refused EINVAL eval "printf 'pci %s\0' $nvme >$class/$file"
	refused EINVAL eval "printf 'pci\0%s' $nvme >$class/$file"
	refused "$no_usb_name" put "usb $nvme" "$class/$file"
	refused ENODEV put "usb 99-1" "$class/$file"
	refused ENODEV put "PCI $nvme" "$class/$file"
	refused ENODEV put "junk $nvme" "$class/$file"
	refused ENODEV put "pci 0000:7f:1f.7" "$class/$file"
	refused EOPNOTSUPP put "pci $port" "$class/$file"
done
refused ENOENT put "pci $nvme" $class/unmanage
refused ENOENT put "pci $edu" $class/unmanage
expect "$nodes" ls $class
ok "DR5: bad input of every kind is refused, and changes nothing"

# --- nobody put the neighbour under policy

same nvme0n1
policy "$member" check_interval_ms=200 probation_ms=0 ceiling=platform
mark
setpci -s "$edu" COMMAND=0:2
factorial "$edu" 10 >/run/result &
writer=$!
wait_for 30 is failed "$class/$member/state"
expect "-16 none 0 none registers do not answer" last "$member"
expect 1 logged "nvme $nvme: .*this device is not under policy"
expect "" stats "$bus"
same nvme0n1
ok "DR2, DR6: no automatic reset of a bus with a device that nobody put under policy; the log names it"

reset "$member" platform
wait $writer
expect 3628800 cat /run/result
expect healthy cat "$class/$member/state"
expect "attempts=1 quiesced=1" stats "$bus"
same nvme0n1
ok "DR2: an operator's own reset does it, and the neighbour works after it"

# --- managed

put "pci $nvme" $class/manage
refused EEXIST put "pci $nvme" $class/manage
managed=pci-$nvme
expect 1 cat "$class/$managed/policy/check_idle"
expect "function platform" cat "$class/$managed/supported"
expect "$bus" basename "$(readlink "$class/$managed/reset_parent")"
grep -q "^  $managed function healthy managed " /sys/kernel/debug/devreset/tree
ok "DR8: a managed device has its node, is checked while idle, and is managed once"

policy "$managed" check_interval_ms=200 probation_ms=0
policy "$member" ceiling=platform
setpci -s "$edu" COMMAND=0:2
factorial "$edu" 10 >/run/result &
writer=$!
wait_for 30 is failed "$class/$member/state"
expect "-16 none 0 none registers do not answer" last "$member"
reset "$member" platform
wait $writer
ok "DR2: the neighbour is managed, but its ceiling does not allow it: refused"

policy "$managed" ceiling=platform
setpci -s "$edu" COMMAND=0:2
expect 3628800 factorial "$edu" 10
wait_for 30 is healthy "$class/$member/state"
expect "0 platform 1 $bus registers do not answer" last "$member"
expect "quiesced=2" stats "$managed"
same nvme0n1
ok "DR2: with the neighbour under policy the ladder resets the bus by itself; both work"

n=0
for fault in 0:2 0:4 0:6; do
	n=$((n + 1))
	setpci -s "$nvme" COMMAND=$fault
	wait_for 30 is $n "$class/$managed/stats/successes"
	wait_for 30 is healthy "$class/$managed/state"
	same nvme0n1
	expect "attempts=$n hangs=$n quiesced=$((n + 2)) requests=$n successes=$n" stats "$managed"
	expect "0 function 1 $managed" eval "last $managed | cut -d ' ' -f 1-4"
done
[[ $(<"$class/$managed/last/reason") == "memory decode is off" ]] || fail "reason"
ok "ND9: a managed NVMe drive whose memory decode and bus mastering are turned off comes back by itself"

put "pci $nvme" $class/unmanage
refused ENOENT put "pci $nvme" $class/unmanage
[ ! -e "$class/$managed" ] || fail "$managed is still there"
[ -e "$class/$bus" ] || fail "$bus has gone, with edu below it"
same nvme0n1
ok "DR8: unmanaged, its node has gone, and the bus' has not"

# --- a driver that does not survive a reset

put "pci $xhci" $class/manage
managed=pci-$xhci bus=$(basename "$(readlink "$class/pci-$xhci/reset_parent")")
expect 1 cat "$class/$managed/policy/check_idle"
mark
expect "function platform" cat "$class/$managed/supported"
expect "$xhci xhci_hcd rebind" cat "$class/$managed/methods"
policy "$managed" rebind=never
expect "$xhci xhci_hcd refused: has no reset handlers and policy/rebind is never" \
	cat "$class/$managed/methods"
expect "$(cat "$class/$managed/methods")" cat "$class/$bus/methods"
expect 0 logged "$xhci: not reset"
for scope in function platform; do
	mark
	refused EBUSY reset "$managed" $scope
	expect 1 logged "xhci_hcd $xhci: not reset: driver xhci_hcd has no reset handlers and policy/rebind is never"
done
expect "failures=2 requests=2" stats "$managed"
expect "" stats "$bus"
expect healthy cat "$class/$managed/state"
same sda
grep -qx 46f4 /sys/bus/usb/devices/*/idVendor
ok "DR5: a reset under xhci is refused with one line in the log, and its disk works on"

# The disk behind it, of a driver that does survive one; its controller is above it
if [ -e /sys/module/devreset_usb ]; then
	disk=$(readlink -f /sys/block/sda | grep -oE '/[0-9]+-[0-9.]+/' | tr -d /)
	put "usb $disk" $class/manage
	refused EEXIST put "usb $disk" $class/manage
	expect "usbport-$disk" basename "$(readlink "$class/usb-$disk/reset_parent")"
	expect "$managed" basename "$(readlink "$class/usbport-$disk/reset_parent")"
	reset "usb-$disk" function
	expect "0 function 1 usb-$disk operator" last "usb-$disk"
	same sda
	put "usb $disk" $class/unmanage
	[ ! -e "$class/usbport-$disk" ] || fail "usbport-$disk is left"
	ok "DR8: a USB disk is managed, and works after its reset"
fi

put "pci $xhci" $class/unmanage
expect "$nodes" ls $class
ok "DR8: the last below a bus takes the node of the bus with it"

# What is managed goes with the module
put "pci $xhci" $class/manage
unload
same sda
same nvme0n1
ok "DR8: the modules can go while a device is managed"
