#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of a load test: report.py PREFIX FILE.svg [--note TEXT]

Reads what locust wrote with --csv PREFIX --csv-full-history (the requests per second and the users over time, the totals), and what
locustfile.py wrote beside it (exact quantiles and the hit ratio of each second), and draws them, cached against uncached: latency on a
logarithmic scale, hit ratio, requests and users. One SVG that stands alone, readable in light and dark. Needs Python alone, no display.
"""
import argparse
import csv
import math
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 960, 76, 60
LATENCY, RATIO, LOAD, HEIGHT = (122, 280), (448, 100), (594, 100), 744  # (top, height) of the panels
SERIES = ("cached", "uncached")
STYLE = """
svg{--ground:#ffffff;--ink:#1f2933;--soft:#5f6b7a;--line:#e3e7ec;--cached:#0b7a75;--uncached:#c2410c;--load:#4b5bb5}
@media (prefers-color-scheme:dark){svg{--ground:#12181f;--ink:#e6eaef;--soft:#9aa7b5;--line:#2a333d;--cached:#3fd0c4;--uncached:#ff9d5c;
--load:#9fb0ff}}
text{font:13px system-ui,sans-serif;fill:var(--soft)}.head{font-size:18px;font-weight:600;fill:var(--ink)}
.panel{font-weight:600;fill:var(--ink)}.ground{fill:var(--ground)}.grid{stroke:var(--line);stroke-width:1}
path{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.p99,.users{stroke-width:1.3;stroke-dasharray:5 4}
.cached{stroke:var(--cached)}.uncached{stroke:var(--uncached)}.load,.users{stroke:var(--load)}
text.cached{fill:var(--cached);stroke:none}text.uncached{fill:var(--uncached);stroke:none}
text.load,text.users{fill:var(--load);stroke:none}
"""


# ---- What was measured

def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        yield from csv.DictReader(f)


def number(text):
    """A cell; None when it is empty."""
    return float(text) if text not in ("", "N/A") else None


class Run:
    """`points[series]`: (second, p50, p99); `ratio`: (second, hit ratio); `load`: (second, requests per second, users)."""

    def __init__(self, prefix):
        self.points, self.ratio, self.load = {s: [] for s in SERIES}, [], []
        self.requests, self.failures, self.answers = 0, 0, {"hits": 0, "cached": 0, "uncached": 0}
        for row in rows(prefix + "_cache_history.csv"):
            self.take(row)
        history = [r for r in rows(prefix + "_stats_history.csv") if r["Name"] == "Aggregated"]
        begun = min((int(r["Timestamp"]) for r in history), default=0)
        self.load = [(int(r["Timestamp"]) - begun, number(r["Requests/s"]) or 0, int(r["User Count"])) for r in history]
        for row in rows(prefix + "_stats.csv"):
            if row["Name"] == "Aggregated":
                self.requests, self.failures = int(row["Request Count"]), int(row["Failure Count"])
        self.seconds = max((p[0] for p in self.load), default=0)
        for series in SERIES:  # what ran over the end is not a whole second
            self.points[series] = [p for p in self.points[series] if p[0] < self.seconds]
        self.ratio = [p for p in self.ratio if p[0] < self.seconds]
        if not all(self.points.values()):
            raise ValueError("no answered request of both series in it: was the run too short?")
        self.users = max((p[2] for p in self.load), default=0)

    def take(self, row):
        second, series, n = int(row["second"]), row["series"], int(row["requests"])
        if n == 0:
            return
        self.points[series].append((second + 0.5, number(row["p50_ms"]), number(row["p99_ms"])))
        self.answers[series] += n
        if series == "cached":
            self.answers["hits"] += int(row["hits"])
            self.ratio.append((second + 0.5, int(row["hits"]) / n))

    def title(self):
        return f"Reads with the cache and past it: {100 * self.answers['hits'] / self.answers['cached']:.1f} % hits"

    def about(self, note):
        text = f"{self.requests} requests in {self.seconds} s by 1 to {self.users} users, {self.failures} failed"
        return text + ("; " + note if note else "")


# ---- Scales

def round_number(k):
    """1, 2 or 5 times a power of ten: the k-th of them, three to a decade."""
    return (1, 2, 5)[k % 3] * 10.0 ** (k // 3)


def step_below(value):
    """The last step that is not above the value."""
    k = math.floor(math.log10(value)) * 3 + 3
    while round_number(k) > value * 1.0000001:
        k -= 1
    return k


class Drawing:
    def __init__(self, run, note):
        self.out, self.run = [], run
        self.out.append(f"<title>{escape(run.title())}</title>\n<desc>{escape(run.about(note))}</desc>")
        self.out.append(f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="8"/>')
        self.text(LEFT, 32, "head", run.title())
        self.text(LEFT, 54, "about", run.about(note))

    def text(self, x, y, kind, text, anchor="start"):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2):
        self.out.append(f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def x(self, second):
        return LEFT + (WIDTH - LEFT - RIGHT) * second / self.run.seconds

    def key(self, x, y, kind, text):
        self.out.append(f'<path class="{kind}" d="M{x} {y - 4}h24"/>')
        self.text(x + 30, y, kind, text)

    def series(self, kind, points):
        """One line; it breaks where more than two seconds have no value."""
        d, last = [], None
        for second, y in points:
            d.append(f"{'L' if last is not None and second - last <= 2 else 'M'}{self.x(second):.1f} {y:.1f}")
            last = second
        self.out.append(f'<path class="{kind}" d="{"".join(d)}"/>')

    def time_axis(self):
        step = round_number(max(0, step_below(self.run.seconds / 6)))
        for i in range(int(self.run.seconds / step) + 1):
            for top, height in (LATENCY, RATIO, LOAD):
                self.line(self.x(i * step), top, self.x(i * step), top + height)
            self.text(self.x(i * step), LOAD[0] + LOAD[1] + 20, "tick", f"{i * step:g} s", "middle")

    def latency(self):
        top, height = LATENCY
        values = [v for s in SERIES for p in self.run.points[s] for v in p[1:] if v]
        low, high = step_below(max(1e-3, min(values)) * 0.9), step_below(max(1e-3, max(values)) * 1.1) + 1
        span = math.log10(round_number(high) / round_number(low))

        def y(ms):
            return top + height * (1 - max(0.0, math.log10(max(ms, 1e-3) / round_number(low))) / span)

        for k in range(low, high + 1):
            if high - low > 12 and k % 3:
                continue
            self.line(LEFT, y(round_number(k)), WIDTH - RIGHT, y(round_number(k)))
            ms = round_number(k)
            self.text(LEFT - 8, y(ms) + 4, "tick", f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms", "end")
        self.text(LEFT, top - 12, "panel", "Latency as the users see it, logarithmic")
        for s in reversed(SERIES):
            self.series(s, [(p[0], y(p[1])) for p in self.run.points[s]])
            self.series(s + " p99", [(p[0], y(p[2])) for p in self.run.points[s]])

    def ratio(self):
        top, height = RATIO
        for percent in (0, 50, 100):
            self.line(LEFT, top + height * (1 - percent / 100), WIDTH - RIGHT, top + height * (1 - percent / 100))
            self.text(LEFT - 8, top + height * (1 - percent / 100) + 4, "tick", f"{percent} %", "end")
        self.text(LEFT, top - 12, "panel", "Hit ratio")
        self.series("uncached", [(p[0], top + height) for p in self.run.points["uncached"]])
        self.series("cached", [(second, top + height * (1 - ratio)) for second, ratio in self.run.ratio])

    def load(self):
        top, height = LOAD
        most = max(1.0, max(p[1] for p in self.run.load))
        step = round_number(step_below(most / 2))
        most = math.ceil(most / step) * step
        users = max(1, self.run.users)
        self.text(LEFT, top - 12, "panel", "Load")
        self.key(LEFT + 60, top - 12, "load", "requests/s")
        self.key(LEFT + 180, top - 12, "users", "users")
        for share in (0, 0.5, 1):
            self.line(LEFT, top + height * (1 - share), WIDTH - RIGHT, top + height * (1 - share))
            self.text(LEFT - 8, top + height * (1 - share) + 4, "tick", f"{most * share:.0f}/s", "end")
            self.text(WIDTH - RIGHT + 8, top + height * (1 - share) + 4, "users", f"{users * share:g}")
        self.series("users", [(p[0], top + height * (1 - p[2] / users)) for p in self.run.load])
        self.series("load", [(p[0], top + height * (1 - p[1] / most)) for p in self.run.load])

    def finish(self):
        x = LEFT
        for s in SERIES:
            for kind, text, width in ((s, "median", 150 + 15 * (s != "cached")), (s + " p99", "99th percentile", 200)):
                self.key(x, 82, kind, f"{s}, {text}")
                x += width
        self.time_axis()
        self.latency()
        self.ratio()
        self.load()
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">\n'
                f"<style>{STYLE}</style>\n" + "\n".join(self.out) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("prefix", help="what --csv was given")
    parser.add_argument("file", help="where the drawing goes; ends in .svg")
    parser.add_argument("--note", default="", help="a few words on where it was measured")
    options = parser.parse_args()
    if not options.file.endswith(".svg"):
        parser.error(f"'{options.file}' does not end in .svg")
    try:
        run = Run(options.prefix)
        with open(options.file, "w", encoding="utf-8") as f:
            f.write(Drawing(run, options.note).finish())
    except (OSError, ValueError, KeyError) as why:
        sys.exit(f"report.py: {options.prefix}: {why}")
    print(f"{options.file}: {run.title()}; {run.about(options.note)}")


if __name__ == "__main__":
    main()
