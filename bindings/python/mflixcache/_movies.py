# SPDX-License-Identifier: Apache-2.0
"""Movies: reads, batches, writes, dropping cached values."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import byref, c_char_p, c_int, c_void_p
from itertools import islice
from typing import Any, Literal, Union, overload

from mflixcache import _ffi
from mflixcache._base import MAX_BATCH, ClientBase
from mflixcache._call import Document, Real, Text, c_document, c_real, c_text, make_info, make_movie
from mflixcache._loader import lib, quick
from mflixcache.errors import InternalError, MflixError, from_record, from_status
from mflixcache.results import Info, Movie, Trace

MovieOrError = Union[Movie, None, MflixError]


class MovieCalls(ClientBase):
    """The calls of movies.h but the boards."""

    __slots__ = ()

    # ---- reading

    def get_movie(self, id: Text, *, trace: Trace | None = None) -> Movie | None:
        """Read a movie by id: Redis first, the store on a miss. None when there is none."""
        return self._movie(lib.mc_get_movie, trace, c_text("id", id))

    def get_movie_by_title(self, title: Text, *, trace: Trace | None = None) -> Movie | None:
        """Read a movie by its exact title; of several the one with the lowest id. None when there is none."""
        return self._movie(lib.mc_get_movie_by_title, trace, c_text("title", title))

    def get_movie_document(self, id: Text, *, trace: Trace | None = None) -> Movie | None:
        """As `get_movie`, with the whole document: `movie.json`, `movie.document`."""
        return self._movie(lib.mc_get_movie_document, trace, c_text("id", id))

    @overload
    def get_movies(
        self, ids: Iterable[Text], *, errors: Literal["raise"] = "raise", trace: Trace | None = None
    ) -> list[Movie | None]: ...
    @overload
    def get_movies(self, ids: Iterable[Text], *, errors: Literal["return"], trace: Trace | None = None) -> list[MovieOrError]: ...
    def get_movies(self, ids: Iterable[Text], *, errors: Literal["raise", "return"] = "raise", trace: Trace | None = None) -> Any:
        """Read many movies, any iterable of ids: one pipeline for the hits and one store query for the misses per 1,000.

        The list has the order of the ids, None where there is no such movie. When one could not be read, its exception is
        raised; with errors="return" it is in the list in the movie's place.
        """
        if isinstance(ids, (str, bytes)):
            raise TypeError("ids must be an iterable of ids, not one id")
        if errors not in ("raise", "return"):
            raise ValueError('errors must be "raise" or "return"')
        self._begin(trace)
        found: list[MovieOrError] = []
        infos: list[Info] = []
        remaining = iter(ids)
        while chunk := [c_text("id", i) for i in islice(remaining, MAX_BATCH)]:
            self._batch(chunk, len(found), found, infos, errors == "raise")
            if trace is not None:
                trace.info, trace.infos = infos[-1], tuple(infos)
        return found

    def _batch(self, ids: list[bytes], before: int, found: list[MovieOrError], infos: list[Info], strict: bool) -> None:
        """One call of at most 1,000 ids."""
        n = len(ids)
        out, statuses, records = (c_void_p * n)(), (c_int * n)(), (_ffi.mc_info * n)()
        err = _ffi.mc_error()
        status = lib.mc_get_movies(self._begin(), (c_char_p * n)(*ids), n, out, statuses, records, byref(err))
        try:
            self._guard.settle(from_record(status, err) if status < 0 else None)
            detailed = False
            for i in range(n):
                info = make_info(records[i])
                infos.append(info)
                if statuses[i] >= 0:
                    address = out[i]
                    found.append(make_movie(address, info) if address else None)
                    continue
                # The record is about the first item that failed; of the others only the status is known.
                error = from_status(statuses[i], info=info) if detailed else from_record(statuses[i], err, info)
                detailed = True
                error.text = f"item {before + i}: {error.text}"
                error.args = (error.text,)
                if strict:
                    raise error
                found.append(error)
        finally:
            for i in range(n):
                quick.mc_movie_unref(out[i])

    def _movie(self, function: Any, trace: Trace | None, *arguments: Any) -> Movie | None:
        return self._object(function, make_movie, quick.mc_movie_unref, trace, *arguments)

    # ---- writing: the store first, the cache coherent when the call returns

    def create_movie(self, document: Document, *, trace: Trace | None = None) -> Movie:
        """Create a movie from JSON text or a mapping; an `_id` is made when there is none. ExistsError when it is there."""
        data = c_document(document)
        movie = self._movie(lib.mc_create_movie, trace, data, len(data))
        if movie is None:
            raise InternalError("a movie was created and not returned")
        return movie

    def update_movie(self, id: Text, patch: Document, *, trace: Trace | None = None) -> Movie | None:
        """Set the fields of the patch; None removes a field, a mapping changes only what it names.

        None: there is no such movie.
        """
        data = c_document(patch)
        return self._movie(lib.mc_update_movie, trace, c_text("id", id), data, len(data))

    def update_rating(self, id: Text, rating: Real, *, trace: Trace | None = None) -> Movie | None:
        """Set the IMDb rating, 0 to 10: document, cached value and board agree afterwards. None: there is no such movie."""
        return self._movie(lib.mc_update_rating, trace, c_text("id", id), c_real("rating", rating))

    def update_rating_by_title(self, title: Text, rating: Real, *, trace: Trace | None = None) -> Movie | None:
        """As `update_rating`, of the movie with this title."""
        return self._movie(lib.mc_update_rating_by_title, trace, c_text("title", title), c_real("rating", rating))

    def delete_movie(self, id: Text, *, trace: Trace | None = None) -> bool:
        """Delete a movie from store, cache and board. False when there was none."""
        return self._simple(lib.mc_delete_movie, c_text("id", id), trace=trace)[0] == _ffi.MC_OK

    # ---- dropping cached values

    def invalidate(self, id: Text) -> Info:
        """Drop a movie from the cache, also against a load that is under way."""
        return self._simple(lib.mc_invalidate, c_text("id", id))[1]

    def invalidate_title(self, title: Text) -> Info:
        """Drop the movie with this title from the cache, and the title's alias."""
        return self._simple(lib.mc_invalidate_title, c_text("title", title))[1]
