#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What "make demo" shows, within the virtual machine that scripts/demo.sh starts.
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=stick,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1 -device edu,bus=rp1
# qemu: -device pcie-root-port,id=rp2,chassis=2,slot=2
# qemu: -device nvme,serial=demo,bus=rp2,id=nvme,drive=disk
# qemu: -device pcie-root-port,id=rp3,chassis=3,slot=3 -device qemu-xhci,id=usb,bus=rp3
# qemu: -device usb-storage,bus=usb.0,drive=stick,serial=stick
# append: iomem=relaxed
# timeout: 120

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

start=${EPOCHREALTIME/./}
factorials=(1 1 2 6 24 120 720 5040 40320 362880 3628800 39916800 479001600)
colour=never
! grep -qw demo=colour /proc/cmdline || colour=always

# In microseconds
now() { echo $((${EPOCHREALTIME/./} - start)); }
seconds() { printf '%d.%02d' $(($1 / 1000000)) $(($1 / 10000 % 100)); }

# say TEXT: with the time since the demo began
say() { printf '%6s  %s\n' "$(seconds "$(now)")" "$*"; }

# run COMMAND: show it, then have the shell run it
run() {
	say "# $1"
	eval "$1"
}

devresetctl() { "$DEVRESET_MODDIR/devresetctl" --color $colour "$@"; }

# Each event as it comes, without its date; the phases are left to the timeline
follow() {
	local line

	devresetctl monitor 2>/dev/null | while IFS= read -r line; do
		[[ $line == *" "@(claim|quiesce|reset|restore|resume|check)" "@(begins|ends) ||
			$line == *" diagnostics: "* ]] ||
			say "    ${line#*[0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]* }"
	done
}

# --- the work that goes on ------------------------------------------------------

# Each works until its device has come back, checks every result, and writes down when it
# began and ended, and if it was right.

keep() {
	local name=$1 began
	shift

	while [ ! -e "/run/stop-$name" ]; do
		began=$(now)
		if "$@"; then
			echo "$began $(now) right"
		else
			echo "$began $(now) wrong"
		fi >>"/run/$name"
		sleep 0.05
	done
}

# shellcheck disable=SC2317 # called by keep
compute() {
	local n=$((SRANDOM % 13))

	echo "$n" >"$edu/factorial" && [ "$(<"$edu/factorial")" = "${factorials[n]}" ]
}

# A disk goes with its controller, and comes back, perhaps under another name: a read
# that fails is repeated, and only wrong bytes are wrong.
# shellcheck disable=SC2317 # called by keep
read_disk() { # WHICH CONTENT
	until dd "if=/dev/$($1)" of="/run/read-$1" bs=64k count=16 iflag=direct status=none 2>/dev/null; do
		sleep 0.1
	done
	cmp -s -n 1048576 "/run/read-$1" "$2"
}
drive() { basename "$(echo "$pci/$nvme_address"/nvme/nvme*/nvme*n1)"; }
# shellcheck disable=SC2317 # called by wait_for
attached() { [ -b "/dev/$(drive)" ]; }
# shellcheck disable=SC2317 # called by read_disk
stick() { basename "$(echo "$usb/$(usb_of stick)"/*/host*/target*/*/block/sd*)"; }
# shellcheck disable=SC2317 # called by wait_for
plugged() { usb_of stick && [ -b "/dev/$(stick)" ]; }

# back NAME SINCE: when the first thing that was begun after that moment ended well
back() { awk -v since="$2" '$1 >= since && $3 == "right" { print $2; f = 1; exit } END { exit !f }' "/run/$1"; }
count() { grep -c "$2" "/run/$1" || true; }

# shellcheck disable=SC2317 # called by wait_for
over() { [ "$(<"$class/$1/stats/successes")" -ge 1 ] && [ "$(<"$class/$1/state")" != recovering ]; }

# broken NAME SINCE: nothing has ended well for 5 s
broken() {
	sleep 5
	! back "$1" "$2" >/dev/null || fail "$1 works although it was broken"
}

# cured NAME NODE SINCE: wait until it works again, and tell
cured() {
	wait_for 40 back "$1" "$3"
	touch "/run/stop-$1"
	# All of what is reported below is written by then
	wait_for 40 over "$2"
	took=$(($(back "$1" "$3") - $3))
	say "It works again: it was gone for $(seconds $took) s."
	echo
}

# --- the demo ---------------------------------------------------------------------

say "A guest with kernel $(uname -r), and three devices, each behind a PCIe root port: QEMU's edu, whose"
say "driver is part of devreset_pci, an NVMe drive and an xHCI controller with a USB disk, with"
say "drivers of the kernel that know nothing of devreset."
echo

modprobe -a nvme xhci_pci usb-storage sd_mod
load
edu_address=$(pci_of 1234:11e8)
nvme_address=$(pci_of 1b36:0010)
xhci_address=$(pci_of 1b36:000d)
edu=$pci/$edu_address
edu_node=edu-$edu_address
nvme_node=pci-$nvme_address
xhci_node=pci-$xhci_address
wait_for 30 attached
wait_for 30 plugged
run "devresetctl manage pci $nvme_address"
run "devresetctl manage pci $xhci_address"
run "devresetctl list"
echo

head -c 8M /dev/urandom >/run/content
dd if=/run/content of="/dev/$(drive)" bs=1M oflag=direct status=none
keep edu compute &
workers=($!)
keep nvme read_disk drive /run/content &
workers+=($!)
keep xhci read_disk stick /bin/busybox &
workers+=($!)
for name in edu nvme xhci; do wait_for 20 grep -q right /run/$name; done
say "From now on edu computes factorials, both disks are read and compared, over and over."
follow &
echo

say "1. edu loses bus mastering, so its interrupts get lost. At first devreset may only watch:"
run "devresetctl set $edu_node auto=0"
run "setpci -s $edu_address COMMAND=0:4"
edu_broken=$(now)
broken edu "$edu_broken"
say "No factorial for 5 s, nor would there ever be one. Now devreset may act:"
run "devresetctl set $edu_node auto=1"
edu_broken=$(now)
cured edu "$edu_node" "$edu_broken"
edu_took=$took

say "2. The slot of the NVMe drive is without power for 3 s, which wipes its configuration, with reads under way."
slot=$(basename "$(dirname "$(readlink -f "$pci/$nvme_address")")")
run "slot_power $slot off"
nvme_broken=$(now)
sleep 3
run "slot_power $slot on"
cured nvme "$nvme_node" "$nvme_broken"
nvme_took=$took

say "3. The xHCI controller is reset, and its driver is not told: the disk is gone, for good without devreset."
run "echo 1 >/sys/bus/pci/devices/$xhci_address/reset"
xhci_broken=$(now)
cured xhci "$xhci_node" "$xhci_broken"
xhci_took=$took

wait "${workers[@]}"

say "4. Two simulated devices, a card and its port. No reset of the port helps, so the ladder goes up:"
modprobe configfs
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
sim=/sys/kernel/config/devreset-sim
[ -e "$sim" ] || insmod "$DEVRESET_MODDIR/devreset_sim.ko"
run "mkdir $sim/card $sim/card/port"
run "echo component >$sim/card/port/scope"
echo 300 >"$sim/card/port/reset_ms"
echo 900 >"$sim/card/reset_ms"
run "devresetctl set sim-port retry_interval_ms=400"
run "echo -1 >$sim/card/port/fail"
run "echo 1 >$sim/card/port/hang"
wait_for 40 over sim-port
echo
run "devresetctl timeline sim-port"
devresetctl timeline sim-port --svg /run/timeline.svg
cat /run/timeline.svg
echo
run "devresetctl list"
echo

result=0
report() { # DEVICE WHAT NAME NODE MICROSECONDS WORK
	local wrong verdict="all right"

	wrong=$(count "$3" wrong)
	if [ "$wrong" != 0 ]; then
		verdict="$wrong WRONG"
		result=1
	fi
	printf '  %-22s %-30s %-15s %5s s   %s %s, %s\n' "$1" "$2" "$(cat "$class/$4/last/method")" \
		"$(seconds "$5")" "$(count "$3" .)" "$6" "$verdict"
}
printf '  %-22s %-30s %-15s %7s   %s\n' device "what was broken" method "gone for" "its work meanwhile"
report edu "bus mastering off" edu "$edu_node" "$edu_took" factorials
report "NVMe drive" "slot without power for 3 s" nvme "$nvme_node" "$nvme_took" "reads of 1 MiB"
report "xHCI with a USB disk" "reset behind its driver's back" xhci "$xhci_node" "$xhci_took" "reads of 1 MiB"
exit $result
