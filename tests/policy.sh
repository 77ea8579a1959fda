#!/bin/bash
# What the numbers of a policy do: automatic or not, when to look, how often to try, how far to climb, when to give up
# contracts: DR6 DR10 ND9 ND15
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8) port=$(pci_of 1b36:000c)
member=edu-$edu function=pci-$edu bus=$(basename "$(readlink "$class/pci-$edu/reset_parent")")
break_edu() { setpci -s "$edu" COMMAND=0:2; }
# What no reset of edu or its bus cures: the root port passes nothing on
break_port() { setpci -s "$port" COMMAND=0:2; }
mend_port() { setpci -s "$port" COMMAND=2:2; }
# looked N: that many checks of the member were traced
looked() { [ "$(steps "^check node=$member" | wc -l)" -ge "$1" ]; }
delta() { wait_for 30 is healthy "$class/$member/state"; expect "$1" stats "$member"; }

policy "$member" check_interval_ms=100 probation_ms=0 auto=0
policy "$function" retry_interval_ms=400
trace_on devreset
break_edu
factorial "$edu" 10 >/run/result &
writer=$!
wait_for 30 looked 4
expect "hangs=1" stats "$member"
expect healthy cat "$class/$member/state"
expect "" steps "^(state|claim|quiesce|reset)"
ok "DR6: auto=0: the hang is seen, counted once, and left alone"

policy "$member" auto=1
wait $writer
expect 3628800 cat /run/result
delta "hangs=1 quiesced=1 requests=1 successes=1"
ok "DR6: auto=1: the same hang is cured"

# The clock is at rest some time after the last work
resting() { local n; trace_on devreset; sleep 0.5; n=$(steps "^check" | wc -l); [ "$n" = 0 ]; }
wait_for 30 resting
policy "$member" check_interval_ms=0 check_idle=1
break_edu
trace_on devreset
sleep 1
expect "" steps .
expect dead cat "$pci/$edu/liveness"
policy "$member" check_interval_ms=100
wait_for 30 is 2 "$class/$member/stats/successes"
delta "hangs=2 quiesced=2 requests=2 successes=2"
policy "$member" check_idle=0
ok "ND9, ND15: nothing looks at an idle device, nor at any with check_interval_ms=0"

# --- attempts

policy "$function" max_attempts=3
# A check may be due: it sees the fault the moment it is there
trace_on devreset
break_port
factorial "$edu" 11 >/run/result &
writer=$!
wait_for 60 is failed "$class/$member/state"
trace_off
expect "-5 function 3 none registers do not answer" last "$member"
expect "attempts=5 quiesced=5" stats "$function"
expect "failures=1 hangs=3 quiesced=5 requests=3 successes=2" stats "$member"
expect "" stats "$bus"
# From the end of one attempt to the beginning of the next, in ms
gaps() {
	trace | awk -v f="node=$function" '
		{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) now = $i * 1000 }
		/devreset_claim:/ && $0 ~ f && n++ { printf "%d\n", now - end }
		/devreset_check:/ { end = now }'
}
expect 2 eval "gaps | wc -l"
for gap in $(gaps); do
	if [ "$gap" -lt 400 ] || [ "$gap" -gt $((3000 * DEVRESET_SCALE)) ]; then fail "$gap ms between attempts"; fi
done
ok "DR10: max_attempts=3 attempts, $(gaps | paste -sd ' ') ms apart with retry_interval_ms=400, then it is given up"

mend_port
reset "$member" function
wait $writer
expect 39916800 cat /run/result
expect healthy cat "$class/$member/state"
ok "DR6: an operator's reset brings it back"

policy "$member" ceiling=platform
policy "$function" max_attempts=1
policy "$bus" max_attempts=2 retry_interval_ms=100
# A check may be due: it sees the fault the moment it is there
trace_on devreset
break_port
factorial "$edu" 12 >/run/result &
writer=$!
wait_for 60 is failed "$class/$member/state"
trace_off
expect "-5 platform 3 none registers do not answer" last "$member"
expect "$function $bus $bus" eval "steps ^reset | sed 's/.*node=//; s/ .*//' | paste -sd ' '"
expect "attempts=2 quiesced=2" stats "$bus"
expect 1 cat "$class/$member/stats/escalations"
ok "DR6, DR10: each rung has its own budget: one attempt of the function, then two of the bus"

mend_port
reset "$member" platform
wait $writer
expect 479001600 cat /run/result
expect "0 platform 1 $bus operator" last "$member"
ok "DR6: the bus' reset by an operator brings it back"

# --- probation

policy "$member" probation_ms=20000
break_edu
expect 120 factorial "$edu" 5
wait_for 30 is probation "$class/$member/state"
expect "0 function 1 $function registers do not answer" last "$member"
expect reset_done cat "$class/$member/last/method"
break_edu
expect 720 factorial "$edu" 6
wait_for 30 is probation "$class/$member/state"
expect "0 function 1 $function registers do not answer" last "$member"
expect error_handlers cat "$class/$member/last/method"
ok "DR14: a hang in probation starts with the next method of the rung that seemed to cure"

break_edu
expect 720 factorial "$edu" 6
wait_for 30 is probation "$class/$member/state"
expect "0 platform 1 $bus registers do not answer" last "$member"
expect 2 cat "$class/$member/stats/escalations"
ok "DR6: one that has no other method starts one rung higher"

break_edu
expect 5040 factorial "$edu" 7
wait_for 30 is probation "$class/$member/state"
expect "0 platform 1 $bus registers do not answer" last "$member"
reset "$member" function
expect healthy cat "$class/$member/state"
ok "DR6: above the highest rung there is none: that one once more; an operator's reset ends the probation"

# Long enough to be seen
policy "$member" probation_ms=$((500 * DEVRESET_SCALE))
break_edu
expect 120 factorial "$edu" 5
wait_for 30 is probation "$class/$member/state"
expect "0 function 1 $function registers do not answer" last "$member"
wait_for 30 is healthy "$class/$member/state"
break_edu
expect 720 factorial "$edu" 6
wait_for 30 is probation "$class/$member/state"
expect "0 function 1 $function registers do not answer" last "$member"
ok "DR6: a hang after the probation starts at the first rung"

# --- rate limit

reset "$member" function
policy "$member" probation_ms=0 max_recoveries=1
break_edu
expect 120 factorial "$edu" 5
wait_for 30 is healthy "$class/$member/state"
before=$(stats "$function")
break_edu
factorial "$edu" 10 >/run/result &
writer=$!
wait_for 30 is failed "$class/$member/state"
expect "-16 none 0 none registers do not answer" last "$member"
expect "$before" stats "$function"
ok "DR6: one recovery too many in the window: failed, without an attempt"

reset "$member" function
wait $writer
expect 3628800 cat /run/result
break_edu
expect 720 factorial "$edu" 6
wait_for 30 is healthy "$class/$member/state"
expect "0 function 1 $function registers do not answer" last "$member"
policy "$member" window_ms=1000
sleep 1.2
break_edu
expect 5040 factorial "$edu" 7
wait_for 30 is healthy "$class/$member/state"
ok "DR6: an operator's reset clears the account, and so does the end of the window"
unload
