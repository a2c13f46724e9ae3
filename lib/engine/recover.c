/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: replaying the recovery queue. Refuses: forgetting an id before the cache has acknowledged its removal. */
#include "engine/recover.h"

#include "base/syncpoint.h"
#include "engine/announce.h"
#include "engine/invalidate.h"

#include <stdlib.h>

#define INSIST_FROM_MS 10
#define INSIST_TO_MS 100
#define REPLAY 100 /* ids in one list */

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
    mci_add_announce(ops, it->unique ? &coll->unique : &coll->docs, it->id, r->token, span, 1);
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
    mci_call_fresh_nonce(c, NULL, r->fresh);
    if (it->unknown)
        replay_unknown(c, ops, it, r);
    else if (it->unique)
        mci_add_drop(ops, &coll->unique, it->id);
    else
        mci_add_drop(ops, &coll->docs, it->id);
    if (!it->unique)
        mci_add_tell(ops, coll, &r->id, r->fresh);
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
    if (c->e->cache->moves && MCI_SAFEGUARD(MCI_SAFEGUARD_CONFIRM))
        ops.after_ns = mci_now_ns();
    for (size_t i = 0; i < n; i++)
        replay_one(c, &ops, &items[i], &r[i]);
    int ok = mci_call_run_all(c, &ops) == MC_OK;
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

int mci_recover_insist(mci_call *c)
{
    int left = !mci_recovery_is_empty(&c->e->recovery);
    for (int64_t pause = INSIST_FROM_MS; left && c->e->cache->moves && mci_deadline_left_ms(c->dl) > 0;) {
        mci_sleep_ms(pause, c->dl);
        left = mci_recover(c);
        pause = pause * 2 < INSIST_TO_MS ? pause * 2 : INSIST_TO_MS;
    }
    return !left;
}
