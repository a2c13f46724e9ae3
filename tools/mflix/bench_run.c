/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the requests of the benchmark: which titles, in which order (from the seed alone), on how many threads, and the
 * measured times. Times one call at a time with the monotonic clock; recording the view is outside of it.
 */
#include "bench.h"
#include "draw.h"
#include "progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 500          /* rows of the board asked for at once */
#define BOARD_END 1000000 /* the library's limit */

typedef struct worker {
    app *a;
    const bench_plan *plan;
    const bench_result *shared; /* titles only */
    bench_result own;
    int64_t requests;
    uint64_t stream;
    int64_t ended_ns;
    pthread_t thread;
} worker;

/* Requests done by all workers, for the progress bar; lives as long as one run. */
typedef struct gang {
    atomic_llong done;
    worker *workers;
} gang;

typedef struct job {
    worker *w;
    gang *g;
} job;

static char *copy_text(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = malloc(n);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

static int known_title(const bench_result *r, const char *title)
{
    for (size_t i = 0; i < r->n_titles; i++)
        if (r->titles[i].title && strcmp(r->titles[i].title, title) == 0)
            return 1;
    return 0;
}

/* One page of the board into the list. Films without a title, and second films under one title, are left out. */
static int take_page(const bench_plan *plan, const mc_list *rows, bench_result *r)
{
    for (size_t i = 0; i < mc_list_size(rows) && r->n_titles < (size_t)plan->titles; i++) {
        const char *title = mc_movie_title(mc_list_movie(rows, i)), *id = mc_movie_id(mc_list_movie(rows, i));
        if (!id || !title || !*title || strlen(title) > 1024 || known_title(r, title))
            continue;
        bench_title *t = &r->titles[r->n_titles];
        t->id = copy_text(id);
        t->title = copy_text(title);
        if (!t->id || !t->title) {
            free(t->id);
            free(t->title);
            return -1;
        }
        r->n_titles++;
    }
    return 0;
}

/* The board is in order of rating; which of them are hot should not depend on that. */
static void shuffle(bench_result *r, uint64_t seed)
{
    prng l = prng_seed(seed, 'S', 0);
    for (size_t i = r->n_titles; i > 1; i--) {
        size_t k = prng_below(&l, (uint32_t)i);
        bench_title kept = r->titles[i - 1];
        r->titles[i - 1] = r->titles[k];
        r->titles[k] = kept;
    }
}

int bench_choose(app *a, const bench_plan *plan, bench_result *r)
{
    mc_error err = {0};
    mc_status st = MC_OK;
    int64_t page = plan->titles + 10 < PAGE ? plan->titles + 10 : PAGE; /* some titles are there twice */
    size_t n = (size_t)page;
    r->titles = calloc((size_t)plan->titles, sizeof *r->titles);
    if (!r->titles)
        st = MC_E_NOMEM;
    for (int64_t at = plan->offset; !st && n == (size_t)page && r->n_titles < (size_t)plan->titles; at += page) {
        mc_list *rows = NULL;
        if (at > BOARD_END || (st = mc_top_movies(a->mc, at, page, &rows, NULL, &err)) != MC_OK)
            break;
        if (take_page(plan, rows, r))
            st = MC_E_NOMEM;
        n = mc_list_size(rows);
        mc_list_free(rows);
    }
    if (st)
        return fail(a, "bench", st, NULL, &err);
    if (r->n_titles == 0) {
        snprintf(err.text, sizeof err.text,
                 "no rated movies in the database; fill it with `mflix load` or `mflix generate --load`");
        err.code = MC_E_STORE;
        fail(a, "bench", MC_E_STORE, NULL, &err);
        return EXIT_SERVER;
    }
    shuffle(r, (uint64_t)plan->seed);
    r->n_hot = (r->n_titles * (size_t)plan->hot_part + 99) / 100;
    return 0;
}

int bench_invalidate(app *a, bench_result *r)
{
    mc_error err;
    for (size_t i = 0; i < r->n_titles; i++) {
        mc_status st = mc_invalidate(a->mc, r->titles[i].id, NULL, &err);
        if (st == MC_OK)
            st = mc_invalidate_title(a->mc, r->titles[i].title, NULL, &err);
        if (st)
            return fail(a, "bench: invalidate", st, NULL, &err);
    }
    return 0;
}

static void note_error(bench_result *r, const char *what, const mc_error *err)
{
    if (!r->first_error[0])
        snprintf(r->first_error, sizeof r->first_error, "%s: %s: %s", what, mc_status_name(err->code), err->text);
}

static mc_status timed_read(app *a, const bench_plan *plan, const bench_title *t, const mc_movie **m, mc_info *info,
                            mc_error *err, int64_t *ns)
{
    int64_t begun = now_ns();
    mc_status st =
        plan->by_id ? mc_get_movie(a->mc, t->id, m, info, err) : mc_get_movie_by_title(a->mc, t->title, m, info, err);
    (void)bench_distance(plan, info);
    *ns = now_ns() - begun;
    return st;
}

static size_t choose_title(prng *l, const bench_plan *plan, const bench_result *r)
{
    size_t cold = r->n_titles - r->n_hot;
    int hot = prng_chance(l, (uint32_t)plan->hot_share * 100);
    if (cold == 0 || (hot && r->n_hot > 0))
        return prng_below(l, (uint32_t)r->n_hot);
    return r->n_hot + prng_below(l, (uint32_t)cold);
}

static void one_request(worker *w, prng *l)
{
    const bench_result *shared = w->shared;
    bench_result *own = &w->own;
    size_t at = choose_title(l, w->plan, shared);
    const mc_movie *m = NULL;
    mc_info info = {0};
    mc_error err = {0};
    int64_t ns;
    own->hot_requests += at < shared->n_hot;
    mc_status st = timed_read(w->a, w->plan, &shared->titles[at], &m, &info, &err, &ns);
    if (st == MC_NOT_FOUND)
        own->not_found++;
    if (st < 0) {
        own->errors++;
        note_error(own, "read", &err);
        return;
    }
    samples *to = info.cache == MC_CACHE_HIT ? &own->hits : info.cache == MC_CACHE_BYPASS ? &own->bypasses : &own->misses;
    samples_add(to, ns);
    if (info.cache == MC_CACHE_HIT)
        own->round_trips += info.redis_round_trips;
    if (st == MC_OK) {
        own->views++;
        if (mc_record_view(w->a->mc, mc_movie_id(m), NULL, NULL, &err)) {
            own->views--;
            own->view_errors++;
            note_error(own, "view", &err);
        }
    }
    mc_movie_unref(m);
}

static void *work(void *arg)
{
    job *j = arg;
    worker *w = j->w;
    prng l = prng_seed((uint64_t)w->plan->seed, 'B', w->stream);
    for (int64_t i = 0; i < w->requests && !interrupted(); i++) {
        one_request(w, &l);
        atomic_fetch_add_explicit(&j->g->done, 1, memory_order_relaxed);
    }
    w->ended_ns = now_ns();
    return NULL;
}

static void gather(bench_result *r, worker *w)
{
    bench_result *own = &w->own;
    if (samples_join(&r->hits, &own->hits) || samples_join(&r->misses, &own->misses) ||
        samples_join(&r->bypasses, &own->bypasses))
        r->errors++;
    r->not_found += own->not_found;
    r->errors += own->errors;
    r->views += own->views;
    r->view_errors += own->view_errors;
    r->hot_requests += own->hot_requests;
    r->round_trips += own->round_trips;
    if (own->first_error[0] && !r->first_error[0])
        memcpy(r->first_error, own->first_error, sizeof r->first_error);
    samples_free(&own->hits);
    samples_free(&own->misses);
    samples_free(&own->bypasses);
}

/* Wait for the workers, showing how far they are. */
static void watch(app *a, const bench_plan *plan, gang *g)
{
    progress bar;
    struct timespec tick = {0, 5000000};
    progress_begin(&bar, a, "bench", "requests");
    for (;;) {
        int64_t done = atomic_load(&g->done);
        if (done >= plan->requests || interrupted())
            break;
        progress_show(&bar, done, done, plan->requests);
        nanosleep(&tick, NULL);
        if (tick.tv_nsec < 80000000) /* short runs end soon, long ones are watched seldom */
            tick.tv_nsec *= 2;
    }
    progress_clear(&bar);
}

int bench_run(app *a, const bench_plan *plan, bench_result *r)
{
    size_t threads = (size_t)plan->threads, started = 0;
    gang g = {.workers = calloc(threads, sizeof(worker))};
    job *jobs = calloc(threads, sizeof *jobs);
    int rc = 0;
    if (!g.workers || !jobs) {
        free(g.workers);
        free(jobs);
        return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    }
    int64_t begun = now_ns();
    for (; started < threads; started++) {
        worker *w = &g.workers[started];
        int64_t i = (int64_t)started;
        w->a = a;
        w->plan = plan;
        w->shared = r;
        w->stream = started;
        w->requests = plan->requests * (i + 1) / plan->threads - plan->requests * i / plan->threads;
        jobs[started] = (job){w, &g};
        if (pthread_create(&w->thread, NULL, work, &jobs[started]) != 0)
            break;
    }
    if (started == threads)
        watch(a, plan, &g);
    else
        rc = fail(a, "bench: threads", MC_E_NOMEM, NULL, NULL);
    for (size_t i = 0; i < started; i++)
        pthread_join(g.workers[i].thread, NULL);
    for (size_t i = 0; i < started; i++) /* not the time of this thread, which only looks now and then */
        if (g.workers[i].ended_ns - begun > r->elapsed_ns)
            r->elapsed_ns = g.workers[i].ended_ns - begun;
    for (size_t i = 0; i < started; i++)
        gather(r, &g.workers[i]);
    free(g.workers);
    free(jobs);
    return rc;
}

int bench_uncached(app *a, const bench_plan *plan, bench_result *r)
{
    prng l = prng_seed((uint64_t)plan->seed, 'U', 0);
    progress bar;
    progress_begin(&bar, a, "uncached", "requests");
    for (int64_t i = 0; i < plan->uncached && !interrupted(); i++) {
        const bench_title *t = &r->titles[prng_below(&l, (uint32_t)r->n_titles)];
        const mc_movie *m = NULL;
        mc_info info = {0};
        mc_error err = {0};
        int64_t ns = 0;
        mc_status st = mc_invalidate(a->mc, t->id, NULL, &err);
        if (st == MC_OK)
            st = mc_invalidate_title(a->mc, t->title, NULL, &err);
        if (st == MC_OK)
            st = timed_read(a, plan, t, &m, &info, &err, &ns);
        if (st < 0) {
            r->errors++;
            note_error(r, "uncached read", &err);
        } else if (info.cache != MC_CACHE_HIT) {
            samples_add(&r->uncached, ns);
        }
        mc_movie_unref(m);
        progress_show(&bar, i + 1, i + 1, plan->uncached);
    }
    progress_clear(&bar);
    return 0;
}

void bench_trending(app *a, bench_result *r)
{
    mc_error err;
    if (mc_trending(a->mc, BENCH_TRENDING, &r->trending, NULL, &err)) {
        r->errors++;
        note_error(r, "trending", &err);
    }
}

void bench_note_error(bench_result *r, const char *what, const mc_error *err)
{
    r->errors++;
    note_error(r, what, err);
}

void bench_free(bench_result *r)
{
    for (size_t i = 0; i < r->n_titles; i++) {
        free(r->titles[i].id);
        free(r->titles[i].title);
    }
    free(r->titles);
    samples_free(&r->hits);
    samples_free(&r->misses);
    samples_free(&r->bypasses);
    samples_free(&r->uncached);
    for (size_t i = 0; i < BENCH_FORMS; i++)
        samples_free(&r->forms[i]);
    mc_list_free(r->trending);
}
