/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the values of a collection ahead of traffic. */
#ifndef MCI_ENGINE_WARM_H
#define MCI_ENGINE_WARM_H

#include "engine/call.h"
#include <mflixcache/client.h>

/* What a long call reports to its caller, at most five times a second. */
typedef struct mci_progress {
    mc_progress p;
    mc_progress_fn fn; /* NULL: nobody wants to know */
    void *user;
    int64_t began_ns;
    int64_t last_ns; /* when it was reported last */
} mci_progress;

void mci_progress_begin(mci_progress *p, mc_progress_fn fn, void *user);
/* MC_OK, or MC_E_ABORT when the caller wants it stopped. */
mc_status mci_progress_report(mci_progress *p, int last, mc_error *err);

/* Read all documents, at most `limit` (0: all), by the ordinary read path; adds to `*loaded` those that were put into the cache. */
mc_status mci_warm_values(mci_call *c, mci_coll *coll, int64_t limit, mci_progress *progress, int64_t *loaded);

#endif
