# SPDX-License-Identifier: Apache-2.0
"""Redis and the store going away and coming back, many clients at once, the end of the server under load."""
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

from site_under_test import NOBODY, Skip, check_problem, free_port, read_answers, tool, until


def pause(process):
    """A server that is there and does not answer: all of its threads stand still."""
    os.kill(process.pid, signal.SIGSTOP)

    def still():
        tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
        return all((t / "stat").read_text().rpartition(")")[2].split()[0] == "T" for t in tasks)
    assert until(still), "the server does not stop"


def redis_away_and_back(w):
    id = w.some_ids()[0]
    whole = w.call("GET", f"/movies/{id}").json()["movie"]
    rating = whole["imdb"]["rating"]
    with w.another() as other:
        before = other.metrics()
        port, process = w.port, w.redis
        process.kill()
        process.wait()
        a = other.call("GET", f"/movies/{id}")
        assert a.status == 200 and a.json()["movie"] == whole, a
        assert a.headers["cache-status"] == 'mflixcache; fwd=bypass; detail="store"' and "age" not in a.headers, a
        assert a.json()["answer"]["cache"] == "bypass" and "redis_down" in a.json()["answer"]["flags"], a
        for target in ("/movies/top", "/movies?title=" + whole["title"].replace(" ", "+"), "/theaters/near?lon=0&lat=0&radius=20100000"):
            a = other.call("GET", target)
            assert a.status == 200 and a.headers["cache-status"].startswith("mflixcache; fwd=bypass"), (target, a)
        assert other.call("GET", "/readyz").json() == {"status": "degraded", "redis": False, "store": True}
        assert other.call("GET", "/healthz").status == 200
        for method, target in (("GET", "/movies/trending"), ("POST", f"/movies/{id}/views"), ("DELETE", "/cache"), ("DELETE", f"/cache/movies/{id}")):
            a = other.problem(503, method, target, code="MC_E_CACHE")
            assert a.headers["retry-after"] == "1", a
        written = other.call("PUT", f"/movies/{id}/rating", {"rating": 1.25})
        assert written.status == 200 and "queued" in written.json()["answer"]["flags"], written
        assert other.call("GET", f"/movies/{id}").json()["movie"]["imdb"]["rating"] == 1.25
        after = other.metrics()
        assert after['mflix_errors_total{kind="cache"}'] - before['mflix_errors_total{kind="cache"}'] == 4, after
        assert after['mflix_reads_total{tier="store",cache="bypass"}'] >= 4 and after["mflixcache_recovery_pending"] >= 1, after

        w.start_redis_at(port)
        assert until(lambda: other.call("GET", "/readyz").json()["redis"]), "Redis is back, and the server does not see it"
        assert until(lambda: other.call("GET", f"/movies/{id}").json()["answer"]["cache"] == "hit")
        assert other.call("GET", f"/movies/{id}").json()["movie"]["imdb"]["rating"] == 1.25
        assert other.call("PUT", f"/movies/{id}/rating", {"rating": rating}).status == 200
    assert until(lambda: w.call("GET", f"/movies/{id}").json()["answer"]["cache"] == "hit")


def redis_silent(w):
    """Redis takes connections and answers nothing: the store does, within the limits."""
    id = w.some_ids()[0]
    with w.another() as other:
        pause(w.redis)
        try:
            a = other.call("GET", f"/movies/{id}")
            assert a.status == 200 and a.json()["answer"]["tier"] == "store", a
            a = other.call("GET", "/movies/trending")
            assert a.status in (503, 504) and a.json()["code"] in ("MC_E_CACHE", "MC_E_TIMEOUT"), a
        finally:
            os.kill(w.redis.pid, signal.SIGCONT)
        assert until(lambda: other.call("GET", "/readyz").json().get("redis")), "Redis answers again, and the server does not see it"


def redis_back(w):
    """The tests after this one find the main server with its Redis."""
    assert until(lambda: w.call("GET", "/readyz").json()["status"] == "ok")


def start_mongo(w, port):
    program = tool("secantusd-py", "bin")
    with open(w.path("mongo.log"), "ab") as log:
        process = subprocess.Popen([program, "--host", "127.0.0.1", "--port", str(port), "--storage-path", w.path("mongo"),
                                    "--log-level", "WARNING"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return process


def store_away_and_back(w):
    port = free_port()
    uri = f"mongodb://127.0.0.1:{port}/test?serverSelectionTimeoutMS=500&connectTimeoutMS=500&socketTimeoutMS=1500"
    mongo = start_mongo(w, port)
    try:
        def loaded():
            p = w.raw("--redis", f"redis://127.0.0.1:{w.port}/0", "--store", uri, "-o", "cache.prefix=away:", "generate", "--load", "--movies", "30",
                      "--theaters", "5")
            return p.returncode == 0
        assert until(loaded, step=0.5), "the store does not begin"
        # Calls of the store may last longer than a client may take for its request.
        with w.another("--timeout", "1", STORE_URI=uri, CACHE_PREFIX="away:", STORE_TIMEOUT_MS=1500, CALL_TIMEOUT_MS=3000) as other:
            id, changed = other.some_ids(2)
            whole = other.call("GET", f"/movies/{id}").json()["movie"]
            assert other.call("GET", "/readyz").json()["store"] is True
            pause(mongo)
            try:
                store_silent(other, id, whole, changed)
            finally:
                os.kill(mongo.pid, signal.SIGCONT)
            assert until(lambda: other.call("GET", f"/movies/{id}?cache=off").status == 200)
            mongo.kill()
            mongo.wait()
            store_gone(other, id, whole, changed)
            mongo = start_mongo(w, port)
            assert until(lambda: other.call("GET", "/readyz").status == 200), "the store is back, and the server does not see it"
            assert until(lambda: other.call("GET", f"/movies/{id}?cache=off").status == 200)
    finally:
        mongo.kill()
        mongo.wait()


def store_gone(w, id, whole, changed):
    # What Redis has is served all the same.
    a = w.call("GET", f"/movies/{id}")
    assert a.status == 200 and a.json()["movie"] == whole and a.json()["answer"]["tier"] == "redis", a
    for method, target, body in (("GET", f"/movies/{NOBODY}", None), ("GET", f"/movies/{id}?cache=off", None), ("GET", "/movies?title=x", None),
                                 ("GET", "/movies/top?cache=off", None), ("POST", "/movies", {"title": "x"}),
                                 ("PUT", f"/movies/{changed}/rating", {"rating": 1}), ("DELETE", f"/movies/{NOBODY}", None)):
        a = w.call(method, target, **({} if body is None else {"body": body}))
        assert a.status in (500, 503, 504), (method, target, a)
        check_problem(a, a.status)
        assert a.json()["code"] == {500: "MC_E_UNKNOWN", 503: "MC_E_STORE", 504: "MC_E_TIMEOUT"}[a.status], a
        assert (a.status == 503) == ("retry-after" in a.headers) and "mongodb://" not in a.json()["detail"], a
        assert method != "GET" or a.status != 500, a
    a = w.problem(503, "GET", "/readyz")
    assert a.headers["retry-after"] == "1", a
    assert w.call("GET", "/healthz").status == 200
    assert w.metrics()['mflix_errors_total{kind="store"}'] > 0


def store_silent(w, id, whole, changed):
    """The store holds connections and answers nothing."""
    assert w.call("GET", f"/movies/{id}").json()["movie"] == whole
    a = w.call("GET", f"/movies/{id}?cache=off")
    assert a.status in (503, 504), a
    check_problem(a, a.status)
    a = w.call("PUT", f"/movies/{changed}/rating", {"rating": 5})
    assert a.status in (500, 503, 504), a
    assert w.call("GET", "/readyz").status == 503
    assert w.call("GET", "/healthz").status == 200


def store_in_memory(w):
    """Reads past the cache are a session's, so that both ways see one database: also one in memory."""
    with w.another(STORE_URI="sqlite::memory:", CACHE_PREFIX="memory:") as other:
        id = "573a1390f29313caabcd4801"
        assert other.call("GET", f"/movies/{id}").status == 404
        made = other.call("POST", "/movies", {"_id": {"$oid": id}, "title": "In memory", "imdb": {"rating": 7.5}})
        assert made.status == 201, made
        for past in ("", "?cache=off"):
            a = other.call("GET", f"/movies/{id}{past}")
            assert a.status == 200 and a.json()["movie"]["title"] == "In memory", a
            assert a.json()["answer"]["tier"] == ("store" if past else "redis"), a


def many_clients(w):
    """32 clients on connections of their own read and write a few movies; each sees its own writes, every answer is whole."""
    # All of them wait for one file's lock: as long as it takes on a busy machine.
    with w.another(CALL_TIMEOUT_MS=120000, STORE_TIMEOUT_MS=120000, CACHE_TIMEOUT_MS=60000, WRITE_QUARANTINE_MS=250000) as other:
        clients_of(other)


def clients_of(w):
    ids = [w.new_movie(title=f"Shared {i}", n=0) for i in range(4)]
    wrong = []

    def client(number):
        with w.connect(600) as s:
            for turn in range(60):
                id = ids[(number + turn) % len(ids)]
                mine = f"{number}-{turn}"
                member = f"m{number}"
                body = json.dumps({member: mine}).encode()
                head = f"PATCH /movies/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                read = f"GET /movies/{id}{'?cache=off' if turn % 5 == 0 else ''} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                s.sendall(head.encode() + body + read.encode())
                answers, closed = read_answers(s, 2)
                if closed or any(a.status != 200 or a.json()["movie"][member] != mine for a in answers):
                    wrong.append((mine, closed, answers))
                    return

    threads = [threading.Thread(target=client, args=(i,)) for i in range(32)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]
    for id in ids:
        cached, stored = (w.call("GET", f"/movies/{id}{q}").json()["movie"] for q in ("", "?cache=off"))
        assert cached == stored, (cached, stored)


def stop_under_load(w, number=signal.SIGTERM):
    """Every request that was answered at all was answered whole, the status is 0, and the address is free at once."""
    id = w.some_ids()[0]
    answered, cut, closing = [0], [], [0]
    with w.another() as other:
        address, process = other.address, other.server

        def client():
            while True:
                try:
                    with other.connect(30) as s:
                        while True:
                            s.sendall(f"GET /movies/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                            answers, closed = read_answers(s, 1)
                            answered[0] += len(answers)
                            closing[0] += bool(answers and closed)
                            if closed:
                                break
                except (ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                    return  # the server is gone
                except AssertionError as why:
                    cut.append(why)
                    return

        threads = [threading.Thread(target=client) for _ in range(16)]
        for t in threads:
            t.start()
        assert until(lambda: answered[0] > 500, step=0.01)
        # Half a request: it is under way, and is waited for.
        with other.connect(30) as s:
            body = b'{"title":"The Last One"}'
            s.sendall(b"POST /movies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            assert until(lambda: other.metrics()["mflix_http_requests_in_flight"] > 1)
            process.send_signal(number)
            assert until(lambda: refuses(other)), "the server goes on accepting"
            s.sendall(body)
            answers, closed = read_answers(s, 2)
            assert closed and len(answers) == 1 and answers[0].status == 201, answers
            assert answers[0].headers["connection"].lower() == "close", answers
        for t in threads:
            t.join()
        assert not cut, cut[:3]
        assert answered[0] > 500
        assert process.wait(30) == 0
    with w.another("--listen", address):
        pass


def refuses(other):
    try:
        other.connect(5).close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # the address was given up while the connection was being made: the next one is refused


def stop_by_interrupt(w):
    stop_under_load(w, signal.SIGINT)


def stop_is_bounded(w):
    """A client that never sends the rest of its request holds the end up for ten seconds, not for its whole limit."""
    with w.another("--timeout", "600") as other:
        with other.connect() as s:
            s.sendall(b"POST /movies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n")
            assert until(lambda: other.metrics()["mflix_http_requests_in_flight"] > 1)
            other.server.terminate()
            assert other.server.wait(120) == 0


def access_log(w):
    """One object a line, whatever is asked; nothing without the option."""
    id = w.some_ids()[0]
    begun = os.path.getsize(w.path("server.log"))
    with w.another() as other:
        other.call("GET", f"/movies/{id}")
    assert os.path.getsize(w.path("server.log")) == begun
    with w.another("--access-log") as other:
        other.call("GET", f"/movies/{id}")
        other.call("GET", '/%22%0a%1b[31m"')
        other.call("BREW", "/movies")
    with open(w.path("server.log"), "rb") as f:
        f.seek(begun)
        lines = [json.loads(line) for line in f.read().splitlines()]
    # A line is written when its answer has been sent, by the thread that sent it: the next request may be quicker.
    lines.sort(key=lambda x: x["status"])
    assert [(x["method"], x["status"], x["route"]) for x in lines] == [("GET", 200, "/movies/{id}"), ("GET", 404, "other"), ("BREW", 405, "/movies")]
    assert lines[0]["remote"] == "127.0.0.1" and lines[0]["cache"] in ("hit", "miss") and lines[0]["ms"] > 0, lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", lines[0]["time"]), lines


TESTS = [redis_away_and_back, redis_silent, redis_back, store_away_and_back, store_in_memory, many_clients, stop_under_load, stop_by_interrupt, stop_is_bounded,
         access_log]
