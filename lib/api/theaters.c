/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions on theaters. Refuses: I/O before the checks. */
#include "api/call.h"
#include "api/list.h"

#include "engine/read.h"
#include "index/geo.h"
#include "schema/theaters.h"

#include <math.h>

#define LAT_MAX 85.05112878
#define RADIUS_MAX 20100000.0

mc_status mc_get_theater(mc_client *mc, const char *id, const mc_theater **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    mci_doc *d = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL")
                     : mci_check_id(fr.cl->theaters, id, key, &fr.own_err);
    if (st == MC_OK) {
        st = mci_read_one(&fr.call, fr.cl->theaters, key, MCI_WANT_FIELDS, &d);
        *out = mci_theater_of(d);
    }
    return mci_leave(&fr, st, MCI_H_READ);
}

static mc_status check_place(double lon, double lat, double radius_m, mc_error *err)
{
    /* Written so that NaN fails. */
    if (!(fabs(lon) <= 180.0))
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "lon must be a number from -180 to 180 (degrees east)");
    if (!(fabs(lat) <= LAT_MAX))
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE,
                        "lat must be a number from -85.05112878 to 85.05112878 (degrees north)");
    if (!(radius_m >= 0.0 && radius_m <= RADIUS_MAX))
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "radius_m must be a number from 0 to 20100000 (metres)");
    return MC_OK;
}

mc_status mc_nearby_theaters(mc_client *mc, double lon, double lat, double radius_m, int64_t count, mc_list **out,
                             mc_info *info, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, out, &fr.own_err);
    if (st == MC_OK)
        st = check_place(lon, lat, radius_m, &fr.own_err);
    if (st != MC_OK)
        return mci_leave(&fr, st, MCI_H_NEAR);
    mc_list *l = mci_list_new(MCI_LIST_NEAR, count, &fr.own_err);
    st = l == NULL ? MC_E_NOMEM : mci_geo_near(&fr.call, fr.cl->theaters, lon, lat, radius_m, (size_t)count, l->rows, &l->n);
    return mci_leave(&fr, mci_list_hand_out(l, st, out), MCI_H_NEAR);
}
