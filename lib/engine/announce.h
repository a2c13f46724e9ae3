/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache learns about one id, as operations of a list: it is being written, it is to be dropped, its places need repair. */
#ifndef MCI_ENGINE_ANNOUNCE_H
#define MCI_ENGINE_ANNOUNCE_H

#include "engine/call.h"

/* A write to this id (or encoded unique key) may be under way for `span_ms`; of those that store nothing in the end the cache keeps less. The texts live
 * as long as the list. */
void mci_add_announce(mci_ops *ops, const mci_family *family, const char *id, const char *token, int64_t span_ms,
                      int stores_nothing);
/* Its value goes. */
void mci_add_drop(mci_ops *ops, const mci_family *family, const char *id);
/* Its places may be wrong: readers will ask the store. `id` and `fresh` live as long as the list. */
void mci_add_tell(mci_ops *ops, const mci_coll *coll, const char *const *id, const char *fresh);

/* How long a write whose outcome is not known stays announced. */
int64_t mci_suspect_ms(const mci_engine *e);

#endif
