/* SPDX-License-Identifier: Apache-2.0 */
/* What the small examples share: opening from the environment, and a handful of movies. Written out in full in first_get.c. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const example_ids[] = {"573a1390f29313caabcd4801", "573a1390f29313caabcd4802",
                                          "573a1390f29313caabcd4803"};

/* Open with MONGO_URL, REDIS_HOST, REDIS_PORT and MFLIXCACHE_*; ends the program when that fails. */
static inline mc_client *example_open(void)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *options = mc_options_new();
    if (mc_options_load_env(options, &err) != MC_OK || mc_open(options, &mc, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    mc_options_free(options);
    return mc;
}

/* Three movies, whatever was there before under their ids. */
static inline void example_movies(mc_client *mc)
{
    static const char *const docs[] = {
        "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4801\"},\"title\":\"City "
        "Lights\",\"year\":1931,\"imdb\":{\"rating\":8.5}}",
        "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4802\"},\"title\":\"Modern "
        "Times\",\"year\":1936,\"imdb\":{\"rating\":8.6}}",
        "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4803\"},\"title\":\"The Kid\",\"year\":1921,\"imdb\":{\"rating\":8.2}}"};
    size_t sizes[3];
    mc_status statuses[3];
    mc_error err;
    for (int i = 0; i < 3; i++)
        sizes[i] = strlen(docs[i]);
    if (mc_import_movies(mc, docs, sizes, 3, MC_IMPORT_REPLACE, statuses, &err) != MC_OK ||
        mc_invalidate_all(mc, NULL, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

#endif
