#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the KUnit suites on user-mode Linux: natively, with nothing emulated, and with time
# that jumps over all sleep. For after each change: scripts/kunit.sh has the checkers,
# a second processor, faults in allocations and modules, all of which this has not.
#
#   scripts/kunit-um.sh [-v] [suite...]     "devreset_" may be left out, as in "rules"
#
# -v  print what each suite reports, not only what is wrong
#
# The kernel's own kunit.py configures, builds and reads the reports. The first build takes
# some minutes, and is kept for other copies of this repository; then it takes seconds.
# Ends with "N passed, N failed, N skipped", of test cases.

. "$(dirname "$0")/common.sh"

verbose=''
[ "${1-}" != -v ] || { verbose=1; shift; }

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	jobs -pr | xargs -r kill 2>/dev/null || true
	wait
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 143' TERM

export PYTHONDONTWRITEBYTECODE=1
export KBUILD_BUILD_USER=devreset KBUILD_BUILD_HOST=devreset KBUILD_BUILD_TIMESTAMP='2000-01-01'
source=$("$top/scripts/kernel.sh" source)
key=$({ cat "$top/kunit/.kunitconfig"; gcc --version; } | sha256sum | cut -c1-12)
base=$cache/kernel/$(basename "$source")-um-$key
tree=$("$top/scripts/intree.sh")

# kunit ACTION: in the tree's folder .kunit
kunit() {
	(cd "$tree" && tools/testing/kunit/kunit.py "$1" --kunitconfig drivers/devreset/kunit/.kunitconfig \
		--build_dir .kunit ${2+"--jobs=$2"}) >"$tmp/$1" 2>&1 </dev/null ||
		{ cat "$tmp/$1" >&2; die "$1 failed"; }
}

# One build at a time in this tree, and only one of the first that others copy
exec {lock}>"$tree.lock" {base_lock}>"$base.lock"
flock "$lock"
flock "$base_lock"
[ ! -d "$base" ] || exec {base_lock}>&-
if [ ! -e "$tree/.kunit/linux" ] && [ -d "$base" ]; then
	rm -rf "$tree/.kunit"
	cp -a --reflink=auto "$base" "$tree/.kunit"
fi
kunit config
kunit build "$(nproc)"
if [ ! -d "$base" ]; then
	# What others make of their own files is no older than those
	rm -rf "$base.new"
	cp -a --reflink=auto "$tree/.kunit" "$base.new"
	rm -rf "$base.new/drivers/devreset"
	mv "$base.new" "$base"
	exec {base_lock}>&-
fi
grep -A3 -E 'warning:|error:' "$tmp/build" | grep -v '/ld: ' || true
cp "$tree/.kunit/linux" "$tmp/linux"
exec {lock}>&-

mapfile -t suites < <(sed -n '/^static struct kunit_suite/,/};/s/^\t\.name = "\(.*\)",/\1/p' "$top"/kunit/*_test.c)
[ $# = 0 ] || suites=("${@/#devreset_/}")
suites=("${suites[@]/#devreset_/}")

# A kernel for each, which is up in no time: no WARN_ONCE() has been used up. Its output goes
# to a file, as it loses some when a pipe is full.
bad=0
run() {
	local log=$tmp/log.$1 status=0

	mkdir "$tmp/$1"
	TMPDIR=$tmp/$1 timeout -k 5 100 "$tmp/linux" mem=256M console=tty time-travel kunit_shutdown=halt \
		kunit.enable=1 "kunit.filter_glob=devreset_$1" >"$log" 2>&1 </dev/null || status=$?
	if [ $status = 124 ]; then
		echo "not ok - $1: no end after 100 seconds"
	elif ! "$top/scripts/splat.py" "$log" >"$tmp/wrong.$1"; then
		echo "not ok - $1: the kernel complained:"
		cat "$tmp/wrong.$1"
	elif ! grep -qE "^(not )?ok 1 devreset_$1\>" "$log"; then
		echo "not ok - $1: no report"
		tail -n 30 "$log"
	else
		return 0
	fi
	return 1
}
running=0
for suite in "${suites[@]}"; do
	if [ $running -ge "$(nproc)" ]; then
		wait -n || bad=$((bad + 1))
		running=$((running - 1))
	fi
	run "$suite" &
	running=$((running + 1))
done
while [ $running != 0 ]; do
	wait -n || bad=$((bad + 1))
	running=$((running - 1))
done

# One report of them all
for suite in "${suites[@]}"; do
	cat "$tmp/log.$suite"
done | awk '/^ +KTAP version / { on = 1 }
	/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "ok " ++n); print; on = 0 }
	on { print }' >"$tmp/plain"
"$tree/tools/testing/kunit/kunit.py" parse \
	< <(printf 'KTAP version 1\n1..%s\n' ${#suites[@]}; cat "$tmp/plain") >"$tmp/report" 2>&1 || bad=$((bad + 1))
if [ "$verbose" ] || [ $bad != 0 ]; then
	cat "$tmp/report"
else
	sed -n 's/^ *ok [0-9]* \([a-z0-9_]*\) # SKIP \(.*\)/skipped: \1: \2/p' "$tmp/plain"
fi

# count WORD...: of the report's last line
count() {
	local word total=0 n

	for word; do
		n=$(sed -n "s/.*Testing complete.*$word: \([0-9]*\).*/\1/ip" "$tmp/report")
		total=$((total + ${n:-0}))
	done
	echo "$total"
}
passed=$(count passed) failed=$(count failed crashed errors)
[ "$failed" != 0 ] || failed=$bad
[ "$passed" != 0 ] || [ "$failed" != 0 ] || [ "$(count skipped)" != 0 ] || failed=1
echo "$passed passed, $failed failed, $(count skipped) skipped"
[ "$failed" = 0 ]
