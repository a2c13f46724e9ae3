/* SPDX-License-Identifier: Apache-2.0 */
/* The board: the best rated movies, details included, in one round trip once it is known. */
#include "common.h"

int main(void)
{
    mc_client *mc = example_open();
    example_movies(mc);
    for (int i = 0; i < 2; i++) {
        mc_ranked rows[3];
        size_t n = 0;
        mc_info info;
        mc_error err;
        if (mc_top_movies(mc, 0, 3, rows, &n, &info, &err) != MC_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        for (size_t k = 0; k < n && i == 0; k++)
            printf("%lld. %.1f %s\n", (long long)rows[k].rank + 1, rows[k].score, mc_movie_title(rows[k].movie));
        if (i == 1)
            printf("once more: %d round trip\n", info.redis_round_trips);
        mc_ranked_clear(rows, n);
    }
    int64_t rank = 0;
    double rating = 0;
    if (mc_rank_movie(mc, example_ids[2], &rank, &rating, NULL, NULL) == MC_OK)
        printf("The Kid stands at place %lld with %.1f\n", (long long)rank + 1, rating);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
