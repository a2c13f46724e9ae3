/* SPDX-License-Identifier: Apache-2.0 */
/* Counted events (views) of a collection's documents, in the cache alone. */
#ifndef MCI_INDEX_COUNTER_H
#define MCI_INDEX_COUNTER_H

#include "index/hydrate.h"

/* Count one. It is sent at most once: MC_E_UNKNOWN when it may have been counted. */
mc_status mci_counter_add(mci_call *c, mci_coll *coll, const char *id, int64_t *total);
/* The most counted, at most `count`. */
mc_status mci_counter_top(mci_call *c, mci_coll *coll, size_t count, mci_row *rows, size_t *n);

#endif
