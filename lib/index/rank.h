/* SPDX-License-Identifier: Apache-2.0 */
/* The ranking of a collection by a number of its documents: pages of it, and the place of one document. */
#ifndef MCI_INDEX_RANK_H
#define MCI_INDEX_RANK_H

#include "index/hydrate.h"

/* At most `count` rows from place `offset` on into `rows` (zeroed by the callee). */
mc_status mci_rank_page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n);
/* Place from 0, and the number. MC_NOT_FOUND: it has none. */
mc_status mci_rank_place(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score);

#endif
