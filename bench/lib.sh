# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of "make bench" share. Each runs in a guest, as scenarios do;
# its rows go into the table at the end.

. "${DEVRESET_TOP:-.}/tests/lib.sh"

run=/sys/kernel/debug/devreset_bench/run
declare -A got

# ask COMMAND...: have bench.ko do it; its answer is then in got[]
ask() {
	local word words

	echo "$*" >$run
	read -ra words <$run || true
	got=()
	for word in "${words[@]}"; do
		got[${word%%=*}]=${word#*=}
	done
	echo "$*: ${words[*]}"
}

# row WHAT VALUE [GOAL met|missed]
row() { printf 'row\t%s\t%s\t%s\t%s\n' "$1" "$2" "${3--}" "${4--}"; }

# judge WHAT VALUE GOAL CONDITION: a row with an arithmetical condition
judge() {
	if (($4)); then
		row "$1" "$2" "$3" met
	else
		row "$1" "$2" "$3" missed
	fi
}

# us NS, ms NS: the same, for people
us() { awk -v "ns=$1" 'BEGIN { printf "%.1f us", ns / 1000 }'; }
ms() { awk -v "ns=$1" 'BEGIN { printf "%.3f ms", ns / 1000000 }'; }

# Does an instruction take a nanosecond here? Then figures repeat, and are judged.
counted() { grep -q maxcpus=1 /proc/cmdline; }
