#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get the headers of another Debian kernel, and the compiler that goes with them, once a
# month, into a chroot in the cache.
#
#   scripts/headers.sh backports|sid    print the folder of the chroot
#
# backports is this release's newest backported kernel. The chroot's own
# /lib/modules/*/build is the KDIR; scripts/build.sh -k builds there. Packages come from the
# mirror that apt uses here. The machine's own apt is not changed. Any number of runs may ask
# at once: one downloads, the others wait for it. Without the mirror, an older chroot serves.
# If there is none either, the exit status is 77 and the last line tells why.

. "$(dirname "$0")/common.sh"

# What must end without a network does so after these seconds
probe_limit=30 fill_limit=900
suite=${1-}
packages=make,gcc,libc6-dev,kmod,sparse

no_headers() { echo "$*" >&2; exit 77; }

# The mirror of this release, as apt's own configuration has it
mirror() {
	local uri release

	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		while read -r uri release; do
			[ "$release" != "$codename" ] || echo "$uri"
		done | sort -u | head -n 1
}

# Where mmdebstrap is killed, its mounts end with the namespace
fill() {
	timeout -k 10 "$fill_limit" unshare --mount mmdebstrap --mode=root --variant=apt \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "1"' \
		--aptopt="Acquire::http::Timeout \"$probe_limit\"" \
		--include="$include" --skip=cleanup/tmp "$base" "$1" "${sources[@]}" </dev/null &&
		rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*
}

case $suite in
backports | sid) ;;
*) die "see the head of this file" ;;
esac

dir=$cache/headers/$suite-$(date +%Y-%m)
if [ ! -e "$dir" ]; then
	mkdir -p "$cache/headers"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	older=$(find "$cache/headers" -maxdepth 1 -name "$suite-????-??" | sort | tail -n 1)
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	uri=$(mirror)
	base=$codename include=linux-headers-amd64/$codename-backports,$packages
	sources=("deb $uri $codename main" "deb $uri $codename-backports main")
	newest=$codename-backports
	if [ "$suite" = sid ]; then
		base=sid include=linux-headers-amd64,$packages newest=sid
		sources=("deb $uri sid main")
	fi

	why=''
	if [ "$(id -u)" != 0 ]; then
		why="only root can make a chroot"
	elif ! command -v mmdebstrap >/dev/null; then
		why="no mmdebstrap; scripts/setup.sh installs it"
	elif [ ! "$uri" ]; then
		why="apt has no mirror of $codename"
	elif ! timeout "$probe_limit" /usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file \
		"${uri%/}/dists/$newest/InRelease" "$tmp/InRelease" >/dev/null 2>&1; then
		why="apt's mirror does not give $newest"
	elif ! (once "$dir" fill) >&2; then
		why="mmdebstrap failed; its log is $dir.log"
	fi
	if [ "$why" ]; then
		[ "$older" ] || no_headers "$why"
		echo "$older"
		exit
	fi
	# Not those of last month, which a build may still use
	find "$cache/headers" -maxdepth 1 -name "$suite-????-??*" -mtime +60 -exec rm -rf {} +
fi
echo "$dir"
