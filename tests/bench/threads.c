// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: many threads on one handle against a connection for each thread and against connections shared by hand (S4), more threads than
 * is usual (S5), and many threads that miss one film at the same time (S11).
 */
#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SAMPLES 20000 /* of each thread in a slice; later calls are counted and not sampled */

static atomic_size_t no_hits; /* answers that were not from the cache: the row says so */

struct worker {
    pthread_t thread;
    struct crew *crew;
    redisContext *rc;
    size_t number;
    size_t calls;
    size_t sampled;
    float *us;
};

struct crew {
    get_fn get;
    bool own; /* each thread has a connection of its own */
    atomic_bool stop;
    pthread_barrier_t start;
};

static void lib_get(redisContext *rc, size_t thread, const char *id)
{
    const mc_movie *m = NULL;
    mc_info info;
    (void)rc;
    (void)thread;
    if (mc_get_movie(bench.mc, id, &m, &info, NULL) != MC_OK)
        die("mc_get_movie", "many threads");
    if (info.cache != MC_CACHE_HIT)
        (void)atomic_fetch_add(&no_hits, 1);
    mc_movie_unref(m);
}

static void own_get(redisContext *rc, size_t thread, const char *id)
{
    (void)thread;
    free(hand_get(rc, "fields", id));
}

static void *work(void *argument)
{
    struct worker *w = argument;
    size_t at = w->number * 997;
    (void)pthread_barrier_wait(&w->crew->start);
    while (!atomic_load_explicit(&w->crew->stop, memory_order_relaxed)) {
        double t0 = now_us();
        w->crew->get(w->rc, w->number, bench.films[key_at(bench.uniform, at++)].id);
        if (w->sampled < SAMPLES)
            w->us[w->sampled++] = (float)(now_us() - t0);
        w->calls++;
    }
    return NULL;
}

static double process_cpu_us(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void quantiles(const struct worker *w, size_t n, struct slice *out)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += w[i].sampled;
    double *all = malloc((total + 1) * sizeof *all);
    check(all != NULL && total > 0, "samples");
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < w[i].sampled; k++)
            all[at++] = (double)w[i].us[k];
    out->p50 = quantile(all, total, 0.5);
    out->p99 = quantile(all, total, 0.99);
    free(all);
}

void run_slice(get_fn get, bool own, size_t threads, struct slice *out)
{
    static struct worker workers[MAX_THREADS];
    struct crew crew = {.get = get, .own = own};
    check(threads <= MAX_THREADS, "threads");
    (void)pthread_barrier_init(&crew.start, NULL, (unsigned)threads + 1);
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.crew = &crew, .number = i, .us = malloc(SAMPLES * sizeof(float))};
        workers[i].rc = own ? connect_redis(&bench.redis) : NULL;
        check(workers[i].us != NULL && pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "a thread");
    }
    (void)pthread_barrier_wait(&crew.start);
    double client = process_cpu_us();
    double server = redis_cpu_us(bench.rc);
    double t0 = now_us();
    (void)nanosleep(&(struct timespec){.tv_sec = (time_t)bench.slice_s,
                                       .tv_nsec = (long)((bench.slice_s - (double)(time_t)bench.slice_s) * 1e9)},
                    NULL);
    atomic_store(&crew.stop, true);
    double calls = 0;
    for (size_t i = 0; i < threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
    double us = now_us() - t0;
    for (size_t i = 0; i < threads; i++)
        calls += (double)workers[i].calls;
    out->ops = calls / us * 1e6;
    out->cpu = (process_cpu_us() - client + redis_cpu_us(bench.rc) - server) / calls;
    quantiles(workers, threads, out);
    for (size_t i = 0; i < threads; i++) {
        free(workers[i].us);
        if (own)
            redisFree(workers[i].rc);
    }
    (void)pthread_barrier_destroy(&crew.start);
}

/* Crews in turn; 0 is the library's. */
static void crews_take_turns(struct party *p, size_t n)
{
    static double ops[8][MAX_ROUNDS], cpu[8][MAX_ROUNDS], p50[8][MAX_ROUNDS], p99[8][MAX_ROUNDS], ratio[MAX_ROUNDS];
    for (size_t round = 0; round < bench.slices; round++)
        for (size_t turn = 0; turn < n; turn++) {
            size_t i = (turn + round) % n;
            struct slice s = {0};
            if (p[i].run != NULL)
                p[i].run(&p[i], &s);
            else
                run_slice(p[i].get, p[i].own, p[i].threads, &s);
            ops[i][round] = s.ops;
            cpu[i][round] = s.cpu;
            p50[i][round] = s.p50;
            p99[i][round] = s.p99;
        }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < bench.slices; k++)
            ratio[k] = ops[0][k] / ops[i][k];
        p[i].ratio = median(ratio, bench.slices);
        for (size_t k = 0; k < bench.slices; k++)
            ratio[k] = cpu[0][k] / cpu[i][k];
        p[i].cpu_ratio = median(ratio, bench.slices);
    }
    for (size_t i = 0; i < n; i++) {
        p[i].all.ops = median(ops[i], bench.slices);
        p[i].all.cpu = median(cpu[i], bench.slices);
        p[i].all.p50 = median(p50[i], bench.slices);
        p[i].all.p99 = median(p99[i], bench.slices);
    }
}

/* "what" as it was, with what was no hit since. */
static const char *said(const char *what)
{
    static char text[160];
    size_t n = atomic_exchange(&no_hits, 0);
    if (n == 0)
        return what;
    (void)snprintf(text, sizeof text, "%s; %zu answers were no hits", what, n);
    return text;
}

static void warm_hot_keys(void)
{
    atomic_store(&no_hits, 0);
    for (size_t i = 0; i < HOT_KEYS; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie(bench.mc, bench.films[i].id, &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

void s4_threads(void)
{
    const char *what = "32 threads on one handle, hits per second";
    struct party p[8] = {
        {.name = "mc_get_movie", .get = lib_get, .threads = 32},
        {.name = "a connection for each thread, GET of the same fields", .get = own_get, .own = true, .threads = 32},
        {.name = "4 connections shared by hand, GET of the same fields", .get = shared_get, .threads = 32}};
    size_t n = 3 + add_peers(p + 3, 5, 32);
    warm_hot_keys();
    open_shared(4);
    crews_take_turns(p, n);
    close_shared();
    result("S4", said(what), p[1].name, "/s", p[0].all.ops, p[1].all.ops, p[1].ratio, (struct goal){AT_LEAST, 1.4});
    result("S4.cpu", "32 threads on one handle, CPU of client and Redis per hit", p[1].name, "us", p[0].all.cpu,
           p[1].all.cpu, p[1].cpu_ratio, (struct goal){AT_MOST, 0.7});
    result("S4b", what, p[2].name, "/s", p[0].all.ops, p[2].all.ops, p[2].ratio, (struct goal){AT_LEAST, 0});
    bool rueidis = false;
    for (size_t i = 3; i < n; i++) {
        char id[32];
        bool is_rueidis = strstr(p[i].name, "rueidis") != NULL;
        rueidis = rueidis || is_rueidis;
        (void)snprintf(id, sizeof id, "S4.%.24s", p[i].peer);
        result(id, what, p[i].name, "/s", p[0].all.ops, p[i].all.ops, p[i].ratio,
               (struct goal){AT_LEAST, !is_rueidis            ? 0
                                       : bench.regime == FREE ? 1.0
                                                              : 0.95});
    }
    if (!rueidis)
        not_measured("S4.rueidis", "32 threads on one handle against rueidis", peers_missing("go"));
    end_peers();
}

void s5_more_threads(void)
{
    struct party p[] = {{.name = "128 threads", .get = lib_get, .threads = 128},
                        {.name = "32 threads", .get = lib_get, .threads = 32},
                        {.name = "64 threads", .get = lib_get, .threads = 64}};
    struct goal goal = {AT_LEAST, 0.95};
    warm_hot_keys();
    crews_take_turns(p, 3);
    result("S5.64", said("64 threads, hits per second"), p[1].name, "/s", p[2].all.ops, p[1].all.ops,
           p[1].ratio / p[2].ratio, goal);
    result("S5.128", "128 threads, hits per second", p[1].name, "/s", p[0].all.ops, p[1].all.ops, p[1].ratio, goal);
    result("S5.p99", "128 threads, p99 of a hit", "their p50", "us", p[0].all.p99, p[0].all.p50, p[0].all.p99 / p[0].all.p50,
           (struct goal){AT_MOST, 5});
}

/* ---- one film that is not in the cache, and everybody wants it */

struct misser {
    pthread_t thread;
    pthread_barrier_t *start;
    const char *id;
    redisContext *rc; /* by hand: a hit, on a connection of its own */
    double us;
};

static void *miss(void *argument)
{
    struct misser *m = argument;
    const mc_movie *film = NULL;
    /* As in a program whose threads are at work: what a thread's first call costs, in malloc above all, is not the question. */
    if (mc_get_movie(bench.mc, bench.films[0].id, &film, NULL, NULL) != MC_OK)
        die("mc_get_movie", "before a stampede");
    mc_movie_unref(film);
    (void)pthread_barrier_wait(m->start);
    double t0 = now_us();
    if (mc_get_movie(bench.mc, m->id, &film, NULL, NULL) != MC_OK)
        die("mc_get_movie", "a stampede");
    m->us = now_us() - t0;
    mc_movie_unref(film);
    return NULL;
}

/* Nothing but a hit, by hand: what as many threads take to be woken and answered. */
static void *hit_by_hand(void *argument)
{
    struct misser *m = argument;
    free(hand_get(m->rc, "fields", bench.films[0].id));
    (void)pthread_barrier_wait(m->start);
    double t0 = now_us();
    free(hand_get(m->rc, "fields", m->id));
    m->us = now_us() - t0;
    return NULL;
}

/* The longest of the calls. */
static double all_at_once(size_t threads, const char *id, bool by_hand)
{
    static struct misser m[MAX_THREADS];
    pthread_barrier_t start;
    double longest = 0;
    (void)pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (size_t i = 0; i < threads; i++) {
        m[i] = (struct misser){.start = &start, .id = id, .rc = by_hand ? connect_redis(&bench.redis) : NULL};
        check(pthread_create(&m[i].thread, NULL, by_hand ? hit_by_hand : miss, &m[i]) == 0, "a thread");
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(m[i].thread, NULL);
        longest = m[i].us > longest ? m[i].us : longest;
        if (by_hand)
            redisFree(m[i].rc);
    }
    (void)pthread_barrier_destroy(&start);
    return longest;
}

/* Calls of the store are added up. */
static double stampede(size_t threads, const char *id, int64_t *store_calls)
{
    mc_stats before;
    mc_stats after;
    (void)mc_invalidate(bench.mc, id, NULL, NULL);
    (void)mc_get_stats(bench.mc, &before);
    double longest = all_at_once(threads, id, false);
    (void)mc_get_stats(bench.mc, &after);
    *store_calls += after.store_calls - before.store_calls;
    return longest;
}

void s11_stampede(void)
{
    static double many[MAX_ROUNDS], alone[MAX_ROUNDS], ratio[MAX_ROUNDS], hand[MAX_ROUNDS], floors[MAX_ROUNDS];
    int64_t calls = 0;
    int64_t ignored = 0;
    size_t rounds = bench.rounds;
    for (size_t i = 0; i < rounds; i++) {
        const char *id = bench.films[key_at(bench.uniform, i)].id;
        if (i % 2 == 0)
            alone[i] = stampede(1, id, &ignored);
        many[i] = stampede(32, id, &calls);
        if (i % 2 == 1)
            alone[i] = stampede(1, id, &ignored);
        ratio[i] = many[i] / alone[i];
        hand[i] = all_at_once(32, id, true);
        floors[i] = hand[i] / alone[i];
    }
    double r = median(ratio, rounds);
    result("S11", "32 threads miss one film: the last that is answered", "a miss alone", "us", median(many, rounds),
           median(alone, rounds), r, (struct goal){AT_MOST, 2.5});
    result("S11b", "32 threads GET one string by hand, each on its own connection: the last that is answered",
           "a miss alone of the library", "us", median(hand, rounds), median(alone, rounds), median(floors, rounds),
           (struct goal){AT_MOST, 0});
    result_limit("S11.store", "calls of the database for 32 threads that miss one film", "", (double)calls / (double)rounds,
                 AT_MOST, 1);
}
