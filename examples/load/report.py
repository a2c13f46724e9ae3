#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of a load test: report.py PREFIX FILE.svg [--note TEXT] [--mflix PROGRAM]

Reads what locust wrote with --csv PREFIX --csv-full-history (the requests per second and the users over time, the totals), and what
locustfile.py wrote beside it (exact quantiles and the hit ratio of each second), and has `mflix plot` draw them, cached against uncached: latency on a
logarithmic scale, hit ratio, requests and users. One self-contained SVG, readable in light and dark.
"""
import argparse
import csv
import json
import subprocess
import sys

SERIES = ("cached", "uncached")


# ---- What was measured

def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        yield from csv.DictReader(f)


def number(text):
    """A cell; None when it is empty."""
    return float(text) if text not in ("", "N/A") else None


class Run:
    """`points[series]`: (second, p50, p99, requests); `ratio`: (second, hit ratio); `load`: (second, requests per second, users)."""

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
        self.points[series].append((second, number(row["p50_ms"]), number(row["p99_ms"]), n))
        self.answers[series] += n
        if series == "cached":
            self.answers["hits"] += int(row["hits"])
            self.ratio.append((second, int(row["hits"]) / n))

    def title(self):
        return f"Reads with the cache and past it: {100 * self.answers['hits'] / self.answers['cached']:.1f} % hits"

    def about(self, note):
        text = f"{self.requests} requests in {self.seconds} s by 1 to {self.users} users, {self.failures} failed"
        return text + ("; " + note if note else "")

    def figures(self, note):
        """What `mflix plot` draws: one slice for each second."""
        slices = [{} for _ in range(max(1, self.seconds))]
        for series in SERIES:
            for second, p50, p99, n in self.points[series]:
                slices[second][series] = {"requests": n, "p50_ms": p50 or 0, "p99_ms": p99 or 0}
        for second, ratio in self.ratio:
            slices[second]["hit_ratio"] = ratio
        load = {second: (rate, users) for second, rate, users in self.load}
        last = (0, 0)
        for second, one in enumerate(slices):
            last = load.get(second, last)
            one["requests_per_s"], one["users"] = last
        return {"title": self.title(), "about": self.about(note), "seconds": len(slices), "slices": slices}


def draw(figures, file, program):
    """By `mflix plot`."""
    try:
        done = subprocess.run([program, "plot", "-", file], input=json.dumps(figures), text=True, capture_output=True, check=False)
    except OSError as why:
        raise OSError(f"{program}: {why.strerror} (the mflix program draws; --mflix says where it is)") from None
    if done.returncode != 0:
        raise OSError(done.stderr.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("prefix", help="what --csv was given")
    parser.add_argument("file", help="where the drawing goes; ends in .svg")
    parser.add_argument("--note", default="", help="a few words on where it was measured")
    parser.add_argument("--mflix", default="mflix", help="the program that draws (default: mflix, by PATH)")
    options = parser.parse_args()
    if not options.file.endswith(".svg"):
        parser.error(f"'{options.file}' does not end in .svg")
    try:
        run = Run(options.prefix)
        draw(run.figures(options.note), options.file, options.mflix)
    except (OSError, ValueError, KeyError) as why:
        sys.exit(f"report.py: {options.prefix}: {why}")
    print(f"{options.file}: {run.title()}; {run.about(options.note)}")


if __name__ == "__main__":
    main()
