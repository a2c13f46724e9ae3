# SPDX-License-Identifier: Apache-2.0
"""One value through three tiers: Redis, a snapshot file, a loader of our own. Each time: who answered, and how fresh it is."""

import os
import tempfile

import mflixcache
from mflixcache import Flag, Trace

KEY = "processed_data:device7:2026-01-31"
queries = 0


def load(key: str, deadline_ms: int) -> str:
    """The store tier: a query of our database."""
    global queries
    queries += 1
    return '{"mean_c": 21.02}'


def show(mc: mflixcache.Client, when: str) -> None:
    trace = Trace()
    value = mc.get_or_load(KEY, load, ttl_ms=60_000, trace=trace)
    stale = ", stale" if Flag.STALE in trace.info.flags else ""
    print(f"{when}: {value.decode()} from {trace.info.tier.name.lower()}{stale}, {queries} queries")


folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "snapshot.json")
with folder, mflixcache.open(env=True, snapshot_path=path) as mc:
    mc.remove(KEY)
    show(mc, "nothing is there")
    mc.save_snapshot({KEY: '{"mean_c": 20.97}'})  # what a producer does, with put_many() for Redis
    show(mc, "warm")
    mc.remove(KEY)
    show(mc, "Redis has forgotten it")
    os.remove(path)
    show(mc, "the file is gone, too")
    show(mc, "warm again")
