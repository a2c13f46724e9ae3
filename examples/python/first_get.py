# SPDX-License-Identifier: Apache-2.0
"""First read: open, put one movie into the database, read it twice, and see who answered."""
import mflixcache

ID = "573a1393f29313caabcdc810"

with mflixcache.open(env=True) as mc:  # MONGO_URL, REDIS_HOST, REDIS_PORT, MFLIXCACHE_*; a database in memory when unset
    mc.delete_movie(ID)
    mc.create_movie({"_id": {"$oid": ID}, "title": "Casablanca", "year": 1942, "imdb": {"rating": 8.6}})
    mc.invalidate(ID)
    for _ in range(2):
        movie = mc.get_movie(ID)
        print(f"{movie.title} ({movie.year}), {movie.rating}: {movie.cache.name.lower()}, answered by {movie.tier.name.lower()}")
    print(mc.get_movie("573a1393f29313caabcdc8ff"))
