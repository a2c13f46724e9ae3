/* SPDX-License-Identifier: Apache-2.0 */
/* One operation on its way through the cache in this process: what it sees, what it is refused with, how a lease is given and a value is named. */
#ifndef MCI_CACHE_MEMORY_STEP_H
#define MCI_CACHE_MEMORY_STEP_H

#include "base/random.h"
#include "cache/memory/held.h"

typedef struct mci_memory_cache {
    mci_cache head;
    mci_memory *shared;
    mci_random *rnd;
    int64_t value_max_bytes;
    int64_t quarantine_ms;
    int64_t soft_ms;
    int64_t (*clock_ms)(void *user);
    void *clock_user;
} mci_memory_cache;

/* What an operation sees; the lock is held. */
typedef struct mci_memory_run {
    mci_memory_cache *mc;
    mci_memory *m;
    mci_ops *ops;
    mci_op *op;
    int64_t now_ms;
} mci_memory_run;

/* The operation failed for want of memory, within or without the bound. */
void mci_memory_refuse(const mci_memory_run *run);
/* A lease for the caller, or who has it. */
void mci_memory_lease(const mci_memory_run *run, mci_held *h, mci_op_acquire *a);
/* What names the value that is held, and whether that is it. */
mci_slice mci_memory_name(const mci_memory_run *run, const mci_held *h);
int mci_memory_is_named(const mci_held *h, mci_slice name);

#endif
