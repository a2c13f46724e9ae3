/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public function that loads the cache ahead of traffic. Refuses: I/O before the checks. */
#include "api/call.h"
#include "api/callbacks.h"

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
    if (st == MC_OK && what & (MC_WARM_BOARD | MC_WARM_MOVIES))
        st = mci_warm(&fr.call, fr.cl->movies, (what & MC_WARM_MOVIES) != 0,
                      what & MC_WARM_BOARD ? &fr.cl->movies->board : NULL, limit, fn, &g, &count);
    if (st == MC_OK && what & MC_WARM_THEATERS)
        st = mci_warm(&fr.call, fr.cl->theaters, 1, &fr.cl->theaters->geo, limit, fn, &g, &count);
    if (loaded != NULL)
        *loaded = count;
    return mci_leave(&fr, st, MCI_H_NONE);
}
