/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache that is a Redis server: a list of operations becomes one pipeline, its replies become outputs. Opening makes no connection.
 * One file for each kind of operation packs its commands and unpacks their replies; what a script takes and gives is known there alone.
 */
#ifndef MCI_CACHE_REDIS_REDIS_CACHE_H
#define MCI_CACHE_REDIS_REDIS_CACHE_H

#include "cache/redis/keys.h"
#include "codec/mac.h"
#include "redis/redis.h"
#include <stdatomic.h>

typedef struct mci_redis_cache_options {
    mci_redis_options redis;
    const char *prefix;
    mci_macs macs; /* cache.key, cache.key_old */
    int64_t value_max_bytes;
    int64_t
        quarantine_ms; /* write.quarantine_ms: after keys of a derived set were lost, for so long nobody knows who writes */
} mci_redis_cache_options;

/* No I/O. The random source, metrics and log are borrowed and outlive it. */
mc_status mci_redis_cache_open(const mci_redis_cache_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                               mci_cache **out, mc_error *err);

/* ---- its parts ---------------------------------------------------------------------------------------------------- */

typedef struct mci_redis_cache {
    mci_cache head;
    mci_redis *redis;
    mci_random *rnd;
    mci_macs macs;
    int64_t value_max_bytes;
    int64_t quarantine_ms;
    int64_t soft_ms;           /* MCI_SOFT_MS, and never longer than a quarantine */
    _Atomic int epoch_missing; /* as far as is known: who needs one makes one */
    mci_key_names names;
    mci_args fields[MCI_MAX_FAMILIES][MCI_WANT_BOTH + 1]; /* what a read asks for, by family and want */
} mci_redis_cache;

/* What unpacking sees: the list, the operation, its first reply. */
typedef struct mci_unpack {
    mci_redis_cache *rc;
    mci_ops *ops;
    mci_op *op;
    const mci_batch *batch;
    size_t first;
} mci_unpack;

typedef void (*mci_pack_fn)(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
typedef void (*mci_unpack_fn)(const mci_unpack *u);

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
/* How a reader names what it could not use to the script that removes it: by its metadata, or, when that is larger than any we write (or
 * all there is was too large to be read), as "!SIZE". Nothing (p NULL) has no name. */
mci_slice mci_name_of(mci_arena *a, mci_slice metadata);
/* A random number that was never an epoch: 1 to 2^53. */
int64_t mci_fresh_epoch(mci_redis_cache *rc);

int mci_value_init(mci_redis_cache *rc, const mci_family *f);
void mci_value_read_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_value_read_unpack(const mci_unpack *u);
void mci_value_acquire_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_value_acquire_unpack(const mci_unpack *u);
void mci_value_commit_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_value_commit_unpack(const mci_unpack *u);
void mci_value_announce_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_value_announce_unpack(const mci_unpack *u);
void mci_value_drop_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_value_drop_unpack(const mci_unpack *u);

void mci_string_read_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_string_read_unpack(const mci_unpack *u);
void mci_string_acquire_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_string_acquire_unpack(const mci_unpack *u);
void mci_string_set_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_string_set_unpack(const mci_unpack *u);
void mci_string_remove_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_string_remove_unpack(const mci_unpack *u);

void mci_set_read_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_read_unpack(const mci_unpack *u);
void mci_set_announce_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_announce_unpack(const mci_unpack *u);
void mci_set_settle_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_settle_unpack(const mci_unpack *u);
void mci_set_tell_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_tell_unpack(const mci_unpack *u);
void mci_set_lease_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_lease_unpack(const mci_unpack *u);
void mci_set_repair_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_repair_unpack(const mci_unpack *u);
void mci_set_raise_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_raise_unpack(const mci_unpack *u);
void mci_set_forget_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_set_forget_unpack(const mci_unpack *u);

void mci_build_begin_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_build_begin_unpack(const mci_unpack *u);
void mci_build_page_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_build_page_unpack(const mci_unpack *u);
void mci_build_swap_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_build_swap_unpack(const mci_unpack *u);
void mci_build_leave_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_build_leave_unpack(const mci_unpack *u);

void mci_counter_add_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_counter_add_unpack(const mci_unpack *u);
void mci_counter_page_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_counter_page_unpack(const mci_unpack *u);
void mci_counter_clear_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op);
void mci_counter_clear_unpack(const mci_unpack *u);
/* Members out of a reply of member, score, member, score ..., at most `most`. Returns how many. */
size_t mci_unpack_members(const mci_reply *r, size_t most, mci_member *out);

#endif
