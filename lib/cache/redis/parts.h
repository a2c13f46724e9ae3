/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of operations as one batch for each server: which operation goes where, with which epoch, and whether what comes back may be believed. One server,
 * and a list in one slot, need no memory of their own.
 */
#ifndef MCI_CACHE_REDIS_PARTS_H
#define MCI_CACHE_REDIS_PARTS_H

#include "cache/redis/pack.h"

typedef struct mci_slot_epoch {
    int slot;
    size_t part;
    size_t at;     /* its reply in the part's batch */
    int64_t epoch; /* after mci_parts_epochs() */
} mci_slot_epoch;

typedef struct mci_parts {
    mci_redis_cache *rc;
    mci_ops *ops;
    size_t n;
    mci_redis_part *part;
    mci_batch *batch;
    size_t cap;
    mci_slot_epoch *epoch;
    size_t nepochs;
    size_t epoch_cap;
    mci_redis_part one_part;
    mci_batch one_batch;
    mci_slot_epoch one_epoch;
} mci_parts;

void mci_parts_init(mci_parts *p, mci_redis_cache *rc, mci_ops *ops);
void mci_parts_free(mci_parts *p);

/* The batch for the slot, which it is set to; `*part` receives its number. NULL: nobody is known to have the slot, or memory is short (ops->failed). */
mci_batch *mci_parts_for(mci_parts *p, int slot, size_t *part);
/* The slot's epoch is read before whatever comes next, and made first when `make` and none is known. */
void mci_parts_epoch(mci_parts *p, int slot, int make);
/* Run them. MC_OK: at least one part has its replies. */
mc_status mci_parts_run(mci_parts *p, mci_deadline dl, mc_error *err);
/* Epochs out of the replies; ops->epoch_status is MC_OK when all are known. Call once, after they were run. */
void mci_parts_epochs(mci_parts *p, mci_deadline dl);
/* The epoch of the slot, after that; 0: none. */
int64_t mci_parts_epoch_of(const mci_parts *p, int slot);
/* What is wrong with who gave these replies; NULL: it is the primary, as far as can be known by now. `*late`: 1 when they only took too long. */
const char *mci_why_not_believed(const mci_redis_cache *rc, const mci_batch *b, int *late);
/* A server's epoch as the caller sees it: in its term. `tag` is 0 where terms do not count. */
int64_t mci_epoch_in_term(const mci_redis_cache *rc, int64_t epoch, int64_t tag);

#endif
