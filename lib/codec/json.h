/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents as JSON text: checking what callers hand in, bringing it into normal form, taking the fields out, patches.
 *
 * Normal form: Extended JSON v2 relaxed on one line without blanks, order of members kept, "_id" first, shortest numbers that
 * read back the same; one deviation: an int64 that would fit in 32 bits is {"$numberLong":"5"}, so that types survive.
 * store/mongo_bson.c writes the same text from BSON; a test holds the two together.
 */
#ifndef MCI_CODEC_JSON_H
#define MCI_CODEC_JSON_H

#include "base/doc.h"
#include "base/patch.h"
#include "codec/id_check.h"
#include "codec/json_limits.h"
#include <mflixcache/error.h>

/*
 * Check a caller's document for create and append its normal form to `out` (initialised by the caller, with any ceiling).
 * A missing "_id" becomes `new_id` (checked already; NULL: a missing "_id" is MC_E_ARG). `id` receives the document's id,
 * *had_id (may be NULL) whether the text had one. MC_OK, MC_E_JSON, MC_E_DEPTH, MC_E_FIELD, MC_E_RANGE, MC_E_UTF8,
 * MC_E_TOOBIG, MC_E_TYPE, MC_E_ARG, MC_E_NOMEM.
 */
mc_status mci_json_document(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                            char id[MCI_ID_CAP], int *had_id, mc_error *err);

/*
 * A document from a store's text: strict about syntax, lenient about content (a rating of "" is real data, and so are keys
 * with a dot). The result carries all fields and the normal form. MC_OK, or as above.
 */
mc_status mci_json_decode(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err);

/* The two at once, read once: a caller's document that has an "_id", checked, with all fields and the normal form. MC_OK, or as above. */
mc_status mci_json_take(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err);

/* These two with a tree, whatever the text looks like: where the walk over the text (json_walk.h) gives up, and for its tests. */
mc_status mci_json_document_by_tree(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                                    char id[MCI_ID_CAP], int *had_id, mc_error *err);
mc_status mci_json_decode_by_tree(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err);

/*
 * Check a caller's patch and flatten it: nested objects become dotted steps, null removes, everything else (arrays, Extended
 * JSON wrappers, scalars, empty objects) is set. Steps are ordered by path, which is also the order in which new members
 * are appended. An empty patch has no steps. `out` is filled on MC_OK only. Errors as above.
 */
mc_status mci_json_patch_plan(const mci_spec *spec, const char *json, size_t len, mci_patch *out, mc_error *err);

/*
 * A patch that sets one path to a number (written as a double), as mci_json_patch_plan() would make it: for ratings.
 * MC_OK, MC_E_NOMEM.
 */
mc_status mci_json_patch_number(mci_patch *out, const char *path, double value);

/*
 * Apply a patch to a document in normal form, as MongoDB's $set and $unset would. *out is malloc'ed and NUL-terminated. MC_OK;
 * MC_E_CONFLICT: a parent of a field to be set is not an object; MC_E_TOOBIG; MC_E_JSON; MC_E_NOMEM.
 */
mc_status mci_json_apply(const char *json, size_t len, const mci_patch *patch, char **out, size_t *out_len, mc_error *err);

/* The same with a tree, whatever the patch: where changing the text itself (json_splice.h) gives up, and for its tests. */
mc_status mci_json_apply_by_tree(const char *json, size_t len, const mci_patch *patch, char **out, size_t *out_len,
                                 mc_error *err);

#endif
