/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that go through a whole collection of the store: how many documents, and all of them. Refuses: the cache. */
#include "api/call.h"
#include "api/callbacks.h"

#include "engine/source.h"

#include <stdlib.h>

#define PAGE 200

static mc_status count(mc_client *mc, int theaters, int64_t *out, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = 0;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "count is NULL");
    else
        st = mci_source_tally(&fr.call, theaters ? fr.cl->theaters : fr.cl->movies, out, &fr.own_err);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_count_movies(mc_client *mc, int64_t *out, mc_error *err)
{
    return count(mc, 0, out, err);
}

mc_status mc_count_theaters(mc_client *mc, int64_t *out, mc_error *err)
{
    return count(mc, 1, out, err);
}

/* Hands the documents of one page over and lets them go. */
static mc_status hand_over(mci_client *cl, mci_doc *const *docs, size_t n, mc_document_fn each, void *user, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        const char *json = mci_doc_json(docs[i], &size);
        if (st == MC_OK) {
            int place = mci_callback_begin(cl);
            int stop = each(user, json, size);
            mci_callback_end(cl, place);
            if (stop != 0)
                st = mci_fail(err, MC_E_ABORT, MC_TIER_NONE, "stopped by the caller");
        }
        mci_doc_unref(docs[i]);
    }
    return st;
}

static mc_status export(mc_client *mc, int theaters, mc_document_fn each, void *user, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    const mci_coll *coll = theaters ? fr.cl->theaters : fr.cl->movies;
    char *after = NULL;
    int more = 1;
    if (each == NULL)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "each is NULL");
    while (st == MC_OK && more) {
        mci_doc *docs[PAGE];
        size_t n = 0;
        char *last = NULL;
        fr.call.dl = mci_deadline_in(mci_call_timeout_ms(&fr.call)); /* long calls have a deadline for each step */
        st = mci_source_scan(&fr.call, coll, after, PAGE, docs, &n, &last, &fr.own_err);
        if (st == MC_OK)
            st = hand_over(fr.cl, docs, n, each, user, &fr.own_err);
        free(after);
        after = last;
        more = last != NULL;
    }
    free(after);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_export_movies(mc_client *mc, mc_document_fn each, void *user, mc_error *err)
{
    return export(mc, 0, each, user, err);
}

mc_status mc_export_theaters(mc_client *mc, mc_document_fn each, void *user, mc_error *err)
{
    return export(mc, 1, each, user, err);
}
