/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each call costs once everything is warm: exchanges, calls of the database, commands that are sent (counted by a proxy), and commands that Redis
 * carries out, those inside scripts among them. The same table is in docs/performance.md.
 */
#include "fixture.h"
#include "proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BATCH 100

static fixture f;
static proxy through;
static mc_client *mc;
static mc_info info;
static char ids[BATCH][25];

/* ---- the calls ----------------------------------------------------------------------------------------------------- */

static void get(void)
{
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie(mc, ids[0], &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
}

static void get_missing(void)
{
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie(mc, "573a1390f29313caabcd48ff", &m, &info, NULL), MC_NOT_FOUND);
}

static void get_document(void)
{
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie_document(mc, ids[0], &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
}

static void get_by_title(void)
{
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie_by_title(mc, "Film 7", &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
}

static void get_many(void)
{
    const char *list[BATCH];
    const mc_movie *out[BATCH];
    mc_status statuses[BATCH];
    mc_info infos[BATCH];
    for (int i = 0; i < BATCH; i++)
        list[i] = ids[i];
    assert_int_equal(mc_get_movies(mc, list, BATCH, out, statuses, infos, NULL), MC_OK);
    for (int i = 0; i < BATCH; i++)
        mc_movie_unref(out[i]);
    info = infos[0];
}

static void rate(void)
{
    static double rating = 1;
    rating = rating == 1 ? 1.5 : 1;
    assert_int_equal(mc_update_rating(mc, ids[0], rating, NULL, &info, NULL), MC_OK);
}

static void top(void)
{
    mc_list *rows = NULL;
    assert_int_equal(mc_top_movies(mc, 0, 10, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 10);
    mc_list_free(rows);
}

static void rank_of(void)
{
    int64_t rank = 0;
    assert_int_equal(mc_rank_movie(mc, ids[3], &rank, NULL, &info, NULL), MC_OK);
}

static void trending(void)
{
    mc_list *rows = NULL;
    assert_int_equal(mc_trending(mc, 1, &rows, &info, NULL), MC_OK);
    mc_list_free(rows);
}

static void view(void)
{
    assert_int_equal(mc_record_view(mc, ids[0], NULL, &info, NULL), MC_OK);
}

static void nearby(void)
{
    mc_list *rows = NULL;
    assert_int_equal(mc_nearby_theaters(mc, 1, 1, 1000, 1, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 1);
    mc_list_free(rows);
}

static void put(void)
{
    assert_int_equal(mc_put(mc, "k", "v", 1, 60000, &info, NULL), MC_OK);
}

static void get_value(void)
{
    char *value = NULL;
    assert_int_equal(mc_get(mc, "k", &value, NULL, &info, NULL), MC_OK);
    mc_free(value);
}

static void invalidate(void)
{
    assert_int_equal(mc_invalidate(mc, ids[0], &info, NULL), MC_OK);
}

static void invalidate_all(void)
{
    assert_int_equal(mc_invalidate_all(mc, &info, NULL), MC_OK);
}

/* A hundred films that are new. */
static void import_many(void)
{
    static int made;
    static char text[BATCH][160];
    const char *json[BATCH];
    size_t sizes[BATCH];
    mc_status statuses[BATCH];
    for (int i = 0; i < BATCH; i++, made++) {
        sizes[i] = (size_t)snprintf(
            text[i], sizeof text[i],
            "{\"_id\":{\"$oid\":\"773a1390f29313caabcd%04x\"},\"title\":\"New %d\",\"imdb\":{\"rating\":1.5}}", made, made);
        json[i] = text[i];
    }
    assert_int_equal(mc_import_movies(mc, json, sizes, BATCH, MC_IMPORT_SKIP, statuses, NULL), MC_OK);
    info = (mc_info){0}; /* says nothing about imports */
}

/* ---- counting ------------------------------------------------------------------------------------------------------ */

/* Commands that Redis has carried out, without those of this question. */
static long long carried_out(void)
{
    char *stats = fixture_redis(&f, "INFO", "commandstats", NULL);
    long long sum = 0;
    for (const char *p = stats; p != NULL && (p = strstr(p, "cmdstat_")) != NULL; p++)
        if (strncmp(p, "cmdstat_info", 12) != 0 && strncmp(p, "cmdstat_ping", 12) != 0)
            sum += atoll(strchr(p, '=') + 1);
    free(stats);
    return sum;
}

typedef struct cost {
    int round_trips;
    int store_calls;
    long sent;
    long long carried_out;
} cost;

static cost cost_of(void (*call)(void))
{
    long sent = atomic_load(&through.commands);
    long long done = carried_out();
    if (call != NULL)
        call();
    assert_int_equal(mc_ping(mc, NULL, NULL, NULL), MC_OK); /* behind what is not waited for */
    return (cost){.round_trips = info.redis_round_trips,
                  .store_calls = info.store_calls,
                  .sent = atomic_load(&through.commands) - sent,
                  .carried_out = carried_out() - done};
}

typedef struct row {
    const char *what;
    void (*before)(void); /* brings about what is asked for */
    void (*call)(void);
    cost expected;
} row;

static const row table[] = {
    {"mc_get_movie(), hit", get, get, {1, 0, 2, 2}},
    {"mc_get_movie(), miss", invalidate, get, {2, 1, 5, 13}},
    {"mc_get_movie(), a cached \"not found\"", get_missing, get_missing, {1, 0, 2, 2}},
    {"mc_get_movie_document(), hit", get, get_document, {1, 0, 2, 2}},
    {"mc_get_movie_by_title(), hit, title seen", get_by_title, get_by_title, {1, 0, 3, 3}},
    {"mc_get_movies(), 100 hits", get_many, get_many, {1, 0, 101, 101}},
    {"mc_update_rating()", get, rate, {2, 1, 5, 31}},
    {"mc_top_movies(), 10", top, top, {1, 0, 17, 17}},
    {"mc_rank_movie()", rank_of, rank_of, {1, 0, 8, 8}},
    {"mc_record_view()", view, view, {1, 0, 1, 1}},
    {"mc_trending(), 1", trending, trending, {1, 0, 3, 3}},
    {"mc_nearby_theaters(), 1, place seen", nearby, nearby, {1, 0, 9, 9}},
    {"mc_put()", put, put, {1, 0, 5, 5}},
    {"mc_get()", get_value, get_value, {1, 0, 1, 1}},
    {"mc_invalidate()", get_by_title, invalidate, {2, 0, 3, 15}},
    {"mc_import_movies(), 100 new", import_many, import_many, {0, 0, 13, 281}},
    {"mc_invalidate_all()", get, invalidate_all, {1, 0, 1, 1}},
};

static void test_table(void **state)
{
    (void)state;
    int bad = 0;
    cost none = cost_of(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const cost *x = &table[i].expected;
        table[i].before();
        (void)cost_of(NULL);
        cost c = cost_of(table[i].call);
        c.sent -= none.sent;
        c.carried_out -= none.carried_out;
        int wrong = c.round_trips != x->round_trips || c.store_calls != x->store_calls || c.sent != x->sent ||
                    c.carried_out != x->carried_out;
        print_message("%s| %s | %d | %d | %ld | %lld |\n", wrong ? "BAD " : "", table[i].what, c.round_trips, c.store_calls,
                      c.sent, c.carried_out);
        bad += wrong;
    }
    if (bad > 0)
        fail_msg("%d calls cost something else", bad);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    fixture_reset(&f);
    for (int i = 0; i < BATCH; i++) {
        char json[512];
        char title[16];
        (void)snprintf(ids[i], sizeof ids[i], "573a1390f29313caabce%04d", i);
        (void)snprintf(title, sizeof title, "Film %d", i);
        fixture_json(json, ids[i], title, 1 + i / 20.0);
        memstore_put(&f.mem, "movies", ids[i], json);
    }
    memstore_put(
        &f.mem, "theaters", "59a47286cfa9a3a73e51e72c",
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e72c\"},\"theaterId\":1,\"location\":{\"geo\":{\"type\":\"Point\","
        "\"coordinates\":[1.0,1.0]}}}");
    proxy_start(&through, f.redis.port);
    mc = fixture_open(&f, "cache.uri", through.uri, NULL);
    void (*const all[])(void) = {get,  get_missing, get_by_title, get_many, top,      rank_of,
                                 view, trending,    nearby,       put,      get_value};
    for (int round = 0; round < 3; round++) /* scripts, lists and hints are there */
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            all[i]();
    rate();
    invalidate();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mc_close(mc), MC_OK);
    proxy_stop(&through);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
