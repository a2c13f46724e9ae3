/* SPDX-License-Identifier: Apache-2.0 */
/* Values under the write/fill protocol: reading, leases, commits, announcements, drops. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_VALUE_H
#define MCI_CACHE_REDIS_VALUE_H

#include "cache/redis/pack.h"

/* What a read of this family fetches; before any operation names it. 0, or -1 when memory is short. */
int mci_value_init(mci_redis_cache *rc, const mci_family *f);
void mci_value_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_value_read_unpack(const mci_unpack *u);
void mci_value_acquire_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_value_acquire_unpack(const mci_unpack *u);
int mci_value_acquire_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
void mci_value_commit_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_value_commit_unpack(const mci_unpack *u);
int mci_value_commit_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
void mci_value_announce_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_value_announce_unpack(const mci_unpack *u);
int mci_value_announce_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
void mci_value_drop_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_value_drop_unpack(const mci_unpack *u);

/* Did the end of a load store its value? Of many together it is this part. `*full`: Redis has no room for it. `r` may be NULL. */
int mci_value_stored(const mci_reply *r, int together, size_t part, int *full);

#endif
