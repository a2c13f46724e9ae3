/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a handle shows around a time in which Redis is away, or answers and takes no writes: its own writes in everything it answers,
 * nothing older than it has shown already, and no place with a pending repair. Each scenario returns 1 when the promise
 * held, and runs again with its safeguard taken away, where it must break.
 */
#include "actor.h"
#include "fixture.h"
#include "proxy.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID4 "573a1390f29313caabcd4804"
#define THEATER "59a47286cfa9a3a73e51e72c"

static fixture f;
static proxy pr;
static proxy pw;
static mc_client *reader; /* through pr */
static mc_client *writer; /* through pw */

static void up(proxy *p, mc_client *mc)
{
    proxy_set(p, PROXY_PASS, 0);
    for (int i = 0; i < 500 && mc_ping(mc, NULL, NULL, NULL) != MC_OK; i++)
        fixture_sleep_ms(10);
}

/* Away, and known to be: nothing of a write lies in a socket that Redis would read later. */
static void down(proxy *p, mc_client *mc)
{
    proxy_set(p, PROXY_CUT, 0);
    assert_int_not_equal(mc_ping(mc, NULL, NULL, NULL), MC_OK);
}

static double rating_of(const mc_movie *m)
{
    double rating = -1;
    (void)mc_movie_rating(m, &rating);
    return rating;
}

static void put_theater(const char *city, double lon)
{
    char json[512];
    snprintf(json, sizeof json,
             "{\"_id\":{\"$oid\":\"" THEATER
             "\"},\"theaterId\":1,\"location\":{\"address\":{\"street1\":\"1 A St\",\"city\":\"%s\"},"
             "\"geo\":{\"type\":\"Point\",\"coordinates\":[%.1f,10.0]}}}",
             city, lon);
    const char *all[1] = {json};
    size_t sizes[1] = {strlen(json)};
    mc_status each[1];
    assert_int_equal(mc_import_theaters(writer, all, sizes, 1, MC_IMPORT_REPLACE, each, NULL), MC_OK);
    assert_int_equal(each[0], MC_OK);
}

static void start(void)
{
    mutate_reset();
    free(fixture_redis(&f, "CONFIG", "SET", "min-replicas-to-write", "0", NULL));
    up(&pr, reader);
    up(&pw, writer);
    fixture_reset(&f);
    /* What is still queued is announced, and what was read past Redis before lies clearly before what is loaded now. */
    (void)fixture_rating(writer, ID3, NULL);
    (void)fixture_rating(reader, ID3, NULL);
    fixture_sleep_ms(10);
    free(fixture_redis(&f, "FLUSHALL", NULL));
}

static int rank_of(mc_client *mc, const char *id, double *rating)
{
    int64_t rank = -1;
    *rating = -1;
    mc_status st = mc_rank_movie(mc, id, &rank, rating, NULL, NULL);
    return st == MC_OK ? (int)rank : st == MC_NOT_FOUND ? -1 : -2;
}

static int near(double lon, const char *city)
{
    mc_list *rows = NULL;
    assert_int_equal(mc_nearby_theaters(writer, lon, 10.0, 50000, 3, &rows, NULL, NULL), MC_OK);
    int right = city == NULL ? mc_list_size(rows) == 0
                             : mc_list_size(rows) == 1 && strcmp(mc_theater_city(mc_list_theater(rows, 0)), city) == 0;
    mc_list_free(rows);
    return right;
}

/* Everything that can be asked shows the writes of this handle: a change, a deletion, a creation, a theater that moved. */
static int shows_own_writes(void)
{
    mc_list *rows = NULL;
    double rating = 0;
    int right = fixture_rating(writer, ID1, NULL) == 9.0;
    assert_int_equal(mc_top_movies(writer, 0, 5, &rows, NULL, NULL), MC_OK);
    right &= mc_list_size(rows) == 3 && strcmp(mc_movie_title(mc_list_movie(rows, 0)), "Renamed") == 0 &&
             mc_list_score(rows, 0) == 9.0 && rating_of(mc_list_movie(rows, 0)) == 9.0 &&
             strcmp(mc_movie_title(mc_list_movie(rows, 1)), "Fresh") == 0 &&
             strcmp(mc_movie_title(mc_list_movie(rows, 2)), "Three") == 0;
    mc_list_free(rows);
    right &= rank_of(writer, ID1, &rating) == 0 && rating == 9.0;
    right &= rank_of(writer, ID2, &rating) == -1;
    right &= rank_of(writer, ID4, &rating) == 1 && rating == 8.0;
    assert_int_equal(mc_trending(writer, 5, &rows, NULL, NULL), MC_OK);
    right &= mc_list_size(rows) == 2;
    for (size_t i = 0; i < mc_list_size(rows); i++)
        right &= strcmp(mc_movie_title(mc_list_movie(rows, i)), "Two") != 0 &&
                 strcmp(mc_movie_title(mc_list_movie(rows, i)), "One") != 0;
    mc_list_free(rows);
    right &= near(10.0, NULL) && near(40.0, "New");
    const mc_movie *m = NULL;
    right &= mc_get_movie_by_title(writer, "One", &m, NULL, NULL) == MC_NOT_FOUND;
    mc_movie_unref(m);
    right &= mc_get_movie_by_title(writer, "Two", &m, NULL, NULL) == MC_NOT_FOUND;
    mc_movie_unref(m);
    right &= mc_get_movie_by_title(writer, "Renamed", &m, NULL, NULL) == MC_OK && rating_of(m) == 9.0;
    mc_movie_unref(m);
    right &= mc_get_movie_by_title(writer, "Fresh", &m, NULL, NULL) == MC_OK && rating_of(m) == 8.0;
    mc_movie_unref(m);
    return right;
}

static void cache_everything(void)
{
    mc_list *rows = NULL;
    double rating = 0;
    const mc_movie *m = NULL;
    put_theater("Old", 10.0);
    for (int i = 0; i < 2; i++) {
        for (const char *const *id = (const char *const[]){ID1, ID2, ID3, NULL}; *id != NULL; id++) {
            assert_int_equal(mc_record_view(writer, *id, NULL, NULL, NULL), MC_OK);
            (void)rank_of(writer, *id, &rating);
        }
        assert_int_equal(mc_top_movies(writer, 0, 5, &rows, NULL, NULL), MC_OK);
        mc_list_free(rows);
        assert_int_equal(mc_trending(writer, 5, &rows, NULL, NULL), MC_OK);
        mc_list_free(rows);
        assert_true(near(10.0, "Old"));
        for (const char *const *t = (const char *const[]){"One", "Two", "Fresh", "Renamed", NULL}; *t != NULL; t++) {
            (void)mc_get_movie_by_title(writer, *t, &m, NULL, NULL);
            mc_movie_unref(m);
            m = NULL;
        }
    }
}

static void write_everything(void)
{
    char json[512];
    const char *patch = "{\"title\":\"Renamed\",\"imdb\":{\"rating\":9.0}}";
    fixture_json(json, ID4, "Fresh", 8);
    assert_int_equal(mc_update_movie(writer, ID1, patch, strlen(patch), NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_delete_movie(writer, ID2, NULL, NULL), MC_OK);
    assert_int_equal(mc_create_movie(writer, json, strlen(json), NULL, NULL, NULL), MC_OK);
    put_theater("New", 40.0);
}

static int refused_writes(void)
{
    cache_everything();
    free(fixture_redis(&f, "CONFIG", "SET", "min-replicas-to-write", "1", NULL));
    write_everything();
    int right = shows_own_writes() && shows_own_writes();
    free(fixture_redis(&f, "CONFIG", "SET", "min-replicas-to-write", "0", NULL));
    /* Once Redis takes writes again, all of it is true for everybody, from the cache too. */
    (void)fixture_rating(writer, ID1, NULL);
    right &= shows_own_writes();
    right &= fixture_rating(reader, ID1, NULL) == 9.0 && fixture_rating(reader, ID2, NULL) == -1;
    double rating = 0;
    return right && rank_of(reader, ID1, &rating) == 0 && rating == 9.0;
}

static void test_own_writes_while_redis_refuses(void **state)
{
    (void)state;
    start();
    assert_true(refused_writes());
    start();
    mutate_safeguard(MCI_SAFEGUARD_LISTS);
    assert_false(refused_writes());
}

static int full(void)
{
    double rating = 0;
    cache_everything();
    (void)rank_of(reader, ID1, &rating);
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "1", NULL));
    write_everything();
    int right = shows_own_writes();
    right &= rank_of(reader, ID1, &rating) == 0 && rating == 9.0; /* any process: the places have pending repairs */
    right &= rank_of(reader, ID2, &rating) == -1;
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "0", NULL));
    return right;
}

static void test_while_redis_is_full(void **state)
{
    (void)state;
    start();
    assert_true(full());
    start();
    mutate_safeguard(MCI_SAFEGUARD_RANK);
    assert_false(full());
}

/* One handle reads the newer version past Redis; a writer that could not reach Redis left the older one there. */
static int back_in_time(int by_title)
{
    const mc_movie *m = NULL;
    double seen = 0;
    assert_true(fixture_rating(reader, ID1, NULL) == 1.0); /* cached */
    down(&pr, reader);
    down(&pw, writer);
    assert_int_equal(mc_update_rating(writer, ID1, 9.0, NULL, NULL, NULL), MC_OK);
    if (by_title) {
        assert_int_equal(mc_get_movie_by_title(reader, "One", &m, NULL, NULL), MC_OK);
        seen = rating_of(m);
        mc_movie_unref(m);
    } else {
        seen = fixture_rating(reader, ID1, NULL);
    }
    assert_true(seen == 9.0);
    up(&pr, reader);
    int right = 1;
    for (int i = 0; i < 3; i++) {
        right &= fixture_rating(reader, ID1, NULL) == 9.0;
        assert_int_equal(mc_get_movie_by_title(reader, "One", &m, NULL, NULL), MC_OK);
        right &= rating_of(m) == 9.0;
        mc_movie_unref(m);
    }
    return right;
}

static void test_never_back_in_time(void **state)
{
    (void)state;
    for (int by_title = 0; by_title < 2; by_title++) {
        start();
        assert_true(back_in_time(by_title));
        start();
        mutate_safeguard(MCI_SAFEGUARD_SEEN);
        assert_false(back_in_time(by_title));
    }
}

/* By title the store gave the newer version; the older one in Redis does not take its place, and no answer has another's label. */
static int title_keeps_the_newer(void)
{
    const mc_movie *m = NULL;
    mc_info info;
    assert_true(fixture_rating(reader, ID1, NULL) == 1.0); /* the document is cached, its title is not */
    down(&pw, writer);
    assert_int_equal(mc_update_rating(writer, ID1, 9.0, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_get_movie_by_title(reader, "One", &m, &info, NULL), MC_OK);
    int right = rating_of(m) == 9.0;
    mc_movie_unref(m);
    right &= info.tier == MC_TIER_STORE && info.cache == MC_CACHE_MISS;
    return right && fixture_rating(reader, ID1, &info) == 9.0;
}

static void test_title_keeps_the_newer(void **state)
{
    (void)state;
    start();
    assert_true(title_keeps_the_newer());
    start();
    mutate_safeguard(MCI_SAFEGUARD_SEEN);
    assert_false(title_keeps_the_newer());
}

static void rank_by_reader(void *arg)
{
    double rating = 0;
    (void)rank_of(reader, arg, &rating);
}

/* The place is pending repair, and who repairs it stands still: nobody else can put it right, and nobody tells the old one. */
static int rank_in_doubt(void)
{
    actor repairer;
    char json[512];
    double rating = 0;
    (void)rank_of(writer, ID1, &rating);
    fixture_json(json, ID1, "One", 9.0);
    memstore_put(&f.mem, "movies", ID1, json);
    assert_int_equal(mc_invalidate(writer, ID1, NULL, NULL), MC_OK);
    actor_start(&repairer, rank_by_reader, (void *)(uintptr_t)ID1, "repair:leased");
    assert_true(actor_wait(&repairer));
    int right = rank_of(writer, ID1, &rating) == 0 && rating == 9.0;
    right &= rank_of(f.a, ID1, &rating) == 0 && rating == 9.0;
    actor_join(&repairer);
    return right;
}

static void test_rank_with_pending_repair(void **state)
{
    (void)state;
    start();
    assert_true(rank_in_doubt());
    start();
    mutate_safeguard(MCI_SAFEGUARD_RANK);
    assert_false(rank_in_doubt());
}

/* A write lands after its quarantine: whoever asked in between had the old value, and nobody was given it from the cache later. */
static int late_write(mc_client *mc, int create)
{
    char json[512];
    const mc_movie *m = NULL;
    double rating = 0;
    (void)rank_of(reader, ID1, &rating);
    f.mem.late_writes = 1;
    fixture_json(json, ID4, "Fresh", 8);
    mc_status st = create ? mc_create_movie(mc, json, strlen(json), NULL, NULL, NULL)
                          : mc_update_rating(mc, ID1, 9.0, NULL, NULL, NULL);
    assert_int_equal(st, MC_E_UNKNOWN);
    fixture_sleep_ms(450); /* its quarantine has passed */
    if (create)
        assert_int_equal(mc_get_movie_by_title(reader, "Fresh", &m, NULL, NULL), MC_NOT_FOUND);
    else
        assert_true(fixture_rating(reader, ID1, NULL) == 1.0);
    memstore_commit(&f.mem);
    const char *title = create ? "Fresh" : "One";
    double want = create ? 8.0 : 9.0;
    int right = fixture_rating(reader, create ? ID4 : ID1, NULL) == want;
    st = mc_get_movie_by_title(reader, title, &m, NULL, NULL);
    right &= st == MC_OK && rating_of(m) == want;
    mc_movie_unref(m);
    return right && rank_of(reader, create ? ID4 : ID1, &rating) == 0 && rating == want;
}

static void test_write_lands_late(void **state)
{
    (void)state;
    mc_client *mc =
        fixture_open(&f, "write.quarantine_ms", "400", "store.timeout_ms", "150", "write.suspect_ms", "600000", NULL);
    mc_client *away = fixture_open(&f, "cache.uri", pw.uri, "write.quarantine_ms", "400", "store.timeout_ms", "150",
                                   "write.suspect_ms", "600000", "cache.backoff_max_ms", "20", NULL);
    for (int create = 0; create < 2; create++) {
        start();
        assert_true(late_write(mc, create));
        start();
        mutate_safeguard(MCI_SAFEGUARD_SUSPECT);
        assert_false(late_write(mc, create));
        start(); /* Redis was away when the write began; its handle announces it later */
        down(&pw, away);
        f.mem.late_writes = 1;
        assert_int_equal(mc_update_rating(away, ID1, 9.0, NULL, NULL, NULL), MC_E_UNKNOWN);
        up(&pw, away);
        assert_true(fixture_rating(away, ID2, NULL) == 2.0);
        assert_true(fixture_rating(reader, ID1, NULL) == 1.0);
        memstore_commit(&f.mem);
        assert_true(fixture_rating(reader, ID1, NULL) == 9.0);
    }
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(mc_close(away), MC_OK);
}

/* More ids are written without Redis than are remembered: then nothing is believed, and everything is dropped. */
static void test_queue_overflows(void **state)
{
    (void)state;
    start();
    mc_stats st;
    mc_client *small = fixture_open(&f, "cache.uri", pw.uri, "recovery.max", "2", NULL);
    assert_int_equal(mc_ping(small, NULL, NULL, NULL), MC_OK);
    const char *const ids[] = {ID1, ID2, ID3};
    for (int i = 0; i < 3; i++)
        assert_true(fixture_rating(small, ids[i], NULL) == i + 1);
    down(&pw, small);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mc_update_rating(small, ids[i], 7.0 + i, NULL, NULL, NULL), MC_OK);
    up(&pw, small);
    for (int i = 0; i < 3; i++)
        assert_true(fixture_rating(small, ids[i], NULL) == 7.0 + i);
    for (int i = 0; i < 3; i++)
        assert_true(fixture_rating(reader, ids[i], NULL) == 7.0 + i);
    assert_int_equal(mc_get_stats(small, &st), MC_OK);
    assert_true(st.recovery_lost >= 1);
    assert_int_equal(st.recovery_pending, 0);
    assert_int_equal(st.epoch_bumps, 1);
    assert_int_equal(mc_close(small), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    proxy_start(&pr, f.redis.port);
    proxy_start(&pw, f.redis.port);
    reader = fixture_open(&f, "cache.uri", pr.uri, "cache.backoff_max_ms", "20", NULL);
    writer = fixture_open(&f, "cache.uri", pw.uri, "cache.backoff_max_ms", "20", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mutate_reset();
    (void)mc_close(reader);
    (void)mc_close(writer);
    proxy_stop(&pr);
    proxy_stop(&pw);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_writes_while_redis_refuses),
        cmocka_unit_test(test_while_redis_is_full),
        cmocka_unit_test(test_never_back_in_time),
        cmocka_unit_test(test_title_keeps_the_newer),
        cmocka_unit_test(test_rank_with_pending_repair),
        cmocka_unit_test(test_write_lands_late),
        cmocka_unit_test(test_queue_overflows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
