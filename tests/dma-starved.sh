#!/bin/bash
# A channel whose thread is not run for seconds has not hung; async_tx takes no channel
# contracts: DM2 ND14
# devices: still
# timeout: 60
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"

# async_tx, for raid456, takes all public channels when it is loaded, and when they come
modprobe async_tx
load_dma
for chan in /sys/class/dma/dma0chan*; do
	expect 0 cat "$chan/in_use"
done
dmatest_run devreset_dma 1 5 test_buf_size=512
expect "20 tests, 0 failures" dmatest_result 4
rmmod devreset_dma
ok "async_tx takes no channel: any client may have them all, and the module may go"
insmod "$DEVRESET_MODDIR/devreset_dma.ko"

# The client on one processor; on the other one the channel's thread, and for 3 s a task
# that lets nothing else run
chan=dmachan-dma0chan0
policy $chan check_interval_ms=100
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
dmatest_run devreset_dma 1 0 test_buf_size=8192 timeout=60000 channel=dma0chan0
thread=$(pgrep -x dma0chan0)
client=$(pgrep -f dma0chan0-copy0)
taskset -p 1 "$client" >/dev/null
taskset -p 2 "$thread" >/dev/null
taskset -p 1 $$ >/dev/null
completed() { cat /sys/class/dma/dma0chan0/devreset/completed; }
more_completed() { [ "$(completed)" -gt "$before" ]; }
before=$(completed)
wait_for 20 more_completed
taskset 2 chrt -f 99 python3 -IS -c '
import time
end = time.monotonic() + 3
while time.monotonic() < end:
    pass'
before=$(completed)
wait_for 20 more_completed
dmatest_stop
dmesg >/run/log
grep -q "dmatest: Started" /run/log || fail "the log is not whole"
! grep "dmatest: .* result" /run/log || fail "a transfer has failed"
expect "" stats $chan
ok "DM2, ND14: no hang is found in a thread that is not run, and all data is right"
unload
