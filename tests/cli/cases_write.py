# SPDX-License-Identifier: Apache-2.0
"""Changing: rate, create, update, delete, invalidate, string keys, warming."""
import json
import os
import re
import signal
import subprocess
import time

from cases_load import filled
from harness import free_port, object_id

STORE = "write.db"


def rating_is_seen_at_once(w):
    films, _ = filled(w, STORE)
    film = films[30]
    ident = object_id(film)
    w.run("get", ident, store=STORE)
    answer = w.json("rate", ident, "9.9", store=STORE)
    assert answer["movie"]["rating"] == 9.9 and answer["rank"] == 1, answer
    seen = w.json("get", ident, store=STORE)
    assert seen["movie"]["rating"] == 9.9 and seen["info"]["cache"] == "hit", seen
    best = w.json("top", "-n", "1", store=STORE)["movies"][0]
    assert best["movie"]["id"] == ident and best["rating"] == 9.9, best
    document = w.json("get", "-d", ident, store=STORE)["document"]
    film["imdb"]["rating"] = 9.9
    assert document == film
    out, _ = w.run("rate", "--title", film["title"], "0", store=STORE)
    assert "is rated 0.0 now, place" in out, out
    assert w.json("rate", ident, "-0.0", store=STORE)["movie"]["rating"] == 0
    assert w.json("top", "-n", "1", store=STORE)["movies"][0]["movie"]["id"] != ident
    assert w.json("rate", "0123456789abcdef01234567", "5", store=STORE, rc=1)["status"] == "MC_NOT_FOUND"
    w.run("rate", "nonsense", "5", store=STORE, rc=2)


def an_empty_rating_gets_a_place(w):
    films, _ = filled(w, STORE)
    film = next(d for d in films if d["imdb"]["rating"] == "")
    assert w.json("get", object_id(film), store=STORE)["movie"]["rating"] is None
    assert w.json("rate", object_id(film), "9.95", store=STORE)["rank"] == 1
    assert w.json("update", object_id(film), '{"imdb":{"rating":""}}', store=STORE)["movie"]["rating"] is None
    assert object_id(film) not in [r["movie"]["id"] for r in w.json("top", "-n", "1000", store=STORE)["movies"]]


def create_update_delete(w):
    filled(w, STORE)
    document = {"_id": {"$oid": "64b64c7f0000000000000001"}, "title": "The Test \"Reel\" \\ à", "year": 2024,
                "imdb": {"rating": 9.7, "votes": 12}, "released": {"$date": "2024-01-02T00:00:00Z"}}
    path = w.write("film.json", json.dumps(document))
    made = w.json("create", path, store=STORE)
    assert made["movie"]["id"] == "64b64c7f0000000000000001" and made["document"] == document, made
    assert w.json("create", path, store=STORE, rc=1)["status"] == "MC_E_EXISTS"
    _, err = w.run("create", path, store=STORE, rc=1)
    assert "mflix update" in err, err
    assert w.json("get", "--title", document["title"], store=STORE)["movie"]["id"] == made["movie"]["id"]
    assert w.json("top", "-n", "1", store=STORE)["movies"][0]["movie"]["id"] == made["movie"]["id"]
    changed = w.json("update", made["movie"]["id"], '{"rated":"PG","imdb":{"votes":13},"released":null}', store=STORE)["document"]
    assert changed["rated"] == "PG" and changed["imdb"] == {"rating": 9.7, "votes": 13} and "released" not in changed, changed
    assert w.json("update", made["movie"]["id"], "-", store=STORE, input=b'{"year":2025}')["movie"]["year"] == 2025
    assert w.json("get", made["movie"]["id"], store=STORE)["movie"]["year"] == 2025
    out, _ = w.run("update", made["movie"]["id"], "{}", store=STORE)
    assert out.startswith("updated 64b64c7f0000000000000001"), out
    out, _ = w.run("delete", made["movie"]["id"], store=STORE)
    assert out.startswith("deleted 64b64c7f0000000000000001"), out
    assert w.json("get", made["movie"]["id"], store=STORE, rc=1)["status"] == "MC_NOT_FOUND"
    assert w.json("delete", made["movie"]["id"], store=STORE, rc=1)["status"] == "MC_NOT_FOUND"
    assert w.json("top", "-n", "1", store=STORE)["movies"][0]["movie"]["id"] != made["movie"]["id"]
    fresh = w.json("create", "-", store=STORE, input=b'{"title":"Sunday","year":2024}')
    assert re.fullmatch(r"[0-9a-f]{24}", fresh["movie"]["id"]) and fresh["movie"]["rating"] is None, fresh
    w.run("delete", fresh["movie"]["id"], store=STORE)


def wrong_documents(w):
    filled(w, STORE)
    for text, status in ((b"", "MC_E_JSON"), (b"[]", "MC_E_JSON"), (b"{", "MC_E_JSON"), (b'{"a":1,"a":2}', "MC_E_JSON"),
                         (b'{"$x":1}', "MC_E_FIELD"), (b'{"imdb":{"rating":11}}', "MC_E_RANGE"), (b'{"title":"\xff"}', None)):
        answer = w.json("create", "-", store=STORE, input=text, rc=2)
        assert answer["error"] and (status is None or answer["status"] == status), (text, answer)
    ident = object_id(filled(w, STORE)[0][50])
    assert w.json("update", ident, '{"_id":1}', store=STORE, rc=2)["status"] == "MC_E_FIELD"
    assert w.json("update", ident, '{"title":{"x":1},"title.y":2}', store=STORE, rc=2)["status"] == "MC_E_FIELD"
    assert w.json("update", ident, '{"type":{"x":1}}', store=STORE, rc=1)["status"] == "MC_E_CONFLICT"
    assert w.json("update", "0123456789abcdef01234567", '{"a":1}', store=STORE, rc=1)["status"] == "MC_NOT_FOUND"
    w.run("create", w.path("absent.json"), store=STORE, rc=3)


def invalidation(w):
    films, _ = filled(w, STORE)
    ident, title = object_id(films[40]), films[40]["title"]

    def cached():
        return w.json("get", "--no-view", ident, store=STORE)["info"]["cache"]

    for args in ([ident], ["--title", title], ["--all"]):
        cached()
        assert cached() == "hit"
        out, _ = w.run("invalidate", *args, store=STORE)
        assert out.startswith("dropped "), out
        assert cached() == "miss", args
    assert w.json("invalidate", "--all", store=STORE)["status"] == "MC_OK"
    assert w.json("invalidate", ident, store=STORE)["what"] == ident
    assert w.json("top", "-n", "5", store=STORE)["movies"], "the board comes back"


def string_keys(w):
    assert w.json("getkey", "system_status", rc=1)["status"] == "MC_NOT_FOUND"
    answer = w.json("put", "system_status", "all systems go")
    assert answer["size"] == 14
    assert w.json("getkey", "system_status")["value"] == "all systems go"
    out, _ = w.run("--quiet", "getkey", "system_status")
    assert out == "all systems go\n", out
    w.run("put", "bytes", "-", "--ttl-ms", "60000", input=b"a\x00b\n")
    assert w.raw(*w.servers(), "-q", "getkey", "bytes").stdout == b"a\x00b\n\n"
    assert w.json("getkey", "bytes")["value"] == "a\x00b\n"
    w.run("invalidate", "--all")
    assert w.json("getkey", "bytes")["value"] == "a\x00b\n"
    assert w.json("rmkey", "bytes")["key"] == "bytes"
    w.run("rmkey", "bytes", rc=1)
    w.run("put", "a b", "x", rc=2)
    w.run("put", "empty", "")
    assert w.json("getkey", "empty")["value"] == ""


def warming(w):
    films, theaters = filled(w, "warm.db")
    # A write that ended without a word, as the load's may on a busy machine, keeps its id out of Redis for a while: that is reported.
    ident = min(object_id(film) for film in films)
    w.command("ZADD", "mfc:q:warm_db:movie:{%s}" % ident, "9999999999999", "somebody")
    some = w.json("warm", "--movies", "--limit", "10", store="warm.db")
    assert some["under_write"] >= 1 and some["loaded"] + some["under_write"] == 10, some
    out, _ = w.run("warm", "--movies", "--limit", "10", store="warm.db")
    assert "left out" in out, out
    w.command("DEL", "mfc:q:warm_db:movie:{%s}" % ident)
    loaded = some["loaded"]
    for _ in range(300):
        if loaded == 10:
            break
        time.sleep(0.1)
        loaded += w.json("warm", "--movies", "--limit", "10", store="warm.db")["loaded"]
    assert loaded == 10, loaded
    answer = w.json("warm", store="warm.db")
    assert answer["loaded"] >= len(films) - 10 + len(theaters) and not answer["interrupted"], answer
    for film in films[::60]:
        assert w.json("get", object_id(film), store="warm.db")["info"]["cache"] == "hit"
    info = w.json("near", "-90", "40", "-r", "3000", store="warm.db")["info"]
    assert info["cache"] == "hit" and info["store_calls"] == 0, info
    info = w.json("top", store="warm.db")["info"]
    assert info["cache"] == "hit" and info["store_calls"] == 0, info
    out, _ = w.run("warm", "--board", "--theaters", store="warm.db")
    assert re.match(r"warm: \d+ documents put into Redis \(looked at: board 299, geo 60, theaters 60\) · \d", out), out


def no_escape_sequences_reach_a_terminal(w):
    filled(w, STORE)
    made = w.json("create", "-", store=STORE, input=json.dumps({"title": "red \x1b[31m\x07\x9b31m alert", "year": 2024}).encode())
    ident = made["movie"]["id"]
    assert made["movie"]["title"] == "red \x1b[31m\x07\x9b31m alert"
    out, _ = w.run("get", ident, store=STORE)
    assert out.startswith("red ?[31m??31m alert (2024)"), repr(out)
    out, _ = w.run("get", "--title", made["movie"]["title"], store=STORE)
    assert "\x1b" not in out
    _, err = w.run("get", "\x1b[31m", store=STORE, rc=2)
    assert "\x1b" not in err, repr(err)
    w.run("delete", ident, store=STORE)


def redis_away_during_a_write(w):
    """The process ends only when Redis has it; when it does not come back, that is said, and is not a success."""
    store, port = "away.db", free_port()
    w.run("create", "-", store=store, input=b'{"_id":{"$oid":"573a1390f29313caabcd4809"},"title":"Away","imdb":{"rating":5.0}}')
    ident = "573a1390f29313caabcd4809"
    dead = ["--redis", f"redis://127.0.0.1:{port}/0", "--store", "sqlite:" + w.path(store), "-o", "call.timeout_ms=300"]
    for command in (["rate", ident, "5.5"], ["update", ident, '{"plot":"p"}'], ["--json", "rate", ident, "5.6"], ["delete", ident]):
        p = w.raw(*dead, *command)
        assert p.returncode == 1 and b"it was not announced to Redis" in p.stderr and b"220 s" in p.stderr and ident.encode() in p.stderr, p
        assert p.stdout.count(b"\n") == 1 if "--json" in command else b"queued" in p.stdout, p
    # It comes back while the command waits: the old value that it holds is gone before the command ends.
    w.run("create", "-", store=store, input=b'{"_id":{"$oid":"573a1390f29313caabcd4809"},"title":"Back","imdb":{"rating":5.0}}')
    w.run("get", ident, store=store)
    os.kill(w.redis.pid, signal.SIGSTOP)
    try:
        p = w.popen("-o", "call.timeout_ms=60000", "rate", ident, "7.5", store=store, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert b"waiting for Redis" in p.stderr.readline()
    finally:
        os.kill(w.redis.pid, signal.SIGCONT)
    out, err = p.communicate(timeout=90)
    assert p.returncode == 0 and b"rated 7.5" in out and b"not announced" not in err, (out, err)
    assert w.json("get", ident, store=store)["movie"]["rating"] == 7.5


TESTS = [rating_is_seen_at_once, an_empty_rating_gets_a_place, create_update_delete, wrong_documents, invalidation, string_keys,
         warming, no_escape_sequences_reach_a_terminal, redis_away_during_a_write]
