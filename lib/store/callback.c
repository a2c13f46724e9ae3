/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the caller's own database behind the store's table, and the sink that documents come through. What callers need not
 * write is made from what they must: an update is find, patch and replace-if-unchanged; a top list is a scan (by_scan.c). Refuses to trust:
 * every document is decoded, and its id must be the one that was asked for.
 */
#include "base/error.h"
#include "base/sync.h"
#include "store/by_scan.h"
#include "store/sink.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_TRIES 64 /* replaces that lost against another writer */

typedef struct cb_store {
    mci_store base; /* first */
    mci_store_env env;
    mc_store cb;
} cb_store;

/* ---- public ---- */

void mc_store_init(mc_store *store, size_t size)
{
    if (store == NULL || size < sizeof store->struct_size)
        return;
    memset(store, 0, size);
    store->struct_size = size;
}

static mc_status keep(mc_sink *k, mci_doc *d, const char *json, size_t size)
{
    if (k->raw != NULL && k->n == 0) {
        *k->raw = malloc(size + 1);
        if (*k->raw == NULL)
            return mci_fail(k->err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
        memcpy(*k->raw, json, size);
        k->raw_len = size;
    }
    k->out[k->n++] = d;
    return MC_OK;
}

mc_status mc_sink_document(mc_sink *k, const char *json, size_t size)
{
    mci_doc *d = NULL;
    if (k == NULL || json == NULL || k->out == NULL)
        return MC_E_ARG;
    if (k->st != MC_OK)
        return k->st;
    if (k->offered >= k->limit)
        return MC_E_RANGE;
    k->offered++;
    mc_status st = k->env->decode(k->spec, json, size, &d, k->err);
    if (st == MC_OK && k->want != NULL && strcmp(mci_doc_id(d, NULL), k->want) != 0)
        st =
            mci_fail(k->err, MC_E_STORE, MC_TIER_STORE, "store callback %s: gave a document with another id", k->spec->name);
    if (st == MC_OK && k->skip_broken) {
        free(k->last);
        k->last = strdup(mci_doc_id(d, NULL));
        if (k->last == NULL)
            st = mci_fail(k->err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
    }
    if (st == MC_OK)
        st = keep(k, d, json, size);
    if (st != MC_OK)
        mci_doc_unref(d);
    if (st != MC_OK && (!k->skip_broken || st == MC_E_NOMEM))
        k->st = st;
    return st;
}

/* ---- calling back ---- */

static cb_store *self(mci_store *s)
{
    return (cb_store *)s;
}

static mc_status unsupported(const mci_spec *spec, const char *what, mc_error *err)
{
    return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store callback %s: the store has no '%s'", spec->name, what);
}

/* The callback's word as ours: known codes as they are, anything else as MC_E_STORE (or unknown, after a write). */
static mc_status answer(mc_status st, const mci_spec *spec, const char *what, int is_write, mc_error *err)
{
    switch (st) {
    case MC_OK:
    case MC_NOT_FOUND:
        return st;
    case MC_E_EXISTS:
        return mci_fail(err, st, MC_TIER_STORE, "store callback %s %s: a document with this id is there already", what,
                        spec->name);
    case MC_E_UNKNOWN:
        if (is_write)
            return mci_fail(err, st, MC_TIER_STORE, "store callback %s %s: the outcome is not known", what, spec->name);
        break;
    case MC_E_CONFLICT:
    case MC_E_TIMEOUT:
    case MC_E_STORE:
    case MC_E_AUTH:
    case MC_E_NOMEM:
    case MC_E_ABORT:
    case MC_E_TOOBIG:
    case MC_E_UNSUPPORTED:
        return mci_fail(err, st, MC_TIER_STORE, "store callback %s %s: %s", what, spec->name, mc_status_text(st));
    default:
        break;
    }
    return mci_fail_code(err, MC_E_STORE, MC_TIER_STORE, st, "store callback %s %s: answered %d", what, spec->name, st);
}

static mc_status still_time(const mci_spec *spec, const char *what, mci_deadline dl, mc_error *err)
{
    if (mci_deadline_left_ms(dl) > 0)
        return MC_OK;
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "store callback %s %s: the deadline has passed", what, spec->name);
}

/* Give the sink's result back: one document, or none. */
static mc_status one_document(mc_sink *k, mc_status st, const char *what)
{
    if (k->st == MC_E_TYPE) { /* its id is of another kind: does not exist for us */
        mci_error_clear(k->err);
        st = MC_NOT_FOUND;
    } else if (k->st != MC_OK)
        st = k->st;
    else if (st == MC_OK && k->n == 0)
        st = mci_fail(k->err, MC_E_STORE, MC_TIER_STORE, "store callback %s %s: no document was given", what, k->spec->name);
    else
        st = answer(st, k->spec, what, 0, k->err);
    if (st != MC_OK && k->n > 0) {
        mci_doc_unref(*k->out);
        *k->out = NULL;
    }
    if (st != MC_OK && k->raw != NULL) {
        free(*k->raw);
        *k->raw = NULL;
    }
    return st;
}

static mc_status find_raw(cb_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, char **raw,
                          size_t *raw_len, mc_error *err)
{
    mc_sink k = {.env = &s->env, .spec = spec, .want = id, .out = out, .limit = 1, .raw = raw, .err = err};
    *out = NULL;
    mc_status st = still_time(spec, "find", dl, err);
    if (st != MC_OK)
        return st;
    st = one_document(&k, s->cb.find(s->cb.user, spec->name, id, mci_deadline_left_ms(dl), &k), "find");
    if (raw_len != NULL)
        *raw_len = k.raw_len;
    return st;
}

static mc_status op_find(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    return find_raw(self(s), spec, id, dl, out, NULL, NULL, err);
}

static mc_status op_find_many(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                              mci_doc **out, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        st = op_find(s, spec, ids[i], dl, &out[i], err);
        st = st == MC_NOT_FOUND ? MC_OK : st;
    }
    for (size_t i = 0; i < n && st != MC_OK; i++) {
        mci_doc_unref(out[i]);
        out[i] = NULL;
    }
    return st;
}

static mc_status op_find_alias(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    cb_store *c = self(s);
    mc_sink k = {.env = &c->env, .spec = spec, .out = out, .limit = 1, .err = err};
    *out = NULL;
    if (c->cb.find_by_title == NULL || spec->alias_field < 0)
        return unsupported(spec, "find_by_title", err);
    mc_status st = still_time(spec, "find_by_title", dl, err);
    if (st != MC_OK)
        return st;
    char *text = malloc(len + 1);
    if (text == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
    memcpy(text, value, len);
    text[len] = '\0';
    st = one_document(&k, c->cb.find_by_title(c->cb.user, spec->name, text, mci_deadline_left_ms(dl), &k), "find_by_title");
    if (st == MC_OK) {
        const char *got = mci_doc_text(*out, (size_t)spec->alias_field);
        if (got == NULL || strcmp(got, text) != 0) {
            mci_doc_unref(*out);
            *out = NULL;
            st = mci_fail(err, MC_E_STORE, MC_TIER_STORE,
                          "store callback find_by_title %s: gave a document with another title", spec->name);
        }
    }
    free(text);
    return st;
}

static mc_status op_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    cb_store *c = self(s);
    mci_doc *doc = NULL;
    if (out != NULL)
        *out = NULL;
    if (c->cb.insert == NULL)
        return unsupported(spec, "insert", err);
    mc_status st = still_time(spec, "insert", dl, err);
    if (st == MC_OK && out != NULL)
        st = c->env.decode(spec, json, len, &doc, err);
    if (st == MC_OK)
        st = answer(c->cb.insert(c->cb.user, spec->name, id, json, len, mci_deadline_left_ms(dl)), spec, "insert", 1, err);
    if (st == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return st;
}

/* One try: MC_E_CONFLICT with *again set means that another writer was faster. */
static mc_status update_once(cb_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                             mci_doc **out, int *again, mc_error *err)
{
    mci_doc *doc = NULL;
    char *raw = NULL;
    char *json = NULL;
    size_t raw_len = 0;
    size_t len = 0;
    *again = 0;
    mc_status st = find_raw(s, spec, id, dl, &doc, &raw, &raw_len, err);
    if (st != MC_OK)
        return st;
    const char *old = mci_doc_json(doc, &len);
    st = s->env.patch(old, len, patch, &json, &len, err);
    mci_doc_unref(doc);
    doc = NULL;
    if (st == MC_OK)
        st = s->env.decode(spec, json, len, &doc, err);
    if (st == MC_OK)
        st = still_time(spec, "replace", dl, err);
    if (st == MC_OK) {
        st = s->cb.replace(s->cb.user, spec->name, id, raw, raw_len, json, len, mci_deadline_left_ms(dl));
        *again = st == MC_E_CONFLICT;
        st = answer(st, spec, "replace", 1, err);
    }
    free(raw);
    free(json);
    if (st == MC_OK)
        *out = doc;
    else
        mci_doc_unref(doc);
    return st;
}

static mc_status op_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    cb_store *c = self(s);
    mci_doc *doc = NULL;
    int again = 1;
    mc_status st = MC_OK;
    if (out != NULL)
        *out = NULL;
    if (c->cb.replace == NULL)
        return unsupported(spec, "replace", err);
    for (int tries = 0; again && tries < UPDATE_TRIES; tries++) {
        if (tries > 2)
            mci_sleep_ms(1 + (int64_t)(mci_thread_id() + (uint64_t)tries) % 4, dl); /* out of step with the others */
        st = update_once(c, spec, id, patch, dl, &doc, &again, err);
    }
    if (again) /* nothing is wrong with the document: there was no calm moment */
        st = mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "store callback replace %s: other writers were faster %d times",
                      spec->name, UPDATE_TRIES);
    else if (st == MC_OK)
        mci_error_clear(err);
    if (st == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return st;
}

static mc_status op_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old, mc_error *err)
{
    cb_store *c = self(s);
    mci_doc *doc = NULL;
    mc_status st = MC_OK;
    if (old != NULL)
        *old = NULL;
    if (c->cb.remove == NULL)
        return unsupported(spec, "remove", err);
    if (old != NULL)
        st = op_find(s, spec, id, dl, &doc, err);
    if (st != MC_OK && st != MC_NOT_FOUND && st != MC_E_TIMEOUT)
        mci_error_clear(err); /* it cannot be shown, but it can be deleted */
    if (st == MC_NOT_FOUND)
        return st;
    st = still_time(spec, "remove", dl, err);
    if (st == MC_OK)
        st = answer(c->cb.remove(c->cb.user, spec->name, id, mci_deadline_left_ms(dl)), spec, "remove", 1, err);
    if (st == MC_OK && old != NULL)
        *old = doc;
    else
        mci_doc_unref(doc);
    return st;
}

/* ---- scanning ---- */

static mc_status op_scan(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                         size_t *n, char **last, mc_error *err)
{
    cb_store *c = self(s);
    mc_sink k = {.env = &c->env, .spec = spec, .out = out, .limit = limit, .skip_broken = 1, .err = err};
    *n = 0;
    *last = NULL;
    if (c->cb.scan == NULL)
        return unsupported(spec, "scan", err);
    mc_status st = still_time(spec, "scan", dl, err);
    if (st == MC_OK)
        st = answer(c->cb.scan(c->cb.user, spec->name, after != NULL ? after : "", limit, mci_deadline_left_ms(dl), &k),
                    spec, "scan", 0, err);
    if (st == MC_OK)
        st = k.st;
    /* A page in which nothing decodes gives no id to go on after: the scan would not end. */
    if (st == MC_OK && limit > 0 && k.offered == limit && k.last == NULL)
        st = mci_fail(err, MC_E_STORE, MC_TIER_STORE, "store callback scan %s: none of %zu documents decodes", spec->name,
                      limit);
    if (st == MC_OK && k.last != NULL && after != NULL && strcmp(k.last, after) <= 0)
        st = mci_fail(err, MC_E_STORE, MC_TIER_STORE, "store callback scan %s: gave ids that are not above 'after'",
                      spec->name);
    if (st == MC_OK && k.offered == limit) {
        *last = k.last;
        k.last = NULL;
    }
    free(k.last);
    for (size_t i = 0; i < k.n && st != MC_OK; i++)
        mci_doc_unref(out[i]);
    if (st == MC_OK) {
        *n = k.n;
        mci_error_clear(err);
    }
    return st;
}

static mc_status op_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                        mci_ranked_id *out, size_t *n, mc_error *err)
{
    *n = 0;
    if (spec->rank_field < 0)
        return unsupported(spec, "rank", err);
    return mci_by_scan_top(s, spec, offset, limit, dl, out, n, err);
}

static mc_status op_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                         mc_error *err)
{
    if (spec->rank_field < 0)
        return unsupported(spec, "rank", err);
    return mci_by_scan_rank(s, spec, id, dl, rank, score, err);
}

/* ---- many ---- */

/* Put one document where another may stand. */
static mc_status put_over(cb_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                          mc_error *err)
{
    for (int tries = 0; tries < UPDATE_TRIES; tries++) {
        mci_doc *doc = NULL;
        char *raw = NULL;
        size_t raw_len = 0;
        mc_status st = find_raw(s, spec, id, dl, &doc, &raw, &raw_len, err);
        mci_doc_unref(doc);
        if (st == MC_OK)
            st = s->cb.replace(s->cb.user, spec->name, id, raw, raw_len, json, len, mci_deadline_left_ms(dl));
        else if (st == MC_NOT_FOUND)
            st = s->cb.insert(s->cb.user, spec->name, id, json, len, mci_deadline_left_ms(dl));
        free(raw);
        if (st != MC_E_CONFLICT && st != MC_E_EXISTS && st != MC_NOT_FOUND) /* those: somebody else changed it in between */
            return answer(st, spec, "put", 1, err);
    }
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "store callback put %s: other writers were faster", spec->name);
}

static mc_status op_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                             const size_t *lens, size_t n, int replace, mci_deadline dl, mc_status *statuses, mc_error *err)
{
    cb_store *c = self(s);
    if (c->cb.insert == NULL || (replace && c->cb.replace == NULL))
        return unsupported(spec, replace ? "insert and replace" : "insert", err);
    for (size_t i = 0; i < n; i++)
        statuses[i] = replace ? put_over(c, spec, ids[i], json[i], lens[i], dl, err)
                              : op_insert(s, spec, ids[i], json[i], lens[i], dl, NULL, err);
    return MC_OK;
}

/* ---- life ---- */

/* There is nothing to reach but the caller's functions, and nothing to prepare. */
static mc_status op_ping(mci_store *s, mci_deadline dl, mc_error *err)
{
    (void)s;
    (void)dl;
    (void)err;
    return MC_OK;
}

static mc_status op_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err)
{
    (void)specs;
    (void)n;
    return op_ping(s, dl, err);
}

static void op_close(mci_store *s)
{
    cb_store *c = self(s);
    if (c->cb.close != NULL)
        c->cb.close(c->cb.user);
    free(c);
}

static const mci_store_ops ops = {
    .name = "callback",
    .ping = op_ping,
    .prepare = op_prepare,
    .find = op_find,
    .find_many = op_find_many,
    .find_alias = op_find_alias,
    .insert = op_insert,
    .update = op_update,
    .remove = op_remove,
    .put_many = op_put_many,
    .scan_ids = mci_by_scan_ids,
    .scan = op_scan,
    .top = op_top,
    .rank = op_rank,
    .count = mci_by_scan_count,
    .close = op_close,
};

mc_status mci_store_callback_open(const mc_store *cb, const mci_store_env *env, mci_store **out, mc_error *err)
{
    *out = NULL;
    if (cb == NULL || cb->struct_size < offsetof(mc_store, find) + sizeof cb->find)
        return mci_fail(err, MC_E_ARG, MC_TIER_STORE, "store: the table was not set up with mc_store_init()");
    cb_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
    /* A program that was built against another release has a shorter or a longer table: what both know is taken. */
    size_t size = cb->struct_size < sizeof s->cb ? cb->struct_size : sizeof s->cb;
    memcpy(&s->cb, cb, size);
    if (s->cb.find == NULL) {
        free(s);
        return mci_fail(err, MC_E_ARG, MC_TIER_STORE, "store: the callback 'find' is missing");
    }
    s->env = *env;
    s->base.ops = &ops;
    *out = &s->base;
    return MC_OK;
}
