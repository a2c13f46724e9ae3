# SPDX-License-Identifier: Apache-2.0
"""Log receivers."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import Any, Callable

import pytest
from conftest import Redis, film, oid

import mflixcache
from mflixcache import Client, LogLevel, Store

Settings = Callable[..., dict[str, Any]]


class Broken(Store):
    """Cannot be scanned: each board that is asked for leaves a line in the log."""

    def find(self, collection: str, id: str, deadline_ms: int) -> Any:
        return film(int(id, 16))

    def scan(self, collection: str, after: str, limit: int, deadline_ms: int) -> Iterable[str]:
        raise mflixcache.StoreError("out of order")


@pytest.fixture
def broken(settings: Settings) -> Any:
    with mflixcache.open(Broken(), **settings()) as client:
        yield client


def provoke(mc: Client) -> None:
    with pytest.raises(mflixcache.StoreError, match="scan movies"):
        mc.top_movies()


def test_a_function(broken: Client) -> None:
    lines: list[tuple[LogLevel, str, int]] = []
    broken.set_log(lambda level, text: lines.append((level, text, threading.get_ident())))
    provoke(broken)
    assert [(level, type(level), who) for level, _t, who in lines] == [(LogLevel.WARN, LogLevel, threading.get_ident())]
    assert "building" in lines[0][1]
    broken.set_log(lambda level, text: lines.append((level, text, 0)), LogLevel.ERROR)
    provoke(broken)
    broken.set_log(None)
    provoke(broken)
    assert len(lines) == 1


def test_a_logger(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "films"), mflixcache.open(Broken(), log=logging.getLogger("films"), **settings()) as mc:
        provoke(mc)
    assert [(r.name, r.levelname) for r in caplog.records] == [("films", "WARNING")]


def test_the_driver_below_prints_nothing() -> None:
    """libmongoc has lines of its own, the least important ones on stdout, where a program's output goes."""
    program = (
        "import mflixcache\n"
        "with mflixcache.open('mongodb://127.0.0.1:1/', 'redis://127.0.0.1:1/0', store_timeout_ms=300) as mc:\n"
        "    try:\n        mc.get_movie('573a1394f29313caabcdfa00')\n"
        "    except mflixcache.MflixError as e:\n        print(type(e).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout in ("StoreError\n", "TimeoutError\n", "UnsupportedError\n") and done.stderr == "", done


def test_redis_going_and_coming(own_redis: Redis) -> None:
    lines: list[str] = []
    with mflixcache.open(
        redis=own_redis.uri, log=lambda _level, text: lines.append(text), cache_backoff_max_ms=10, cache_backoff_min_ms=1
    ) as mc:
        own_redis.stop()
        mc.get_movie(oid(1))
        own_redis.start()
        while not mc.ping().redis:
            pass
    assert lines[0].startswith("Redis is away")
    assert lines[-1].startswith("Redis answers again")


def test_an_exception_comes_out_and_the_work_is_done(own_redis: Redis) -> None:
    def fail(_level: LogLevel, _text: str) -> None:
        raise LookupError("full disk")

    with mflixcache.open(redis=own_redis.uri, log=fail) as mc:
        own_redis.stop()
        with pytest.raises(LookupError, match="full disk"):
            mc.create_movie(film(1))
        assert mc.get_movie(oid(1)) is not None


def test_an_mflix_error_of_a_receiver_comes_out_as_it_is(broken: Client) -> None:
    def fail(_level: LogLevel, _text: str) -> None:
        raise mflixcache.CacheError("mine")

    broken.set_log(fail)
    with pytest.raises(mflixcache.CacheError, match="mine"):
        broken.top_movies()


def test_levels(mc: Client) -> None:
    with pytest.raises(mflixcache.RangeError):
        mc.set_log(print, 99)  # type: ignore[arg-type]


def test_what_cannot_be_logged_to(settings: Settings) -> None:
    """Opening fails as a whole: nothing stays open."""
    with pytest.raises(mflixcache.RangeError):
        mflixcache.open(log=print, log_level=99, **settings())


def test_receivers_may_change_while_others_work(broken: Client) -> None:
    stop = threading.Event()
    seen: list[str] = []
    wrong: list[BaseException] = []

    def work() -> None:
        while not stop.is_set():
            try:
                broken.top_movies()
            except mflixcache.StoreError:
                continue
            except BaseException as e:
                wrong.append(e)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(200):
            broken.set_log(lambda _level, text: seen.append(text), LogLevel.DEBUG)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert wrong == []
    assert seen
