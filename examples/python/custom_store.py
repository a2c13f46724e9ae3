# SPDX-License-Identifier: Apache-2.0
"""Your own database behind the cache: a class with the calls you have; only `find` is mandatory."""
import mflixcache
from movies import IDS


class MyDatabase(mflixcache.Store):
    asked = 0

    def find(self, collection, id, deadline_ms):
        self.asked += 1
        if (collection, id) == ("movies", IDS[0]):
            return {"_id": {"$oid": id}, "title": "From my own database"}
        return None


database = MyDatabase()
with mflixcache.open(store=database, env=True) as mc:
    mc.invalidate_all()
    print(mc.get_movie(IDS[0]).title)
    print(mc.get_movie(IDS[1]))
    for _ in range(9):
        mc.get_movie(IDS[0])
        mc.get_movie(IDS[1])
    print(f"20 reads, the database was asked {database.asked} times")
    try:
        mc.delete_movie(IDS[0])
    except mflixcache.UnsupportedError as error:
        print("no delete:", error.text)
