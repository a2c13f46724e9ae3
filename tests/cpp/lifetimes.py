# SPDX-License-Identifier: Apache-2.0
"""lifetimes.cpp compiles; with REFUSED each of its lines that says so is refused, since a function is deleted, and no other line
is. By each compiler that is there. lifetimes.py SOURCE CXX INCLUDE_DIR...
"""
import re
import shutil
import subprocess
import sys

source, cxx, include = sys.argv[1], sys.argv[2], [f"-I{d}" for d in sys.argv[3:]]
with open(source, encoding="utf-8") as f:
    wanted = {n for n, line in enumerate(f, 1) if line.rstrip().endswith("/* refused */")}
tally = {"passed": 0, "failed": 0}


def check(name, ok, why):
    tally["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAILED {name}: {why}")


check("there are lines to refuse", len(wanted) >= 10, wanted)
for compiler in [c for c in dict.fromkeys([cxx, "g++", "clang++"]) if shutil.which(c)]:
    command = [compiler, "-std=c++17", "-fsyntax-only", *include, source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    check(f"{compiler}: the rest compiles", done.returncode == 0, done.stderr)
    limit = "-ferror-limit=0" if "clang" in compiler else "-fmax-errors=0"
    done = subprocess.run(command + ["-DREFUSED", limit], capture_output=True, text=True, timeout=300)
    errors = re.findall(r"lifetimes\.cpp:(\d+):\d+: error: (.*)", done.stderr)
    found = {int(n) for n, text in errors if "deleted" in text}
    check(f"{compiler}: exactly these lines are refused", found == wanted and len(found) == len({n for n, _ in errors}),
          f"compiled: {sorted(wanted - found)}, refused: {sorted(found - wanted)}\n{done.stderr if found != wanted else errors}")
print(f"{tally['passed']} passed, {tally['failed']} failed, 0 skipped")
sys.exit(1 if tally["failed"] else 0)
