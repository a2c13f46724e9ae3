/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: second keys. An alias is a string "<epoch> <time of the load> <id>" ("-" for the id: the store has none) under the same protocol as a value;
 * with cache.key a keyed sum follows: a "none" of somebody else's hides no document.
 * It is a hint that is checked, never believed: the document it leads to must carry the alias. Only two things could go
 * wrong unseen, a cached "none" that hides an insert and a lower id that appears, and writers announce both on the alias' own
 * quarantine. Refuses: guessing between several documents; the lowest id is meant.
 */
#include "engine/engine.h"

#include "base/num.h"
#include "engine/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum alias_state { A_MISS = 0, A_ID, A_NONE } alias_state;

typedef struct alias_read {
    mci_buf encoded;
    char token[MCI_TOKEN_SIZE];
    char rejected[MCI_ID_CAP + 64];
    size_t rejected_len; /* whatever stands there may hold NULs */
    char id[MCI_ID_CAP];
    int64_t epoch;
    int64_t written_ms; /* of the value that stands in Redis */
    int64_t now_ms;     /* the clock when the lease was given */
    int leased;
} alias_read;

void mci_alias_encode(const char *alias, size_t len, mci_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)alias[i];
        if (ch <= 0x20 || ch == 0x7f || ch == '%' || ch == '{' || ch == '}')
            mci_buf_fmt(out, "%%%02X", ch);
        else
            mci_buf_char(out, (char)ch);
    }
}

#define TAG 17 /* a blank and 16 digits */

static void tag_of(const mci_mac *mac, const mci_coll *coll, const mci_buf *alias, const char *p, size_t n,
                   char out[TAG + 1])
{
    mci_seal seal = mci_envelope_seal(mac, coll->spec, alias->data, alias->len);
    (void)snprintf(out, TAG + 1, " %016llx", (unsigned long long)mci_mac_sum(mac, 'A', seal.seed, p, n));
}

/* Bytes before the keyed sum; all of them when there are no keys. 0: the sum is missing or not by one of ours. */
static size_t sealed_len(const mci_macs *macs, const mci_coll *coll, const mci_buf *alias, const char *p, size_t n)
{
    char tag[TAG + 1];
    for (size_t i = 0; i < macs->n && n > TAG; i++) {
        tag_of(&macs->mac[i], coll, alias, p, n - TAG, tag);
        if (memcmp(p + n - TAG, tag, TAG) == 0)
            return n - TAG;
    }
    return macs->n == 0 ? n : 0;
}

/* The three parts of an alias' value; `id` is "-" for none. 0, or -1: it is none of ours. */
static int split(const mci_coll *coll, const char *text, size_t len, int64_t *epoch, int64_t *written_ms,
                 char id[MCI_ID_CAP])
{
    const char *part[2];
    const char *p = text;
    const char *end = p + len;
    int64_t *number[2] = {epoch, written_ms};
    for (int i = 0; i < 2; i++) {
        part[i] = memchr(p, ' ', (size_t)(end - p));
        if (part[i] == NULL || mci_parse_int(p, (size_t)(part[i] - p), number[i]) != 0 || *number[i] < 0 ||
            *number[i] > MCI_COUNT_MAX)
            return -1;
        p = part[i] + 1;
    }
    if (end - p == 1 && *p == '-')
        memcpy(id, "-", 2);
    else if (mci_id_check(coll->spec->id_kind, p, (size_t)(end - p), id, "id", NULL) != MC_OK)
        return -1;
    return 0;
}

static alias_state parse(mci_call *c, const mci_coll *coll, const mci_reply *r, int64_t epoch, alias_read *a)
{
    a->rejected_len = 0;
    if (mci_reply_too_big(r) || (r != NULL && r->type == MCI_REPLY_STRING && r->len >= sizeof a->rejected)) {
        /* no alias is so long: named by its size */
        a->rejected_len = (size_t)snprintf(a->rejected, sizeof a->rejected, "!%zu", r->len);
        return A_MISS;
    }
    if (r == NULL || r->type != MCI_REPLY_STRING)
        return A_MISS;
    memcpy(a->rejected, r->u.str, r->len);
    a->rejected_len = r->len;
    int64_t of = 0;
    size_t len = sealed_len(&c->e->macs, coll, &a->encoded, r->u.str, r->len);
    if (split(coll, r->u.str, len, &of, &a->written_ms, a->id) != 0) {
        mci_count(c->e->metrics, MCI_C_POISONED);
        c->info->flags |= MC_FLAG_POISONED;
        return A_MISS;
    }
    if (of != epoch || mci_is_outdated(c, coll, 1, a->encoded.data, a->written_ms))
        return A_MISS;
    return a->id[0] == '-' && a->id[1] == '\0' ? A_NONE : A_ID;
}

void mci_alias_target(const mci_coll *coll, const mci_reply *r, char id[MCI_ID_CAP])
{
    int64_t epoch = 0;
    int64_t written_ms = 0;
    id[0] = '\0';
    if (r == NULL || r->type != MCI_REPLY_STRING)
        return;
    size_t len = r->len; /* a keyed sum is not looked at: to drop one id too many does no harm */
    if (len > TAG && r->u.str[len - TAG] == ' ' && memchr(r->u.str + len - TAG + 1, ' ', TAG - 1) == NULL)
        len -= TAG;
    if ((split(coll, r->u.str, len, &epoch, &written_ms, id) != 0 &&
         split(coll, r->u.str, r->len, &epoch, &written_ms, id) != 0) ||
        strcmp(id, "-") == 0)
        id[0] = '\0';
}

/* One round trip: GET. Errors are misses that may not be filled. */
static alias_state ask(mci_call *c, mci_coll *coll, alias_read *a, int *usable)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "GET", 2); /* first: an alias that is too large takes the replies behind it along */
    mci_arg_str(&b, c->e->epoch_key);
    mci_cmd(&b, "GET", 2);
    mci_arg_id(&b, coll->alias_keys.value, a->encoded.data);
    alias_state s = A_MISS;
    *usable = mci_call_exec(c, &b) == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 0), &a->epoch) == 0 &&
              mci_identity_holds(c, &a->epoch);
    if (*usable)
        s = parse(c, coll, mci_batch_reply(&b, 1), a->epoch, a);
    mci_batch_free(&b);
    return s;
}

/* The miss script. Sets `leased` when we may fill. A foreign load is not waited for: the query is cheap. */
static alias_state lease(mci_call *c, mci_coll *coll, alias_read *a)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_random_token(&c->e->rnd, a->token);
    mci_cmd_script(&b, &mci_script_miss, 4, 8);
    mci_arg_id(&b, coll->alias_keys.value, a->encoded.data);
    mci_arg_id(&b, coll->alias_keys.quarantine, a->encoded.data);
    mci_arg_id(&b, coll->alias_keys.lease, a->encoded.data);
    mci_arg_str(&b, c->e->epoch_key);
    mci_arg_str(&b, a->token);
    mci_arg_int(&b, mci_lease_ms(c->e, mci_store_deadline(c)));
    mci_arg(&b, a->rejected, a->rejected_len);
    mci_arg_str(&b, "$");
    alias_state s = A_MISS;
    if (mci_call_exec(c, &b) == MC_OK) {
        const mci_reply *r = mci_batch_reply(&b, 0);
        const mci_reply *tag = mci_reply_item(r, 0);
        if (mci_reply_epoch(mci_reply_item(r, 1), &a->epoch) != 0)
            a->epoch = 0;
        int64_t now_ms = 0;
        a->leased = mci_reply_is(tag, "L") && mci_reply_count(mci_reply_item(r, 2), &now_ms) == 0;
        a->now_ms = mci_engine_clock_at(c->e, now_ms);
        if (!mci_identity_holds(c, &a->epoch))
            a->leased = 0; /* another database has taken the prefix over since the alias was asked for */
        else if (mci_reply_is(tag, "V"))
            s = parse(c, coll, mci_reply_item(mci_reply_item(r, 3), 0), a->epoch, a);
    }
    mci_batch_free(&b);
    return s;
}

/* 1: it is in Redis. */
static int fill(mci_call *c, mci_coll *coll, const alias_read *a, const char *id)
{
    int64_t ttl = mci_jitter(c->e, id != NULL ? c->e->set.alias_ttl_ms : c->e->set.negative_ttl_ms);
    mci_batch b;
    mci_buf text;
    mci_batch_init(&b);
    mci_buf_init(&text, MCI_ID_CAP + 64);
    mci_buf_int(&text, a->epoch);
    mci_buf_char(&text, ' ');
    mci_buf_int(&text, a->now_ms);
    mci_buf_char(&text, ' ');
    mci_buf_str(&text, id != NULL ? id : "-");
    if (c->e->macs.n > 0 && !text.failed) {
        char tag[TAG + 1];
        tag_of(&c->e->macs.mac[0], coll, &a->encoded, text.data, text.len, tag);
        mci_buf_str(&text, tag);
    }
    mci_cmd_script(&b, &mci_script_put, 8, 8 + 10);
    mci_arg_id(&b, coll->alias_keys.value, a->encoded.data);
    mci_arg_id(&b, coll->alias_keys.quarantine, a->encoded.data);
    mci_arg_id(&b, coll->alias_keys.lease, a->encoded.data);
    mci_arg_id(&b, coll->alias_keys.solo, a->encoded.data);
    mci_arg_str(&b, c->e->epoch_key);
    for (int i = 0; i < 3; i++)
        mci_arg_key(&b, c->e, "");
    mci_arg_str(&b, "F");
    mci_arg_str(&b, a->token);
    mci_arg_int(&b, ttl);
    mci_arg_str(&b, "");
    mci_arg_int(&b, a->epoch);
    for (int i = 0; i < 3; i++)
        mci_arg_str(&b, "");
    mci_arg_str(&b, "$");
    mci_arg_buf(&b, &text);
    int64_t stored = 0;
    if (mci_call_exec(c, &b) == MC_OK)
        (void)mci_reply_int(mci_reply_item(mci_batch_reply(&b, 0), 0), &stored);
    mci_buf_free(&text);
    mci_batch_free(&b);
    return stored == 1;
}

void mci_alias_post(mci_call *c, mci_batch *b, const mci_coll *coll, const char *encoded, const char *token)
{
    mci_cmd_script(b, &mci_script_put, 8, 16);
    mci_arg_id(b, coll->alias_keys.value, encoded);
    mci_arg_id(b, coll->alias_keys.quarantine, encoded);
    mci_arg_id(b, coll->alias_keys.lease, encoded);
    mci_arg_id(b, coll->alias_keys.solo, encoded);
    mci_arg_str(b, c->e->epoch_key);
    for (int i = 0; i < 3; i++)
        mci_arg_key(b, c->e, "");
    mci_arg_str(b, "A");
    mci_arg_str(b, token);
    mci_arg_str(b, "0");
    for (int i = 0; i < 5; i++)
        mci_arg_str(b, "");
}

/* The store's answer, and the alias' place in Redis when we hold its lease. */
static mc_status from_store(mci_call *c, mci_coll *coll, const char *alias, size_t len, alias_read *a, int usable,
                            mci_doc **out)
{
    if (usable && !a->leased)
        (void)lease(c, coll, a);
    if (c->e->store->ops->find_alias == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot find by %s",
                        coll->spec->fields[coll->spec->alias_field].name);
    int64_t t0 = mci_now_ns();
    mc_status st = mci_store_done(
        c, t0, c->e->store->ops->find_alias(c->e->store, coll->spec, alias, len, mci_store_deadline(c), out, c->err));
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c->e, usable);
    int filled = 0;
    if (a->leased && (st == MC_OK || (st == MC_NOT_FOUND && c->e->set.negative_ttl_ms > 0))) {
        mc_error *err = c->err;
        c->err = NULL;
        filled = fill(c, coll, a, st == MC_OK ? mci_doc_id(*out, NULL) : NULL);
        c->err = err;
    }
    if (st >= 0 && !filled && mci_reads_redis(c->e))
        mci_saw_past_redis(c, coll, 1, a->encoded.data);
    return st;
}

static int carries(const mci_coll *coll, const mci_doc *d, const char *alias, size_t len)
{
    const mci_val *v = mci_doc_val(d, (size_t)coll->spec->alias_field);
    return v->kind == MCI_STR && v->len == len && memcmp(mci_doc_text(d, (size_t)coll->spec->alias_field), alias, len) == 0;
}

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

static int same_value(const mci_doc *a, const mci_doc *b, size_t field)
{
    const mci_val *x = mci_doc_val(a, field);
    const mci_val *y = mci_doc_val(b, field);
    if (x->kind != y->kind)
        return 0;
    switch (x->kind) {
    case MCI_ABSENT:
        return 1;
    case MCI_REAL:
        return memcmp(&x->u.d, &y->u.d, sizeof x->u.d) == 0;
    case MCI_STR:
        return x->len == y->len && memcmp(mci_doc_text(a, field), mci_doc_text(b, field), x->len) == 0;
    case MCI_LIST:
        if (x->len != y->len)
            return 0;
        for (size_t i = 0; i < x->len; i++)
            if (strcmp(mci_doc_item(a, field, i), mci_doc_item(b, field, i)) != 0)
                return 0;
        return 1;
    default:
        return x->u.i == y->u.i;
    }
}

/* Do both tell a reader the same? */
static int same_version(const mci_doc *a, const mci_doc *b)
{
    size_t n = 0;
    size_t m = 0;
    const char *x = mci_doc_json(a, &n);
    const char *y = mci_doc_json(b, &m);
    if (x != NULL && y != NULL)
        return n == m && memcmp(x, y, n) == 0;
    for (size_t i = 0; i < mci_doc_spec(a)->nfields; i++)
        if (!same_value(a, b, i))
            return 0;
    return 1;
}

/*
 * The document that the alias led to was read past Redis, without a lease of its own. Reading it once more by id puts it into Redis;
 * without this the second read of a title would be a miss as well. What Redis shows may be an older version than the one in hand:
 * then it is not believed, and read from the store. 1: `*out` is what that read gave, told as such; 0: `*out` is as it was.
 */
static int fill_document(mci_call *c, mci_coll *coll, const char *alias, size_t len, mci_want want, mci_doc **out)
{
    mci_doc *again = NULL;
    mc_error *err = c->err;
    mc_info kept = *c->info;
    const char *id = mci_doc_id(*out, NULL);
    want = (mci_want)(want | MCI_WANT_FIELDS);
    c->err = NULL;
    mc_status st = mci_read_one(c, coll, id, want, &again);
    int same = st == MC_OK && c->info->tier == MC_TIER_REDIS && same_version(again, *out);
    if (!same && st >= 0 && c->info->tier == MC_TIER_REDIS) {
        mci_saw_past_redis(c, coll, 0, id);
        mci_doc_unref(again);
        st = mci_read_one(c, coll, id, want, &again);
    }
    c->err = err;
    if (same || st != MC_OK || !carries(coll, again, alias, len)) {
        kept.redis_round_trips = c->info->redis_round_trips;
        kept.store_calls = c->info->store_calls;
        *c->info = kept;
        mci_doc_unref(again);
        return same;
    }
    mci_doc_unref(*out);
    *out = again;
    return 1;
}

static mc_status by_alias(mci_call *c, mci_coll *coll, const char *alias, size_t len, mci_want want, alias_read *a,
                          mci_doc **out)
{
    int usable = 0;
    if (!mci_reads_redis(c->e)) {
        mc_status direct = from_store(c, coll, alias, len, a, 0, out);
        count(c, direct);
        return direct;
    }
    int suspicious = mci_recover(c) && mci_recovery_has(&c->e->recovery, mci_coll_index(c->e, coll), 1, a->encoded.data);
    alias_state s = suspicious ? A_MISS : ask(c, coll, a, &usable);
    if (s == A_MISS && usable)
        s = lease(c, coll, a);
    if (s == A_NONE) {
        c->info->tier = MC_TIER_REDIS;
        c->info->cache = MC_CACHE_HIT;
        c->info->flags |= MC_FLAG_NEGATIVE;
        c->info->age_ms = mci_engine_age(c->e, a->written_ms);
        count(c, MC_NOT_FOUND);
        return MC_NOT_FOUND;
    }
    if (s == A_ID) {
        mc_status st = mci_read_one(c, coll, a->id, (mci_want)(want | MCI_WANT_FIELDS), out);
        if (st < 0 || (st == MC_OK && carries(coll, *out, alias, len)))
            return st;
        mci_doc_unref(*out); /* renamed or deleted since: the hint is worth nothing */
        *out = NULL;
        c->info->flags &= MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED;
    }
    mc_status st = from_store(c, coll, alias, len, a, usable, out);
    if (st == MC_OK && usable && fill_document(c, coll, alias, len, want, out))
        return MC_OK; /* counted there */
    count(c, st);
    return st;
}

mc_status mci_read_alias(mci_call *c, mci_coll *coll, const char *alias, size_t len, mci_want want, mci_doc **out)
{
    alias_read a = {0};
    *out = NULL;
    mci_buf_init(&a.encoded, MCI_ALIAS_MAX * 3);
    mci_alias_encode(alias, len, &a.encoded);
    mc_status st = a.encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                                    : by_alias(c, coll, alias, len, want, &a, out);
    mci_buf_free(&a.encoded);
    return st;
}

mc_status mci_alias_id(mci_call *c, mci_coll *coll, const char *alias, size_t len, char id[MCI_ID_CAP])
{
    mci_doc *d = NULL;
    mc_status st = mci_read_alias(c, coll, alias, len, MCI_WANT_FIELDS, &d);
    if (st == MC_OK)
        memcpy(id, mci_doc_id(d, NULL), strlen(mci_doc_id(d, NULL)) + 1);
    mci_doc_unref(d);
    return st;
}
