#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get the kernel's own tools for netlink specifications from Debian's linux-source-6.12
# package, once, into the cache: tools/net/ynl, and the schema of a specification.
#
#   scripts/ynl.sh      print the folder
#
# The package is downloaded, if it is not installed, and nothing else of it is kept. If it
# cannot be had, the exit status is 77 and the last line tells why.

. "$(dirname "$0")/common.sh"

# What must end without a network does so after these seconds
limit=600
package=linux-source-6.12
dir=$cache/ynl/6.12

tarball() {
	if [ -r /usr/src/$package.tar.xz ]; then
		cat /usr/src/$package.tar.xz
	else
		(cd "$tmp" && timeout -k 5 "$limit" apt-get -o Acquire::Retries=1 download $package >&2) &&
			dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -xO ./usr/src/$package.tar.xz
	fi
}

fill() {
	tarball | tar -xJ --strip-components=1 -C "$1" --wildcards \
		'*/tools/net/ynl' '*/Documentation/netlink/genetlink.yaml'
}

if [ ! -e "$dir" ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	(once "$dir" fill) >&2 || { echo "$package cannot be had; the log is $dir.log" >&2; exit 77; }
fi
echo "$dir"
