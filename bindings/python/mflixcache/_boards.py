# SPDX-License-Identifier: Apache-2.0
"""Boards (rating, views) and theaters."""

from __future__ import annotations

from ctypes import byref, c_double, c_int64, c_size_t
from typing import Any, SupportsIndex

from mflixcache import _ffi
from mflixcache._base import MAX_BATCH, ClientBase, make_rows
from mflixcache._call import Real, Text, c_integer, c_real, c_text, make_movie, make_theater
from mflixcache._loader import lib, quick
from mflixcache.results import Info, Nearby, Rank, Ranked, Rows, Theater, Trace


class BoardCalls(ClientBase):
    """The boards of movies.h, and theaters.h."""

    __slots__ = ()

    def top_movies(self, count: SupportsIndex = 10, *, offset: SupportsIndex = 0, trace: Trace | None = None) -> Rows[Ranked]:
        """The movies with the highest IMDb rating, details in the same round trip. At most 1,000 rows."""
        return self._board(lib.mc_top_movies, count, trace, c_integer("offset", offset))

    def trending(self, count: SupportsIndex = 10, *, trace: Trace | None = None) -> Rows[Ranked]:
        """The movies with the most views; `score` is the count. At most 1,000 rows."""
        return self._board(lib.mc_trending, count, trace)

    def _board(self, function: Any, count: SupportsIndex, trace: Trace | None, *before: int) -> Rows[Ranked]:
        wanted = c_integer("count", count)
        rows = (_ffi.mc_ranked * max(1, min(wanted, MAX_BATCH)))()
        n, record, err = c_size_t(), _ffi.mc_info(), _ffi.mc_error()
        status = function(self._begin(trace), *before, wanted, rows, byref(n), byref(record), byref(err))
        try:
            info = self._settle(status, err, record, trace)
            return make_rows(rows, n.value, info, lambda r: Ranked(make_movie(r.movie, info), r.score, r.rank))
        finally:
            quick.mc_ranked_clear(rows, n)

    def rank_movie(self, id: Text, *, trace: Trace | None = None) -> Rank | None:
        """A movie's place on the rating board, from 0. None when it is not on it."""
        rank, rating = c_int64(), c_double()
        status, info = self._simple(lib.mc_rank_movie, c_text("id", id), byref(rank), byref(rating), trace=trace)
        return Rank(rank.value, rating.value, info) if status == _ffi.MC_OK else None

    def record_view(self, id: Text, *, trace: Trace | None = None) -> int:
        """Count one view of a movie, at most once; returns the count after it."""
        views = c_int64()
        self._simple(lib.mc_record_view, c_text("id", id), byref(views), trace=trace)
        return views.value

    def get_theater(self, id: Text, *, trace: Trace | None = None) -> Theater | None:
        """Read a theater by id: Redis first, the store on a miss. None when there is none."""
        return self._object(lib.mc_get_theater, make_theater, quick.mc_theater_unref, trace, c_text("id", id))

    def nearby_theaters(
        self, lon: Real, lat: Real, *, radius_m: Real = 100_000, count: SupportsIndex = 10, trace: Trace | None = None
    ) -> Rows[Nearby]:
        """The theaters nearest to a point (degrees east, degrees north), ascending by distance. At most 1,000 rows."""
        wanted = c_integer("count", count)
        rows = (_ffi.mc_nearby * max(1, min(wanted, MAX_BATCH)))()
        n, record, err = c_size_t(), _ffi.mc_info(), _ffi.mc_error()
        place = (c_real("lon", lon), c_real("lat", lat), c_real("radius_m", radius_m))
        status = lib.mc_nearby_theaters(self._begin(trace), *place, wanted, rows, byref(n), byref(record), byref(err))
        try:
            info: Info = self._settle(status, err, record, trace)
            return make_rows(rows, n.value, info, lambda r: Nearby(make_theater(r.theater, info), r.distance_m, r.lon, r.lat))
        finally:
            quick.mc_nearby_clear(rows, n)
