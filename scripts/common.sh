# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # variables are for those who source this
#
# What the scripts beside this one share; each sources it first.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${DEVRESET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/devreset}

die() { echo "${0##*/}: $*" >&2; exit 1; }

# The newest installed kernel that can be booted and built for
stock_release() {
	local build release newest=

	for build in $(printf '%s\n' /lib/modules/*/build | sort -V); do
		release=$(basename "$(dirname "$build")")
		[ -d "$build" ] && [ -r "/boot/vmlinuz-$release" ] && newest=$release
	done
	[ "$newest" ] || die "no kernel with headers is installed; see scripts/setup.sh"
	echo "$newest"
}
