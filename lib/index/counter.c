/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: counting, and what was counted most. Refuses: counting twice; a count is sent at most once and never again. */
#include "index/counter.h"

#include "base/syncpoint.h"

#define TOTAL_MAX (INT64_C(1) << 53)

/* Something else is in the place of the counter: it goes, and counting begins anew. 1: it is gone. */
static int clear(mci_call *c, const mci_index *ix)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_ops_add(&ops, MCI_OP_COUNTER_CLEAR)->u.counter_clear.set = &ix->set;
    mci_count(c->e->metrics, MCI_C_CORRUPT);
    c->info->flags |= MC_FLAG_CORRUPT;
    int gone = mci_call_run_one(c, &ops) == MC_OK;
    mci_ops_free(&ops);
    return gone;
}

static mc_status add(mci_call *c, mci_coll *coll, const char *id, int mend, int64_t *total)
{
    mci_ops ops;
    mci_ops_init(&ops);
    ops.once = MCI_SAFEGUARD(MCI_SAFEGUARD_VIEW_ONCE) ? 1 : 0;
    mci_op_counter_add *a = &mci_ops_add(&ops, MCI_OP_COUNTER_ADD)->u.counter_add;
    a->set = &coll->views->set;
    a->id = id;
    mc_status st = mci_call_run(c, &ops);
    if (!ops.once && st != MC_OK)
        st = mci_call_run(c, &ops);
    if (st == MC_OK)
        a = &ops.op[0].u.counter_add;
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK && mend && a->wrong_kind && clear(c, coll->views)) {
        mci_ops_free(&ops);
        return add(c, coll, id, 0, total); /* it was refused, and nothing was counted */
    }
    if (st == MC_OK) {
        st = mci_op_error(&ops.op[0], c->err);
    } else if (ops.sent && st != MC_E_AUTH) {
        mc_error why = c->err != NULL ? *c->err : (mc_error){0};
        st = mci_fail_code(c->err, MC_E_UNKNOWN, MC_TIER_REDIS, why.backend_code, "the view may have been counted: %.400s",
                           why.text);
    }
    if (st == MC_OK) {
        mci_count(c->e->metrics, MCI_C_VIEWS);
        *total = a->total >= (double)TOTAL_MAX ? TOTAL_MAX : a->total > 0 ? (int64_t)a->total : 0;
    }
    mci_ops_free(&ops);
    return st;
}

mc_status mci_counter_add(mci_call *c, mci_coll *coll, const char *id, int64_t *total)
{
    return add(c, coll, id, 1, total);
}

/* One page, dangling members left out. `*members`: how many the page had. */
static mc_status page(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n, size_t *members)
{
    mci_ops ops;
    mci_fetched f;
    size_t dangling = 0;
    mci_ops_init(&ops);
    mci_op_counter_page *p = &mci_ops_add(&ops, MCI_OP_COUNTER_PAGE)->u.counter_page;
    p->set = &coll->views->set;
    p->offset = offset;
    p->count = (int64_t)count;
    (void)mci_ops_add(&ops, MCI_OP_EPOCH_READ);
    mci_fetch_ahead(coll->views, offset, count, coll, &ops, &f);
    mc_status st = mci_call_run_one(c, &ops);
    if (st == MC_OK && ops.epoch_status != MC_OK) {
        st = ops.epoch_status;
        if (c->err != NULL && ops.epoch_why != NULL)
            *c->err = *ops.epoch_why;
    }
    if (st == MC_OK) {
        p = &ops.op[0].u.counter_page;
        if (p->wrong_kind)
            (void)clear(c, coll->views);
        mci_page pg = {coll->views, offset, count, p->members, p->n, &ops, &f};
        *members = p->n;
        st = mci_hydrate(c, coll, &pg, rows, n, &dangling);
    }
    mci_fetched_free(&f);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_counter_top(mci_call *c, mci_coll *coll, size_t count, mci_row *rows, size_t *n)
{
    size_t have = 0;
    int64_t offset = 0;
    mc_status st = MC_OK;
    *n = 0;
    /* Documents that are gone leave holes: go on behind them until there are enough, or no more. */
    while (have < count && mci_deadline_left_ms(c->dl) > 0) {
        size_t got = 0;
        size_t members = 0;
        size_t want = count - have;
        st = page(c, coll, offset, want, rows + have, &got, &members);
        if (st != MC_OK) {
            mci_rows_free(rows, have);
            return st;
        }
        have += got;
        offset += (int64_t)want;
        if (members < want)
            break;
    }
    for (size_t i = 0; i < have; i++)
        rows[i].rank = (int64_t)i;
    *n = have;
    return st;
}
