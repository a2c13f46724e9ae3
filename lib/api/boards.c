/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that rank movies: top, rank, views, trending. Refuses: I/O before the checks. */
#include "api/call.h"
#include "api/list.h"

#include "index/counter.h"
#include "index/rank.h"
#include <mflixcache/movies.h>

#define OFFSET_MAX 1000000

mc_status mc_top_movies(mc_client *mc, int64_t offset, int64_t count, mc_list **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, out, &fr.own_err);
    if (st == MC_OK && (offset < 0 || offset > OFFSET_MAX))
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "offset must be from 0 to %d", OFFSET_MAX);
    if (st != MC_OK)
        return mci_leave(&fr, st, MCI_H_TOP);
    mc_list *l = mci_list_new(MCI_LIST_RATED, count, &fr.own_err);
    st = l == NULL ? MC_E_NOMEM : mci_rank_page(&fr.call, fr.cl->movies, offset, (size_t)count, l->rows, &l->n);
    return mci_leave(&fr, mci_list_hand_out(l, st, out), MCI_H_TOP);
}

mc_status mc_trending(mc_client *mc, int64_t count, mc_list **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, out, &fr.own_err);
    if (st != MC_OK)
        return mci_leave(&fr, st, MCI_H_TOP);
    mc_list *l = mci_list_new(MCI_LIST_VIEWED, count, &fr.own_err);
    st = l == NULL ? MC_E_NOMEM : mci_counter_top(&fr.call, fr.cl->movies, (size_t)count, l->rows, &l->n);
    return mci_leave(&fr, mci_list_hand_out(l, st, out), MCI_H_TOP);
}

mc_status mc_rank_movie(mc_client *mc, const char *id, int64_t *rank, double *rating, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    double score = 0;
    int64_t place = 0;
    if (rank != NULL)
        *rank = 0;
    if (rating != NULL)
        *rating = 0;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = rank == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "rank is NULL")
                      : mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_rank_place(&fr.call, fr.cl->movies, key, &place, &score);
    if (st == MC_OK) {
        *rank = place;
        if (rating != NULL)
            *rating = score;
    }
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_record_view(mc_client *mc, const char *id, int64_t *views, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    int64_t count = 0;
    if (views != NULL)
        *views = 0;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_counter_add(&fr.call, fr.cl->movies, key, &count);
    if (st == MC_OK && views != NULL)
        *views = count;
    return mci_leave(&fr, st, MCI_H_NONE);
}
