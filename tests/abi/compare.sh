#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the library's binary interface with the last tagged release: what was removed or changed fails, what was added does
# not. Without a tag it says so. Seen to fail first on two small libraries. compare.sh ROOT CMAKE CC LIBRARY
set -eu
root=$(cd "$1" && pwd) cmake=$2 cc=$3 library=$4
command -v abidiff >/dev/null 2>&1 || { echo "abi: abidiff is not installed (script/setup: abigail-tools)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 4: something changed; 8: in a way that breaks programs (removed functions, other arguments, other layouts).
compare() {
    status=0
    abidiff --no-added-syms "$@" >"$work/diff" 2>&1 || status=$?
    return "$status"
}
lib() { printf '%s\n' "$2" | "$cc" -g -shared -fPIC -x c - -o "$work/$1.so"; }
lib old 'struct s { int a; }; int mc_a(struct s *s) { return s->a; }'
lib more 'struct s { int a; }; int mc_a(struct s *s) { return s->a; } int mc_b(void) { return 1; }'
lib less 'int mc_b(void) { return 1; }'
lib other 'struct s { char c; int a; }; int mc_a(struct s *s) { return s->a; }'
compare "$work/old.so" "$work/more.so" || { echo "abi: an added function was to be allowed"; exit 1; }
if compare "$work/old.so" "$work/less.so"; then echo "abi: a removed function was to be found"; exit 1; fi
if compare "$work/old.so" "$work/other.so"; then echo "abi: another layout was to be found"; exit 1; fi

tag=$(git -C "$root" describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
if [ -z "$tag" ]; then
    echo "abi: no release is tagged yet: nothing to compare with (the comparison itself was tried)"
    exit 0
fi
mkdir "$work/source"
git -C "$root" archive "$tag" | tar -x -C "$work/source"
{
    "$cmake" -G Ninja -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$cc" \
        -DMFLIXCACHE_BUILD_TESTS=OFF -DMFLIXCACHE_BUILD_PROGRAM=OFF && "$cmake" --build "$work/build" --target mflixcache
} >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
if ! compare --headers-dir1 "$work/source/include" --headers-dir2 "$root/include" "$work/build/libmflixcache.so" "$library"; then
    cat "$work/diff"
    echo "abi: programs built against $tag would break"
    exit 1
fi
echo "abi: compatible with $tag"
