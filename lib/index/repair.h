/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending repairs: ids whose place in a derived set may be wrong, because a write did not settle it, writers overlapped, or it was
 * invalidated. A repair is a lease, a read of the store, and a settlement that is refused when anything was heard of the id since.
 */
#ifndef MCI_INDEX_REPAIR_H
#define MCI_INDEX_REPAIR_H

#include "engine/call.h"

/* CLEAN: no repair is pending; DONE: some were, and have been made: ask again; LEFT: some are still, and the store must answer. */
typedef enum mci_repair_state { MCI_REPAIR_CLEAN, MCI_REPAIR_DONE, MCI_REPAIR_LEFT } mci_repair_state;

/* `due` are ids as the cache has them, at most MCI_DUE_MAX + 1. */
mci_repair_state mci_repair(mci_call *c, mci_coll *coll, mci_index *ix, const mci_slice *due, size_t n);
/* One id, now. */
void mci_repair_id(mci_call *c, mci_coll *coll, mci_index *ix, const char *id);
/* Remove a member that no id can be: nobody could ever settle it. */
void mci_forget_member(mci_call *c, const mci_index *ix, mci_slice member);

#endif
