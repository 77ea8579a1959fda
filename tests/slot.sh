#!/bin/bash
# Two edu are functions of one slot: no function can be reset alone, the ladder goes on to the bus if it may
# contracts: DR2 DR5 DR6 DR8 DR11 DR16
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1,multifunction=on,addr=0.0
# qemu: -device edu,bus=rp1,addr=0.1

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8 1) sibling=$(pci_of 1234:11e8 2)
member=edu-$edu function=pci-$edu
bus=$(basename "$(readlink "$class/$function/reset_parent")")
expect "$bus" basename "$(readlink "$class/pci-$sibling/reset_parent")"

# Keeps the sibling at work: one line for each wrong result
work() {
	local n=0

	until [ -e /run/stop ]; do
		[ "$(factorial "$sibling" 10)" = 3628800 ] || echo "factorial $n"
		n=$((n + 1))
		echo $n >/run/done
	done >/run/wrong 2>&1
}
# How far it is now; the file is empty at the moment of being written
progress() { local n=; until [ "$n" ]; do n=$(</run/done); done; echo "$n"; }
further() { [ "$(progress)" -gt "$1" ]; }

# siblings_stats N: quiesced N times, and nothing else
sibling_stats() {
	expect "quiesced=$1" stats "edu-$sibling"
	expect "quiesced=$1" stats "pci-$sibling"
	expect healthy cat "$class/edu-$sibling/state"
}

for node in "$member" "$function"; do
	expect platform cat "$class/$node/supported"
	refused EOPNOTSUPP reset "$node" function
	refused EOPNOTSUPP reset "$node" component
	expect "failures=2 requests=2" stats "$node"
	expect "-95 none 0 none operator" last "$node"
done
expect "" stats "edu-$sibling"
ok "DR8, DR5: a function of a shared slot says that it cannot be reset alone; nothing was touched"

work &
wait_for 30 [ -s /run/done ]
policy "$member" check_interval_ms=200 probation_ms=0 ceiling=platform
policy "edu-$sibling" ceiling=platform
trace_on devreset
setpci -s "$edu" COMMAND=0:2
expect 3628800 factorial "$edu" 10
wait_for 30 is healthy "$class/$member/state"
trace_off
expect "0 platform 1 $bus registers do not answer" last "$member"
expect "escalations=1 failures=2 hangs=1 quiesced=1 requests=3 successes=1" stats "$member"
expect "failures=2 quiesced=1 requests=2" stats "$function"
expect "attempts=1 quiesced=1" stats "$bus"
ok "DR6: with ceiling=platform the ladder found the function impossible, and reset the bus once"

expect "$(cat <<-END
	quiesce node=edu-$sibling status=0
	quiesce node=pci-$sibling status=0
	restore node=pci-$sibling status=0
	restore node=edu-$sibling status=0
	resume node=pci-$sibling told=0 status=0
	resume node=edu-$sibling told=0 status=0
	END
)" steps "^(quiesce|restore|resume) node=...-$sibling"
sibling_stats 1
ok "DR2: the healthy sibling was stopped and started again, once, and told that all is well"

wait_for 30 further $(($(progress) + 2))
expect "" cat /run/wrong
ok "DR2: it lost nothing, and works on"

policy "$member" ceiling=function final=isolate
record_uevents /run/uevents
recorder=$!
setpci -s "$edu" COMMAND=0:2
factorial "$edu" 11 >/run/result &
writer=$!
wait_for 30 is failed "$class/$member/state"
expect "-95 none 0 none registers do not answer" last "$member"
expect "escalations=1 failures=3 hangs=2 quiesced=1 requests=4 successes=1" stats "$member"
sibling_stats 1
ok "DR6: with ceiling=function it ends in failed, nothing was touched"

# Nothing more happens by itself: for ten checks' time
trace_on devreset
sleep 2
# The sibling, which is at work, may be looked at on a slow machine
expect "" eval "steps . | grep -v '^check node=edu-$sibling status=0'"
expect failed cat "$class/$member/state"
refused EOPNOTSUPP reset "$member" function
refused EOPNOTSUPP reset "$member" recover
expect failed cat "$class/$member/state"
sibling_stats 1
ok "DR6: nor does anything more"

wait_for 30 grep -q '^DEVRESET_STATE=failed$' /run/uevents
kill $recorder
wait $recorder || true
expect DEVRESET_METHODS=platform eval "grep ^DEVRESET_METHODS= /run/uevents | sort -u"
ok "DR16: the event of that names the scope that was not tried"

# isolated FUNCTION: neither DMA nor interrupts
isolated() { [ $((0x$(setpci -s "$1" COMMAND) & 4)) = 0 ] && [ $((0x$(setpci -s "$1" CAP_MSI+2.w) & 1)) = 0 ]; }
isolated "$edu" || fail "not isolated"
! isolated "$sibling" || fail "isolated"
[ "$(logged "$member: failed, and isolated")" -ge 1 ] || fail "not in the log"
put "pci $edu" $class/manage
policy "$function" check_interval_ms=100
sleep 1
isolated "$edu" || fail "not isolated any more"
expect healthy cat "$class/$function/state"
put "pci $edu" $class/unmanage
ok "DR16: with final=isolate it can neither write to memory nor interrupt, and what is above it does not change that"

reset "$member" platform
! isolated "$edu" || fail "isolated"
expect healthy cat "$class/$member/state"
wait $writer
expect 39916800 cat /run/result
expect ok cat "$pci/$edu/liveness"
expect "0 platform 1 $bus operator" last "$member"
sibling_stats 2
ok "DR2: an operator's platform reset brings it back, and completes what was outstanding"

wait_for 30 further $(($(progress) + 2))
touch /run/stop
wait
expect "" cat /run/wrong
expect "$(<"$pci/$sibling/submitted")" cat "$pci/$sibling/completed"
ok "DR2: all of the sibling's factorials were right: $(progress) of them"
unload
