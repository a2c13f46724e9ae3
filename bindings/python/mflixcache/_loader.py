# SPDX-License-Identifier: Apache-2.0
"""Finds the C library, refuses the wrong one, and gives every function its prototype.

Two views of one library: `lib` lets other threads run during a call (all that may wait); `quick` keeps the interpreter, which is
faster for the accessors: they read memory and are over before a switch would have paid.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mflixcache import _ffi

ENVIRONMENT = "MFLIXCACHE_LIBRARY"
SONAME = "libmflixcache.so.1"
_HERE = Path(__file__).resolve().parent


class Loaded(NamedTuple):
    """The library that was found."""

    lib: Any
    quick: Any
    name: str


def candidates() -> Iterator[tuple[str, str | None]]:
    """Where to look, in this order: (why, name for dlopen or None when there is nothing to try)."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        # Whoever names a file wants that file: no other one is taken silently in its place.
        yield ENVIRONMENT, named
        return
    beside = _HERE / SONAME
    yield "beside the package", str(beside) if beside.exists() else None
    yield "the dynamic linker", SONAME
    yield "ctypes.util.find_library", ctypes.util.find_library("mflixcache")


def load() -> Loaded:
    """The first candidate that fits; ImportError with all attempts when there is none."""
    attempts = []
    for why, name in candidates():
        if name is None:
            attempts.append(f"{why}: {_HERE / SONAME if why.startswith('beside') else 'libmflixcache'}: not there")
            continue
        try:
            lib: Any = ctypes.CDLL(name)
            check(lib)
        except (OSError, ImportError) as e:
            attempts.append(f"{why}: {name}: {e}")
            continue
        quick: Any = ctypes.PyDLL(name, handle=lib._handle)
        bind(lib)
        bind(quick)
        silence_driver(lib)
        return Loaded(lib, quick, name)
    raise ImportError(
        "the C library libmflixcache was not found:\n  "
        + "\n  ".join(attempts)
        + f"\nInstall it, or name its file in {ENVIRONMENT}."
    )


def silence_driver(lib: Any) -> None:
    """libmongoc prints lines of its own, some to stdout. What matters is in exceptions and in the log."""
    try:
        set_handler = lib.mongoc_log_set_handler  # of a library underneath; not there in a build without MongoDB
    except AttributeError:
        return
    set_handler.restype, set_handler.argtypes = None, (ctypes.c_void_p, ctypes.c_void_p)
    set_handler(None, None)


def check(lib: Any) -> None:
    """Refuse what is not libmflixcache, or one of another major version: its structs may have other shapes."""
    try:
        number = lib.mc_version_number
    except AttributeError:
        raise ImportError("is not libmflixcache (it has no mc_version_number)") from None
    number.restype, number.argtypes = ctypes.c_int, ()
    major = number() // 10000
    if major != _ffi.MC_VERSION_MAJOR:
        raise ImportError(f"has major version {major}; this package is for {_ffi.MC_VERSION_MAJOR}")


def bind(lib: Any) -> list[str]:
    """Set the prototypes. Functions that an older minor version lacks raise when called; their names are returned."""
    missing = []
    for name, (result, arguments) in _ffi.FUNCTIONS.items():
        try:
            function = getattr(lib, name)
        except AttributeError:
            missing.append(name)
            setattr(lib, name, _absent(name))
            continue
        function.restype, function.argtypes = result, arguments
    return missing


def _absent(name: str) -> Any:
    def absent(*_arguments: object) -> Any:
        from mflixcache.errors import UnsupportedError  # noqa: PLC0415 (late: errors asks the library for texts)

        raise UnsupportedError(text=f"the libmflixcache that was loaded is too old: it has no {name}")

    return absent


_loaded = load()
lib: Any = _loaded.lib
quick: Any = _loaded.quick
library_name: str = _loaded.name
