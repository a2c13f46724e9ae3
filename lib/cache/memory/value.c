/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: values under the write/fill protocol in this process: reading, leases, commits, announcements, drops. The steps are those of the
 * scripts value_*.lua. Refuses: values above value.max_bytes.
 */
#include "cache/memory/value.h"

#include "codec/value.h"

#include <string.h>

/* Of one family: its number, then the id. 0, or -1: no key is that long. */
static int key_of(const mci_family *f, const char *id, mci_held_key *key)
{
    size_t n = strlen(id);
    if (n > sizeof key->text - 2)
        return -1;
    key->text[0] = 'v';
    key->text[1] = (char)f->number;
    memcpy(key->text + 2, id, n);
    key->len = n + 2;
    return 0;
}

/* ---- what stands there -------------------------------------------------------------------------------------------- */

/* Has the document what this read asks for, and is it of the caller's collection? */
static int answers(const mci_family *f, const mci_doc *d, mci_want want)
{
    return mci_doc_spec(d) == f->spec && (!(want & MCI_WANT_FIELDS) || mci_doc_has_fields(d)) &&
           (!(want & MCI_WANT_DOC) || mci_doc_json(d, NULL) != NULL);
}

static void show(const mci_memory_run *run, const mci_family *f, mci_want want, const mci_held *h, mci_found *out)
{
    *out = (mci_found){.written_ms = -1};
    if (h == NULL || h->kind == MCI_HELD_NOTHING)
        return;
    out->name = mci_memory_name(run, h);
    out->written_ms = h->written_ms;
    out->hard_ms = h->hard_ms;
    out->epoch = h->epoch;
    out->bytes = h->bytes;
    if (h->kind == MCI_HELD_TEXT)
        out->target = mci_arena_text(&run->ops->arena, h->text, h->len);
    if (h->epoch != run->m->epoch || (run->ops->clock_ms != 0 && run->ops->clock_ms > h->hard_ms)) {
        out->state = MCI_FOUND_OLD;
    } else if (h->kind == MCI_HELD_NEGATIVE) {
        out->state = MCI_FOUND_NEGATIVE;
    } else if (h->kind == MCI_HELD_TEXT) {
        out->state = out->target != NULL ? MCI_FOUND_VALUE : MCI_FOUND_NO_MEMORY;
    } else if (!answers(f, h->doc, want)) {
        out->state = MCI_FOUND_CORRUPT;
    } else {
        out->state = MCI_FOUND_VALUE;
        out->doc = mci_doc_ref(h->doc);
    }
}

void mci_memory_value_read(const mci_memory_run *run)
{
    mci_op_value_read *v = &run->op->u.value_read;
    mci_held_key key;
    mci_held *h = key_of(v->family, v->id, &key) == 0 ? mci_held_find(run->m, &key, run->now_ms) : NULL;
    show(run, v->family, v->want, h, &v->found);
    if (h != NULL && h->kind != MCI_HELD_NOTHING)
        mci_held_used(run->m, h);
}

/* ---- leases ------------------------------------------------------------------------------------------------------- */

void mci_memory_value_acquire(const mci_memory_run *run)
{
    mci_op_acquire *a = &run->op->u.acquire;
    mci_held_key key;
    a->found = (mci_found){.written_ms = -1};
    a->now_ms = run->now_ms;
    mci_held *h = key_of(a->family, a->id, &key) == 0 ? mci_held_make(run->m, &key, run->now_ms) : NULL;
    if (h == NULL) {
        mci_memory_refuse(run);
        return;
    }
    if (h->kind != MCI_HELD_NOTHING && !mci_memory_is_named(h, a->rejected)) {
        a->acquired = MCI_ACQUIRED_FOUND;
        show(run, a->family, a->want, h, &a->found);
        return;
    }
    mci_held_drop(run->m, h);
    const mci_guard *g = mci_held_guard(run->m, h, run->now_ms);
    if (g != NULL && g->nwriters > 0)
        a->acquired = MCI_ACQUIRED_WRITER;
    else
        mci_memory_lease(run, h, a);
}

/* ---- commits ------------------------------------------------------------------------------------------------------ */

/* Would its text have more bytes than a value may have? Counted only when that is not plain from its JSON. */
static int is_too_large(const mci_memory_run *run, const mci_doc *d)
{
    size_t max = (size_t)run->mc->value_max_bytes;
    size_t json = 0;
    mci_metadata m = {0};
    mci_buf packed;
    (void)mci_doc_json(d, &json);
    if (json > max || 4 * json + 1024 < max)
        return json > max;
    int too_long = mci_value_encode(d, (mci_seal){0}, max, &m, &packed);
    mci_buf_free(&packed);
    return too_long != 0;
}

/* 0: stored; -1: there is no room. Nothing is stored when it has no time to live, or is too large; that is no refusal. */
static int put(const mci_memory_run *run, mci_held *h, const mci_op_commit *k)
{
    size_t bytes = 0;
    if (k->ttl_ms == 0)
        return 0;
    if (k->doc != NULL && k->family->unique == NULL) {
        if (is_too_large(run, k->doc))
            return 0;
        bytes = mci_doc_size(k->doc);
        h->kind = MCI_HELD_DOC;
        h->doc = mci_doc_ref(k->doc);
    } else if (k->target != NULL && k->family->unique != NULL) {
        h->text = strdup(k->target);
        if (h->text == NULL)
            return -1;
        h->kind = MCI_HELD_TEXT;
        h->len = strlen(k->target);
        bytes = h->len + 1;
    } else {
        h->kind = MCI_HELD_NEGATIVE;
    }
    h->epoch = k->epoch;
    h->written_ms = k->now_ms;
    h->hard_ms = k->now_ms + k->ttl_ms;
    h->until_ms = run->now_ms + k->ttl_ms;
    return mci_held_set(run->m, h, bytes);
}

/* Was the writer alone from its announcement to now? Its announcement ends. */
static int end_of_write(const mci_memory_run *run, mci_guard *g, const mci_op_commit *k)
{
    int had = mci_guard_remove(run->m, g, k->token);
    int mine = k->mode == MCI_COMMIT_POST && had && strcmp(g->sole, k->token) == 0;
    if (!had && g->sole[0] != '\0') /* it was given up: writers that came after it were not alone */
        memcpy(g->sole, "-", 2);
    g->lease[0] = '\0';
    return mine;
}

void mci_memory_value_commit(const mci_memory_run *run)
{
    mci_op_commit *k = &run->op->u.commit;
    int post = k->mode == MCI_COMMIT_POST || k->mode == MCI_COMMIT_ABORT;
    int mine = 0;
    mci_held_key key;
    k->stored = k->others = k->full = 0;
    mci_held *h = key_of(k->family, k->id, &key) == 0 ? mci_held_find(run->m, &key, run->now_ms) : NULL;
    mci_guard *g = h != NULL ? mci_held_guard(run->m, h, run->now_ms) : NULL;
    if (g != NULL && post) {
        mine = end_of_write(run, g, k);
    } else if (g != NULL && g->lease[0] != '\0' && strcmp(g->lease, k->token) == 0) {
        g->lease[0] = '\0';
        mine = 1;
    }
    if (k->mode != MCI_COMMIT_RELEASE && h != NULL) {
        k->others = g != NULL ? (int)g->nwriters : 0;
        mine = mine && k->others == 0;
        if (post || mine)
            mci_held_drop(run->m, h);
        if (mine && post)
            g->sole[0] = '\0';
        if (mine) {
            k->full = put(run, h, k) != 0;
            k->stored = !k->full;
        }
    }
    if (h != NULL) {
        (void)mci_held_guard(run->m, h, run->now_ms);
        mci_held_tidy(run->m, h);
    }
}

/* ---- announcements and drops -------------------------------------------------------------------------------------- */

void mci_memory_value_announce(const mci_memory_run *run)
{
    mci_op_announce *a = &run->op->u.announce;
    mci_held_key key;
    a->now_ms = run->now_ms;
    mci_held *h = key_of(a->family, a->id, &key) == 0 ? mci_held_make(run->m, &key, run->now_ms) : NULL;
    mci_guard *g = h != NULL ? mci_held_guarded(run->m, h, run->now_ms) : NULL;
    if (h != NULL)
        mci_held_drop(run->m, h);
    if (g == NULL) {
        mci_held_tidy(run->m, h);
        mci_memory_refuse(run);
        return;
    }
    g->lease[0] = '\0';
    int alone = g->nwriters == 0; /* announced again, it is not: then it only deletes */
    if (mci_guard_add(run->m, g, a->token, run->now_ms + a->span_ms) != 0) {
        mci_memory_refuse(run);
        return;
    }
    memset(g->sole, 0, sizeof g->sole);
    strncpy(g->sole, alone ? a->token : "-", sizeof g->sole - 1);
    if (g->sole_until_ms < run->now_ms + 2 * a->span_ms)
        g->sole_until_ms = run->now_ms + 2 * a->span_ms;
}

void mci_memory_value_drop(const mci_memory_run *run)
{
    mci_op_drop *d = &run->op->u.drop;
    mci_held_key key;
    d->unique = (mci_slice){NULL, 0};
    mci_held *h = key_of(d->family, d->id, &key) == 0 ? mci_held_find(run->m, &key, run->now_ms) : NULL;
    if (h == NULL)
        return;
    int field = d->family->unique == NULL ? d->family->spec->alias_field : -1;
    if (h->kind == MCI_HELD_DOC && field >= 0 && mci_doc_spec(h->doc) == d->family->spec) {
        const char *text = mci_doc_text(h->doc, (size_t)field);
        if (text != NULL)
            d->unique = (mci_slice){mci_arena_text(&run->ops->arena, text, strlen(text)), strlen(text)};
    }
    mci_held_drop(run->m, h);
    mci_guard *g = mci_held_guard(run->m, h, run->now_ms);
    if (g != NULL) {
        g->lease[0] = '\0';
        if (g->sole[0] != '\0') /* writers under way are not alone any more: they will only delete */
            memcpy(g->sole, "-", 2);
    }
    (void)mci_held_guard(run->m, h, run->now_ms);
    mci_held_tidy(run->m, h);
}
