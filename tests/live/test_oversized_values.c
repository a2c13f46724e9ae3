/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are too large to be read: each costs its own id a miss, is removed, and is not a reason to leave Redis alone. */
#include "fixture.h"
#include "proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOVIE "mflix:movie:{" ID1 "}"
#define ABOVE "73400320" /* 70 MiB */
#define LARGE "20971520" /* 20 MiB: may be read, is not metadata, no alias, no lease */

static fixture f;

static void start(void)
{
    fixture_reset(&f);
}

/* Texts of `bytes` made in the server itself. */
static void hash_field(const char *key, const char *field, const char *bytes)
{
    free(fixture_redis(&f, "EVAL",
                       "local n = tonumber(ARGV[2]) local block = string.rep('x', 4096) "
                       "local long = string.rep(block, math.floor(n / 4096)) .. string.rep('x', n % 4096) "
                       "return redis.call('HSET', KEYS[1], ARGV[1], long)",
                       "1", key, field, bytes, NULL));
}

static void text(const char *key, const char *bytes)
{
    char last[24];
    snprintf(last, sizeof last, "%ld", strtol(bytes, NULL, 10) - 1);
    free(fixture_redis(&f, "SET", key, "", NULL));
    assert_int_equal(fixture_redis_int(&f, "SETRANGE", key, last, "x", NULL), strtol(bytes, NULL, 10));
}

static void nothing_failed(mc_client *mc)
{
    mc_stats st;
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_int_equal(st.redis_errors, 0);
    assert_int_equal(st.redis_up, 1);
}

/* One miss that fills, then hits. */
static void one_miss(unsigned flags)
{
    mc_info info;
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(info.flags, flags | MC_FLAG_FILLED);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    nothing_failed(f.a);
}

static void test_fields(void **state)
{
    (void)state;
    static const char *const fields[][2] = {{"_p", ABOVE}, {"_p", LARGE}, {"_p", "300"}, {"_p", "40"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        start();
        assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
        hash_field(MOVIE, fields[i][0], fields[i][1]);
        one_miss(MC_FLAG_CORRUPT);
    }
    start(); /* and one that is nothing else */
    hash_field(MOVIE, "_p", ABOVE);
    one_miss(MC_FLAG_CORRUPT);
    start(); /* what this read does not ask for does no harm */
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    hash_field(MOVIE, "title", ABOVE);
    hash_field(MOVIE, "_doc", ABOVE);
    mc_info info;
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

/* The text of a document, by itself, and with what may be read beside it but not together. */
static void test_documents(void **state)
{
    (void)state;
    static const char *const fields[][2] = {{"_doc", ABOVE}, {"_doc", LARGE}, {"_doc", "10"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const mc_movie *m = NULL;
        mc_info info;
        start();
        assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
        hash_field(MOVIE, fields[i][0], fields[i][1]);
        assert_int_equal(mc_get_movie_document(f.a, ID1, &m, &info, NULL), MC_OK);
        mc_movie_unref(m);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        assert_int_equal(info.flags, MC_FLAG_CORRUPT | MC_FLAG_FILLED);
        assert_int_equal(mc_get_movie_document(f.a, ID1, &m, &info, NULL), MC_OK);
        mc_movie_unref(m);
        assert_int_equal(info.cache, MC_CACHE_HIT);
        nothing_failed(f.a);
    }
}

/* Several values that may be read one by one and are too much together. */
static void test_all_together(void **state)
{
    (void)state;
    enum { N = 8 };
    char text[N][32];
    const char *ids[N];
    const mc_movie *out[N];
    mc_status statuses[N];
    mc_info infos[N];
    start();
    for (int i = 0; i < N; i++) {
        char key[64];
        char json[512];
        snprintf(text[i], sizeof text[i], "573a1390f29313caabcd49%02d", i);
        ids[i] = text[i];
        fixture_json(json, ids[i], "Many", 5);
        memstore_put(&f.mem, "movies", ids[i], json);
        snprintf(key, sizeof key, "mflix:movie:{%s}", ids[i]);
        hash_field(key, "_p", "47185920");
    }
    int hits = 0;
    for (int round = 0; round < 20 && hits < N;
         round++) { /* a fill that is not waited for may be lost with a slow connection */
        hits = 0;
        assert_int_equal(mc_get_movies(f.a, ids, N, out, statuses, infos, NULL), MC_OK);
        for (int i = 0; i < N; i++) {
            assert_int_equal(statuses[i], MC_OK);
            assert_string_equal(mc_movie_id(out[i]), ids[i]);
            hits += infos[i].cache == MC_CACHE_HIT;
            mc_movie_unref(out[i]);
        }
        assert_true(round > 0 || hits == 0);
    }
    assert_int_equal(hits, N);
    nothing_failed(f.a);
}

/* A text that does not come in time is too large for this connection; the server that sends it is not at fault. */
static void test_slow(void **state)
{
    (void)state;
    proxy p;
    char uri[64];
    mc_error err;
    mc_info info;
    start();
    proxy_start(&p, f.redis.port);
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", p.port);
    mc_client *mc = fixture_open(&f, "cache.uri", uri, "cache.timeout_ms", "400", "cache.connect_timeout_ms", "20000",
                                 "cache.breaker_failures", "1", NULL);
    for (int i = 0; i < 500 && mc_ping(mc, NULL, NULL, &err) != MC_OK; i++)
        fixture_sleep_ms(5);
    hash_field(MOVIE, "_p", LARGE);
    proxy_set(&p, PROXY_SLICE, 0); /* byte by byte: it would take minutes */
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_true(info.flags & MC_FLAG_CORRUPT);
    mc_stats st;
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_int_equal(st.corrupt, 1);
    assert_int_equal(mc_close(mc), MC_OK);
    proxy_stop(&p);
}

/* The others of a batch are answered from Redis, whichever place the large one has. */
static void test_among_others(void **state)
{
    (void)state;
    const char *ids[] = {ID1, ID2, ID3};
    static const char *const keys[] = {MOVIE, "mflix:movie:{" ID2 "}", "mflix:movie:{" ID3 "}"};
    const mc_movie *out[3];
    mc_status statuses[3];
    mc_info infos[3];
    for (int k = 0; k < 3; k++) {
        start();
        assert_int_equal(mc_get_movies(f.a, ids, 3, out, statuses, NULL, NULL), MC_OK);
        for (int i = 0; i < 3; i++)
            mc_movie_unref(out[i]);
        hash_field(keys[k], "_p", ABOVE);
        int finds = f.mem.finds;
        assert_int_equal(mc_get_movies(f.a, ids, 3, out, statuses, infos, NULL), MC_OK);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(statuses[i], MC_OK);
            assert_string_equal(mc_movie_id(out[i]), ids[i]);
            assert_int_equal(infos[i].cache, i == k ? MC_CACHE_MISS : MC_CACHE_HIT);
            mc_movie_unref(out[i]);
        }
        assert_int_equal(f.mem.finds, finds + 1);
        nothing_failed(f.a);
    }
}

static void by_title(int cache)
{
    const mc_movie *m = NULL;
    mc_info info;
    assert_int_equal(mc_get_movie_by_title(f.a, "One", &m, &info, NULL), MC_OK);
    assert_string_equal(mc_movie_id(m), ID1);
    assert_int_equal(info.cache, cache);
    mc_movie_unref(m);
}

static void test_titles(void **state)
{
    (void)state;
    static const char *const sizes[] = {ABOVE, LARGE, "300"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start();
        text("mflix:movie:title:{One}", sizes[i]);
        by_title(MC_CACHE_MISS);
        by_title(MC_CACHE_HIT);
        nothing_failed(f.a);
    }
}

/* A member of a list that nobody can read: the store answers, the list goes, and is built again. */
static void test_lists(void **state)
{
    (void)state;
    static const char *const scores[] = {"9.9", "-inf"};
    static const char *const theater =
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e72c\"},\"theaterId\":1,\"location\":{\"geo\":{\"type\":\"Point\","
        "\"coordinates\":[1.0,1.0]}}}";
    for (int i = 0; i < 4; i++) {
        mc_list *near = NULL;
        mc_info info;
        const char *key = i < 2 ? "mflix:board:{movies:rating}" : "mflix:geo:{theaters:place}";
        start();
        memstore_put(&f.mem, "theaters", "59a47286cfa9a3a73e51e72c", theater);
        assert_true(fixture_board_rating(f.a, ID3) == 3.0);
        assert_int_equal(mc_nearby_theaters(f.a, 1, 1, 1000, 2, &near, NULL, NULL), MC_OK);
        mc_list_free(near);
        /* the place of the theater itself, or below every place */
        const char *score = i < 2 ? scores[i] : "-inf";
        if (i == 2)
            free(fixture_redis(
                &f, "EVAL",
                "return redis.call('ZADD', KEYS[1], redis.call('ZSCORE', KEYS[1], '59a47286cfa9a3a73e51e72c'), "
                "string.rep(string.rep('x', 1048576), 70))",
                "1", key, NULL));
        else
            free(fixture_redis(&f, "EVAL",
                               "return redis.call('ZADD', KEYS[1], ARGV[1], string.rep(string.rep('x', 1048576), 70))", "1",
                               key, score, NULL));
        for (int k = 0; k < 2; k++) {
            if (i < 2) {
                mc_list *rows = NULL;
                assert_int_equal(mc_top_movies(f.a, 0, 2, &rows, &info, NULL), MC_OK);
                assert_int_equal(mc_list_size(rows), 2);
                assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), ID3);
                mc_list_free(rows);
            } else {
                assert_int_equal(mc_nearby_theaters(f.a, 1, 1, 1000, 2, &near, &info, NULL), MC_OK);
                assert_int_equal(mc_list_size(near), 1);
                mc_list_free(near);
            }
            if (k == 1 || i % 2 == 0) /* below all others it is not among those that are asked for */
                assert_int_equal(info.tier, k == 0 ? MC_TIER_STORE : MC_TIER_REDIS);
        }
        nothing_failed(f.a);
    }
}

/* What is in the place of a lease and is none keeps nobody waiting. */
static void test_leases(void **state)
{
    (void)state;
    static const char *const sizes[] = {ABOVE, LARGE, "3"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start();
        text("mfc:l:" MOVIE, sizes[i]);
        one_miss(0);
    }
    start();
    free(fixture_redis(&f, "LPUSH", "mfc:l:" MOVIE, "x", NULL));
    one_miss(0);
}

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)key;
    (void)deadline_ms;
    ++*(int *)user;
    return mc_value_sink_set(sink, "loaded", 6);
}

static void test_values_by_key(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"mflix:kv:{k}", ABOVE},       {"mflix:kv:{k}", LARGE},
                                           {"mfc:v:mflix:kv:{k}", ABOVE}, {"mfc:v:mflix:kv:{k}", LARGE},
                                           {"mfc:l:mflix:kv:{k}", ABOVE}, {"mfc:l:mflix:kv:{k}", "5"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int loads = 0;
        char *out = NULL;
        mc_info info;
        start();
        if (cases[i][0][4] != 'l')
            assert_int_equal(mc_put(f.a, "k", "before", 6, 60000, NULL, NULL), MC_OK);
        text(cases[i][0], cases[i][1]);
        for (int n = 0; n < 2; n++) {
            assert_int_equal(mc_get_or_load(f.a, "k", 60000, load, &loads, &out, NULL, &info, NULL), MC_OK);
            assert_string_equal(out, "loaded");
            assert_int_equal(info.tier, n == 0 ? MC_TIER_STORE : MC_TIER_REDIS);
            mc_free(out);
        }
        assert_int_equal(loads, 1);
        nothing_failed(f.a);
    }
}

/* mc_get() takes any value; what it cannot take it names. */
static void test_get(void **state)
{
    (void)state;
    char *out = NULL;
    mc_error err;
    start();
    text("mflix:kv:{k}", ABOVE);
    assert_int_equal(mc_get(f.a, "k", &out, NULL, NULL, &err), MC_E_TOOBIG);
    assert_non_null(strstr(err.text, ABOVE));
    assert_null(out);
    assert_int_equal(mc_put(f.a, "k", "v", 1, 0, NULL, NULL), MC_OK);
    assert_int_equal(mc_get(f.a, "k", &out, NULL, NULL, NULL), MC_OK);
    assert_string_equal(out, "v");
    mc_free(out);
    nothing_failed(f.a);
}

static int start_all(void **state)
{
    (void)state;
    fixture_start(&f, "cache.breaker_failures", "1", "cache.timeout_ms", "30000", "call.timeout_ms", "60000", NULL);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_slow),         cmocka_unit_test(test_documents),
        cmocka_unit_test(test_all_together), cmocka_unit_test(test_among_others), cmocka_unit_test(test_titles),
        cmocka_unit_test(test_leases),       cmocka_unit_test(test_lists),        cmocka_unit_test(test_values_by_key),
        cmocka_unit_test(test_get),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
