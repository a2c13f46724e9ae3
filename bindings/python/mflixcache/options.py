# SPDX-License-Identifier: Apache-2.0
"""Settings: the library's one table of keys, from code, the environment or a file."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Mapping
from ctypes import byref, create_string_buffer, memmove
from datetime import timedelta
from typing import Union

from mflixcache import _ffi
from mflixcache._call import c_milliseconds, c_text, decode
from mflixcache._loader import lib, quick
from mflixcache.errors import ArgumentError, NoMemoryError, from_record
from mflixcache.results import OptionInfo

Setting = Union[str, bytes, bool, int, timedelta]

_VALUE_BYTES = 4096


def option_table() -> tuple[OptionInfo, ...]:
    """Every option there is: key, type, default, range, help."""
    rows: list[OptionInfo] = []
    row = _ffi.mc_option_info()
    while quick.mc_option_at(len(rows), byref(row)) == _ffi.MC_OK:
        rows.append(
            OptionInfo(
                key=decode(row.key),
                type=decode(row.type),
                default=decode(row.default_value),
                range=decode(row.range),
                help=decode(row.help),
                env=decode(row.env),
                secret=bool(row.secret),
            )
        )
    return tuple(rows)


def option_key(name: str) -> str:
    """The key for a name as a Python keyword can have it: `write_mode` for "write.mode"."""
    if "." in name:
        return name
    for row in option_table():
        if row.key.replace(".", "_") == name:
            return row.key
    return name  # the library says best what is wrong with it


def setting_text(key: str, value: Setting) -> bytes:
    """A setting as the text the library reads."""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return str(value).encode()
    if isinstance(value, timedelta):
        return str(c_milliseconds(key, value)).encode()
    return c_text(key, value)


class Options:
    """Settings collected before `mflixcache.open(options=...)`; later ones win. For one thread at a time."""

    __slots__ = ("__weakref__", "_finalizer", "_key_password", "_password_error", "_pointer")

    def __init__(self, settings: Mapping[str, Setting] | None = None) -> None:
        pointer = lib.mc_options_new()
        if not pointer:
            raise NoMemoryError
        self._pointer: int = pointer
        self._key_password = _ffi.mc_password_fn()
        self._password_error: BaseException | None = None
        # Freeing overwrites passwords, so it happens at exit too.
        self._finalizer = weakref.finalize(self, lib.mc_options_free, pointer)
        for key, value in (settings or {}).items():
            self.set(key, value)

    @property
    def pointer(self) -> int:
        """The C object, for calls of the raw layer."""
        return self._pointer

    def set(self, key: str, value: Setting) -> None:
        """Set one option: "write.mode" or write_mode. Numbers, booleans and timedeltas become text."""
        err = _ffi.mc_error()
        key = option_key(key)
        status = lib.mc_options_set(self._pointer, c_text("key", key), setting_text(key, value), byref(err))
        if status != _ffi.MC_OK:
            raise from_record(status, err)

    def get(self, key: str) -> str:
        """The value of an option as text; of a password "***"."""
        err = _ffi.mc_error()
        buffer = create_string_buffer(_VALUE_BYTES)
        status = lib.mc_options_get(self._pointer, c_text("key", option_key(key)), buffer, _VALUE_BYTES, byref(err))
        if status != _ffi.MC_OK:
            raise from_record(status, err)
        return decode(buffer.value)

    def set_key_password(self, password: Callable[[], bytes | str] | None) -> None:
        """
        Set who knows the password of the private key in cache.tls_key_file; asked once by each `mflixcache.open`. None: nobody.

        What it raises, `mflixcache.open` raises.
        """

        def give(_user: object, buf: int, size: int) -> int:
            if password is None:
                return -1
            try:
                text = password()
                data = text.encode() if isinstance(text, str) else bytes(text)
            except BaseException as error:  # noqa: BLE001 - nothing may pass through C
                self._password_error = error
                return -1
            if len(data) >= size:
                return -1
            memmove(buf, data, len(data))
            return len(data)

        err = _ffi.mc_error()
        callback = _ffi.mc_password_fn(give) if password is not None else _ffi.mc_password_fn()
        status = lib.mc_options_set_key_password(self._pointer, callback, None, byref(err))
        if status != _ffi.MC_OK:
            raise from_record(status, err)
        self._key_password = callback  # it lives as long as it may be called

    def take_password_error(self) -> BaseException | None:
        """What the callback of `set_key_password` has raised, once."""
        error, self._password_error = self._password_error, None
        return error

    def load_env(self) -> None:
        """
        Take settings from MONGO_URL, REDIS_HOST, REDIS_PORT and MFLIXCACHE_<KEY>. Warns of variables that begin with MFLIXCACHE_
        and belong to no option.
        """
        err = _ffi.mc_error()
        status = lib.mc_options_load_env(self._pointer, byref(err))
        if status != _ffi.MC_OK:
            raise from_record(status, err)
        if err.text:
            warnings.warn(decode(err.text), stacklevel=2)

    def load_file(self, path: str | os.PathLike[str]) -> None:
        """Take settings from a JSON file."""
        name = os.fsencode(path)
        if b"\0" in name:
            raise ArgumentError("path has a NUL byte in it")
        err = _ffi.mc_error()
        status = lib.mc_options_load_file(self._pointer, name, byref(err))
        if status != _ffi.MC_OK:
            raise from_record(status, err)

    def __repr__(self) -> str:
        changed = {row.key: self.get(row.key) for row in option_table() if self.get(row.key) != row.default}
        return f"Options({changed!r})"
