# SPDX-License-Identifier: Apache-2.0
"""String keys, and values through Redis, a snapshot file and a loader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref, c_char_p, c_int, c_int64, c_size_t, c_void_p, cast, string_at
from datetime import timedelta
from typing import Any, Callable, Optional, SupportsIndex

from mflixcache import _ffi
from mflixcache._base import ClientBase
from mflixcache._call import Text, c_milliseconds, c_text, decode, encode, make_info
from mflixcache._loader import lib, quick
from mflixcache.errors import from_record
from mflixcache.results import Info, Snapshot, Trace

Load = Callable[[str, int], Optional[Text]]


def _value(value: Text) -> bytes:
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"value must be str or bytes, not {type(value).__name__}")
    return encode(value)


def _ttl(ttl_ms: SupportsIndex | timedelta) -> int:
    return c_milliseconds("ttl_ms", ttl_ms)


class _Entries:
    """A mapping as an array of mc_entry; the bytes live as long as this."""

    def __init__(self, entries: Mapping[str, Text]) -> None:
        if not isinstance(entries, Mapping):
            raise TypeError(f"entries must be a mapping of keys to values, not {type(entries).__name__}")
        self.bytes = [(c_text("key", key), _value(value)) for key, value in entries.items()]
        self.n = len(self.bytes)
        self.array = (_ffi.mc_entry * max(self.n, 1))()
        for slot, (key, value) in zip(self.array, self.bytes):
            slot.key, slot.value, slot.size = key, cast(c_char_p(value), c_void_p), len(value)


class TierCalls(ClientBase):
    """kv.h and tiers.h."""

    __slots__ = ()

    def put(self, key: Text, value: Text, *, ttl_ms: SupportsIndex | timedelta = 0) -> Info:
        """Set a key in Redis: status, configuration. Any bytes; a str is stored as UTF-8. ttl_ms 0: the option kv.ttl_ms."""
        data = _value(value)
        return self._simple(lib.mc_put, c_text("key", key), data, len(data), _ttl(ttl_ms))[1]

    def put_many(self, entries: Mapping[str, Text], *, ttl_ms: SupportsIndex | timedelta = 0) -> Info:
        """Set up to 1,000 keys in one exchange with Redis: as `put` for each."""
        array = _Entries(entries)
        return self._simple(lib.mc_put_many, array.array, array.n, _ttl(ttl_ms), None)[1]

    def get(self, key: Text, *, trace: Trace | None = None) -> bytes | None:
        """The bytes of a key, or None."""
        return self._bytes(lib.mc_get, c_text("key", key), trace=trace)

    def remove(self, key: Text, *, trace: Trace | None = None) -> bool:
        """Remove a key. False when it was not set."""
        return self._simple(lib.mc_remove, c_text("key", key), trace=trace)[0] == _ffi.MC_OK

    def get_or_load(
        self,
        key: Text,
        load: Load | None = None,
        *,
        ttl_ms: SupportsIndex | timedelta = 0,
        trace: Trace | None = None,
    ) -> bytes | None:
        """The value of a key through the tiers of the option read.tiers: Redis, the snapshot file, `load`. None: there is none.

        `load(key, deadline_ms)` gives the value, or None when the source knows that there is none. It runs once however many
        ask, on the thread of one of them, and may not use this client. What it raises comes out of this call; an `MflixError`
        is its answer to the library, which goes on to the next tier. `trace.info` says which tier answered, how old the answer
        is, and with `Flag.STALE` that it came from the file.
        """

        loader = self._loader(load)
        return self._bytes(lib.mc_get_or_load, c_text("key", key), _ttl(ttl_ms), loader, None, trace=trace)

    def get_many_or_load(
        self,
        keys: Iterable[Text],
        load: Load | None = None,
        *,
        ttl_ms: SupportsIndex | timedelta = 0,
        trace: Trace | None = None,
    ) -> list[bytes | None]:
        """The values of up to 1,000 keys, in their order; those that Redis has come by one exchange.

        `load` as for `get_or_load`, called once for each key that is to be loaded. When a key could not be read, its exception is
        raised; `trace.infos` has a record for each.
        """
        if isinstance(keys, (str, bytes)):
            raise TypeError("keys must be an iterable of keys, not one key")
        names = [c_text("key", key) for key in keys]
        n, loader, err = len(names), self._loader(load), _ffi.mc_error()
        out, sizes, statuses, records = (c_void_p * n)(), (c_size_t * n)(), (c_int * n)(), (_ffi.mc_info * n)()
        array = (c_char_p * n)(*names)
        milliseconds = _ttl(ttl_ms)
        status = lib.mc_get_many_or_load(
            self._begin(trace), array, n, milliseconds, loader, None, out, sizes, statuses, records, byref(err)
        )
        try:
            if trace is not None and status >= 0 and n > 0:
                trace.infos = tuple(make_info(record) for record in records)
                trace.info = trace.infos[-1]
            bad = next((s for s in statuses if s < 0), 0) if status >= 0 else status
            self._guard.settle(from_record(bad, err) if bad else None)
            return [string_at(p, size) if p else None for p, size in zip(out, sizes)]
        finally:
            for p in out:
                quick.mc_free(p)

    def _loader(self, load: Load | None) -> Any:
        """`load` for C. The caller keeps it until its call has returned."""
        if load is None:
            return _ffi.mc_load_fn()
        function = load

        def answer(_user: Any, name: bytes, deadline_ms: int, sink: int) -> int:
            value = function(decode(name), deadline_ms)
            if value is None:
                return _ffi.MC_NOT_FOUND
            data = _value(value)
            lib.mc_value_sink_set(sink, data, len(data))  # what it refuses, it remembers
            return _ffi.MC_OK

        return _ffi.mc_load_fn(self._guard.wrap(answer, _ffi.MC_E_ABORT, answers=True))

    def save_snapshot(self, entries: Mapping[str, Text]) -> None:
        """Write the snapshot file (option snapshot.path): exactly these entries, by one atomic rename."""
        array, err = _Entries(entries), _ffi.mc_error()
        status = lib.mc_save_snapshot(self._begin(), array.array, array.n, byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)

    def load_snapshot(self) -> Snapshot | None:
        """Read and check the snapshot file now; reads do so by themselves when it has changed. None: there is no file."""
        n, written, err = c_size_t(), c_int64(), _ffi.mc_error()
        status = lib.mc_load_snapshot(self._begin(), byref(n), byref(written), byref(err))
        self._guard.settle(from_record(status, err) if status < 0 else None)
        return Snapshot(n.value, written.value) if status == _ffi.MC_OK else None

    def _bytes(self, function: Any, *arguments: Any, trace: Trace | None) -> bytes | None:
        """A call that hands over a buffer and its length."""
        out, size = c_void_p(), c_size_t()
        try:
            self._simple(function, *arguments, byref(out), byref(size), trace=trace)
            return string_at(out, size.value) if out.value else None
        finally:
            quick.mc_free(out)
