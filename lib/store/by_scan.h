/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of a store made from its `scan` and `find`, with the contracts of mci_store_ops. They cost a walk over the collection. */
#ifndef MCI_STORE_BY_SCAN_H
#define MCI_STORE_BY_SCAN_H

#include "store/store.h"

mc_status mci_by_scan_ids(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, char **ids,
                          size_t *n, mc_error *err);

/* These two: of a collection with a rank field. */
mc_status mci_by_scan_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                          mci_ranked_id *out, size_t *n, mc_error *err);
mc_status mci_by_scan_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                           mc_error *err);

mc_status mci_by_scan_count(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err);

/* There is nothing to reach but the store's own functions, and nothing to prepare. */
mc_status mci_by_scan_ping(mci_store *s, mci_deadline dl, mc_error *err);
mc_status mci_by_scan_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err);

#endif
