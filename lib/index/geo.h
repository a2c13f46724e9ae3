/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest documents of a collection to a point. */
#ifndef MCI_INDEX_GEO_H
#define MCI_INDEX_GEO_H

#include "index/hydrate.h"

/* At most `count` within `radius_m` metres, nearest first, into `rows` (zeroed by the callee); score is the distance in metres. */
mc_status mci_geo_near(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
                       size_t *n);

#endif
