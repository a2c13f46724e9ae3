/* SPDX-License-Identifier: Apache-2.0 */
/* A cache in this process with two collections and three sets, by a clock of the test's own; operations one at a time. */
#ifndef SUPPORT_OPS_KIT_H
#define SUPPORT_OPS_KIT_H

#include "cache/memory/memory_cache.h"
#include "cache/memory/step.h"

/* Two tokens. */
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

extern const mci_spec ops_kit_things;
extern const mci_spec ops_kit_others;
extern int64_t ops_kit_clock; /* milliseconds since 1970 */

/* One cache and what it knows. */
typedef struct ops_kit {
    mci_cache *c;
    mci_family docs, titles, other;
    mci_set rank, geo, views;
    mci_ops ops; /* of the last operation */
} ops_kit;

void ops_kit_open(ops_kit *k, const char *name, int64_t max_bytes);
void ops_kit_close(ops_kit *k);
/* A new operation in the place of the last one; then run it. */
mci_op *ops_kit_op(ops_kit *k, mci_op_kind kind);
mci_op *ops_kit_run(ops_kit *k);
/* With a title, and so many bytes of JSON more. */
mci_doc *ops_kit_document(const mci_spec *spec, const char *id, const char *title, size_t filler);

#endif
