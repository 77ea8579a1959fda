#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make Debian packages: devreset-dkms (the modules' source, which DKMS builds) and
# devreset-tools.
#
#   scripts/deb.sh [-V VERSION] [-o FOLDER]    print the packages' paths
#
# -V  call it another version: for trying upgrades
# -o  where to put them; deb/ of the repository by default
#
# Builds a copy of what git knows, and has lintian look at the result: what it says is an
# error. The version is that of include/linux/devreset.h, and the changelog is NEWS, whose
# first entry has to be about it. The packages that it takes are installed by
# "scripts/setup.sh deb".

. "$(dirname "$0")/common.sh"

version='' out=$top/deb
while getopts V:o: option; do
	case $option in
	V) version=$OPTARG ;;
	o) out=$OPTARG ;;
	*) die "see the head of this file" ;;
	esac
done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tree=$tmp/devreset
cd "$top"
tagged=$(sed -n 's/^#define DEVRESET_VERSION "\(.*\)"/\1/p' include/linux/devreset.h)
read -r _ news date < <(grep -m 1 '^Version ' NEWS)
[ "${news%,}" = "$tagged" ] || die "include/linux/devreset.h has $tagged, the first entry of NEWS $news"
[ "$(date -u -d "$date" +%F)" = "$date" ] || die "NEWS: no date: $date"

mkdir "$tree"
git ls-files -co --exclude-standard -z | rsync -a --ignore-missing-args --from0 --files-from=- ./ "$tree/"
if [ "$version" ]; then
	sed -i "s/^\(#define DEVRESET_VERSION\) .*/\1 \"$version\"/" "$tree/include/linux/devreset.h"
fi

# The first entry of NEWS, without its underline and empty lines, and items as Debian has them
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
{
	echo "devreset (${version:-$tagged}) unstable; urgency=medium"
	echo
	awk '/^Version / { n++; next } n == 1 && !/^-+$/ && NF { print "  " $0 }' NEWS
	echo
	echo " -- $maintainer  $(date -u -R -d "$date")"
} >"$tree/debian/changelog"

cd "$tree"
SOURCE_DATE_EPOCH=$(date -u -d "$date" +%s) dpkg-buildpackage -us -uc -b >"$tmp/log" 2>&1 ||
	{ tail -n 40 "$tmp/log" >&2; die "building failed"; }
said=$(lintian --allow-root --fail-on none --display-info "$tmp"/*.changes)
[ ! "$said" ] || { echo "$said" >&2; die "lintian complains"; }
mkdir -p "$out"
cp "$tmp"/*.deb "$out/"
for package in "$tmp"/*.deb; do
	echo "$out/${package##*/}"
done
