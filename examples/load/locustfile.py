# SPDX-License-Identifier: Apache-2.0
"""Load on mflix-server: movies and top lists, each asked for with the cache and past it, most of them for a few hot movies.

    locust -f examples/load/locustfile.py --headless --host http://127.0.0.1:8080 --users 20 --spawn-rate 1 --run-time 60s \\
        --csv run --csv-full-history
    python3 examples/load/report.py run report.svg

Owns which requests are sent, and one file beside those of locust, PREFIX_cache_history.csv: for each second the exact quantiles
(locust's own are rounded to milliseconds, and a hit takes less) and how the cache took part. Reads only, but for dropping the chosen
movies from the cache at the beginning. Refuses to run without an end.
"""
import csv
import json
import random
import re
import sys
import time
import urllib.parse
import urllib.request
from collections import defaultdict

from locust import FastHttpUser, constant, events, task

PAGE = 100
COLUMNS = ["second", "series", "requests", "failures", "hits", "misses", "bypasses", "p50_ms", "p99_ms", "library_p50_ms"]
WAYS = {"on": "cached", "off": "uncached"}
plan = {}  # what the test was started with: ids, hot, chances, random
history = defaultdict(lambda: {"ms": [], "library_ms": [], "failures": 0, "hit": 0, "miss": 0, "bypass": 0})


@events.init_command_line_parser.add_listener
def add_options(parser):
    group = parser.add_argument_group("mflix")
    group.add_argument("--titles", type=int, default=100, help="movies to ask for, from the top of the board")
    group.add_argument("--hot-share", type=int, default=80, help="percent of the reads that go to the hot movies")
    group.add_argument("--hot-part", type=int, default=20, help="percent of the movies that are hot")
    group.add_argument("--top-share", type=int, default=10, help="percent of the requests that ask for the top list")
    group.add_argument("--think-ms", type=int, default=20, help="how long a user rests after each pair of requests")
    group.add_argument("--seed", type=int, default=42, help="another seed, another order of requests")


def cache_word(header):
    """hit, miss or bypass, as Cache-Status (RFC 9211) says of mflixcache; None when it says nothing."""
    member = re.search(r"(?:^|,)\s*mflixcache\s*((?:;[^,]*)?)", header or "")
    if not member:
        return None
    if re.search(r";\s*hit\s*(;|$)", member.group(1)):
        return "hit"
    forward = re.search(r";\s*fwd=([\w-]+)", member.group(1))
    return None if not forward else "bypass" if forward.group(1) == "bypass" else "miss"


def library_ms(header):
    found = re.search(r"(?:^|,)\s*cache\s*(?:;[^,]*?)?;\s*dur=([\d.]+)", header or "")
    return float(found.group(1)) if found else None


def ask(host, method, target):
    with urllib.request.urlopen(urllib.request.Request(host + target, method=method), timeout=10) as answer:
        return answer.read()


def choose(host, options):
    """Ids from the board, in an order that does not depend on the rating; what was cached of them is dropped."""
    ids = []
    while len(ids) < options.titles:
        page = [m["id"] for m in json.loads(ask(host, "GET", f"/movies/top?n={PAGE}&offset={len(ids)}"))["movies"]]
        ids += page
        if len(page) < PAGE:
            break
    ids = ids[:options.titles]
    if not ids:
        raise ValueError("no rated movies there: fill its database with `mflix load` or `mflix generate --load`")
    random.Random(options.seed).shuffle(ids)
    ids = [urllib.parse.quote(i, safe="") for i in ids]
    for i in ids:
        ask(host, "DELETE", f"/cache/movies/{i}")
    return ids


def check(options):
    for name, low, high in (("titles", 1, 20000), ("hot_share", 0, 100), ("hot_part", 0, 100), ("top_share", 0, 100), ("think_ms", 0, 60000)):
        if not low <= getattr(options, name) <= high:
            raise ValueError(f"--{name.replace('_', '-')}: {getattr(options, name)} is outside {low} to {high}")
    if not options.headless or not options.run_time:
        raise ValueError("give --headless and --run-time: a load without an end is none")


@events.init.add_listener
def prepare(environment, **_):
    options = environment.parsed_options
    host = (options.host or Viewer.host).rstrip("/")
    try:
        check(options)
        ids = choose(host, options)
    except (ValueError, OSError, KeyError, TypeError) as why:
        sys.exit(f"locustfile.py: {host}: {why}")
    plan.update(ids=ids, hot=-(-len(ids) * options.hot_part // 100), hot_share=options.hot_share / 100,
                top_share=options.top_share / 100, random=random.Random(options.seed), think=options.think_ms / 1000)


@events.test_start.add_listener
def begin(**_):
    plan["begun"] = time.time()


class Viewer(FastHttpUser):
    """Asks for one thing both ways, then rests."""

    host = "http://127.0.0.1:8080"
    network_timeout = connection_timeout = 10.0

    def wait_time(self):
        return constant(plan["think"])(self)

    @task
    def both_ways(self):
        r = plan["random"]
        route, target = self.draw(r)
        ways = ["on", "off"]
        r.shuffle(ways)
        for way in ways:
            with self.client.get(f"{target}{'&' if '?' in target else '?'}cache={way}", name=f"{route} {WAYS[way]}", catch_response=True,
                                 context={"series": WAYS[way]}) as answer:
                if answer.status_code == 200 and cache_word(answer.headers.get("Cache-Status")) is None:
                    answer.failure("no Cache-Status of mflixcache in the answer")

    @staticmethod
    def draw(r):
        if r.random() < plan["top_share"]:
            return "/movies/top", "/movies/top?n=10"
        ids, hot = plan["ids"], plan["hot"]
        if len(ids) == hot or (hot and r.random() < plan["hot_share"]):
            return "/movies/{id}", "/movies/" + ids[r.randrange(hot)]
        return "/movies/{id}", "/movies/" + ids[r.randrange(hot, len(ids))]


@events.request.add_listener
def note(response_time, response, context, exception, **_):
    if not context or "series" not in context:
        return
    row = history[int(time.time() - plan["begun"]), context["series"]]
    if exception:
        row["failures"] += 1
        return
    row["ms"].append(response_time)
    word = cache_word(response.headers.get("Cache-Status"))
    row[word] += 1
    inside = library_ms(response.headers.get("Server-Timing"))
    if inside is not None:
        row["library_ms"].append(inside)


def quantile(values, q):
    """By nearest rank; empty text when there is none, as a cell of a table."""
    return f"{sorted(values)[max(0, -(-len(values) * q // 100) - 1)]:.4f}" if values else ""


@events.test_stop.add_listener
def write_history(environment, **_):
    prefix = environment.parsed_options.csv_prefix
    if not prefix:
        return
    with open(prefix + "_cache_history.csv", "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(COLUMNS)
        for (second, series), row in sorted(history.items()):
            out.writerow([second, series, len(row["ms"]), row["failures"], row["hit"], row["miss"], row["bypass"],
                          quantile(row["ms"], 50), quantile(row["ms"], 99), quantile(row["library_ms"], 50)])
