#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install the Debian packages that the other scripts need. Takes no time when all
# are there. As an ordinary user it lists what is missing, changes nothing and
# fails.
#
#   scripts/setup.sh [deb|htmldocs]
#
# deb, htmldocs: also what "make deb" or "make htmldocs" takes

. "$(dirname "$0")/common.sh"

packages=(
	# a kernel to boot, to build for, and to make the debug kernel from
	linux-image-amd64 linux-headers-amd64 linux-source-6.1
	# compilers, and what building a kernel takes
	build-essential bc bison flex libelf-dev libssl-dev kmod cpio xz-utils rsync
	clang lld llvm
	# checkers
	sparse shellcheck python3 python3-yaml python3-jsonschema
	# devresetctl, and checkers of its manuals and metrics
	libmnl-dev libjson-c-dev pkg-config mandoc python3-prometheus-client
	# other kernels' headers, with their compilers
	mmdebstrap
	# virtual machines, and what their guests run
	qemu-system-x86 busybox-static pciutils
	iproute2 iputils-ping ethtool iperf3
)
[ "${1-}" != htmldocs ] || packages+=(python3-sphinx)
[ "${1-}" != deb ] || packages+=(debhelper dh-dkms lintian)

missing=$(
	comm -13 <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u) \
		<(printf '%s\n' "${packages[@]}" | sort -u) | xargs
)
[ "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "These packages are missing. As root: apt-get install $missing" >&2
	exit 1
fi
echo "Installing $missing"
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
