# SPDX-License-Identifier: Apache-2.0
"""Many at once: one pipeline for the hits, one query for all misses, the caller's order, an outcome for each."""
import mflixcache
from movies import IDS, load

with mflixcache.open(env=True) as mc:
    load(mc)
    for _ in range(2):
        before = mc.get_stats().store_calls
        for movie in mc.get_movies([IDS[2], "573a1390f29313caabcd48ff", IDS[0], "no id at all"], errors="return"):
            if isinstance(movie, mflixcache.MflixError):
                print(movie.name)
            else:
                print(f"{movie.title}, {movie.cache.name.lower()}" if movie else "not there")
        print("store calls:", mc.get_stats().store_calls - before)
