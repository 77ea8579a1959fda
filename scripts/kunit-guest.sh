#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What scripts/kunit.sh runs in the guest: every suite, each on a core of its own, in
# which no WARN_ONCE() has been used up.
# append: kmemleak=on
# devices: still
# timeout: 900

. "$DEVRESET_TOP/tests/lib.sh"

# Let faults be injected into allocations that may sleep, too
echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
# ... and say nothing of it: they are hundreds
echo 0 >/sys/kernel/debug/failslab/verbose
# insmod waits uninterruptibly for each case; KUnit itself gives up after 300 s
echo 310 >/proc/sys/kernel/hung_task_timeout_secs

# Rounds of a race are a few to see it happen, and many to find what is rare
long=
[ -z "${SOAK-}" ] || long=iterations=1000

for module in "$DEVRESET_MODDIR"/devreset_*_test.ko; do
	insmod "$DEVRESET_MODDIR/devreset.ko"
	name=$(basename "$module" .ko) tested=
	# What it tests, if that is not the core alone
	[ "$name" != devreset_dma_test ] || tested=devreset_dma
	[ -z "$tested" ] || insmod "$DEVRESET_MODDIR/$tested.ko"
	if [ "$name" = devreset_race_test ]; then
		insmod "$module" $long
	else
		insmod "$module"
	fi
	# shellcheck disable=SC2086 # there may be none
	rmmod "$name" $tested devreset
done
