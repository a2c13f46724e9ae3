/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the caller's own database behind the store's table. What callers need not write is made from what they must: an update is
 * find, patch and replace-if-unchanged; many are found one by one; a top list is a scan (by_scan.c). Refuses to trust: documents come through a
 * sink (document_sink.c), statuses through a list.
 */
#include "store/callback.h"

#include "base/error.h"
#include "base/sync.h"
#include "store/by_scan.h"
#include "store/document_sink.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_TRIES 64 /* replaces that lost against another writer */

typedef struct cb_store {
    mci_store base; /* first */
    mci_store_env env;
    mci_callback_frame frame;
    mc_store cb;
} cb_store;

void mc_store_init(mc_store *store, size_t size)
{
    if (store == NULL || size < sizeof store->struct_size)
        return;
    memset(store, 0, size);
    store->struct_size = size;
}

/* ---- calling back ---- */

static cb_store *self(mci_store *s)
{
    return (cb_store *)s;
}

/* Around each of the caller's functions: the number goes from one to the other. */
static int enter(const cb_store *s)
{
    return s->frame.enter != NULL ? s->frame.enter(s->frame.user) : -1;
}

static mc_status leave(const cb_store *s, int place, mc_status st)
{
    if (s->frame.leave != NULL)
        s->frame.leave(s->frame.user, place);
    return st;
}

static mc_status unsupported(const mci_spec *spec, const char *what, mc_error *err)
{
    return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store callback %s: the store has no '%s'", spec->name, what);
}

/* Map the callback's status to one of the library's: known codes as they are, anything else is MC_E_STORE (or unknown, after a write). */
static mc_status map_status(mc_status st, const mci_spec *spec, const char *what, int is_write, mc_error *err)
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
static mc_status one_document(mc_document_sink *k, mc_status st, const char *what)
{
    if (k->st == MC_E_TYPE) { /* its id is of another kind: does not exist for us */
        mci_error_clear(k->err);
        st = MC_NOT_FOUND;
    } else if (k->st != MC_OK)
        st = k->st;
    else if (st == MC_OK && k->n == 0)
        st = mci_fail(k->err, MC_E_STORE, MC_TIER_STORE, "store callback %s %s: no document was given", what, k->spec->name);
    else
        st = map_status(st, k->spec, what, 0, k->err);
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
    mc_document_sink k = {.env = &s->env, .spec = spec, .want = id, .out = out, .limit = 1, .raw = raw, .err = err};
    *out = NULL;
    mc_status st = still_time(spec, "find", dl, err);
    if (st != MC_OK)
        return st;
    int place = enter(s);
    st = leave(s, place, s->cb.find(s->cb.user, spec->name, id, mci_deadline_left_ms(dl), &k));
    st = one_document(&k, st, "find");
    if (raw_len != NULL)
        *raw_len = k.raw_len;
    return st;
}

static mc_status op_find(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    return find_raw(self(s), spec, id, dl, out, NULL, NULL, err);
}

/* Without find_many of the host: one after the other. */
static mc_status find_each(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        st = op_find(s, spec, ids[i], dl, &out[i], err);
        st = st == MC_NOT_FOUND ? MC_OK : st;
    }
    return st;
}

static mc_status find_together(cb_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    mci_sink_place *places = calloc(n, sizeof *places);
    if (places == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
    for (size_t i = 0; i < n; i++)
        places[i] = (mci_sink_place){.id = ids[i], .i = i};
    mci_sink_sort(places, n);
    mc_document_sink k = {.env = &s->env, .spec = spec, .places = places, .out = out, .limit = n, .err = err};
    mc_status st = still_time(spec, "find_many", dl, err);
    if (st == MC_OK) {
        int place = enter(s);
        st = leave(s, place, s->cb.find_many(s->cb.user, spec->name, ids, n, mci_deadline_left_ms(dl), &k));
        st = k.st != MC_OK ? k.st : map_status(st, spec, "find_many", 0, err);
    }
    free(places);
    return st;
}

static mc_status op_find_many(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                              mci_doc **out, mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    mc_status st = n == 0                          ? MC_OK
                   : self(s)->cb.find_many != NULL ? find_together(self(s), spec, ids, n, dl, out, err)
                                                   : find_each(s, spec, ids, n, dl, out, err);
    for (size_t i = 0; i < n && st != MC_OK; i++) {
        mci_doc_unref(out[i]);
        out[i] = NULL;
    }
    return st == MC_NOT_FOUND ? MC_OK : st; /* none of them */
}

static mc_status op_find_alias(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    cb_store *c = self(s);
    mc_document_sink k = {.env = &c->env, .spec = spec, .out = out, .limit = 1, .err = err};
    *out = NULL;
    if (c->cb.find_unique == NULL || spec->alias_field < 0)
        return unsupported(spec, "find_unique", err);
    mc_status st = still_time(spec, "find_unique", dl, err);
    if (st != MC_OK)
        return st;
    const char *field = spec->fields[spec->alias_field].path;
    char *text = malloc(len + 1); /* NUL-terminated, for callers who need that */
    if (text == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
    memcpy(text, value, len);
    text[len] = '\0';
    int place = enter(c);
    st = leave(c, place, c->cb.find_unique(c->cb.user, spec->name, field, text, len, mci_deadline_left_ms(dl), &k));
    st = one_document(&k, st, "find_unique");
    if (st == MC_OK) {
        const char *got = mci_doc_text(*out, (size_t)spec->alias_field);
        if (got == NULL || strcmp(got, text) != 0) {
            mci_doc_unref(*out);
            *out = NULL;
            st = mci_fail(err, MC_E_STORE, MC_TIER_STORE, "store callback find_unique %s: gave a document with another %s",
                          spec->name, field);
        }
    }
    free(text);
    return st;
}

static mc_status call_insert(cb_store *s, const mci_spec *spec, const char *id, const char *json, size_t len,
                             mci_deadline dl)
{
    int place = enter(s);
    return leave(s, place, s->cb.insert(s->cb.user, spec->name, id, json, len, mci_deadline_left_ms(dl)));
}

static mc_status call_replace(cb_store *s, const mci_spec *spec, const char *id, const char *old, size_t old_len,
                              const char *json, size_t len, mci_deadline dl)
{
    int place = enter(s);
    return leave(s, place, s->cb.replace(s->cb.user, spec->name, id, old, old_len, json, len, mci_deadline_left_ms(dl)));
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
        st = map_status(call_insert(c, spec, id, json, len, dl), spec, "insert", 1, err);
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
        st = call_replace(s, spec, id, raw, raw_len, json, len, dl);
        *again = st == MC_E_CONFLICT;
        st = map_status(st, spec, "replace", 1, err);
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
    if (st == MC_OK) {
        int place = enter(c);
        st = leave(c, place, c->cb.remove(c->cb.user, spec->name, id, mci_deadline_left_ms(dl)));
        st = map_status(st, spec, "remove", 1, err);
    }
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
    mc_document_sink k = {.env = &c->env, .spec = spec, .out = out, .limit = limit, .skip_broken = 1, .err = err};
    *n = 0;
    *last = NULL;
    if (c->cb.scan == NULL)
        return unsupported(spec, "scan", err);
    mc_status st = still_time(spec, "scan", dl, err);
    if (st == MC_OK) {
        int place = enter(c);
        st = leave(c, place,
                   c->cb.scan(c->cb.user, spec->name, after != NULL ? after : "", limit, mci_deadline_left_ms(dl), &k));
        st = map_status(st, spec, "scan", 0, err);
    }
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

/* Put one document, replacing the one that may be there. */
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
            st = call_replace(s, spec, id, raw, raw_len, json, len, dl);
        else if (st == MC_NOT_FOUND)
            st = call_insert(s, spec, id, json, len, dl);
        free(raw);
        if (st != MC_E_CONFLICT && st != MC_E_EXISTS && st != MC_NOT_FOUND) /* those: another writer changed it in between */
            return map_status(st, spec, "put", 1, err);
    }
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "store callback put %s: other writers were faster", spec->name);
}

static mc_status op_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                             const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                             mc_status *statuses, mc_error *err)
{
    (void)docs; /* this store takes texts */
    cb_store *c = self(s);
    if (c->cb.insert == NULL || (replace && c->cb.replace == NULL))
        return unsupported(spec, replace ? "insert and replace" : "insert", err);
    for (size_t i = 0; i < n; i++)
        statuses[i] = replace ? put_over(c, spec, ids[i], json[i], lens[i], dl, err)
                              : op_insert(s, spec, ids[i], json[i], lens[i], dl, NULL, err);
    return MC_OK;
}

/* ---- life ---- */

static void op_close(mci_store *s)
{
    cb_store *c = self(s);
    if (c->cb.close != NULL && (c->frame.closing == NULL || c->frame.closing(c->frame.user)))
        c->cb.close(c->cb.user);
    free(c);
}

static const mci_store_ops ops = {
    .name = "callback",
    .ping = mci_by_scan_ping,
    .prepare = mci_by_scan_prepare,
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

mc_status mci_store_callback_open(const mc_store *cb, const mci_callback_frame *frame, const mci_store_env *env,
                                  mci_store **out, mc_error *err)
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
    if (frame != NULL)
        s->frame = *frame;
    s->base.ops = &ops;
    *out = &s->base;
    return MC_OK;
}
