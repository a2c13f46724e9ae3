/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 80/20 experiment: many requests over some titles, most of them to a few hot ones, each counted as a view; then a
 * check that a changed rating is seen at once everywhere.
 */
#ifndef MFLIX_BENCH_H
#define MFLIX_BENCH_H

#include "app.h"
#include "latency.h"

#define BENCH_TRENDING 5
#define BENCH_FORMS 3 /* chosen fields, whole document, plain JSON string */

typedef struct bench_plan {
    int64_t requests, titles, threads, seed, uncached;
    int64_t hot_share; /* percent of the requests */
    int64_t hot_part;  /* percent of the titles */
    int64_t offset;    /* first place on the board to take titles from */
    int by_id;
    int64_t forms;         /* reads of each form; 0: no comparison */
    double store_delay_ms; /* simulated distance to the database: added to each of its calls; 0: none */
} bench_plan;

typedef struct bench_title {
    char *id;
    char *title;
} bench_title;

/* What the write-through check found. */
typedef struct bench_check {
    int done; /* it could be carried out */
    int value_ok, board_ok, rank_ok, restored;
    double before, after; /* ratings */
    int64_t rank_before, rank_after;
    int read_cache; /* mc_cache_outcome of the read after the write */
    int64_t read_ns, write_ns;
    char title[128];
    char why[256]; /* the first thing that went wrong */
} bench_check;

typedef struct bench_result {
    bench_title *titles;
    size_t n_titles, n_hot;
    samples hits, misses, bypasses, uncached;
    int64_t not_found, errors, views, view_errors, hot_requests;
    int64_t elapsed_ns;
    int64_t round_trips; /* of the hits */
    char first_error[600];
    mc_list *trending;
    samples forms[BENCH_FORMS];
    double form_bytes; /* of a document's JSON, on average */
    bench_check check;
} bench_result;

/* Have the rating board built, so that no request has to. Returns 0, or the exit code after saying why not. */
int bench_board(app *a);
/* Choose titles from the board. Returns 0, or the exit code after saying why not. */
int bench_choose(app *a, const bench_plan *plan, bench_result *r);
/* Drop the titles from the cache, so that each first request is a miss. */
int bench_invalidate(app *a, bench_result *r);
/* Send the requests. What fails is counted in the result; returns 0 unless nothing could be started. */
int bench_run(app *a, const bench_plan *plan, bench_result *r);
/* Time reads that the cache cannot answer. */
int bench_uncached(app *a, const bench_plan *plan, bench_result *r);
/* Time hits of each form in which a movie can be had. */
void bench_forms(app *a, const bench_plan *plan, bench_result *r);
extern const char *const bench_form_names[BENCH_FORMS];
/* Wait as long as the database would be away, for each of its calls in `info`. Nanoseconds that were waited. */
int64_t bench_distance(const bench_plan *plan, const mc_info *info);
/* The first error is kept, all are counted. */
void bench_note_error(bench_result *r, const char *what, const mc_error *err);
void bench_trending(app *a, bench_result *r);
void bench_write_through(app *a, const bench_plan *plan, bench_result *r);
void bench_free(bench_result *r);

#endif
