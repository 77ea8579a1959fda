#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Second stage of the guest's start, within its final root: runs the script that
# scripts/vm.sh was asked to run, reports its exit status, powers off.

set -a
# shellcheck source=/dev/null # made by vm.sh
. /run/env
# In no other locale, for which each program would look in a dozen files
PATH=/run/quick:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
set +a

# What scenarios run most: a program that is linked statically, and in memory, starts in
# half the time. Not what differs from the usual one in how scenarios use it.
busybox mkdir /run/quick
for name in basename cat cut dirname grep ls mkdir paste readlink rm rmdir rmmod sed \
	seq sleep sort tee touch tr true uniq wc; do
	echo "$name"
done | busybox xargs -I % busybox ln -s /bin/busybox /run/quick/%

if [ "$DEVRESET_MODROOT" ]; then
	for modules in "$DEVRESET_MODROOT"/lib/modules/*; do
		ln -s "$modules" /lib/modules/
	done
fi

exec 8<>/dev/ttyS2

cd "$DEVRESET_TOP" || exit
if [ -z "$DEVRESET_SCRIPT" ]; then
	setsid -c bash --rcfile scripts/guest-shell </dev/ttyS1 >/dev/ttyS1 2>&1
else
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
