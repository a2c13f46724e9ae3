# SPDX-License-Identifier: Apache-2.0
"""Exceptions inside callbacks: kept while C is on the stack, raised when the call that ran the callback has come back.

C cannot be unwound by a Python exception, so a callback returns a status and leaves the exception here. Callbacks run on the
thread that made the call, so what is kept belongs to one thread.
"""

from __future__ import annotations

import threading
from typing import Any, Callable

from mflixcache import _ffi
from mflixcache.errors import MflixError


class _Place(threading.local):
    exception: BaseException | None = None
    depth: int = 0


class Guard:
    """What the callbacks of one client leave behind. Knows nothing of the client: the two must not keep each other alive."""

    __slots__ = ("_place",)

    def __init__(self) -> None:
        self._place = _Place()

    @property
    def inside(self) -> bool:
        """True while this thread is in a callback of this client."""
        return self._place.depth > 0

    def take(self) -> BaseException | None:
        """What this thread's callbacks have left; it is forgotten here."""
        kept = self._place.exception
        if kept is not None:
            self._place.exception = None
        return kept

    def wrap(self, function: Callable[..., int], failed: int) -> Callable[..., int]:
        """`function` for C: an exception becomes a status. An MflixError is an answer and gives its own, others give `failed`."""

        def guarded(*arguments: Any) -> int:
            place = self._place
            place.depth += 1
            try:
                return function(*arguments)
            except MflixError as e:
                if place.exception is None or isinstance(place.exception, MflixError):
                    place.exception = e
                return e.code or failed
            except BaseException as e:  # noqa: BLE001 (KeyboardInterrupt too must not be lost in C)
                if place.exception is None or isinstance(place.exception, MflixError):
                    place.exception = e
                return failed
            finally:
                place.depth -= 1

        return guarded

    def settle(self, error: MflixError | None) -> None:
        """After a call: raise what a callback left, else the call's own error, if there is one."""
        kept = self.take()
        if kept is not None and not isinstance(kept, MflixError):
            try:
                raise kept
            finally:
                del kept  # the exception's frames hold this one: no cycle
        if error is not None:
            raise error from kept


def returning_none(function: Callable[..., None]) -> Callable[..., int]:
    """For callbacks without a result."""

    def call(*arguments: Any) -> int:
        function(*arguments)
        return _ffi.MC_OK

    return call
