/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: builders. Refuses: showing a set that is not complete, or one of whose changes some may be lost; and more of a caller's time than a
 * slice of it. */
#include "index/build.h"

#include "base/syncpoint.h"
#include "engine/identity.h"
#include "engine/source.h"
#include "index/nonce.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MIN 250 /* rows */
#define PAGE_FIRST 500
#define PAGE_MAX 2000
#define PAGES 4                   /* of a slice: the answer of the last one tells of all */
#define SLICE_NS INT64_C(3500000) /* of one caller's time, whose own question and the last page's end come on top */
#define ASIDE_NS INT64_C(1000000) /* of a caller's whose answer does not wait for this build */
#define HOLD_MS 1000              /* a builder of whom nothing is heard for so long may be gone: another goes on */
#define PATIENCE_MS 120000
#define LOOK_AGAIN_MS 50

typedef struct building {
    mci_call *c;
    mci_coll *coll;
    mci_index *ix;
    mci_builder *b;
    mci_progress *progress; /* NULL: a slice, until */
    int64_t until_ns;
    int ahead; /* pages were sent that were not waited for: when the build is lost, that may be the reason */
} building;

/* One page on its way from the store into the set. */
typedef struct page {
    size_t limit; /* PAGE_MAX at most */
    size_t read;  /* rows that came */
    const char *ids[PAGE_MAX];
    mci_place places[PAGE_MAX];
    size_t n;
    mci_scores scores; /* what `ids` point into, */
    mci_doc **docs;    /* ... or these */
    size_t ndocs;
    char *last; /* the id to go on after; NULL at the end */
} page;

static void forget(mci_builder *b)
{
    free(b->cursor);
    b->cursor = NULL;
    b->begun = 0;
}

/* MC_OK: ours, from the cursor on; MC_NOT_FOUND: another builds. `*old`: its nonce is of another epoch, so that nobody would believe what is built. */
static mc_status take_builder(building *g, int *old)
{
    char fresh[MCI_NONCE_CAP];
    char checked[MCI_ID_CAP];
    mci_builder *b = g->b;
    mci_ops ops;
    forget(b);
    mci_random_token(&g->c->e->rnd, b->token);
    mci_call_fresh_nonce(g->c, &g->ix->set, fresh);
    mci_ops_init(&ops);
    mci_op_build_begin *o = &mci_ops_add(&ops, MCI_OP_BUILD_BEGIN)->u.build_begin;
    o->set = &g->ix->set;
    o->token = b->token;
    o->hold_ms = HOLD_MS;
    o->fresh = fresh;
    mc_status st = mci_call_run_one(g->c, &ops);
    if (st == MC_OK) {
        o = &ops.op[0].u.build_begin;
        if (ops.epoch_status != MC_OK || !o->ours || mci_identity_of(g->c, &ops) == MCI_IDENTITY_FOREIGN)
            st = MC_NOT_FOUND;
        else if (o->cursor.n > 0 &&
                 mci_id_check(g->coll->spec->id_kind, o->cursor.p, o->cursor.n, checked, "id", NULL) != MC_OK)
            st = mci_fail(g->c->err, MC_E_PROTO, MC_TIER_REDIS, "build: Redis answered something else");
        else if (o->cursor.n > 0 &&
                 (b->cursor = strndup(o->cursor.p, o->cursor.n)) == NULL) /* as the page before has named it */
            st = mci_fail(g->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
        memcpy(b->nonce, o->nonce, sizeof b->nonce);
        *old = ops.op[0].epoch != 0 && mci_nonce_epoch(b->nonce) != ops.op[0].epoch;
    }
    mci_ops_free(&ops);
    b->begun = st == MC_OK;
    return st;
}

static mc_status begin(building *g)
{
    int old = 0;
    mc_status st = take_builder(g, &old);
    /* Nobody had seen the epoch before, or it was lost since. */
    if (st == MC_OK && old && mci_nonce_raise(g->c, g->ix, g->b->nonce, 0))
        st = take_builder(g, &old);
    return st;
}

/* ---- pages ---- */

static mc_status read_documents(building *g, page *p)
{
    p->docs = calloc(p->limit, sizeof(mci_doc *));
    if (p->docs == NULL)
        return mci_fail(g->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
    mc_status st = mci_source_scan(g->c, g->coll, g->b->cursor, p->limit, p->docs, &p->ndocs, &p->last, g->c->err);
    for (size_t i = 0; st == MC_OK && i < p->ndocs; i++) {
        p->places[p->n] = mci_index_place(g->ix, p->docs[i]);
        if (p->places[p->n].there)
            p->ids[p->n++] = mci_doc_id(p->docs[i], NULL);
    }
    return st;
}

/* A board needs no more of a document than its id and its rank, where the store has a way to give just these. */
static mc_status read_page(building *g, page *p)
{
    if (g->ix->set.kind != MCI_SET_RANK || g->c->e->store->ops->scan_scores == NULL)
        return read_documents(g, p);
    mc_status st = mci_source_scan_scores(g->c, g->coll, g->b->cursor, p->limit, &p->scores, &p->last, g->c->err);
    const char *id = p->scores.ids.data;
    for (size_t i = 0; st == MC_OK && i < p->scores.n && p->n < PAGE_MAX; i++) {
        p->ids[p->n] = id;
        p->places[p->n++] = (mci_place){.there = 1, .x = p->scores.score[i]};
        id += strlen(id) + 1;
    }
    return st;
}

/* While the cache takes the page, `ahead`, the next one is read: that one is refused when this one was. */
static mc_status add_page(building *g, const page *p, int ahead)
{
    mci_ops ops;
    mci_ops_init(&ops);
    ops.detach = ahead;
    mci_op_build_page *o = &mci_ops_add(&ops, MCI_OP_BUILD_PAGE)->u.build_page;
    o->set = &g->ix->set;
    o->token = g->b->token;
    o->nonce = g->b->nonce;
    o->hold_ms = HOLD_MS;
    o->after = g->b->cursor;
    o->cursor = p->last;
    o->ids = p->ids;
    o->places = p->places;
    o->n = p->n;
    mc_status st = mci_call_run_one(g->c, &ops);
    g->ahead |= ops.detached;
    if (st == MC_OK && !ops.detached && !ops.op[0].u.build_page.added)
        st = MC_NOT_FOUND; /* lost, invalidated, or another goes on with it */
    mci_ops_free(&ops);
    return st;
}

static mc_status one_page(building *g, page *p, size_t limit, int ahead, int *more)
{
    p->limit = limit < PAGE_MAX ? limit : PAGE_MAX;
    mc_status st = read_page(g, p);
    MCI_SYNC("build:page", g->ix->set.name);
    if (st == MC_OK)
        st = add_page(g, p, ahead && p->last != NULL && !g->b->careful);
    p->read = p->docs != NULL ? p->ndocs : p->scores.n;
    if (g->progress != NULL)
        g->progress->p.done += (int64_t)p->read;
    *more = p->last != NULL;
    if (st == MC_OK && p->last != NULL) { /* what is in is in, also for the next builder */
        free(g->b->cursor);
        g->b->cursor = p->last;
        p->last = NULL;
    }
    for (size_t i = 0; i < p->ndocs; i++)
        mci_doc_unref(p->docs[i]);
    free(p->docs);
    free(p->last);
    mci_scores_clear(&p->scores);
    p->docs = NULL;
    p->last = NULL;
    p->n = p->ndocs = 0;
    return st;
}

/* How many rows come next; 0: the slice is over. */
static size_t rows_next(const building *g, int first)
{
    if (g->progress != NULL)
        return PAGE_MAX;
    if (g->b->row_ns == 0)
        return PAGE_FIRST;
    int64_t rows = (g->until_ns - mci_now_ns()) / g->b->row_ns;
    if (rows >= PAGES * PAGE_MAX)
        return PAGES * PAGE_MAX;
    return rows >= PAGE_MIN ? (size_t)rows : first ? PAGE_MIN : 0;
}

/* So many rows, in a few pages of which the cache takes one while the next is read. */
static mc_status pages_of(building *g, page *p, size_t rows, int *more)
{
    int64_t t0 = mci_now_ns();
    size_t each = g->progress == NULL && g->b->row_ns == 0 ? rows : (rows + PAGES - 1) / PAGES;
    size_t asked = 0;
    size_t came = 0;
    mc_status st = MC_OK;
    if (each < PAGE_MIN)
        each = PAGE_MIN;
    while (st == MC_OK && *more && asked < rows) {
        size_t left = rows - asked;
        size_t limit = left < each + PAGE_MIN && left <= PAGE_MAX ? left : each;
        st = one_page(g, p, limit, limit < left, more);
        asked += limit;
        came += p->read;
        if (g->progress == NULL && mci_now_ns() >= g->until_ns) /* slower than it was lately */
            break;
    }
    if (st == MC_NOT_FOUND && g->ahead)
        g->b->careful = 1;
    size_t looked_at = *more ? asked : came; /* the last page has fewer than were asked for */
    if (looked_at == 0)
        return st;
    int64_t row_ns = (mci_now_ns() - t0) / (int64_t)looked_at + 1;
    if (row_ns < g->b->row_ns) /* some quick pages do not make the next ones large */
        row_ns = (3 * g->b->row_ns + row_ns) / 4;
    g->b->row_ns = row_ns;
    return st;
}

/* MC_OK: `*more` tells whether pages are left, for the next slice. */
static mc_status some_pages(building *g, int *more)
{
    page *p = calloc(1, sizeof *p);
    if (p == NULL)
        return mci_fail(g->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
    mc_status st = MC_OK;
    size_t rows = rows_next(g, 1);
    for (*more = 1; st == MC_OK && *more && rows > 0; rows = rows_next(g, 0)) {
        if (g->progress != NULL) /* long calls have a deadline for each step */
            g->c->dl = mci_deadline_in(mci_call_timeout_ms(g->c));
        else if (mci_deadline_left_ms(g->c->dl) == 0)
            st = mci_fail(g->c->err, MC_E_TIMEOUT, MC_TIER_STORE, "the deadline passed while %s was built", g->ix->set.name);
        if (st == MC_OK)
            st = pages_of(g, p, rows, more);
        if (st == MC_OK && g->progress != NULL)
            st = mci_progress_report(g->progress, !*more, g->c->err);
    }
    mci_scores_free(&p->scores);
    free(p);
    return st;
}

/* ---- the ends of a build ---- */

/* The next builder may go on at once. */
static void leave(building *g)
{
    mci_ops ops;
    mci_call quiet = mci_call_quiet(g->c);
    if (mci_deadline_left_ms(quiet.dl) == 0)
        quiet.dl = mci_deadline_in(20);
    mci_ops_init(&ops);
    mci_op_build_leave *l = &mci_ops_add(&ops, MCI_OP_BUILD_LEAVE)->u.build_leave;
    l->set = &g->ix->set;
    l->token = g->b->token;
    (void)mci_call_run(&quiet, &ops);
    mci_ops_free(&ops);
    forget(g->b);
}

static mc_status swap(building *g)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_build_swap *s = &mci_ops_add(&ops, MCI_OP_BUILD_SWAP)->u.build_swap;
    s->set = &g->ix->set;
    s->token = g->b->token;
    s->nonce = g->b->nonce;
    s->ttl_ms = g->c->e->set.board_ttl_ms;
    mc_status st = mci_call_run_one(g->c, &ops);
    if (st == MC_OK && !ops.op[0].u.build_swap.swapped)
        st = MC_NOT_FOUND;
    mci_ops_free(&ops);
    return st;
}

/* With the builder taken. MC_OK: the set is there, or (`*later`) this slice of the work is done; MC_NOT_FOUND: another builds. */
static mc_status go_on(building *g, int *later)
{
    mc_status st = MC_OK;
    *later = 0;
    if (!g->b->begun && (st = begin(g)) != MC_OK) {
        if (st < 0)
            leave(g); /* it may be ours, and we could not read that */
        return st;
    }
    if (g->progress != NULL) {
        g->progress->p.done = 0;
        g->progress->p.total = g->progress->fn != NULL ? mci_source_count(g->c, g->coll) : -1;
    }
    st = some_pages(g, later);
    if (st == MC_OK && *later)
        return MC_OK; /* the right to build stays ours for a while */
    MCI_SYNC("build:swap", g->ix->set.name);
    if (st == MC_OK)
        st = swap(g);
    if (st == MC_OK) {
        mci_count(g->c->e->metrics, MCI_C_BOARD_REBUILDS);
        g->b->careful = 0;
    } else {
        leave(g);
    }
    forget(g->b);
    if (st < 0)
        mci_log_write(g->c->e->log, MC_LOG_WARN, "building %s of %s stopped: %s", g->ix->set.name, g->coll->spec->name,
                      mc_status_name(st));
    return st;
}

/* One thread of this handle at a time; others need not wait for it. */
static mc_status build(building *g, int *later)
{
    *later = 0;
    if (g->c->e->store->ops->scan == NULL)
        return mci_fail(g->c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    if (atomic_exchange(&g->b->taken, 1) != 0)
        return MC_NOT_FOUND;
    mc_status st = go_on(g, later);
    atomic_store(&g->b->taken, 0);
    return st;
}

int mci_rebuild(mci_call *c, mci_coll *coll, mci_index *ix, int awaited)
{
    mc_info info;
    int later;
    if (c->has_built) /* a list may look at its set several times: one slice is this caller's part */
        return 0;
    mci_call part = mci_call_aside(c, &info); /* that its time was up says nothing about the cache */
    if (c->dl != MCI_NO_DEADLINE)
        part.dl = c->dl - (c->dl - mci_now_ns()) / 2;
    building g = {
        .c = &part, .coll = coll, .ix = ix, .b = &ix->builder, .until_ns = mci_now_ns() + (awaited ? SLICE_NS : ASIDE_NS)};
    mc_status st = build(&g, &later);
    mci_call_count(c, &info);
    MCI_SYNC("build:slice", ix->set.name);
    c->has_built = later;
    return st == MC_OK && !later;
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
        int later;
        building g = {.c = c, .coll = coll, .ix = ix, .b = &ix->builder, .progress = progress};
        progress->p.done = 0;
        mc_status st = build(&g, &later);
        if (st != MC_NOT_FOUND || is_there(c, ix))
            return st == MC_NOT_FOUND ? MC_OK : st;
        if (progress->p.done > 0) /* it goes on, if in parts */
            give_up = mci_deadline_in(PATIENCE_MS);
        if (g.ahead) /* it need not be another builder: once more, and each page is waited for */
            continue;
        st = mci_progress_report(progress, 0, c->err);
        if (st != MC_OK)
            return st;
        if (mci_now_ns() > give_up)
            return mci_fail(c->err, MC_E_TIMEOUT, MC_TIER_REDIS, "another process is building %s and does not finish",
                            ix->set.name);
        mci_sleep_ms(LOOK_AGAIN_MS, MCI_NO_DEADLINE);
    }
}
