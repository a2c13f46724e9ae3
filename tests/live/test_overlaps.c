/* SPDX-License-Identifier: Apache-2.0 */
/* Meetings of two mechanisms: drops and writers, epochs and boards, rebuilds and lost locks, pending repairs and ranks, odd ids. */
#include "actor.h"
#include "fixture.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;

static void start(void)
{
    mutate_reset();
    fixture_reset(&f);
}

static void read_a(void *arg)
{
    (void)fixture_rating(f.a, arg, NULL);
}

static void rate_a_5(void *arg)
{
    (void)mc_update_rating(f.a, arg, 5.0, NULL, NULL, NULL);
}

/* Changed by a program that knows nothing of the cache. */
static void change(const char *id, double rating)
{
    char json[512];
    fixture_json(json, id, "One", rating);
    memstore_put(&f.mem, "movies", id, json);
}

/* A drop while a writer is between database and Redis: the writer may not store what it wrote before. */
static int dropped_stays(void)
{
    actor w;
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID1, "write:stored");
    assert_true(actor_wait(&w));
    change(ID1, 9.0);
    assert_int_equal(mc_invalidate(f.b, ID1, NULL, NULL), MC_OK);
    actor_join(&w);
    return fixture_rating(f.b, ID1, NULL) == 9.0 && fixture_board_rating(f.b, ID1) == 9.0;
}

static void test_drop_and_writer(void **state)
{
    (void)state;
    start();
    assert_true(dropped_stays());
    start();
    mutate_script("value_drop", "redis.call('SET', KEYS[4], '-', 'XX', 'KEEPTTL')", "local lost = 1");
    assert_breaks(dropped_stays());
}

/* Everything invalidated, the board built anew, and then a fill and a post of the epoch before. */
static int old_epoch_leaves_boards_alone(void (*run)(void *), const char *point)
{
    actor x;
    actor_start(&x, run, (void *)(uintptr_t)ID1, point);
    assert_true(actor_wait(&x));
    change(ID1, 9.0);
    assert_int_equal(mc_invalidate_all(f.b, NULL, NULL), MC_OK);
    assert_true(fixture_board_rating(f.b, ID1) == 9.0);
    actor_join(&x);
    return fixture_board_rating(f.b, ID1) == 9.0 && fixture_rating(f.b, ID1, NULL) == 9.0;
}

static void test_old_epoch_and_board(void **state)
{
    (void)state;
    start();
    assert_true(old_epoch_leaves_boards_alone(read_a, "read:loaded"));
    start();
    assert_true(old_epoch_leaves_boards_alone(rate_a_5, "write:stored"));
    start();
    mutate_script("derived_settle", " and n == ARGV[3]", "");
    assert_breaks(old_epoch_leaves_boards_alone(rate_a_5, "write:stored"));
}

/* A load under way when everything is invalidated may not be shared with later reads. */
static void test_old_epoch_is_not_joined(void **state)
{
    (void)state;
    start();
    actor x;
    actor_start(&x, read_a, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&x));
    change(ID1, 9.0);
    assert_int_equal(mc_invalidate_all(f.a, NULL, NULL), MC_OK);
    mc_info info;
    assert_true(fixture_rating(f.a, ID1, &info) == 9.0); /* while the old load is still held */
    assert_false(info.flags & MC_FLAG_SHARED);
    actor_join(&x);
    assert_true(fixture_rating(f.a, ID1, NULL) == 9.0);
}

static mc_info seen_info;
static double seen_rating;

static void read_a_and_see(void *arg)
{
    seen_rating = fixture_rating(f.a, arg, &seen_info);
}

/* A read that begins after a change was acknowledged is not given what a load of before brings. */
static int later_read_is_newer(unsigned without)
{
    actor x;
    actor y;
    actor_start(&x, read_a, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&x));
    change(ID1, 9.0);
    assert_int_equal(mc_invalidate(f.b, ID1, NULL, NULL), MC_OK);
    mutate_safeguard(without);
    actor_start(&y, read_a_and_see, (void *)(uintptr_t)ID1, "read:shared");
    (void)actor_wait(&y);
    actor_join(&x);
    actor_join(&y);
    return seen_rating == 9.0;
}

/* A read that has missed shares the load of another thread that asked for the lease after the read began: without a word from Redis. */
static void test_shared_load(void **state)
{
    (void)state;
    actor x;
    actor y;
    start();
    actor_start(&y, read_a_and_see, (void *)(uintptr_t)ID1, "read:missed");
    assert_true(actor_wait(&y));
    actor_start(&x, read_a, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&x));
    assert_true(actor_go_to(&y, "read:shared"));
    actor_join(&x);
    actor_join(&y);
    assert_true(seen_rating == 1.0 && seen_info.flags & MC_FLAG_SHARED && seen_info.redis_round_trips <= 1);
    assert_int_equal(f.mem.finds, 1);
    start();
    assert_true(later_read_is_newer(0));
    start();
    assert_breaks(later_read_is_newer(MCI_SAFEGUARD_SHARE));
}

/* What is shared may turn out not to have got the lease: the read asks for itself. */
static void test_shared_load_without_lease(void **state)
{
    (void)state;
    actor w;
    actor x;
    actor y;
    start();
    actor_start(&y, read_a_and_see, (void *)(uintptr_t)ID1, "read:missed");
    assert_true(actor_wait(&y));
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID1, "write:stored"); /* leases are not given meanwhile */
    assert_true(actor_wait(&w));
    actor_start(&x, read_a, (void *)(uintptr_t)ID1, "read:asked");
    assert_true(actor_wait(&x));
    assert_true(actor_go_to(&y, "read:shared"));
    actor_join(&x);
    actor_join(&y);
    actor_join(&w);
    assert_true(seen_rating == 5.0 && seen_info.flags & MC_FLAG_QUARANTINED && !(seen_info.flags & MC_FLAG_SHARED));
}

static int flushed;

static int flush_once(const mc_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    if (flushed++ == 0)
        free(fixture_redis(&f, "FLUSHALL", NULL));
    return 0;
}

/* Redis forgets everything in the middle of a build: no part of a board is taken for a complete one. */
static void test_build_that_lost_its_set(void **state)
{
    (void)state;
    char id[25];
    start();
    for (int i = 0; i < 700; i++) {
        snprintf(id, sizeof id, "673a1390f29313caabc%05x", i);
        change(id, (i % 90) / 10.0);
    }
    flushed = 0;
    assert_int_equal(mc_warm(f.a, MC_WARM_BOARD, 0, flush_once, NULL, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "ZCARD", "mflix:board:{movies:rating}", NULL), 704); /* 703 films and the mark */
}

/* A repair that nobody can make, and one that must wait: ranks of other movies are answered all the same. */
static void test_pending_repairs_do_not_block_ranks(void **state)
{
    (void)state;
    int64_t rank = -1;
    double rating = 0;
    start();
    assert_true(fixture_board_rating(f.a, ID1) == 1.0);
    free(fixture_redis(&f, "ZADD", "mfc:p:mflix:board:{movies:rating}", "0", "no id at all", NULL));
    assert_int_equal(mc_rank_movie(f.a, ID1, &rank, &rating, NULL, NULL), MC_OK);
    assert_true(rank == 2 && rating == 1.0);
    free(fixture_redis(&f, "ZADD", "mfc:p:mflix:board:{movies:rating}", "0", "no*id", NULL));
    assert_int_equal(mc_rank_movie(f.a, ID1, &rank, &rating, NULL, NULL), MC_OK);
    assert_true(rank == 2 && rating == 1.0);
    char *left = fixture_redis(&f, "ZSCORE", "mfc:p:mflix:board:{movies:rating}", "no*id", NULL);
    assert_null(left);
    f.mem.late_writes = 1; /* its quarantine holds for a while */
    assert_int_equal(mc_update_rating(f.a, ID2, 5.0, NULL, NULL, NULL), MC_E_UNKNOWN);
    assert_int_equal(mc_invalidate(f.a, ID2, NULL, NULL), MC_OK);
    assert_int_equal(mc_rank_movie(f.b, ID3, &rank, &rating, NULL, NULL), MC_OK);
    assert_true(rank == 0 && rating == 3.0);
    free(fixture_redis(&f, "DEL", "mfc:p:mflix:board:{movies:rating}", NULL)); /* and a wrong type there blocks no writes */
    free(fixture_redis(&f, "SADD", "mfc:p:mflix:board:{movies:rating}", "x", NULL));
    mc_client *strict = fixture_open(&f, "write.mode", "strict", NULL);
    assert_int_equal(mc_update_rating(strict, ID1, 4.0, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_close(strict), MC_OK);
}

/* Invalidation of a movie that changed outside: the board follows without anybody reading that movie. */
static void test_invalidate_and_board(void **state)
{
    (void)state;
    start();
    assert_true(fixture_board_rating(f.a, ID1) == 1.0);
    change(ID1, 9.0);
    assert_int_equal(mc_invalidate(f.b, ID1, NULL, NULL), MC_OK);
    assert_true(fixture_board_rating(f.a, ID1) == 9.0);
}

/* A writer with a short quarantine does not shorten that of another. */
static void test_quarantines_of_two_lengths(void **state)
{
    (void)state;
    start();
    mc_client *hasty = fixture_open(&f, "write.quarantine_ms", "100", "store.timeout_ms", "40", NULL);
    f.mem.late_writes = 1;
    assert_int_equal(mc_update_rating(f.a, ID1, 5.0, NULL, NULL, NULL), MC_E_UNKNOWN);
    assert_int_equal(mc_update_movie(hasty, ID1, "{\"plot\":\"x\"}", 12, NULL, NULL, NULL), MC_OK);
    assert_true(fixture_redis_int(&f, "PTTL", "mfc:q:mflix:movie:{" ID1 "}", NULL) > 5000);
    assert_int_equal(mc_close(hasty), MC_OK);
}

static void test_odd_ids_and_dangling_members(void **state)
{
    (void)state;
    const char *json = "{\"_id\":\"!x\",\"title\":\"Bang\",\"imdb\":{\"rating\":9.5}}";
    mc_list *rows = NULL;
    char dangling[25];
    start();
    mc_client *mc = fixture_open(&f, "movies.id", "string", "cache.prefix", "odd:", NULL);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_top_movies(mc, 0, 1, &rows, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 1);
    assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), "!x");
    mc_list_free(rows);
    assert_int_equal(mc_close(mc), MC_OK);
    memstore_put(&f.mem, "movies", "!x", NULL);
    for (int i = 0; i < 101; i++) {
        snprintf(dangling, sizeof dangling, "673a1390f29313caabc%05x", i);
        free(fixture_redis(&f, "ZADD", "mflix:counter:{movies:views}", "5", dangling, NULL));
    }
    assert_int_equal(mc_record_view(f.a, ID1, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_trending(f.a, 1, &rows, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 1);
    mc_list_free(rows);
}

/* Metadata of a megabyte and a half is removed like any other that does not decode. */
static void test_huge_corrupt_value(void **state)
{
    (void)state;
    mc_info info;
    start();
    static char big[1500001]; /* fixture_redis() may leave the test */
    memset(big, 'x', sizeof big - 1);
    free(fixture_redis(&f, "HSET", "mflix:movie:{" ID1 "}", "_p", big, NULL));
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

static void test_import_modes(void **state)
{
    (void)state;
    char json[512];
    const char *docs[1] = {json};
    mc_status st = MC_E_INTERNAL;
    start();
    mc_client *fast = fixture_open(&f, "write.mode", "fast", "recovery.max", "0", NULL);
    assert_true(fixture_rating(fast, ID1, NULL) == 1.0);
    fixture_json(json, ID1, "One", 8);
    size_t size = strlen(json);
    (void)mc_import_movies(fast, docs, &size, 1, MC_IMPORT_REPLACE, &st, NULL);
    if (st == MC_OK) /* a store without bulk writes says so */
        assert_true(fixture_rating(fast, ID1, NULL) == 8.0);
    assert_int_equal(mc_close(fast), MC_OK);
}

typedef struct one_read {
    const char *id;
    double rating;
} one_read;

static void read_into(void *arg)
{
    one_read *r = arg;
    r->rating = fixture_rating(f.a, r->id, NULL);
}

/* Another client has put the token of one id's load in the place of another id's lease: that load is not joined. */
static void test_lease_of_another_id(void **state)
{
    (void)state;
    start();
    actor first;
    actor second;
    one_read one = {ID1, 0};
    one_read two = {ID2, 0};
    actor_start(&first, read_into, &one, "read:loaded");
    assert_true(actor_wait(&first));
    char *token = fixture_redis(&f, "GET", "mfc:l:mflix:movie:{" ID1 "}", NULL);
    assert_non_null(token);
    free(fixture_redis(&f, "SET", "mfc:l:mflix:movie:{" ID2 "}", token, NULL));
    free(token);
    actor_start(&second, read_into, &two, NULL);
    fixture_sleep_ms(100); /* time to join what must not be joined */
    actor_join(&first);
    actor_join(&second);
    assert_true(one.rating == 1.0);
    assert_true(two.rating == 2.0);
}

static mc_status slow_source(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)key;
    (void)deadline_ms;
    ++*(int *)user;
    fixture_sleep_ms(60);
    return mc_value_sink_set(sink, "slow", 4);
}

/* A load that takes longer than read.lease_ms is cached all the same: documents, titles, values. */
static int slow_loads_are_cached(mc_client *mc)
{
    mc_info info;
    const mc_movie *m = NULL;
    char *value = NULL;
    int loads = 0;
    f.mem.slow_read_ms = 60;
    (void)fixture_rating(mc, ID1, &info);
    (void)fixture_rating(mc, ID1, &info);
    int right = info.cache == MC_CACHE_HIT;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_get_movie_by_title(mc, "Two", &m, &info, NULL), MC_OK);
        mc_movie_unref(m);
    }
    right &= info.cache == MC_CACHE_HIT;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_get_or_load(mc, "slow", 60000, slow_source, &loads, &value, NULL, &info, NULL), MC_OK);
        mc_free(value);
    }
    return right && info.cache == MC_CACHE_HIT && loads == 1;
}

static void test_slow_loads(void **state)
{
    (void)state;
    mc_client *mc = fixture_open(&f, "read.lease_ms", "10", NULL);
    start();
    assert_true(slow_loads_are_cached(mc));
    start();
    mutate_safeguard(MCI_SAFEGUARD_LEASE);
    assert_false(slow_loads_are_cached(mc));
    assert_int_equal(mc_close(mc), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mutate_reset();
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_and_writer),
        cmocka_unit_test(test_old_epoch_and_board),
        cmocka_unit_test(test_old_epoch_is_not_joined),
        cmocka_unit_test(test_shared_load),
        cmocka_unit_test(test_shared_load_without_lease),
        cmocka_unit_test(test_build_that_lost_its_set),
        cmocka_unit_test(test_slow_loads),
        cmocka_unit_test(test_lease_of_another_id),
        cmocka_unit_test(test_pending_repairs_do_not_block_ranks),
        cmocka_unit_test(test_invalidate_and_board),
        cmocka_unit_test(test_quarantines_of_two_lengths),
        cmocka_unit_test(test_odd_ids_and_dangling_members),
        cmocka_unit_test(test_huge_corrupt_value),
        cmocka_unit_test(test_import_modes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
