#!/bin/bash
# Of all packets that are handed over while a network adapter is being reset, each is sent or dropped, and counted once
# contracts: ND4
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000-82545em,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 240
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start reset_timeout_ms=60000 check_interval_ms=0
ip link set "$nic" down
before=$(handed 2>/dev/null)
ip link set "$nic" up
wait_for 10 carrier

# What is in no processor's own store counts; that of the poll function has 64 at most
skbs() {
	echo 1 >/sys/kernel/slab/skbuff_head_cache/shrink
	awk '$1 == "skbuff_head_cache" { print $2 }' /proc/slabinfo
}
skbs=$(skbs)

# More at a time than all take: it ends early when the carrier goes, as it does in the adapter's reset
packets=$(rounds 100000:1000000) total=0
race_begin "tx:EALREADY,EBUSY,EAGAIN,EIO:component>$class/$tx/reset+400" \
	"adapter:EALREADY,EBUSY,EAGAIN,EIO:component>$class/$adapter/reset+4000" \
	"function:EALREADY,EBUSY,EAGAIN,EIO:function>$class/$adapter/reset+10000"
# QEMU's device has sent a packet when it has been told of it: some are to stay in the ring.
# One that is broken anew before it has proved that it works has failed: EIO
break_it() {
	while sleep 0.5; do
		reg 400-2
	done
}
break_it &
breaker=$!
resets() { echo $(($(<"$class/$tx/stats/attempts") + $(<"$class/$adapter/stats/attempts") + $(<"$class/$function/stats/attempts"))); }
# On a fast machine that many packets meet few resets
while [ $total -lt "$packets" ] || [ "$(resets)" -le 20 ]; do
	wait_for 10 carrier
	pktgen "$nic" 100000 "$peer_mac" >/dev/null
	total=$((total + $(sed -n 's/.*pkts-sofar: \([0-9]*\) .*/\1/p' $dir/pktgen)))
done
kill $breaker
race_end "resets meanwhile"
resets=$(resets)
ip link set "$nic" down
after=$(handed 2>$dir/sum) || fail "$(cat $dir/sum) do not make $after"
expect $total echo $((after - before))
read -r _ sent _ dropped _ <$dir/sum
# All of these have arrived, once
heard() { in_peer cat "/sys/class/net/$peer/statistics/rx_packets"; }
all_heard() { [ "$(heard)" -ge "$sent" ]; }
wait_for 10 all_heard
expect "$sent" heard
[ "$dropped" -gt 500 ] || fail "the resets met only $dropped packets"
more=$(($(skbs) - skbs))
[ $more -lt $((dropped / 2)) ] || fail "$dropped packets were dropped, and $more are still there"
ok "ND4: $total packets, $resets resets: $(cat $dir/sum) of which all arrived; $more skbs more than before"

# The device is told of the last of several only (xmit_more): each of these is one skb
net_up
before=$(heard)
pktgen "$nic" 20000 "$peer_mac" 16 >/dev/null
sent=$((before + 20000))
wait_for 30 all_heard
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: 20000 packets in bursts all arrive: handed $(paste -sd " " $dir/sum)"
unload
