#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run scenarios, each in a virtual machine of its own, and sum up.
#
#   [KERNEL=stock|debug] [JOBS=n] [T=name] scripts/vm-test.sh [--repeat N] [name...]
#
# Without names: all in tests/ that are meant for this kernel. JOBS is how many
# machines run at once (as many as there are processors). Prints a line for each
# scenario as it ends, the last lines of what the failed ones had to say, and "N passed,
# N failed". SOAK=1 has the scenarios go on for as long as they are let; see tests/lib.sh.
#
# --repeat N  run each N times, one after the other. How often each was run and failed is
#             added up in a file in the cache, over all such runs, and printed as a table.

. "$(dirname "$0")/common.sh"

kernel=${KERNEL:-stock}
repeat=''
if [ "${1-}" = --repeat ]; then
	repeat=$2
	shift 2
fi
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
	local file limit

	for file in "$top"/tests/*.sh; do
		if ! [ -x "$file" ] || ! meant_for_this "$file"; then
			continue
		fi
		limit=$(sed -n '/^[^#]/q; s/^# timeout: *//p' "$file")
		echo "$(took "$kernel-$(basename "$file" .sh)" "${limit:-120}") $(basename "$file" .sh)"
	done | sort -k 1,1nr -k 2 | cut -d ' ' -f 2
}
[ ${#names[@]} != 0 ] || mapfile -t names < <(all)
for name in "${names[@]}"; do
	[ -e "$top/tests/$name.sh" ] || die "no scenario tests/$name.sh"
done

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	local pids

	mapfile -t pids < <(jobs -p)
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	pool_close
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

units=()
for ((i = 1; i <= ${repeat:-1}; i++)); do
	for name in "${names[@]}"; do
		units+=("$name${repeat:+.$i}")
	done
done
pool_open "${JOBS:-$(nproc)}"
pool_sums ${#units[@]} 0 0

# One build serves all, and stays what it is should the source change meanwhile
export DEVRESET_MODDIR=$tmp/modules
"$top/scripts/build.sh" -k "$kernel" -o "$DEVRESET_MODDIR"

run() {
	local unit=$1 name=${1%.*} start=$EPOCHSECONDS result=ok why='' pid last

	# The machine must end when this does
	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 143' TERM
	"$top/scripts/vm.sh" -k "$kernel" "$top/tests/$name.sh" >"$tmp/$unit.out" 2>&1 &
	pid=$!
	wait "$pid" || result="not ok"
	if [ "$result" != ok ]; then
		touch "$tmp/$unit.failed"
		why=$(sed -n '/^not ok - /{s//: /p;q}; /^No end after/{s/^/: /p;q}
			/^The \(kernel complained\|guest died\|end of the\)/{N;s/\n/ /;s/^/: /p;q}' "$tmp/$unit.out")
		last=$(sed -n '/^--- kernel log/q; s/^ok - //p' "$tmp/$unit.out" | tail -n 1 | cut -c 1-80)
		why+=" (after: ${last:-nothing})"
	else
		[ "${SOAK-}" ] || remember "$kernel-$name" $((EPOCHSECONDS - start))
	fi
	pool_end "$name ($kernel)" "$result" "$unit ($kernel, $((EPOCHSECONDS - start)) s)" "$why"
}

pids=()
for unit in "${units[@]}"; do
	pool_begin "${unit%.*} ($kernel)"
	run "$unit" &
	pids+=($!)
done
wait "${pids[@]}" || true

failed=0
for unit in "${units[@]}"; do
	[ -e "$tmp/$unit.failed" ] || continue
	failed=$((failed + 1))
	keep_log "$kernel-$unit" "$tmp/$unit.out"
done

# A line for each scenario: its name, how often it ran, how often it failed
if [ "$repeat" ]; then
	table=$cache/repeat-$kernel
	mkdir -p "$cache"
	touch "$table"
	for unit in "${units[@]}"; do
		echo "${unit%.*} 1 $([ -e "$tmp/$unit.failed" ] && echo 1 || echo 0)"
	done | cat "$table" - | awk '{ ran[$1] += $2; failed[$1] += $3 }
		END { for (name in ran) print name, ran[name], failed[name] }' | sort >"$tmp/table"
	cp "$tmp/table" "$table"
	echo "=== all runs with --repeat on $kernel, from $table"
	awk '{ printf "%-20s %4d runs %4d failed\n", $1, $2, $3 }' "$table"
fi
echo "$((${#units[@]} - failed)) passed, $failed failed"
[ $failed = 0 ] && [ ${#units[@]} != 0 ]
