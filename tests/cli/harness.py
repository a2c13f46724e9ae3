# SPDX-License-Identifier: Apache-2.0
"""What the program's tests share: a Redis of their own, a folder of their own, running mflix, counting results."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; its text says why."""


class World:
    """One run of the tests: the program, its servers, its files."""

    def __init__(self, program, source):
        self.program = program
        self.source = source
        self.dir = tempfile.mkdtemp(prefix="mflix-cli-")
        self.redis = None
        self.port = 0
        self.data = os.environ.get("MFLIX_DATA") or os.path.join(source, "..", "shared", "data")
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("MFLIXCACHE_") and k not in ("MONGO_URL", "REDIS_HOST", "REDIS_PORT", "NO_COLOR")}
        # libmongoc warns on stderr when a killed process of the same number has left its counters in shared memory.
        self.env["MONGOC_DISABLE_SHM"] = "1"

    # ---- servers

    def start_redis(self, port=0):
        """On a free port, or on one that it had before."""
        server = shutil.which("redis-server")
        if not server:
            raise Skip("redis-server is not installed")
        for _ in range(10):
            self.port = port or free_port()
            self.redis = subprocess.Popen([server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                           "--appendonly", "no", "--dir", self.dir], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
            if self._answers():
                return
            self.stop_redis()
        raise RuntimeError("redis-server does not start")

    def _answers(self):
        """True when the server on our port is the process that we started."""
        for _ in range(100):
            if self.redis.poll() is not None:
                return False
            try:
                if f"process_id:{self.redis.pid}\r\n" in self.command("INFO", "server"):
                    return True
            except OSError:
                time.sleep(0.05)
        return False

    def command(self, *words):
        """One Redis command; the answer as text, of a bulk answer its content."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
            data = [w.encode() for w in words]
            s.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in data))
            f = s.makefile("rb")
            head = f.readline().decode()
            if head[0] == "$" and head[1] != "-":
                return f.read(int(head[1:]) + 2)[:-2].decode(errors="replace")
            return head[1:].strip()

    def stop_redis(self):
        if self.redis and self.redis.poll() is None:
            self.redis.terminate()
            try:
                self.redis.wait(10)
            except subprocess.TimeoutExpired:
                self.redis.kill()
                self.redis.wait()
        self.redis = None

    def close(self):
        self.stop_redis()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- files

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        if isinstance(content, str):
            content = content.encode()
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    # ---- running the program

    def servers(self, store="main.db", prefix=None):
        """The options that name our Redis and an SQLite file; each file has keys of its own in Redis."""
        prefix = prefix or store.replace(".", "_") + ":"
        return ["--redis", f"redis://127.0.0.1:{self.port}/0", "--store", "sqlite:" + self.path(store), "-o",
                "cache.prefix=" + prefix]

    def raw(self, *args, env=None, **options):
        options.setdefault("timeout", 120)
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([self.program, *args], env={**self.env, **(env or {})}, stdout=options.pop("stdout", subprocess.PIPE),
                              stderr=options.pop("stderr", subprocess.PIPE), check=False, **options)

    def run(self, *args, rc=0, store="main.db", **options):
        """Run with our servers; the exit status must be `rc`. Gives (stdout, stderr)."""
        p = self.raw(*self.servers(store), *args, **options)
        out, err = (p.stdout or b"").decode(), (p.stderr or b"").decode()
        assert p.returncode == rc, f"{args}: status {p.returncode}, wanted {rc}\n{out[-2000:]}\n{err[-2000:]}"
        return out, err

    def json(self, *args, **options):
        """The same with --json; stdout must be one object on one line."""
        out, _ = self.run("--json", *args, **options)
        assert out.endswith("\n") and out.count("\n") == 1, f"{args}: no single line: {out[:500]!r}"
        answer = json.loads(out)
        assert isinstance(answer, dict) and "command" in answer and "status" in answer, answer
        return answer

    def popen(self, *args, store="main.db", **options):
        return subprocess.Popen([self.program, *self.servers(store), *args], env=self.env, stdin=subprocess.DEVNULL, **options)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rows(path):
    with open(path, "rb") as f:
        return [json.loads(line) for line in f]


def object_id(document):
    return document["_id"]["$oid"]


def run_all(world, tests):
    """Run the tests in order; the last line is the result."""
    passed = failed = skipped = 0
    for test in tests:
        begun = time.monotonic()
        try:
            test(world)
            passed += 1
            word = "ok"
        except Skip as why:
            skipped += 1
            word = f"skipped: {why}"
        except Exception:  # noqa: BLE001 - any failure of a test is one
            failed += 1
            word = "FAILED\n" + traceback.format_exc()
        print(f"{test.__module__}.{test.__name__} ({time.monotonic() - begun:.2f} s): {word}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return failed, skipped, passed


def end_on_signals():
    """A test run that is ended by a time limit still ends its server."""
    def stop(number, _frame):
        sys.exit(128 + number)
    signal.signal(signal.SIGTERM, stop)
