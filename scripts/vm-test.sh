#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run scenarios, each in a virtual machine of its own, and sum up.
#
#   [KERNEL=stock|debug] [JOBS=n] [T=name] scripts/vm-test.sh [name...]
#
# Without names: all in tests/ that are meant for this kernel. JOBS is how many
# machines run at once (as many as there are processors). Prints a line for each
# scenario, what the failed ones had to say, and "N passed, N failed".
# SOAK=1 has the scenarios go on for as long as they are let; see tests/lib.sh.

. "$(dirname "$0")/common.sh"

kernel=${KERNEL:-stock}
jobs=${JOBS:-$(nproc)}
names=("$@")
[ -z "${T-}" ] || names+=("$T")

# meant_for_this FILE: its head names this kernel, or none
meant_for_this() {
	local kernels

	kernels=$(sed -n '/^[^#]/q; s/^# kernels: *//p' "$1")
	[[ " ${kernels:-$kernel} " == *" $kernel "* ]]
}

# The longest come first, so that none runs alone in the end
all() {
	local file

	for file in "$top"/tests/*.sh; do
		if ! [ -x "$file" ] || ! meant_for_this "$file"; then
			continue
		fi
		echo "$(sed -n '/^[^#]/q; s/^# timeout: *//p' "$file" | grep . || echo 120)" \
			"$(basename "$file" .sh)"
	done | sort -k 1,1nr -k 2 | cut -d ' ' -f 2
}
[ ${#names[@]} != 0 ] || mapfile -t names < <(all)

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	local pids

	mapfile -t pids < <(jobs -p)
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One build serves all, and stays what it is should the source change meanwhile
export DEVRESET_MODDIR=$tmp/modules
"$top/scripts/build.sh" -k "$kernel" -o "$DEVRESET_MODDIR"

run() {
	local name=$1 start=$EPOCHSECONDS result=ok why='' pid last

	# The machine must end when this does
	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 143' TERM
	"$top/scripts/vm.sh" -k "$kernel" "$top/tests/$name.sh" >"$tmp/$name.out" 2>&1 &
	pid=$!
	wait "$pid" || result="not ok"
	if [ "$result" != ok ]; then
		touch "$tmp/$name.failed"
		why=$(sed -n '/^not ok - /{s//: /p;q}; /^No end after/{s/^/: /p;q}
			/^The \(kernel complained\|guest died\)/{N;s/\n/ /;s/^/: /p;q}' "$tmp/$name.out")
		last=$(sed -n '/^--- kernel log/q; s/^ok - //p' "$tmp/$name.out" | tail -n 1 | cut -c 1-80)
		why+=" (after: ${last:-nothing})"
	fi
	echo "$result - $name ($kernel, $((EPOCHSECONDS - start)) s)$why"
}

running=0
for name in "${names[@]}"; do
	[ -e "$top/tests/$name.sh" ] || die "no scenario tests/$name.sh"
	if [ "$running" -ge "$jobs" ]; then
		wait -n
		running=$((running - 1))
	fi
	run "$name" &
	running=$((running + 1))
done
wait

failed=0
for name in "${names[@]}"; do
	[ -e "$tmp/$name.failed" ] || continue
	failed=$((failed + 1))
	echo "=== $name ($kernel)"
	cat "$tmp/$name.out"
done
echo "$((${#names[@]} - failed)) passed, $failed failed"
[ $failed = 0 ] && [ ${#names[@]} != 0 ]
