# SPDX-License-Identifier: Apache-2.0
"""The raw layer against the headers, the library and the compiler; the friendly layer against the raw one."""

from __future__ import annotations

import ast
import ctypes
import dataclasses
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT

import mflixcache
from mflixcache import _ffi, _loader, enums, errors, results

SOURCES = sorted((PACKAGE / "mflixcache").glob("*.py"))
STRUCTS = [
    c for c in vars(_ffi).values() if isinstance(c, type) and issubclass(c, ctypes.Structure) and c.__module__ == _ffi.__name__
]


def header_functions() -> set[str]:
    """Read anew and in another way than the generator does."""
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "include/mflixcache").glob("*.h*") if p.suffix != ".hpp")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return {m for m in re.findall(r"^MC_API\b[^;(]*?\b(mc_\w+)\(", text, flags=re.M)}


def test_the_raw_layer_is_up_to_date() -> None:
    subprocess.run([sys.executable, str(PACKAGE / "tools/generate_ffi.py"), "--check"], check=True)


def test_every_function_of_the_headers_is_there_and_in_the_library() -> None:
    assert set(_ffi.FUNCTIONS) == header_functions()
    exported = set(re.findall(r"^mc_\w+", (ROOT / "tests/abi/exports.txt").read_text(encoding="utf-8"), re.M))
    assert set(_ffi.FUNCTIONS) == {e.split("@")[0] for e in exported if e.startswith("mc_")}
    fresh = ctypes.CDLL(_loader.library_name)
    assert _loader.bind(fresh) == []


def test_every_function_is_used_by_the_friendly_layer() -> None:
    """By its name as an attribute in the code, not in a comment."""
    used = set()
    for path in SOURCES:
        if path.name != "_ffi.py":
            used |= {n.attr for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Attribute)}
    # Python counts references itself: what a call hands over is copied and given back at once.
    # The worst of findings is the maximum of their severities.
    assert header_functions() - used == {"mc_findings_worst", "mc_movie_ref", "mc_theater_ref"}


def test_every_client_function_is_a_method_of_both_clients() -> None:
    takes_handle = {n for n in _ffi.FUNCTIONS if re.search(rf"\b{n}\(mc_client \*", headers_flat())}
    opens = inspect.signature(mflixcache.AsyncClient.session_open)
    assert opens.parameters == inspect.signature(mflixcache.Client.session_open).parameters
    for name in takes_handle - {"mc_close", "mc_session_open"}:
        plain = inspect.signature(getattr(mflixcache.Client, name[3:]))
        coroutine = getattr(mflixcache.AsyncClient, name[3:])
        assert inspect.iscoroutinefunction(coroutine), name
        assert inspect.signature(coroutine) == plain, name
    assert {"mc_close", "mc_get_movie", "mc_set_log"} <= takes_handle
    assert inspect.iscoroutinefunction(mflixcache.AsyncClient.aclose)


def headers_flat() -> str:
    return " ".join(p.read_text(encoding="utf-8") for p in (ROOT / "include/mflixcache").glob("*.h"))


def test_sizes_that_the_headers_promise() -> None:
    assert ctypes.sizeof(_ffi.mc_error) == _ffi.MC_ERROR_SIZE == 512
    assert ctypes.sizeof(_ffi.mc_info) == _ffi.MC_INFO_SIZE == 128
    assert ctypes.sizeof(_ffi.mc_stats) == _ffi.MC_STATS_SIZE == 512


def test_every_struct_is_laid_out_as_the_compiler_does(tmp_path: Path) -> None:
    cc = shutil.which("cc") or shutil.which("gcc")
    if not cc:
        pytest.skip("there is no C compiler")
    lines = ["#include <mflixcache/mflixcache.h>", "#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]
    wanted = []
    for struct in STRUCTS:
        name = struct.__name__
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        wanted.append(f"{name} {ctypes.sizeof(struct)}")
        for field in struct._fields_:
            at = getattr(struct, field[0])
            sizes = f"offsetof({name}, {field[0]}), sizeof((({name} *)0)->{field[0]})"
            lines.append(f'printf("{name}.{field[0]} %zu %zu\\n", {sizes});')
            wanted.append(f"{name}.{field[0]} {at.offset} {at.size}")
    for name, value in vars(_ffi).items():
        if name.startswith("MC_"):
            lines.append(f'printf("{name} %d\\n", (int){name});')
            wanted.append(f"{name} {value}")
    (tmp_path / "mflixcache").mkdir()
    template = (ROOT / "include/mflixcache/version.h.in").read_text(encoding="utf-8")
    major, minor, patch = mflixcache.version().split(".")
    for key, value in (("_MAJOR", major), ("_MINOR", minor), ("_PATCH", patch), ("", mflixcache.version())):
        template = template.replace(f"@PROJECT_VERSION{key}@", value)
    (tmp_path / "mflixcache/version.h").write_text(template, encoding="utf-8")
    source, program = tmp_path / "sizes.c", tmp_path / "sizes"
    source.write_text("\n".join([*lines, "return 0; }"]), encoding="utf-8")
    subprocess.run([cc, "-I", str(ROOT / "include"), "-I", str(tmp_path), str(source), "-o", str(program)], check=True)
    assert subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines() == wanted


@pytest.mark.parametrize(
    ("name", "enum", "prefix"),
    [
        ("mc_status_code", enums.Status, "MC_"),
        ("mc_tier", enums.Tier, "MC_TIER_"),
        ("mc_cache_outcome", enums.Cache, "MC_CACHE_"),
        ("mc_info_flag", enums.Flag, "MC_FLAG_"),
        ("mc_warm_what", enums.Warm, "MC_WARM_"),
        ("mc_import_mode", enums.ImportMode, "MC_IMPORT_"),
        ("mc_log_level", enums.LogLevel, "MC_LOG_"),
        ("mc_severity", enums.Severity, "MC_SEVERITY_"),
        ("mc_inspected", enums.Inspected, "MC_INSPECT_"),
    ],
)
def test_enumerations_are_complete(name: str, enum: type[enums.Tier], prefix: str) -> None:
    members = {key: int(value) for key, value in enum.__members__.items()}
    assert members == {key[len(prefix) :]: getattr(_ffi, key) for key in _ffi.ENUMS[name]}


def test_all_enumerations_are_compared_above() -> None:
    assert len(_ffi.ENUMS) == 9


def test_each_negative_status_has_one_exception() -> None:
    negative = {getattr(_ffi, key) for key in _ffi.ENUMS["mc_status_code"] if getattr(_ffi, key) < 0}
    assert set(errors.BY_CODE) == negative
    for code, kind in errors.BY_CODE.items():
        assert kind.__name__ in mflixcache.__all__
        assert kind("x").code == code
        assert kind.__doc__


def test_records_have_all_their_fields() -> None:
    for struct, kind in ((_ffi.mc_info, results.Info), (_ffi.mc_stats, results.Stats)):
        raw = [f[0] for f in struct._fields_ if not f[0].startswith("reserved")]
        assert sorted(raw) == sorted(f.name for f in dataclasses.fields(kind))


def test_every_field_of_documents_has_its_accessor() -> None:
    for kind, name in ((results.Movie, "movie"), (results.Theater, "theater")):
        accessors = {f[len(f"mc_{name}_") :] for f in _ffi.FUNCTIONS if f.startswith(f"mc_{name}_")}
        accessors = {a for a in accessors if a not in ("ref", "unref", "rank") and not a.endswith("_count")}
        renamed = {
            "genre": "genres",
            "director": "directors",
            "released": "released_ms",
            "country": "countries",
            "language": "languages",
        }
        expected = {renamed.get(a, a) for a in accessors} | {"info"}
        if "location" in expected:
            expected = expected - {"location"} | {"lon", "lat"}
        assert {f.name for f in dataclasses.fields(kind)} == expected


def test_version_is_the_librarys() -> None:
    cmake = re.search(r"project\(mflixcache VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert cmake
    assert mflixcache.__version__ == cmake[1] == mflixcache.version()
    assert mflixcache.version_number() // 10000 == _ffi.MC_VERSION_MAJOR


def test_about() -> None:
    assert "redis" in mflixcache.features()
    assert mflixcache.library()
    assert [mflixcache.tier_name(t) for t in mflixcache.Tier] == [str(t) for t in mflixcache.Tier]


def test_all_public_names_have_docstrings() -> None:
    for name in mflixcache.__all__:
        thing = getattr(mflixcache, name)
        if not isinstance(thing, str):
            assert thing.__doc__, name
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                if not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{attribute}"
