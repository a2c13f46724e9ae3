/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: opening, closing and asking after a client as a whole. Refuses: half-open clients. */
#include "api/instance.h"

#include "api/call.h"
#include "api/callbacks.h"
#include "api/handle.h"
#include "api/options.h"
#include "api/session.h"
#include "base/findings.h"
#include "engine/check.h"
#include "engine/health.h"
#include "engine/source.h"
#include "index/repair.h"
#include "schema/schema.h"
#include "store/guarded.h"

#include <stdlib.h>

static void destroy(mci_client *cl)
{
    if (cl == NULL)
        return;
    mci_engine_close(cl->engine); /* closes the store, whose callbacks may still log */
    mci_log_destroy(&cl->log);
    mci_guard_log_free(cl);
    mci_mutex_destroy(&cl->set_log);
    mci_fork_mark_free(&cl->mark);
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
    mci_fork_mark_set(&cl->mark);
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

/* An engine with its collections. Takes the store over, also on failure; it may be NULL. */
static mc_status new_engine(const mci_settings *set, mci_store *store, mci_client *cl, mc_error *err)
{
    mc_status st = mci_engine_open(set, store, &cl->log, &cl->engine, err);
    if (st != MC_OK) {
        if (store != NULL)
            store->ops->close(store);
        return st;
    }
    cl->engine->repair = mci_repair_id;
    const mci_coll_settings *movies = &set->collections[MCI_MOVIES];
    const mci_coll_settings *theaters = &set->collections[MCI_THEATERS];
    st = mci_engine_add(cl->engine, &mci_movies_spec[movies->id_kind], movies->ttl_ms, &cl->movies, err);
    if (st == MC_OK)
        st = mci_engine_add(cl->engine, &mci_theaters_spec[theaters->id_kind], theaters->ttl_ms, &cl->theaters, err);
    if (st == MC_OK) {
        cl->movies->docs.plain_fields = movies->plain_fields != 0;
        cl->theaters->docs.plain_fields = theaters->plain_fields != 0;
    }
    return st;
}

/* Takes the store over, also on failure. */
static mc_status open_client(const mci_settings *set, mci_store *store, mci_client *cl, mc_client **out, mc_error *err)
{
    mc_status st = new_engine(set, store, cl, err);
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
        .addr = set->store_addr,
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

/* Is this thread inside a callback of the handle, or of the handle that a session is of? Then a call under way would wait for itself. */
static int inside_callback(const mci_client *cl)
{
    mci_client *root = NULL;
    if (cl->root == NULL)
        return mci_in_callback(cl);
    if (mci_handle_enter(cl->root, &root) != MC_OK)
        return 0; /* closed: nobody is inside */
    int inside = mci_in_callback(root);
    mci_handle_leave(cl->root);
    return inside;
}

mc_status mc_close(mc_client *mc)
{
    if (mc == NULL)
        return MC_OK;
    mci_client *cl = NULL;
    mc_status st = mci_handle_enter(mc, &cl);
    if (st != MC_OK)
        return st;
    if (mci_fork_mark_crossed(&cl->mark))
        st = MC_E_FORKED; /* its sockets belong to the parent */
    else if (inside_callback(cl))
        st = MC_E_REENTRANT;
    mci_handle_leave(mc);
    if (st == MC_OK)
        st = mci_handle_close(mc, &cl);
    if (st == MC_OK && cl->root != NULL)
        mci_session_free(cl);
    else if (st == MC_OK)
        destroy(cl);
    return st;
}

static mc_status hand_out(mc_findings *f, mc_findings **out, mc_error *err)
{
    if (f == NULL || mci_findings_failed(f)) {
        mc_findings_free(f);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for findings");
    }
    *out = f;
    return MC_OK;
}

mc_status mc_ping(mc_client *mc, int *redis_ok, int *store_ok, mc_error *err)
{
    mci_frame fr;
    if (redis_ok != NULL)
        *redis_ok = 0;
    if (store_ok != NULL)
        *store_ok = 0;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_engine *e = fr.cl->engine;
    mc_error second = {0};
    st = mci_health_ask(e, fr.call.dl, 0, NULL, &fr.own_err);
    mc_status st2 = mci_source_ping(&fr.call, &second);
    if (redis_ok != NULL)
        *redis_ok = st == MC_OK;
    if (store_ok != NULL)
        *store_ok = st2 == MC_OK;
    if (st == MC_OK && st2 != MC_OK) {
        st = st2;
        fr.own_err = second;
    }
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_check(mc_client *mc, mc_findings **out, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mc_findings *f = out != NULL ? mci_findings_new() : NULL;
    if (out == NULL)
        return mci_leave(&fr, mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL"), MCI_H_NONE);
    if (f != NULL)
        mci_check(&fr.call, NULL, f);
    return mci_leave(&fr, hand_out(f, out, &fr.own_err), MCI_H_NONE);
}

mc_status mc_options_check(const mc_options *options, mc_findings **out, mc_error *err)
{
    mci_error_clear(err);
    if (out == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "out is NULL");
    *out = NULL;
    mc_options *defaults = options == NULL ? mc_options_new() : NULL;
    mci_client *cl = new_client();
    mc_findings *f = mci_findings_new();
    mc_error why_no_store = {0};
    mci_store *store = NULL;
    mc_status st = MC_OK;
    if ((options == NULL && defaults == NULL) || cl == NULL || f == NULL)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a check");
    const mci_settings *set = st == MC_OK ? mci_options_settings(options != NULL ? options : defaults) : NULL;
    if (st == MC_OK)
        st = mci_options_check(set, err);
    if (st == MC_OK && open_store(set, &store, &why_no_store) != MC_OK)
        store = NULL;
    if (st == MC_OK)
        st = new_engine(set, store, cl, err);
    if (st == MC_OK) {
        mc_info info = {0};
        mci_call c = {.e = cl->engine, .info = &info, .dl = mci_deadline_in(set->call_timeout_ms)};
        mci_check(&c, store == NULL ? &why_no_store : NULL, f);
        st = hand_out(f, out, err);
        f = NULL;
    }
    mc_findings_free(f);
    destroy(cl);
    mc_options_free(defaults);
    return st;
}

mc_status mc_prepare_store(mc_client *mc, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    return mci_leave(&fr, mci_source_prepare(&fr.call, &fr.own_err), MCI_H_NONE);
}

mc_status mc_set_clock(mc_client *mc, int64_t now_ms)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    if (now_ms < 0 || now_ms > (INT64_C(1) << 53))
        st = MC_E_RANGE;
    else
        atomic_store_explicit(&fr.cl->engine->set_clock_ms, now_ms, memory_order_relaxed);
    return mci_leave(&fr, st, MCI_H_NONE);
}
