/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the ranked board of a collection. A board carries a mark with its epoch; without it the board is not whole and the store
 * answers. Refuses: empty or short boards, and documents that are not there.
 */
#include "engine/rows.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 4

typedef enum page_state { PAGE_OK, PAGE_AGAIN, PAGE_STORE, PAGE_FAILED } page_state;

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
    if (*st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 2), &epoch) == 0) {
        const mci_reply *overdue = mci_batch_reply(&b, 3);
        mci_derived_check_type(c, &coll->board, mci_batch_reply(&b, 0));
        if (!mci_derived_is_whole(mci_batch_reply(&b, 1), epoch)) {
            state = mci_rebuild(c, coll, &coll->board) ? PAGE_AGAIN : PAGE_STORE;
        } else if (overdue->type == MCI_REPLY_ARRAY && overdue->len > 0 && mci_repair(c, coll, overdue) > 0) {
            state = PAGE_AGAIN;
        } else {
            size_t ghosts = 0;
            *st = mci_rows_from_page(c, coll, &coll->top_memory, offset, mci_batch_reply(&b, 0), &b, &g, epoch, count, rows,
                                     n, &ghosts);
            state = *st < 0 ? PAGE_FAILED : ghosts > 0 ? PAGE_AGAIN : PAGE_OK;
        }
    }
    mci_guess_free(&g);
    mci_batch_free(&b);
    return state;
}

static mc_status top_from_store(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n)
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
    if (st == MC_OK)
        st = mci_rows_load(c, coll, rows, n, &ghosts);
    else if (c->err != NULL)
        *c->err = err;
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c->e, !(c->info->flags & MC_FLAG_REDIS_DOWN));
    return st;
}

mc_status mci_board_top(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n)
{
    *n = 0;
    if (count == 0)
        return MC_OK;
    mc_status st = MC_OK;
    page_state state = PAGE_STORE;
    if (mci_reads_redis(c->e)) {
        (void)mci_recover(c);
        state = PAGE_AGAIN;
    }
    for (int i = 0; i < ATTEMPTS && state == PAGE_AGAIN; i++) {
        mci_rows_free(rows, *n); /* of the attempt before */
        *n = 0;
        state = one_page(c, coll, offset, count, rows, n, &st);
    }
    if (state == PAGE_OK || state == PAGE_FAILED)
        return st;
    mci_rows_free(rows, *n);
    *n = 0;
    return top_from_store(c, coll, offset, count, rows, n);
}

mc_status mci_board_rank(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score)
{
    (void)mci_recover(c);
    for (int i = 0; i < ATTEMPTS; i++) {
        mci_batch b;
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
        mc_status st = mci_call_exec(c, &b);
        c->info->tier = MC_TIER_REDIS;
        if (st == MC_OK)
            st = mci_replies_error(&b, "rank", c->err);
        if (st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 3), &epoch) != 0)
            st = mci_fail(c->err, MC_E_PROTO, MC_TIER_REDIS, "rank: the epoch is not a number");
        int again = 0;
        if (st == MC_OK) {
            mci_derived_check_type(c, &coll->board, mci_batch_reply(&b, 0));
            const mci_reply *overdue = mci_batch_reply(&b, 4);
            if (!mci_derived_is_whole(mci_batch_reply(&b, 2), epoch))
                again = mci_rebuild(c, coll, &coll->board) ? 1 : -1;
            else if (i + 1 < ATTEMPTS && overdue->type == MCI_REPLY_ARRAY && overdue->len > 0 &&
                     mci_repair(c, coll, overdue) > 0)
                again = 1; /* the last attempt takes the board as it is: a doubt about one id is none about the others */
            else if (mci_reply_count(mci_batch_reply(&b, 0), rank) != 0 ||
                     mci_reply_double(mci_batch_reply(&b, 1), score) != 0)
                st = MC_NOT_FOUND;
            c->info->cache = again ? MC_CACHE_MISS : MC_CACHE_HIT;
        }
        mci_batch_free(&b);
        if (st != MC_OK || again == 0)
            return st;
        if (again < 0)
            break;
    }
    return mci_fail(c->err, MC_E_CACHE, MC_TIER_REDIS, "the board is not built yet; another process may be building it");
}
