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
    raised: BaseException | None = None  # must come out of the call
    answer: MflixError | None = None  # was passed to the library; is the cause of the call's own error, if there is one
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

    def wrap(self, function: Callable[..., int], failed: int, *, answers: bool = False) -> Callable[..., int]:
        """`function` for C: an exception becomes the status `failed`; with `answers`, an MflixError gives its own."""

        def guarded(*arguments: Any) -> int:
            place = self._place
            place.depth += 1
            try:
                return function(*arguments)
            except BaseException as e:  # noqa: BLE001 (KeyboardInterrupt too must not be lost in C)
                if answers and isinstance(e, MflixError):
                    place.answer = e
                    return e.code or failed
                place.raised = place.raised or e
                return failed
            finally:
                place.depth -= 1

        return guarded

    def settle(self, error: MflixError | None) -> None:
        """After a call: raise what a callback left, else the call's own error, if there is one."""
        place = self._place
        raised, answer = place.raised, place.answer
        if raised is not None or answer is not None:
            place.raised = place.answer = None
        try:
            if raised is not None:
                raise raised
            if error is not None:
                raise error from answer
        finally:
            del raised, answer, error  # an exception's frames must not hold the exception: no cycles


def returning_none(function: Callable[..., None]) -> Callable[..., int]:
    """For callbacks without a result."""

    def call(*arguments: Any) -> int:
        function(*arguments)
        return _ffi.MC_OK

    return call
