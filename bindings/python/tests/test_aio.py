# SPDX-License-Identifier: Apache-2.0
"""The asyncio wrapper."""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
from typing import Any, Callable

import pytest
from conftest import film, oid

import mflixcache
from mflixcache import Store, Trace

Settings = Callable[..., dict[str, Any]]
WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


class Slow(Store):
    """Each read takes a while; knows how many ran at a time."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds
        self.now = self.most = self.calls = 0
        self.who = ""

    def find(self, collection: str, id: str, deadline_ms: int) -> Any:
        self.calls += 1
        self.now += 1
        self.most = max(self.most, self.now)
        self.who = WHO.get()
        time.sleep(self.seconds)
        self.now -= 1
        return film(int(id, 16))


def test_calls(settings: Settings) -> None:
    async def main() -> None:
        async with mflixcache.open_async(**settings()) as mc:
            assert (await mc.import_movies(film(n) for n in range(20))).stored == 20
            movie = await mc.get_movie(oid(3))
            assert movie is not None
            assert movie.title == "Film 3"
            trace = Trace()
            assert await mc.get_movie(oid(404), trace=trace) is None
            assert trace.info is not None
            assert [m and m.id for m in await mc.get_movies([oid(2), oid(404)])] == [oid(2), None]
            assert len(await mc.top_movies(3)) == 3
            assert (await mc.update_rating(oid(3), 9)) is not None
            await mc.put("k", "v")
            assert await mc.get("k") == b"v"
            assert await mc.ping()
            assert (await mc.get_stats()).writes >= 1
            with pytest.raises(mflixcache.ArgumentError):
                await mc.get_movie("bad")
            many = await asyncio.gather(*(mc.get_movie(oid(n % 20)) for n in range(200)))
            assert [m.id for m in many if m] == [oid(n % 20) for n in range(200)]

    asyncio.run(main())


def test_the_loop_stays_free_and_the_pool_is_bounded(settings: Settings) -> None:
    store = Slow()

    async def main() -> float:
        async with mflixcache.open_async(store, threads=4, **settings()) as mc:
            worst = 0.0

            async def tick() -> None:
                nonlocal worst
                while True:
                    begun = time.monotonic()
                    await asyncio.sleep(0.005)
                    worst = max(worst, time.monotonic() - begun)

            ticking = asyncio.create_task(tick())
            await asyncio.gather(*(mc.get_movie(oid(n)) for n in range(12)))
            ticking.cancel()
            return worst

    assert asyncio.run(main()) < 0.09, "one store call takes 0.1 s"
    assert 2 <= store.most <= 4


def test_cancelling(settings: Settings) -> None:
    store = Slow(0.2)

    async def main() -> None:
        async with mflixcache.open_async(store, threads=1, **settings()) as mc:
            tasks = [asyncio.create_task(mc.get_movie(oid(n))) for n in range(5)]
            await asyncio.sleep(0.05)
            begun = time.monotonic()
            for task in tasks:
                task.cancel()
            assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*tasks, return_exceptions=True))
            assert time.monotonic() - begun < 0.1
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(mc.get_movie(oid(7)), 0.01)
        assert store.calls <= 2, "what had not begun never begins"

    asyncio.run(main())


def test_closing(settings: Settings) -> None:
    async def main() -> None:
        mc = await mflixcache.open_async(Slow(), threads=1, **settings())
        waiting = [asyncio.create_task(mc.get_movie(oid(n))) for n in range(3)]
        await asyncio.sleep(0.02)
        await mc.aclose()
        await mc.aclose()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(results[0], mflixcache.Movie), "the call under way was waited for"
        assert all(isinstance(r, mflixcache.ClosedError) for r in results[1:])
        assert mc.closed
        with pytest.raises(mflixcache.ClosedError):
            await mc.get_movie(oid(1))
        never = mflixcache.open_async(**settings())
        with pytest.raises(mflixcache.ClosedError):
            await never.get_movie(oid(1))
        await never.aclose()

    asyncio.run(main())


def test_errors_of_opening() -> None:
    async def main() -> None:
        with pytest.raises(mflixcache.UriError):
            async with mflixcache.open_async("oracle://x"):
                pass

    asyncio.run(main())


def test_context_variables_reach_callbacks(settings: Settings) -> None:
    store = Slow(0)

    async def main() -> None:
        WHO.set("me")
        async with mflixcache.open_async(store, **settings()) as mc:
            await mc.get_movie(oid(1))

    asyncio.run(main())
    assert store.who == "me"


def test_fork(settings: Settings) -> None:
    async def main() -> None:
        async with mflixcache.open_async(**settings()) as mc:
            await mc.ping()
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    await mc.ping()
                except mflixcache.ForkedError:
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            assert await mc.ping()

    asyncio.run(main())
