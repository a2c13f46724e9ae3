# SPDX-License-Identifier: Apache-2.0
"""The enumerations of the C headers. A number from a newer library than this package is kept, under the name UNKNOWN_<number>."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TypeVar

from mflixcache import _ffi

_Self = TypeVar("_Self", bound="_Open")


class _Open(IntEnum):
    """An enumeration that later versions may extend, shown as a small word."""

    @classmethod
    def _missing_(cls: type[_Self], value: object) -> _Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    def __str__(self) -> str:
        return self.name.lower()

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class Status(_Open):
    """What became of one document of an import. Negative: an error."""

    OK = _ffi.MC_OK
    NOT_FOUND = _ffi.MC_NOT_FOUND
    E_ARG = _ffi.MC_E_ARG
    E_RANGE = _ffi.MC_E_RANGE
    E_UTF8 = _ffi.MC_E_UTF8
    E_JSON = _ffi.MC_E_JSON
    E_DEPTH = _ffi.MC_E_DEPTH
    E_FIELD = _ffi.MC_E_FIELD
    E_TOOBIG = _ffi.MC_E_TOOBIG
    E_TYPE = _ffi.MC_E_TYPE
    E_EXISTS = _ffi.MC_E_EXISTS
    E_CONFLICT = _ffi.MC_E_CONFLICT
    E_NOMEM = _ffi.MC_E_NOMEM
    E_CLOSED = _ffi.MC_E_CLOSED
    E_FORKED = _ffi.MC_E_FORKED
    E_REENTRANT = _ffi.MC_E_REENTRANT
    E_INTERNAL = _ffi.MC_E_INTERNAL
    E_URI = _ffi.MC_E_URI
    E_TLS = _ffi.MC_E_TLS
    E_OPTION = _ffi.MC_E_OPTION
    E_FILE = _ffi.MC_E_FILE
    E_CACHE = _ffi.MC_E_CACHE
    E_AUTH = _ffi.MC_E_AUTH
    E_PROTO = _ffi.MC_E_PROTO
    E_CLUSTER = _ffi.MC_E_CLUSTER
    E_DATABASE = _ffi.MC_E_DATABASE
    E_STORE = _ffi.MC_E_STORE
    E_TIMEOUT = _ffi.MC_E_TIMEOUT
    E_UNKNOWN = _ffi.MC_E_UNKNOWN
    E_UNSUPPORTED = _ffi.MC_E_UNSUPPORTED
    E_ABORT = _ffi.MC_E_ABORT


class Tier(_Open):
    """Who answered, or where an error came from."""

    NONE = _ffi.MC_TIER_NONE
    REDIS = _ffi.MC_TIER_REDIS
    STORE = _ffi.MC_TIER_STORE
    SNAPSHOT = _ffi.MC_TIER_SNAPSHOT
    MEMORY = _ffi.MC_TIER_MEMORY


class Cache(_Open):
    """How the cache took part in an answer."""

    NONE = _ffi.MC_CACHE_NONE
    HIT = _ffi.MC_CACHE_HIT
    MISS = _ffi.MC_CACHE_MISS
    BYPASS = _ffi.MC_CACHE_BYPASS


class Flag(IntFlag):
    """What else there is to say about an answer. Bits."""

    STALE = _ffi.MC_FLAG_STALE
    FILLED = _ffi.MC_FLAG_FILLED
    NEGATIVE = _ffi.MC_FLAG_NEGATIVE
    SHARED = _ffi.MC_FLAG_SHARED
    REDIS_DOWN = _ffi.MC_FLAG_REDIS_DOWN
    QUARANTINED = _ffi.MC_FLAG_QUARANTINED
    CORRUPT = _ffi.MC_FLAG_CORRUPT
    QUEUED = _ffi.MC_FLAG_QUEUED
    REFUSED = _ffi.MC_FLAG_REFUSED


class Warm(IntFlag):
    """What `Client.warm` has to load. Bits."""

    MOVIES = _ffi.MC_WARM_MOVIES
    BOARD = _ffi.MC_WARM_BOARD
    THEATERS = _ffi.MC_WARM_THEATERS
    ALL = _ffi.MC_WARM_ALL


class ImportMode(_Open):
    """What an import does with an id that is in the store already."""

    SKIP = _ffi.MC_IMPORT_SKIP
    REPLACE = _ffi.MC_IMPORT_REPLACE


class LogLevel(_Open):
    """How important a log line is."""

    ERROR = _ffi.MC_LOG_ERROR
    WARN = _ffi.MC_LOG_WARN
    INFO = _ffi.MC_LOG_INFO
    DEBUG = _ffi.MC_LOG_DEBUG


class Inspected(_Open):
    """What `Client.inspect` looks at."""

    MOVIE = _ffi.MC_INSPECT_MOVIE
    THEATER = _ffi.MC_INSPECT_THEATER
    TITLE = _ffi.MC_INSPECT_TITLE
    KEY = _ffi.MC_INSPECT_KEY


class Severity(_Open):
    """How bad a finding of `Client.check` is."""

    FINE = _ffi.MC_SEVERITY_FINE
    """As it should be: nothing is to be done."""
    NOTE = _ffi.MC_SEVERITY_NOTE
    """Worth knowing; may be as it is meant to be."""
    WARNING = _ffi.MC_SEVERITY_WARNING
    """Works now; slow, or going to fail, or old values may be seen."""
    ERROR = _ffi.MC_SEVERITY_ERROR
    """Something that the cache needs does not work."""
