// SPDX-License-Identifier: Apache-2.0
/* Owns: what a big board costs its callers: while it is built, at first and after mc_invalidate_all() (S12); after many invalidations (S13). */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const char *million(void)
{
    return bench.tiny ? "3000" : bench.quick ? "30000" : "1000000";
}

/* A thousand films as they are, and behind them small ones: to make a million of the size of real ones would take longer than everything else here. */
static void make_films(const char *store)
{
    char sql[900];
    sqlite3 *db = NULL;
    (void)run_mflix(store, "million:", (const char *[]){"generate", "--load", "--movies", "1000", "--theaters", "1", NULL});
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA synchronous = OFF; BEGIN;"
                   "WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < %s),"
                   " film(id, i, rating) AS (SELECT printf('66%%08x%%014x', i * 2654435761 %% 4294967296, i), i, i * 7919 "
                   "%% 101 / 10.0 FROM n)"
                   " INSERT INTO movies(id, doc, rank) SELECT id,"
                   " printf('{\"_id\":{\"$oid\":\"%%s\"},\"title\":\"Film %%d\",\"imdb\":{\"rating\":%%.1f}}', id, i, "
                   "rating), rating FROM film;"
                   "COMMIT",
                   million());
    if (sqlite3_open(store + strlen("sqlite:"), &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("a million films", sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

struct built {
    double longest_ms;
    double whole_s;
    size_t calls;
};

/* Someone calls without a pause until the board answers. */
static struct built call_until_whole(mc_client *mc)
{
    struct built b = {0};
    mc_info info = {.cache = MC_CACHE_NONE};
    double start = now_us();
    while (info.cache != MC_CACHE_HIT && now_us() - start < 120e6) {
        mc_list *rows = NULL;
        mc_error err;
        double t0 = now_us();
        if (mc_top_movies(mc, 0, 10, &rows, &info, &err) != MC_OK)
            die("mc_top_movies", err.text);
        double ms = (now_us() - t0) / 1e3;
        b.longest_ms = ms > b.longest_ms ? ms : b.longest_ms;
        b.calls++;
        mc_list_free(rows);
    }
    b.whole_s = (now_us() - start) / 1e6;
    return b;
}

static void tell(const char *id, const char *when, struct built b)
{
    char what[160];
    char row[16];
    double scale = bench.tiny || bench.quick ? 0 : 4; /* the time until it is whole is for a million */
    (void)snprintf(what, sizeof what, "board of %s, %s: longest call while it is built", million(), when);
    (void)snprintf(row, sizeof row, "%s.max", id);
    result_limit(row, what, "ms", b.longest_ms, AT_MOST, 10);
    (void)snprintf(what, sizeof what, "board of %s, %s: time until it is whole (%zu calls)%s", million(), when, b.calls,
                   scale > 0 ? "" : "; fewer films than the goal is for");
    (void)snprintf(row, sizeof row, "%s.all", id);
    result_limit(row, what, "s", b.whole_s, AT_MOST, scale);
}

void s12_million(void)
{
    char store[600];
    mc_error err;
    (void)snprintf(store, sizeof store, "sqlite:%s/million.db", bench.dir);
    make_films(store);
    mc_client *mc = open_client(&bench.redis, store, "million:");
    if (mc_invalidate_all(mc, NULL, &err) != MC_OK) /* what was loaded above may have begun a board */
        die("mc_invalidate_all", err.text);
    tell("S12", "at first", call_until_whole(mc));
    if (mc_invalidate_all(mc, NULL, &err) != MC_OK)
        die("mc_invalidate_all", err.text);
    tell("S12i", "after mc_invalidate_all()", call_until_whole(mc));
    (void)mc_close(mc);
}

/* Of the top 10 for three seconds, in which what was invalidated becomes due. */
static double longest_call(void)
{
    double worst = 0;
    double until = now_us() + 3e6; /* an id is due a second after it was invalidated */
    for (size_t k = 0; k < 400 || now_us() < until; k++) {
        mc_list *rows = NULL;
        double t0 = now_us();
        (void)mc_top_movies(bench.mc, 0, 10, &rows, NULL, NULL);
        double ms = (now_us() - t0) / 1e3;
        worst = ms > worst ? ms : worst;
        mc_list_free(rows);
    }
    return worst;
}

void s13_after_invalidations(void)
{
    double worst[3];
    size_t times = bench.quick ? 1 : 3;
    size_t ids = bench.n_films < 10000 ? bench.n_films : 10000;
    char what[120];
    double idle = longest_call();
    for (size_t i = 0; i < times; i++) {
        for (size_t k = 0; k < ids; k++)
            (void)mc_invalidate(bench.mc, bench.films[k].id, NULL, NULL);
        worst[i] = longest_call();
    }
    (void)snprintf(what, sizeof what, "top 10 for 3 s after %zu mc_invalidate(): longest call", ids);
    result_limit("S13", what, "ms", median(worst, times), AT_MOST, 1);
    result_limit("S13b", "top 10 for 3 s with nothing pending: longest call, which is this machine's", "ms", idle, AT_MOST,
                 0);
}
