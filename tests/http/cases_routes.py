# SPDX-License-Identifier: Apache-2.0
"""Every route with what it should give, the headers of every answer, and that a write is seen by the next read."""
import json
import re
import subprocess
import urllib.parse

from site_under_test import NOBODY, tool

SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-resource-policy": "same-origin"}
ANSWER = {"tier", "cache", "flags", "age_ms", "stale_bound_ms", "elapsed_us", "redis_round_trips", "store_calls"}


def check_data(a, status=200):
    """What holds of every answer about data."""
    assert a.status == status, a
    assert a.headers["cache-control"] == "no-store", a
    assert a.headers["content-security-policy"].startswith("default-src 'self'"), a
    for name, value in SAFE.items():
        assert a.headers[name] == value, (name, a)
    assert a.headers["cache-status"].startswith("mflixcache; "), a
    m = re.fullmatch(r'cache;desc="(hit|miss|bypass|none)";dur=([\d.]+), total;dur=([\d.]+)', a.headers["server-timing"])
    assert m and float(m.group(2)) <= float(m.group(3)), a
    if status != 204:
        assert a.headers["content-type"] == "application/json", a
        assert set(a.json()["answer"]) == ANSWER, a
        assert a.json()["answer"]["cache"] == m.group(1), a
    return a.json() if status != 204 else None


def movie_by_id(w):
    id = w.some_ids()[0]
    assert w.call("DELETE", f"/cache/movies/{id}").status == 204
    a = w.call("GET", f"/movies/{id}")
    first = check_data(a)
    assert a.headers["cache-status"] == 'mflixcache; fwd=miss; stored; detail="store"' and "age" not in a.headers, a
    assert first["answer"]["flags"] == ["filled"] and first["answer"]["store_calls"] == 1, first
    b = w.call("GET", f"/movies/{id}")
    second = check_data(b)
    assert b.headers["cache-status"] == 'mflixcache; hit; detail="redis"' and re.fullmatch(r"\d+", b.headers["age"]), b
    assert second["movie"] == first["movie"] and second["answer"]["tier"] == "redis" and second["answer"]["redis_round_trips"] == 1
    c = w.call("GET", f"/movies/{id}?cache=off")
    third = check_data(c)
    assert c.headers["cache-status"].startswith("mflixcache; fwd=bypass") and "age" not in c.headers, c
    assert third["movie"] == first["movie"], third
    assert third["answer"]["tier"] == "store" and third["answer"]["redis_round_trips"] == 0, third
    assert check_data(w.call("GET", f"/movies/{id.upper()}"))["movie"] == first["movie"]
    assert check_data(w.call("GET", f"/%6Dovies/{id}?c%61che=on"))["movie"] == first["movie"]  # the same URI, RFC 3986


def movie_by_title(w):
    w.new_movie(title="Größe & Maß + 100 %", year=1999)
    quoted = "Gr%C3%B6%C3%9Fe+%26%20Ma%C3%9F%20%2B%20100%20%25"
    for cache in ("", "&cache=on", "&cache=off"):
        body = check_data(w.call("GET", f"/movies?title={quoted}{cache}"))
        assert body["movie"]["year"] == 1999 and body["movie"]["title"] == "Größe & Maß + 100 %", body
    again = check_data(w.call("GET", f"/movies?title={quoted}"))
    assert again["answer"]["cache"] == "hit" and again["answer"]["store_calls"] == 0, again
    # A title's id that is not cached makes it a miss, whatever there is of the document.
    w.new_movie(title="Joined")
    for cache in ("miss", "hit"):
        assert check_data(w.call("GET", "/movies?title=Joined"))["answer"]["cache"] == cache
    assert w.command("DEL", "main_db:movie:title:{Joined}") == "1"
    answer = check_data(w.call("GET", "/movies?title=Joined"))["answer"]
    assert answer["cache"] == "miss" and answer["tier"] == "store" and answer["store_calls"] == 1, answer
    w.problem(404, "GET", "/movies?title=no+such+title", code="MC_NOT_FOUND")
    w.problem(404, "GET", "/movies?title=no+such+title&cache=off", code="MC_NOT_FOUND")


def near_titles(w):
    """What was typed wrongly leads to what was meant."""
    def near(text, n=5):
        a = w.call("GET", "/titles?" + urllib.parse.urlencode({"near": text, "n": n}))
        assert a.status == 200 and set(a.json()) == {"titles"}, a
        return a.json()["titles"]

    for title in ("Le fabuleux destin d'Amélie Poulain", "Łódź, my love", "東京物語"):
        w.new_movie(title=title)
    with w.another() as fresh:  # titles are read once in ten minutes
        w = fresh
        for text in ("le fabuleux destin damelie poulain", "LE FABULEUX DESTIN", "amelie poulain", "Le fabuleux destin d’Amelie  Pouloin"):
            assert near(text)[:1] == ["Le fabuleux destin d'Amélie Poulain"], (text, near(text))
        assert near("lodz my love")[:1] == ["Łódź, my love"] and near("東京物語", 1) == ["東京物語"]
        assert near("zzzzzzzzzzzzzzzzzzzz") == [] and near("!?") == [] and near("é" * 256) == []
        for target in ("/titles", "/titles?near=", "/titles?near=x&n=0", "/titles?near=x&n=21", "/titles?near=" + "x" * 257):
            assert w.call("GET", target).status == 400, target


def top_list(w):
    body = check_data(w.call("GET", "/movies/top"))
    rows = body["movies"]
    assert len(rows) == 10 and body["offset"] == 0 and [r["rank"] for r in rows] == list(range(1, 11)), body
    ratings = [r["rating"] for r in rows]
    assert ratings == sorted(ratings, reverse=True)
    for row in rows:
        assert set(row) == {"rank", "id", "title", "year", "rating", "votes", "genres", "poster"} and isinstance(row["genres"], list), row
    second = check_data(w.call("GET", "/movies/top?n=4&offset=3"))
    assert second["offset"] == 3 and second["movies"] == rows[3:7], second
    off = check_data(w.call("GET", "/movies/top?cache=off"))
    assert off["movies"] == rows and off["answer"]["tier"] == "store", off
    warm = w.call("GET", "/movies/top")
    assert warm.json()["answer"]["redis_round_trips"] == 1 and warm.headers["cache-status"].startswith("mflixcache; hit"), warm
    assert check_data(w.call("GET", "/movies/top?offset=1000000"))["movies"] == []


def views_and_trending(w):
    ids = [w.new_movie(title=f"Viewed {i}") for i in range(3)]
    for i, id in enumerate(ids):
        for n in range(30 + i):
            body = check_data(w.call("POST", f"/movies/{id}/views"))
            assert body["id"] == id and body["views"] == n + 1, body
    rows = check_data(w.call("GET", "/movies/trending?n=3"))["movies"]
    assert [(r["id"], r["views"], r["rank"]) for r in rows] == [(ids[2], 32, 1), (ids[1], 31, 2), (ids[0], 30, 3)], rows
    assert rows[0]["title"] == "Viewed 2" and rows[0]["rating"] is None, rows
    w.problem(404, "POST", f"/movies/{NOBODY}/views", code="MC_NOT_FOUND")
    assert NOBODY not in w.command("ZRANGE", "main_db:board:views", "0", "-1"), "a view of a movie that is not there was counted"


def writes_are_seen(w):
    created = w.call("POST", "/movies", {"title": "Written", "imdb": {"rating": 3.5, "votes": 7}, "genres": ["Drama"]})
    body = check_data(created, 201)
    id = body["movie"]["_id"]["$oid"]
    assert created.headers["location"] == f"/movies/{id}" and body["movie"]["title"] == "Written", created
    assert created.headers["cache-status"].startswith("mflixcache; fwd=method"), created
    assert check_data(w.call("GET", created.headers["location"]))["movie"] == body["movie"]
    w.problem(409, "POST", "/movies", body["movie"], code="MC_E_EXISTS")

    patched = check_data(w.call("PATCH", f"/movies/{id}", {"year": 2001, "genres": None, "imdb": {"votes": 8}},
                                {"Content-Type": "application/merge-patch+json"}))
    assert patched["movie"]["year"] == 2001 and "genres" not in patched["movie"] and patched["movie"]["imdb"] == {"rating": 3.5, "votes": 8}
    assert check_data(w.call("PATCH", f"/movies/{id}", {}))["movie"] == patched["movie"]

    rated = check_data(w.call("PUT", f"/movies/{id}/rating", {"rating": 10}))
    assert rated["movie"]["imdb"]["rating"] == 10, rated
    read = check_data(w.call("GET", f"/movies/{id}"))
    assert read["movie"] == rated["movie"] and read["answer"]["cache"] == "hit", read
    assert id in [r["id"] for r in check_data(w.call("GET", "/movies/top?n=3"))["movies"]]
    assert check_data(w.call("GET", f"/movies/{id}?cache=off"))["movie"] == rated["movie"]

    w.problem(409, "PATCH", f"/movies/{id}", {"title": {"sub": 1}}, code="MC_E_CONFLICT")
    check_data(w.call("DELETE", f"/movies/{id}"), 204)
    w.problem(404, "GET", f"/movies/{id}", code="MC_NOT_FOUND")
    for method, path, sent in (("DELETE", "", None), ("PATCH", "", {"a": 1}), ("PUT", "/rating", {"rating": 1})):
        w.problem(404, method, f"/movies/{id}{path}", code="MC_NOT_FOUND", **({"body": sent} if sent else {}))
    assert id not in [r["id"] for r in check_data(w.call("GET", "/movies/top?n=20"))["movies"]]


def theaters(w):
    near = "/theaters/near?lon=-73.99&lat=40.73"
    rows = check_data(w.call("GET", near + "&radius=20100000&n=5"))["theaters"]
    assert len(rows) == 5 and [r["distance_m"] for r in rows] == sorted(r["distance_m"] for r in rows), rows
    for row in rows:
        assert set(row) == {"id", "theater_id", "distance_m", "lon", "lat", "street", "city", "state", "zipcode"}, row
        assert isinstance(row["theater_id"], int) and row["street"] and len(row["state"]) == 2, row
    off = check_data(w.call("GET", near + "&radius=20100000&n=5&cache=off"))
    assert [r["id"] for r in off["theaters"]] == [r["id"] for r in rows] and off["answer"]["tier"] == "store", off
    assert check_data(w.call("GET", near + "&radius=0"))["theaters"] == []
    assert check_data(w.call("GET", "/theaters/near?lon=-7.399e1&lat=%2B40.73&radius=.5"))["theaters"] == []


def values_by_key(w):
    """Anything by key, byte by byte; JSON in, JSON out."""
    key = "/values/processed_data:device7:2026-01-31"
    w.problem(404, "GET", key)
    w.problem(404, "DELETE", key)
    odd = (b'"a\\u0000b"', b"123456789012345678901234567890")
    for text in (b'{"mean": 21.50, "a": [1, 2]}', b'"text"', b"12.0", b"null", b"[]", *odd):
        a = w.call("PUT", key + "?ttl_ms=60000", body=text, headers={"Content-Type": "application/json"})
        assert a.status == 204 and a.body == b"" and a.headers["cache-status"].startswith("mflixcache; fwd=method"), a
        got = w.call("GET", key)
        data = check_data(got)
        assert data["value"] == json.loads(text) and data["bytes"] == len(text) and b'"value":' + text in got.body, got
        assert data["answer"]["tier"] == "redis" and data["answer"]["cache"] == "hit", data
    assert w.call("DELETE", key).status == 204
    w.problem(404, "GET", key)
    for bad in ("a%20b", "-a", ".a", "%7Bx%7D", "x" * 129, "a%2Fb"):
        w.problem(400, "GET", "/values/" + bad)
    for query in ("ttl_ms=0", "ttl_ms=x", "ttl_ms=31536000001", "ttl=5"):
        w.problem(400, "PUT", key + "?" + query, body=b"1", headers={"Content-Type": "application/json"})
    for body in (b"", b"{", b'{"a":1,"a":2}', b"1 2"):
        w.problem(400, "PUT", key, body=body, headers={"Content-Type": "application/json"})
    w.problem(415, "PUT", key, body=b"1", headers={"Content-Type": "text/plain"})


def dropping(w):
    id = w.some_ids()[1]
    for target in (f"/cache/movies/{id}", "/cache"):
        w.call("GET", f"/movies/{id}")
        assert check_data(w.call("GET", f"/movies/{id}"))["answer"]["cache"] == "hit"
        assert w.call("DELETE", target).status == 204
        assert check_data(w.call("GET", f"/movies/{id}"))["answer"]["cache"] == "miss", target
    assert w.call("DELETE", f"/cache/movies/{NOBODY}").status == 204


def health(w):
    assert w.call("GET", "/healthz").json() == {"status": "ok"}
    assert w.call("GET", "/readyz").json() == {"status": "ok", "redis": True, "store": True}


def head_and_options(w):
    id = w.some_ids()[0]
    w.call("GET", f"/movies/{id}")
    for target in (f"/movies/{id}", "/movies/top", "/healthz", "/readyz", "/openapi.json", "/theaters/near?lon=0&lat=0", "/stats"):
        a, b = w.call("GET", target), w.call("HEAD", target)
        assert b.status == a.status == 200 and b.body == b"" and int(b.headers["content-length"]) > 0, (target, b)
        assert set(b.headers) == set(a.headers), (target, set(a.headers) ^ set(b.headers))
    a = w.call("HEAD", f"/movies/{NOBODY}")
    assert a.status == 404 and a.body == b"" and a.headers["content-type"] == "application/problem+json", a
    for target, allow in ((f"/movies/{id}", "GET, HEAD, PATCH, DELETE, OPTIONS"), ("/movies", "GET, HEAD, POST, OPTIONS"),
                          (f"/movies/{id}/rating", "PUT, OPTIONS"), (f"/movies/{id}/views", "POST, OPTIONS"), ("/cache", "DELETE, OPTIONS"),
                          ("/movies/top", "GET, HEAD, OPTIONS"), ("/", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, OPTIONS")):
        a = w.call("OPTIONS", target)
        assert a.status == 204 and a.headers["allow"] == allow and a.body == b"" and "content-type" not in a.headers, (target, a)
        if target != "*":
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"):
                if method not in allow.split(", "):
                    b = w.problem(405, method, target)
                    assert b.headers["allow"] == allow, b
    w.problem(404, "OPTIONS", "/nothing")


def page_and_description(w):
    with open(w.source + "/examples/server/openapi.json", "rb") as f:
        described = f.read()
    a = w.call("GET", "/openapi.json")
    assert a.body == described and a.headers["content-type"] == "application/json" and a.headers["cache-control"] == "no-cache", a
    assert re.fullmatch(r'"[0-9a-f]{16}"', a.headers["etag"]), a
    for tag in (a.headers["etag"], "W/" + a.headers["etag"], '"x", ' + a.headers["etag"], "*"):
        b = w.call("GET", "/openapi.json", headers={"If-None-Match": tag})
        assert b.status == 304 and b.body == b"" and b.headers["etag"] == a.headers["etag"], (tag, b)
    assert w.call("GET", "/openapi.json", headers={"If-None-Match": '"0123456789abcdef"'}).status == 200
    page = w.call("GET", "/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8", page
    assert page.headers["content-security-policy"].startswith("default-src 'self'"), page
    names = set(re.findall(r'(?:src|href)="/assets/([^"#]+)', page.body.decode()))
    assert names, "the page uses no files"
    types = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    for name in names:
        with open(f"{w.source}/examples/server/page/{name}", "rb") as f:
            wanted = f.read()
        a = w.call("GET", f"/assets/{name}")
        assert a.status == 200 and a.body == wanted and a.headers["content-type"] == types[name.rsplit(".", 1)[1]], (name, a)
    for name in ("nothing.js", "index.html", "openapi.json", "..", "%2e%2e%2fmain.c", ".", "page.c"):
        w.problem(404, "GET", f"/assets/{name}")


def routes_and_description_agree(w):
    described = json.loads(w.call("GET", "/openapi.json").body)["paths"]
    for path, item in described.items():
        target = path.replace("{id}", NOBODY).replace("{name}", "x")
        allow = set(w.call("OPTIONS", target).headers["allow"].split(", ")) - {"HEAD", "OPTIONS"}
        assert allow == {m.upper() for m in item if m != "parameters"}, (path, allow)
    with open(w.source + "/examples/server/router.c") as f:
        routes = set(re.findall(r'^    \{"([A-Z]+)", "([^"]+)"', f.read(), re.M))
    assert routes == {(m.upper(), p) for p, item in described.items() for m in item if m != "parameters"}


def counted(w):
    id = w.some_ids()[0]
    w.call("GET", f"/movies/{id}")
    before = w.metrics()
    w.call("GET", f"/movies/{id}")
    w.call("HEAD", f"/movies/{id}")
    w.call("GET", f"/movies/{id}?cache=off")
    w.call("GET", f"/movies/{NOBODY}0")
    w.call("GET", "/nothing/here")
    w.call("GET", f"/movies/{NOBODY}?cache=off")
    w.call("POST", "/movies", b"[", {"Content-Type": "application/json"})
    w.call("BREW", "/movies")
    after = w.metrics()

    def more(name):
        return after.get(name, 0) - before.get(name, 0)
    one = 'mflix_http_requests_total{route="/movies/{id}",method="%s",code="%d"}'
    assert more(one % ("GET", 200)) == 2 and more(one % ("HEAD", 200)) == 1 and more(one % ("GET", 400)) == 1, after
    assert more('mflix_http_requests_total{route="other",method="GET",code="404"}') == 1
    assert more('mflix_http_requests_total{route="/movies",method="other",code="405"}') == 1
    assert more('mflix_errors_total{kind="bad_request"}') == 3 and more('mflix_errors_total{kind="not_found"}') == 2
    assert more('mflix_reads_total{tier="redis",cache="hit"}') == 2 and more('mflix_reads_total{tier="store",cache="none"}') == 2
    histogram = 'mflix_http_request_duration_seconds_%s{route="/movies/{id}",cache="%s"%s}'
    assert more(histogram % ("count", "on", "")) == 3 and more(histogram % ("count", "off", "")) == 2
    assert more(histogram % ("bucket", "off", ',le="+Inf"')) == 2 and more(histogram % ("sum", "off", "")) > 0
    assert after["mflix_http_requests_in_flight"] == 1 and after["process_open_fds"] > 5
    assert after["process_resident_memory_bytes"] > 1e6 and 1.5e9 < after["process_start_time_seconds"] < 1e10
    assert after["mflixcache_reads_total"] > 0

    stats = w.call("GET", "/stats").json()
    assert {"version", "counters", "latency", "http", "reads"} <= set(stats), stats
    assert stats["http"]["requests"] == sum(stats["http"]["by_class"].values()) > 10, stats
    for handle in ("cached", "uncached"):
        q = stats["reads"][handle]
        assert q["count"] > 0 and 0 < q["p50_us"] <= q["p95_us"] <= q["p99_us"], stats


def metrics_are_well_formed(w):
    promtool = tool("promtool", "prometheus", "usr", "bin")
    a = w.call("GET", "/metrics")
    assert a.headers["content-type"].startswith("text/plain; version=0.0.4"), a
    p = subprocess.run([promtool, "check", "metrics"], input=a.body, capture_output=True, check=False)
    assert p.returncode == 0, (p.stdout + p.stderr).decode()


TESTS = [movie_by_id, movie_by_title, near_titles, top_list, views_and_trending, writes_are_seen, theaters, values_by_key, dropping, health, head_and_options,
         page_and_description, routes_and_description_agree, counted, metrics_are_well_formed]
