/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on the whole prefix: see cache/redis/pack.h for how operations are packed. */
#ifndef MCI_CACHE_REDIS_PREFIX_H
#define MCI_CACHE_REDIS_PREFIX_H

#include "cache/redis/parts.h"

/* For a server whose keys are in no slots, as one command; mci_raise_all() for a cluster: every slot, acknowledged by every node. */
void mci_epoch_raise_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_epoch_raise_unpack(const mci_unpack *u);
mc_status mci_raise_all(mci_redis_cache *rc, mci_ops *ops, mci_deadline dl, mc_error *err);

void mci_identity_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op);
void mci_identity_unpack(const mci_unpack *u);

#endif
