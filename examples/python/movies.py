# SPDX-License-Identifier: Apache-2.0
"""Three movies that the other examples share."""

IDS = ("573a1390f29313caabcd4801", "573a1390f29313caabcd4802", "573a1390f29313caabcd4803")
MOVIES = [
    {"_id": {"$oid": IDS[0]}, "title": "City Lights", "year": 1931, "imdb": {"rating": 8.5}},
    {"_id": {"$oid": IDS[1]}, "title": "Modern Times", "year": 1936, "imdb": {"rating": 8.6}},
    {"_id": {"$oid": IDS[2]}, "title": "The Kid", "year": 1921, "imdb": {"rating": 8.2}},
]


def load(mc):
    """Put them into the database, whatever was there before, and start with an empty cache."""
    import mflixcache

    mc.import_movies(MOVIES, mode=mflixcache.ImportMode.REPLACE)
    mc.invalidate_all()
