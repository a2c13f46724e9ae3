# SPDX-License-Identifier: Apache-2.0
"""Opening: options, files, the environment, errors."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import Redis, film, oid

import mflixcache
from mflixcache import Options, Severity

Settings = Callable[..., dict[str, Any]]


def test_option_table() -> None:
    table = {row.key: row for row in mflixcache.option_table()}
    assert table["write.mode"].range == "safe|fast|strict"
    assert table["cache.password"].secret
    assert all(row.help and row.env.startswith("MFLIXCACHE_") for row in table.values())


def test_keywords_are_keys_with_underscores() -> None:
    """Each key has a keyword of its own."""
    keys = [row.key for row in mflixcache.option_table()]
    assert len({k.replace(".", "_") for k in keys}) == len(keys)


def test_options() -> None:
    options = Options({"write.mode": "strict", "movies.ttl_ms": timedelta(seconds=2)})
    options.set("store_init_driver", False)
    options.set("cache.password", "secret")
    assert (options.get("write_mode"), options.get("movies.ttl_ms"), options.get("store.init_driver")) == (
        "strict",
        "2000",
        "false",
    )
    assert options.get("cache.password") == "***"
    assert "secret" not in repr(options)
    for key, value, kind in (
        ("no.such", "1", mflixcache.OptionError),
        ("no_such", "1", mflixcache.OptionError),
        ("movies.ttl_ms", 0, mflixcache.RangeError),
        ("movies.ttl_ms", "soon", mflixcache.OptionError),
        ("cache.uri", "http://x", mflixcache.UriError),
        ("cache.uri", "redis://x\0y", mflixcache.ArgumentError),
    ):
        with pytest.raises(kind):
            options.set(key, value)
    with pytest.raises(mflixcache.OptionError):
        options.get("no.such")
    with pytest.raises(TypeError):
        options.set("movies.ttl_ms", 1.5)  # type: ignore[arg-type]


def test_opening_with_options(settings: Settings, redis: Redis) -> None:
    options = Options({"cache.uri": redis.uri, "movies.id": "string"})
    with mflixcache.open(options=options) as mc:
        assert mc.create_movie({"_id": "casablanca"}).id == "casablanca"
    with pytest.raises(TypeError, match="everything there"):
        mflixcache.open(options=options, write_mode="fast")
    with mflixcache.open(**settings(options={"movies.id": "string"})) as mc:
        assert mc.create_movie({"_id": "x"}).id == "x"


def test_a_file_on_disk_outlives_the_client(settings: Settings, tmp_path: Path) -> None:
    uri = f"sqlite:{tmp_path / 'films.db'}"
    with mflixcache.open(store=uri, **settings()) as mc:
        mc.create_movie(film(1))
    with mflixcache.open(uri, **settings()) as mc:
        assert mc.get_movie(oid(1)) is not None


def test_settings_file_and_environment(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"movies": {"id": "string"}, "write.mode": "fast"}), encoding="utf-8")
    with mflixcache.open(file=path, **settings()) as mc:
        assert mc.create_movie({"_id": "from file"[:4]}).id == "from"
    options = Options()
    monkeypatch.setenv("MFLIXCACHE_WRITE_MODE", "strict")
    options.load_file(path)
    options.load_env()
    assert options.get("write.mode") == "strict"
    monkeypatch.setenv("MFLIXCACHE_WRIT_MODE", "strict")
    with pytest.warns(UserWarning, match="MFLIXCACHE_WRIT_MODE"):
        options.load_env()
    monkeypatch.delenv("MFLIXCACHE_WRIT_MODE")
    monkeypatch.setenv("REDIS_PORT", "tcp://10.96.0.5:6379")  # Kubernetes, for a service named redis
    with mflixcache.open(env=True, **settings()) as mc:
        mc.ping()
    monkeypatch.setenv("MFLIXCACHE_MOVIES_ID", "nonsense")
    with pytest.raises(mflixcache.MflixError, match="MFLIXCACHE_MOVIES_ID"):
        mflixcache.open(env=True, **settings())
    with pytest.raises(mflixcache.FileError):
        Options().load_file(tmp_path / "not there")
    with pytest.raises(mflixcache.ArgumentError):
        Options().load_file("a\0b")
    path.write_text("{", encoding="utf-8")
    with pytest.raises(mflixcache.JsonError):
        mflixcache.open(file=str(path))


def test_what_cannot_be_opened(settings: Settings) -> None:
    with pytest.raises(mflixcache.UriError):
        mflixcache.open("oracle://x")
    with pytest.raises(mflixcache.CacheError):
        mflixcache.open(redis="redis://127.0.0.1:1", write_mode="strict")
    with pytest.raises(mflixcache.OptionError):
        mflixcache.open(**settings(no_such_option=1))
    with pytest.raises(TypeError, match=r"mflixcache\.Store"):
        mflixcache.open(store=object())  # type: ignore[arg-type]


def test_errors_tell(mc: mflixcache.Client) -> None:
    with pytest.raises(mflixcache.MflixError) as caught:
        mc.get_movie("no id")
    e = caught.value
    assert isinstance(e, mflixcache.ArgumentError)
    assert (e.code, e.name, e.tier, e.backend_code, e.retriable) == (-1, "MC_E_ARG", mflixcache.Tier.NONE, 0, False)
    assert str(e) == "id: not an ObjectId (24 hexadecimal digits) (MC_E_ARG)"
    again = pickle.loads(pickle.dumps(e))
    assert (type(again), str(again), again.info) == (type(e), str(e), e.info)


def test_deadline_is_a_timeout_error() -> None:
    assert issubclass(mflixcache.DeadlineError, TimeoutError)
    e = mflixcache.DeadlineError("too late")
    assert (str(e), e.retriable) == ("too late (MC_E_TIMEOUT)", True)
    assert str(pickle.loads(pickle.dumps(e))) == str(e)


def test_statuses_and_tiers_of_a_newer_library() -> None:
    assert str(mflixcache.Tier(77)) == "unknown_77"
    assert mflixcache.Tier(77) == 77
    assert mflixcache.errors.from_status(-99).code == -99
    with pytest.raises(ValueError, match="x"):
        mflixcache.Tier("x")  # type: ignore[arg-type]


def test_check(redis: Redis) -> None:
    with mflixcache.open(store="sqlite::memory:", redis=redis.uri, cache_prefix="check:") as mc:
        found = {f.code: f for f in mc.check()}
    assert found["redis.permission"].severity == Severity.FINE
    assert found["database.empty"].severity == Severity.WARNING and found["database.empty"].advice
    found = {f.code: f for f in mflixcache.check(store="sqlite::memory:", redis="redis://127.0.0.1:1")}
    assert found["redis.unreachable"].severity == Severity.ERROR and "127.0.0.1" in found["redis.unreachable"].text
    with pytest.raises(mflixcache.UriError):
        mflixcache.check(redis="gopher://x")
