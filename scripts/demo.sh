#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Watch two PCI devices be broken from outside and come back, in a virtual
# machine that boots the installed kernel. Takes about half a minute. Succeeds
# only if both devices were seen to work again.
#
#   scripts/demo.sh
#
# What happens in the machine is in demo-guest.sh.

. "$(dirname "$0")/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
truncate -s 8M "$tmp/disk"

echo "Building the modules and booting a virtual machine; nothing on this machine is touched."
"$top/scripts/vm.sh" -q "-drive file=$tmp/disk,format=raw,if=none,id=disk" \
	"$top/scripts/demo-guest.sh"
