# SPDX-License-Identifier: Apache-2.0
"""The client: opening, loading, health, log."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from ctypes import byref, c_char_p, c_int, c_int64, c_size_t, c_void_p, string_at
from itertools import islice
from types import TracebackType
from typing import Any, Callable, SupportsIndex, Union

from mflixcache import _ffi
from mflixcache._base import MAX_BATCH, Keep, c_string
from mflixcache._boards import BoardCalls
from mflixcache._call import Document, Text, c_document, c_integer, c_text, decode
from mflixcache._guard import Guard, returning_none
from mflixcache._loader import lib, quick
from mflixcache._movies import MovieCalls
from mflixcache._tiers import TierCalls
from mflixcache.enums import ImportMode, Inspected, LogLevel, Severity, Status, Tier, Warm
from mflixcache.errors import ArgumentError, MflixError, ReentrantError, from_record, from_status
from mflixcache.options import Options, Setting, option_key, setting_text
from mflixcache.results import Finding, Imported, Info, Ping, Progress, Stats
from mflixcache.store import Store, make_table

LogReceiver = Callable[[LogLevel, str], object]
Log = Union[logging.Logger, LogReceiver]

_STATS = tuple(field[0] for field in _ffi.mc_stats._fields_ if field[0] != "reserved")
_LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


class Client(MovieCalls, BoardCalls, TierCalls):
    """One open cache with its connections and its store; made by `open()`. Any number of threads may use it at once."""

    __slots__ = ("_log_lock", "_parent")

    def __init__(self, handle: int, keep: Keep, parent: Client | None = None) -> None:
        super().__init__(handle, keep)
        self._log_lock: threading.Lock = threading.Lock() if parent is None else parent._log_lock
        self._parent = parent  # a session does not outlive what it shares

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    # ---- sessions

    def session_open(self, **settings: Setting) -> Client:
        """A client that shares everything with this one and has call settings and a read-your-writes record of its own.

        The settings are call_timeout_ms, read_tiers and read_max_age_ms; what is not named stays as here. Costs no I/O. Close it,
        or use it with `with`; when this client is closed first, its calls raise ClosedError.
        """
        words = []
        for name, value in settings.items():
            word = option_key(name).encode() + b"=" + setting_text(name, value)
            if b" " in word or b"\0" in word:
                raise ArgumentError(f"{name} has a blank or a NUL byte in it")
            words.append(word)
        out, err = c_void_p(), _ffi.mc_error()
        status = lib.mc_session_open(self._begin(), b" ".join(words), byref(out), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        return Client(out.value or 0, self._keep, self)

    def session_token(self) -> str:
        """What this session has written and read, as a text for `session_accept` of a session elsewhere."""
        return self._text(lib.mc_session_token)

    def session_accept(self, token: Text) -> None:
        """Let this session read at least as new as the session that the token is of. ArgumentError: it is not a token."""
        err = _ffi.mc_error()
        status = lib.mc_session_accept(self._begin(), c_text("token", token), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)

    # ---- the whole cache

    def ping(self) -> Ping:
        """Ask Redis and the store whether they answer. True when both do; nothing is raised when one does not."""
        redis, store, err = c_int(), c_int(), _ffi.mc_error()
        status = lib.mc_ping(self._begin(), byref(redis), byref(store), byref(err))
        error = from_record(status, err) if status < 0 else None
        self._guard.settle(error if error is not None and error.tier == Tier.NONE else None)
        return Ping(bool(redis.value), bool(store.value), error)

    def check(self) -> list[Finding]:
        """Look at both ends: each command and script, version, memory policy, role, indexes. For a person or a start-up.

        Nothing is raised for what is found; the worst is `max(f.severity for f in findings)`.
        """
        out, err = c_void_p(), _ffi.mc_error()
        status = lib.mc_check(self._begin(), byref(out), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        return _findings(out)

    def invalidate_all(self) -> Info:
        """Make all cached documents, boards and geo sets unreachable at once, with one command."""
        return self._simple(lib.mc_invalidate_all)[1]

    def warm(
        self,
        what: Warm = Warm.ALL,
        *,
        limit: SupportsIndex = 0,
        progress: Callable[[Progress], object] | None = None,
    ) -> int:
        """Load the cache ahead of traffic; returns how many documents were put into Redis.

        `limit`: at most so many documents of each kind; 0: all. `progress` is called a few times a second; when it returns
        something true the call ends with AbortError, when it raises, with its exception.
        """

        def report(record: Any, _user: Any) -> int:
            p = record.contents
            total = None if p.total < 0 else p.total
            stop = progress is not None and progress(Progress(decode(p.stage), p.done, total, p.elapsed_ms))
            return 1 if stop else 0

        callback = _ffi.mc_progress_fn(self._guard.wrap(report, 1)) if progress is not None else _ffi.mc_progress_fn()
        loaded, err = c_int64(), _ffi.mc_error()
        most = c_integer("limit", limit)
        status = lib.mc_warm(self._begin(), int(what), most, callback, None, byref(loaded), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        return loaded.value

    def import_movies(self, documents: Iterable[Document], *, mode: ImportMode = ImportMode.SKIP) -> Imported:
        """Put many movies into the store, any iterable of documents with an `_id`, the cache staying coherent.

        Documents go out 1,000 at a time. An exception means that the store could not go on: what came before is stored, and the
        import may be repeated.
        """
        return self._import(lib.mc_import_movies, documents, mode)

    def import_theaters(self, documents: Iterable[Document], *, mode: ImportMode = ImportMode.SKIP) -> Imported:
        """Put many theaters into the store: as `import_movies`."""
        return self._import(lib.mc_import_theaters, documents, mode)

    def check_movie(self, document: Document) -> None:
        """Raise what an import would refuse this document with; no server is asked."""
        self._check(lib.mc_check_movie, document)

    def check_theater(self, document: Document) -> None:
        """As `check_movie`, for `import_theaters`."""
        self._check(lib.mc_check_theater, document)

    def _check(self, function: Any, document: Document) -> None:
        data, err = c_document(document), _ffi.mc_error()
        status = function(self._begin(), data, len(data), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)

    def _import(self, function: Any, documents: Iterable[Document], mode: ImportMode) -> Imported:
        if isinstance(documents, (str, bytes, bytearray, Mapping)):
            raise TypeError("documents must be an iterable of documents, not one document")
        self._begin()
        statuses: list[Status] = []
        first: MflixError | None = None
        remaining = iter(documents)
        while chunk := [c_document(d) for d in islice(remaining, MAX_BATCH)]:
            n, err = len(chunk), _ffi.mc_error()
            got, sizes = (c_int * n)(), (c_size_t * n)(*map(len, chunk))
            status = function(self._begin(), (c_char_p * n)(*chunk), sizes, n, int(mode), got, byref(err))
            self._guard.settle(from_record(status, err) if status < 0 else None)
            if first is None:
                bad = next((s for s in got if s < 0), 0)
                first = (from_record(bad, err) if err.code == bad else from_status(bad)) if bad else None
            statuses.extend(map(Status, got))
        return Imported(tuple(statuses), first)

    def prepare_store(self) -> None:
        """Make the tables and indexes that this library's queries need. Safe to repeat."""
        err = _ffi.mc_error()
        status = lib.mc_prepare_store(self._begin(), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)

    def count_movies(self) -> int:
        """How many movies the store has, as good as it knows that cheaply."""
        return self._count(lib.mc_count_movies)

    def count_theaters(self) -> int:
        """How many theaters the store has."""
        return self._count(lib.mc_count_theaters)

    def _count(self, function: Any) -> int:
        count, err = c_int64(), _ffi.mc_error()
        status = function(self._begin(), byref(count), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        return count.value

    def export_movies(self, each: Callable[[str], Any]) -> None:
        """Call `each` with every movie of the store as JSON, ordered by id, read past the cache in pages.

        True from it stops: `AbortError`.
        """
        self._export(lib.mc_export_movies, each)

    def export_theaters(self, each: Callable[[str], Any]) -> None:
        """The same for theaters."""
        self._export(lib.mc_export_theaters, each)

    def _export(self, function: Any, each: Callable[[str], Any]) -> None:
        def hand_over(_user: Any, json: int, size: int) -> int:
            return 1 if each(string_at(json, size).decode()) else 0

        callback, err = _ffi.mc_document_fn(self._guard.wrap(hand_over, 1)), _ffi.mc_error()
        status = function(self._begin(), callback, None, byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)

    def set_clock(self, now_ms: SupportsIndex | None) -> None:
        """For tests: the time by which cached values are dated, expired and aged, in milliseconds since 1970.

        It is stopped until the next call; None: Redis' clock again. Redis' own expiry keeps to real time.
        """
        now = 0 if now_ms is None else c_integer("now_ms", now_ms)
        status = lib.mc_set_clock(self._begin(), now)
        if status < 0:
            raise from_status(status)

    # ---- what it did

    def get_stats(self) -> Stats:
        """The counters."""
        record = _ffi.mc_stats()
        status = lib.mc_get_stats(self._begin(), byref(record))
        if status < 0:
            raise from_status(status)
        return Stats(**{name: getattr(record, name) for name in _STATS})

    def stats_json(self) -> str:
        """The counters and the latency quantiles as one JSON object."""
        return self._text(lib.mc_stats_json)

    def inspect(self, name: Text, what: Inspected = Inspected.MOVIE) -> dict[str, Any]:
        """What the cache holds for an id, title or key: nothing is loaded or changed.

        Keys: "kind", "name", "key" (its name in Redis), "state" ("none", "value", "not_found", "old", "corrupt", "too_big"), and
        as far as they are known "bytes", "written_ms", "age_ms", "deadline_ms", "left_ms", "epoch", "current_epoch",
        "leads_to", "fields".
        """
        out, err = c_void_p(), _ffi.mc_error()
        status = lib.mc_inspect(self._begin(), int(what), c_text("name", name), byref(out), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        try:
            answer: dict[str, Any] = json.loads(c_string(out))
        finally:
            quick.mc_free(out)
        return answer

    def metrics_prometheus(self) -> str:
        """The counters and the latency histograms in Prometheus' text format."""
        return self._text(lib.mc_metrics_prometheus)

    def set_log(self, log: Log | None, level: LogLevel = LogLevel.INFO) -> None:
        """Where log lines go: a logger, a function of (level, text), or None. `level` is the least important one wanted.

        The receiver runs on the thread that made the call and may not use this client. What it raises comes out of that
        call, which has done its work by then.
        """
        if self._guard.inside:
            raise ReentrantError  # waiting for the lock here would be waiting for oneself
        receive = self._guard.wrap(returning_none(_receiver(log)), 0) if log is not None else None

        def line(number: int, text: bytes, user: Any) -> None:
            if receive is not None:
                receive(number, text, user)

        callback = _ffi.mc_log_fn(line) if log is not None else _ffi.mc_log_fn()
        with self._log_lock:
            status = lib.mc_set_log(self._begin(), callback, int(level), None)
            if status < 0:
                raise from_status(status)
            self._keep.log = callback  # the earlier one is not called any more, and may go


def _receiver(log: Log) -> Callable[..., None]:
    if isinstance(log, logging.Logger):
        logger = log
        return lambda level, text, _user: logger.log(_LEVELS.get(level, logging.DEBUG), "%s", decode(text))
    function = log

    def call(level: int, text: bytes, _user: Any) -> None:
        function(LogLevel(level), decode(text))

    return call


def open(
    store: str | Store | None = None,
    redis: str | None = None,
    *,
    options: Options | Mapping[str, Setting] | None = None,
    env: bool = False,
    file: str | os.PathLike[str] | None = None,
    log: Log | None = None,
    log_level: LogLevel = LogLevel.INFO,
    **settings: Setting,
) -> Client:
    """Open a cache. Use it with `with`, or call `close()`.

    Settings are taken in this order, later ones win: the file, the environment (with env=True), `options`, `store` and
    `redis`, and keywords: `write_mode="strict"` is the option write.mode. docs/options.md lists them all.

    Args:
        store: "sqlite::memory:", "sqlite:FILE", "mongodb://...", or a `Store` of your own.
        redis: "redis://[user:password@]host[:port][/db]" or "unix://...".
        options: settings under their keys; or an `Options` that says everything, except a `Store` and the log.
        env: read MONGO_URL, REDIS_HOST, REDIS_PORT and MFLIXCACHE_<KEY>.
        file: a JSON file of settings.
        log: where log lines go from now on; see `Client.set_log`.
        log_level: the least important level wanted.
        settings: options as keywords.

    Redis being away is not an error: reads go to the store until it is back.
    """
    own = store if isinstance(store, Store) else None
    uri = store if own is None else None
    if uri is not None and not isinstance(uri, (str, bytes)):
        raise TypeError(f"store must be a URI or a mflixcache.Store, not {type(store).__name__}")
    if isinstance(options, Options):
        if env or settings or file is not None or redis is not None or uri is not None:
            raise TypeError("with an Options object, set everything there")
        client = _open(options, own)
    else:
        client = _open(_collect(uri, redis, options or {}, env, file, settings), own)
    if log is not None:
        try:
            client.set_log(log, log_level)
        except BaseException:
            client.close()
            raise
    return client


def check(
    store: str | None = None,
    redis: str | None = None,
    *,
    options: Mapping[str, Setting] | None = None,
    env: bool = False,
    file: str | os.PathLike[str] | None = None,
    **settings: Setting,
) -> list[Finding]:
    """As `Client.check`, without a client, with the settings of `open`: tells also why `open` refuses."""
    collected = _collect(store, redis, options or {}, env, file, settings)
    out, err = c_void_p(), _ffi.mc_error()
    status = lib.mc_options_check(collected.pointer, byref(out), byref(err))
    if (raised := collected.take_password_error()) is not None:
        raise raised
    if status < 0:
        raise from_record(status, err)
    return _findings(out)


def _findings(out: c_void_p) -> list[Finding]:
    try:
        return [
            Finding(
                Severity(quick.mc_findings_severity(out, i)),
                decode(quick.mc_findings_code(out, i)),
                decode(quick.mc_findings_text(out, i)),
                decode(quick.mc_findings_advice(out, i)),
            )
            for i in range(quick.mc_findings_size(out))
        ]
    finally:
        quick.mc_findings_free(out)


def _collect(
    uri: str | None,
    redis: str | None,
    options: Mapping[str, Setting],
    env: bool,
    file: str | os.PathLike[str] | None,
    settings: Mapping[str, Setting],
) -> Options:
    collected = Options()
    if file is not None:
        collected.load_file(file)
    if env:
        collected.load_env()
    named = {key: value for key, value in (("store.uri", uri), ("cache.uri", redis)) if value is not None}
    for key, setting in [*options.items(), *named.items(), *settings.items()]:
        collected.set(key, setting)
    return collected


def _open(options: Options, store: Store | None) -> Client:
    guard = Guard()
    table = make_table(store, guard) if store is not None else None
    out, err = c_void_p(), _ffi.mc_error()
    if table is None:
        status = lib.mc_open(options.pointer, byref(out), byref(err))
    else:
        status = lib.mc_open_with_store(options.pointer, byref(table), byref(out), byref(err))
    if (raised := options.take_password_error()) is not None:
        raise raised
    guard.settle(from_record(status, err) if status < 0 else None)
    return Client(out.value or 0, Keep(guard, table))
