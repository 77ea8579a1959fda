#!/bin/bash
# Resets that are not devreset's own (sysfs, AER) stop and start the driver all the same, and leave the known-good configuration
# contracts: DR2 DR11 DR12 ND2 ND9
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1,slot=1
# qemu: -device edu,bus=rp1
# qemu: -device pcie-root-port,id=rp2,chassis=2,slot=2
# qemu: -device nvme,serial=one,drive=d1,bus=rp2
# qemu: -netdev user,id=n1,net=10.0.2.0/24 -device pcie-root-port,id=rp3,chassis=3,slot=3
# qemu: -device virtio-net-pci,id=vn,bus=rp3,aer=on,netdev=n1,romfile=

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=edu-$edu function=pci-$edu bus=$(basename "$(readlink "$class/pci-$edu/reset_parent")")
# Nothing is found by checks here
policy "$member" check_interval_ms=0
policy "$function" check_interval_ms=0
good=$(setpci -s "$edu" COMMAND CAP_MSI+2.w CAP_MSI+4.l BASE_ADDRESS_0)
n=0

# counted TEXT: the Nth external reset; the known-good configuration, and a device that works
counted() {
	n=$((n + 1))
	expect "external=$n quiesced=$n" stats "$member"
	expect "external=$n quiesced=$n" stats "$function"
	expect "" stats "$bus"
	expect healthy cat "$class/$member/state"
	expect "$good" setpci -s "$edu" COMMAND CAP_MSI+2.w CAP_MSI+4.l BASE_ADDRESS_0
	expect ok cat "$pci/$edu/liveness"
	expect 3628800 factorial "$edu" 10
	ok "$1"
}

# traced STATUS: one external reset: what quiesce of the driver returned, and resume was told
traced() {
	trace_off
	expect "$(cat <<-END
	claim node=$function status=0
	quiesce node=$member status=$1
	quiesce node=$function status=0
	restore node=$function status=0
	restore node=$member status=0
	resume node=$function told=0 status=0
	resume node=$member told=$1 status=0
	END
)" steps "^(claim|quiesce|restore|resume|reset|done|state)"
}

external() { put 1 "$pci/$edu/reset"; }

trace_on devreset
external
traced 0
counted "DR2: an external reset stops and starts the driver, and is counted"

setpci -s "$edu" COMMAND=0:2
trace_on devreset
external
traced -5
counted "DR11, ND2: of a device without memory decode: the driver is told that it was lost; the good configuration is back"

for fault in COMMAND=0:4 CAP_MSI+2.w=0:1 BASE_ADDRESS_0=0; do
	setpci -s "$edu" $fault
	external
	counted "ND2: the same with $fault"
done

setpci -s "$edu" COMMAND=0:4
factorial "$edu" 12 >/run/result &
wait_for 30 eval "[ \$(<$pci/$edu/submitted) -gt \$(<$pci/$edu/completed) ]"
external
wait $!
expect 479001600 cat /run/result
counted "DR2: a factorial that was outstanding was replayed, its writer got the result"

# --- AER, by a fault of the root port

quiesced() { is "$1" "$class/$member/stats/quiesced"; }

# ended: the last step of an external reset was traced
ended() { steps "^resume node=$member" | grep -q .; }

aer() {
	trace_on devreset
	aer_inject -c rp1 RCVR
	aer_inject rp1 COMP_TIME
	wait_for 30 ended
	traced 0
	counted "DR2: AER: a non-fatal error stops and starts the driver; a correctable one does not"

	trace_on devreset
	aer_inject rp1 DLP
	wait_for 30 ended
	traced -5
	wait_for 30 eval "dmesg | grep -q 'AER: Root Port link has been reset'"
	# The PCI core is not done with it when the driver is
	wait_for 30 eval "[ \$(dmesg | grep -c 'AER: device recovery successful') = 2 ]"
	counted "DR2, DR11: AER: after a fatal one the driver is told that the device was lost"
}
aer

# --- devreset's own resets are not external

reset "$member" function
expect "0 function 1 $function operator" last "$member"
expect "attempts=1 external=$n quiesced=$((n + 1))" stats "$function"
expect "external=$n quiesced=$((n + 1)) requests=1 successes=1" stats "$member"
ok "DR12: a reset of the core's own is not counted as external, nor done twice"

# --- AER beside an NVMe drive, which is managed

modprobe nvme
nvme=$(pci_of 1b36:0010)
managed=pci-$nvme
wait_for 60 [ -b /dev/nvme0n1 ]
put "pci $nvme" $class/manage
policy "$managed" check_interval_ms=200 probation_ms=0
policy "$member" check_interval_ms=200 probation_ms=0
policy "$function" check_interval_ms=200 probation_ms=0
# Several reads past the page cache, each with a deadline
same() {
	for _ in 1 2 3; do
		cmp -n $((256 * 1024)) /bin/busybox \
			<(timeout $((20 * DEVRESET_SCALE)) dd if=/dev/nvme0n1 iflag=direct bs=64k count=4 status=none)
	done
}
# recovered: one recovery by AER more has ended
recoveries() { logged 'AER: device recovery [sf]'; }
recovered() { [ "$(recoveries)" -gt "$before" ]; }
same
for error in "-c rp2 RCVR" "rp2 COMP_TIME" "rp2 DLP"; do
	before=$(recoveries)
	aer_inject "$error"
	[[ $error == -c* ]] || wait_for 60 recovered
	same
	wait_for 30 is healthy "$class/$managed/state"
done
expect "" stats "$managed"
ok "ND9: AER beside a managed NVMe drive, correctable, non-fatal and fatal: no hang is found in it, and it is read on"

# at_once NODE PORT: AER's recovery and a reset of ours, which may be told that the device is busy
at_once() {
	local resetter

	for _ in 1 2 3; do
		before=$(recoveries)
		reset "$1" function 2>/dev/null &
		resetter=$!
		aer_inject "$2" DLP
		wait $resetter || true
		wait_for 60 recovered
		wait_for 60 is healthy "$class/$1/state"
	done
}
at_once "$managed" rp2
same
expect "$nvme nvme reset_done" cat "$class/$managed/methods"
ok "ND9: AER's recovery and a reset of ours at once: the drive is read on"
at_once "$member" rp1
expect 3628800 factorial "$edu" 10
expect "$good" setpci -s "$edu" COMMAND CAP_MSI+2.w CAP_MSI+4.l BASE_ADDRESS_0
ok "DR12: and edu, whose configuration is what is known to be good"
put "pci $nvme" $class/unmanage

# --- a recovery by AER that fails

modprobe virtio_net
vn=$(pci_of 1af4:1041)
managed=pci-$vn
put "pci $vn" $class/manage
policy "$managed" check_interval_ms=300 probation_ms=0 return_ms=4000 reset_timeout_ms=60000
interface() { basename "$(echo "$pci/$vn"/virtio*/net/*)"; }
works() {
	ip link set "$(interface)" up && ip addr replace 10.0.2.15/24 dev "$(interface)" &&
		ping -c 1 -W 2 -I "$(interface)" 10.0.2.2 >/dev/null
}
wait_for 60 works
ip addr flush dev "$(interface)"
ip link set "$(interface)" down
before=$(recoveries)
aer_inject vn DLP
wait_for 60 recovered
[ "$(logged "AER: device recovery failed")" -ge 1 ] || fail "it was recovered"
wait_for 60 is 1 "$class/$managed/stats/successes"
expect "0 function 1 $managed its recovery from an error has failed" last "$managed"
expect rebind cat "$class/$managed/last/method"
wait_for 60 works
expect healthy cat "$class/$managed/state"
ok "ND9: a device that AER's recovery has failed for, and left offline, is found and comes back"
unload
