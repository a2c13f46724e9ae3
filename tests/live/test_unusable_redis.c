/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Redis that answers and cannot be used: what will not get better by waiting is an error at open and at ping; what comes and goes
 * is reported by flag, counter, gauge and one log line. Real servers in each of these states.
 */
#include "fixture.h"

#include "engine/refused.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static memstore mem;

/* A command of the test's own, by redis-cli; its output. */
static void cli(const srv *s, const char *command, char out[512])
{
    char line[640];
    snprintf(line, sizeof line, "redis-cli -p %d %s 2>&1", s->port, command);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, 511, p);
    out[n] = '\0';
    (void)pclose(p);
}

static mc_status open_on(const char *uri, mc_client **out, mc_error *err)
{
    mc_options *o = mc_options_new();
    mc_store table = memstore_table(&mem);
    assert_int_equal(mc_options_set(o, "cache.uri", uri, NULL), MC_OK);
    mc_status st = mc_open_with_store(o, &table, out, err);
    mc_options_free(o);
    return st;
}

static void refuses_to_open(const char *uri, mc_status status, const char *text)
{
    mc_client *mc = NULL;
    mc_error err;
    assert_int_equal(open_on(uri, &mc, &err), status);
    assert_null(mc);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, err.text);
}

static void test_database_number(void **state)
{
    (void)state;
    srv s;
    char uri[340];
    srv_start_redis(&s, "--databases", "4", NULL);
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/9", s.port);
    refuses_to_open(uri, MC_E_URI, "no database 9");
    srv_stop(&s);
}

static void test_scripts_off(void **state)
{
    (void)state;
    srv s;
    srv_start_redis(&s, "--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "", NULL);
    refuses_to_open(s.uri, MC_E_CACHE, "unknown command");
    srv_stop(&s);
}

static void test_permissions(void **state)
{
    (void)state;
    srv s;
    char out[512];
    char uri[340];
    srv_start_redis(&s, NULL);
    cli(&s, "ACL SETUSER reader on '>pw' '~*' +@all -eval -evalsha", out);
    assert_string_equal(out, "OK\n");
    snprintf(uri, sizeof uri, "redis://reader:pw@127.0.0.1:%d/0", s.port);
    refuses_to_open(uri, MC_E_AUTH, "NOPERM");
    cli(&s, "ACL SETUSER writer on '>pw' '~elsewhere:*' +@all", out);
    snprintf(uri, sizeof uri, "redis://writer:pw@127.0.0.1:%d/0", s.port);
    refuses_to_open(uri, MC_E_AUTH, "NOPERM");
    srv_stop(&s);
}

/* Documents, titles, lists, places, values and invalidation: nothing is refused, and what was stored is found. */
static void works_on(srv *s)
{
    char json[512];
    const mc_movie *m = NULL;
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    int64_t rank = -1;
    int64_t views = 0;
    char *value = NULL;
    size_t n = 0;
    fixture_json(json, ID1, "One", 1);
    memstore_put(&mem, "movies", ID1, json);
    fixture_json(json, ID2, "Two", 2);
    memstore_put(&mem, "movies", ID2, json);
    assert_int_equal(open_on(s->uri, &mc, &err), MC_OK);
    for (int i = 0; i < 2; i++) {
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
        assert_int_equal(mc_get_movie_by_title(mc, "Two", &m, &info, NULL), MC_OK);
        mc_movie_unref(m);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_update_rating(mc, ID1, 9.0, NULL, &info, NULL), MC_OK);
    assert_int_equal(info.flags, MC_FLAG_FILLED);
    assert_true(fixture_board_rating(mc, ID1) == 9.0);
    assert_int_equal(mc_rank_movie(mc, ID1, &rank, NULL, &info, NULL), MC_OK);
    assert_int_equal(info.tier, MC_TIER_REDIS);
    assert_int_equal(rank, 0);
    assert_int_equal(mc_record_view(mc, ID2, &views, NULL, NULL), MC_OK);
    assert_int_equal(views, 1);
    static const char *const more[] = {
        "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4a01\"},\"title\":\"Three\",\"imdb\":{\"rating\":1.5}}",
        "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4a02\"},\"title\":\"Four\",\"imdb\":{\"rating\":9.5}}"};
    mc_status imported[2] = {MC_E_INTERNAL, MC_E_INTERNAL};
    assert_int_equal(
        mc_import_movies(mc, more, (const size_t[]){strlen(more[0]), strlen(more[1])}, 2, MC_IMPORT_SKIP, imported, &err),
        MC_OK);
    assert_int_equal(imported[0] + imported[1], MC_OK);
    assert_true(fixture_board_rating(mc, "573a1390f29313caabcd4a02") == 9.5);
    assert_int_equal(mc_get_movie_by_title(mc, "Four", &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    mc_list *near = NULL;
    assert_int_equal(mc_nearby_theaters(mc, 0, 0, 1000, 2, &near, &info, NULL), MC_OK);
    mc_list_free(near);
    assert_int_equal(info.tier, MC_TIER_REDIS);
    assert_int_equal(mc_put(mc, "k", "v", 1, 60000, NULL, NULL), MC_OK);
    assert_int_equal(mc_get(mc, "k", &value, &n, NULL, NULL), MC_OK);
    mc_free(value);
    assert_int_equal(mc_invalidate(mc, ID1, NULL, NULL), MC_OK);
    assert_int_equal(mc_invalidate_all(mc, NULL, NULL), MC_OK);
    assert_true(fixture_rating(mc, ID1, &info) == 9.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_true(fixture_rating(mc, ID1, &info) == 9.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    mc_stats st;
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_int_equal(st.redis_refusals, 0);
    assert_int_equal(mc_close(mc), MC_OK);
}

static void test_cluster_of_one(void **state)
{
    (void)state;
    srv s;
    char out[512];
    srv_start_redis(&s, "--cluster-enabled", "yes", NULL);
    cli(&s, "CLUSTER ADDSLOTS $(seq 0 16383)", out);
    for (int i = 0; i < 500; i++) {
        cli(&s, "CLUSTER INFO", out);
        if (strstr(out, "cluster_state:ok") != NULL)
            break;
        fixture_sleep_ms(20);
    }
    works_on(&s);
    srv_stop(&s);
}

static void test_replica(void **state)
{
    (void)state;
    srv primary;
    srv replica;
    char out[512];
    char port[16];
    srv_start_redis(&primary, NULL);
    snprintf(port, sizeof port, "%d", primary.port);
    srv_start_redis(&replica, "--replicaof", "127.0.0.1", port, NULL);
    for (int i = 0; i < 500; i++) {
        cli(&replica, "INFO replication", out);
        if (strstr(out, "master_link_status:up") != NULL)
            break;
        fixture_sleep_ms(20);
    }
    refuses_to_open(replica.uri, MC_E_CACHE, "READONLY");
    srv_stop(&replica);
    srv_stop(&primary);
}

/* One command alone is refused: what it would have answered comes from the store, and is not taken for nothing. */
static void test_one_command_refused(void **state)
{
    (void)state;
    srv s;
    char out[512];
    char json[512];
    char uri[340];
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    mc_list *rows = NULL;
    mc_list *near = NULL;
    int64_t rank = -1;
    double rating = 0;
    static const char *const refused[] = {"zrevrange", "zrevrank",      "zscore", "geosearch",
                                          "zrange",    "zrangebyscore", "get",    "hmget"};
    fixture_json(json, ID1, "One", 1);
    memstore_put(&mem, "movies", ID1, json);
    memstore_put(
        &mem, "theaters", "59a47286cfa9a3a73e51e72c",
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e72c\"},\"theaterId\":1,\"location\":{\"geo\":{\"type\":\"Point\","
        "\"coordinates\":[10.0,10.0]}}}");
    srv_start_redis(&s, NULL);
    snprintf(uri, sizeof uri, "redis://some:pw@127.0.0.1:%d/0", s.port);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char command[160];
        cli(&s, "FLUSHALL", out);
        cli(&s, "ACL SETUSER some on '>pw' '~*' +@all", out);
        assert_int_equal(open_on(uri, &mc, &err), MC_OK);
        for (int k = 0; k < 2; k++) {
            if (k == 1) {
                snprintf(command, sizeof command, "ACL SETUSER some -%s", refused[i]);
                cli(&s, command, out);
                assert_string_equal(out, "OK\n");
            }
            assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
            assert_int_equal(mc_top_movies(mc, 0, 3, &rows, &info, NULL), MC_OK);
            assert_int_equal(mc_list_size(rows), 1);
            mc_list_free(rows);
            assert_int_equal(mc_rank_movie(mc, ID1, &rank, &rating, &info, NULL), MC_OK);
            assert_true(rank == 0 && rating == 1.0);
            assert_int_equal(mc_nearby_theaters(mc, 10, 10, 1000, 3, &near, &info, NULL), MC_OK);
            assert_int_equal(mc_list_size(near), 1);
            mc_list_free(near);
        }
        assert_int_equal(mc_close(mc), MC_OK);
    }
    srv_stop(&s);
}

typedef struct lines {
    int cannot;
    int again;
    int still;
} lines;

static void count_lines(int level, const char *text, void *user)
{
    lines *l = user;
    (void)level;
    l->cannot += strstr(text, "cannot be used") != NULL;
    l->still += strstr(text, "still refuses") != NULL;
    l->again += strstr(text, "can be used again") != NULL;
}

/* What comes and goes: the handle opens, every answer says so, and it ends by itself. */
static void comes_and_goes(const char *begin, const char *end, const char *text, int outcome)
{
    srv s;
    char out[512];
    char json[512];
    lines seen = {0};
    mc_client *mc = NULL;
    mc_stats st;
    mc_error err;
    mc_info info;
    fixture_json(json, ID1, "One", 1);
    memstore_put(&mem, "movies", ID1, json);
    srv_start_redis(&s, NULL);
    cli(&s, begin, out);
    assert_int_equal(open_on(s.uri, &mc, &err), MC_OK);
    assert_int_equal(mc_set_log(mc, count_lines, MC_LOG_INFO, &seen), MC_OK);
    int redis_ok = 1;
    assert_int_equal(mc_ping(mc, &redis_ok, NULL, &err), MC_E_CACHE);
    assert_int_equal(redis_ok, 0);
    assert_non_null(strstr(err.text, text));
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
        assert_int_equal(info.cache, outcome);
        assert_int_equal(info.flags, outcome == MC_CACHE_BYPASS ? MC_FLAG_REFUSED | MC_FLAG_REDIS_DOWN : MC_FLAG_REFUSED);
    }
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_true(st.redis_refusals >= 4);
    assert_int_equal(st.redis_refusing, 1);
    assert_int_equal(st.redis_up, 1); /* it answers */
    assert_int_equal(outcome == MC_CACHE_BYPASS ? st.bypasses : st.misses, 3);
    cli(&s, end, out);
    assert_int_equal(mc_ping(mc, &redis_ok, NULL, NULL), MC_OK);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.flags, 0);
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_int_equal(st.redis_refusing, 0);
    assert_true(seen.cannot <= 1); /* logged at open, before there was a receiver */
    assert_int_equal(seen.again, 1);
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&s);
}

/* While it lasts the log is reminded: in a minute at the soonest, here at once. */
static void test_reminders(void **state)
{
    (void)state;
    srv s;
    char out[512];
    char json[512];
    lines seen = {0};
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    fixture_json(json, ID1, "One", 1);
    memstore_put(&mem, "movies", ID1, json);
    srv_start_redis(&s, NULL);
    cli(&s, "CONFIG SET min-replicas-to-write 1", out);
    assert_int_equal(open_on(s.uri, &mc, &err), MC_OK);
    assert_int_equal(mc_set_log(mc, count_lines, MC_LOG_INFO, &seen), MC_OK);
    mci_refused_again_ns = INT64_MAX;
    for (int i = 0; i < 3; i++)
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(seen.still, 0);
    mci_refused_again_ns = 0;
    for (int i = 0; i < 3; i++)
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_true(seen.still >= 3);
    mci_refused_again_ns = INT64_C(60000000000);
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&s);
}

static void test_without_replicas(void **state)
{
    (void)state;
    comes_and_goes("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "NOREPLICAS",
                   MC_CACHE_BYPASS);
}

static void test_full(void **state)
{
    (void)state;
    comes_and_goes("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM",
                   MC_CACHE_MISS); /* it still gives leases, and takes no values */
}

static int set_up(void **state)
{
    (void)state;
    memstore_init(&mem);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memstore_free(&mem);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_database_number),
        cmocka_unit_test(test_scripts_off),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_one_command_refused),
        cmocka_unit_test(test_cluster_of_one),
        cmocka_unit_test(test_replica),
        cmocka_unit_test(test_reminders),
        cmocka_unit_test(test_without_replicas),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
