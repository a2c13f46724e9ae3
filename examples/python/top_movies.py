# SPDX-License-Identifier: Apache-2.0
"""The board: the best rated movies, details included, in one round trip once it is known."""
import mflixcache
from movies import IDS, load

with mflixcache.open(env=True) as mc:
    load(mc)
    for row in mc.top_movies(3):
        print(f"{row.rank + 1}. {row.score} {row.movie.title}")
    print(f"once more: {mc.top_movies(3).info.redis_round_trips} round trip")
    place = mc.rank_movie(IDS[2])
    print(f"The Kid stands at place {place.rank + 1} with {place.rating}")
