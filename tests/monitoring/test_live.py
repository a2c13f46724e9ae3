#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monitoring files at work: test_live.py MFLIX SERVER SOURCE_FOLDER

Starts Redis, mflix-server and Prometheus with the shipped configuration, lets things go well and wrong, and then asks Prometheus for
every panel of the dashboard and every expression of the alerts: each must have data, of metrics that exist.
"""
import concurrent.futures
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "load"))
import promql  # noqa: E402
import serving  # noqa: E402
from serving import harness  # noqa: E402

RATE_INTERVAL = "5s"


class Monitored(serving.Serving):
    """With a Prometheus that scrapes the server every second, by the shipped files."""

    def __init__(self, *args):
        super().__init__(*args)
        self.monitoring = os.path.join(self.source, "examples", "monitoring")
        self.prometheus = self.api = None
        self.begun = 0.0
        self.ids = []

    def read(self, name):
        with open(os.path.join(self.monitoring, name), encoding="utf-8") as f:
            return f.read()

    def start_prometheus(self):
        program = serving.tool("prometheus", "prometheus", "usr", "bin")
        text = self.read("prometheus.yml")
        for old, new in (("scrape_interval: 15s", "scrape_interval: 1s"), ("evaluation_interval: 15s", "evaluation_interval: 1s"),
                         ("scrape_timeout: 5s", "scrape_timeout: 1s"), ("127.0.0.1:8080", self.address),
                         ("  - alerts.yml", "  - " + os.path.abspath(os.path.join(self.monitoring, "alerts.yml")))):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        config, port = self.write("prometheus.yml", text), serving.free_port()
        self.api = f"http://127.0.0.1:{port}/api/v1/"
        with open(self.path("prometheus.log"), "ab") as log:
            # The pages of its own console are in a package that need not be there.
            self.prometheus = subprocess.Popen([program, "--config.file=" + config, "--storage.tsdb.path=" + self.path("tsdb"),
                                                f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
                                                "--web.console.templates=" + self.dir, "--web.console.libraries=" + self.dir],
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not serving.until(self.scraped, 60):
            raise RuntimeError("Prometheus does not scrape: " + open(self.path("prometheus.log"), errors="replace").read()[-2000:])
        self.begun = time.time()

    def scraped(self):
        try:
            return [t for t in self.prom("targets")["activeTargets"] if t["health"] == "up"]
        except OSError:
            return []

    def prom(self, what, **query):
        """One question to Prometheus' API."""
        with urllib.request.urlopen(self.api + what + "?" + urllib.parse.urlencode(query), timeout=60) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def values(self, expression):
        """Every finite value that the expression had since the beginning, by series."""
        try:
            data = self.prom("query_range", query=expression, start=self.begun, end=time.time(), step=1)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{expression}: {e.read().decode()}") from e
        found = [[float(v) for _, v in series["values"]] for series in data["result"]]
        return [[v for v in values if math.isfinite(v)] for values in found if any(map(math.isfinite, values))]

    def growth(self, counter):
        values = self.values(f'sum({counter}{{job="mflix"}})')
        return max(values[0]) - min(values[0]) if values else 0

    def close(self):
        if self.prometheus and self.prometheus.poll() is None:
            self.prometheus.terminate()
            try:
                self.prometheus.wait(30)
            except subprocess.TimeoutExpired:
                self.prometheus.kill()
                self.prometheus.wait()
        super().close()


# ---- What happens

def in_parallel(w, requests):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda r: w.ask(*r)[0], requests))


def reads(w):
    both = [f"/movies/{i}?cache={c}" for i in w.ids[:40] for c in ("on", "off")] + ["/movies/top?n=10&cache=on", "/movies/top?n=10&cache=off"]
    others = ["/movies/trending?n=5", "/theaters/near?lon=-73.98&lat=40.75&radius=500000&n=5", "/stats", "/readyz", "/healthz"]
    assert set(in_parallel(w, [("GET", t) for t in both + others])) == {200}


def callers_mistakes(w):
    found = in_parallel(w, [("GET", "/movies/no-such-movie"), ("GET", "/movies/top?n=many"), ("GET", "/nowhere"), ("PUT", "/healthz"),
                            ("POST", "/movies", {"title": 7, "imdb": {"rating": "x"}}), ("GET", "/movies/top?n=0")])
    assert all(400 <= s < 500 for s in found), found


def writes(w):
    made = [json.loads(w.ask("POST", "/movies", {"title": f"Made {i}", "imdb": {"rating": 5.5}})[2]) for i in range(3)]
    some = w.ids[:4]
    in_parallel(w, [("PUT", f"/movies/{i}/rating", {"rating": 1 + n % 9}) for n in range(5) for i in some])
    in_parallel(w, [("PATCH", f"/movies/{some[0]}", {"plot": f"version {n}"}) for n in range(30)])  # meeting each other
    in_parallel(w, [("POST", f"/movies/{i}/views") for i in some])
    assert in_parallel(w, [("DELETE", f"/cache/movies/{i}") for i in some]) == [204] * 4
    gone = made[0]["movie"]["_id"]
    assert w.ask("DELETE", "/movies/" + (gone["$oid"] if isinstance(gone, dict) else gone))[0] == 204


def a_value_is_damaged(w):
    assert w.ask("GET", f"/movies/{w.ids[9]}")[0] == 200
    key = f"main_db:movie:{{{w.ids[9]}}}"
    assert w.command("EXISTS", key) == "1", key
    w.command("HSET", key, "_p", "damaged")
    assert w.ask("GET", f"/movies/{w.ids[9]}")[0] == 200


def redis_goes_and_comes(w):
    port = w.port
    w.stop_redis()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        reads_of = [("GET", f"/movies/{i}") for i in w.ids[:10]]
        assert set(in_parallel(w, reads_of)) == {200}, "Redis away: the store answers"
        in_parallel(w, [("PUT", f"/movies/{i}/rating", {"rating": 6.5}) for i in w.ids[10:14]])
    w.start_redis(port)
    assert serving.until(lambda: w.get(f"/movies/{w.ids[0]}")["answer"]["tier"] == "redis")
    assert serving.until(lambda: w.get(f"/movies/{w.ids[1]}") and
                         re.search(r"^mflixcache_recovery_pending 0$", w.ask("GET", "/metrics")[2].decode(), re.M)), "ids still wait"


def the_store_is_locked(w):
    lock = sqlite3.connect(w.path("main.db"), isolation_level=None, timeout=30)
    lock.execute("BEGIN EXCLUSIVE")
    found = [w.ask("PUT", f"/movies/{w.ids[20 + n]}/rating", {"rating": 3})[0] for n in range(3)]
    lock.rollback()
    lock.close()
    assert all(s in (503, 504) for s in found), found


def everything(w):
    w.ids = [m["id"] for m in w.get("/movies/top?n=100")["movies"]]
    assert len(w.ids) == 100
    for step in (reads, callers_mistakes, writes, reads, a_value_is_damaged, redis_goes_and_comes, reads, the_store_is_locked,
                 callers_mistakes, reads):
        step(w)
        time.sleep(1.2)  # at least one scrape between two of them
    assert w.ask("DELETE", "/cache")[0] == 204
    reads(w)
    last = w.ask("GET", "/metrics")[2].decode()
    reads_by_now = float(re.search(r"^mflixcache_reads_total (\d+)$", last, re.M).group(1))
    assert serving.until(lambda: any(v[-1] >= reads_by_now for v in w.values("mflixcache_reads_total")), 30), "the last state was not scraped"


# ---- What Prometheus knows of it

def the_page_of_metrics(w):
    text = w.ask("GET", "/metrics")[2]
    p = subprocess.run([serving.tool("promtool", "prometheus", "usr", "bin"), "check", "metrics"], input=text, capture_output=True, check=False,
                       timeout=60)
    assert p.returncode == 0 and p.stdout + p.stderr == b"", (p.stdout, p.stderr)


def what_went_wrong_is_counted(w):
    for counter in ("mflixcache_bypasses_total", "mflixcache_redis_errors_total", "mflixcache_recovery_queued_total",
                    "mflixcache_recovery_done_total", "mflixcache_corrupt_total", "mflixcache_store_errors_total",
                    "mflixcache_epoch_bumps_total", "mflixcache_writes_uncontended_total", "mflix_http_requests_total", "mflix_reads_total"):
        assert w.growth(counter) > 0, counter
    for kind in ("not_found", "bad_request"):
        assert any(max(v) > min(v) for v in w.values(f'mflix_errors_total{{kind="{kind}"}}')), kind
    assert any(max(v) > 0 for v in w.values('sum(mflix_http_requests_total{code=~"5.."})')), "no error of the server"
    assert any(min(v) == 0 and max(v) == 1 for v in w.values("mflixcache_redis_up")), "Redis was not seen to go and come"
    assert any(max(v) > 0 for v in w.values("mflixcache_recovery_pending")), "no id was seen to wait"


def known_metrics(w):
    return set(w.prom("label/__name__/values"))


def every_panel_has_data(w):
    dashboard, known, asked = json.loads(w.read("dashboard.json")), known_metrics(w), 0
    panels = [p for p in dashboard["panels"] if p["type"] != "row"]
    for p in panels:
        for t in p["targets"]:
            expression = t["expr"].replace("$__rate_interval", RATE_INTERVAL).replace("$job", "mflix").replace("$instance", ".*")
            assert "$" not in expression, expression
            unknown = promql.metrics(expression) - known
            assert not unknown, f"{p['title']}: no such metric: {unknown}"
            assert w.values(expression), f"{p['title']}: no data for {expression}"
            for label in re.findall(r"\{\{(\w+)\}\}", t["legendFormat"]):
                result = w.prom("query", query=expression)["result"]
                assert all(label in series["metric"] for series in result), f"{p['title']}: no label {label}"
            asked += 1
    assert asked > 40, asked
    for v in dashboard["templating"]["list"]:
        if v["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", v["query"]["query"]).groups()
            found = w.prom("series", **{"match[]": selector.replace("$job", "mflix")})
            assert found and all(label in series for series in found), v["name"]


def every_alert_has_data(w):
    known = known_metrics(w)
    rules = [r for g in w.prom("rules")["groups"] for r in g["rules"]]
    assert len(rules) == w.read("alerts.yml").count("- alert:") > 10
    for r in rules:
        assert r["health"] == "ok", (r["name"], r.get("lastError"))
        unknown = promql.metrics(r["query"]) - known
        assert not unknown, f"{r['name']}: no such metric: {unknown}"
        assert w.values(promql.answering(r["query"])), f"{r['name']}: no data for {promql.answering(r['query'])}"


def what_happened_was_noticed(w):
    """Those that wait some time before they fire were pending; those that do not, fired."""
    for name, state in (("MflixRedisDown", "pending"), ("MflixCorruptValues", "firing"), ("MflixReadsPastRedis", "pending")):
        assert w.values(f'ALERTS{{alertname="{name}", alertstate="{state}"}}'), name
    for name in ("MflixDown", "MflixRestarts", "MflixRecoveryLost"):
        assert not w.values(f'ALERTS{{alertname="{name}"}}'), name


def the_guide_names_what_there_is(w):
    with open(os.path.join(w.source, "docs", "guide", "monitoring.md"), encoding="utf-8") as f:
        guide = f.read()
    known = {re.sub("_(bucket|sum|count)$", "", name) for name in known_metrics(w)}
    named = set(re.findall(r"`((?:mflixcache|mflix|process)_\w+)`", guide))
    assert len(named) > 20 and named <= known, named - known
    assert {name for name in known if re.match("mflix_|process_", name)} <= named, "the guide does not name all of the server's own"
    rows = [name for row in re.findall(r"^\| (`Mflix.*?) \|", guide, re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(rows) == sorted(re.findall(r"- alert: (\w+)", w.read("alerts.yml")))
    titles = [p["title"] for p in json.loads(w.read("dashboard.json"))["panels"] if p["type"] == "row"]
    assert re.findall(r"^\| ([A-Z][\w ]+) \| \w", guide, re.M) == titles


TESTS = [everything, the_page_of_metrics, what_went_wrong_is_counted, every_panel_has_data, every_alert_has_data, what_happened_was_noticed,
         the_guide_names_what_there_is]


def main():
    mflix, server, source = sys.argv[1:]
    harness.end_on_signals()
    promql.selftest()
    world = Monitored(mflix, server, source)
    try:
        world.fill()
        world.start_server(STORE_TIMEOUT_MS=300)
        world.start_prometheus()
        failed, skipped, _ = harness.run_all(world, TESTS)
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(TESTS)} skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
