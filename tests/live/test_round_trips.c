/* SPDX-License-Identifier: Apache-2.0 */
/* What each call costs in exchanges with Redis and in questions to the database, on one server, once everything is warm. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;
static mc_info info;

static void costs(const char *what, int round_trips, int store_calls)
{
    if (info.redis_round_trips != round_trips || info.store_calls != store_calls)
        fail_msg("%s: %d round trips and %d store calls, wanted %d and %d", what, info.redis_round_trips, info.store_calls,
                 round_trips, store_calls);
}

static void theater(void)
{
    memstore_put(
        &f.mem, "theaters", "59a47286cfa9a3a73e51e72c",
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e72c\"},\"theaterId\":1,\"location\":{\"geo\":{\"type\":\"Point\","
        "\"coordinates\":[1.0,1.0]}}}");
}

/* The id of the answer. */
static const char *by_title(mc_client *mc, const char *title)
{
    static char id[64];
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie_by_title(mc, title, &m, &info, NULL), MC_OK);
    (void)snprintf(id, sizeof id, "%s", mc_movie_id(m));
    mc_movie_unref(m);
    return id;
}

/* The title goes from one movie to another while a handle remembers the first. */
static void test_title_that_moved(void **state)
{
    (void)state;
    fixture_reset(&f);
    assert_string_equal(by_title(f.a, "One"), ID1);
    assert_string_equal(by_title(f.a, "One"), ID1);
    assert_int_equal(mc_update_movie(f.b, ID1, "{\"title\":\"Uno\"}", 15, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_update_movie(f.b, ID2, "{\"title\":\"One\"}", 15, NULL, NULL, NULL), MC_OK);
    assert_string_equal(by_title(f.b, "One"), ID2);
    (void)fixture_redis_int(&f, "PING", NULL); /* after the fills */
    assert_string_equal(by_title(f.a, "One"), ID2);
    costs("a title that leads elsewhere now", 2, 0);
    assert_string_equal(by_title(f.a, "One"), ID2);
    costs("the same once more", 1, 0);
}

static void test_reads(void **state)
{
    (void)state;
    fixture_reset(&f);
    assert_true(fixture_rating(f.a, ID2, NULL) == 2.0); /* scripts and connection are there */
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    costs("a miss", 2, 1); /* nobody waits for its fill */
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    costs("a hit", 1, 0);
    assert_true(fixture_rating(f.a, "573a1390f29313caabcd48ff", &info) == -1);
    assert_true(fixture_rating(f.a, "573a1390f29313caabcd48ff", &info) == -1);
    costs("a cached not found", 1, 0);
    (void)by_title(f.a, "One");
    assert_string_equal(by_title(f.a, "One"), ID1);
    costs("a title that this handle has seen", 1, 0);
    assert_string_equal(by_title(f.b, "One"), ID1);
    costs("a title that another handle has seen", 2, 0);
    const char *ids[] = {ID1, ID2, ID1};
    const mc_movie *movies[3];
    mc_status statuses[3];
    mc_info infos[3];
    assert_int_equal(mc_get_movies(f.a, ids, 3, movies, statuses, infos, NULL), MC_OK);
    for (int i = 0; i < 3; i++)
        mc_movie_unref(movies[i]);
    info = infos[0];
    costs("a batch of hits", 1, 0);
}

static void test_lists(void **state)
{
    (void)state;
    int64_t rank = -1;
    mc_list *list = NULL;
    fixture_reset(&f);
    theater();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mc_top_movies(f.a, 0, 3, &list, &info, NULL), MC_OK);
        assert_int_equal(mc_list_size(list), 3);
        mc_list_free(list);
    }
    costs("the top, with details", 1, 0);
    assert_int_equal(mc_rank_movie(f.a, ID1, &rank, NULL, &info, NULL), MC_OK);
    costs("a rank", 1, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_nearby_theaters(f.a, 1, 1, 1000, 1, &list, &info, NULL), MC_OK);
        assert_int_equal(mc_list_size(list), 1);
        mc_list_free(list);
    }
    costs("places with their details, around a place that was asked for before", 1, 0);
    assert_int_equal(mc_nearby_theaters(f.a, 1.001, 1, 1000, 1, &list, &info, NULL), MC_OK);
    mc_list_free(list);
    costs("places around a new place, then their details", 2, 0);
    assert_int_equal(mc_record_view(f.a, ID1, &rank, &info, NULL), MC_OK);
    costs("a view", 1, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_trending(f.a, 1, &list, &info, NULL), MC_OK);
        mc_list_free(list);
    }
    costs("trending, with details", 1, 0);
}

/* All is invalidated and warmed: the next list is answered by what was warmed. */
static void test_warm_after_invalidation(void **state)
{
    (void)state;
    mc_list *list = NULL;
    fixture_reset(&f);
    theater();
    assert_int_equal(mc_warm(f.a, MC_WARM_ALL, 0, NULL, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_invalidate_all(f.a, NULL, NULL), MC_OK);
    assert_int_equal(mc_warm(f.a, MC_WARM_ALL, 0, NULL, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_top_movies(f.a, 0, 3, &list, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(list), 3);
    mc_list_free(list);
    assert_int_equal(info.store_calls, 0);
    assert_int_equal(mc_nearby_theaters(f.a, 1, 1, 1000, 1, &list, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(list), 1);
    mc_list_free(list);
    assert_int_equal(info.store_calls, 0);
}

static void test_writes(void **state)
{
    (void)state;
    fixture_reset(&f);
    assert_true(fixture_rating(f.a, ID2, NULL) == 2.0);
    assert_true(fixture_board_rating(f.a, ID1) == 1.0);
    assert_int_equal(mc_update_rating(f.a, ID1, 5.0, NULL, &info, NULL), MC_OK);
    costs("an update", 2, 1);
    assert_true(fixture_rating(f.a, ID1, &info) == 5.0);
    costs("its next read", 1, 0);
    assert_true(fixture_board_rating(f.a, ID1) == 5.0);
    const char *json = "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4804\"},\"title\":\"Four\",\"imdb\":{\"rating\":4}}";
    assert_int_equal(mc_create_movie(f.a, json, strlen(json), NULL, &info, NULL), MC_OK);
    costs("a new document with a title", 2, 1);
    assert_int_equal(mc_delete_movie(f.a, ID3, &info, NULL), MC_OK);
    costs("a deletion", 2, 1);
    assert_int_equal(mc_invalidate(f.a, ID2, &info, NULL), MC_OK);
    costs("an invalidation of a value with its title", 2, 0);
    assert_int_equal(mc_invalidate_all(f.a, &info, NULL), MC_OK);
    costs("invalidating everything", 1, 0);
}

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)key;
    (void)deadline_ms;
    return mc_value_sink_set(sink, "v", 1);
}

static void test_values(void **state)
{
    (void)state;
    char *out = NULL;
    fixture_reset(&f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_get_or_load(f.a, "k", 60000, load, NULL, &out, NULL, &info, NULL), MC_OK);
        mc_free(out);
        costs(i == 0 ? "a value that is loaded" : "a value", i == 0 ? 3 : 1, i == 0 ? 1 : 0);
    }
    assert_int_equal(mc_put(f.a, "k", "w", 1, 0, &info, NULL), MC_OK);
    costs("a put", 1, 0);
}

/* Nothing is found, read after read: the question for the value is left out. */
static void test_cold_cache(void **state)
{
    (void)state;
    char id[32];
    char json[512];
    fixture_reset(&f);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0); /* a hit */
    for (int i = 0; i < 12; i++) {
        (void)snprintf(id, sizeof id, "573a1390f29313caabcd49%02x", i);
        fixture_json(json, id, "Cold", 3);
        memstore_put(&f.mem, "movies", id, json);
        assert_true(fixture_rating(f.a, id, &info) == 3.0);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        costs("a miss of a cold cache", i < 8 ? 2 : 1, 1);
    }
    assert_true(fixture_rating(f.a, id, &info) == 3.0); /* a hit of the question for a lease */
    assert_int_equal(info.cache, MC_CACHE_HIT);
    costs("a hit that was not awaited", 1, 0);
    assert_true(fixture_rating(f.a, ID2, &info) == 2.0);
    costs("a miss after a hit", 2, 1);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    /* The scripts are known to the server, and the handle to the epoch that every reset sets. */
    fixture_reset(&f);
    theater();
    mc_list *list = NULL;
    (void)fixture_rating(f.a, ID1, NULL);
    (void)mc_update_rating(f.a, ID1, 2.0, NULL, NULL, NULL);
    (void)fixture_board_rating(f.a, ID1);
    if (mc_nearby_theaters(f.a, 1, 1, 1000, 1, &list, NULL, NULL) == MC_OK)
        mc_list_free(list);
    (void)mc_invalidate(f.a, ID1, NULL, NULL);
    char *out = NULL;
    if (mc_get_or_load(f.a, "first", 1000, load, NULL, &out, NULL, NULL, NULL) == MC_OK)
        mc_free(out);
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
        cmocka_unit_test(test_reads),  cmocka_unit_test(test_title_that_moved),        cmocka_unit_test(test_cold_cache),
        cmocka_unit_test(test_lists),  cmocka_unit_test(test_warm_after_invalidation), cmocka_unit_test(test_writes),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
