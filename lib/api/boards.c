/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that rank movies: top, rank, views, trending. Refuses: I/O before the checks. */
#include "api/client.h"

#include "index/counter.h"
#include "index/rank.h"
#include "schema/movies.h"

#include <stdlib.h>

#define OFFSET_MAX 1000000

static void hand_over(mci_row *from, size_t n, mc_ranked *to)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (mc_ranked){.movie = mci_movie_of(from[i].doc), .score = from[i].score, .rank = from[i].rank};
        free(from[i].id);
    }
}

/* offset < 0: by views. */
static mc_status ranked(mci_entry *en, int64_t offset, int64_t count, mc_ranked *rows, size_t *n)
{
    mci_row *found = calloc(count > 0 ? (size_t)count : 1, sizeof *found);
    if (found == NULL)
        return mci_fail(&en->own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %lld rows", (long long)count);
    size_t got = 0;
    mc_status st = offset < 0 ? mci_counter_top(&en->call, en->cl->movies, (size_t)count, found, &got)
                              : mci_rank_page(&en->call, en->cl->movies, offset, (size_t)count, found, &got);
    if (st == MC_OK) {
        hand_over(found, got, rows);
        *n = got; /* NOLINT(clang-analyzer-core.NullDereference): checked by both callers */
    }
    free(found);
    return st;
}

mc_status mc_top_movies(mc_client *mc, int64_t offset, int64_t count, mc_ranked *rows, size_t *n, mc_info *info,
                        mc_error *err)
{
    mci_entry en;
    if (n != NULL)
        *n = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, rows, n, &en.own_err);
    if (st == MC_OK && (offset < 0 || offset > OFFSET_MAX))
        st = mci_fail(&en.own_err, MC_E_RANGE, MC_TIER_NONE, "offset must be from 0 to %d", OFFSET_MAX);
    if (st == MC_OK)
        st = ranked(&en, offset, count, rows, n);
    return mci_leave(&en, st, MCI_H_TOP);
}

mc_status mc_trending(mc_client *mc, int64_t count, mc_ranked *rows, size_t *n, mc_info *info, mc_error *err)
{
    mci_entry en;
    if (n != NULL)
        *n = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_count(&count, rows, n, &en.own_err);
    if (st == MC_OK)
        st = ranked(&en, -1, count, rows, n);
    return mci_leave(&en, st, MCI_H_TOP);
}

mc_status mc_rank_movie(mc_client *mc, const char *id, int64_t *rank, double *rating, mc_info *info, mc_error *err)
{
    mci_entry en;
    char key[MCI_ID_CAP];
    double score = 0;
    int64_t place = 0;
    if (rank != NULL)
        *rank = 0;
    if (rating != NULL)
        *rating = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = rank == NULL ? mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "rank is NULL")
                      : mci_check_id(en.cl->movies, id, key, &en.own_err);
    if (st == MC_OK)
        st = mci_rank_place(&en.call, en.cl->movies, key, &place, &score);
    if (st == MC_OK) {
        *rank = place;
        if (rating != NULL)
            *rating = score;
    }
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_record_view(mc_client *mc, const char *id, int64_t *views, mc_info *info, mc_error *err)
{
    mci_entry en;
    char key[MCI_ID_CAP];
    int64_t count = 0;
    if (views != NULL)
        *views = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(en.cl->movies, id, key, &en.own_err);
    if (st == MC_OK)
        st = mci_counter_add(&en.call, en.cl->movies, key, &count);
    if (st == MC_OK && views != NULL)
        *views = count;
    return mci_leave(&en, st, MCI_H_NONE);
}

void mc_ranked_clear(mc_ranked *rows, size_t n)
{
    for (size_t i = 0; rows != NULL && i < n; i++) {
        mc_movie_unref(rows[i].movie);
        rows[i] = (mc_ranked){0};
    }
}
