#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_tiers_example.py PROGRAMS SOURCE: what examples/tiers/demo.sh shows is so, and the producer takes all of a CSV or none."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS, SOURCE = sys.argv[1], sys.argv[2]
HEADER = "device,time,temperature_c,humidity_pct\n"
GOOD = "device7,2026-01-31T08:15:00Z,21.5,40\n"
passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED", what)


def environment(folder, **more):
    """No settings of the caller's; Redis where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MFLIXCACHE_", "MONGO_", "REDIS_"))}
    return {**env, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "MFLIXCACHE_STORE_URI": "sqlite::memory:",
            "MFLIXCACHE_SNAPSHOT_PATH": os.path.join(folder, "snapshot.json"), **more}


def run(env, *command, text=None):
    return subprocess.run([os.path.join(PROGRAMS, command[0]), *command[1:]], env=env, input=text, capture_output=True, text=True,
                          timeout=120, check=False)


def demonstration():
    done = subprocess.run(["sh", os.path.join(SOURCE, "examples/tiers/demo.sh"), PROGRAMS], capture_output=True, text=True,
                          timeout=240, check=False)
    check(done.returncode == 0, f"demo.sh: {done.returncode}\n{done.stdout}\n{done.stderr}")
    parts = re.split(r"\n== (.*)\n", done.stdout)
    shown = dict(zip(parts[1::2], parts[2::2]))
    check(len(shown) == 8, f"8 sections: {list(shown)}")

    def section(title):
        return next((text for name, text in shown.items() if name.startswith(title)), "")

    check("6 days: 6 in Redis for 60 s, all in the snapshot" in section("The producer"), "producer")
    check("answered by redis (cache hit), 0 database queries" in section("Redis is up"), "up")
    check("answered by snapshot (cache bypass, stale, Redis is down), 0 database queries" in section("Redis is killed"), "killed")
    check("answered by store (cache bypass, Redis is down), 1 database queries" in section("The file is removed"), "removed")
    gone = section("The database is gone")
    check("answered by" not in gone and "the loader failed" in gone, f"gone: {gone}")
    back = section("Redis and database are back")
    check("cache miss, filled" in back and "(cache hit), 0 database queries" in back, f"back: {back}")
    crowd = section("A hundred requests")
    check(re.search(r"0 by snapshot, .* 0 failed; 1 database queries", crowd), f"crowd: {crowd}")
    worth = section("What it is worth")
    fewer = [float(n) for n in re.findall(r": ([0-9.]+) % fewer", worth)]
    check(len(fewer) == 2 and min(fewer) > 95, f"worth: {worth}")
    answers = set(re.findall(r"^\{.*\}$", "".join(shown.values()), re.M))
    check(len(answers) == 1 and json.loads(answers.pop())["readings"] == 12, "every tier gave the same answer")


def csv(folder):
    """All or none, and the line is named."""
    db, env = os.path.join(folder, "readings.db"), environment(folder)
    for line, why in (
        ("device7,2026-01-31T08:15:00Z,21.5\n", "fewer than 4"),
        ("device7,2026-01-31T08:15:00Z,21.5,40,1\n", "more than 4"),
        ("dev'ice,2026-01-31T08:15:00Z,21.5,40\n", "device"),
        (",2026-01-31T08:15:00Z,21.5,40\n", "device"),
        ("d" * 65 + ",2026-01-31T08:15:00Z,21.5,40\n", "device"),
        ("device7,2026-01-31 08:15,21.5,40\n", "time"),
        ("device7,2026-01-31T08:15:00Z,nan,40\n", "temperature_c"),
        ("device7,2026-01-31T08:15:00Z,1e999,40\n", "temperature_c"),
        ("device7,2026-01-31T08:15:00Z,21.5,101\n", "humidity_pct"),
        ("device7,2026-01-31T08:15:00Z,21.5,\n", "humidity_pct"),
        ("x" * 2000 + "\n", "too long"),
    ):
        done = run(env, "mflix-producer", db, "-", text=HEADER + GOOD + line)
        check(done.returncode == 1 and "-:3: " in done.stderr and why in done.stderr, f"{line[:30]!r}: {done.stderr}")
    done = run(env, "mflix-producer", db, "-", text="a,b\n" + GOOD)
    check(done.returncode == 1 and "header" in done.stderr, f"header: {done.stderr}")
    check(not os.path.exists(os.path.join(folder, "snapshot.json")), "no snapshot of a failed import")
    done = run(env, "mflix-tiers", db, "device7", "2026-01-31")
    check("there is no such day" in done.stdout and "answered by nobody" in done.stdout, f"nothing was stored: {done.stdout}")
    # Redis is away: reported, and the file is written all the same.
    done = run(env, "mflix-producer", db, "-", text=HEADER + GOOD)
    check(done.returncode == 0 and "Redis is not warmed" in done.stderr and "1 days: 0 in Redis" in done.stdout, f"away: {done}")
    with open(os.path.join(folder, "snapshot.json"), encoding="utf-8") as f:
        day = json.loads(json.load(f)["entries"]["processed_data:device7:2026-01-31"]["text"])
    check(day["temperature_c"]["mean"] == 21.5 and day["readings"] == 1, f"snapshot: {day}")
    done = run({**env, "MFLIXCACHE_SNAPSHOT_PATH": os.path.join(folder, "no", "folder.json")}, "mflix-producer", db, "-",
               text=HEADER + GOOD)
    check(done.returncode == 1 and "No such file" in done.stderr, f"no folder: {done.stderr}")


def usage(folder):
    env = environment(folder)
    for command in (("mflix-producer",), ("mflix-producer", "--every", "0", "db", "x"), ("mflix-producer", "--every", "9", "db", "-"),
                    ("mflix-producer", "--env-file", "absent.env", "db", "x"),
                    ("mflix-tiers",), ("mflix-tiers", "db", "device7", "today"), ("mflix-tiers", "db", "a b", "2026-01-31"),
                    ("mflix-tiers", "--requests", "0", "db", "device7", "2026-01-31")):
        done = run(env, *command)
        check(done.returncode == 2 and done.stderr, f"{command}: {done.returncode} {done.stderr}")


def every(folder):
    """It goes on until it is asked to end, and then ends well."""
    db, source, env = os.path.join(folder, "every.db"), os.path.join(folder, "every.csv"), environment(folder)
    with open(source, "w", encoding="utf-8") as f:
        f.write(HEADER + GOOD)
    log = os.path.join(folder, "every.log")
    with open(log, "w", encoding="utf-8") as out:
        program = subprocess.Popen([os.path.join(PROGRAMS, "mflix-producer"), "--every", "1", db, source], env=env, stdout=out,
                                   stderr=subprocess.DEVNULL)
    runs, deadline = 0, time.monotonic() + 60
    while runs < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        with open(log, encoding="utf-8") as f:
            runs = f.read().count("all in the snapshot")
    program.send_signal(signal.SIGTERM)
    check(program.wait(30) == 0 and runs >= 2, f"--every: {runs} runs, status {program.returncode}")


def main():
    if shutil.which("redis-server") is None:
        print("redis-server is not there")
        return 77
    demonstration()
    for part in (csv, usage, every):
        with tempfile.TemporaryDirectory() as folder:
            part(folder)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
