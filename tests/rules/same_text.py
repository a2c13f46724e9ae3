#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A generated document is what its generator prints now: same_text.py DOCUMENT PROGRAM [ARGUMENT...]"""
import difflib
import subprocess
import sys


def main():
    document, command = sys.argv[1], sys.argv[2:]
    with open(document, encoding="utf-8") as f:
        have = f.read()
    want = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if have == want:
        print(f"{document} is up to date")
        return 0
    sys.stdout.writelines(difflib.unified_diff(have.splitlines(True), want.splitlines(True), document, "generated"))
    print(f"\nGenerate it again: {command[0]} > {document}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
