# SPDX-License-Identifier: Apache-2.0
"""producer.py [--every MINUTES] DATABASE CSV...: readings of devices from a file, a URL (http, https, ftp) or - (standard input) into SQLite, and the JSON
of each device's day into Redis for 60 s and into the snapshot file: what mflix-producer does in C, byte by byte.

A source that is away is reported; with --every the last good days are served on. Settings come from the environment (REDIS_HOST,
MFLIXCACHE_SNAPSHOT_PATH, MFLIXCACHE_VALUES_RAW_KEYS ...), and what it does not say from .env of the folder, or --env-file.
"""

import argparse
import csv
import io
import os
import re
import sqlite3
import sys
import time
import urllib.request
from contextlib import closing

import mflixcache

HEADER = ["device", "time", "temperature_c", "humidity_pct"]
DEVICE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TTL_MS = 60_000
DAY = """SELECT count(*), min(temperature_c), avg(temperature_c), max(temperature_c), min(humidity_pct), avg(humidity_pct), max(humidity_pct)
         FROM readings WHERE device = ?1 AND time >= ?2 AND time < ?2 || 'U'"""


def read(source: str) -> str:
    """All of the CSV, or an OSError."""
    if source == "-":
        return sys.stdin.read()
    if "://" not in source:
        with open(source, encoding="utf-8") as f:
            return f.read()
    if not source.startswith(("http://", "https://", "ftp://")):
        raise OSError("only http, https and ftp")
    with urllib.request.urlopen(source, timeout=60) as answer:
        return answer.read(64 << 20).decode()


def rows(text: str) -> list[tuple[str, str, float, float]]:
    """All lines, or a ValueError that names the first that is wrong."""
    lines = csv.reader(io.StringIO(text))
    if next(lines, None) != HEADER:
        raise ValueError("1: the header is " + ",".join(HEADER))
    good = []
    for number, line in enumerate(lines, 2):
        try:
            device, when, temperature, humidity = line
            good.append((device, when, float(temperature), float(humidity)))
            if not (DEVICE.fullmatch(device) and TIME.fullmatch(when) and -273.15 <= good[-1][2] <= 1000 and 0 <= good[-1][3] <= 100):
                raise ValueError
        except ValueError:
            raise ValueError(f"{number}: not a reading: {','.join(line)[:80]}") from None
    return good


def store(database: str, sources: list[str]) -> None:
    readings = [reading for source in sources for reading in rows(read(source))]
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS readings (device TEXT, time TEXT, temperature_c REAL, humidity_pct REAL,"
                   " PRIMARY KEY (device, time)) WITHOUT ROWID")
        db.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)", readings)
    print(f"{len(readings)} readings")


def day(db: sqlite3.Connection, device: str, date: str) -> str:
    n, t0, t, t1, h0, h, h1 = db.execute(DAY, (device, date)).fetchone()
    return (f'{{"device":"{device}","date":"{date}","readings":{n},"temperature_c":{{"min":{t0:.1f},"mean":{t:.2f},"max":{t1:.1f}}},'
            f'"humidity_pct":{{"min":{h0:.1f},"mean":{h:.2f},"max":{h1:.1f}}}}}')


def days(database: str) -> dict[str, str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        all_days = db.execute("SELECT DISTINCT device, substr(time, 1, 10) FROM readings ORDER BY 1, 2").fetchall()
        return {f"processed_data:{device}:{date}": day(db, device, date) for device, date in all_days}


def publish(mc: mflixcache.Client, values: dict[str, str], fresh: bool) -> None:
    warm = "in Redis for 60 s"
    try:
        for at in range(0, len(values), 1000):
            mc.put_many(dict(list(values.items())[at:at + 1000]), ttl_ms=TTL_MS)
    except mflixcache.MflixError as why:
        warm = f"not in Redis ({why})"
    if fresh:
        mc.save_snapshot(values)
    print(f"{len(values)} days: {warm}, {'all in the snapshot' if fresh else 'the snapshot stays'}", flush=True)


def run(mc: mflixcache.Client, database: str, sources: list[str], again: bool) -> bool:
    try:
        store(database, sources)
        fresh = True
    except (OSError, ValueError, sqlite3.Error) as why:
        print(f"producer: {why}", file=sys.stderr, flush=True)
        fresh = False
    try:
        if fresh or again:
            publish(mc, days(database), fresh)
    except (OSError, sqlite3.Error, mflixcache.MflixError) as why:
        print(f"producer: {why}", file=sys.stderr, flush=True)
        fresh = False
    return fresh


def settings(path: str | None) -> None:
    """NAME=VALUE lines into the environment, where it does not say otherwise: the library's alone. Without a path, .env if there is one."""
    if path is None and not os.path.isfile(".env"):
        return
    with open(path or ".env", encoding="utf-8") as f:
        for line in f:
            found = re.match(r"\s*(?:export\s+)?(MONGO_URL|REDIS_HOST|REDIS_PORT|MFLIXCACHE_\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|(.*?)(?:\s+#.*)?$)", line)
            if found:
                os.environ.setdefault(found[1], next(v for v in found.groups()[1:] if v is not None))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=float, metavar="MINUTES", help="again and again, until it is ended")
    parser.add_argument("--env-file", metavar="FILE", help="settings as NAME=VALUE lines (default: .env, if there is one)")
    parser.add_argument("database")
    parser.add_argument("csv", nargs="+")
    args = parser.parse_args()
    settings(args.env_file)
    with mflixcache.open(env=True) as mc:
        good = run(mc, args.database, args.csv, args.every is not None)
        while args.every is not None:
            time.sleep(args.every * 60)
            good = run(mc, args.database, args.csv, True)
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
