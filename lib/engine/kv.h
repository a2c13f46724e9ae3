/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String keys in Redis. The value stands there as it is, for any Redis client to read. Beside it, under a key of its own, stands a
 * stamp: an envelope with the time it was written, its deadline and the value's checksum. A value with no stamp is somebody's own SET:
 * it counts, its age is not known. A stamp that does not fit its value is damage.
 */
#ifndef MCI_ENGINE_KV_H
#define MCI_ENGINE_KV_H

#include "engine/engine.h"

/* Keys and values as documents without fields: the seed of the sums, and how a value travels from one thread to others. */
extern const mci_spec mci_kv_spec;

typedef enum mci_kv_state {
    MCI_KV_MISS = 0,
    MCI_KV_VALUE,  /* there */
    MCI_KV_NONE,   /* known not to exist in the source */
    MCI_KV_DAMAGED /* the stamp is not the value's */
} mci_kv_state;

typedef struct mci_kv_found {
    mci_kv_state state;
    mci_slice value;    /* of VALUE and DAMAGED; lent by the reply */
    mci_slice stamp;    /* as it stands there; lent by the reply */
    int64_t written_ms; /* -1: not known */
} mci_kv_found;

/* Append the command that asks for value and stamp; and read its reply, or two replies of a script. */
void mci_kv_ask(mci_batch *b, const mci_engine *e, const char *key);
mci_kv_found mci_kv_read(const mci_engine *e, const char *key, const mci_reply *value, const mci_reply *stamp);

/* The script kv_set.lua. `value` NULL with 'N' and 'R'. 0, or -1 when memory is short. */
typedef struct mci_kv_set {
    char mode; /* 'P', 'F', 'N', 'R' */
    const char *token;
    const char *key;
    const char *value;
    size_t size;
    int64_t now_ms;
    int64_t ttl_ms;
} mci_kv_set;

int mci_kv_set_cmd(mci_batch *b, const mci_engine *e, const mci_kv_set *set);
/* The three keys as arguments, in the scripts' order. */
void mci_kv_arg_keys(mci_batch *b, const mci_engine *e, const char *key);

/* A malloc'ed copy with a NUL after it. */
mc_status mci_kv_copy(const char *p, size_t n, char **out, size_t *size, mc_error *err);
/* What an answer out of Redis says about its age. */
void mci_kv_tell_age(const mci_call *c, const mci_kv_found *f);

#endif
