#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The reference builds without a warning, and a function without its comment, or a parameter that is not there, is one.
# reference.sh ROOT
set -eu
root=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/script/docs" "$work/out"
test -n "$(find "$work/out/html" -name 'movies_8h.html')" || { echo "reference: no page for movies.h"; exit 1; }

wrong() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/script"
    cp -r "$root/include" "$root/docs" "$root/CMakeLists.txt" "$work/tree"
    cp "$root/script/docs" "$work/tree/script"
    chmod -R u+w "$work/tree"
    printf '%s\n' "$2" | cat "$root/include/mflixcache/$1" - >"$work/tree/include/mflixcache/$1"
    if "$work/tree/script/docs" "$work/wrong" >"$work/log" 2>&1; then
        echo "reference: this was to be refused: $2"
        exit 1
    fi
}
wrong kv.h 'MC_API void mc_not_told(int x);'
wrong kv.h '/** Described, but of another parameter. @param y  what? Threads: any. */
MC_API void mc_told(int x);'
wrong kv.h '/** See @ref mc_is_nowhere. Threads: any. */
MC_API void mc_told(void);'
echo "reference: built; three faults were refused"
