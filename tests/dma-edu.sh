#!/bin/bash
# edu's DMA unit: dmatest; bus mastering off is an error, and cured; lost interrupts; limits
# contracts: DM2 DM3 DM5 DM6 DR6
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
edu=$(pci_of 1234:11e8)
unit=$(basename "$pci/$edu"/devreset_pci.edu_dma.*)
chan=$(basename "$pci/$edu/$unit"/dma/dma*chan0)
engine=dma-${chan%chan*}
counters=/sys/class/dma/$chan/devreset
transfers=$([ "$DEVRESET_KERNEL" = debug ] && echo 10 || echo 50)

above() { basename "$(readlink "$class/$1/reset_parent")"; }
expect "$engine" above "dmachan-$chan"
expect "pci-$edu" above "$engine"
expect component cat "$class/$engine/scope"
expect "component function platform" cat "$class/dmachan-$chan/supported"
ok "the tree: a channel, the unit, the function, the bus"

dmatest_run "$unit" 2 "$transfers" test_buf_size=4095
expect "$((4 * transfers)) tests, 0 failures" dmatest_result 4
ok "$((4 * transfers)) transfers, 0 failures"

# A byte more, and the unit would take QEMU with it
dmatest_run "$unit" 1 1 test_buf_size=4096 norandom=1 channel="$chan"
expect "1 tests, 1 failures" dmatest_result 1
dmesg | grep -q "prep error"
dmatest_run "$unit" 1 1 test_buf_size=4095 norandom=1 channel="$chan"
expect "1 tests, 0 failures" dmatest_result 1
ok "what the unit cannot do is refused"

lost=$(<"$counters/lost")
msi=$(setpci -s "$edu" CAP_MSI+2.W)
setpci -s "$edu" CAP_MSI+2.W=0:1
dmatest_run "$unit" 1 1 test_buf_size=4095 channel="$chan"
expect "1 tests, 0 failures" dmatest_result 1
expect $((lost + 1)) cat "$counters/lost"
dmesg | grep -q "a completion interrupt was lost"
expect "" stats "dmachan-$chan"
# Of one channel while the other waits for the unit
dmatest_run "$unit" 1 3 test_buf_size=4095
expect "6 tests, 0 failures" dmatest_result 2
expect "" stats "dmachan-$chan"
expect "" stats "dmachan-${chan%0}1"
rmmod devreset_dma
insmod "$DEVRESET_MODDIR/devreset_dma.ko" nodes=0
[ ! -e "$class/$engine" ] || fail "there is a node"
dmatest_run "$unit" 1 1 test_buf_size=4095
expect "2 tests, 0 failures" dmatest_result 2
setpci -s "$edu" CAP_MSI+2.W="$msi"
ok "lost interrupts are found and counted, and the data is there; with a neighbour, and without nodes"
rmmod devreset_dma
insmod "$DEVRESET_MODDIR/devreset_dma.ko"

# One at a time, cut off or not; none writes afterwards, each word says how it ended
dmesg -C
insmod "$DEVRESET_MODDIR/devreset_dma_flood.ko" device="$unit" channels=2 window=1 most=4095 \
	descriptors=30 pause_us=700000 || fail "$(dmesg)"
said=$(dmesg | sed -n 's/.*devreset_dma_flood: //p')
read -r submitted _ completed _ aborted _ wrong _ < <(grep ' submitted, ' <<<"$said")
[ "$submitted $wrong" = "30 0" ] || fail "$said"
if [ "$completed" -lt 3 ] || [ "$aborted" -lt 3 ]; then
	fail "$said"
fi
rmmod devreset_dma_flood
ok "DM2, DM3, DM5: $said"

# Bus mastering off: the unit says that it has done it
for n in "dmachan-$chan" "$engine" "pci-$edu"; do
	policy "$n" probation_ms=0 check_interval_ms=200 reset_timeout_ms=60000 max_recoveries=100
done
setpci -s "$edu" COMMAND=0:4
dmatest_run "$unit" 1 1 test_buf_size=4095 channel="$chan"
expect "1 tests, 1 failures" dmatest_result 1
dmesg | grep -q "completion error status"
wait_for 60 is 1 "$class/dmachan-$chan/stats/successes"
expect "0 function 3 pci-$edu did not move the data" last "dmachan-$chan"
expect 1 cat "$class/pci-$edu/stats/attempts"
expect 0 cat "$class/pcibus-${edu%:*}/stats/attempts"
dmatest_run "$unit" 1 2 test_buf_size=4095
expect "4 tests, 0 failures" dmatest_result 2
ok "DR6: with bus mastering off: an error; cured by channel, unit, and then the function"

# Each channel has one thread, which waits for its transfer: a channel goes on only if
# its client was told of every one.
goes_on() {
	local c before

	for c in "${counters%0/*}"*/devreset; do
		before=$(<"$c/completed")
		wait_for 30 more_than "$before" "$c/completed"
	done
}
more_than() { [ "$(<"$2")" -gt "$1" ]; }

# The member's node came before the unit's: it stops after that, and starts before it
dmatest_run "$unit" 1 0 test_buf_size=4095 timeout=60000
for ((i = 0; i < 10; i++)); do
	reset "pci-$edu" function
	expect 479001600 factorial "$edu" 12
	goes_on
done
dmatest_stop
! dmesg | grep -E 'not (stopped|resumed|restored)' || fail "something was not stopped, or not started"
ok "10 resets of the function under dmatest, each a success, and both channels went on"

# The same, over and over, with resets from outside too
dmatest_run "$unit" 1 0 test_buf_size=4095 timeout=60000
goes_on
breaks=$([ "$DEVRESET_KERNEL" = debug ] && echo 3 || echo 10)
for ((i = 0; i < breaks; i++)); do
	setpci -s "$edu" COMMAND=0:4
	# Not all of these can cure it, and a ladder may be on its way
	for scope in component function platform; do
		reset "dmachan-$chan" $scope 2>/dev/null || true
		reset "$engine" $scope 2>/dev/null || true
	done
	goes_on
	expect 479001600 factorial "$edu" 12
done
all_settled
dmatest_stop
! dmesg | grep -E 'overwritten!|not copied!|was copied!|mismatch!' || fail "wrong data"
expect 479001600 factorial "$edu" 12
dmatest_run "$unit" 1 1 test_buf_size=4095
expect "2 tests, 0 failures" dmatest_result 2
for c in "${counters%0/*}"*/devreset; do
	expect "$(<"$c/submitted")" sh -c \
		"cd $c && echo \$((\$(cat completed) + \$(cat aborted) + \$(cat failed)))"
done
ok "broken $breaks times, and reset over and over, under dmatest: it went on each time, with no wrong data"
unload
ok "and all is gone with the modules"
