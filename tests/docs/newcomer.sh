#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Follows docs/start.md word by word in an empty folder: each command, each program, each output. newcomer.sh ROOT
set -eu
root=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
finish() {
    status=$?
    trap - EXIT
    # A step that failed may have left its Redis behind.
    if [ -S "$work/folder/redis.sock" ]; then redis-cli -s "$work/folder/redis.sock" shutdown nosave 2>/dev/null || true; fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
mkdir "$work/folder" "$work/home" "$work/tmp"
python3 "$here/blocks.py" "$root/docs/start.md" >"$work/steps.sh"
cd "$work/folder"
# Nothing of the caller's settings but where programs are.
env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work/tmp" LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 MFLIXCACHE="$root" sh "$work/steps.sh" || {
    echo "newcomer: a step of docs/start.md failed"
    exit 1
}
