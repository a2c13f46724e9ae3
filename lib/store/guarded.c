/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: asking a host's database only while it answers. What its callbacks return is all that is known of it: several in a row that
 * say MC_E_TIMEOUT, or that took half of their time to fail, mean that it is away. Refuses to take an error that comes at once for
 * that: it may be of one document, and costs nobody any time.
 */
#include "store/guarded.h"

#include <stdlib.h>

typedef struct guarded {
    mci_store base; /* first */
    mci_store_gate gate;
    mci_store *inner;
} guarded;

typedef struct visit {
    guarded *g;
    mci_store *inner;
    mci_pass pass;
    int64_t began_ns;
    mci_deadline dl;
    mc_error own; /* what the operation is to fill */
    mc_error *err;
} visit;

static mc_status enter(visit *v, mci_store *s, mci_deadline dl, mc_error *err)
{
    guarded *g = (guarded *)s;
    *v = (visit){.g = g, .inner = g->inner, .began_ns = mci_now_ns(), .dl = dl, .err = err};
    if (mci_deadline_left_ms(dl) == 0)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "store: the deadline has passed");
    return mci_store_gate_enter(&g->gate, 0, 0, &v->pass, err);
}

static mc_status leave(visit *v, mc_status st)
{
    int failed = st == MC_E_STORE || st == MC_E_UNKNOWN;
    int silent = st == MC_E_TIMEOUT || (failed && mci_now_ns() - v->began_ns >= (v->dl - v->began_ns) / 2);
    mci_store_gate_leave(&v->g->gate, v->pass, silent ? MCI_STORE_SILENT : MCI_STORE_ANSWERS, silent ? &v->own : NULL);
    if (st < 0 && v->err != NULL)
        *v->err = v->own;
    return st;
}

static mc_status op_ping(mci_store *s, mci_deadline dl, mc_error *err)
{
    guarded *g = (guarded *)s;
    mc_status st = g->inner->ops->ping != NULL ? g->inner->ops->ping(g->inner, dl, err) : MC_OK;
    return st == MC_OK ? mci_store_gate_state(&g->gate, err) : st; /* there is no callback to try it with */
}

static mc_status op_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err)
{
    mci_store *inner = ((guarded *)s)->inner;
    return inner->ops->prepare(inner, specs, n, dl, err);
}

static mc_status op_find(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    visit v;
    *out = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->find(v.inner, spec, id, dl, out, &v.own));
}

static mc_status op_find_many(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                              mci_doc **out, mc_error *err)
{
    visit v;
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->find_many(v.inner, spec, ids, n, dl, out, &v.own));
}

static mc_status op_find_alias(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    visit v;
    *out = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->find_alias(v.inner, spec, value, len, dl, out, &v.own));
}

static mc_status op_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    visit v;
    if (out != NULL)
        *out = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->insert(v.inner, spec, id, json, len, dl, out, &v.own));
}

static mc_status op_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    visit v;
    if (out != NULL)
        *out = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->update(v.inner, spec, id, patch, dl, out, &v.own));
}

static mc_status op_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old, mc_error *err)
{
    visit v;
    if (old != NULL)
        *old = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->remove(v.inner, spec, id, dl, old, &v.own));
}

/* One by one inside: the last status speaks for the database. */
static mc_status op_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                             const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                             mc_status *statuses, mc_error *err)
{
    visit v;
    mc_status st = enter(&v, s, dl, err);
    if (st != MC_OK)
        return st;
    st = v.inner->ops->put_many(v.inner, spec, ids, json, lens, docs, n, replace, dl, statuses, &v.own);
    if (st != MC_OK || n == 0)
        return leave(&v, st);
    (void)leave(&v, statuses[n - 1]);
    return MC_OK;
}

static mc_status op_scan_ids(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl,
                             char **ids, size_t *n, mc_error *err)
{
    visit v;
    *n = 0;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->scan_ids(v.inner, spec, after, limit, dl, ids, n, &v.own));
}

static mc_status op_scan(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                         size_t *n, char **last, mc_error *err)
{
    visit v;
    *n = 0;
    *last = NULL;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->scan(v.inner, spec, after, limit, dl, out, n, last, &v.own));
}

static mc_status op_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                        mci_ranked_id *out, size_t *n, mc_error *err)
{
    visit v;
    *n = 0;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->top(v.inner, spec, offset, limit, dl, out, n, &v.own));
}

static mc_status op_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                         mc_error *err)
{
    visit v;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->rank(v.inner, spec, id, dl, rank, score, &v.own));
}

static mc_status op_count(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err)
{
    visit v;
    *out = 0;
    mc_status st = enter(&v, s, dl, err);
    return st != MC_OK ? st : leave(&v, v.inner->ops->count(v.inner, spec, dl, out, &v.own));
}

static void op_close(mci_store *s)
{
    guarded *g = (guarded *)s;
    g->inner->ops->close(g->inner);
    mci_store_gate_destroy(&g->gate);
    free(g);
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
    .scan_ids = op_scan_ids,
    .scan = op_scan,
    .top = op_top,
    .rank = op_rank,
    .count = op_count,
    .close = op_close,
};

mci_store *mci_store_guarded_new(mci_store *inner)
{
    guarded *g = calloc(1, sizeof *g);
    if (g == NULL || mci_store_gate_init(&g->gate) != 0) {
        inner->ops->close(inner);
        free(g);
        return NULL;
    }
    g->inner = inner;
    g->base.ops = &ops;
    g->base.gate = &g->gate;
    return &g->base;
}
