/* SPDX-License-Identifier: Apache-2.0 */
/* The option read.tiers for documents, top lists and places: with Redis left out the store answers, and writes are coherent all the same. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;
static mc_client *direct; /* read.tiers = store */

static void start(void)
{
    fixture_reset(&f);
}

static void change(const char *id, double rating)
{
    char json[512];
    fixture_json(json, id, "One", rating);
    memstore_put(&f.mem, "movies", id, json);
}

static void test_reads_go_to_the_store(void **state)
{
    (void)state;
    mc_info info;
    start();
    for (int i = 0; i < 2; i++) {
        assert_true(fixture_rating(direct, ID1, &info) == 1.0);
        assert_int_equal(info.tier, MC_TIER_STORE);
        assert_int_equal(info.cache, MC_CACHE_NONE);
        assert_int_equal(info.flags, 0);
        assert_int_equal(info.redis_round_trips, 0);
        assert_int_equal(info.store_calls, 1);
    }
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:{" ID1 "}", NULL), 0);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    change(ID1, 7.0); /* by another program: the cache shows the old value, the store the new one */
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_true(fixture_rating(direct, ID1, NULL) == 7.0);
}

static void test_titles_batches_top(void **state)
{
    (void)state;
    mc_info info;
    const mc_movie *m = NULL;
    start();
    assert_int_equal(mc_get_movie_by_title(direct, "Two", &m, &info, NULL), MC_OK);
    assert_string_equal(mc_movie_id(m), ID2);
    assert_int_equal(info.cache, MC_CACHE_NONE);
    assert_int_equal(info.redis_round_trips, 0);
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie_by_title(direct, "Nobody", &m, &info, NULL), MC_NOT_FOUND);
    assert_int_equal(info.cache, MC_CACHE_NONE);

    const char *ids[3] = {ID1, ID2, ID1};
    const mc_movie *movies[3];
    mc_status st[3];
    mc_info infos[3];
    assert_int_equal(mc_get_movies(direct, ids, 3, movies, st, infos, NULL), MC_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(st[i], MC_OK);
        assert_string_equal(mc_movie_id(movies[i]), ids[i]);
        assert_int_equal(infos[i].cache, MC_CACHE_NONE);
        mc_movie_unref(movies[i]);
    }

    mc_list *rows = NULL;
    assert_int_equal(mc_top_movies(direct, 0, 3, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), ID3);
    mc_list_free(rows);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(info.cache, MC_CACHE_NONE);
    assert_int_equal(info.redis_round_trips, 0);
    mc_stats stats;
    assert_int_equal(mc_get_stats(direct, &stats), MC_OK);
    assert_int_equal(stats.hits + stats.misses + stats.bypasses + stats.fills, 0);
    assert_int_equal(mc_warm(direct, MC_WARM_MOVIES, 0, NULL, NULL, NULL, NULL), MC_E_UNSUPPORTED);
}

static void test_writes_stay_coherent(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_int_equal(mc_update_rating(direct, ID1, 6.5, NULL, NULL, NULL), MC_OK);
    assert_true(fixture_rating(f.a, ID1, &info) == 6.5);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* the writer put the new value there */
    assert_true(fixture_board_rating(f.a, ID1) == 6.5);
}

static void test_redis_away_is_not_noticed(void **state)
{
    (void)state;
    mc_info info;
    start();
    srv_kill(&f.redis);
    assert_true(fixture_rating(direct, ID2, &info) == 2.0);
    assert_int_equal(info.cache, MC_CACHE_NONE);
    assert_int_equal(info.flags & MC_FLAG_REDIS_DOWN, 0);
    srv_start_again(&f.redis);
}

int main(void)
{
    fixture_start(&f, NULL);
    direct = fixture_open(&f, "read.tiers", "store", NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_go_to_the_store),
        cmocka_unit_test(test_titles_batches_top),
        cmocka_unit_test(test_redis_away_is_not_noticed),
        cmocka_unit_test(test_writes_stay_coherent),
    };
    int failed = cmocka_run_group_tests_name("reads_past_redis", tests, NULL, NULL);
    mc_close(direct);
    fixture_stop(&f);
    return failed;
}
