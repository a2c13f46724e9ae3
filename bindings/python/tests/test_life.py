# SPDX-License-Identifier: Apache-2.0
"""Closing, collecting, forking, exiting, many threads."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import subprocess
import threading
import time
from typing import Any, Callable

import pytest
from conftest import Redis, film, oid

import mflixcache
from mflixcache import Client, Store

Settings = Callable[..., dict[str, Any]]
Python = Callable[..., "subprocess.CompletedProcess[str]"]

BUSY_DAEMON = """
import threading
def work():
    try:
        while True:
            mc.get_movie("0" * 24)
    except mflixcache.ClosedError:
        pass  # the exit has begun
threading.Thread(target=work, daemon=True).start()
"""


def test_use_after_close(settings: Settings) -> None:
    mc = mflixcache.open(**settings())
    assert not mc.closed
    mc.close()
    mc.close()
    assert mc.closed
    assert "closed" in repr(mc)
    calls: list[Callable[[], Any]] = [
        lambda: mc.get_movie(oid(1)),
        lambda: mc.get_movies([oid(1)]),
        lambda: mc.get_movies([]),
        lambda: mc.put("k", b"v"),
        mc.get_stats,
        mc.stats_json,
        mc.ping,
        mc.warm,
        mc.prepare_store,
        lambda: mc.import_movies([]),
        lambda: mc.set_log(print),
    ]
    for call in calls:
        with pytest.raises(mflixcache.ClosedError):
            call()


def test_a_client_nobody_closed_is_closed_by_the_collector(settings: Settings) -> None:
    """More than the library has handles."""
    for _ in range(300):
        mflixcache.open(**settings()).ping()
    gc.collect()
    closed = []

    class Noted(Store):
        def find(self, collection: str, id: str, deadline_ms: int) -> Any:
            return None

        def close(self) -> None:
            closed.append(1)

    mflixcache.open(Noted(), **settings()).get_movie(oid(1))
    gc.collect()
    assert closed == [1]


def test_a_client_is_no_value(mc: Client) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="each process"):
            attempt(mc)


def test_closing_waits_for_calls_under_way(settings: Settings) -> None:
    begun, order = threading.Event(), []

    class Slow(Store):
        def find(self, collection: str, id: str, deadline_ms: int) -> Any:
            begun.set()
            time.sleep(0.2)
            order.append("found")
            return film(1)

    mc = mflixcache.open(Slow(), **settings())
    got: list[Any] = []
    t = threading.Thread(target=lambda: got.append(mc.get_movie(oid(1))))
    t.start()
    assert begun.wait(10)
    mc.close()
    order.append("closed")
    t.join()
    assert order == ["found", "closed"]
    assert got[0].title == "Film 1"


def test_many_threads_at_once(mc: Client) -> None:
    mc.import_movies(film(n) for n in range(100))
    wrong: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for i in range(200):
                n = (i * 13 + seed) % 100
                movie = mc.get_movie(oid(n))
                assert movie is not None
                assert movie.id == oid(n)
                if i % 20 == 0:
                    rated = mc.update_rating(oid(n), seed)
                    assert rated is not None
                    assert len(mc.top_movies(5)) == 5
                    mc.get_movies([oid(n), oid(n + 500)])
        except BaseException as e:
            wrong.append(e)

    threads = [threading.Thread(target=work, args=(s,)) for s in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    assert mc.get_stats().reads >= 1600


def test_other_threads_run_during_a_call(own_redis: Redis) -> None:
    """A Redis that hangs must not hang the interpreter."""
    with mflixcache.open(redis=own_redis.uri, cache_timeout_ms=1000) as mc:
        mc.ping()
        assert own_redis.process
        own_redis.process.send_signal(signal.SIGSTOP)
        try:
            t = threading.Thread(target=mc.get_movie, args=(oid(1),))
            t.start()
            ticks = 0
            while t.is_alive():
                time.sleep(0.01)
                ticks += 1
            t.join()
        finally:
            own_redis.process.send_signal(signal.SIGCONT)
    assert ticks > 20


def test_fork(mc: Client) -> None:
    """The child is refused, may open its own, and leaves the parent's connections alone."""
    mc.create_movie(film(1))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for call in (lambda: mc.get_movie(oid(1)), mc.ping, mc.close):
                try:
                    call()
                    code = 2
                    break
                except mflixcache.ForkedError:
                    code = 0
            if code == 0:
                with mflixcache.open(redis="redis://127.0.0.1:1") as own:
                    own.create_movie(film(2))
        except BaseException:
            code = 3
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    movie = mc.get_movie(oid(1))
    assert movie is not None
    assert movie.info.hit


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("", 0),
        ("import sys; sys.exit(3)", 3),
        ("raise SystemExit(4)", 4),
        ("x = [mc]; x.append(x); mc.me = None", 1),  # no such attribute: ends with an exception
        ("import os; os._exit(5)", 5),
        (BUSY_DAEMON, 0),
        ("import os; p = os.fork(); p or exit(0); raise SystemExit(os.waitpid(p, 0)[1])", 0),
        ("import mflixcache.aio, asyncio; a = mflixcache.open_async(redis=uri); asyncio.run(a.__aenter__())", 0),
        ("mc.set_log(print); keep = mc.set_log", 0),
        ("import gc; gc.disable(); import sys; sys.modules.clear()", 0),
    ],
)
def test_exit_with_an_open_client(python: Python, redis: Redis, script: str, status: int) -> None:
    done = python(f"import mflixcache\nuri = {redis.uri!r}\nmc = mflixcache.open(redis=uri)\nmc.ping()\n{script}")
    assert done.returncode == status, done.stderr
    if status == 0:
        assert done.stderr == ""


def test_exit_with_a_store_in_python(python: Python, redis: Redis) -> None:
    done = python(f"""
import mflixcache
class Mine(mflixcache.Store):
    def find(self, collection, id, deadline_ms): return None
    def close(self): print("closed")
mc = mflixcache.open(Mine(), {redis.uri!r})
mc.get_movie("0" * 24)
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_ctrl_c_during_a_callback(python: Python, redis: Redis) -> None:
    done = python(f"""
import mflixcache, os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what was started with &
class Mine(mflixcache.Store):
    def find(self, collection, id, deadline_ms):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
mc = mflixcache.open(Mine(), {redis.uri!r}, cache_prefix="interrupted:")
try:
    mc.get_movie("0" * 24)
except KeyboardInterrupt:
    print("interrupted", mc.ping().redis)
""")
    assert (done.stdout, done.stderr) == ("interrupted True\n", "")
