# SPDX-License-Identifier: Apache-2.0
"""What all calls of a client share: the handle, the records of one call, and what is to be done with its status."""

from __future__ import annotations

import weakref
from ctypes import byref, c_void_p, string_at
from typing import Any, Callable, TypeVar

from mflixcache import _ffi
from mflixcache._call import make_info
from mflixcache._guard import Guard
from mflixcache._loader import lib, quick
from mflixcache.errors import ClosedError, from_record, from_status
from mflixcache.results import Info, Rows, Trace

_T = TypeVar("_T")

MAX_BATCH = 1000


class Keep:
    """Callbacks that C may call: alive until the handle is closed."""

    __slots__ = ("guard", "log", "table")

    def __init__(self, guard: Guard, table: _ffi.mc_store | None = None) -> None:
        self.guard = guard
        self.table = table
        self.log: Any = None


def _close(handle: int, keep: Keep) -> None:
    """The net under a client that nobody closed: runs when it is collected, or at exit."""
    lib.mc_close(handle)
    keep.guard.settle(None)


class ClientBase:
    """The handle. Every method may be called from any thread at once."""

    __slots__ = ("__weakref__", "_finalizer", "_guard", "_handle", "_keep")

    def __init__(self, handle: int, keep: Keep) -> None:
        self._handle = handle
        self._keep = keep
        self._guard = keep.guard
        self._finalizer = weakref.finalize(self, _close, handle, keep)

    @property
    def closed(self) -> bool:
        """True after `close()`."""
        return not self._finalizer.alive

    def close(self) -> None:
        """Close the client; waits for calls under way in other threads. Closing twice is harmless.

        What was read stays valid. ReentrantError from a callback of this client, ForkedError in a child process.
        """
        if self._finalizer.detach() is None:
            return
        status = lib.mc_close(self._handle)
        if status in (_ffi.MC_E_REENTRANT, _ffi.MC_E_FORKED):
            self._finalizer = weakref.finalize(self, _close, self._handle, self._keep)
        self._guard.settle(from_status(status) if status < 0 else None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'closed' if self.closed else 'open'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a client cannot be pickled or copied: open one in each process")

    def _begin(self, trace: Trace | None = None) -> int:
        """The handle for a call."""
        if trace is not None:
            trace.info, trace.infos = None, ()
        if self.closed:
            raise ClosedError
        return self._handle

    def _settle(self, status: int, err: _ffi.mc_error, record: _ffi.mc_info, trace: Trace | None) -> Info:
        """After a call: record how it went, and raise its error."""
        info = make_info(record)
        if trace is not None:
            trace.info = info
        self._guard.settle(from_record(status, err, info) if status < 0 else None)
        return info

    def _simple(self, function: Any, *arguments: Any, trace: Trace | None = None) -> tuple[int, Info]:
        """A call that only has a status."""
        record, err = _ffi.mc_info(), _ffi.mc_error()
        status: int = function(self._begin(trace), *arguments, byref(record), byref(err))
        return status, self._settle(status, err, record, trace)

    def _object(
        self, function: Any, make: Callable[[int, Info], _T], unref: Any, trace: Trace | None, *arguments: Any
    ) -> _T | None:
        """A call that hands over one reference: its object is copied, the reference given back."""
        out, record, err = c_void_p(), _ffi.mc_info(), _ffi.mc_error()
        status = function(self._begin(trace), *arguments, byref(out), byref(record), byref(err))
        try:
            info = self._settle(status, err, record, trace)
            return make(out.value, info) if out.value else None
        finally:
            unref(out)

    def _list(self, function: Any, make: Callable[[c_void_p, int, Info], _T], trace: Trace | None, *arguments: Any) -> Rows[_T]:
        """A call that hands over a list: its rows are copied, the list freed."""
        out, record, err = c_void_p(), _ffi.mc_info(), _ffi.mc_error()
        status = function(self._begin(trace), *arguments, byref(out), byref(record), byref(err))
        try:
            info = self._settle(status, err, record, trace)
            return Rows(tuple([make(out, i, info) for i in range(quick.mc_list_size(out))]), info)
        finally:
            quick.mc_list_free(out)

    def _text(self, function: Any) -> str:
        """A call that hands over a buffer."""
        out, err = c_void_p(), _ffi.mc_error()
        status = function(self._begin(), byref(out), byref(err))
        try:
            self._guard.settle(from_record(status, err) if status < 0 else None)
            return c_string(out)
        finally:
            quick.mc_free(out)


def c_string(out: c_void_p) -> str:
    """The NUL-terminated text at an address."""
    return string_at(out).decode("utf-8", "surrogateescape") if out.value else ""
