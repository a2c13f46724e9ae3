/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that put many documents into the store, or say whether they would. Refuses: I/O before the checks. */
#include "api/call.h"

#include "codec/json.h"
#include "engine/import.h"

static mc_status import(mc_client *mc, int theaters, const char *const *json, const size_t *sizes, size_t n, int mode,
                        mc_status *statuses, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (json == NULL || sizes == NULL || statuses == NULL)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL",
                      json == NULL    ? "json"
                      : sizes == NULL ? "sizes"
                                      : "statuses");
    else if (n == 0 || n > MCI_MAX_BATCH)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; 1 to %d documents go into one call", n,
                      MCI_MAX_BATCH);
    else if (mode != MC_IMPORT_SKIP && mode != MC_IMPORT_REPLACE)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "mode must be MC_IMPORT_SKIP or MC_IMPORT_REPLACE");
    else
        st = mci_import(&fr.call, theaters ? fr.cl->theaters : fr.cl->movies, json, sizes, n, mode == MC_IMPORT_REPLACE,
                        statuses);
    if (st == MC_OK && fr.caller_err != NULL)
        *fr.caller_err = fr.own_err; /* about the first item that was refused */
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_import_movies(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                           mc_status *statuses, mc_error *err)
{
    return import(mc, 0, json, sizes, n, mode, statuses, err);
}

mc_status mc_import_theaters(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                             mc_status *statuses, mc_error *err)
{
    return import(mc, 1, json, sizes, n, mode, statuses, err);
}

/* The checks of an import, and nothing else: no server is asked. */
static mc_status check_document(mc_client *mc, int theater, const char *json, size_t size, mc_error *err)
{
    mci_frame fr;
    mci_doc *doc = NULL;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    const mci_spec *spec = theater ? fr.cl->theaters->spec : fr.cl->movies->spec;
    if (json == NULL)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "json is NULL");
    else
        st = mci_json_take(spec, json, size, &doc, &fr.own_err);
    mci_doc_unref(doc);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_check_movie(mc_client *mc, const char *json, size_t size, mc_error *err)
{
    return check_document(mc, 0, json, size, err);
}

mc_status mc_check_theater(mc_client *mc, const char *json, size_t size, mc_error *err)
{
    return check_document(mc, 1, json, size, err);
}
