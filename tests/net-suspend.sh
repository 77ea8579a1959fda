#!/bin/bash
# Suspends of a network adapter against resets: what was set up before is there after
# contracts: ND13 DR12
# qemu: -netdev hubport,id=h0,hubid=0 -device pcie-root-port,id=rp1,chassis=1 -device e1000,bus=rp1,netdev=h0,romfile=
# qemu: -netdev hubport,id=h1,hubid=0 -device virtio-net-pci,netdev=h1,romfile=
# append: no_console_suspend iomem=relaxed
# timeout: 60

. "${DEVRESET_TOP-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/net.sh"
. "$DEVRESET_TOP/tests/lib-ram.sh"

if [ -z "${IN_RAM-}" ]; then
	net_start reset_timeout_ms=60000 max_recoveries=100
	ethtool -s "$nic" wol g
	from_ram /bin/ping /sbin/ip
fi
net_names devreset_net
echo 0 >/sys/module/suspend/parameters/pm_test_delay

suspend devices
wait_for 10 carrier
wait_for 10 answers
ok "it works after a suspend"
ip link set "$nic" down
suspend devices
# RDH and RDT: to wake the machine it looked at frames, with no buffer to write them to
bar=$(cut -d ' ' -f 1 "$pci/$slot/resource" | head -n 1)
expect "$(devmem $((bar + 0x2818)))" devmem $((bar + 0x2810))
ip link set "$nic" up
wait_for 10 carrier
wait_for 10 answers
ok "and when it was down meanwhile"

# The rehearsal takes no power: what that would take, we do
net_policy check_interval_ms=0
# ITR VET RAL RAH VFTA TADV RXCSUM
registers="0xc4 0x38 0x5400 0x5404 0x5600 0x382c 0x5000"
values() {
	local at

	for at in $registers; do
		devmem $((bar + at))
	done
}
values >/run/before
for at in $registers; do
	devmem $((bar + at)) 32 0
done
[ "$(values | sort -u)" = 0x00000000 ] || fail "not lost: $(values)"
suspend devices
wait_for 10 carrier
values | cmp - /run/before || fail "not what it was before: $(values | paste -sd ' '), $(paste -sd ' ' /run/before)"
wait_for 10 answers
net_policy check_interval_ms=2000
ok "ND2: what was lost in a suspend is there again"

# resets NODE SCOPE [COMMAND...]: all the time, the command in between, and what they ended with
resets() {
	local node=$1 scope=$2
	shift 2

	until [ -e /run/stop ]; do
		echo "$scope" >"$class/$node/reset" && echo "success: $scope" >&2
		"$@"
	done 2>>/run/told
}
# After one of the function it takes a while to have the link again
rest() { read -r -t 1 -u "$silence" || true; }
resets "$adapter" component &
resets "$tx" component &
resets "$adapter" function rest &
successes() { grep -c success /run/told || true; }
more_successes() { [ "$(successes)" -gt "$before" ]; }
n=$(rounds 10:1000) refused=0 before=0
for ((i = 0; i < n; )); do
	wait_for 10 more_successes
	before=$(successes)
	# A reset that is under way may refuse it
	if suspend devices 2>/run/suspend; then
		i=$((i + 1))
	else
		grep -qE 'busy|unavailable' /run/suspend || fail "$(</run/suspend)"
		refused=$((refused + 1))
	fi
done
wait_for 30 grep -q "success: function" /run/told
touch /run/stop
wait
expect "" grep -vE 'success|busy|already|Interrupted|unavailable' /run/told
ip link set "$nic" up
wait_for 10 carrier
wait_for 10 answers
all_settled
functions=$(grep -c "success: function" /run/told)
ok "$n suspends against $(successes) resets, $functions of them of the function ($refused refused)"
unload
