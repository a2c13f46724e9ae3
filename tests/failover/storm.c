/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the load of failover tests, and its checker. Refuses: judging by time. */
#include "storm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void nap_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void id_of(int i, char out[25])
{
    snprintf(out, 25, "573a1390f29313caabce5%03x", i);
}

typedef struct seat {
    storm *s;
    int me;
} seat;

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What began after the fault and was good: the first of its film. */
static void note_good(storm *s, _Atomic int64_t *first, int64_t began_ns)
{
    int64_t none = 0;
    int64_t fault = atomic_load(&s->fault_ns);
    if (fault != 0 && began_ns > fault)
        (void)atomic_compare_exchange_strong(first, &none, now_ns());
}

void storm_fault(storm *s)
{
    atomic_store(&s->fault_ns, 0);
    for (int i = 0; i < STORM_IDS; i++) {
        atomic_store(&s->good_write_ns[i], 0);
        atomic_store(&s->good_hit_ns[i], 0);
    }
    atomic_store(&s->fault_ns, now_ns());
}

void storm_await_recovery(storm *s)
{
    for (int tries = 0;; tries++) {
        int64_t fault = atomic_load(&s->fault_ns);
        int64_t seen[4] = {INT64_MAX, 0, INT64_MAX, 0};
        int missing = 0;
        for (int i = 0; i < 2 * STORM_IDS; i++) {
            int64_t at = atomic_load(i % 2 ? &s->good_hit_ns[i / 2] : &s->good_write_ns[i / 2]);
            int64_t *first = &seen[i % 2 * 2];
            missing += at == 0;
            first[0] = at < first[0] ? at : first[0];
            first[1] = at > first[1] ? at : first[1];
        }
        if (missing == 0) {
            for (int k = 0; k < 4 && s->rounds < STORM_ROUNDS; k++)
                s->recovery_ms[k][s->rounds] = (double)(seen[k] - fault) / 1e6;
            s->rounds += s->rounds < STORM_ROUNDS;
            return;
        }
        if (tries == 12000)
            fail_msg("%d of %d films are not written and read again", missing, 2 * STORM_IDS);
        nap_ms(10);
    }
}

/* Each writer owns some ids, so that their versions have an order; the version is the number of votes. */
static void *write_on(void *arg)
{
    seat *at = arg;
    storm *s = at->s;
    unsigned seed = (unsigned)at->me + 1;
    for (long version = 1; !atomic_load(&s->stop); version++) {
        int i = at->me + STORM_WRITERS * (int)(next(&seed) % (STORM_IDS / STORM_WRITERS));
        char id[25];
        char patch[96];
        mc_info info = {0};
        id_of(i, id);
        int n = snprintf(patch, sizeof patch, "{\"imdb\":{\"votes\":%ld,\"rating\":%ld.%ld}}", version, version / 10 % 10,
                         version % 10);
        int slow = atomic_load(&s->slow);
        if (slow > 0 && next(&seed) % 20 == 0)
            memstore_delay(&s->mem, (int)(next(&seed) % (unsigned)slow));
        int64_t began_ns = now_ns();
        mc_status st = mc_update_movie(s->mc[next(&seed) % 4], id, patch, (size_t)n, NULL, &info, NULL);
        if (st == MC_OK && !(info.flags & MC_FLAG_QUEUED)) {
            atomic_store(&s->acked[i], version);
            atomic_fetch_add(&s->writes, 1);
            note_good(s, &s->good_write_ns[i], began_ns);
        } else if (st == MC_OK) {
            atomic_fetch_add(&s->queued, 1);
        } else {
            atomic_fetch_add(&s->failed_writes, 1);
        }
        nap_ms(2);
    }
    free(at);
    return NULL;
}

/* NULL, and said: called by threads that cannot fail the test. */
static mc_client *open_handle(storm *s)
{
    mc_error err = {0};
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    mc_status st = o != NULL ? MC_OK : MC_E_NOMEM;
    for (const char *const *p = s->options; st == MC_OK && *p != NULL; p += 2)
        st = mc_options_set(o, p[0], p[1], &err);
    mc_store table = memstore_table(&s->mem);
    if (st == MC_OK)
        st = mc_open_with_store(o, &table, &mc, &err);
    mc_options_free(o);
    if (st != MC_OK && atomic_fetch_add(&s->failed_opens, 1) < 10)
        print_message("  not opened: %s\n", err.text);
    return mc;
}

static void read_one(storm *s, mc_client *mc, unsigned *seed)
{
    char id[25];
    int64_t votes = 0;
    mc_info info = {0};
    const mc_movie *m = NULL;
    int i = (int)(next(seed) % STORM_IDS);
    id_of(i, id);
    long want = atomic_load(&s->acked[i]);
    int64_t began_ns = now_ns();
    mc_status st = mc_get_movie(mc, id, &m, &info, NULL);
    if (st != MC_OK || mc_movie_votes(m, &votes) != MC_OK) {
        atomic_fetch_add(&s->failed_reads, 1);
    } else {
        atomic_fetch_add(&s->reads, 1);
        atomic_fetch_add(&s->hits, info.cache == MC_CACHE_HIT);
        if (info.cache == MC_CACHE_HIT)
            note_good(s, &s->good_hit_ns[i], began_ns);
        if (votes < want && atomic_fetch_add(&s->stale, 1) < 10)
            print_message("  stale: id %d has %ld, read %ld%s\n", i, want, (long)votes,
                          info.cache == MC_CACHE_HIT ? ", from Redis" : "");
    }
    mc_movie_unref(m);
}

static void *read_on(void *arg)
{
    seat *at = arg;
    storm *s = at->s;
    unsigned seed = (unsigned)at->me + 100;
    int guest = at->me == STORM_WRITERS;
    while (!atomic_load(&s->stop)) {
        mc_client *own = guest ? open_handle(s) : NULL;
        for (int i = 0; i < STORM_IDS; i++) {
            read_one(s, own != NULL ? own : s->mc[next(&seed) % 4], &seed);
            if (next(&seed) % 8 == 0)
                nap_ms(1);
        }
        if (own != NULL)
            (void)mc_close(own);
    }
    free(at);
    return NULL;
}

/* The board: whatever place it gives a film, the score may not be older than what was acknowledged before. */
static void *list_on(void *arg)
{
    seat *at = arg;
    storm *s = at->s;
    while (!atomic_load(&s->stop)) {
        mc_list *rows = NULL;
        if (mc_top_movies(s->mc[atomic_load(&s->lists) % 4], 0, STORM_IDS, &rows, NULL, NULL) == MC_OK) {
            if (mc_list_size(rows) != STORM_IDS && atomic_fetch_add(&s->stale, 1) < 10)
                print_message("  a board of %zu films\n", mc_list_size(rows));
            mc_list_free(rows);
        }
        atomic_fetch_add(&s->lists, 1);
        nap_ms(5);
    }
    free(at);
    return NULL;
}

void storm_start(storm *s, const char *const *options)
{
    void *(*const body[])(void *) = {write_on, read_on, list_on};
    memset(s, 0, sizeof *s);
    memstore_init(&s->mem);
    for (int i = 0; i < STORM_IDS; i++) {
        char id[25];
        char json[160];
        id_of(i, id);
        snprintf(json, sizeof json,
                 "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"Film %d\",\"imdb\":{\"rating\":5.0,\"votes\":0}}", id, i);
        memstore_put(&s->mem, "movies", id, json);
    }
    s->options = options;
    for (int i = 0; i < 4; i++)
        assert_non_null(s->mc[i] = open_handle(s));
    for (int i = 0; i < STORM_WRITERS + STORM_READERS + 1; i++) {
        seat *at = malloc(sizeof *at);
        assert_non_null(at);
        *at = (seat){s, i};
        int kind = i < STORM_WRITERS ? 0 : i < STORM_WRITERS + STORM_READERS ? 1 : 2;
        assert_int_equal(pthread_create(&s->thread[i], NULL, body[kind], at), 0);
    }
}

static int by_size(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

/* Least, median and most of the rounds. */
static void print_recovery(storm *s)
{
    static const char *const what[] = {"first film written", "every film written", "first film read from Redis",
                                       "every film read from Redis"};
    for (int k = 0; k < 4 && s->rounds > 0; k++) {
        double *ms = s->recovery_ms[k];
        qsort(ms, (size_t)s->rounds, sizeof *ms, by_size);
        print_message("  %s again after %.0f ms (%.0f to %.0f, %d rounds)\n", what[k], ms[s->rounds / 2], ms[0],
                      ms[s->rounds - 1], s->rounds);
    }
}

long storm_stop(storm *s, const char *name)
{
    atomic_store(&s->stop, 1);
    for (int i = 0; i < STORM_WRITERS + STORM_READERS + 1; i++)
        pthread_join(s->thread[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(mc_close(s->mc[i]), MC_OK);
    memstore_free(&s->mem);
    long stale = atomic_load(&s->stale);
    print_message(
        "%s: %ld reads (%ld hits, %ld stale, %ld failed), %ld writes acknowledged, %ld queued, %ld failed, %ld lists\n",
        name, atomic_load(&s->reads), atomic_load(&s->hits), stale, atomic_load(&s->failed_reads), atomic_load(&s->writes),
        atomic_load(&s->queued), atomic_load(&s->failed_writes), atomic_load(&s->lists));
    print_recovery(s);
    assert_int_equal(atomic_load(&s->failed_opens), 0);
    return stale;
}

static void await(const _Atomic long *count, long more, const char *what)
{
    long until = atomic_load((_Atomic long *)(uintptr_t)count) + more;
    for (int i = 0; atomic_load((_Atomic long *)(uintptr_t)count) < until; i++) {
        if (i == 6000)
            fail_msg("no more %s", what);
        nap_ms(10);
    }
}

void storm_await_hits(storm *s, long more)
{
    await(&s->hits, more, "hits");
}

void storm_await_writes(storm *s, long more)
{
    await(&s->writes, more, "acknowledged writes");
}
