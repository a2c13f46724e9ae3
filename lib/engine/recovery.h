/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that were written while Redis was away: to be dropped from it before it is believed about them again. Bounded. */
#ifndef MCI_ENGINE_RECOVERY_H
#define MCI_ENGINE_RECOVERY_H

#include "base/sync.h"
#include <stdatomic.h>
#include <stddef.h>

#define MCI_RECOVERY_BUCKETS 1024
#define MCI_RECOVERY_COLLS 8

typedef struct mci_recovery_item {
    char *id;
    size_t coll;
    int unique;  /* the id is an encoded unique key */
    int unknown; /* the outcome of the write is not known: it may still land after it was announced to Redis */
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
    int draining;                       /* one thread replays */
    _Atomic int64_t all_until_ns;       /* an id was pushed out: until then nothing in Redis is believed; 0: none was */
    size_t of_coll[MCI_RECOVERY_COLLS]; /* ids that wait, without unique keys */
    mci_recovery_item *bucket[MCI_RECOVERY_BUCKETS];
    mci_recovery_item *oldest, *newest;
} mci_recovery;

int mci_recovery_init(mci_recovery *r, size_t max); /* 0, or -1 */
void mci_recovery_destroy(mci_recovery *r);

/*
 * Remember an id until `until_ns` (after which its cached value has expired by itself). When the queue is full, or memory short, an id is
 * pushed out and 1 returned: from then on mci_recovery_has() says yes to every id, until everything was dropped.
 */
int mci_recovery_push(mci_recovery *r, size_t coll, int unique, const char *id, int64_t until_ns);
/* The same for a write whose outcome is not known. */
int mci_recovery_push_unknown(mci_recovery *r, size_t coll, int unique, const char *id, int64_t until_ns);

/* 1 when the id waits, or one that nobody can name any more. */
int mci_recovery_has(mci_recovery *r, size_t coll, int unique, const char *id);
/* 1 when any id of the collection waits: its lists cannot be believed. */
int mci_recovery_has_any(mci_recovery *r, size_t coll);
/* Is there anything to do? */
int mci_recovery_is_empty(const mci_recovery *r);
/* Ids were pushed out, so that only dropping everything helps: the number of the last push before now, 0 when none was. */
uint64_t mci_recovery_all(mci_recovery *r);
/* Everything was dropped: forget what was pushed up to that number and is known. Returns how many were forgotten. */
size_t mci_recovery_all_done(mci_recovery *r, uint64_t seq);

/* A copy of one waiting item. */
typedef struct mci_recovery_copy {
    char *id; /* malloc'ed */
    size_t coll;
    int unique;
    int unknown;
    uint64_t seq;
} mci_recovery_copy;

/* Begin a replay: up to `cap` of the oldest items are copied out; they keep waiting until they are done. Returns how many; 0
 * also when another thread replays. When it is more than 0, mci_recovery_finish() must follow. */
size_t mci_recovery_begin(mci_recovery *r, mci_recovery_copy *out, size_t cap);
/* End it: with `ok`, forget those that were not pushed again meanwhile. Frees the copies. Returns how many were forgotten. */
size_t mci_recovery_finish(mci_recovery *r, mci_recovery_copy *copies, size_t n, int ok);

#endif
