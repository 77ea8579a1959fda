#!/bin/bash
# Resets of channels and of the engine by the hundred, while dmatest is at work: no wrong data is called good
# contracts: DM2 DM5 DM6
# append: log_buf_len=8M
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
engine=$(node dma-dma0)
counters() { cat "/sys/class/dma/$1/devreset/$2"; }
total() { cat /sys/class/dma/dma0chan*/devreset/"$1" | awk '{ sum += $1 } END { print sum }'; }

expect 4 sh -c "ls -d $class/dmachan-dma0chan* | wc -l"
expect function cat "$engine/scope"
expect component cat "$class/dmachan-dma0chan3/scope"
expect "component function" cat "$class/dmachan-dma0chan3/supported"
expect "$(readlink -f "$engine")" readlink -f "$class/dmachan-dma0chan3/reset_parent"
ok "the tree: 4 channels, components of a function"

for n in "$class"/dmachan-dma0chan* "$engine"; do
	echo 60000 >"$n/policy/reset_timeout_ms"
done
# When a thread of dmatest ends, it cuts off the other, which then finds out by itself
dmatest_run devreset_dma 2 0 test_buf_size=4096 timeout=3000
moving() { [ "$(</sys/class/dma/dma0chan3/devreset/completed)" -gt 0 ]; }
wait_for 20 moving
racers=()
for i in 0 1 2 3; do
	racers+=("chan$i:EALREADY:component>$class/dmachan-dma0chan$i/reset")
done
race "resets of every channel" 200 "${racers[@]}"
race "resets of the engine" 100 "engine:EALREADY:function>$engine/reset"
race "resets of both" 50 "${racers[0]}" "engine:EALREADY:function>$class/dmachan-dma0chan1/reset"
all_settled
for i in 0 1 2 3; do
	before=$(counters "dma0chan$i" completed)
	more_completed() { [ "$(counters "dma0chan$i" completed)" -gt $((before + 25)) ]; }
	wait_for 30 more_completed
done
ok "and each of them goes on"

aborted=$(total aborted)
[ "$aborted" -gt 0 ] || fail "nothing was cut off"
# While no thread ends, nothing explains that one is not told.
dmesg >/run/log
grep -q "dmatest: Started" /run/log || fail "the log is not whole"
! grep "test timed out" /run/log || fail "a client was not told"
dmatest_stop
dmesg >/run/log
grep -q "dmatest: .* summary" /run/log
# What dmatest saw: aborted ones, and nothing else
if grep "dmatest: .* result" /run/log | grep -qv "completion error status\|test timed out"; then
	fail "$(grep "dmatest: .* result" /run/log | grep -v "completion error status" | head -n 5)"
fi
! grep -E 'overwritten!|not copied!|was copied!|mismatch!' /run/log || fail "wrong data"
for chan in /sys/class/dma/dma0chan*; do
	chan=${chan##*/}
	expect "$(counters "$chan" submitted)" sh -c \
		"cd /sys/class/dma/$chan/devreset && echo \$((\$(cat completed) + \$(cat aborted) + \$(cat failed)))"
	expect 0 counters "$chan" failed
done
ok "$(total submitted) submitted: $(total completed) completed, $aborted aborted, each once; no wrong data"
requests_add_up "$engine" "$class"/dmachan-dma0chan*

# A client that polls copies the data itself, against resets by others. One client, as it
# does not yield its processor
dmatest_run devreset_dma 1 0 test_buf_size=262144 noverify=1 polled=1 channel=dma0chan0
race "resets of channel and engine, of a client that polls" 200 "${racers[0]}" \
	"engine:EALREADY:function>$engine/reset"
all_settled
dmatest_stop
dmesg >/run/log
grep -q "dmatest: Started" /run/log || fail "the log is not whole"
! grep "dma_sync_wait: timeout" /run/log || fail "it waited in vain"
grep -q "dmatest: .* result" /run/log || fail "nothing was cut off"
ok "it never waited in vain"

dmatest_run devreset_dma 1 100 test_buf_size=1024
expect "400 tests, 0 failures" dmatest_result 4
ok "DM6: afterwards it works as before"
unload
