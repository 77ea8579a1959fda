# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # variables are for those who source this
#
# What the scripts beside this one share; each sources it first.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${DEVRESET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/devreset}

die() { echo "${0##*/}: $*" >&2; exit 1; }

# once DIR FUNCTION: have FUNCTION fill an empty folder, then call it DIR
once() {
	local dir=$1 fill=$2 new=$1.new

	[ -e "$dir" ] && return
	mkdir -p "${dir%/*}"
	exec {lock}>"$dir.lock"
	flock "$lock"
	if [ ! -e "$dir" ]; then
		rm -rf "$new"
		mkdir "$new"
		"$fill" "$new" >"$dir.log" 2>&1 || {
			tail -n 40 "$dir.log" >&2
			die "failed; the whole log is $dir.log"
		}
		mv "$new" "$dir"
	fi
	exec {lock}>&-
}

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

# --- units of work ------------------------------------------------------------------
# What "make check" does comes in units: a scenario on a kernel, a module with suites, a
# checker. Parts that run at once share a pool, a folder: a unit begins when it has one of
# its tokens, and its end is told in one line. A script that is given none makes its own.

# pool_open TOKENS: set DEVRESET_POOL, if it is not
pool_open() {
	local i

	if [ -z "${DEVRESET_POOL-}" ]; then
		DEVRESET_POOL=$(mktemp -d)
		export DEVRESET_POOL
		pool_owner=$BASHPID
		mkfifo "$DEVRESET_POOL/tokens"
		mkdir "$DEVRESET_POOL/running"
		echo 0 0 0 "$EPOCHSECONDS" >"$DEVRESET_POOL/sums"
		exec {tokens}<>"$DEVRESET_POOL/tokens"
		for ((i = 0; i < $1; i++)); do echo >&"$tokens"; done
		[ ! -t 1 ] || pool_watch &
		pool_watcher=$!
	else
		exec {tokens}<>"$DEVRESET_POOL/tokens"
	fi
}

# pool_close: for an EXIT trap
pool_close() {
	[ "${pool_owner-}" = "$BASHPID" ] || return 0
	kill "${pool_watcher-}" 2>/dev/null || true
	rm -rf "$DEVRESET_POOL"
}

# pool_sums EXPECTED DONE FAILED: add to the sums; set them, and how long it has taken
pool_sums() {
	local lock start

	exec {lock}>"$DEVRESET_POOL/lock"
	flock "$lock"
	read -r pool_all pool_done pool_failed start <"$DEVRESET_POOL/sums"
	pool_all=$((pool_all + $1)) pool_done=$((pool_done + $2)) pool_failed=$((pool_failed + $3))
	pool_time=$((EPOCHSECONDS - start))
	echo "$pool_all $pool_done $pool_failed $start" >"$DEVRESET_POOL/sums"
	exec {lock}>&-
}

# pool_begin NAME: wait for a token. pool_end NAME ok|SKIP|"not ok" TEXT [WHY]: give it back,
# and tell
pool_begin() {
	local token

	read -r -u "$tokens" token
	: >"$DEVRESET_POOL/running/$1$token"
}
pool_end() {
	local bad=1

	rm -f "$DEVRESET_POOL/running/$1"
	[ "$2" = "not ok" ] || bad=0
	pool_sums 0 1 $bad
	echo >&"$tokens"
	[ ! -t 1 ] || printf '\r\e[K'
	echo "$2 - $3 [$pool_done of $pool_all, $pool_failed failed, $pool_time s]${4-}"
}

# On a terminal: what is under way
pool_watch() {
	while sleep 1 && [ -d "$DEVRESET_POOL" ]; do
		pool_sums 0 0 0
		printf '\r\e[K%s of %s, %s failed, %s s:%.60s' "$pool_done" "$pool_all" "$pool_failed" \
			"$pool_time" "$(cd "$DEVRESET_POOL/running" && printf ' %s' *)"
	done
}

# What a unit took the last time, to begin with the longest
times=$cache/times
remember() { mkdir -p "$times" && echo "$2" >"$times/$1"; }
took() { cat "$times/$1" 2>/dev/null || echo "$2"; }

# keep_log NAME FILE: of what failed, where it stays; print its end
logs=$cache/logs/$(sha256sum <<<"$top" | cut -c1-8)
keep_log() {
	mkdir -p "$logs"
	cp "$2" "$logs/$1.log"
	echo "=== $1: the last lines of $logs/$1.log"
	tail -n 30 "$2"
}
