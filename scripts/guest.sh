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

cd "$DEVRESET_TOP" || exit
if [ -z "$DEVRESET_SCRIPT" ]; then
	stty -F /dev/ttyS1 sane
	setsid -c bash --rcfile scripts/guest-shell </dev/ttyS1 >/dev/ttyS1 2>&1
else
	stty -F /dev/ttyS1 raw -echo
	# Shortly before it is ended by force: who waits, and where
	who_waits() {
		local p args

		read -r p _ </proc/uptime
		sleep $((DEVRESET_LIMIT - 30 - ${p%.*})) || return
		echo w >/proc/sysrq-trigger
		for p in /proc/[0-9]*; do
			args=$(tr '\0' ' ' <"$p/cmdline")
			[ -z "$args" ] || echo "${p#/proc/} $(<"$p/wchan") $args"
		done >/dev/ttyS1 2>&1
	}
	watcher=
	if [ "$DEVRESET_LIMIT" != infinity ] && [ "$DEVRESET_LIMIT" -ge 60 ]; then
		who_waits &
		watcher=$!
	fi
	exec 9<>/dev/ttyS1
	setsid bash "$DEVRESET_SCRIPT" </dev/null >&9 2>&1
	status=$?
	[ -z "$watcher" ] || kill "$watcher"
	# shellcheck source=tests/lib-end.sh
	. tests/lib-end.sh
	end_guest "$status"
fi
busybox poweroff -f
