/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From members of a set to rows with documents, in one exchange: the ids that stood there last time are fetched in the exchange that
 * verifies them. What was remembered wrongly costs a second one, never a wrong row.
 */
#ifndef MCI_INDEX_HYDRATE_H
#define MCI_INDEX_HYDRATE_H

#include "engine/call.h"

#define MCI_HINTS_MAX 1024 /* ranks remembered */

typedef struct mci_row {
    mci_doc *doc;
    char *id;     /* malloc'ed */
    double score; /* rank field, count, or metres */
    double lon, lat;
    int64_t rank;
} mci_row;

void mci_rows_free(mci_row *rows, size_t n);

/* Documents fetched ahead within a list. */
typedef struct mci_fetched {
    char **ids; /* copies; NULL where nothing is remembered */
    size_t n;
    size_t first; /* index of the first of their operations */
} mci_fetched;

/* Fetch what is remembered of ranks [offset, offset + count). */
void mci_fetch_ahead(mci_index *ix, int64_t offset, size_t count, const mci_coll *coll, mci_ops *ops, mci_fetched *out);
/* Fetch these. `ids` is a list of `n` (copied) texts, each with a NUL behind it. */
void mci_fetch_these(const char *ids, size_t n, const mci_coll *coll, mci_ops *ops, mci_fetched *out);
void mci_fetched_free(mci_fetched *f);

/* Document of `id` out of what was fetched, after the list was run, or NULL; the one at `place` is the likely one. Raises *age_ms. */
mci_doc *mci_fetched_take(mci_call *c, mci_coll *coll, const char *id, size_t place, const mci_fetched *f, mci_ops *ops,
                          int64_t *age_ms);

/* One page of a set, after its list was run. */
typedef struct mci_page {
    mci_index *ix;
    int64_t offset;
    size_t count; /* asked for */
    const mci_member *members;
    size_t n;
    mci_ops *ops;
    const mci_fetched *fetched;
} mci_page;

/*
 * Turn a page into rows, documents from what was fetched ahead where that was right, the others read. Members without a document, or that
 * are no ids, are left out and counted in *dangling (the latter are removed). Remembers the page. Reports the tier of the least trusted part.
 */
mc_status mci_hydrate(mci_call *c, mci_coll *coll, const mci_page *page, mci_row *rows, size_t *n, size_t *dangling);

/* Rows whose ids and scores are set get their documents; rows without one are taken out. */
mc_status mci_hydrate_rows(mci_call *c, mci_coll *coll, mci_row *rows, size_t *n, size_t *dangling);

#endif
