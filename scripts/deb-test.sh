#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install the packages of "make deb", upgrade them, use them, remove and purge them.
#
#   scripts/deb-test.sh
#
# In a chroot with this release's kernel headers and those of its backports, for both of
# which DKMS builds the modules. Those for the stock kernel then run in a virtual machine,
# with the scenario tests/sim.sh. The machine's own packages are not changed.
#
# It takes root, what "make deb" takes, the chroot that "scripts/headers.sh backports" makes,
# 1 GB for a copy of that in the cache with dkms in it, once, and four builds of all modules:
# some two minutes on two idle cores, 15 on a busy machine. If the chroot cannot be had, the
# exit status is 77.

. "$(dirname "$0")/common.sh"

headers=$("$top/scripts/headers.sh" backports)
release=$(stock_release)
chroot=$cache/deb/$(basename "$headers")-$release

# in_chroot ROOT CHANGES COMMAND...: with what was built for this in /debs. CHANGES: a folder
# that takes what is changed, or nothing, where the chroot itself does
in_chroot() {
	local root=$1 changes=$2
	shift 2

	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount bash -euc '
		root=$1 changes=$2 debs=$3
		shift 3
		if [ "$changes" ]; then
			mkdir "$changes/upper" "$changes/work" "$changes/root"
			mount -t overlay overlay \
				-o "lowerdir=$root,upperdir=$changes/upper,workdir=$changes/work" "$changes/root"
			root=$changes/root
		fi
		mkdir -p "$root/debs"
		mount --bind "$debs" "$root/debs"
		mount -t proc proc "$root/proc"
		mount --bind /dev "$root/dev"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' bash "$root" "$changes" "$tmp" "$@"
}

# The stock kernel's headers are those that are installed here, all that their packages list
fill() {
	cp -a --reflink=auto "$headers/." "$1/" && cp /etc/resolv.conf "$1/etc/" &&
		dpkg -L "linux-headers-$release" "linux-headers-${release%-*}-common" \
			"linux-kbuild-${release%.*}" | sort -u | rsync -aK --files-from=- / "$1/" &&
		in_chroot "$1" '' bash -euc '
			apt-get -o Acquire::Check-Valid-Until=false update -qq
			apt-get install -qq -y --no-install-recommends dkms
			echo autoinstall_all_kernels=yes >>/etc/dkms/framework.conf
			rm -rf /var/cache/apt/*'
}

tmp=$(mktemp -d)
run=''
trap 'rm -rf "$tmp" ${run:+"$run"}' EXIT
once "$chroot" fill

echo "Making the packages, and older ones"
"$top/scripts/deb.sh" -V 0.0.1 -o "$tmp/old"
"$top/scripts/deb.sh" -o "$tmp/new"
version=$(sed -n 's/^#define DEVRESET_VERSION "\(.*\)"/\1/p' "$top/include/linux/devreset.h")

cat >"$tmp/test" <<'END'
fail() { echo "not ok - $*"; exit 1; }
ok() { echo "ok - $*"; }
version=$1 stock=$2
mapfile -t kernels < <(ls /lib/modules)
[ ${#kernels[@]} = 2 ] || fail "kernels: ${kernels[*]}"
modules="devreset devreset_dma devreset_net devreset_pci devreset_sim devreset_usb"

# What is left behind would be seen; not what dkms and depmod have to themselves
files() {
	find /etc /usr /var/lib/dkms /lib/systemd ! -path '*/modules.*' ! -path '/var/lib/dkms/mok.*' \
		! -path '*/lib/modules/*/updates' ! -path '*/__pycache__*' ! -name ld.so.cache | sort
}
status() { dkms status 2>/dev/null; }
# installed VERSION: for both kernels, and nothing else
installed() {
	local kernel module

	for kernel in "${kernels[@]}"; do
		# Newer kernels' are compressed
		[ "$(cd "/lib/modules/$kernel/updates/dkms" && echo * | sed 's/\.ko\(\.xz\)\?//g')" = \
			"$modules" ] || fail "$kernel: $(ls "/lib/modules/$kernel/updates/dkms")"
		for module in $modules; do
			[ "$(modinfo -k "$kernel" -F version "$module")" = "$1" ] ||
				fail "$kernel: $module is not of version $1"
		done
	done
	[ "$(status | grep -c "^devreset/$1, .*: installed$")" = 2 ] || fail "$(status)"
	[ "$(status | wc -l)" = 2 ] || fail "$(status)"
	[ "$(echo /usr/src/devreset-*)" = "/usr/src/devreset-$1" ] || fail "$(echo /usr/src/devreset-*)"
}
# tools VERSION: they run here, where no module is loaded
tools() {
	[ -e /usr/share/man/man7/devreset.7.gz ] || fail "no manual"
	[[ $(devresetctl -V) == *" $1" ]] || fail "$(devresetctl -V)"
}

apt-get autoremove -qq -y --purge >/tmp/log 2>&1
files >/tmp/before
apt-get install -qq -y --no-install-recommends /debs/old/*.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "install"; }
installed 0.0.1
tools 0.0.1
ok "installed: DKMS has built for ${kernels[*]}"

echo "# mine" >/etc/devreset/mine.conf
apt-get install -qq -y --no-install-recommends /debs/new/*.deb >/tmp/log 2>&1 || { cat /tmp/log; fail "upgrade"; }
installed "$version"
tools "$version"
[ "$(</etc/devreset/mine.conf)" = "# mine" ] || fail "my configuration is gone"
ok "upgraded from 0.0.1 to $version"

mkdir /debs/modules
cp "/lib/modules/$stock/updates/dkms"/*.ko /debs/modules/

apt-get remove -qq -y devreset-dkms devreset-tools >/tmp/log 2>&1 || { cat /tmp/log; fail "remove"; }
! ls /lib/modules/*/updates/dkms/devreset* 2>/dev/null || fail "modules are left"
[ ! "$(status)" ] || fail "$(status)"
[ -e /etc/devreset/mine.conf ] || fail "my configuration is gone"
ok "removed"

rm -f /etc/devreset/mine.conf
dpkg --purge devreset-dkms devreset-tools >/tmp/log 2>&1 || { cat /tmp/log; fail "purge"; }
# With the libraries that came with them
apt-get autoremove -qq -y --purge >>/tmp/log 2>&1
files | diff /tmp/before - || fail "something is left behind"
ok "purged, and nothing is left"
END

run=$(mktemp -d "$cache/deb/run.XXXXXX")
in_chroot "$chroot" "$run" bash -euo pipefail /debs/test "$version" "$release"

DEVRESET_MODDIR=$tmp/modules "$top/scripts/vm.sh" -k stock "$top/tests/sim.sh" >"$tmp/vm" 2>&1 ||
	{ tail -n 40 "$tmp/vm"; die "what DKMS has built does not work"; }
echo "ok - what DKMS has built works: $(grep -c '^ok - ' "$tmp/vm") steps of tests/sim.sh"
