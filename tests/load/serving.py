# SPDX-License-Identifier: Apache-2.0
"""What the tests of load and of monitoring share: Redis, generated documents and a running mflix-server, all of their own."""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import harness  # noqa: E402

Skip, free_port = harness.Skip, harness.free_port


def tool(name, *below):
    """A program of the project's .venv, or of PATH."""
    venv = os.environ.get("MFLIX_VENV", "")
    path = os.path.join(venv, *below, name)
    found = path if venv and os.access(path, os.X_OK) else shutil.which(name)
    if not found:
        raise Skip(f"{name} is not installed (script/setup)")
    return found


class Serving(harness.World):
    """Redis, documents, mflix-server. close() ends all of it."""

    def __init__(self, program, server, source):
        super().__init__(program, source)
        self.server_program = server
        self.server = None
        self.address = None

    def fill(self, movies=400, theaters=60):
        self.start_redis()
        self.run("generate", "--load", "--movies", str(movies), "--theaters", str(theaters))

    def start_server(self, *options, **settings):
        """Settings of the library as MFLIXCACHE_... without that prefix."""
        env = {**self.env, "MFLIXCACHE_CACHE_URI": f"redis://127.0.0.1:{self.port}/0",
               "MFLIXCACHE_STORE_URI": "sqlite:" + self.path("main.db"), "MFLIXCACHE_CACHE_PREFIX": "main_db:"}
        env.update({"MFLIXCACHE_" + k: str(v) for k, v in settings.items()})
        with open(self.path("server.log"), "ab") as log:
            self.server = subprocess.Popen([self.server_program, "--listen", "127.0.0.1:0", *options], env=env, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE, stderr=log)
        line = self.server.stdout.readline().decode()
        m = re.match(r"mflix-server: http://([^/]+)/\n", line)
        if not m:
            raise RuntimeError(f"the server does not begin: {line!r}, {open(self.path('server.log'), errors='replace').read()[-2000:]}")
        self.address = m.group(1)
        return "http://" + self.address

    def stop_server(self):
        """Its exit status."""
        if not self.server:
            return None
        if self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(30)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        self.server.stdout.close()
        status, self.server = self.server.returncode, None
        return status

    def close(self):
        self.stop_server()
        super().close()

    def ask(self, method, target, body=None, timeout=60):
        """One request on a connection of its own. Gives (status, headers, body as bytes)."""
        host, port = self.address.rsplit(":", 1)
        c = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            c.request(method, target, data, {"Content-Type": "application/json"} if data is not None else {})
            answer = c.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            c.close()

    def get(self, target):
        status, _, body = self.ask("GET", target)
        assert status == 200, (target, status, body[:500])
        return json.loads(body)


def until(condition, seconds=60, step=0.2):
    """Wait for a condition; what it gave last."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(step)
    return found
