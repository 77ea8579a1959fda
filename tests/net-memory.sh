#!/bin/bash
# A network adapter without memory: for its rings, for what it receives, for what it sends
# contracts: ND4
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed kmemleak=on slub_debug=A,kmalloc-*,skbuff_head_cache
# timeout: 120
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start max_recoveries=100
pages=/sys/kernel/debug/fail_page_alloc slabs=/sys/kernel/debug/failslab
stat_of() { ethtool -S "$nic" | awk -v k="$1:" '$1 == k { print $2 }'; }

# fail_for FAULT PERCENT: of all allocations that must not wait, or of those of this task.
# Of the slabs, only those named above: without memory for its own, dma_debug turns itself off
fail_for() {
	echo 0 >"$1/verbose"
	echo -1 >"$1/times"
	[ ! -e "$1/min-order" ] || echo 0 >"$1/min-order"
	[ ! -e "$1/cache-filter" ] || echo Y >"$1/cache-filter"
	echo "$2" >"$1/probability"
}

# --- each allocation of "up" and of "ethtool -G", in turn. Their tables are less than a page:
# vmalloc() would come in for larger ones

ethtool -G "$nic" rx 96 tx 96
fail_for $pages 0
fail_for $slabs 0
echo N >$pages/ignore-gfp-wait
echo N >$slabs/ignore-gfp-wait
n=$(python3 -IS "$tests/nth.py" rings "$nic") || fail "$n"
[ "$n" -ge 3 ] || fail "only $n allocations of new rings failed"
wait_for 10 answers
ok "no memory for new rings, $n times: the old ones stay"
ip link set "$nic" down
n=$(python3 -IS "$tests/nth.py" up "$nic") || fail "$n"
[ "$n" -ge 3 ] || fail "only $n allocations on the way up failed"
net_up
wait_for 10 answers
ok "no memory on the way up, $n times: it stays down, and comes up later"
echo Y >$pages/ignore-gfp-wait
echo Y >$slabs/ignore-gfp-wait

# --- no buffers

# A page whose buffers all come back serves again, so what comes is kept: by a socket that
# is not read. That takes a head for each, and those that are free are kept for it, too
echo 1000 >/sys/kernel/slab/skbuff_head_cache/min_partial
python3 -IS "$tests/hoard.py" keep 10.9.0.1 2000 >$dir/hoard 2>&1 &
hoard=$!
wait_for 30 grep -q ready $dir/hoard
ip netns exec peer python3 -IS "$tests/hoard.py" send 10.9.0.1 &
sender=$!
fail_for $pages 100
# What was left is used up: nothing comes any more, and the device drops it
runs_dry() {
	received=$(stat_of rx_packets)
	doze
	[ "$(stat_of rx_packets)" = "$received" ] && [ "$(reg 2810)" = "$(reg 2818)" ] && ! answers
}
wait_for 60 runs_dry
fail_for $pages 0
wait_for 20 answers
kill $sender $hoard
wait $sender $hoard || true
ok "it has no buffers, and receives again when there are some"
ip netns exec peer ping -q -f -s 1400 10.9.0.1 >/dev/null 2>&1 &
flood=$!

# --- none to pad a short packet, which is shared

echo Y >$slabs/task-filter
# Now the copy for the other one fails, now the padding, which needs memory if there was a copy
fail_for $slabs 50
python3 -IS - "$nic" <<'END'
import socket, sys
every = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
SO_RCVBUFFORCE = 33  # a packet that does not fit is not shared any more
every.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
    sock.bind((sys.argv[1], 0))
    with open("/proc/self/make-it-fail", "w") as file:
        file.write("1")
    for _ in range(2000):
        sock.send(bytes(15))
END
fail_for $slabs 0
echo N >$slabs/task-filter
[ "$(stat_of tx_refused)" -gt 100 ] || fail "only $(stat_of tx_refused) were refused"
ok "ND4: what cannot be sent for want of memory is counted"

# --- now and then none for a packet that was received

ping -q -f -s 1400 10.9.0.2 >/dev/null 2>&1 &
second=$!
dropped=$(stat_of rx_dropped)
fail_for $pages 30
fail_for $slabs 30
some_dropped() { [ "$(stat_of rx_dropped)" -gt $((dropped + 20)) ]; }
wait_for 60 some_dropped
fail_for $pages 0
fail_for $slabs 0
kill $flood $second
wait $flood $second || true
wait_for 20 answers
expect 0 eval "cat $class/net*/stats/hangs | sort -u"
expect 0 cat "$class/$function/stats/hangs"
# Where no page was to be had for its own tables, it has turned itself off
[ "$(</sys/kernel/debug/dma-api/disabled)" = N ] || echo "dma_debug has not seen all of it"
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: no memory for some packets: $(stat_of rx_dropped) dropped, handed $(paste -sd " " $dir/sum); that is no hang"
unload
