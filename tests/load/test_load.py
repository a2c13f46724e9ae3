#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Load on a real mflix-server: test_load.py MFLIX SERVER SOURCE_FOLDER [WORD...]

A short run of locust with its report, and the program's own benchmark over HTTP; both must agree with what the server counted.
"""
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True
import serving  # noqa: E402
from serving import harness  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def lines(path):
    """The lines of a drawing: class -> list of points, without its key."""
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == SVG + "svg" and "prefers-color-scheme:dark" in root.find(SVG + "style").text
    found = {}
    for p in root.iter(SVG + "path"):
        if "h24" not in p.get("d"):
            found.setdefault(p.get("class"), []).append([tuple(map(float, x)) for x in re.findall(r"([\d.]+) ([\d.]+)", p.get("d"))])
    return root, found


def served(w):
    """Answers to movies so far, as the server counts them: (200s, others)."""
    text = w.ask("GET", "/metrics")[2].decode()
    good = other = 0
    for route, code, n in re.findall(r'^mflix_http_requests_total\{route="(/movies[^"]*)",method="GET",code="(\d+)"\} (\d+)', text, re.M):
        if route in ("/movies/{id}", "/movies/top"):
            good, other = (good + int(n), other) if code == "200" else (good, other + int(n))
    return good, other


def bench_over_http(w):
    good, other = served(w)
    report = w.path("bench.svg")
    p = w.raw("--json", "bench", "--http", "http://" + w.address, "-n", "3000", "--threads", "4", "--titles", "60", "--report", report)
    r = json.loads(p.stdout)
    assert p.returncode == 0 and r["errors"] == 0 and r["requests"] == 3000 and r["connections"] == 4, (r, p.stderr)
    after, others = served(w)
    assert after - good == 3001 and others == other, "the run, and one page of the board"
    assert r["movie"]["uncached"]["count"] + r["top"]["uncached"]["count"] == 1500
    assert r["movie"]["bypass"]["count"] == r["top"]["bypass"]["count"] == 0, "Redis is up"
    assert 0.9 < r["hit_ratio"] < 1 and r["movie"]["miss"]["count"] > 0, r["hit_ratio"]
    for route in ("movie", "top"):
        for way in ("cached", "uncached"):
            s = r[route][way]
            assert 0 < s["library_p50_ms"] <= s["p50_ms"] <= s["p99_ms"], (route, way, s)
    # The first top list brings back what was dropped; without one, each title is missed once (or twice, by two users at once).
    p = w.raw("--json", "bench", "--http", "http://" + w.address, "-n", "2000", "--threads", "2", "--titles", "60", "--top-share", "0")
    alone = json.loads(p.stdout)
    assert p.returncode == 0 and alone["top"]["cached"]["count"] == 0 and 50 <= alone["movie"]["miss"]["count"] <= 70, alone["movie"]
    root, drawn = lines(report)
    assert {k: len(v) for k, v in drawn.items()} == {"cached": 2, "cached p99": 1, "uncached": 2, "uncached p99": 1}
    assert f"{r['hit_ratio'] * 100:.1f} % hits" in "".join(root.itertext())


def bench_without_redis(w):
    """Redis away: the cached reads are bypasses, still answered; the titles cannot be dropped, which is reported."""
    p = subprocess.Popen([w.program, "--json", "bench", "--http", "http://" + w.address, "-n", "1000000", "--seconds", "60", "--titles", "30"],
                         env=w.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    begun = served(w)[0]
    assert serving.until(lambda: served(w)[0] > begun + 200)
    port = w.port
    w.stop_redis()
    middle = served(w)[0]
    assert serving.until(lambda: served(w)[0] > middle + 500)
    p.send_signal(2)
    out, err = p.communicate(timeout=60)
    r = json.loads(out)
    assert p.returncode == 130 and r["ended_by"] == "interrupt" and r["errors"] == 0, (r, err)
    assert r["movie"]["bypass"]["count"] > 50 and r["movie"]["hit"]["count"] > 50, r["movie"]
    q = w.raw("bench", "--http", "http://" + w.address, "-n", "10")
    assert q.returncode == 3 and b"DELETE /cache/movies/" in q.stderr and b"503" in q.stderr, q.stderr
    w.start_redis(port)


def a_run_of_locust(w):
    locust = serving.tool("locust", "bin")
    folder = os.path.join(w.source, "examples", "load")
    prefix = w.path("run")
    good, other = served(w)
    common = [locust, "-f", os.path.join(folder, "locustfile.py"), "--headless", "--only-summary", "--host", "http://" + w.address]
    p = subprocess.run([*common, "--users", "4", "--spawn-rate", "4", "--run-time", "6s", "--titles", "50", "--csv", prefix,
                        "--csv-full-history"], capture_output=True, text=True, check=False, timeout=120, env=w.env, cwd=w.dir)
    assert p.returncode == 0, (p.stdout, p.stderr)
    with open(prefix + "_cache_history.csv", encoding="utf-8") as f:
        names, *cells = [line.rstrip("\n").split(",") for line in f]
    rows = [dict(zip(names, c)) for c in cells]
    cached = [r for r in rows if r["series"] == "cached"]
    uncached = [r for r in rows if r["series"] == "uncached"]
    asked = sum(int(r["requests"]) for r in rows)
    assert len(cached) >= 4 and len(uncached) >= 4 and asked > 100 and all(r["failures"] == "0" for r in rows), rows
    assert abs(sum(int(r["requests"]) for r in cached) - sum(int(r["requests"]) for r in uncached)) <= 4
    hits = sum(int(r["hits"]) for r in cached)
    assert hits > 0.5 * asked / 2 and sum(int(r["misses"]) for r in cached) > 0 and all(r["hits"] == "0" for r in uncached)
    assert 0 <= served(w)[0] - good - asked <= 10 and served(w)[1] == other, "what locust counted is what the server answered"
    report = w.path("report.svg")
    subprocess.run([sys.executable, os.path.join(folder, "report.py"), prefix, report, "--note", "a <test> & more", "--mflix", w.program], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    root, drawn = lines(report)
    assert {k: len(v) for k, v in drawn.items()} == {"cached": 2, "cached p99": 1, "uncached": 2, "uncached p99": 1, "load": 1, "users": 1}
    for kind, several in drawn.items():
        assert all(len(points) >= 3 for points in several), (kind, several)
    assert "a <test> & more" in "".join(root.itertext())


def what_locust_cannot_do(w):
    locust = serving.tool("locust", "bin")
    file = os.path.join(w.source, "examples", "load", "locustfile.py")
    here = "http://" + w.address
    for args, words in ((["--host", here], "--run-time"), (["--host", here, "--run-time", "2s", "--hot-part", "101"], "outside 0 to 100"),
                        (["--host", f"http://127.0.0.1:{serving.free_port()}", "--run-time", "2s"], "refused")):
        p = subprocess.run([locust, "-f", file, "--headless", "--only-summary", *args], capture_output=True, text=True, check=False,
                           timeout=60, env=w.env, cwd=w.dir)
        assert p.returncode == 1 and words in p.stderr and "Traceback" not in p.stderr, (args, p.stderr)
    report = os.path.join(w.source, "examples", "load", "report.py")
    for args, status in (([w.path("none"), w.path("none.svg")], 1), ([w.path("none"), "none.png"], 2)):
        p = subprocess.run([sys.executable, report, *args], capture_output=True, text=True, check=False, timeout=60)
        assert p.returncode == status and "Traceback" not in p.stderr and "report.py: " in p.stderr, p.stderr
    assert not os.path.exists(w.path("none.svg"))


TESTS = [bench_over_http, a_run_of_locust, what_locust_cannot_do, bench_without_redis]


def main():
    mflix, server, source, *words = sys.argv[1:]
    harness.end_on_signals()
    tests = [t for t in TESTS if not words or any(w in t.__name__ for w in words)]
    world = serving.Serving(mflix, server, source)
    try:
        world.fill()
        world.start_server()
        failed, skipped, passed = harness.run_all(world, tests)
        status = world.stop_server()
        if status != 0:
            print(f"mflix-server ended with {status}")
            failed += 1
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(tests)} skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
