/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions on theaters. Refuses: I/O before the checks. */
#include "api/client.h"

#include "engine/read.h"
#include "index/geo.h"
#include "schema/theaters.h"

#include <math.h>
#include <stdlib.h>

#define LAT_MAX 85.05112878
#define RADIUS_MAX 20100000.0

mc_status mc_get_theater(mc_client *mc, const char *id, const mc_theater **out, mc_info *info, mc_error *err)
{
    mci_entry en;
    char key[MCI_ID_CAP];
    mci_doc *d = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL")
                     : mci_check_id(en.cl->theaters, id, key, &en.own_err);
    if (st == MC_OK) {
        st = mci_read_one(&en.call, en.cl->theaters, key, MCI_WANT_FIELDS, &d);
        *out = mci_theater_of(d);
    }
    return mci_leave(&en, st, MCI_H_READ);
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

mc_status mc_nearby_theaters(mc_client *mc, double lon, double lat, double radius_m, int64_t count, mc_nearby *rows,
                             size_t *n, mc_info *info, mc_error *err)
{
    mci_entry en;
    if (n != NULL)
        *n = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, rows, n, &en.own_err);
    if (st == MC_OK)
        st = check_place(lon, lat, radius_m, &en.own_err);
    mci_row *found = calloc(count > 0 ? (size_t)count : 1, sizeof *found);
    size_t got = 0;
    if (st == MC_OK && found == NULL)
        st = mci_fail(&en.own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %lld rows", (long long)count);
    if (st == MC_OK)
        st = mci_geo_near(&en.call, en.cl->theaters, lon, lat, radius_m, (size_t)count, found, &got);
    for (size_t i = 0; st == MC_OK && i < got; i++) {
        rows[i] = (mc_nearby){
            .theater = mci_theater_of(found[i].doc), .distance_m = found[i].score, .lon = found[i].lon, .lat = found[i].lat};
        free(found[i].id);
        *n = i + 1;
    }
    free(found);
    return mci_leave(&en, st, MCI_H_NEAR);
}

void mc_nearby_clear(mc_nearby *rows, size_t n)
{
    for (size_t i = 0; rows != NULL && i < n; i++) {
        mc_theater_unref(rows[i].theater);
        rows[i] = (mc_nearby){0};
    }
}
