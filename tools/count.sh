#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Count the instructions that "devresetctl list" takes for many nodes, on a folder that looks
# like /sys, with valgrind. The kernel's share is not in it.
#
#   tools/count.sh [NODES]      10000 by default

set -euo pipefail
cd "$(dirname "$0")"
. ./test-fake.sh
nodes=${1-10000}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

make -s -j"$(nproc)" O="$tmp/build" "$tmp/build/devresetctl"
sys=$tmp/sys
mkdir -p "$sys/class/devreset"
# As many below one another as there are in a machine: a device, its bus, the ports above
fake_node node-0 platform "" device-0 driver "platform" "- none"
python3 - "$sys" "$nodes" <<'END'
import os, shutil, sys
root, nodes = sys.argv[1] + "/class/devreset/", int(sys.argv[2])
for i in range(1, nodes):
    shutil.copytree(root + "node-0", root + f"node-{i}", symlinks=True)
    if i % 4:
        os.symlink(f"../node-{i - 1}", root + f"node-{i}/reset_parent")
END
for arguments in "list" "list -j" "metrics"; do
	# shellcheck disable=SC2086 # words
	valgrind --tool=callgrind --callgrind-out-file="$tmp/profile" "$tmp/build/devresetctl" --sysfs "$sys" \
		$arguments 2>"$tmp/err" >"$tmp/out"
	total=$(sed -n 's/.*Collected : //p' "$tmp/err")
	echo "$arguments: $(wc -l <"$tmp/out") lines, $total instructions, $((total / nodes)) for each of $nodes nodes"
	start=${EPOCHREALTIME/./}
	# shellcheck disable=SC2086 # words
	"$tmp/build/devresetctl" --sysfs "$sys" $arguments >/dev/null
	echo "$arguments: $(((${EPOCHREALTIME/./} - start) / 1000)) ms, natively, with the kernel's share"
done
