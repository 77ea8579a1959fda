#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What scripts/kunit.sh runs in the guest: every suite, then out with them all.
# The suites stay loaded until the last has run: KUnit numbers them so.
# append: kmemleak=on
# timeout: 300

. "$DEVRESET_TOP/tests/lib.sh"

# Let faults be injected into allocations that may sleep, too
echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
# insmod waits uninterruptibly for each case; KUnit itself gives up after 300 s
echo 310 >/proc/sys/kernel/hung_task_timeout_secs

insmod "$DEVRESET_MODDIR/devreset.ko"
for module in "$DEVRESET_MODDIR"/devreset_*_test.ko; do
	insmod "$module"
done
for module in "$DEVRESET_MODDIR"/devreset_*_test.ko; do
	rmmod "$(basename "$module" .ko)"
done
rmmod devreset
