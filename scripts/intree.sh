#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Put this folder into a kernel tree, as drivers/devreset, and print that tree's folder.
#
#   scripts/intree.sh
#
# The tree is Debian's linux-source-6.1, of which it has links, not copies. It is in the
# cache, one for each copy of this repository; a build in its folder .kunit names its
# sources by relative paths, so that what was built in one tree serves another.

. "$(dirname "$0")/common.sh"

source=$("$top/scripts/kernel.sh" source)
tree=$cache/intree/$(basename "$source")-$(sha256sum <<<"$top" | cut -c1-8)
mkdir -p "$tree"
exec {lock}>"$tree.lock"
flock "$lock"

# links FOLDER NAME...: to all of the folder's entries but those
links() {
	local folder=$1 not
	shift

	mapfile -t not < <(printf '!\n-name\n%s\n' "$@")
	find "$source/$folder" -mindepth 1 -maxdepth 1 "${not[@]}" -exec ln -sft "$tree/$folder" {} +
}

if [ ! -e "$tree/Kbuild" ]; then
	mkdir -p "$tree"/{drivers,tools/testing}
	links tools testing
	links tools/testing kunit
	# kunit.py takes the folder that it is really in for the kernel's
	cp -rL "$source/tools/testing/kunit" "$tree/tools/testing/"
	links drivers Kconfig Makefile
	sed '/^endmenu/i source "drivers/devreset/Kconfig"' "$source/drivers/Kconfig" >"$tree/drivers/Kconfig"
	{ cat "$source/drivers/Makefile" && echo 'obj-y += devreset/'; } >"$tree/drivers/Makefile"
	links . drivers tools Kbuild
	ln -s "$source/Kbuild" "$tree/"
fi

# What a kernel tree would have of this one; not what was built here by plain "make"
new=$tree/drivers/devreset.new
rm -rf "$new"
cd "$top"
find Kbuild Kconfig bench drivers include kunit samples tests -type f ! -name '*.mod.c' \
	\( -name '*.[ch]' -o -name 'K*' -o -name Makefile -o -name .kunitconfig \) -printf '%h\n' |
	sort -u | while read -r folder; do
	mkdir -p "$new/$folder"
	find "$top/$folder" -maxdepth 1 -type f ! -name '*.mod.c' \
		\( -name '*.[ch]' -o -name 'K*' -o -name .kunitconfig -o -path "$top/*/Makefile" \) \
		-exec ln -st "$new/$folder" {} +
done
rm -rf "$tree/drivers/devreset"
mv "$new" "$tree/drivers/devreset"
echo "$tree"
