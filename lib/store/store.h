/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine needs of a database: one table of functions, implemented by mongo.c, sqlite.c and callback.c.
 *
 * Rules for every implementation
 * - Any number of threads call at once. Deadlines are absolute; a read past its deadline is MC_E_TIMEOUT, a write whose
 *   outcome is not known is MC_E_UNKNOWN, a write that surely did not happen is any other error.
 * - Ids are in the form of the spec's id_kind, checked before they get here. Documents whose `_id` is of another type do not
 *   exist for this library: they are skipped.
 * - `json` handed in is normalised Extended JSON (codec/json.c) with `_id` first. Documents handed out carry all the fields
 *   of the spec and their normalised JSON.
 * - Errors: tier MC_TIER_STORE, a text that names operation and collection, the backend's code, never a secret.
 */
#ifndef MCI_STORE_STORE_H
#define MCI_STORE_STORE_H

#include "base/address.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/patch.h"
#include "store/gate.h"
#include "store/scores.h"
#include <mflixcache/store.h>

typedef struct mci_store mci_store;

/* What stores borrow from the codec, which they may not include. */
typedef struct mci_store_env {
    /* Build a document from JSON text: checks it, normalises it, extracts the fields. MC_OK or MC_E_JSON and the like. */
    mc_status (*decode)(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err);
    /* Apply a patch to normalised JSON text. MC_OK (out: malloc'ed text), MC_E_CONFLICT, MC_E_NOMEM. */
    mc_status (*patch)(const char *json, size_t len, const mci_patch *patch, char **out, size_t *out_len, mc_error *err);
} mci_store_env;

typedef struct mci_ranked_id {
    char *id; /* malloc'ed */
    double score;
} mci_ranked_id;

typedef struct mci_store_ops {
    const char *name; /* "mongodb", "sqlite", "callback" */

    mc_status (*ping)(mci_store *s, mci_deadline dl, mc_error *err);

    /* Make tables and indexes for these collections. */
    mc_status (*prepare)(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err);

    /* One document by id. MC_OK, MC_NOT_FOUND, error. */
    mc_status (*find)(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err);

    /* Many by distinct ids, in one query: out[i] is NULL where there is none. */
    mc_status (*find_many)(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                           mci_doc **out, mc_error *err);

    /* By exact value of the spec's alias field; of several the lowest id (bytes of its text). MC_OK, MC_NOT_FOUND. */
    mc_status (*find_alias)(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                            mci_doc **out, mc_error *err);

    /* Insert. MC_OK, MC_E_EXISTS, MC_E_UNKNOWN. `out` (may be NULL) receives the stored document. */
    mc_status (*insert)(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                        mci_doc **out, mc_error *err);

    /* One find-and-modify that returns the document after the change. MC_OK, MC_NOT_FOUND, MC_E_CONFLICT, MC_E_UNKNOWN. */
    mc_status (*update)(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                        mci_doc **out, mc_error *err);

    /* Delete. MC_OK, MC_NOT_FOUND, MC_E_UNKNOWN. `old` (may be NULL) receives the deleted document. */
    mc_status (*remove)(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old, mc_error *err);

    /* Insert many, or replace those that are there (replace != 0); a status per item (MC_OK, MC_E_EXISTS, ...). Items have
     * distinct ids. `docs`: the same texts as they were read already, so that nobody reads them again; NULL: they were not. The call itself
     * fails only when nothing can be said about any item. */
    mc_status (*put_many)(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                          const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                          mc_status *statuses, mc_error *err);

    /* Ids above `after` (NULL: from the first), ascending, at most `limit`. ids[i] are malloc'ed. */
    mc_status (*scan_ids)(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, char **ids,
                          size_t *n, mc_error *err);

    /* The same with whole documents. `last` (malloc'ed, NULL at the end) is the id to go on after: documents that do not
     * decode are skipped, so a page may be shorter than `limit` without being the last. */
    mc_status (*scan)(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                      size_t *n, char **last, mc_error *err);

    /* The same with ids and rank fields only, of the documents whose rank field is a finite number; appended to `out`. `last` (malloc'ed, NULL at
     * the end) is the id to go on after. NULL: scan() does for it. */
    mc_status (*scan_scores)(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl,
                             mci_scores *out, char **last, mc_error *err);

    /* By rank: rank field a finite number, descending, then id descending. */
    mc_status (*top)(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl, mci_ranked_id *out,
                     size_t *n, mc_error *err);

    /* Place of one document in that order, from 0, and its rank field. MC_OK, MC_NOT_FOUND (also when it has no rank), error. */
    mc_status (*rank)(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                      mc_error *err);

    /* Number of documents, as good as the store knows it cheaply. */
    mc_status (*count)(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err);

    void (*close)(mci_store *s);

    /* Indexes that are wanted and not there: their names into `out`, with ", " between them. NULL: nothing is to be said. */
    mc_status (*missing_indexes)(mci_store *s, const mci_spec *spec, mci_deadline dl, mci_buf *out, mc_error *err);
} mci_store_ops;

/* Every implementation's struct begins with this. An op may be NULL: the engine answers MC_E_UNSUPPORTED. */
struct mci_store {
    const mci_store_ops *ops;
    char *
        identity; /* malloc'ed: distinguishes this database from every other; "memory:..." when it dies with the process. NULL: not known */
    mci_store_gate *gate; /* NULL: a store that is part of the process, and cannot be away */
};

typedef struct mci_store_options {
    mci_store_addr addr;  /* by mci_store_uri_parse() */
    const char *database; /* for MongoDB when the URI names none: "sample_mflix" */
    int64_t timeout_ms;   /* longest a single operation may take, also as connect and server selection time-out */
    int pool_max;         /* connections */
    int init_driver;      /* 1: call mongoc_init() (safe to repeat); mongoc_cleanup() is never called */
} mci_store_options;

/* Open what the address names. MC_E_URI, MC_E_TLS, MC_E_UNSUPPORTED, MC_E_FILE, MC_E_STORE. A MongoDB that is away is not an error here. */
mc_status mci_store_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err);

mc_status mci_store_mongo_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err);
mc_status mci_store_sqlite_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err);

#endif
