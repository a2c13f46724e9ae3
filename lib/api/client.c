/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: opening and closing a client, and the calls about the whole cache. Refuses: half-open clients. */
#include "api/client.h"

#include "api/options.h"
#include "codec/json.h"
#include "engine/freshness.h"
#include "engine/health.h"
#include "engine/import.h"
#include "engine/invalidate.h"
#include "engine/source.h"
#include "index/build.h"
#include "index/repair.h"
#include "schema/schema.h"
#include "store/guarded.h"

#include <mflixcache/kv.h>
#include <mflixcache/version.h>
#include <stdlib.h>
#include <string.h>

static void destroy(mci_client *cl)
{
    if (cl == NULL)
        return;
    mci_engine_close(cl->engine); /* closes the store, whose callbacks may still log */
    mci_log_destroy(&cl->log);
    mci_guard_log_free(cl);
    mci_mutex_destroy(&cl->set_log);
    free(cl);
}

static mci_client *new_client(void)
{
    mci_client *cl = calloc(1, sizeof *cl);
    if (cl == NULL)
        return NULL;
    if (mci_mutex_init(&cl->set_log) != 0) {
        free(cl);
        return NULL;
    }
    if (mci_log_init(&cl->log) != 0) {
        mci_mutex_destroy(&cl->set_log);
        free(cl);
        return NULL;
    }
    cl->pid = mci_process_id();
    return cl;
}

/* Redis may be away, or full for a while; what will not get better by waiting is an error now, not a cache that is never used. */
static mc_status first_contact(mci_client *cl, const mci_settings *set, mc_error *err)
{
    mc_error why = {0};
    mci_deadline dl = mci_deadline_in(set->cache_connect_timeout_ms + set->cache_timeout_ms);
    int lasting = 0;
    mc_status st = mci_health_ask(cl->engine, dl, (int)set->store_adopt, &lasting, &why);
    int fatal = lasting || (st != MC_OK && set->write_mode == MCI_WRITE_STRICT);
    if (!fatal)
        return MC_OK;
    if (err != NULL)
        *err = why;
    return st;
}

/* Takes the store over, also on failure. */
static mc_status open_client(const mci_settings *set, mci_store *store, mci_client *cl, mc_client **out, mc_error *err)
{
    mc_status st = mci_engine_open(set, store, &cl->log, &cl->engine, err);
    if (st != MC_OK) {
        store->ops->close(store);
        return st;
    }
    cl->engine->repair = mci_repair_id;
    const mci_coll_settings *movies = &set->collections[MCI_MOVIES];
    const mci_coll_settings *theaters = &set->collections[MCI_THEATERS];
    st = mci_engine_add(cl->engine, &mci_movies_spec[movies->id_kind], movies->ttl_ms, &cl->movies, err);
    if (st == MC_OK)
        st = mci_engine_add(cl->engine, &mci_theaters_spec[theaters->id_kind], theaters->ttl_ms, &cl->theaters, err);
    if (st == MC_OK)
        st = first_contact(cl, set, err);
    if (st != MC_OK)
        return st;
    mc_client *mc = mci_handle_new(cl);
    if (mc == NULL)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "256 handles are open in this process; close some");
    *out = mc;
    return MC_OK;
}

static mc_status open_store(const mci_settings *set, mci_store **store, mc_error *err)
{
    mci_store_options so = {
        .uri = set->store_uri,
        .database = set->store_database,
        .timeout_ms = set->store_timeout_ms,
        .pool_max = (int)set->store_pool_max,
        .init_driver = (int)set->store_init_driver,
    };
    return mci_store_open(&so, &mci_engine_store_env, store, err);
}

static mc_status open_any(const mc_options *options, const mc_store *host, mc_client **out, mc_error *err)
{
    mci_error_clear(err);
    if (out == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "out is NULL");
    *out = NULL;
    mc_options *defaults = options == NULL ? mc_options_new() : NULL;
    mci_client *cl = new_client();
    mc_status st = MC_OK;
    if ((options == NULL && defaults == NULL) || cl == NULL)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory to open a client");
    const mci_settings *set = st == MC_OK ? mci_options_settings(options != NULL ? options : defaults) : NULL;
    if (st == MC_OK)
        st = mci_options_check(set, err);
    mci_store *store = NULL;
    if (st == MC_OK && host == NULL) {
        st = open_store(set, &store, err);
    } else if (st == MC_OK) {
        mci_callback_frame frame = mci_store_frame(cl);
        st = mci_store_callback_open(host, &frame, &mci_engine_store_env, &store, err);
        if (st == MC_OK && (store = mci_store_guarded_new(store)) == NULL)
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory to open a client");
    }
    if (st == MC_OK) {
        st = open_client(set, store, cl, out, err);
        cl->handed_out = st == MC_OK;
    }
    if (st != MC_OK)
        destroy(cl);
    mc_options_free(defaults);
    return st;
}

mc_status mc_open(const mc_options *options, mc_client **out, mc_error *err)
{
    return open_any(options, NULL, out, err);
}

mc_status mc_open_with_store(const mc_options *options, const mc_store *store, mc_client **out, mc_error *err)
{
    if (out != NULL)
        *out = NULL;
    if (store == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "store is NULL");
    if (store->struct_size < offsetof(mc_store, find) + sizeof store->find || store->find == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "store: begin with mc_store_init(), and find is mandatory");
    return open_any(options, store, out, err);
}

mc_status mc_close(mc_client *mc)
{
    if (mc == NULL)
        return MC_OK;
    mci_client *cl = NULL;
    mc_status st = mci_handle_enter(mc, &cl);
    if (st != MC_OK)
        return st;
    if (cl->pid != mci_process_id())
        st = MC_E_FORKED; /* its sockets belong to the parent */
    else if (mci_in_callback(cl))
        st = MC_E_REENTRANT;
    mci_handle_leave(mc);
    if (st == MC_OK)
        st = mci_handle_close(mc, &cl);
    if (st == MC_OK)
        destroy(cl);
    return st;
}

mc_status mc_ping(mc_client *mc, int *redis_ok, int *store_ok, mc_error *err)
{
    mci_entry en;
    if (redis_ok != NULL)
        *redis_ok = 0;
    if (store_ok != NULL)
        *store_ok = 0;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_engine *e = en.cl->engine;
    mc_error second = {0};
    st = mci_health_ask(e, en.call.dl, 0, NULL, &en.own_err);
    mc_status st2 = mci_source_ping(&en.call, &second);
    if (redis_ok != NULL)
        *redis_ok = st == MC_OK;
    if (store_ok != NULL)
        *store_ok = st2 == MC_OK;
    if (st == MC_OK && st2 != MC_OK) {
        st = st2;
        en.own_err = second;
    }
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_invalidate_all(mc_client *mc, mc_info *info, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    return mci_leave(&en, mci_invalidate_all(&en.call), MCI_H_NONE);
}

/* A set and the values of one collection, as far as they are wanted. */
static mc_status warm(mci_call *c, mci_coll *coll, mci_index *ix, int values, int64_t limit, mci_progress *p,
                      int64_t *loaded)
{
    if (!mci_reads_cache(c))
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_NONE, "read.tiers leaves Redis out: there is nothing to warm");
    mc_status st = ix != NULL ? mci_build_or_wait(c, coll, ix, p) : MC_OK;
    return st == MC_OK && values ? mci_warm_values(c, coll, limit, p, loaded) : st;
}

mc_status mc_warm(mc_client *mc, unsigned what, int64_t limit, mc_progress_fn progress, void *user, int64_t *loaded,
                  mc_error *err)
{
    mci_entry en;
    int64_t count = 0;
    if (loaded != NULL)
        *loaded = 0;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_progress_guard g = {en.cl, progress, user};
    mc_progress_fn fn = progress != NULL ? mci_guard_progress : NULL;
    if (what == 0 || (what & ~(unsigned)MC_WARM_ALL) != 0)
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "what must be made of MC_WARM_ bits");
    else if (limit < 0)
        st = mci_fail(&en.own_err, MC_E_RANGE, MC_TIER_NONE, "limit is negative");
    mci_progress p;
    mci_progress_begin(&p, fn, &g);
    if (st == MC_OK && what & (MC_WARM_BOARD | MC_WARM_MOVIES))
        st = warm(&en.call, en.cl->movies, what & MC_WARM_BOARD ? en.cl->movies->rank : NULL, (what & MC_WARM_MOVIES) != 0,
                  limit, &p, &count);
    if (st == MC_OK && what & MC_WARM_THEATERS)
        st = warm(&en.call, en.cl->theaters, en.cl->theaters->geo, 1, limit, &p, &count);
    if (loaded != NULL)
        *loaded = count;
    return mci_leave(&en, st, MCI_H_NONE);
}

static mc_status import(mc_client *mc, int theaters, const char *const *json, const size_t *sizes, size_t n, int mode,
                        mc_status *statuses, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (json == NULL || sizes == NULL || statuses == NULL)
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL",
                      json == NULL    ? "json"
                      : sizes == NULL ? "sizes"
                                      : "statuses");
    else if (n == 0 || n > MCI_MAX_BATCH)
        st = mci_fail(&en.own_err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; 1 to %d documents go into one call", n,
                      MCI_MAX_BATCH);
    else if (mode != MC_IMPORT_SKIP && mode != MC_IMPORT_REPLACE)
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "mode must be MC_IMPORT_SKIP or MC_IMPORT_REPLACE");
    else
        st = mci_import(&en.call, theaters ? en.cl->theaters : en.cl->movies, json, sizes, n, mode == MC_IMPORT_REPLACE,
                        statuses);
    if (st == MC_OK && en.caller_err != NULL)
        *en.caller_err = en.own_err; /* about the first item that was refused */
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_import_movies(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                           mc_status *statuses, mc_error *err)
{
    return import(mc, 0, json, sizes, n, mode, statuses, err);
}

mc_status mc_import_theaters(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                             mc_status *statuses, mc_error *err)
{
    return import(mc, 1, json, sizes, n, mode, statuses, err);
}

/* The checks of an import, and nothing else: no server is asked. */
static mc_status check_document(mc_client *mc, int theater, const char *json, size_t size, mc_error *err)
{
    mci_entry en;
    char id[MCI_ID_CAP];
    mci_buf text;
    mci_doc *doc = NULL;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    const mci_spec *spec = theater ? en.cl->theaters->spec : en.cl->movies->spec;
    mci_buf_init(&text, (size_t)2 * MCI_JSON_MAX);
    if (json == NULL)
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "json is NULL");
    else
        st = mci_json_document(spec, json, size, NULL, &text, id, NULL, &en.own_err);
    if (st == MC_OK)
        st = mci_json_decode(spec, text.data, text.len, &doc, &en.own_err);
    mci_doc_unref(doc);
    mci_buf_free(&text);
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_check_movie(mc_client *mc, const char *json, size_t size, mc_error *err)
{
    return check_document(mc, 0, json, size, err);
}

mc_status mc_check_theater(mc_client *mc, const char *json, size_t size, mc_error *err)
{
    return check_document(mc, 1, json, size, err);
}

mc_status mc_prepare_store(mc_client *mc, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    return mci_leave(&en, mci_source_prepare(&en.call, &en.own_err), MCI_H_NONE);
}

mc_status mc_get_stats(mc_client *mc, mc_stats *out)
{
    mci_entry en;
    if (out != NULL)
        memset(out, 0, sizeof *out);
    mc_status st = mci_enter(&en, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        st = MC_E_ARG;
    else
        mci_metrics_stats(en.cl->engine->metrics, out);
    return mci_leave(&en, st, MCI_H_NONE);
}

static mc_status text(mc_client *mc, char *(*write)(const mci_metrics *, const char *), char **out, mc_error *err)
{
    mci_entry en;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL");
    else if ((*out = write(en.cl->engine->metrics, MC_VERSION_TEXT)) == NULL)
        st = mci_fail(&en.own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the text");
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_stats_json(mc_client *mc, char **out, mc_error *err)
{
    return text(mc, mci_metrics_json, out, err);
}

mc_status mc_metrics_prometheus(mc_client *mc, char **out, mc_error *err)
{
    return text(mc, mci_metrics_prometheus, out, err);
}

mc_status mc_set_log(mc_client *mc, mc_log_fn fn, int level, void *user)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    return mci_leave(&en, mci_guard_log(en.cl, fn, level, user), MCI_H_NONE);
}

mc_status mc_set_clock(mc_client *mc, int64_t now_ms)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    if (now_ms < 0 || now_ms > (INT64_C(1) << 53))
        st = MC_E_RANGE;
    else
        atomic_store_explicit(&en.cl->engine->set_clock_ms, now_ms, memory_order_relaxed);
    return mci_leave(&en, st, MCI_H_NONE);
}

void mc_free(void *p)
{
    free(p);
}

const char *mc_version(void)
{
    return MC_VERSION_TEXT;
}

int mc_version_number(void)
{
    return MC_VERSION_MAJOR * 10000 + MC_VERSION_MINOR * 100 + MC_VERSION_PATCH;
}

const char *mc_features(void)
{
    return "redis unix-socket callback"
#if MFLIXCACHE_WITH_MONGODB
           " mongodb"
#endif
#if MFLIXCACHE_WITH_SQLITE
           " sqlite"
#endif
        ;
}
