#!/bin/bash
# The kernel's own dmatest finds no fault with the soft channels, in any size and number
# contracts: DM6
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
channels=4
# What counts is done on a fast kernel; the other one has more to say about each
many() { [ "$DEVRESET_KERNEL" = debug ] && echo $(($1 / 10)) || echo "$1"; }

sum=0
# check TEXT THREADS ITERATIONS PARAMETER...: every one of so many threads for each
# channel does so many transfers, and none fails
check() {
	local text=$1 threads=$2 iterations=$3 want
	shift 3

	want=$((channels * threads * iterations))
	dmatest_run devreset_dma "$threads" "$iterations" "$@"
	expect "$want tests, 0 failures" dmatest_result $((channels * threads))
	sum=$((sum + want))
	ok "$text: $want transfers"
}

check "memcpy, 16 KiB" 1 "$(many 200)"
check "memcpy, 16 threads for a channel" 16 "$(many 100)" test_buf_size=512
check "memcpy, 256 bytes" 4 "$(many 3000)" test_buf_size=256
check "memcpy, not verified" 4 "$(many 2600)" noverify=1 test_buf_size=1024
check "memcpy, always the whole buffer" 2 "$(many 100)" norandom=1 test_buf_size=4096
check "memcpy, polled" 1 "$(many 500)" polled=1 test_buf_size=512
check "memcpy, 1 byte" 1 "$(many 500)" test_buf_size=256 transfer_size=1
check "memcpy, 1 MiB, the most" 1 1 norandom=1 test_buf_size=1048576
check "memcpy, up to 64 KiB" 1 20 test_buf_size=65536
check "memset" 2 "$(many 500)" dmatest=1 test_buf_size=2048
check "memset, 16 threads for a channel" 16 "$(many 100)" dmatest=1 test_buf_size=512
check "memset, 1 byte" 1 "$(many 100)" dmatest=1 test_buf_size=256 transfer_size=1

for chan in /sys/class/dma/dma*chan*/devreset; do
	expect "$(<"$chan/submitted")" cat "$chan/completed"
	expect "0 0 0" sh -c "cd $chan && echo \$(cat aborted failed lost)"
done
ok "$sum transfers in all, as many completed as submitted"
unload
ok "and all is gone with the modules"

load
for n in 0 64; do
	insmod "$DEVRESET_MODDIR/devreset_dma.ko" channels=$n
	expect $n sh -c "ls -d $class/dmachan-dma* 2>/dev/null | wc -l"
	rmmod devreset_dma
done
for n in 65 -1 x; do
	said=$(! insmod "$DEVRESET_MODDIR/devreset_dma.ko" channels=$n 2>&1)
	[[ $said == *"Invalid parameters"* ]] || fail "channels=$n: $said"
done
[ ! -e /sys/module/devreset_dma ] || fail "it stayed"
unload
ok "0 to 64 channels; nothing else"
