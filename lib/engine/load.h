/* SPDX-License-Identifier: Apache-2.0 */
/* One id on its way through a read, and the step of it that asks the store. */
#ifndef MCI_ENGINE_LOAD_H
#define MCI_ENGINE_LOAD_H

#include "engine/item.h"
#include "engine/lease.h"

typedef enum mci_work_state {
    MCI_WORK_DONE = 0,
    MCI_WORK_MISS,      /* ask for a lease */
    MCI_WORK_LOAD,      /* load, no fill */
    MCI_WORK_LOAD_FILL, /* load and fill: we hold the lease */
    MCI_WORK_JOIN,      /* another thread of ours loads it */
    MCI_WORK_WAIT       /* another process loads it */
} mci_work_state;

typedef struct mci_work {
    mci_item *it;
    size_t first; /* index of the first work with this id; its own index unless it is a duplicate */
    size_t op;    /* its operation in the list under way */
    mci_work_state state;
    mci_lease lease;
} mci_work;

/* Loads all that are to be loaded, by one question to the store, and fills where a lease is held; their state is MCI_WORK_DONE then. */
void mci_load(mci_call *c, mci_coll *coll, mci_work *w, size_t n);

/* What a load gave becomes the answer of one item: `doc` (its reference is taken), or NULL for "not found", or the error of `st`. */
void mci_load_settle(mci_call *c, mci_work *w, mc_status st, mci_doc *doc, const mc_error *err);

#endif
