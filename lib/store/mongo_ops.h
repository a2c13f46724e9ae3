/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the MongoDB store that mongo_write.c and mongo_rank.c add to mongo.c, and what the two share. */
#ifndef MCI_STORE_MONGO_OPS_H
#define MCI_STORE_MONGO_OPS_H

#include "store/mongo_conn.h"

/* As in mci_store_ops. */
mc_status mci_mongo_missing_indexes(mci_store *s, const mci_spec *spec, mci_deadline dl, mci_buf *out, mc_error *err);
mc_status mci_mongo_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err);
mc_status mci_mongo_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                           mci_doc **out, mc_error *err);
mc_status mci_mongo_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                           mci_doc **out, mc_error *err);
mc_status mci_mongo_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old,
                           mc_error *err);
mc_status mci_mongo_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                             const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                             mc_status *statuses, mc_error *err);

mc_status mci_mongo_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                        mci_ranked_id *out, size_t *n, mc_error *err);
mc_status mci_mongo_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                         mc_error *err);

/* Ask for `_id` and the field at `path` only. */
bool mci_mongo_append_projection(bson_t *opts, const char *path);

/* One document inside an operation under way. MC_OK, MC_NOT_FOUND, error. */
mc_status mci_mongo_find_one(mci_mongo_op *o, const char *id, mci_doc **out);

/* {"$type": [names...]}, up to a NULL. */
bool mci_mongo_append_types(bson_t *to, const char *const *names);

#endif
