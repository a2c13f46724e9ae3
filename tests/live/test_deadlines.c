/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call ends when its time is over, whatever the database does: a table of faults and calls. Without the deadline each of them would
 * take at least twice as long (a second attempt), or for ever; what is allowed above it is for a busy machine.
 */
#include <sqlite3.h> /* first: it has a parameter called C */

#include "base/clock.h"
#include "proxy.h"
#include "servers.h"

#include <mflixcache/mflixcache.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALL_MS 3000
#define STORE_MS 2900
#define BOUND_MS 5400 /* two attempts of the store's time take 5,800 ms and more */
#define ID "573a1390f29313caabcd4801"
#define FRESH "573a1390f29313caabcd4802"

static const char movie[] = "{\"_id\":{\"$oid\":\"" ID "\"},\"title\":\"T\",\"imdb\":{\"rating\":1.0}}";
static const char fresh[] = "{\"_id\":{\"$oid\":\"" FRESH "\"},\"title\":\"U\",\"imdb\":{\"rating\":2.0}}";

static mc_status call_get(mc_client *mc)
{
    const mc_movie *m;
    mc_status st = mc_get_movie(mc, ID, &m, NULL, NULL);
    mc_movie_unref(m);
    return st;
}

static mc_status call_get_many(mc_client *mc)
{
    static const char *const ids[] = {ID, FRESH};
    const mc_movie *m[2];
    mc_status each[2];
    mc_status st = mc_get_movies(mc, ids, 2, m, each, NULL, NULL);
    mc_movie_unref(m[0]);
    mc_movie_unref(m[1]);
    return st < 0 ? st : each[0];
}

static mc_status call_title(mc_client *mc)
{
    const mc_movie *m;
    mc_status st = mc_get_movie_by_title(mc, "T", &m, NULL, NULL);
    mc_movie_unref(m);
    return st;
}

static mc_status call_top(mc_client *mc)
{
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(mc, 0, 3, &rows, NULL, NULL);
    mc_list_free(rows);
    return st;
}

static mc_status call_near(mc_client *mc)
{
    mc_list *rows = NULL;
    mc_status st = mc_nearby_theaters(mc, 0, 0, 1000, 3, &rows, NULL, NULL);
    mc_list_free(rows);
    return st;
}

static mc_status call_ping(mc_client *mc)
{
    int there = 1;
    (void)mc_ping(mc, NULL, &there, NULL);
    return there ? MC_OK : MC_E_STORE;
}

static mc_status call_create(mc_client *mc)
{
    return mc_create_movie(mc, fresh, sizeof fresh - 1, NULL, NULL, NULL);
}

static mc_status call_rate(mc_client *mc)
{
    return mc_update_rating(mc, ID, 5.0, NULL, NULL, NULL);
}

static mc_status call_rate_title(mc_client *mc)
{
    return mc_update_rating_by_title(mc, "T", 5.0, NULL, NULL, NULL);
}

static mc_status call_delete(mc_client *mc)
{
    return mc_delete_movie(mc, ID, NULL, NULL);
}

static mc_status call_import(mc_client *mc)
{
    const char *json[] = {fresh};
    size_t size[] = {sizeof fresh - 1};
    mc_status each[1];
    mc_status st = mc_import_movies(mc, json, size, 1, MC_IMPORT_REPLACE, each, NULL);
    return st < 0 ? st : each[0];
}

typedef struct entry {
    const char *name;
    mc_status (*run)(mc_client *);
    int writes;
} entry;

static const entry calls[] = {
    {"mc_get_movie", call_get, 0},
    {"mc_get_movies", call_get_many, 0},
    {"mc_get_movie_by_title", call_title, 0},
    {"mc_top_movies", call_top, 0},
    {"mc_nearby_theaters", call_near, 0},
    {"mc_ping", call_ping, 0},
    {"mc_create_movie", call_create, 1},
    {"mc_update_rating", call_rate, 1},
    {"mc_update_rating_by_title", call_rate_title, 1},
    {"mc_delete_movie", call_delete, 1},
    {"mc_import_movies", call_import, 1},
};
#define CALLS (sizeof calls / sizeof calls[0])

typedef struct one {
    mc_client *mc;
    const entry *what;
    mc_status st;
    int64_t ms;
    pthread_t thread;
} one;

static void *run_one(void *arg)
{
    one *o = arg;
    int64_t began = mci_now_ns();
    o->st = o->what->run(o->mc);
    o->ms = (mci_now_ns() - began) / 1000000;
    return NULL;
}

/* All calls at once: one of them waits no longer than all of them. */
static void check(const char *fault, mc_client *mc, int writes_only)
{
    one all[CALLS];
    int bad = 0;
    for (size_t i = 0; i < CALLS; i++) {
        all[i] = (one){.mc = mc, .what = &calls[i]};
        if (!writes_only || calls[i].writes)
            assert_int_equal(pthread_create(&all[i].thread, NULL, run_one, &all[i]), 0);
    }
    for (size_t i = 0; i < CALLS; i++) {
        if (writes_only && !calls[i].writes)
            continue;
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        print_message("  %-28s %-28s %-14s %5lld ms\n", fault, calls[i].name, mc_status_name(all[i].st),
                      (long long)all[i].ms);
        bad += all[i].st >= 0 || all[i].ms > BOUND_MS;
    }
    if (bad > 0)
        fail_msg("%s: %d calls answered, or took longer than %d ms", fault, bad, BOUND_MS);
}

static mc_client *open_on(const char *store)
{
    char nobody[64];
    char call_ms[16];
    char store_ms[16];
    mc_client *mc = NULL;
    mc_error err;
    (void)snprintf(nobody, sizeof nobody, "redis://127.0.0.1:%d/0", srv_free_port());
    (void)snprintf(call_ms, sizeof call_ms, "%d", CALL_MS);
    (void)snprintf(store_ms, sizeof store_ms, "%d", STORE_MS);
    const char *const set[][2] = {{"cache.uri", nobody},
                                  {"store.uri", store},
                                  {"call.timeout_ms", call_ms},
                                  {"store.timeout_ms", store_ms},
                                  {"store.pool_max", "16"}};
    mc_options *o = mc_options_new();
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        assert_int_equal(mc_options_set(o, set[i][0], set[i][1], &err), MC_OK);
    if (mc_open(o, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

#if MFLIXCACHE_WITH_MONGODB
static srv mongo;

static mc_client *open_mongo(proxy *p)
{
    char uri[96];
    proxy_start(p, mongo.port);
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/deadlines", p->port);
    return open_on(uri);
}

static void close_mongo(proxy *p, mc_client *mc)
{
    int64_t began = mci_now_ns();
    assert_int_equal(mc_close(mc), MC_OK);
    print_message("  closing: %lld ms\n", (long long)((mci_now_ns() - began) / 1000000));
    proxy_stop(p);
}

/* The connections are there and nothing comes back any more. */
static void test_mongo_hangs(void **state)
{
    (void)state;
    proxy p;
    mc_client *mc = open_mongo(&p);
    assert_int_equal(mc_import_movies(mc, (const char *const[]){movie}, (size_t[]){sizeof movie - 1}, 1, MC_IMPORT_REPLACE,
                                      (mc_status[1]){0}, NULL),
                     MC_OK);
    assert_int_equal(call_get(mc), MC_OK);
    proxy_set(&p, PROXY_HANG, 0);
    check("MongoDB hangs", mc, 0);
    proxy_set(&p, PROXY_PASS, 0);
    close_mongo(&p, mc);
}

/* Connecting succeeds, and that is all. */
static void test_mongo_never_answers(void **state)
{
    (void)state;
    proxy p;
    mc_client *mc = open_mongo(&p);
    proxy_set(&p, PROXY_HANG, 0);
    check("MongoDB never answers", mc, 0);
    close_mongo(&p, mc);
}

/* Connections are cut as soon as they are made. */
static void test_mongo_refuses(void **state)
{
    (void)state;
    proxy p;
    mc_client *mc = open_mongo(&p);
    proxy_set(&p, PROXY_REFUSE, 0);
    check("MongoDB refuses", mc, 0);
    close_mongo(&p, mc);
}
#endif

#if MFLIXCACHE_WITH_SQLITE
/* Another process holds the file's write lock. Readers are not kept waiting by that. */
static void test_sqlite_locked(void **state)
{
    (void)state;
    char dir[] = "/tmp/mflix-deadlines-XXXXXX";
    char uri[96];
    char path[80];
    sqlite3 *other;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/a.db", dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    mc_client *mc = open_on(uri);
    assert_int_equal(mc_create_movie(mc, movie, sizeof movie - 1, NULL, NULL, NULL), MC_OK);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    check("SQLite is locked", mc, 1);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(call_rate(mc), MC_OK);
    sqlite3_close(other);
    assert_int_equal(mc_close(mc), MC_OK);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(uri, sizeof uri, "%s%s", path, ends[i]);
        (void)remove(uri);
    }
    assert_int_equal(remove(dir), 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#if MFLIXCACHE_WITH_SQLITE
        cmocka_unit_test(test_sqlite_locked),
#endif
#if MFLIXCACHE_WITH_MONGODB
        cmocka_unit_test(test_mongo_hangs),
        cmocka_unit_test(test_mongo_never_answers),
        cmocka_unit_test(test_mongo_refuses),
#endif
    };
#if MFLIXCACHE_WITH_MONGODB
    srv_start_mongo(&mongo, NULL);
#endif
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
#if MFLIXCACHE_WITH_MONGODB
    srv_stop(&mongo);
#endif
    return failed;
}
