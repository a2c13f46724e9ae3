/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last searches for the nearest members around some places came to: how far it was to the last of them, and who they were. Hints: a
 * search that begins with one proves its answer like any other. As many places as are asked for often; bounded.
 */
#ifndef MCI_BASE_PLACES_H
#define MCI_BASE_PLACES_H

#include "base/sync.h"
#include <stddef.h>

#define MCI_PLACES_IDS 1024 /* bytes of ids kept with a place; a longer list is not kept */

typedef struct mci_places mci_places;

typedef struct mci_places_hint {
    double radius_m; /* within it there were enough; NAN: not known */
    int crowded;     /* so many members lay around there that no radius is to be searched as it is */
    char *
        ids; /* malloc'ed: who they were, each with a NUL behind it, when exactly this place was asked for; NULL: not known */
    size_t n;
} mci_places_hint;

mci_places *mci_places_new(void); /* NULL when memory is short */
void mci_places_free(mci_places *p);

/* What is known about `wanted` members within `radius_m` of a place. Any thread. */
void mci_places_find(mci_places *p, double lon, double lat, double radius_m, size_t wanted, mci_places_hint *out);

/*
 * The outcome of a search: the farthest of the `n` found is at `reach_m`; fewer than `wanted`: there are no more within `radius_m`. Nothing is
 * kept when memory is short. Any thread.
 */
typedef struct mci_places_outcome {
    double lon, lat, radius_m;
    size_t wanted, n;
    double reach_m;
    int crowded;
} mci_places_outcome;

void mci_places_keep(mci_places *p, const mci_places_outcome *o, const char *const *ids);

#endif
