/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: importing. Sets are kept in step, values are not put into the cache: a collection that is being loaded is not what readers want
 * there. Refuses: one id twice in a call, unless the later document replaces the earlier one.
 */
#include "engine/import.h"

#include "base/map.h"
#include "engine/announce.h"
#include "engine/primary.h"
#include "engine/source.h"
#include "engine/writing.h"

#include <stdlib.h>
#include <string.h>

#define SUSPECT_MS 20
#define NOBODY SIZE_MAX

typedef struct item {
    mci_map_item at; /* first: in importing.by_id */
    mci_writing w;
    mci_doc *doc;
    const char *id;   /* the document's */
    int live;         /* goes to the store */
    int settling;     /* its end is in the list */
    size_t successor; /* a later document of the call with this id, whose fate it shares; NOBODY: none */
} item;

typedef struct importing {
    mci_call *c;
    mci_coll *coll;
    mci_writing all; /* what is the same in each */
    item *items;
    mci_map by_id; /* the live items */
    size_t n;
    int replace;
    mc_status *statuses;
} importing;

static mc_status check(importing *im, size_t i, const char *json, size_t len, mc_error *err)
{
    item *it = &im->items[i];
    mc_status st = json == NULL ? mci_fail(err, MC_E_ARG, MC_TIER_NONE, "json is NULL")
                                : mci_json_take(im->coll->spec, json, len, &it->doc, err);
    if (st != MC_OK)
        return st;
    it->id = mci_doc_id(it->doc, &it->at.len);
    mci_writing_begin_one(&it->w, &im->all, it->id);
    mci_writing_unique_of(&it->w, it->doc);
    return MC_OK;
}

/* The live item before `i` with its id, which `i` takes the place of; NOBODY when there is none. */
static size_t same_id(importing *im, size_t i)
{
    item *it = &im->items[i];
    item *earlier = (item *)mci_map_find(&im->by_id, it->id, it->at.len);
    if (earlier != NULL && im->replace)
        mci_map_remove(&im->by_id, &earlier->at);
    if (earlier == NULL || im->replace)
        mci_map_add(&im->by_id, &it->at, it->id, it->at.len);
    return earlier != NULL ? (size_t)(earlier - im->items) : NOBODY;
}

/* All checks, before any I/O. Returns the error of the first that was refused. */
static mc_error check_all(importing *im, const char *const *json, const size_t *sizes)
{
    mc_error first = {0};
    for (size_t i = 0; i < im->n; i++) {
        mc_error err = {0};
        item *it = &im->items[i];
        it->successor = NOBODY;
        mc_status st = check(im, i, json[i], sizes[i], &err);
        size_t earlier = st == MC_OK ? same_id(im, i) : NOBODY;
        if (earlier != NOBODY && im->replace) { /* as if each had been sent alone: the earlier is not sent at all */
            im->items[earlier].live = 0;
            im->items[earlier].successor = i;
        } else if (earlier != NOBODY) {
            st = mci_fail(&err, MC_E_EXISTS, MC_TIER_NONE, "document %zu has the _id of an earlier one in this call", i);
        }
        im->statuses[i] = st;
        it->live = st == MC_OK;
        if (first.code == 0 && err.code != 0)
            first = err;
    }
    return first;
}

static size_t live_ids(const importing *im, const char **ids, size_t *of)
{
    size_t m = 0;
    for (size_t i = 0; i < im->n; i++) {
        if (!im->items[i].live)
            continue;
        ids[m] = im->items[i].id;
        of[m++] = i;
    }
    return m;
}

/*
 * A document that is in the store already needs no announcement: an import that is begun again leaves values and sets as they
 * are. Without this look each such id would keep its pending repair. One that appears after the look is refused by
 * the store itself.
 */
static void drop_existing(importing *im)
{
    const char **ids = calloc(im->n, sizeof *ids);
    size_t *of = calloc(im->n, sizeof *of);
    mci_doc **docs = calloc(im->n, sizeof *docs);
    if (ids != NULL && of != NULL && docs != NULL && im->c->e->store->ops->find_many != NULL) {
        size_t m = live_ids(im, ids, of);
        mc_status st = m == 0 ? MC_NOT_FOUND : mci_source_find_many(im->c, im->coll, ids, m, docs, NULL);
        for (size_t k = 0; k < m; k++) {
            if (st == MC_OK && docs[k] != NULL) {
                im->items[of[k]].live = 0;
                im->statuses[of[k]] = MC_E_EXISTS;
            }
            mci_doc_unref(docs[k]);
        }
    }
    free(ids);
    free(of);
    free(docs);
}

static mc_status announce(importing *im)
{
    mci_engine *e = im->c->e;
    int strict = e->set.write_mode == MCI_WRITE_STRICT;
    mci_call c = strict ? *im->c : mci_call_quiet(im->c); /* a cache that is away is no error of the import */
    mci_ops ops;
    if (e->set.write_mode == MCI_WRITE_FAST)
        return MC_OK;
    mci_ops_init(&ops);
    mci_writing_renew(&im->all);
    for (size_t i = 0; i < im->n; i++) {
        im->items[i].w.c = &c;
        if (im->items[i].live)
            mci_writing_announce_value(&im->items[i].w, &ops, e->set.write_quarantine_ms);
    }
    for (size_t i = 0; i < im->n; i++)
        if (im->items[i].live)
            mci_writing_announce_places(&im->items[i].w, &ops, e->set.write_quarantine_ms);
    ops.wait_replicas = (int)e->set.write_wait_replicas;
    mc_status st = ops.n == 0 && !ops.failed ? MC_OK : mci_call_run(&c, &ops);
    for (size_t i = 0; st == MC_OK && i < im->n; i++)
        if (im->items[i].live)
            st = mci_writing_announced(&im->items[i].w, &ops);
    if (st == MC_OK)
        st = mci_writing_on_replicas(&c, &ops);
    mci_ops_free(&ops);
    if (st == MC_OK)
        st = mci_primary_hold(&c);
    for (size_t i = 0; i < im->n; i++)
        im->items[i].w.c = im->c;
    return strict ? st : MC_OK;
}

static mc_status put(importing *im)
{
    const char **ids = calloc(im->n, sizeof *ids);
    const char **texts = calloc(im->n, sizeof *texts);
    size_t *lens = calloc(im->n, sizeof *lens);
    mci_doc **docs = calloc(im->n, sizeof *docs);
    size_t *of = calloc(im->n, sizeof *of);
    mc_status *st = calloc(im->n, sizeof *st);
    mci_store *s = im->c->e->store;
    mc_status rc = MC_OK;
    size_t m = 0;
    if (ids == NULL || texts == NULL || lens == NULL || docs == NULL || of == NULL || st == NULL) {
        rc = mci_fail(im->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to import %zu documents", im->n);
    } else {
        m = live_ids(im, ids, of);
        for (size_t k = 0; k < m; k++) {
            docs[k] = im->items[of[k]].doc;
            texts[k] = mci_doc_json(docs[k], &lens[k]);
        }
        int64_t t0 = mci_now_ns();
        if (m > 0)
            rc = mci_source_done(im->c, t0,
                                 s->ops->put_many(s, im->coll->spec, ids, texts, lens, docs, m, im->replace,
                                                  mci_source_deadline(im->c), st, im->c->err));
        for (size_t k = 0; k < m; k++)
            im->statuses[of[k]] = rc == MC_OK ? st[k] : rc;
    }
    for (size_t i = 0; rc != MC_OK && m == 0 && i < im->n; i++)
        if (im->items[i].live)
            im->statuses[i] = rc;
    free(ids);
    free(texts);
    free(lens);
    free(docs);
    free(of);
    free(st);
    return rc;
}

static mci_writing_end end_of(mc_status st)
{
    return st == MC_OK ? MCI_WRITING_DONE_NO_VALUE : MCI_WRITING_NOT_DONE;
}

static void settle(importing *im)
{
    mci_call quiet = mci_call_quiet(im->c); /* the writes themselves are done */
    int fast = im->c->e->set.write_mode == MCI_WRITE_FAST;
    mci_ops ops;
    mci_ops_init(&ops);
    mci_writing_renew(&im->all);
    ops.once = 1; /* as in write.c */
    for (size_t i = 0; i < im->n; i++) {
        item *it = &im->items[i];
        mc_status st = im->statuses[i];
        it->settling = it->live && (it->w.announced || fast) && st != MC_E_UNKNOWN;
        if (it->settling)
            mci_writing_settle_value(&it->w, &ops, end_of(st), st == MC_OK ? it->doc : NULL);
    }
    for (size_t i = 0; i < im->n; i++)
        if (im->items[i].settling)
            mci_writing_settle_places(&im->items[i].w, &ops, end_of(im->statuses[i]),
                                      im->statuses[i] == MC_OK ? im->items[i].doc : NULL);
    mci_primary_confirm(&quiet, &ops);
    int ok = (ops.n == 0 && !ops.failed) || mci_call_run(&quiet, &ops) == MC_OK;
    if (ok && mci_primary_hold(&quiet) != MC_OK) /* as in write.c: learned of only now */
        im->c->info->flags |= MC_FLAG_QUEUED;
    for (size_t i = 0; i < im->n; i++) {
        item *it = &im->items[i];
        int done = it->live && im->statuses[i] == MC_OK;
        int known = it->settling && ok && mci_writing_is_known(&it->w, &ops);
        if (done && !known)
            mci_writing_remember(&it->w, 0);
        mci_add(im->c->e->metrics, MCI_C_WRITES, done);
    }
    mci_ops_free(&ops);
}

/* Those whose outcome is not known stay announced for longer. */
static void settle_unknown(importing *im)
{
    mci_call quiet = mci_call_quiet(im->c);
    if (mci_deadline_left_ms(quiet.dl) < SUSPECT_MS)
        quiet.dl = mci_deadline_in(SUSPECT_MS);
    mci_ops ops;
    mci_ops_init(&ops);
    mci_writing_renew(&im->all);
    for (size_t i = 0; i < im->n; i++)
        if (im->items[i].live && im->statuses[i] == MC_E_UNKNOWN)
            mci_writing_announce(&im->items[i].w, &ops, mci_suspect_ms(im->c->e));
    int ok = (ops.n == 0 && !ops.failed) || mci_call_run(&quiet, &ops) == MC_OK;
    for (size_t i = 0; i < im->n; i++) {
        if (!im->items[i].live || im->statuses[i] != MC_E_UNKNOWN)
            continue;
        mci_count(im->c->e->metrics, MCI_C_WRITES_UNKNOWN);
        if (!ok || !mci_writing_is_known(&im->items[i].w, &ops))
            mci_writing_remember(&im->items[i].w, 1);
    }
    mci_ops_free(&ops);
}

static mc_status run(importing *im, const char *const *json, const size_t *sizes)
{
    mc_error first = check_all(im, json, sizes);
    if (!im->replace)
        drop_existing(im);
    mc_status st = announce(im);
    for (size_t i = 0; st != MC_OK && i < im->n; i++)
        if (im->items[i].live)
            im->statuses[i] = st;
    if (st == MC_OK)
        st = put(im);
    settle(im);
    settle_unknown(im);
    for (size_t i = im->n; i-- > 0;)
        if (im->items[i].successor != NOBODY)
            im->statuses[i] = im->statuses[im->items[i].successor];
    if (st == MC_OK && first.code != 0 && im->c->err != NULL)
        *im->c->err = first;
    return st;
}

mc_status mci_import(mci_call *c, mci_coll *coll, const char *const *json, const size_t *sizes, size_t n, int replace,
                     mc_status *statuses)
{
    if (c->e->store->ops->put_many == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot import documents");
    importing im = {
        .c = c, .coll = coll, .items = calloc(n, sizeof *im.items), .n = n, .replace = replace, .statuses = statuses};
    if (im.items == NULL)
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to import %zu documents", n);
    mci_map_init(&im.by_id, mci_random_u64(&c->e->rnd));
    mci_writing_begin_many(&im.all, c, coll);
    mc_status st = run(&im, json, sizes);
    for (size_t i = 0; i < n; i++) {
        mci_writing_free(&im.items[i].w);
        mci_doc_unref(im.items[i].doc);
    }
    mci_map_free(&im.by_id);
    free(im.items);
    return st;
}
