#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A live test program with the cache in this process in Redis' place: in_memory.py PROGRAM. A test that asks a Redis something itself ends there;
that part is about Redis, and is no skipped test: it runs in the entry of the same name without "memory."."""
import os
import re
import subprocess
import sys


def run_elsewhere(program, env, left_out):
    done = subprocess.run([program], env=env, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode == 77:
        print(output)
        return 77
    passed = len(re.findall(r"^\[\s+OK \] ", output, re.M))
    about = sorted(set(re.findall(r"^\[\s+SKIPPED \] (\w+)$", output, re.M)))
    failed = sorted(set(re.findall(r"^\[\s+FAILED\s+\] (\w+)$", output, re.M)))
    if done.returncode != 0 or failed:
        print(output)
    print(f"{left_out}: {', '.join(about) or 'none'}")
    bad = len(failed) or int(done.returncode != 0 or passed == 0)
    print(f"{passed} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(run_elsewhere(sys.argv[1], {**os.environ, "MFLIX_TEST_CACHE": "memory"}, "about Redis itself"))
