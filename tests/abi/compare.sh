#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the library's binary interface with tests/abi/baseline.abi: what was removed or changed fails, what was added does not.
# Seen to fail first on small libraries. compare.sh ROOT CC LIBRARY
set -eu
root=$(cd "$1" && pwd) cc=$2 library=$3
command -v abidiff >/dev/null 2>&1 || { echo "abi: abidiff is not installed (script/setup: abigail-tools)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 4: something changed; 8: in a way that breaks programs (removed functions, other arguments, other layouts).
compare() {
    status=0
    abidiff --no-added-syms --no-architecture "$@" >"$work/diff" 2>&1 || status=$?
    return "$status"
}

# ---- The comparison itself, by libraries of which it is known.
mkdir "$work/tree" "$work/tree/include" "$work/tree/tests" "$work/tree/tests/abi"
cp "$root/tests/abi/renew.sh" "$work/tree/tests/abi"
lib() { printf '%s\n' "$2" | "$cc" -g -shared -fPIC -x c - -o "$work/$1.so"; }
lib old 'struct s { int a; }; enum e { A = 1 }; int mc_a(struct s *s, enum e e) { return s->a + (int)e; }'
lib more 'struct s { int a; }; enum e { A = 1 }; int mc_a(struct s *s, enum e e) { return s->a + (int)e; } int mc_b(void) { return 1; }'
lib less 'int mc_b(void) { return 1; }'
lib other 'struct s { char c; int a; }; enum e { A = 1 }; int mc_a(struct s *s, enum e e) { return s->a + (int)e; }'
lib number 'struct s { int a; }; enum e { A = 2 }; int mc_a(struct s *s, enum e e) { return s->a + (int)e; }'
"$work/tree/tests/abi/renew.sh" "$work/old.so" "$work/old.abi"
compare "$work/old.abi" "$work/old.so" || { cat "$work/diff"; echo "abi: the same library was to be allowed"; exit 1; }
compare "$work/old.abi" "$work/more.so" || { cat "$work/diff"; echo "abi: an added function was to be allowed"; exit 1; }
if compare "$work/old.abi" "$work/less.so"; then echo "abi: a removed function was to be found"; exit 1; fi
if compare "$work/old.abi" "$work/other.so"; then echo "abi: another layout was to be found"; exit 1; fi
if compare "$work/old.abi" "$work/number.so"; then echo "abi: another number of a name was to be found"; exit 1; fi

# ---- The library.
compare --drop-private-types --headers-dir2 "$root/include" "$root/tests/abi/baseline.abi" "$library" || {
    cat "$work/diff"
    echo "abi: programs built against tests/abi/baseline.abi would break. Before the first release: tests/abi/renew.sh $library"
    exit 1
}
echo "abi: compatible with tests/abi/baseline.abi"
