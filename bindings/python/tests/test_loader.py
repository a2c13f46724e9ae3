# SPDX-License-Identifier: Apache-2.0
"""Finding the C library, and refusing the wrong one."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import PACKAGE

import mflixcache
from mflixcache import _ffi, _loader

Python = Callable[..., "subprocess.CompletedProcess[str]"]
SHOW = "import mflixcache; print(mflixcache.library())"


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str, str], Path]:
    """A shared library made of a few lines of C."""
    cc = shutil.which("cc") or shutil.which("gcc")
    if not cc:
        pytest.skip("there is no C compiler")

    def make(name: str, source: str) -> Path:
        (tmp_path / "x.c").write_text(source, encoding="utf-8")
        target = tmp_path / name
        subprocess.run([cc, "-shared", "-fPIC", "-o", str(target), str(tmp_path / "x.c")], check=True)
        return target

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The library under its soname in a folder of its own, as an installation has it."""
    target = tmp_path / "lib"
    target.mkdir()
    shutil.copy(os.path.realpath(mflixcache.library()), target / "libmflixcache.so.1")
    return target


def test_by_environment_variable(python: Python) -> None:
    assert python(SHOW).stdout.strip() == os.environ["MFLIXCACHE_LIBRARY"]


def test_by_the_dynamic_linker(python: Python, folder: Path) -> None:
    done = python(SHOW, env={"MFLIXCACHE_LIBRARY": "", "LD_LIBRARY_PATH": str(folder)})
    assert done.stdout.strip() == "libmflixcache.so.1", done.stderr


def test_beside_the_package_comes_first(python: Python, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "mflixcache", tmp_path / "copy/mflixcache", ignore=shutil.ignore_patterns("__pycache__"))
    beside = tmp_path / "copy/mflixcache/libmflixcache.so.1"
    shutil.copy(folder / "libmflixcache.so.1", beside)
    env = {"MFLIXCACHE_LIBRARY": "", "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(tmp_path / "copy")}
    assert python(SHOW, env=env).stdout.strip() == str(beside)


def test_by_find_library(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("MFLIXCACHE_LIBRARY")
    monkeypatch.setattr(_loader, "SONAME", "libmflixcache.so.no")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: str(folder / f"lib{name}.so.1"))
    assert _loader.load().name == str(folder / "libmflixcache.so.1")


def test_nothing_found_lists_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MFLIXCACHE_LIBRARY")
    monkeypatch.setattr(_loader, "SONAME", "libmflixcache.so.no")
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(ImportError) as caught:
        _loader.load()
    for part in ("beside the package", "the dynamic linker", "find_library", "MFLIXCACHE_LIBRARY"):
        assert part in str(caught.value)


def test_a_named_file_that_is_not_there_is_no_hint_but_an_order(python: Python, folder: Path) -> None:
    done = python(SHOW, env={"MFLIXCACHE_LIBRARY": "/nowhere/lib.so", "LD_LIBRARY_PATH": str(folder)})
    assert done.returncode == 1
    assert "/nowhere/lib.so" in done.stderr


def test_no_libmflixcache(python: Python, compiled: Any) -> None:
    wrong = compiled("libother.so", "int x;")
    done = python(SHOW, env={"MFLIXCACHE_LIBRARY": str(wrong)})
    assert done.returncode == 1
    assert "is not libmflixcache" in done.stderr


def test_another_major_version(python: Python, compiled: Any) -> None:
    wrong = compiled("libmflixcache.so.1", "int mc_version_number(void) { return 70000 + 203; }")
    done = python(SHOW, env={"MFLIXCACHE_LIBRARY": str(wrong)})
    assert done.returncode == 1
    assert f"has major version 7; this package is for {_ffi.MC_VERSION_MAJOR}" in done.stderr


def test_functions_that_an_older_library_lacks(python: Python, compiled: Any) -> None:
    """The package can be imported; what is not there says so when it is asked for."""
    old = compiled(
        "libmflixcache.so.1",
        f"int mc_version_number(void) {{ return {_ffi.MC_VERSION_MAJOR * 10000}; }}"
        'const char *mc_status_name(int s) { return "MC_E_UNSUPPORTED"; }'
        'const char *mc_status_text(int s) { return ""; }',
    )
    script = "import mflixcache\ntry: mflixcache.open()\nexcept mflixcache.UnsupportedError as e: print(e)"
    done = python(script, env={"MFLIXCACHE_LIBRARY": str(old)})
    assert "too old: it has no mc_options_new" in done.stdout, done.stderr
