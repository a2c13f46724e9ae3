/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions on movies: arguments checked, one call into the engine each. Refuses: I/O before the checks. */
#include "api/call.h"

#include "engine/read.h"
#include "engine/write.h"
#include "index/unique.h"
#include "schema/movies.h"

#include <stdlib.h>
#include <string.h>

static mc_status get(mc_client *mc, const char *id, mci_want want, const mc_movie **out, mc_info *info, mc_error *err)
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
                     : mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK) {
        st = mci_read_one(&fr.call, fr.cl->movies, key, want, &d);
        *out = mci_movie_of(d);
    }
    return mci_leave(&fr, st, MCI_H_READ);
}

mc_status mc_get_movie(mc_client *mc, const char *id, const mc_movie **out, mc_info *info, mc_error *err)
{
    return get(mc, id, MCI_WANT_FIELDS, out, info, err);
}

mc_status mc_get_movie_document(mc_client *mc, const char *id, const mc_movie **out, mc_info *info, mc_error *err)
{
    return get(mc, id, MCI_WANT_BOTH, out, info, err);
}

mc_status mc_get_movie_by_title(mc_client *mc, const char *title, const mc_movie **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    size_t len = 0;
    mci_doc *d = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL")
                     : mci_check_title(title, &len, &fr.own_err);
    if (st == MC_OK) {
        st = mci_unique_read(&fr.call, fr.cl->movies, title, len, MCI_WANT_FIELDS, &d);
        *out = mci_movie_of(d);
    }
    return mci_leave(&fr, st, MCI_H_READ);
}

/* Read the items whose ids are well-formed, and put every outcome in its place. */
static mc_status get_many(mci_frame *fr, const char *const *ids, size_t n, const mc_movie **out, mc_status *statuses,
                          mc_info *infos)
{
    mci_item *items = calloc(n, sizeof *items);
    char(*keys)[MCI_ID_CAP] = calloc(n, sizeof *keys);
    mc_status st = MC_OK;
    size_t good = 0;
    if (items == NULL || keys == NULL)
        st = mci_fail(&fr->own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu movies", n);
    mc_error first = {0};
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        statuses[i] = mci_check_id(fr->cl->movies, ids[i], keys[i], first.code == 0 ? &first : NULL);
        if (statuses[i] == MC_OK)
            items[good++].id = keys[i];
    }
    if (st == MC_OK)
        st = mci_read_many(&fr->call, fr->cl->movies, items, good, MCI_WANT_FIELDS);
    size_t k = 0;
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        if (statuses[i] != MC_OK)
            continue;
        mci_item *it = &items[k++];
        statuses[i] = it->status;
        out[i] = mci_movie_of(it->doc);
        if (infos != NULL) {
            infos[i] = it->info;
            infos[i].redis_round_trips = fr->call.info->redis_round_trips;
            infos[i].store_calls = fr->call.info->store_calls;
            mci_name_tier(fr->cl->engine, &infos[i].tier);
            infos[i].elapsed_ns = mci_now_ns() - fr->t0_ns;
        }
    }
    for (size_t i = 0; st != MC_OK && i < n; i++)
        statuses[i] = st;
    if (first.code != 0)
        fr->own_err = first;
    if (st == MC_OK && fr->caller_err != NULL && fr->own_err.code < 0)
        for (size_t i = 0; i < n; i++)
            if (statuses[i] < 0) { /* a Redis that was away is not an error when every item has its answer */
                *fr->caller_err = fr->own_err;
                break;
            }
    free(items);
    free(keys);
    return st;
}

mc_status mc_get_movies(mc_client *mc, const char *const *ids, size_t n, const mc_movie **out, mc_status *statuses,
                        mc_info *infos, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (n > MCI_MAX_BATCH)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; at most %d ids go into one call", n, MCI_MAX_BATCH);
    else if (n > 0 && (ids == NULL || out == NULL || statuses == NULL))
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL",
                      ids == NULL   ? "ids"
                      : out == NULL ? "out"
                                    : "statuses");
    if (st == MC_OK && n > 0) {
        for (size_t i = 0; i < n; i++)
            out[i] = NULL;
        if (infos != NULL)
            memset(infos, 0, n * sizeof *infos);
        st = get_many(&fr, ids, n, out, statuses, infos);
    }
    return mci_leave(&fr, st, MCI_H_NONE);
}

/* ---- writes ------------------------------------------------------------------------------------------------------- */

mc_status mc_create_movie(mc_client *mc, const char *json, size_t size, const mc_movie **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    mci_doc *d = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = json == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "json is NULL")
                      : mci_write_create(&fr.call, fr.cl->movies, json, size, out != NULL ? &d : NULL);
    if (out != NULL)
        *out = mci_movie_of(d);
    return mci_leave(&fr, st, MCI_H_WRITE);
}

/* `patch` is used up. */
static mc_status apply(mci_frame *fr, const char *key, mci_patch *patch, const mc_movie **out)
{
    mci_doc *d = NULL;
    mc_status st = mci_write_update(&fr->call, fr->cl->movies, key, patch, out != NULL ? &d : NULL);
    if (out != NULL)
        *out = mci_movie_of(d);
    return st;
}

mc_status mc_update_movie(mc_client *mc, const char *id, const char *patch, size_t size, const mc_movie **out, mc_info *info,
                          mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    mci_patch plan = {0};
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = patch == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "patch is NULL")
                           : mci_json_patch_plan(fr.cl->movies->spec, patch, size, &plan, &fr.own_err);
    if (st == MC_OK)
        st = apply(&fr, key, &plan, out);
    return mci_leave(&fr, st, MCI_H_WRITE);
}

static mc_status rate(mci_frame *fr, const char *key, double rating, const mc_movie **out)
{
    mci_patch plan = {0};
    if (mci_json_patch_number(&plan, MCI_RATING_PATH, rating) != MC_OK) {
        mci_patch_free(&plan);
        return mci_fail(&fr->own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory to write");
    }
    return apply(fr, key, &plan, out);
}

mc_status mc_update_rating(mc_client *mc, const char *id, double rating, const mc_movie **out, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_movie_check_rating(&rating, &fr.own_err);
    if (st == MC_OK)
        st = rate(&fr, key, rating, out);
    return mci_leave(&fr, st, MCI_H_WRITE);
}

mc_status mc_update_rating_by_title(mc_client *mc, const char *title, double rating, const mc_movie **out, mc_info *info,
                                    mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    size_t len = 0;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_title(title, &len, &fr.own_err);
    if (st == MC_OK)
        st = mci_movie_check_rating(&rating, &fr.own_err);
    if (st == MC_OK)
        st = mci_unique_id(&fr.call, fr.cl->movies, title, len, key);
    if (st == MC_OK)
        st = rate(&fr, key, rating, out);
    return mci_leave(&fr, st, MCI_H_WRITE);
}

mc_status mc_delete_movie(mc_client *mc, const char *id, mc_info *info, mc_error *err)
{
    mci_frame fr;
    char key[MCI_ID_CAP];
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_id(fr.cl->movies, id, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_write_delete(&fr.call, fr.cl->movies, key);
    return mci_leave(&fr, st, MCI_H_WRITE);
}
