/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 80/20 experiment over HTTP, against mflix-server: each title or page is asked for with the cache and past it, in one
 * run, so that both ways meet the same load. Reads only, but for dropping the titles from the cache at the beginning.
 */
#ifndef MFLIX_BENCH_HTTP_H
#define MFLIX_BENCH_HTTP_H

#include "bench.h"
#include "http_client.h"
#include "plot.h"

#define BENCH_TOP_ROWS 10
#define BENCH_SLICES 60 /* of the drawing, at most */

enum { ROUTE_MOVIE, ROUTE_TOP, N_ROUTES };
enum { WAY_HIT, WAY_MISS, WAY_BYPASS, WAY_UNCACHED, N_WAYS };
enum { END_REQUESTS, END_SECONDS, END_FAILURES, END_INTERRUPT };

typedef struct http_plan {
    bench_plan mix; /* its threads are the users */
    const char *url, *report;
    int64_t seconds;   /* the longest run */
    int64_t top_share; /* percent of the requests that ask for the top list */
    http_server server;
} http_plan;

typedef struct http_sample {
    int64_t ns, cache_ns; /* seen by the user; of the library in the server, -1: not known */
    uint32_t at_us;       /* since the run began */
    uint8_t route, way;
} http_sample;

typedef struct http_log {
    http_sample *list;
    size_t n, capacity;
} http_log;

typedef struct http_result {
    char **ids;
    size_t n_ids, n_hot;
    http_log log;
    int64_t asked, answered, hot_requests, connections;
    int64_t by_status[600];            /* answers that are not 200 */
    int64_t by_outcome[HTTP_OUTCOMES]; /* requests without an answer */
    int64_t unreadable;                /* 200, but no word about the cache */
    int64_t errors;                    /* all of these */
    int64_t elapsed_ns;
    int ended_by;
    char first_error[400];
} http_result;

/* What is reported, computed from the log. */
typedef struct http_figures {
    summary user[N_ROUTES][N_WAYS], library[N_ROUTES][N_WAYS];
    summary user_cached[N_ROUTES], library_cached[N_ROUTES]; /* hits, misses and bypasses together */
    size_t hits, misses, bypasses, uncached;
    double hit_ratio;
    plot_data plot;
    plot_slice slices[BENCH_SLICES]; /* the plot's */
} http_figures;

/* The whole of `bench --http`. Returns the exit code. */
int bench_over_http(app *a, http_plan *plan);

/* Parts of it. Those that return int: 0, or the exit code after saying what is wrong. */
int bench_http_prepare(app *a, http_plan *plan, http_result *r);
int bench_http_run(app *a, const http_plan *plan, http_result *r);
int bench_http_figures(app *a, const http_plan *plan, const http_result *r, http_figures *f);
void bench_http_print(const app *a, const http_plan *plan, const http_result *r, const http_figures *f);

#endif
