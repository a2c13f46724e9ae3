# SPDX-License-Identifier: Apache-2.0
"""Boards (rating, views) and theaters."""

from __future__ import annotations

from ctypes import byref, c_double, c_int64, c_void_p
from typing import SupportsIndex

from mflixcache import _ffi
from mflixcache._base import ClientBase
from mflixcache._call import Real, Text, c_integer, c_real, c_text, make_movie, make_theater
from mflixcache._loader import lib, quick
from mflixcache.results import Info, Nearby, Rank, Ranked, Rows, Theater, Trace


def _ranked(rows: c_void_p, i: int, info: Info) -> Ranked:
    movie = make_movie(quick.mc_list_movie(rows, i), info)
    return Ranked(movie, quick.mc_list_score(rows, i), quick.mc_list_rank(rows, i), quick.mc_list_views(rows, i))


def _near(rows: c_void_p, i: int, info: Info) -> Nearby:
    lon, lat = c_double(), c_double()
    quick.mc_list_location(rows, i, byref(lon), byref(lat))
    theater = make_theater(quick.mc_list_theater(rows, i), info)
    return Nearby(theater, quick.mc_list_distance_m(rows, i), lon.value, lat.value)


class BoardCalls(ClientBase):
    """The boards of movies.h, and theaters.h."""

    __slots__ = ()

    def top_movies(self, count: SupportsIndex = 10, *, offset: SupportsIndex = 0, trace: Trace | None = None) -> Rows[Ranked]:
        """The movies with the highest IMDb rating, details in the same round trip. At most 1,000 rows."""
        return self._list(lib.mc_top_movies, _ranked, trace, c_integer("offset", offset), c_integer("count", count))

    def trending(self, count: SupportsIndex = 10, *, trace: Trace | None = None) -> Rows[Ranked]:
        """The movies with the most views; `score` and `views` are the count. At most 1,000 rows."""
        return self._list(lib.mc_trending, _ranked, trace, c_integer("count", count))

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
        place = (c_real("lon", lon), c_real("lat", lat), c_real("radius_m", radius_m))
        return self._list(lib.mc_nearby_theaters, _near, trace, *place, c_integer("count", count))
