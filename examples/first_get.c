/* SPDX-License-Identifier: Apache-2.0 */
/* First read: open, put one movie into the database, read it twice, and see who answered. */
#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <string.h>

static const char casablanca[] = "{\"_id\":{\"$oid\":\"573a1393f29313caabcdc810\"},\"title\":\"Casablanca\",\"year\":1942,"
                                 "\"imdb\":{\"rating\":8.6,\"votes\":370000}}";

int main(void)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *options = mc_options_new(); /* defaults: Redis on localhost, a database in memory */
    if (mc_options_load_env(options, &err) != MC_OK || mc_open(options, &mc, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        mc_options_free(options);
        return 1;
    }
    mc_options_free(options);
    mc_status created = mc_create_movie(mc, casablanca, strlen(casablanca), NULL, NULL, &err);
    if (created != MC_OK && created != MC_E_EXISTS)
        fprintf(stderr, "%s\n", err.text);
    (void)mc_invalidate(mc, "573a1393f29313caabcdc810", NULL, NULL);
    for (int i = 0; i < 2; i++) {
        const mc_movie *movie = NULL;
        mc_info info;
        mc_status st = mc_get_movie(mc, "573a1393f29313caabcdc810", &movie, &info, &err);
        if (st == MC_OK) {
            int year = 0;
            double rating = 0;
            (void)mc_movie_year(movie, &year);
            (void)mc_movie_rating(movie, &rating);
            printf("%s (%d), %.1f: %s, answered by %s\n", mc_movie_title(movie), year, rating,
                   info.cache == MC_CACHE_HIT ? "hit" : "miss", mc_tier_name(info.tier));
        } else {
            printf("%s\n", st == MC_NOT_FOUND ? "no such movie" : err.text);
        }
        mc_movie_unref(movie);
    }
    return mc_close(mc) == MC_OK ? 0 : 1;
}
