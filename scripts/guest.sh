#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Second stage of the guest's start, within its final root: runs the script that
# scripts/vm.sh was asked to run, reports its exit status, powers off.

set -a
# shellcheck source=/dev/null # made by vm.sh
. /run/env
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
set +a

mkdir -p /dev/pts /dev/shm
ln -s /proc/self/fd /dev/fd
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
ip link set lo up
if [ "$DEVRESET_MODROOT" ]; then
	for modules in "$DEVRESET_MODROOT"/lib/modules/*; do
		ln -s "$modules" /lib/modules/
	done
fi

# Held open for good: closing a serial port drops what is under way in it
stty -F /dev/ttyS2 raw -echo
exec 8<>/dev/ttyS2
kmemleak=/sys/kernel/debug/kmemleak

cd "$DEVRESET_TOP" || exit
if [ -z "$DEVRESET_SCRIPT" ]; then
	stty -F /dev/ttyS1 sane
	setsid -c bash --rcfile scripts/guest-shell </dev/ttyS1 >/dev/ttyS1 2>&1
else
	stty -F /dev/ttyS1 raw -echo
	exec 9>/dev/ttyS1
	# Shortly before it is ended by force: who waits, and where
	if [ "$DEVRESET_LIMIT" != infinity ]; then
		(
			sleep $((DEVRESET_LIMIT - 20))
			ps axwwfo pid,stat,wchan:24,args | sed '/\]$/d' >&9
			echo w >/proc/sysrq-trigger
		) &
	fi
	setsid bash "$DEVRESET_SCRIPT" </dev/null >&9 2>&1
	status=$?
	# Looking for leaks takes long, and is done where "append: kmemleak=on" asks.
	# An object is reported when two scans find it unchanged, 5 seconds old.
	if [[ $(</proc/cmdline) == *kmemleak=on* ]] && [ -w $kmemleak ]; then
		seen=$EPOCHSECONDS
		echo scan >$kmemleak
		while [ $((EPOCHSECONDS - seen)) -lt 6 ]; do sleep 0.5; done
		echo scan >$kmemleak
		while IFS= read -r line; do
			echo "$line"
		done <$kmemleak >/dev/kmsg
	fi
	echo "devreset-exit:$status" >&9
	exec 9>&-
fi
busybox poweroff -f
