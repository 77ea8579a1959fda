#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the modules for one kernel with one compiler, in a folder of its own in
# the cache, so that builds for several kernels do not disturb each other, nor
# one made by plain "make".
#
#   scripts/build.sh [-f] [-k stock|debug|backports|sid] [-c gcc|clang] [-o FOLDER] [make arguments]
#
# -f  for checkers: in a folder apart, which is thrown away unless the compiler is silent,
#     so that nothing it has to say is said but once
# -k  the kernel: the newest installed one (default), the debug kernel, or those that
#     scripts/headers.sh gets, with their own compiler. Exit status 77: it cannot get them
# -c  the compiler (gcc); clang builds against the debug kernel's configuration
# -o  copy the finished modules into this folder, and with them devresetctl, and dmatest,
#     the kernel's own client of DMA engines, which stock kernels come without
#
# With them are built the modules of tests/, for scenarios. Only the compiler's and
# make's complaints are printed, unless make fails.

. "$(dirname "$0")/common.sh"

kernel=stock compiler=gcc fresh='' out=''
while getopts fk:c:o: option; do
	case $option in
	f) fresh=-fresh ;;
	k) kernel=$OPTARG ;;
	c) compiler=$OPTARG ;;
	o) out=$OPTARG ;;
	*) die "see the head of this file" ;;
	esac
done
shift $((OPTIND - 1))

chroot=''
case $kernel-$compiler in
stock-gcc) kdir=/lib/modules/$(stock_release)/build ;;
debug-gcc) kdir=$("$top/scripts/kernel.sh" debug) ;;
backports-gcc | sid-gcc)
	[ ! "$out" ] || die "-o is not for $kernel"
	chroot=$("$top/scripts/headers.sh" "$kernel")
	kdir=$(echo "$chroot"/lib/modules/*/build)
	# A link that may lead somewhere only inside
	[ -L "$kdir" ] || [ -d "$kdir" ] || die "$chroot: no headers, or several"
	;;
debug-clang) kdir=$("$top/scripts/kernel.sh" clang) ;;
*) die "nothing builds for $kernel with $compiler" ;;
esac
[ "$compiler" = gcc ] || set -- LLVM=1 "$@"

hash() { sha256sum | cut -c1-8; }
[ "$chroot" ] && key=$kdir || key=$(readlink -f "$kdir")
dir=$cache/build/$(hash <<<"$top")/$kernel-$compiler$fresh-$(hash <<<"$key")
mkdir -p "$dir"
exec {lock}>"$dir.lock"
flock "$lock"

# By content, and with the time of copying, so that make sees every change and
# nothing else
rsync -rlp --checksum --delete --exclude-from="$top/.gitignore" \
	--exclude=/.git "$top/" "$dir/"

build=(make -s -j"$(nproc)" CONFIG_DEVRESET_TEST=m "$@")
in_tree() { "${build[@]}" -C "$dir" KDIR="$kdir" modules; }

# objtool and make need /proc. What is mounted ends with the namespace
in_chroot() {
	mkdir -p "$chroot/mnt"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -euc 'mount --bind "$1" "$2/mnt"; mount -t proc proc "$2/proc"
		root=$2; shift 2; exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		bash "$dir" "$chroot" "${build[@]}" -C /mnt KDIR="${kdir#"$chroot"}" modules
}

if ! in_"$([ "$chroot" ] && echo chroot || echo tree)" >"$dir.log" 2>&1; then
	cat "$dir.log" >&2
	[ ! "$fresh" ] || rm -rf "$dir"
	die "building for $kernel with $compiler failed"
fi
cat "$dir.log" >&2
[ ! "$fresh" ] || [ ! -s "$dir.log" ] || rm -rf "$dir"

if [ "$out" ]; then
	mkdir -p "$out"
	sed "s|^$dir/||; s|\.o\$|.ko|; s|^|$dir/|" "$dir/modules.order" | xargs cp -t "$out"
	mkdir -p "$dir-dmatest"
	cp -u "$("$top/scripts/kernel.sh" source)/drivers/dma/dmatest.c" "$dir-dmatest/"
	echo "obj-m := dmatest.o" >"$dir-dmatest/Kbuild"
	make -s -C "$kdir" M="$dir-dmatest" CONFIG_DEBUG_INFO_BTF_MODULES= \
		"$@" modules >"$dir.log" 2>&1 || { cat "$dir.log" >&2; die "dmatest does not build"; }
	cp "$dir-dmatest/dmatest.ko" "$out/"
	make -s -C "$dir/tools" all
	cp "$dir/tools/devresetctl" "$out/"
fi
