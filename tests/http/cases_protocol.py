# SPDX-License-Identifier: Apache-2.0
"""HTTP itself, byte by byte: framing, Host, Origin, pipelining, Expect. What comes after a refusal must be safe, too."""
from site_under_test import NOBODY, check_problem

JSON = b"Content-Type: application/json\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def send(w, line, *lines, body=b"", answers=1):
    head = [line.encode(), *(x.encode("latin-1") if isinstance(x, str) else x for x in lines)]
    return w.wire(b"\r\n".join(head) + b"\r\n\r\n" + body, answers)


def refused(w, status, line, *lines, body=b"", closes=False):
    """Refused with a problem; the connection ends where it must, and serves the next request where it may."""
    answers, closed = send(w, line, *lines, body=body + NEXT, answers=2)
    assert answers, (line, lines)
    check_problem(answers[0], status, what=f"{line} {lines}")
    assert closed == closes and len(answers) == (1 if closes else 2), (line, lines, closed, answers)
    assert closes or answers[1].json() == {"status": "ok"}, answers


def hosts(w):
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:99", "[::1]", "[::1]:8080", "192.0.2.7"):
        answers, _ = send(w, "GET /healthz HTTP/1.1", f"Host: {host}")
        assert answers[0].status == 200, (host, answers)
    for host in ("evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "1", "localhost."):
        refused(w, 421, "GET /healthz HTTP/1.1", f"Host: {host}")
        refused(w, 421, "DELETE /cache HTTP/1.1", f"Host: {host}", f"Origin: http://{host}")
    for host in ("", ":80", "[::1", "a:b", "localhost:80x", "x" * 300):
        refused(w, 400, "GET /healthz HTTP/1.1", f"Host: {host}")
    refused(w, 400, "GET /healthz HTTP/1.1")
    refused(w, 400, "GET /healthz HTTP/1.1", "Host: localhost", "Host: localhost", closes=True)
    refused(w, 400, "GET /healthz HTTP/1.1", "Host : localhost", closes=True)
    answers, closed = send(w, "GET /healthz HTTP/1.0")
    assert answers[0].status == 200 and closed
    with w.another("--allow-host", "movies.example", "--allow-host", "b.example") as other:
        for host, status in (("movies.example", 200), ("Movies.Example:80", 200), ("b.example", 200), ("c.example", 421)):
            assert other.call("GET", "/healthz", headers={"Host": host}).status == status, host


def origins(w):
    id = w.some_ids()[0]
    own = w.address
    writes = [("POST", "/movies", b"{}"), ("PATCH", f"/movies/{id}", b"{}"), ("PUT", f"/movies/{id}/rating", b'{"rating":1}'),
              ("DELETE", f"/movies/{NOBODY}", None), ("POST", f"/movies/{id}/views", None), ("DELETE", "/cache", None),
              ("DELETE", f"/cache/movies/{id}", None)]
    before = w.call("GET", f"/movies/{id}").json()["movie"]
    for method, target, body in writes:
        given = {} if body is None else {"body": body}
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://localhost.evil.example"},
                        {"Origin": f"http://{own}.evil.example"}, {"Origin": f"ftp://{own}"}, {"Origin": "http://127.0.0.1:1"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            w.problem(403, method, target, headers=headers, **given)
        for headers in ({"Origin": f"http://{own}"}, {"Origin": f"https://{own}"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            if target != "/movies" and not target.endswith("rating"):
                assert w.call(method, target, headers=headers, **given).status in (200, 204, 404), (method, target, headers)
    assert w.call("GET", f"/movies/{id}").json()["movie"] == before
    a = w.call("GET", "/movies/top", headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert a.status == 200 and not any(name.startswith("access-control") for name in a.headers), a


def framing(w):
    post = "POST /movies HTTP/1.1", "Host: localhost", JSON.strip()
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    refused(w, 400, *post, "Content-Length: 2", "Transfer-Encoding: chunked", body=chunked, closes=True)
    refused(w, 400, *post, "Content-Length: 2", "Content-Length: 2", body=b"{}", closes=True)
    refused(w, 400, *post, "Content-Length: 2", "Content-Length: 3", body=b"{} ", closes=True)
    for coding in ("gzip", "gzip, chunked", "chunked, chunked", "identity", ""):
        refused(w, 400, *post, f"Transfer-Encoding: {coding}", body=chunked, closes=True)
    refused(w, 400, *post, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=chunked, closes=True)
    refused(w, 400, *post, JSON.strip(), "Content-Length: 2", body=b"{}", closes=True)
    refused(w, 417, *post, "Expect: something", "Content-Length: 2", body=b"{}")
    # What MHD refuses by itself: a 400 or 413, and the connection ends. (Its body is MHD's.)
    for length in ("abc", "-1", "+2", "0x2", "2 2", "1e3", "99999999999999999999"):
        status = raw_status(w, b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: " + length.encode() + b"\r\n\r\n{}")
        assert status in (400, 413), (length, status)
    for body in (b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx\r\n0\r\n\r\n"):
        status = raw_status(w, b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        assert status in (400, 413), (body, status)
    for line in (b"GET /healthz HTTP/3.0", b"GET /healthz HTTP/9.9"):
        assert raw_status(w, line + b"\r\nHost: localhost\r\n\r\n") == 505, line
    # What is not HTTP at all ends with the connection, at the latest when its time is up.
    with w.another("--timeout", "1") as other:
        for garbage in (b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n", b"GET\r\n\r\n",
                        b"\xff" * 2000):
            assert raw_status(other, garbage, half=True) in (None, 400, 408), garbage
        assert other.call("GET", "/healthz").status == 200


def smuggling(w):
    """What two readers could read differently is refused, and nothing after it on this connection is carried out."""
    get = "GET /healthz HTTP/1.1", "Host: localhost"
    post = "POST /movies HTTP/1.1", "Host: localhost", JSON.strip()
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    for blank in (" ", "\t", "  "):
        refused(w, 400, *post, f"Content-Length{blank}: 2", body=b"{}", closes=True)
        refused(w, 400, *post, f"Transfer-Encoding{blank}: chunked", body=chunked, closes=True)
        refused(w, 400, *get, f"X-Other{blank}: 1", closes=True)
    for name in ("Content Length", "Content-Length\x0b", "(Content-Length)", "Content-Length\x7f", "\xe9", "a@b", "a/b", "a[b]", "a{b}", 'a"b'):
        refused(w, 400, *get, f"{name}: 2", closes=True)
    for value in ("a\rTransfer-Encoding: chunked", "a\r", "a\x01", "a\x7f", "a\0", "a\0b", "a\r\n folded",
                  "a\r\n\tTransfer-Encoding: chunked", "\r\n folded", "a\r\n ", "a\nY: b"):
        refused(w, 400, *get, f"X-Other: {value}", closes=True)
        refused(w, 400, *post, f"X-Other: {value}", "Content-Length: 2", body=b"{}", closes=True)
    refused(w, 400, *post, "Transfer-Encoding:\r\n chunked", body=chunked, closes=True)
    refused(w, 400, *post, "Content-Len: 2\r\n gth", "Host-Not:", body=b"{}", closes=True)
    refused(w, 400, "GET /healthz HTTP/1.1", "Host: localhost\0.evil.example", closes=True)
    refused(w, 400, "GET  /healthz HTTP/1.1", "Host: localhost", closes=True)
    answers, closed = w.wire(b"GET /healthz HTTP/1.1\nHost: localhost\n\n" + NEXT, 2)
    check_problem(answers[0], 400)
    assert closed and len(answers) == 1, answers
    for more in ((), ("Connection: keep-alive",)):
        refused(w, 400, "POST /movies HTTP/1.0", "Host: localhost", JSON.strip(), "Transfer-Encoding: chunked", *more, body=chunked,
                closes=True)
    for target, host in (("http://evil.example/healthz", "localhost"), ("http://localhost.evil.example/healthz", "localhost"),
                         ("http://evil.example@localhost/healthz", "localhost"), ("http:///healthz", "localhost"),
                         ("http://localhost:1/healthz", "localhost"), ("http://localhos/healthz", "localhost"),
                         ("http://127.0.0.1/healthz", "localhost")):
        refused(w, 400, f"GET {target} HTTP/1.1", f"Host: {host}", closes=True)
    refused(w, 421, "GET http://evil.example/healthz HTTP/1.1", "Host: evil.example")
    for target, host in (("http://localhost/healthz", "localhost"), ("http://LocalHost:80/healthz", "localhost"),
                         ("http://localhost:8080/healthz?", "localhost:8080"), ("http://127.0.0.1/healthz", "127.0.0.1:80")):
        answers, closed = send(w, f"GET {target} HTTP/1.1", f"Host: {host}", body=NEXT, answers=2)
        assert [a.status for a in answers] == [200, 200] and not closed, (target, answers)
    # Odd but allowed.
    answers, closed = send(w, *get, "X-Empty:", "x!#$%&'*+-.^_`|~1:\t a\tb \xe9 ", body=NEXT, answers=2)
    assert [a.status for a in answers] == [200, 200] and not closed, answers


def raw_status(w, data, half=False):
    """The status of the first answer, None when the connection was ended without one. It is ended in any case."""
    with w.connect() as s:
        s.sendall(data)
        if half:
            s.shutdown(1)
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    return int(got.split(b" ")[1]) if got.startswith(b"HTTP/1.1 ") else None


def targets(w):
    for target in ("/movies/a b", "/movies/\x7f", "/movies/\xc3\xa9", "movies", "?n=1", "*", "/a\tb"):
        refused(w, 400, f"GET {target} HTTP/1.1".encode("latin-1").decode("latin-1"), "Host: localhost") if target.isascii() else \
            check_problem(w.wire(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1"))[0][0], 400)


def chunked_bodies(w):
    whole = b'{"title":"In Pieces","year":1999}'
    pieces = b"".join(b"1;ext=1\r\n" + whole[i:i + 1] + b"\r\n" for i in range(len(whole))) + b"0\r\nX-Trailer: 1\r\n\r\n"
    answers, closed = w.wire(b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + NEXT, 2)
    assert [a.status for a in answers] == [201, 200] and not closed, answers
    assert answers[0].json()["movie"]["title"] == "In Pieces"
    refused(w, 400, "POST /movies HTTP/1.1", "Host: localhost", JSON.strip(), "Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    refused(w, 400, "DELETE /cache HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n")


def expect_continue(w):
    head = b"POST /movies HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Expect: 100-continue\r\n"
    answers, _ = w.wire(head + b"Content-Length: 2\r\n\r\n{}", 2)
    assert [a.status for a in answers] == [100, 201], answers
    # Refused before the body: no 100, and what would have been the body is never taken for a request.
    answers, closed = w.wire(head + b"Content-Length: 2000000\r\n\r\n" + NEXT, 2)
    assert closed and len(answers) == 1, answers
    check_problem(answers[0], 413)
    for method, target in (("PATCH", f"/movies/{NOBODY}"), ("DELETE", "/cache"), ("GET", "/healthz"), ("PUT", "/nothing")):
        line = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {len(NEXT)}\r\n\r\n"
        answers, closed = w.wire(line.encode() + NEXT, 2)
        assert closed and len(answers) == 1 and 400 <= answers[0].status < 500, (method, answers)


def pipelining(w):
    id = w.some_ids()[0]
    one = f"GET /movies/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    answers, closed = w.wire((one + NEXT) * 50, 100)
    assert len(answers) == 100 and not closed and all(a.status == 200 for a in answers), answers[-1]
    assert all(a.json()["movie"]["_id"]["$oid"] == id for a in answers[0::2])
    answers, closed = w.wire(NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + NEXT, 2)
    assert len(answers) == 1 and closed


TESTS = [hosts, origins, framing, smuggling, targets, chunked_bodies, expect_continue, pipelining]
