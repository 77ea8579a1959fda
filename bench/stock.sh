#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faults of devices with the kernel's own drivers, from outside: seconds from the fault until
# the device serves again, with it managed and, with "stock=unmanaged" on the kernel's command
# line, without. "only=nvme" there: faults with that word in their names
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -drive if=none,id=d2,file=/bin/busybox,format=raw,readonly=on
# qemu: -netdev user,id=n1,net=10.0.2.0/24 -netdev user,id=n2,net=10.0.3.0/24
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1 -device e1000e,bus=rp1,netdev=n1,romfile=
# qemu: -device pcie-root-port,id=rp2,chassis=2,slot=2 -device virtio-net-pci,bus=rp2,netdev=n2,romfile=
# qemu: -device pcie-root-port,id=rp3,chassis=3,slot=3 -device nvme,serial=one,drive=d1,bus=rp3
# qemu: -device pcie-root-port,id=rp4,chassis=4,slot=4 -device qemu-xhci,id=usb,bus=rp4 -device usb-storage,bus=usb.0,drive=d2,serial=one
# qemu: -drive if=none,id=d5,file=/bin/busybox,format=raw,snapshot=on -drive if=none,id=d6,file=/bin/busybox,format=raw,snapshot=on
# qemu: -drive if=none,id=d7,file=/bin/busybox,format=raw,snapshot=on -drive if=none,id=d8,file=/bin/busybox,format=raw,snapshot=on
# qemu: -device pcie-root-port,id=rp5,chassis=5,slot=5 -device virtio-blk-pci,bus=rp5,drive=d5
# qemu: -device pcie-root-port,id=rp6,chassis=6,slot=6 -device virtio-scsi-pci,id=vscsi,bus=rp6 -device scsi-hd,bus=vscsi.0,drive=d6
# qemu: -device pcie-root-port,id=rp7,chassis=7,slot=7 -device ich9-ahci,id=ahci,bus=rp7 -device ide-hd,bus=ahci.0,drive=d7
# qemu: -device pcie-root-port,id=rp8,chassis=8,slot=8 -device megasas,id=raid,bus=rp8 -device scsi-hd,bus=raid.0,drive=d8
# qemu: -netdev user,id=n9,net=10.0.4.0/24 -device pcie-root-port,id=rp9,chassis=9,slot=9 -device e1000,bus=rp9,netdev=n9,romfile=
# append: iomem=relaxed
# timeout: 4000

. "${DEVRESET_TOP:-.}/bench/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

watch=40
only=$(sed -n 's/.*\bonly=\([^ ]*\).*/\1/p' /proc/cmdline)
from=$(sed -n 's/.*\bfrom=\([0-9]*\).*/\1/p' /proc/cmdline)
modprobe -a nvme xhci_pci usb-storage sd_mod e1000e virtio_net virtio_blk virtio_scsi ahci megaraid_sas e1000
# The first AHCI is the machine's own
declare -A at=([e1000e]=$(pci_of 8086:10d3) [virtio-net]=$(pci_of 1af4:1041)
	[nvme]=$(pci_of 1b36:0010) [xhci]=$(pci_of 1b36:000d) [virtio-blk]=$(pci_of 1af4:1042)
	[virtio-scsi]=$(pci_of 1af4:1048) [ahci]=$(pci_of 8086:2922 2) [megasas]=$(pci_of 1000:0060)
	[e1000]=$(pci_of 8086:100e))
declare -A peer=([e1000e]=10.0.2 [virtio-net]=10.0.3 [e1000]=10.0.4)

port_of() { basename "$(dirname "$(readlink -f "$pci/$1")")"; }

interface() { basename "$(compgen -G "$pci/${at[$1]}/net/*" || compgen -G "$pci/${at[$1]}/virtio*/net/*")"; }

# A network manager: what is there is up and has its address
manager() {
	local name if

	while :; do
		for name in "${!peer[@]}"; do
			if=$(interface "$name") || continue
			[ "$(cat "/sys/class/net/$if/operstate" 2>&1)" = up ] ||
				timeout 10 ip link set "$if" up || true
			timeout 10 ip addr replace "${peer[$name]}.15/24" dev "$if" || true
		done
		sleep 0.5
	done >/dev/null 2>&1
}

block() {
	case $1 in
	nvme) basename "$(compgen -G "$pci/${at[nvme]}/nvme/nvme*/nvme*n1")" ;;
	xhci) basename "$(echo "$usb/$(usb_of one)"/*/host*/target*/*/block/sd*)" ;;
	virtio-blk) basename "$(compgen -G "$pci/${at[$1]}/virtio*/block/vd*")" ;;
	*) basename "$(compgen -G "$pci/${at[$1]}/host*/target*/*/block/sd*" ||
		compgen -G "$pci/${at[$1]}/*/host*/target*/*/block/sd*")" ;;
	esac
}

# serves DEVICE: it does its work now
serves() {
	local if

	case $1 in
	nvme | xhci | virtio-blk | virtio-scsi | ahci | megasas)
		timeout 4 cmp -s -n 65536 /bin/busybox <(timeout 4 dd "if=/dev/$(block "$1")" \
			iflag=direct bs=64k count=1 status=none 2>&1)
		;;
	*)
		if=$(interface "$1") && timeout 4 ping -c 1 -W 2 -I "$if" "${peer[$1]}.2"
		;;
	esac >/dev/null 2>&1
}
serves_well() { serves "$1" && serves "$1" && serves "$1"; }

reg() { python3 -IS "$DEVRESET_TOP/tests/reg.py" "$pci/${at[$1]}/resource$2" "${@:3}"; }
power() { slot_power "$(port_of "${at[$1]}")" "$2"; }
cycle() { power "$1" off && sleep "$2" && power "$1" on; }
load_on() { while :; do serves "$1" || sleep 0.2; done & loader=$!; }

# What is done to each of them, and then what only some have
faults=()
for d in xhci nvme virtio-net virtio-blk virtio-scsi ahci megasas e1000e e1000; do
	for f in "reset behind its driver" "configuration wiped by a bus reset" "bus master off" \
		"memory decode off" "BARs zeroed" "interrupts off"; do
		faults+=("$d:$f")
	done
done
faults+=(
	"xhci:run bit cleared" "xhci:HCRST" "xhci:power cut for 3 s"
	"nvme:CFS, idle" "nvme:CFS, under I/O" "nvme:power cut for 3 s" "nvme:power cut for 8 s"
	"ahci:reset by its register" "e1000e:transmitter off" "e1000e:power cut for 3 s"
)

# interrupts_off DEVICE: MSI-X, MSI, or the pin, whichever its driver uses
interrupts_off() {
	local a=${at[$1]}

	if lspci -vs "$a" | grep -q 'MSI-X: Enable+'; then
		setpci -s "$a" CAP_MSIX+2.w=0:8000
	elif lspci -vs "$a" | grep -q 'MSI: Enable+'; then
		setpci -s "$a" CAP_MSI+2.w=0:1
	else
		setpci -s "$a" COMMAND=400:400
	fi
}

# fault DEVICE:WHAT
inject() {
	local d=${1%%:*} what=${1#*:}

	case $what in
	"reset behind its driver") echo 1 >"$pci/${at[$d]}/reset" ;;
	"configuration wiped by a bus reset")
		setpci -s "$(port_of "${at[$d]}")" BRIDGE_CONTROL=40:40
		setpci -s "$(port_of "${at[$d]}")" BRIDGE_CONTROL=0:40
		;;
	"run bit cleared") reg xhci 0 40-1 ;;
	HCRST) reg xhci 0 40+2 ;;
	"bus master off") setpci -s "${at[$d]}" COMMAND=0:4 ;;
	"memory decode off") setpci -s "${at[$d]}" COMMAND=0:2 ;;
	"BARs zeroed") setpci -s "${at[$d]}" BASE_ADDRESS_{0..5}=0 ;;
	"interrupts off") interrupts_off "$d" ;;
	"CFS, idle") reg nvme 0 14-1 28=0 2c=0 14+1 ;;
	"CFS, under I/O") load_on nvme; reg nvme 0 14-1 28=0 2c=0 14+1 ;;
	"reset by its register") reg ahci 5 4+1 ;;
	"power cut for 3 s") cycle "$d" 3 ;;
	"power cut for 8 s") cycle "$d" 8 ;;
	"transmitter off") reg e1000e 0 400-2 ;;
	esac
}

# Everything by hand, so that the next fault finds it at work
by_hand() {
	local a=${at[$1]}

	power "$1" on
	timeout 60 sh -c "echo 1 >$pci/$a/remove" || true
	timeout 60 sh -c "echo 1 >/sys/bus/pci/rescan" || true
	wait_for 60 serves "$1"
}

manage_all() {
	local d

	load
	for d in "${!at[@]}"; do
		echo "pci ${at[$d]}" >$class/manage
		policy "pci-${at[$d]}" ceiling=platform max_recoveries=100
		[ "${peer[$d]-}" = "" ] || {
			echo "net $(interface "$d")" >$class/manage || true
			policy "net-$(interface "$d")" ceiling=platform max_recoveries=100 || true
		}
	done
}

# outcome NODE BACK HANGS: what became of it, which had so many hangs before
outcome() {
	if [ "$2" != never ]; then
		echo "came back"
	elif [ ! -e "$1" ]; then
		echo dead
	elif [ "$(<"$1/stats/hangs")" = "$3" ]; then
		echo "not noticed"
	elif [ "$(<"$1/last/status")" = -16 ]; then
		echo refused
	else
		echo "not cured"
	fi
}

# leave NEXT: end the guest at once, as a disk that is dead would hold up its power-off. The
# next one goes on with that fault
leave() {
	echo "next $1"
	. "$DEVRESET_TOP/tests/lib-end.sh"
	# Instead of its poweroff
	busybox() { echo b >/proc/sysrq-trigger; }
	end_guest 0
}

# give_up LABEL FAULT NEXT: the whole guest hangs, or all that would tell
give_up() {
	sleep $((watch + 40))
	echo "$1, $2: never; and the guest hangs"
	row "$2" never "guest hangs" "$1"
	leave "$3"
}

# measure LABEL
measure() {
	local i f d start back node hangs guard

	for ((i = from; i < ${#faults[@]}; i++)); do
		f=${faults[i]} d=${faults[i]%%:*} loader=
		[[ $f == *$only* ]] || continue
		serves_well "$d" || by_hand "$d"
		node=$class/pci-${at[$d]}
		hangs=$(cat "$node/stats/hangs" 2>&1 || true)
		give_up "$1" "$f" $((i + 1)) &
		guard=$!
		start=${EPOCHREALTIME/./}
		inject "$f" >/dev/null 2>&1 || true
		back=never
		while [ $((${EPOCHREALTIME/./} - start)) -lt $((watch * 1000000)) ]; do
			# The driver may not have noticed yet
			if serves "$d" && sleep 1 && serves_well "$d"; then
				back=$(((${EPOCHREALTIME/./} - start) / 100000))
				back=$((back / 10)).$((back % 10))
				break
			fi
			sleep 0.2
		done
		kill "$guard"
		[ -z "$loader" ] || kill "$loader" || true
		echo "$1, $f: $back; $(cat "$node"/{state,last/status,last/method,last/reason} "$node/stats/hangs" 2>/dev/null | paste -sd ' ' || true)"
		row "$f" "$back" "$(outcome "$node" "$back" "$hangs")" "$1"
		# What is dead may take those with it that try to remove it
		if [ $back = never ]; then
			dmesg | grep -i devreset || true
			leave $((i + 1))
		fi
	done
}

manager &
# Not by a signal of its end
disown
for d in "${!at[@]}"; do wait_for 60 serves "$d"; done
if grep -q stock=unmanaged /proc/cmdline; then
	measure unmanaged
else
	manage_all
	measure managed
fi
dmesg | grep -i devreset >&3 || true
