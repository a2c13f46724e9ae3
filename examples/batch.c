/* SPDX-License-Identifier: Apache-2.0 */
/* Many at once: one pipeline for the hits, one query for all misses, the caller's order, a status for each. */
#include "common.h"

int main(void)
{
    const char *ids[] = {example_ids[2], "573a1390f29313caabcd48ff", example_ids[0], "no id at all"};
    mc_client *mc = example_open();
    example_movies(mc);
    for (int round = 0; round < 2; round++) {
        const mc_movie *movies[4];
        mc_status statuses[4];
        mc_info infos[4];
        mc_error err;
        if (mc_get_movies(mc, ids, 4, movies, statuses, infos, &err) != MC_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        for (int i = 0; i < 4; i++) {
            printf("%s: %s%s\n", ids[i], statuses[i] == MC_OK ? mc_movie_title(movies[i]) : mc_status_name(statuses[i]),
                   infos[i].cache == MC_CACHE_HIT ? ", hit" : "");
            mc_movie_unref(movies[i]);
        }
        printf("store calls: %d\n", infos[0].store_calls);
    }
    return mc_close(mc) == MC_OK ? 0 : 1;
}
