# SPDX-License-Identifier: Apache-2.0
"""One exception class per negative status of the C library, all under `MflixError`.

"Not found" is not an error: functions return None or False for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mflixcache import _ffi
from mflixcache._loader import quick
from mflixcache.enums import Tier

if TYPE_CHECKING:
    from mflixcache.results import Info

_RETRIABLE = (_ffi.MC_E_CACHE, _ffi.MC_E_STORE, _ffi.MC_E_TIMEOUT)


class MflixError(Exception):
    """A call failed.

    Attributes:
        code: the status, such as -60.
        name: its name in C, such as "MC_E_STORE".
        tier: where it came from.
        backend_code: errno or the database's own code; 0 when there is none.
        retriable: True when the same call may succeed later.
        text: one line that says what happened.
        info: how far the call had come (tiers asked, time), where the call says so.
    """

    CODE: ClassVar[int] = 0

    def __init__(
        self,
        text: str = "",
        *,
        code: int | None = None,
        tier: Tier = Tier.NONE,
        backend_code: int = 0,
        retriable: bool | None = None,
        info: Info | None = None,
    ) -> None:
        self.code = self.CODE if code is None else code
        self.name: str = quick.mc_status_name(self.code).decode()
        self.tier = tier
        self.backend_code = backend_code
        self.retriable = self.code in _RETRIABLE if retriable is None else retriable
        self.text: str = text or quick.mc_status_text(self.code).decode()
        self.info = info
        super().__init__(self.text)

    def __str__(self) -> str:
        where = "" if self.tier == Tier.NONE else f", {self.tier}"
        return f"{self.text} ({self.name}{where})"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel between processes (multiprocessing, pytest-xdist); keyword arguments would be lost on the way.
        state = (self.text, self.code, self.tier, self.backend_code, self.retriable, self.info)
        return _rebuild, (type(self), *state)


def _rebuild(
    cls: type[MflixError], text: str, code: int, tier: Tier, backend_code: int, retriable: bool, info: Info | None
) -> MflixError:
    return cls(text, code=code, tier=tier, backend_code=backend_code, retriable=retriable, info=info)


class ArgumentError(MflixError):
    """An argument is missing or malformed; nothing was sent."""

    CODE = _ffi.MC_E_ARG


class RangeError(MflixError):
    """A number is outside its documented limits; nothing was sent."""

    CODE = _ffi.MC_E_RANGE


class Utf8Error(MflixError):
    """A text is not valid UTF-8; nothing was sent."""

    CODE = _ffi.MC_E_UTF8


class JsonError(MflixError):
    """A text is not one JSON object, or has a duplicate key; nothing was sent."""

    CODE = _ffi.MC_E_JSON


class DepthError(MflixError):
    """JSON is nested deeper than 64 levels; nothing was sent."""

    CODE = _ffi.MC_E_DEPTH


class FieldError(MflixError):
    """A field name is not allowed; nothing was sent."""

    CODE = _ffi.MC_E_FIELD


class TooBigError(MflixError):
    """A text, key or document is above its limit; nothing was sent."""

    CODE = _ffi.MC_E_TOOBIG


class FieldTypeError(MflixError):
    """A value has the wrong type for its field."""

    CODE = _ffi.MC_E_TYPE


class ExistsError(MflixError):
    """Create: a document with this id is there already."""

    CODE = _ffi.MC_E_EXISTS


class ConflictError(MflixError):
    """The stored document cannot take this change."""

    CODE = _ffi.MC_E_CONFLICT


class NoMemoryError(MflixError):
    """Out of memory; the client is unchanged."""

    CODE = _ffi.MC_E_NOMEM


class ClosedError(MflixError):
    """The client was closed, or is being closed."""

    CODE = _ffi.MC_E_CLOSED


class ForkedError(MflixError):
    """The client was opened by the parent process; open a new one in the child."""

    CODE = _ffi.MC_E_FORKED


class ReentrantError(MflixError):
    """Called from inside a callback of the same client."""

    CODE = _ffi.MC_E_REENTRANT


class InternalError(MflixError):
    """A broken invariant inside the library; please report it."""

    CODE = _ffi.MC_E_INTERNAL


class UriError(MflixError):
    """A URI cannot be understood."""

    CODE = _ffi.MC_E_URI


class TlsError(MflixError):
    """Encryption was asked for and is not available."""

    CODE = _ffi.MC_E_TLS


class OptionError(MflixError):
    """There is no option of this name, or its value does not fit."""

    CODE = _ffi.MC_E_OPTION


class FileError(MflixError):
    """A file cannot be read or written."""

    CODE = _ffi.MC_E_FILE


class CacheError(MflixError):
    """Redis cannot be reached, or answered with an error."""

    CODE = _ffi.MC_E_CACHE


class AuthError(MflixError):
    """A server refused the user, the password or the permission."""

    CODE = _ffi.MC_E_AUTH


class ProtocolError(MflixError):
    """A server answered outside its protocol."""

    CODE = _ffi.MC_E_PROTO


class ClusterError(MflixError):
    """Redis is a cluster node that redirects; one server is spoken to."""

    CODE = _ffi.MC_E_CLUSTER


class DatabaseError(MflixError):
    """What Redis holds under this prefix is of another database."""

    CODE = _ffi.MC_E_DATABASE


class StoreError(MflixError):
    """The database cannot be reached, or answered with an error."""

    CODE = _ffi.MC_E_STORE


class DeadlineError(MflixError, TimeoutError):
    """The deadline passed before an answer. Also a `TimeoutError`."""

    CODE = _ffi.MC_E_TIMEOUT


class UnknownOutcomeError(MflixError):
    """A write was sent and its outcome is not known: read again before repeating it."""

    CODE = _ffi.MC_E_UNKNOWN


class UnsupportedError(MflixError):
    """This store or this build cannot do it."""

    CODE = _ffi.MC_E_UNSUPPORTED


class AbortError(MflixError):
    """A callback asked to stop."""

    CODE = _ffi.MC_E_ABORT


BY_CODE: dict[int, type[MflixError]] = {
    value.CODE: value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, MflixError) and value is not MflixError
}


def from_status(code: int, text: str = "", *, info: Info | None = None) -> MflixError:
    """The exception of a status of which nothing more is known."""
    return BY_CODE.get(code, MflixError)(text, code=code, info=info)


def from_record(code: int, err: _ffi.mc_error, info: Info | None = None) -> MflixError:
    """The exception of a status with its error record."""
    return BY_CODE.get(code, MflixError)(
        err.text.decode("utf-8", "replace"),
        code=code,
        tier=Tier(err.tier),
        backend_code=err.backend_code,
        retriable=bool(err.retriable),
        info=info,
    )
