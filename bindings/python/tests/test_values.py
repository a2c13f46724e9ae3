# SPDX-License-Identifier: Apache-2.0
"""What ctypes would let pass changed: texts with NUL, broken UTF-8, numbers too large."""

from __future__ import annotations

import math
import sys
import time
from datetime import timedelta

import pytest
from conftest import film, oid

import mflixcache
from mflixcache import Client
from mflixcache._call import c_milliseconds


@pytest.mark.parametrize("call", ["get_movie", "get_movie_by_title", "get_movie_document", "get_theater", "get", "invalidate"])
def test_nul_is_refused_not_cut(mc: Client, call: str) -> None:
    with pytest.raises(mflixcache.ArgumentError, match="NUL"):
        getattr(mc, call)(oid(1) + "\0rest")


def test_nul_in_a_batch(mc: Client) -> None:
    with pytest.raises(mflixcache.ArgumentError, match="NUL"):
        mc.get_movies([oid(1), oid(2) + "\0"])


@pytest.mark.parametrize("title", ["\udcff", "\ud800", b"\xff", "a\udc80b"])
def test_text_that_is_no_utf8_reaches_the_library_and_is_refused(mc: Client, title: str | bytes) -> None:
    with pytest.raises(mflixcache.Utf8Error) as caught:
        mc.get_movie_by_title(title)
    assert caught.value.name == "MC_E_UTF8"


def test_documents_with_broken_text(mc: Client) -> None:
    with pytest.raises(mflixcache.Utf8Error):
        mc.create_movie({"title": "\ud800"})
    with pytest.raises(mflixcache.JsonError):
        mc.create_movie("no json")
    with pytest.raises(mflixcache.JsonError):
        mc.create_movie(b'{"title":"a","title":"b"}')
    with pytest.raises(ValueError, match="JSON compliant"):
        mc.create_movie({"runtime": math.nan})
    with pytest.raises(TypeError):
        mc.create_movie([1])  # type: ignore[arg-type]
    with pytest.raises(mflixcache.ArgumentError, match="u0000"):
        mc.create_movie(bytearray(b'{"title":"nul \\u0000 inside"}'))
    assert mc.create_movie(bytearray(b'{"title":"bytes"}')).title == "bytes"


def test_a_nul_inside_a_document_does_not_cut_it(mc: Client) -> None:
    with pytest.raises(mflixcache.MflixError):
        mc.create_movie(b'{"title":"a"}\0')


@pytest.mark.parametrize("rating", [math.nan, math.inf, -math.inf, 10.1, -1, 10**400])
def test_ratings_out_of_range(mc: Client, rating: float) -> None:
    mc.create_movie(film(1))
    with pytest.raises(mflixcache.RangeError):
        mc.update_rating(oid(1), rating)


def test_a_number_that_is_none(mc: Client) -> None:
    with pytest.raises(TypeError):
        mc.update_rating(oid(1), "8.5")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mc.top_movies(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mc.get_movie(12)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mc.put("k", 12)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, -(2**63) - 1, -1])
def test_integers_do_not_wrap_around(mc: Client, number: int) -> None:
    with pytest.raises(mflixcache.RangeError):
        mc.top_movies(number)
    with pytest.raises(mflixcache.RangeError):
        mc.top_movies(1, offset=number)
    with pytest.raises(mflixcache.RangeError):
        mc.put("key", b"v", ttl_ms=number)
    with pytest.raises(mflixcache.RangeError):
        mc.warm(limit=number)


def test_durations_are_never_rounded_to_the_default(mc: Client) -> None:
    value = b"v"
    for us, kept in ((1, 1), (999, 1), (1500, 1), (2_000_000, 2000)):
        assert c_milliseconds("ttl_ms", timedelta(microseconds=us)) == kept
    for none in (timedelta(0), timedelta(microseconds=-1), timedelta(days=-1)):
        for call in (
            lambda ttl: mc.put("short", value, ttl_ms=ttl),
            lambda ttl: mc.put_many({"short": value}, ttl_ms=ttl),
            lambda ttl: mc.get_or_load("short", lambda key, deadline: b"v", ttl_ms=ttl),
            lambda ttl: mc.get_many_or_load(["short"], lambda key, deadline: b"v", ttl_ms=ttl),
            lambda ttl: mflixcache.Options({"snapshot.max_age_ms": ttl}),
        ):
            with pytest.raises(mflixcache.RangeError):
                call(none)
    assert mc.get("short") is None
    assert mflixcache.Options({"snapshot.max_age_ms": timedelta(microseconds=900)}).get("snapshot.max_age_ms") == "1"
    mc.put("short", value, ttl_ms=timedelta(microseconds=1))
    until = time.monotonic() + 30
    while mc.get("short") is not None and time.monotonic() < until:
        time.sleep(0.005)
    assert mc.get("short") is None  # a day, if it were "the default"


def test_counts_above_the_limit_count_as_the_limit(mc: Client) -> None:
    mc.create_movie(film(1))
    assert len(mc.top_movies(2**62)) == 1
    assert len(mc.top_movies(0)) == 0


def test_keys_hold_any_bytes(mc: Client) -> None:
    value = bytes(range(256)) * 3
    assert mc.put("blob", value, ttl_ms=timedelta(minutes=1)).redis_round_trips == 1
    assert mc.get("blob") == value
    mc.put("text", "Grüße")
    assert mc.get("text") == "Grüße".encode()
    mc.put("empty", b"")
    assert mc.get("empty") == b""
    assert mc.remove("blob") is True
    assert mc.remove("blob") is False
    trace = mflixcache.Trace()
    assert mc.get("blob", trace=trace) is None
    assert trace.info is not None
    with pytest.raises(mflixcache.ArgumentError):
        mc.get("a key")


def test_no_reference_is_leaked(mc: Client) -> None:
    """Memory of the process must not follow the number of calls."""
    resource = pytest.importorskip("resource")
    mc.create_movie(film(1, plot="x" * 100_000))

    def work(times: int) -> None:
        for _ in range(times):
            mc.get_movie_document(oid(1))
            mc.get_movies([oid(1), oid(2)])
            mc.top_movies()
            mc.stats_json()

    work(200)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(600)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "600 x 3 x 100 KB would be 180,000"
    assert sys.getrefcount(mc) < 20
