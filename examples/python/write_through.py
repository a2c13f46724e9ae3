# SPDX-License-Identifier: Apache-2.0
"""Writes: a rating changes in the database, the cached value and the board, before the call returns."""
import mflixcache
from movies import IDS, load


def show(mc, when):
    movie, place = mc.get_movie(IDS[2]), mc.rank_movie(IDS[2])
    print(f"{when}: {movie.title} {movie.rating} ({movie.cache.name.lower()}), on the board {place.rating} at place {place.rank + 1}")


with mflixcache.open(env=True) as mc:
    load(mc)
    show(mc, "before")
    mc.update_rating(IDS[2], 9.1)
    show(mc, "after")
    print("patched:", mc.update_movie(IDS[2], {"rated": "G", "imdb": {"votes": 1000}}).rated)  # only what it names
    try:
        mc.update_rating(IDS[2], 11.0)
    except mflixcache.RangeError as error:
        print("refused:", error.text)
    if mc.delete_movie(IDS[2]) and mc.get_movie(IDS[2]) is None:
        print("deleted, and gone")
