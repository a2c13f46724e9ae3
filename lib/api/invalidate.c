/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that drop what is cached: one movie, one title, everything. Refuses: I/O before the checks. */
#include "api/call.h"

#include "engine/invalidate.h"
#include <mflixcache/movies.h>

mc_status mc_invalidate(mc_client *mc, const char *id, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_invalidate_id(&fr.call, fr.cl->movies, key);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_invalidate_title(mc_client *mc, const char *title, mc_info *info, mc_error *err)
{
    mci_frame fr;
    size_t len = 0;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_title(title, &len, &fr.own_err);
    if (st == MC_OK)
        st = mci_invalidate_unique(&fr.call, fr.cl->movies, title, len);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_invalidate_all(mc_client *mc, mc_info *info, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    return mci_leave(&fr, mci_invalidate_all(&fr.call), MCI_H_NONE);
}
