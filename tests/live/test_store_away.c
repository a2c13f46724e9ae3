/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that is away is asked by one call at a time, with pauses: counted by the database itself, or by the library's counters
 * where there is none to count. What is not a sign of being away never keeps a call from it.
 */
#include "memstore.h"
#include "servers.h"

#include "base/clock.h"

#include <mflixcache/mflixcache.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "573a1390f29313caabcd4801"
#define NOBODY "573a1390f29313caabcd4899"
#define JSON "{\"_id\":{\"$oid\":\"" ID "\"},\"title\":\"T\"}"

static memstore mem;

/* Options as key, value ... NULL; no Redis. `store` NULL: the memstore. */
static mc_client *open_with(const char *const *pairs, const mc_store *store)
{
    char nobody[64];
    mc_client *mc = NULL;
    mc_error err;
    mc_options *o = mc_options_new();
    (void)snprintf(nobody, sizeof nobody, "redis://127.0.0.1:%d/0", srv_free_port());
    assert_int_equal(mc_options_set(o, "cache.uri", nobody, &err), MC_OK);
    for (; *pairs != NULL; pairs += 2)
        if (mc_options_set(o, pairs[0], pairs[1], &err) != MC_OK)
            fail_msg("%s", err.text);
    if ((store != NULL ? mc_open_with_store(o, store, &mc, &err) : mc_open(o, &mc, &err)) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

static mc_status read_one(mc_client *mc, const char *id, mc_error *err)
{
    const mc_movie *m;
    mc_status st = mc_get_movie(mc, id, &m, NULL, err);
    mc_movie_unref(m);
    return st;
}

static mc_stats stats_of(mc_client *mc)
{
    mc_stats s;
    assert_int_equal(mc_get_stats(mc, &s), MC_OK);
    return s;
}

/* The first pause lasts 6 s at least: nothing that follows depends on how fast the machine is. */
static const char *const long_pause[] = {"store.backoff_min_ms", "60000", "store.backoff_max_ms", "60000", NULL};
static const char *const short_pause[] = {"store.backoff_min_ms", "1", "store.backoff_max_ms", "20", NULL};

static void test_left_alone(void **state)
{
    (void)state;
    memstore_init(&mem);
    memstore_put(&mem, "movies", ID, JSON);
    mc_store table = memstore_table(&mem);
    mc_client *mc = open_with(long_pause, &table);
    mc_error err;
    int there = 0;
    assert_int_equal(read_one(mc, ID, &err), MC_OK);
    assert_int_equal(stats_of(mc).store_up, 1);
    mem.fail_reads = MC_E_TIMEOUT;
    int before = mem.finds;
    for (int i = 0; i < 500; i++)
        assert_true(read_one(mc, ID, &err) < 0);
    assert_int_equal(mem.finds - before, 5); /* store.breaker_failures */
    assert_int_equal(err.code, MC_E_STORE);
    assert_int_equal(err.retriable, 1);
    assert_non_null(strstr(err.text, "waiting before trying the database again"));
    mc_stats s = stats_of(mc);
    assert_int_equal(s.store_up, 0);
    assert_int_equal(s.store_refused, 495);
    assert_true(mc_ping(mc, NULL, &there, &err) < 0);
    assert_int_equal(there, 0);
    mem.fail_writes = MC_OK; /* writes as well: a surely undone one */
    assert_int_equal(mc_update_rating(mc, ID, 5.0, NULL, NULL, &err), MC_E_STORE);
    assert_int_equal(mc_close(mc), MC_OK);
    memstore_free(&mem);
}

/* Errors that are an answer: the documents', not the database's. */
static void test_answers_never_open_it(void **state)
{
    (void)state;
    memstore_init(&mem);
    memstore_put(&mem, "movies", ID, "{\"_id\":{\"$oid\":\"" ID "\"},\"title\":"); /* corrupt */
    mc_store table = memstore_table(&mem);
    mc_client *mc = open_with(long_pause, &table);
    mc_error err;
    for (int i = 0; i < 50; i++) {
        assert_true(read_one(mc, ID, &err) < 0);
        assert_int_equal(read_one(mc, NOBODY, &err), MC_NOT_FOUND);
        assert_int_equal(mc_create_movie(mc, JSON, strlen(JSON), NULL, NULL, &err), MC_E_EXISTS);
    }
    for (int i = 0; i < 50; i++)
        assert_true(read_one(mc, ID, &err) < 0);
    mc_stats s = stats_of(mc);
    assert_int_equal(s.store_refused, 0);
    assert_int_equal(s.store_up, 1);
    mem.fail_reads = MC_E_STORE; /* at once: that costs nobody any time */
    for (int i = 0; i < 50; i++)
        assert_int_equal(read_one(mc, NOBODY, &err), MC_E_STORE);
    assert_int_equal(stats_of(mc).store_refused, 0);
    for (int i = 0; i < 40; i++) { /* four in a row, then an answer: never five */
        mem.fail_reads = i % 5 == 4 ? 0 : MC_E_TIMEOUT;
        (void)read_one(mc, NOBODY, &err);
    }
    assert_int_equal(stats_of(mc).store_refused, 0);
    assert_int_equal(mc_close(mc), MC_OK);
    memstore_free(&mem);
}

static void test_comes_back(void **state)
{
    (void)state;
    memstore_init(&mem);
    memstore_put(&mem, "movies", ID, JSON);
    mc_store table = memstore_table(&mem);
    mc_client *mc = open_with(short_pause, &table);
    mc_error err;
    mem.fail_reads = MC_E_TIMEOUT;
    for (int i = 0; i < 20; i++)
        assert_true(read_one(mc, ID, &err) < 0);
    mem.fail_reads = 0;
    mc_status st = MC_E_STORE;
    for (int i = 0; i < 2000 && st != MC_OK; i++) {
        st = read_one(mc, ID, &err);
        mci_sleep_ms(5, MCI_NO_DEADLINE);
    }
    assert_int_equal(st, MC_OK);
    assert_int_equal(stats_of(mc).store_up, 1);
    int there = 0;
    (void)mc_ping(mc, NULL, &there, &err);
    assert_int_equal(there, 1);
    assert_int_equal(mc_close(mc), MC_OK);
    memstore_free(&mem);
}

/* ---- one at a time ---- */

static atomic_int inside;
static atomic_int most;
static atomic_int failing;

static mc_status slow_find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    (void)user;
    (void)collection;
    (void)id;
    (void)ms;
    (void)sink;
    if (!atomic_load(&failing))
        return MC_NOT_FOUND;
    int now = atomic_fetch_add(&inside, 1) + 1;
    int seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    mci_sleep_ms(20, MCI_NO_DEADLINE);
    atomic_fetch_sub(&inside, 1);
    return MC_E_TIMEOUT;
}

static void *reader(void *arg)
{
    char id[32];
    mc_error err;
    for (int i = 0; i < 100; i++) { /* of different ids: no load is shared */
        (void)snprintf(id, sizeof id, "%024llx", (unsigned long long)(uintptr_t)&id + (unsigned)i);
        (void)read_one(arg, id, &err);
        mci_sleep_ms(1, MCI_NO_DEADLINE);
    }
    return NULL;
}

static void test_one_call_tries(void **state)
{
    (void)state;
    mc_store table;
    mc_error err;
    pthread_t t[8];
    mc_store_init(&table, sizeof table);
    table.find = slow_find;
    mc_client *mc = open_with(short_pause, &table);
    atomic_store(&failing, 1);
    for (int i = 0; i < 5; i++)
        assert_true(read_one(mc, ID, &err) < 0);
    atomic_store(&most, 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, reader, mc), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(atomic_load(&most), 1);
    atomic_store(&failing, 0);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* ---- MongoDB ---- */

#if MFLIXCACHE_WITH_MONGODB
static void test_mongo_away(void **state)
{
    (void)state;
    srv server;
    char uri[128];
    mc_error err;
    srv_start_mongo(&server, NULL);
    srv_kill(&server);
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/away?serverSelectionTimeoutMS=2000", server.port);
    const char *const pairs[] = {"store.uri", uri, NULL};
    mc_client *mc = open_with(pairs, NULL);
    int64_t began = mci_now_ns();
    for (int i = 0; i < 200; i++) {
        assert_int_equal(read_one(mc, ID, &err), MC_E_STORE);
        assert_int_equal(mc_create_movie(mc, JSON, strlen(JSON), NULL, NULL, &err), MC_E_STORE);
    }
    mc_stats s = stats_of(mc);
    print_message("  400 calls took %lld ms, %lld did not ask\n", (long long)((mci_now_ns() - began) / 1000000),
                  (long long)s.store_refused);
    assert_true(s.store_refused > 300); /* 400 calls of 2 s each would be 13 minutes */
    assert_true(mci_now_ns() - began < INT64_C(120000000000));
    assert_int_equal(s.store_up, 0);
    srv_start_again(&server);
    mc_status st = MC_E_STORE;
    for (int i = 0; i < 600 && st != MC_NOT_FOUND; i++) {
        st = read_one(mc, ID, &err);
        mci_sleep_ms(25, MCI_NO_DEADLINE);
    }
    assert_int_equal(st, MC_NOT_FOUND);
    assert_int_equal(stats_of(mc).store_up, 1);
    srv_pause(&server); /* takes connections, and is silent */
    int there = 1;
    assert_int_equal(mc_close(mc), MC_OK);
    const char *const quick[] = {"store.uri",
                                 uri,
                                 "store.timeout_ms",
                                 "300",
                                 "store.breaker_failures",
                                 "3",
                                 "store.backoff_min_ms",
                                 "60000",
                                 "store.backoff_max_ms",
                                 "60000",
                                 NULL};
    mc = open_with(quick, NULL);
    for (int i = 0; i < 10; i++)
        assert_true(read_one(mc, ID, &err) < 0);
    assert_true(stats_of(mc).store_refused >= 5);
    (void)mc_ping(mc, NULL, &there, &err);
    assert_int_equal(there, 0);
    srv_resume(&server);
    for (int i = 0; i < 600 && !there; i++) { /* a ping asks in any case, and ends the pause when it is answered */
        (void)mc_ping(mc, NULL, &there, &err);
        mci_sleep_ms(25, MCI_NO_DEADLINE);
    }
    assert_int_equal(there, 1);
    assert_int_equal(read_one(mc, ID, &err), MC_NOT_FOUND);
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&server);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_answers_never_open_it),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_one_call_tries),
#if MFLIXCACHE_WITH_MONGODB
        cmocka_unit_test(test_mongo_away),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
