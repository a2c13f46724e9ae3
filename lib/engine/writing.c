/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the cache's side of one write. Refuses: storing a value whose place among other writes is not known, and forgetting a write
 * that the cache has not heard of. */
#include "engine/writing.h"

#include "base/syncpoint.h"
#include "engine/announce.h"
#include "engine/freshness.h"
#include "engine/identity.h"
#include "engine/recover.h"
#include "engine/refused.h"
#include "engine/unique_key.h"

void mci_writing_begin(mci_writing *w, mci_call *c, mci_coll *coll, const char *id)
{
    *w = (mci_writing){.c = c, .coll = coll, .id = id};
    mci_buf_init(&w->unique, MCI_UNIQUE_MAX * 3);
    mci_random_token(&c->e->rnd, w->token);
}

void mci_writing_begin_many(mci_writing *first, mci_call *c, mci_coll *coll)
{
    mci_writing_begin(first, c, coll, NULL);
    first->stores_nothing = 1;
}

void mci_writing_begin_one(mci_writing *w, const mci_writing *first, const char *id)
{
    *w = *first;
    w->first = first;
    w->id = id;
    mci_buf_init(&w->unique, MCI_UNIQUE_MAX * 3);
}

static void renew(mci_writing *w, size_t i)
{
    mci_call_fresh_nonce(w->c, &w->coll->index[i].set, w->set[i].fresh);
}

void mci_writing_renew(mci_writing *first)
{
    for (size_t i = 0; i < first->coll->nindexes; i++)
        if (mci_index_is_derived(&first->coll->index[i]))
            renew(first, i);
}

static const char *fresh_of(mci_writing *w, size_t i)
{
    if (w->first != NULL)
        return w->first->set[i].fresh;
    renew(w, i);
    return w->set[i].fresh;
}

mc_status mci_writing_on_replicas(mci_call *c, const mci_ops *ops)
{
    if (!ops->few_replicas)
        return MC_OK;
    c->info->flags |= MC_FLAG_REFUSED;
    mci_count(c->e->metrics, MCI_C_REDIS_REFUSALS);
    if (c->e->set.write_mode != MCI_WRITE_STRICT)
        return MC_OK;
    return mci_fail(c->err, MC_E_CACHE, MC_TIER_REDIS, "fewer than write.wait_replicas (%d) replicas of Redis know of it",
                    ops->wait_replicas);
}

void mci_writing_free(mci_writing *w)
{
    mci_buf_free(&w->unique);
}

void mci_writing_unique(mci_writing *w, const char *p, size_t n)
{
    if (n > 0 && n <= MCI_UNIQUE_MAX) /* longer ones cannot be asked for */
        mci_unique_encode(p, n, &w->unique);
}

void mci_writing_unique_of(mci_writing *w, const mci_doc *d)
{
    int field = w->coll->spec->alias_field;
    if (d != NULL && field >= 0 && mci_doc_text(d, (size_t)field) != NULL)
        mci_writing_unique(w, mci_doc_text(d, (size_t)field), mci_doc_val(d, (size_t)field)->len);
}

/* ---- what was there before --------------------------------------------------------------------------------------- */

void mci_writing_look(mci_writing *w, mci_ops *ops)
{
    w->only_refresh = w->c->e->set.write_fill == MCI_FILL_IF_CACHED;
    if (!w->only_refresh)
        return;
    mci_op_value_read *r = &mci_ops_add(ops, MCI_OP_VALUE_READ)->u.value_read;
    r->family = &w->coll->docs;
    r->id = w->id;
    r->want = MCI_WANT_FIELDS;
}

void mci_writing_looked(mci_writing *w, const mci_ops *ops)
{
    if (w->only_refresh && ops->op[0].status == MC_OK)
        w->only_refresh = ops->op[0].u.value_read.found.state != MCI_FOUND_VALUE;
}

/* ---- announcing --------------------------------------------------------------------------------------------------- */

void mci_writing_announce_value(mci_writing *w, mci_ops *ops, int64_t span_ms)
{
    mci_coll *coll = w->coll;
    w->at_value = ops->n;
    mci_add_announce(ops, &coll->docs, w->id, w->token, span_ms, w->stores_nothing);
    if (w->unique.len > 0)
        mci_add_announce(ops, &coll->unique, w->unique.data, w->token, span_ms, 1);
}

void mci_writing_announce_places(mci_writing *w, mci_ops *ops, int64_t span_ms)
{
    mci_coll *coll = w->coll;
    w->at_set = ops->n;
    for (size_t i = 0; i < coll->nindexes; i++) {
        if (!mci_index_is_derived(&coll->index[i]))
            continue;
        mci_op_set_announce *a = &mci_ops_add(ops, MCI_OP_SET_ANNOUNCE)->u.set_announce;
        a->set = &coll->index[i].set;
        a->id = w->id;
        a->token = w->token;
        a->span_ms = span_ms;
        a->fresh = fresh_of(w, i);
    }
}

void mci_writing_announce(mci_writing *w, mci_ops *ops, int64_t span_ms)
{
    mci_writing_announce_value(w, ops, span_ms);
    mci_writing_announce_places(w, ops, span_ms);
}

/* The first of the write's operations in the list that the cache did not do; NULL: all are done. */
static const mci_op *first_refused(const mci_writing *w, const mci_ops *ops)
{
    size_t values = w->unique.len > 0 ? 2 : 1;
    size_t places = 0;
    for (size_t i = 0; i < w->coll->nindexes; i++)
        places += (size_t)mci_index_is_derived(&w->coll->index[i]);
    for (size_t i = 0; i < values + places; i++) {
        const mci_op *op = &ops->op[i < values ? w->at_value + i : w->at_set + i - values];
        if (op->status != MC_OK)
            return op;
    }
    return NULL;
}

int mci_writing_is_known(const mci_writing *w, const mci_ops *ops)
{
    return first_refused(w, ops) == NULL;
}

mc_status mci_writing_announced(mci_writing *w, const mci_ops *ops)
{
    mci_engine *e = w->c->e;
    const mci_op *refused = first_refused(w, ops);
    if (refused != NULL)
        return mci_op_error(refused, w->c->err);
    if (ops->epoch_status != MC_OK)
        return mci_fail(w->c->err, MC_E_PROTO, MC_TIER_REDIS, "announce a write: Redis answered something else");
    w->epoch = ops->op[w->at_value].epoch;
    w->foreign = mci_identity_of(w->c, ops) == MCI_IDENTITY_FOREIGN;
    if (w->foreign && e->set.write_mode == MCI_WRITE_STRICT)
        return MC_E_DATABASE;
    w->now_ms = mci_clock_at(e, ops->op[w->at_value].u.announce.now_ms);
    size_t at = w->at_set;
    for (size_t i = 0; i < w->coll->nindexes; i++) {
        if (!mci_index_is_derived(&w->coll->index[i]))
            continue;
        const mci_op_set_announce *a = &ops->op[at++].u.set_announce;
        w->set[i].announced_ms = a->now_ms;
        for (size_t k = 0; k < MCI_NONCE_CAP; k++)
            w->set[i].nonce[k] = a->nonce[k];
    }
    w->announced = 1;
    return MC_OK;
}

/* ---- ending ------------------------------------------------------------------------------------------------------- */

/* What is another database's hears nothing of the document. */
static void keep_foreign_out(const mci_writing *w, mci_writing_end *how, const mci_doc **d)
{
    if (!w->foreign)
        return;
    *how = MCI_WRITING_NOT_DONE;
    *d = NULL;
}

void mci_writing_settle_value(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d)
{
    mci_engine *e = w->c->e;
    keep_foreign_out(w, &how, &d);
    w->at_value = ops->n;
    int64_t now = mci_clock(e); /* alone until now, it is the newest version as of now; when it was not, nothing is stored */
    mci_op_commit *k = &mci_ops_add(ops, MCI_OP_VALUE_COMMIT)->u.commit;
    k->family = &w->coll->docs;
    k->id = w->id;
    k->mode = how == MCI_WRITING_DONE ? MCI_COMMIT_POST : MCI_COMMIT_ABORT;
    k->token = w->token;
    k->doc = d;
    k->epoch = w->epoch;
    k->now_ms = now > w->now_ms ? now : w->now_ms;
    k->ttl_ms = how == MCI_WRITING_DONE && !w->only_refresh ? mci_value_ttl(e, w->coll, d != NULL) : 0;
    if (w->unique.len == 0)
        return;
    k = &mci_ops_add(ops, MCI_OP_VALUE_COMMIT)->u.commit;
    k->family = &w->coll->unique;
    k->id = w->unique.data;
    k->mode = MCI_COMMIT_ABORT; /* where it leads, the next reader asks the store */
    k->token = w->token;
}

void mci_writing_settle_places(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d)
{
    mci_coll *coll = w->coll;
    keep_foreign_out(w, &how, &d);
    w->at_set = ops->n;
    for (size_t i = 0; i < coll->nindexes; i++) {
        if (!mci_index_is_derived(&coll->index[i]))
            continue;
        mci_op_set_settle *s = &mci_ops_add(ops, MCI_OP_SET_SETTLE)->u.set_settle;
        s->set = &coll->index[i].set;
        s->id = w->id;
        s->token = w->token;
        s->nonce = w->set[i].nonce;
        s->announced_ms = w->set[i].announced_ms;
        s->carried_out = how != MCI_WRITING_NOT_DONE;
        s->place = mci_index_place(&coll->index[i], d);
        s->fresh = fresh_of(w, i);
    }
}

void mci_writing_settle(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d)
{
    mci_writing_settle_value(w, ops, how, d);
    mci_writing_settle_places(w, ops, how, d);
}

/* The last of writers that overlapped: nobody was sure of the place, so it is read from the store now. */
static void repair_own(mci_writing *w, const mci_ops *ops)
{
    const mci_op_commit *k = &ops->op[w->at_value].u.commit;
    if (k->stored || k->others || w->c->e->repair == NULL || !MCI_SAFEGUARD(MCI_SAFEGUARD_REPAIR))
        return;
    size_t at = w->at_set;
    for (size_t i = 0; i < w->coll->nindexes; i++) {
        if (!mci_index_is_derived(&w->coll->index[i]))
            continue;
        const mci_op_set_settle *s = &ops->op[at++].u.set_settle;
        if (s->settled || s->others)
            continue;
        mc_info info;
        mci_call aside = mci_call_aside(w->c, &info);
        w->c->e->repair(&aside, w->coll, &w->coll->index[i], w->id);
        mci_call_count(w->c, &info);
    }
}

/* What a session has written it is not to miss, in this process or another. */
static void note(const mci_writing *w, int64_t as_of_ms)
{
    mci_note(w->c, w->coll, 0, w->id, as_of_ms);
    if (w->unique.len > 0)
        mci_note(w->c, w->coll, 1, w->unique.data, as_of_ms);
}

int mci_writing_settled(mci_writing *w, mci_ops *ops, mci_writing_end how)
{
    mci_engine *e = w->c->e;
    if (!mci_writing_is_known(w, ops))
        return 0;
    const mci_op_commit *k = &ops->op[w->at_value].u.commit;
    mci_refused_commit(e, w->c->info, k);
    if (how == MCI_WRITING_NOT_DONE)
        return 1;
    note(w, k->now_ms); /* nothing that is cached from here on is older */
    if (k->stored && k->doc != NULL && k->ttl_ms > 0)
        w->c->info->flags |= MC_FLAG_FILLED;
    mci_count(e->metrics, k->stored ? MCI_C_WRITES_UNCONTENDED : MCI_C_WRITES_CONTENDED);
    if (e->set.write_mode != MCI_WRITE_FAST && !w->foreign)
        repair_own(w, ops);
    return 1;
}

void mci_writing_remember(mci_writing *w, int unknown)
{
    mci_engine *e = w->c->e;
    size_t coll = mci_coll_number(e, w->coll);
    mci_note_now(w->c, w->coll, 0, w->id);
    if (w->unique.len > 0)
        mci_note_now(w->c, w->coll, 1, w->unique.data);
    if (w->c->session != NULL)
        mci_record_note_lists(&w->c->session->record, mci_clock(e));
    int64_t longest = w->coll->ttl_ms; /* of all that may say something old about this id */
    longest = e->set.negative_ttl_ms > longest ? e->set.negative_ttl_ms : longest;
    longest = e->set.alias_ttl_ms > longest ? e->set.alias_ttl_ms : longest;
    longest = e->set.board_ttl_ms > longest ? e->set.board_ttl_ms : longest;
    longest += longest / 100 * e->set.ttl_jitter_pct + e->set.ttl_jitter_pct;
    int64_t until = mci_deadline_in(longest + e->set.write_quarantine_ms);
    int (*push)(mci_recovery *, size_t, int, const char *, int64_t) =
        unknown ? mci_recovery_push_unknown : mci_recovery_push;
    int lost = push(&e->recovery, coll, 0, w->id, until);
    if (w->unique.len > 0)
        lost += push(&e->recovery, coll, 1, w->unique.data, until);
    mci_add(e->metrics, MCI_C_RECOVERY_QUEUED, w->unique.len > 0 ? 2 : 1);
    mci_add(e->metrics, MCI_C_RECOVERY_LOST, lost);
    mci_gauge_set(e->metrics, MCI_C_RECOVERY_PENDING, (int64_t)atomic_load(&e->recovery.count));
    w->c->info->flags |= MC_FLAG_QUEUED;
    if (lost > 0)
        mci_log_write(e->log, MC_LOG_WARN,
                      "recovery queue is full (recovery.max): some ids may be stale until their TTL ends");
    mci_call quiet = mci_call_quiet(w->c); /* the cache may be back already, or only have refused the announcement */
    (void)mci_recover(&quiet);
}
