# SPDX-License-Identifier: Apache-2.0
"""Whole collections: how many, and all of them; and the experiment that asks for them."""

from __future__ import annotations

import json

import pytest

import mflixcache

FILMS = [{"_id": {"$oid": f"{i:024x}"}, "title": f"Film {i}", "imdb": {"rating": 5}} for i in range(1, 301)]


def test_count_and_export() -> None:
    with mflixcache.open(cache_uri="memory:", store_uri="sqlite::memory:") as mc:
        assert mc.count_movies() == mc.count_theaters() == 0
        mc.import_movies(FILMS)
        assert mc.count_movies() == len(FILMS)
        seen: list[str] = []
        mc.export_movies(seen.append)
        assert [json.loads(s)["title"] for s in seen] == [f["title"] for f in FILMS]
        mc.export_theaters(seen.append)
        assert len(seen) == len(FILMS)
        with pytest.raises(mflixcache.AbortError):
            mc.export_movies(lambda _: True)
        with pytest.raises(ZeroDivisionError):
            mc.export_movies(lambda _: 1 // 0)


def test_inspect() -> None:
    with mflixcache.open(cache_uri="memory:", store_uri="sqlite::memory:") as mc:
        mc.import_movies(FILMS[:1])
        ident = f"{1:024x}"
        assert mc.inspect(ident)["state"] == "none"
        mc.get_movie(ident)
        seen = mc.inspect(ident)
        assert seen["state"] == "value" and seen["fields"]["title"] == "Film 1" and seen["left_ms"] > 0
        assert mc.inspect("No Such", mflixcache.Inspected.TITLE)["state"] == "none"
        with pytest.raises(mflixcache.ArgumentError):
            mc.inspect("xyz")


def test_bench() -> None:
    with mflixcache.open(cache_uri="memory:", store_uri="sqlite::memory:") as mc:
        with pytest.raises(ValueError, match="no titles"):
            mflixcache.bench(mc)
        mc.import_movies(FILMS)
        for wrong in ({"requests": 0}, {"hot_share": 101}, {"hot_part": 0}):
            with pytest.raises(ValueError):
                mflixcache.bench(mc, **wrong)
        records = mflixcache.bench(mc, requests=50, titles=["Film 1", "Film 2", "No Such"])
        if not isinstance(records, list):
            records = records.to_dict("records")
        assert len(records) == 50
        assert {r["outcome"] for r in records} <= {"hit", "miss", "not found"}
        assert sum(r["outcome"] == "miss" for r in records) <= 2
