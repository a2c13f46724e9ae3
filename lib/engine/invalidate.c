/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: dropping values (one id, one alias, everything) and replaying the recovery queue. Refuses: KEYS, SCAN, and calling a drop
 * done before Redis has acknowledged it.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"

#include <stdlib.h>
#include <string.h>

#define REPLAY 100 /* ids in one batch */

/* `dirty`: where the id's place on boards is put in doubt; "": it has none. */
static void drop_cmd(mci_call *c, mci_batch *b, const mci_keys *keys, const char *id, const char *tell, const char *dirty)
{
    mci_cmd_script(b, &mci_script_drop, 5, 7);
    mci_arg_id(b, keys->value, id);
    mci_arg_id(b, keys->lease, id);
    mci_arg_id(b, keys->solo, id);
    mci_arg_key(b, c->e, dirty);
    mci_arg_str(b, c->e->epoch_key);
    mci_arg_str(b, tell);
    mci_arg_str(b, id);
}

static const char *alias_name(const mci_coll *coll)
{
    return coll->spec->alias_field >= 0 ? coll->spec->fields[coll->spec->alias_field].name : "";
}

/* The batch's first reply, checked. */
static mc_status run(mci_call *c, mci_batch *b, const char *what)
{
    mc_status st = mci_call_exec(c, b);
    return st == MC_OK ? mci_reply_error(mci_batch_reply(b, 0), what, c->err) : st;
}

static mc_status drop_encoded(mci_call *c, mci_coll *coll, const char *encoded)
{
    mci_batch b;
    mci_batch_init(&b);
    drop_cmd(c, &b, &coll->alias_keys, encoded, "", "");
    mc_status st = run(c, &b, "invalidate");
    mci_batch_free(&b);
    return st;
}

mc_status mci_invalidate_id(mci_call *c, mci_coll *coll, const char *id)
{
    mci_batch b;
    mci_buf encoded;
    mci_batch_init(&b);
    mci_buf_init(&encoded, MCI_ALIAS_MAX * 3);
    drop_cmd(c, &b, &coll->keys, id, alias_name(coll), coll->dirty);
    mc_status st = run(c, &b, "invalidate");
    const mci_reply *told = mci_batch_reply(&b, 0);
    if (st == MC_OK && told->type == MCI_REPLY_STRING && told->len > 0 && told->len <= MCI_ALIAS_MAX) {
        mci_alias_encode(told->u.str, told->len, &encoded);
        st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                            : drop_encoded(c, coll, encoded.data);
    }
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_INVALIDATIONS);
    c->info->tier = MC_TIER_REDIS;
    mci_buf_free(&encoded);
    mci_batch_free(&b);
    return st;
}

mc_status mci_invalidate_alias(mci_call *c, mci_coll *coll, const char *alias, size_t len)
{
    mci_batch b;
    mci_buf encoded;
    char id[MCI_ID_CAP] = "";
    mci_batch_init(&b);
    mci_buf_init(&encoded, MCI_ALIAS_MAX * 3);
    mci_alias_encode(alias, len, &encoded);
    mc_status st = MC_OK;
    if (encoded.failed) {
        st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key");
    } else {
        mci_cmd(&b, "GET", 2);
        mci_arg_id(&b, coll->alias_keys.value, encoded.data);
        drop_cmd(c, &b, &coll->alias_keys, encoded.data, "", "");
        st = mci_call_exec(c, &b);
    }
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 1), "invalidate", c->err);
    if (st == MC_OK)
        mci_alias_target(coll, mci_batch_reply(&b, 0), id);
    mci_batch_free(&b);
    mci_buf_free(&encoded);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK && id[0] == '\0') {
        /* The alias is gone from Redis, the value may still be there: the store knows whose title it is. */
        mci_doc *d = NULL;
        if (c->e->store->ops->find_alias != NULL) {
            int64_t t0 = mci_now_ns();
            st = mci_store_done(
                c, t0, c->e->store->ops->find_alias(c->e->store, coll->spec, alias, len, mci_store_deadline(c), &d, c->err));
        }
        if (d != NULL)
            memcpy(id, mci_doc_id(d, NULL), strlen(mci_doc_id(d, NULL)) + 1);
        mci_doc_unref(d);
        st = st == MC_NOT_FOUND ? MC_OK : st;
    }
    return st == MC_OK && id[0] != '\0' ? mci_invalidate_id(c, coll, id) : st;
}

mc_status mci_invalidate_epoch(mci_call *c)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "INCR", 2);
    mci_arg_str(&b, c->e->epoch_key);
    mc_status st = run(c, &b, "invalidate all");
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_EPOCH_BUMPS);
    mci_batch_free(&b);
    return st;
}

static void replay_cmds(mci_call *c, mci_batch *b, const mci_recovery_copy *it)
{
    const mci_coll *coll = &c->e->colls[it->coll];
    if (it->unknown) { /* it may still land */
        char token[MCI_TOKEN_SIZE];
        mci_random_token(&c->e->rnd, token);
        mci_announce_cmd(c->e, b, it->alias ? &coll->alias_keys : &coll->keys, it->id, it->alias ? "" : coll->dirty, token,
                         c->e->set.write_suspect_ms);
        return;
    }
    if (it->alias) {
        drop_cmd(c, b, &coll->alias_keys, it->id, "", "");
        return;
    }
    drop_cmd(c, b, &coll->keys, it->id, "", coll->dirty);
}

/* Ids were pushed out of the queue: what they are nobody knows, so everything goes. */
static void drop_all(mci_call *c, mci_recovery *q)
{
    uint64_t seq = mci_recovery_all(q);
    if (seq == 0 || mci_invalidate_epoch(c) != MC_OK)
        return;
    mci_log_write(c->e->log, MC_LOG_WARN,
                  "more ids were written without Redis than recovery.max: everything in it was invalidated");
    mci_add(c->e->metrics, MCI_C_RECOVERY_DONE, (int64_t)mci_recovery_all_done(q, seq));
}

int mci_recover_lists(mci_call *c, const mci_coll *coll)
{
    return mci_recover(c) && MCI_CURE(MCI_CURE_LISTS) && mci_recovery_has_any(&c->e->recovery, mci_coll_index(c->e, coll));
}

int mci_recover(mci_call *c)
{
    mci_recovery *q = &c->e->recovery;
    if (mci_recovery_is_empty(q))
        return 0;
    if (!mci_redis_is_up(c->e->redis))
        return 1; /* the caller's own command is the probe */
    mci_recovery_copy items[REPLAY];
    mc_error *err = c->err;
    c->err = NULL;
    drop_all(c, q);
    for (size_t n = mci_recovery_begin(q, items, REPLAY); n > 0; n = mci_recovery_begin(q, items, REPLAY)) {
        mci_batch b;
        mci_batch_init(&b);
        for (size_t i = 0; i < n; i++)
            replay_cmds(c, &b, &items[i]);
        int ok = mci_call_exec(c, &b) == MC_OK;
        for (size_t i = 0; ok && i < b.n; i++)
            ok = mci_batch_reply(&b, i)->type != MCI_REPLY_ERROR;
        mci_batch_free(&b);
        mci_add(c->e->metrics, MCI_C_RECOVERY_DONE, (int64_t)mci_recovery_finish(q, items, n, ok));
        if (!ok)
            break;
    }
    c->err = err;
    size_t left = atomic_load_explicit(&q->count, memory_order_acquire);
    mci_set(c->e->metrics, MCI_C_RECOVERY_PENDING, (int64_t)left);
    return !mci_recovery_is_empty(q);
}
