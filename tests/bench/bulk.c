// SPDX-License-Identifier: Apache-2.0
/* Owns: memory of Redis per film (S14), and loading a database and warming the cache, in documents a second (S15). */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

/* Two servers that hold nothing else: what Redis says it uses grows by what is put in, whatever the format is. */
void s14_memory(void)
{
    struct server ours = {0};
    struct server theirs = {0};
    char store[600];
    size_t n = bench.n_films < 8000 ? bench.n_films : 8000;
    (void)snprintf(store, sizeof store, "sqlite:%s/mflix.db", bench.dir);
    start_redis(&ours);
    start_redis(&theirs);
    mc_client *mc = open_client(&ours, store, "mflix:");
    redisContext *a = connect_redis(&ours);
    redisContext *b = connect_redis(&theirs);
    const mc_movie *m = NULL; /* scripts and connections are there before it is counted */
    if (mc_get_movie(mc, bench.films[0].id, &m, NULL, NULL) != MC_OK)
        die("mc_get_movie", "memory");
    mc_movie_unref(m);
    double ours_before = redis_memory(a);
    double theirs_before = redis_memory(b);
    for (size_t i = 1; i < n; i++) {
        mc_bytes json;
        if (mc_get_movie_document(mc, bench.films[i].id, &m, NULL, NULL) != MC_OK || mc_movie_json(m, &json) != MC_OK)
            die("mc_get_movie_document", "memory");
        freeReplyObject(redisCommand(b, "SET movie:%s %b PX 3600000", bench.films[i].id, json.data, json.size));
        mc_movie_unref(m);
    }
    double per_film = (redis_memory(a) - ours_before) / (double)(n - 1);
    double per_json = (redis_memory(b) - theirs_before) / (double)(n - 1);
    result("S14", "memory of Redis per cached film, helper keys included", "its JSON as a string with a time to live", "B",
           per_film, per_json, per_film / per_json, (struct goal){AT_MOST, 1.45});
    (void)mc_close(mc);
    redisFree(a);
    redisFree(b);
    stop_server(&ours);
    stop_server(&theirs);
}

void s15_loading(void)
{
    char made[600];
    char loaded[600];
    char file[600];
    char movies[700];
    const char *count = bench.tiny ? "500" : bench.quick ? "5000" : "40000";
    double n = strtod(count, NULL);
    mc_error err;
    int64_t warm = 0;
    (void)snprintf(made, sizeof made, "sqlite:%s/made.db", bench.dir);
    (void)snprintf(loaded, sizeof loaded, "sqlite:%s/loaded.db", bench.dir);
    (void)snprintf(file, sizeof file, "%s/made", bench.dir);
    (void)snprintf(movies, sizeof movies, "%s/movies.ndjson", file);
    double s = run_mflix(made, "made:", (const char *[]){"generate", "--load", "--movies", count, "--theaters", "1", NULL});
    result_limit("S15.make", "mflix generate --load into SQLite, rows per second", "/s", n / s, AT_LEAST, 30000);
    (void)run_mflix(made, "made:", (const char *[]){"generate", "--out", file, "--movies", count, "--theaters", "1", NULL});
    s = run_mflix(loaded, "loaded:", (const char *[]){"load", movies, NULL});
    result_limit("S15.load", "mflix load into SQLite, rows per second", "/s", n / s, AT_LEAST, 30000);
    mc_client *mc = open_client(&bench.redis, loaded, "loaded:");
    double t0 = now_us();
    if (mc_warm(mc, MC_WARM_MOVIES, 0, NULL, NULL, &warm, &err) != MC_OK)
        die("mc_warm", err.text);
    s = (now_us() - t0) / 1e6;
    result_limit("S15.warm", "mc_warm from SQLite, documents per second", "/s", (double)warm / s, AT_LEAST, 40000);
    (void)mc_close(mc);
}
