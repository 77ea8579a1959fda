#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get the programs of Prometheus that tests use, promtool and prometheus-node-exporter, from
# Debian's packages, once, into the cache. Installed, these would start services.
#
#   scripts/prometheus.sh      print the folder that they are in
#
# If they cannot be had, the exit status is 77 and the last line tells why.

. "$(dirname "$0")/common.sh"

# What must end without a network does so after these seconds
limit=600
dir=$cache/prometheus

fill() {
	local package

	cd "$tmp"
	for package in prometheus prometheus-node-exporter; do
		timeout -k 5 "$limit" apt-get -o Acquire::Retries=1 download "$package" || return
	done
	for package in ./*.deb; do dpkg-deb -x "$package" "$tmp/root" || return; done
	mv "$tmp"/root/usr/bin/{promtool,prometheus-node-exporter} "$1"
}

if [ ! -e "$dir" ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	(once "$dir" fill) >&2 || { echo "Prometheus cannot be had; the log is $dir.log" >&2; exit 77; }
fi
echo "$dir"
