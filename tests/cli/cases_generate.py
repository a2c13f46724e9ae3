# SPDX-License-Identifier: Apache-2.0
"""The generator: the same bytes everywhere, and the statistics of the real collection."""
import collections
import gzip
import hashlib
import json
import os

from harness import object_id, rows

# Of seed 42, 200 movies and 50 theaters. A change of these is a change of what a seed means: say so in CHANGELOG.md.
SHA256 = {"movies": "93604d74aa236e47a575dbd5dcfb30a50dc1d8e4475a19a3ed7c4bbead2e62f0",
          "theaters": "a13fdb334cf800e330c87aeae68332a75835890d45da07083c2da5a5ab2e977b"}

# Shares of fields among the films of a sample of the real collection; num_mflix_comments as in the whole.
SHARES = {
    "awards.wins": 1, "awards.nominations": 1, "awards.text": 1, "cast": .99, "countries": 1, "directors": 1, "fullplot": .9271,
    "genres": .9951, "imdb.id": 1, "imdb.rating": 1, "imdb.votes": 1, "languages": .9727, "lastupdated": 1,
    "metacritic": .0146, "num_mflix_comments": .6687, "plot": .9435, "poster": .8306, "rated": .6412, "released": .9636,
    "runtime": .9973, "title": 1, "tomatoes": .9882, "tomatoes.boxOffice": .0036, "tomatoes.consensus": .0911,
    "tomatoes.critic.meter": .49, "tomatoes.critic.numReviews": .4954, "tomatoes.critic.rating": .49, "tomatoes.dvd": .684,
    "tomatoes.fresh": .4954, "tomatoes.lastUpdated": .9882, "tomatoes.production": .6275, "tomatoes.rotten": .4954,
    "tomatoes.viewer.meter": .8907, "tomatoes.viewer.numReviews": .9882, "tomatoes.viewer.rating": .9882,
    "tomatoes.website": .041, "type": 1, "writers": .9772, "year": 1,
}


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def generate(w, name, *args):
    p = w.raw("generate", "--out", w.path(name), *args)
    assert p.returncode == 0, p.stderr
    return os.path.join(w.path(name), "movies.ndjson"), os.path.join(w.path(name), "theaters.ndjson")


def same_seed_same_bytes(w):
    first = generate(w, "g1", "--movies", "200", "--theaters", "50")
    again = generate(w, "g2", "--movies", "200", "--theaters", "50", "--seed", "42")
    other = generate(w, "g3", "--movies", "200", "--theaters", "50", "--seed", "43")
    longer = generate(w, "g4", "--movies", "300", "--theaters", "60")
    for kind, name in enumerate(("movies", "theaters")):
        assert digest(first[kind]) == digest(again[kind])
        assert digest(first[kind]) != digest(other[kind])
        assert digest(first[kind]) == SHA256[name], (name, digest(first[kind]))
        with open(first[kind], "rb") as a, open(longer[kind], "rb") as b:
            assert b.read().startswith(a.read()), "a smaller number is not the beginning of a larger one"
        mine, others = ({object_id(d) for d in rows(f[kind])} for f in (first, other))
        assert not mine & others, "two seeds share ids"


def packed_and_empty(w):
    p = w.raw("--json", "generate", "--out", w.path("gz"), "--gzip", "--movies", "200", "--theaters", "0")
    answer = json.loads(p.stdout)
    assert p.returncode == 0 and answer["movies"]["count"] == 200 and answer["theaters"]["count"] == 0
    with gzip.open(answer["movies"]["file"], "rb") as f:
        assert hashlib.sha256(f.read()).hexdigest() == SHA256["movies"]
    with gzip.open(answer["theaters"]["file"], "rb") as f:
        assert f.read() == b""
    assert w.raw("generate", "--out", "/proc/nowhere").returncode == 3


def member(document, path):
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def movies_have_the_statistics(w):
    path, _ = generate(w, "full")
    with open(path, "rb") as f:
        lines = f.read().splitlines()
    films = [json.loads(line) for line in lines]
    n = len(films)
    assert n == 21349
    ids = [object_id(d) for d in films]
    assert ids == sorted(set(ids)) and all(len(i) == 24 for i in ids)
    for field, share in SHARES.items():
        found = sum(member(d, field) is not None for d in films) / n
        assert abs(found - share) < 0.012, (field, found, share)
    sizes = [len(line) for line in lines]
    for p, wanted in ((50, 1599), (90, 2090), (99, 2985)):
        assert abs(percentile(sizes, p) / wanted - 1) < 0.06, (p, percentile(sizes, p))
    for field, wanted in (("plot", 156), ("fullplot", 439), ("poster", 141), ("title", 16)):
        found = percentile([len(d[field]) for d in films if field in d], 50)
        assert abs(found - wanted) <= max(2, wanted * 0.08), (field, found)
    years = [d["year"] for d in films]
    assert sum(isinstance(y, str) for y in years) == 37 and all("è" in y for y in years if isinstance(y, str))
    assert sum(d["imdb"]["rating"] == "" for d in films) == 61
    ratings = [d["imdb"]["rating"] for d in films if d["imdb"]["rating"] != ""]
    assert all(isinstance(r, float) and 0 <= r <= 10 for r in ratings)
    assert abs(sum(ratings) / len(ratings) - 6.69) < 0.1
    assert abs(sum(isinstance(y, int) and y >= 2000 for y in years) / n - 13721 / 23539) < 0.02
    released = [d["released"]["$date"] for d in films if "released" in d]
    early = [r for r in released if isinstance(r, dict)]
    assert early and all(int(r["$numberLong"]) < 0 for r in early)
    assert all(r >= "1970" for r in released if isinstance(r, str))
    titles = collections.Counter(d["title"] for d in films)
    assert 100 < sum(c - 1 for c in titles.values()) < n / 10, "some titles are equal, most are not"
    assert sum(any(ord(c) > 127 for c in t) for t in titles) > n / 100
    assert [g for g, _ in collections.Counter(g for d in films for g in d.get("genres", [])).most_common(2)] == ["Drama", "Comedy"]
    for line, d in zip(lines, films):
        assert b"null" not in line
        assert len(set(d.get("genres", []))) == len(d.get("genres", []))


def theaters_lie_in_the_country(w):
    _, path = generate(w, "full", "--movies", "0")
    theaters = rows(path)
    assert len(theaters) == 1564
    assert len({t["theaterId"] for t in theaters}) == 1564 and len({object_id(t) for t in theaters}) == 1564
    share = sum("street2" in t["location"]["address"] for t in theaters) / len(theaters)
    assert abs(share - 556 / 1564) < 0.03, share
    points = [tuple(t["location"]["geo"]["coordinates"]) for t in theaters]
    assert all(-157.9 <= lon <= -65.9 and 18.4 <= lat <= 61.2 for lon, lat in points)
    assert 1400 < len(set(points)) < 1530, len(set(points))
    for t in theaters:
        assert list(t) == ["_id", "theaterId", "location"] and t["location"]["geo"]["type"] == "Point"
        assert set(t["location"]["address"]) - {"street2"} == {"street1", "city", "state", "zipcode"}
        assert len(t["location"]["address"]["zipcode"]) in (4, 5, 10)


TESTS = [same_seed_same_bytes, packed_and_empty, movies_have_the_statistics, theaters_lie_in_the_country]
