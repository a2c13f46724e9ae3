/* SPDX-License-Identifier: Apache-2.0 */
/* The steps by which a derived set is built. Packed into a batch, and unpacked from its replies. */
#ifndef MCI_CACHE_REDIS_BUILD_H
#define MCI_CACHE_REDIS_BUILD_H

#include "cache/redis/pack.h"

void mci_build_begin_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_build_begin_unpack(const mci_unpack *u);
void mci_build_page_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_build_page_unpack(const mci_unpack *u);
void mci_build_swap_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_build_swap_unpack(const mci_unpack *u);
void mci_build_leave_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_build_leave_unpack(const mci_unpack *u);

#endif
