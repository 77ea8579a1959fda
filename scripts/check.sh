#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that must pass before a change is good.
#
#   [T=name] scripts/check.sh [quick]
#
# T=name: only that scenario, on the kernels it is meant for. quick: in a few minutes, what
# is most likely to tell: checkers for what has changed since SINCE (HEAD^), the suites on
# user-mode Linux, six scenarios on the stock kernel.
#
# All parts share the processors; a line tells each end. Ends with the sum of all parts:
# "N passed, N failed".

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
kernel_pid=''
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[ -z "$kernel_pid" ] || kill -- "-$kernel_pid" 2>/dev/null || true
	jobs -pr | xargs -r kill 2>/dev/null || true
	wait
	pool_close
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Before each line that is printed on a terminal, whose last tells of progress
clear=''
[ ! -t 1 ] || clear=$'\r\e[K'

parts=()
declare -A shown
# part NAME COMMAND...: beside the others; its last line says how many passed and failed
part() {
	local name=$1
	shift

	parts+=("$name")
	mkfifo "$tmp/$name.fifo"
	tee "$tmp/$name.out" <"$tmp/$name.fifo" |
		sed -u "/^[0-9]* passed, [0-9]* failed/d; s/^/$clear/" &
	shown[$name]=$!
	{
		trap 'kill $(jobs -pr) 2>/dev/null; wait; exit 143' TERM
		status=0 start=$EPOCHSECONDS
		"$@" >"$tmp/$name.fifo" 2>&1 &
		wait $! || status=$?
		echo "$status $((EPOCHSECONDS - start))" >"$tmp/$name.status"
	} &
}

# sum_up PART...: when they have ended
passed=0 failed=0 skipped=0
sum_up() {
	local name status took good bad

	for name; do
		status=1 took=0 good=0 bad=0
		read -r status took <"$tmp/$name.status" || true
		if [[ $(tail -n 1 "$tmp/$name.out") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
			good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
			skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
		fi
		[ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
		# Once more in one place, as there may be much above
		if [ "$bad" != 0 ]; then
			{ grep -aE '^not ok - |\[(FAILED|CRASHED)\]' "$tmp/$name.out" || echo "status $status"; } |
				sort -u | sed "s/^/$name: /"
		fi
		echo "== $name: $good good, $bad bad, $took s"
		passed=$((passed + good)) failed=$((failed + bad))
	done
}

# meant_for KERNEL: is the scenario that was asked for?
meant_for() {
	local kernels

	kernels=$(sed -n '/^[^#]/q; s/^# kernels: *//p' "$top/tests/$T.sh")
	[[ " ${kernels:-$1} " == *" $1 "* ]]
}

# What the README shows first
demo() {
	local start result=ok

	pool_sums 1 0 0
	pool_begin demo
	start=$EPOCHSECONDS
	"$top/scripts/demo.sh" >"$tmp/demo" 2>&1 || result="not ok"
	pool_end demo "$result" "demo (stock, $((EPOCHSECONDS - start)) s)"
	if [ "$result" = ok ]; then
		echo "1 passed, 0 failed"
	else
		keep_log demo "$tmp/demo"
		echo "0 passed, 1 failed"
	fi
}

"$top/scripts/setup.sh"
# Where many wait at once, one more than there are processors keeps these at work
pool_open "${JOBS:-$(($(nproc) + 1))}"
export -n T
if [ "${1-}" = quick ]; then
	part lint env "SINCE=${SINCE:-HEAD^}" "$top/scripts/lint.sh" gcc_stock checkpatch kernel_doc shellcheck \
		python text contracts
	part kunit-um "$top/scripts/kunit-um.sh"
	part stock env KERNEL=stock "$top/scripts/vm-test.sh" net-faults usb-io dma-reset managed decode tree
elif [ "${T-}" ]; then
	[ -e "$top/tests/$T.sh" ] || die "no scenario tests/$T.sh"
	for kernel in stock debug; do
		! meant_for $kernel || part $kernel env KERNEL=$kernel "$top/scripts/vm-test.sh" "$T"
	done
else
	# The first time it takes minutes, which all that needs it not can use
	setsid "$top/scripts/kernel.sh" debug >/dev/null 2>&1 &
	kernel_pid=$!
	part splat "$top/scripts/splat.py" --self-test
	part kunit "$top/scripts/kunit.sh"
	part debug env KERNEL=debug "$top/scripts/vm-test.sh"
	part lint "$top/scripts/lint.sh"
	part stock env KERNEL=stock "$top/scripts/vm-test.sh"
	part demo demo
fi
for name in "${parts[@]}"; do
	wait "${shown[$name]}" || true
	while [ ! -e "$tmp/$name.status" ]; do sleep 0.1; done
done
kernel_pid=''

printf %s "$clear"
sum_up "${parts[@]}"
echo "It took $((EPOCHSECONDS - $(cut -d ' ' -f 4 "$DEVRESET_POOL/sums"))) s"
echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ "$failed" = 0 ]
