# SPDX-License-Identifier: Apache-2.0
"""What calls return: frozen values, copied out of the library. They may be kept, compared, pickled, shared; nothing to close."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, TypeVar, overload

from mflixcache.enums import Cache, Flag, Severity, Status, Tier
from mflixcache.errors import MflixError

_T_co = TypeVar("_T_co", covariant=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Frozen:
    """Pickling for frozen dataclasses with slots, which Python 3.9 does not know by itself."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Info(_Frozen):
    """How an answer came about."""

    __slots__ = (
        "age_ms",
        "cache",
        "elapsed_ns",
        "flags",
        "redis_round_trips",
        "stale_bound_ms",
        "store_calls",
        "tier",
    )

    tier: Tier
    """Who answered."""
    cache: Cache
    """Hit, miss, bypass, or none."""
    flags: Flag
    """What else there is to say."""
    redis_round_trips: int
    """Exchanges with Redis during the call."""
    store_calls: int
    """Queries and writes sent to the store during the call."""
    age_ms: int
    """Milliseconds since the value was read from the store."""
    stale_bound_ms: int
    """The answer is no older than this before the call; 0: current; -1: no bound is known."""
    elapsed_ns: int
    """Duration of the call."""

    @property
    def hit(self) -> bool:
        """True when Redis had the answer."""
        return self.cache == Cache.HIT

    @property
    def stale(self) -> bool:
        """True when the answer is older than the promise allows in normal times."""
        return Flag.STALE in self.flags

    @property
    def elapsed_ms(self) -> float:
        """Duration of the call in milliseconds."""
        return self.elapsed_ns / 1e6


class Trace:
    """Hand one to a call (`trace=`) to learn how its answer came about, also when the answer is None, a number or an error.

    Attributes:
        info: of the newest call, or None when it did not get that far.
        infos: of a batch, one for each item.
    """

    __slots__ = ("info", "infos")

    def __init__(self) -> None:
        self.info: Info | None = None
        self.infos: tuple[Info, ...] = ()


class _Answered:
    """The most asked-for parts of `info`, at hand on the value itself."""

    __slots__ = ()

    info: Info

    @property
    def tier(self) -> Tier:
        """Who answered."""
        return self.info.tier

    @property
    def cache(self) -> Cache:
        """Hit, miss, bypass, or none."""
        return self.info.cache

    @property
    def age_ms(self) -> int:
        """Milliseconds since the value was read from the store."""
        return self.info.age_ms

    @property
    def stale(self) -> bool:
        """True when the answer is older than the promise allows in normal times."""
        return self.info.stale

    @property
    def round_trips(self) -> int:
        """Exchanges with Redis during the call."""
        return self.info.redis_round_trips

    @property
    def elapsed_ms(self) -> float:
        """Duration of the call in milliseconds."""
        return self.info.elapsed_ms


@dataclass(frozen=True)
class Movie(_Answered, _Frozen):
    """One movie. A field that is missing in the document, or has another type there, is None."""

    __slots__ = (
        "cast",
        "countries",
        "directors",
        "genres",
        "id",
        "imdb_id",
        "info",
        "json",
        "languages",
        "plot",
        "poster",
        "rated",
        "rating",
        "released_ms",
        "runtime",
        "title",
        "type",
        "votes",
        "year",
        "year_text",
    )

    id: str
    title: str | None
    plot: str | None
    poster: str | None
    rated: str | None
    type: str | None
    year: int | None
    """The year as a number; of "1981è" its leading digits."""
    year_text: str | None
    """The year as the document has it."""
    runtime: int | None
    """Minutes."""
    rating: float | None
    """IMDb rating, 0 to 10."""
    votes: int | None
    imdb_id: int | None
    """The number at IMDb."""
    released_ms: int | None
    """Milliseconds since 1970-01-01 UTC."""
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    json: str | None
    """The whole document as Extended JSON v2: after `get_movie_document` and writes, else None."""
    info: Info

    @property
    def released(self) -> datetime | None:
        """Date of release, in UTC. OverflowError outside of the years 1 to 9999."""
        return None if self.released_ms is None else _EPOCH + timedelta(milliseconds=self.released_ms)

    @property
    def document(self) -> dict[str, Any]:
        """The whole document, parsed. ValueError when the movie was read without it."""
        if self.json is None:
            raise ValueError("this movie was read without its document: use get_movie_document()")
        parsed: dict[str, Any] = _json.loads(self.json)
        return parsed


@dataclass(frozen=True)
class Theater(_Answered, _Frozen):
    """One theater. A field that is missing in the document, or has another type there, is None."""

    __slots__ = ("city", "id", "info", "lat", "lon", "number", "state", "street1", "street2", "zipcode")

    id: str
    number: int | None
    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    zipcode: str | None
    lon: float | None
    """Degrees east."""
    lat: float | None
    """Degrees north."""
    info: Info


@dataclass(frozen=True)
class Ranked(_Frozen):
    """One row of a board."""

    __slots__ = ("movie", "rank", "score", "views")

    movie: Movie
    score: float
    """Rating, or number of views."""
    rank: int
    """From 0."""
    views: int
    """Number of views, of a row of `trending`; else 0."""


@dataclass(frozen=True)
class Nearby(_Frozen):
    """One theater near a point."""

    __slots__ = ("distance_m", "lat", "lon", "theater")

    theater: Theater
    distance_m: float
    lon: float
    """As stored in the geo set: exact to about 0.6 m."""
    lat: float


@dataclass(frozen=True)
class Rows(_Answered, _Frozen, Sequence[_T_co], Generic[_T_co]):
    """The rows of a board or of a search, in order; a sequence."""

    __slots__ = ("info", "rows")

    rows: tuple[_T_co, ...]
    info: Info

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[_T_co]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> _T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> _T_co | tuple[_T_co, ...]:
        return self.rows[index]


@dataclass(frozen=True)
class Rank(_Answered, _Frozen):
    """A movie's place on the rating board."""

    __slots__ = ("info", "rank", "rating")

    rank: int
    """From 0."""
    rating: float
    info: Info


@dataclass(frozen=True)
class Finding(_Frozen):
    """What `Client.check` has seen."""

    __slots__ = ("advice", "code", "severity", "text")

    severity: Severity
    code: str
    """What it is about, for programs: "redis.permission", "database.indexes"."""
    text: str
    """What was found, for people."""
    advice: str
    """What to do about it; "" when nothing is to be done."""


@dataclass(frozen=True)
class Ping(_Frozen):
    """Who answers. True when both do."""

    __slots__ = ("error", "redis", "store")

    redis: bool
    store: bool
    error: MflixError | None
    """Why the first that failed did not answer."""

    def __bool__(self) -> bool:
        return self.redis and self.store


@dataclass(frozen=True)
class Imported(_Frozen):
    """What became of an import."""

    __slots__ = ("first_error", "statuses")

    statuses: tuple[Status, ...]
    """One for each document, in order."""
    first_error: MflixError | None
    """About the first document that was not stored."""

    @property
    def stored(self) -> int:
        """How many were stored."""
        return sum(status == Status.OK for status in self.statuses)


@dataclass(frozen=True)
class Progress(_Frozen):
    """How far a long call has come."""

    __slots__ = ("done", "elapsed_ms", "stage", "total")

    stage: str
    """ "board", "movies", "geo" or "theaters"."""
    done: int
    total: int | None
    """None when it is not known."""
    elapsed_ms: int


@dataclass(frozen=True)
class OptionInfo(_Frozen):
    """One row of the option table."""

    __slots__ = ("default", "env", "help", "key", "range", "secret", "type")

    key: str
    type: str
    default: str
    range: str
    help: str
    env: str
    secret: bool


@dataclass(frozen=True)
class Snapshot(_Frozen):
    """What `Client.load_snapshot` found."""

    __slots__ = ("entries", "written_ms")

    entries: int
    written_ms: int

    @property
    def written(self) -> datetime:
        """When it was written, UTC."""
        return _EPOCH + timedelta(milliseconds=self.written_ms)


@dataclass(frozen=True)
class Stats(_Frozen):
    """Counters since the client was opened; see include/mflixcache/observe.h for each."""

    __slots__ = (
        "board_rebuilds",
        "board_repairs",
        "bypasses",
        "corrupt",
        "epoch_bumps",
        "fills",
        "fills_refused",
        "hits",
        "invalidations",
        "lease_waits",
        "misses",
        "negative_hits",
        "not_found",
        "quarantined",
        "reads",
        "recovery_done",
        "recovery_lost",
        "recovery_pending",
        "recovery_queued",
        "redis_connections",
        "redis_connects",
        "redis_errors",
        "redis_refusals",
        "redis_refusing",
        "redis_round_trips",
        "redis_scripts_resent",
        "redis_switches",
        "redis_tls_resumed",
        "redis_up",
        "shared_loads",
        "snapshot_errors",
        "snapshot_hits",
        "store_calls",
        "store_errors",
        "store_refused",
        "store_up",
        "views",
        "writes",
        "writes_contended",
        "writes_uncontended",
        "writes_unknown",
    )

    reads: int
    hits: int
    negative_hits: int
    misses: int
    bypasses: int
    not_found: int
    fills: int
    fills_refused: int
    corrupt: int
    quarantined: int
    shared_loads: int
    lease_waits: int
    writes: int
    writes_uncontended: int
    writes_contended: int
    writes_unknown: int
    invalidations: int
    epoch_bumps: int
    board_rebuilds: int
    board_repairs: int
    views: int
    recovery_queued: int
    recovery_done: int
    recovery_lost: int
    recovery_pending: int
    redis_round_trips: int
    redis_errors: int
    redis_connects: int
    redis_connections: int
    redis_scripts_resent: int
    redis_up: int
    store_calls: int
    store_errors: int
    snapshot_hits: int
    snapshot_errors: int
    redis_switches: int
    redis_refusals: int
    redis_refusing: int
    store_refused: int
    store_up: int
    redis_tls_resumed: int

    @property
    def hit_ratio(self) -> float:
        """Part of the reads that Redis answered; 0.0 before the first read."""
        return (self.hits + self.negative_hits) / self.reads if self.reads else 0.0
