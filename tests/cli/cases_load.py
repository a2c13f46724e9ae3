# SPDX-License-Identifier: Apache-2.0
"""Loading: plain and packed, again, wrong rows, interruptions, the progress line."""
import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

from harness import rows


def sample(w):
    """300 films and 60 theaters, made once; their paths."""
    folder = w.path("sample")
    if not os.path.isdir(folder):
        p = w.raw("generate", "--out", folder, "--movies", "300", "--theaters", "60")
        assert p.returncode == 0, p.stderr
    return os.path.join(folder, "movies.ndjson"), os.path.join(folder, "theaters.ndjson")


def filled(w, store="main.db"):
    """A store with the sample in it; the films and theaters as they were written."""
    movies, theaters = sample(w)
    if not os.path.exists(w.path(store)):
        for path in (movies, theaters):
            w.run("load", path, store=store)
    return rows(movies), rows(theaters)


def counts(answer):
    return answer["loaded"], answer["skipped"], answer["refused"]


def loads_and_can_be_repeated(w):
    movies, theaters = sample(w)
    with open(movies, "rb") as f:
        packed = w.write("movies.ndjson.gz", gzip.compress(f.read()))
    first = w.json("load", packed, store="load.db")
    assert first["collection"] == "movies" and counts(first) == (300, 0, 0), first
    again = w.json("load", movies, store="load.db")
    assert counts(again) == (0, 300, 0), again
    replaced = w.json("load", movies, "--replace", store="load.db")
    assert counts(replaced) == (300, 0, 0), replaced
    places = w.json("load", theaters, "--batch", "7", store="load.db")
    assert places["collection"] == "theaters" and counts(places) == (60, 0, 0), places
    out, err = w.run("load", theaters, store="load.db")
    assert "60 there already" in out and "rows/s" in out and err == "", (out, err)
    out, _ = w.run("-q", "load", theaters, store="load.db")
    assert out == "theaters: 0 loaded, 60 there already, 0 refused\n", out


def restart_goes_on_where_it_ended(w):
    movies, _ = sample(w)
    with open(movies, "rb") as f:
        half = w.write("half.ndjson", b"".join(f.readlines()[:120]))
    assert counts(w.json("load", half, store="restart.db")) == (120, 0, 0)
    assert counts(w.json("load", movies, store="restart.db")) == (180, 120, 0)


def a_repeated_load_leaves_the_board_alone(w):
    films, _ = filled(w, "repeat.db")
    w.run("top", store="repeat.db")
    ident = films[0]["_id"]["$oid"]
    w.run("get", ident, store="repeat.db")
    for _ in range(2):
        w.run("load", sample(w)[0], store="repeat.db")
        info = w.json("top", "-n", "5", store="repeat.db")["info"]
        assert info["cache"] == "hit" and info["store_calls"] == 0, info
        assert w.json("get", ident, store="repeat.db")["info"]["cache"] == "hit"
    w.run("load", sample(w)[0], "--replace", store="repeat.db")
    assert w.json("bench", "-n", "100", store="repeat.db")["write_through"]["ok"]


def rows_of_one_id_come_one_after_another(w):
    """However many batches are under way at the same time: the last row of an id is the one that replaces, the first the one that stays."""
    ids = ["573a1390f29313caabcd%04x" % n for n in range(7)]

    def row(n):
        ident = '{"$oid":"%s"}' % ids[n % 7]
        rest = '"title":"T%d","year":%d' % (n % 7, n)
        return '{"_id":%s,%s}' % (ident, rest) if n % 3 else '{ %s , "_id" : %s }' % (rest, ident.upper().replace("$OID", "$oid"))
    path = w.write("same.ndjson", "\n".join(row(n) for n in range(700)).encode())
    for arguments, wanted, taken in ((["--replace"], 693, (700, 0, 0)), ([], 0, (7, 693, 0))):
        store = "same%d.db" % wanted
        assert counts(w.json("load", path, "--batch", "1", "--jobs", "8", *arguments, store=store)) == taken
        for n in range(7):
            assert w.json("get", ids[n], store=store)["movie"]["year"] == wanted + n


def from_standard_input(w):
    movies, _ = sample(w)
    with open(movies, "rb") as f:
        text = f.read()
    assert counts(w.json("load", "-", store="stdin.db", input=gzip.compress(text))) == (300, 0, 0)
    assert counts(w.json("load", "-", store="stdin2.db", input=text)) == (300, 0, 0)
    assert counts(w.json("load", "-", store="stdin2.db", input=b"")) == (0, 0, 0)


def wrong_rows_are_reported_and_skipped(w):
    movies, _ = sample(w)
    with open(movies, "rb") as f:
        good = f.read().splitlines()
    lines = [good[0], b"{\"title\":", b"", good[1] + b"\r", b"[1]", b"   ", b"{\"title\":\"no id\"}", good[2],
             b"{\"_id\":{\"$oid\":\"573a1390f29313caabcd0001\"},\"title\":\"\xff\"}", b"x" * (17 << 20),
             b"{\"_id\":{\"$oid\":\"573a1390f29313caabcd0002\"},\"a\":1,\"a\":2}", b"{\"_id\":\"short\",\"title\":\"x\"}", good[3]]
    path = w.write("wrong.ndjson", b"\xef\xbb\xbf" + b"\n".join(lines))  # a byte order mark, and no newline at the end
    answer = w.json("load", path, store="wrong.db", rc=1)
    assert counts(answer) == (4, 0, 7), answer
    assert sorted(e["line"] for e in answer["errors"]) == [2, 5, 7, 9, 10, 11, 12], answer["errors"]
    by_line = {e["line"]: e["status"] for e in answer["errors"]}
    assert by_line[2] == "MC_E_JSON" and by_line[10] == "MC_E_TOOBIG" and by_line[9] in ("MC_E_UTF8", "MC_E_JSON"), by_line
    assert answer["status"] == "MC_OK"
    out, err = w.run("load", path, "--errors", "2", store="wrong.db", rc=1)
    assert "0 loaded, 4 there already, 7 refused" in out, out
    assert len(re.findall(r"^mflix: \S+wrong\.ndjson:\d+: ", err, re.M)) == 2 and "only counted" in err, err
    out, err = w.run("load", path, "--errors", "0", store="wrong.db", rc=1)
    assert err == "", err


def unreadable_files(w):
    movies, _ = sample(w)
    with open(movies, "rb") as f:
        packed = gzip.compress(f.read())
    cut = w.write("cut.ndjson.gz", packed[:len(packed) // 2])
    out, err = w.run("load", cut, store="cut.db", rc=3)
    assert "ends in the middle" in err and re.search(r"movies: [1-9]\d* loaded", out), (out, err)
    broken = w.write("broken.ndjson.gz", packed[:2000] + b"\xff" * 500 + packed[2500:])
    answer = w.json("load", broken, store="cut.db", rc=3)
    assert answer["status"] == "MC_E_FILE" and answer["error"], answer
    assert "No such file" in w.run("load", w.path("absent"), rc=3)[1]
    assert "directory" in w.run("load", w.dir, rc=3)[1]
    array = w.write("array.json", "[\n{\"_id\":1}\n]\n")
    assert "JSON array" in w.run("load", array, rc=2)[1]
    assert w.run("load", movies, "--collection", "films", rc=2)
    assert counts(w.json("load", movies, "--collection", "movies", store="cut.db"))[2] == 0


def other_shapes(w):
    """An array is named as one however it is written; what is neither movie nor theater is not taken for one in silence."""
    one = '{"_id": {"$oid": "640000000000000000000078"}, "title": "T120"}'
    for text in (f"[{one},\n{one}]", f"\n  [\n{one}\n]\n", f"\t[{one}]"):
        path = w.write("shape.json", text)
        for more in ([], ["--collection", "movies"], ["-c", "theaters"]):
            out, err = w.run("load", path, *more, store="shapes.db", rc=2)
            assert "JSON array" in err and err.count("\n") == 1 and out == "", (text, more, err)
    comment = ('{"_id":{"$oid":"5a9427648b0beebeb69579cc"},"name":"N N","movie_id":{"$oid":"573a1390f29313caabcd418c"},'
               '"text":"the title: \\"title\\":","date":{"title":1,"theaterId":2}}')
    out, err = w.run("load", w.write("comments.ndjson", comment), store="shapes.db", rc=2)
    assert "--collection" in err and "title" in err, err
    like = '{"_id": {"$oid": "6400000000000000000008f2"}, "title": "x", "shownAt": [{"theaterId": 3}]}'
    answer = w.json("load", w.write("like.ndjson", like), store="shapes.db")
    assert answer["collection"] == "movies" and counts(answer) == (1, 0, 0), answer
    place = '{"_id":{"$oid":"59a47286cfa9a3a73e51e701"},"theaterId" : 7,"location":{"address":{"title":"s"}}}'
    assert w.json("load", w.write("place.ndjson", place), store="shapes.db")["collection"] == "theaters"


def every_refused_row_tells_why(w):
    def row(n, rest):
        return '{"_id":{"$oid":"64000000000000000000%04x"},"title":"t",%s}' % (n, rest)

    wrong = [("box.office", '"box.office":1'), ("released", '"released":{"$date":"1954-09-01"}'), ("thumb", '"thumb":{"$binary":"AQID","$type":"00"}'),
             ("rating", '"imdb":{"rating":75}'), ("twice", '"twice":1,"twice":2')]
    text = "\n".join(row(i, rest) for i, (_, rest) in enumerate(wrong)) + '\n{"title":"no id"}\n' + row(99, '"year":1999')
    answer = w.json("load", w.write("refused.ndjson", text), "--errors", "100", store="refused.db", rc=1)
    general = {e["error"] for e in answer["errors"] if "an argument is missing" in e["error"] or "not one well-formed" in e["error"]}
    reported = {e["line"]: e["error"] for e in answer["errors"]}
    assert not general, general
    for i, (word, _) in enumerate(wrong):
        assert i + 1 not in reported or word in reported[i + 1], (word, reported)
    assert "_id" in reported[6], reported
    assert answer["loaded"] + answer["refused"] == len(wrong) + 2 and len(answer["errors"]) == answer["refused"] >= 4, answer


def real_documents(w):
    for name, collection, count in (("movies", "movies", 1055), ("theaters", "theaters", 1564)):
        path = os.path.join(w.data, name + ".ndjson.gz")
        answer = w.json("load", path, store="real.db")
        assert answer["collection"] == collection and counts(answer) == (count, 0, 0), answer
        assert counts(w.json("load", path, store="real.db")) == (0, count, 0)
    film = w.json("get", "--title", "The Great Train Robbery", store="real.db")["movie"]
    assert film["id"] == "573a1390f29313caabcd42e8" and film["year"] == 1903 and film["released_ms"] == -2085523200000, film
    with gzip.open(os.path.join(w.data, "movies.ndjson.gz"), "rb") as f:
        films = {json.loads(line)["_id"]["$oid"]: json.loads(line) for line in f}
    for ident in list(films)[::97]:
        assert w.json("get", "-d", ident, store="real.db")["document"] == films[ident], ident
    nearest = w.json("near", "-73.98", "40.75", "-n", "3", store="real.db")["theaters"]
    assert len(nearest) == 3 and all(t["state"] in ("NY", "NJ") for t in nearest), nearest


def everything_generated_is_taken(w):
    answer = w.json("generate", "--load", "--movies", "3000", "--theaters", "200", store="gen.db")
    assert counts(answer["movies"]) == (3000, 0, 0) and counts(answer["theaters"]) == (200, 0, 0), answer
    again = w.json("generate", "--load", "--movies", "3000", "--theaters", "200", "--out", w.path("gen"), store="gen.db")
    assert counts(again["movies"]) == (0, 3000, 0), again
    odd = [d for d in rows(again["movies"]["file"]) if isinstance(d["year"], str) or d["imdb"]["rating"] == ""]
    assert odd
    for d in odd[:6]:
        got = w.json("get", "-d", d["_id"]["$oid"], store="gen.db")
        assert got["document"] == d
        assert got["movie"]["year"] == d["year"] and got["movie"]["rating"] == (d["imdb"]["rating"] or None), got["movie"]


def a_database_in_memory_is_told(w):
    redis = ["--redis", f"redis://127.0.0.1:{w.port}/0", "-o", "cache.prefix=mem:"]
    p = w.raw(*redis, "generate", "--load", "--movies", "10", "--theaters", "2")
    assert p.returncode == 0 and b"in memory" in p.stderr, p.stderr
    p = w.raw(*redis, "get", "573a1390f29313caabcd4803")
    assert p.returncode == 1 and b"in memory" in p.stderr, p.stderr


def interrupt(w, *args, after=0.7):
    """Start a long command, press Ctrl-C; its output. It must end with 130, and soon."""
    p = w.popen(*args, store="long.db", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    assert p.poll() is None, f"{args} was over before the interrupt: {p.communicate()}"
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    assert p.returncode == 130, (args, p.returncode, out, err)
    return out.decode(), err.decode()


def ctrl_c_stops_cleanly(w):
    out, err = interrupt(w, "generate", "--load", "--movies", "2000000")
    found = re.match(r"movies: (\d+) loaded", out)
    assert found and int(found[1]) > 0 and "stopped here" in err, (out, err)
    w.raw("generate", "--out", w.path("long"), "--movies", "60000", "--theaters", "0", "--seed", "7")
    path = os.path.join(w.path("long"), "movies.ndjson")
    out, _ = interrupt(w, "--json", "load", path, "--batch", "20")
    assert json.loads(out)["interrupted"] is True
    out, _ = interrupt(w, "bench", "-n", "10000000", after=1.5)
    assert "hit ratio" in out, out
    count = w.json("load", path, store="long.db", timeout=300)
    assert count["refused"] == 0 and count["loaded"] > 0 and count["skipped"] > 0, count
    out, _ = interrupt(w, "warm", "--movies", after=0.5)
    assert re.match(r"stopped: \d+ documents", out), out


def on_terminal(w, *args, store="tty.db"):
    """Run with stdout and stderr on a terminal; everything written there."""
    ours, theirs = pty.openpty()
    env = {k: v for k, v in w.env.items()}
    env["TERM"] = "xterm"
    p = subprocess.Popen([w.program, *w.servers(store), *args], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    out = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(ours)
    assert p.wait(60) == 0, out
    return out.decode()


def progress_on_a_terminal_only(w):
    movies, _ = sample(w)
    out = on_terminal(w, "generate", "--load", "--movies", "4000", "--theaters", "0")
    assert re.search(r"movies \[[#.]{24}\] +\d+%  [\d,]+ rows  [\d,]+/s", out), out
    assert "\033[K" in out
    out = on_terminal(w, "load", movies)
    assert re.search(r"movies \[", out), out
    out = on_terminal(w, "-q", "load", movies)
    assert "\033" not in out and "[" not in out, out
    out = on_terminal(w, "top", "-n", "1")
    assert "\033[1m" in out and "\033[0m" in out
    assert "\033" not in on_terminal(w, "--no-color", "top", "-n", "1")
    for args in (["warm"], ["bench", "-n", "3000"]):
        assert "%" in on_terminal(w, *args), args


TESTS = [loads_and_can_be_repeated, restart_goes_on_where_it_ended, a_repeated_load_leaves_the_board_alone,
         rows_of_one_id_come_one_after_another, from_standard_input, wrong_rows_are_reported_and_skipped, other_shapes, every_refused_row_tells_why, unreadable_files, real_documents,
         everything_generated_is_taken, a_database_in_memory_is_told, ctrl_c_stops_cleanly, progress_on_a_terminal_only]
