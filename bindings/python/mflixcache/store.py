# SPDX-License-Identifier: Apache-2.0
"""A database of your own behind the cache, written in Python."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import byref, sizeof
from typing import Any, Callable

from mflixcache import _ffi
from mflixcache._call import Document, c_document, decode, lent
from mflixcache._guard import Guard, returning_none
from mflixcache._loader import lib
from mflixcache.errors import UnsupportedError

_STOP = (_ffi.MC_E_RANGE, _ffi.MC_E_NOMEM)


class Store:
    """Derive from it, write `find` and whatever else you can, and give an object of it to `mflixcache.open(store=...)`.

    What is not written makes the calls that need it raise `UnsupportedError`. `collection` is "movies" or "theaters"; documents
    are JSON texts (Extended JSON v2) or mappings with an `_id`. `deadline_ms` counts from now; raise `DeadlineError` when it
    cannot be kept. The methods run on the thread that called the client, many at a time when many threads call; they may not
    use that client.

    An `MflixError` that a method raises is its answer to the library: `ExistsError` from `insert`, `ConflictError` from
    `replace`, `StoreError`. Any other exception comes out of the client's call unchanged.
    """

    def find(self, collection: str, id: str, deadline_ms: int) -> Document | None:
        """The document with this id, or None."""
        raise UnsupportedError("this store has no find")

    def find_many(self, collection: str, ids: list[str], deadline_ms: int) -> Iterable[Document]:
        """Those of these documents (1 to 1,000 distinct ids) that there are, in any order. Without it: `find` for each."""
        raise UnsupportedError("this store has no find_many")

    def find_unique(self, collection: str, field: str, value: str, deadline_ms: int) -> Document | None:
        """The document whose `field` ("title") is `value`, of several the one with the lowest id, or None."""
        raise UnsupportedError("this store has no find_unique")

    def insert(self, collection: str, id: str, json: str, deadline_ms: int) -> None:
        """Insert a document. ExistsError when the id is there already."""
        raise UnsupportedError("this store has no insert")

    def replace(self, collection: str, id: str, expected: str, json: str, deadline_ms: int) -> bool:
        """Put `json` in the place of the document, only if it is still `expected`: exactly the JSON that `find` gave.

        False when there is none. ConflictError when it is another one by now: the library tries again.
        """
        raise UnsupportedError("this store has no replace")

    def remove(self, collection: str, id: str, deadline_ms: int) -> bool:
        """Delete the document. False when there was none."""
        raise UnsupportedError("this store has no remove")

    def scan(self, collection: str, after: str, limit: int, deadline_ms: int) -> Iterable[Document]:
        """Up to `limit` documents with an id above `after`, ascending by id. Without it: no boards, no geo, no warming."""
        raise UnsupportedError("this store has no scan")

    def close(self) -> None:
        """Called once, when the client is closed."""


def _found(done: bool) -> int:
    return _ffi.MC_NOT_FOUND if done is False else _ffi.MC_OK


def make_table(store: Store, guard: Guard) -> _ffi.mc_store:
    """The C table of callbacks. It keeps the callbacks alive, and they the store."""
    table = _ffi.mc_store()
    lib.mc_store_init(byref(table), sizeof(table))

    def one(sink: int, document: Document | None) -> int:
        if document is None:
            return _ffi.MC_NOT_FOUND
        data = c_document(document)
        lib.mc_document_sink_add(sink, data, len(data))  # what it refuses, it remembers
        return _ffi.MC_OK

    def several(sink: int, documents: Iterable[Document]) -> int:
        for document in documents:
            data = c_document(document)
            if lib.mc_document_sink_add(sink, data, len(data)) in _STOP:
                break
        return _ffi.MC_OK

    def find(_user: Any, collection: bytes, key: bytes, deadline_ms: int, sink: int) -> int:
        return one(sink, store.find(decode(collection), decode(key), deadline_ms))

    def find_many(_user: Any, collection: bytes, ids: Any, n: int, deadline_ms: int, sink: int) -> int:
        return several(sink, store.find_many(decode(collection), [decode(ids[i]) for i in range(n)], deadline_ms))

    def find_unique(_user: Any, collection: bytes, field: bytes, value: int, size: int, deadline_ms: int, sink: int) -> int:
        return one(sink, store.find_unique(decode(collection), decode(field), decode(lent(value, size)), deadline_ms))

    def insert(_user: Any, collection: bytes, key: bytes, json: int, size: int, deadline_ms: int) -> int:
        store.insert(decode(collection), decode(key), decode(lent(json, size)), deadline_ms)
        return _ffi.MC_OK

    def replace(
        _user: Any, collection: bytes, key: bytes, old: int, old_size: int, json: int, size: int, deadline_ms: int
    ) -> int:
        expected, wanted = decode(lent(old, old_size)), decode(lent(json, size))
        return _found(store.replace(decode(collection), decode(key), expected, wanted, deadline_ms))

    def remove(_user: Any, collection: bytes, key: bytes, deadline_ms: int) -> int:
        return _found(store.remove(decode(collection), decode(key), deadline_ms))

    def scan(_user: Any, collection: bytes, after: bytes, limit: int, deadline_ms: int, sink: int) -> int:
        return several(sink, store.scan(decode(collection), decode(after), limit, deadline_ms))

    # After a write that raised nobody knows what was written; a read that raised just failed.
    reads: list[Callable[..., int]] = [find, find_many, find_unique, scan]
    for function in (find, find_many, find_unique, insert, replace, remove, scan):
        name = function.__name__
        if getattr(type(store), name) is not getattr(Store, name):
            failed = _ffi.MC_E_STORE if function in reads else _ffi.MC_E_UNKNOWN
            setattr(table, name, getattr(_ffi, f"mc_store_{name}_fn")(guard.wrap(function, failed, answers=True)))
    closing = guard.wrap(returning_none(lambda _user: store.close()), _ffi.MC_E_STORE)

    def close(user: Any) -> None:
        closing(user)

    table.close = _ffi.mc_store_close_fn(close)
    return table
