#!/bin/bash
# A million descriptors, cut off at random from softirq: each ends exactly once, and none writes afterwards
# contracts: DM1 DM2 DM3 DM5
# append: kmemleak=on
# devices: still
# timeout: 100

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
descriptors=$([ "$DEVRESET_KERNEL" = debug ] && echo 100000 || echo 1000000)
dmesg -C
insmod "$DEVRESET_MODDIR/devreset_dma_flood.ko" descriptors="$descriptors" seed="${SEED:-0}" ||
	fail "$(dmesg)"
said=$(dmesg | sed -n 's/.*devreset_dma_flood: //p')
read -r submitted _ completed _ aborted _ wrong _ < <(grep ' submitted, ' <<<"$said")
echo "$said"
[ "$submitted $wrong" = "$descriptors 0" ] || fail "some went wrong"
expect "$descriptors" echo $((completed + aborted))
ok "as many completed and aborted as submitted, each once"

# It was no easy game: both happened by the thousand, and some were caught at it
read -r terminates _ partly _ < <(grep ' terminates, ' <<<"$said")
[ "$completed" -gt $((descriptors / 20)) ] || fail "few completed"
[ "$aborted" -gt $((descriptors / 20)) ] || fail "few aborted"
[ "$terminates" -gt 500 ] || fail "few terminates"
[ "$partly" -gt $((descriptors / 50000)) ] || fail "hardly any was cut off in the middle"
ok "with $terminates terminates"

total() { cat /sys/class/dma/dma0chan*/devreset/"$1" | awk '{ sum += $1 } END { print sum }'; }
expect "$descriptors" total submitted
expect "$completed" total completed
expect "$aborted" total aborted
expect 0 total failed
ok "the channels have counted the same"
rmmod devreset_dma_flood
unload
