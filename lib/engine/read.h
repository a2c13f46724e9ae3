/* SPDX-License-Identifier: Apache-2.0 */
/* Cache-aside reads of documents by id, one or many. */
#ifndef MCI_ENGINE_READ_H
#define MCI_ENGINE_READ_H

#include "engine/item.h"

/* Read many. Every item gets a status; MC_OK unless nothing could be done at all. The call's error record is about the first failure. */
mc_status mci_read_many(mci_call *c, mci_coll *coll, mci_item *items, size_t n, mci_want want);
mc_status mci_read_one(mci_call *c, mci_coll *coll, const char *id, mci_want want, mci_doc **out);

/* Fetch one value within another list; and what was found into the item (the document is taken): 1 when that settled it. */
void mci_read_add(mci_ops *ops, const mci_coll *coll, const char *id, mci_want want);
int mci_read_take(mci_call *c, const mci_coll *coll, mci_item *it, mci_found *found);

/* The item's outcome becomes the call's; what the call has cost so far stays, and its flags. */
void mci_read_report(mci_call *c, const mci_item *it);

/* Count one read by its outcome. */
void mci_read_count(mci_metrics *m, const mci_item *it);

#endif
