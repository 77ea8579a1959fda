#!/bin/bash
# No reset starts between suspend and resume; a hang seen meanwhile is handled after; who asks meanwhile gets EBUSY
# contracts: DR5 DR12
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1

. "${DEVRESET_TOP-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-ram.sh"

if [ -z "${IN_RAM-}" ]; then
	load
	from_ram /bin/lspci /bin/setpci
fi

edu=$(pci_of 1234:11e8) port=$(pci_of 1b36:000c)
member=edu-$edu function=pci-$edu
echo 1 >/sys/module/suspend/parameters/pm_test_delay

# Names of the events, in their order; "asleep" and "awake" around when user space stands still
story() {
	trace | sed -n 's/.*: devreset_\([a-z]*\): .*/\1/p
		s/.*suspend_resume: freeze_processes.* end$/asleep/p
		s/.*suspend_resume: thaw_processes.* begin$/awake/p'
}
# Nothing may have happened to the hardware in between
quiet() {
	story >/run/story
	grep -q asleep /run/story
	expect "" eval "sed -n '/^asleep/,/^awake/p' /run/story | grep -E '^(claim|quiesce|reset|restore|resume|check)$'"
}

expect 120 factorial "$edu" 5
for level in freezer devices core; do
	trace_on devreset power/suspend_resume
	suspend $level
	trace_off
	expect 3628800 factorial "$edu" 10
	expect ok cat "$pci/$edu/liveness"
	expect healthy cat "$class/$member/state"
	expect "" stats "$member"
	quiet
done
ok "DR12: edu works after a suspend of every depth; that is no hang"

# --- a hang

policy "$member" check_interval_ms=100 probation_ms=0
n=0
for level in devices core; do
	n=$((n + 1))
	trace_on devreset power/suspend_resume
	setpci -s "$edu" COMMAND=0:2
	policy "$member" check_interval_ms=1000 check_idle=1
	suspend $level
	wait_for 30 is $n "$class/$member/stats/successes"
	trace_off
	quiet
	[ "$(sed '/^asleep/q' /run/story | grep -c ^reset)" = 0 ] || fail "it was found too early"
	wait_for 30 is healthy "$class/$member/state"
	policy "$member" check_interval_ms=100 check_idle=0
	expect 3628800 factorial "$edu" 10
	expect "hangs=$n quiesced=$n requests=$n successes=$n" stats "$member"
	ok "DR12: $level: a device that hangs while the machine is suspended is cured after"
done

# --- a ladder under way

policy "$function" max_attempts=100 retry_interval_ms=100
setpci -s "$port" COMMAND=0:2
trace_on devreset power/suspend_resume
factorial "$edu" 11 >/run/result 2>&1 &
writer=$!
wait_for 30 eval "steps ^reset | grep -q ."
suspend devices
quiet
wait_for 30 eval "story | sed '1,/^awake/d' | grep -q ^reset"
setpci -s "$port" COMMAND=2:2
wait_for 30 is healthy "$class/$member/state"
trace_off
expect $((n + 1)) cat "$class/$member/stats/successes"
wait $writer || fail "the writer did not survive: $(</run/result)"
expect 39916800 cat /run/result
ok "DR12: a ladder that is under way pauses while the machine is suspended, and goes on after; so does who waits for it"

# --- whoever asks

# Asks all the time, and writes down what it is told
ask() {
	until [ -e /run/stop ]; do
		echo function >"$class/$member/reset" && echo "success" >&2
	done 2>"$1"
}
for i in 1 2 3; do
	ask /run/told-$i &
done
wait_for 30 grep -q success /run/told-1
trace_on devreset power/suspend_resume
for ((round = 0; round < 20; round++)); do
	suspend freezer
	! grep -q busy /run/told-[123] || break
done
trace_off
touch /run/stop
wait
[ $round -lt 20 ] || fail "nobody was told EBUSY: $(sort /run/told-[123] | uniq -c)"
expect "" grep -hvE "success|busy|already|Interrupted" /run/told-1 /run/told-2 /run/told-3
expect 3628800 factorial "$edu" 10
(echo function >"$class/$member/reset")
expect healthy cat "$class/$member/state"
ok "DR5, DR12: who asks for a reset then is told EBUSY, and gets it after"
unload
