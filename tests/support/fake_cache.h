/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache by script, for the engine's unit tests: each list of operations that arrives is noted, and answered as the test says. Without a
 * word of the test's it is an empty cache that grants every lease and stores everything.
 */
#ifndef SUPPORT_FAKE_CACHE_H
#define SUPPORT_FAKE_CACHE_H

#include "cache/cache.h"

#define FAKE_EPOCH 4711
#define FAKE_NOW_MS INT64_C(1700000000000)
#define FAKE_NONCE "4711.0123456789abcdef"
#define FAKE_LISTS 64

typedef struct fake_cache {
    mci_cache head;
    int lists;        /* run so far */
    char trace[2048]; /* what arrived: "read+read acquire commit", a blank between lists */
    int fail_list;    /* this list (from 1) does not reach the cache; 0: none; -1: all */
    int lose_list;    /* this list reaches the cache, its answer does not come back */
    int refuse_list;  /* in this list the operation `refuse_op` (from 0) is refused */
    int refuse_op;
    int epoch_unknown; /* the epoch cannot be read */
    int down;          /* is_up() says no */
    int once_lists;    /* lists that may not be sent twice */
    int families, sets;
    void (*answer)(void *user, mci_ops *ops, mci_op *op); /* after the default answer; may be NULL */
    void *user;
} fake_cache;

void fake_cache_init(fake_cache *f);
/* Forget what arrived, and all orders. */
void fake_cache_reset(fake_cache *f);

#endif
