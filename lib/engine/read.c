/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the cache-aside read of one or many ids. The way of an item: ask the value (one pipeline for all) -> settled, or ask for a
 * lease (one pipeline) -> settled, load and fill, load only, join a load of this process, or wait for another process.
 * Refuses: filling without a lease, and handing out what does not decode.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"
#include "engine/health.h"
#include "engine/identity.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_FIRST_MS 1
#define GIVE_BACK_MS 20 /* past the deadline, to return a lease */
#define WAIT_LONGEST_MS 20
#define MAX_ROUNDS 1000 /* somebody keeps writing what does not decode */
#define MAX_REFUSALS 20 /* values of one call that are more than one reply may hold take several rounds */

typedef enum work_state {
    W_DONE = 0,
    W_MISS,      /* ask for a lease */
    W_LOAD,      /* load, no fill */
    W_LOAD_FILL, /* load and fill: we hold the lease */
    W_JOIN,      /* another thread of ours loads it */
    W_WAIT       /* another process loads it */
} work_state;

typedef struct work {
    mci_item *it;
    size_t same_as; /* index of the first work with this id; its own index when it is the first */
    work_state state;
    mci_buf rejected; /* the name of a value that did not decode, or is old: mci_name_rejected() */
    char token[MCI_TOKEN_SIZE];
    mci_flight *own;
    mci_flight *joined;
    int64_t epoch;
    int64_t now_ms; /* the clock when the lease was given */
    int64_t waiting_since_ns;
    int64_t wait_ms;
    int refusals; /* answers that were above the limit */
} work;

void mci_read_cmd(mci_batch *b, const mci_coll *coll, const char *id, mci_want want)
{
    mci_cmd(b, "HMGET", 2 + coll->field_count[want]);
    mci_arg_id(b, coll->keys.value, id);
    mci_args_encoded(b, &coll->field_args[want]);
}

static void settle_hit(mci_call *c, mci_item *it, mci_doc *doc, const mci_envelope *e)
{
    it->doc = doc;
    it->status = doc != NULL ? MC_OK : MC_NOT_FOUND;
    it->info.tier = MC_TIER_REDIS;
    it->info.cache = MC_CACHE_HIT;
    it->info.age_ms = mci_engine_age(c->e, e->written_ms);
    it->info.stale_bound_ms = 0;
    if (doc == NULL)
        it->info.flags |= MC_FLAG_NEGATIVE;
}

int mci_read_reply(mci_call *c, mci_coll *coll, mci_item *it, const mci_reply *r, mci_want want, int64_t epoch,
                   mci_slice *rejected)
{
    *rejected = (mci_slice){NULL, 0};
    if (r == NULL || r->type != MCI_REPLY_ARRAY) {
        int large = mci_reply_too_big(r) && r->len > 0;
        if (large)
            *rejected = (mci_slice){"", r->len}; /* named by its size */
        if (large || (r != NULL && r->type == MCI_REPLY_ERROR && strncmp(r->u.str, "WRONGTYPE", 9) == 0)) {
            it->info.flags |= MC_FLAG_POISONED;
            mci_count(c->e->metrics, MCI_C_POISONED);
        }
        return 0;
    }
    size_t nfields = want & MCI_WANT_FIELDS ? coll->spec->nfields : 0;
    mci_slice fields[MCI_MAX_FIELDS];
    for (size_t i = 0; i < nfields; i++)
        fields[i] = mci_reply_slice(mci_reply_item(r, 1 + i));
    mci_slice json = want & MCI_WANT_DOC ? mci_reply_slice(mci_reply_item(r, 1 + nfields)) : (mci_slice){NULL, 0};
    mci_slice m = mci_reply_slice(mci_reply_item(r, 0));
    mci_envelope e = {0};
    mci_doc *doc = NULL;
    mci_value_state state = mci_hash_decode(&c->e->macs, coll->spec, it->id, m, nfields > 0 ? fields : NULL, json, epoch,
                                            mci_engine_clock_at(c->e, mci_redis_now_ms(c->e->redis)), &doc, &e);
    if (state == MCI_VALUE_HIT && want & MCI_WANT_DOC && json.p == NULL) {
        mci_doc_unref(doc); /* a hash without its document cannot answer this read */
        state = MCI_VALUE_POISONED;
    }
    if ((state == MCI_VALUE_HIT || state == MCI_VALUE_NEGATIVE) && mci_is_outdated(c, coll, 0, it->id, e.written_ms)) {
        mci_doc_unref(doc);
        state = MCI_VALUE_OLD;
    }
    switch (state) {
    case MCI_VALUE_HIT:
        settle_hit(c, it, doc, &e);
        return 1;
    case MCI_VALUE_NEGATIVE:
        settle_hit(c, it, NULL, &e);
        return 1;
    case MCI_VALUE_POISONED:
        it->info.flags |= MC_FLAG_POISONED;
        mci_count(c->e->metrics, MCI_C_POISONED);
        *rejected = m;
        return 0;
    case MCI_VALUE_OLD:
        *rejected = m;
        return 0;
    default:
        return 0;
    }
}

/* ---- step 1: the values ------------------------------------------------------------------------------------------- */

static void all_bypass(work *w, size_t n, work_state from)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != from)
            continue;
        w[i].state = W_LOAD;
        w[i].it->info.cache = MC_CACHE_BYPASS;
        w[i].it->info.flags |= MC_FLAG_REDIS_DOWN;
    }
}

/* By read.tiers, not by mishap. */
static void all_from_store(work *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w[i].same_as == i)
            w[i].state = W_LOAD;
}

static void ask_values(mci_call *c, mci_coll *coll, work *w, size_t n, mci_want want)
{
    int suspicious = mci_recover(c);
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "GET", 2); /* first: a value that is too large takes the replies behind it along */
    mci_arg_str(&b, c->e->epoch_key);
    for (size_t i = 0; i < n; i++) {
        if (w[i].same_as != i)
            continue;
        w[i].state = W_MISS;
        mci_read_cmd(&b, coll, w[i].it->id, want);
    }
    int64_t epoch = 0;
    int answered = mci_call_exec(c, &b) == MC_OK;
    int understood = answered && mci_reply_epoch(mci_batch_reply(&b, 0), &epoch) == 0;
    if (!understood || !mci_identity_holds(c, &epoch)) {
        if (answered && !understood)
            (void)mci_reply_error(mci_batch_reply(&b, 0), "read", c->err);
        all_bypass(w, n, W_MISS);
        mci_batch_free(&b);
        return;
    }
    size_t k = 1;
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_MISS)
            continue;
        const mci_reply *r = mci_batch_reply(&b, k++);
        if (suspicious && mci_recovery_has(&c->e->recovery, mci_coll_index(c->e, coll), 0, w[i].it->id)) {
            /* We wrote it while Redis was away and could not drop it yet: Redis is no witness for this id. */
            w[i].state = W_LOAD;
            w[i].it->info.cache = MC_CACHE_BYPASS;
            continue;
        }
        mci_slice rejected;
        if (mci_read_reply(c, coll, w[i].it, r, want, epoch, &rejected))
            w[i].state = W_DONE;
        else
            mci_name_rejected(&w[i].rejected, rejected);
    }
    mci_batch_free(&b);
}

/* ---- step 2: leases ----------------------------------------------------------------------------------------------- */

static void miss_cmd(mci_call *c, mci_batch *b, const mci_coll *coll, const work *w, mci_want want)
{
    mci_cmd_script(b, &mci_script_miss, 4, 4 + 3 + coll->field_count[want]);
    mci_arg_id(b, coll->keys.value, w->it->id);
    mci_arg_id(b, coll->keys.quarantine, w->it->id);
    mci_arg_id(b, coll->keys.lease, w->it->id);
    mci_arg_str(b, c->e->epoch_key);
    mci_arg_str(b, w->token);
    mci_arg_int(b, mci_lease_ms(c->e, mci_store_deadline(c)));
    mci_arg_buf(b, &w->rejected);
    mci_args_encoded(b, &coll->field_args[want]);
}

static void no_lease(mci_call *c, work *w)
{
    mci_flight_land(&c->e->flights, w->own, MC_E_CACHE, NULL); /* nobody can have joined: the lease was never given */
    w->own = NULL;
}

/* Another holds the lease: a thread of ours can be joined, a foreign process is waited for a while. */
static void take_other(mci_call *c, const mci_coll *coll, work *w, const mci_reply *holder)
{
    if (holder != NULL && holder->type == MCI_REPLY_STRING)
        w->joined = mci_flight_join(&c->e->flights, holder->u.str, holder->len, coll->spec, w->it->id, w->epoch,
                                    mci_seen_at(&c->e->seen, mci_coll_index(c->e, coll), 0, w->it->id));
    if (w->joined != NULL) {
        w->state = W_JOIN;
        return;
    }
    int64_t now = mci_now_ns();
    if (w->waiting_since_ns == 0) {
        w->waiting_since_ns = now;
        w->wait_ms = WAIT_FIRST_MS;
        mci_count(c->e->metrics, MCI_C_LEASE_WAITS);
    }
    int64_t patience_ns = c->e->set.read_lease_ms * 1000000 / 4;
    int64_t left_ns = c->dl == MCI_NO_DEADLINE ? patience_ns : (c->dl - now) / 2;
    w->state = now - w->waiting_since_ns > patience_ns || left_ns <= 0 ? W_LOAD : W_WAIT;
}

static void take_miss(mci_call *c, mci_coll *coll, work *w, const mci_reply *r, mci_want want)
{
    const mci_reply *tag = mci_reply_item(r, 0);
    int64_t now_ms = 0;
    if (mci_reply_too_big(r) && w->refusals++ < MAX_REFUSALS) { /* ask again, naming it by its size */
        no_lease(c, w);
        mci_name_rejected(&w->rejected, (mci_slice){r->len > 0 ? "" : NULL, r->len});
        w->state = W_MISS;
        return;
    }
    if (tag == NULL || mci_reply_epoch(mci_reply_item(r, 1), &w->epoch) != 0 ||
        mci_reply_count(mci_reply_item(r, 2), &now_ms) != 0) {
        no_lease(c, w);
        (void)mci_reply_error(r, "read", c->err);
        w->state = W_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
        return;
    }
    if (!mci_identity_holds(c, &w->epoch)) {
        no_lease(c, w);
        w->state = W_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
        return;
    }
    mci_redis_saw_time(c->e->redis, now_ms);
    w->now_ms = mci_engine_clock_at(c->e, now_ms);
    if (mci_reply_is(tag, "L")) {
        w->state = W_LOAD_FILL;
        mci_flight_leased(&c->e->flights, w->own, w->epoch);
        MCI_SYNC("read:leased", w->it->id);
        return;
    }
    no_lease(c, w);
    if (mci_reply_is(tag, "V")) {
        mci_slice rejected;
        if (mci_read_reply(c, coll, w->it, mci_reply_item(r, 3), want, w->epoch, &rejected)) {
            w->state = W_DONE;
        } else { /* as bad as the one before: ask again, naming it */
            mci_name_rejected(&w->rejected, rejected);
            w->state = W_MISS;
        }
    } else if (mci_reply_is(tag, "Q")) {
        w->it->info.flags |= MC_FLAG_QUARANTINED;
        mci_count(c->e->metrics, MCI_C_QUARANTINED);
        w->state = W_LOAD;
    } else {
        take_other(c, coll, w, mci_reply_item(r, 3));
    }
}

static void ask_leases(mci_call *c, mci_coll *coll, work *w, size_t n, mci_want want)
{
    mci_batch b;
    mci_batch_init(&b);
    size_t asked = 0;
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_MISS)
            continue;
        asked++;
        MCI_SYNC("read:missed", w[i].it->id);
        mci_random_token(&c->e->rnd, w[i].token);
        /* Known before the lease is given: whoever is told our token finds the flight. */
        w[i].own = mci_flight_begin(&c->e->flights, w[i].token, coll->spec, w[i].it->id);
        miss_cmd(c, &b, coll, &w[i], want);
    }
    if (asked > 0 && mci_call_exec(c, &b) != MC_OK) {
        for (size_t i = 0; i < n; i++)
            if (w[i].state == W_MISS)
                no_lease(c, &w[i]);
        all_bypass(w, n, W_MISS);
    } else {
        size_t k = 0;
        for (size_t i = 0; i < n && k < b.n; i++)
            if (w[i].state == W_MISS)
                take_miss(c, coll, &w[i], mci_batch_reply(&b, k++), want);
    }
    mci_batch_free(&b);
}

/* ---- step 3: the store -------------------------------------------------------------------------------------------- */

static void settle_load(mci_call *c, work *w, mc_status st, mci_doc *doc, const mc_error *err)
{
    mci_item *it = w->it;
    it->doc = doc;
    it->status = st != MC_OK ? st : doc != NULL ? MC_OK : MC_NOT_FOUND;
    it->info.tier = MC_TIER_STORE;
    it->info.cache = mci_store_outcome(c->e, it->info.cache != MC_CACHE_BYPASS);
    it->info.age_ms = 0;
    it->info.stale_bound_ms = 0;
    if (it->status >= 0 || c->err == NULL || c->err->tier == MC_TIER_STORE)
        return;
    if (c->err->tier == MC_TIER_REDIS && mci_status_retriable(err->code)) { /* both are away: say so */
        mc_error redis = *c->err;
        (void)mci_fail_code(c->err, err->code, err->tier, err->backend_code, "%.230s; and %.230s", err->text, redis.text);
    } else {
        *c->err = *err;
    }
}

static void load_one(mci_call *c, mci_coll *coll, work *w)
{
    mc_error err = {0};
    mci_doc *doc = NULL;
    int64_t t0 = mci_now_ns();
    mc_status st = c->e->store->ops->find(c->e->store, coll->spec, w->it->id, mci_store_deadline(c), &doc, &err);
    (void)mci_store_done(c, t0, st);
    settle_load(c, w, st == MC_NOT_FOUND ? MC_OK : st, doc, &err);
}

static void load_many(mci_call *c, mci_coll *coll, work **list, size_t n)
{
    const char **ids = calloc(n, sizeof *ids);
    mci_doc **docs = calloc(n, sizeof *docs);
    mc_error err = {0};
    mc_status st = MC_OK;
    if (ids == NULL || docs == NULL)
        st = mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory to load %zu documents", n);
    for (size_t i = 0; st == MC_OK && i < n; i++)
        ids[i] = list[i]->it->id;
    if (st == MC_OK) {
        int64_t t0 = mci_now_ns();
        st = c->e->store->ops->find_many(c->e->store, coll->spec, ids, n, mci_store_deadline(c), docs, &err);
        (void)mci_store_done(c, t0, st);
    }
    for (size_t i = 0; i < n; i++)
        settle_load(c, list[i], st, st == MC_OK ? docs[i] : NULL, &err);
    free(ids);
    free(docs);
}

/* Under our leases: what was loaded goes into Redis; where nothing could be loaded the lease is given back. */
static void fill(mci_call *c, mci_coll *coll, work **list, size_t n)
{
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < n; i++) {
        work *w = list[i];
        if (w->state != W_LOAD_FILL)
            continue;
        MCI_SYNC("read:loaded", w->it->id);
        mci_put_mode mode = w->it->status < 0 ? MCI_PUT_RELEASE : MCI_PUT_FILL;
        mci_put put = {mode, w->token, w->it->id, w->it->doc, w->epoch, w->now_ms, 0};
        if (mci_put_cmd(c->e, &b, coll, &put) != 0)
            break;
    }
    mci_call quiet = *c; /* a value that could not be cached is no failure of the read */
    quiet.err = NULL;
    if (mci_deadline_left_ms(c->dl) == 0) /* the store took all the time: others should not have to wait as well */
        quiet.dl = mci_deadline_in(GIVE_BACK_MS);
    int ok = b.n > 0 && mci_call_exec(&quiet, &b) == MC_OK;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        work *w = list[i];
        if (w->state != W_LOAD_FILL)
            continue;
        int64_t stored = 0;
        if (k < b.n && ok)
            (void)mci_reply_int(mci_reply_item(mci_batch_reply(&b, k), 0), &stored);
        if (k < b.n && ok)
            mci_health_of_put(c, mci_batch_reply(&b, k));
        k++;
        if (stored == 1)
            w->it->info.flags |= MC_FLAG_FILLED;
        if (w->it->status >= 0)
            mci_count(c->e->metrics, stored == 1 ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
        mci_flight_land(&c->e->flights, w->own, w->it->status, w->it->doc);
        w->own = NULL;
    }
    mci_batch_free(&b);
}

static void load(mci_call *c, mci_coll *coll, work *w, size_t n)
{
    work *one[1];
    work **list = n == 1 ? one : calloc(n, sizeof *list);
    size_t m = 0;
    for (size_t i = 0; list != NULL && i < n; i++)
        if (w[i].state == W_LOAD || w[i].state == W_LOAD_FILL)
            list[m++] = &w[i];
    if (list == NULL) {
        mc_error err = {0};
        (void)mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory to load %zu documents", n);
        for (size_t i = 0; i < n; i++) {
            if (w[i].state != W_LOAD && w[i].state != W_LOAD_FILL)
                continue;
            settle_load(c, &w[i], MC_E_NOMEM, NULL, &err);
            no_lease(c, &w[i]);
            w[i].state = W_DONE;
        }
        return;
    }
    if (m == 1)
        load_one(c, coll, list[0]);
    else if (m > 1)
        load_many(c, coll, list, m);
    if (m > 0)
        fill(c, coll, list, m);
    for (size_t i = 0; i < m; i++) {
        list[i]->state = W_DONE;
        if (list[i]->it->status >= 0 && !(list[i]->it->info.flags & MC_FLAG_FILLED) && mci_reads_redis(c->e))
            mci_saw_past_redis(c, coll, 0, list[i]->it->id);
    }
    if (list != one)
        free(list);
}

/* ---- step 4: loads of others -------------------------------------------------------------------------------------- */

static void join(mci_call *c, work *w)
{
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    int landed = mci_flight_wait(&c->e->flights, w->joined, c->dl, &st, &doc) == 0;
    w->joined = NULL;
    if (landed && st >= 0) {
        mc_error none = {0};
        settle_load(c, w, MC_OK, doc, &none);
        w->it->info.flags |= MC_FLAG_SHARED;
        mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
        w->state = W_DONE;
    } else {
        mci_doc_unref(doc);
        w->state = W_LOAD; /* the other failed: try once on our own */
    }
}

static int wait_for_others(mci_call *c, work *w, size_t n)
{
    int64_t pause = 0;
    int again = 0;
    for (size_t i = 0; i < n; i++) {
        if (w[i].state == W_JOIN)
            join(c, &w[i]);
        if (w[i].state == W_WAIT && (pause == 0 || w[i].wait_ms < pause))
            pause = w[i].wait_ms;
        again |= w[i].state != W_DONE;
    }
    if (pause > 0)
        mci_sleep_ms(pause, c->dl);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_WAIT)
            continue;
        w[i].wait_ms = w[i].wait_ms * 2 < WAIT_LONGEST_MS ? w[i].wait_ms * 2 : WAIT_LONGEST_MS;
        w[i].state = W_MISS;
    }
    return again;
}

/* ---- all together ------------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const work *const *x = a;
    const work *const *y = b;
    int d = strcmp((*x)->it->id, (*y)->it->id);
    return d != 0 ? d : (*x < *y ? -1 : *x > *y);
}

/* Each id is worked on once; its twins get a reference at the end. */
static int find_twins(work *w, size_t n)
{
    if (n < 2)
        return 0;
    const work **order = calloc(n, sizeof *order);
    if (order == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        order[i] = &w[i];
    qsort(order, n, sizeof *order, by_id);
    for (size_t i = 1; i < n; i++)
        if (strcmp(order[i]->it->id, order[i - 1]->it->id) == 0)
            w[order[i] - w].same_as = order[i - 1]->same_as;
    free(order);
    return 0;
}

static void count_item(mci_metrics *m, const mci_item *it)
{
    mci_count(m, MCI_C_READS);
    if (it->status == MC_NOT_FOUND)
        mci_count(m, MCI_C_NOT_FOUND);
    if (it->info.cache == MC_CACHE_HIT)
        mci_count(m, it->status == MC_OK ? MCI_C_HITS : MCI_C_NEGATIVE_HITS);
    else if (it->info.cache != MC_CACHE_NONE)
        mci_count(m, it->info.cache == MC_CACHE_BYPASS ? MCI_C_BYPASSES : MCI_C_MISSES);
}

static void finish(mci_call *c, work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mci_item *first = w[w[i].same_as].it;
        if (w[i].same_as != i) {
            w[i].it->status = first->status;
            w[i].it->doc = first->doc != NULL ? mci_doc_ref(first->doc) : NULL;
            w[i].it->info = first->info;
        }
        mci_buf_free(&w[i].rejected);
        count_item(c->e->metrics, w[i].it);
    }
}

mc_status mci_read_many(mci_call *c, mci_coll *coll, mci_item *items, size_t n, mci_want want)
{
    if (n == 0)
        return MC_OK;
    work one = {0};
    work *w = n == 1 ? &one : calloc(n, sizeof *w);
    if (w == NULL)
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu documents", n);
    for (size_t i = 0; i < n; i++) {
        w[i].it = &items[i];
        w[i].same_as = i;
        items[i].doc = NULL;
        items[i].status = MC_E_INTERNAL;
        items[i].info = (mc_info){0};
        mci_buf_init(&w[i].rejected, MCI_ENVELOPE_MAX);
    }
    if (find_twins(w, n) != 0) {
        free(w);
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu documents", n);
    }
    if (mci_reads_redis(c->e))
        ask_values(c, coll, w, n, want);
    else
        all_from_store(w, n);
    int again = 1;
    for (int round = 0; again; round++) {
        ask_leases(c, coll, w, n, want);
        load(c, coll, w, n);
        again = wait_for_others(c, w, n);
        /* One last look into the store, which answers with a time-out itself when the deadline has passed. */
        if (again && (round >= MAX_ROUNDS || mci_deadline_left_ms(c->dl) == 0))
            for (size_t i = 0; i < n; i++)
                if (w[i].state == W_MISS)
                    w[i].state = W_LOAD;
    }
    finish(c, w, n);
    if (w != &one)
        free(w);
    return MC_OK;
}

mc_status mci_read_one(mci_call *c, mci_coll *coll, const char *id, mci_want want, mci_doc **out)
{
    mci_item it = {.id = id};
    mc_status st = mci_read_many(c, coll, &it, 1, want);
    *out = NULL;
    if (st != MC_OK)
        return st;
    int trips = c->info->redis_round_trips;
    int calls = c->info->store_calls;
    unsigned flags = c->info->flags;
    *c->info = it.info;
    c->info->redis_round_trips = trips;
    c->info->store_calls = calls;
    c->info->flags |= flags;
    *out = it.doc;
    return it.status;
}
