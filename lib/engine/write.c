/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: write-through. PRE (quarantine, acknowledged) -> store -> POST (value, board and geo set in one script if we were alone,
 * else delete), as docs/consistency.md says. Refuses: storing a value whose place among other writes is not known, and
 * forgetting a write that Redis has not heard of.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"
#include "engine/health.h"
#include "engine/identity.h"

#include <stdlib.h>
#include <string.h>

#define SUSPECT_MS 20 /* past the deadline, to announce that an outcome is not known */

typedef struct writing {
    mci_call *c;
    mci_coll *coll;
    const char *id;
    mci_buf alias; /* encoded alias that comes into being; empty: none does */
    char token[MCI_TOKEN_SIZE];
    int announced; /* PRE was acknowledged */
    int foreign;   /* Redis holds another database's values: nothing of ours goes there */
    int64_t epoch;
    int64_t now_ms; /* the clock when the write was announced */
} writing;

static size_t coll_index(const writing *w)
{
    return (size_t)(w->coll - w->c->e->colls);
}

static void begin(writing *w, mci_call *c, mci_coll *coll, const char *id)
{
    *w = (writing){.c = c, .coll = coll, .id = id};
    mci_buf_init(&w->alias, MCI_ALIAS_MAX * 3);
    mci_random_token(&c->e->rnd, w->token);
}

void mci_announce_cmd(const mci_engine *e, mci_batch *b, const mci_keys *keys, const char *id, const char *dirty,
                      const char *token, int64_t span_ms)
{
    mci_cmd_script(b, &mci_script_pre, 6, 9);
    mci_arg_id(b, keys->value, id);
    mci_arg_id(b, keys->quarantine, id);
    mci_arg_id(b, keys->lease, id);
    mci_arg_id(b, keys->solo, id);
    mci_arg_str(b, e->epoch_key);
    mci_arg_key(b, e, dirty);
    mci_arg_str(b, token);
    mci_arg_int(b, span_ms);
    mci_arg_str(b, id);
}

/* The announcements of a write: of its value, and of the alias that comes into being. */
static void pre_cmd(const writing *w, mci_batch *b, int64_t span_ms)
{
    const mci_engine *e = w->c->e;
    mci_announce_cmd(e, b, &w->coll->keys, w->id, w->coll->dirty, w->token, span_ms);
    if (w->alias.len > 0)
        mci_announce_cmd(e, b, &w->coll->alias_keys, w->alias.data, "", w->token, span_ms);
}

/* What PRE's replies say; MC_OK when all of it was done. */
static mc_status pre_reply(writing *w, const mci_batch *b, size_t first)
{
    const mci_reply *r = mci_batch_reply(b, first);
    mc_status st = mci_reply_error(r, "announce a write", w->c->err);
    if (st == MC_OK && w->alias.len > 0)
        st = mci_reply_error(mci_batch_reply(b, first + 1), "announce a write", w->c->err);
    if (st != MC_OK)
        return st;
    if (mci_reply_count(mci_reply_item(r, 0), &w->now_ms) != 0 || mci_reply_epoch(mci_reply_item(r, 1), &w->epoch) != 0)
        return mci_fail(w->c->err, MC_E_PROTO, MC_TIER_REDIS, "announce a write: Redis answered something else");
    mci_redis_saw_time(w->c->e->redis, w->now_ms);
    w->foreign = !mci_identity_holds(w->c, &w->epoch);
    if (w->foreign && w->c->e->set.write_mode == MCI_WRITE_STRICT)
        return MC_E_DATABASE;
    w->now_ms = mci_engine_clock_at(w->c->e, w->now_ms);
    w->announced = 1;
    return MC_OK;
}

/* MC_OK: the store may be written. */
static mc_status pre(writing *w)
{
    if (w->c->e->set.write_mode == MCI_WRITE_FAST || !MCI_CURE(MCI_CURE_QUARANTINE))
        return MC_OK;
    mci_batch b;
    mci_batch_init(&b);
    pre_cmd(w, &b, w->c->e->set.write_quarantine_ms);
    mc_status st = mci_call_exec(w->c, &b);
    if (st == MC_OK)
        st = pre_reply(w, &b, 0);
    mci_batch_free(&b);
    if (st != MC_OK && w->c->e->set.write_mode == MCI_WRITE_STRICT) {
        mc_error why = w->c->err != NULL ? *w->c->err : (mc_error){0};
        return mci_fail_code(w->c->err, st == MC_E_AUTH ? MC_E_AUTH : MC_E_CACHE, MC_TIER_REDIS, why.backend_code,
                             "write refused (write.mode is strict), nothing was written: %.400s", why.text);
    }
    MCI_SYNC("write:announced", w->id);
    return MC_OK;
}

/* Redis may hold an old value that we could not drop: remember the id until that value must have expired. */
static void remember(writing *w, int unknown)
{
    mci_engine *e = w->c->e;
    int64_t longest = w->coll->ttl_ms; /* of all that may say something old about this id */
    longest = e->set.negative_ttl_ms > longest ? e->set.negative_ttl_ms : longest;
    longest = e->set.alias_ttl_ms > longest ? e->set.alias_ttl_ms : longest;
    longest = w->coll->dirty[0] != '\0' && e->set.board_ttl_ms > longest ? e->set.board_ttl_ms : longest;
    longest += longest / 100 * e->set.ttl_jitter_pct + e->set.ttl_jitter_pct;
    int64_t until = mci_deadline_in(longest + e->set.write_quarantine_ms);
    int (*push)(mci_recovery *, size_t, int, const char *, int64_t) =
        unknown ? mci_recovery_push_unknown : mci_recovery_push;
    int lost = push(&e->recovery, coll_index(w), 0, w->id, until);
    if (w->alias.len > 0)
        lost += push(&e->recovery, coll_index(w), 1, w->alias.data, until);
    mci_add(e->metrics, MCI_C_RECOVERY_QUEUED, w->alias.len > 0 ? 2 : 1);
    mci_add(e->metrics, MCI_C_RECOVERY_LOST, lost);
    mci_set(e->metrics, MCI_C_RECOVERY_PENDING, (int64_t)atomic_load(&e->recovery.count));
    w->c->info->flags |= MC_FLAG_QUEUED;
    if (lost > 0)
        mci_log_write(e->log, MC_LOG_WARN,
                      "recovery queue is full (recovery.max): some ids may be stale until their TTL ends");
    /* Redis may be back already, or only have refused the announcement. */
    mc_error *err = w->c->err;
    w->c->err = NULL;
    (void)mci_recover(w->c);
    w->c->err = err;
}

static void post_cmds(writing *w, mci_batch *b, mci_put_mode mode, const mci_doc *d, int no_value)
{
    /* Alone until now, it is the newest version as of now; when it was not, nothing is stored. */
    int64_t now = mci_engine_clock(w->c->e);
    if (w->foreign) {
        mode = MCI_PUT_ABORT;
        d = NULL;
    }
    mci_put put = {mode, w->token, w->id, d, w->epoch, now > w->now_ms ? now : w->now_ms, no_value};
    if (mci_put_cmd(w->c->e, b, w->coll, &put) != 0)
        b->out.failed = 1;
    if (w->alias.len > 0)
        mci_alias_post(w->c, b, w->coll, w->alias.data, w->token);
}

/* Nobody was sure of the last word on this id: read it from the store under a lease, which puts board and value right. */
static void repair_own(writing *w)
{
    if (w->coll->dirty[0] == '\0' || !MCI_CURE(MCI_CURE_REPAIR))
        return;
    mci_doc *d = NULL;
    mc_info keep = *w->c->info;
    mc_error *err = w->c->err;
    w->c->err = NULL;
    (void)mci_read_one(w->c, w->coll, w->id, MCI_WANT_FIELDS, &d);
    w->c->err = err;
    keep.redis_round_trips = w->c->info->redis_round_trips;
    keep.store_calls = w->c->info->store_calls;
    *w->c->info = keep;
    mci_doc_unref(d);
}

/* After the store answered for sure: `carried_out` with the new document, or NULL for "there is none". */
static void post(writing *w, int carried_out, const mci_doc *d)
{
    mci_engine *e = w->c->e;
    MCI_SYNC("write:stored", w->id);
    if (!w->announced && e->set.write_mode != MCI_WRITE_FAST) {
        if (carried_out)
            remember(w, 0);
        return;
    }
    mci_batch b;
    mci_batch_init(&b);
    post_cmds(w, &b, carried_out ? MCI_PUT_POST : MCI_PUT_ABORT, d, 0);
    mc_error *err = w->c->err;
    w->c->err = NULL; /* the write itself is done */
    mc_status st = mci_call_exec(w->c, &b);
    w->c->err = err;
    const mci_reply *r = mci_batch_reply(&b, 0);
    int64_t stored = 0;
    int64_t writers = 1;
    if (st != MC_OK || mci_reply_int(mci_reply_item(r, 0), &stored) != 0) {
        if (carried_out || e->set.write_mode == MCI_WRITE_FAST)
            remember(w, 0); /* the quarantine holds until it expires; the queue ends it sooner */
    } else if (carried_out) {
        (void)mci_reply_int(mci_reply_item(r, 1), &writers);
        mci_health_of_put(w->c, r);
        mci_count(e->metrics, stored == 1 ? MCI_C_WRITES_SOLO : MCI_C_WRITES_CONTENDED);
        if (stored == 0 && writers == 0 && e->set.write_mode != MCI_WRITE_FAST)
            repair_own(w);
    }
    mci_batch_free(&b);
}

/*
 * The outcome is not known: the write may still land, also after its quarantine (a server that stood still has it in a socket). It is
 * announced once more, for write.suspect_ms: until then nothing about the id is cached. 1: Redis knows.
 */
static int announce_unknown(const mci_call *c, mci_batch *b)
{
    mci_call quiet = *c; /* told is the write's own error; and its deadline may have passed */
    quiet.err = NULL;
    if (mci_deadline_left_ms(quiet.dl) < SUSPECT_MS)
        quiet.dl = mci_deadline_in(SUSPECT_MS);
    int told = mci_call_exec(&quiet, b) == MC_OK;
    for (size_t i = 0; i < b->n && told; i++)
        told = mci_batch_reply(b, i)->type == MCI_REPLY_ARRAY;
    return told;
}

static int64_t suspect_ms(const mci_engine *e)
{
    return e->set.write_suspect_ms > e->set.write_quarantine_ms ? e->set.write_suspect_ms : e->set.write_quarantine_ms;
}

static void post_unknown(writing *w)
{
    mci_engine *e = w->c->e;
    mci_batch b;
    mci_count(e->metrics, MCI_C_WRITES_UNKNOWN);
    if (!MCI_CURE(MCI_CURE_UNKNOWN)) {
        post(w, 0, NULL);
        return;
    }
    if (!MCI_CURE(MCI_CURE_SUSPECT) && w->announced)
        return;
    mci_batch_init(&b);
    pre_cmd(w, &b, suspect_ms(e));
    if (!announce_unknown(w->c, &b))
        remember(w, 1);
    mci_batch_free(&b);
}

static mc_status end(writing *w, mc_status st, mci_doc *d, mci_doc **out)
{
    w->c->info->tier = MC_TIER_STORE;
    if (st == MC_OK)
        mci_count(w->c->e->metrics, MCI_C_WRITES);
    if (st == MC_OK && out != NULL)
        *out = d;
    else
        mci_doc_unref(d);
    mci_buf_free(&w->alias);
    return st;
}

static void take_alias(writing *w, const char *p, size_t n)
{
    if (n > 0 && n <= MCI_ALIAS_MAX) /* longer ones cannot be asked for */
        mci_alias_encode(p, n, &w->alias);
}

static void alias_of_doc(writing *w, const mci_doc *d)
{
    int field = w->coll->spec->alias_field;
    if (d != NULL && field >= 0 && mci_doc_text(d, (size_t)field) != NULL)
        take_alias(w, mci_doc_text(d, (size_t)field), mci_doc_val(d, (size_t)field)->len);
}

static mc_status unsupported(mci_call *c, const char *what)
{
    return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot %s documents", what);
}

mc_status mci_write_create(mci_call *c, mci_coll *coll, const char *json, size_t len, mci_doc **out)
{
    const mci_store_ops *ops = c->e->store->ops;
    char made[25];
    char id[MCI_ID_CAP];
    mci_buf text;
    mci_doc *d = NULL;
    if (ops->insert == NULL)
        return unsupported(c, "create");
    mci_buf_init(&text, (size_t)2 * MCI_JSON_MAX);
    mci_random_objectid(&c->e->rnd, made);
    mc_status st = mci_json_document(coll->spec, json, len, made, &text, id, NULL, c->err);
    if (st == MC_OK)
        st = mci_json_decode(coll->spec, text.data, text.len, &d, c->err);
    if (st != MC_OK) {
        mci_buf_free(&text);
        return st;
    }
    writing w;
    begin(&w, c, coll, id);
    alias_of_doc(&w, d);
    st = w.alias.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to write") : pre(&w);
    if (st == MC_OK) {
        int64_t t0 = mci_now_ns();
        st = ops->insert(c->e->store, coll->spec, id, text.data, text.len, mci_store_deadline(c), NULL, c->err);
        (void)mci_store_done(c, t0, st);
        if (st == MC_E_UNKNOWN)
            post_unknown(&w);
        else
            post(&w, st == MC_OK, st == MC_OK ? d : NULL);
    }
    mci_buf_free(&text);
    return end(&w, st, d, out);
}

/* The alias a patch brings into being, if any. */
static void alias_of_patch(writing *w, const mci_patch *patch)
{
    int field = w->coll->spec->alias_field;
    for (size_t i = 0; field >= 0 && i < patch->n; i++) {
        const mci_step *s = &patch->steps[i];
        if (s->json == NULL || strcmp(s->path, w->coll->spec->fields[field].path) != 0)
            continue;
        mci_buf text;
        mci_buf_init(&text, MCI_JSON_MAX);
        if (mci_json_unquote(s->json, s->len, &text) == 0)
            take_alias(w, text.data, text.len);
        mci_buf_free(&text);
    }
}

static mc_status update(mci_call *c, mci_coll *coll, const char *id, const mci_patch *patch, mci_doc **out)
{
    const mci_store_ops *ops = c->e->store->ops;
    if (ops->update == NULL)
        return unsupported(c, "change");
    writing w;
    mci_doc *d = NULL;
    begin(&w, c, coll, id);
    alias_of_patch(&w, patch);
    mc_status st = w.alias.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to write") : pre(&w);
    if (st == MC_OK) {
        int64_t t0 = mci_now_ns();
        st = ops->update(c->e->store, coll->spec, id, patch, mci_store_deadline(c), &d, c->err);
        (void)mci_store_done(c, t0, st);
        if (st == MC_E_UNKNOWN)
            post_unknown(&w);
        else
            post(&w, st >= 0, d); /* "not found" is an answer too, and worth keeping */
    }
    return end(&w, st, d, out);
}

mc_status mci_write_update(mci_call *c, mci_coll *coll, const char *id, mci_patch *patch, mci_doc **out)
{
    mci_doc *d = NULL;
    mc_status st = MC_OK;
    if (patch->n == 0) { /* nothing to write: the answer is the document as it is */
        st = mci_read_one(c, coll, id, MCI_WANT_BOTH, &d);
        if (out != NULL)
            *out = d;
        else
            mci_doc_unref(d);
    } else {
        st = update(c, coll, id, patch, out);
    }
    mci_patch_free(patch);
    return st;
}

mc_status mci_write_delete(mci_call *c, mci_coll *coll, const char *id)
{
    const mci_store_ops *ops = c->e->store->ops;
    if (ops->remove == NULL)
        return unsupported(c, "delete");
    writing w;
    begin(&w, c, coll, id);
    mc_status st = pre(&w);
    if (st == MC_OK) {
        int64_t t0 = mci_now_ns();
        st = ops->remove(c->e->store, coll->spec, id, mci_store_deadline(c), NULL, c->err);
        (void)mci_store_done(c, t0, st);
        if (st == MC_E_UNKNOWN)
            post_unknown(&w);
        else
            post(&w, st >= 0, NULL);
    }
    return end(&w, st, NULL, NULL);
}

/* ---- many at once ------------------------------------------------------------------------------------------------- */

typedef struct import_item {
    writing w;
    char id[MCI_ID_CAP];
    mci_buf text;
    mci_doc *doc;
    size_t index; /* in the caller's arrays */
    size_t reply; /* in the batch of POSTs */
    int told;     /* a POST was sent */
} import_item;

static mc_status import_check(mci_call *c, mci_coll *coll, const char *json, size_t len, import_item *it, mc_error *err)
{
    mci_buf_init(&it->text, (size_t)2 * MCI_JSON_MAX);
    mc_status st = json == NULL ? mci_fail(err, MC_E_ARG, MC_TIER_NONE, "json is NULL")
                                : mci_json_document(coll->spec, json, len, NULL, &it->text, it->id, NULL, err);
    if (st == MC_OK)
        st = mci_json_decode(coll->spec, it->text.data, it->text.len, &it->doc, err);
    if (st != MC_OK) {
        mci_buf_free(&it->text);
        return st;
    }
    begin(&it->w, c, coll, it->id);
    alias_of_doc(&it->w, it->doc);
    return MC_OK;
}

static mc_status import_pre(mci_call *c, import_item *items, size_t n)
{
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < n; i++)
        pre_cmd(&items[i].w, &b, c->e->set.write_quarantine_ms);
    int strict = c->e->set.write_mode == MCI_WRITE_STRICT;
    mc_error *err = c->err;
    c->err = strict ? err : NULL; /* a Redis that is away is no error of the import */
    mc_status st = n == 0 || c->e->set.write_mode == MCI_WRITE_FAST ? MC_E_CACHE : mci_call_exec(c, &b);
    size_t k = 0;
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        st = pre_reply(&items[i].w, &b, k);
        k += items[i].w.alias.len > 0 ? 2 : 1;
    }
    c->err = err;
    mci_batch_free(&b);
    return n > 0 && st != MC_OK && strict ? st : MC_OK;
}

/* Those whose outcome is not known. */
static void import_unknown(mci_call *c, import_item *items, size_t n, const mc_status *statuses)
{
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < n; i++)
        if (statuses[items[i].index] == MC_E_UNKNOWN)
            pre_cmd(&items[i].w, &b, suspect_ms(c->e));
    int told = b.n == 0 || announce_unknown(c, &b);
    for (size_t i = 0; i < n; i++) {
        if (statuses[items[i].index] != MC_E_UNKNOWN)
            continue;
        mci_count(c->e->metrics, MCI_C_WRITES_UNKNOWN);
        if (!told)
            remember(&items[i].w, 1);
    }
    mci_batch_free(&b);
}

/* Boards are kept, values are not put into Redis: a collection that is being loaded is not what readers want there. */
static void import_post(mci_call *c, import_item *items, size_t n, const mc_status *statuses)
{
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < n; i++) {
        writing *w = &items[i].w;
        int done = statuses[items[i].index] == MC_OK;
        items[i].reply = b.n;
        items[i].told = (w->announced || c->e->set.write_mode == MCI_WRITE_FAST) && statuses[items[i].index] != MC_E_UNKNOWN;
        if (items[i].told)
            post_cmds(w, &b, done ? MCI_PUT_POST : MCI_PUT_ABORT, done ? items[i].doc : NULL, 1);
    }
    mc_error *err = c->err;
    c->err = NULL; /* the writes themselves are done */
    int ok = b.n == 0 || mci_call_exec(c, &b) == MC_OK;
    for (size_t i = 0; i < n; i++) {
        mc_status st = statuses[items[i].index];
        int64_t stored = 0;
        int heard =
            items[i].told && ok && mci_reply_int(mci_reply_item(mci_batch_reply(&b, items[i].reply), 0), &stored) == 0;
        if (!heard && st == MC_OK)
            remember(&items[i].w, 0);
        mci_add(c->e->metrics, MCI_C_WRITES, st == MC_OK);
    }
    c->err = err;
    mci_batch_free(&b);
}

static mc_status import_store(mci_call *c, mci_coll *coll, import_item *items, size_t n, int replace, mc_status *statuses)
{
    const char **ids = calloc(n, sizeof *ids);
    const char **texts = calloc(n, sizeof *texts);
    size_t *lens = calloc(n, sizeof *lens);
    mc_status *st = calloc(n, sizeof *st);
    mc_status rc = MC_OK;
    if (ids == NULL || texts == NULL || lens == NULL || st == NULL)
        rc = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to import %zu documents", n);
    for (size_t i = 0; rc == MC_OK && i < n; i++) {
        ids[i] = items[i].id;
        texts[i] = items[i].text.data;
        lens[i] = items[i].text.len;
    }
    if (rc == MC_OK) {
        int64_t t0 = mci_now_ns();
        rc = c->e->store->ops->put_many(c->e->store, coll->spec, ids, texts, lens, n, replace, mci_store_deadline(c), st,
                                        c->err);
        (void)mci_store_done(c, t0, rc);
    }
    for (size_t i = 0; i < n; i++)
        statuses[items[i].index] = rc == MC_OK ? st[i] : rc;
    free(ids);
    free(texts);
    free(lens);
    free(st);
    return rc;
}

/* Where among `n` items that id is; `n` when it is not. */
static size_t place_of_id(const import_item *items, size_t n, const char *id)
{
    size_t i = 0;
    while (i < n && strcmp(items[i].id, id) != 0)
        i++;
    return i;
}

/* Of two documents with one id the later one stands in the end, as if each had been sent alone: the earlier is not sent at all, and
 * shares its fate. */
static void supersede(import_item *old, import_item *it, size_t index, size_t *later)
{
    later[old->index] = index;
    (void)end(&old->w, MC_E_EXISTS, old->doc, NULL);
    mci_buf_free(&old->text);
    *old = *it;
    old->w.id = old->id; /* its own, not that of the place it left */
    old->index = index;
    *it = (import_item){0};
}

/* A document that is in the store already needs no announcement: an import that is begun again leaves values and boards as they
 * are. Without this look each such id would stay marked as one whose place on the board is in doubt. One that appears after
 * the look is refused by the store itself. Returns how many items are left. */
static size_t drop_existing(mci_call *c, mci_coll *coll, import_item *items, size_t n, mc_status *statuses)
{
    const char **ids = calloc(n + 1, sizeof *ids);
    mci_doc **docs = calloc(n + 1, sizeof *docs);
    size_t left = 0;
    if (ids == NULL || docs == NULL || c->e->store->ops->find_many == NULL) {
        free(ids);
        free(docs);
        return n;
    }
    for (size_t i = 0; i < n; i++)
        ids[i] = items[i].id;
    int64_t t0 = mci_now_ns();
    mc_status st =
        n == 0 ? MC_OK : c->e->store->ops->find_many(c->e->store, coll->spec, ids, n, mci_store_deadline(c), docs, NULL);
    if (n > 0)
        (void)mci_store_done(c, t0, st);
    for (size_t i = 0; i < n; i++) {
        int there = st == MC_OK && docs[i] != NULL;
        mci_doc_unref(docs[i]);
        if (there) {
            statuses[items[i].index] = end(&items[i].w, MC_E_EXISTS, items[i].doc, NULL);
            mci_buf_free(&items[i].text);
        } else if (left++ != i) {
            items[left - 1] = items[i];
            items[left - 1].w.id = items[left - 1].id; /* its own, not that of the place it left */
        }
    }
    free(ids);
    free(docs);
    return left;
}

mc_status mci_write_import(mci_call *c, mci_coll *coll, const char *const *json, const size_t *sizes, size_t n, int replace,
                           mc_status *statuses)
{
    if (c->e->store->ops->put_many == NULL)
        return unsupported(c, "import");
    import_item *items = calloc(n, sizeof *items);
    size_t *later = calloc(n, sizeof *later); /* of a document that was superseded in this call: by which one */
    if (items == NULL || later == NULL) {
        free(items);
        free(later);
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to import %zu documents", n);
    }
    size_t good = 0;
    mc_error first = {0};
    for (size_t i = 0; i < n; i++) {
        mc_error err = {0};
        import_item *it = &items[good];
        statuses[i] = import_check(c, coll, json[i], sizes[i], it, &err);
        size_t twin = statuses[i] == MC_OK ? place_of_id(items, good, it->id) : good;
        if (twin < good && replace) {
            supersede(&items[twin], it, i, later);
        } else if (twin < good) {
            statuses[i] =
                mci_fail(&err, MC_E_EXISTS, MC_TIER_NONE, "document %zu has the _id of an earlier one in this call", i);
            (void)end(&it->w, statuses[i], it->doc, NULL);
            mci_buf_free(&it->text);
            *it = (import_item){0};
        } else if (statuses[i] == MC_OK) {
            it->index = i;
            good++;
        }
        if (first.code == 0 && err.code != 0)
            first = err;
    }
    if (!replace)
        good = drop_existing(c, coll, items, good, statuses);
    mc_status st = import_pre(c, items, good);
    for (size_t i = 0; st != MC_OK && i < good; i++)
        statuses[items[i].index] = st;
    if (st == MC_OK && good > 0)
        st = import_store(c, coll, items, good, replace, statuses);
    import_post(c, items, good, statuses);
    import_unknown(c, items, good, statuses);
    for (size_t i = n; i-- > 0;)
        if (later[i] != 0) /* a later one is never the first */
            statuses[i] = statuses[later[i]];
    free(later);
    for (size_t i = 0; i < good; i++) {
        mci_buf_free(&items[i].w.alias);
        mci_buf_free(&items[i].text);
        mci_doc_unref(items[i].doc);
    }
    free(items);
    if (st == MC_OK && first.code != 0 && c->err != NULL)
        *c->err = first;
    return st;
}
