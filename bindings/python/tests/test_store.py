# SPDX-License-Identifier: Apache-2.0
"""Databases written in Python, and what happens to exceptions in them."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Iterable
from typing import Any, Callable

import pytest
from conftest import film, oid

import mflixcache
from mflixcache import Client, Store

Settings = Callable[..., dict[str, Any]]


class Dictionary(Store):
    """Documents in a dict, as JSON text."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.closed = 0
        self.threads: set[int] = set()
        self.lock = threading.Lock()

    def find(self, collection: str, id: str, deadline_ms: int) -> Any:
        assert 0 < deadline_ms <= 300_000
        self.threads.add(threading.get_ident())
        return self.rows.get((collection, id))

    def find_unique(self, collection: str, field: str, value: str, deadline_ms: int) -> Any:
        for key in sorted(self.rows):
            document = json.loads(self.rows[key])
            if key[0] == collection and document.get(field) == value:
                return document  # a mapping
        return None

    def insert(self, collection: str, id: str, json: str, deadline_ms: int) -> None:
        with self.lock:
            if (collection, id) in self.rows:
                raise mflixcache.ExistsError
            self.rows[collection, id] = json

    def replace(self, collection: str, id: str, expected: str, json: str, deadline_ms: int) -> bool:
        with self.lock:
            if (collection, id) not in self.rows:
                return False
            if self.rows[collection, id] != expected:
                raise mflixcache.ConflictError
            self.rows[collection, id] = json
            return True

    def remove(self, collection: str, id: str, deadline_ms: int) -> bool:
        with self.lock:
            return self.rows.pop((collection, id), None) is not None

    def scan(self, collection: str, after: str, limit: int, deadline_ms: int) -> Iterable[str]:
        for key in sorted(self.rows):
            if key[0] == collection and key[1] > after:
                yield self.rows[key].encode() if key[1].endswith("1") else self.rows[key]  # type: ignore[misc]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store() -> Dictionary:
    return Dictionary()


@pytest.fixture
def mine(store: Dictionary, settings: Settings) -> Any:
    with mflixcache.open(store, **settings()) as client:
        yield client


def test_all_of_it(mine: Client, store: Dictionary) -> None:
    mine.create_movie(film(1))
    mine.create_movie(film(2, title="Größe"))
    with pytest.raises(mflixcache.ExistsError) as caught:
        mine.create_movie(film(2))
    assert isinstance(caught.value.__cause__, mflixcache.ExistsError), "the store's own exception is the cause"
    rated = mine.update_rating(oid(1), 9.5)
    assert rated is not None
    assert json.loads(store.rows["movies", oid(1)])["imdb"]["rating"] == 9.5
    mine.invalidate(oid(1))
    read = mine.get_movie(oid(1))
    assert read is not None
    assert (read.rating, read.tier) == (9.5, mflixcache.Tier.STORE)
    titled = mine.get_movie_by_title("Größe")
    assert titled is not None
    assert titled.id == oid(2)
    assert [r.movie.id for r in mine.top_movies()] == [oid(1), oid(2)]
    assert mine.delete_movie(oid(1)) is True
    assert mine.delete_movie(oid(1)) is False
    assert store.threads == {threading.get_ident()}, "callbacks run on the thread that calls"
    mine.close()
    mine.close()
    assert store.closed == 1


class Together(Dictionary):
    """A database that can be asked for many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[list[str]] = []

    def find_many(self, collection: str, ids: list[str], deadline_ms: int) -> Iterable[str]:
        self.questions.append(ids)
        return [self.rows[collection, id] for id in reversed(ids) if (collection, id) in self.rows]


def test_a_batch_is_one_question(settings: Settings) -> None:
    store = Together()
    for n in (1, 2):
        store.rows["movies", oid(n)] = json.dumps(film(n))
    with mflixcache.open(store, **settings()) as mc:
        found = mc.get_movies([oid(2), oid(3), oid(1), oid(2)])
    assert [m and m.id for m in found] == [oid(2), None, oid(1), oid(2)]
    assert [sorted(q) for q in store.questions] == [[oid(1), oid(2), oid(3)]]


def test_more_documents_than_asked_for(mine: Client, store: Dictionary) -> None:
    """This store's scan does not look at its limit: the library takes what it asked for."""
    for n in range(700):
        store.rows["movies", oid(n)] = json.dumps(film(n))
    assert len(mine.top_movies(1000)) == 700
    assert mine.warm(mflixcache.Warm.MOVIES) >= 0


def test_what_is_not_written_is_unsupported(settings: Settings) -> None:
    class Least(Store):
        def find(self, collection: str, id: str, deadline_ms: int) -> Any:
            return film(int(id, 16))

    with mflixcache.open(Least(), **settings()) as mc:
        movie = mc.get_movie(oid(5))
        assert movie is not None
        assert movie.title == "Film 5"
        for call in (
            lambda: mc.create_movie({}),
            lambda: mc.get_movie_by_title("x"),
            lambda: mc.update_rating(oid(1), 1),
            lambda: mc.top_movies(),
        ):
            with pytest.raises(mflixcache.UnsupportedError):
                call()
    with pytest.raises(mflixcache.ArgumentError):
        mflixcache.open(Store(), **settings())


@pytest.mark.parametrize("kind", [LookupError, ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_exceptions_come_out_of_the_call(mine: Client, store: Dictionary, kind: type[BaseException]) -> None:
    def fail(*_arguments: Any) -> Any:
        raise kind("mine")

    mine.create_movie(film(1))
    store.find = fail  # type: ignore[method-assign]
    mine.invalidate(oid(1))
    with pytest.raises(kind, match="mine"):
        mine.get_movie(oid(1))
    with pytest.raises(kind, match="mine"):
        mine.get_movies([oid(1), oid(2)])
    del store.find
    store.replace = fail  # type: ignore[method-assign]
    with pytest.raises(kind, match="mine"):
        mine.update_rating(oid(1), 3)
    store.scan = fail  # type: ignore[method-assign]
    with pytest.raises(kind, match="mine"):
        mine.top_movies()
    del store.replace, store.scan
    found = mine.get_movie(oid(1))
    assert found is not None
    assert found.rating == 0.1


def test_answers_of_the_store(mine: Client, store: Dictionary) -> None:
    def answer(error: Exception) -> Any:
        def fail(*_arguments: Any) -> Any:
            raise error

        return fail

    for error, kind in (
        (mflixcache.StoreError("down"), mflixcache.StoreError),
        (mflixcache.DeadlineError(), mflixcache.DeadlineError),
        (mflixcache.AuthError("no"), mflixcache.AuthError),
        (mflixcache.MflixError("no code"), mflixcache.StoreError),
    ):
        store.find = answer(error)  # type: ignore[method-assign]
        with pytest.raises(kind) as caught:
            mine.get_movie(oid(9))
        assert caught.value.__cause__ is error
        assert caught.value is not error
    store.insert = answer(mflixcache.UnknownOutcomeError())  # type: ignore[method-assign]
    with pytest.raises(mflixcache.UnknownOutcomeError):
        mine.create_movie(film(9))


def test_a_conflict_is_tried_again(mine: Client, store: Dictionary) -> None:
    mine.create_movie(film(1))
    real, tries = store.replace, []

    def sometimes(*arguments: Any) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise mflixcache.ConflictError
        return real(*arguments)

    store.replace = sometimes  # type: ignore[method-assign]
    rated = mine.update_rating(oid(1), 4)
    assert rated is not None
    assert (rated.rating, len(tries)) == (4.0, 3)
    assert mine.get_movie(oid(1)) is not None, "what an absorbed answer left behind does not come out later"


def test_wrong_documents_of_the_store(mine: Client, store: Dictionary) -> None:
    for wrong in (film(8), "{", b"\xff", "[]"):
        store.find = lambda *_a, wrong=wrong: wrong  # type: ignore[method-assign, misc]
        with pytest.raises(mflixcache.MflixError):
            mine.get_movie(oid(9))
    store.find = lambda *_a: 12  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(TypeError, match="must be str"):
        mine.get_movie(oid(9))


def test_no_call_from_inside(mine: Client, store: Dictionary) -> None:
    def inside(*_arguments: Any) -> Any:
        calls: list[Callable[[], Any]] = [
            lambda: mine.get_movie(oid(2)),
            mine.close,
            lambda: mine.set_log(print),
            mine.get_stats,
        ]
        for call in calls:
            with pytest.raises(mflixcache.ReentrantError):
                call()
        assert not mine.closed
        return film(1)

    store.find = inside  # type: ignore[method-assign]
    assert mine.get_movie(oid(1)) is not None
    assert mine.get_movie(oid(1)) is not None


def test_another_client_may_be_called_from_inside(settings: Settings, store: Dictionary) -> None:
    """A cache over a cache."""
    with mflixcache.open(**settings()) as behind:
        behind.create_movie(film(1))

        class Through(Store):
            def find(self, collection: str, id: str, deadline_ms: int) -> Any:
                movie = behind.get_movie_document(id)
                return movie and movie.json

        with mflixcache.open(Through(), **settings()) as front:
            movie = front.get_movie(oid(1))
            assert movie is not None
            assert movie.title == "Film 1"
            assert front.get_movie(oid(2)) is None
            behind.close()
            with pytest.raises(mflixcache.StoreError) as caught:
                front.get_movie(oid(3))
            assert isinstance(caught.value.__cause__, mflixcache.ClosedError)


def test_the_store_lives_as_long_as_the_client(settings: Settings) -> None:
    store = Dictionary()
    store.rows["movies", oid(1)] = json.dumps(film(1))
    alive = weakref.ref(store)
    mc = mflixcache.open(store, **settings())
    del store
    gc.collect()
    assert mc.get_movie(oid(1)) is not None
    mc.close()
    del mc
    gc.collect()
    assert alive() is None


def test_an_exception_in_close(settings: Settings, store: Dictionary) -> None:
    def fail() -> None:
        raise LookupError("closing")

    store.close = fail  # type: ignore[method-assign]
    mc = mflixcache.open(store, **settings())
    with pytest.raises(LookupError, match="closing"):
        mc.close()
    assert mc.closed


def test_many_threads(mine: Client, store: Dictionary) -> None:
    for n in range(50):
        store.rows["movies", oid(n)] = json.dumps(film(n))
    wrong: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for i in range(100):
                n = (i * 7 + seed) % 50
                if i % 10 == 0:
                    mine.update_rating(oid(n), seed)
                movie = mine.get_movie(oid(n))
                assert movie is not None
                assert movie.id == oid(n)
        except BaseException as e:
            wrong.append(e)

    threads = [threading.Thread(target=work, args=(s,)) for s in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
