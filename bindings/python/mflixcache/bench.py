# SPDX-License-Identifier: Apache-2.0
"""The 80/20 experiment from Python: what each request cost, as records or as a pandas DataFrame."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence
from typing import Any

from mflixcache.client import Client
from mflixcache.results import Trace


def bench(
    mc: Client,
    *,
    requests: int = 500,
    titles: Sequence[str] | None = None,
    hot_share: int = 80,
    hot_part: int = 20,
    seed: int = 42,
    cold: bool = True,
) -> Any:
    """Ask for films by title: `hot_share` percent of the requests for the first `hot_part` percent of the titles.

    Args:
        mc: where to.
        requests: how many.
        titles: of what; None: those of the hundred best rated.
        hot_share: percent of the requests that go to the hot titles.
        hot_part: percent of the titles that are hot.
        seed: of the choice; the same gives the same requests.
        cold: drop everything that is cached first.

    Returns:
        One record for each request, in order: request, title, hot, outcome (hit, miss, bypass, not found), tier, ms, age_ms,
        round_trips, store_calls. As a DataFrame where pandas is installed, else as a list of dicts.
    """
    if requests < 1 or not 0 <= hot_share <= 100 or not 0 < hot_part <= 100:
        raise ValueError("requests from 1, hot_share from 0 to 100, hot_part from 1 to 100")
    if titles is None:
        titles = [row.movie.title for row in mc.top_movies(100) if row.movie.title]
    wanted = list(titles)
    if not wanted:
        raise ValueError("no titles: load some films first")
    if cold:
        mc.invalidate_all()
    choose = random.Random(seed)
    border = max(1, len(wanted) * hot_part // 100)
    records: list[dict[str, Any]] = []
    trace = Trace()
    for number in range(1, requests + 1):
        hot = choose.random() * 100 < hot_share or border == len(wanted)
        title = wanted[choose.randrange(border)] if hot else wanted[choose.randrange(border, len(wanted))]
        found = mc.get_movie_by_title(title, trace=trace)
        info = trace.info
        if info is None:
            continue
        records.append(
            {
                "request": number,
                "title": title,
                "hot": hot,
                "outcome": str(info.cache) if found is not None else "not found",
                "tier": str(info.tier),
                "ms": info.elapsed_ns / 1e6,
                "age_ms": info.age_ms,
                "round_trips": info.redis_round_trips,
                "store_calls": info.store_calls,
            }
        )
    return _frame(records)


def _frame(records: list[dict[str, Any]]) -> Any:
    try:
        pandas: Any = importlib.import_module("pandas")  # only when it is there
    except ImportError:
        return records
    return pandas.DataFrame.from_records(records)
