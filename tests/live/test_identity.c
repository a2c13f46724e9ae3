/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two databases behind one Redis and one prefix are never mixed up: the second is refused when it is opened, or reads past Redis when it
 * could not be found out then; taking the prefix over drops what was there.
 */
#include "fixture.h"
#include "proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static srv redis;
static char file_a[320];
static char file_b[320];

static mc_status open_db(const char *uri, const char *store, const char *key, const char *value, mc_client **out,
                         mc_error *err)
{
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", uri, NULL), MC_OK);
    assert_int_equal(mc_options_set(o, "store.uri", store, NULL), MC_OK);
    if (key != NULL)
        assert_int_equal(mc_options_set(o, key, value, NULL), MC_OK);
    mc_status st = mc_open(o, out, err);
    mc_options_free(o);
    return st;
}

static mc_client *opened(const char *store, const char *key, const char *value)
{
    mc_client *mc = NULL;
    mc_error err = {0};
    if (open_db(redis.uri, store, key, value, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    return mc;
}

static void create(mc_client *mc, double rating)
{
    char json[512];
    fixture_json(json, ID1, "Film", rating);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, NULL), MC_OK);
}

/* What the best film's rating is, and the one read by id; both from the same database, wherever it comes from. */
static double shown(mc_client *mc, mc_info *info)
{
    mc_list *rows = NULL;
    double by_id = fixture_rating(mc, ID1, info);
    assert_int_equal(mc_top_movies(mc, 0, 3, &rows, NULL, NULL), MC_OK);
    double best = mc_list_size(rows) > 0 ? mc_list_score(rows, 0) : -1;
    mc_list_free(rows);
    assert_true(best == by_id);
    return by_id;
}

static void flush(void)
{
    char line[128];
    snprintf(line, sizeof line, "redis-cli -p %d FLUSHALL >/dev/null", redis.port);
    assert_int_equal(system(line), 0); /* NOLINT: a test's own command */
    (void)remove(file_a + strlen("sqlite:"));
    (void)remove(file_b + strlen("sqlite:"));
}

static void test_another_is_refused(void **state)
{
    (void)state;
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    flush();
    mc_client *a = opened(file_a, NULL, NULL);
    create(a, 7.0);
    assert_true(shown(a, &info) == 7.0);
    assert_true(shown(a, &info) == 7.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    mc_client *again = opened(file_a, NULL, NULL); /* the same database: the same values */
    assert_true(shown(again, &info) == 7.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(open_db(redis.uri, file_b, NULL, NULL, &mc, &err), MC_E_DATABASE);
    assert_null(mc);
    assert_non_null(strstr(err.text, "a.db"));
    assert_non_null(strstr(err.text, "b.db"));
    assert_non_null(strstr(err.text, "cache.prefix"));
    assert_non_null(strstr(err.text, "--adopt"));
    assert_false(err.retriable);
    assert_int_equal(open_db(redis.uri, "sqlite::memory:", NULL, NULL, &mc, &err),
                     MC_E_DATABASE); /* a new one knows nothing */
    assert_int_equal(open_db(redis.uri, "mongodb://127.0.0.1:1/x", NULL, NULL, &mc, &err), MC_E_DATABASE);
    mc_client *elsewhere = opened(file_b, "cache.prefix", "other:");
    assert_true(shown(elsewhere, NULL) == -1);
    mc_client *named = opened(file_b, "store.identity", "*"); /* not compared, by the caller's own word */
    assert_true(fixture_rating(named, ID1, NULL) == 7.0);
    assert_int_equal(mc_close(named), MC_OK);
    assert_int_equal(mc_close(elsewhere), MC_OK);
    assert_int_equal(mc_close(again), MC_OK);
    assert_int_equal(mc_close(a), MC_OK);
}

static void test_taken_over(void **state)
{
    (void)state;
    mc_info info;
    mc_stats st;
    flush();
    mc_client *a = opened(file_a, NULL, NULL);
    create(a, 7.0);
    assert_true(shown(a, NULL) == 7.0);
    mc_client *b = opened(file_b, "store.adopt", "true");
    assert_true(shown(b, &info) == -1); /* nothing of the other database */
    create(b, 3.0);
    for (int i = 0; i < 3; i++) { /* both go on, and each sees its own */
        assert_true(shown(b, &info) == 3.0);
        assert_true(shown(a, &info) == 7.0);
        assert_int_equal(info.cache, MC_CACHE_BYPASS);
        assert_true(info.flags & MC_FLAG_REFUSED);
    }
    assert_int_equal(mc_update_rating(a, ID1, 8.0, NULL, NULL, NULL), MC_OK);
    assert_true(shown(b, &info) == 3.0);
    assert_true(shown(a, &info) == 8.0);
    assert_true(shown(b, &info) == 3.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_get_stats(a, &st), MC_OK);
    assert_true(st.redis_refusals > 0 && st.redis_refusing == 1);
    int redis_ok = 1;
    mc_error err;
    assert_int_equal(mc_ping(a, &redis_ok, NULL, &err), MC_E_DATABASE);
    assert_int_equal(redis_ok, 0);
    assert_int_equal(mc_close(a), MC_OK);
    assert_int_equal(mc_close(b), MC_OK);
}

static void test_in_memory(void **state)
{
    (void)state;
    mc_info info;
    flush();
    mc_client *a = opened("sqlite::memory:", NULL, NULL);
    create(a, 7.0);
    assert_true(shown(a, &info) == 7.0);
    mc_client *b = opened("sqlite::memory:", NULL, NULL); /* what another process had in memory is of no use to anybody */
    assert_true(shown(b, &info) == -1);
    assert_true(shown(a, &info) == 7.0);
    create(b, 3.0);
    assert_true(shown(a, &info) == 7.0);
    assert_true(shown(b, &info) == 3.0);
    mc_client *real = opened(file_a, NULL, NULL);
    assert_true(shown(real, &info) == -1);
    assert_int_equal(mc_close(a), MC_OK);
    assert_int_equal(mc_close(b), MC_OK);
    assert_int_equal(mc_close(real), MC_OK);
}

/* Redis is away when the second is opened: it is looked at before the first value is believed. */
static void test_redis_away_at_open(void **state)
{
    (void)state;
    proxy p;
    mc_client *b = NULL;
    mc_error err;
    mc_info info;
    flush();
    mc_client *a = opened(file_a, NULL, NULL);
    create(a, 7.0);
    assert_true(shown(a, NULL) == 7.0);
    proxy_start(&p, redis.port);
    proxy_set(&p, PROXY_REFUSE, 0);
    assert_int_equal(open_db(p.uri, file_b, "cache.backoff_max_ms", "20", &b, &err), MC_OK);
    proxy_set(&p, PROXY_PASS, 0);
    for (int i = 0; i < 500; i++) {
        assert_true(shown(b, &info) == -1);
        if (info.flags & MC_FLAG_REFUSED)
            break;
        fixture_sleep_ms(10);
    }
    assert_true(info.flags & MC_FLAG_REFUSED);
    assert_true(shown(a, &info) == 7.0);
    assert_int_equal(mc_close(a), MC_OK);
    assert_int_equal(mc_close(b), MC_OK);
    proxy_stop(&p);
}

static int set_up(void **state)
{
    (void)state;
    srv_start_redis(&redis, NULL);
    (void)snprintf(file_a, sizeof file_a, "sqlite:%s/a.db", redis.dir);
    (void)snprintf(file_b, sizeof file_b, "sqlite:%s/b.db", redis.dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    srv_stop(&redis);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_is_refused),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_redis_away_at_open),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
