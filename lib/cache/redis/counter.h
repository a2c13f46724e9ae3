/* SPDX-License-Identifier: Apache-2.0 */
/* Counters in a sorted set. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_COUNTER_H
#define MCI_CACHE_REDIS_COUNTER_H

#include "cache/redis/pack.h"

void mci_counter_add_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_counter_add_unpack(const mci_unpack *u);
void mci_counter_page_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_counter_page_unpack(const mci_unpack *u);
void mci_counter_clear_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_counter_clear_unpack(const mci_unpack *u);

#endif
