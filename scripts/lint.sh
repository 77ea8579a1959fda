#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Have every checker read the source. Each must stay silent.
#
#   scripts/lint.sh [name...]       all, or those named: see "checks" below
#
# Ends with "N passed, N failed", of checks, and ", N skipped" if there are such.

. "$(dirname "$0")/common.sh"

# Those that need the debug kernel come last, as it may not be there yet
checks=(checkpatch gcc_stock headers_backports headers_sid frags shellcheck kernel_doc fuzz tool promtool text
	contracts version netlink python sparse gcc clang)
cd "$top"

# files [pattern...]: what is in the repository, or will be; with SINCE=COMMIT, what has
# changed since
files() {
	{
		git ls-files -o --exclude-standard -- "$@"
		if [ "${SINCE-}" ]; then
			git diff --name-only "$SINCE" -- "$@"
		else
			git ls-files -c -- "$@"
		fi
	} | xargs -r ls -d 2>/dev/null || true
}
shell_scripts() { files .ci scripts tests tools bench | xargs -r grep -lE '^#!.*sh$|^# shellcheck shell='; }

# The debug kernel has KUnit, hence builds everything; the stock one has the options
# that people run
check_gcc_stock() { scripts/build.sh -f -k stock CONFIG_DEVRESET_BENCH=m W=1; }
check_gcc() { scripts/build.sh -f -k debug W=1; }
check_clang() { scripts/build.sh -f -k debug -c clang W=1; }
# What people run next; skipped where the headers cannot be had
check_headers_backports() { scripts/build.sh -f -k backports CONFIG_DEVRESET_BENCH=m W=1; }
# As many fragments as a kernel can be configured for; 6.1 has no option for it
check_frags() {
	rsync -rlp --exclude-from=.gitignore --exclude=/.git ./ "$tmp/frags/"
	cat >"$tmp/frags.h" <<-END
		#include <linux/skbuff.h>
		#undef MAX_SKB_FRAGS
		#define MAX_SKB_FRAGS 45
	END
	make -s -C "/lib/modules/$(stock_release)/build" M="$tmp/frags" CONFIG_DEVRESET_NET=m W=1 \
		KCFLAGS="-include $tmp/frags.h" drivers/net/
}
check_headers_sid() { scripts/build.sh -f -k sid CONFIG_DEVRESET_BENCH=m W=1; }
check_sparse() { scripts/build.sh -k debug CONFIG_DEVRESET_BENCH=m C=2; }

# LINUX_VERSION_CODE, CONSTANT_COMPARISON: what differs between kernel versions has no
# other home than compat.h while this lives out of tree, and that macro is taken for a
# constant on the wrong side. Comments look the same everywhere, in drivers/net as well.
# Tracepoints are laid out as everywhere in the kernel, which the checker knows as
# little as it does there. What is in tools/ is no
# kernel code. The fields of USB's structures have the names that the standard gives them.
check_checkpatch() {
	local checkpatch

	checkpatch="$(scripts/kernel.sh source)/scripts/checkpatch.pl"
	files '*.[ch]' | grep -Ev '^(include/trace/|tools/|drivers/usb/|tests/usb_)' | xargs -r "$checkpatch" \
		--strict --no-tree --quiet --show-types \
		--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,NETWORKING_BLOCK_COMMENT_STYLE -f
	files 'drivers/usb/*.[ch]' 'tests/usb_*.c' | xargs -r "$checkpatch" --strict --no-tree --quiet \
		--show-types --ignore CAMELCASE -f
	files 'include/trace/*.h' | xargs -r "$checkpatch" --strict --no-tree --quiet \
		--show-types --ignore PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE -f
}

check_kernel_doc() {
	files include "drivers/*.[ch]" |
		xargs -r "$(scripts/kernel.sh source)/scripts/kernel-doc" -none -Werror
}

check_shellcheck() { shell_scripts | xargs -r shellcheck; }

check_python() { files '*.py' | PYTHONPYCACHEPREFIX=$tmp/pyc xargs -r python3 -Werror -m py_compile; }

check_text() {
	files | grep -vx COPYING | while read -r name; do
		iconv -f UTF-8 -t UTF-8 "$name" >/dev/null || echo "$name: not UTF-8"
		grep -nHP '[ \t\r]+$' "$name" || true
		[ -z "$(tail -c 1 "$name")" ] || echo "$name: no newline at the end"
		# A scenario that is not would be left out
		[ "$(head -c 2 "$name")" != "#!" ] || [ -x "$name" ] || echo "$name: not executable"
	done
}

# One version, and what is new in it
check_version() {
	local tagged news

	tagged=$(sed -n 's/^#define DEVRESET_VERSION "\(.*\)"/\1/p' include/linux/devreset.h)
	read -r _ news _ < <(grep -m 1 '^Version ' NEWS)
	[ "$tagged," = "$news" ] ||
		echo "include/linux/devreset.h has version $tagged, the first heading of NEWS $news"
	grep -l '^MODULE_LICENSE' drivers/*/*.c | xargs grep -L '^MODULE_VERSION(DEVRESET_VERSION);' |
		sed 's/$/: no MODULE_VERSION(DEVRESET_VERSION)/'
}

# The tests that are named as proof of a clause exist
check_contracts() {
	awk -F '``' '/Tests?: / { on = 1; sub(/.*Tests?: /, "") } /^$/ { on = 0 }
		on { for (i = 2; i <= NF; i += 2) print $i }' Documentation/contracts.rst |
		sort -u | while read -r name; do
		[ -e "$name" ] || grep -rqE "KUNIT_CASE(_PARAM)?\(${name}[,)]" kunit ||
			echo "Documentation/contracts.rst: there is no test $name"
	done
}

# What is generated from the specification of the netlink family is what is checked in
check_netlink() {
	local ynl root=$tmp/ynl name mode kind

	ynl=$(scripts/ynl.sh) || return
	python3 -c 'import jsonschema, yaml' 2>/dev/null ||
		{ echo "no python3-yaml and python3-jsonschema; scripts/setup.sh installs them"; return 77; }
	mkdir -p "$root/Documentation/netlink/specs"
	# By this the generator knows a kernel's tree
	touch "$root/MAINTAINERS"
	cp "$ynl/Documentation/netlink/genetlink.yaml" "$root/Documentation/netlink/"
	cp Documentation/netlink/specs/devreset.yaml "$root/Documentation/netlink/specs/"
	while read -r name mode kind; do
		(cd "$root" && python3 "$ynl/tools/net/ynl/ynl-gen-c.py" --mode "$mode" "--$kind" \
			--spec Documentation/netlink/specs/devreset.yaml -o "${name##*/}") &&
			diff -u "$name" "$root/${name##*/}" || return
	done <<-END
		include/uapi/linux/devreset_netlink.h uapi header
		drivers/core/netlink_gen.h kernel header
		drivers/core/netlink_gen.c kernel source
	END
	netlink_enums
}

# What the specification says of enumerations that are in a header is what is there
netlink_enums() {
	python3 - <<-'END'
		import re, sys, yaml
		spec = yaml.safe_load(open("Documentation/netlink/specs/devreset.yaml"))
		header = open("include/uapi/linux/devreset.h").read()
		for enum in spec["definitions"]:
		    if enum.get("header") != "linux/devreset.h":
		        continue
		    body = re.search(r"enum devreset_%s \{(.*?)\}" % enum["name"], header, re.S)[1]
		    there = [n.lower() for n in re.findall(r"DEVRESET_(\w+),", body)]
		    said = [n if n in there else enum["name"] + "_" + n for n in enum["entries"]]
		    if there != said:
		        sys.exit(f"enum {enum['name']}: {there} in the header, {said} in the specification")
	END
}

# The policy compiles in user space, too, and holds there
check_fuzz() {
	gcc -Wall -Wextra -Werror -O1 -g -fsanitize=undefined,address -fno-sanitize-recover \
		-Iinclude -o "$tmp/fuzz" tools/policy_fuzz.c && "$tmp/fuzz"
}

# devresetctl, by clang, and by gcc with sanitizers, on a folder that looks like /sys
check_tool() {
	local prometheus

	prometheus=$(scripts/prometheus.sh 2>/dev/null) || true
	make -s -C tools O="$tmp/tool" CC=clang CFLAGS="-O2 -Werror" "$tmp/tool/devresetctl" &&
		PATH=$PATH${prometheus:+:$prometheus} tools/test.sh
}

# Alert rules, and what devresetctl makes for Prometheus
check_promtool() {
	local prometheus

	prometheus=$(scripts/prometheus.sh) || return
	(cd tools/monitoring && "$prometheus/promtool" check rules devreset-alerts.yml >/dev/null &&
		"$prometheus/promtool" test rules devreset-alerts-test.yml >/dev/null)
}

tmp=$(mktemp -d)
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	jobs -pr | xargs -r kill 2>/dev/null || true
	wait
	pool_close
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ $# = 0 ] || checks=("$@")
pool_open "${JOBS:-$(nproc)}"
pool_sums ${#checks[@]} 0 0

run() {
	local check=$1 start=$EPOCHSECONDS result=ok status=0 pid

	trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 143' TERM
	"check_$check" >"$tmp/$check.out" 2>&1 &
	pid=$!
	wait "$pid" || status=$?
	if [ "$status" = 77 ]; then
		pool_end "$check" SKIP "$check: $(tail -n 1 "$tmp/$check.out")"
		return 77
	fi
	[ "$status" = 0 ] && [ ! -s "$tmp/$check.out" ] || result="not ok"
	pool_end "$check" "$result" "$check ($((EPOCHSECONDS - start)) s)"
	[ "$result" = ok ] || keep_log "lint-$check" "$tmp/$check.out"
	[ "$result" = ok ]
}

passed=0 failed=0 skipped=0 pids=()
for check in "${checks[@]}"; do
	# Not while one of those waits that could do something
	case $check in
	gcc | clang | sparse) "$top/scripts/kernel.sh" debug >/dev/null ;;
	esac
	pool_begin "$check"
	run "$check" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	status=0
	wait "$pid" || status=$?
	case $status in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
done
echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ "$failed" = 0 ]
