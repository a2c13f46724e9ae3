/* SPDX-License-Identifier: Apache-2.0 */
/* The C side of overhead.py: so many reads of one movie. reads PORT ID COUNT */
#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char uri[64];
    mc_client *mc = NULL;
    mc_error err;
    mc_options *o = mc_options_new();
    if (argc != 4 || o == NULL)
        return 2;
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%s/0", argv[1]);
    if (mc_options_set(o, "cache.uri", uri, &err) != MC_OK || mc_open(o, &mc, &err) != MC_OK)
        return 1;
    mc_options_free(o);
    double sum = 0;
    for (int i = 0; i < atoi(argv[3]); i++) {
        const mc_movie *m = NULL;
        mc_info info;
        double rating = 0;
        if (mc_get_movie(mc, argv[2], &m, &info, &err) < 0)
            return 1;
        (void)mc_movie_rating(m, &rating);
        sum += rating;
        mc_movie_unref(m);
    }
    printf("%.1f\n", sum);
    return mc_close(mc);
}
