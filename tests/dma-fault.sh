#!/bin/bash
# Faults of the soft engine: each is found, told to the client, and cured
# contracts: DM2 ND14
# kernels: debug
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
debugfs=/sys/kernel/debug/devreset_dma
counters=/sys/class/dma/dma0chan0/devreset
chan=dmachan-dma0chan0
for i in 0 1 2 3; do
	policy dmachan-dma0chan$i probation_ms=0 max_recoveries=100 window_ms=1000
done

# inject FAULT N: so many of the next transfers
inject() {
	echo 0 >"$debugfs/$1/verbose"
	echo "$2" >"$debugfs/$1/times"
	echo 100 >"$debugfs/$1/probability"
}

# with FAULT FAILURES [TRANSFERS]: dmatest sees so many failures of 20 transfers on one channel
with() {
	inject "$1" 1
	dmatest_run devreset_dma 1 "${3:-20}" test_buf_size=8192 channel=dma0chan0
	expect "${3:-20} tests, $2 failures" dmatest_result 1
	echo 0 >"$debugfs/$1/probability"
}

with stall 1
wait_for 10 is 1 "$class/$chan/stats/successes"
expect "attempts=1 hangs=1 quiesced=1 requests=1 successes=1" stats $chan
expect "0 component 1 $chan stalled" last $chan
expect 1 cat $counters/aborted
expect "" stats dmachan-dma0chan1
ok "a transfer that stalls is a hang, and aborted by a reset of its channel alone"

with lose 0
expect 1 cat $counters/lost
expect "attempts=1 hangs=1 quiesced=1 requests=1 successes=1" stats $chan
ok "a completion that is lost is found, counted, and no hang"

with error 1
expect 1 cat $counters/failed
expect "attempts=1 hangs=1 quiesced=1 requests=1 successes=1" stats $chan
ok "a transfer that fails is reported to fail, and no hang"

# One alone: the reset that it asks for would abort whatever comes next
with corrupt 1 1
expect 2 cat $counters/failed
wait_for 10 is 2 "$class/$chan/stats/successes"
expect "0 component 1 $chan completed something else" last $chan
dmatest_run devreset_dma 1 20 test_buf_size=8192 channel=dma0chan0
expect "20 tests, 0 failures" dmatest_result 1
ok "a completion of something else completes nothing, and has the channel reset"

expect "$(<$counters/submitted)" sh -c \
	"cd $counters && echo \$((\$(cat completed) + \$(cat aborted) + \$(cat failed)))"
# What stalls is aborted at any moment; a channel that stalls right after its reset was not cured by it
inject stall -1
inject lose -1
echo 30 >"$debugfs/stall/probability"
echo 30 >"$debugfs/lose/probability"
dmatest_run devreset_dma 1 0 test_buf_size=512 timeout=60000
racers=()
for i in 0 1 2 3; do
	racers+=("chan$i:EALREADY,ETIMEDOUT:component>$class/dmachan-dma0chan$i/reset")
done
race "resets of channels that stall, and lose completions" 200:50000 "${racers[@]}"
for fault in stall lose; do
	echo 0 >"$debugfs/$fault/probability"
done
all_settled
dmatest_stop

inject stall 4
dmatest_run devreset_dma 1 20 test_buf_size=512
expect "80 tests, 4 failures" dmatest_result 4
ok "as many stalls as channels, and each ended"
all_settled
unload
