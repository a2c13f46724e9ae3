# SPDX-License-Identifier: Apache-2.0
"""Values through Redis, a snapshot file and a loader in Python."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable

import pytest

import mflixcache
from mflixcache import Cache, Client, Flag, Tier, Trace

Settings = Callable[..., dict[str, Any]]
KEY = "processed_data:device7:2026-01-31"


class Source:
    """The caller's database."""

    def __init__(self, value: str | bytes | None = '{"mean":21.5}', seconds: float = 0) -> None:
        self.value = value
        self.seconds = seconds
        self.calls = 0
        self.error: BaseException | None = None

    def __call__(self, key: str, deadline_ms: int) -> str | bytes | None:
        self.calls += 1
        assert key == KEY
        assert deadline_ms > 0
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.value


def info_of(trace: Trace) -> mflixcache.Info:
    assert trace.info is not None
    return trace.info


def test_miss_then_hit(mc: Client) -> None:
    source, trace = Source(), Trace()
    assert mc.get_or_load(KEY, source, ttl_ms=timedelta(minutes=1), trace=trace) == b'{"mean":21.5}'
    assert (info_of(trace).tier, info_of(trace).cache) == (Tier.STORE, Cache.MISS)
    assert Flag.FILLED in info_of(trace).flags
    assert mc.get_or_load(KEY, source, trace=trace) == b'{"mean":21.5}'
    assert (info_of(trace).tier, info_of(trace).cache) == (Tier.REDIS, Cache.HIT)
    assert source.calls == 1
    assert mc.get(KEY) == b'{"mean":21.5}'
    assert mc.remove(KEY)
    source.value = None
    assert mc.get_or_load(KEY, source) is None
    assert mc.get_or_load(KEY, source, trace=trace) is None
    assert Flag.NEGATIVE in info_of(trace).flags
    assert source.calls == 2


def test_many_keys(mc: Client) -> None:
    info = mc.put_many({"a": "1", "b": b"\0\xff", "c": ""}, ttl_ms=60_000)
    assert info.redis_round_trips in (1, 2)
    assert [mc.get_or_load(k) for k in "abcd"] == [b"1", b"\0\xff", b"", None]
    for bad in ({"a b": "1"}, {}, {"a": "x" * 2_000_000}):
        with pytest.raises(mflixcache.MflixError):
            mc.put_many(bad)
    with pytest.raises(TypeError):
        mc.put_many({"a": 1})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        mc.put_many([("a", "1")])  # type: ignore[arg-type]
    with pytest.raises(mflixcache.ArgumentError, match="NUL"):
        mc.put_many({"a\0": "1"})


def test_many_or_load(mc: Client) -> None:
    asked: list[str] = []

    def load(key: str, _deadline_ms: int) -> str | None:
        asked.append(key)
        return None if key == "none" else key.upper()

    trace = Trace()
    assert mc.get_many_or_load(["a", "none", b"b", "a"], load, trace=trace) == [b"A", None, b"B", b"A"]
    assert asked == ["a", "none", "b"]
    assert [i.cache for i in trace.infos] == [Cache.MISS, Cache.MISS, Cache.MISS, Cache.HIT]
    assert mc.get_many_or_load(iter(["b", "nobody"]), trace=trace) == [b"B", None]
    assert info_of(trace) == trace.infos[1]
    assert mc.get_many_or_load([]) == []

    def broken(_key: str, _deadline_ms: int) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mc.get_many_or_load(["a", "c"], broken)
    with pytest.raises(mflixcache.ArgumentError, match=r"keys\[1\]"):
        mc.get_many_or_load(["a", "b c"])
    with pytest.raises(mflixcache.RangeError):
        mc.get_many_or_load(["a"] * 1001)
    with pytest.raises(TypeError):
        mc.get_many_or_load("abc")


def test_snapshot(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    with mflixcache.open(**settings(snapshot_path=str(path))) as mc:
        assert mc.load_snapshot() is None
        mc.save_snapshot({KEY: "from the file", "ü": b"\0\1"})
        found = mc.load_snapshot()
        assert found is not None
        assert found.entries == 2
        assert abs(found.written.timestamp() - time.time()) < 3600
        trace, source = Trace(), Source()
        assert mc.get_or_load(KEY, source, trace=trace) == b"from the file"
        assert info_of(trace).tier == Tier.SNAPSHOT
        assert Flag.STALE in info_of(trace).flags
        assert mc.get_or_load("ü") == b"\0\1"
        assert mc.get_stats().snapshot_hits == 2
        path.write_text("{}")
        with pytest.raises(mflixcache.JsonError):
            mc.load_snapshot()
        path.unlink()
        assert mc.get_or_load(KEY, source) == b'{"mean":21.5}'
        assert list(tmp_path.iterdir()) == []
    with mflixcache.open(**settings()) as mc, pytest.raises(mflixcache.OptionError, match=r"snapshot\.path"):
        mc.save_snapshot({})


def test_what_a_loader_raises(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    source, trace = Source(), Trace()
    with mflixcache.open(**settings(snapshot_path=str(path), read_tiers="redis,store,snapshot")) as mc:
        source.error = mflixcache.StoreError("the source is away")
        with pytest.raises(mflixcache.StoreError) as caught:
            mc.get_or_load(KEY, source)
        assert caught.value.__cause__ is source.error
        mc.save_snapshot({KEY: "old"})
        assert mc.get_or_load(KEY, source, trace=trace) == b"old"
        assert info_of(trace).tier == Tier.SNAPSHOT
        source.error = ZeroDivisionError("a bug in the loader")
        with pytest.raises(ZeroDivisionError):
            mc.get_or_load(KEY, source)
        source.error, source.value = None, 7  # type: ignore[assignment]
        with pytest.raises(TypeError):
            mc.get_or_load(KEY, source)
        with pytest.raises(mflixcache.ReentrantError):
            mc.get_or_load("other", lambda key, _ms: mc.get(key))
        source.value = "back"
        assert mc.get_or_load(KEY, source) == b"back"


def test_one_load_for_all(mc: Client) -> None:
    source = Source(seconds=0.2)
    got: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: got.append(mc.get_or_load(KEY, source))) for _ in range(30)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [b'{"mean":21.5}'] * 30
    assert source.calls == 1


def test_clock(mc: Client) -> None:
    source = Source()
    for second in range(0, 600):
        mc.set_clock(1_700_000_000_000 + second * 1000)
        assert mc.get_or_load(KEY, source, ttl_ms=60_000)
    assert source.calls <= 13  # one a minute, with jitter
    mc.set_clock(None)
    with pytest.raises(mflixcache.RangeError):
        mc.set_clock(-1)


def test_asyncio(settings: Settings, tmp_path: Path) -> None:
    async def main() -> None:
        async with mflixcache.open_async(**settings(snapshot_path=str(tmp_path / "s.json"))) as mc:
            source = Source(seconds=0.1)
            got = await asyncio.gather(*(mc.get_or_load(KEY, source, ttl_ms=60_000) for _ in range(8)))
            assert got == [b'{"mean":21.5}'] * 8
            assert source.calls == 1
            await mc.put_many({"a": "1"})
            assert await mc.get_many_or_load(["a", "b"]) == [b"1", None]
            await mc.save_snapshot({"a": "1"})
            found = await mc.load_snapshot()
            assert found is not None
            assert found.entries == 1
            await mc.set_clock(None)

    asyncio.run(main())
