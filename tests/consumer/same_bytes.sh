#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two folders, the same bytes: the library is built from a copy of the tree in each, with another name, depth and umask, and both
# kinds are compared, debug information and all. Seen to fail first when the folder is let in. same_bytes.sh ROOT CMAKE CC
set -eu
root=$(cd "$1" && pwd) cmake=$2 cc=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # FOLDER: a copy of what the library is made of, built
    mkdir -p "$1/docs"
    for part in CMakeLists.txt cmake include lib pkgconfig LICENSE CHANGELOG.md docs/man; do
        cp -r "$root/$part" "$1/$part"
    done
    {
        "$cmake" -G Ninja -S "$1" -B "$1/out" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$cc" \
            -DMFLIXCACHE_BUILD_TESTS=OFF -DMFLIXCACHE_BUILD_PROGRAM=OFF && "$cmake" --build "$1/out" --target mflixcache mflixcache_static
    } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}
same() { cmp "$work/one/out/$1" "$work/two/a deeper/folder/out/$1"; }

build "$work/one"
(umask 077 && build "$work/two/a deeper/folder")
same libmflixcache.so.1.0.0
same libmflixcache.a
if grep -a -q "$work" "$work/one/out/libmflixcache.so.1.0.0" "$work/one/out/libmflixcache.a"; then
    echo "same_bytes: the library names the folder it was built in"
    exit 1
fi
# The comparison can fail: one object whose text names its folder.
echo 'const char mci_here[] = HERE;' >"$work/here.c"
"$cc" -c -DHERE="\"$work/one\"" "$work/here.c" -o "$work/one/out/here.o"
"$cc" -c -DHERE="\"$work/two\"" "$work/here.c" -o "$work/two/a deeper/folder/out/here.o"
if same here.o >/dev/null; then
    echo "same_bytes: two objects with two names were to differ"
    exit 1
fi
echo "same_bytes: shared and static library are the same from two folders"
