/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: building a board or geo set from the store: one process at a time, into a key of its own, page by page, swapped in with the
 * changes that writers made meanwhile. Whatever ends a builder, the next one goes on where it stopped, within a second.
 * Refuses: showing a set that is not whole, or one of whose changes some may be lost.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"
#include "engine/identity.h"
#include "engine/sphere.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define HOLD_MS 1000  /* a builder that says nothing for so long may be gone: another goes on */
#define KEEP_MS 60000 /* what was built is kept for so long after the last page */

typedef struct build {
    mci_call *c;
    mci_coll *coll;
    const mci_derived *d;
    char token[MCI_TOKEN_SIZE];
    char nonce[MCI_TOKEN_SIZE]; /* of the build, which others may have begun */
    int64_t epoch;
    int64_t begun_ms; /* Redis' clock when the first builder began */
    char *cursor;     /* the last id that is in the set; NULL: none is */
    int64_t t0_ns;
    int64_t told_ns;
    int64_t seen;
    int64_t total;
    mc_progress_fn progress;
    void *user;
} build;

static void arg_keys(const build *bd, mci_batch *b)
{
    mci_arg_str(b, bd->d->lock);
    mci_arg_str(b, bd->d->changes);
    mci_arg_str(b, bd->c->e->epoch_key);
    mci_arg_str(b, bd->d->temp);
}

static mc_status begin_reply(build *bd, const mci_reply *r)
{
    int64_t ours = 0;
    mc_status st = mci_reply_error(r, "build", bd->c->err);
    if (st != MC_OK)
        return st;
    const mci_reply *nonce = mci_reply_item(r, 3);
    const mci_reply *cursor = mci_reply_item(r, 4);
    char checked[MCI_ID_CAP];
    if (mci_reply_int(mci_reply_item(r, 0), &ours) != 0 || mci_reply_epoch(mci_reply_item(r, 1), &bd->epoch) != 0)
        return mci_fail(bd->c->err, MC_E_PROTO, MC_TIER_REDIS, "build: Redis answered something else");
    if (!ours || !mci_identity_holds(bd->c, &bd->epoch))
        return MC_NOT_FOUND;
    if (mci_reply_count(mci_reply_item(r, 2), &bd->begun_ms) != 0 || nonce == NULL || nonce->type != MCI_REPLY_STRING ||
        nonce->len != MCI_TOKEN_SIZE - 1 || cursor == NULL || cursor->type != MCI_REPLY_STRING ||
        (cursor->len > 0 && mci_id_check(bd->coll->spec->id_kind, cursor->u.str, cursor->len, checked, "id", NULL) != MC_OK))
        return mci_fail(bd->c->err, MC_E_PROTO, MC_TIER_REDIS, "build: Redis answered something else");
    memcpy(bd->nonce, nonce->u.str, nonce->len);
    if (cursor->len == 0)
        return MC_OK;
    bd->cursor = strdup(checked);
    return bd->cursor != NULL ? MC_OK : mci_fail(bd->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
}

/* MC_OK: ours, from `bd->cursor` on; MC_NOT_FOUND: another builds. */
static mc_status begin(build *bd)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd_script(&b, &mci_script_build_begin, 4, 4 + 3);
    arg_keys(bd, &b);
    mci_arg_str(&b, bd->token);
    mci_arg_int(&b, HOLD_MS);
    mci_arg_int(&b, KEEP_MS);
    mc_status st = mci_call_exec(bd->c, &b);
    if (st == MC_OK)
        st = begin_reply(bd, mci_batch_reply(&b, 0));
    mci_batch_free(&b);
    return st;
}

static size_t members_of(const build *bd, mci_doc *const *docs, size_t n, mci_batch *b, int append)
{
    const mci_spec *spec = bd->coll->spec;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        double x = 0;
        double y = 0;
        if (bd->d->geo) {
            if (!mci_doc_number(docs[i], (size_t)spec->lon_field, &x) ||
                !mci_doc_number(docs[i], (size_t)spec->lat_field, &y) || !mci_sphere_hold(&x, &y))
                continue;
        } else if (!mci_doc_number(docs[i], (size_t)spec->rank_field, &x)) {
            continue;
        }
        m++;
        if (!append)
            continue;
        mci_arg_double(b, x);
        if (bd->d->geo)
            mci_arg_double(b, y);
        mci_arg_str(b, mci_doc_id(docs[i], NULL));
    }
    return m;
}

/* `last`: the id to go on after, or NULL at the end. */
static mc_status add_page(build *bd, mci_doc *const *docs, size_t n, const char *last)
{
    mci_batch b;
    mci_batch_init(&b);
    const char *before = bd->cursor != NULL ? bd->cursor : "";
    size_t m = members_of(bd, docs, n, &b, 0);
    mci_cmd_script(&b, &mci_script_build_page, 4, 4 + 7 + m * (bd->d->geo ? 3 : 2));
    arg_keys(bd, &b);
    mci_arg_str(&b, bd->nonce);
    mci_arg_str(&b, bd->token);
    mci_arg_int(&b, HOLD_MS);
    mci_arg_int(&b, KEEP_MS);
    mci_arg_str(&b, before);
    mci_arg_str(&b, last != NULL ? last : before);
    mci_arg_str(&b, bd->d->geo ? "G" : "Z");
    (void)members_of(bd, docs, n, &b, 1);
    mc_status st = mci_call_exec(bd->c, &b);
    int64_t added = 0;
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 0), "build", bd->c->err);
    if (st == MC_OK && (mci_reply_int(mci_batch_reply(&b, 0), &added) != 0 || added != 1))
        st = MC_NOT_FOUND; /* lost, invalidated, or another goes on with it */
    mci_batch_free(&b);
    return st;
}

static mc_status tell(build *bd, int last)
{
    int64_t now = mci_now_ns();
    if (bd->progress == NULL || (!last && now - bd->told_ns < 200000000))
        return MC_OK;
    bd->told_ns = now;
    mc_progress p = {.stage = bd->d->geo ? "geo" : "board",
                     .done = bd->seen,
                     .total = bd->total,
                     .elapsed_ms = (now - bd->t0_ns) / 1000000};
    if (bd->progress(&p, bd->user) == 0)
        return MC_OK;
    return mci_fail(bd->c->err, MC_E_ABORT, MC_TIER_NONE, "stopped by the progress callback");
}

static mc_status one_page(build *bd, mci_doc **docs, int *more)
{
    mci_store *s = bd->c->e->store;
    size_t n = 0;
    char *last = NULL;
    int64_t t0 = mci_now_ns();
    mc_status st = s->ops->scan(s, bd->coll->spec, bd->cursor, PAGE, mci_store_deadline(bd->c), docs, &n, &last, bd->c->err);
    (void)mci_store_done(bd->c, t0, st);
    MCI_SYNC("build:page", bd->d->name);
    if (st == MC_OK)
        st = add_page(bd, docs, n, last);
    for (size_t i = 0; i < n; i++)
        mci_doc_unref(docs[i]);
    bd->seen += (int64_t)n;
    *more = last != NULL;
    if (st == MC_OK && last != NULL) { /* what is in is in, also for the next builder */
        free(bd->cursor);
        bd->cursor = last;
        last = NULL;
    }
    free(last);
    return st;
}

static mc_status all_pages(build *bd)
{
    mci_doc **docs = calloc(PAGE, sizeof *docs);
    if (docs == NULL)
        return mci_fail(bd->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
    mc_status st = MC_OK;
    int more = 1;
    while (st == MC_OK && more) {
        if (bd->progress != NULL) /* long calls have a deadline for each step */
            bd->c->dl = mci_deadline_in(bd->c->e->set.call_timeout_ms);
        else if (mci_deadline_left_ms(bd->c->dl) == 0)
            st = mci_fail(bd->c->err, MC_E_TIMEOUT, MC_TIER_STORE, "the deadline passed while %s was built", bd->d->name);
        if (st == MC_OK)
            st = one_page(bd, docs, &more);
        if (st == MC_OK)
            st = tell(bd, !more);
    }
    free(docs);
    return st;
}

/* However it ends: the next one may go on at once. */
static void leave(build *bd)
{
    mci_call c = *bd->c;
    mci_batch b;
    c.err = NULL;
    c.dl = mci_deadline_in(bd->c->e->set.cache_timeout_ms); /* the call's own may have passed */
    mci_batch_init(&b);
    mci_cmd_script(&b, &mci_script_build_leave, 1, 2);
    mci_arg_str(&b, bd->d->lock);
    mci_arg_str(&b, bd->token);
    (void)mci_call_exec(&c, &b);
    mci_batch_free(&b);
}

static mc_status swap(build *bd)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd_script(&b, &mci_script_build_swap, 6, 11);
    arg_keys(bd, &b);
    mci_arg_str(&b, bd->d->name);
    /* With a board and a geo set on one collection, neither build alone settles the doubts. */
    int only = bd->coll->board.name[0] == '\0' || bd->coll->geo.name[0] == '\0';
    mci_arg_key(&b, bd->c->e, only ? bd->coll->dirty : "");
    mci_arg_str(&b, bd->nonce);
    mci_arg_int(&b, bd->epoch);
    mci_arg_int(&b, bd->c->e->set.board_ttl_ms);
    mci_arg_str(&b, bd->d->geo ? "G" : "Z");
    mci_arg_int(&b, bd->begun_ms);
    mc_status st = mci_call_exec(bd->c, &b);
    int64_t done = 0;
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 0), "build", bd->c->err);
    if (st == MC_OK && (mci_reply_int(mci_batch_reply(&b, 0), &done) != 0 || done != 1))
        st = MC_NOT_FOUND;
    mci_batch_free(&b);
    return st;
}

mc_status mci_build(mci_call *c, mci_coll *coll, const mci_derived *d, mc_progress_fn progress, void *user)
{
    build bd = {.c = c, .coll = coll, .d = d, .total = -1, .progress = progress, .user = user, .t0_ns = mci_now_ns()};
    if (c->e->store->ops->scan == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    mci_random_token(&c->e->rnd, bd.token);
    mc_status st = begin(&bd);
    if (st != MC_OK) {
        if (st < 0)
            leave(&bd); /* it may be ours, and we could not read that */
        free(bd.cursor);
        return st;
    }
    if (progress != NULL && c->e->store->ops->count != NULL &&
        c->e->store->ops->count(c->e->store, coll->spec, mci_store_deadline(c), &bd.total, NULL) != MC_OK)
        bd.total = -1;
    st = all_pages(&bd);
    MCI_SYNC("build:swap", d->name);
    if (st == MC_OK)
        st = swap(&bd);
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_BOARD_REBUILDS);
    else
        leave(&bd);
    if (st < 0)
        mci_log_write(c->e->log, MC_LOG_WARN, "building %s stopped after %lld documents: %s", d->name, (long long)bd.seen,
                      mc_status_name(st));
    free(bd.cursor);
    return st;
}

int mci_rebuild(mci_call *c, mci_coll *coll, const mci_derived *d)
{
    mci_call part = *c;
    mc_info info = {0}; /* that its time was up says nothing about Redis */
    part.err = NULL;
    part.info = &info;
    if (c->dl != MCI_NO_DEADLINE)
        part.dl = c->dl - (c->dl - mci_now_ns()) / 2;
    mc_status st = mci_build(&part, coll, d, NULL, NULL);
    c->info->redis_round_trips += info.redis_round_trips;
    c->info->store_calls += info.store_calls;
    return st == MC_OK;
}

int mci_derived_is_whole(const mci_reply *lowest, int64_t epoch)
{
    char text[32] = "! ";
    mci_buf b = {.data = text, .len = 2, .cap = sizeof text, .max = sizeof text - 1};
    mci_buf_int(&b, epoch);
    return mci_reply_is(mci_reply_item(lowest, 0), text);
}

void mci_derived_check_type(mci_call *c, const mci_derived *d, const mci_reply *r)
{
    int too_large = mci_reply_too_big(r) && r->len > MCI_TEXT_MAX; /* a member that no reader can take */
    if (!too_large && (r == NULL || r->type != MCI_REPLY_ERROR || strncmp(r->u.str, "WRONGTYPE", 9) != 0))
        return;
    mci_count(c->e->metrics, MCI_C_POISONED);
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL", 2);
    mci_arg_str(&b, d->name);
    (void)mci_call_exec(c, &b);
    mci_batch_free(&b);
}
