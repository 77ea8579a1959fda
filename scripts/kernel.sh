#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get a kernel from Debian's linux-source-6.1 package, once, into the cache.
#
#   scripts/kernel.sh          build the debug kernel; print its folder
#   scripts/kernel.sh clang    prepare a tree of the same configuration in which
#                              clang builds modules; print its folder
#   scripts/kernel.sh source   unpack the source only; print its folder
#
# A built folder is a KDIR for external modules, and holds
# arch/x86/boot/bzImage, config and rootmod/lib/modules/<release>. It is keyed
# by everything it is made from, so a change makes a new one. Any number of
# runs may ask at once: one builds, the others wait for it.

. "$(dirname "$0")/common.sh"

package=linux-source-6.1
tarball=/usr/src/$package.tar.xz
config=$top/kernel/debug.config

# Nothing about who built where belongs in a kernel, and it would defeat the cache
export KBUILD_BUILD_USER=devreset KBUILD_BUILD_HOST=devreset
export KBUILD_BUILD_TIMESTAMP='2000-01-01'

unpack() { tar -xJf "$tarball" --strip-components=1 -C "$1"; }

# configure OUT [make arguments]: the fragment must take effect to the last line
configure() {
	local out=$1 lost
	shift

	make -C "$source" O="$out" "$@" KCONFIG_ALLCONFIG="$config" allnoconfig || return
	lost=$(grep -E '^(# )?CONFIG_' "$config" | grep -vxFf "$out/.config") || return 0
	echo "These lines of $config did not take effect:" "$lost"
	return 1
}

fill_debug() {
	configure "$1" &&
	make -C "$source" O="$1" -j"$(nproc)" bzImage modules &&
	make -C "$source" O="$1" INSTALL_MOD_PATH="$1/rootmod" modules_install &&
	cp "$1/.config" "$1/config"
}

# Symbol versions are off, so that the other tree's symbols serve here too
fill_clang() {
	configure "$1" LLVM=1 &&
	make -C "$source" O="$1" LLVM=1 -j"$(nproc)" modules_prepare &&
	cp "$debug/Module.symvers" "$1/"
}

[ -r "$tarball" ] || die "no $tarball; scripts/setup.sh installs it"
version=$(dpkg-query -W -f '${Version}' "$package")
source=$cache/source/$version
# Building writes into the folder's final name nowhere, hence the rename works
key() { { cat "$config"; "$1" --version; } | sha256sum | cut -c1-12; }

once "$source" unpack
case ${1-debug} in
source)
	echo "$source"
	;;
debug)
	debug=$cache/kernel/$version-debug-$(key gcc)
	once "$debug" fill_debug
	echo "$debug"
	;;
clang)
	debug=$("$0" debug)
	clang=$cache/kernel/$version-clang-$(key clang)
	once "$clang" fill_clang
	echo "$clang"
	;;
*)
	die "no such kernel: $1"
	;;
esac
