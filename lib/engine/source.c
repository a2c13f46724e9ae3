/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: calling the store. Refuses: a call without a deadline or a count. */
#include "engine/source.h"

mci_deadline mci_source_deadline(const mci_call *c)
{
    return mci_deadline_min(c->dl, mci_deadline_in(c->e->set.store_timeout_ms));
}

mc_status mci_source_done(mci_call *c, int64_t t0_ns, mc_status st)
{
    c->info->store_calls++;
    mci_count(c->e->metrics, MCI_C_STORE_CALLS);
    if (st < 0 && st != MC_E_EXISTS && st != MC_E_CONFLICT)
        mci_count(c->e->metrics, MCI_C_STORE_ERRORS);
    mci_time(c->e->metrics, MCI_H_STORE_CALL, mci_now_ns() - t0_ns);
    return st;
}

static mc_status unsupported(mc_error *err, const char *what)
{
    return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot %s", what);
}

mc_status mci_source_find(mci_call *c, const mci_coll *coll, const char *id, mci_doc **out, mc_error *err)
{
    mci_store *s = c->e->store;
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->find(s, coll->spec, id, mci_source_deadline(c), out, err));
}

mc_status mci_source_find_many(mci_call *c, const mci_coll *coll, const char *const *ids, size_t n, mci_doc **out,
                               mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->find_many == NULL)
        return unsupported(err, "find many documents at once");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->find_many(s, coll->spec, ids, n, mci_source_deadline(c), out, err));
}

mc_status mci_source_find_unique(mci_call *c, const mci_coll *coll, const char *value, size_t len, mci_doc **out,
                                 mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->find_alias == NULL)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot find by %s", coll->unique.unique);
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->find_alias(s, coll->spec, value, len, mci_source_deadline(c), out, err));
}

mc_status mci_source_insert(mci_call *c, const mci_coll *coll, const char *id, const char *json, size_t len, mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->insert == NULL)
        return unsupported(err, "create documents");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->insert(s, coll->spec, id, json, len, mci_source_deadline(c), NULL, err));
}

mc_status mci_source_update(mci_call *c, const mci_coll *coll, const char *id, const mci_patch *patch, mci_doc **out,
                            mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->update == NULL)
        return unsupported(err, "change documents");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->update(s, coll->spec, id, patch, mci_source_deadline(c), out, err));
}

mc_status mci_source_remove(mci_call *c, const mci_coll *coll, const char *id, mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->remove == NULL)
        return unsupported(err, "delete documents");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->remove(s, coll->spec, id, mci_source_deadline(c), NULL, err));
}

mc_status mci_source_top(mci_call *c, const mci_coll *coll, int64_t offset, size_t limit, mci_ranked_id *out, size_t *n,
                         mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->top == NULL)
        return unsupported(err, "rank documents");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->top(s, coll->spec, offset, limit, mci_source_deadline(c), out, n, err));
}

mc_status mci_source_rank(mci_call *c, const mci_coll *coll, const char *id, int64_t *rank, double *score, mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->rank == NULL)
        return unsupported(err, "rank documents");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->rank(s, coll->spec, id, mci_source_deadline(c), rank, score, err));
}

mc_status mci_source_scan(mci_call *c, const mci_coll *coll, const char *after, size_t limit, mci_doc **out, size_t *n,
                          char **last, mc_error *err)
{
    mci_store *s = c->e->store;
    *n = 0;
    *last = NULL;
    if (s->ops->scan == NULL)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->scan(s, coll->spec, after, limit, mci_source_deadline(c), out, n, last, err));
}

mc_status mci_source_scan_scores(mci_call *c, const mci_coll *coll, const char *after, size_t limit, mci_scores *out,
                                 char **last, mc_error *err)
{
    mci_store *s = c->e->store;
    *last = NULL;
    if (s->ops->scan_scores == NULL)
        return unsupported(err, "be scanned for ranks alone");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->scan_scores(s, coll->spec, after, limit, mci_source_deadline(c), out, last, err));
}

mc_status mci_source_scan_ids(mci_call *c, const mci_coll *coll, const char *after, size_t limit, char **ids, size_t *n,
                              mc_error *err)
{
    mci_store *s = c->e->store;
    *n = 0;
    if (s->ops->scan_ids == NULL)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->scan_ids(s, coll->spec, after, limit, mci_source_deadline(c), ids, n, err));
}

int64_t mci_source_count(mci_call *c, const mci_coll *coll)
{
    mci_store *s = c->e->store;
    int64_t n = -1;
    mci_deadline dl = mci_deadline_in(c->e->set.store_timeout_ms);
    return s->ops->count != NULL && s->ops->count(s, coll->spec, dl, &n, NULL) == MC_OK ? n : -1;
}

mc_status mci_source_tally(mci_call *c, const mci_coll *coll, int64_t *out, mc_error *err)
{
    mci_store *s = c->e->store;
    if (s->ops->count == NULL)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store does not count");
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, s->ops->count(s, coll->spec, mci_source_deadline(c), out, err));
}

mc_status mci_source_prepare(mci_call *c, mc_error *err)
{
    mci_store *s = c->e->store;
    const mci_spec *specs[MCI_MAX_COLLS];
    if (s->ops->prepare == NULL)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store has nothing to prepare");
    for (size_t i = 0; i < c->e->ncolls; i++)
        specs[i] = c->e->colls[i].spec;
    return s->ops->prepare(s, specs, c->e->ncolls, mci_source_deadline(c), err);
}

mc_status mci_source_ping(mci_call *c, mc_error *err)
{
    mci_store *s = c->e->store;
    return s->ops->ping == NULL ? MC_OK : s->ops->ping(s, mci_source_deadline(c), err);
}
