#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the documentation with Sphinx, the API in it from the comments in the source.
#
#   scripts/htmldocs.sh [FOLDER]    print the path of the first page
#
# FOLDER: html/ of the repository by default. The kernel's own extension and script for
# kernel-doc are those of linux-source-6.1. A warning is an error, and so is a link to a
# file that there is not. "scripts/setup.sh htmldocs" installs Sphinx.

. "$(dirname "$0")/common.sh"

out=${1-$top/html}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
DEVRESET_KERNEL_SOURCE=$("$top/scripts/kernel.sh" source)
export DEVRESET_KERNEL_SOURCE PYTHONDONTWRITEBYTECODE=1
sphinx-build -q -W --keep-going -n -E -d "$tmp" -b html "$top/Documentation" "$out"
echo "$out/index.html"
