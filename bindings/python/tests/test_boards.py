# SPDX-License-Identifier: Apache-2.0
"""Boards, views, theaters, the calls about the whole cache."""

from __future__ import annotations

import json

import pytest
from conftest import Redis, film, oid

import mflixcache
from mflixcache import Client, ImportMode, Progress, Status, Tier, Warm

THEATERS = [
    {
        "_id": {"$oid": oid(100 + n)},
        "theaterId": 1000 + n,
        "location": {
            "address": {"street1": f"{n} Main St", "city": "Town", "state": "MN", "zipcode": "5540" + str(n)},
            "geo": {"type": "Point", "coordinates": [-93.0 - n / 10, 44.0]},
        },
    }
    for n in range(5)
]


def test_top_and_rank(mc: Client) -> None:
    mc.import_movies(film(n) for n in range(10, 20))
    board = mc.top_movies(3)
    assert [r.movie.id for r in board] == [oid(19), oid(18), oid(17)]
    assert [(r.score, r.rank) for r in board[:2]] == [(1.9, 0), (1.8, 1)]
    assert board[0].movie.title == "Film 19"
    assert (len(board), board.tier) == (3, Tier.REDIS)
    again = mc.top_movies(2, offset=1)
    assert again.round_trips == 1
    assert again.rows[0].movie.id == oid(18)
    rank = mc.rank_movie(oid(18))
    assert rank is not None
    assert (rank.rank, rank.rating) == (1, 1.8)
    assert mc.rank_movie(oid(404)) is None


def test_views(mc: Client) -> None:
    mc.import_movies([film(1), film(2)])
    assert [mc.record_view(oid(2)), mc.record_view(oid(2)), mc.record_view(oid(1))] == [1, 2, 1]
    assert [(r.movie.id, r.score) for r in mc.trending()] == [(oid(2), 2.0), (oid(1), 1.0)]


def test_theaters(mc: Client) -> None:
    assert mc.import_theaters(THEATERS).stored == 5
    theater = mc.get_theater(oid(102))
    assert theater is not None
    assert (theater.number, theater.street1, theater.street2, theater.city) == (1002, "2 Main St", None, "Town")
    assert (theater.state, theater.zipcode, theater.lon, theater.lat) == ("MN", "55402", -93.2, 44.0)
    assert mc.get_theater(oid(404)) is None
    near = mc.nearby_theaters(-93.21, 44, count=2)
    assert [r.theater.id for r in near] == [oid(102), oid(103)]
    assert 700 < near[0].distance_m < 900
    assert abs(near[0].lon + 93.2) < 1e-4
    assert len(mc.nearby_theaters(-93.21, 44, radius_m=1000)) == 1
    with pytest.raises(mflixcache.RangeError):
        mc.nearby_theaters(181, 0)


def test_import_reports_each_document(mc: Client) -> None:
    report = mc.import_movies([film(1), film(1), "{", film(2)])
    assert report.statuses == (Status.OK, Status.E_EXISTS, Status.E_JSON, Status.OK)
    assert report.stored == 2
    assert isinstance(report.first_error, mflixcache.ExistsError)
    replaced = mc.import_movies([film(1, title="New")], mode=ImportMode.REPLACE)
    assert (replaced.statuses, replaced.first_error) == ((Status.OK,), None)
    assert mc.import_movies([]).statuses == ()
    mc.check_movie(film(7))
    with pytest.raises(mflixcache.JsonError):
        mc.check_movie("{")
    with pytest.raises(mflixcache.ArgumentError, match="_id"):
        mc.check_theater({"theaterId": 1})
    with pytest.raises(TypeError, match="not one document"):
        mc.import_movies(film(3))


def test_warm_tells_its_progress(mc: Client) -> None:
    mc.import_movies(film(n) for n in range(30))
    mc.import_theaters(THEATERS)
    seen: list[Progress] = []
    loaded = mc.warm(progress=seen.append)
    assert loaded == 35
    assert {p.stage for p in seen} <= {"board", "movies", "geo", "theaters"}
    assert seen
    assert mc.warm(Warm.MOVIES, limit=3) <= 3
    movie = mc.get_movie(oid(3))
    assert movie is not None
    assert movie.info.hit


def test_warm_can_be_stopped(mc: Client) -> None:
    mc.import_movies(film(n) for n in range(30))
    with pytest.raises(mflixcache.AbortError):
        mc.warm(progress=lambda _p: True)

    def fail(_p: Progress) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        mc.warm(progress=fail)

    def interrupt(_p: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mc.warm(progress=interrupt)

    def own(_p: Progress) -> None:
        mc.get_movie(oid(1))

    with pytest.raises(mflixcache.ReentrantError):
        mc.warm(progress=own)
    assert mc.get_movie(oid(1)) is not None


def test_stats_and_metrics(mc: Client) -> None:
    mc.create_movie(film(1))
    mc.get_movie(oid(1))
    mc.get_movie(oid(404))
    stats = mc.get_stats()
    assert (stats.reads, stats.hits, stats.misses, stats.writes) == (2, 1, 1, 1)
    assert stats.hit_ratio == 0.5
    assert isinstance(json.loads(mc.stats_json()), dict)
    assert "# TYPE" in mc.metrics_prometheus()


def test_invalidate_all(mc: Client) -> None:
    mc.create_movie(film(1))
    mc.put("kept", "yes")
    assert mc.invalidate_all().redis_round_trips >= 1
    movie = mc.get_movie(oid(1))
    assert movie is not None
    assert not movie.info.hit
    assert mc.get("kept") == b"yes"
    mc.prepare_store()


def test_redis_away_is_a_bypass(own_redis: Redis) -> None:
    with mflixcache.open(redis=own_redis.uri, cache_timeout_ms=200) as mc:
        mc.create_movie(film(1))
        assert mc.ping()
        own_redis.stop()
        movie = mc.get_movie(oid(1))
        assert movie is not None
        assert movie.cache == mflixcache.Cache.BYPASS
        ping = mc.ping()
        assert not ping
        assert (ping.redis, ping.store) == (False, True)
        assert isinstance(ping.error, mflixcache.CacheError)
        with pytest.raises(mflixcache.CacheError) as caught:
            mc.put("k", b"v")
        assert (caught.value.tier, caught.value.retriable) == (Tier.REDIS, True)
        assert caught.value.info is not None
