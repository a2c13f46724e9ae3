/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public function that tells what the cache holds under one name. Refuses: I/O before the checks. */
#include "api/call.h"

#include "engine/inspect.h"
#include <mflixcache/observe.h>

static mc_status by_id(mci_frame *fr, const mci_coll *coll, const char *id, char **out)
{
    char key[MCI_ID_CAP];
    mc_status st = mci_check_id(coll, id, key, &fr->own_err);
    return st == MC_OK ? mci_inspect(&fr->call, &coll->docs, coll->spec->key, key, out) : st;
}

static mc_status by_title(mci_frame *fr, const char *title, char **out)
{
    size_t len = 0;
    mc_status st = mci_check_title(title, &len, &fr->own_err);
    return st == MC_OK ? mci_inspect(&fr->call, &fr->cl->movies->unique, "title", title, out) : st;
}

static mc_status by_key(mci_frame *fr, const char *key, char **out)
{
    mc_status st = mci_check_key(&fr->cl->engine->set, key, &fr->own_err);
    return st == MC_OK ? mci_inspect(&fr->call, NULL, "key", key, out) : st;
}

mc_status mc_inspect(mc_client *mc, int what, const char *name, char **out, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (out == NULL || name == NULL) {
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL", out == NULL ? "out" : "name");
        return mci_leave(&fr, st, MCI_H_NONE);
    }
    switch (what) {
    case MC_INSPECT_MOVIE:
        st = by_id(&fr, fr.cl->movies, name, out);
        break;
    case MC_INSPECT_THEATER:
        st = by_id(&fr, fr.cl->theaters, name, out);
        break;
    case MC_INSPECT_TITLE:
        st = by_title(&fr, name, out);
        break;
    case MC_INSPECT_KEY:
        st = by_key(&fr, name, out);
        break;
    default:
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "what is %d; it must be one of mc_inspected", what);
    }
    return mci_leave(&fr, st, MCI_H_NONE);
}
