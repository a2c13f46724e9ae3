/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: answers out of a rank. The store answers while the set is not complete, and while a pending repair of it cannot be made.
 * Refuses: empty or short pages, documents that are not there, and places with a pending repair.
 */
#include "index/rank.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/recover.h"
#include "engine/source.h"
#include "index/judge.h"

#include <stdlib.h>

#define ATTEMPTS 4

static mci_op_set_read *add_read(mci_ops *ops, const mci_index *ix, mci_set_query query)
{
    mci_op_set_read *r = &mci_ops_add(ops, MCI_OP_SET_READ)->u.set_read;
    r->set = &ix->set;
    r->query = query;
    return r;
}

static mci_belief one_page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n,
                           mc_status *st)
{
    mci_ops ops;
    mci_fetched f;
    mci_belief belief = MCI_ASK_STORE;
    mci_ops_init(&ops);
    mci_op_set_read *r = add_read(&ops, coll->rank, MCI_QUERY_PAGE);
    r->offset = offset;
    r->count = (int64_t)count;
    mci_fetch_ahead(coll->rank, offset, count, coll, &ops, &f);
    *st = mci_call_run(c, &ops);
    if (*st == MC_OK)
        belief = mci_judge(c, coll, coll->rank, &ops, &ops.op[0]);
    if (belief == MCI_BELIEVED) {
        const mci_set_answer *a = &ops.op[0].u.set_read.answer;
        mci_page p = {coll->rank, offset, count, a->members, a->n, &ops, &f};
        size_t dangling = 0;
        *st = mci_hydrate(c, coll, &p, rows, n, &dangling);
        belief = *st == MC_OK && dangling > 0 ? MCI_ASK_AGAIN : MCI_BELIEVED;
    }
    mci_fetched_free(&f);
    mci_ops_free(&ops);
    return belief;
}

/* Past the cache: `usable` says whether it could have answered at another time. */
static mc_status page_from_store(mci_call *c, mci_coll *coll, int64_t offset, size_t count, int usable, mci_row *rows,
                                 size_t *n)
{
    mc_error err = {0};
    mci_ranked_id *ids = calloc(count, sizeof *ids);
    if (ids == NULL)
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %zu rows", count);
    mc_status st = mci_source_top(c, coll, offset, count, ids, n, &err);
    for (size_t i = 0; i < *n; i++)
        rows[i] = (mci_row){.id = ids[i].id, .score = ids[i].score, .rank = offset + (int64_t)i};
    free(ids);
    size_t dangling = 0;
    c->info->tier = MC_TIER_STORE; /* who gave the page; documents may come from the cache, and age_ms is about them */
    c->info->cache = mci_store_outcome(c, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    if (st == MC_OK)
        st = mci_hydrate_rows(c, coll, rows, n, &dangling);
    else if (c->err != NULL)
        *c->err = err;
    return st;
}

mc_status mci_rank_page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n)
{
    *n = 0;
    if (count == 0)
        return MC_OK;
    mc_status st = MC_OK;
    int usable = mci_reads_cache(c) && !mci_recover_lists(c, coll) && !mci_lists_are_outdated(c);
    mci_belief belief = usable ? MCI_ASK_AGAIN : MCI_ASK_STORE;
    for (int i = 0; i < ATTEMPTS && belief == MCI_ASK_AGAIN; i++) {
        mci_rows_free(rows, *n); /* of the attempt before */
        *n = 0;
        belief = one_page(c, coll, offset, count, rows, n, &st);
    }
    if (belief == MCI_BELIEVED)
        return st;
    mci_rows_free(rows, *n);
    *n = 0;
    return page_from_store(c, coll, offset, count, usable, rows, n);
}

static mci_belief one_place(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score, mc_status *st)
{
    mci_ops ops;
    mci_belief belief = MCI_ASK_STORE;
    mci_ops_init(&ops);
    add_read(&ops, coll->rank, MCI_QUERY_PLACE)->id = id;
    if (mci_call_run(c, &ops) == MC_OK)
        belief = mci_judge(c, coll, coll->rank, &ops, &ops.op[0]);
    if (belief == MCI_BELIEVED || (ops.n > 0 && ops.op[0].status == MC_OK && !MCI_SAFEGUARD(MCI_SAFEGUARD_RANK))) {
        const mci_set_answer *a = &ops.op[0].u.set_read.answer;
        *st = a->there ? MC_OK : MC_NOT_FOUND;
        *rank = a->above;
        *score = a->score;
        c->info->tier = MC_TIER_REDIS;
        c->info->cache = MC_CACHE_HIT;
    }
    mci_ops_free(&ops);
    return belief;
}

mc_status mci_rank_place(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score)
{
    mc_status st = MC_NOT_FOUND;
    mc_error cache = {0};
    mci_call part = *c;
    int usable = mci_reads_cache(c) && !mci_recover_lists(c, coll) && !mci_lists_are_outdated(c);
    mci_belief belief = usable ? MCI_ASK_AGAIN : MCI_ASK_STORE;
    part.err = &cache;
    for (int i = 0; i < ATTEMPTS && belief == MCI_ASK_AGAIN; i++)
        belief = one_place(&part, coll, id, rank, score, &st);
    if (belief == MCI_BELIEVED || !MCI_SAFEGUARD(MCI_SAFEGUARD_RANK))
        return st;
    st = mci_source_rank(c, coll, id, rank, score, c->err);
    if (st == MC_E_UNSUPPORTED)
        return st;
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    if (st < 0 && cache.code != 0 && c->err != NULL)
        mci_call_both_away(c->err, &cache);
    return st;
}
