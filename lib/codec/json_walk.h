/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents by one pass over their text, without a tree. It takes what is plain to see, which is nearly every document, and leaves
 * all else, also every error, to the tree (json.c): both give the same result, and a test holds them together.
 */
#ifndef MCI_CODEC_JSON_WALK_H
#define MCI_CODEC_JSON_WALK_H

#include "base/doc.h"
#include "codec/ejson_types.h"
#include "codec/json_limits.h"

/*
 * The normal form of `json`, appended to `out` (whose limit counts), and its id. `new_id`: checked already, for a document without
 * "_id"; NULL when it must have one. 1; or 0: the tree decides, `out` is as before.
 */
int mci_walk_normalise(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                       char id[MCI_ID_CAP], int *had_id);

/* A document of a store, with its fields and its normal form. 1 and *out; or 0: the tree decides. */
int mci_walk_decode(const mci_spec *spec, const char *json, size_t len, mci_doc **out);

/* A caller's document that has an "_id": checked as mci_walk_normalise() does, and with its fields. 1 and *out; or 0. */
int mci_walk_take(const mci_spec *spec, const char *json, size_t len, mci_doc **out);

#endif
