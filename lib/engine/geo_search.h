/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates for the nearest documents out of a geo set in Redis, however large it is and wherever the circle lies: GEOSEARCH with a
 * radius that grows until there are enough; where it would leave members out (poles, antimeridian), cells of the map that are
 * halved until few enough members lie in the nearest of them. No call fetches all of a set.
 */
#ifndef MCI_ENGINE_GEO_SEARCH_H
#define MCI_ENGINE_GEO_SEARCH_H

#include "engine/engine.h"

typedef struct mci_circle {
    double lon, lat, radius_m;
} mci_circle;

/* OK; the set was put right, ask again; the store has to answer; or an error. */
typedef enum mci_near_state { MCI_NEAR_OK, MCI_NEAR_AGAIN, MCI_NEAR_STORE, MCI_NEAR_FAILED } mci_near_state;

/* The `wanted` nearest by the places that the set knows (to less than a metre), nearest first: ids, places and distances. `*n` is set in
 * any case; mci_rows_free() afterwards. */
mci_near_state mci_geo_search(mci_call *c, mci_coll *coll, const mci_circle *where, size_t wanted, mci_row *rows, size_t *n,
                              mc_status *st);

/* Keep the `count` nearest in order, of equals the lower id first (the id is copied, the document referred to). 0, or -1 when memory is
 * short. */
int mci_nearest_insert(mci_row *rows, size_t *n, size_t count, const mci_row *row);

#endif
