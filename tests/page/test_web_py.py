#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The web API in Python, examples/python/web.py: started on a free port with documents of its own, asked for every route and for
what it has to refuse. test_web_py.py MFLIX LIBRARY SOURCE"""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stage import PATIENCE, Site, Skip  # noqa: E402
from harness import end_on_signals, run_all  # noqa: E402

NOBODY = "0" * 24


class Python(Site):
    """The server in Python in the place of the other one."""

    def __init__(self, program, library, source):
        super().__init__(program, "", source)
        self.example = pathlib.Path(source, "examples", "python", "web.py")
        self.env.update(
            MFLIXCACHE_LIBRARY=library, PYTHONPATH=os.path.join(source, "bindings", "python"), PYTHONDONTWRITEBYTECODE="1"
        )

    def start_server(self, port=0):
        env = {**self.env, "REDIS_PORT": str(self.port), "MFLIXCACHE_CACHE_PREFIX": "main_db:"}
        self.process = subprocess.Popen(
            [sys.executable, str(self.example), str(port), "sqlite:" + self.path("main.db")],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("http://"), f"the server said {line!r}"
        self.origin = line.strip().rstrip("/")

    def raw_request(self, method, path, body=None, headers=None):
        """(status, content type, answer)"""
        link = http.client.HTTPConnection(self.origin[len("http://") :], timeout=PATIENCE)
        try:
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            link.close()


def test_reads(site):
    status, top = site.ask("GET", "/movies/top?n=3")
    assert status == 200 and [film["rank"] for film in top["movies"]] == [1, 2, 3]
    first = top["movies"][0]
    for _ in range(2):
        status, by_id = site.ask("GET", f"/movies/{first['id']}")
        assert status == 200 and by_id["movie"]["title"] == first["title"]
    assert by_id["answer"]["cache"] == "hit" and by_id["answer"]["tier"] == "redis"
    status, plain = site.ask("GET", f"/movies/{first['id']}?cache=off")
    assert status == 200 and plain["movie"] == by_id["movie"] and plain["answer"]["tier"] == "store"
    status, by_title = site.ask("GET", "/movies?title=" + quote(first["title"]))
    assert status == 200 and by_title["movie"]["title"] == first["title"]
    assert site.ask("GET", "/movies/top?n=2&offset=1")[1]["movies"] == top["movies"][1:]
    status, near = site.ask("GET", "/theaters/near?lon=-73.98&lat=40.75&radius=200000&n=4")
    distances = [theater["distance_m"] for theater in near["theaters"]]
    assert status == 200 and len(distances) == 4 and distances == sorted(distances)


def test_writes(site):
    status, made = site.ask("POST", "/movies", {"title": "A Sunday in Kansas", "imdb": {"rating": 9.7}})
    assert status == 201
    id = made["movie"]["_id"]["$oid"]
    assert site.ask("POST", "/movies", {"_id": {"$oid": id}})[0] == 409
    assert site.ask("PATCH", f"/movies/{id}", {"rated": "PG"})[1]["movie"]["rated"] == "PG"
    assert site.ask("PUT", f"/movies/{id}/rating", {"rating": 9.95})[1]["movie"]["imdb"]["rating"] == 9.95
    assert site.ask("GET", "/movies/top?n=1")[1]["movies"][0]["id"] == id, "the board has it at once"
    assert site.ask("POST", f"/movies/{id}/views")[1]["views"] == 1
    assert site.ask("GET", "/movies/trending?n=1")[1]["movies"][0]["id"] == id
    assert site.ask("DELETE", f"/cache/movies/{id}") == (204, None)
    assert site.ask("GET", f"/movies/{id}")[1]["answer"]["cache"] == "miss"
    assert site.ask("GET", f"/movies/{id}")[1]["answer"]["cache"] == "hit"
    assert site.ask("DELETE", "/cache") == (204, None)
    assert site.ask("GET", f"/movies/{id}")[1]["answer"]["cache"] == "miss"
    assert site.ask("DELETE", f"/movies/{id}") == (204, None)
    assert site.ask("DELETE", f"/movies/{id}")[0] == 404
    assert site.ask("GET", f"/movies/{id}")[0] == 404


def test_refusals(site):
    first = site.ask("GET", "/movies/top?n=1")[1]["movies"][0]["id"]
    for method, path, body, status, words in [
        ("GET", f"/movies/{NOBODY}", None, 404, "there is no such thing here"),
        ("GET", "/nowhere", None, 404, "no such thing"),
        ("GET", "/movies/nobody", None, 400, "not an ObjectId"),
        ("GET", "/movies?titel=x", None, 400, "title"),
        ("GET", "/movies/top?n=many", None, 400, "many"),
        ("GET", "/movies/top?n=-1", None, 400, "count"),
        ("GET", "/theaters/near?lon=nan&lat=1", None, 400, "lon must be a number"),
        ("GET", "/theaters/near?lon=1", None, 400, "lat"),
        ("PUT", f"/movies/{first}/rating", b'{"rating":11}', 400, "from 0 to 10"),
        ("PUT", f"/movies/{first}/rating", b"[9]", 400, ""),
        ("PUT", f"/movies/{first}/rating", b'{"rating":null}', 400, ""),
        ("PUT", f"/movies/{first}/rating", b'{"ra', 400, ""),
        ("POST", "/movies", b'{"a":1,"a":2}', 400, "duplicate"),
        ("POST", "/movies", b"\xff", 400, ""),
        ("POST", "/movies", b"", 400, ""),
        ("POST", "/movies", b'{"plot":"' + b"x" * (1 << 20) + b'"}', 400, ""),
        ("GET", "/movies/%00", None, 400, ""),
    ]:
        got, kind, answer = site.raw_request(method, path, body)
        assert (got, kind) == (status, "application/problem+json"), (
            method,
            path,
            body and body[:40],
            got,
            kind,
            answer[:200],
        )
        assert words in json.loads(answer)["detail"], (method, path, answer)
    assert site.raw_request("DELETE", f"/movies/{first}", headers={"Origin": "http://elsewhere.example"})[0] == 404, (
        "not from other pages"
    )
    assert site.raw_request("GET", f"/movies/{first}", headers={"Content-Length": "seven"})[0] == 400
    assert site.ask("GET", f"/movies/{first}")[0] == 200, "it is still there"


def test_redis_away(site):
    first = site.ask("GET", "/movies/top?n=1")[1]["movies"][0]["id"]
    site.stop_redis()
    status, answer = site.ask("GET", f"/movies/{first}")
    assert status == 200 and answer["answer"]["cache"] == "bypass"
    assert site.ask("POST", f"/movies/{first}/views")[0] == 503
    site.restart_redis()


def test_end(site):
    """Ctrl-C ends it, and closes what it opened."""
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(PATIENCE) == 0


def test_length(site):
    assert len(site.example.read_text().splitlines()) <= 60


def main():
    program, library, source = sys.argv[1:4]
    end_on_signals()
    site = Python(program, library, source)
    try:
        site.start_redis()
        site.run("generate", "--movies", "500", "--theaters", "60", "--load")
        site.start_server()
        failed, _, _ = run_all(site, [test_reads, test_writes, test_refusals, test_redis_away, test_end, test_length])
        return 1 if failed else 0
    except Skip as why:
        print(f"skipped: {why}")
        return 77
    finally:
        site.close()


if __name__ == "__main__":
    sys.exit(main())
