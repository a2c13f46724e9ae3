/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads on two handles: readers, writers, boards, invalidations, titles, logs. A reader that began after a write was
 * acknowledged may not be given anything older (C4), nor go back (C3). Run under ThreadSanitizer as well.
 */
#include "fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDS 16
#define READERS 4
#define WRITERS 4 /* each owns IDS / WRITERS ids, so that versions have an order */

static fixture f;
static _Atomic long acked[IDS];
static _Atomic int stop;
static _Atomic long reads;
static _Atomic long hits;
static _Atomic long violations;

/* Counted, and reported: which promise, and what was seen. */
static void violation(const char *what, long want, long got)
{
    if (atomic_fetch_add(&violations, 1) < 20)
        print_message("violated: %s (%ld, %ld)\n", what, want, got);
}

static void id_of(int i, char out[25])
{
    snprintf(out, 25, "573a1390f29313caabcd5%03x", i);
}

static void *writer(void *arg)
{
    int me = (int)(intptr_t)arg;
    unsigned seed = (unsigned)me + 1;
    for (long version = 8; !atomic_load(&stop); version++) /* documents begin with 7 */ {
        for (int i = me; i < IDS; i += WRITERS) {
            char id[25];
            char patch[64];
            id_of(i, id);
            seed = seed * 1103515245u + 12345u;
            mc_client *mc = seed >> 16 & 1 ? f.a : f.b;
            int n = snprintf(patch, sizeof patch, "{\"imdb\":{\"votes\":%ld,\"rating\":%ld.%ld}}", version,
                             version / 10 % 10, version % 10);
            mc_status st = mc_update_movie(mc, id, patch, (size_t)n, NULL, NULL, NULL);
            if (st == MC_OK)
                atomic_store(&acked[i], version);
            else
                violation("a write failed", MC_OK, st);
        }
        fixture_sleep_ms(1);
    }
    return NULL;
}

static void *reader(void *arg)
{
    unsigned seed = (unsigned)(intptr_t)arg + 100;
    long seen[IDS] = {0};
    while (!atomic_load(&stop)) {
        char id[25];
        int64_t votes = 0;
        mc_info info;
        const mc_movie *m = NULL;
        seed = seed * 1103515245u + 12345u;
        int i = (int)(seed >> 16) % IDS;
        id_of(i, id);
        long want = atomic_load(&acked[i]);
        mc_status st = mc_get_movie(seed >> 24 & 1 ? f.a : f.b, id, &m, &info, NULL);
        if (st != MC_OK || mc_movie_votes(m, &votes) != MC_OK)
            violation("a read failed", MC_OK, st);
        else if (votes < want)
            violation(info.cache == MC_CACHE_HIT ? "older than acknowledged, from Redis" : "older than acknowledged", want,
                      votes);
        else if (votes < seen[i])
            violation(info.cache == MC_CACHE_HIT ? "back in time, from Redis" : "back in time", seen[i], votes);
        seen[i] = votes;
        atomic_fetch_add(&reads, 1);
        if (info.cache == MC_CACHE_HIT)
            atomic_fetch_add(&hits, 1);
        mc_movie_unref(m);
    }
    return NULL;
}

static void *disturber(void *arg)
{
    (void)arg;
    for (int k = 0; !atomic_load(&stop); k++) {
        char id[25];
        mc_list *rows = NULL;
        const char *ids[IDS];
        char texts[IDS][25];
        const mc_movie *out[IDS];
        mc_status sts[IDS];
        id_of(k % IDS, id);
        mc_status st = mc_top_movies(k % 2 ? f.a : f.b, 0, IDS, &rows, NULL, NULL);
        if (st != MC_OK || mc_list_size(rows) != IDS)
            violation("a short board", st, (long)mc_list_size(rows));
        mc_list_free(rows);
        (void)mc_invalidate(f.b, id, NULL, NULL);
        (void)mc_record_view(f.a, id, NULL, NULL, NULL);
        if (mc_trending(f.a, 5, &rows, NULL, NULL) == MC_OK)
            mc_list_free(rows);
        for (int i = 0; i < IDS; i++) {
            id_of(i, texts[i]);
            ids[i] = texts[i];
        }
        if (mc_get_movies(f.a, ids, IDS, out, sts, NULL, NULL) != MC_OK)
            violation("a batch failed", 0, 0);
        else
            for (int i = 0; i < IDS; i++)
                mc_movie_unref(out[i]);
        if (k % 20 == 0)
            (void)mc_invalidate_all(f.a, NULL, NULL);
    }
    return NULL;
}

static void nothing(int level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

static void *observer(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        mc_stats st;
        char *text = NULL;
        (void)mc_set_log(f.a, nothing, MC_LOG_DEBUG, NULL);
        (void)mc_get_stats(f.a, &st);
        if (mc_metrics_prometheus(f.a, &text, NULL) == MC_OK)
            mc_free(text);
        (void)mc_set_log(f.a, NULL, MC_LOG_INFO, NULL);
        fixture_sleep_ms(5);
    }
    return NULL;
}

static void *contender(void *arg)
{
    char id[25];
    char patch[64];
    id_of(0, id);
    for (int k = 0; k < 40; k++) {
        int n = snprintf(patch, sizeof patch, "{\"imdb\":{\"rating\":%d.%d}}", k % 10, (int)(intptr_t)arg);
        if (mc_update_movie((intptr_t)arg % 2 ? f.a : f.b, id, patch, (size_t)n, NULL, NULL, NULL) != MC_OK)
            violation("a write failed", k, 0);
    }
    return NULL;
}

static void populate(void)
{
    char json[512];
    char id[25];
    fixture_reset(&f);
    for (int i = 0; i < 3; i++)
        memstore_put(&f.mem, "movies", i == 0 ? ID1 : i == 1 ? ID2 : ID3, NULL);
    for (int i = 0; i < IDS; i++) {
        id_of(i, id);
        fixture_json(json, id, "T", 1);
        memstore_put(&f.mem, "movies", id, json);
        atomic_store(&acked[i], 0);
    }
}

static void test_readers_and_writers(void **state)
{
    (void)state;
    pthread_t t[READERS + WRITERS + 2];
    int n = 0;
    populate();
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&t[n++], NULL, reader, (void *)(intptr_t)i), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&t[n++], NULL, writer, (void *)(intptr_t)i), 0);
    assert_int_equal(pthread_create(&t[n++], NULL, disturber, NULL), 0);
    assert_int_equal(pthread_create(&t[n++], NULL, observer, NULL), 0);
    fixture_sleep_ms(4000);
    atomic_store(&stop, 1);
    while (n > 0)
        pthread_join(t[--n], NULL);
    print_message("%ld reads, %ld hits, %ld violations\n", atomic_load(&reads), atomic_load(&hits),
                  atomic_load(&violations));
    assert_int_equal(atomic_load(&violations), 0);
    assert_true(atomic_load(&hits) > 0 && atomic_load(&reads) > 100);
}

/* Eight threads change one movie: afterwards document, value and board agree. */
static void test_contended_writes_converge(void **state)
{
    (void)state;
    pthread_t t[8];
    char id[25];
    populate();
    atomic_store(&violations, 0);
    id_of(0, id);
    (void)fixture_board_rating(f.a, id);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, contender, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&violations), 0);
    double want = fixture_stored_rating(&f, id);
    assert_true(fixture_rating(f.a, id, NULL) == want);
    assert_true(fixture_rating(f.b, id, NULL) == want);
    assert_true(fixture_board_rating(f.a, id) == want);
}

static mc_client *_Atomic victim;

static void *hammer(void *arg)
{
    (void)arg;
    char id[25];
    id_of(1, id);
    for (;;) {
        const mc_movie *m = NULL;
        mc_status st = mc_get_movie(atomic_load(&victim), id, &m, NULL, NULL);
        mc_movie_unref(m);
        if (st == MC_E_CLOSED)
            return NULL;
        if (st != MC_OK)
            violation("a read failed", MC_OK, st);
    }
}

/* Closing while others are in the middle of calls: they finish, or get MC_E_CLOSED. */
static void test_close_under_load(void **state)
{
    (void)state;
    populate();
    atomic_store(&violations, 0);
    for (int round = 0; round < 10; round++) {
        pthread_t t[4];
        atomic_store(&victim, fixture_open(&f, NULL));
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&t[i], NULL, hammer, NULL), 0);
        fixture_sleep_ms(20);
        assert_int_equal(mc_close(atomic_load(&victim)), MC_OK);
        for (int i = 0; i < 4; i++)
            pthread_join(t[i], NULL);
    }
    assert_int_equal(atomic_load(&violations), 0);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, "movies.ttl_ms", "300", "call.timeout_ms", "30000", "cache.timeout_ms", "10000", "store.timeout_ms",
                  "4000", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_and_writers),
        cmocka_unit_test(test_contended_writes_converge),
        cmocka_unit_test(test_close_under_load),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
