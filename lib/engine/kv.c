/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: string keys with their stamps: set, get, remove. Refuses: keys without a TTL, and loading (fallback.c does that). */
#include "engine/kv.h"

#include <stdlib.h>
#include <string.h>

const mci_spec mci_kv_spec = {
    .name = "kv", .key = "kv", .alias_field = -1, .rank_field = -1, .lon_field = -1, .lat_field = -1};

void mci_kv_arg_keys(mci_batch *b, const mci_engine *e, const char *key)
{
    mci_arg_id(b, e->kv_keys.value, key);
    mci_arg_id(b, e->kv_keys.stamp, key);
    mci_arg_id(b, e->kv_keys.lease, key);
}

void mci_kv_ask(mci_batch *b, const mci_engine *e, const char *key)
{
    mci_cmd(b, "MGET", 3);
    mci_arg_id(b, e->kv_keys.value, key);
    mci_arg_id(b, e->kv_keys.stamp, key);
}

mci_kv_found mci_kv_read(const mci_engine *e, const char *key, const mci_reply *value, const mci_reply *stamp)
{
    mci_kv_found f = {.value = mci_reply_slice(value), .stamp = mci_reply_slice(stamp), .written_ms = -1};
    mci_seal seal;
    mci_envelope env = {0};
    int64_t now = mci_engine_clock(e);
    if (f.stamp.p == NULL) {
        /* Somebody's own SET. With a key, what nobody has signed does not count: it is dropped like damage. */
        f.state = f.value.p == NULL ? MCI_KV_MISS : e->macs.n == 0 ? MCI_KV_VALUE : MCI_KV_DAMAGED;
        return f;
    }
    int ours = mci_envelope_open(&e->macs, &mci_kv_spec, key, f.stamp.p, f.stamp.n, &env, &seal) == 0;
    if (f.value.p != NULL && (!ours || env.negative || env.doc_sum != mci_seal_value(seal, f.value.p, f.value.n))) {
        f.state = MCI_KV_DAMAGED;
    } else if (!ours || now > env.hard_ms || (f.value.p == NULL && !env.negative)) {
        f.state = MCI_KV_MISS;
    } else {
        f.state = env.negative ? MCI_KV_NONE : MCI_KV_VALUE;
        f.written_ms = env.written_ms;
    }
    return f;
}

int mci_kv_set_cmd(mci_batch *b, const mci_engine *e, const mci_kv_set *set)
{
    mci_seal seal = mci_envelope_own_seal(&e->macs, &mci_kv_spec, set->key, strlen(set->key));
    mci_envelope env = {.negative = set->mode == 'N', .written_ms = set->now_ms};
    mci_buf stamp;
    mci_buf_init(&stamp, MCI_ENVELOPE_MAX);
    env.soft_ms = env.hard_ms = set->now_ms + set->ttl_ms;
    env.doc_sum = mci_seal_value(seal, set->value != NULL ? set->value : "", set->size);
    if (set->mode != 'R')
        mci_envelope_write(&env, seal, &stamp);
    if (stamp.failed) {
        mci_buf_free(&stamp);
        return -1;
    }
    char mode[2] = {set->mode, '\0'};
    mci_cmd_script(b, &mci_script_kv_set, 3, 3 + 5);
    mci_kv_arg_keys(b, e, set->key);
    mci_arg_str(b, mode);
    mci_arg_str(b, set->token);
    mci_arg_int(b, set->ttl_ms);
    mci_arg_buf(b, &stamp);
    mci_arg(b, set->value != NULL ? set->value : "", set->size);
    mci_buf_free(&stamp);
    return 0;
}

mc_status mci_kv_copy(const char *p, size_t n, char **out, size_t *size, mc_error *err)
{
    *out = malloc(n + 1);
    if (*out == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a value of %zu bytes", n);
    if (n > 0)
        memcpy(*out, p, n);
    (*out)[n] = '\0';
    *size = n;
    return MC_OK;
}

void mci_kv_tell_age(const mci_call *c, const mci_kv_found *f)
{
    c->info->tier = MC_TIER_REDIS;
    c->info->cache = MC_CACHE_HIT;
    c->info->age_ms = f->written_ms < 0 ? 0 : mci_engine_age(c->e, f->written_ms);
}

mc_status mci_kv_put(mci_call *c, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses)
{
    mci_batch b;
    mci_batch_init(&b);
    c->info->tier = MC_TIER_REDIS;
    if (mci_redis_now_ms(c->e->redis) == 0) /* deadlines are on Redis' clock: ask for it before the first one is made */
        (void)mci_redis_ping(c->e->redis, c->dl, NULL);
    int64_t now = mci_engine_clock(c->e);
    mc_status st = MC_OK;
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        mci_kv_set set = {'P', "", entries[i].key, entries[i].value, entries[i].size, now, ttl_ms};
        if (mci_kv_set_cmd(&b, c->e, &set) != 0)
            st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the commands");
    }
    if (st == MC_OK)
        st = mci_call_exec(c, &b);
    mc_status first = st;
    for (size_t i = 0; i < n; i++) {
        mc_error *err = first == MC_OK ? c->err : NULL;
        mc_status one = st == MC_OK ? mci_reply_error(mci_batch_reply(&b, i), "put", err) : st;
        if (statuses != NULL)
            statuses[i] = one;
        if (first == MC_OK)
            first = one;
    }
    mci_batch_free(&b);
    return first;
}

mc_status mci_kv_get(mci_call *c, const char *key, char **out, size_t *size)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_kv_ask(&b, c->e, key);
    mc_status st = mci_call_exec(c, &b);
    const mci_reply *r = mci_batch_reply(&b, 0);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK)
        st = mci_reply_error(r, "get", c->err);
    if (st == MC_OK) {
        mci_kv_found f = mci_kv_read(c->e, key, mci_reply_item(r, 0), mci_reply_item(r, 1));
        c->info->cache = MC_CACHE_MISS;
        if (f.state == MCI_KV_VALUE ||
            (f.state == MCI_KV_DAMAGED && c->e->macs.n == 0)) { /* whoever set it: it is what stands there */
            mci_kv_tell_age(c, &f);
            st = mci_kv_copy(f.value.p, f.value.n, out, size, c->err);
        } else {
            st = MC_NOT_FOUND;
        }
    }
    mci_batch_free(&b);
    return st;
}

mc_status mci_kv_remove(mci_call *c, const char *key)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL", 3); /* first: from here on no load under way may fill */
    mci_arg_id(&b, c->e->kv_keys.lease, key);
    mci_arg_id(&b, c->e->kv_keys.stamp, key);
    mci_cmd(&b, "DEL", 2);
    mci_arg_id(&b, c->e->kv_keys.value, key);
    mc_status st = mci_call_exec(c, &b);
    c->info->tier = MC_TIER_REDIS;
    for (size_t i = 0; i < 2 && st == MC_OK; i++)
        st = mci_reply_error(mci_batch_reply(&b, i), "remove", c->err);
    int64_t n = 0;
    if (st == MC_OK && mci_reply_int(mci_batch_reply(&b, 1), &n) == 0 && n == 0 && !b.repeated)
        st = MC_NOT_FOUND; /* sent twice, the first time may have removed it: then it was there */
    mci_batch_free(&b);
    return st;
}
