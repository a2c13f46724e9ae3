# SPDX-License-Identifier: Apache-2.0
"""The package as others get it: types, style, installation, the wheel with the library inside, the example in README.md."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import PACKAGE, ROOT, Redis

import mflixcache

SMOKE = """
import sys, mflixcache
with mflixcache.open(redis=sys.argv[1], cache_prefix="smoke:") as mc:
    mc.create_movie({"_id": {"$oid": "0" * 24}, "title": "Smoke"})
    print(mc.get_movie("0" * 24).title, mc.get_movie("0" * 24).cache, mflixcache.library())
"""


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run([str(c) for c in command], env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    if "No matching distribution found for setuptools" in done.stderr:
        pytest.skip("setuptools cannot be downloaded here")
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def bare(**more: str) -> dict[str, str]:
    """An environment that leads to nothing of ours."""
    left_out = ("MFLIXCACHE_LIBRARY", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    return {**{k: v for k, v in os.environ.items() if k not in left_out}, **more}


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """The interpreter of an empty environment."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", env=bare())
    return tmp_path / "venv/bin/python"


def tool(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")


@pytest.mark.once
def test_types() -> None:
    tool("mypy")
    for version in ("3.9", "3.13"):
        run(sys.executable, "-m", "mypy", "--no-incremental", "--python-version", version, cwd=PACKAGE)
    run(sys.executable, "-m", "mypy", "--no-incremental", "--strict", *sorted((PACKAGE / "tools").glob("*.py")), cwd=PACKAGE)


@pytest.mark.once
def test_types_as_users_see_them(tmp_path: Path) -> None:
    tool("mypy")
    program = tmp_path / "program.py"
    program.write_text(
        "import mflixcache\n"
        "with mflixcache.open() as mc:\n"
        "    reveal_type(mc)\n"
        "    reveal_type(mc.get_movie('x'))\n"
        "    reveal_type(mc.get_movies(['x']))\n"
        "    reveal_type(mc.get_movies(['x'], errors='return'))\n"
        "    reveal_type(mc.top_movies()[0].movie.rating)\n",
        encoding="utf-8",
    )
    mypy = [sys.executable, "-m", "mypy", "--no-incremental", "--strict", "--python-version=3.13"]
    out = run(*mypy, program, env={**os.environ, "MYPYPATH": str(PACKAGE)})
    types = [t.replace("mflixcache.", "").replace("builtins.", "") for t in re.findall(r'type is "(.*)"', out)]
    assert [re.sub(r"(client|results|errors)\.", "", t) for t in types] == [
        "Client",
        "Movie | None",
        "list[Movie | None]",
        "list[Movie | None | MflixError]",
        "float | None",
    ]


@pytest.mark.once
def test_style() -> None:
    tool("ruff")
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".", cwd=PACKAGE)
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".", cwd=PACKAGE)


def test_pip_install_finds_an_installed_library(venv: Path, tmp_path: Path, redis: Redis) -> None:
    source = tmp_path / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", ".*_cache", "__pycache__"))
    run(venv, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", source, env=bare())
    (tmp_path / "lib").mkdir()
    shutil.copy(os.path.realpath(mflixcache.library()), tmp_path / "lib/libmflixcache.so.1")
    out = run(venv, "-I", "-c", SMOKE, redis.uri, env=bare(LD_LIBRARY_PATH=str(tmp_path / "lib")))
    assert out.split() == ["Smoke", "hit", "libmflixcache.so.1"]


def test_wheel_brings_the_library_along(venv: Path, tmp_path: Path, redis: Redis) -> None:
    build: list[Any] = [sys.executable, PACKAGE / "tools/build_wheel.py", "--library", os.environ["MFLIXCACHE_LIBRARY"], "--out"]
    wheel = Path(run(*build, tmp_path / "one").splitlines()[-1])
    assert re.fullmatch(r"mflixcache-[\d.]+-py3-none-linux_\w+\.whl", wheel.name)
    again = Path(run(*build, tmp_path / "two").splitlines()[-1])
    assert wheel.read_bytes() == again.read_bytes(), "the same input gives the same bytes"
    names = zipfile.ZipFile(wheel).namelist()
    assert {"mflixcache/libmflixcache.so.1", "mflixcache/py.typed", "mflixcache/_ffi.py"} <= set(names)
    assert not any("test" in n for n in names)
    run(venv, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel, env=bare())
    title, cache, library = run(venv, "-I", "-c", SMOKE, redis.uri, env=bare()).split()
    assert (title, cache) == ("Smoke", "hit")
    assert library == str(next((tmp_path / "venv/lib").glob("python3.*/site-packages/mflixcache/libmflixcache.so.1")))
    assert "Root-Is-Purelib: false" in next((tmp_path / "venv/lib").glob("*/site-packages/mflixcache-*/WHEEL")).read_text()
    assert "mflixcache" in run(venv, "-m", "pip", "show", "--files", "mflixcache", env=bare())


ALONE = """
import mflixcache
with mflixcache.open(cache_uri="memory:", store="sqlite::memory:") as mc:
    mc.import_movies([{"_id": {"$oid": "573a1394f29313caabcdfa00"}, "title": "Alone"}])
    mc.get_movie("573a1394f29313caabcdfa00")
    print(mc.get_movie("573a1394f29313caabcdfa00").title, mc.get_movie("573a1394f29313caabcdfa00").cache)
names = ("mflixcache", "hiredis", "mongoc", "bson", "jansson", "sqlite3", "cares")
with open("/proc/self/maps") as maps:
    print(*sorted({line.split()[-1] for line in maps if ".so" in line and any("lib" + n in line for n in names)}))
"""


@pytest.mark.once
def test_whole_wheel_needs_nothing(venv: Path, tmp_path: Path) -> None:
    """With auditwheel: `pip install THE.whl` alone, and every library that is loaded is the wheel's own."""
    pytest.importorskip("auditwheel")
    library = os.environ["MFLIXCACHE_LIBRARY"]
    wheel = Path(
        run(
            sys.executable, PACKAGE / "tools/build_wheel.py", "--library", library, "--out", tmp_path / "out", "--whole"
        ).splitlines()[-1]
    )
    assert re.fullmatch(r"mflixcache-[\d.]+-py3-none-manylinux_2_\d+_\w+\.whl", wheel.name), wheel.name
    run(venv, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel, env=bare())
    told, loaded = run(venv, "-I", "-c", ALONE, env=bare()).splitlines()
    assert told == "Alone hit"
    folder = str(tmp_path / "venv/lib")
    assert len(loaded.split()) >= 5 and all(os.path.realpath(p).startswith(os.path.realpath(folder)) for p in loaded.split()), (
        loaded
    )


def python_blocks(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def test_ten_lines_of_the_readme(redis: Redis, tmp_path: Path) -> None:
    """As it stands there; only Redis is elsewhere."""
    (block,) = python_blocks(ROOT / "README.md")
    assert len([line for line in block.splitlines() if line.strip()]) <= 10
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port)}
    out = run(sys.executable, "-X", "dev", "-c", block, env=env, cwd=tmp_path)
    shown = re.search(r"^\$ python3 first.py\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M | re.S)
    assert shown
    assert re.sub(r"\d+ ms", "N ms", out) == re.sub(r"\d+ ms", "N ms", shown[1])


@pytest.mark.once
def test_docs_show_what_happens(redis: Redis, tmp_path: Path) -> None:
    """docs/python.md from top to bottom as one program: each block prints what the block after it shows."""
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|text)\n(.*?)^```", text, flags=re.M | re.S)
    program, wanted = [], []
    for i, (kind, body) in enumerate(blocks):
        if kind == "python":
            program.append(body.replace("redis://localhost", redis.uri))
            program.append(f'print("---- {i}")\n')
            wanted.append("")
        else:
            wanted[-1] += body
    script = tmp_path / "docs.py"
    script.write_text("".join(program), encoding="utf-8")
    out = run(sys.executable, "-X", "dev", script, env={**os.environ, "PYTHONPATH": str(PACKAGE)}, cwd=tmp_path)
    got = re.split(r"^---- \d+\n", out, flags=re.M)[:-1]
    for shown, printed in zip(wanted, got):
        assert varying(printed) == varying(shown), printed
    assert len(got) == len(wanted)


def varying(text: str) -> str:
    """Numbers of milliseconds, and ids made by the library, differ from run to run."""
    return re.sub(r"\b[\d.]+ ms|age_ms=\d+|[0-9a-f]{24}", "N", text)
