# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # variables are of those who source this
#
# A virtio-9p root does not survive a suspend. So what follows the loading of the
# modules runs from memory, and turns the machine off by itself. A scenario that does
# so sources this after lib.sh, and prepares what it needs like this:
#
#   if [ -z "${IN_RAM-}" ]; then
#       load
#       from_ram [FILE...]      programs beside busybox, bash and those below
#   fi

ram=/run/ram
from_ram() {
	local folder programs=(/bin/bash /bin/busybox "$@")

	mkdir $ram
	mount -t tmpfs tmpfs $ram
	mkdir $ram/{bin,dev,lib,lib64,proc,run,sys,tests}
	ln -s . $ram/usr
	busybox --install -s $ram/bin
	cp -L --remove-destination "${programs[@]}" $ram/bin/
	for folder in "${programs[@]}"; do
		ldd "$folder" 2>/dev/null || true
	done | grep -o '/[^ ]*\.so[^ ]*' | sort -u | xargs cp -Lt $ram/lib
	cp -L /lib64/ld-linux-x86-64.so.2 $ram/lib64/
	for folder in dev proc run sys; do
		mount --rbind /$folder $ram/$folder
	done
	cp "$DEVRESET_TOP"/tests/{lib*,net}.sh "$DEVRESET_SCRIPT" $ram/tests/
	# shellcheck disable=SC2016 # for the inner shell
	IN_RAM=1 DEVRESET_TOP='' LC_ALL=C exec chroot $ram /bin/bash -c '
		PATH=/bin bash "/tests/${DEVRESET_SCRIPT##*/}"
		status=$?
		. /tests/lib-end.sh
		exec 9<>/dev/ttyS1
		end_guest $status'
}

# suspend LEVEL: a rehearsal, as far as that: freezer, devices, core
suspend() {
	echo "$1" >/sys/power/pm_test
	echo mem >/sys/power/state
}
