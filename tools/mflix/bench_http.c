/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the requests of the benchmark over HTTP: which, in which order (from the seed alone), on how many connections, what
 * came of each. Every user has one kept connection and one request under way. Ends after so many requests or seconds.
 */
#include "bench_http.h"

#include "draw.h"
#include "listing.h"
#include "progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 100
#define BOARD_END 1000000 /* the library's limit */
#define GIVE_UP 20        /* requests in a row without an answer */

/* What the users share with the thread that watches them. */
typedef struct shared_count {
    atomic_llong done; /* requests */
    atomic_int running;
} shared_count;

typedef struct user {
    const http_plan *plan;
    const http_result *shared; /* ids only */
    http_result own;
    http_conn conn;
    int64_t steps, begun_ns, ended_ns;
    uint64_t stream;
    int in_a_row; /* without an answer */
    shared_count *all;
    pthread_t thread;
} user;

static int unreachable(app *a, const http_plan *plan, http_outcome o, const char *why)
{
    static const mc_status statuses[HTTP_OUTCOMES] = {
        [HTTP_CONNECT] = MC_E_STORE,  [HTTP_TIMEOUT] = MC_E_TIMEOUT, [HTTP_CLOSED] = MC_E_STORE,
        [HTTP_PROTOCOL] = MC_E_PROTO, [HTTP_NOMEM] = MC_E_NOMEM,     [HTTP_STOPPED] = MC_E_ABORT,
    };
    if (o == HTTP_STOPPED || o == HTTP_NOMEM)
        return fail(a, "bench", statuses[o], NULL, NULL);
    return fail_outside(a, plan->url, statuses[o], why, "is mflix-server running there?");
}

/* ---- Before the run */

typedef struct chooser {
    http_result *r;
    size_t wanted, seen;
} chooser;

static int choose_id(const char *id, void *arg)
{
    chooser *c = arg;
    size_t n = strlen(id) + 1;
    c->seen++;
    if (c->r->n_ids == c->wanted)
        return 0;
    char *copy = malloc(n);
    if (!copy)
        return 1;
    memcpy(copy, id, n);
    c->r->ids[c->r->n_ids++] = copy;
    return 0;
}

/* One request of the preparation; any other answer than `wanted` ends it. */
static int ask(app *a, const http_plan *plan, http_conn *c, const char *method, const char *target, int wanted,
               http_answer *out)
{
    char why[300];
    http_outcome o = http_ask(c, method, target, out);
    if (o)
        return unreachable(a, plan, o, c->why);
    if (out->status == wanted)
        return 0;
    snprintf(why, sizeof why, "%s %.200s answered %d, wanted was %d", method, target, out->status, wanted);
    return unreachable(a, plan, HTTP_PROTOCOL, why);
}

static int choose(app *a, const http_plan *plan, http_conn *c, http_result *r)
{
    chooser chosen = {r, (size_t)plan->mix.titles, PAGE};
    http_answer answer;
    char target[128];
    r->ids = calloc(chosen.wanted, sizeof *r->ids);
    if (!r->ids)
        return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    for (int64_t at = plan->mix.offset; chosen.seen == PAGE && r->n_ids < chosen.wanted && at <= BOARD_END; at += PAGE) {
        snprintf(target, sizeof target, "/movies/top?n=%d&offset=%lld", PAGE, (long long)at);
        int rc = ask(a, plan, c, "GET", target, 200, &answer);
        if (rc)
            return rc;
        chosen.seen = 0;
        rc = listing_ids(answer.body, answer.size, choose_id, &chosen);
        if (rc > 0)
            return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
        if (rc < 0)
            return unreachable(a, plan, HTTP_PROTOCOL, "the answer to GET /movies/top is not a list of movies");
    }
    if (r->n_ids == 0)
        return fail_outside(a, plan->url, MC_E_STORE, "no rated movies there",
                            "fill its database with `mflix load` or `mflix generate --load`");
    prng l = prng_seed((uint64_t)plan->mix.seed, 'S', 0); /* which of them are hot should not depend on the rating */
    for (size_t i = r->n_ids; i > 1; i--) {
        size_t k = prng_below(&l, (uint32_t)i);
        char *kept = r->ids[i - 1];
        r->ids[i - 1] = r->ids[k];
        r->ids[k] = kept;
    }
    r->n_hot = (r->n_ids * (size_t)plan->mix.hot_part + 99) / 100;
    return 0;
}

static int drop(app *a, const http_plan *plan, http_conn *c, const http_result *r)
{
    http_answer answer;
    for (size_t i = 0; i < r->n_ids; i++) {
        char target[HTTP_MAX_TARGET] = "/cache/movies/";
        (void)http_escape(target, sizeof target, r->ids[i]); /* an id has 256 bytes at most */
        int rc = ask(a, plan, c, "DELETE", target, 204, &answer);
        if (rc)
            return rc;
    }
    return 0;
}

int bench_http_prepare(app *a, http_plan *plan, http_result *r)
{
    http_conn c = {.server = &plan->server};
    int rc = choose(a, plan, &c, r);
    if (!rc)
        rc = drop(a, plan, &c, r);
    http_conn_free(&c);
    return rc;
}

/* ---- The run */

static int log_add(http_log *log, http_sample s)
{
    if (log->n == log->capacity) {
        size_t capacity = log->capacity ? log->capacity * 2 : 1024;
        http_sample *grown = realloc(log->list, capacity * sizeof *grown);
        if (!grown)
            return -1;
        log->list = grown;
        log->capacity = capacity;
    }
    log->list[log->n++] = s;
    return 0;
}

static void note(http_result *r, const char *target, const char *why)
{
    r->errors++;
    if (!r->first_error[0])
        snprintf(r->first_error, sizeof r->first_error, "%.200s: %.150s", target, why);
}

static void no_answer(user *u, http_outcome o, const char *target)
{
    struct timespec rest = {0, 100000000}; /* a server that restarts is not to be hammered */
    if (o == HTTP_STOPPED)
        return;
    u->own.by_outcome[o]++;
    note(&u->own, target, u->conn.why);
    if (++u->in_a_row < GIVE_UP)
        nanosleep(&rest, NULL);
}

static void one_request(user *u, const char *target, int route, int uncached)
{
    http_answer answer;
    char why[32];
    http_result *own = &u->own;
    own->asked++;
    int64_t begun = now_ns();
    http_outcome o = http_ask(&u->conn, "GET", target, &answer);
    atomic_fetch_add_explicit(&u->all->done, 1, memory_order_relaxed);
    if (o) {
        no_answer(u, o, target);
        return;
    }
    u->in_a_row = 0;
    own->answered++;
    if (answer.status != 200) {
        own->by_status[answer.status]++;
        snprintf(why, sizeof why, "status %d", answer.status);
        note(own, target, why);
        return;
    }
    if (answer.cache == HTTP_CACHE_UNKNOWN) {
        own->unreadable++;
        note(own, target, "no Cache-Status of mflixcache in the answer: is this mflix-server?");
        return;
    }
    static const uint8_t ways[] = {
        [HTTP_CACHE_HIT] = WAY_HIT, [HTTP_CACHE_MISS] = WAY_MISS, [HTTP_CACHE_BYPASS] = WAY_BYPASS};
    int64_t at_us = (begun - u->begun_ns) / 1000;
    http_sample s = {answer.elapsed_ns, answer.cache_ns, at_us < UINT32_MAX ? (uint32_t)at_us : UINT32_MAX, (uint8_t)route,
                     uncached ? (uint8_t)WAY_UNCACHED : ways[answer.cache]};
    if (log_add(&own->log, s))
        note(own, target, "out of memory");
}

static size_t choose_place(user *u, prng *l)
{
    const http_result *r = u->shared;
    size_t cold = r->n_ids - r->n_hot;
    int hot = prng_chance(l, (uint32_t)u->plan->mix.hot_share * 100);
    if (cold == 0 || (hot && r->n_hot > 0))
        return prng_below(l, (uint32_t)r->n_hot);
    return r->n_hot + prng_below(l, (uint32_t)cold);
}

/* One thing asked for both ways, one after the other; which comes first is random. */
static void one_step(user *u, prng *l)
{
    char target[2][HTTP_MAX_TARGET];
    int route = prng_chance(l, (uint32_t)u->plan->top_share * 100) ? ROUTE_TOP : ROUTE_MOVIE;
    size_t place = choose_place(u, l);
    int first = prng_chance(l, 5000);
    for (int uncached = 0; uncached <= 1; uncached++) {
        const char *cache = uncached ? "cache=off" : "cache=on";
        char *to = target[uncached];
        if (route == ROUTE_TOP) {
            snprintf(to, HTTP_MAX_TARGET, "/movies/top?n=%d&%s", BENCH_TOP_ROWS, cache);
            continue;
        }
        memcpy(to, "/movies/", 9);
        (void)http_escape(to, HTTP_MAX_TARGET, u->shared->ids[place]);
        size_t n = strlen(to);
        snprintf(to + n, HTTP_MAX_TARGET - n, "?%s", cache);
    }
    if (route == ROUTE_MOVIE && place < u->shared->n_hot)
        u->own.hot_requests += 2;
    one_request(u, target[first], route, first);
    one_request(u, target[!first], route, !first);
}

static void *work(void *arg)
{
    user *u = arg;
    prng l = prng_seed((uint64_t)u->plan->mix.seed, 'B', u->stream);
    int64_t deadline = u->begun_ns + u->plan->seconds * 1000000000;
    for (int64_t i = 0; i < u->steps && !interrupted() && u->in_a_row < GIVE_UP; i++) {
        if (now_ns() >= deadline) {
            u->own.ended_by = END_SECONDS;
            break;
        }
        one_step(u, &l);
    }
    if (u->in_a_row >= GIVE_UP)
        u->own.ended_by = END_FAILURES;
    u->own.connections = u->conn.opened;
    http_conn_free(&u->conn);
    u->ended_ns = now_ns();
    atomic_fetch_sub(&u->all->running, 1);
    return NULL;
}

static int gather(http_result *r, user *u)
{
    http_result *own = &u->own;
    int rc = 0;
    for (size_t i = 0; i < own->log.n && !rc; i++)
        rc = log_add(&r->log, own->log.list[i]);
    free(own->log.list);
    r->asked += own->asked;
    r->answered += own->answered;
    r->hot_requests += own->hot_requests;
    r->connections += own->connections;
    r->unreadable += own->unreadable;
    r->errors += own->errors;
    for (size_t i = 0; i < sizeof r->by_status / sizeof *r->by_status; i++)
        r->by_status[i] += own->by_status[i];
    for (size_t i = 0; i < HTTP_OUTCOMES; i++)
        r->by_outcome[i] += own->by_outcome[i];
    if (own->ended_by > r->ended_by)
        r->ended_by = own->ended_by;
    if (u->ended_ns - u->begun_ns > r->elapsed_ns)
        r->elapsed_ns = u->ended_ns - u->begun_ns;
    if (own->first_error[0] && !r->first_error[0])
        memcpy(r->first_error, own->first_error, sizeof r->first_error);
    return rc;
}

/* Until all users have ended, showing how far they are. */
static void watch(app *a, const http_plan *plan, shared_count *all)
{
    progress bar;
    struct timespec tick = {0, 5000000};
    progress_begin(&bar, a, "bench", "requests");
    while (atomic_load(&all->running) > 0) {
        int64_t n = atomic_load(&all->done);
        progress_show(&bar, n, n, plan->mix.requests);
        nanosleep(&tick, NULL);
        if (tick.tv_nsec < 80000000) /* short runs end soon, long ones are watched seldom */
            tick.tv_nsec *= 2;
    }
    progress_clear(&bar);
}

int bench_http_run(app *a, const http_plan *plan, http_result *r)
{
    size_t n = (size_t)plan->mix.threads, started = 0;
    int64_t pairs = (plan->mix.requests + 1) / 2;
    user *users = calloc(n, sizeof *users);
    shared_count all = {0};
    int rc = 0;
    if (!users)
        return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    int64_t begun = now_ns();
    for (; started < n && !rc; started++) {
        user *u = &users[started];
        int64_t i = (int64_t)started;
        u->plan = plan;
        u->shared = r;
        u->conn = (http_conn){.server = &plan->server};
        u->steps = pairs * (i + 1) / (int64_t)n - pairs * i / (int64_t)n;
        u->begun_ns = begun;
        u->stream = started;
        u->all = &all;
        atomic_fetch_add(&all.running, 1);
        if (pthread_create(&u->thread, NULL, work, u) != 0) {
            atomic_fetch_sub(&all.running, 1);
            rc = fail(a, "bench: threads", MC_E_NOMEM, NULL, NULL);
            break;
        }
    }
    watch(a, plan, &all);
    for (size_t i = 0; i < started; i++) {
        pthread_join(users[i].thread, NULL);
        if (gather(r, &users[i]) && !rc)
            rc = fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    }
    if (interrupted())
        r->ended_by = END_INTERRUPT;
    free(users);
    return rc;
}

/* ---- All of it */

static void release(http_result *r)
{
    for (size_t i = 0; i < r->n_ids; i++)
        free(r->ids[i]);
    free(r->ids);
    free(r->log.list);
    free(r);
}

int bench_over_http(app *a, http_plan *plan)
{
    http_figures *f = calloc(1, sizeof *f);
    http_result *r = calloc(1, sizeof *r);
    int rc = 0;
    if (!f || !r || http_begin()) {
        free(f);
        free(r);
        return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    }
    rc = bench_http_prepare(a, plan, r);
    if (!rc)
        rc = bench_http_run(a, plan, r);
    if (!rc)
        rc = bench_http_figures(a, plan, r, f);
    if (!rc && plan->report)
        rc = plot_write(plan->report, &f->plot) ? fail_errno(a, plan->report) : 0;
    if (!rc) {
        bench_http_print(a, plan, r, f);
        rc = interrupted() ? EXIT_INTERRUPTED : r->errors > 0 ? EXIT_NEGATIVE : EXIT_FINE;
    }
    free(f);
    release(r);
    http_end();
    return rc;
}
