/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board that its callers build in turn, a slice each: no caller does more than its slice or waits for another's, no page is read twice, and
 * writes, deletions and invalidations between two slices are in what comes out of it. Pages are made to take longer than a slice, so how many there
 * are in a call does not depend on the machine.
 */
#include "actor.h"
#include "fixture.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILMS 3000
#define PAGES_MOST (FILMS / 250 + 2) /* if each is of the smallest size */
#define CALLS_MOST 500               /* far more than a build needs */
#define THREADS 4

static fixture f;
static char uri[300];
static mc_client *here;  /* builds */
static mc_client *there; /* writes: another process, as far as the protocol goes */
static mc_client *truth; /* asks the store alone */
static atomic_int pages;
static atomic_int lost;

static void slow_pages(const char *point, const char *id)
{
    (void)id;
    if (strcmp(point, "build:page") != 0)
        return;
    atomic_fetch_add(&pages, 1);
    fixture_sleep_ms(7); /* a slice is 3.5 */
}

static mc_client *open_client(const char *tiers)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    assert_non_null(o);
    const char *const set[][2] = {{"cache.uri", f.redis.uri},   {"store.uri", uri},
                                  {"read.tiers", tiers},        {"write.quarantine_ms", "130000"},
                                  {"call.timeout_ms", "60000"}, {"cache.timeout_ms", "60000"},
                                  {"store.timeout_ms", "60000"}};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        if (mc_options_set(o, set[i][0], set[i][1], &err) != MC_OK)
            fail_msg("%s: %s", set[i][0], err.text);
    if (mc_open(o, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

static void id_of(int i, char id[25])
{
    snprintf(id, 25, "573a1390f29313caabc%05x", (unsigned)(16 * i + 8) & 0xfffff);
}

static void import_films(mc_client *mc, int n)
{
    static char text[500][160];
    const char *rows[500];
    size_t sizes[500];
    mc_status statuses[500];
    char id[25];
    for (int i = 0; i < n;) {
        int m = 0;
        for (; m < 500 && i < n; m++, i++) {
            id_of(i, id);
            rows[m] = text[m];
            sizes[m] = (size_t)snprintf(text[m], sizeof text[m],
                                        "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"T\",\"imdb\":{\"rating\":%d.%d}}", id, i % 9,
                                        i % 7);
        }
        assert_int_equal(mc_import_movies(mc, rows, sizes, (size_t)m, MC_IMPORT_REPLACE, statuses, NULL), MC_OK);
    }
}

/* The films are in the file, and no board is in Redis, of which is known that nobody writes. */
static void start(void)
{
    atomic_store(&mci_sync_hook, NULL);
    fixture_reset(&f);
    here = open_client("redis,store");
    there = open_client("redis,store");
    truth = open_client("store");
    import_films(truth, FILMS);
    free(fixture_redis(&f, "FLUSHALL", NULL));
    fixture_calm(&f);
    free(fixture_redis(&f, "DEL", "mfc:{mflix:@}:identity", NULL));
    atomic_store(&pages, 0);
    atomic_store(&mci_sync_hook, slow_pages);
}

static void stop(void)
{
    atomic_store(&mci_sync_hook, NULL);
    (void)mc_close(here);
    (void)mc_close(there);
    (void)mc_close(truth);
}

/* One call. 1: the cache answered; 0: the store; -1: it failed. For every thread. */
static int ask(mc_client *mc)
{
    mc_info info;
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(mc, 0, 10, &rows, &info, NULL);
    int whole = st == MC_OK && mc_list_size(rows) == 10;
    mc_list_free(rows);
    return whole ? info.tier == MC_TIER_REDIS : -1;
}

static int top(mc_client *mc)
{
    int tier = ask(mc);
    assert_in_range(tier, 0, 1);
    return tier;
}

/* Calls until the cache answers; each does one page at most. Returns how many pages there were. */
static int call_until_whole(mc_client *mc)
{
    int all = 0;
    for (int i = 0; i < CALLS_MOST; i++) {
        int before = atomic_load(&pages);
        int cached = top(mc);
        int mine = atomic_load(&pages) - before;
        assert_in_range(mine, 0, 1);
        all += mine;
        if (cached)
            return all;
    }
    fail_msg("the board is not whole after %d calls", CALLS_MOST);
    return 0;
}

/* The whole board, from Redis and from the store: the same films on the same places. */
static void assert_right(mc_client *mc)
{
    for (int at = 0;; at += 1000) {
        mc_info info;
        mc_list *rows = NULL;
        mc_list *right = NULL;
        assert_int_equal(mc_top_movies(mc, at, 1000, &rows, &info, NULL), MC_OK);
        assert_int_equal(info.tier, MC_TIER_REDIS);
        assert_int_equal(mc_top_movies(truth, at, 1000, &right, NULL, NULL), MC_OK);
        size_t n = mc_list_size(right);
        assert_int_equal(mc_list_size(rows), n);
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(mc_movie_id(mc_list_movie(rows, i)), mc_movie_id(mc_list_movie(right, i)));
            assert_true(mc_list_score(rows, i) == mc_list_score(right, i));
        }
        mc_list_free(rows);
        mc_list_free(right);
        if (n < 1000)
            break;
    }
}

static void test_a_slice_each(void **state)
{
    (void)state;
    start();
    assert_in_range(call_until_whole(here), 2, PAGES_MOST);
    assert_right(here);
    int before = atomic_load(&pages);
    assert_int_equal(mc_invalidate_all(there, NULL, NULL), MC_OK);
    assert_in_range(call_until_whole(here), 2, PAGES_MOST);
    assert_true(atomic_load(&pages) > before);
    assert_right(here);
    stop();
}

static void *caller(void *arg)
{
    int tier = 0;
    for (int i = 0; i < 1000 * CALLS_MOST && tier == 0; i++)
        tier = ask(here);
    *(int *)arg = tier;
    return NULL;
}

/* Many threads call: one at a time builds, and what it has read is not read again. */
static void test_many_callers(void **state)
{
    (void)state;
    pthread_t t[THREADS];
    int tier[THREADS];
    start();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, caller, &tier[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_int_equal(tier[i], 1);
    }
    assert_in_range(atomic_load(&pages), 2, PAGES_MOST);
    assert_right(here);
    stop();
}

static void one_call(void *arg)
{
    (void)ask(arg);
}

/* While one builds, another is answered by the store: on the same handle and on another. */
static void test_nobody_waits(void **state)
{
    (void)state;
    actor builder;
    start();
    atomic_store(&mci_sync_hook, NULL);
    actor_start(&builder, one_call, here, "build:page");
    assert_true(actor_wait(&builder));
    assert_false(top(here));
    assert_false(top(there));
    actor_join(&builder);
    atomic_store(&mci_sync_hook, slow_pages);
    (void)call_until_whole(here);
    assert_right(here);
    stop();
}

static void rate(mc_client *mc, int i, double rating)
{
    char id[25];
    id_of(i, id);
    assert_int_equal(mc_update_rating(mc, id, rating, NULL, NULL, NULL), MC_OK);
}

static void delete_film(mc_client *mc, int i)
{
    char id[25];
    id_of(i, id);
    assert_int_equal(mc_delete_movie(mc, id, NULL, NULL), MC_OK);
}

static void create_film(mc_client *mc, int i)
{
    char id[25];
    char json[200];
    id_of(i, id);
    id[23] = '0'; /* beside those that are there */
    snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"New\",\"imdb\":{\"rating\":7.75}}", id);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, NULL), MC_OK);
}

/* Writes between two slices, before and behind where the build is, by the builder's process and by another. */
static void test_writes_between(void **state)
{
    (void)state;
    start();
    int low = 0;
    for (int i = 0; i < CALLS_MOST && !top(here); i++) {
        mc_client *writer = i % 2 ? here : there;
        if (i >= 6)
            continue;
        rate(writer, low, 9.5);
        rate(writer, FILMS - 1 - low, 0.25);
        delete_film(writer, low + 1);
        delete_film(writer, FILMS - 2 - low);
        create_film(writer, low + 2);
        create_film(writer, FILMS - 3 - low);
        low += 4;
    }
    assert_int_equal(low, 24);
    assert_in_range(atomic_load(&pages), 2, PAGES_MOST);
    assert_right(here);
    assert_right(there);
    stop();
}

/* Everything is invalidated in the middle: what was read before that is not in the board that is shown. */
static void test_invalidated_between(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 3; i++)
        assert_false(top(here));
    int before = atomic_load(&pages);
    assert_in_range(before, 1, 3);
    import_films(truth, 10); /* the store changes without a word: only what is read after the invalidation is right */
    assert_int_equal(mc_invalidate_all(there, NULL, NULL), MC_OK);
    (void)call_until_whole(here);
    assert_true(atomic_load(&pages) - before >= 2);
    assert_right(here);
    stop();
}

/* The handle that builds is gone: another goes on from where it was as soon as the right of the first is over. */
static void test_left_to_another(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 4; i++)
        assert_false(top(here));
    int before = atomic_load(&pages);
    assert_int_equal(mc_close(here), MC_OK);
    here = open_client("redis,store");
    assert_int_equal(fixture_redis_int(&f, "HDEL", "mfc:a:mflix:board:{movies:rating}", "@ holder", NULL), 1);
    assert_in_range(before + call_until_whole(there), 2, PAGES_MOST);
    assert_right(there);
    stop();
}

/* ---- a page that is lost on its way ---- */

#define NEW_SET "mfc:n:mflix:board:{movies:rating}"
#define WHERE_IT_IS "mfc:a:mflix:board:{movies:rating}", "@ "

/* Before the second page goes out, the first one has not arrived, as far as Redis can tell: it was sent, and nobody waited for it. */
static void lose_a_page(const char *point, const char *id)
{
    (void)id;
    if (strcmp(point, "build:page") != 0 || atomic_fetch_add(&pages, 1) != 1)
        return;
    for (int i = 0; i < 5000 && fixture_redis_int(&f, "ZCARD", NEW_SET, NULL) < 2; i++)
        fixture_sleep_ms(1);
    char *where = fixture_redis(&f, "HGET", WHERE_IT_IS, NULL);
    char *cursor = where != NULL ? strrchr(where, ' ') : NULL;
    if (cursor == NULL || cursor[1] == '\0')
        return; /* nothing was lost: the test sees that */
    cursor[1] = '\0';
    free(fixture_redis(&f, "HSET", WHERE_IT_IS, where, NULL));
    free(fixture_redis(&f, "ZREMRANGEBYSCORE", NEW_SET, "(-inf", "+inf", NULL));
    free(where);
    atomic_fetch_add(&lost, 1);
}

/* The page after it is refused, and the build goes on from where it is: by callers in turn, and at once when all of it is built in one call. */
static void test_a_page_is_lost(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        start();
        (void)call_until_whole(here); /* Redis knows the scripts now */
        assert_int_equal(mc_invalidate_all(there, NULL, NULL), MC_OK);
        atomic_store(&pages, 0);
        atomic_store(&lost, 0);
        atomic_store(&mci_sync_hook, lose_a_page);
        if (at_once)
            assert_int_equal(mc_warm(here, MC_WARM_BOARD, 0, NULL, NULL, NULL, NULL), MC_OK);
        for (int i = 0; i < CALLS_MOST && !top(here); i++)
            assert_false(at_once);
        assert_int_equal(atomic_load(&lost), 1);
        assert_right(here);
        assert_in_range(atomic_load(&pages), 3, PAGES_MOST + 2);
        stop();
    }
}

/* Ids as another program wrote them: what a page says of the one before it is what that one said of itself. */
static void test_ids_of_others(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    start();
    assert_int_equal(sqlite3_open(uri + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE movies SET id = upper(id)", NULL, NULL, NULL), SQLITE_OK);
    int films = sqlite3_changes(db);
    assert_false(top(here));
    assert_false(top(here));
    assert_int_equal(fixture_redis_int(&f, "HDEL", "mfc:a:mflix:board:{movies:rating}", "@ holder", NULL), 1);
    assert_int_equal(mc_warm(there, MC_WARM_BOARD, 0, NULL, NULL, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "ZCARD", "mflix:board:{movies:rating}", NULL), films + 1);
    assert_int_equal(sqlite3_exec(db, "UPDATE movies SET id = lower(id)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    stop();
}

/* A page of a board is read from an index of ids and ranks: no document is touched, however large the documents are. */
static void test_no_document_is_read(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    start();
    assert_int_equal(sqlite3_open(uri + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "EXPLAIN QUERY PLAN SELECT id, rank FROM movies WHERE id > 'x' AND rank IS NOT NULL"
                                        " ORDER BY id LIMIT 5",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    const char *plan = (const char *)sqlite3_column_text(st, 3);
    if (plan == NULL || strstr(plan, "COVERING INDEX movies_scores") == NULL)
        fail_msg("%s", plan);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    stop();
}

static int begin(void **state)
{
    (void)state;
    if (test_in_memory())
        srv_skip("about Redis");
    fixture_start(&f, NULL);
    snprintf(uri, sizeof uri, "sqlite:%s/builds.db", f.redis.dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slice_each),        cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_nobody_waits),        cmocka_unit_test(test_writes_between),
        cmocka_unit_test(test_invalidated_between), cmocka_unit_test(test_left_to_another),
        cmocka_unit_test(test_a_page_is_lost),      cmocka_unit_test(test_ids_of_others),
        cmocka_unit_test(test_no_document_is_read),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
