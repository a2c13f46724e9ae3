/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: dropping values (one id, one unique key, everything) and replaying the recovery queue. Refuses: KEYS, SCAN, and calling a drop
 * done before the cache has acknowledged it.
 */
#include "engine/invalidate.h"

#include "base/syncpoint.h"
#include "engine/source.h"
#include "engine/unique_key.h"
#include "engine/writing.h"

#include <stdlib.h>
#include <string.h>

#define REPLAY 100 /* ids in one list */

static void add_drop(mci_ops *ops, const mci_family *family, const char *id)
{
    mci_op_drop *d = &mci_ops_add(ops, MCI_OP_VALUE_DROP)->u.drop;
    d->family = family;
    d->id = id;
}

/* The id's places may be wrong: readers will ask the store. `id` and `fresh` live as long as the list. */
static void add_tell(mci_ops *ops, const mci_coll *coll, const char *const *id, const char *fresh)
{
    for (size_t i = 0; i < coll->nindexes; i++) {
        if (!mci_index_is_derived(&coll->index[i]))
            continue;
        mci_op_set_tell *t = &mci_ops_add(ops, MCI_OP_SET_TELL)->u.set_tell;
        t->set = &coll->index[i].set;
        t->ids = id;
        t->n = 1;
        t->fresh = fresh;
    }
}

static mc_status run_all(mci_call *c, mci_ops *ops)
{
    mc_status st = mci_call_run(c, ops);
    for (size_t i = 0; st == MC_OK && i < ops->n; i++)
        st = mci_op_error(&ops->op[i], c->err);
    return st;
}

static mc_status drop_encoded(mci_call *c, mci_coll *coll, const char *encoded)
{
    mci_ops ops;
    mci_ops_init(&ops);
    add_drop(&ops, &coll->unique, encoded);
    mc_status st = run_all(c, &ops);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_invalidate_id(mci_call *c, mci_coll *coll, const char *id)
{
    char fresh[MCI_NONCE_CAP];
    mci_ops ops;
    mci_ops_init(&ops);
    mci_call_fresh_nonce(c, fresh);
    add_drop(&ops, &coll->docs, id);
    add_tell(&ops, coll, &id, fresh);
    mc_status st = run_all(c, &ops);
    mci_slice unique = st == MC_OK ? ops.op[0].u.drop.unique : (mci_slice){NULL, 0};
    if (unique.p != NULL && unique.n > 0 && unique.n <= MCI_UNIQUE_MAX) {
        mci_buf encoded;
        mci_buf_init(&encoded, MCI_UNIQUE_MAX * 3);
        mci_unique_encode(unique.p, unique.n, &encoded);
        st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                            : drop_encoded(c, coll, encoded.data);
        mci_buf_free(&encoded);
    }
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_INVALIDATIONS);
    c->info->tier = MC_TIER_REDIS;
    mci_ops_free(&ops);
    return st;
}

/* The id that the unique key leads to, as far as the cache tells; the key is dropped. */
static mc_status drop_unique(mci_call *c, mci_coll *coll, const char *encoded, char id[MCI_ID_CAP])
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_value_read *v = &mci_ops_add(&ops, MCI_OP_VALUE_READ)->u.value_read;
    v->family = &coll->unique;
    v->id = encoded;
    v->want = MCI_WANT_FIELDS;
    add_drop(&ops, &coll->unique, encoded);
    mc_status st = mci_call_run(c, &ops);
    if (st == MC_OK)
        st = mci_op_error(&ops.op[1], c->err);
    const char *target = st == MC_OK ? ops.op[0].u.value_read.found.target : NULL;
    if (target != NULL)
        memcpy(id, target, strlen(target) + 1);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_invalidate_unique(mci_call *c, mci_coll *coll, const char *text, size_t len)
{
    mci_buf encoded;
    char id[MCI_ID_CAP] = "";
    mci_buf_init(&encoded, MCI_UNIQUE_MAX * 3);
    mci_unique_encode(text, len, &encoded);
    mc_status st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                                  : drop_unique(c, coll, encoded.data, id);
    mci_buf_free(&encoded);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK && id[0] == '\0') {
        /* The key is gone from the cache, the value may still be there: the store knows whose it is. */
        mci_doc *d = NULL;
        if (c->e->store->ops->find_alias != NULL)
            st = mci_source_find_unique(c, coll, text, len, &d, c->err);
        if (d != NULL)
            memcpy(id, mci_doc_id(d, NULL), strlen(mci_doc_id(d, NULL)) + 1);
        mci_doc_unref(d);
        st = st == MC_NOT_FOUND ? MC_OK : st;
    }
    return st == MC_OK && id[0] != '\0' ? mci_invalidate_id(c, coll, id) : st;
}

mc_status mci_invalidate_all(mci_call *c)
{
    mci_ops ops;
    mci_ops_init(&ops);
    (void)mci_ops_add(&ops, MCI_OP_EPOCH_RAISE);
    mc_status st = mci_call_run_one(c, &ops);
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_EPOCH_BUMPS);
    mci_ops_free(&ops);
    return st;
}

/* ---- what was written while the cache was away --------------------------------------------------------------------- */

typedef struct replaying {
    char token[MCI_TOKEN_SIZE];
    char fresh[MCI_NONCE_CAP];
    const char *id;
} replaying;

static void replay_unknown(mci_call *c, mci_ops *ops, const mci_recovery_copy *it, replaying *r) /* it may still land */
{
    mci_coll *coll = &c->e->colls[it->coll];
    int64_t span = mci_suspect_ms(c->e);
    mci_random_token(&c->e->rnd, r->token);
    mci_announce_value(ops, it->unique ? &coll->unique : &coll->docs, it->id, r->token, span);
    for (size_t i = 0; !it->unique && i < coll->nindexes; i++) {
        if (!mci_index_is_derived(&coll->index[i]))
            continue;
        mci_op_set_announce *a = &mci_ops_add(ops, MCI_OP_SET_ANNOUNCE)->u.set_announce;
        a->set = &coll->index[i].set;
        a->id = it->id;
        a->token = r->token;
        a->span_ms = span;
        a->fresh = r->fresh;
    }
}

static void replay_one(mci_call *c, mci_ops *ops, const mci_recovery_copy *it, replaying *r)
{
    mci_coll *coll = &c->e->colls[it->coll];
    r->id = it->id;
    mci_call_fresh_nonce(c, r->fresh);
    if (it->unknown)
        replay_unknown(c, ops, it, r);
    else if (it->unique)
        add_drop(ops, &coll->unique, it->id);
    else
        add_drop(ops, &coll->docs, it->id);
    if (!it->unique)
        add_tell(ops, coll, &r->id, r->fresh);
}

/* Ids were pushed out of the queue: what they are nobody knows, so everything goes. */
static void drop_all(mci_call *c, mci_recovery *q)
{
    uint64_t seq = mci_recovery_all(q);
    if (seq == 0 || mci_invalidate_all(c) != MC_OK)
        return;
    mci_log_write(c->e->log, MC_LOG_WARN,
                  "more ids were written without Redis than recovery.max: everything in it was invalidated");
    mci_add(c->e->metrics, MCI_C_RECOVERY_DONE, (int64_t)mci_recovery_all_done(q, seq));
}

int mci_recover_lists(mci_call *c, const mci_coll *coll)
{
    return mci_recover(c) && MCI_SAFEGUARD(MCI_SAFEGUARD_LISTS) &&
           mci_recovery_has_any(&c->e->recovery, mci_coll_number(c->e, coll));
}

static int replay(mci_call *c, mci_recovery_copy *items, size_t n)
{
    replaying *r = calloc(n, sizeof *r);
    mci_ops ops;
    if (r == NULL)
        return 0;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++)
        replay_one(c, &ops, &items[i], &r[i]);
    int ok = run_all(c, &ops) == MC_OK;
    mci_ops_free(&ops);
    free(r);
    return ok;
}

int mci_recover(mci_call *c)
{
    mci_recovery *q = &c->e->recovery;
    if (mci_recovery_is_empty(q))
        return 0;
    if (!c->e->cache->ops->is_up(c->e->cache))
        return 1; /* the caller's own command is the probe */
    mci_recovery_copy items[REPLAY];
    mci_call quiet = mci_call_quiet(c);
    drop_all(&quiet, q);
    for (size_t n = mci_recovery_begin(q, items, REPLAY); n > 0; n = mci_recovery_begin(q, items, REPLAY)) {
        int ok = replay(&quiet, items, n);
        mci_add(c->e->metrics, MCI_C_RECOVERY_DONE, (int64_t)mci_recovery_finish(q, items, n, ok));
        if (!ok)
            break;
    }
    size_t left = atomic_load_explicit(&q->count, memory_order_acquire);
    mci_gauge_set(c->e->metrics, MCI_C_RECOVERY_PENDING, (int64_t)left);
    return !mci_recovery_is_empty(q);
}
