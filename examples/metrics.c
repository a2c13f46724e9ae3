/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache did: counters as a struct, and the same for Prometheus. */
#include "common.h"

int main(void)
{
    mc_client *mc = example_open();
    mc_stats stats;
    mc_error err;
    char *text = NULL;
    example_movies(mc);
    for (int i = 0; i < 30; i++) {
        const mc_movie *movie = NULL;
        (void)mc_get_movie(mc, example_ids[i % 3], &movie, NULL, NULL);
        mc_movie_unref(movie);
    }
    if (mc_get_stats(mc, &stats) == MC_OK)
        printf("reads %lld, hits %lld, misses %lld, fills %lld\n", (long long)stats.reads, (long long)stats.hits,
               (long long)stats.misses, (long long)stats.fills);
    if (mc_metrics_prometheus(mc, &text, &err) == MC_OK) {
        const char *line = strstr(text, "# TYPE mflixcache_hits_total");
        printf("%.*s\n", line != NULL ? (int)strcspn(line, "\n") : 0, line != NULL ? line : "");
    }
    mc_free(text);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
