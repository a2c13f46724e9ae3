/* SPDX-License-Identifier: Apache-2.0 */
/* Reading derived sets: pages, places, what is near. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_SET_READ_H
#define MCI_CACHE_REDIS_SET_READ_H

#include "cache/redis/pack.h"

void mci_set_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_set_read_unpack(const mci_unpack *u);

#endif
