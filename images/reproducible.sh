#!/bin/sh
# Builds the program and the image of the last commit twice, in two places of
# different names, and compares the bytes.
set -eu
top=$(git rev-parse --show-toplevel)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git clone -q --shared "$top" "$tmp/one"
git clone -q --shared "$tmp/one" "$tmp/another/place" # the same commit, whatever is committed meanwhile
for place in one another/place; do
	(cd "$tmp/$place" && make -s build image)
done
for file in bin/rtcship dist/rtcship-image.tar; do
	cmp "$tmp/one/$file" "$tmp/another/place/$file"
	echo "$file is the same: $(sha256sum <"$tmp/one/$file" | cut -d' ' -f1)"
done
