#!/bin/bash
# The smallest driver, samples/minimal.c: its device hangs while work is outstanding, and is recovered
# contracts: DR6 ND9 ND10 ND15

. "${DEVRESET_TOP:-.}/tests/lib.sh"

insmod "$DEVRESET_MODDIR/devreset.ko"
insmod "$DEVRESET_MODDIR/devreset_minimal.ko"
device=/sys/devices/platform/devreset_minimal hang=/sys/module/devreset_minimal/parameters/hang
policy minimal check_interval_ms=100 probation_ms=0
expect healthy cat $class/minimal/state
expect function cat $class/minimal/supported
echo 1 >$device/job
expect "" stats minimal
ok "a device that works is left alone"

trace_on devreset
echo 1 >$hang
echo 1 >$device/job
recovered() { [ "$(last minimal)" = "0 function 1 minimal does nothing" ]; }
wait_for 30 recovered
wait_for 30 is healthy $class/minimal/state
trace_off
expect N cat $hang
expect "attempts=1 hangs=1 quiesced=1 requests=1 successes=1" stats minimal
expect "$(cat <<-END
	request node=minimal scope=recover status=0 reason="does nothing"
	quiesce node=minimal status=0
	reset node=minimal status=0 flags=0x0
	resume node=minimal told=0 status=0
	done node=minimal scope=function status=0 attempts=1
	END
)" steps "^(request|quiesce|reset|resume|done) "
ok "ND10, DR6: a device that hangs is found, reset once, and works"

reset minimal function
expect "0 function 1 minimal operator" last minimal
ok "an operator's reset"

rmmod devreset_minimal
[ ! -e $class/minimal ] || fail "the node is left behind"
ok "the node goes with its driver"
unload
