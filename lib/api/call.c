/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: how each public call begins and ends, and the checks of arguments that calls share. Refuses: I/O and policy. */
#include "api/call.h"

#include "api/callbacks.h"
#include "api/handle.h"
#include "base/utf8.h"

#include <string.h>

_Static_assert(sizeof(mc_info) == MC_INFO_SIZE, "mc_info is part of the ABI");

/* A call on a session is one on its root: both are counted in. */
static mc_status enter_handles(mci_frame *fr, mci_session **session)
{
    *session = NULL;
    mc_status st = mci_handle_enter(fr->mc, &fr->cl);
    if (st != MC_OK || fr->cl->root == NULL)
        return st;
    *session = fr->cl->session;
    fr->root = fr->cl->root;
    st = mci_handle_enter(fr->root, &fr->cl);
    if (st != MC_OK)
        mci_handle_leave(fr->mc);
    return st == MC_E_ARG ? MC_E_CLOSED : st;
}

static void leave_handles(const mci_frame *fr)
{
    if (fr->root != NULL)
        mci_handle_leave(fr->root);
    mci_handle_leave(fr->mc);
}

mc_status mci_enter(mci_frame *fr, const mc_client *mc, mc_info *info, mc_error *err)
{
    if (info != NULL)
        *info = (mc_info){0};
    mci_error_clear(err);
    *fr = (mci_frame){.mc = mc, .caller_err = err, .t0_ns = mci_now_ns()};
    if (mc == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "mc is NULL");
    mci_session *session = NULL;
    mc_status st = enter_handles(fr, &session);
    if (st == MC_E_ARG)
        return mci_fail(err, st, MC_TIER_NONE, "mc is not a handle from mc_open()");
    if (st != MC_OK)
        return mci_fail(err, st, MC_TIER_NONE, fr->root != NULL ? "the session's handle is closed" : "the handle is closed");
    if (mci_fork_mark_crossed(&fr->cl->mark))
        st = mci_fail(err, MC_E_FORKED, MC_TIER_NONE, "the handle was opened before fork(): open a new one in the child");
    else if (mci_in_callback(fr->cl))
        st = mci_fail(err, MC_E_REENTRANT, MC_TIER_NONE, "called from inside a callback of the same handle");
    if (st != MC_OK) {
        leave_handles(fr);
        return st;
    }
    fr->call = (mci_call){
        .e = fr->cl->engine,
        .began_ns = fr->t0_ns,
        .info = info != NULL ? info : &fr->own_info,
        .err = &fr->own_err,
        .session = session,
    };
    fr->call.dl = mci_deadline_from(fr->t0_ns, mci_call_timeout_ms(&fr->call));
    return MC_OK;
}

/* Inside, the cache is the tier of Redis, whoever runs it; outside it has its own name. */
void mci_name_tier(const mci_engine *e, int *tier)
{
    if (e->set.cache_in_memory && *tier == MC_TIER_REDIS)
        *tier = MC_TIER_MEMORY;
}

mc_status mci_leave(mci_frame *fr, mc_status st, int histogram)
{
    mc_info *info = fr->call.info;
    info->elapsed_ns = mci_now_ns() - fr->t0_ns;
    mci_name_tier(fr->cl->engine, &info->tier);
    mci_name_tier(fr->cl->engine, &fr->own_err.tier);
    if (st < 0 && info->stale_bound_ms == 0)
        info->stale_bound_ms = -1;
    if (st >= 0 && histogram == MCI_H_READ)
        mci_time(fr->cl->engine->metrics, info->cache == MC_CACHE_HIT ? MCI_H_READ_HIT : MCI_H_READ_MISS, info->elapsed_ns);
    else if (st >= 0 && histogram >= 0)
        mci_time(fr->cl->engine->metrics, (mci_histogram)histogram, info->elapsed_ns);
    if (fr->caller_err != NULL && st < 0) {
        *fr->caller_err = fr->own_err;
        fr->caller_err->code = st;
        fr->caller_err->retriable = (unsigned char)mci_status_retriable(st);
        if (fr->caller_err->text[0] == '\0')
            (void)mci_fail(fr->caller_err, st, fr->own_err.tier, "%s", mc_status_text(st));
    }
    leave_handles(fr);
    return st;
}

mc_status mci_check_id(const mci_coll *coll, const char *id, char out[MCI_ID_CAP], mc_error *err)
{
    if (id == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "id is NULL");
    return mci_id_check(coll->spec->id_kind, id, strlen(id), out, "id", err);
}

mc_status mci_check_title(const char *title, size_t *len, mc_error *err)
{
    if (title == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "title is NULL");
    *len = strlen(title);
    if (*len == 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "title is empty");
    if (*len > MCI_UNIQUE_MAX)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "title has %zu bytes; the limit is %d", *len, MCI_UNIQUE_MAX);
    if (!mci_utf8_valid(title, *len))
        return mci_fail(err, MC_E_UTF8, MC_TIER_NONE, "title is not valid UTF-8");
    return MC_OK;
}

mc_status mci_check_count(int64_t *count, const void *out, mc_error *err)
{
    if (out == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "out is NULL");
    if (*count < 0)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "count is negative");
    if (*count > MCI_MAX_BATCH)
        *count = MCI_MAX_BATCH;
    return MC_OK;
}
