/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public function that loads the cache ahead of traffic. Refuses: I/O before the checks. */
#include "api/call.h"
#include "api/callbacks.h"

#include "engine/freshness.h"
#include "engine/warm.h"
#include "index/build.h"
#include "index/judge.h"

/* A set and the values of one collection, as far as they are wanted. */
static mc_status warm(mci_call *c, mci_coll *coll, mci_index *ix, int values, int64_t limit, mci_progress *p,
                      int64_t *loaded)
{
    if (!mci_reads_cache(c))
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_NONE, "read.tiers leaves Redis out: there is nothing to warm");
    if (ix != NULL)
        mci_leave_old_epoch(c, ix);
    mc_status st = ix != NULL ? mci_build_or_wait(c, coll, ix, p) : MC_OK;
    return st == MC_OK && values ? mci_warm_values(c, coll, limit, p, loaded) : st;
}

mc_status mc_warm(mc_client *mc, unsigned what, int64_t limit, mc_progress_fn progress, void *user, int64_t *loaded,
                  mc_error *err)
{
    mci_frame fr;
    int64_t count = 0;
    if (loaded != NULL)
        *loaded = 0;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_progress_guard g = {fr.cl, progress, user};
    mc_progress_fn fn = progress != NULL ? mci_guard_progress : NULL;
    if (what == 0 || (what & ~(unsigned)MC_WARM_ALL) != 0)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "what must be made of MC_WARM_ bits");
    else if (limit < 0)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "limit is negative");
    mci_progress p;
    mci_progress_begin(&p, fn, &g);
    if (st == MC_OK && what & (MC_WARM_BOARD | MC_WARM_MOVIES))
        st = warm(&fr.call, fr.cl->movies, what & MC_WARM_BOARD ? fr.cl->movies->rank : NULL, (what & MC_WARM_MOVIES) != 0,
                  limit, &p, &count);
    if (st == MC_OK && what & MC_WARM_THEATERS)
        st = warm(&fr.call, fr.cl->theaters, fr.cl->theaters->geo, 1, limit, &p, &count);
    if (loaded != NULL)
        *loaded = count;
    return mci_leave(&fr, st, MCI_H_NONE);
}
