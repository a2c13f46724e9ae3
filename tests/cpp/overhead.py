#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the C++ layer costs over the C functions, in instructions per read that hits (callgrind): those executed in the program
itself, where the layer is inlined, which do not depend on what the network does. At most 150, about one in a hundred of a read.
overhead.py C_PROGRAM CPP_PROGRAM
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 150
MISSING = "000000000000000000000001"  # "not found" is cached as well: a hit that needs no database


def instructions(program, port, count, folder):
    """Of the whole process, and of the program's own code."""
    out = os.path.join(folder, "callgrind.out")
    subprocess.run(["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}",
                    program, str(port), MISSING, str(count)], capture_output=True, check=True)
    total = own = 0
    inside = called = False
    with open(out, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("ob="):
                inside = line[3:].strip() == program
            elif line.startswith("calls="):
                called = True  # the next line is what the callee cost
            elif line[:1].isdigit():
                cost = 0 if called else int(line.split()[1])
                called = False
                total += cost
                own += cost * inside
    return total, own


def main():
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return 77
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        redis = subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                time.sleep(0.02)
            cost = []
            for program in sys.argv[1:3]:
                few, many = (instructions(program, port, n, folder) for n in (100, 1100))
                cost.append([(b - a) / 1000 for a, b in zip(few, many)])
        finally:
            redis.send_signal(signal.SIGKILL)
            redis.wait()
    more = cost[1][1] - cost[0][1]
    ok = 0 < cost[0][1] and more <= LIMIT
    print(f"instructions per read that hits: {cost[0][0]:.0f} in all; in the program {cost[0][1]:.0f} with C, {cost[1][1]:.0f} with "
          f"C++: {more:.0f} more ({100 * more / cost[0][0]:.1f} %), limit {LIMIT}")
    print(f"{int(ok)} passed, {int(not ok)} failed, 0 skipped")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
