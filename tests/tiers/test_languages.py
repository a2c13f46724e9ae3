#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_languages.py PROGRAMS SOURCE LIBRARY: three tiers shared by C, Python and PHP: each tier taken away in turn, the same answer from
each language, and what one writes is what the others read. And where producers take their CSV from."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PROGRAMS, SOURCE, LIBRARY = sys.argv[1:4]
DEVICE, DATE = "device7", "2026-01-31"
KEY = f"processed_data:{DEVICE}:{DATE}"
CSV = os.path.join(SOURCE, "examples/producer/readings.csv")
tally = {"passed": 0, "failed": 0}


def same(answer, tier, want):
    """The tier, and the same JSON: PHP writes 21.00 as 21.0."""
    return answer[0] == tier and json.loads(answer[1]) == json.loads(want)


def check(ok, what):
    tally["passed" if ok else "failed"] += 1
    if not ok:
        print("FAILED", what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(1500):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on {port}")


class System:
    """A folder, a Redis, a PHP server, and programs with one set of settings."""

    def __init__(self, folder):
        self.folder, self.port, self.http = folder, free_port(), free_port()
        self.db, self.file = os.path.join(folder, "readings.db"), os.path.join(folder, "data.json")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MFLIXCACHE_", "MONGO_", "REDIS_"))}
        self.env = {**env, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.port), "MFLIXCACHE_STORE_URI": "sqlite::memory:",
                    "MFLIXCACHE_SNAPSHOT_PATH": self.file, "MFLIXCACHE_VALUES_RAW_KEYS": "true", "MFLIXCACHE_SNAPSHOT_FORMAT": "plain",
                    "MFLIXCACHE_LIBRARY": LIBRARY, "PYTHONPATH": os.path.join(SOURCE, "bindings/python"), "READINGS_DB": self.db,
                    "PYTHONDONTWRITEBYTECODE": "1"}
        self.redis = self.php = None

    def start_redis(self):
        self.redis = subprocess.Popen(["redis-server", "--port", str(self.port), "--save", "", "--dir", self.folder], stdout=subprocess.DEVNULL)
        wait_for(self.port)

    def stop_redis(self):
        self.redis.kill()
        self.redis.wait()
        self.redis = None

    def start_php(self):
        with open(os.path.join(self.folder, "php.log"), "w", encoding="utf-8") as log:
            self.php = subprocess.Popen(["php", "-S", f"127.0.0.1:{self.http}", os.path.join(SOURCE, "examples/php/api.php")], env=self.env,
                                        stdout=log, stderr=log)
        wait_for(self.http)

    def stop(self):
        for p in (self.redis, self.php):
            if p is not None:
                p.send_signal(signal.SIGKILL)
                p.wait()

    def command(self, *args):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            s.sendall("".join([f"*{len(args)}\r\n"] + [f"${len(a.encode())}\r\n{a}\r\n" for a in args]).encode())
            reply = s.recv(65536).decode()
        return int(reply[1:]) if reply[0] == ":" else reply.split("\r\n")[1] if reply[0] == "$" and reply[1] != "-" else None

    def run(self, *command, text=None):
        return subprocess.run(command, env=self.env, input=text, capture_output=True, text=True, timeout=120, check=False)

    def producer(self, language, *args, text=None):
        program = [os.path.join(PROGRAMS, "mflix-producer")] if language == "c" else [sys.executable, os.path.join(SOURCE, "examples/python/producer.py")]
        return self.run(*program, *args, text=text)

    # Readers: (who answered, the JSON), or (None, the reason).

    def c(self):
        done = self.run(os.path.join(PROGRAMS, "mflix-tiers"), self.db, DEVICE, DATE)
        if done.returncode != 0:
            return None, done.stderr
        first, value = done.stdout.rstrip("\n").split("\n", 1)
        return {"redis": "redis", "snapshot": "file", "store": "database"}[first.split()[2]], value

    def python(self):
        program = ("import mflixcache, sys\nt = mflixcache.Trace()\nwith mflixcache.open(env=True) as mc:\n"
                   f"    v = mc.get_or_load({KEY!r}, None, trace=t)\nprint(t.info.tier.name.lower(), v.decode() if v else '')")
        done = self.run(sys.executable, "-c", program)
        if done.returncode != 0:
            return None, done.stderr
        tier, value = done.stdout.rstrip("\n").split(" ", 1)
        return {"redis": "redis", "snapshot": "file"}.get(tier), value

    def web(self, method="GET", body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/api/devices/{DEVICE}/{DATE}", method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as a:
                return a.headers["X-Answered-By"], a.read().decode()
        except urllib.error.HTTPError as e:
            return None, e.read().decode()

    def ttl_is_good(self):
        return 0 < self.command("PTTL", KEY) <= 66000


def each_tier(s, producer):
    s.start_redis()
    done = s.producer(producer, s.db, CSV)
    check(done.returncode == 0 and "6 days" in done.stdout, f"{producer} producer: {done}")
    with open(s.file, encoding="utf-8") as f:
        day = json.load(f)[KEY]
    check(day["readings"] == 12, "the file is one JSON object")
    check(s.ttl_is_good() and s.command("PTTL", KEY) <= 60000, "60 s in Redis")
    want = s.command("GET", KEY)
    check(json.loads(want) == day, "Redis and file say the same")
    for name, reader in (("c", s.c), ("python", s.python), ("php", s.web)):
        check(same(reader(), "redis", want), f"{name} from Redis: {reader()}")
    s.command("DEL", KEY)
    check(same(s.web(), "file", want), f"PHP from the file: {s.web()}")
    check(same(s.web(), "redis", want) and s.ttl_is_good(), "PHP has filled Redis")
    check(same(s.c(), "redis", want), "C reads what PHP has filled")
    s.stop_redis()
    for name, reader in (("c", s.c), ("python", s.python), ("php", s.web)):
        check(same(reader(), "file", want), f"{name} from the file: {reader()}")
    os.rename(s.file, s.file + ".away")
    check(same(s.c(), "database", want), f"C from the database: {s.c()}")
    check(same(s.web(), "database", want), f"PHP from the database: {s.web()}")
    os.rename(s.db, s.db + ".away")
    check(s.c()[0] is None and "the loader failed" in s.c()[1], f"C: nothing is left: {s.c()}")
    check(json.loads(s.web()[1])["status"] == 503, f"PHP: nothing is left: {s.web()}")
    os.rename(s.db + ".away", s.db)
    s.start_redis()
    check(same(s.web(), "database", want) and s.ttl_is_good(), "PHP fills from the database")
    s.command("FLUSHALL")
    check(same(s.c(), "database", want) and s.ttl_is_good(), "C fills from the database")
    check(same(s.web(), "redis", want), "PHP reads what C has filled")
    os.rename(s.file + ".away", s.file)
    s.stop_redis()


def both_directions(s):
    s.start_redis()
    s.producer("c", s.db, CSV)
    newer = '{"written": "by PHP"}'
    s.web("PUT", newer.encode())
    for name, reader in (("c", s.c), ("python", s.python), ("php", s.web)):
        check(same(reader(), "redis", newer), f"{name} reads what PHP wrote over a producer's value: {reader()}")
    check(s.ttl_is_good(), "its own TTL")
    s.producer("python", s.db, CSV)
    check('"readings":12' in s.web()[1], "PHP reads what Python wrote over that")
    s.stop_redis()


class Source(http.server.BaseHTTPRequestHandler):
    text = ""

    def do_GET(self):
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.text.encode())

    def log_message(self, *_):
        pass


def sources(s):
    """A URL; a source that is away: the last good days are served on, and the file stays."""
    with open(CSV, encoding="utf-8") as f:
        Source.text = f.read()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for language in ("c", "python"):
        db = s.db + language
        done = s.producer(language, db, url + "/readings.csv")
        check(done.returncode == 0 and "6 days" in done.stdout, f"{language}: {done}")
        with open(s.file, "rb") as f:
            before = f.read()
        for away in (url + "/gone", f"http://127.0.0.1:{free_port()}/x", "file:///etc/passwd", os.path.join(s.folder, "none.csv")):
            done = s.producer(language, db, away)
            check(done.returncode == 1 and done.stderr, f"{language} {away}: {done}")
        done = s.producer(language, db, "-", text=Source.text)
        check(done.returncode == 0, f"{language} standard input: {done}")
        with open(s.file, "rb") as f:
            check(f.read() == before, f"{language}: the same days make the same file")
    server.shutdown()


def settings_file(s):
    """.env of the folder, or --env-file: what the environment does not say comes from it."""
    s.start_redis()
    keys = ("MFLIXCACHE_SNAPSHOT_PATH", "REDIS_PORT", "MFLIXCACHE_VALUES_RAW_KEYS", "MFLIXCACHE_SNAPSHOT_FORMAT")
    bare = {k: v for k, v in s.env.items() if k not in keys}
    file = os.path.join(s.folder, "named.json")
    text = f"MFLIXCACHE_SNAPSHOT_PATH='{file}'\nexport REDIS_PORT={s.port} # ours\nOTHER=1\n"
    for name, options in ((".env", []), ("named.env", ["--env-file", "named.env"])):
        with open(os.path.join(s.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        for language in ("c", "python"):
            program = [os.path.join(PROGRAMS, "mflix-producer")] if language == "c" else [sys.executable, os.path.join(SOURCE, "examples/python/producer.py")]
            done = subprocess.run([*program, *options, s.db, CSV], env=bare, cwd=s.folder, capture_output=True, text=True, timeout=120, check=False)
            check(done.returncode == 0 and os.path.exists(file) and "in Redis for 60 s" in done.stdout, f"{language} {name}: {done}")
            if os.path.exists(file):
                os.remove(file)
        os.remove(os.path.join(s.folder, name))
    s.stop_redis()


def goes_on(s):
    """--every: the source goes away, Redis is warmed from the database."""
    s.start_redis()
    source, log = os.path.join(s.folder, "source.csv"), os.path.join(s.folder, "every.log")
    for language, pause in (("c", "1"), ("python", "0.01")):
        shutil.copy(CSV, source)
        program = [os.path.join(PROGRAMS, "mflix-producer")] if language == "c" else [sys.executable, os.path.join(SOURCE, "examples/python/producer.py")]
        with open(log, "w", encoding="utf-8") as out:
            p = subprocess.Popen([*program, "--every", pause, s.db, source], env=s.env, stdout=out, stderr=out)

        def wait_log(text):
            for _ in range(1500):
                with open(log, encoding="utf-8") as f:
                    if text in f.read():
                        return True
                time.sleep(0.02)
            return False

        check(wait_log("all in the snapshot"), f"{language} first")
        os.remove(source)
        check(wait_log("the snapshot stays"), f"{language}: the source is away")
        s.command("DEL", KEY)
        with open(log, "w", encoding="utf-8"):
            pass
        check(wait_log("the snapshot stays"), f"{language}: it goes on")
        check(s.command("EXISTS", KEY) == 1, f"{language}: the last good days are in Redis")
        p.terminate()
        p.wait(30)
    s.stop_redis()


def main():
    missing = [p for p in ("redis-server", "php") if shutil.which(p) is None]
    if not missing and "redis" not in subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.split("\n"):
        missing = ["php-redis"]
    if missing:
        print(f"{missing[0]} is not there")
        return 77 if "MFLIX_NO_SKIP" not in os.environ and "CI" not in os.environ else 1
    for part in (lambda s: each_tier(s, "c"), lambda s: each_tier(s, "python"), both_directions, sources, settings_file, goes_on):
        with tempfile.TemporaryDirectory() as folder:
            s = System(folder)
            try:
                s.start_php()
                part(s)
            finally:
                s.stop()
    print(f"{tally['passed']} passed, {tally['failed']} failed, 0 skipped")
    return 1 if tally["failed"] else 0


sys.exit(main())
