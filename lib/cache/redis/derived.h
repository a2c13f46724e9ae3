/* SPDX-License-Identifier: Apache-2.0 */
/* Derived sets: announcements and settlements of writers, repairs, nonces. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_DERIVED_H
#define MCI_CACHE_REDIS_DERIVED_H

#include "cache/redis/pack.h"

void mci_set_announce_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_announce_unpack(const mci_unpack *u);
int mci_set_announce_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
void mci_set_settle_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_settle_unpack(const mci_unpack *u);
int mci_set_settle_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
void mci_set_tell_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_tell_unpack(const mci_unpack *u);
void mci_set_lease_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_lease_unpack(const mci_unpack *u);
void mci_set_repair_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_repair_unpack(const mci_unpack *u);
void mci_set_raise_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_raise_unpack(const mci_unpack *u);
void mci_set_forget_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_forget_unpack(const mci_unpack *u);

#endif
