/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the look at both ends: the cache by its own check, whose values it holds, the database, what this handle still has to do. */
#include "engine/check.h"

#include "base/findings.h"
#include "engine/health.h"
#include "engine/source.h"

#include <stdio.h>

static void check_identity(mci_call *c, mc_findings *out)
{
    mci_engine *e = c->e;
    mc_error err = {0};
    mc_status st = mci_health_ask(e, c->dl, 0, NULL, &err);
    if (st == MC_E_DATABASE)
        mci_found_it(out, MC_SEVERITY_ERROR, "redis.identity",
                     "use another cache.prefix for each database, or drop what is there: mflix invalidate --all --adopt",
                     "%s", err.text);
    else if (st == MC_OK && e->identity[0] != '\0')
        mci_found_it(out, MC_SEVERITY_FINE, "redis.identity", "", "what is under the prefix \"%s\" is of this database",
                     e->set.cache_prefix);
    else if (st != MC_OK)
        mci_found_it(out, MC_SEVERITY_ERROR, "redis.unusable", "see the findings before this one", "%s", err.text);
}

static void check_cache(mci_call *c, mc_findings *out)
{
    mci_engine *e = c->e;
    int64_t step_ms = e->set.cache_connect_timeout_ms + e->set.cache_timeout_ms;
    if (e->cache->ops->check == NULL || e->set.cache_in_memory)
        mci_found_it(out, MC_SEVERITY_FINE, "redis.none", "", "the cache is in this process (memory:)");
    else if (!e->cache->ops->check(e->cache, step_ms, out))
        return;
    c->dl = mci_deadline_in(step_ms);
    check_identity(c, out);
    size_t waiting = atomic_load(&e->recovery.count);
    if (waiting > 0)
        mci_found_it(out, MC_SEVERITY_WARNING, "redis.recovery", "nothing: it is told as soon as Redis takes it",
                     "%zu ids were written while Redis did not hear of it; other processes may see old values", waiting);
}

/* Its number of documents; -1: not known. */
static int64_t check_collection(mci_call *c, const mci_coll *coll, mc_findings *out)
{
    mci_store *s = c->e->store;
    char names[256];
    mc_error err = {0};
    int64_t n = mci_source_count(c, coll);
    if (n >= 0)
        mci_found_it(out, n > 0 ? MC_SEVERITY_FINE : MC_SEVERITY_NOTE, "database.documents",
                     n > 0 ? "" : "mflix load FILE, or mflix generate --load", "%s: %lld documents", coll->spec->name,
                     (long long)n);
    if (s->ops->missing_indexes == NULL)
        return n;
    mci_buf missing = {.data = names, .cap = sizeof names, .max = sizeof names - 1};
    mc_status st = s->ops->missing_indexes(s, coll->spec, mci_source_deadline(c), &missing, &err);
    if (st != MC_OK)
        mci_found_it(out, MC_SEVERITY_NOTE, "database.indexes", "allow the account to list indexes",
                     "%s: its indexes were not looked at: %s", coll->spec->name, err.text);
    else if (missing.len > 0)
        mci_found_it(out, n > 0 ? MC_SEVERITY_WARNING : MC_SEVERITY_NOTE, "database.indexes",
                     "mc_prepare_store(), or mflix load, makes them",
                     "%s: no index for %.*s: misses by title and boards read every document", coll->spec->name,
                     (int)missing.len, names);
    return n;
}

static void check_store(mci_call *c, mc_findings *out)
{
    mci_engine *e = c->e;
    mc_error err = {0};
    int64_t best = INT64_MAX;
    mc_status st = MC_OK;
    for (int i = 0; i < 3 && st == MC_OK; i++) {
        c->dl = mci_deadline_in(e->set.store_timeout_ms);
        int64_t t0 = mci_now_ns();
        st = mci_source_ping(c, &err);
        best = mci_now_ns() - t0 < best ? mci_now_ns() - t0 : best;
    }
    if (st != MC_OK) {
        mci_found_it(out, MC_SEVERITY_ERROR, "database.unreachable", "is it running, and is store.uri its address?", "%s",
                     err.text);
        return;
    }
    mci_found_it(out, MC_SEVERITY_FINE, "database.reachable", "", "%s answers in %.2f ms", e->store->ops->name,
                 (double)best / 1e6);
    size_t empty = 0;
    for (size_t i = 0; i < e->ncolls; i++) {
        c->dl = mci_deadline_in(e->set.store_timeout_ms);
        empty += check_collection(c, &e->colls[i], out) == 0;
    }
    if (empty == e->ncolls)
        mci_found_it(out, MC_SEVERITY_WARNING, "database.empty",
                     "fill it, or name the one that is meant: store.uri, store.database", "there are no documents at all");
}

void mci_check(mci_call *c, const mc_error *store_error, mc_findings *out)
{
    mci_call quiet = mci_call_quiet(c);
    check_cache(&quiet, out);
    if (c->e->store != NULL)
        check_store(&quiet, out);
    else if (store_error != NULL)
        mci_found_it(out, MC_SEVERITY_ERROR, "database.unreachable", "look at store.uri, and whether the database is there",
                     "%s", store_error->text);
}
