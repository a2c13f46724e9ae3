#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install to a folder that is moved afterwards, then build and run a program outside the tree: by pkg-config (shared and
# static), by find_package (shared and static). run.sh CMAKE BUILD_DIR CC
set -eu
cmake=$1 build=$2 cc=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR="$work/stage" "$cmake" --install "$build" --prefix /opt/anywhere >"$work/log" || { cat "$work/log"; exit 1; }
mv "$work/stage/opt/anywhere" "$work/moved"
libdir=$(dirname "$(find "$work/moved" -name libmflixcache.a)")
PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PKG_CONFIG_PATH LD_LIBRARY_PATH

if grep -rIl "$work\|$build" "$work/moved"; then
    echo "the files above name the folder they were built in"
    exit 1
fi
test "$(basename "$(readlink -f "$libdir/libmflixcache.so")")" = libmflixcache.so.1.0.0
test "$(readlink "$libdir/libmflixcache.so.1")" = libmflixcache.so.1.0.0

mkdir "$work/outside"
cp "$here/consumer.c" "$here/CMakeLists.txt" "$work/outside"
cd "$work/outside"
pkg-config --print-errors --exists mflixcache
# shellcheck disable=SC2046
$cc -std=c11 -Wall -Wextra -Werror consumer.c -o by_pc $(pkg-config --cflags --libs mflixcache)
./by_pc
# The static archive by its name; --static adds what is underneath.
# shellcheck disable=SC2046
$cc -std=c11 consumer.c -o by_pc_static $(pkg-config --cflags mflixcache) "$libdir/libmflixcache.a" \
    $(pkg-config --static --libs mflixcache | sed 's/-lmflixcache//')
LD_LIBRARY_PATH='' ./by_pc_static

"$cmake" -G Ninja -S . -B out -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_C_COMPILER="$cc" >"$work/log" || { cat "$work/log"; exit 1; }
"$cmake" --build out >"$work/log" || { cat "$work/log"; exit 1; }
./out/with_shared
LD_LIBRARY_PATH='' ./out/with_static

# Components: each alone, and what is asked for in vain is named.
find() { # WORD COMPONENTS... [-- CMAKE ARGUMENTS]: CMake says WORD
    word=$1 components=$2
    shift 2
    mkdir -p "$work/find"
    sed "s/COMPONENTS_HERE/$components/" "$here/components.cmake" >"$work/find/CMakeLists.txt"
    rm -rf "$work/find/out"
    "$cmake" -S "$work/find" -B "$work/find/out" -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_C_COMPILER="$cc" "$@" >"$work/log" 2>&1 || true
    grep -q "$word" "$work/log" || { cat "$work/log"; echo "consumer: find_package($components) was to say: $word"; exit 1; }
}
find 'found: TRUE' static
find 'found: FALSE' shared
find 'there is no component nonsense' nonsense
PKG_CONFIG_LIBDIR=/nowhere PKG_CONFIG_PATH='' find 'component static needs pkg-config' static
PKG_CONFIG_LIBDIR=/nowhere PKG_CONFIG_PATH='' find 'found: FALSE' shared
if [ -x "$work/moved/bin/mflix" ]; then
    "$work/moved/bin/mflix" --help >/dev/null
    find 'mflix --version: mflix 0' 'shared static tools'
    mv "$work/moved/bin/mflix" "$work/moved/bin/elsewhere"
    find 'component tools: ' tools
fi
echo "consumer: all four built and ran"
