# SPDX-License-Identifier: Apache-2.0
"""A Redis of our own on a free port, clients with key prefixes of their own, scripts in interpreters of their own."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

import mflixcache

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
ROOT = PACKAGE.parents[1]
_numbers = itertools.count()

for _name in [n for n in os.environ if n in ("MONGO_URL", "REDIS_HOST", "REDIS_PORT") or n.startswith("MFLIXCACHE_")]:
    if _name != "MFLIXCACHE_LIBRARY":
        del os.environ[_name]


class Redis:
    """One redis-server, ended by its process, never by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        for _ in range(10):
            if not self.port:
                with socket.socket() as s:
                    s.bind(("127.0.0.1", 0))
                    self.port = s.getsockname()[1]
            command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._ours():
                return
            self.stop()
            self.port = 0
        raise RuntimeError("redis-server does not start")

    def _ours(self) -> bool:
        """True when what answers on the port is the process we started."""
        assert self.process
        for _ in range(200):
            if self.process.poll() is not None:
                return False
            try:
                if f"process_id:{self.process.pid}\r\n" in self.command("INFO server"):
                    return True
            except OSError:
                time.sleep(0.025)
        return False

    def command(self, line: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
            s.sendall(line.encode() + b"\r\n")
            s.settimeout(5)
            return s.recv(65536).decode()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed")
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """One that the test may stop."""
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(redis: Redis) -> Callable[..., dict[str, Any]]:
    """Arguments of open(): our Redis, keys of their own."""

    def make(**more: Any) -> dict[str, Any]:
        return {"redis": redis.uri, "cache_prefix": f"t{os.getpid()}.{next(_numbers)}:", **more}

    return make


@pytest.fixture
def mc(settings: Callable[..., dict[str, Any]]) -> Iterator[mflixcache.Client]:
    """A client over an empty database in memory."""
    with mflixcache.open(**settings()) as client:
        yield client


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script in a fresh interpreter with this package."""

    def run(script: str, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        surroundings = {**os.environ, "PYTHONPATH": str(PACKAGE), **(env or {})}
        surroundings = {k: v for k, v in surroundings.items() if v}
        return subprocess.run(
            [sys.executable, "-X", "dev", "-c", script, *arguments],
            env=surroundings,
            cwd=tmp_path,  # -c puts the working folder before all others
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    return run


def oid(number: int) -> str:
    """An id."""
    return f"{number:024x}"


def film(number: int, **fields: Any) -> dict[str, Any]:
    """A document."""
    return {"_id": {"$oid": oid(number)}, "title": f"Film {number}", "imdb": {"rating": number % 100 / 10}, **fields}
