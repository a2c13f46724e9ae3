/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions that tell what a client did: counters, metrics, log. Refuses: I/O. */
#include "api/call.h"
#include "api/callbacks.h"

#include <mflixcache/observe.h>
#include <mflixcache/version.h>
#include <string.h>

mc_status mc_get_stats(mc_client *mc, mc_stats *out)
{
    mci_frame fr;
    if (out != NULL)
        memset(out, 0, sizeof *out);
    mc_status st = mci_enter(&fr, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        st = MC_E_ARG;
    else
        mci_metrics_stats(fr.cl->engine->metrics, out);
    return mci_leave(&fr, st, MCI_H_NONE);
}

static mc_status text(mc_client *mc, char *(*write)(const mci_metrics *, const char *), char **out, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL");
    else if ((*out = write(fr.cl->engine->metrics, MC_VERSION_TEXT)) == NULL)
        st = mci_fail(&fr.own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the text");
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_stats_json(mc_client *mc, char **out, mc_error *err)
{
    return text(mc, mci_metrics_json, out, err);
}

mc_status mc_metrics_prometheus(mc_client *mc, char **out, mc_error *err)
{
    return text(mc, mci_metrics_prometheus, out, err);
}

mc_status mc_set_log(mc_client *mc, mc_log_fn fn, int level, void *user)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, NULL);
    if (st != MC_OK)
        return st;
    st = mci_guard_log(fr.cl, fn, level, user);
    /* mc_open() could not tell anybody. */
    if (st == MC_OK && fn != NULL && fr.cl->engine->set.cache_tls_insecure_skip_verification &&
        !fr.cl->engine->set.cache_in_memory)
        mci_log_write(&fr.cl->log, MC_LOG_WARN,
                      "cache.tls_insecure_skip_verification is on: any server is taken for Redis, "
                      "WITHOUT verifying its certificate");
    return mci_leave(&fr, st, MCI_H_NONE);
}
