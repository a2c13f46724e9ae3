#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_demo_web.py SOURCE: `script/demo --web` prints an address that serves, and Ctrl-C ends all that it started."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED", what)


def children(pid):
    """Every process below this one."""
    pairs = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                pairs.append((int(name), int(f.read().rsplit(")", 1)[1].split()[1])))
        except OSError:
            pass  # it has just ended
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        below = [child for child, above in pairs if above == parent]
        found += below
        todo += below
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def main():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MFLIXCACHE_", "MONGO_", "REDIS_"))}
    demo = subprocess.Popen([os.path.join(sys.argv[1], "script", "demo"), "--web"], env={**env, "MFLIX_DATA": "/nonexistent"},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    address = None
    for line in demo.stdout:  # building may take a while; the test's own limit is the end of it
        print(line, end="")
        found = re.match(r"mflix-server: (http://127\.0\.0\.1:\d+/)", line)
        if found:
            address = found.group(1)
            break
    check(address, "an address")
    started = children(demo.pid)
    if address:
        with urllib.request.urlopen(address, timeout=30) as page:
            check("text/html" in page.headers["Content-Type"], "the page")
        with urllib.request.urlopen(address + "movies/top?n=3", timeout=30) as top:
            check(len(json.load(top)["movies"]) == 3, "the documents")
        check(len(started) >= 2, f"Redis and the server: {started}")
    os.killpg(demo.pid, signal.SIGINT)
    rest = demo.stdout.read()
    check(demo.wait(60) == 130, f"Ctrl-C: {demo.returncode}\n{rest}")
    end = time.monotonic() + 20
    while any(map(alive, started)) and time.monotonic() < end:
        time.sleep(0.1)
    check(not any(map(alive, started)), "what it started is gone")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
