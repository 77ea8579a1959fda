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
trap 'rm -rf "$tmp"' EXIT
start=$EPOCHSECONDS

parser=$("$top/scripts/kernel.sh" source)/tools/testing/kunit/kunit.py
export DEVRESET_MODDIR=$tmp/modules DEVRESET_LOG=$tmp/log
"$top/scripts/build.sh" -k debug -o "$DEVRESET_MODDIR"
modules=$(find "$DEVRESET_MODDIR" -name 'devreset_*_test.ko' | wc -l)
[ "$modules" != 0 ] || die "no suites were built"

bad=0
"$top/scripts/vm.sh" -k debug "$top/scripts/kunit-guest.sh" || bad=1
# KUnit numbers suites anew for each module; what comes before is no report
sed 's/^\[ *[0-9.]*\] //' "$DEVRESET_LOG" |
	awk '/^ +KTAP version / { on = 1 }
		/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "ok " ++n) }
		on { print }' >"$tmp/plain"
suites=$(grep -c '^    # Subtest: ' "$tmp/plain" || true)
if [ "$suites" -lt "$modules" ]; then
	echo "$modules modules with suites, but only $suites suites reported"
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
