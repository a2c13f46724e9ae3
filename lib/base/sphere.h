/* SPDX-License-Identifier: Apache-2.0 */
/* Distances and places as Redis computes and stores them. Pure. */
#ifndef MCI_BASE_SPHERE_H
#define MCI_BASE_SPHERE_H

#include <stddef.h>
#include <stdint.h>

/* Metres between two points in degrees, on Redis' sphere of radius 6,372,797.560856 m (haversine). */
double mci_sphere_distance(double lon1, double lat1, double lon2, double lat2);

/* Does a circle touch a pole's cap or the antimeridian? There GEOSEARCH leaves members out (seen with Redis 7.0). */
int mci_sphere_wraps(double lon, double lat, double radius_m);

/* The place a geo set's score represents: the middle of its 52-bit cell. Source: Redis' geohash.c describes the interleaving. 0, or -1 for
 * a score that no place has (anybody may ZADD): both are then NaN, and so is any distance from there. */
int mci_sphere_decode(double score, double *lon, double *lat);

/* Can a geo set hold this place? 1: yes, and what lies on its last edge (180 degrees east, the last degree north) is moved a
 * hand's breadth inwards, since Redis would store it in another place; 0: no. */
int mci_sphere_hold(double *lon, double *lat);

/* One cell of the map at a level of halving both coordinates `step` times: row `i` from the south, column `j` from the west. */
typedef struct mci_sphere_cell {
    int64_t i, j;
    unsigned step;
    int64_t members;
    double near_m, far_m; /* no place in it is nearer, or farther, than that from a point: mci_sphere_measure() */
} mci_sphere_cell;

#define MCI_SPHERE_STEPS 26 /* bits of each coordinate in a score */
#define MCI_SPHERE_CELLS 32

/* Cells that together hold every place within the circle, across poles and the antimeridian too: as small ones as so many can be.
 * Returns how many. */
size_t mci_sphere_cover(double lon, double lat, double radius_m, mci_sphere_cell out[MCI_SPHERE_CELLS]);
void mci_sphere_measure(mci_sphere_cell *c, double lon, double lat);
/* The cell's scores: from *low to below *high. */
void mci_sphere_scores(const mci_sphere_cell *c, double *low, double *high);

/* A radius within which `wanted` of `members` places lie, were they spread evenly; at most `radius_m`. */
double mci_sphere_first_radius(double members, double wanted, double radius_m);

#endif
