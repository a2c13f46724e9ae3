/* SPDX-License-Identifier: Apache-2.0 */
/* A handle without servers is opened and closed. */
#include <mflixcache/mflixcache.h>
#include <stdio.h>

int main(void)
{
    mc_client *mc = NULL;
    mc_error err;
    mc_options *o = mc_options_new();
    mc_status st = mc_options_set(o, "cache.uri", "memory:", &err);
    if (st == MC_OK)
        st = mc_open(o, &mc, &err);
    printf("mflixcache %s: %s\n", mc_version(), st == MC_OK ? "open" : err.text);
    mc_options_free(o);
    (void)mc_close(mc);
    return st != MC_OK;
}
