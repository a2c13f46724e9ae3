# SPDX-License-Identifier: Apache-2.0
"""What the tests of the HTTP interface share: the running server, requests as bytes, its metrics, second servers."""
import contextlib
import copy
import json
import os
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "load"))
import serving  # noqa: E402

Skip, until, tool, free_port = serving.Skip, serving.until, serving.tool, serving.free_port
NOBODY = "573a1394f29313caabc00000"  # an id that no movie has
MISSING = object()


class Answer:
    """One answer: status, headers (names in lower case), body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:600]!r}"


class Site(serving.Serving):
    """The server, with requests in the forms that these tests need."""

    def call(self, method, target, body=MISSING, headers=None, timeout=60):
        """A request by an ordinary client; `body` that is not bytes is sent as JSON."""
        sent = {} if body is MISSING else {"Content-Type": "application/json"}
        sent.update(headers or {})
        data = b"" if body is MISSING else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {target} HTTP/1.1".encode()]
        if "Host" not in sent:
            lines.append(b"Host: " + self.address.encode())
        lines += [f"{k}: {v}".encode() for k, v in sent.items() if v is not None]
        if body is not MISSING:
            lines.append(b"Content-Length: %d" % len(data))
        answers, _ = self.wire(b"\r\n".join(lines) + b"\r\n\r\n" + data, 1, timeout, head=method == "HEAD")
        assert len(answers) == 1, f"{method} {target}: no answer"
        return answers[0]

    def wire(self, data, answers=1, timeout=20, head=False):
        """Bytes as they are. Gives up to so many answers, and whether the server closed the connection after them."""
        with self.connect(timeout) as s:
            # A server that refuses early may close before everything was sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(data)
            return read_answers(s, answers, head)

    def connect(self, timeout=20):
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host.strip("[]"), int(port)), timeout=timeout)

    def problem(self, status, method, target, body=MISSING, headers=None, code=None, says=""):
        """The request is refused so, with a problem that names the reason."""
        a = self.call(method, target, body, headers)
        check_problem(a, status, code, says, f"{method} {target} {body!r}"[:300])
        return a

    def start_redis_at(self, port):
        """Redis again, empty, where it was before."""
        server = shutil.which("redis-server")
        self.redis = subprocess.Popen([server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                                       self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert self._answers(), "redis-server does not start again"

    def metrics(self):
        """{'name{labels}': value}"""
        text = self.call("GET", "/metrics").body.decode()
        return {m.group(1): float(m.group(2)) for m in re.finditer(r"^([a-z][^ ]*(?:\{.*\})?) ([-+.\w]+)$", text, re.M)}

    def some_ids(self, n=20):
        return [row["id"] for row in self.call("GET", f"/movies/top?n={n}").json()["movies"]]

    def new_movie(self, **members):
        a = self.call("POST", "/movies", {"title": "A Test", **members})
        assert a.status == 201, a
        return a.json()["movie"]["_id"]["$oid"]

    @contextlib.contextmanager
    def another(self, *options, **settings):
        """One more server on the same Redis and store (unless the settings say otherwise); ended with status 0."""
        other = copy.copy(self)
        other.server = None
        other.start_server(*options, **settings)
        try:
            yield other
        except BaseException:
            other.stop_server()
            raise
        status = other.stop_server()
        assert status == 0, f"the server ended with {status}\n{self.log()}"

    def log(self):
        with open(self.path("server.log"), errors="replace") as f:
            return f.read()[-4000:]


def check_problem(a, status, code=None, says="", what=""):
    assert a.status == status, f"{what}: wanted {status}, got {a}"
    assert a.headers["content-type"] == "application/problem+json", f"{what}: {a}"
    p = a.json()
    assert p["status"] == status and p["title"] and p["detail"] and (p["type"] == "about:blank" or p["type"].startswith("/problems/")), \
        f"{what}: {p}"
    assert code is None or p.get("code") == code, f"{what}: wanted {code}, got {p}"
    assert says in p["detail"], f"{what}: {says!r} is not in {p['detail']!r}"


def read_answers(s, wanted, head=False):
    """Answers as they come over a socket; an interim 100 is one. True when the connection is closed after them."""
    f = s.makefile("rb")
    answers = []
    try:
        while len(answers) < wanted:
            line = f.readline()
            if not line:
                return answers, True
            m = re.match(rb"HTTP/1\.1 (\d{3}) ", line)
            assert m, f"no status line: {line!r} after {answers}"
            headers = {}
            while (line := f.readline()).strip():
                name, value = line.decode().split(":", 1)
                assert name.lower() not in headers, f"{name} is there twice"
                headers[name.lower()] = value.strip()
            status = int(m.group(1))
            size = 0 if head or status in (100, 204, 304) else int(headers["content-length"])
            body = f.read(size)
            assert len(body) == size, f"the body was cut: {len(body)} of {size}"
            answers.append(Answer(status, headers, body))
        if answers and answers[-1].headers.get("connection", "").lower() == "close":
            assert f.read() == b"", "something follows the last answer"
            return answers, True
        return answers, False
    except ConnectionResetError:
        return answers, True
