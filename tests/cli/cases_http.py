# SPDX-License-Identifier: Apache-2.0
"""The benchmark over HTTP, against a server of these tests that answers as the test says: well, badly, late or not at all."""
import contextlib
import http.server
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.parse
import xml.etree.ElementTree

from harness import free_port


class Fake:
    """Speaks HTTP/1.1 over sockets of its own, so that it can also do what a good server does not."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock = threading.Lock()
        self.cached, self.asked, self.dropped, self.connections = set(), [], [], 0
        self.ids = [f"id {i}" for i in range(150)]  # a blank: they need escaping
        self.trouble = None  # called with the number of the request: bytes to send instead, or None
        self.chunked = self.closing = False
        self.delay = 0.0
        self.misused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                s, _ = self.listener.accept()
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    self.connections += 1
                threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        with s, s.makefile("rb") as f, contextlib.suppress(OSError):
            while line := f.readline():
                while f.readline() not in (b"\r\n", b""):
                    pass
                method, target, version = line.decode().split()
                assert version == "HTTP/1.1"
                with self.lock:
                    self.asked.append((method, target))
                    number = len(self.asked)
                time.sleep(self.delay)
                bad = self.trouble(number, target) if self.trouble else None
                s.sendall(self._answer(method, target) if bad is None else bad)
                if bad is not None:
                    return
                if self.closing:  # the other side has to close, and to send nothing more
                    self.misused += bool(f.readline())
                    return

    def _answer(self, method, target):
        path, _, query = target.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        if method == "DELETE":
            with self.lock:
                self.dropped.append(urllib.parse.unquote(path.rsplit("/", 1)[1]))
            return b"HTTP/1.1 204 No Content\r\n" + (b"Connection: close\r\n" if self.closing else b"") + b"\r\n"
        if path == "/movies/top":
            at = int(query.get("offset", 0))
            body = {"movies": [{"rank": at + i + 1, "id": x} for i, x in enumerate(self.ids[at:at + int(query["n"])])]}
            known = "top"
        else:
            known = urllib.parse.unquote(path.rsplit("/", 1)[1])
            assert known in self.ids, path
            body = {"movie": {"_id": known}}
        with self.lock:
            word = "fwd=bypass" if query.get("cache") == "off" else "hit; detail=\"redis\"" if known in self.cached else "fwd=miss; stored"
            if "cache" in query and query["cache"] == "on":
                self.cached.add(known)
        return self._wrap(json.dumps(body).encode(), word)

    def _wrap(self, body, word):
        head = f"HTTP/1.1 200 OK\r\nCache-Status: mflixcache; {word}\r\nServer-Timing: cache;dur=0.25, total;dur=1\r\n"
        if self.chunked:
            pieces = [body[i:i + 7] for i in range(0, len(body), 7)]
            data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
            return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + data
        if self.closing:
            head += "Connection: close\r\n"
        return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextlib.contextmanager
def fake():
    server = Fake()
    try:
        yield server
    finally:
        server.close()


def bench(w, url, *args, rc=0):
    p = w.raw("--json", "bench", "--http", url, *args)
    assert p.returncode == rc, (p.returncode, p.stdout, p.stderr)
    assert p.stdout.count(b"\n") == 1, p.stdout
    return json.loads(p.stdout)


def both_ways(w):
    with fake() as server:
        r = bench(w, server.url, "-n", "1000", "--titles", "120", "--threads", "3")
        reads = [t for m, t in server.asked if m == "GET" and "cache=" in t]
        assert r["requests"] == 1000 == len(reads) and r["errors"] == 0 and r["titles"] == 120 and r["hot_titles"] == 24, r
        assert r["ended_by"] == "requests" and r["first_error"] is None and r["errors_by_kind"] == {}
        assert r["connections"] == 3 and server.connections == 4, "one kept connection for each user, and one to prepare"
        # The same things are asked for both ways.
        assert sorted(t[:-2] for t in reads if t.endswith("=on")) == sorted(t[:-3] for t in reads if t.endswith("=off"))
        # Titles are dropped before the run: each that is asked for is missed once; the page of the top list as well, here.
        assert sorted(server.dropped) == sorted(server.ids[:120])
        asked = {t for t in reads if t.endswith("=on")}
        assert r["movie"]["miss"]["count"] + r["top"]["miss"]["count"] == len(asked)
        hits = r["movie"]["hit"]["count"] + r["top"]["hit"]["count"]
        assert hits + len(asked) == 500 == r["movie"]["uncached"]["count"] + r["top"]["uncached"]["count"]
        assert abs(r["hit_ratio"] - hits / 500) < 1e-6
        tops = sum(t.startswith("/movies/top?n=10&") for t in reads)
        assert 40 < tops < 180 and r["top"]["cached"]["count"] * 2 == tops
        assert abs(r["hot_requests"] / (1000 - tops) - 0.8) < 0.08
        for route in ("movie", "top"):
            assert r[route]["cached"]["library_p50_ms"] == 0.25, "Server-Timing is not read"
            for s in (r[route]["hit"], r[route]["cached"], r[route]["uncached"]):
                assert 0 < s["min_ms"] <= s["p50_ms"] <= s["p90_ms"] <= s["p99_ms"] <= s["max_ms"], s


def one_after_the_other(w):
    with fake() as server:
        bench(w, server.url, "-n", "200")
        reads = [t.rpartition("=") for m, t in server.asked if m == "GET" and "cache=" in t]
        pairs = list(zip(reads[::2], reads[1::2]))
        assert len(pairs) == 100 and all(a[0] == b[0] and {a[2], b[2]} == {"on", "off"} for a, b in pairs)
        firsts = sum(a[2] == "on" for a, b in pairs)
        assert 20 < firsts < 80, "which way comes first is a lot"


def the_seed_decides_http(w):
    with fake() as server:
        def reads(*args):
            server.asked.clear()
            bench(w, server.url, "-n", "60", *args)
            return [t for m, t in server.asked if "cache=" in t]
        assert reads("--seed", "5") == reads("--seed", "5") != reads("--seed", "6")
        assert all("/top" in t for t in reads("--top-share", "100"))
        assert not any("/top" in t for t in reads("--top-share", "0"))
        assert set(map(len, [reads("-n", "1"), reads("-n", "7")])) == {2, 8}, "everything is asked for twice"


def the_board_in_pages(w):
    with fake() as server:
        assert bench(w, server.url, "-n", "10", "--titles", "5000")["titles"] == 150
        assert bench(w, server.url, "-n", "10", "--titles", "5000", "--offset", "140")["titles"] == 10
        assert bench(w, server.url, "-n", "10", "--offset", "1000", rc=3)["error"] == "no rated movies there"


def other_framings(w):
    with fake() as server:
        server.chunked = True
        assert bench(w, server.url, "-n", "50")["errors"] == 0
        server.chunked, server.closing = False, True
        r = bench(w, server.url, "-n", "50")
        assert r["errors"] == 0 and r["connections"] == 50 and server.misused == 0, "a connection that is to be closed is not used again"


def kept_connections_that_close(w):
    """A server may close a kept connection at any time: a request that it never saw is sent again, and is not an error."""
    with fake() as server:
        serve = server._serve

        def once(s):
            s.settimeout(30)
            with s, s.makefile("rb") as f:
                line = f.readline()
                while f.readline() not in (b"\r\n", b""):
                    pass
                server.asked.append(tuple(line.decode().split()[:2]))
                s.sendall(server._answer(*server.asked[-1]))
        server._serve = once
        r = bench(w, server.url, "-n", "40")
        assert r["errors"] == 0 and r["connections"] == 40, r
        server._serve = serve


TROUBLES = [
    (b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "503", "status 503"),
    (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "404", "status 404"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "no Cache-Status", "no Cache-Status"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "closed", "ended before the answer did"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "no Cache-Status", "no Cache-Status"),  # what follows the answer is left unread
    (b"220 ready\r\n\r\n", "protocol", "status line"),
    (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 4000, "protocol", "16 KiB"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "protocol", "17 MiB"),
]


def errors_are_counted_by_kind(w):
    for answer, kind, words in TROUBLES:
        with fake() as server:
            server.trouble = lambda n, target, answer=answer: answer if "cache=" in target and n % 10 == 0 else None
            r = bench(w, server.url, "-n", "100", "--titles", "5", rc=1)
            assert r["errors_by_kind"] == {kind: 10} and r["errors"] == 10 and words in r["first_error"], (kind, r)
            assert r["movie"]["cached"]["count"] + r["movie"]["uncached"]["count"] + r["top"]["cached"]["count"] + \
                r["top"]["uncached"]["count"] == 90
            assert r["ended_by"] == "requests" and r["requests"] == 100


def a_server_that_goes_away(w):
    with fake() as server:
        def gone(n, target):
            if n > 200:
                server.close()
                return b""
            return None
        server.trouble = gone
        r = bench(w, server.url, "-n", "100000", "--titles", "5", rc=1)
        assert r["ended_by"] == "failures" and r["requests"] < 400 and r["errors"] >= 20, r
        assert set(r["errors_by_kind"]) <= {"connect", "closed"} and r["hit_ratio"] > 0
    out = w.raw("bench", "--http", server.url)
    assert out.returncode == 3 and b"is mflix-server running there?" in out.stderr and out.stdout == b"", out


def what_cannot_begin(w):
    nobody = f"http://127.0.0.1:{free_port()}"
    r = bench(w, nobody, rc=3)
    assert r["status"] == "MC_E_STORE" and r["what"] == nobody and "refused" in r["error"], r
    assert bench(w, "http://no-such-host.invalid", rc=3)["status"] == "MC_E_STORE"
    for answer, words in ((b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answered 404"),
                          (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "not a list of movies"),
                          (b"SSH-2.0-x\r\n\r\n", "status line")):
        with fake() as server:
            server.trouble = lambda n, target, answer=answer: answer
            assert words in bench(w, server.url, rc=3)["error"]
    with fake() as server:  # the titles cannot be dropped
        server.trouble = lambda n, target: b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n" if n > 1 else None
        assert "DELETE /cache/movies/" in bench(w, server.url, rc=3)["error"]


def the_time_is_bounded(w):
    with fake() as server:
        server.delay = 0.02
        r = bench(w, server.url, "-n", "1000000", "--titles", "3", "--seconds", "1", "--threads", "2")
        assert r["ended_by"] == "seconds" and 10 < r["requests"] < 1000 and r["errors"] == 0, r
        assert "ended by --seconds" in w.raw("bench", "--http", server.url, "-n", "9999", "--seconds", "1").stdout.decode()
        server.asked.clear()
        p = w.popen("--json", "bench", "--http", server.url, "-n", "1000000", stdout=-1, stderr=-1)
        until = time.monotonic() + 60
        while sum("cache=" in t for _, t in list(server.asked)) < 10 and time.monotonic() < until:
            time.sleep(0.05)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=60)
        assert p.returncode == 130 and err == b"" and json.loads(out)["ended_by"] == "interrupt", (p.returncode, out, err)


SVG = "{http://www.w3.org/2000/svg}"


def drawing(root):
    """The lines of a report: class -> its points."""
    return {p.get("class"): re.findall(r"([\d.]+) ([\d.]+)", p.get("d")) for p in root.iter(SVG + "path") if "h24" not in p.get("d")}


def a_report_is_drawn(w):
    with fake() as server:
        path = w.path("report.svg")
        r = bench(w, server.url, "-n", "2000", "--threads", "2", "--report", path)
        assert r["report"] == path
        root = xml.etree.ElementTree.parse(path).getroot()
        assert root.tag == SVG + "svg" and "prefers-color-scheme:dark" in root.find(SVG + "style").text
        lines = [p.get("class") for p in root.iter(SVG + "path") if "h24" not in p.get("d")]
        assert sorted(lines) == ["cached", "cached", "cached p99", "uncached", "uncached", "uncached p99"], lines
        assert all(len(points) > 30 for points in drawing(root).values()), drawing(root)
        text = " ".join(root.itertext())
        assert "Hit ratio" in text and "2000 requests by 2 users" in text and f"{r['hit_ratio'] * 100:.1f} % hits" in text
        page = w.path("report.html")
        bench(w, server.url, "-n", "100", "--report", page)
        root = xml.etree.ElementTree.fromstring(open(page, encoding="utf-8").read().partition("\n")[2])
        assert root.find(f".//{SVG}svg") is not None and len(root.findall(".//tbody/tr")) >= 3
        p = w.raw("bench", "--http", server.url, "-n", "4", "--report", os.path.join(w.dir, "no", "such.svg"))
        assert p.returncode == 3 and b"such.svg: No such file" in p.stderr, p.stderr
        os.symlink("/dev/full", w.path("full.svg"))
        p = w.raw("bench", "--http", server.url, "-n", "4", "--report", w.path("full.svg"))
        assert p.returncode == 3 and b"full.svg: No space" in p.stderr, p.stderr


def figures_of_another_program(w):
    def slice_of(i):
        one = {"cached": {"requests": 5, "p50_ms": 0.2, "p99_ms": 1.5}, "hit_ratio": 0.9, "requests_per_s": 10 * i, "users": i}
        return one if i % 2 else {**one, "uncached": {"requests": 5, "p50_ms": 2, "p99_ms": 30}}

    good = {"title": "Réads & <more>", "about": "of a test", "seconds": 40, "slices": [slice_of(i) for i in range(40)]}
    path = w.path("other.svg")
    p = w.raw("plot", "-", path, input=json.dumps(good).encode())
    assert p.returncode == 0 and p.stdout == p.stderr == b"", p
    root = xml.etree.ElementTree.parse(path).getroot()
    lines = [p.get("class") for p in root.iter(SVG + "path") if "h24" not in p.get("d")]
    assert sorted(lines) == ["cached", "cached", "cached p99", "load", "uncached", "uncached", "uncached p99", "users"], lines
    assert all(p.get("d").count("M") == 1 for p in root.iter(SVG + "path")), "one second left out does not break a line"
    text = " ".join(root.itertext())
    assert "Réads & <more>" in text and "Load" in text and "400/s" in text, text
    with open(w.path("figures.json"), "w", encoding="utf-8") as f:
        json.dump(good, f)
    assert w.raw("plot", w.path("figures.json"), w.path("other.html")).returncode == 0
    for data, words in ((b"{", b"expected"), (b"[]", b"title and about"), (b"{}", b"title and about"),
                        ({**good, "slices": []}, b"1 to 86400"), ({**good, "slices": [{"hit_ratio": 2}]}, b"above 1"),
                        ({**good, "slices": [{"users": "x"}]}, b"not numbers"), ({**good, "slices": [7]}, b"not numbers"),
                        ({**good, "seconds": 0}, b"above 0"), ({**good, "slices": [{"cached": {"p50_ms": -1}}]}, b"not numbers")):
        p = w.raw("plot", "-", path, input=data if isinstance(data, bytes) else json.dumps(data).encode())
        assert p.returncode == 2 and words in p.stderr, (data, p)
    p = w.raw("plot", "-", w.path("x.png"), input=b"{}")
    assert p.returncode == 2 and b"neither .svg nor .html" in p.stderr, p
    p = w.raw("plot", w.path("none.json"), path)
    assert p.returncode == 3 and b"No such file" in p.stderr, p


def a_page_for_people(w):
    with fake() as server:
        p = w.raw("bench", "--http", server.url + "/", "-n", "400")
        out = p.stdout.decode()
        assert p.returncode == 0 and p.stderr == b"", p
        assert out.startswith(f"400 requests to {server.url}/, 1 user; 100 movies, 80 % of the reads to the hot 20; 10 % top lists"), out
        for pattern in (r"hit ratio +\d+\.\d %", r"^  movie hit +\d+\.\d{3} ", r"^  movie uncached ", r"^  top uncached ",
                        r"speed-up, movie +\d+\.\d times", r"throughput +\d+ requests/s"):
            assert re.search(pattern, out, re.M), (pattern, out)


class Counters(http.server.BaseHTTPRequestHandler):
    """A service with counters."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = {"/metrics": b"# TYPE a counter\na_total 5\nb{x=\"y\"} 1.5\n", "/stats": b'{"counters":{"hits":5}}'}.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def counters_of_a_service(w):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counters) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{service.server_port}"
        assert w.raw("stats", "--url", url).stdout == b'a_total 5\nb{x="y"} 1.5\n'
        assert w.raw("stats", "--prometheus", "--url", url).stdout.startswith(b"# TYPE a counter\n")
        assert json.loads(w.raw("--json", "stats", "--url", url).stdout)["stats"] == {"counters": {"hits": 5}}
        service.shutdown()
    p = w.raw("stats", "--url", f"http://127.0.0.1:{free_port()}")
    assert p.returncode == 3 and b"mflix-server" in p.stderr, p


TESTS = [counters_of_a_service, both_ways, one_after_the_other, the_seed_decides_http, the_board_in_pages, other_framings, kept_connections_that_close,
         errors_are_counted_by_kind, a_server_that_goes_away, what_cannot_begin, the_time_is_bounded, a_report_is_drawn, figures_of_another_program,
         a_page_for_people]
