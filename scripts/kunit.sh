#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the KUnit suites on the debug kernel, and have the kernel's own kunit.py read
# what they report.
#
#   scripts/kunit.sh
#
# Ends with "N passed, N failed", of test cases. A case that crashed or never ran,
# a suite that did not report, a leak and a complaint of the kernel all fail.

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	jobs -pr | xargs -r kill 2>/dev/null || true
	wait
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 143' TERM
start=$EPOCHSECONDS

parser=$("$top/scripts/kernel.sh" source)/tools/testing/kunit/kunit.py
"$top/scripts/build.sh" -k debug -o "$tmp/modules"
mapfile -t modules < <(cd "$tmp/modules" && ls -r devreset_*_test.ko)
[ ${#modules[@]} != 0 ] || die "no suites were built"

# A machine for each, two at a time, as most of what they do is to wait; the longest,
# rules and races, are the last by name
bad=0 running=0
for module in "${modules[@]}"; do
	mkdir "$tmp/$module"
	cp "$tmp/modules/"devreset{,_dma}.ko "$tmp/modules/$module" "$tmp/$module"
	if [ $running = 2 ]; then
		wait -n || bad=1
		running=1
	fi
	DEVRESET_MODDIR=$tmp/$module DEVRESET_LOG=$tmp/$module/log \
		"$top/scripts/vm.sh" -k debug "$top/scripts/kunit-guest.sh" &
	running=$((running + 1))
done
while [ $running != 0 ]; do
	wait -n || bad=1
	running=$((running - 1))
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
cat "$tmp/report"

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
echo "Took $((EPOCHSECONDS - start)) s"
if [ "$failed" = 0 ] && { [ $bad = 1 ] || [ "$passed" = 0 ]; }; then
	failed=1
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
