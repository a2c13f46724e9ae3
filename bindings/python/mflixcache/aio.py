# SPDX-License-Identifier: Apache-2.0
"""The client for asyncio: every call runs in a thread of a small pool, the event loop stays free.

A task that is cancelled stops waiting at once. Its call, if it has begun, runs to its end in its thread: a write may have
happened.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Any, Callable, Literal, SupportsIndex, TypeVar, overload

from mflixcache import client as _client
from mflixcache._call import Document, Real, Text
from mflixcache._movies import MovieOrError
from mflixcache._tiers import Load
from mflixcache.client import Client, Log
from mflixcache.enums import ImportMode, Inspected, LogLevel, Warm
from mflixcache.errors import ClosedError, ForkedError
from mflixcache.options import Setting
from mflixcache.results import (
    Finding,
    Imported,
    Info,
    Movie,
    Nearby,
    Ping,
    Progress,
    Rank,
    Ranked,
    Rows,
    Snapshot,
    Stats,
    Theater,
    Trace,
)

_T = TypeVar("_T")


def open_async(*arguments: Any, threads: int = 8, **settings: Any) -> AsyncClient:
    """As `mflixcache.open`, for asyncio: `async with open_async(...) as mc`, or `mc = await open_async(...)`.

    `threads` is the most calls at a time; more wait for their turn.
    """
    return AsyncClient(functools.partial(_client.open, *arguments, **settings), threads)


class AsyncClient:
    """The calls of `Client` as coroutines; made by `open_async()`. `client` is the client behind it, for direct calls."""

    def __init__(self, opener: Callable[[], Client], threads: int = 8) -> None:
        self._opener = opener
        self._pid = os.getpid()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="mflixcache")
        self._opened: Client | None = None
        self._parent: AsyncClient | None = None

    # ---- opening, closing

    async def _open(self) -> AsyncClient:
        if self._opened is None:
            self._opened = await self._in_pool(self._opener)
        return self

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncClient:
        return await self._open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client; waits for calls under way. Closing twice is harmless."""
        if self._opened is not None and not self._opened.closed:
            # Not in the pool: all its threads may be busy with the very calls that closing waits for, and more may queue up.
            closing = asyncio.get_running_loop().run_in_executor(None, self._opened.close)
            await asyncio.shield(closing)
        if self._parent is None:  # a session's threads are those of the client it was opened on
            self._pool.shutdown(wait=False)

    @property
    def client(self) -> Client:
        """The client behind it. ClosedError before it was opened."""
        if self._opened is None:
            raise ClosedError("the client is not open: use `async with` or `await`")
        return self._opened

    @property
    def closed(self) -> bool:
        """True unless it is open."""
        return self._opened is None or self._opened.closed

    async def _in_pool(self, function: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        if os.getpid() != self._pid:
            raise ForkedError  # the pool's threads are the parent's: nobody would answer
        context = contextvars.copy_context()
        call = functools.partial(context.run, functools.partial(function, *arguments, **named))
        try:
            waiting = asyncio.get_running_loop().run_in_executor(self._pool, call)
        except RuntimeError:
            if (self._opened is not None and self._opened.closed) or (self._parent is not None and self._parent.closed):
                raise ClosedError from None
            raise
        return await waiting

    # ---- sessions

    async def session_open(self, **settings: Setting) -> AsyncClient:
        """As `Client.session_open`. The session's calls run in the threads of this client."""
        opened = await self._in_pool(self.client.session_open, **settings)
        session = AsyncClient.__new__(AsyncClient)
        session._opener = lambda: opened
        session._pid, session._pool = self._pid, self._pool
        session._opened, session._parent = opened, self
        return session

    async def session_token(self) -> str:
        """As `Client.session_token`."""
        return await self._in_pool(self.client.session_token)

    async def session_accept(self, token: Text) -> None:
        """As `Client.session_accept`."""
        await self._in_pool(self.client.session_accept, token)

    # ---- movies

    async def get_movie(self, id: Text, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.get_movie`."""
        return await self._in_pool(self.client.get_movie, id, trace=trace)

    async def get_movie_by_title(self, title: Text, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.get_movie_by_title`."""
        return await self._in_pool(self.client.get_movie_by_title, title, trace=trace)

    async def get_movie_document(self, id: Text, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.get_movie_document`."""
        return await self._in_pool(self.client.get_movie_document, id, trace=trace)

    @overload
    async def get_movies(
        self, ids: Iterable[Text], *, errors: Literal["raise"] = "raise", trace: Trace | None = None
    ) -> list[Movie | None]: ...
    @overload
    async def get_movies(
        self, ids: Iterable[Text], *, errors: Literal["return"], trace: Trace | None = None
    ) -> list[MovieOrError]: ...
    async def get_movies(
        self, ids: Iterable[Text], *, errors: Literal["raise", "return"] = "raise", trace: Trace | None = None
    ) -> Any:
        """As `Client.get_movies`. The iterable is used up in another thread."""
        read: Callable[..., Any] = self.client.get_movies
        return await self._in_pool(read, ids, errors=errors, trace=trace)

    async def create_movie(self, document: Document, *, trace: Trace | None = None) -> Movie:
        """As `Client.create_movie`."""
        return await self._in_pool(self.client.create_movie, document, trace=trace)

    async def update_movie(self, id: Text, patch: Document, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.update_movie`."""
        return await self._in_pool(self.client.update_movie, id, patch, trace=trace)

    async def update_rating(self, id: Text, rating: Real, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.update_rating`."""
        return await self._in_pool(self.client.update_rating, id, rating, trace=trace)

    async def update_rating_by_title(self, title: Text, rating: Real, *, trace: Trace | None = None) -> Movie | None:
        """As `Client.update_rating_by_title`."""
        return await self._in_pool(self.client.update_rating_by_title, title, rating, trace=trace)

    async def delete_movie(self, id: Text, *, trace: Trace | None = None) -> bool:
        """As `Client.delete_movie`."""
        return await self._in_pool(self.client.delete_movie, id, trace=trace)

    async def invalidate(self, id: Text) -> Info:
        """As `Client.invalidate`."""
        return await self._in_pool(self.client.invalidate, id)

    async def invalidate_title(self, title: Text) -> Info:
        """As `Client.invalidate_title`."""
        return await self._in_pool(self.client.invalidate_title, title)

    # ---- boards, theaters

    async def top_movies(
        self, count: SupportsIndex = 10, *, offset: SupportsIndex = 0, trace: Trace | None = None
    ) -> Rows[Ranked]:
        """As `Client.top_movies`."""
        return await self._in_pool(self.client.top_movies, count, offset=offset, trace=trace)

    async def trending(self, count: SupportsIndex = 10, *, trace: Trace | None = None) -> Rows[Ranked]:
        """As `Client.trending`."""
        return await self._in_pool(self.client.trending, count, trace=trace)

    async def rank_movie(self, id: Text, *, trace: Trace | None = None) -> Rank | None:
        """As `Client.rank_movie`."""
        return await self._in_pool(self.client.rank_movie, id, trace=trace)

    async def record_view(self, id: Text, *, trace: Trace | None = None) -> int:
        """As `Client.record_view`."""
        return await self._in_pool(self.client.record_view, id, trace=trace)

    async def get_theater(self, id: Text, *, trace: Trace | None = None) -> Theater | None:
        """As `Client.get_theater`."""
        return await self._in_pool(self.client.get_theater, id, trace=trace)

    async def nearby_theaters(
        self, lon: Real, lat: Real, *, radius_m: Real = 100_000, count: SupportsIndex = 10, trace: Trace | None = None
    ) -> Rows[Nearby]:
        """As `Client.nearby_theaters`."""
        return await self._in_pool(self.client.nearby_theaters, lon, lat, radius_m=radius_m, count=count, trace=trace)

    # ---- string keys

    async def put(self, key: Text, value: Text, *, ttl_ms: SupportsIndex | timedelta = 0) -> Info:
        """As `Client.put`."""
        return await self._in_pool(self.client.put, key, value, ttl_ms=ttl_ms)

    async def get(self, key: Text, *, trace: Trace | None = None) -> bytes | None:
        """As `Client.get`."""
        return await self._in_pool(self.client.get, key, trace=trace)

    async def put_many(self, entries: Mapping[str, Text], *, ttl_ms: SupportsIndex | timedelta = 0) -> Info:
        """As `Client.put_many`."""
        return await self._in_pool(self.client.put_many, entries, ttl_ms=ttl_ms)

    async def get_or_load(
        self,
        key: Text,
        load: Load | None = None,
        *,
        ttl_ms: SupportsIndex | timedelta = 0,
        trace: Trace | None = None,
    ) -> bytes | None:
        """As `Client.get_or_load`. `load` is not a coroutine: it runs in a thread of the pool."""
        return await self._in_pool(self.client.get_or_load, key, load, ttl_ms=ttl_ms, trace=trace)

    async def get_many_or_load(
        self,
        keys: Iterable[Text],
        load: Load | None = None,
        *,
        ttl_ms: SupportsIndex | timedelta = 0,
        trace: Trace | None = None,
    ) -> list[bytes | None]:
        """As `Client.get_many_or_load`. `load` is not a coroutine: it runs in a thread of the pool."""
        return await self._in_pool(self.client.get_many_or_load, keys, load, ttl_ms=ttl_ms, trace=trace)

    async def save_snapshot(self, entries: Mapping[str, Text]) -> None:
        """As `Client.save_snapshot`."""
        await self._in_pool(self.client.save_snapshot, entries)

    async def load_snapshot(self) -> Snapshot | None:
        """As `Client.load_snapshot`."""
        return await self._in_pool(self.client.load_snapshot)

    async def remove(self, key: Text, *, trace: Trace | None = None) -> bool:
        """As `Client.remove`."""
        return await self._in_pool(self.client.remove, key, trace=trace)

    # ---- the whole cache

    async def ping(self) -> Ping:
        """As `Client.ping`."""
        return await self._in_pool(self.client.ping)

    async def check(self) -> list[Finding]:
        """As `Client.check`."""
        return await self._in_pool(self.client.check)

    async def invalidate_all(self) -> Info:
        """As `Client.invalidate_all`."""
        return await self._in_pool(self.client.invalidate_all)

    async def warm(
        self,
        what: Warm = Warm.ALL,
        *,
        limit: SupportsIndex = 0,
        progress: Callable[[Progress], object] | None = None,
    ) -> int:
        """As `Client.warm`. `progress` runs in another thread; it may use `loop.call_soon_threadsafe`."""
        return await self._in_pool(self.client.warm, what, limit=limit, progress=progress)

    async def import_movies(self, documents: Iterable[Document], *, mode: ImportMode = ImportMode.SKIP) -> Imported:
        """As `Client.import_movies`. The iterable is used up in another thread."""
        return await self._in_pool(self.client.import_movies, documents, mode=mode)

    async def import_theaters(self, documents: Iterable[Document], *, mode: ImportMode = ImportMode.SKIP) -> Imported:
        """As `Client.import_theaters`. The iterable is used up in another thread."""
        return await self._in_pool(self.client.import_theaters, documents, mode=mode)

    async def check_movie(self, document: Document) -> None:
        """As `Client.check_movie`."""
        await self._in_pool(self.client.check_movie, document)

    async def check_theater(self, document: Document) -> None:
        """As `Client.check_theater`."""
        await self._in_pool(self.client.check_theater, document)

    async def prepare_store(self) -> None:
        """As `Client.prepare_store`."""
        await self._in_pool(self.client.prepare_store)

    async def count_movies(self) -> int:
        """As `Client.count_movies`."""
        return await self._in_pool(self.client.count_movies)

    async def count_theaters(self) -> int:
        """As `Client.count_theaters`."""
        return await self._in_pool(self.client.count_theaters)

    async def export_movies(self, each: Callable[[str], Any]) -> None:
        """As `Client.export_movies`. `each` runs in another thread."""
        await self._in_pool(self.client.export_movies, each)

    async def export_theaters(self, each: Callable[[str], Any]) -> None:
        """As `Client.export_theaters`. `each` runs in another thread."""
        await self._in_pool(self.client.export_theaters, each)

    async def set_clock(self, now_ms: SupportsIndex | None) -> None:
        """As `Client.set_clock`."""
        await self._in_pool(self.client.set_clock, now_ms)

    async def get_stats(self) -> Stats:
        """As `Client.get_stats`."""
        return await self._in_pool(self.client.get_stats)

    async def stats_json(self) -> str:
        """As `Client.stats_json`."""
        return await self._in_pool(self.client.stats_json)

    async def inspect(self, name: Text, what: Inspected = Inspected.MOVIE) -> dict[str, Any]:
        """As `Client.inspect`."""
        return await self._in_pool(self.client.inspect, name, what)

    async def metrics_prometheus(self) -> str:
        """As `Client.metrics_prometheus`."""
        return await self._in_pool(self.client.metrics_prometheus)

    async def set_log(self, log: Log | None, level: LogLevel = LogLevel.INFO) -> None:
        """As `Client.set_log`. The receiver runs in the threads of the pool."""
        await self._in_pool(self.client.set_log, log, level)
