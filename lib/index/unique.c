/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reads by unique key. Refuses: a document that does not carry the key. */
#include "index/unique.h"

#include "engine/freshness.h"
#include "engine/identity.h"
#include "engine/lease.h"
#include "engine/read.h"
#include "engine/recover.h"
#include "engine/source.h"
#include "engine/unique_key.h"

#include <string.h>

typedef enum hint { H_MISS = 0, H_ID, H_NONE } hint;

typedef struct reading {
    mci_call *c;
    mci_coll *coll;
    const char *text;
    size_t len;
    mci_want want;
    mci_buf encoded;
    mci_lease lease;
    char id[MCI_ID_CAP];
    char ahead[MCI_ID_CAP]; /* where the key led last time; "": not known */
    mci_doc *doc;           /* the document of that id, fetched ahead and believed; NULL: it was not */
    mci_item item;          /* its outcome */
    int64_t written_ms;     /* of the hint */
    int usable;             /* the cache could be asked */
    int leased;
} reading;

/* ---- the hint ----------------------------------------------------------------------------------------------------- */

static hint take_found(reading *r, const mci_found *f)
{
    mci_call *c = r->c;
    mci_lease_reject(&r->lease, f);
    if (f->state == MCI_FOUND_CORRUPT) {
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        c->info->flags |= MC_FLAG_CORRUPT;
    }
    if ((f->state != MCI_FOUND_VALUE && f->state != MCI_FOUND_NEGATIVE) ||
        mci_is_outdated(c, r->coll, 1, r->encoded.data, f->written_ms))
        return H_MISS;
    r->written_ms = f->written_ms;
    mci_note(c, r->coll, 1, r->encoded.data, f->written_ms);
    if (f->state == MCI_FOUND_NEGATIVE)
        return H_NONE;
    memcpy(r->id, f->target, strlen(f->target) + 1);
    return H_ID;
}

/* What was fetched ahead, when the key still leads there. What cannot be used is asked for again by the read of that id. */
static void take_ahead(reading *r, mci_op *op)
{
    mci_found *f = &op->u.value_read.found;
    r->item = (mci_item){.id = r->id};
    if (op->status != MC_OK || f->state != MCI_FOUND_VALUE || strcmp(r->id, r->ahead) != 0)
        return;
    if (mci_read_take(r->c, r->coll, &r->item, f)) {
        r->doc = r->item.doc;
        mci_read_count(r->c->e->metrics, &r->item);
    }
}

/* One exchange. Errors are misses that may not be filled. */
static hint ask(reading *r)
{
    mci_ops ops;
    hint h = H_MISS;
    mci_ops_init(&ops);
    mci_op_value_read *v = &mci_ops_add(&ops, MCI_OP_VALUE_READ)->u.value_read;
    v->family = &r->coll->unique;
    v->id = r->encoded.data;
    v->want = MCI_WANT_FIELDS;
    if (r->ahead[0] != '\0') /* after the hint, as if it had been asked for then */
        mci_read_add(&ops, r->coll, r->ahead, (mci_want)(r->want | MCI_WANT_FIELDS));
    if (mci_call_run(r->c, &ops) == MC_OK && ops.epoch_status == MC_OK) {
        mci_identity_state whose = mci_identity_of(r->c, &ops);
        r->usable = whose != MCI_IDENTITY_FOREIGN;
        if (whose == MCI_IDENTITY_OURS)
            h = take_found(r, &ops.op[0].u.value_read.found);
        if (h == H_ID && r->ahead[0] != '\0')
            take_ahead(r, &ops.op[1]);
    }
    mci_ops_free(&ops);
    return h;
}

/* Who may load. Another process' load is not waited for: the query is cheap. */
static hint ask_lease(reading *r)
{
    mci_ops ops;
    hint h = H_MISS;
    mci_ops_init(&ops);
    mci_lease_ask(r->c, &r->lease, &ops, MCI_WANT_FIELDS);
    if (mci_call_run(r->c, &ops) != MC_OK) {
        mci_lease_lost(r->c, &r->lease);
    } else if (mci_identity_of(r->c, &ops) != MCI_IDENTITY_OURS) {
        mci_lease_lost(r->c, &r->lease); /* another database has taken the prefix over since the hint was asked for */
    } else {
        switch (mci_lease_take(r->c, &r->lease, &ops, &ops.op[0])) {
        case MCI_LEASE_OWN:
            r->leased = 1;
            break;
        case MCI_LEASE_FOUND:
            h = take_found(r, &ops.op[0].u.acquire.found);
            break;
        default:
            break;
        }
    }
    mci_ops_free(&ops);
    return h;
}

/* 1: it is in the cache. */
static int fill(reading *r, const char *id)
{
    mci_engine *e = r->c->e;
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_commit *k = &mci_ops_add(&ops, MCI_OP_VALUE_COMMIT)->u.commit;
    k->family = &r->coll->unique;
    k->id = r->encoded.data;
    k->mode = MCI_COMMIT_FILL;
    k->token = r->lease.token;
    k->target = id;
    k->epoch = r->lease.epoch;
    k->now_ms = r->lease.now_ms;
    k->ttl_ms = mci_jitter(e, id != NULL ? e->set.alias_ttl_ms : e->set.negative_ttl_ms);
    mci_call quiet = mci_call_quiet(r->c);
    int stored = mci_call_run_one(&quiet, &ops) == MC_OK && ops.op[0].u.commit.stored;
    mci_ops_free(&ops);
    return stored;
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

/* The load of another thread, if there is one to be had. 1: `*st` and `*out` are what it brought. */
static int share(reading *r, mc_status *st, mci_doc **out)
{
    mci_call *c = r->c;
    if (r->lease.joined == NULL)
        return 0;
    if (mci_lease_join(c, &r->lease, st, out) != 0 || *st < 0) {
        mci_doc_unref(*out);
        *out = NULL;
        return 0;
    }
    c->info->flags |= MC_FLAG_SHARED;
    mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
    return 1;
}

/* The store's answer, and the key's place in the cache when we hold its lease. */
static mc_status from_store(reading *r, mci_doc **out)
{
    mci_call *c = r->c;
    mc_status st = MC_OK;
    if (r->usable && !r->leased && r->lease.joined == NULL)
        (void)ask_lease(r);
    int shared = share(r, &st, out);
    if (!shared)
        st = mci_source_find_unique(c, r->coll, r->text, r->len, out, c->err);
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c, r->usable);
    int filled = 0;
    if (r->leased && (st == MC_OK || (st == MC_NOT_FOUND && c->e->set.negative_ttl_ms > 0)))
        filled = fill(r, st == MC_OK ? mci_doc_id(*out, NULL) : NULL);
    mci_lease_land(c, &r->lease, st, *out);
    if (st == MC_OK)
        mci_targets_note(&r->coll->targets, r->encoded.data, mci_doc_id(*out, NULL));
    if (st >= 0 && !shared)
        mci_was_loaded(c, r->coll, 1, r->encoded.data, filled ? r->lease.now_ms : 0);
    if (st == MC_OK && !r->usable && mci_reads_cache(c)) /* nor will the document be put into the cache by this read */
        mci_was_loaded(c, r->coll, 0, mci_doc_id(*out, NULL), 0);
    return st;
}

static int carries(const reading *r, const mci_doc *d)
{
    size_t field = (size_t)r->coll->spec->alias_field;
    const mci_val *v = mci_doc_val(d, field);
    return v->kind == MCI_STR && v->len == r->len && memcmp(mci_doc_text(d, field), r->text, r->len) == 0;
}

/* Do both mean the same to a reader? */
static int same_version(const mci_doc *a, const mci_doc *b)
{
    size_t n = 0;
    size_t m = 0;
    const char *x = mci_doc_json(a, &n);
    const char *y = mci_doc_json(b, &m);
    if (x != NULL && y != NULL)
        return n == m && memcmp(x, y, n) == 0;
    return mci_doc_same_fields(a, b);
}

/*
 * The document that the key led to was read past the cache, without a lease of its own. Reading it once more by id puts it into the cache;
 * without this the second read of a title would be a miss as well. What the cache shows may be an older version than the one in hand:
 * then it is not believed, and read from the store. 1: `*out` is what that read gave, reported as such; 0: `*out` is as it was.
 */
static int fill_document(reading *r, mci_doc **out)
{
    mci_doc *again = NULL;
    mc_info info;
    mci_call aside = mci_call_aside(r->c, &info);
    const char *id = mci_doc_id(*out, NULL);
    mci_want want = (mci_want)(r->want | MCI_WANT_FIELDS);
    mc_status st = mci_read_one(&aside, r->coll, id, want, &again);
    int same = st == MC_OK && info.tier == MC_TIER_REDIS && same_version(again, *out);
    if (!same && st >= 0 && info.tier == MC_TIER_REDIS) {
        mci_saw_past_cache(r->c, r->coll, 0, id);
        mci_doc_unref(again);
        st = mci_read_one(&aside, r->coll, id, want, &again);
    }
    if (same || st != MC_OK || !carries(r, again)) {
        mci_call_count(r->c, &info);
        mci_doc_unref(again);
        return same;
    }
    info.redis_round_trips += r->c->info->redis_round_trips;
    info.store_calls += r->c->info->store_calls;
    info.flags |= r->c->info->flags;
    *r->c->info = info;
    mci_doc_unref(*out);
    *out = again;
    return 1;
}

/* ---- all together ------------------------------------------------------------------------------------------------- */

static void count(mci_call *c, mc_status st)
{
    mci_metrics *m = c->e->metrics;
    mci_count(m, MCI_C_READS);
    if (c->info->cache != MC_CACHE_NONE)
        mci_count(m, c->info->cache == MC_CACHE_HIT    ? MCI_C_NEGATIVE_HITS
                     : c->info->cache == MC_CACHE_MISS ? MCI_C_MISSES
                                                       : MCI_C_BYPASSES);
    if (st == MC_NOT_FOUND)
        mci_count(m, MCI_C_NOT_FOUND);
}

static hint look(reading *r)
{
    mci_call *c = r->c;
    size_t number = mci_coll_number(c->e, r->coll);
    int writes_pending = mci_recover(c);
    int pending = writes_pending && mci_recovery_has(&c->e->recovery, number, 1, r->encoded.data);
    if (!writes_pending)
        mci_targets_get(&r->coll->targets, r->encoded.data, r->ahead);
    hint h = pending ? H_MISS : ask(r);
    r->lease.not_before_ns = mci_seen_at(&c->e->seen, number, 1, r->encoded.data);
    return h == H_MISS && r->usable ? ask_lease(r) : h;
}

/* The document that the hint names. */
static mc_status read_target(reading *r, mci_doc **out)
{
    if (strcmp(r->id, r->ahead) != 0)
        mci_targets_note(&r->coll->targets, r->encoded.data, r->id);
    if (r->doc == NULL)
        return mci_read_one(r->c, r->coll, r->id, (mci_want)(r->want | MCI_WANT_FIELDS), out);
    mci_read_report(r->c, &r->item);
    *out = r->doc;
    r->doc = NULL;
    return MC_OK;
}

static mc_status read_by(reading *r, mci_doc **out)
{
    mci_call *c = r->c;
    hint h = mci_reads_cache(c) ? look(r) : H_MISS;
    if (h == H_NONE) {
        c->info->tier = MC_TIER_REDIS;
        c->info->cache = MC_CACHE_HIT;
        c->info->flags |= MC_FLAG_NEGATIVE;
        c->info->age_ms = mci_age_ms(c->e, r->written_ms);
        count(c, MC_NOT_FOUND);
        return MC_NOT_FOUND;
    }
    if (h == H_ID) {
        mc_status st = read_target(r, out);
        if (st < 0 || (st == MC_OK && carries(r, *out)))
            return st;
        mci_doc_unref(*out); /* renamed or deleted since: the hint is worth nothing */
        *out = NULL;
        c->info->flags &= MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED;
    }
    mc_status st = from_store(r, out);
    if (st == MC_OK && r->usable && fill_document(r, out))
        return MC_OK; /* counted there */
    count(c, st);
    return st;
}

mc_status mci_unique_read(mci_call *c, mci_coll *coll, const char *text, size_t len, mci_want want, mci_doc **out)
{
    reading r = {.c = c, .coll = coll, .text = text, .len = len, .want = want};
    *out = NULL;
    mci_buf_init(&r.encoded, MCI_UNIQUE_MAX * 3);
    mci_unique_encode(text, len, &r.encoded);
    mc_status st = MC_E_NOMEM;
    if (r.encoded.failed) {
        st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key");
    } else {
        mci_lease_init(&r.lease, &coll->unique, r.encoded.data);
        r.lease.patient = 0;
        st = read_by(&r, out);
        mci_lease_free(&r.lease);
        mci_doc_unref(r.doc);
    }
    mci_buf_free(&r.encoded);
    return st;
}

mc_status mci_unique_id(mci_call *c, mci_coll *coll, const char *text, size_t len, char id[MCI_ID_CAP])
{
    mci_doc *d = NULL;
    mc_status st = mci_unique_read(c, coll, text, len, MCI_WANT_FIELDS, &d);
    if (st == MC_OK)
        memcpy(id, mci_doc_id(d, NULL), strlen(mci_doc_id(d, NULL)) + 1);
    mci_doc_unref(d);
    return st;
}
