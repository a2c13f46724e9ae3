# SPDX-License-Identifier: Apache-2.0
"""Asking: get, top, near, trending, and what the answers say about the cache."""
import json
import math
import re
import subprocess

from cases_load import filled
from harness import free_port, object_id

UNKNOWN = "0123456789abcdef01234567"


def a_miss_and_then_a_hit(w):
    films, _ = filled(w)
    ident = object_id(films[0])
    w.run("invalidate", ident)
    miss, hit = w.json("get", ident), w.json("get", ident)
    assert miss["info"]["cache"] == "miss" and miss["info"]["tier"] == "store" and miss["info"]["store_calls"] >= 1, miss
    assert "filled" in miss["info"]["flags"]
    assert hit["info"]["cache"] == "hit" and hit["info"]["tier"] == "redis" and hit["info"]["store_calls"] == 0, hit
    assert hit["info"]["redis_round_trips"] == 1 and hit["info"]["elapsed_ms"] > 0 and hit["info"]["age_ms"] >= 0
    for answer in (miss, hit):
        film = answer["movie"]
        assert film["title"] == films[0]["title"] and film["rating"] == films[0]["imdb"]["rating"]
        assert film["directors"] == films[0]["directors"] and film["cast"] == films[0].get("cast", [])
    assert hit["views"] == miss["views"] + 1


def answers_for_people(w):
    films, _ = filled(w)
    film = next(d for d in films if "plot" in d and isinstance(d["year"], int))
    w.run("invalidate", object_id(film))
    out, err = w.run("get", object_id(film))
    assert out.startswith(f"{film['title']} ({film['year']})\n") and film["plot"] in out and err == "", (out, err)
    assert re.search(r"^MISS · store · \d+\.\d+ ms · \d round trips? · \d store calls?", out, re.M), out
    out, _ = w.run("get", object_id(film))
    assert re.search(r"^HIT · redis · age \S+ \w+ · \d+\.\d+ ms · 1 round trip\n", out, re.M), out
    out, _ = w.run("--quiet", "get", object_id(film))
    assert "HIT" not in out and film["title"] in out


def by_title(w):
    films, _ = filled(w)
    titles = [d["title"] for d in films]
    for film in [d for d in films if any(ord(c) > 127 for c in d["title"])][:3] + films[5:8]:
        lowest = object_id(films[titles.index(film["title"])])  # ids ascend in the file
        w.run("invalidate", "--title", film["title"])
        for cache in ("miss", "hit"):
            answer = w.json("get", "--title", film["title"])
            assert answer["movie"]["id"] == lowest and answer["info"]["cache"] == cache, answer
    assert w.json("get", "-t", "No Such Film Anywhere", rc=1)["status"] == "MC_NOT_FOUND"


def several_at_once(w):
    films, _ = filled(w)
    ids = [object_id(f) for f in films[:3]]
    answer = w.json("get", *ids[:2], UNKNOWN, ids[2], rc=1)
    assert [m["status"] for m in answer["movies"]] == ["MC_OK", "MC_OK", "MC_NOT_FOUND", "MC_OK"], answer
    assert [m["movie"]["title"] for m in answer["movies"] if "movie" in m] == [f["title"] for f in films[:3]]
    out, err = w.run("-q", "get", *ids)
    assert [line.split()[-1] for line in out.splitlines()] == ids and err == "", (out, err)


def the_whole_collection(w):
    """count and export: what was loaded comes out again, ordered by id."""
    films, theaters = filled(w)
    counted = w.json("count")
    assert counted["movies"] >= len(films) and counted["theaters"] == len(theaters), counted
    out, _ = w.run("export", "movies")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == counted["movies"] and [object_id(d) for d in lines] == sorted(object_id(d) for d in lines)
    by_id = {object_id(d): d for d in lines}
    assert all(by_id[object_id(f)] == f for f in films[-10:])
    out, _ = w.run("export", "theaters")
    assert len(out.splitlines()) == len(theaters)
    p = subprocess.run(f"{w.program} {' '.join(w.servers())} export movies | head -1", shell=True, env=w.env, capture_output=True, check=False)
    assert p.stdout.count(b"\n") == 1 and p.stderr == b"", p


def what_redis_holds(w):
    """inspect: reads nothing but Redis, and says what a read would find."""
    films, _ = filled(w)
    film = films[6]
    ident, title = object_id(film), film["title"]
    first = next(object_id(f) for f in films if f["title"] == title)
    w.run("invalidate", "--title", title)
    w.run("invalidate", ident)
    out, _ = w.run("inspect", ident, rc=1)
    assert out.startswith(f"movie {ident}: nothing is cached\n") and ":movie:{" + ident + "}" in out, out
    w.run("get", "--title", title)
    rows = w.json("inspect", "--title", title)["inspected"]
    assert [r["kind"] for r in rows] == ["title", "movie"] and [r["state"] for r in rows] == ["value"] * 2, rows
    assert rows[0]["leads_to"] == rows[1]["name"] == first and rows[1]["fields"]["title"] == title, rows
    assert rows[1]["epoch"] == rows[1]["current_epoch"] and 0 < rows[1]["left_ms"] and rows[1]["bytes"] > 100, rows
    out, _ = w.run("inspect", first)
    assert re.search(r"^  deadline .* left$", out, re.M) and "(the current one)" in out and f"  title     {title}" in out, out
    w.run("put", "inspected", "hello")
    row, = w.json("inspect", "--key", "inspected")["inspected"]
    assert row["state"] == "value" and row["bytes"] == 5 and "fields" not in row, row
    w.run("rmkey", "inspected")
    _, err = w.run("inspect", "--key", "--title", "x", rc=2)
    assert "one of --title" in err, err
    w.run("inspect", "xyz", rc=2)


def whole_documents(w):
    films, _ = filled(w)
    for film in films[:10]:
        for _ in range(2):
            assert w.json("get", "--document", object_id(film))["document"] == film
    out, _ = w.run("-q", "get", "-d", object_id(films[3]))
    assert json.loads(out) == films[3]
    titled = w.json("get", "-d", "--title", films[4]["title"])
    assert titled["document"]["title"] == films[4]["title"]


def not_found(w):
    filled(w)
    answer = w.json("get", UNKNOWN, rc=1)
    assert answer["status"] == "MC_NOT_FOUND" and "movie" not in answer
    again = w.json("get", UNKNOWN, rc=1)
    assert again["info"]["cache"] == "hit" and "negative" in again["info"]["flags"], again
    out, err = w.run("get", UNKNOWN, rc=1)
    assert err == f"mflix: {UNKNOWN}: not found\n" and out.startswith("HIT"), (out, err)
    for bad in ("xyz", "573a1390f29313caabcd480", "573a1390f29313caabcd480g"):
        _, err = w.run("get", bad, rc=2)
        assert err.startswith(f"mflix: {bad}: ") and "24 hexadecimal" in err, err


def views_are_counted_unless_told(w):
    films, _ = filled(w)
    ident = object_id(films[20])
    before = w.json("view", ident)["views"]
    assert "views" not in w.json("get", "--no-view", ident)
    assert w.json("get", ident)["views"] == before + 1
    out, _ = w.run("view", ident)
    assert out.startswith(f"{before + 2} views\n"), out


def the_best_rated(w):
    films, _ = filled(w)
    rated = [d for d in films if d["imdb"]["rating"] != ""]
    assert len(rated) < len(films)
    order = sorted(rated, key=lambda d: (d["imdb"]["rating"], object_id(d)), reverse=True)
    rows = w.json("top", "-n", "1000")["movies"]
    assert [r["movie"]["id"] for r in rows] == [object_id(d) for d in order]
    assert [r["rating"] for r in rows] == [d["imdb"]["rating"] for d in order]
    part = w.json("top", "-n", "7", "--offset", "100")["movies"]
    assert [r["movie"]["id"] for r in part] == [object_id(d) for d in order[100:107]] and part[0]["rank"] == 101
    assert w.json("top", "--count=0")["movies"] == []
    assert w.json("top", "--offset", "100000")["movies"] == []
    out, _ = w.run("top")
    lines = out.splitlines()
    assert len(lines) == 11 and lines[0].split()[0] == "1" and object_id(order[0]) in lines[0], out
    assert re.match(r"(HIT|MISS) · ", lines[10]), lines[10]
    warm = w.json("top")
    assert warm["info"]["cache"] == "hit" and warm["info"]["redis_round_trips"] <= 2, warm["info"]


def distance(a, b):
    """Metres on the sphere that Redis uses."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6372797.560856 * math.asin(math.sqrt(h))


def theaters_nearby(w):
    _, theaters = filled(w)
    for lon, lat, radius in ((-73.98, 40.75, 100), (-118.24, 34.05, 300), (-90, 40, 5000), (10, 50, 20)):
        here = sorted((distance((lon, lat), t["location"]["geo"]["coordinates"]), object_id(t)) for t in theaters)
        here = [x for x in here if x[0] <= radius * 1000]
        found = w.json("near", str(lon), str(lat), "--radius-km", str(radius), "-n", "1000")["theaters"]
        assert {t["id"] for t in found} == {x[1] for x in here}, (lon, lat)
        assert all(abs(a["distance_m"] - b[0]) < 2 for a, b in zip(found, here))
        assert [t["distance_m"] for t in found] == sorted(t["distance_m"] for t in found)
    first = w.json("near", "-90", "40", "-r", "20000", "-n", "1")["theaters"]
    assert len(first) == 1
    theater = next(t for t in theaters if object_id(t) == first[0]["id"])
    address = theater["location"]["address"]
    assert first[0]["theaterId"] == theater["theaterId"] and first[0].get("street2") == address.get("street2")
    out, _ = w.run("near", "-90", "40", "-r", "20000", "-n", "2")
    assert f" km  {theater['theaterId']:5}  {address['street1']}" in out and address["city"] in out, out
    out, _ = w.run("near", "0", "0", "-r", "1")
    assert "no theater so near" in out


def trending_in_order(w):
    films, _ = filled(w, "views.db")
    for count, film in enumerate(films[:6], 1):
        for _ in range(count):
            w.run("view", object_id(film), store="views.db")
    rows = w.json("trending", store="views.db")["movies"]
    assert [(r["movie"]["id"], r["views"]) for r in rows] == [(object_id(films[i]), i + 1) for i in (5, 4, 3, 2, 1)], rows
    assert len(w.json("trending", "-n", "3", store="views.db")["movies"]) == 3
    out, _ = w.run("trending", store="views.db")
    assert out.splitlines()[0].split()[1] == "6", out


def without_redis(w):
    films, _ = filled(w)
    dead = ["--redis", f"redis://127.0.0.1:{free_port()}/0", "--store", "sqlite:" + w.path("main.db")]
    p = w.raw(*dead, "--json", "get", object_id(films[0]))
    answer = json.loads(p.stdout)
    assert p.returncode == 0 and answer["info"]["cache"] == "bypass" and "redis_down" in answer["info"]["flags"], answer
    assert answer["movie"]["title"] == films[0]["title"] and b"view not counted" in p.stderr, p.stderr
    p = w.raw(*dead, "get", "--no-view", object_id(films[0]))
    assert p.stdout.decode().splitlines()[-1].startswith("BYPASS · store"), p.stdout
    p = w.raw(*dead, "trending")
    assert p.returncode == 3 and b"is Redis running" in p.stderr, p.stderr
    p = w.raw(*dead, "ping", "--json")
    answer = json.loads(p.stdout)
    assert p.returncode == 3 and not answer["redis"] and answer["store"] and answer["error"], answer
    p = w.raw(*dead, "top", "-n", "3")
    assert p.returncode == 0 and p.stdout.count(b"\n") == 4, (p.stdout, p.stderr)
    p = w.raw(*dead, "-o", "write.mode=strict", "get", object_id(films[0]))
    assert p.returncode == 3, "strict without Redis cannot open"


def everything_answers(w):
    filled(w)
    out, _ = w.run("ping")
    assert out == "redis  up\nstore  up\n"
    answer = w.json("ping")
    assert answer["redis"] is True and answer["store"] is True
    p = w.raw("--redis", f"redis://127.0.0.1:{w.port}/0", "--store", "sqlite:/no/such/folder/x.db", "ping")
    assert p.returncode == 3 and p.stderr.startswith(b"mflix: "), p.stderr


def doctor_tells(w):
    filled(w)
    p = w.raw("--redis", f"redis://127.0.0.1:{w.port}/0", "--store", "sqlite:" + w.path("main.db"), "doctor")
    out = p.stdout.decode()
    assert p.returncode == 0 and "all 33 commands" in out and "database.documents" in out and "BAD" not in out, (out, p.stderr)
    answer = w.json("doctor")
    codes = {f["code"]: f for f in answer["findings"]}
    assert answer["worst"] in ("fine", "note") and codes["redis.version"]["severity"] == "fine", answer
    dead = ["--redis", f"redis://127.0.0.1:{free_port()}/0", "--store", "sqlite:" + w.path("main.db")]
    p = w.raw(*dead, "doctor", "--quiet")
    out = p.stdout.decode()
    assert p.returncode == 3 and out.startswith("BAD   redis.unreachable") and "->" in out and "store" not in out.splitlines()[0], out
    p = w.raw("--redis", "memory:", "--store", "sqlite::memory:", "doctor", "--json")
    answer = json.loads(p.stdout)
    assert p.returncode == 1 and answer["worst"] == "warning", answer  # an empty database
    p = w.raw("--redis", "gopher://x", "doctor")
    assert p.returncode == 2, p.stderr


def readers_that_leave_early(w):
    filled(w)
    for args in (["top", "-n", "300"], ["near", "-90", "40", "-r", "20000", "-n", "60"]):
        p = w.popen(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.read(10)
        p.stdout.close()
        err = p.stderr.read()
        assert p.wait(30) == 0 and err == b"", (p.returncode, err)


TESTS = [everything_answers, a_miss_and_then_a_hit, answers_for_people, by_title, the_whole_collection, what_redis_holds, several_at_once, whole_documents, not_found,
         views_are_counted_unless_told, the_best_rated, theaters_nearby, trending_in_order, without_redis, readers_that_leave_early]
