#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian packages and the archive, installs the packages into a folder with dpkg, unpacks the archive, and builds
# and runs a program outside the tree against each, by pkg-config and by CMake. packages.sh ROOT CMAKE CC
set -eu
root=$1 cmake=$2 cc=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "packages: $*"; exit 1; }

"$root/script/package" "$work/made" >/dev/null
set -- "$work"/made/libmflixcache1_*.deb "$work"/made/libmflixcache-dev_*.deb "$work"/made/mflixcache-tools_*.deb
for deb in "$@"; do test -f "$deb" || fail "$deb was not made"; done

# What each says of itself.
field() { dpkg-deb -f "$1" "$2"; }
field "$1" Depends | grep -q 'libhiredis.*libjansson4' || fail "the runtime package does not depend on the libraries underneath"
field "$2" Depends | grep -q '^libmflixcache1 (= ' || fail "-dev does not depend on its own library"
for p in libhiredis-dev libssl-dev libc-ares-dev libjansson-dev libsqlite3-dev; do # pkg-config asks for them
    field "$2" Depends | grep -q "$p" || fail "-dev does not depend on $p"
done
field "$3" Depends | grep -q 'libmflixcache1 (>= ' || fail "the program does not depend on the library"
if dpkg-deb -c "$1" | grep -E '\.(h|a|pc|cmake)$|\.so$'; then fail "the files above belong into -dev"; fi

# What they are made of.
sbom=$(find "$work/made" -name '*.spdx.json')
python3 "$root/tests/docs/sbom.py" --check "$sbom" || fail "$sbom is not what SPDX asks for"
grep -q "\"versionInfo\": \"$(pkg-config --modversion hiredis)\"" "$sbom" || fail "the SBOM does not name this machine's hiredis"
grep -q "$(sha256sum "$1" | cut -d' ' -f1)" "$sbom" || fail "the SBOM does not have the checksum of $1"

# Installed in the order of their dependencies, into a root of their own.
sys=$work/root
mkdir -p "$sys/var/lib/dpkg/info" "$sys/var/lib/dpkg/updates" "$sys/var/lib/dpkg/triggers"
: >"$sys/var/lib/dpkg/status"
: >"$sys/var/lib/dpkg/available"
if [ "$(id -u)" -eq 0 ]; then
    # Its dependencies are in the machine's own database, not in this one; ldconfig would be run in a root without a shell.
    dpkg --root="$sys" --force-depends --force-script-chrootless --log="$work/log" -i "$@" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
    dpkg --root="$sys" -l libmflixcache1 libmflixcache-dev mflixcache-tools | grep -c '^ii' | grep -qx 3 || fail "not all three are installed"
else
    for deb in "$@"; do dpkg-deb -x "$deb" "$sys"; done
fi
test "$(find "$sys" -name copyright | wc -l)" -eq 3 || fail "a package without its licence"
mkdir "$work/archive"
tar -xzf "$work"/made/mflixcache-*.tar.gz -C "$work/archive" --strip-components=1
rm -rf "$work/made"

cp "$root/tests/consumer/consumer.c" "$root/tests/consumer/CMakeLists.txt" "$work"
for prefix in "$sys/usr" "$work/archive"; do
    libdir=$(dirname "$(find "$prefix" -name libmflixcache.a)")
    # shellcheck disable=SC2046
    "$cc" -std=c11 -Wall -Wextra -Werror "$work/consumer.c" -o "$work/by_pc" \
        $(PKG_CONFIG_PATH="$libdir/pkgconfig" pkg-config --cflags --libs mflixcache)
    LD_LIBRARY_PATH=$libdir "$work/by_pc" | sed 's/^/pkg-config: /'
    {
        "$cmake" -G Ninja -S "$work" -B "$work/tree" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" &&
            "$cmake" --build "$work/tree"
    } >"$work/log" || { cat "$work/log"; exit 1; }
    LD_LIBRARY_PATH=$libdir "$work/tree/with_shared" | sed 's/^/CMake: /'
    LD_LIBRARY_PATH='' "$work/tree/with_static" | sed 's/^/CMake, static: /'
    rm -rf "$work/tree"
    test -f "$prefix/share/man/man3/mc_get_movie.3" || fail "no page for mc_get_movie"
done
LD_LIBRARY_PATH=$(dirname "$(find "$sys" -name libmflixcache.so.1)") "$sys/usr/bin/mflix" --version
"$work/archive/bin/mflix" --version >/dev/null || fail "the program of the archive does not find its library"
if [ "$(id -u)" -eq 0 ]; then
    dpkg --root="$sys" --force-depends --force-script-chrootless --log="$work/log" -P mflixcache-tools libmflixcache-dev libmflixcache1 \
        >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
    if find "$sys/usr" -type f 2>/dev/null | grep .; then fail "removing the packages left the files above"; fi
fi
echo "packages: installed, used and removed"
