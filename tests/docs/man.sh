#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages are what the headers and the program say now, and roff without faults. man.sh ROOT MFLIX
set -eu
root=$(cd "$1" && pwd)
python3 "$root/docs/man/generate.py" --check "$root" "$2"
command -v mandoc >/dev/null 2>&1 || { echo "man: mandoc is not installed (script/setup)"; exit 77; }
mandoc -T lint -W warning "$root"/docs/man/*.[13]
if printf '.Dd x\n.Bl\n' | mandoc -T lint -W warning >/dev/null; then
    echo "man: mandoc was to find this wrong"
    exit 1
fi
echo "man: $(find "$root/docs/man" -name '*.[13]' | wc -l) pages are up to date and well-formed"
