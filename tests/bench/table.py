#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/performance.md, from one run: table.py build/bench/results.json [docs/performance.md]. With a page, the table there
is replaced."""
import json
import pathlib
import re
import sys

REGIMES = ("same", "cross", "free")


def number(row):
    if row is None or row.get("why"):
        return ""
    if row["against"] == "a limit":
        return f"{row['ours']:.4g} {row['unit']}".strip()
    return f"{row['ratio']:.2f}"


def goal(rows):
    words = []
    for row in rows:
        if row.get("target") is not None:
            word = f"{'≤' if row['better'] == 'less' else '≥'} {row['target']:g}"
            if word not in words:
                words.append(word)
    return ", ".join(words)


def main():
    run = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    by_id = {}
    for row in run["results"]:
        by_id.setdefault(row["id"], {})[row["regime"]] = row
    lines = ["| row | what | against | same | cross | free | goal |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, rows in by_id.items():
        first = next(iter(rows.values()))
        what = re.sub(r"; \d+ answers were no hits", "", first["what"])
        cells = [number(rows.get(r)) for r in REGIMES]
        against = first.get("why") or first["against"]
        ordered = [rows[r] for r in REGIMES if r in rows]
        lines.append(f"| {name} | {what} | {against} | {' | '.join(cells)} | {goal(ordered)} |")
    v, m = run["versions"], run["machine"]
    lines.append("")
    lines.append(f"A {run['kind']} run of {run['when'][:10]}: {m['cpus']} CPUs ({m['cpu']}), Redis {v['redis']}, hiredis {v['hiredis']}, "
                 f"SQLite {v['sqlite']}, {run['data']['films']:,} films.")
    text = "\n".join(lines)
    if len(sys.argv) < 3:
        print(text)
        return
    page = pathlib.Path(sys.argv[2])
    old = page.read_text(encoding="utf-8")
    new = re.sub(r"(?s)(<!-- results -->\n).*?(<!-- end of results -->)", lambda m: m.group(1) + text + "\n" + m.group(2), old)
    if new == old and text not in old:
        sys.exit(f"{page}: no <!-- results --> to replace")
    page.write_text(new, encoding="utf-8")


main()
