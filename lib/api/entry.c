/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: how each public call begins and ends, and the checks of arguments that calls share. Refuses: I/O and policy. */
#include "api/client.h"

#include "base/utf8.h"

#include <string.h>

_Static_assert(sizeof(mc_info) == MC_INFO_SIZE, "mc_info is part of the ABI");

mc_status mci_enter(mci_entry *en, const mc_client *mc, mc_info *info, mc_error *err)
{
    if (info != NULL)
        *info = (mc_info){0};
    mci_error_clear(err);
    *en = (mci_entry){.mc = mc, .caller_err = err, .t0_ns = mci_now_ns()};
    if (mc == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "mc is NULL");
    mc_status st = mci_handle_enter(mc, &en->cl);
    if (st == MC_E_ARG)
        return mci_fail(err, st, MC_TIER_NONE, "mc is not a handle from mc_open()");
    if (st != MC_OK)
        return mci_fail(err, st, MC_TIER_NONE, "the handle is closed");
    if (en->cl->pid != mci_process_id())
        st = mci_fail(err, MC_E_FORKED, MC_TIER_NONE, "the handle was opened before fork(): open a new one in the child");
    else if (mci_in_callback(en->cl))
        st = mci_fail(err, MC_E_REENTRANT, MC_TIER_NONE, "called from inside a callback of the same handle");
    if (st != MC_OK) {
        mci_handle_leave(mc);
        return st;
    }
    en->call = (mci_call){
        .e = en->cl->engine,
        .dl = mci_deadline_in(en->cl->engine->set.call_timeout_ms),
        .info = info != NULL ? info : &en->own_info,
        .err = &en->own_err,
    };
    return MC_OK;
}

mc_status mci_leave(mci_entry *en, mc_status st, int histogram)
{
    mc_info *info = en->call.info;
    info->elapsed_ns = mci_now_ns() - en->t0_ns;
    if (st < 0 && info->stale_bound_ms == 0)
        info->stale_bound_ms = -1;
    if (st >= 0 && histogram == MCI_H_READ)
        mci_time(en->cl->engine->metrics, info->cache == MC_CACHE_HIT ? MCI_H_READ_HIT : MCI_H_READ_MISS, info->elapsed_ns);
    else if (st >= 0 && histogram >= 0)
        mci_time(en->cl->engine->metrics, (mci_histogram)histogram, info->elapsed_ns);
    if (en->caller_err != NULL && st < 0) {
        *en->caller_err = en->own_err;
        en->caller_err->code = st;
        en->caller_err->retriable = (unsigned char)mci_status_retriable(st);
        if (en->caller_err->text[0] == '\0')
            (void)mci_fail(en->caller_err, st, en->own_err.tier, "%s", mc_status_text(st));
    }
    mci_handle_leave(en->mc);
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

mc_status mci_check_count(int64_t *count, const void *rows, const void *n, mc_error *err)
{
    if (n == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "n is NULL");
    if (*count < 0)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "count is negative");
    if (*count > 0 && rows == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "rows is NULL");
    if (*count > MCI_MAX_BATCH)
        *count = MCI_MAX_BATCH;
    return MC_OK;
}
