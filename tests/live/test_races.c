/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The anomalies a cache beside a database is known for, each as one deterministic interleaving on a real Redis. A scenario returns
 * 1 when the promise held. Every test runs it twice: with the safeguard, and with the safeguard taken away, where it must break.
 */
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

#define ANY_FILL "mine = redis.pcall('GET', KEYS[3]) == ARGV[2]"
#define ONLY_SOLE_WRITER "mine = had == 1 and redis.pcall('GET', KEYS[4]) == ARGV[2]"
#define NO_WRITERS "if not mine or writers > 0 or full then"

static void read_one(void *arg)
{
    (void)fixture_rating(f.a, arg, NULL);
}

static void rate_a_5(void *arg)
{
    (void)mc_update_rating(f.a, arg, 5.0, NULL, NULL, NULL);
}

static void rate_b(const char *id, double rating)
{
    assert_int_equal(mc_update_rating(f.b, id, rating, NULL, NULL, NULL), MC_OK);
}

/* What both clients and the board say is what the database holds. */
static int coherent(const char *id)
{
    double want = fixture_stored_rating(&f, id);
    return fixture_rating(f.a, id, NULL) == want && fixture_rating(f.b, id, NULL) == want &&
           fixture_rating(f.a, id, NULL) == want;
}

static int on_board(const char *id)
{
    return fixture_board_rating(f.b, id) == fixture_stored_rating(&f, id);
}

static void start(void)
{
    mutate_reset();
    fixture_sleep_ms(10); /* what was read past Redis before lies clearly before what is loaded now */
    fixture_reset(&f);
}

/* A1: a slow reader loads the old version, a writer commits and stores the new one, the reader stores the old one. */
static int stale_set(void)
{
    actor r;
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&r));
    rate_b(ID1, 9.0);
    actor_join(&r);
    return coherent(ID1);
}

static void test_a1_stale_set(void **state)
{
    (void)state;
    start();
    assert_true(stale_set());
    start();
    mutate_script("value_put", ANY_FILL, "mine = true");
    assert_breaks(stale_set());
}

/* A2: the same with a deletion: the reader brings the deleted document back. */
static int deleted_comes_back(void)
{
    actor r;
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&r));
    assert_int_equal(mc_delete_movie(f.b, ID1, NULL, NULL), MC_OK);
    actor_join(&r);
    return fixture_rating(f.a, ID1, NULL) == -1 && fixture_rating(f.b, ID1, NULL) == -1;
}

static void test_a2_delete_and_repopulate(void **state)
{
    (void)state;
    start();
    assert_true(deleted_comes_back());
    start();
    mutate_script("value_put", ANY_FILL, "mine = true");
    assert_breaks(deleted_comes_back());
}

/* A3: two writers; the one that committed first stores last. */
static int writers_reorder(void)
{
    actor w;
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID1, "write:stored");
    assert_true(actor_wait(&w));
    rate_b(ID1, 9.0);
    actor_join(&w);
    return coherent(ID1) && on_board(ID1);
}

static void test_a3_writers_reorder(void **state)
{
    (void)state;
    start();
    assert_true(writers_reorder());
    start(); /* "the last writer's value wins" instead of "only a writer that was alone stores" */
    mutate_script("value_put", ONLY_SOLE_WRITER, "mine = true");
    mutate_script("value_put", NO_WRITERS, "if not mine then");
    assert_breaks(writers_reorder());
}

/* A4: as A3, but Redis has forgotten everything about the id in between (eviction, expiry, restart). */
static int forgotten(void)
{
    actor w;
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID1, "write:stored");
    assert_true(actor_wait(&w));
    rate_b(ID1, 9.0);
    assert_true(coherent(ID1));
    free(fixture_redis(&f, "FLUSHALL", NULL));
    fixture_calm(&f);     /* the epoch is as before: it alone would hide what was stored */
    fixture_sleep_ms(10); /* what is stored now is clearly later than what was read past Redis */
    actor_join(&w);
    return coherent(ID1);
}

static void test_a4_version_forgotten(void **state)
{
    (void)state;
    start();
    assert_true(forgotten());
    start();
    mutate_script("value_put", ONLY_SOLE_WRITER, "mine = true");
    assert_breaks(forgotten());
}

/* A5: a writer commits and dies before it comes back to Redis. It is held at its point until everything has been looked at. */
static int dead_writer(void)
{
    actor w;
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0); /* cached */
    (void)fixture_board_rating(f.b, ID1);               /* on the board */
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID1, "write:stored");
    assert_true(actor_wait(&w));
    int fresh = fixture_rating(f.b, ID1, NULL) == 5.0;
    fixture_sleep_ms(450); /* the quarantine of 400 ms ends */
    mc_info info;
    fresh = fresh && fixture_rating(f.b, ID1, NULL) == 5.0;
    fresh = fresh && fixture_rating(f.b, ID1, &info) == 5.0 && info.cache == MC_CACHE_HIT;
    fresh = fresh && on_board(ID1);
    actor_join(&w);
    return fresh;
}

static void test_a5_dead_writer(void **state)
{
    (void)state;
    start();
    assert_true(dead_writer());
    start();
    mutate_safeguard(MCI_SAFEGUARD_QUARANTINE);
    assert_false(dead_writer());
}

/* A6: the store does not say whether it wrote, and writes later. */
static int unknown_outcome(void)
{
    f.mem.late_writes = 1;
    assert_int_equal(mc_update_rating(f.a, ID1, 5.0, NULL, NULL, NULL), MC_E_UNKNOWN);
    (void)fixture_rating(f.b, ID1, NULL); /* the old version is still the truth, and must not be kept */
    (void)fixture_rating(f.b, ID1, NULL);
    memstore_commit(&f.mem);
    return coherent(ID1) && fixture_stored_rating(&f, ID1) == 5.0;
}

static void test_a6_unknown_outcome(void **state)
{
    (void)state;
    start();
    assert_true(unknown_outcome());
    start();
    mutate_safeguard(MCI_SAFEGUARD_UNKNOWN);
    assert_false(unknown_outcome());
}

/* A7: "not found" was loaded before an insert and is stored after it. */
static int negative_hides_insert(void)
{
    const char *id = "573a1390f29313caabcd48ff";
    char json[512];
    actor r;
    actor_start(&r, read_one, (void *)(uintptr_t)id, "read:loaded");
    assert_true(actor_wait(&r));
    fixture_json(json, id, "New", 6);
    assert_int_equal(mc_create_movie(f.b, json, strlen(json), NULL, NULL, NULL), MC_OK);
    actor_join(&r);
    return coherent(id);
}

static void test_a7_negative_hides_insert(void **state)
{
    (void)state;
    start();
    assert_true(negative_hides_insert());
    start();
    mutate_script("value_put", ANY_FILL, "mine = true");
    assert_breaks(negative_hides_insert());
}

/* A7 for titles: "no such title" was cached, and a movie with that title is created. */
static int negative_alias(void)
{
    char json[512];
    const mc_movie *m = NULL;
    assert_int_equal(mc_get_movie_by_title(f.a, "New", &m, NULL, NULL), MC_NOT_FOUND);
    fixture_json(json, "573a1390f29313caabcd48ff", "New", 6);
    assert_int_equal(mc_create_movie(f.b, json, strlen(json), NULL, NULL, NULL), MC_OK);
    int found = mc_get_movie_by_title(f.a, "New", &m, NULL, NULL) == MC_OK;
    mc_movie_unref(m);
    fixture_json(json, "573a1390f29313caabcd48fe", "New", 7); /* the same title, a lower id: now this one is meant */
    assert_int_equal(mc_create_movie(f.b, json, strlen(json), NULL, NULL, NULL), MC_OK);
    m = NULL;
    found = found && mc_get_movie_by_title(f.a, "New", &m, NULL, NULL) == MC_OK &&
            strcmp(mc_movie_id(m), "573a1390f29313caabcd48fe") == 0;
    mc_movie_unref(m);
    return found;
}

static void test_a7_negative_alias(void **state)
{
    (void)state;
    start();
    assert_true(negative_alias());
    start();
    mutate_script("value_pre", "unpack(KEYS, 1, 2 * n)", "unpack(KEYS, n + 1, 2 * n)");
    mutate_script("value_end", "redis.call('DEL', unpack(KEYS))", "redis.call('DEL', unpack(KEYS, n + 1))");
    assert_breaks(negative_alias());
}

/* A11: rating changed, deleted, changed by two at once: the board follows. */
static int board_follows(void)
{
    actor w;
    assert_true(fixture_board_rating(f.b, ID1) == 1.0);
    rate_b(ID1, 8.0);
    int ok = fixture_board_rating(f.b, ID1) == 8.0;
    actor_start(&w, rate_a_5, (void *)(uintptr_t)ID2, "write:stored");
    assert_true(actor_wait(&w));
    rate_b(ID2, 9.0);
    actor_join(&w);
    ok = ok && on_board(ID2);
    assert_int_equal(mc_delete_movie(f.b, ID3, NULL, NULL), MC_OK);
    return ok && fixture_board_rating(f.b, ID3) == -1 &&
           fixture_redis_int(&f, "ZCARD", "mflix:board:{movies:rating}", NULL) == 3;
}

static void test_a11_board_drift(void **state)
{
    (void)state;
    start();
    assert_true(board_follows());
    start();
    mutate_safeguard(MCI_SAFEGUARD_REPAIR);
    assert_false(board_follows());
    start(); /* value and board in two steps, the second one lost */
    mutate_script("derived_settle", "apply(n, placed, placed_at)", "");
    assert_breaks(board_follows());
}

/* A12: the board is being rebuilt while a rating changes. */
static void build_a(void *arg)
{
    (void)arg;
    (void)fixture_board_rating(f.a, ID1);
}

static int rebuild_race(void)
{
    actor s;
    actor_start(&s, build_a, NULL, "build:swap");
    assert_true(actor_wait(&s));
    rate_b(ID1, 8.0);
    assert_int_equal(mc_delete_movie(f.b, ID2, NULL, NULL), MC_OK);
    actor_join(&s);
    return fixture_board_rating(f.b, ID1) == 8.0 && fixture_redis_int(&f, "ZCARD", "mflix:board:{movies:rating}", NULL) == 3;
}

static void test_a12_rebuild_race(void **state)
{
    (void)state;
    start();
    assert_true(rebuild_race());
    start();
    mutate_script("derived_settle", "if score_of(NEW, '@ ' .. n) then", "if false then");
    assert_breaks(rebuild_race());
}

/* Readers never see a short board: while it is built they are answered by the store. */
static void test_a12_never_short(void **state)
{
    (void)state;
    start();
    actor s;
    actor_start(&s, build_a, NULL, "build:page");
    assert_true(actor_wait(&s));
    mc_list *rows = NULL;
    mc_info info;
    assert_int_equal(mc_top_movies(f.b, 0, 10, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    assert_int_equal(info.tier, MC_TIER_STORE);
    mc_list_free(rows);
    actor_join(&s);
    assert_int_equal(mc_top_movies(f.b, 0, 10, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    assert_int_equal(info.tier, fixture_tier());
    mc_list_free(rows);
}

/* A board that no single call has the time to build: each goes on where the last one stopped, and writes in between count. */
static int built_in_parts(void)
{
    char id[25];
    char json[512];
    mc_info info;
    mc_list *rows = NULL;
    /* The machine's speed is no matter here: a script that a busy machine delays must not pass for a Redis that is away. */
    mc_client *mc = fixture_open(&f, "call.timeout_ms", "60000", "cache.timeout_ms", "60000", "store.timeout_ms", "60000",
                                 "write.quarantine_ms", "130000", NULL);
    for (int i = 0; i < 2200; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabc%05x", i);
        fixture_json(json, id, "Many", 5);
        memstore_put(&f.mem, "movies", id, json);
    }
    f.mem.scans_left = 1; /* a page of the build; then the store is too slow for the rest of this call */
    assert_int_equal(mc_top_movies(mc, 0, 3, &rows, NULL, NULL), MC_E_TIMEOUT);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:board:{movies:rating}", NULL), 0);
    rate_b("573a1390f29313caabc00001", 9.0); /* already in what is built */
    f.mem.scans_left = -1;
    f.mem.scans = 0;
    /* Its right to build is over; another handle goes on. */
    free(fixture_redis(&f, "HDEL", "mfc:a:mflix:board:{movies:rating}", "@ holder", NULL));
    assert_int_equal(mc_warm(f.b, MC_WARM_BOARD, 0, NULL, NULL, NULL, NULL), MC_OK);
    int pages = f.mem.scans;
    assert_int_equal(mc_top_movies(mc, 0, 3, &rows, &info, NULL), MC_OK);
    assert_int_equal(info.tier, fixture_tier());
    assert_true(mc_list_size(rows) == 3 && mc_list_score(rows, 0) == 9.0);
    mc_list_free(rows);
    assert_int_equal(fixture_redis_int(&f, "ZCARD", "mflix:board:{movies:rating}", NULL), 2204);
    assert_int_equal(mc_close(mc), MC_OK);
    return pages == 4; /* what was left; all of it are five */
}

static void test_a12_built_in_parts(void **state)
{
    (void)state;
    start();
    assert_true(built_in_parts());
    start(); /* always from the beginning */
    mutate_script("derived_build", "if not begun or not score_of", "if not whose or not score_of");
    assert_breaks(built_in_parts());
}

/* A14: no value without a TTL, whatever order things happen in. */
static int all_have_ttl(void)
{
    (void)fixture_rating(f.a, ID1, NULL);
    rate_b(ID2, 4.0);
    (void)fixture_rating(f.a, "573a1390f29313caabcd48ff", NULL);
    const mc_movie *m = NULL;
    (void)mc_get_movie_by_title(f.a, "Three", &m, NULL, NULL);
    mc_movie_unref(m);
    (void)fixture_board_rating(f.a, ID1);
    return fixture_redis_int(&f, "EVAL",
                             "local n = 0 for _, k in ipairs(redis.call('KEYS', 'mflix:*')) do "
                             "if redis.call('TTL', k) == -1 then n = n + 1 end end return n",
                             "0", NULL) == 0;
}

static void test_a14_immortal_value(void **state)
{
    (void)state;
    start();
    assert_true(all_have_ttl());
    start();
    mutate_script("value_put", "redis.call('PEXPIRE', KEYS[1], ARGV[3])", "local lost = ARGV[3]");
    assert_breaks(all_have_ttl());
}

/*
 * A fill that nobody waited for was refused, since a writer had announced itself after the lease; what another program wrote is newer than what that
 * writer caches. The handle that was given the newest shows nothing older.
 */
static void rate_3(void *arg)
{
    (void)mc_update_rating(f.b, arg, 3.0, NULL, NULL, NULL);
}

static int never_back_after_a_refused_fill(void)
{
    actor r;
    actor w;
    char json[512];
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:leased");
    assert_true(actor_wait(&r));
    actor_start(&w, rate_3, (void *)(uintptr_t)ID1, "write:stored");
    assert_true(actor_wait(&w));
    fixture_json(json, ID1, "One", 4.0);
    memstore_put(&f.mem, "movies", ID1, json);
    actor_join(&r); /* was given 4 */
    actor_join(&w); /* caches 3 */
    return fixture_rating(f.a, ID1, NULL) == 4.0;
}

static void test_refused_fill(void **state)
{
    (void)state;
    start();
    assert_true(never_back_after_a_refused_fill());
    start();
    mutate_safeguard(MCI_SAFEGUARD_SEEN);
    assert_breaks(never_back_after_a_refused_fill());
}

/* A15: what another client has left in a document's hash does not survive in it. */
static int no_torn_hash(void)
{
    actor r;
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&r));
    free(fixture_redis(&f, "HSET", "mflix:movie:{" ID1 "}", "poster", "left over", NULL));
    actor_join(&r);
    return fixture_redis_int(&f, "HEXISTS", "mflix:movie:{" ID1 "}", "poster", NULL) == 0 &&
           fixture_redis_int(&f, "HLEN", "mflix:movie:{" ID1 "}", NULL) == 2;
}

static void test_a15_torn_hash(void **state)
{
    (void)state;
    start();
    assert_true(no_torn_hash());
    start();
    mutate_script("value_put", "redis.call('DEL', KEYS[1])\nif post then", "if post then");
    assert_breaks(no_torn_hash());
}

/* A16: a value ends when its deadline says so, even if another client made its key immortal; reading does not prolong it. */
static int ends_in_time(void)
{
    mc_client *mc = fixture_open(&f, "movies.ttl_ms", "200", "ttl.jitter_pct", "0", NULL);
    (void)fixture_rating(mc, ID1, NULL);
    long long before = fixture_redis_int(&f, "PTTL", "mflix:movie:{" ID1 "}", NULL);
    assert_true(before > 0 && before <= 200);
    free(fixture_redis(&f, "PERSIST", "mflix:movie:{" ID1 "}", NULL));
    fixture_sleep_ms(250);
    mc_info info;
    (void)fixture_rating(mc, ID1, &info);
    assert_int_equal(mc_close(mc), MC_OK);
    return info.cache == MC_CACHE_MISS;
}

static void test_a16_ttl_lost(void **state)
{
    (void)state;
    start();
    assert_true(ends_in_time());
    start();
    mutate_safeguard(MCI_SAFEGUARD_HARD_TTL);
    assert_false(ends_in_time());
}

/* A17: a theater that is gone, and one that moved, after the geo set is built again. */
static void put_theater(const char *id, double lon, double lat)
{
    char json[512];
    snprintf(json, sizeof json,
             "{\"_id\":{\"$oid\":\"%s\"},\"theaterId\":1,\"location\":{\"address\":{\"street1\":\"s\",\"city\":\"c\"},"
             "\"geo\":{\"type\":\"Point\",\"coordinates\":[%.4f,%.4f]}}}",
             id, lon, lat);
    memstore_put(&f.mem, "theaters", id, json);
}

static int no_theater_ghosts(void)
{
    mc_list *rows = NULL;
    put_theater("59a47286cfa9a3a73e51e701", 10.0, 50.0);
    put_theater("59a47286cfa9a3a73e51e702", 10.1, 50.0);
    assert_int_equal(mc_nearby_theaters(f.a, 10.0, 50.0, 50000, 10, &rows, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 2);
    mc_list_free(rows);
    memstore_put(&f.mem, "theaters", "59a47286cfa9a3a73e51e701", NULL);
    put_theater("59a47286cfa9a3a73e51e702", 20.0, 50.0);
    assert_int_equal(mc_invalidate_all(f.a, NULL, NULL), MC_OK);
    assert_int_equal(mc_nearby_theaters(f.a, 10.0, 50.0, 50000, 10, &rows, NULL, NULL), MC_OK);
    int ok = mc_list_size(rows) == 0;
    mc_list_free(rows);
    assert_int_equal(mc_nearby_theaters(f.a, 20.0, 50.0, 50000, 10, &rows, NULL, NULL), MC_OK);
    ok = ok && mc_list_size(rows) == 1;
    mc_list_free(rows);
    return ok && fixture_redis_int(&f, "ZCARD", "mflix:geo:{theaters:place}", NULL) == 2;
}

static void test_a17_dangling_theaters(void **state)
{
    (void)state;
    start();
    assert_true(no_theater_ghosts());
    start(); /* adding to the old set instead of putting a new one in its place */
    mutate_script("derived_swap", "redis.call('UNLINK', SET)\nredis.call('RENAME', NEW, SET)",
                  "redis.call('ZUNIONSTORE', SET, 2, SET, NEW, 'AGGREGATE', 'MAX')");
    assert_breaks(no_theater_ghosts());
}

/* A load under way cannot bring back what was invalidated. */
static int invalidated_stays(void)
{
    actor r;
    mc_info info;
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&r));
    char json[512];
    fixture_json(json, ID1, "One", 7); /* changed by a program that then calls mc_invalidate() */
    memstore_put(&f.mem, "movies", ID1, json);
    assert_int_equal(mc_invalidate(f.b, ID1, NULL, NULL), MC_OK);
    actor_join(&r);
    return fixture_rating(f.b, ID1, &info) == 7.0;
}

static void test_invalidate_and_load(void **state)
{
    (void)state;
    start();
    assert_true(invalidated_stays());
    start();
    mutate_script("value_drop", "redis.call('DEL', KEYS[1], KEYS[3])", "redis.call('DEL', KEYS[1])");
    assert_breaks(invalidated_stays());
}

/* Everything invalidated while a load is under way: what it stores belongs to the epoch before. */
static int epoch_stays(void)
{
    actor r;
    actor_start(&r, read_one, (void *)(uintptr_t)ID1, "read:loaded");
    assert_true(actor_wait(&r));
    char json[512];
    fixture_json(json, ID1, "One", 7);
    memstore_put(&f.mem, "movies", ID1, json);
    assert_int_equal(mc_invalidate_all(f.b, NULL, NULL), MC_OK);
    actor_join(&r);
    return fixture_rating(f.b, ID1, NULL) == 7.0;
}

static void test_invalidate_all_and_load(void **state)
{
    (void)state;
    start();
    assert_true(epoch_stays());
}

/* Single flight: threads of one process that miss one id ask the store once. */
static void test_single_flight(void **state)
{
    (void)state;
    start();
    actor r[8];
    f.mem.slow_read_ms = 50;
    for (int i = 0; i < 8; i++)
        actor_start(&r[i], read_one, (void *)(uintptr_t)ID1, NULL);
    for (int i = 0; i < 8; i++)
        actor_join(&r[i]);
    assert_int_equal(f.mem.finds, 1);
    f.mem.slow_read_ms = 0;
}

/* A load that fails gives its lease back: the next read, in any process, does not wait for it. */
static int lease_given_back(void)
{
    f.mem.fail_reads = MC_E_STORE;
    assert_int_equal(mc_get_movie(f.a, ID1, &(const mc_movie *){NULL}, NULL, NULL), MC_E_STORE);
    f.mem.fail_reads = 0;
    mc_stats before;
    mc_stats after;
    assert_int_equal(mc_get_stats(f.b, &before), MC_OK);
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0);
    assert_int_equal(mc_get_stats(f.b, &after), MC_OK);
    return after.lease_waits == before.lease_waits && after.fills == before.fills + 1;
}

static void test_lease_given_back(void **state)
{
    (void)state;
    start();
    assert_true(lease_given_back());
    start();
    mutate_script("value_put", "if ARGV[1] == 'R' then",
                  "if ARGV[1] == 'R' then redis.call('SET', KEYS[3], ARGV[2], 'PX', 5000)");
    assert_breaks(lease_given_back());
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, "write.quarantine_ms", "400", "store.timeout_ms", "150", "read.lease_ms", "5000", NULL);
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
        cmocka_unit_test(test_a1_stale_set),
        cmocka_unit_test(test_a2_delete_and_repopulate),
        cmocka_unit_test(test_a3_writers_reorder),
        cmocka_unit_test(test_a4_version_forgotten),
        cmocka_unit_test(test_a5_dead_writer),
        cmocka_unit_test(test_a6_unknown_outcome),
        cmocka_unit_test(test_a7_negative_hides_insert),
        cmocka_unit_test(test_a7_negative_alias),
        cmocka_unit_test(test_a11_board_drift),
        cmocka_unit_test(test_a12_rebuild_race),
        cmocka_unit_test(test_a12_never_short),
        cmocka_unit_test(test_a12_built_in_parts),
        cmocka_unit_test(test_a14_immortal_value),
        cmocka_unit_test(test_refused_fill),
        cmocka_unit_test(test_a15_torn_hash),
        cmocka_unit_test(test_a16_ttl_lost),
        cmocka_unit_test(test_a17_dangling_theaters),
        cmocka_unit_test(test_invalidate_and_load),
        cmocka_unit_test(test_invalidate_all_and_load),
        cmocka_unit_test(test_single_flight),
        cmocka_unit_test(test_lease_given_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
