/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the ranked board of a collection. A board carries a mark with its epoch; without it the board is not whole and the store
 * answers. So it does for a board with places that an unfinished write left in doubt and that could not be put right. Refuses: empty or
 * short boards, documents that are not there, and places that are known to be in doubt.
 */
#include "engine/rows.h"

#include "base/syncpoint.h"
#include "engine/identity.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 4

typedef enum page_state { PAGE_OK, PAGE_AGAIN, PAGE_STORE, PAGE_FAILED } page_state;

/* May the board be believed, going by its lowest member and the ids in doubt? What is wrong is mended where that can be done now. */
static page_state judge(mci_call *c, mci_coll *coll, const mci_reply *lowest, int64_t epoch, const mci_reply *overdue)
{
    if (!mci_derived_is_whole(lowest, epoch))
        return mci_rebuild(c, coll, &coll->board) ? PAGE_AGAIN : PAGE_STORE;
    static const page_state next[] = {
        [MCI_REPAIR_CLEAN] = PAGE_OK, [MCI_REPAIR_DONE] = PAGE_AGAIN, [MCI_REPAIR_LEFT] = PAGE_STORE};
    return next[mci_repair(c, coll, overdue)];
}

static page_state one_page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n,
                           mc_status *st)
{
    mci_batch b;
    mci_guess g;
    page_state state = PAGE_STORE;
    mci_batch_init(&b);
    mci_cmd(&b, "ZREVRANGE", 5);
    mci_arg_str(&b, coll->board.name);
    mci_arg_int(&b, offset);
    mci_arg_int(&b, offset + (int64_t)count - 1);
    mci_arg_str(&b, "WITHSCORES");
    mci_cmd(&b, "ZRANGE", 4);
    mci_arg_str(&b, coll->board.name);
    mci_arg_int(&b, 0);
    mci_arg_int(&b, 0);
    mci_cmd(&b, "GET", 2);
    mci_arg_str(&b, c->e->epoch_key);
    mci_repair_cmd(c, &b, coll);
    mci_guess_cmds(&coll->top_memory, offset, count, coll, &b, &g);
    int64_t epoch = 0;
    *st = mci_call_exec(c, &b);
    for (size_t i = 0; i < 2 && *st == MC_OK; i++)
        if (mci_reply_too_big(
                mci_batch_reply(&b, i))) /* and it took the epoch along: the store answers, the next call builds */
            mci_derived_check_type(c, &coll->board, mci_batch_reply(&b, i));
    if (*st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 2), &epoch) == 0 && mci_identity_holds(c, &epoch)) {
        mci_derived_check_type(c, &coll->board, mci_batch_reply(&b, 0));
        state = judge(c, coll, mci_batch_reply(&b, 1), epoch, mci_batch_reply(&b, 3));
        if (state == PAGE_OK && mci_batch_reply(&b, 0)->type != MCI_REPLY_ARRAY)
            state = PAGE_STORE; /* an error is no empty list */
        if (state == PAGE_OK) {
            size_t ghosts = 0;
            mci_page p = {coll->board.name, &coll->top_memory, offset, count, mci_batch_reply(&b, 0), &b, &g, epoch};
            *st = mci_rows_from_page(c, coll, &p, rows, n, &ghosts);
            state = *st < 0 ? PAGE_FAILED : ghosts > 0 ? PAGE_AGAIN : PAGE_OK;
        }
    }
    mci_guess_free(&g);
    mci_batch_free(&b);
    return state;
}

/* Past the cache: `usable` tells whether Redis could have answered at another time. */
static mc_status top_from_store(mci_call *c, mci_coll *coll, int64_t offset, size_t count, int usable, mci_row *rows,
                                size_t *n)
{
    mci_store *s = c->e->store;
    if (s->ops->top == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot rank documents");
    mci_ranked_id *ids = calloc(count, sizeof *ids);
    if (ids == NULL)
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %zu rows", count);
    mc_error err = {0};
    int64_t t0 = mci_now_ns();
    mc_status st = s->ops->top(s, coll->spec, offset, count, mci_store_deadline(c), ids, n, &err);
    (void)mci_store_done(c, t0, st);
    for (size_t i = 0; i < *n; i++)
        rows[i] = (mci_row){.id = ids[i].id, .score = ids[i].score, .rank = offset + (int64_t)i};
    free(ids);
    size_t ghosts = 0;
    c->info->tier = MC_TIER_STORE; /* who told the page; documents may come from Redis, and age_ms tells of them */
    c->info->cache = mci_store_outcome(c->e, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    if (st == MC_OK)
        st = mci_rows_load(c, coll, rows, n, &ghosts);
    else if (c->err != NULL)
        *c->err = err;
    return st;
}

mc_status mci_board_top(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n)
{
    *n = 0;
    if (count == 0)
        return MC_OK;
    mc_status st = MC_OK;
    int usable = mci_reads_redis(c->e) && !mci_recover_lists(c, coll);
    page_state state = usable ? PAGE_AGAIN : PAGE_STORE;
    for (int i = 0; i < ATTEMPTS && state == PAGE_AGAIN; i++) {
        mci_rows_free(rows, *n); /* of the attempt before */
        *n = 0;
        state = one_page(c, coll, offset, count, rows, n, &st);
    }
    if (state == PAGE_OK || state == PAGE_FAILED)
        return st;
    mci_rows_free(rows, *n);
    *n = 0;
    return top_from_store(c, coll, offset, count, usable, rows, n);
}

static page_state one_rank(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score, mc_status *st)
{
    mci_batch b;
    page_state state = PAGE_STORE;
    mci_batch_init(&b);
    mci_cmd(&b, "ZREVRANK", 3);
    mci_arg_str(&b, coll->board.name);
    mci_arg_str(&b, id);
    mci_cmd(&b, "ZSCORE", 3);
    mci_arg_str(&b, coll->board.name);
    mci_arg_str(&b, id);
    mci_cmd(&b, "ZRANGE", 4);
    mci_arg_str(&b, coll->board.name);
    mci_arg_int(&b, 0);
    mci_arg_int(&b, 0);
    mci_cmd(&b, "GET", 2);
    mci_arg_str(&b, c->e->epoch_key);
    mci_repair_cmd(c, &b, coll);
    int64_t epoch = 0;
    if (mci_call_exec(c, &b) == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 3), &epoch) == 0 &&
        mci_identity_holds(c, &epoch)) {
        mci_derived_check_type(c, &coll->board, mci_batch_reply(&b, 0));
        state = judge(c, coll, mci_batch_reply(&b, 2), epoch, mci_batch_reply(&b, 4));
        if (state == PAGE_OK &&
            (mci_batch_reply(&b, 0)->type == MCI_REPLY_ERROR || mci_batch_reply(&b, 1)->type == MCI_REPLY_ERROR))
            state = PAGE_STORE; /* and no place is another thing than an error */
        if (state == PAGE_OK || !MCI_CURE(MCI_CURE_RANK)) {
            *st = mci_reply_count(mci_batch_reply(&b, 0), rank) == 0 && mci_reply_double(mci_batch_reply(&b, 1), score) == 0
                      ? MC_OK
                      : MC_NOT_FOUND;
            c->info->tier = MC_TIER_REDIS;
            c->info->cache = MC_CACHE_HIT;
        }
    }
    mci_batch_free(&b);
    return state;
}

mc_status mci_board_rank(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score)
{
    mc_status st = MC_NOT_FOUND;
    mc_error redis = {0};
    mc_error *err = c->err;
    int usable = mci_reads_redis(c->e) && !mci_recover_lists(c, coll);
    page_state state = usable ? PAGE_AGAIN : PAGE_STORE;
    c->err = &redis;
    for (int i = 0; i < ATTEMPTS && state == PAGE_AGAIN; i++)
        state = one_rank(c, coll, id, rank, score, &st);
    c->err = err;
    if (state == PAGE_OK || !MCI_CURE(MCI_CURE_RANK))
        return st;
    if (c->e->store->ops->rank == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot rank documents");
    int64_t t0 = mci_now_ns();
    st = mci_store_done(c, t0,
                        c->e->store->ops->rank(c->e->store, coll->spec, id, mci_store_deadline(c), rank, score, c->err));
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c->e, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    if (st < 0 && redis.code != 0 && c->err != NULL) { /* both are away: say so */
        mc_error store = *c->err;
        (void)mci_fail_code(c->err, store.code, store.tier, store.backend_code, "%.230s; and %.230s", store.text,
                            redis.text);
    }
    return st;
}
