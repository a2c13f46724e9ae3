# SPDX-License-Identifier: Apache-2.0
"""Sessions: settings of their own over a shared client, and tokens from one client to another."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import Any, Callable

import pytest
from conftest import film, oid

import mflixcache
from mflixcache import Cache, Client, Tier

Settings = Callable[..., dict[str, Any]]


def test_a_session_has_its_own_settings(mc: Client) -> None:
    mc.create_movie(film(1))
    assert mc.get_movie(oid(1)) is not None
    with mc.session_open(read_tiers="store", call_timeout_ms=5000) as past:
        seen = past.get_movie(oid(1))
        assert seen is not None
        assert (seen.tier, seen.info.redis_round_trips) == (Tier.STORE, 0)
        with past.session_open() as inner:
            again = inner.get_movie(oid(1))
            assert again is not None
            assert again.tier == Tier.STORE
    assert past.closed
    hit = mc.get_movie(oid(1))
    assert hit is not None
    assert hit.info.cache == Cache.HIT
    with pytest.raises(mflixcache.ClosedError):
        past.get_movie(oid(1))


def test_what_is_no_setting_of_a_session(mc: Client) -> None:
    with pytest.raises(mflixcache.OptionError, match=r"cache\.prefix"):
        mc.session_open(cache_prefix="x:")
    with pytest.raises(mflixcache.RangeError, match=r"call\.timeout_ms"):
        mc.session_open(call_timeout_ms=0)
    with pytest.raises(mflixcache.ArgumentError):
        mc.session_open(read_tiers="store call.timeout_ms=1")


def test_its_client_is_closed_first(settings: Settings) -> None:
    mc = mflixcache.open(**settings())
    session = mc.session_open()
    mc.close()
    with pytest.raises(mflixcache.ClosedError):
        session.get_movie(oid(1))
    session.close()
    session.close()


def test_a_token_goes_to_another_client(settings: Settings, tmp_path: Any) -> None:
    given = settings(store=f"sqlite:{tmp_path / 'films.db'}")
    with mflixcache.open(**given) as here, mflixcache.open(**given) as there, here.session_open() as a, there.session_open() as b:
        a.prepare_store()
        a.create_movie(json.dumps(film(1)))
        token = a.session_token()
        assert token.isascii()
        b.session_accept(token)
        b.session_accept(token.encode())
        seen = b.get_movie(oid(1))
        assert seen is not None
        with pytest.raises(mflixcache.ArgumentError, match="token"):
            b.session_accept("canary")
        with pytest.raises(mflixcache.ArgumentError, match="session"):
            here.session_token()


def test_async(settings: Settings) -> None:
    async def work() -> None:
        async with mflixcache.open_async(**settings()) as mc:
            await mc.create_movie(film(1))
            async with await mc.session_open(read_tiers="store") as session:
                seen = await session.get_movie(oid(1))
                assert seen is not None
                assert seen.tier == Tier.STORE
                await session.session_accept(await session.session_token())
            assert await mc.get_movie(oid(1)) is not None  # its threads are still there
            left = await mc.session_open()
        with pytest.raises(mflixcache.ClosedError):
            await left.get_movie(oid(1))
        await left.aclose()

    asyncio.run(functools.partial(work)())
