# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # variables are of the caller
#
# How a guest ends. scripts/guest.sh has it, and so have scenarios that turn the machine
# off themselves; see lib-ram.sh.

# end_guest STATUS: look for leaks, report the status, power off. Descriptor 9 is the serial
# port to the host, open both ways.
end_guest() {
	local kmemleak=/sys/kernel/debug/kmemleak seen line

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
	# A port's buffers are lost at power-off: the host answers when it has both lines,
	# hence all that came before them
	echo "<1>devreset-exit:$1" >/dev/kmsg
	echo "devreset-exit:$1" >&9
	read -r -t $((60 * DEVRESET_SCALE)) -u 9 line || echo "<1>no answer from the host" >/dev/kmsg
	busybox poweroff -f
}
