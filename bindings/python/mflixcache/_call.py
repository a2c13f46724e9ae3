# SPDX-License-Identifier: Apache-2.0
"""Between Python values and C: texts, numbers, documents, and values copied out of the library's records.

ctypes would cut a text at its first NUL and let a large number wrap around silently. Nothing passes here that would reach
the library changed: what cannot be passed on is refused with the exception the library itself would have chosen.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from ctypes import byref, c_double, c_int, c_int64, create_string_buffer, string_at
from datetime import timedelta
from typing import Any, SupportsFloat, SupportsIndex, Union

from mflixcache import _ffi
from mflixcache._loader import quick
from mflixcache.enums import Cache, Flag, Tier
from mflixcache.errors import ArgumentError, RangeError
from mflixcache.results import Info, Movie, Theater

Text = Union[str, bytes]
Document = Union[str, bytes, bytearray, Mapping[str, Any]]
Real = Union[SupportsFloat, SupportsIndex]

_INT64_MAX = 2**63 - 1
_YEAR_BYTES = 256


def encode(text: Text) -> bytes:
    """Bytes of a text. What is not UTF-8 gets through as it was read, and the library refuses it."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decode(data: bytes) -> str:
    """Text of bytes; bytes that are not UTF-8 survive the way back through `encode`."""
    return data.decode("utf-8", "surrogateescape")


def c_text(what: str, text: Text) -> bytes:
    """Bytes for a NUL-terminated argument."""
    if not isinstance(text, (str, bytes)):
        raise TypeError(f"{what} must be str or bytes, not {type(text).__name__}")
    data = encode(text)
    if b"\0" in data:
        raise ArgumentError(f"{what} has a NUL byte in it")
    return data


def c_integer(what: str, number: SupportsIndex) -> int:
    """A number for an int64_t."""
    value = operator.index(number)
    if not -_INT64_MAX - 1 <= value <= _INT64_MAX:
        raise RangeError(f"{what} does not fit into 64 bits")
    return value


def c_milliseconds(what: str, duration: SupportsIndex | timedelta) -> int:
    """
    A duration in whole milliseconds. A timedelta is never rounded to 0, which would mean "the default" or "no limit": what
    is shorter than a millisecond is one, and timedelta(0), as `expires - now` may give, is refused like a negative one.
    """
    if not isinstance(duration, timedelta):
        return c_integer(what, duration)
    if duration <= timedelta(0):
        raise RangeError(f"{what}: a timedelta must be above 0")
    return c_integer(what, max(1, duration // timedelta(milliseconds=1)))


def c_real(what: str, number: Real) -> float:
    """A number for a double."""
    if isinstance(number, (str, bytes)):
        raise TypeError(f"{what} must be a number, not {type(number).__name__}")
    try:
        return float(number)
    except OverflowError:
        raise RangeError(f"{what} is too large") from None


def c_document(document: Document) -> bytes:
    """JSON of a document: a text as it is, a mapping turned into JSON."""
    if isinstance(document, (str, bytes)):
        return encode(document)
    if isinstance(document, bytearray):
        return bytes(document)
    if not isinstance(document, Mapping):
        raise TypeError(f"a document must be str, bytes or a mapping, not {type(document).__name__}")
    return encode(json.dumps(dict(document), ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def lent(address: int | None, size: int) -> bytes:
    """A copy of `size` bytes that the library lends."""
    return string_at(address, size) if address else b""


def make_info(record: _ffi.mc_info) -> Info:
    """The record as a frozen value."""
    return Info(
        tier=Tier(record.tier),
        cache=Cache(record.cache),
        flags=Flag(record.flags),
        redis_round_trips=record.redis_round_trips,
        store_calls=record.store_calls,
        age_ms=record.age_ms,
        stale_bound_ms=record.stale_bound_ms,
        elapsed_ns=record.elapsed_ns,
    )


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "surrogateescape")


def _texts(count: int, get: Any, record: int) -> tuple[str, ...]:
    return tuple([decode(get(record, i) or b"") for i in range(count)])


def _number(get: Any, record: int, box: Any) -> Any:
    return box.value if get(record, byref(box)) == _ffi.MC_OK else None


def make_movie(record: int, info: Info) -> Movie:
    """Copy a movie; the reference stays the caller's."""
    year_text = create_string_buffer(_YEAR_BYTES)
    has_year = quick.mc_movie_year_text(record, year_text, _YEAR_BYTES) == _ffi.MC_OK
    json_bytes = _ffi.mc_bytes()
    has_json = quick.mc_movie_json(record, byref(json_bytes)) == _ffi.MC_OK
    return Movie(
        id=decode(quick.mc_movie_id(record)),
        title=_text(quick.mc_movie_title(record)),
        plot=_text(quick.mc_movie_plot(record)),
        poster=_text(quick.mc_movie_poster(record)),
        rated=_text(quick.mc_movie_rated(record)),
        type=_text(quick.mc_movie_type(record)),
        year=_number(quick.mc_movie_year, record, c_int()),
        year_text=decode(year_text.value) if has_year else None,
        runtime=_number(quick.mc_movie_runtime, record, c_int()),
        rating=_number(quick.mc_movie_rating, record, c_double()),
        votes=_number(quick.mc_movie_votes, record, c_int64()),
        imdb_id=_number(quick.mc_movie_imdb_id, record, c_int64()),
        released_ms=_number(quick.mc_movie_released, record, c_int64()),
        genres=_texts(quick.mc_movie_genre_count(record), quick.mc_movie_genre, record),
        directors=_texts(quick.mc_movie_director_count(record), quick.mc_movie_director, record),
        cast=_texts(quick.mc_movie_cast_count(record), quick.mc_movie_cast, record),
        countries=_texts(quick.mc_movie_country_count(record), quick.mc_movie_country, record),
        languages=_texts(quick.mc_movie_language_count(record), quick.mc_movie_language, record),
        json=decode(lent(json_bytes.data, json_bytes.size)) if has_json else None,
        info=info,
    )


def make_theater(record: int, info: Info) -> Theater:
    """Copy a theater; the reference stays the caller's."""
    lon, lat = c_double(), c_double()
    placed = quick.mc_theater_location(record, byref(lon), byref(lat)) == _ffi.MC_OK
    return Theater(
        id=decode(quick.mc_theater_id(record)),
        number=_number(quick.mc_theater_number, record, c_int64()),
        street1=_text(quick.mc_theater_street1(record)),
        street2=_text(quick.mc_theater_street2(record)),
        city=_text(quick.mc_theater_city(record)),
        state=_text(quick.mc_theater_state(record)),
        zipcode=_text(quick.mc_theater_zipcode(record)),
        lon=lon.value if placed else None,
        lat=lat.value if placed else None,
        info=info,
    )
