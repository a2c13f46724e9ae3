#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The account that docs/guide/deployment.md recommends: its commands are those the sources use, no more and no fewer, and test programs run
under it with nothing refused. acl.py ROOT PROGRAM..."""
import os
import pathlib
import re
import subprocess
import sys


def used(root):
    names = {"eval", "evalsha"}
    for f in (root / "lib").rglob("*.lua"):
        names |= {n.lower() for n in re.findall(r"(?:redis\.p?call|with_all)\('([A-Z]+)'", f.read_text())}
    for f in (root / "lib").rglob("*.c"):
        if f.stem in ("sentinel", "cluster", "redirect"):  # rights of their own, said where those are described
            continue
        for call in re.findall(r"mci_cmd\(([^;]*)", f.read_text()):
            names |= {n.lower() for n in re.findall(r'"([A-Z]+)"', call)}
    return names - {"auth"}  # allowed to everybody


def main():
    root = pathlib.Path(sys.argv[1])
    guide = (root / "docs/guide/deployment.md").read_text()
    line = re.search(r"^ACL SETUSER mflix (.*)$", guide, re.M).group(1)
    allowed = set(re.findall(r"\+([a-z]+)", line))
    if "-@all" not in line.split() or "+@" in line:
        sys.exit("the account has whole categories")
    if allowed != used(root):
        sys.exit(f"not used: {sorted(allowed - used(root))}; missing: {sorted(used(root) - allowed)}")
    failed = 0
    for program in sys.argv[2:]:
        done = subprocess.run([program], env={**os.environ, "MFLIX_TEST_ACL": line}, capture_output=True, text=True, check=False)
        print(f"{pathlib.Path(program).name}: {done.returncode}")
        if done.returncode == 77:
            sys.exit(77)
        if done.returncode != 0:
            failed = 1
            print(done.stdout[-3000:], done.stderr[-3000:])
    sys.exit(failed)


main()
