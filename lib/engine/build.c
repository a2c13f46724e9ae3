/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: building a board or geo set from the store: one process at a time, into a key of its own, page by page, swapped in with the
 * changes that writers made meanwhile. Also the repair of places that an unfinished write left in doubt.
 * Refuses: showing a set that is not whole.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define LOCK_MS 15000
#define TEMP_MS 60000
#define REPAIR_MAX 16
#define LAT_MAX 85.05112878

typedef struct build {
    mci_call *c;
    mci_coll *coll;
    const mci_derived *d;
    char token[MCI_TOKEN_SIZE];
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

static void lock_cmd(build *bd, mci_batch *b)
{
    mci_cmd_script(b, &mci_script_build_begin, 4, 7);
    mci_arg_str(b, bd->d->lock);
    mci_arg_str(b, bd->d->changes);
    mci_arg_str(b, bd->c->e->epoch_key);
    mci_arg_str(b, bd->d->temp);
    mci_arg_str(b, bd->token);
    mci_arg_int(b, LOCK_MS);
    mci_arg_str(b, bd->begun_ms == 0 ? "new" : "keep");
}

/* MC_OK: ours; MC_NOT_FOUND: another builds. The first reply also tells where to go on. */
static mc_status lock_reply(build *bd, const mci_reply *r, int64_t *epoch)
{
    int64_t ours = 0;
    mc_status st = mci_reply_error(r, "build", bd->c->err);
    if (st != MC_OK)
        return st;
    if (mci_reply_int(mci_reply_item(r, 0), &ours) != 0 || mci_reply_epoch(mci_reply_item(r, 1), epoch) != 0)
        return mci_fail(bd->c->err, MC_E_PROTO, MC_TIER_REDIS, "build: Redis answered something else");
    const mci_reply *cursor = mci_reply_item(r, 3);
    if (ours && bd->begun_ms == 0) {
        (void)mci_reply_count(mci_reply_item(r, 2), &bd->begun_ms);
        if (cursor != NULL && cursor->type == MCI_REPLY_STRING && cursor->len > 0) {
            bd->cursor = strdup(cursor->u.str);
            if (bd->cursor == NULL)
                return mci_fail(bd->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to build");
        }
    }
    return ours ? MC_OK : MC_NOT_FOUND;
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
                !mci_doc_number(docs[i], (size_t)spec->lat_field, &y) || fabs(x) > 180.0 || fabs(y) > LAT_MAX)
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

static mc_status add_page(build *bd, mci_doc *const *docs, size_t n)
{
    mci_batch b;
    mci_batch_init(&b);
    size_t m = members_of(bd, docs, n, &b, 0);
    lock_cmd(bd, &b); /* keeps the lock, and tells when it was lost */
    if (m > 0) {
        mci_cmd(&b, bd->d->geo ? "GEOADD" : "ZADD", 2 + m * (bd->d->geo ? 3 : 2));
        mci_arg_str(&b, bd->d->temp);
        (void)members_of(bd, docs, n, &b, 1);
    }
    mci_cmd(&b, "PEXPIRE", 3);
    mci_arg_str(&b, bd->d->temp);
    mci_arg_int(&b, TEMP_MS);
    mc_status st = mci_call_exec(bd->c, &b);
    int64_t epoch = 0;
    if (st == MC_OK)
        st = lock_reply(bd, mci_batch_reply(&b, 0), &epoch);
    if (st == MC_OK && m > 0)
        st = mci_reply_error(mci_batch_reply(&b, 1), "build", bd->c->err);
    if (st == MC_OK && epoch != bd->epoch)
        st = MC_NOT_FOUND; /* everything was invalidated meanwhile */
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
        st = add_page(bd, docs, n);
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

/* Our time is up: the next one goes on from here. */
static void leave(build *bd)
{
    mci_call c = *bd->c;
    mci_batch b;
    c.err = NULL;
    c.dl = mci_deadline_in(bd->c->e->set.cache_timeout_ms); /* the call's own has passed */
    mci_batch_init(&b);
    mci_cmd_script(&b, &mci_script_build_leave, 2, 6);
    mci_arg_str(&b, bd->d->lock);
    mci_arg_str(&b, c.e->epoch_key);
    mci_arg_str(&b, bd->token);
    mci_arg_int(&b, LOCK_MS);
    mci_arg_int(&b, bd->begun_ms);
    mci_arg_str(&b, bd->cursor != NULL ? bd->cursor : "");
    (void)mci_call_exec(&c, &b);
    mci_batch_free(&b);
}

static mc_status swap(build *bd)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd_script(&b, &mci_script_build_swap, 6, 11);
    mci_arg_str(&b, bd->d->lock);
    mci_arg_str(&b, bd->d->changes);
    mci_arg_str(&b, bd->c->e->epoch_key);
    mci_arg_str(&b, bd->d->temp);
    mci_arg_str(&b, bd->d->name);
    /* With a board and a geo set on one collection, neither build alone settles the doubts. */
    int only = bd->coll->board.name[0] == '\0' || bd->coll->geo.name[0] == '\0';
    mci_arg_key(&b, bd->c->e, only ? bd->coll->dirty : "");
    mci_arg_str(&b, bd->token);
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
    mci_batch b;
    mci_batch_init(&b);
    lock_cmd(&bd, &b);
    mc_status st = mci_call_exec(c, &b);
    if (st == MC_OK)
        st = lock_reply(&bd, mci_batch_reply(&b, 0), &bd.epoch);
    int unheard = st < 0 && st != MC_E_TIMEOUT && b.sent; /* the lock may be ours, and we could not read that */
    mci_batch_free(&b);
    if (unheard)
        leave(&bd);
    if (st != MC_OK) {
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
    if (st == MC_OK) {
        mci_count(c->e->metrics, MCI_C_BOARD_REBUILDS);
    } else if (st < 0) {
        leave(&bd);
        mci_log_write(c->e->log, MC_LOG_WARN, "building %s stopped after %lld documents: %s", d->name, (long long)bd.seen,
                      mc_status_name(st));
    }
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
    if (r == NULL || r->type != MCI_REPLY_ERROR || strncmp(r->u.str, "WRONGTYPE", 9) != 0)
        return;
    mci_count(c->e->metrics, MCI_C_POISONED);
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL", 2);
    mci_arg_str(&b, d->name);
    (void)mci_call_exec(c, &b);
    mci_batch_free(&b);
}

void mci_derived_forget(mci_call *c, const char *key, const char *member, size_t len)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "ZREM", 3);
    mci_arg_str(&b, key);
    mci_arg(&b, member, len);
    (void)mci_call_exec(c, &b);
    mci_batch_free(&b);
}

void mci_repair_cmd(mci_call *c, mci_batch *b, const mci_coll *coll)
{
    mci_cmd(b, "ZRANGEBYSCORE", 7);
    mci_arg_str(b, coll->dirty);
    mci_arg_str(b, "-inf");
    mci_arg_int(b, mci_engine_now_ms(c->e));
    mci_arg_str(b, "LIMIT");
    mci_arg_int(b, 0);
    mci_arg_int(b, REPAIR_MAX + 1); /* one more, to see whether there are */
}

/* Read one batch of them. Returns how many were settled. */
static size_t repair_some(mci_call *c, mci_coll *coll, mci_item *items, size_t n)
{
    size_t settled = 0;
    mc_error *err = c->err;
    c->err = NULL;
    (void)mci_read_many(c, coll, items, n, MCI_WANT_FIELDS);
    for (size_t i = 0; i < n; i++) {
        if (items[i].info.cache ==
            MC_CACHE_HIT) /* a value stands beside a doubt: drop it, so that the next look settles both */
            (void)mci_invalidate_id(c, coll, items[i].id);
        settled += items[i].info.cache == MC_CACHE_HIT || items[i].info.flags & (MC_FLAG_FILLED | MC_FLAG_SHARED);
        mci_doc_unref(items[i].doc);
    }
    c->err = err;
    mci_add(c->e->metrics, MCI_C_BOARD_REPAIRS, (int64_t)n);
    return settled;
}

/* Many wait (a flood of invalidations): lists spend at most a tenth of their time on them, and the store answers meanwhile. */
static int may_repair_flood(mci_coll *coll, int64_t now_ns)
{
    return now_ns >= atomic_load(&coll->next_repair_ns);
}

mci_repair_state mci_repair(mci_call *c, mci_coll *coll, const mci_reply *overdue)
{
    mci_item items[REPAIR_MAX] = {0};
    size_t n = 0;
    size_t removed = 0;
    int64_t began = mci_now_ns();
    if (overdue == NULL || overdue->type != MCI_REPLY_ARRAY)
        return overdue != NULL && overdue->type == MCI_REPLY_NIL ? MCI_REPAIR_CLEAN : MCI_REPAIR_LEFT;
    if (overdue->len == 0 || !MCI_CURE(MCI_CURE_REPAIR))
        return MCI_REPAIR_CLEAN;
    int flood = overdue->len > REPAIR_MAX;
    if (flood && !may_repair_flood(coll, began))
        return MCI_REPAIR_LEFT;
    for (size_t i = 0; i < REPAIR_MAX; i++) {
        const mci_reply *id = mci_reply_item(overdue, i);
        char checked[MCI_ID_CAP];
        if (id == NULL || id->type != MCI_REPLY_STRING)
            continue;
        if (mci_id_check(coll->spec->id_kind, id->u.str, id->len, checked, "id", NULL) == MC_OK) {
            items[n++].id = id->u.str;
        } else { /* nobody could ever settle it, and it would stand in the way of others */
            mci_derived_forget(c, coll->dirty, id->u.str, id->len);
            removed++;
        }
    }
    size_t settled = n > 0 ? repair_some(c, coll, items, n) : 0;
    if (flood)
        atomic_store(&coll->next_repair_ns, mci_now_ns() + 10 * (mci_now_ns() - began));
    return !flood && settled + removed > 0 && settled == n ? MCI_REPAIR_DONE : MCI_REPAIR_LEFT;
}
