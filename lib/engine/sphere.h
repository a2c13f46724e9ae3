/* SPDX-License-Identifier: Apache-2.0 */
/* Distances and places as Redis computes and stores them. Pure. */
#ifndef MCI_ENGINE_SPHERE_H
#define MCI_ENGINE_SPHERE_H

/* Metres between two points in degrees, on Redis' sphere of radius 6,372,797.560856 m (haversine). */
double mci_sphere_distance(double lon1, double lat1, double lon2, double lat2);

/* Does a circle touch a pole's cap or the antimeridian? There GEOSEARCH leaves members out (seen with Redis 7.0). */
int mci_sphere_wraps(double lon, double lat, double radius_m);

/* The place a geo set's score stands for: the middle of its 52-bit cell. Source: Redis' geohash.c describes the interleaving. 0, or -1 for
 * a score that no place has (anybody may ZADD): both are then NaN, and so is any distance from there. */
int mci_sphere_decode(double score, double *lon, double *lat);

#endif
