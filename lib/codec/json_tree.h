/* SPDX-License-Identifier: Apache-2.0 */
/* JSON trees inside the codec: parsing under limits, the normal form, paths. */
#ifndef MCI_CODEC_JSON_TREE_H
#define MCI_CODEC_JSON_TREE_H

#include "base/buf.h"
#include "base/doc.h"
#include "codec/ejson_types.h"
#include <jansson.h>
#include <mflixcache/error.h>

/* Parse one JSON object under the limits of size, depth and encoding. `name` is what error texts call it. */
mc_status mci_tree_parse(const char *json, size_t len, mci_strictness how, const char *name, json_t **out, mc_error *err);

/* Append the normal form of a value. MC_OK, MC_E_FIELD, MC_E_TYPE, MC_E_RANGE (strict only), MC_E_NOMEM (buffer failed). */
mc_status mci_tree_write(const json_t *v, mci_strictness how, mci_buf *out, mc_error *err);

/* Put the name of a member in front of an error about its value: returns `st`. */
mc_status mci_tree_within(mc_error *err, mc_status st, const char *name);

/* May this name a member? MC_OK or MC_E_FIELD. */
mc_status mci_tree_check_key(const char *key, mc_error *err);

/* 1 when the value is an Extended JSON wrapper ({"$date":...}), hence no object as far as documents go. */
int mci_tree_is_wrapper(const json_t *v);

/* The value at a dotted path (a number is an index into an array), or NULL. */
json_t *mci_tree_at(json_t *root, const char *path);

/* The rank field of a caller's document or patch: missing, null, "" or a number that the descriptor allows; -0.0 becomes 0.0 in the tree.
 * MC_OK, MC_E_TYPE, MC_E_RANGE. */
mc_status mci_json_check_rank(const mci_spec *spec, json_t *tree, mc_error *err);

#endif
