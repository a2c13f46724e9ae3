/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BSON <-> normal form (codec/json.h) and BSON -> document. The text is written straight from the BSON in one pass; BSON is
 * built from text value by value with typed appends. Only mongo.c includes this.
 */
#ifndef MCI_STORE_MONGO_BSON_H
#define MCI_STORE_MONGO_BSON_H

#include "base/buf.h"
#include "base/doc.h"
#include <bson/bson.h>
#include <mflixcache/error.h>

/* Append the normal form of a whole document, "_id" first. MC_OK, MC_E_UTF8, MC_E_DEPTH, MC_E_STORE (broken BSON), MC_E_NOMEM. */
mc_status mci_bson_write(const bson_t *doc, mci_buf *out, mc_error *err);

/* The document with all fields and its normal form. MC_E_TYPE: an `_id` that is not of the collection's kind. */
mc_status mci_bson_decode(const mci_spec *spec, const bson_t *doc, mci_doc **out, mc_error *err);

/* BSON from the normal form of an object (`out` is initialised here, also on failure). MC_OK, MC_E_JSON, MC_E_TOOBIG. */
mc_status mci_bson_from_json(const char *json, size_t len, bson_t *out, mc_error *err);

/* Append the normal form of any value under `key`. */
mc_status mci_bson_append_json(bson_t *to, const char *key, const char *json, size_t len, mc_error *err);

/* Append an id as the collection's kind says. 0, or -1 when the document would grow too large. */
int mci_bson_append_id(const mci_spec *spec, bson_t *to, const char *key, const char *id);

/* The id at `it` as text (24 digits, or the text itself: *text lends from the BSON or `oid`). 0, or -1: of another kind. */
int mci_bson_id(const mci_spec *spec, const bson_iter_t *it, char oid[25], const char **text, size_t *len);

/* The number at a dotted path: 1 or 0. Array indexes count as numbers in the path. */
int mci_bson_number(const bson_t *doc, const char *path, double *out);

#endif
