#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that must pass before a change is good.
#
#   scripts/check.sh
#
# Ends with the sum of all parts: "N passed, N failed".

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
kernel_pid='' part_pid=''
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[ -z "$kernel_pid" ] || kill -- "-$kernel_pid" 2>/dev/null || true
	[ -z "$part_pid" ] || { kill "$part_pid" && wait "$part_pid"; } 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

passed=0 failed=0

# part NAME COMMAND...: its last line says how many passed and failed
part() {
	local name=$1 start=$EPOCHSECONDS status=0 good=0 bad=0
	shift

	echo "== $name"
	"$@" >"$tmp/out" 2>&1 &
	part_pid=$!
	wait "$part_pid" || status=$?
	part_pid=
	if [[ $(tail -n 1 "$tmp/out") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
		sed -i '$d' "$tmp/out"
	fi
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	cat "$tmp/out"
	if [ "$bad" != 0 ]; then
		{ grep -aE '^not ok - |\[(FAILED|CRASHED)\]' "$tmp/out" || echo "status $status"; } |
			sort -u | sed "s/^/$name: /" >>"$tmp/bad"
	fi
	echo "== $name: $good good, $bad bad, $((EPOCHSECONDS - start)) s"
	passed=$((passed + good)) failed=$((failed + bad))
}

"$top/scripts/setup.sh"
# The first time it takes minutes, which the stock kernel's scenarios can use
setsid "$top/scripts/kernel.sh" debug >/dev/null 2>&1 &
kernel_pid=$!

part splat "$top/scripts/splat.py" --self-test
# Where no checker is at work, half of the time passes with waiting
part stock env KERNEL=stock T= JOBS="${JOBS:-$(($(nproc) + 1))}" "$top/scripts/vm-test.sh"
part lint "$top/scripts/lint.sh"
part kunit "$top/scripts/kunit.sh"
kernel_pid=''
part debug env KERNEL=debug T= "$top/scripts/vm-test.sh"

# Once more in one place, as the logs above are long
[ ! -e "$tmp/bad" ] || cat "$tmp/bad"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
