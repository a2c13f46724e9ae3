/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boards and geo sets under construction: whatever ends a builder, the next one goes on within a second; what was lost of a build is
 * noticed; keys that are not what they should be are healed.
 */
#include "actor.h"
#include "fixture.h"

#include "base/clock.h"
#include "base/syncpoint.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BOARD "mflix:board:{movies:rating}"

static fixture f;

static void start(void)
{
    mutate_reset();
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "0", NULL));
    fixture_reset(&f);
}

static int top_is_cached(mc_client *mc)
{
    mc_list *rows = NULL;
    mc_info info;
    assert_int_equal(mc_top_movies(mc, 0, 5, &rows, &info, NULL), MC_OK);
    assert_true(mc_list_size(rows) >= 3);
    mc_list_free(rows);
    return info.tier == MC_TIER_REDIS;
}

/* So many rows may take a busy machine more than one slice. */
static void build_top(void)
{
    int cached = 0;
    for (int i = 0; i < 1000 && !cached; i++)
        cached = top_is_cached(f.a);
    assert_true(cached);
}

/* In a thread of its own: what it answers is looked at by others. */
static void build_a(void *arg)
{
    mc_list *rows = NULL;
    (void)arg;
    (void)mc_top_movies(f.a, 0, 5, &rows, NULL, NULL);
    mc_list_free(rows);
}

/* A build is held at its point; something happens to it; it goes on. The very next list is built and cached. */
static void interrupted(const char *point, void (*happens)(void))
{
    actor s;
    start();
    actor_start(&s, build_a, NULL, point);
    assert_true(actor_wait(&s));
    happens();
    actor_join(&s);
    assert_true(top_is_cached(f.b));
    int64_t rank = 0;
    double rating = 0;
    assert_int_equal(mc_rank_movie(f.b, ID3, &rank, &rating, NULL, NULL), MC_OK);
    assert_true(rank == 0 && rating == 3.0);
}

static void invalidate_all(void)
{
    assert_int_equal(mc_invalidate_all(f.b, NULL, NULL), MC_OK);
}

static void evict_new_set(void)
{
    free(fixture_redis(&f, "DEL", "mfc:n:" BOARD, NULL));
}

static void evict_announcements(void)
{
    free(fixture_redis(&f, "DEL", "mfc:a:" BOARD, NULL));
}

static void evict_pending(void)
{
    free(fixture_redis(&f, "DEL", "mfc:p:" BOARD, NULL));
}

static void test_interrupted(void **state)
{
    (void)state;
    void (*const events[])(void) = {invalidate_all, evict_new_set, evict_announcements, evict_pending};
    const char *const points[] = {"build:page", "build:swap"};
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++)
        for (size_t p = 0; p < 2; p++)
            interrupted(points[p], events[e]);
}

static void fill_up(void)
{
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "1", NULL));
}

static void test_redis_full(void **state)
{
    (void)state;
    const char *const points[] = {"build:page", "build:swap"};
    for (size_t p = 0; p < 2; p++) {
        actor s;
        start();
        actor_start(&s, build_a, NULL, points[p]);
        assert_true(actor_wait(&s));
        fill_up();
        actor_join(&s);
        (void)top_is_cached(f.b); /* three rows, by whomever */
        free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "0", NULL));
        assert_true(top_is_cached(f.b));
    }
}

static void die(const char *point, const char *id)
{
    (void)id;
    if (strcmp(point, "build:page") == 0)
        (void)raise(SIGKILL);
}

/* The process that builds is killed: its right to build ends by itself, long before what it built is given up. */
static void test_builder_killed(void **state)
{
    (void)state;
    start();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        mc_client *mc = fixture_open(&f, NULL);
        mc_list *rows = NULL;
        atomic_store(&mci_sync_hook, die);
        (void)mc_top_movies(mc, 0, 5, &rows, NULL, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_false(top_is_cached(f.b));
    /* By Redis' own clock: no more than a second is left of it, and the work is kept. */
    char *holder = fixture_redis(&f, "HGET", "mfc:a:" BOARD, "@ holder", NULL);
    assert_non_null(holder);
    assert_non_null(strchr(holder, ' '));
    int64_t wait = atoll(strchr(holder, ' ')) - (int64_t)mci_wall_ms();
    free(holder);
    assert_true(wait <= 1000);
    assert_true(fixture_redis_int(&f, "PTTL", "mfc:n:" BOARD, NULL) > 1000);
    fixture_sleep_ms(wait > 0 ? (int)wait + 50 : 50);
    assert_true(top_is_cached(f.b));
}

/* What was built, and what writers put there, gets lost (evicted): the board would lie until its TTL. */
static int new_set_lost(void)
{
    actor s;
    actor_start(&s, build_a, NULL, "build:swap");
    assert_true(actor_wait(&s));
    assert_int_equal(mc_update_rating(f.b, ID1, 9.0, NULL, NULL, NULL), MC_OK);
    evict_new_set();
    assert_int_equal(mc_update_rating(f.b, ID2, 8.0, NULL, NULL, NULL), MC_OK);
    actor_join(&s);
    return fixture_board_rating(f.b, ID1) == 9.0 && fixture_board_rating(f.b, ID2) == 8.0;
}

static void test_new_set_lost(void **state)
{
    (void)state;
    start();
    assert_true(new_set_lost());
    start();
    mutate_script("derived_swap", "score_of(NEW, '@ ' .. nonce) and true or false", "true");
    assert_breaks(new_set_lost());
}

/* Two builders, the first of them too slow to keep its right: one board, complete, and no page twice wrong. */
static void test_taken_over(void **state)
{
    (void)state;
    actor s;
    start();
    actor_start(&s, build_a, NULL, "build:page");
    assert_true(actor_wait(&s));
    free(fixture_redis(&f, "HSET", "mfc:a:" BOARD, "@ holder", "somebody 1", NULL)); /* its second has passed */
    assert_true(top_is_cached(f.b));
    assert_int_equal(mc_update_rating(f.b, ID1, 9.0, NULL, NULL, NULL), MC_OK);
    actor_join(&s);
    assert_true(fixture_board_rating(f.b, ID1) == 9.0);
    assert_int_equal(fixture_redis_int(&f, "ZCARD", BOARD, NULL), 4);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mfc:n:" BOARD, NULL), 0);
    assert_int_equal(fixture_redis_int(&f, "HEXISTS", "mfc:a:" BOARD, "@ ", NULL), 0);
}

/* Every helper key in every wrong type: lists are built, writes are seen, views count. */
static void test_wrong_types(void **state)
{
    (void)state;
    const char *const keys[] = {"mfc:a:" BOARD,
                                "mfc:n:" BOARD,
                                BOARD,
                                "mfc:p:" BOARD,
                                "mflix:counter:{movies:views}",
                                "mfc:q:mflix:movie:{" ID1 "}",
                                "mfc:s:mflix:movie:{" ID1 "}",
                                "mfc:l:mflix:movie:{" ID1 "}",
                                "mflix:movie:{" ID1 "}"};
    const char *const makes[][3] = {
        {"SET", "x", NULL}, {"RPUSH", "x", NULL}, {"HSET", "x", "y"}, {"ZADD", "1", "x"}, {"SADD", "x", NULL}};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t t = 0; t < sizeof makes / sizeof makes[0]; t++) {
            start();
            (void)top_is_cached(f.a);
            free(fixture_redis(&f, "DEL", keys[k], NULL));
            free(fixture_redis(&f, makes[t][0], keys[k], makes[t][1], makes[t][2], NULL));
            assert_int_equal(mc_record_view(f.b, ID1, NULL, NULL, NULL), MC_OK);
            assert_int_equal(mc_update_rating(f.b, ID1, 9.0, NULL, NULL, NULL), MC_OK);
            for (int i = 0; i < 2; i++)
                assert_true(fixture_rating(f.a, ID1, NULL) == 9.0);
            assert_true(fixture_board_rating(f.b, ID1) == 9.0);
            int cached = top_is_cached(f.b) || top_is_cached(f.b);
            if (!cached)
                fail_msg("%s made by %s keeps lists from being cached", keys[k], makes[t][0]);
            mc_list *rows = NULL;
            assert_int_equal(mc_trending(f.b, 5, &rows, NULL, NULL), MC_OK);
            assert_true(mc_list_size(rows) >= 1);
            mc_list_free(rows);
        }
    }
}

/* The same without any write: a list alone heals what it reads. */
static void test_lists_heal(void **state)
{
    (void)state;
    const char *const keys[] = {"mfc:a:" BOARD, "mfc:n:" BOARD, BOARD, "mfc:p:" BOARD};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        start();
        (void)top_is_cached(f.a);
        free(fixture_redis(&f, "DEL", keys[k], NULL));
        free(fixture_redis(&f, "SET", keys[k], "x", NULL));
        (void)top_is_cached(f.b);
        if (!top_is_cached(f.b))
            fail_msg("%s keeps lists from being cached", keys[k]);
    }
}

/* Hundreds of ids are invalidated at once: a list puts a few right and is answered by the store, as often as it takes. */
static void test_flood_of_invalidations(void **state)
{
    (void)state;
    char id[25];
    char json[512];
    start();
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabc%05x", i);
        fixture_json(json, id, "Many", 0.5);
        memstore_put(&f.mem, "movies", id, json);
    }
    build_top();
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabc%05x", i);
        assert_int_equal(mc_invalidate(f.b, id, NULL, NULL), MC_OK);
    }
    int calls = 0;
    mc_info info = {0};
    while (info.tier != MC_TIER_REDIS && calls < 10000) {
        mc_list *rows = NULL;
        assert_int_equal(mc_top_movies(f.a, 0, 3, &rows, &info, NULL), MC_OK);
        assert_true(mc_list_size(rows) == 3 && mc_list_score(rows, 0) == 3.0);
        mc_list_free(rows);
        assert_true(info.store_calls <= 3);
        assert_true(info.redis_round_trips <= 8);
        if (info.tier != MC_TIER_REDIS)
            fixture_sleep_ms(1);
        calls++;
    }
    assert_int_equal(info.tier, MC_TIER_REDIS);
    assert_true(calls > 10); /* it was a flood */
}

/* Where repairs take long, a list makes few of them: a caller's time is spent, not a number of ids. */
static void test_flood_and_a_slow_store(void **state)
{
    (void)state;
    char id[25];
    char json[512];
    start();
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabc%05x", i);
        fixture_json(json, id, "Many", 0.5);
        memstore_put(&f.mem, "movies", id, json);
    }
    build_top();
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabc%05x", i);
        assert_int_equal(mc_invalidate(f.b, id, NULL, NULL), MC_OK);
        (void)fixture_rating(f.a, id, NULL); /* the document is in the cache again, its place is not repaired */
    }
    f.mem.slow_read_ms = 1;
    int repairing = 0;
    for (int calls = 0; repairing < 6 && calls < 1000; calls++) {
        int before = f.mem.finds;
        (void)top_is_cached(f.a);
        int found = f.mem.finds - before; /* the page's own are in the cache */
        assert_in_range(found, 0, repairing == 0 ? 8 : 4);
        repairing += found > 0;
        fixture_sleep_ms(2);
    }
    assert_int_equal(repairing, 6);
    f.mem.slow_read_ms = 0;
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, "call.timeout_ms", "60000", NULL);
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
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_redis_full),
        cmocka_unit_test(test_builder_killed),
        cmocka_unit_test(test_new_set_lost),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_lists_heal),
        cmocka_unit_test(test_flood_of_invalidations),
        cmocka_unit_test(test_flood_and_a_slow_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
