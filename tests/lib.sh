# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # variables are for those who source this
#
# What scenarios share. A scenario is tests/NAME.sh; scripts/vm.sh runs it as root
# in a guest. It begins with lines for the runner, all but the first optional:
#
#   # what it shows, in one line
#   # contracts: DR1 DR6           clauses it stands for
#   # qemu: -device edu            arguments for QEMU, may repeat
#   # append: iomem=relaxed        arguments for the kernel, may repeat
#   # timeout: 60                  seconds, on a fast machine (120)
#   # kernels: debug               where to run it (stock debug)
#
# then sources this file. DEVRESET_KERNEL tells which kernel it is on.

set -Eeuo pipefail
exec 3>&1
reset_said=''
trap 'fail "$BASH_SOURCE:$LINENO: $BASH_COMMAND: status $?${reset_said:+: $reset_said}"' ERR

class=/sys/class/devreset
pci=/sys/bus/pci/devices
tracing=/sys/kernel/tracing

# ok TEXT, fail TEXT: the outcome of one step; fail ends the scenario
ok() {
	reset_said=''
	echo "ok - $*"
}
fail() {
	trap - ERR
	echo "not ok - $*" >&3
	exit 1
}

# expect VALUE COMMAND...: the command prints exactly this
expect() {
	local want=$1 got status=0
	shift

	# A program that begins is the slowest thing there is in an emulated guest
	if [ "$1" = cat ] && [ $# = 2 ] && [ "$want" ]; then
		set -- read_file "$2"
	fi
	got=$("$@" 2>&1) || status=$?
	[ "$got" = "$want" ] || fail "$*: expected '$want', got '$got' (status $status)"
}

# read_file FILE: what "cat" would say, if it can be read
read_file() { local text && text=$(<"$1") && echo "$text"; }

# refused ERRNO COMMAND...: the command fails, with this error, such as EINVAL
# As scripts/vm.sh has found them out
declare -A strerror
# shellcheck source=/dev/null
[ ! -r /run/strerror ] || . /run/strerror
refused() {
	local want=$1 text got
	shift

	text=${strerror[$want]:-$(python3 -IS -c "import errno,os; print(os.strerror(errno.$want))")}
	if got=$("$@" 2>&1); then
		fail "$*: succeeded, expected $want"
	fi
	[[ $got == *"$text"* ]] || fail "$*: expected $want ($text), got '$got'"
}

# wait_for SECONDS COMMAND...: until the command succeeds; the seconds are those of
# a fast machine, and more on a slow one
wait_for() {
	local deadline=$((SECONDS + $1 * DEVRESET_SCALE + 1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "waited in vain for: $*"
		doze
	done
}

# doze: for a moment
exec {silence}<> <(:)
doze() { read -r -t 0.02 -u "$silence" || true; }

# put VALUE FILE: write a value to a file of sysfs, so that "refused" can watch it
put() { echo "$1" >"$2"; }

# slot_power PORT on|off: of the slot of a root port, by its slot control register; not
# through the kernel, which holds such accesses up while it resets what is below
slot_power() {
	local ecam devfn

	ecam=$(sed -n 's/^ *\([0-9a-f]*\)-.*PCI MMCONFIG 0000.*/\1/p' /proc/iomem | head -n 1)
	devfn=$((0x${1:8:2} << 15 | ${1:11:1} << 12))
	slot_express[$1]=${slot_express[$1]-$(lspci -vs "$1" | sed -n 's/.*\[\(..\)\] Express.*/\1/p')}
	python3 -IS "$DEVRESET_TOP/tests/reg.py" "/dev/mem@$(printf %x $((0x$ecam + devfn)))" \
		"$(printf %x $((0x${slot_express[$1]} + 0x18)))$([ "$2" = on ] && echo - || echo +)400"
}
declare -A slot_express

# reset NODE SCOPE: ask for a reset, or for "recover". Not from this very shell:
# a job of it that ends meanwhile would interrupt the wait, by SIGCHLD
reset() {
	reset_said=$({ echo "$2" >"$class/$1/reset"; } 2>&1) && return
	echo "$reset_said" >&2
	return 1
}

# dmesg [ARGUMENT...]: without arguments, from a program that starts sooner. That its
# reader has seen enough is no failure.
dmesg() {
	if [ $# = 0 ]; then
		busybox dmesg || true
	else
		/bin/dmesg "$@"
	fi
}

# is VALUE FILE: for wait_for
is() { [ "$(<"$2")" = "$1" ]; }

# above FILE NUMBER: for wait_for, such as "so many bytes have moved"
above() { [ "$(<"$1")" -gt "$2" ]; }

# load: the modules, in the order they need each other; load_dma: and devreset_dma,
# with which an edu has more nodes
load() {
	local module

	# Of the debug kernel, it is a part
	[ "$DEVRESET_KERNEL" = debug ] || modprobe usbcore
	for module in devreset devreset_pci devreset_usb devreset_net; do
		[ ! -e "$DEVRESET_MODDIR/$module.ko" ] || insmod "$DEVRESET_MODDIR/$module.ko"
	done
}
load_dma() { load && insmod "$DEVRESET_MODDIR/devreset_dma.ko"; }

unload() {
	local module

	for module in devreset_net devreset_dma devreset_usb devreset_pci devreset; do
		[ ! -e "/sys/module/$module" ] || rmmod "$module"
	done
}

# pci_of VENDOR:DEVICE [N]: address of the Nth such device, counted from 1
pci_of() {
	local n=${2-1} dev vendor device

	for dev in "$pci"/*; do
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		if [ "${vendor#0x}:${device#0x}" = "$1" ] && [ $((--n)) = 0 ]; then
			echo "${dev##*/}"
			return
		fi
	done
	return 1
}

# node NAME: its folder
node() { echo "$class/$1"; }

# qmp COMMAND: have QEMU do one thing, such as
#   qmp '{"execute": "device_del", "arguments": {"id": "x"}}'
# and print what it answered. Fails when that is an error.
qmp_lock=/run/qmp.lock
qmp() {
	local id=$BASHPID-$SRANDOM line

	exec {qmp_fd}<>"$qmp_lock"
	flock "$qmp_fd"
	# The greeting comes in pieces, at a time when nobody listens, and the
	# port may have echoed some of it: \xff has QEMU forget what it read so
	# far, the first command opens the session, all look for their own answer
	if [ ! -s "$qmp_lock" ]; then
		echo open >&"$qmp_fd"
		echo $'\xff{"execute": "qmp_capabilities"}' >&8
	fi
	echo "{\"id\": \"$id\", ${1#\{}" >&8
	while read -r -t 120 -u 8 line; do
		[[ $line == *"\"id\": \"$id\""* ]] || continue
		exec {qmp_fd}>&-
		echo "$line"
		[[ $line != *'"error":'* ]]
		return
	done
	exec {qmp_fd}>&-
	fail "no answer to $1"
}

# record_uevents FILE: write every event that the kernel sends from now on to a
# file: a line with action and path, a line for each variable, an empty line
record_uevents() {
	: >"$1"
	python3 -IS "$DEVRESET_TOP/tests/uevents.py" "$1" &
	wait_for 30 grep -q listening "$1"
}

# trace_on EVENT..., such as devreset or sched/sched_switch; trace_off; trace
# prints what was recorded
trace_on() {
	local event

	echo >$tracing/trace
	for event in "$@"; do
		echo 1 >"$tracing/events/$event/enable"
	done
	echo 1 >$tracing/tracing_on
}
trace_off() {
	echo 0 >$tracing/tracing_on
	echo 0 >$tracing/events/enable
}
trace() { grep -v '^#' $tracing/trace || true; }

# factorial ADDRESS N: have that edu compute it, and print the result
factorial() { echo "$2" >"$pci/$1/factorial" && cat "$pci/$1/factorial"; }

# stats NODE: its counters that are not 0, such as "attempts=1 quiesced=1"; not how
# long it was down, which no test knows
stats() {
	local file value words=()

	for file in "$class/$1/stats"/*; do
		value=$(<"$file")
		[ "$value" = 0 ] || [ "${file##*/}" = downtime_ms ] || words+=("${file##*/}=$value")
	done
	echo "${words[*]}"
}

# last NODE: how its last request ended: status, scope, attempts, cured_by, reason
last() {
	local file words=()

	for file in status scope attempts cured_by reason; do
		words+=("$(<"$class/$1/last/$file")")
	done
	echo "${words[*]}"
}

# policy NODE NAME=VALUE...: set some of its numbers
policy() {
	local node=$1 setting
	shift

	for setting; do
		echo "${setting#*=}" >"$class/$node/policy/${setting%%=*}"
	done
}

# uevents FILE NODE: what record_uevents has written about the node, a line for
# each event that is devreset's own: state, scope, status, reason
uevents() {
	awk -v node="$2" -v RS= -F '\n' '
		{
			split("", env)
			for (i = 2; i <= NF; i++) {
				key = $i
				sub(/=.*/, "", key)
				env[key] = substr($i, length(key) + 2)
			}
		}
		$1 ~ "^change@" && env["DEVRESET_NODE"] == node {
			print env["DEVRESET_STATE"], env["DEVRESET_SCOPE"], \
				env["DEVRESET_STATUS"], env["DEVRESET_REASON"]
		}' "$1"
}

# steps [EGREP]: what was traced, without process and time: "reset node=x ..."
steps() { trace | sed -n 's/.*: devreset_\([a-z]*: .*\)/\1/p' | sed 's/: / /' | grep -E "${1-.}" || true; }

# logged REGEX: how many lines of the kernel's log match
logged() { dmesg | grep -c "$1" || true; }

# expect_warn REGEX: the next step makes the kernel WARN, once
expect_warn() { echo "devreset-expect-warn: $1" >/dev/kmsg; }

# rounds N[:MANY]: N, or with SOAK so many more, else a hundred times N
race_seconds=$((120 * DEVRESET_SCALE))
[ -z "${SOAK-}" ] || race_seconds=1000000
rounds() {
	local many=$((${1%:*} * 100))

	[[ $1 != *:* ]] || many=${1#*:}
	[ -n "${SOAK-}" ] && echo "$many" || echo "${1%:*}"
}

# race TEXT ROUNDS RACER...: see rounds above, and tests/race.py
race() {
	local text=$1 rounds
	rounds=$(rounds "$2")
	shift 2

	python3 -IS "$DEVRESET_TOP/tests/race.py" $race_seconds "$rounds" "$@" >/run/race 2>&1 ||
		fail "$text: $(cat /run/race)"
	ok "$text, $rounds rounds: $(tr '\n' ';' </run/race)"
}

# race_begin RACER..., race_end TEXT: the same, for as long as something else takes
race_begin() {
	python3 -IS "$DEVRESET_TOP/tests/race.py" $race_seconds 1000000000 "$@" >/run/race 2>&1 &
	racer=$!
}
race_end() {
	kill "$racer" || fail "$1: $(cat /run/race)"
	wait "$racer" || fail "$1: $(cat /run/race)"
	ok "$1: $(tr '\n' ';' </run/race)"
}

# dmatest_run DEVICE THREADS ITERATIONS PARAMETER...: have the kernel's dmatest do that
# on every channel of the device, so many threads for each, from now on
dmatest_run() {
	local device=$1 threads=$2 iterations=$3
	shift 3

	dmesg -C
	# It takes its parameters for what they are when it comes to "run"
	insmod "$DEVRESET_MODDIR/dmatest.ko" timeout=$((5000 * DEVRESET_SCALE)) \
		device="$device" threads_per_chan="$threads" iterations="$iterations" "$@" run=1
}

# dmatest_result THREADS: wait until all of the last dmatest_run have done, and print
# the sums of what they say: "N tests, N failures"
dmatest_over() { [ "$(dmesg | grep -c 'dmatest: .*: summary ')" = "$1" ]; }
dmatest_result() {
	wait_for 60 dmatest_over "$1"
	rmmod dmatest
	dmesg | sed -n 's/.*: summary \([0-9]*\) tests, \([0-9]*\) failures.*/\1 \2/p' |
		awk '{ tests += $1; failures += $2 } END { print tests " tests, " failures " failures" }'
}

# dmatest_stop: have the last dmatest_run end after the transfers in hand, and unload it.
# A thread that is stopped in the middle of one frees its buffers, and terminates it then.
dmatest_stop() {
	local param=/sys/module/dmatest/parameters

	echo 1 >$param/iterations
	# It takes all parameters anew when a channel is asked for, which need not be one.
	! echo none 2>/dev/null >$param/channel || fail "there is a channel of that name"
	cat $param/wait >/dev/null
	rmmod dmatest
}

# hmp WORD...: a command for people of QEMU's monitor; prints the answer
hmp() { qmp "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"$*\"}}"; }

# aer_inject ARGUMENT...: as for QEMU's pcie_aer_inject_error
aer_inject() { hmp pcie_aer_inject_error "$@" | grep -q '"return": "OK'; }

# all_settled: soon, nothing is claimed, and nothing is recovering any more
settled() { ! grep -Eq ' claimed| dying| recovering' /sys/kernel/debug/devreset/tree; }
all_settled() {
	wait_for 120 settled
	ok "no claim is left"
}

# requests_add_up NODE...: each request was joined, or succeeded, or failed
requests_add_up() {
	local n

	for n in "$@"; do
		expect "$(cat "$n/stats/requests")" sh -c \
			"echo \$((\$(cat $n/stats/joined) + \$(cat $n/stats/successes) + \$(cat $n/stats/failures)))"
	done
	ok "every request ended"
}
