#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What "make demo" shows, within the virtual machine that scripts/demo.sh starts.
# The drive is in a subsystem because the nvme driver of 6.1 and QEMU's shadow
# doorbells do not agree, after any reset, on reads that were under way; the
# driver's multipath code sends those later, when they do.
#
# qemu: -device pcie-root-port,id=rp1,chassis=1 -device edu,bus=rp1
# qemu: -device pcie-root-port,id=rp2,chassis=2
# qemu: -device nvme-subsys,id=demo -device nvme,serial=demo,bus=rp2,id=nvme,subsys=demo
# qemu: -device nvme-ns,drive=disk,bus=nvme
# timeout: 90

. "${DEVRESET_TOP:-.}/tests/lib.sh"

start=${EPOCHREALTIME/./}
factorials=(1 1 2 6 24 120 720 5040 40320 362880 3628800 39916800 479001600)

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

# --- what the system says meanwhile -------------------------------------------

# tell: the log of devreset, and the variables of each of its uevents in one line
tell() {
	local line node='' state='' rest=''

	while IFS= read -r line; do
		case $line in
		"devreset "*) say "    log:    ${line#devreset }" ;;
		DEVRESET_NODE=*) node=${line#*=} ;;
		DEVRESET_STATE=*) state=${line#*=} ;;
		DEVRESET_S*=*) rest+=" ${line#DEVRESET_}" ;;
		'')
			[ ! "$node" ] || say "    uevent: $node: $state,$rest"
			node='' state='' rest=''
			;;
		esac
	done
}

# follow UEVENTS: both as they come, by one reader, so that their times are in order
follow() {
	{
		dmesg --follow-new --notime &
		tail -fn +1 "$1"
	} | tell
}

# --- the work that goes on ------------------------------------------------------

# Each works until told to stop, checks every result, and writes down when it
# began and ended, and if it was right.

keep() {
	local name=$1 began
	shift

	while [ ! -e /run/stop ]; do
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

# shellcheck disable=SC2317 # called by keep
read_disk() {
	dd if=/dev/nvme0n1 bs=1M iflag=direct status=none | cmp -s - /run/content
}

# back NAME SINCE: when the first thing that was begun after that moment ended well
back() { awk -v since="$2" '$1 >= since && $3 == "right" { print $2; f = 1; exit } END { exit !f }' "/run/$1"; }
count() { grep -c "$2" "/run/$1" || true; }

# cured NAME NODE SINCE: wait until it works again, and tell
cured() {
	wait_for 30 back "$1" "$3"
	# All of what is reported below is written by then
	wait_for 30 is 1 "$class/$2/stats/successes"
	took=$(($(back "$1" "$3") - $3))
}

# --- the demo ---------------------------------------------------------------------

say "A guest of kernel $(uname -r). The device edu is behind one PCI root port, an NVMe drive"
say "behind another. edu's driver is part of devreset_pci; the drive's is the kernel's own."
echo
record_uevents /run/uevents
follow /run/uevents &

modprobe nvme
load
edu_address=$(pci_of 1234:11e8)
nvme_address=$(pci_of 1b36:0010)
edu=$pci/$edu_address
edu_node=edu-$edu_address
nvme_node=pci-$nvme_address
say "devreset and devreset_pci are loaded. The drive is put under policy from the shell:"
run "echo pci $nvme_address > $class/manage"
run "cat /sys/kernel/debug/devreset/tree"
echo

wait_for 10 [ -b /dev/nvme0n1 ]
head -c 8M /dev/urandom >/run/content
dd if=/run/content of=/dev/nvme0n1 bs=1M oflag=direct status=none
keep edu compute &
edu_worker=$!
keep nvme read_disk &
nvme_worker=$!
wait_for 10 grep -q right /run/edu
wait_for 10 grep -q right /run/nvme
say "From now on edu computes factorials, and the drive is read and compared, over and over."
echo

say "1. edu loses bus mastering, so its interrupts get lost. At first devreset may only watch:"
run "echo 0 > $class/$edu_node/policy/auto"
run "setpci -s $edu_address COMMAND=0:4"
edu_broken=$(now)
sleep 5
if back edu "$edu_broken" >/dev/null; then
	fail "edu works although it was broken"
fi
say "No factorial for 5 s, nor would there ever be one. Now devreset may act:"
run "echo 1 > $class/$edu_node/policy/auto"
edu_allowed=$(now)
cured edu "$edu_node" "$edu_broken"
edu_took=$((took + edu_broken - edu_allowed))
say "edu is back $(seconds $edu_took) s later; the factorial that was waiting is done."
echo

say "2. The drive loses memory decode: it answers nothing any more, with reads under way."
run "setpci -s $nvme_address COMMAND=0:2"
nvme_broken=$(now)
cured nvme "$nvme_node" "$nvme_broken"
nvme_took=$took
say "The drive is back after $(seconds $nvme_took) s."
echo

sleep 1
touch /run/stop
wait $edu_worker $nvme_worker
say "Both are back. What sysfs says of the last request at each:"
for node in "$edu_node" "$nvme_node"; do
	run "cd $class/$node/last && grep . reason attempts cured_by"
done
echo

result=0
report() { # NAME WHAT MICROSECONDS
	local wrong verdict="all right"

	wrong=$(count "$1" wrong)
	if [ "$wrong" != 0 ]; then
		verdict="$wrong WRONG"
		result=1
	fi
	printf '  %-5s back in %s s; %s %s, %s\n' "$1" "$(seconds "$3")" \
		"$(count "$1" .)" "$2" "$verdict"
}
report edu "factorials" "$edu_took"
report nvme "reads of the whole drive" "$nvme_took"
exit $result
