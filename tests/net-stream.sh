#!/bin/bash
# TCP connections both ways survive resets of every scope; nothing is corrupted, and every packet is counted once
# contracts: ND2 ND4
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: iomem=relaxed
# timeout: 150
# kernels: stock

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"

net_start check_interval_ms=0
serve flow.py 10.9.0.2 5001

python3 -IS "$tests/flow.py" stream 10.9.0.2 5001 $dir/enough 5 >$dir/stream 2>&1 &
stream=$!
python3 -IS "$tests/flow.py" serve 10.9.0.1 5002 >$dir/server 2>&1 &
wait_for 30 grep -q listening $dir/server
in_peer python3 -IS "$tests/flow.py" stream 10.9.0.1 5002 $dir/enough 5 >$dir/back 2>&1 &
back=$!
wait_for 30 grep -q streaming $dir/stream
wait_for 30 grep -q streaming $dir/back
# Most are of the ring to send from: after the others, QEMU's device receives nothing for a
# second. SOAK=1: as many of each
resets=$(rounds 200:1000) turns=(0 10 15 45 49) received=/sys/class/net/$nic/statistics/rx_bytes
for ((i = 0; i < resets; i++)); do
	case $([ "${SOAK-}" ] && echo "${turns[i % 5]}" || echo $((i % 50))) in
	10 | 20 | 30 | 40) reset "$rx" component ;;
	15 | 25 | 35) reset "$adapter" component ;;
	45) reset "$adapter" function ;;
	49) reset "$adapter" platform ;;
	*) reset "$tx" component ;;
	esac
	[ -z "${SOAK-}" ] || wait_for 60 above "$received" "$(<"$received")"
done
touch $dir/enough
wait $stream || fail "the TCP connection: $(cat $dir/stream)"
wait $back || fail "the TCP connection from the peer: $(cat $dir/back)"
ok "two TCP connections have survived $resets resets: to the peer $(tail -n 1 $dir/stream), from it $(tail -n 1 $dir/back)"

# iperf3: a reset while it sends, and while it receives
iperf_up
# and nothing is found wrong with one that is busy, however often it is looked at
net_policy check_interval_ms=100
for way in tx rx; do
	before=$(<"/sys/class/net/$nic/statistics/${way}_bytes")
	iperf3 -c 10.9.0.2 -n 40M -J "$([ $way = tx ] && echo --no-delay || echo --reverse)" >$dir/iperf &
	client=$!
	wait_for 30 above "/sys/class/net/$nic/statistics/${way}_bytes" $((before + 4000000))
	reset "$adapter" component
	wait $client || fail "iperf3, $way: $(cat $dir/iperf)"
	python3 -IS -c 'import json, sys
end = json.load(sys.stdin)["end"]
assert end["sum_received"]["bytes"] > 30e6, end' <$dir/iperf
done
expect 0 eval "cat $class/net*/stats/hangs | sort -u"
ok "iperf3 ends well when the adapter is reset in the middle"
ip link set "$nic" down
handed >$dir/sum 2>&1 || fail "$(cat $dir/sum)"
ok "ND4: handed $(paste -sd " " $dir/sum)"
unload
