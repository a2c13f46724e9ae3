/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: builders. Refuses: showing a set that is not complete, or one of whose changes some may be lost. */
#include "index/build.h"

#include "base/syncpoint.h"
#include "engine/identity.h"
#include "engine/source.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define HOLD_MS 1000 /* a builder of whom nothing is heard for so long may be gone: another goes on */
#define PATIENCE_MS 120000
#define LOOK_AGAIN_MS 50

typedef struct building {
    mci_call *c;
    mci_coll *coll;
    mci_index *ix;
    char token[MCI_TOKEN_SIZE];
    char nonce[MCI_NONCE_CAP];
    char *cursor; /* the last id that is in the set; NULL: none is */
    mci_progress *progress;
} building;

/* MC_OK: ours, from `cursor` on; MC_NOT_FOUND: another builds. */
static mc_status begin(building *b)
{
    char fresh[MCI_NONCE_CAP];
    char checked[MCI_ID_CAP];
    mci_ops ops;
    mci_call_fresh_nonce(b->c, fresh);
    mci_ops_init(&ops);
    mci_op_build_begin *g = &mci_ops_add(&ops, MCI_OP_BUILD_BEGIN)->u.build_begin;
    g->set = &b->ix->set;
    g->token = b->token;
    g->hold_ms = HOLD_MS;
    g->fresh = fresh;
    mc_status st = mci_call_run_one(b->c, &ops);
    if (st == MC_OK) {
        g = &ops.op[0].u.build_begin;
        if (ops.epoch_status != MC_OK || !g->ours || mci_identity_of(b->c, &ops) == MCI_IDENTITY_FOREIGN)
            st = MC_NOT_FOUND;
        else if (g->cursor.n > 0 &&
                 mci_id_check(b->coll->spec->id_kind, g->cursor.p, g->cursor.n, checked, "id", NULL) != MC_OK)
            st = mci_fail(b->c->err, MC_E_PROTO, MC_TIER_REDIS, "build: Redis answered something else");
        else if (g->cursor.n > 0 && (b->cursor = strdup(checked)) == NULL)
            st = mci_fail(b->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
        memcpy(b->nonce, g->nonce, sizeof b->nonce);
    }
    mci_ops_free(&ops);
    return st;
}

/* `last`: the id to go on after, or NULL at the end. */
static mc_status add_page(building *b, mci_doc *const *docs, size_t n, const char *last)
{
    const char *ids[PAGE];
    mci_place places[PAGE];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        places[m] = mci_index_place(b->ix, docs[i]);
        if (places[m].there)
            ids[m++] = mci_doc_id(docs[i], NULL);
    }
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_build_page *p = &mci_ops_add(&ops, MCI_OP_BUILD_PAGE)->u.build_page;
    p->set = &b->ix->set;
    p->token = b->token;
    p->nonce = b->nonce;
    p->hold_ms = HOLD_MS;
    p->cursor = last;
    p->ids = ids;
    p->places = places;
    p->n = m;
    mc_status st = mci_call_run_one(b->c, &ops);
    if (st == MC_OK && !ops.op[0].u.build_page.added)
        st = MC_NOT_FOUND; /* lost, invalidated, or another goes on with it */
    mci_ops_free(&ops);
    return st;
}

static mc_status one_page(building *b, mci_doc **docs, int *more)
{
    size_t n = 0;
    char *last = NULL;
    mc_status st = mci_source_scan(b->c, b->coll, b->cursor, PAGE, docs, &n, &last, b->c->err);
    MCI_SYNC("build:page", b->ix->set.name);
    if (st == MC_OK)
        st = add_page(b, docs, n, last);
    for (size_t i = 0; i < n; i++)
        mci_doc_unref(docs[i]);
    if (b->progress != NULL)
        b->progress->p.done += (int64_t)n;
    *more = last != NULL;
    if (st == MC_OK && last != NULL) { /* what is in is in, also for the next builder */
        free(b->cursor);
        b->cursor = last;
        last = NULL;
    }
    free(last);
    return st;
}

static mc_status all_pages(building *b)
{
    mci_doc **docs = calloc(PAGE, sizeof *docs);
    if (docs == NULL)
        return mci_fail(b->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
    mc_status st = MC_OK;
    int more = 1;
    while (st == MC_OK && more) {
        if (b->progress != NULL) /* long calls have a deadline for each step */
            b->c->dl = mci_deadline_in(mci_call_timeout_ms(b->c));
        else if (mci_deadline_left_ms(b->c->dl) == 0)
            st = mci_fail(b->c->err, MC_E_TIMEOUT, MC_TIER_STORE, "the deadline passed while %s was built", b->ix->set.name);
        if (st == MC_OK)
            st = one_page(b, docs, &more);
        if (st == MC_OK && b->progress != NULL)
            st = mci_progress_report(b->progress, !more, b->c->err);
    }
    free(docs);
    return st;
}

/* The next builder may go on at once. */
static void leave(building *b)
{
    mci_ops ops;
    mci_call quiet = mci_call_quiet(b->c);
    if (mci_deadline_left_ms(quiet.dl) == 0)
        quiet.dl = mci_deadline_in(20);
    mci_ops_init(&ops);
    mci_op_build_leave *l = &mci_ops_add(&ops, MCI_OP_BUILD_LEAVE)->u.build_leave;
    l->set = &b->ix->set;
    l->token = b->token;
    (void)mci_call_run(&quiet, &ops);
    mci_ops_free(&ops);
}

static mc_status swap(building *b)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_build_swap *s = &mci_ops_add(&ops, MCI_OP_BUILD_SWAP)->u.build_swap;
    s->set = &b->ix->set;
    s->token = b->token;
    s->nonce = b->nonce;
    s->ttl_ms = b->c->e->set.board_ttl_ms;
    mc_status st = mci_call_run_one(b->c, &ops);
    if (st == MC_OK && !ops.op[0].u.build_swap.swapped)
        st = MC_NOT_FOUND;
    mci_ops_free(&ops);
    return st;
}

mc_status mci_build(mci_call *c, mci_coll *coll, mci_index *ix, mci_progress *progress)
{
    building b = {.c = c, .coll = coll, .ix = ix, .progress = progress};
    if (c->e->store->ops->scan == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    mci_random_token(&c->e->rnd, b.token);
    mc_status st = begin(&b);
    if (st == MC_OK) {
        if (progress != NULL) {
            progress->p.done = 0;
            progress->p.total = progress->fn != NULL ? mci_source_count(c, coll) : -1;
        }
        st = all_pages(&b);
        MCI_SYNC("build:swap", ix->set.name);
        if (st == MC_OK)
            st = swap(&b);
        if (st == MC_OK)
            mci_count(c->e->metrics, MCI_C_BOARD_REBUILDS);
        else
            leave(&b);
        if (st < 0)
            mci_log_write(c->e->log, MC_LOG_WARN, "building %s of %s stopped: %s", ix->set.name, coll->spec->name,
                          mc_status_name(st));
    } else if (st < 0) {
        leave(&b); /* it may be ours, and we could not read that */
    }
    free(b.cursor);
    return st;
}

int mci_rebuild(mci_call *c, mci_coll *coll, mci_index *ix)
{
    mc_info info;
    mci_call part = mci_call_aside(c, &info); /* that its time was up says nothing about the cache */
    if (c->dl != MCI_NO_DEADLINE)
        part.dl = c->dl - (c->dl - mci_now_ns()) / 2;
    mc_status st = mci_build(&part, coll, ix, NULL);
    mci_call_count(c, &info);
    return st == MC_OK;
}

static int is_there(mci_call *c, const mci_index *ix)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_set_read *r = &mci_ops_add(&ops, MCI_OP_SET_READ)->u.set_read;
    r->set = &ix->set;
    r->query = MCI_QUERY_PAGE;
    int there = mci_call_run_one(c, &ops) == MC_OK && ops.op[0].u.set_read.answer.complete != MCI_INCOMPLETE;
    mci_ops_free(&ops);
    return there;
}

mc_status mci_build_or_wait(mci_call *c, mci_coll *coll, mci_index *ix, mci_progress *progress)
{
    int64_t give_up = mci_deadline_in(PATIENCE_MS);
    progress->p.stage = ix->set.kind == MCI_SET_GEO ? "geo" : "board";
    progress->p.total = -1;
    for (;;) {
        c->dl = mci_deadline_in(mci_call_timeout_ms(c));
        mc_status st = mci_build(c, coll, ix, progress);
        if (st != MC_NOT_FOUND || is_there(c, ix))
            return st == MC_NOT_FOUND ? MC_OK : st;
        st = mci_progress_report(progress, 0, c->err);
        if (st != MC_OK)
            return st;
        if (mci_now_ns() > give_up)
            return mci_fail(c->err, MC_E_TIMEOUT, MC_TIER_REDIS, "another process is building %s and does not finish",
                            ix->set.name);
        mci_sleep_ms(LOOK_AGAIN_MS, MCI_NO_DEADLINE);
    }
}
