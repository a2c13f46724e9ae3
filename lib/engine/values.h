/* SPDX-License-Identifier: Apache-2.0 */
/* Any value by key through the tiers in the order of read.tiers: the cache, the snapshot file, the caller's loader. */
#ifndef MCI_ENGINE_VALUES_H
#define MCI_ENGINE_VALUES_H

#include "engine/call.h"

/* The store tier: MC_OK with the value in the buffer, MC_NOT_FOUND, or an error with its text. */
typedef struct mci_loader {
    mc_status (*load)(void *user, const char *key, int64_t deadline_ms, mci_buf *value, mc_error *err);
    void *user;
} mci_loader;

/* One key and what became of it. */
typedef struct mci_wanted {
    const char *key; /* checked; borrowed */
    mc_info *info;   /* not NULL; of one key alone it may be the call's */
    mc_status status;
    char *out; /* malloc'ed; NULL unless MC_OK */
    size_t size;
} mci_wanted;

/* `loader` may be NULL. Every key gets a status; the call's error record is about the first that failed. */
void mci_values_get(mci_call *c, int64_t ttl_ms, const mci_loader *loader, mci_wanted *w, size_t n);

#endif
