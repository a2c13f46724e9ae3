/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes whose outcome the database does not report: a MongoDB-wire server behind a proxy that cuts, drops and hangs. Each write ends as
 * MC_OK, MC_E_UNKNOWN or a clean error; once the network is whole again, cache, board and database agree.
 */
#include "proxy.h"
#include "servers.h"

#include <mflixcache/mflixcache.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define ID "573a1390f29313caabcd4801"

static srv redis;
static srv mongo;
static proxy p;
static mc_client *through; /* writes through the proxy */
static mc_client *straight;
static mc_client *uncached; /* asks the database alone */
static int outcomes[4];     /* OK, unknown, not carried out, late */

static void open_with(mc_client **out, const char *redis_uri, int port, const char *store_ms)
{
    char uri[128];
    mc_error err;
    mc_options *o = mc_options_new();
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/unknown", port);
    const char *const set[][2] = {{"cache.uri", redis_uri},
                                  {"store.uri", uri},
                                  {"store.timeout_ms", store_ms},
                                  {"write.quarantine_ms", store_ms[0] == '7' ? "1500" : "10000"},
                                  {"cache.backoff_max_ms", "20"},
                                  {"call.timeout_ms", "5000"},
                                  {"store.identity", "the one behind the proxies"}};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        assert_int_equal(mc_options_set(o, set[i][0], set[i][1], &err), MC_OK);
    if (mc_open(o, out, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
}

static void open_client(mc_client **out, const char *redis_uri, int port)
{
    open_with(out, redis_uri, port, "700");
}

static void sleep_ms(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
    nanosleep(&ts, NULL);
}

static double rating_by(mc_client *mc)
{
    const mc_movie *m = NULL;
    double r = -1;
    if (mc_get_movie(mc, ID, &m, NULL, NULL) == MC_OK)
        (void)mc_movie_rating(m, &r);
    mc_movie_unref(m);
    return r;
}

/* The network is whole again: wait until the writer's driver has seen that. */
static void heal(void)
{
    proxy_set(&p, PROXY_PASS, 0);
    for (int i = 0; i < 400; i++) {
        int store_ok = 0;
        (void)mc_ping(through, NULL, &store_ok, NULL);
        if (store_ok)
            return;
        sleep_ms(25);
    }
    fail_msg("the store did not come back");
}

static void coherent(void)
{
    mc_list *rows = NULL;
    double truth = rating_by(uncached);
    for (int i = 0; i < 3; i++) {
        assert_true(rating_by(straight) == truth);
        assert_true(rating_by(through) == truth);
    }
    for (int i = 0; i < 100; i++) { /* the board: as soon as the quarantine of a broken write has ended */
        assert_int_equal(mc_top_movies(straight, 0, 5, &rows, NULL, NULL), MC_OK);
        double board = mc_list_size(rows) > 0 ? mc_list_score(rows, 0) : -1;
        mc_list_free(rows);
        if (board == truth)
            return;
        sleep_ms(25);
    }
    fail_msg("the board does not agree with the database");
}

static void broken_write(proxy_mode mode, long limit, double rating)
{
    mc_error err;
    mc_info info;
    (void)rating_by(straight); /* the old value is cached, and on the board */
    double before = rating_by(uncached);
    proxy_set(&p, mode, limit);
    mc_status st = mc_update_rating(through, ID, rating, NULL, &info, &err);
    if (st != MC_OK && st != MC_E_UNKNOWN && st != MC_E_STORE && st != MC_E_TIMEOUT)
        fail_msg("%s: %s", mc_status_name(st), err.text);
    double seen = rating_by(straight); /* whoever reads meanwhile gets the old or the new one, as the database has it */
    assert_true(seen == before || seen == rating);
    heal();
    coherent();
    double after = rating_by(uncached);
    assert_true(after == before || after == rating);
    if (st == MC_OK)
        assert_true(after == rating);
    if (st == MC_E_STORE || st == MC_E_TIMEOUT)
        assert_true(after == before); /* an error that is not "unknown" means: not carried out */
    outcomes[st == MC_OK ? 0 : st == MC_E_UNKNOWN ? 1 : 2]++;
}

static void test_cut_while_sending(void **state)
{
    (void)state;
    double rating = 1;
    for (long limit = 0; limit <= 900; limit += 150)
        broken_write(PROXY_CUT_SEND, limit, rating += 0.1);
}

static void test_cut_while_answering(void **state)
{
    (void)state;
    double rating = 3;
    for (long limit = 0; limit <= 900; limit += 150)
        broken_write(PROXY_CUT, limit, rating += 0.1);
}

static void test_reply_dropped_or_hung(void **state)
{
    (void)state;
    broken_write(PROXY_DROP_REPLY, 0, 5.1);
    broken_write(PROXY_HANG, 0, 5.2);
    broken_write(PROXY_DROP_REPLY, 0, 5.3);
    broken_write(PROXY_REFUSE, 0, 5.4);
    print_message("%d carried out, %d unknown, %d not carried out\n", outcomes[0], outcomes[1], outcomes[2]);
}

/* A server that forgets that it has carried out a write which the driver sends again: nothing in the requests says so. */
static proxy forgetful;
static mc_client *retrying;

static mc_status create(const char *id, const char *title)
{
    char json[160];
    mc_error err = {0};
    int n = snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"%s\",\"year\":{\"$numberLong\":\"5\"}}", id,
                     title);
    mc_status st = mc_create_movie(retrying, json, (size_t)n, NULL, NULL, &err);
    print_message("  create '%s': %s %s\n", title, mc_status_name(st), err.text);
    return st;
}

static void test_insert_sent_twice(void **state)
{
    (void)state;
    char id[40];
    open_with(&retrying, redis.uri, forgetful.port, "4000"); /* time for the driver to find the server again */
    assert_int_equal(create("573a1390f29313caabcd5000", "warm"), MC_OK);
    for (int i = 1; i <= 5; i++) { /* ours, met by its own repetition */
        (void)snprintf(id, sizeof id, "573a1390f29313caabcd5%03d", i);
        proxy_drop_to(&forgetful, "twice", 1);
        assert_int_equal(create(id, "twice"), MC_OK);
        assert_int_equal(atomic_load(&forgetful.dropped), i);
        assert_int_equal(create(id, "twice"), MC_E_EXISTS); /* sent once: it is there already, even if it is the same */
    }
    proxy_drop_to(&forgetful, "other", 1); /* not ours: nobody can say any more what became of the first */
    assert_int_equal(create("573a1390f29313caabcd5001", "other"), MC_E_UNKNOWN);
    char json[160];
    int n = snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"573a1390f29313caabcd5009\"},\"title\":\"many\"}");
    const char *texts[] = {json};
    size_t sizes[] = {(size_t)n};
    mc_status each[1];
    proxy_drop_to(&forgetful, "many", 1);
    assert_int_equal(mc_import_movies(retrying, texts, sizes, 1, MC_IMPORT_SKIP, each, NULL), MC_OK);
    assert_int_equal(each[0], MC_OK);
    assert_int_equal(mc_import_movies(retrying, texts, sizes, 1, MC_IMPORT_SKIP, each, NULL), MC_OK);
    assert_int_equal(each[0], MC_E_EXISTS);
    assert_int_equal(mc_close(retrying), MC_OK);
}

/* The same with a server that remembers: the driver's repetition is answered as the first time. */
static void test_writes_sent_twice_and_remembered(void **state)
{
    (void)state;
    int before = atomic_load(&p.dropped);
    proxy_drop_to(&p, "findAndModify", 1);
    mc_error err = {0};
    mc_client *patient;
    open_with(&patient, redis.uri, p.port, "4000");
    mc_status st = mc_update_rating(patient, ID, 6.5, NULL, NULL, &err);
    if (st != MC_OK)
        fail_msg("%s: %s", mc_status_name(st), err.text);
    assert_int_equal(atomic_load(&p.dropped), before + 1);
    assert_true(rating_by(straight) == 6.5);
    coherent();
    assert_int_equal(mc_close(patient), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    char nobody[64];
    const char *json = "{\"_id\":{\"$oid\":\"" ID "\"},\"title\":\"T\",\"imdb\":{\"rating\":1.0}}";
    srv_start_redis(&redis, NULL);
    srv_start_mongo(&mongo, NULL);
    proxy_start(&p, mongo.port);
    proxy_start(&forgetful, mongo.port);
    forgetful.from = "txnNumber";
    forgetful.to = "txnNumbeX";
    snprintf(nobody, sizeof nobody, "redis://127.0.0.1:%d/0", srv_free_port());
    open_client(&through, redis.uri, p.port);
    open_client(&straight, redis.uri, mongo.port);
    open_client(&uncached, nobody, mongo.port);
    assert_int_equal(mc_create_movie(straight, json, strlen(json), NULL, NULL, NULL), MC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)mc_close(through);
    (void)mc_close(straight);
    (void)mc_close(uncached);
    proxy_stop(&p);
    proxy_stop(&forgetful);
    srv_stop(&mongo);
    srv_stop(&redis);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_while_sending),
        cmocka_unit_test(test_cut_while_answering),
        cmocka_unit_test(test_reply_dropped_or_hung),
        cmocka_unit_test(test_insert_sent_twice),
        cmocka_unit_test(test_writes_sent_twice_and_remembered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
