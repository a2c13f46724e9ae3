# SPDX-License-Identifier: Apache-2.0
"""Movies: reads, batches, writes."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from fractions import Fraction

import pytest
from conftest import film, oid

import mflixcache
from mflixcache import Cache, Client, Flag, Movie, Tier, Trace

FULL = {
    "_id": {"$oid": "573a1390f29313caabcd42e8"},
    "title": "L'Arrivée d'un train 🚂",
    "plot": "A train arrives.",
    "poster": "https://example.org/p.jpg",
    "rated": "G",
    "type": "movie",
    "year": "1896è",
    "runtime": 1,
    "imdb": {"rating": 7.4, "votes": 9000, "id": 12},
    "released": {"$date": {"$numberLong": "-2335305600000"}},
    "genres": ["Documentary", "Short"],
    "directors": ["Auguste Lumière", "Louis Lumière"],
    "cast": ["Madeleine Koehler"],
    "countries": ["France"],
    "languages": ["French", "None"],
}


def test_all_fields(mc: Client) -> None:
    created = mc.create_movie(FULL)
    read = mc.get_movie("573a1390f29313caabcd42e8")
    assert read is not None
    assert read.title == FULL["title"]
    assert (read.plot, read.poster, read.rated, read.type) == (FULL["plot"], FULL["poster"], "G", "movie")
    assert (read.year, read.year_text, read.runtime, read.rating, read.votes) == (1896, "1896è", 1, 7.4, 9000)
    assert read.released == datetime(1895, 12, 31, tzinfo=timezone.utc)
    assert read.genres == ("Documentary", "Short")
    assert read.directors == ("Auguste Lumière", "Louis Lumière")
    assert read.cast == ("Madeleine Koehler",)
    assert (read.countries, read.languages, read.imdb_id) == (("France",), ("French", "None"), 12)
    assert created.document == FULL
    assert read.json is None
    with pytest.raises(ValueError, match="get_movie_document"):
        _ = read.document
    whole = mc.get_movie_document(read.id)
    assert whole is not None
    assert whole.document == FULL


def test_missing_fields_are_none(mc: Client) -> None:
    movie = mc.create_movie({"runtime": "long", "imdb": {"rating": ""}})
    assert len(movie.id) == 24
    assert (movie.title, movie.plot, movie.year, movie.year_text, movie.runtime, movie.rating) == (None,) * 6
    assert (movie.votes, movie.released, movie.genres, movie.countries, movie.imdb_id) == (None, None, (), (), None)


def test_hit_and_miss(mc: Client) -> None:
    mc.create_movie(film(7))
    mc.invalidate(oid(7))
    first, second = mc.get_movie(oid(7)), mc.get_movie(oid(7))
    assert first is not None
    assert second is not None
    assert (first.tier, first.cache, first.age_ms, first.info.store_calls) == (Tier.STORE, Cache.MISS, 0, 1)
    assert Flag.FILLED in first.info.flags
    assert (second.tier, second.cache, second.round_trips, second.info.store_calls) == (Tier.REDIS, Cache.HIT, 1, 0)
    assert second.info.hit
    assert not second.stale
    assert 0 <= second.age_ms < 60_000
    assert 0 < second.elapsed_ms < 5_000
    assert f"{second.cache} from {second.tier}" == "hit from redis"


def test_a_miss_is_none_and_the_trace_tells(mc: Client) -> None:
    trace = Trace()
    assert mc.get_movie(oid(404), trace=trace) is None
    assert trace.info is not None
    assert trace.info.cache == Cache.MISS
    assert mc.get_movie(oid(404), trace=trace) is None
    assert trace.info.hit
    assert Flag.NEGATIVE in trace.info.flags
    assert mc.get_movie_by_title("No such title") is None
    assert mc.get_movie_document(oid(404)) is None
    assert mc.update_rating(oid(404), 5) is None
    assert mc.update_rating_by_title("No such title", 5) is None
    assert mc.update_movie(oid(404), {"a": 1}) is None
    assert mc.delete_movie(oid(404)) is False


def test_by_title(mc: Client) -> None:
    mc.create_movie(film(2, title="Twice"))
    mc.create_movie(film(1, title="Twice"))
    movie = mc.get_movie_by_title("Twice")
    assert movie is not None
    assert movie.id == oid(1)
    assert mc.invalidate_title("Twice").redis_round_trips > 0
    assert mc.get_movie_by_title(b"Twice") is not None


def test_writes(mc: Client) -> None:
    mc.create_movie(json.dumps(film(3)))
    changed = mc.update_movie(oid(3), {"year": 1999, "imdb": {"votes": 5}, "title": None})
    assert changed is not None
    assert (changed.year, changed.votes, changed.rating, changed.title) == (1999, 5, 0.3, None)
    rated = mc.update_rating(oid(3), Fraction(17, 2))
    assert rated is not None
    assert rated.rating == 8.5
    read = mc.get_movie(oid(3))
    assert read is not None
    assert (read.rating, read.cache) == (8.5, Cache.HIT)
    assert mc.delete_movie(oid(3)) is True
    assert mc.get_movie(oid(3)) is None
    with pytest.raises(mflixcache.ExistsError) as caught:
        mc.create_movie(film(4)), mc.create_movie(film(4))
    assert caught.value.tier == Tier.STORE
    assert caught.value.info is not None
    by_title = mc.update_rating_by_title("Film 4", 1)
    assert by_title is not None
    assert by_title.rating == 1.0


def test_batches_keep_order_and_take_iterables(mc: Client) -> None:
    mc.import_movies(film(n) for n in range(1, 8))
    wanted = [oid(5), oid(404), oid(1), oid(5)]
    trace = Trace()
    found = mc.get_movies((i for i in wanted), trace=trace)
    assert [m and m.id for m in found] == [oid(5), None, oid(1), oid(5)]
    assert len(trace.infos) == 4
    again = mc.get_movies(dict.fromkeys([oid(1), oid(2)]))
    assert [m.cache for m in again if m] == [Cache.HIT, Cache.MISS]
    assert mc.get_movies([]) == []
    with pytest.raises(TypeError, match="not one id"):
        mc.get_movies(oid(1))


def test_more_than_one_batch(mc: Client) -> None:
    report = mc.import_movies(film(n) for n in range(2345))
    assert report.stored == len(report.statuses) == 2345
    found = mc.get_movies(oid(n) for n in range(2345))
    assert [m.id for m in found if m] == [oid(n) for n in range(2345)]


def test_errors_in_batches(mc: Client) -> None:
    mc.create_movie(film(1))
    with pytest.raises(mflixcache.ArgumentError, match="item 1: id"):
        mc.get_movies([oid(1), "bad", "worse"])
    first, bad, worse = mc.get_movies([oid(1), "bad", "worse"], errors="return")
    assert isinstance(first, Movie)
    assert isinstance(bad, mflixcache.ArgumentError)
    assert isinstance(worse, mflixcache.ArgumentError)
    assert "item 2" in str(worse)
    with pytest.raises(ValueError, match="errors must be"):
        mc.get_movies([], errors="ignore")  # type: ignore[call-overload]


def test_values_are_frozen_equal_and_travel(mc: Client) -> None:
    movie = mc.create_movie(film(9))
    with pytest.raises(AttributeError):
        movie.title = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        movie.extra = 1  # type: ignore[attr-defined]
    assert not hasattr(movie, "__dict__")
    assert pickle.loads(pickle.dumps(movie)) == copy.deepcopy(movie) == movie
    assert len({movie, copy.copy(movie)}) == 1
    board = mc.top_movies()
    assert pickle.loads(pickle.dumps(board)) == board


def test_values_outlive_the_client(settings) -> None:  # type: ignore[no-untyped-def]
    with mflixcache.open(**settings()) as mc:
        movie = mc.create_movie(film(1))
    assert movie.title == "Film 1"
    assert movie.document["title"] == "Film 1"
