/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: plain string keys for status and configuration. Refuses: keys without a TTL. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

static mc_status run(mci_call *c, mci_batch *b, const char *what)
{
    mc_status st = mci_call_exec(c, b);
    c->info->tier = MC_TIER_REDIS;
    return st == MC_OK ? mci_reply_error(mci_batch_reply(b, 0), what, c->err) : st;
}

mc_status mci_kv_put(mci_call *c, const char *key, const void *value, size_t size, int64_t ttl_ms)
{
    mci_batch b;
    mci_batch_init(&b);
    b.once = 1; /* a second attempt could overwrite what somebody else has set since */
    mci_cmd(&b, "SET", 5);
    mci_arg_id(&b, c->e->kv_prefix, key);
    mci_arg(&b, value, size);
    mci_arg_str(&b, "PX");
    mci_arg_int(&b, ttl_ms);
    mc_status st = run(c, &b, "put");
    mci_batch_free(&b);
    return st;
}

mc_status mci_kv_get(mci_call *c, const char *key, char **out, size_t *size)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "GET", 2);
    mci_arg_id(&b, c->e->kv_prefix, key);
    mc_status st = run(c, &b, "get");
    const mci_reply *r = mci_batch_reply(&b, 0);
    if (st == MC_OK && r->type == MCI_REPLY_STRING) {
        *out = malloc(r->len + 1);
        if (*out == NULL) {
            st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a value of %zu bytes", r->len);
        } else {
            memcpy(*out, r->u.str, r->len + 1);
            *size = r->len;
            c->info->cache = MC_CACHE_HIT;
        }
    } else if (st == MC_OK) {
        st = MC_NOT_FOUND;
        c->info->cache = MC_CACHE_MISS;
    }
    mci_batch_free(&b);
    return st;
}

mc_status mci_kv_remove(mci_call *c, const char *key)
{
    mci_batch b;
    mci_batch_init(&b);
    b.once = 1; /* a second attempt would answer "it was not set" */
    mci_cmd(&b, "DEL", 2);
    mci_arg_id(&b, c->e->kv_prefix, key);
    mc_status st = run(c, &b, "remove");
    int64_t n = 0;
    if (st == MC_OK && mci_reply_int(mci_batch_reply(&b, 0), &n) == 0 && n == 0)
        st = MC_NOT_FOUND;
    mci_batch_free(&b);
    return st;
}
