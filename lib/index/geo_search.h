/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates for the nearest documents out of a geo set, however large it is and wherever the circle lies: a search with a
 * radius that grows until there are enough; where it would leave members out (poles, antimeridian), cells of the map that are
 * halved until few enough members lie in the nearest of them. No call fetches all of a set.
 */
#ifndef MCI_INDEX_GEO_SEARCH_H
#define MCI_INDEX_GEO_SEARCH_H

#include "index/hydrate.h"
#include "index/judge.h"

typedef struct mci_circle {
    double lon, lat, radius_m;
} mci_circle;

/* The `wanted` nearest by the places that the set knows (to less than a metre), nearest first: ids, places and distances. `*n` is set in
 * any case; mci_rows_free() afterwards. `*st` is an error only when memory is short. */
mci_belief mci_geo_search(mci_call *c, mci_coll *coll, const mci_circle *where, size_t wanted, mci_row *rows, size_t *n,
                          mc_status *st);

/* Keep the `count` nearest in order, of equals the lower id first (the id is copied, the document referred to). 0, or -1 when memory is
 * short. */
int mci_nearest_insert(mci_row *rows, size_t *n, size_t count, const mci_row *row);

#endif
