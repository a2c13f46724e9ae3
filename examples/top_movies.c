/* SPDX-License-Identifier: Apache-2.0 */
/* The board: the best rated movies, details included, in one round trip once it is known. */
#include "common.h"

int main(void)
{
    mc_client *mc = example_open();
    example_movies(mc);
    for (int i = 0; i < 2; i++) {
        mc_list *rows = NULL;
        mc_info info;
        mc_error err;
        if (mc_top_movies(mc, 0, 3, &rows, &info, &err) != MC_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        for (size_t k = 0; k < mc_list_size(rows) && i == 0; k++)
            printf("%lld. %.1f %s\n", (long long)mc_list_rank(rows, k) + 1, mc_list_score(rows, k),
                   mc_movie_title(mc_list_movie(rows, k)));
        if (i == 1)
            printf("once more: %d round trip\n", info.redis_round_trips);
        mc_list_free(rows);
    }
    int64_t rank = 0;
    double rating = 0;
    if (mc_rank_movie(mc, example_ids[2], &rank, &rating, NULL, NULL) == MC_OK)
        printf("The Kid stands at place %lld with %.1f\n", (long long)rank + 1, rating);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
