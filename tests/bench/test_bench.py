#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark runs, and writes down what it measured: test_bench.py PROGRAM BUILD SOURCE. Nothing here asks how fast anything is."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser

KEYS = {"id", "what", "against", "unit", "ours", "reference", "ratio", "target", "better", "met", "regime"}


class Page(HTMLParser):
    """Counts plots; nothing may be fetched."""

    def __init__(self):
        super().__init__()
        self.plots = 0

    def handle_starttag(self, tag, attrs):
        self.plots += tag == "svg"
        for name, value in attrs:
            if name in ("src", "href"):
                sys.exit(f"the page fetches {value}")

    def error(self, message):
        sys.exit(message)


def run(program, build, source, out, *arguments):
    command = [program, "--bin", build, "--source", source, "--out", str(out), "--tiny", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def check_row(row):
    if not KEYS <= set(row):
        sys.exit(f"{row}: without {KEYS - set(row)}")
    if row["regime"] not in ("same", "cross", "free"):
        sys.exit(f"{row}: no such regime")
    if row.get("why"):
        return
    if row["ours"] <= 0 or row["reference"] < 0 or row["better"] not in ("less", "more"):
        sys.exit(f"{row}: no measurement")
    if (row["target"] is None) != (row["met"] is None):
        sys.exit(f"{row}: a goal is met or missed, and nothing else is")


def main():
    program, build, source = sys.argv[1:]
    if shutil.which("redis-server") is None:
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        done = run(program, build, source, out)
        if done.returncode != 0:
            sys.exit(f"status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        results = json.loads((out / "results.json").read_text())
        for row in results["results"]:
            check_row(row)
        ids = {row["id"] for row in results["results"]}
        for number in range(1, 20):
            if not any(i == f"S{number}" or i.startswith((f"S{number}.", f"S{number}i")) for i in ids):
                sys.exit(f"no row S{number} in {sorted(ids)}")
        for what in ("machine", "versions", "data", "kind"):
            if not results.get(what):
                sys.exit(f"results.json does not tell {what}")
        page = Page()
        page.feed((out / "index.html").read_text())
        if page.plots != 2:
            sys.exit(f"{page.plots} plots on the page")
        left = sorted(p.name for p in out.iterdir())
        if left != ["index.html", "results.json"]:
            sys.exit(f"left behind: {left}")
        refused = run(program, build, source, out, "--only", "S1,S99")
        if refused.returncode != 2 or "S99" not in refused.stderr:
            sys.exit(f"--only S99: {refused.returncode} {refused.stderr}")


main()
