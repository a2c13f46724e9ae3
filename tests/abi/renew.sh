#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the library's binary interface, as its debug information tells it, to tests/abi/baseline.abi: at each release, and before
# the first one whenever the interface changes. compare.sh compares with it. renew.sh LIBRARY [OUTPUT]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
library=${1:-$root/build/dev/libmflixcache.so}
out=${2:-$root/tests/abi/baseline.abi}
# What a program built against the headers depends on, and nothing that differs between two machines or two moves of a file.
abidw --headers-dir "$root/include" --drop-private-types --drop-undefined-syms --exported-interfaces-only --no-show-locs \
    --no-corpus-path --no-comp-dir-path --no-elf-needed --no-architecture --no-parameter-names --no-write-default-sizes \
    --type-id-style hash "$library" | sed "s|<abi-instr \(.*\) path='[^']*'|<abi-instr \1 path='lib'|" >"$out"
