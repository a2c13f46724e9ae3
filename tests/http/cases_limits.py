# SPDX-License-Identifier: Apache-2.0
"""Limits on size, time and number, and slow clients: each ends with a 4xx or a closed connection, and nobody else notices."""
import select
import socket
import subprocess
import time

from site_under_test import Skip, check_problem, read_answers, until

JSON = b"Content-Type: application/json\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def body_sizes(w):
    limit = 1048576
    fits = b'{"title":"' + b"x" * (limit - 12) + b'"}'
    assert len(fits) == limit
    a = w.call("POST", "/movies", fits)
    assert a.status == 201, a
    w.call("DELETE", a.headers["location"])
    for size in (limit + 1, 2000000, 8 * limit):
        head = b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % size
        answers, closed = w.wire(head + b" " * size + NEXT, 2)
        check_problem(answers[0], 413, says=str(limit))
        assert not closed and answers[1].status == 200, (size, answers)
    # A body without an end is not read to it.
    for size in (8 * limit + 1, 10 ** 12):
        answers, closed = w.wire(b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: %d\r\n\r\n{}" % size)
        check_problem(answers[0], 413)
        assert closed
    with w.another("--max-body", "10") as other:
        assert other.call("POST", "/movies", b'{"title":1}').status == 413
        assert other.call("POST", "/movies", b'{"titl":1}').status == 201


def chunked_sizes(w):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    answers, closed = w.wire(head + chunk * 20 + b"0\r\n\r\n" + NEXT, 2)
    check_problem(answers[0], 413)
    assert not closed and answers[1].status == 200, answers
    # A bomb: the server hangs up; that its 413 arrives depends on what the client was sending at that moment.
    sent = 0
    with w.connect() as s:
        s.sendall(head)
        try:
            while sent < 1000:
                s.sendall(chunk)
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 400, "a body of more than 25 MiB was read"
    assert w.call("GET", "/healthz").status == 200


def header_sizes(w):
    def ask(size, name="X-Long"):
        return w.call("GET", "/healthz", headers={name: "x" * size})
    assert ask(15000).status == 200
    check_problem(ask(16400), 431, says="16384")
    check_problem(ask(40000), 431, says="16384")
    check_problem(w.call("GET", "/movies?title=" + "a" * 8200), 414, says="8192")
    check_problem(w.call("GET", "/" + "a" * 30000), 414, says="8192")
    many = {f"X-{i}": "y" for i in range(1500)}
    assert w.call("GET", "/healthz", headers=many).status == 431
    # What MHD has no room for it refuses by itself.
    for data in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200000, b"GET /" + b"x" * 200000, b"X" * 200000,
                 b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 30000):
        answers, closed = w.wire(data)
        assert closed and (not answers or answers[0].status in (414, 431)), answers
    with w.another("--max-header", "600") as other:
        assert other.call("GET", "/healthz").status == 200
        assert other.call("GET", "/healthz", headers={"X": "y" * 600}).status == 431


def slow_clients(w):
    """With a limit of 2 seconds: nothing, half a request line, header lines for ever, half a body, bytes one by one, an unread answer."""
    id = w.some_ids()[0]
    post = b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: 100\r\n\r\n"
    with w.another("--timeout", "2", "--threads", "2") as other:
        silent = [other.connect() for _ in range(20)]
        halves = [other.connect() for _ in range(20)]
        for s in halves:
            s.sendall(b"GET /movies/top HTT")
        bodies = [other.connect() for _ in range(20)]
        for s in bodies:
            s.sendall(post + b'{"a":')
        trickles = [(other.connect(), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "), (other.connect(), post)]
        for s, begin in trickles:
            s.sendall(begin)
        begun = time.monotonic()
        gone = set()
        while len(gone) < len(trickles) and time.monotonic() - begun < 60:
            time.sleep(0.2)
            for i, (s, _) in enumerate(trickles):
                if i in gone:
                    continue
                try:
                    s.sendall(b" ")
                except (BrokenPipeError, ConnectionResetError):
                    gone.add(i)
            # Meanwhile others are served.
            assert other.call("GET", f"/movies/{id}").status == 200
        assert len(gone) == len(trickles), "a client that sends a byte at a time keeps its connection"
        for s in silent + halves:
            assert s.recv(1000) == b"", "an answer to nothing"
        for s in bodies:
            answers, closed = read_answers(s, 2)
            assert closed and len(answers) == 1, answers
            check_problem(answers[0], 408)
        for s in silent + halves + bodies + [s for s, _ in trickles]:
            s.close()
        assert other.metrics()['mflix_errors_total{kind="bad_request"}'] >= 20
        assert until(lambda: other.metrics()["mflix_http_requests_in_flight"] == 1), "requests of clients that are gone stay under way"


def unread_answers(w):
    """A client that asks and never reads: its answers fill the socket, and the connection is ended."""
    with w.another("--timeout", "2") as other:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = other.address.rsplit(":", 1)
        s.connect((host, int(port)))
        s.settimeout(1)
        request = b"GET /movies/top?n=300 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ended = False
        begun = time.monotonic()
        while not ended and time.monotonic() - begun < 60:
            try:
                s.sendall(request * 20)
            except socket.timeout:
                pass
            except (BrokenPipeError, ConnectionResetError):
                ended = True
        s.close()
        assert ended, "the connection is kept"
        assert other.call("GET", "/healthz").status == 200
        assert until(lambda: other.metrics()["mflix_http_requests_in_flight"] == 1)


def connections(w):
    with w.another("--max-connections", "8", "--max-per-address", "4", "--threads", "2") as other:
        kept = []
        for _ in range(4):
            s = other.connect()
            s.sendall(NEXT)
            answers, _ = read_answers(s, 1)
            assert answers[0].status == 200
            kept.append(s)
        with other.connect() as s:  # one too many from this address: ended without a word
            try:
                s.sendall(NEXT)
                assert s.recv(1000) == b""
            except ConnectionResetError:
                pass
        for s in kept:
            s.sendall(NEXT)
            answers, _ = read_answers(s, 1)
            assert answers[0].status == 200
            s.close()
        assert until(lambda: answers_now(other)), "places are not given back"
    with w.another("--max-connections", "4", "--max-per-address", "0", "--threads", "2") as other:
        kept = [other.connect() for _ in range(5)]  # the fifth waits until there is room
        for s in kept:
            s.sendall(NEXT)
        waiting = list(kept)
        while waiting:
            ready = select.select(waiting, [], [], 30)[0]
            assert ready, f"{len(waiting)} connections are never served"
            for s in ready:
                answers, _ = read_answers(s, 1)
                assert answers[0].status == 200
                waiting.remove(s)
                s.close()


def answers_now(other):
    try:
        return other.call("GET", "/healthz").status == 200
    except (AssertionError, OSError):
        return False


def command_line(w):
    def run(*options, env=None):
        return subprocess.run([w.server_program, *options], env={**w.env, **(env or {})}, capture_output=True, timeout=60, check=False)
    p = run("--help")
    assert p.returncode == 0 and b"--listen HOST:PORT" in p.stdout and p.stderr == b"", p
    assert run("--version").stdout.startswith(b"mflix-server 0.")
    for options, says in ((["--nothing"], "no such option"), (["--listen"], "needs a value"), (["--listen", "8080"], "HOST:PORT"),
                          (["--listen", ":80"], "HOST:PORT"), (["--listen", "a:b"], "whole number"), (["--listen", "a:65536"], "65535"),
                          (["--listen", "::1:80"], "brackets"), (["--listen", "a:-1"], "whole number"), (["--threads", "0"], "from 1 to 256"),
                          (["--threads", "257"], "256"), (["--threads", "2x"], "whole number"), (["--timeout", "0"], "3600"),
                          (["--max-body", "99999999999999999999"], "16777216"), (["--max-header", "10"], "32768"), (["--max-connections", "0"], "100000"),
                          (["--max-per-address", "x"], "whole number"), (["--allow-host", ""], "empty"), (["x"], "no such option"),
                          (["--allow-host", "a"] * 9, "8 times"), (["--docs", "javascript:x"], "URL")):
        p = run(*options)
        assert p.returncode == 2 and p.stdout == b"" and says in p.stderr.decode() and p.stderr.count(b"\n") == 1, (options, p)
    named = w.path("named.env")
    with open(named, "w", encoding="utf-8") as f:
        f.write("REDIS_PORT=x\n")
    without = {k: v for k, v in w.env.items() if k not in ("REDIS_PORT", "MFLIXCACHE_CACHE_URI")}
    p = subprocess.run([w.server_program, "--env-file", named, "--listen", "127.0.0.1:0"], env=without, capture_output=True, timeout=60, check=False)
    assert p.returncode == 2 and b"REDIS_PORT" in p.stderr, p
    p = run("--env-file", named + ".absent")
    assert p.returncode == 1 and b"named.env.absent" in p.stderr, p
    p = run("--listen", "127.0.0.1:0", env={"REDIS_PORT": "x", "MONGO_URL": "sqlite:" + w.path("main.db")})
    assert p.returncode == 2 and b"REDIS_PORT" in p.stderr, p
    p = run("--listen", w.address, env={"MONGO_URL": "sqlite:" + w.path("main.db")})
    assert p.returncode == 1 and b"in use" in p.stderr, p
    p = run("--listen", "no.such.host.invalid:0", env={"MONGO_URL": "sqlite:" + w.path("main.db")})
    assert p.returncode == 1 and b"no.such.host.invalid" in p.stderr, p


def ipv6(w):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError as why:
        raise Skip(f"no IPv6 here: {why}") from None
    with w.another("--listen", "[::1]:0") as other:
        assert other.address.startswith("[::1]:"), other.address
        assert other.call("GET", "/healthz").status == 200


TESTS = [body_sizes, chunked_sizes, header_sizes, slow_clients, unread_answers, connections, command_line, ipv6]
