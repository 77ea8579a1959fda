#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Watch three PCI devices be broken from outside and come back, in a virtual
# machine that boots the installed kernel. Takes about a minute. Succeeds only
# if all were seen to work again.
#
#   scripts/demo.sh [FILE.svg]
#
# FILE.svg: where to leave the last timeline as a picture.
# What happens in the machine is in demo-guest.sh.

. "$(dirname "$0")/common.sh"

picture=${1:-/dev/null}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
truncate -s 8M "$tmp/disk"
colour=()
[ ! -t 1 ] || colour=(-m demo=colour)

echo "Building the modules and booting a virtual machine; nothing on this machine is touched."
# The picture comes with the rest
"$top/scripts/vm.sh" "${colour[@]}" -q "-drive file=$tmp/disk,format=raw,if=none,id=disk" \
	"$top/scripts/demo-guest.sh" |
	sed -u -e '/^<svg/,/^<\/svg>/{w '"$tmp/svg" -e 'd}'
[ "$picture" = /dev/null ] || cp "$tmp/svg" "$picture"
