# SPDX-License-Identifier: Apache-2.0
"""The benchmark, and the counters."""
import re

from cases_load import filled
from harness import free_port, object_id

STORE = "bench.db"


def the_experiment(w):
    films, _ = filled(w, STORE)
    before = {object_id(d): d["imdb"]["rating"] for d in films}
    r = w.json("bench", "--requests", "400", "--titles", "50", "--uncached-sample", "20", store=STORE)
    assert r["titles"] == 50 and r["hot_titles"] == 10 and r["errors"] == 0 and r["first_error"] is None, r
    assert r["hit"]["count"] + r["miss"]["count"] == 400 and r["bypass"]["count"] == 0 and r["uncached"]["count"] == 20
    assert 30 <= r["miss"]["count"] <= 50, "each title that is asked for is missed once"
    assert abs(r["hit_ratio"] - r["hit"]["count"] / 400) < 1e-6
    assert abs(r["hot_requests"] / 400 - 0.8) < 0.08 and r["views"] == 400
    for kind in ("hit", "miss", "uncached"):
        s = r[kind]
        assert 0 < s["min_ms"] <= s["p50_ms"] <= s["p90_ms"] <= s["p99_ms"] <= s["max_ms"], s
        assert s["min_ms"] <= s["mean_ms"] <= s["max_ms"], s
    assert abs(r["speed_up"] - r["miss"]["mean_ms"] / r["hit"]["mean_ms"]) < 0.01
    check = r["write_through"]
    assert all(check[k] for k in ("ok", "carried_out", "value_ok", "board_ok", "rank_ok", "restored")), check
    assert check["rating_written"] != check["rating_before"] and check["why"] is None
    assert len(r["trending"]) == 5 and [t["views"] for t in r["trending"]] == sorted((t["views"] for t in r["trending"]), reverse=True)
    for row in w.json("top", "-n", "1000", store=STORE)["movies"]:
        assert row["rating"] == before[row["movie"]["id"]], "a rating was not put back"


def the_seed_decides(w):
    filled(w, STORE)
    a, b, c = (w.json("bench", "--seed", s, store=STORE) for s in ("1", "1", "2"))
    assert (a["hot_requests"], a["miss"]["count"]) == (b["hot_requests"], b["miss"]["count"])
    assert a["hot_requests"] != c["hot_requests"] or a["miss"]["count"] != c["miss"]["count"]


def shares_and_threads(w):
    filled(w, STORE)
    r = w.json("bench", "-n", "2000", "--titles", "40", "--hot-share", "100", "--hot-part", "10", "--threads", "8", "--by-id",
               store=STORE)
    assert r["hot_requests"] == 2000 and r["hot_titles"] == 4 and r["errors"] == 0 and r["by"] == "id", r
    assert r["hit"]["count"] + r["miss"]["count"] == 2000 and r["write_through"]["ok"]
    r = w.json("bench", "-n", "100", "--hot-part", "0", store=STORE)
    assert r["hot_requests"] == 0 and r["errors"] == 0
    r = w.json("bench", "-n", "100", "--hot-part", "100", "--titles", "1000", "--offset", "10", store=STORE)
    assert r["hot_requests"] == 100 and 200 < r["titles"] < 300


def a_report_for_people(w):
    filled(w, STORE)
    out, err = w.run("bench", store=STORE)
    assert err == "" and out.startswith("500 requests over 100 titles, 80 % of them to the hot 20;"), out
    for pattern in (r"hit ratio +\d+\.\d %", r"hit +\d+\.\d{3} ", r"miss +\d+\.\d{3} ", r"speed-up +\d+\.\d times",
                    r"trending five", r"^ +1 +\d+ views  \S", r"write-through +ok", r"put back: yes"):
        assert re.search(pattern, out, re.M), (pattern, out)


def a_database_far_away(w):
    filled(w, STORE)
    r = w.json("bench", "-n", "60", "--titles", "20", "--by-id", "--store-delay-ms", "20.5", "--uncached-sample", "2", store=STORE)
    assert r["simulated_store_delay_ms"] == 20.5 and r["errors"] == 0, r
    assert r["miss"]["min_ms"] >= 20.5 and r["uncached"]["min_ms"] >= 20.5, "each miss is one call of the database"
    assert r["hit"]["min_ms"] < 20.5, "a hit does not ask it"
    assert r["write_through"]["write_ms"] >= 20.5 and r["write_through"]["ok"]
    out, _ = w.run("bench", "-n", "20", "--titles", "5", "--store-delay-ms", "2", store=STORE)
    assert re.search(r"simulated +2 ms of distance to the database", out) and "simulated distance)" in out, out
    assert w.json("bench", "-n", "20", store=STORE)["simulated_store_delay_ms"] == 0
    out, _ = w.run("bench", "-n", "20", store=STORE)
    assert "simulated" not in out, out


def three_forms(w):
    filled(w, STORE)
    r = w.json("bench", "-n", "20", "--titles", "10", "--forms", "30", store=STORE)
    forms = r["forms"]
    assert [forms[k]["count"] for k in ("fields", "document", "json_string")] == [30, 30, 30], forms
    assert r["errors"] == 0 and 200 < forms["json_bytes"] < 20000, forms
    out, _ = w.run("bench", "-n", "20", "--titles", "10", "--forms", "12", store=STORE)
    for pattern in (r"^  fields +\d.* 12$", r"^  document +\d.* 12$", r"^  JSON string +\d.* 12$", r"times the JSON string at the median"):
        assert re.search(pattern, out, re.M), (pattern, out)
    assert w.json("bench", "-n", "20", store=STORE)["forms"] is None
    name = w.json("top", "-n", "1", store=STORE)["movies"][0]["movie"]["id"]
    w.json("bench", "-n", "20", "--titles", "10", "--forms", "1", store=STORE)
    w.run("getkey", "bench-json:" + name, store=STORE, rc=1)  # nothing is left behind


def what_cannot_be_measured(w):
    _, err = w.run("bench", store="nothing.db", rc=3)
    assert "mflix load" in err, err
    filled(w, STORE)
    p = w.raw("--redis", f"redis://127.0.0.1:{free_port()}/0", "--store", "sqlite:" + w.path(STORE), "bench", "-n", "10")
    assert p.returncode == 3 and p.stderr.startswith(b"mflix: bench"), (p.returncode, p.stderr)


def counters(w):
    filled(w, STORE)
    out, _ = w.run("stats", "--reads", "20", store=STORE)
    assert re.search(r"^reads +[2-9]\d$", out, re.M) and re.search(r"^Redis round trips +[1-9]", out, re.M), out
    stats = w.json("stats", "--reads", "20", store=STORE)["stats"]
    assert stats, stats
    out, _ = w.run("stats", "--prometheus", "--reads", "5", store=STORE)
    assert re.search(r"^# TYPE \w+ (counter|gauge|histogram)$", out, re.M), out[:500]
    for line in out.splitlines():
        assert line.startswith("#") or re.fullmatch(r'[a-zA-Z_:][\w:]*(\{.*\})? [-+.\deEIinfNa]+', line), line
    assert "# TYPE" in w.json("stats", "--prometheus", store=STORE)["prometheus"]
    w.run("stats", store="empty.db")


TESTS = [the_experiment, the_seed_decides, shares_and_threads, a_report_for_people, a_database_far_away, three_forms, what_cannot_be_measured, counters]
