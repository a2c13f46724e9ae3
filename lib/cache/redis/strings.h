/* SPDX-License-Identifier: Apache-2.0 */
/* Strings with their metadata. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_STRINGS_H
#define MCI_CACHE_REDIS_STRINGS_H

#include "cache/redis/pack.h"

void mci_string_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_string_read_unpack(const mci_unpack *u);
void mci_string_acquire_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_string_acquire_unpack(const mci_unpack *u);
void mci_string_set_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_string_set_unpack(const mci_unpack *u);
void mci_string_remove_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_string_remove_unpack(const mci_unpack *u);

#endif
