/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: counted views and what is trending. Refuses: counting twice; a view is sent at most once and never again. */
#include "engine/rows.h"

#include "base/syncpoint.h"

#include <string.h>

/* Something else stands in the place of the views: it goes, and counting begins anew. */
static int is_no_set(mci_call *c, const mci_coll *coll, const mci_reply *r)
{
    if (r == NULL || r->type != MCI_REPLY_ERROR || strncmp(r->u.str, "WRONGTYPE", 9) != 0)
        return 0;
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL", 2);
    mci_arg_str(&b, coll->views);
    mci_count(c->e->metrics, MCI_C_POISONED);
    c->info->flags |= MC_FLAG_POISONED;
    int gone = mci_call_exec(c, &b) == MC_OK && mci_batch_reply(&b, 0)->type == MCI_REPLY_INT;
    mci_batch_free(&b);
    return gone;
}

/* `mend`: what is no set may be removed, and the view sent again: Redis has refused it, and counted nothing. */
static mc_status record(mci_call *c, mci_coll *coll, const char *id, int mend, int64_t *views)
{
    mci_batch b;
    mci_batch_init(&b);
    b.once = MCI_CURE(MCI_CURE_VIEW_ONCE) ? 1 : 0;
    mci_cmd(&b, "ZINCRBY", 4);
    mci_arg_str(&b, coll->views);
    mci_arg_int(&b, 1);
    mci_arg_str(&b, id);
    mc_status st = mci_call_exec(c, &b);
    if (!b.once && st != MC_OK)
        st = mci_call_exec(c, &b);
    if (st == MC_OK && mend && is_no_set(c, coll, mci_batch_reply(&b, 0))) {
        mci_batch_free(&b);
        return record(c, coll, id, 0, views);
    }
    c->info->tier = MC_TIER_REDIS;
    double count = 0;
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 0), "record view", c->err);
    else if (b.sent && st != MC_E_AUTH) {
        mc_error why = c->err != NULL ? *c->err : (mc_error){0};
        st = mci_fail_code(c->err, MC_E_UNKNOWN, MC_TIER_REDIS, why.backend_code, "the view may have been counted: %.400s",
                           why.text);
    }
    if (st == MC_OK && mci_reply_double(mci_batch_reply(&b, 0), &count) == 0) {
        mci_count(c->e->metrics, MCI_C_VIEWS);
        *views = count >= (double)MCI_COUNT_MAX ? MCI_COUNT_MAX : count > 0 ? (int64_t)count : 0; /* anybody may ZADD */
    }
    mci_batch_free(&b);
    return st;
}

mc_status mci_view_record(mci_call *c, mci_coll *coll, const char *id, int64_t *views)
{
    return record(c, coll, id, 1, views);
}

/* One page of the views, ghosts left out. */
static mc_status page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n, size_t *ghosts)
{
    mci_batch b;
    mci_guess g;
    mci_batch_init(&b);
    mci_cmd(&b, "ZREVRANGE", 5);
    mci_arg_str(&b, coll->views);
    mci_arg_int(&b, offset);
    mci_arg_int(&b, offset + (int64_t)count - 1);
    mci_arg_str(&b, "WITHSCORES");
    mci_cmd(&b, "GET", 2);
    mci_arg_str(&b, c->e->epoch_key);
    mci_guess_cmds(&coll->views_memory, offset, count, coll, &b, &g);
    int64_t epoch = 0;
    mc_status st = mci_call_exec(c, &b);
    if (st == MC_OK)
        st = mci_replies_error(&b, "trending", c->err);
    if (st == MC_OK)
        (void)is_no_set(c, coll, mci_batch_reply(&b, 0));
    if (st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 1), &epoch) != 0)
        st = mci_fail(c->err, MC_E_PROTO, MC_TIER_REDIS, "trending: the epoch is not a number");
    mci_page p = {coll->views, &coll->views_memory, offset, count, mci_batch_reply(&b, 0), &b, &g, epoch};
    if (st == MC_OK)
        st = mci_rows_from_page(c, coll, &p, rows, n, ghosts);
    mci_guess_free(&g);
    mci_batch_free(&b);
    return st;
}

mc_status mci_view_top(mci_call *c, mci_coll *coll, size_t count, mci_row *rows, size_t *n)
{
    size_t have = 0;
    *n = 0;
    int64_t offset = 0;
    mc_status st = MC_OK;
    /* Movies that are gone leave holes: go on behind them until there are enough, or no more. */
    while (have < count && mci_deadline_left_ms(c->dl) > 0) {
        size_t got = 0;
        size_t ghosts = 0;
        size_t want = count - have;
        st = page(c, coll, offset, want, rows + have, &got, &ghosts);
        if (st != MC_OK) {
            mci_rows_free(rows, have);
            return st;
        }
        have += got;
        offset += (int64_t)want;
        if (got + ghosts < want)
            break;
    }
    for (size_t i = 0; i < have; i++)
        rows[i].rank = (int64_t)i;
    *n = have;
    return st;
}
