/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: strings in the cache. Refuses: strings without a TTL. */
#include "engine/strings.h"

#include "engine/freshness.h"

#include <stdlib.h>
#include <string.h>

mc_status mci_string_copy(const char *p, size_t n, char **out, size_t *size, mc_error *err)
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

void mci_string_tell_age(const mci_call *c, const mci_found *f)
{
    c->info->tier = MC_TIER_REDIS;
    c->info->cache = MC_CACHE_HIT;
    if (f->stale)
        c->info->flags |= MC_FLAG_STALE;
    c->info->age_ms = f->written_ms < 0 ? 0 : mci_age_ms(c->e, f->written_ms);
}

mc_status mci_string_put(mci_call *c, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses)
{
    mci_engine *e = c->e;
    mci_ops ops;
    mci_ops_init(&ops);
    c->info->tier = MC_TIER_REDIS;
    if (e->cache->ops->now_ms(e->cache) ==
        0) /* deadlines are on the cache's clock: ask for it before the first one is made */
        (void)e->cache->ops->ping(e->cache, c->dl, NULL);
    int64_t now = mci_clock(e);
    for (size_t i = 0; i < n; i++) {
        mci_op_string_set *s = &mci_ops_add(&ops, MCI_OP_STRING_SET)->u.string_set;
        *s = (mci_op_string_set){.mode = MCI_STRING_PUT,
                                 .token = "",
                                 .key = entries[i].key,
                                 .value = entries[i].value,
                                 .size = entries[i].size,
                                 .now_ms = now,
                                 .ttl_ms = ttl_ms};
    }
    mc_status st = mci_call_run(c, &ops);
    mc_status first = st;
    for (size_t i = 0; i < n; i++) {
        mc_status one = st == MC_OK ? mci_op_error(&ops.op[i], first == MC_OK ? c->err : NULL) : st;
        if (statuses != NULL)
            statuses[i] = one;
        if (first == MC_OK)
            first = one;
    }
    mci_ops_free(&ops);
    return first;
}

mc_status mci_string_get(mci_call *c, const char *key, char **out, size_t *size)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op *op = mci_ops_add(&ops, MCI_OP_STRING_READ);
    op->u.string_read.key = key;
    mc_status st = mci_call_run_one(c, &ops);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK) {
        const mci_found *f = &ops.op[0].u.string_read.found;
        c->info->cache = MC_CACHE_MISS;
        if (f->state == MCI_FOUND_TOO_BIG) {
            st = mci_fail(c->err, MC_E_TOOBIG, MC_TIER_REDIS, "get: a value of %.*s bytes is above the limit of a reply",
                          f->name.n > 1 ? (int)f->name.n - 1 : 0, f->name.n > 1 ? f->name.p + 1 : "");
        } else if (f->state == MCI_FOUND_VALUE || (f->state == MCI_FOUND_CORRUPT && c->e->set.cache_key[0] == '\0')) {
            mci_string_tell_age(c, f); /* whoever set it: it is the cached value */
            st = mci_string_copy(f->text.p, f->text.n, out, size, c->err);
        } else {
            st = MC_NOT_FOUND;
        }
    }
    mci_ops_free(&ops);
    return st;
}

mc_status mci_string_remove(mci_call *c, const char *key)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op *op = mci_ops_add(&ops, MCI_OP_STRING_REMOVE);
    op->u.string_remove.key = key;
    mc_status st = mci_call_run_one(c, &ops);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK && !ops.op[0].u.string_remove.removed && !ops.repeated)
        st = MC_NOT_FOUND; /* sent twice, the first time may have removed it: then it was there */
    mci_ops_free(&ops);
    return st;
}
