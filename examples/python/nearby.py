# SPDX-License-Identifier: Apache-2.0
"""Places: theaters near a point, the nearest first."""
import mflixcache


def theater(number, street, city, lon, lat):
    return {"_id": {"$oid": f"59a47286cfa9a3a73e51e70{number}"}, "theaterId": number,
            "location": {"address": {"street1": street, "city": city}, "geo": {"type": "Point", "coordinates": [lon, lat]}}}


with mflixcache.open(env=True) as mc:
    mc.import_theaters([theater(1, "1 Bay St", "Harbour", -74.0, 40.7), theater(2, "2 Hill Rd", "Upland", -74.0, 40.8),
                        theater(3, "3 Far Ln", "Elsewhere", -80.0, 35.0)], mode=mflixcache.ImportMode.REPLACE)
    for row in mc.nearby_theaters(-74.0, 40.72, radius_m=50000, count=5):
        print(f"{row.distance_m / 1000:.1f} km  {row.theater.street1}, {row.theater.city}")
