/* SPDX-License-Identifier: Apache-2.0 */
/* Writes: a rating changes in the database, the cached value and the board, before the call returns. */
#include "common.h"

static void show(mc_client *mc, const char *when)
{
    const mc_movie *movie = NULL;
    mc_info info;
    double rating = 0;
    double on_board = 0;
    int64_t rank = 0;
    if (mc_get_movie(mc, example_ids[2], &movie, &info, NULL) == MC_OK &&
        mc_rank_movie(mc, example_ids[2], &rank, &on_board, NULL, NULL) == MC_OK && mc_movie_rating(movie, &rating) == MC_OK)
        printf("%s: %s %.1f (%s), on the board %.1f at place %lld\n", when, mc_movie_title(movie), rating,
               info.cache == MC_CACHE_HIT ? "hit" : "miss", on_board, (long long)rank + 1);
    mc_movie_unref(movie);
}

int main(void)
{
    mc_client *mc = example_open();
    mc_error err;
    example_movies(mc);
    show(mc, "before");
    if (mc_update_rating(mc, example_ids[2], 9.1, NULL, NULL, &err) != MC_OK)
        fprintf(stderr, "%s\n", err.text);
    show(mc, "after");
    const char *patch = "{\"rated\":\"G\",\"imdb\":{\"votes\":1000}}"; /* only what it names; null would remove */
    const mc_movie *movie = NULL;
    if (mc_update_movie(mc, example_ids[2], patch, strlen(patch), &movie, NULL, &err) == MC_OK)
        printf("patched: %s\n", mc_movie_rated(movie));
    mc_movie_unref(movie);
    if (mc_update_rating(mc, example_ids[2], 11.0, NULL, NULL, &err) == MC_E_RANGE)
        printf("refused: %s\n", err.text);
    if (mc_delete_movie(mc, example_ids[2], NULL, &err) == MC_OK &&
        mc_get_movie(mc, example_ids[2], &movie, NULL, &err) == MC_NOT_FOUND)
        printf("deleted, and gone\n");
    return mc_close(mc) == MC_OK ? 0 : 1;
}
