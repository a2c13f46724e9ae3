/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that servers sent elsewhere, or told to come again: packed once more for whoever is to be asked, and their replies put where they belong. */
#ifndef MCI_REDIS_AGAIN_H
#define MCI_REDIS_AGAIN_H

#include "redis/redirect.h"
#include "redis/redis.h"

/* Where what was redirected goes: a few servers, each with a batch. */
typedef struct mci_again {
    mci_redis_part part[16];
    mci_batch batch[16];
    size_t n;
    struct {
        mci_batch *to; /* where the replies belong */
        size_t i, end;
        size_t part, first;
    } * unit;
    size_t nunits;
    size_t cap;
} mci_again;

/* The kind that needs most of what the parts were answered. */
mci_redirect_kind mci_again_worst(const mci_redis_part *part, size_t n);
/* The commands from `i` to `end` of a batch go to `r`; NULL, or no room: their errors stay their answers. */
void mci_again_add(mci_again *a, mci_redis *r, mci_batch *from, size_t i, size_t end, int asking);
/* After they were asked. */
void mci_again_take(mci_again *a);
/* The replies live on in the first part. */
void mci_again_free(mci_again *a, mci_redis_part *first);

#endif
