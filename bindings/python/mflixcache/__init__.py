# SPDX-License-Identifier: Apache-2.0
"""MongoDB documents through Redis, never older than a write that was acknowledged: the Python side of libmflixcache.

    import mflixcache

    with mflixcache.open(store="sqlite:films.db", redis="redis://localhost") as mc:
        movie = mc.get_movie("573a1394f29313caabcdfa00")
        if movie is not None:
            print(movie.title, movie.rating, movie.cache, movie.age_ms)

Pure ctypes: no compiled part, no dependency but the C library itself. docs/python.md shows it by examples.
"""

from mflixcache._version import VERSION as __version__
from mflixcache.about import features, library, tier_name, version, version_number
from mflixcache.aio import AsyncClient, open_async
from mflixcache.bench import bench
from mflixcache.client import Client, check, open
from mflixcache.enums import Cache, Flag, ImportMode, Inspected, LogLevel, Severity, Status, Tier, Warm
from mflixcache.errors import (
    AbortError,
    ArgumentError,
    AuthError,
    CacheError,
    ClosedError,
    ClusterError,
    ConflictError,
    DatabaseError,
    DeadlineError,
    DepthError,
    ExistsError,
    FieldError,
    FieldTypeError,
    FileError,
    ForkedError,
    InternalError,
    JsonError,
    MflixError,
    NoMemoryError,
    OptionError,
    ProtocolError,
    RangeError,
    ReentrantError,
    StoreError,
    TlsError,
    TooBigError,
    UnknownOutcomeError,
    UnsupportedError,
    UriError,
    Utf8Error,
)
from mflixcache.options import Options, option_table
from mflixcache.results import (
    Finding,
    Imported,
    Info,
    Movie,
    Nearby,
    OptionInfo,
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
from mflixcache.store import Store

__all__ = [
    "AbortError",
    "ArgumentError",
    "AsyncClient",
    "AuthError",
    "Cache",
    "CacheError",
    "Client",
    "ClosedError",
    "ClusterError",
    "ConflictError",
    "DatabaseError",
    "DeadlineError",
    "DepthError",
    "ExistsError",
    "FieldError",
    "FieldTypeError",
    "FileError",
    "Finding",
    "Flag",
    "ForkedError",
    "ImportMode",
    "Imported",
    "Info",
    "Inspected",
    "InternalError",
    "JsonError",
    "LogLevel",
    "MflixError",
    "Movie",
    "Nearby",
    "NoMemoryError",
    "OptionError",
    "OptionInfo",
    "Options",
    "Ping",
    "Progress",
    "ProtocolError",
    "RangeError",
    "Rank",
    "Ranked",
    "ReentrantError",
    "Rows",
    "Severity",
    "Snapshot",
    "Stats",
    "Status",
    "Store",
    "StoreError",
    "Theater",
    "Tier",
    "TlsError",
    "TooBigError",
    "Trace",
    "UnknownOutcomeError",
    "UnsupportedError",
    "UriError",
    "Utf8Error",
    "Warm",
    "__version__",
    "bench",
    "check",
    "features",
    "library",
    "open",
    "open_async",
    "option_table",
    "tier_name",
    "version",
    "version_number",
]
