/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the write-through check: change a rating, and see that the next read, the board's score and the board's order
 * agree at once; then put the old rating back and see that too. Refuses to leave the changed rating behind: it is put
 * back whatever was found.
 */
#include "bench.h"
#include "progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOARD_WAIT_NS INT64_C(30000000000)
#define TRIES 3 /* other processes may move the board between two calls */

static void complain(bench_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(bench_check *c, const char *format, ...)
{
    va_list list;
    if (c->why[0])
        return;
    va_start(list, format);
    vsnprintf(c->why, sizeof c->why, format, list);
    va_end(list);
}

static int same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static mc_status read_rating(app *a, const char *id, double *rating, mc_info *info, bench_check *c)
{
    const mc_movie *m = NULL;
    mc_error err = {0};
    mc_status st = mc_get_movie(a->mc, id, &m, info, &err);
    if (st == MC_OK)
        st = mc_movie_rating(m, rating);
    mc_movie_unref(m);
    if (st)
        complain(c, "read: %s %s", mc_status_name(st), err.text);
    return st;
}

/* The board's score of the movie, and the movie in the place the board names. */
static void look_at_board(app *a, const char *id, double wanted, bench_check *c)
{
    for (int i = 0; i < TRIES && !(c->board_ok && c->rank_ok); i++) {
        mc_list *row = NULL;
        mc_error err = {0};
        double score = -1;
        mc_status st = mc_rank_movie(a->mc, id, &c->rank_after, &score, NULL, &err);
        c->board_ok = st == MC_OK && same(score, wanted);
        if (st == MC_OK)
            st = mc_top_movies(a->mc, c->rank_after, 1, &row, NULL, &err);
        c->rank_ok = st == MC_OK && mc_list_size(row) == 1 && strcmp(mc_movie_id(mc_list_movie(row, 0)), id) == 0 &&
                     same(mc_list_score(row, 0), wanted);
        mc_list_free(row);
        if (i + 1 < TRIES)
            continue;
        if (st)
            complain(c, "board: %s %s", mc_status_name(st), err.text);
        else if (!c->board_ok)
            complain(c, "the board says %.2f, written was %.2f", score, wanted);
        else if (!c->rank_ok)
            complain(c, "place %lld of the board holds another movie", (long long)c->rank_after + 1);
    }
}

static void put_back(app *a, const char *id, bench_check *c)
{
    mc_info info;
    mc_error err = {0};
    double seen = -1;
    mc_status st = mc_update_rating(a->mc, id, c->before, NULL, NULL, &err);
    if (st) {
        complain(c, "the rating could not be put back to %.2f: %s %s", c->before, mc_status_name(st), err.text);
        return;
    }
    c->restored = read_rating(a, id, &seen, &info, c) == MC_OK && same(seen, c->before);
    if (!c->restored)
        complain(c, "after putting %.2f back, the next read says %.2f", c->before, seen);
}

/* The bar of the board, and whether the building was ever ours: while another process builds it, nothing is reported. */
typedef struct board_watch {
    progress bar;
    int shown;
} board_watch;

static int on_board(const mc_progress *p, void *user)
{
    board_watch *watch = user;
    watch->shown = 1;
    progress_show(&watch->bar, p->done, p->done, p->total);
    return interrupted();
}

int bench_board(app *a)
{
    struct timespec rest = {0, 500000000};
    board_watch watch = {.shown = 0};
    mc_error err = {0};
    mc_status st;
    progress_begin(&watch.bar, a, "board", "movies");
    int64_t begun = now_ns();
    for (;;) {
        st = mc_warm(a->mc, MC_WARM_BOARD, 0, on_board, &watch, NULL, &err);
        if (st || watch.shown || interrupted() || now_ns() - begun > BOARD_WAIT_NS)
            break;
        nanosleep(&rest, NULL);
    }
    progress_clear(&watch.bar);
    return st ? fail(a, "bench: board", st, NULL, &err) : 0;
}

void bench_write_through(app *a, const bench_plan *plan, bench_result *r)
{
    bench_check *c = &r->check;
    const bench_title *t = &r->titles[0]; /* a hot one: others may be reading it */
    mc_info info = {0};
    mc_error err = {0};
    double seen = -1;
    snprintf(c->title, sizeof c->title, "%s", t->title);
    if (read_rating(a, t->id, &c->before, &info, c))
        return;
    if (mc_rank_movie(a->mc, t->id, &c->rank_before, NULL, NULL, &err)) {
        complain(c, "rank: %s %s", mc_status_name(err.code), err.text);
        return;
    }
    c->after = floor((c->before >= 5 ? c->before - 1.5 : c->before + 1.5) * 10 + 0.5) / 10;
    int64_t begun = now_ns();
    mc_status st = mc_update_rating(a->mc, t->id, c->after, NULL, &info, &err);
    (void)bench_distance(plan, &info);
    c->write_ns = now_ns() - begun;
    if (st) {
        complain(c, "write: %s %s", mc_status_name(st), err.text);
        if (st == MC_E_UNKNOWN) /* it may have been carried out */
            put_back(a, t->id, c);
        return;
    }
    c->done = 1;
    begun = now_ns();
    st = read_rating(a, t->id, &seen, &info, c);
    c->read_ns = now_ns() - begun;
    c->read_cache = info.cache;
    c->value_ok = st == MC_OK && same(seen, c->after);
    if (!c->value_ok)
        complain(c, "the next read says %.2f, written was %.2f", seen, c->after);
    look_at_board(a, t->id, c->after, c);
    put_back(a, t->id, c);
}
