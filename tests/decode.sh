#!/bin/bash
# An edu whose memory decode is off is found, reset and alive again, and all that tells of it is exact
# contracts: DR2 DR6 DR8 DR11 DR13 ND5 ND9 ND14
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=edu-$edu function=pci-$edu
dumps=/sys/class/devcoredump
policy "$member" check_interval_ms=200 probation_ms=2000

# The states that poll() wakes somebody up for, until it is healthy again
watch_state() {
	python3 -IS - "$class/$1/state" <<'END' >"$2" &
import select, sys

poll, seen = select.poll(), []
with open(sys.argv[1]) as state:
    poll.register(state, select.POLLPRI)
    while len(seen) < 2 or seen[-1] != "healthy":
        state.seek(0)
        now = state.read().strip()
        if not seen or seen[-1] != now:
            seen.append(now)
            print(now, flush=True)
        elif not poll.poll(60000):
            sys.exit("no event")
END
	watcher=$!
	wait_for 30 grep -q healthy "$2"
}

# break_decode: as a fault of the device would
break_decode() { setpci -s "$edu" COMMAND=0:2; }

# The steps of one recovery, in their order: $1 the reason
expected_steps() {
	cat <<-END
	check node=$member status=-5
	state node=$member from=healthy to=recovering
	request node=$member scope=recover status=0 reason="$1"
	claim node=$function status=0
	quiesce node=$member status=-5
	quiesce node=$function status=0
	reset node=$function status=0 flags=0x1
	restore node=$function status=0
	restore node=$member status=0
	resume node=$function told=0 status=0
	resume node=$member told=-5 status=0
	check node=$function status=0
	check node=$member status=0
	state node=$member from=recovering to=probation
	done node=$member scope=function status=0 attempts=1
	END
}

# What was traced, but for the checks of an idle device that go on afterwards
until_done() { steps . | sed '/^phase/d; /^done/q'; }

# recovered REASON N: for the Nth time, and everything says so
recovered() {
	expect ok cat "$pci/$edu/liveness"
	expect 3628800 factorial "$edu" 10
	ok "DR8: alive: the liveness register and a factorial work"

	expect "hangs=$2 quiesced=$2 requests=$2 successes=$2" stats "$member"
	expect "attempts=$2 quiesced=$2" stats "$function"
	expect "" stats "$bus"
	ok "DR6: every counter of $member, $function and $bus is exact"

	expect "0 function 1 $function $1" last "$member"
	[ "$(<"$class/$member/last/duration_us")" -gt 1000 ] || fail "duration_us"
	expect "0 none 0 none none" last "$function"
	ok "DR8: last/* say what happened"

	wait_for 30 [ ! -e "/proc/$watcher" ]
	expect "healthy recovering probation healthy" paste -sd ' ' "/run/states-$2"
	trace_off
	ok "DR8: poll() on state woke for recovering, probation and healthy"

	expect "$(expected_steps "$1")" until_done
	expect "state node=$member from=probation to=healthy" steps to=healthy
	ok "ND5: every step was traced, in its order"

	expect "recovering recover -115 $1
probation function 0 $1" uevents "/run/uevents-$2" "$member"
	expect "" uevents "/run/uevents-$2" "$function"
	ok "ND5: one uevent when it began and one when it ended, with all five keys"

	expect 1 count "$dumps"/devcd*
	# What nobody answers reads as all ones, or in QEMU's bridges as 0
	expect "id liveness factorial status irq_status dma_command submitted completed" \
		paste -sd ' ' <(sed 's/: .*//' "$dumps"/devcd*/data)
	grep -Eqx "id: 0x(0{8}|f{8})" "$dumps"/devcd*/data
	expect "$(readlink -f "$pci/$edu")" readlink -f "$dumps"/devcd*/failing_device
	ok "DR13: one device coredump, with the registers as they were before the reset"
}
count() { echo $#; }

# prepare N: forget what was before, and watch what comes
prepare() {
	local dump

	for dump in "$dumps"/devcd*; do
		[ ! -e "$dump" ] || echo 0 >"$dump/data"
	done
	record_uevents "/run/uevents-$1"
	watch_state "$member" "/run/states-$1"
	trace_on devreset
}

bus=$(basename "$(readlink "$class/$function/reset_parent")")
[[ $bus == pcibus-* ]] || fail "above $function is $bus"
expect "function platform" cat "$class/$member/supported"
expect 40320 factorial "$edu" 8
ok "an edu behind a root port: $member below $function below $bus"

prepare 1
break_decode
before=$(<"$pci/$edu/replayed")
expect dead cat "$pci/$edu/liveness"
expect 479001600 factorial "$edu" 12
expect $((before + 1)) cat "$pci/$edu/replayed"
ok "ND14: a hang with a factorial outstanding; its writer got the result"
recovered "registers do not answer" 1

prepare 2
break_decode
policy "$member" check_idle=1
wait_for 30 is 2 "$class/$member/stats/successes"
policy "$member" check_idle=0
ok "ND9: a hang of an idle device is found with check_idle"
recovered "registers do not answer" 2

unload
expect 0 grep -c . <(ls "$class" 2>/dev/null || true)
ok "and all is gone with the modules"
