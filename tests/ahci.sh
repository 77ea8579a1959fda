#!/bin/bash
# An AHCI controller with a mounted disk: a wrong configuration is put right under its driver, a reset is found
# contracts: DR5 DR14 DR15 ND9
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,snapshot=on
# qemu: -drive if=none,id=d2,file=/bin/busybox,format=raw,snapshot=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device ich9-ahci,id=ahci,bus=rp1
# qemu: -device ide-hd,bus=ahci.0,drive=d1,serial=one -device ide-hd,bus=ahci.1,drive=d2,serial=two
# append: iomem=relaxed
# timeout: 150
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"

modprobe -a ahci sd_mod ext4
load
# The first is the machine's own
for ahci in "$pci"/*; do
	[ "$(<"$ahci/class")" != 0x010601 ] || [[ $ahci == *:00:* ]] || break
done
ahci=${ahci##*/}
managed=pci-$ahci

# disk N: of the Nth port; its name may be another one when it has come back
disk() { basename "$(echo "$pci/$ahci/ata"*/host*/target*/*/block/sd? | tr ' ' '\n' | sed -n "$1p")"; }
there() { [ -b "/dev/$(disk 1)" ] && [ -b "/dev/$(disk 2)" ]; }
# Several reads past the page cache, each with a deadline
same() {
	for _ in 1 2 3; do
		cmp -n $((256 * 1024)) /bin/busybox \
			<(timeout $((60 * DEVRESET_SCALE)) dd "if=/dev/$(disk 1)" iflag=direct bs=64k count=4 status=none)
	done
}
wait_for 60 there
same
put "pci $ahci" $class/manage
# A guest that is emulated beside others takes its time
policy "$managed" check_interval_ms=300 probation_ms=0 max_recoveries=50 reset_timeout_ms=120000

# cured N METHOD REASON: for the Nth time
cured() {
	wait_for 120 is "$1" "$class/$managed/stats/successes"
	wait_for 30 is healthy "$class/$managed/state"
	expect "0 function 1 $managed $3" last "$managed"
	expect "$2" cat "$class/$managed/last/method"
	wait_for 60 there
	same
}

# GHC: no interrupts, as after a reset
python3 -IS "$DEVRESET_TOP/tests/reg.py" "$pci/$ahci/resource5" 4-2
cured 1 rebind "host controller was reset"
ok "ND9: a controller that was reset under its driver is found, and its driver bound again"

# --- a mounted disk

mke2fs -q -F "/dev/$(disk 2)" >/dev/null 2>&1
mkdir /run/mnt
mount "/dev/$(disk 2)" /run/mnt
echo kept >/run/mnt/file
sync
kept() {
	echo 1 >/proc/sys/vm/drop_caches
	expect kept timeout $((60 * DEVRESET_SCALE)) cat /run/mnt/file
	echo more >/run/mnt/more
	sync -f /run/mnt/more
}
dmesg -C
n=1
bars=$(setpci -s "$ahci" BASE_ADDRESS_5)
for fault in "COMMAND=0:4/bus mastering is off" "COMMAND=0:2/memory decode is off" "BASE_ADDRESS_5=0/a BAR has changed"; do
	n=$((n + 1))
	setpci -s "$ahci" "${fault%/*}"
	cured $n repair "${fault#*/}"
	expect "$bars" setpci -s "$ahci" BASE_ADDRESS_5
	[ $((0x$(setpci -s "$ahci" COMMAND) & 6)) = 6 ] || fail "COMMAND"
	kept
	ok "DR5, DR14: ${fault#*/}: put right under a mounted file system"
done
expect 3 logged "$ahci: its configuration is put right, without a reset: driver ahci is in use: $(disk 2) is mounted or held"

# A request that was lost before: its driver would wait for it longer than anybody here does
policy "$managed" check_interval_ms=0 probation_ms=60000
echo 600 >"/sys/block/$(disk 1)/device/timeout"
setpci -s "$ahci" COMMAND=0:4
dmesg -C
same &
reader=$!
in_hand() { [ "$(awk '{ print $1 }' "/sys/block/$(disk 1)/inflight")" -gt 0 ]; }
wait_for 30 in_hand
# Older than what a request may take after a reset
sleep 6
policy "$managed" check_interval_ms=300
wait_for 60 is $((n + 1)) "$class/$managed/stats/successes"
wait $reader
[ "$(logged "$ahci: .* requests that were in flight before the repair are timed out")" = 1 ] || fail "not in the log"
expect $((n + 1)) cat "$class/$managed/stats/hangs"
expect repair cat "$class/$managed/last/method"
expect probation cat "$class/$managed/state"
kept
ok "DR14: a read that was lost meanwhile is timed out, read again by its driver, and is no hang"

# Nothing is left to lose
policy "$managed" check_interval_ms=300 probation_ms=0
reset "$managed" "function force"
wait_for 60 there
umount -l /run/mnt
mount "/dev/$(disk 2)" /run/mnt
put 1 "$pci/$ahci/reset"
cured $((n + 3)) rebind "host controller was reset"
umount -l /run/mnt
ok "DR15: reset under its driver and a mounted disk: its driver is bound again, nothing is left to lose"

put "pci $ahci" $class/unmanage
unload
same
ok "the disk works without the modules"
