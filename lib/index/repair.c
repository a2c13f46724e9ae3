/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: putting right the places that are pending repair. Refuses: settling a place by a cached value. */
#include "index/repair.h"

#include "base/syncpoint.h"
#include "engine/source.h"

#include <string.h>

/* Of one caller's time, when many wait: a batch that took longer is halved the next time. */
#define BATCH_NS INT64_C(500000)
#define BATCH_MIN 4
#define BATCH_FIRST 8

typedef struct repairing {
    const char *id[MCI_DUE_MAX];
    mci_place place[MCI_DUE_MAX];
    mci_doc *doc[MCI_DUE_MAX];
    size_t n;
    char token[MCI_TOKEN_SIZE];
    char nonce[MCI_NONCE_CAP];
} repairing;

void mci_forget_member(mci_call *c, const mci_index *ix, mci_slice member)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_set_forget *f = &mci_ops_add(&ops, MCI_OP_SET_FORGET)->u.set_forget;
    f->set = &ix->set;
    f->member = member;
    mci_call quiet = mci_call_quiet(c);
    (void)mci_call_run(&quiet, &ops);
    mci_ops_free(&ops);
}

/* Ask for the lease; ids that others repair are left to them. Returns how many are ours. */
static size_t lease(mci_call *c, mci_index *ix, repairing *r)
{
    mci_ops ops;
    size_t kept = 0;
    mci_ops_init(&ops);
    mci_op_set_lease *l = &mci_ops_add(&ops, MCI_OP_SET_LEASE)->u.set_lease;
    l->set = &ix->set;
    l->ids = r->id;
    l->n = r->n;
    l->token = r->token;
    if (mci_call_run_one(c, &ops) == MC_OK) {
        l = &ops.op[0].u.set_lease;
        memcpy(r->nonce, l->nonce, sizeof r->nonce);
        for (size_t i = 0; i < r->n; i++)
            if (l->granted[i])
                r->id[kept++] = r->id[i];
    }
    mci_ops_free(&ops);
    return kept;
}

static mc_status read_store(mci_call *c, mci_coll *coll, repairing *r)
{
    if (c->e->store->ops->find_many != NULL)
        return mci_source_find_many(c, coll, r->id, r->n, r->doc, NULL);
    for (size_t i = 0; i < r->n; i++) {
        mc_status st = mci_source_find(c, coll, r->id[i], &r->doc[i], NULL);
        if (st != MC_OK && st != MC_NOT_FOUND)
            return st;
    }
    return MC_OK;
}

static size_t settle(mci_call *c, mci_index *ix, const repairing *r)
{
    mci_ops ops;
    size_t done = 0;
    mci_ops_init(&ops);
    mci_op_set_repair *p = &mci_ops_add(&ops, MCI_OP_SET_REPAIR)->u.set_repair;
    p->set = &ix->set;
    p->ids = r->id;
    p->places = r->place;
    p->n = r->n;
    p->token = r->token;
    p->nonce = r->nonce;
    if (mci_call_run_one(c, &ops) == MC_OK)
        for (size_t i = 0; i < r->n; i++)
            done += ops.op[0].u.set_repair.done[i] != 0;
    mci_ops_free(&ops);
    return done;
}

/* Returns how many places were put right. */
static size_t repair_ids(mci_call *c, mci_coll *coll, mci_index *ix, repairing *r)
{
    mci_call quiet = mci_call_quiet(c);
    size_t done = 0;
    mci_random_token(&c->e->rnd, r->token);
    mci_add(c->e->metrics, MCI_C_BOARD_REPAIRS, (int64_t)r->n);
    r->n = lease(&quiet, ix, r);
    MCI_SYNC("repair:leased", ix->set.name);
    if (r->n > 0 && read_store(&quiet, coll, r) == MC_OK) {
        for (size_t i = 0; i < r->n; i++)
            r->place[i] = mci_index_place(ix, r->doc[i]);
        MCI_SYNC("repair:read", ix->set.name);
        done = settle(&quiet, ix, r);
    }
    for (size_t i = 0; i < r->n; i++)
        mci_doc_unref(r->doc[i]);
    return done;
}

void mci_repair_id(mci_call *c, mci_coll *coll, mci_index *ix, const char *id)
{
    repairing r = {.id = {id}, .n = 1};
    (void)repair_ids(c, coll, ix, &r);
}

static size_t flood_batch(const mci_index *ix)
{
    size_t n = atomic_load(&ix->repair_batch);
    return n > 0 ? n : BATCH_FIRST;
}

/* After a batch of a flood: how large the next may be, and when. Lists spend at most a quarter of their time on them. */
static void flood_took(mci_index *ix, size_t n, int64_t ns)
{
    if (ns > BATCH_NS)
        n = n / 2 > BATCH_MIN ? n / 2 : BATCH_MIN;
    else if (ns < BATCH_NS / 2)
        n = 2 * n < MCI_DUE_MAX ? 2 * n : MCI_DUE_MAX;
    atomic_store(&ix->repair_batch, n);
    atomic_store(&ix->next_repair_ns, mci_now_ns() + 3 * ns);
}

mci_repair_state mci_repair(mci_call *c, mci_coll *coll, mci_index *ix, const mci_slice *due, size_t n)
{
    char checked[MCI_DUE_MAX][MCI_ID_CAP];
    repairing r = {0};
    size_t removed = 0;
    int64_t began = mci_now_ns();
    if (n == 0 || !MCI_SAFEGUARD(MCI_SAFEGUARD_REPAIR))
        return MCI_REPAIR_CLEAN;
    /* Many wait (a flood of invalidations): a few at a time are put right, and the store answers meanwhile. */
    int flood = n > MCI_DUE_MAX;
    if (flood && began < atomic_load(&ix->next_repair_ns))
        return MCI_REPAIR_LEFT;
    size_t most = flood ? flood_batch(ix) : MCI_DUE_MAX;
    for (size_t i = 0; i < n && i < most; i++) {
        if (mci_id_check(coll->spec->id_kind, due[i].p, due[i].n, checked[r.n], "id", NULL) == MC_OK &&
            strlen(checked[r.n]) == due[i].n && memcmp(checked[r.n], due[i].p, due[i].n) == 0) {
            r.id[r.n] = checked[r.n];
            r.n++;
        } else { /* it would stand in the way of others */
            mci_forget_member(c, ix, due[i]);
            removed++;
        }
    }
    size_t wanted = r.n;
    size_t done = wanted > 0 ? repair_ids(c, coll, ix, &r) : 0;
    if (flood)
        flood_took(ix, most, mci_now_ns() - began);
    return !flood && done + removed > 0 && done == wanted ? MCI_REPAIR_DONE : MCI_REPAIR_LEFT;
}
