/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: creating, changing and deleting one document. Refuses: a write whose outcome is not known passing for one that is. */
#include "engine/write.h"

#include "base/json_string.h"
#include "base/syncpoint.h"
#include "engine/announce.h"
#include "engine/primary.h"
#include "engine/read.h"
#include "engine/recover.h"
#include "engine/source.h"
#include "engine/writing.h"

#include <string.h>

#define SUSPECT_MS 20 /* past the deadline, to announce that an outcome is not known */

static void settle(mci_writing *w, int carried_out, const mci_doc *d);

/* MC_OK: the store may be written. */
static mc_status announce(mci_writing *w)
{
    const mci_engine *e = w->c->e;
    if (w->unique.failed)
        return mci_fail(w->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to write");
    if (e->set.write_mode == MCI_WRITE_FAST || !MCI_SAFEGUARD(MCI_SAFEGUARD_QUARANTINE))
        return MC_OK;
    mci_ops ops;
    mci_ops_init(&ops);
    mci_writing_look(w, &ops);
    mci_writing_announce(w, &ops, e->set.write_quarantine_ms);
    ops.wait_replicas = (int)e->set.write_wait_replicas;
    mc_status st = mci_call_run(w->c, &ops);
    if (st == MC_OK)
        mci_writing_looked(w, &ops);
    if (st == MC_OK)
        st = mci_writing_announced(w, &ops);
    if (st == MC_OK)
        st = mci_writing_on_replicas(w->c, &ops);
    mci_ops_free(&ops);
    if (st == MC_OK)
        st = mci_primary_hold(w->c);
    if (st != MC_OK && e->set.write_mode == MCI_WRITE_STRICT) {
        mc_error why = w->c->err != NULL ? *w->c->err : (mc_error){0};
        if (w->announced) /* or nothing about it could be cached for a quarantine */
            settle(w, 0, NULL);
        return mci_fail_code(w->c->err, st == MC_E_AUTH ? MC_E_AUTH : MC_E_CACHE, MC_TIER_REDIS, why.backend_code,
                             "write refused (write.mode is strict), nothing was written: %.400s", why.text);
    }
    MCI_SYNC("write:announced", w->id);
    return MC_OK;
}

/* After the store answered for sure: `carried_out` with the new document, or NULL for "there is none". */
static void settle(mci_writing *w, int carried_out, const mci_doc *d)
{
    int fast = w->c->e->set.write_mode == MCI_WRITE_FAST;
    MCI_SYNC("write:stored", w->id);
    if (!w->announced && !fast) {
        if (carried_out)
            mci_writing_remember(w, 0);
        return;
    }
    mci_writing_end how = carried_out ? MCI_WRITING_DONE : MCI_WRITING_NOT_DONE;
    mci_call quiet = mci_call_quiet(w->c); /* the write itself is done */
    mci_ops ops;
    mci_ops_init(&ops);
    ops.once =
        1; /* an end that arrives twice, after its announcement has, could win over a newer write: what is lost is told instead */
    mci_primary_confirm(w->c, &ops);
    mci_writing_settle(w, &ops, how, d);
    int known = mci_call_run(&quiet, &ops) == MC_OK && mci_writing_settled(w, &ops, how);
    mci_ops_free(&ops);
    if (known && mci_primary_hold(&quiet) != MC_OK) /* it has learned of a new primary only now: others may not have */
        w->c->info->flags |= MC_FLAG_QUEUED;
    if (known || !(carried_out || fast) || !MCI_SAFEGUARD(MCI_SAFEGUARD_SECOND))
        return;
    mci_writing_remember(w, 0); /* the quarantine holds until it expires; the queue ends it sooner */
    if (mci_recover_insist(&quiet) && mci_primary_hold(&quiet) == MC_OK)
        w->c->info->flags &= ~(unsigned)MC_FLAG_QUEUED; /* told, if late */
}

/*
 * The outcome is not known: the write may still land, also after its quarantine (a server that stood still has it in a socket). It is
 * announced once more, for write.suspect_ms: until then nothing about the id is cached.
 */
static void settle_unknown(mci_writing *w)
{
    mci_engine *e = w->c->e;
    mci_count(e->metrics, MCI_C_WRITES_UNKNOWN);
    if (!MCI_SAFEGUARD(MCI_SAFEGUARD_UNKNOWN)) {
        settle(w, 0, NULL);
        return;
    }
    if (!MCI_SAFEGUARD(MCI_SAFEGUARD_SUSPECT) && w->announced)
        return;
    mci_call quiet = mci_call_quiet(w->c); /* reported is the write's own error; and its deadline may have passed */
    if (mci_deadline_left_ms(quiet.dl) < SUSPECT_MS)
        quiet.dl = mci_deadline_in(SUSPECT_MS);
    mci_ops ops;
    mci_ops_init(&ops);
    mci_writing_announce(w, &ops, mci_suspect_ms(e));
    if (mci_call_run(&quiet, &ops) != MC_OK || !mci_writing_is_known(w, &ops))
        mci_writing_remember(w, 1);
    mci_ops_free(&ops);
}

static mc_status end(mci_writing *w, mc_status st, mci_doc *d, mci_doc **out)
{
    w->c->info->tier = MC_TIER_STORE;
    if (st == MC_OK)
        mci_count(w->c->e->metrics, MCI_C_WRITES);
    if (st == MC_OK && out != NULL)
        *out = d;
    else
        mci_doc_unref(d);
    mci_writing_free(w);
    return st;
}

static mc_status unsupported(mci_call *c, const char *what)
{
    return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot %s documents", what);
}

mc_status mci_write_create(mci_call *c, mci_coll *coll, const char *json, size_t len, mci_doc **out)
{
    char made[25];
    char id[MCI_ID_CAP];
    mci_buf text;
    mci_doc *d = NULL;
    if (c->e->store->ops->insert == NULL)
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
    mci_writing w;
    mci_writing_begin(&w, c, coll, id);
    mci_writing_unique_of(&w, d);
    st = announce(&w);
    if (st == MC_OK) {
        st = mci_source_insert(c, coll, id, text.data, text.len, c->err);
        if (st == MC_E_UNKNOWN)
            settle_unknown(&w);
        else
            settle(&w, st == MC_OK, st == MC_OK ? d : NULL);
    }
    mci_buf_free(&text);
    return end(&w, st, d, out);
}

/* The unique key a patch brings into being, if any. */
static void unique_of_patch(mci_writing *w, const mci_patch *patch)
{
    int field = w->coll->spec->alias_field;
    for (size_t i = 0; field >= 0 && i < patch->n; i++) {
        const mci_step *s = &patch->steps[i];
        if (s->json == NULL || strcmp(s->path, w->coll->spec->fields[field].path) != 0)
            continue;
        mci_buf text;
        mci_buf_init(&text, MCI_JSON_MAX);
        if (mci_json_unquote(s->json, s->len, &text) == 0)
            mci_writing_unique(w, text.data, text.len);
        mci_buf_free(&text);
    }
}

static mc_status update(mci_call *c, mci_coll *coll, const char *id, const mci_patch *patch, mci_doc **out)
{
    if (c->e->store->ops->update == NULL)
        return unsupported(c, "change");
    mci_writing w;
    mci_doc *d = NULL;
    mci_writing_begin(&w, c, coll, id);
    unique_of_patch(&w, patch);
    mc_status st = announce(&w);
    if (st == MC_OK) {
        st = mci_source_update(c, coll, id, patch, &d, c->err);
        if (st == MC_E_UNKNOWN)
            settle_unknown(&w);
        else
            settle(&w, st >= 0, d); /* "not found" is an answer too, and worth keeping */
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
    if (c->e->store->ops->remove == NULL)
        return unsupported(c, "delete");
    mci_writing w;
    mci_writing_begin(&w, c, coll, id);
    mc_status st = announce(&w);
    if (st == MC_OK) {
        st = mci_source_remove(c, coll, id, c->err);
        if (st == MC_E_UNKNOWN)
            settle_unknown(&w);
        else
            settle(&w, st >= 0, NULL);
    }
    return end(&w, st, NULL, NULL);
}
