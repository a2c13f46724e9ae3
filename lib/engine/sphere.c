/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the arithmetic of places. Refuses: I/O and state. */
#include "engine/sphere.h"

#include <math.h>
#include <stdint.h>

#define EARTH_M 6372797.560856
#define PI 3.14159265358979323846
#define RAD (PI / 180.0)
#define LAT_MAX 85.05112878
#define STEPS 26 /* bits of each coordinate */

double mci_sphere_distance(double lon1, double lat1, double lon2, double lat2)
{
    double u = sin((lat2 - lat1) * RAD / 2);
    double v = sin((lon2 - lon1) * RAD / 2);
    double a = u * u + cos(lat1 * RAD) * cos(lat2 * RAD) * v * v;
    return 2.0 * EARTH_M * asin(sqrt(a > 1 ? 1 : a));
}

int mci_sphere_wraps(double lon, double lat, double radius_m)
{
    double angle = radius_m / EARTH_M;
    double reach = fabs(lat) + angle / RAD;
    if (angle >= PI / 2 || reach >= LAT_MAX)
        return 1;
    double side = asin(sin(angle) / cos(lat * RAD)) / RAD;
    return fabs(lon) + side >= 180.0;
}

/* Every second bit, squeezed together. */
static uint32_t squeeze(uint64_t v)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < STEPS; i++)
        out |= (uint32_t)(v >> (2 * i) & 1) << i;
    return out;
}

int mci_sphere_decode(double score, double *lon, double *lat)
{
    if (!(score >= 0 &&
          score < (double)(UINT64_C(1) << 2 * STEPS))) { /* no place: its distance to anywhere is no number either */
        *lon = NAN;
        *lat = NAN;
        return -1;
    }
    uint64_t bits = (uint64_t)score;
    double cells = (double)(UINT64_C(1) << STEPS);
    *lat = -LAT_MAX + ((double)squeeze(bits) + 0.5) / cells * (2 * LAT_MAX);
    *lon = -180.0 + ((double)squeeze(bits >> 1) + 0.5) / cells * 360.0;
    return 0;
}
