/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that were written while Redis was away: to be dropped from it before it is believed about them again. Bounded. */
#ifndef MCI_ENGINE_RECOVERY_H
#define MCI_ENGINE_RECOVERY_H

#include "base/sync.h"
#include <stdatomic.h>
#include <stddef.h>

#define MCI_RECOVERY_BUCKETS 1024

typedef struct mci_recovery_item {
    char *id;
    size_t coll;
    int alias; /* the id is an encoded alias */
    int64_t until_ns;
    uint64_t seq; /* grows with each push of the same id */
    struct mci_recovery_item *next_in_bucket;
    struct mci_recovery_item *older, *newer;
} mci_recovery_item;

typedef struct mci_recovery {
    mci_mutex lock;
    _Atomic size_t count; /* read without the lock: 0 is the normal case */
    size_t max;
    uint64_t seq;
    int draining; /* one thread replays */
    mci_recovery_item *bucket[MCI_RECOVERY_BUCKETS];
    mci_recovery_item *oldest, *newest;
} mci_recovery;

int mci_recovery_init(mci_recovery *r, size_t max); /* 0, or -1 */
void mci_recovery_destroy(mci_recovery *r);

/* Remember an id until `until_ns` (after which its cached value has expired by itself). Returns how many were pushed out: 0 or 1. */
int mci_recovery_push(mci_recovery *r, size_t coll, int alias, const char *id, int64_t until_ns);

/* 1 when the id waits. */
int mci_recovery_has(mci_recovery *r, size_t coll, int alias, const char *id);

/* A copy of one waiting item. */
typedef struct mci_recovery_copy {
    char *id; /* malloc'ed */
    size_t coll;
    int alias;
    uint64_t seq;
} mci_recovery_copy;

/* Begin a replay: up to `cap` of the oldest items are copied out; they keep waiting until they are done. Returns how many; 0
 * also when another thread replays. When it is more than 0, mci_recovery_finish() must follow. */
size_t mci_recovery_begin(mci_recovery *r, mci_recovery_copy *out, size_t cap);
/* End it: with `ok`, forget those that were not pushed again meanwhile. Frees the copies. Returns how many were forgotten. */
size_t mci_recovery_finish(mci_recovery *r, mci_recovery_copy *copies, size_t n, int ok);

#endif
