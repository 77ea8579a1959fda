#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the KUnit suites on the debug kernel, and have the kernel's own kunit.py read
# what they report.
#
#   scripts/kunit.sh [module...]     all, or those named, such as devreset_dma_test
#
# Ends with "N passed, N failed", of test cases. A case that crashed or never ran,
# a suite that did not report, a leak and a complaint of the kernel all fail.

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	jobs -pr | xargs -r kill 2>/dev/null || true
	wait
	pool_close
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 143' TERM
pool_open $(($(nproc) + 1))

parser=$("$top/scripts/kernel.sh" source)/tools/testing/kunit/kunit.py
"$top/scripts/build.sh" -k debug -o "$tmp/modules"
mapfile -t modules < <(cd "$tmp/modules" && ls -r devreset_*_test.ko)
[ $# = 0 ] || modules=("${@/%/.ko}")
[ ${#modules[@]} != 0 ] || die "no suites were built"

# run MODULE: on a machine of its own
run() {
	local module=$1 name=${1%.ko} start=$EPOCHSECONDS result=ok pid

	mkdir "$tmp/$module"
	cp "$tmp/modules/"devreset{,_dma}.ko "$tmp/modules/$module" "$tmp/$module"
	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 143' TERM
	DEVRESET_MODDIR=$tmp/$module DEVRESET_LOG=$tmp/$module/log \
		"$top/scripts/vm.sh" -k debug "$top/scripts/kunit-guest.sh" >"$tmp/$module/out" 2>&1 &
	pid=$!
	wait "$pid" || result="not ok"
	[ "$result" != ok ] || remember "kunit-$name" $((EPOCHSECONDS - start))
	[ "$result" = ok ] || keep_log "kunit-$name" "$tmp/$module/out"
	pool_end "$name" "$result" "$name (debug, $((EPOCHSECONDS - start)) s)"
	[ "$result" = ok ]
}

# Most of what they do is to wait. The longest come first: rules and races, if that is
# not known yet, the last by name.
mapfile -t modules < <(for module in "${modules[@]}"; do
	echo "$(took "kunit-${module%.ko}" 0) $module"
done | sort -s -k 1,1nr | cut -d ' ' -f 2)
pool_sums ${#modules[@]} 0 0
bad=0 pids=()
for module in "${modules[@]}"; do
	pool_begin "${module%.ko}"
	run "$module" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || bad=1
done
# KUnit numbers suites anew for each module; what comes before is no report
awk 'FNR == 1 { on = 0 }
	{ sub(/^\[ *[0-9.]*\] /, "") }
	/^ +KTAP version / { on = 1 }
	/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "ok " ++n) }
	on { print }' "$tmp"/*/log >"$tmp/plain"
suites=$(grep -c '^    # Subtest: ' "$tmp/plain" || true)
if [ "$suites" -lt ${#modules[@]} ]; then
	echo "${#modules[@]} modules with suites, but only $suites suites reported"
	bad=1
fi

# Suites in modules report one by one; the head that makes them one report is ours
PYTHONDONTWRITEBYTECODE=1 "$parser" parse \
	< <(printf 'KTAP version 1\n1..%s\n' "$suites"; cat "$tmp/plain") >"$tmp/report" || bad=1
mkdir -p "$logs"
cp "$tmp/report" "$logs/kunit.report"
if [ $bad = 0 ]; then
	grep -E '===.*\[|\[SKIPPED\]|Testing complete' "$tmp/report" || true
else
	cat "$tmp/report"
fi
echo "The whole report is $logs/kunit.report"

# count WORD...: of the report's last line
count() {
	local word total=0 n

	for word; do
		n=$(sed -n "s/.*Testing complete.*$word: \([0-9]*\).*/\1/ip" "$tmp/report")
		total=$((total + ${n:-0}))
	done
	echo "$total"
}
passed=$(count passed)
failed=$(count failed crashed errors)
if [ "$failed" = 0 ] && { [ $bad = 1 ] || [ "$passed" = 0 ]; }; then
	failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
