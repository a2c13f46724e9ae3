/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to the database: each function is one operation of the store, by the call's deadline and store.timeout_ms, counted and
 * timed. An operation that a store does not have is MC_E_UNSUPPORTED. `err` receives the store's error (NULL: nobody wants it).
 */
#ifndef MCI_ENGINE_SOURCE_H
#define MCI_ENGINE_SOURCE_H

#include "engine/call.h"

/* The deadline for one store operation. */
mci_deadline mci_source_deadline(const mci_call *c);
/* Count one store operation that began at `t0_ns` and ended so; returns `st`. */
mc_status mci_source_done(mci_call *c, int64_t t0_ns, mc_status st);

mc_status mci_source_find(mci_call *c, const mci_coll *coll, const char *id, mci_doc **out, mc_error *err);
mc_status mci_source_find_many(mci_call *c, const mci_coll *coll, const char *const *ids, size_t n, mci_doc **out,
                               mc_error *err);
mc_status mci_source_find_unique(mci_call *c, const mci_coll *coll, const char *value, size_t len, mci_doc **out,
                                 mc_error *err);
mc_status mci_source_insert(mci_call *c, const mci_coll *coll, const char *id, const char *json, size_t len, mc_error *err);
mc_status mci_source_update(mci_call *c, const mci_coll *coll, const char *id, const mci_patch *patch, mci_doc **out,
                            mc_error *err);
mc_status mci_source_remove(mci_call *c, const mci_coll *coll, const char *id, mc_error *err);
mc_status mci_source_top(mci_call *c, const mci_coll *coll, int64_t offset, size_t limit, mci_ranked_id *out, size_t *n,
                         mc_error *err);
mc_status mci_source_rank(mci_call *c, const mci_coll *coll, const char *id, int64_t *rank, double *score, mc_error *err);
mc_status mci_source_scan(mci_call *c, const mci_coll *coll, const char *after, size_t limit, mci_doc **out, size_t *n,
                          char **last, mc_error *err);
/* Ids and rank fields, appended to `out`. MC_E_UNSUPPORTED: mci_source_scan() does for it. */
mc_status mci_source_scan_scores(mci_call *c, const mci_coll *coll, const char *after, size_t limit, mci_scores *out,
                                 char **last, mc_error *err);
mc_status mci_source_scan_ids(mci_call *c, const mci_coll *coll, const char *after, size_t limit, char **ids, size_t *n,
                              mc_error *err);
/* Documents in the collection as good as the store knows cheaply; -1 when it does not. */
int64_t mci_source_count(mci_call *c, const mci_coll *coll);
/* How many documents there are, as good as the store knows it cheaply; or why that cannot be said. */
mc_status mci_source_tally(mci_call *c, const mci_coll *coll, int64_t *out, mc_error *err);
/* Make tables and indexes for all collections. */
mc_status mci_source_prepare(mci_call *c, mc_error *err);
mc_status mci_source_ping(mci_call *c, mc_error *err);

#endif
