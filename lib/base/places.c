/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the table of places that were asked for, by cells of the map. Refuses: I/O, and more than its entries. */
#include "base/places.h"

#include "base/sphere.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SETS 512 /* cells share one by their hash */
#define WAYS 4   /* entries of a set: the one kept longest ago goes */
#define CELL_DEG 0.5

typedef struct entry {
    double lon, lat, radius_m, reach_m;
    size_t wanted; /* 0: nothing is kept here */
    size_t n;
    uint64_t kept; /* the table's count of keeps then */
    char *ids;
    size_t bytes;
    int crowded;
} entry;

struct mci_places {
    mci_mutex lock;
    uint64_t keeps;
    entry set[SETS][WAYS];
};

mci_places *mci_places_new(void)
{
    mci_places *p = calloc(1, sizeof *p);
    if (p != NULL && mci_mutex_init(&p->lock) != 0) {
        free(p);
        return NULL;
    }
    return p;
}

void mci_places_free(mci_places *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < WAYS; k++)
            free(p->set[i][k].ids);
    mci_mutex_destroy(&p->lock);
    free(p);
}

static entry *set_of(mci_places *p, double lon, double lat)
{
    uint32_t x = (uint32_t)(int32_t)floor(lon / CELL_DEG);
    uint32_t y = (uint32_t)(int32_t)floor(lat / CELL_DEG);
    uint32_t h = (x * UINT32_C(0x9e3779b1)) ^ (y * UINT32_C(0x85ebca77));
    h ^= h >> 15;
    h *= UINT32_C(0x2c1b3c6d);
    return p->set[(h ^ h >> 13) % SETS];
}

static int is_at(const entry *e, double lon, double lat, size_t wanted)
{
    return e->wanted == wanted && e->lon == lon && e->lat == lat; /* as the caller wrote them: no arithmetic in between */
}

/* The radius that is enough around there, by this entry; NAN when it does not say. */
static double radius_by(const entry *e, double lon, double lat, double radius_m, size_t wanted)
{
    double moved = mci_sphere_distance(e->lon, e->lat, lon, lat);
    if (e->wanted != wanted)
        return NAN;
    if (e->n < wanted) /* there was no more within its radius */
        return moved == 0 && radius_m <= e->radius_m ? radius_m : NAN;
    if (moved > e->reach_m) /* far away in comparison: it would be a guess like others */
        return NAN;
    return fmin(radius_m, e->reach_m + moved);
}

void mci_places_find(mci_places *p, double lon, double lat, double radius_m, size_t wanted, mci_places_hint *out)
{
    *out = (mci_places_hint){.radius_m = NAN};
    mci_mutex_lock(&p->lock);
    entry *set = set_of(p, lon, lat);
    for (size_t i = 0; i < WAYS; i++) {
        const entry *e = &set[i];
        double radius = e->wanted != 0 ? radius_by(e, lon, lat, radius_m, wanted) : NAN;
        if (isnan(radius) || (out->radius_m <= radius && !is_at(e, lon, lat, wanted)))
            continue;
        out->radius_m = radius;
        out->crowded = e->crowded;
        if (!is_at(e, lon, lat, wanted))
            continue;
        int same = e->radius_m == radius_m || (e->n == wanted && e->reach_m <= radius_m);
        out->ids = e->bytes > 0 && same ? malloc(e->bytes) : NULL;
        if (out->ids != NULL) {
            memcpy(out->ids, e->ids, e->bytes);
            out->n = e->n;
        }
        break;
    }
    mci_mutex_unlock(&p->lock);
}

/* The ids as one text. Nothing (0 bytes) when they are too long, or memory is short. */
static void keep_ids(entry *e, const char *const *ids, size_t n)
{
    char text[MCI_PLACES_IDS];
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(ids[i]) + 1;
        if (len > sizeof text - bytes) {
            bytes = 0;
            break;
        }
        memcpy(text + bytes, ids[i], len);
        bytes += len;
    }
    if (bytes == e->bytes && (bytes == 0 || memcmp(e->ids, text, bytes) == 0))
        return;
    char *copy = bytes > 0 ? realloc(e->ids, bytes) : NULL;
    if (copy == NULL) {
        free(e->ids);
        bytes = 0;
    } else {
        memcpy(copy, text, bytes);
    }
    e->ids = copy;
    e->bytes = bytes;
}

void mci_places_keep(mci_places *p, const mci_places_outcome *o, const char *const *ids)
{
    mci_mutex_lock(&p->lock);
    entry *set = set_of(p, o->lon, o->lat);
    entry *e = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (is_at(&set[i], o->lon, o->lat, o->wanted)) {
            e = &set[i];
            break;
        }
        if (set[i].kept < e->kept)
            e = &set[i];
    }
    keep_ids(e, ids, o->n);
    e->lon = o->lon;
    e->lat = o->lat;
    e->radius_m = o->radius_m;
    e->reach_m = o->reach_m;
    e->wanted = o->wanted;
    e->n = o->n;
    e->crowded = o->crowded;
    e->kept = ++p->keeps;
    mci_mutex_unlock(&p->lock);
}
