# SPDX-License-Identifier: Apache-2.0
"""mflix-server behind a proxy that keeps its connections to it: whatever one client sends, the next client is answered what it asked
for. With HAProxy, as strict as it comes and as lenient as it can be set; and with a proxy that is wrong in the ways proxies have been
wrong (it takes blanks off names, joins folded lines, goes by the target or by Host).
test_proxy.py MFLIX MFLIX_SERVER SOURCE_FOLDER. Ends with a line `N passed, N failed, N skipped`.
"""
import contextlib
import glob
import os
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import harness  # noqa: E402
from site_under_test import Site, Skip, free_port, read_answers, tool, until  # noqa: E402

INNER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Rest: "
CHUNKED = b"0\r\n\r\n" + INNER
LENGTH = b"%d" % len(INNER)
# What is between the request line with Host and the empty line, and what is sent after it.
ATTACKS = [
    (b"Content-Length : " + LENGTH, INNER), (b"Content-Length\t: " + LENGTH, INNER), (b"Content-Length\x0b: " + LENGTH, INNER),
    (b"Content-Len: " + LENGTH + b"\r\n gth", INNER), (b"X: a\r\n Content-Length: " + LENGTH, INNER),
    (b"X: a\rContent-Length: " + LENGTH, INNER), (b"X: a\nContent-Length: " + LENGTH, INNER), (b"X: a\0\r\nContent-Length: " + LENGTH, INNER),
    (b"Content-Length:\r\n " + LENGTH, INNER), (b"Content-Length: +" + LENGTH, INNER), (b"Content-Length: " + LENGTH + b", 0", INNER),
    (b"Content-Length: 0\r\nContent-Length: " + LENGTH, INNER), (b"Transfer-Encoding : chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    (b"Transfer-Encoding: chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    (b"Transfer-Encoding: xchunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    (b"Transfer-Encoding:\r\n chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    (b"Transfer-Encoding: \x0bchunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED), (b"Transfer-Encoding: chunked", b"0;\n\r\n" + INNER),
    (b"Transfer-Encoding: chunked", b"0\n\n" + INNER),
]
LINES = [b"POST /movies HTTP/1.1", b"POST /movies HTTP/1.0", b"GET /healthz HTTP/1.1", b"GET http://evil.example/healthz HTTP/1.1"]

HAPROXY = """global
    maxconn 100
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
    option http-keep-alive
    http-reuse always
frontend strict
    bind 127.0.0.1:{strict}
    default_backend server
frontend lenient
    bind 127.0.0.1:{lenient}
    option accept-invalid-http-request
    default_backend server
backend server
    option accept-invalid-http-response
    server one {server} maxconn 1
"""


@contextlib.contextmanager
def haproxy(w):
    """Ports of the strict and of the lenient front."""
    program = tool("haproxy", "haproxy", "usr", "sbin")
    below = os.path.join(os.environ.get("MFLIX_VENV", ""), "haproxy")
    folders = sorted({os.path.dirname(p) for p in glob.glob(below + "/**/*.so*", recursive=True)})
    ports = free_port(), free_port()
    with open(w.path("haproxy.cfg"), "w") as f:
        f.write(HAPROXY.format(strict=ports[0], lenient=ports[1], server=w.address))
    process = subprocess.Popen([program, "-db", "-f", w.path("haproxy.cfg")], env={**os.environ, "LD_LIBRARY_PATH": ":".join(folders)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: all(open_port(p) for p in ports)), "HAProxy does not start"
        yield ports
    finally:
        process.kill()
        process.wait()


def open_port(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Naive:
    """One connection to the server for all clients; framing as a careless program reads it."""

    def __init__(self, server):
        host, port = server.rsplit(":", 1)
        self.server = host, int(port)
        self.behind = None
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, self.lock, contextlib.suppress(OSError, ValueError):
                client.settimeout(20)
                self.forward(client, client.makefile("rb"))

    @staticmethod
    def size_of(head):
        """How long the body is, as it sees it: -1 for chunked."""
        size = 0
        for line in head.replace(b"\0", b"").replace(b"\r\n ", b"").replace(b"\r\n\t", b"").replace(b"\r", b"\n").split(b"\n"):
            name, _, value = line.partition(b":")
            name, value = name.strip().lower(), value.strip()
            if name == b"transfer-encoding" and value.endswith(b"chunked"):
                return -1
            if name == b"content-length":
                size = int(value.split(b",")[0])
        return size

    def forward(self, client, f):
        head = b""
        while not head.endswith((b"\r\n\r\n", b"\n\n")):
            line = f.readline()
            if not line:
                return
            head += line
        size = self.size_of(head)
        body = f.read(max(size, 0))
        while size < 0:
            line = f.readline()
            body += line + f.read(int(line.split(b";")[0], 16)) + f.readline()
            if not line.strip(b"0; \r\n"):
                break
        if self.behind is None:
            self.behind = socket.create_connection(self.server, timeout=20)
        self.behind.sendall(head + body)
        try:
            answers, closed = read_answers(self.behind, 1)
        except AssertionError:  # what it cannot take for one answer: as any proxy, it gives this connection up
            answers, closed = [], True
        if closed:
            self.behind.close()
            self.behind = None
        for a in answers:
            client.sendall(b"HTTP/1.1 %d x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (a.status, len(a.body)) + a.body)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            if self.behind:
                self.behind.close()


def attack(port, data):
    """Sent, and whatever comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s, contextlib.suppress(OSError):
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass


def victim(port, id):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(f"GET /movies/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return read_answers(s, 1)[0]


def others_are_served(w, port):
    ids = w.some_ids(3)
    for line in LINES:
        for i, (fields, body) in enumerate(ATTACKS):
            attack(port, line + b"\r\nHost: localhost\r\nContent-Type: application/json\r\n" + fields + b"\r\n\r\n" + body)
            for id in ids:
                answers = victim(port, id)
                what = f"after {line} {fields}: {id} asked for, {answers}"
                assert len(answers) == 1 and answers[0].status == 200, what
                assert answers[0].json()["movie"]["_id"]["$oid"] == id, what


def strict_haproxy(w):
    with haproxy(w) as ports:
        others_are_served(w, ports[0])


def lenient_haproxy(w):
    with haproxy(w) as ports:
        others_are_served(w, ports[1])


def naive_proxy(w):
    proxy = Naive(w.address)
    try:
        others_are_served(w, proxy.port)
    finally:
        proxy.close()


def main():
    program, server, source = sys.argv[1:4]
    harness.end_on_signals()
    world = Site(program, server, source)
    tests = [strict_haproxy, lenient_haproxy, naive_proxy]
    try:
        world.fill(movies=20, theaters=5)
        world.start_server("--max-per-address", "0")
        failed, skipped, passed = harness.run_all(world, tests)
    except Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(tests)} skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped and not passed else 0


if __name__ == "__main__":
    sys.exit(main())
