/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the arithmetic of places. Refuses: I/O and state. */
#include "base/sphere.h"

#include <math.h>
#include <stdint.h>

#define EARTH_M 6372797.560856
#define PI 3.14159265358979323846
#define RAD (PI / 180.0)
#define LAT_MAX 85.05112878
#define STEPS MCI_SPHERE_STEPS

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

#define EDGE 1e-7 /* degrees: a centimetre */

int mci_sphere_hold(double *lon, double *lat)
{
    if (!(fabs(*lon) <= 180.0 && fabs(*lat) <= LAT_MAX))
        return 0;
    if (*lon > 180.0 - EDGE)
        *lon = 180.0 - EDGE;
    if (*lat > LAT_MAX - EDGE)
        *lat = LAT_MAX - EDGE;
    return 1;
}

static uint64_t spread(uint64_t v)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < STEPS; i++)
        out |= (v >> i & 1) << (2 * i);
    return out;
}

/* Cells first to last of `n` that an interval touches; both ends may lie outside. */
static void cells_of(double low, double high, double from, double span, double n, int64_t *first, int64_t *last)
{
    *first = (int64_t)floor((low - from) / span * n);
    *last = (int64_t)floor((high - from) / span * n);
}

size_t mci_sphere_cover(double lon, double lat, double radius_m, mci_sphere_cell out[MCI_SPHERE_CELLS])
{
    double angle = radius_m / EARTH_M;
    double reach = angle / RAD + 1e-4;
    double side = 360.0; /* around a pole every longitude is near */
    if (fabs(lat) + reach < 90.0)
        side = asin(fmin(1.0, sin(angle) / cos(lat * RAD))) / RAD + 1e-4;
    double south = fmax(lat - reach, -LAT_MAX);
    double north = fmin(lat + reach, LAT_MAX);
    for (unsigned step = STEPS; step > 0; step--) {
        int64_t m = INT64_C(1) << step;
        int64_t i0 = 0;
        int64_t i1 = 0;
        int64_t j0 = 0;
        int64_t j1 = 0;
        cells_of(south, north, -LAT_MAX, 2 * LAT_MAX, (double)m, &i0, &i1);
        cells_of(lon - side, lon + side, -180.0, 360.0, (double)m, &j0, &j1);
        i0 = i0 < 0 ? 0 : i0;
        i1 = i1 >= m ? m - 1 : i1;
        j1 = j1 - j0 + 1 > m ? j0 + m - 1 : j1;
        if ((i1 - i0 + 1) * (j1 - j0 + 1) > MCI_SPHERE_CELLS)
            continue;
        size_t n = 0;
        for (int64_t i = i0; i <= i1; i++)
            for (int64_t j = j0; j <= j1; j++, n++) {
                out[n] = (mci_sphere_cell){.i = i, .j = (j % m + m) % m, .step = step};
                mci_sphere_measure(&out[n], lon, lat);
            }
        return n;
    }
    out[0] = (mci_sphere_cell){0}; /* the whole map */
    mci_sphere_measure(&out[0], lon, lat);
    return 1;
}

void mci_sphere_measure(mci_sphere_cell *c, double lon, double lat)
{
    double n = (double)(INT64_C(1) << c->step);
    double tall = 2 * LAT_MAX / n;
    double wide = 360.0 / n;
    double south = -LAT_MAX + (double)c->i * tall;
    double west = -180.0 + (double)c->j * wide;
    double widest = south <= 0 && south + tall >= 0 ? 1.0 : fmax(cos(south * RAD), cos((south + tall) * RAD));
    double middle = mci_sphere_distance(lon, lat, west + wide / 2, south + tall / 2);
    /* From its middle along the meridian, then along the longer of its parallels: no place in it is farther. */
    double half = (tall / 2 + wide / 2 * widest) * RAD * EARTH_M + 1.0;
    c->near_m = middle > half ? middle - half : 0;
    c->far_m = middle + half;
}

void mci_sphere_scores(const mci_sphere_cell *c, double *low, double *high)
{
    uint64_t cell = spread((uint64_t)c->i) | spread((uint64_t)c->j) << 1;
    unsigned shift = 2 * (STEPS - c->step);
    *low = (double)(cell << shift);
    *high = (double)((cell + 1) << shift);
}

double mci_sphere_first_radius(double members, double wanted, double radius_m)
{
    double share = members > 0 ? 4 * wanted / members : 1; /* of the sphere */
    if (share >= 0.5)
        return radius_m;
    return fmin(radius_m, EARTH_M * acos(1 - 2 * share));
}
