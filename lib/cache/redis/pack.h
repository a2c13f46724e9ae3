/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packing operations into commands and unpacking replies into outputs share. One file for each kind of operation does both; what a
 * script takes and gives is known there alone.
 */
#ifndef MCI_CACHE_REDIS_PACK_H
#define MCI_CACHE_REDIS_PACK_H

#include "cache/redis/keys.h"
#include "codec/mac.h"
#include "redis/servers.h"
#include <stdatomic.h>

typedef struct mci_redis_cache {
    mci_cache head;
    mci_servers *servers;
    int distrust;     /* values of another term of their server are not believed (cache.lineage) */
    int64_t check_ns; /* how old what is known of the servers may be (cache.topology_check_ms) */
    mci_tls *tls;     /* NULL: none */
    mci_random *rnd;
    mci_macs macs;
    int64_t value_max_bytes;
    mci_filled_fn filled;
    void *filled_ctx;
    int64_t quarantine_ms;
    int64_t wait_ms;                    /* for replicas: within the time of one exchange */
    int64_t soft_ms;                    /* MCI_SOFT_MS, and never longer than a quarantine */
    _Atomic unsigned char *epoch_there; /* by slot: as far as is known; who needs one and knows of none makes one */
    _Atomic int many_slots;             /* a node of a cluster: no command may name keys of two slots */
    mci_key_names names;
    mci_args fields[MCI_MAX_FAMILIES][MCI_WANT_BOTH + 1]; /* what a read asks for, by family and want */
} mci_redis_cache;

/* What unpacking sees: the list, the operation, its first reply, who gave it. */
typedef struct mci_unpack {
    mci_redis_cache *rc;
    mci_redis *redis;
    mci_ops *ops;
    mci_op *op;
    const mci_batch *batch;
    size_t first;
} mci_unpack;

typedef void (*mci_pack_fn)(mci_redis_cache *rc, mci_batch *b, mci_op *op);
typedef void (*mci_unpack_fn)(const mci_unpack *u);
/* May `op` be a part of the command that begins with `first`? Such operations stand side by side in the list: `first` is packed with all of them,
 * op[0] to op[op->run - 1]; each is unpacked by itself, from the same reply, of which it is part op->part. */
typedef int (*mci_together_fn)(const mci_redis_cache *rc, const mci_op *first, const mci_op *op);
int mci_is_together(const mci_op *op);
#define MCI_PARTS_MAX 64 /* of one command: Redis serves nobody else meanwhile */

const mci_reply *mci_unpack_reply(const mci_unpack *u, size_t i);
/* The operation failed with that reply (an error, or something else than was asked for). */
void mci_unpack_refused(const mci_unpack *u, const mci_reply *r, const char *what);
/* MC_OK unless reply 0 is an error; then the operation has it. */
mc_status mci_unpack_check(const mci_unpack *u, const char *what);
/* A time of the server, noted for its clock; -1: it is none. */
int64_t mci_unpack_time(const mci_unpack *u, const mci_reply *r);
/* The text of a reply; nothing when it is none. */
mci_slice mci_reply_slice(const mci_reply *r);
/* Is it an error because a key is of another type? */
int mci_reply_is_wrong_type(const mci_reply *r);
/* How a reader names what it could not use to the script that removes it: by its metadata. `most` is the longest that is a name by itself; what is
 * longer (or was too large to be read) is named by its size, as "!SIZE". Nothing (p NULL) has no name. */
mci_slice mci_name_of(mci_arena *a, mci_slice metadata, size_t most);
mci_slice mci_name_of_size(mci_arena *a, size_t size);
/* The same of a reply that was refused when so many bytes were announced. What is small was not at fault itself: an empty name removes nothing. */
mci_slice mci_name_of_refused(mci_arena *a, size_t size);
/* A random number that was never an epoch: 1 to 2^53. */
int64_t mci_fresh_epoch(mci_redis_cache *rc);
/* Members out of a reply of member, score, member, score ..., at most `most`. Returns how many. */
size_t mci_unpack_members(const mci_reply *r, size_t most, mci_member *out);
/* A derived set's nonce. 0, or -1 when it is none. */
int mci_unpack_nonce(const mci_reply *r, char out[MCI_NONCE_CAP]);

#endif
